"""Histories are whole and named by checkpoints and anchors, whatever happens to runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from invoicing.application.change_integration import export_again
from invoicing.application.prove_history import prove_history
from invoicing.domain.checkpoint import LastCheckpoint
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.export import EventKind, Export, ExportState
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
