"""Histories are whole and named by checkpoints and anchors, whatever happens to runs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from invoicing.application.acknowledge_breaks import acknowledge_breaks
from invoicing.application.change_integration import export_again
from invoicing.application.ports import ChangedMeanwhileError
from invoicing.application.prove_history import prove_history
from invoicing.domain.checkpoint import LastCheckpoint
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.export import EventKind, Export, ExportState
from invoicing.domain.flaw import Break, Flaw
from invoicing.domain.integration import Integration
from invoicing.domain.proof import Proof

from local.ongoing import seed
from local.ongoing.seed import WAREHOUSE
from tests.support.world import World


@pytest.fixture
def world() -> World:
    """A connected integration; its invoices in Ongoing are the seed's."""
    connected = World()
    connected.connect()
    return connected


def stored(world: World) -> Integration:
    """The integration as it is stored."""
    found = world.integrations.get(WAREHOUSE)
    assert found is not None
    return found


def last(world: World) -> LastCheckpoint:
    """What the next run goes on from."""
    run = stored(world).last_run
    assert run is not None
    assert run.checkpoint is not None
    return run.checkpoint


def proof(world: World) -> Proof:
    """What is found."""
    return prove_history(WAREHOUSE, exports=world.exports, checkpoints=world.checkpoints, anchors=world.anchors)


def run_later(world: World, *, minutes: int = 15) -> None:
    """The schedule, some time afterwards."""
    world.later(minutes=minutes)
    world.run()


def new_invoice(world: World, invoice_id: int) -> None:
    """Another one like that which nothing is wrong with."""
    plain = next(one for one in seed.default_warehouse(world.today).invoices if one.id == seed.PLAIN)
    world.ongoing.put_invoice(WAREHOUSE, replace(plain, id=invoice_id, is_exported=False))


def test_a_run_names_all_that_it_saved(world: World) -> None:
    """In one checkpoint, with the version that made it; the next one follows it."""
    world.run()
    first = proof(world)
    new_invoice(world, 7777)
    run_later(world)
    second = proof(world)

    assert first.events > 10
    assert (first.breaks, first.events_since, first.unchained, first.checkpoints) == ([], 0, 0, 1)
    assert (second.breaks, second.events_since, second.checkpoints) == ([], 0, 2)
    assert [*second.programs] == ["7"]
    assert last(world) == world.checkpoints.last(WAREHOUSE)


class Untouchable:
    """No port is asked."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was called")


def test_a_run_that_saved_nothing_calls_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most runs do."""
    world.run()
    for invoice in world.ongoing.warehouse(WAREHOUSE).invoices:
        world.ongoing.change_invoice(WAREHOUSE, invoice.id, is_exported=True)
    run_later(world)
    before = last(world)
    monkeypatch.setattr(world, "checkpoints", Untouchable())
    monkeypatch.setattr(world, "anchors", Untouchable())
    run_later(world)
    run_later(world, minutes=61)

    assert last(world) == before


def test_the_first_run_of_the_next_day_anchors_the_day(world: World) -> None:
    """Also if it saved nothing; once."""
    world.run()
    day, number, hash_ = last(world).day, last(world).number, last(world).hash
    kept = []
    for _ in range(4):
        run_later(world, minutes=12 * 60)
        kept.append(world.anchors.all(WAREHOUSE))

    assert [(one.day, one.number, one.hash) for one in kept[1]] == [(day, number, hash_)]
    assert last(world).anchored == day
    assert [*kept[-1]] == [*kept[1]]


