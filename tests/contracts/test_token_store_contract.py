"""The port TokenStore: what its fake and its real adapter both promise."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from invoicing.adapters.aws.token_store import DynamoTokenStore
from invoicing.application.ports import ChangedMeanwhileError, TokenStore
from invoicing.domain.tokens import Intent, Mode, TokenItem, TokenStatus

from tests.support.aws import Aws
from tests.support.fakes import START, FakeTokenStore
from tests.support.together import together

WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)
LEASE_END = START + MINUTE + timedelta(microseconds=7)
ITEM = TokenItem(
    integration_id="lagret",
    chain_id="chain-1",
    ver=0,
    mode=Mode.SERVICE,
    status=TokenStatus.ACTIVE,
    tenant_id="1234567",
    blob=b"\x01pair-0\xff",
    blob_at=START,
    due_at=START + WEEK,
)
CLAIMED = replace(
    ITEM,
    epoch=1,
    intent=Intent(attempt_id="attempt-1", from_ver=0, deadline=START + timedelta(seconds=15)),
    lease_owner="attempt-1",
    lease_until=LEASE_END,
    due_at=LEASE_END,
)


@pytest.fixture
def store(aws: Aws | None) -> TokenStore:
    """An empty table."""
    return FakeTokenStore() if aws is None else DynamoTokenStore(aws.dynamodb, aws.table("TokensTable"))


def claim(
    store: TokenStore, *, attempt: str = "attempt-1", chain: str = "chain-1", ver: int = 0, now: datetime = START
) -> TokenItem:
    """A claim for a minute from `now`."""
    return store.claim(
        "lagret",
        chain_id=chain,
        ver=ver,
        intent=Intent(attempt_id=attempt, from_ver=ver, deadline=now + timedelta(seconds=15)),
        owner=attempt,
        lease_until=now + MINUTE + timedelta(microseconds=7),
        now=now,
    )


def save(
    store: TokenStore, *, attempt: str = "attempt-1", chain: str = "chain-1", ver: int = 0, blob: bytes = b"pair-1"
) -> TokenItem:
    """The new pair of an attempt."""
    return store.save_rotation(
        "lagret",
        chain_id=chain,
        ver=ver,
        attempt_id=attempt,
        blob=blob,
        blob_at=START + timedelta(seconds=2),
        due_at=START + 2 * WEEK,
    )


def mark(
    store: TokenStore,
    status: TokenStatus,
    item: TokenItem,
    *,
    due_at: datetime | None = None,
    refused_at: datetime | None = None,
    drop_intent: bool = False,
) -> bool:
    """A mark by somebody who saw `item`."""
    return store.mark(
        "lagret",
        status,
        chain_id=item.chain_id,
        ver=item.ver,
        epoch=item.epoch,
        due_at=due_at,
        refused_at=refused_at,
        drop_intent=drop_intent,
    )


def test_a_chain_is_read_back(store: TokenStore) -> None:
    """Every field comes back as it was."""
    store.start_chain(ITEM)

    assert store.get("lagret") == ITEM


def test_an_unknown_integration_has_no_item(store: TokenStore) -> None:
    """There is no empty item."""
    assert store.get("lagret") is None


def test_a_new_consent_replaces_everything_but_the_epoch(store: TokenStore) -> None:
    """A holder of the old chain finds neither its chain nor its epoch."""
    store.start_chain(ITEM)
    claim(store)
    store.save_client_credentials("lagret", chain_id="chain-1", blob=b"cc", blob_at=START)
    second = replace(ITEM, chain_id="chain-2", mode=Mode.PERSONAL, blob=b"pair-b", due_at=None)

    store.start_chain(second)

    assert store.get("lagret") == replace(second, epoch=2)


def test_a_repeated_start_does_not_undo_what_followed(store: TokenStore) -> None:
    """The answer was lost, somebody claimed already: the claim stands."""
    store.start_chain(ITEM)
    claim(store)

    store.start_chain(ITEM)

    assert store.get("lagret") == CLAIMED


def test_a_claim_is_one_write(store: TokenStore) -> None:
    """Lease, epoch, intent and when to look for the dead are written together, and what is stored is given."""
    store.start_chain(ITEM)

    given = claim(store)

    assert given == CLAIMED
    assert store.get("lagret") == CLAIMED


def test_a_repeated_claim_of_the_same_attempt_succeeds(store: TokenStore) -> None:
    """The answer was lost: the second call gives the same item, and the epoch counts one claim."""
    store.start_chain(ITEM)
    claim(store)

    assert claim(store) == CLAIMED


def test_only_one_holds_the_lease(store: TokenStore) -> None:
    """A second attempt is refused while the first is under way."""
    store.start_chain(ITEM)
    claim(store)

    with pytest.raises(ChangedMeanwhileError):
        claim(store, attempt="attempt-2")
    assert store.get("lagret") == CLAIMED


def test_an_intent_outlives_its_lease(store: TokenStore) -> None:
    """An attempt of unknown outcome is settled first, however long ago it was."""
    store.start_chain(ITEM)
    claim(store)

    with pytest.raises(ChangedMeanwhileError):
        claim(store, attempt="attempt-2", now=START + WEEK)


def test_a_lease_without_intent_ends_by_itself(store: TokenStore) -> None:
    """At its last moment, and not before."""
    leased = replace(ITEM, lease_owner="somebody", lease_until=START + MINUTE)
    store.start_chain(leased)

    with pytest.raises(ChangedMeanwhileError):
        claim(store, now=START + MINUTE - timedelta(microseconds=1))
    assert claim(store, now=START + MINUTE).lease_owner == "attempt-1"


@pytest.mark.parametrize(("chain", "ver"), [("chain-0", 0), ("chain-1", 1)])
def test_a_claim_of_something_else_is_refused(store: TokenStore, chain: str, ver: int) -> None:
    """Only who read the stored chain and version may spend its token."""
    store.start_chain(ITEM)

    with pytest.raises(ChangedMeanwhileError):
        claim(store, chain=chain, ver=ver)
    assert store.get("lagret") == ITEM


@pytest.mark.parametrize("status", [TokenStatus.BROKEN, TokenStatus.REVOKED])
def test_dead_keys_are_not_claimed(store: TokenStore, status: TokenStatus) -> None:
    """Broken and disconnected integrations send nothing."""
    store.start_chain(replace(ITEM, status=status))

    with pytest.raises(ChangedMeanwhileError):
        claim(store)


def test_a_claim_of_nothing_is_refused(store: TokenStore) -> None:
    """No half item is left behind."""
    with pytest.raises(ChangedMeanwhileError):
        claim(store)
    assert store.get("lagret") is None


def test_a_rotation_ends_the_attempt(store: TokenStore) -> None:
    """The new pair is the next version; intent, lease and doubts are gone."""
    store.start_chain(ITEM)
    claimed = claim(store)
    mark(store, TokenStatus.UNCERTAIN, claimed, due_at=LEASE_END)

    given = save(store)

    expected = replace(
        ITEM,
        ver=1,
        epoch=1,
        blob=b"pair-1",
        blob_at=START + timedelta(seconds=2),
        due_at=START + 2 * WEEK,
    )
    assert given == expected
    assert store.get("lagret") == expected


def test_a_received_pair_is_saved_whoever_holds_the_lease(store: TokenStore) -> None:
    """Only chain and version count: a late holder's pair is the only one there is."""
    store.start_chain(ITEM)
    claimed = claim(store)
    mark(store, TokenStatus.BROKEN, claimed, drop_intent=True)

    assert save(store, attempt="somebody").status is TokenStatus.ACTIVE


