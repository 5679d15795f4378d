"""One rotation of a refresh token: nothing is spent that could not be saved, and what comes back is never dropped."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from invoicing.application.access_fortnox import access_token
from invoicing.application.change_integration import disconnect
from invoicing.application.ports import ClientRefusedError, JournalEntry
from invoicing.application.token_engine import PAD_SECONDS, POST_SECONDS, SAVE_SECONDS
from invoicing.domain.errors import RateLimitedError, RetryLaterError, UnknownOutcomeError
from invoicing.domain.tokens import Mode, TokenItem, TokenStatus

from local.fortnox.seed import TENANT_ID
from local.ongoing.seed import WAREHOUSE
from tests.support.fakes import interrupted
from tests.support.keys import ALWAYS, Down, answering, approved, keep, keys_of, sent, shown, told
from tests.support.world import World

POST, SAVE, PAD = (time.total_seconds() for time in (POST_SECONDS, SAVE_SECONDS, PAD_SECONDS))
UNREADABLE = {"effect": "body", "body": {"access_token": "a token without its refresh token"}}


@pytest.fixture
def world() -> Iterator[World]:
    """Personal keys whose access token is over: the next one costs a rotation. No line of it may show a token."""
    world = World()
    world.connect(Mode.PERSONAL)
    world.later(hours=1)
    world.fortnox.clear_calls()
    world.reports.clear()
    yield world
    assert shown(world) == []


def renew(world: World, *, meanwhile: Callable[[], None] = lambda: None) -> str:
    """Somebody needs an access token. `meanwhile` is what happens while the answer is on its way."""

    def under_way(method: str) -> None:
        if method == "refresh":
            meanwhile()

    engine = world.engine()
    return access_token(replace(engine, oauth=interrupted(engine.oauth, after=under_way)), WAREHOUSE)


def opened(world: World, blob: bytes, ver: int) -> bytes:
    """What was sealed for a version of this chain."""
    return world.sealer.open(blob, world.engine().chain_context(WAREHOUSE, keys_of(world).chain_id, ver))


def restore(world: World, line: Mapping[str, str | int]) -> None:
    """What an operator does with a line of the third sink."""
    entry = JournalEntry(
        attempt_id=str(line["attempt"]),
        blob=base64.b64decode(str(line["ciphertext"])),
        received_at=datetime.fromisoformat(str(line["received_at"])),
    )
    world.journal.record(str(line["integration"]), str(line["chain"]), int(line["version"]), entry)


def disconnected(world: World) -> None:
    """Somebody presses *Disconnect*."""
    integration = world.integrations.get(WAREHOUSE)
    assert integration is not None
    disconnect(world.change_tools(), integration, by="anna")


# ---- before the request


@pytest.mark.parametrize(
    ("left", "after_the_claim", "is_sent"),
    [
        (POST + SAVE + PAD, POST + SAVE, True),
        (POST + SAVE + PAD - 0.1, POST + SAVE + PAD - 0.1, False),
        (POST + SAVE + PAD, POST + SAVE - 0.1, False),
    ],
    ids=["just enough", "too little before the claim", "too little after the claim"],
)
def test_no_rotation_is_begun_whose_answer_could_not_be_saved_in_the_time_that_is_left(
    world: World, left: float, after_the_claim: float, is_sent: bool
) -> None:
    """The process may be stopped by then, and the answer with it."""
    before = keys_of(world)
    stored, world.time_left = world.tokens, left

    def after(method: str) -> None:
        if method == "claim":
            world.time_left = after_the_claim

    world.tokens = interrupted(stored, after=after)
    if is_sent:
        assert renew(world)
    else:
        with pytest.raises(RetryLaterError):
            renew(world)

    assert sent(world) == ["refresh_token"] * is_sent
    assert keys_of(world).ver == before.ver + is_sent
    assert keys_of(world).intent is None


@pytest.mark.parametrize(
    ("part", "method"),
    [
        ("journal", "find"),
        ("sealer", "open"),
        ("sealer", "prepare"),
        ("journal", "record_intent"),
        ("tokens", "claim"),
    ],
)
def test_what_does_not_answer_before_the_request_costs_nothing(world: World, part: str, method: str) -> None:
    """Nothing is sent before all that its answer needs has been proved to work."""
    before = keys_of(world)
    Down(world, part, method)
    with pytest.raises(RetryLaterError):
        renew(world)

    assert (sent(world), keys_of(world)) == ([], before)


def test_while_a_request_may_be_alive_it_is_written_down_and_nobody_else_sends_one(world: World) -> None:
    """The intent is in the journal and the table before the request leaves, and the lease outlives the process."""
    found: list[TokenItem] = []
    began = world.clock()
    renew(world, meanwhile=lambda: found.append(keys_of(world)))
    (under_way,) = found

    assert under_way.intent is not None
    attempt = (WAREHOUSE, under_way.chain_id, under_way.ver + 1, under_way.intent.attempt_id)
    assert attempt in world.journal.intents
    assert under_way.intent.deadline >= began + POST_SECONDS
    assert under_way.lease_until is not None
    assert under_way.lease_until >= began + timedelta(seconds=world.time_left) + PAD_SECONDS
    assert under_way.due_at == under_way.lease_until


# ---- what Fortnox answers


@pytest.mark.parametrize(
    ("fault", "error", "event", "is_unknown"),
    [
        ({"effect": "status", "status": 429}, RateLimitedError, "token_not_spent", False),
        (
            {"effect": "status", "status": 401, "body": {"error": "invalid_client"}},
            ClientRefusedError,
            "token_not_spent",
            False,
        ),
        ({"effect": "status", "status": 503}, UnknownOutcomeError, "token_outcome_unknown", True),
        ({"effect": "after"}, UnknownOutcomeError, "token_outcome_unknown", True),
        (UNREADABLE, UnknownOutcomeError, "token_outcome_unknown", True),
    ],
    ids=["too many calls", "our secret is wrong", "an error of Fortnox's", "the answer is lost", "unreadable"],
)
def test_what_an_answer_says_about_the_token_is_stored_and_told(
    world: World, fault: dict[str, Any], error: type[Exception], event: str, is_unknown: bool
) -> None:
    """Not spent: as it was. Unknown: nobody uses it, and the janitor looks as soon as the lease is over."""
    before = keys_of(world)
    answering(world, "refresh_token", **fault)
    with pytest.raises(error) as raised:
        renew(world)
    after = keys_of(world)

    assert (after.ver, after.blob) == (before.ver, before.blob)
    if is_unknown:
        assert (after.status, after.due_at) == (TokenStatus.UNCERTAIN, after.lease_until)
        assert after.intent is not None
    else:
        assert replace(after, epoch=before.epoch) == before
    reason = f"{error.__name__}: {raised.value}"
    assert told(world, event) == [{"integration": WAREHOUSE, "version": str(before.ver), "reason": reason}]


def test_a_refusal_is_told_with_its_code(world: World) -> None:
    """It says whether the key is dead or the company has no licence."""
    world.fortnox.destroy_tokens(TENANT_ID)
    with pytest.raises(RetryLaterError):
        renew(world)

    assert [fields["reason"] for fields in told(world, "token_refused")] == ["GrantRefusedError: invalid_grant"]


def test_an_answer_that_cannot_be_read_is_kept_and_replaces_nothing(world: World) -> None:
    """A proxy's page with status 200 costs no key, and a new form of Fortnox's can be looked at."""
    before = keys_of(world)
    answering(world, "refresh_token", **UNREADABLE)
    with pytest.raises(UnknownOutcomeError):
        renew(world)
    (entry,) = world.journal.find(WAREHOUSE, before.chain_id, before.ver + 1)

    assert b"a token without its refresh token" in opened(world, entry.blob, before.ver + 1)
    assert keys_of(world).blob == before.blob


@pytest.mark.parametrize(
    ("fault", "method", "event"),
    [
        ({"effect": "status", "status": 429}, "release", "token_release_failed"),
        ({"effect": "status", "status": 503}, "mark", "token_mark_failed"),
    ],
)
def test_what_could_not_be_stored_about_an_answer_is_told_and_found_out(
    world: World, fault: dict[str, Any], method: str, event: str
) -> None:
    """The intent alone makes the janitor look; the caller gets to know what Fortnox said."""
    answering(world, "refresh_token", **fault)
    Down(world, "tokens", method, times=1)
    with pytest.raises(RetryLaterError, match="Fortnox"):
        renew(world)
    world.later(minutes=10)
    keep(world)

    assert [fields["reason"] for fields in told(world, event)] == [f"RetryLaterError: {method} does not answer"]
    assert (keys_of(world).status, keys_of(world).ver) == (TokenStatus.ACTIVE, 1)


# ---- saving


@pytest.mark.parametrize(
    ("journal_down", "table_down", "rounds", "saved"),
    [
        (0, 0, 1, ("saved", "saved")),
        (ALWAYS, 0, 1, ("RetryLaterError", "saved")),
        (0, ALWAYS, 1, ("saved", "RetryLaterError")),
        (1, 1, 2, ("saved", "saved")),
        (2, ALWAYS, 3, ("saved", "RetryLaterError")),
    ],
)
def test_a_new_pair_is_used_as_soon_as_journal_or_table_took_it(
    world: World, journal_down: int, table_down: int, rounds: int, saved: tuple[str, str]
) -> None:
    """Both are tried until then, up to three times; the line says where it is."""
    tries = (
        Down(world, "journal", "record", times=journal_down),
        Down(world, "tokens", "save_rotation", times=table_down),
    )

    assert renew(world)
    assert [one.asked for one in tries] == [rounds, rounds]
    assert told(world, "token_rotated") == [
        {"integration": WAREHOUSE, "version": "1", "journal": saved[0], "store": saved[1]}
    ]


@pytest.mark.parametrize(("left", "rounds"), [(SAVE + PAD, 3), (SAVE + PAD - 0.1, 1)])
def test_a_pair_that_neither_journal_nor_table_took_is_in_the_log_and_can_be_brought_back(
    world: World, left: float, rounds: int
) -> None:
    """It is never dropped, and never used before it is durable. Saving is tried again while there is time for it."""
    stored, journal = world.tokens, world.journal
    tries = (Down(world, "journal", "record"), Down(world, "tokens", "save_rotation"))
    with pytest.raises(UnknownOutcomeError):
        renew(world, meanwhile=lambda: setattr(world, "time_left", left))
    world.tokens, world.journal, world.time_left = stored, journal, 300.0
    (line,) = told(world, "token_third_sink")
    restore(world, line)
    world.later(minutes=10)
    keep(world)

    assert [one.asked for one in tries] == [rounds, rounds]
    assert told(world, "token_rotated") == []
    assert sent(world) == ["refresh_token"]
    assert (keys_of(world).status, keys_of(world).ver) == (TokenStatus.ACTIVE, 1)
    assert told(world, "token_healed_by_journal") == [{"integration": WAREHOUSE, "version": "1"}]


def test_an_unreadable_answer_that_the_journal_does_not_take_is_in_the_log(world: World) -> None:
    """Sealed, as evidence; the caller hears that it was unreadable."""
    answering(world, "refresh_token", **UNREADABLE)
    Down(world, "journal", "record")
    with pytest.raises(UnknownOutcomeError, match="unreadable"):
        renew(world)
    (line,) = told(world, "token_third_sink")

    assert b"a token without" in opened(world, base64.b64decode(str(line["ciphertext"])), int(line["version"]))
    assert keys_of(world).status is TokenStatus.UNCERTAIN


@pytest.mark.parametrize("journal_down", [0, ALWAYS])
def test_a_pair_of_a_chain_that_was_approved_anew_meanwhile_is_let_go(world: World, journal_down: int) -> None:
    """The keys of the new consent are the ones to use, and nothing of theirs is revoked."""
    tries = (
        Down(world, "journal", "record", times=journal_down),
        Down(world, "tokens", "save_rotation", times=0),
    )
    token = renew(world, meanwhile=lambda: approved(world, WAREHOUSE, Mode.PERSONAL))

    assert token == world.engine().open_pair(keys_of(world)).access_token
    assert [one.asked for one in tries] == [1, 1]
    assert told(world, "token_third_sink") == []
    assert [fields["store"] for fields in told(world, "token_rotated")] == ["ChangedMeanwhileError"]
    assert "/oauth-v1/revoke" not in sent(world)


def test_a_pair_that_arrives_after_disconnecting_and_cannot_be_revoked_is_told(world: World) -> None:
    """It dies unused; the caller hears that the keys are gone, and not that Fortnox did not answer."""
    world.fortnox.add_faults(
        [{"match": {"path_regex": "/oauth-v1/revoke", "nth": 2}, "effect": "status", "status": 503}]
    )
    with pytest.raises(RetryLaterError, match="another worker"):
        renew(world, meanwhile=lambda: disconnected(world))

    assert sent(world).count("/oauth-v1/revoke") == 2
    assert [fields["integration"] for fields in told(world, "revoke_failed")] == [WAREHOUSE]
