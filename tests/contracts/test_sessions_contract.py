"""The port Sessions: what its fake and its real adapter both promise."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from invoicing.adapters.aws.sessions import DynamoSessions
from invoicing.application.ports import Sessions
from invoicing.domain.integration import Company
from invoicing.domain.session import Invitation, PendingApproval, PendingConsent, Proposal, Session, TryLimit
from invoicing.domain.tokens import Mode

from tests.support.aws import Aws
from tests.support.fakes import START, FakeSessions
from tests.support.together import together

MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
CONSENT = PendingConsent(
    state="state-1",
    browser="browser-1",
    proposal=Proposal(
        integration_id="lagret",
        mode=Mode.PERSONAL,
        wms_username="anna",
        wms_password=b"\x00sealed",
        wms_password_mark="mark",
        generation=3,
        by="anna",
    ),
    expires_at=START + timedelta(minutes=30, microseconds=5),
)
APPROVAL = PendingApproval(
    browser="browser-1",
    guard="guard-1",
    proposal=replace(CONSENT.proposal, by="", invitation="invitation-1"),
    company=Company(tenant_id="1", name="Lagret AB", organisation_number="556677-8899"),
    chain_id="chain-1",
    keys=b"\x00sealed too",
    keys_at=START,
    expires_at=START + timedelta(minutes=30),
)
INVITATION = Invitation(id="invitation-1", proposal=APPROVAL.proposal, expires_at=START + timedelta(days=1))
SESSION = Session(
    token="token-1",
    integration_id="lagret",
    username="anna",
    csrf="csrf-1",
    expires_at=START + timedelta(hours=8, microseconds=5),
)


@pytest.fixture
def sessions(aws: Aws | None) -> Sessions:
    """An empty table."""
    return FakeSessions() if aws is None else DynamoSessions(aws.dynamodb, aws.table("SessionsTable"))


def test_a_consent_is_given_once(sessions: Sessions) -> None:
    """To the browser that started it, with every field as it was."""
    sessions.put_consent(CONSENT)

    first = sessions.take_consent("state-1", browser="browser-1", now=START)
    second = sessions.take_consent("state-1", browser="browser-1", now=START)

    assert first == CONSENT
    assert second is None


def test_another_browser_does_not_use_it_up(sessions: Sessions) -> None:
    """A stolen link fails, and the rightful browser still succeeds."""
    sessions.put_consent(CONSENT)

    stolen = sessions.take_consent("state-1", browser="browser-2", now=START)
    rightful = sessions.take_consent("state-1", browser="browser-1", now=START)

    assert stolen is None
    assert rightful == CONSENT


def test_an_unknown_consent_is_none(sessions: Sessions) -> None:
    """A callback that we did not start."""
    assert sessions.take_consent("state-9", browser="browser-1", now=START) is None


@pytest.mark.parametrize(("now", "is_given"), [(CONSENT.expires_at - MICROSECOND, True), (CONSENT.expires_at, False)])
def test_a_consent_expires_at_its_time(sessions: Sessions, now: object, is_given: bool) -> None:
    """Checked on reading, because the table removes expired items when it pleases."""
    sessions.put_consent(CONSENT)

    taken = sessions.take_consent("state-1", browser="browser-1", now=now)  # type: ignore[arg-type]

    assert (taken is not None) == is_given


def test_a_consent_is_given_to_one_of_many(atomic_aws: Aws | None, sessions: Sessions) -> None:
    """Eight callbacks with the same state at once: one goes on."""
    sessions.put_consent(CONSENT)

    results = together([partial(sessions.take_consent, "state-1", browser="browser-1", now=START)] * 8)

    assert sorted(results, key=repr) == [*[None] * 7, CONSENT]


def test_an_approval_is_looked_at_often_and_given_once(sessions: Sessions) -> None:
    """To its browser and its form, with every field as it was."""
    sessions.put_approval(APPROVAL)

    assert sessions.approval("browser-1", now=START) == sessions.approval("browser-1", now=START) == APPROVAL
    assert sessions.approval("browser-2", now=START) is None
    assert sessions.take_approval("browser-2", guard="guard-1", now=START) is None
    assert sessions.take_approval("browser-1", guard="guess", now=START) is None
    assert sessions.take_approval("browser-1", guard="guard-1", now=START) == APPROVAL
    assert sessions.take_approval("browser-1", guard="guard-1", now=START) is None
    assert sessions.approval("browser-1", now=START) is None


def test_an_approval_expires_at_its_time(sessions: Sessions) -> None:
    """Keys that nobody confirmed are not used the day after."""
    sessions.put_approval(APPROVAL)

    assert sessions.approval("browser-1", now=APPROVAL.expires_at) is None
    assert sessions.take_approval("browser-1", guard="guard-1", now=APPROVAL.expires_at) is None


def test_an_invitation_works_once_until_its_time(sessions: Sessions) -> None:
    """Looking does not use it up."""
    sessions.put_invitation(INVITATION)

    assert sessions.invitation("invitation-1", now=INVITATION.expires_at - MICROSECOND) == INVITATION
    assert sessions.invitation("invitation-1", now=INVITATION.expires_at) is None
    assert sessions.invitation("invitation-2", now=START) is None
    assert sessions.take_invitation("invitation-1", now=START)
    assert not sessions.take_invitation("invitation-1", now=START)
    sessions.put_invitation(INVITATION)
    assert not sessions.take_invitation("invitation-1", now=INVITATION.expires_at)


def test_an_invitation_and_an_approval_are_given_to_one_of_many(atomic_aws: Aws | None, sessions: Sessions) -> None:
    """Two people have the link, or press twice."""
    sessions.put_invitation(INVITATION)
    sessions.put_approval(APPROVAL)
    taken = together([partial(sessions.take_invitation, "invitation-1", now=START)] * 8)
    given = together([partial(sessions.take_approval, "browser-1", guard="guard-1", now=START)] * 8)

    assert sorted(taken, key=repr) == [*[False] * 7, True]
    assert sorted(given, key=repr) == [*[None] * 7, APPROVAL]


def test_a_session_lives_until_it_expires(sessions: Sessions) -> None:
    """Every field comes back as it was, until its last moment."""
    sessions.put_session(SESSION)

    assert sessions.session("token-1", now=SESSION.expires_at - MICROSECOND) == SESSION
    assert sessions.session("token-1", now=SESSION.expires_at) is None
    assert sessions.session("token-2", now=START) is None


def test_a_session_ends_for_good(sessions: Sessions) -> None:
    """Signing out twice is harmless; others stay signed in."""
    other = replace(SESSION, token="token-2")
    sessions.put_session(SESSION)
    sessions.put_session(other)

    sessions.end_session("token-1")
    sessions.end_session("token-1")

    assert sessions.session("token-1", now=START) is None
    assert sessions.session("token-2", now=START) == other


def test_a_state_is_no_session(sessions: Sessions) -> None:
    """The kinds of secrets do not stand in for each other."""
    sessions.put_consent(CONSENT)

    assert sessions.session("state-1", now=START) is None


LIMIT = TryLimit(key="user:anna", free=2, longest=timedelta(seconds=3))
OTHER = TryLimit(key="network:192.0.2.1", free=2, longest=timedelta(seconds=3))
NONE = timedelta(0)


def tries(sessions: Sessions, *seconds: float, limit: TryLimit = LIMIT) -> list[float]:
    """Tries at these seconds; gives how long each must wait."""
    return [sessions.count_try(limit, now=START + timedelta(seconds=moment)).total_seconds() for moment in seconds]


def test_after_the_free_tries_each_waits_twice_as_long(sessions: Sessions) -> None:
    """Up to the longest wait. What must wait is not counted."""
    assert tries(sessions, 0, 0, 0.5, 1, 2, 3, 4.9, 5) == [0, 0, 1.5, 1, 0, 2, 1, 0]


def test_tries_are_counted_per_key(sessions: Sessions) -> None:
    """Who shares none of it is not held up."""
    tries(sessions, 0, 0)

    assert tries(sessions, 0, 0) == [2, 2]
    assert tries(sessions, 0, limit=OTHER) == [0]


def test_tries_are_forgotten_after_their_hour(sessions: Sessions) -> None:
    """The hour begins with the first one; then a new one begins."""
    tries(sessions, 0, 3599, 3599)

    assert tries(sessions, 3599.5, 3600, 3600, 3600) == [1.5, 0, 0, 2]


def test_a_try_that_is_taken_back_was_none(sessions: Sessions) -> None:
    """Whoever was right is not held up, and an office behind one address is not either."""
    for _ in range(5):
        assert tries(sessions, 0) == [0]
        sessions.take_back_try(LIMIT.key, now=START)

    assert tries(sessions, 0, 0, 0) == [0, 0, 2]


def test_there_are_never_fewer_tries_than_none(sessions: Sessions) -> None:
    """Taking back what was never counted, or is an hour old, gives nobody more tries."""
    sessions.take_back_try(LIMIT.key, now=START)
    tries(sessions, 0)
    sessions.take_back_try(LIMIT.key, now=START + HOUR)
    sessions.take_back_try(LIMIT.key, now=START)
    sessions.take_back_try(LIMIT.key, now=START)

    assert tries(sessions, 0, 0, 0) == [0, 0, 2]


def test_success_forgets_tries(sessions: Sessions) -> None:
    """Of the named key only, and of an unknown one without complaint."""
    tries(sessions, 0, 0)
    tries(sessions, 0, 0, limit=OTHER)
    sessions.forget_tries(LIMIT.key)
    sessions.forget_tries("user:bo")

    assert tries(sessions, 0) == [0]
    assert tries(sessions, 0, limit=OTHER) == [2]


def test_of_many_tries_at_once_no_more_pass_than_may(atomic_aws: Aws | None, sessions: Sessions) -> None:
    """Guessing in parallel is not cheaper than guessing in turn."""
    waits = together([partial(sessions.count_try, LIMIT, now=START)] * 8)

    # Where what refused a write is looked for a moment later, that may be what another try has left meanwhile.
    least = 2 if atomic_aws is None or atomic_aws.shows_found else 1
    assert least <= waits.count(NONE) <= 2
    assert all(isinstance(wait, timedelta) for wait in waits)