def test_a_repeated_save_of_the_same_attempt_succeeds(store: TokenStore) -> None:
    """The answer was lost: the second call gives the item, and the version grew by one."""
    store.start_chain(ITEM)
    claim(store)
    first = save(store)

    assert save(store) == first
    assert store.get("lagret") == first


def test_a_save_by_another_attempt_is_refused(store: TokenStore) -> None:
    """The version is written once."""
    store.start_chain(ITEM)
    claim(store)
    first = save(store)

    with pytest.raises(ChangedMeanwhileError):
        save(store, attempt="attempt-2", blob=b"other")
    assert store.get("lagret") == first


def test_a_late_save_does_not_touch_a_new_consent(store: TokenStore) -> None:
    """A zombie's pair belongs to a chain that is gone."""
    store.start_chain(ITEM)
    claim(store)
    store.start_chain(replace(ITEM, chain_id="chain-2"))

    with pytest.raises(ChangedMeanwhileError):
        save(store)
    assert store.get("lagret") == replace(ITEM, chain_id="chain-2", epoch=2)


def test_an_attempt_is_not_taken_for_a_save_of_the_next_consent(store: TokenStore) -> None:
    """What wrote the version is forgotten with its chain."""
    store.start_chain(ITEM)
    save(store)
    store.start_chain(replace(ITEM, chain_id="chain-2", ver=1))

    with pytest.raises(ChangedMeanwhileError):
        save(store, chain="chain-2")