def test_an_anchor_without_an_answer_is_kept_by_the_next_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends all the same; it is said in the log."""
    world.run()
    day = last(world).day
    with monkeypatch.context() as broken:
        broken.setattr(world.anchors, "keep", not_answering)
        run_later(world, minutes=24 * 60)
    unanchored = last(world).anchored
    said = [event for event, _ in world.reports]
    run_later(world)

    assert unanchored is None
    assert "history_not_anchored" in said
    assert last(world).anchored == day
    assert proof(world).breaks == []


def not_answering(*_: object, **__: object) -> Any:
    """As a store that is down."""
    raise RetryLaterError("AWS does not answer")


@pytest.mark.parametrize("method", ["add", "last"])
def test_a_checkpoint_without_an_answer_is_made_by_the_next_run(
    world: World, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which names what both saved; nothing is lost with the first."""
    with monkeypatch.context() as broken:
        broken.setattr(world.checkpoints, method, not_answering)
        world.run()
    unnamed = proof(world)
    pending = last(world).pending
    run_later(world)
    named = proof(world)

    assert (unnamed.breaks, unnamed.events_since, unnamed.checkpoints) == ([], unnamed.events, 0)
    assert pending == {record.invoice_id for record in world.exports.page(WAREHOUSE, limit=100)[0]}
    assert (named.breaks, named.events_since) == ([], 0)
    assert last(world).pending == frozenset()


