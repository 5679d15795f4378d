"""The history of one invoice as a chain: whatever is done to it afterwards is seen, and nothing else is."""

import random
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoicing.domain.chain import chain, chained, link_of
from invoicing.domain.decision import Way
from invoicing.domain.export import EventKind, Export, ExportState, HistoryEvent
from invoicing.domain.issue import IssueCode
from invoicing.domain.link import linked, written
from invoicing.domain.remedy import Act, Remedy, Thing
from invoicing.domain.settlement import Progress

START = datetime(2026, 3, 3, 8, tzinfo=UTC)
FULL = HistoryEvent(
    at=START,
    kind=EventKind.DECIDED,
    by="anna",
    reference="ONGOING-lagret-1207-",
    fortnox_number="17",
    net=Decimal("1020.50"),
    issue=IssueCode.CUSTOMER_UNKNOWN,
    way=Way.IS_NUMBER,
    note="Så sade kunden.",
    progress=Progress.PAID,
    remedy=Remedy(thing=Thing.CUSTOMER, act=Act.CREATE, key="1013"),
)
RECORD = Export(integration_id="lagret", invoice_id=1207, state=ExportState.SENT, version=1, reference="R")

events = st.builds(
    HistoryEvent,
    at=st.integers(0, 10**9).map(lambda seconds: START + timedelta(seconds=seconds)),
    kind=st.sampled_from(EventKind),
    by=st.text(max_size=5),
    fortnox_number=st.text("0123456789", max_size=3),
    net=st.none() | st.decimals(-(10**6), 10**6, places=2),
    note=st.text(max_size=5),
)
histories = st.lists(events, min_size=2, max_size=12, unique_by=written)


def end_of(history: Sequence[HistoryEvent], record: Export = RECORD) -> bytes:
    """The hash of it all."""
    return link_of(replace(record, history=tuple(history))).hash


def changed(history: list[HistoryEvent], at: int) -> list[HistoryEvent]:
    """Somebody else did it."""
    return [*history[:at], replace(history[at], by=f"{history[at].by}x"), *history[at + 1 :]]


def removed(history: list[HistoryEvent], at: int) -> list[HistoryEvent]:
    """It never happened."""
    return [*history[:at], *history[at + 1 :]]


def inserted(history: list[HistoryEvent], at: int) -> list[HistoryEvent]:
    """Something else happened before."""
    return [*history[:at], FULL, *history[at:]]


def swapped(history: list[HistoryEvent], at: int) -> list[HistoryEvent]:
    """In another order."""
    first = max(at, 1) - 1
    return [*history[:first], history[first + 1], history[first], *history[first + 2 :]]


@pytest.mark.parametrize("tamper", [changed, removed, inserted, swapped])
@given(history=histories, chance=st.randoms())
def test_whatever_is_done_to_a_history_has_another_hash(
    tamper: Callable[[list[HistoryEvent], int], list[HistoryEvent]],
    history: list[HistoryEvent],
    chance: random.Random,
) -> None:
    """At any place in any history."""
    at = chance.randrange(len(history))

    assert end_of(tamper(history, at)) != end_of(history)


@given(history=histories, quiet=st.sets(st.integers(1, 12)), stale=st.sets(st.integers(1, 12)))
def test_whoever_writes_the_chain_is_the_whole_history(
    history: list[HistoryEvent], quiet: set[int], stale: set[int]
) -> None:
    """Step by step, with versions that tell nothing, and with writers who do not know the chain before."""
    record, stored = replace(RECORD, version=0), list[HistoryEvent]()
    for number, event in enumerate(history):
        said = None if number in quiet else event
        before = replace(record, version=record.version + 1, chain=None if number in stale else record.chain)
        record = chained(before, said, stored.copy)
        stored += [said] if said else []

    assert record.chain == link_of(replace(record, history=tuple(stored)))


def test_a_writer_who_knows_the_chain_reads_no_history() -> None:
    """Each write would otherwise cost a read."""

    def unread() -> Sequence[HistoryEvent]:
        raise AssertionError("the history was read")

    first = chained(RECORD, FULL, unread)
    second = chained(replace(first, version=2), None, unread)

    assert first.chain is not None
    assert second.chain == replace(first.chain, version=2)


def test_equal_histories_of_two_invoices_have_two_hashes() -> None:
    """None can be put in the place of another, or of another warehouse's."""
    others = [replace(RECORD, invoice_id=1208), replace(RECORD, integration_id="norden")]

    assert len({end_of([FULL], record) for record in (RECORD, *others)}) == 3


def test_each_fact_of_an_event_counts() -> None:
    """Leave one out, and the hash is another."""
    bare = HistoryEvent(at=START + timedelta(microseconds=1), kind=EventKind.CLAIMED, by="schedule")
    hashes = {end_of([replace(FULL, **{one.name: getattr(bare, one.name)})]) for one in fields(HistoryEvent)}

    assert len(hashes) == len(fields(HistoryEvent))
    assert end_of([FULL]) not in hashes


@pytest.mark.parametrize(
    "as_it_comes_back",
    [
        replace(FULL, net=Decimal("1020.5")),
        replace(FULL, net=Decimal("1020.500")),
        replace(FULL, at=START.astimezone(timezone(timedelta(hours=1)))),
    ],
)
def test_what_a_store_may_change_in_form_changes_no_hash(as_it_comes_back: HistoryEvent) -> None:
    """DynamoDB drops zeros at the end of a number."""
    assert end_of([as_it_comes_back]) == end_of([FULL])


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0"),
        ("-0.00", "0"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("-0.10", "-0.1"),
        ("12345678901.05", "12345678901.05"),
    ],
)
def test_an_amount_is_written_in_one_way(amount: str, text: str) -> None:
    """Whole thousands keep their zeros."""
    assert written(Decimal(amount)) == f'"{text}"'.encode()


def test_hashes_of_today_are_those_of_tomorrow() -> None:
    """Written down: whoever changes how an event is written would make every history look changed.

    A fact that events had not when this was written down is left out: it changes no hash of what was there.
    """
    then = replace(FULL, remedy=None)

    assert written(then) == (
        b'{"at":"2026-03-03T08:00:00.000000+00:00","by":"anna","fortnox_number":"17","issue":"customer_unknown",'
        b'"kind":"decided","net":"1020.5","note":"S\\u00e5 sade kunden.","progress":"paid",'
        b'"reference":"ONGOING-lagret-1207-","way":"is_number"}'
    )
    assert [one.hex()[:16] for one in chain(replace(RECORD, history=(then,)))] == [
        "fa1a26d79721cec8",
        "7ae014d6515a6389",
    ]


def test_what_has_no_written_form_is_refused() -> None:
    """And not written as something that another thing could have, too."""
    with pytest.raises(TypeError, match="set has no written form"):
        linked(b"", {1, 2})