def test_client_credentials_are_stored_beside_the_chain(store: TokenStore) -> None:
    """Version, intent, lease and status stay."""
    store.start_chain(ITEM)
    claim(store)
    store.save_client_credentials("lagret", chain_id="chain-1", blob=b"cc-1", blob_at=START)
    first = store.get("lagret")
    store.save_client_credentials("lagret", chain_id="chain-1", blob=b"cc-2", blob_at=START + MINUTE)

    assert first == replace(CLAIMED, cc_blob=b"cc-1", cc_blob_at=START)
    assert store.get("lagret") == replace(CLAIMED, cc_blob=b"cc-2", cc_blob_at=START + MINUTE)


def test_client_credentials_of_another_chain_are_refused(store: TokenStore) -> None:
    """They may belong to another company."""
    store.start_chain(ITEM)

    with pytest.raises(ChangedMeanwhileError):
        store.save_client_credentials("lagret", chain_id="chain-0", blob=b"cc", blob_at=START)
    assert store.get("lagret") == ITEM


def test_a_release_gives_the_token_back_unspent(store: TokenStore) -> None:
    """Intent and lease are gone, the epoch stays, the next look is at the given time."""
    store.start_chain(ITEM)
    claimed = claim(store)

    store.release("lagret", owner="attempt-1", epoch=claimed.epoch, ver=0, due_at=START + MINUTE)

    assert store.get("lagret") == replace(ITEM, epoch=1, due_at=START + MINUTE)


def test_a_release_without_a_time_asks_nobody_to_look(store: TokenStore) -> None:
    """None is never, not unchanged."""
    store.start_chain(ITEM)
    claimed = claim(store)

    store.release("lagret", owner="attempt-1", epoch=claimed.epoch, ver=0, due_at=None)

    assert store.get("lagret") == replace(ITEM, epoch=1, due_at=None)


@pytest.mark.parametrize(("owner", "epoch", "ver"), [("somebody", 1, 0), ("attempt-1", 2, 0), ("attempt-1", 1, 1)])
def test_a_loser_releases_nothing(store: TokenStore, owner: str, epoch: int, ver: int) -> None:
    """Silently: the winner's attempt goes on."""
    store.start_chain(ITEM)
    claim(store)

    store.release("lagret", owner=owner, epoch=epoch, ver=ver, due_at=None)

    assert store.get("lagret") == CLAIMED


def test_a_mark_keeps_the_intent_unless_it_is_dropped(store: TokenStore) -> None:
    """Doubt keeps the attempt, a decision ends it together with its lease."""
    store.start_chain(ITEM)
    claimed = claim(store)
    doubted = mark(store, TokenStatus.UNCERTAIN, claimed, due_at=START + WEEK)
    in_doubt = store.get("lagret")
    decided = mark(store, TokenStatus.CC_ONLY, claimed, drop_intent=True)

    assert (doubted, decided) == (True, True)
    assert in_doubt == replace(CLAIMED, status=TokenStatus.UNCERTAIN, due_at=START + WEEK)
    assert store.get("lagret") == replace(ITEM, epoch=1, status=TokenStatus.CC_ONLY, due_at=None)


@pytest.mark.parametrize("seen", [{"chain_id": "chain-0"}, {"ver": 1}, {"epoch": 2}])
def test_a_loser_marks_nothing(store: TokenStore, seen: dict[str, str | int]) -> None:
    """Broken is never written over somebody else's success."""
    store.start_chain(ITEM)
    claim(store)

    assert not mark(store, TokenStatus.BROKEN, replace(CLAIMED, **seen))  # type: ignore[arg-type] # one field
    assert store.get("lagret") == CLAIMED


def test_a_mark_of_nothing_is_false(store: TokenStore) -> None:
    """No half item is left behind."""
    assert not mark(store, TokenStatus.BROKEN, ITEM)
    assert store.get("lagret") is None