def test_a_checkpoint_whose_answer_was_lost_is_gone_on_from(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands; the next run finds it, and names what it cannot know to be named once more."""
    add = world.checkpoints.add

    def unheard(*args: Any) -> bool:
        add(*args)
        raise RetryLaterError("no answer")

    with monkeypatch.context() as broken:
        broken.setattr(world.checkpoints, "add", unheard)
        world.run()
    run_later(world)

    assert proof(world).breaks == []
    assert proof(world).checkpoints == 2


class Killed(BaseException):
    """The process is gone."""


@contextmanager
def killed_after(world: World, saves: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process ends with that write."""
    save, left = world.exports.save, saves

    def dying(export: Export, **event: Any) -> Export:
        nonlocal left
        export = save(export, **event)
        left -= 1
        if left <= 0:
            raise Killed
        return export

    with monkeypatch.context() as deadly:
        deadly.setattr(world.exports, "save", dying)
        with pytest.raises(Killed):
            yield


@pytest.mark.parametrize("saves", [1, 2, 5, 9])
def test_what_a_killed_run_saved_is_named_by_the_next(
    world: World, saves: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It left its mark, with what it was at."""
    world.run()
    for invoice in world.ongoing.warehouse(WAREHOUSE).invoices:
        world.ongoing.change_invoice(WAREHOUSE, invoice.id, is_exported=False, title=f"{invoice.title} 2")
    world.later(minutes=15)
    with killed_after(world, saves, monkeypatch):
        world.run()
    cut = proof(world)
    run_later(world)

    assert cut.breaks == []
    assert cut.events_since > 0
    assert (proof(world).breaks, proof(world).events_since) == ([], 0)


def test_a_run_that_was_killed_between_its_checkpoint_and_its_last_write(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the integration knows is of before: the store knows better."""
    with monkeypatch.context() as deadly:
        deadly.setattr(world.integrations, "save_run", lambda *_, **__: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            world.run()
    assert proof(world).checkpoints == 1
    run_later(world)

    assert (proof(world).breaks, proof(world).events_since) == ([], 0)


def test_an_integration_that_was_brought_back_goes_on_from_what_is_there(world: World) -> None:
    """Its table is of an earlier day than the checkpoints."""
    world.run()
    before = last(world)
    for number in range(3):
        new_invoice(world, 7777 + number)
        run_later(world)
    goes_on_from(world, before)
    new_invoice(world, 8888)
    run_later(world)

    assert (proof(world).breaks, proof(world).checkpoints) == ([], 5)


def goes_on_from(world: World, checkpoint: LastCheckpoint | None) -> None:
    """What the integration knows of its checkpoints."""
    now = stored(world)
    assert now.last_run is not None
    world.integrations.save_run(
        WAREHOUSE,
        replace(now.last_run, checkpoint=checkpoint),
        done=set(),
        unfinished=now.unfinished,
        marked=now.marked,
        detected=now.detected_price_meaning,
    )


def test_what_a_person_does_is_named_by_the_next_run_of_that_invoice(world: World) -> None:
    """Until then it is counted as what no checkpoint names yet."""
    world.run()
    held = next(one for one in world.exports.page(WAREHOUSE, limit=100)[0] if one.state is ExportState.HELD)
    export_again(world.change_tools(), stored(world), held.invoice_id, kind=EventKind.RETRY, by="anna")
    clicked = proof(world)
    run_later(world)

    assert (clicked.breaks, clicked.events_since) == ([], 1)
    assert proof(world).breaks == []


def test_records_of_before_there_were_chains_are_covered_from_their_next_event(world: World) -> None:
    """Until then it is said how many nothing proves."""
    world.run()
    for record in world.exports.page(WAREHOUSE, limit=100)[0]:
        world.exports.unchain(WAREHOUSE, record.invoice_id)
    world.checkpoints.stored.clear()
    goes_on_from(world, None)
    old = proof(world)
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, is_exported=False, invoice_date=date(2026, 1, 31))
    run_later(world)
    new = proof(world)

    assert (old.breaks, old.unchained, old.events_since) == ([], old.invoices, old.events)
    assert new.breaks == []
    assert new.unchained < old.unchained
    found = world.exports.get(WAREHOUSE, seed.PLAIN)
    assert found is not None
    assert found.chain is not None
    assert found.chain.count == len(found.history)


# ---- what is broken and acknowledged


def acknowledged(world: World) -> Sequence[Break]:
    """As the service operator's command does it."""
    return acknowledge_breaks(
        WAREHOUSE,
        exports=world.exports,
        checkpoints=world.checkpoints,
        anchors=world.anchors,
        known=last(world),
        by="service operator",
        why="a table was restored",
        at=world.clock(),
    )


def plain_record(world: World) -> Export:
    """The invoice that nothing is wrong with."""
    found = world.exports.get(WAREHOUSE, seed.PLAIN)
    assert found is not None
    return found


def put_back(world: World, record: Export | None) -> None:
    """Writes into the table what nobody of us would."""
    if record is None:
        del world.exports._stored[WAREHOUSE, seed.PLAIN]
    else:
        world.exports._stored[WAREHOUSE, seed.PLAIN] = record


def changed_event(world: World, _: Export) -> None:
    record = plain_record(world)
    put_back(world, replace(record, history=(replace(record.history[0], by="mallory"), *record.history[1:])))


def lost_event(world: World, _: Export) -> None:
    put_back(world, replace(plain_record(world), history=plain_record(world).history[1:]))


def other_amount(world: World, _: Export) -> None:
    put_back(world, replace(plain_record(world), amount=plain_record(world).amount + 1))


def record_of_before(world: World, before: Export) -> None:
    put_back(world, before)


def no_record(world: World, _: Export) -> None:
    put_back(world, None)


def table_of_before(world: World, before: Export) -> None:
    """Records and checkpoints; the table of integrations and the bucket are as they were."""
    put_back(world, before)
    stored_ones = world.checkpoints.stored[WAREHOUSE]
    for number in [one for one in stored_ones if one > 1]:
        del stored_ones[number]


def system_of_before(world: World, before: Export) -> None:
    """The table of integrations, too: numbers that anchors know are given once more."""
    first = world.checkpoints.stored[WAREHOUSE][1]
    table_of_before(world, before)
    now = stored(world)
    assert now.last_run is not None
    world.integrations._stored[WAREHOUSE] = replace(now, last_run=replace(now.last_run, checkpoint=first.mark))


def checkpoint_gone(world: World, _: Export) -> None:
    del world.checkpoints.stored[WAREHOUSE][2]


def checkpoint_changed(world: World, _: Export) -> None:
    stored_ones = world.checkpoints.stored[WAREHOUSE]
    stored_ones[2] = replace(stored_ones[2], program="another")


def anchors_gone(world: World, _: Export) -> None:
    world.anchors.stored[WAREHOUSE].clear()


LOSSES = [
    (changed_event, Flaw.EVENT_CHANGED),
    (lost_event, Flaw.EVENT_MISSING),
    (other_amount, Flaw.FACTS_CHANGED),
    (record_of_before, Flaw.RECORD_OLDER),
    (no_record, Flaw.RECORD_MISSING),
    (table_of_before, Flaw.CHECKPOINTS_END_EARLY),
    (system_of_before, Flaw.CHECKPOINTS_END_EARLY),
    (checkpoint_gone, Flaw.CHECKPOINT_MISSING),
    (checkpoint_changed, Flaw.CHECKPOINT_CHANGED),
    (anchors_gone, Flaw.ANCHOR_MISSING),
]


def some_days(world: World) -> Export:
    """Three runs that save something, on three days; gives the record as it was after the first."""
    world.run()
    before = plain_record(world)
    for number in (7777, 7778):
        new_invoice(world, number)
        world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, is_exported=False)
        run_later(world, minutes=24 * 60)
    run_later(world, minutes=24 * 60)
    assert proof(world).is_whole
    return before


@pytest.mark.parametrize(("lose", "flaw"), LOSSES)
def test_what_is_acknowledged_stays_told_and_the_rest_is_proven(
    world: World, lose: Callable[[World, Export], None], flaw: Flaw
) -> None:
    """Runs go on from there, days are anchored, and what is broken afterwards is found."""
    lose(world, some_days(world))
    broken = proof(world).breaks
    known = acknowledged(world)
    told = proof(world)
    new_invoice(world, 7779)
    for _ in range(3):
        new_invoice(world, 7780 + world.clock().day)
        run_later(world, minutes=24 * 60)
    later = proof(world)

    assert flaw in {one.flaw for one in broken}
    assert set(broken) <= set(known)
    assert (told.breaks, later.breaks) == ([], [])
    ((_, why),) = later.acknowledged
    assert (why.by, why.why, why.breaks) == ("service operator", "a table was restored", tuple(known))
    assert later.checkpoints > told.checkpoints
    assert acknowledged(world) == []  # nothing is left

    found = world.exports.get(WAREHOUSE, 7779)
    assert found is not None
    world.exports._stored[WAREHOUSE, 7779] = replace(found, history=found.history[1:])
    assert [one.invoice_id for one in proof(world).breaks] == [7779]


@pytest.mark.parametrize("lose", [changed_event, lost_event, other_amount, record_of_before])
def test_a_record_that_was_acknowledged_is_proven_from_there(
    world: World, lose: Callable[[World, Export], None]
) -> None:
    """Whatever happens to it next is chained; the same done to it again is found."""
    lose(world, some_days(world))
    acknowledged(world)
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, is_exported=False)
    run_later(world)
    whole = proof(world)
    put_back(world, replace(plain_record(world), history=plain_record(world).history[1:]))

    assert whole.breaks == []
    assert [one.invoice_id for one in proof(world).breaks] == [seed.PLAIN]


