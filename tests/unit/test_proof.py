"""A history that was tampered with is told apart from a whole one, and the place is named."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoicing.application.close_history import HistoryTools, add_checkpoint, anchor_day
from invoicing.application.prove_history import prove_history
from invoicing.domain.checkpoint import Anchor, Checkpoint, LastCheckpoint, checkpoints_after, first_hash, head_of
from invoicing.domain.export import EventKind, Export, ExportState, HistoryEvent
from invoicing.domain.flaw import Break, Flaw
from invoicing.domain.proof import Proof, Prover

from tests.support.fakes import FakeAnchors, FakeCheckpoints, FakeExports

START = datetime(2026, 3, 3, 8, tzinfo=UTC)
INVOICES = (1, 7, 1207)
EXTRA = HistoryEvent(at=START, kind=EventKind.KEPT, by="mallory")


@dataclass(kw_only=True)
class Kept:
    """A history, as it lies in tables and bucket: whoever can write there can change all of it."""

    records: dict[int, Export]
    checkpoints: list[Checkpoint]
    anchors: list[Anchor]
    named: dict[int, int] = field(default_factory=dict)  # of each invoice, how many events checkpoints name
    first: dict[int, Export] = field(default_factory=dict)  # records as they were in the beginning

    def proof(self) -> Proof:
        """What is found."""
        prover = Prover("lagret")
        prover.take_checkpoints(sorted(self.checkpoints, key=lambda one: one.number))
        prover.take_anchors(self.anchors)
        for record in self.records.values():
            prover.take_record(record)
        return prover.end()

    def flaws(self) -> set[Flaw]:
        """Of what kinds they are."""
        return {one.flaw for one in self.proof().breaks}


@st.composite
def histories(draw: st.DrawFn) -> Kept:
    """Some days of some invoices: runs that name what they saved, and events that no run has named yet."""
    exports, checkpoints, anchors = FakeExports(), FakeCheckpoints(), FakeAnchors()
    now = [START]
    tools = HistoryTools(
        integration_id="lagret",
        exports=exports,
        checkpoints=checkpoints,
        anchors=lambda: anchors,
        program="7",
        clock=lambda: now[0],
        seconds_left=lambda: 300.0,
        report=lambda _event, _fields: None,
    )
    last: LastCheckpoint | None = None
    named, first = dict[int, int](), dict[int, Export]()
    runs = draw(st.lists(st.lists(st.sampled_from(INVOICES), min_size=1, max_size=5), min_size=2, max_size=6))
    for touched in [list(INVOICES), *runs]:
        now[0] += timedelta(hours=draw(st.integers(1, 30)))
        last = anchor_day(tools, last)
        saved = {}
        for invoice_id in touched:
            saved[invoice_id] = save(exports, invoice_id, at=now[0], quiet=draw(st.booleans()))
        last = add_checkpoint(tools, last, saved.values())
        for invoice_id in touched:
            named[invoice_id] = len(whole(exports, invoice_id).history)
            first.setdefault(invoice_id, whole(exports, invoice_id))
    now[0] += timedelta(days=1)
    anchor_day(tools, last)
    for invoice_id in draw(st.lists(st.sampled_from(INVOICES), max_size=2)):
        save(exports, invoice_id, at=now[0], quiet=False)
    return Kept(
        records={invoice_id: whole(exports, invoice_id) for invoice_id in INVOICES},
        checkpoints=[*checkpoints.all("lagret")],
        anchors=[*anchors.all("lagret")],
        named=named,
        first=first,
    )


def save(exports: FakeExports, invoice_id: int, *, at: datetime, quiet: bool) -> Export:
    """One more version."""
    before = exports.get("lagret", invoice_id) or Export(
        integration_id="lagret", invoice_id=invoice_id, state=ExportState.CLAIMED, version=0, reference="R"
    )
    version = before.version + 1
    event = HistoryEvent(at=at, kind=EventKind.UPDATED, by="schedule", fortnox_number=f"{invoice_id}-{version}")
    first = version == 1
    after = replace(before, version=version, amount=Decimal(version))
    return exports.save(after, event=event if first or not quiet else None)


def whole(exports: FakeExports, invoice_id: int) -> Export:
    """As it is stored."""
    found = exports.get("lagret", invoice_id)
    assert found is not None
    return found


@given(kept=histories())
def test_a_history_that_nobody_touched_is_whole(kept: Kept) -> None:
    """However it came about; and what no checkpoint names is counted, not complained about."""
    proof = kept.proof()

    events = {invoice_id: len(record.history) for invoice_id, record in kept.records.items()}
    assert proof.breaks == []
    assert (proof.invoices, proof.events) == (len(INVOICES), sum(events.values()))
    assert proof.events_since == sum(events.values()) - sum(kept.named.values())
    assert proof.anchor == kept.anchors[-1]
    assert proof.checkpoints == len(kept.checkpoints)


# ---- what is done to events that a checkpoint names

type Tamper = Callable[[Sequence[HistoryEvent], int], Sequence[HistoryEvent]]


def changed(history: Sequence[HistoryEvent], at: int) -> Sequence[HistoryEvent]:
    return [*history[:at], replace(history[at], by="mallory"), *history[at + 1 :]]


def removed(history: Sequence[HistoryEvent], at: int) -> Sequence[HistoryEvent]:
    return [*history[:at], *history[at + 1 :]]


def inserted(history: Sequence[HistoryEvent], at: int) -> Sequence[HistoryEvent]:
    return [*history[:at], EXTRA, *history[at:]]


def cut_off(history: Sequence[HistoryEvent], at: int) -> Sequence[HistoryEvent]:
    return history[:at]


def swapped(history: Sequence[HistoryEvent], at: int) -> Sequence[HistoryEvent]:
    other = at - 1 if at else 1
    return [history[{at: other, other: at}.get(place, place)] for place in range(len(history))]


KINDS: Sequence[tuple[Tamper, Flaw]] = [
    (changed, Flaw.EVENT_CHANGED),
    (swapped, Flaw.EVENT_CHANGED),
    (removed, Flaw.EVENT_MISSING),
    (cut_off, Flaw.EVENT_MISSING),
    (inserted, Flaw.EVENT_ADDED),
]


@pytest.mark.parametrize(("tamper", "flaw"), KINDS)
@given(kept=histories(), chance=st.randoms())
def test_an_event_that_was_tampered_with_is_found(
    tamper: Tamper, flaw: Flaw, kept: Kept, chance: random.Random
) -> None:
    """Of whichever invoice, wherever in its history: what was done, and between which events."""
    invoice_id = chance.choice(INVOICES)
    record = kept.records[invoice_id]
    at = chance.randrange(len(record.history))
    if tamper is swapped and len(record.history) < 2:
        return
    kept.records[invoice_id] = replace(record, history=tuple(tamper(record.history, at)))

    (found,) = kept.proof().breaks
    place = max(at, 1) if tamper is swapped else at + 1
    assert (found.flaw, found.invoice_id) == (flaw, invoice_id)
    assert found.first is not None
    assert found.last is not None
    assert found.first <= place <= found.last


@given(kept=histories(), chance=st.randoms())
def test_a_history_that_was_chained_anew_is_found(kept: Kept, chance: random.Random) -> None:
    """Whoever can write the record can also write its chain: the checkpoints say otherwise."""
    invoice_id = chance.choice(INVOICES)
    record = kept.records[invoice_id]
    at = chance.randrange(kept.named[invoice_id])
    forged = FakeExports()
    again = Export(integration_id="lagret", invoice_id=invoice_id, state=record.state, version=0, reference="R")
    for event in changed(record.history, at):
        again = forged.save(replace(again, version=again.version + 1), event=event)
    assert again.chain is not None
    history = whole(forged, invoice_id).history
    link = replace(again.chain, version=record.version)
    kept.records[invoice_id] = replace(record, history=history, chain=link)

    (found,) = kept.proof().breaks
    assert (found.flaw, found.invoice_id) == (Flaw.EVENT_CHANGED, invoice_id)
    assert (found.first or 0) <= at + 1 <= (found.last or 0)
    assert found.checkpoint is not None


@given(kept=histories(), chance=st.randoms())
def test_a_record_that_is_gone_is_missed(kept: Kept, chance: random.Random) -> None:
    """With a word that a restore looks alike."""
    invoice_id = chance.choice(INVOICES)
    del kept.records[invoice_id]

    (found,) = kept.proof().breaks
    assert (found.flaw, found.invoice_id, found.may_be_restored) == (Flaw.RECORD_MISSING, invoice_id, True)


@given(kept=histories(), chance=st.randoms())
def test_an_earlier_version_of_a_record_is_found(kept: Kept, chance: random.Random) -> None:
    """Whole in itself, and older than a checkpoint says."""
    invoice_id = chance.choice(INVOICES)
    heads = [head for one in kept.checkpoints for head in one.heads if head.invoice_id == invoice_id]
    kept.records[invoice_id] = kept.first[invoice_id]

    assert kept.flaws() == ({Flaw.RECORD_OLDER} if heads[-1].version > 1 else set())


@given(kept=histories(), chance=st.randoms())
def test_an_amount_that_was_changed_beside_the_history_is_found(kept: Kept, chance: random.Random) -> None:
    """As long as the record is as the last checkpoint names it; else the next one names what it says."""
    invoice_id = chance.choice(INVOICES)
    record = kept.records[invoice_id]
    heads = [head for one in kept.checkpoints for head in one.heads if head.invoice_id == invoice_id]
    kept.records[invoice_id] = replace(record, amount=record.amount + 1)

    known = heads[-1].version == record.version
    assert kept.flaws() == ({Flaw.FACTS_CHANGED} if known else set())


# ---- what is done to checkpoints and anchors


@given(kept=histories(), chance=st.randoms())
def test_a_checkpoint_that_is_gone_is_missed(kept: Kept, chance: random.Random) -> None:
    """In the middle by its number, at the end by the anchors."""
    gone = kept.checkpoints.pop(chance.randrange(len(kept.checkpoints)))

    breaks = kept.proof().breaks
    place = Break(flaw=Flaw.CHECKPOINT_MISSING, first=gone.number, last=gone.number)
    ended = Break(flaw=Flaw.CHECKPOINTS_END_EARLY, first=gone.number, last=gone.number, day=kept.anchors[-1].day)
    assert place in breaks or ended in breaks


@given(kept=histories(), chance=st.randoms())
def test_a_checkpoint_that_was_changed_is_found(kept: Kept, chance: random.Random) -> None:
    """Its hash is another."""
    at = chance.randrange(len(kept.checkpoints))
    kept.checkpoints[at] = replace(kept.checkpoints[at], heads=kept.checkpoints[at].heads[1:])

    assert Flaw.CHECKPOINT_CHANGED in kept.flaws()


@given(kept=histories(), chance=st.randoms())
def test_checkpoints_in_another_order_are_found(kept: Kept, chance: random.Random) -> None:
    """Whatever numbers they are given."""
    at = chance.randrange(len(kept.checkpoints) - 1)
    one, other = kept.checkpoints[at : at + 2]
    kept.checkpoints[at : at + 2] = [replace(other, number=one.number), replace(one, number=other.number)]

    assert Flaw.CHECKPOINT_CHANGED in kept.flaws()


@given(kept=histories())
def test_checkpoints_that_were_all_made_anew_differ_from_the_anchors(kept: Kept) -> None:
    """Whoever rewrites records and checkpoints alike cannot rewrite what lies where nothing is changed."""
    before = LastCheckpoint(number=0, hash=first_hash("lagret"), at=START)
    for at, one in enumerate(kept.checkpoints):
        (made,) = checkpoints_after(before, one.heads, at=one.at, program="forged")
        kept.checkpoints[at] = replace(made, anchored=one.anchored, hash=b"").after(before.hash)
        before = kept.checkpoints[at].mark

    assert kept.flaws() == {Flaw.ANCHOR_DIFFERS}


@given(kept=histories(), chance=st.randoms())
def test_an_anchor_that_is_gone_is_missed(kept: Kept, chance: random.Random) -> None:
    """A later checkpoint says that it was written. The very last one is missed from the next checkpoint on."""
    claimed = {one.anchored for one in kept.checkpoints} - {None}
    gone = kept.anchors.pop(chance.randrange(len(kept.anchors)))

    assert kept.proof().breaks == ([Break(flaw=Flaw.ANCHOR_MISSING, day=gone.day)] if gone.day in claimed else [])


@given(kept=histories())
def test_a_system_brought_back_to_an_earlier_day_is_found(kept: Kept) -> None:
    """All tables alike, and whole in themselves: only the anchors know."""
    kept.checkpoints.pop()
    left = {(head.invoice_id, head.version) for one in kept.checkpoints for head in one.heads}
    kept.records = {
        invoice_id: record for invoice_id, record in kept.records.items() if any(invoice_id == one for one, _ in left)
    }

    found = [one for one in kept.proof().breaks if one.flaw is Flaw.CHECKPOINTS_END_EARLY]
    assert [one.may_be_restored for one in found] == [True]


def test_what_was_forgotten_is_not_missed() -> None:
    """One checkpoint stands in the place of those before it; what was anchored at its beginning still ties."""
    record = FakeExports().save(
        Export(integration_id="lagret", invoice_id=1, state=ExportState.DONE, version=1, reference="R"), event=EXTRA
    )
    head = head_of(record)
    assert head is not None
    first = Checkpoint(number=1, at=START, program="7", heads=(head,)).after(first_hash("lagret"))
    second = Checkpoint(number=2, at=START, program="", forgotten=first.hash, heads=()).after(first.hash)
    anchors = [Anchor(day=START.date(), number=1, hash=first.hash)]
    nameless = replace(record, history=(replace(EXTRA, by="a person"),), chain=None)
    kept = Kept(records={1: nameless}, checkpoints=[second], anchors=anchors)

    proof = kept.proof()
    assert (proof.breaks, proof.forgotten_before, proof.unchained) == ([], 2, 1)
    kept.anchors = [replace(anchors[0], hash=b"another")]
    assert kept.flaws() == {Flaw.ANCHOR_DIFFERS}


def test_a_history_of_another_integration_does_not_fit() -> None:
    """Its checkpoints begin otherwise."""
    prover = Prover("lagret")
    prover.take_checkpoints([Checkpoint(number=1, at=START, program="7", heads=()).after(first_hash("norden"))])

    assert [one.flaw for one in prover.end().breaks] == [Flaw.CHECKPOINT_CHANGED]


def test_it_is_proven_part_by_part() -> None:
    """What was not looked at is not missed; what is gone is missed in its own part."""
    exports, checkpoints, anchors = FakeExports(), FakeCheckpoints(), FakeAnchors()
    records = [save(exports, invoice_id, at=START, quiet=False) for invoice_id in range(1, 501)]
    tools = HistoryTools(
        integration_id="lagret",
        exports=exports,
        checkpoints=checkpoints,
        anchors=lambda: anchors,
        program="7",
        clock=lambda: START,
        seconds_left=lambda: 300.0,
        report=lambda _event, _fields: None,
    )
    lost = save(FakeExports(), 501, at=START, quiet=False)
    add_checkpoint(tools, None, [*records, lost])

    def part(after: int | None) -> Proof:
        return prove_history(
            "lagret", exports=exports, checkpoints=checkpoints, anchors=anchors, after=after, goes_on=lambda: False
        )

    first = part(None)
    second = part(first.goes_on_after)
    third = part(second.goes_on_after)
    assert [one.goes_on_after for one in (first, second, third)] == [301, 101, None]
    assert [one.invoices for one in (first, second, third)] == [200, 200, 100]
    assert [one.breaks for one in (first, second, third)] == [
        [Break(flaw=Flaw.RECORD_MISSING, invoice_id=501, checkpoint=1)],
        [],
        [],
    ]