def test_disconnecting_forgets_every_token(store: TokenStore) -> None:
    """No ciphertext stays, and nobody is asked to look at it again."""
    store.start_chain(ITEM)
    claim(store)
    store.save_client_credentials("lagret", chain_id="chain-1", blob=b"cc", blob_at=START)

    store.forget("lagret")

    stored = store.get("lagret")
    assert stored is not None
    assert stored.status is TokenStatus.REVOKED
    assert (stored.blob, stored.cc_blob, stored.intent, stored.lease_until, stored.due_at) == (None,) * 5
    assert stored.tenant_id == ""


def test_a_write_under_way_brings_no_token_back(store: TokenStore) -> None:
    """Whatever was on its way when the company was disconnected comes too late."""
    store.start_chain(ITEM)
    claimed = claim(store)
    store.forget("lagret")
    forgotten = store.get("lagret")

    with pytest.raises(ChangedMeanwhileError):
        save(store)
    with pytest.raises(ChangedMeanwhileError):
        store.save_client_credentials("lagret", chain_id="chain-1", blob=b"cc", blob_at=START)
    assert not mark(store, TokenStatus.ACTIVE, claimed)
    assert store.get("lagret") == forgotten


def test_forgetting_nothing_is_harmless(store: TokenStore) -> None:
    """No half item is left behind."""
    store.forget("lagret")

    assert store.get("lagret") is None


def test_refused_integrations_are_counted_once(store: TokenStore) -> None:
    """Of this hour and the one before; asking again about the same one adds nothing."""
    hour = timedelta(hours=1)
    given = [store.count_refused(name, now=START) for name in ("lagret", "other", "lagret")]
    an_hour_later = [store.count_refused(name, now=START + hour) for name in ("third", "lagret")]
    much_later = store.count_refused("fourth", now=START + 2 * hour)
    forgotten = store.count_refused("fourth", now=START + 4 * hour)

    assert given == [1, 2, 2]
    assert an_hour_later == [3, 3]
    assert much_later == 3
    assert forgotten == 1


def test_counting_makes_no_item_due(store: TokenStore) -> None:
    """The count is no integration's keys."""
    store.count_refused("lagret", now=START)

    assert store.get("lagret") is None
    assert list(store.due(START + WEEK)) == []


def test_the_janitor_sees_what_is_due_oldest_first(store: TokenStore) -> None:
    """At its time, and not before; what has no time is never due."""
    microsecond = timedelta(microseconds=1)
    moments = {"second": -MINUTE, "third": timedelta(0), "first": -WEEK, "later": microsecond}
    for name, moment in moments.items():
        store.start_chain(replace(ITEM, integration_id=name, due_at=START + moment))
    store.start_chain(replace(ITEM, integration_id="never", due_at=None))

    assert list(store.due(START)) == ["first", "second", "third"]


def test_an_attempt_that_died_becomes_due_when_its_lease_ends(store: TokenStore) -> None:
    """Even if the item itself had nothing to do for a week."""
    store.start_chain(ITEM)
    claim(store)

    assert list(store.due(LEASE_END - timedelta(microseconds=1))) == []
    assert list(store.due(LEASE_END)) == ["lagret"]


def test_one_of_many_claims_of_a_moment_wins(atomic_aws: Aws | None, store: TokenStore) -> None:
    """Eight workers want to spend one refresh token: exactly one may."""
    store.start_chain(ITEM)

    results = together([partial(claim, store, attempt=str(worker)) for worker in range(8)])

    winners = [result for result in results if isinstance(result, TokenItem)]
    assert winners == [store.get("lagret")]
    assert sum(isinstance(result, ChangedMeanwhileError) for result in results) == 7
    assert winners[0].epoch == 1


def test_a_save_and_a_mark_of_a_moment_never_lose_the_pair(atomic_aws: Aws | None, store: TokenStore) -> None:
    """Whoever comes first, the new pair is there and the integration is not broken."""
    store.start_chain(ITEM)
    claimed = claim(store)

    both: list[Callable[[], object]] = [partial(mark, store, TokenStatus.BROKEN, claimed), partial(save, store)]
    together(both)

    stored = store.get("lagret")
    assert stored is not None
    assert (stored.ver, stored.blob, stored.status) == (1, b"pair-1", TokenStatus.ACTIVE)