def test_an_acknowledgement_that_was_changed_is_found(world: World) -> None:
    """Its reason, and what it answers for, are bound to the checkpoint before it."""
    table_of_before(world, some_days(world))
    acknowledged(world)
    stored_ones = world.checkpoints.stored[WAREHOUSE]
    number = max(stored_ones)
    made = stored_ones[number]
    assert made.acknowledged is not None
    stored_ones[number] = replace(made, acknowledged=replace(made.acknowledged, why="nothing happened"))

    assert [(one.flaw, one.last) for one in proof(world).breaks] == [(Flaw.CHECKPOINT_CHANGED, number)]


def test_a_run_beside_an_acknowledgement_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its checkpoint took the number; asked again, it goes on after that."""
    lost_event(world, some_days(world))
    add = world.checkpoints.add
    monkeypatch.setattr(world.checkpoints, "add", lambda *_: False)
    with pytest.raises(ChangedMeanwhileError):
        acknowledged(world)
    monkeypatch.setattr(world.checkpoints, "add", add)

    assert [one.invoice_id for one in acknowledged(world)] == [seed.PLAIN]
    assert proof(world).breaks == []


def test_a_whole_history_has_nothing_to_acknowledge(world: World) -> None:
    """Nothing is written."""
    some_days(world)
    before = [*world.checkpoints.all(WAREHOUSE)]

    assert acknowledged(world) == []
    assert [*world.checkpoints.all(WAREHOUSE)] == before
