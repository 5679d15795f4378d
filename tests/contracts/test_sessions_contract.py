"""The port Sessions: what its fake and its real adapter both promise."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from invoicing.adapters.aws.sessions import DynamoSessions
from invoicing.application.ports import Sessions
from invoicing.domain.session import PendingConsent, Session
from invoicing.domain.tokens import Mode

from tests.support.aws import Aws
from tests.support.fakes import START, FakeSessions
from tests.support.together import together

MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
CONSENT = PendingConsent(
    state="state-1",
    browser="browser-1",
    integration_id="lagret",
    mode=Mode.PERSONAL,
    wms_username="anna",
    wms_password=b"\x00sealed",
    expires_at=START + timedelta(minutes=30, microseconds=5),
)
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


def test_failures_are_counted_per_key(sessions: Sessions) -> None:
    """How many and when the last was; a key named twice counts once."""
    sessions.count_failure(["user:anna", "address:1.2.3.4"], now=START)
    sessions.count_failure(["user:anna", "user:anna"], now=START + timedelta(minutes=5))

    found = sessions.failures(["user:anna", "address:1.2.3.4", "user:bo"], now=START + timedelta(minutes=6))
    assert found == {"user:anna": (2, START + timedelta(minutes=5)), "address:1.2.3.4": (1, START)}


def test_failures_are_forgotten_after_their_hour(sessions: Sessions) -> None:
    """The hour begins with the first one; then a new one begins."""
    sessions.count_failure(["user:anna"], now=START)
    sessions.count_failure(["user:anna"], now=START + HOUR - MICROSECOND)
    before = sessions.failures(["user:anna"], now=START + HOUR - MICROSECOND)
    after = sessions.failures(["user:anna"], now=START + HOUR)
    sessions.count_failure(["user:anna"], now=START + HOUR)
    anew = sessions.failures(["user:anna"], now=START + HOUR)

    assert before == {"user:anna": (2, START + HOUR - MICROSECOND)}
    assert after == {}
    assert anew == {"user:anna": (1, START + HOUR)}


def test_success_clears_failures(sessions: Sessions) -> None:
    """Of the named keys only, and of unknown ones without complaint."""
    sessions.count_failure(["user:anna", "address:1.2.3.4"], now=START)

    sessions.clear_failures(["user:anna", "user:bo"])

    assert sessions.failures(["user:anna", "address:1.2.3.4"], now=START) == {"address:1.2.3.4": (1, START)}


def test_no_failure_of_a_moment_is_lost(atomic_aws: Aws | None, sessions: Sessions) -> None:
    """Guessing in parallel is not cheaper than guessing in turn."""
    together([partial(sessions.count_failure, ["user:anna"], now=START)] * 8)

    assert sessions.failures(["user:anna"], now=START) == {"user:anna": (8, START)}
