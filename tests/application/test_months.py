"""What months came to is what the records say, whatever happens to runs."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from invoicing.application.change_integration import export_again
from invoicing.application.close_run import CloseTools, Touched, WatchedExports, close_run
from invoicing.application.decide_invoice import decide_invoice
from invoicing.application.decide_sending import send_now, stop_sending
from invoicing.application.keep_months import rebuild_months
from invoicing.application.ports import ChangedMeanwhileError
from invoicing.domain.decision import Way
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.export import EventKind, Export, ExportState, external_reference
from invoicing.domain.integration import Integration
from invoicing.domain.month import UNDATED, MonthIndex, MonthLine, StoredMonth, line_of, sums_of
from invoicing.domain.sending import SendBy, Sending
from invoicing.domain.settlement import Settlement

from local.fortnox.seed import TENANT_ID
from local.ongoing import seed
from local.ongoing.seed import WAREHOUSE
from tests.support.fakes import START, FakeClock, FakeExports, FakeMonths
from tests.support.world import World

OWNERS = ("Möbler & Ting AB", "Kaffe AB", "Nord Sport", "")
MONTHS = ("2026-09", "2026-10", "2026-11", UNDATED)


def whole(months: FakeMonths, integration_id: str = WAREHOUSE) -> Mapping[str, Mapping[int, MonthLine]]:
    """All lines that are stored, by month."""
    stored = {month: dict(months.month(integration_id, month).lines) for month in months.stored(integration_id)}
    return {month: lines for month, lines in stored.items() if lines}


def told_by(exports: FakeExports, integration_id: str = WAREHOUSE) -> Mapping[str, Mapping[int, MonthLine]]:
    """The same, from the records."""
    found: dict[str, dict[int, MonthLine]] = {}
    for record in exports.page(integration_id, limit=1_000_000)[0]:
        line = line_of(record)
        found.setdefault(line.month, {})[line.invoice_id] = line
    return found


def holds(months: FakeMonths, exports: FakeExports, integration_id: str = WAREHOUSE) -> bool:
    """Whether lines and sums are what the records say, and there is something."""
    index, told = months.index(integration_id), told_by(exports, integration_id)
    sums = {month: sums_of(lines.values()) for month, lines in told.items()}
    return bool(told) and index is not None and whole(months, integration_id) == told and index.sums == sums


class Runs:
    """Runs that save what chance says, and are closed."""

    def __init__(self, seed_: int) -> None:
        self.chance = Random(seed_)
        self.exports, self.months, self.clock = FakeExports(), FakeMonths(), FakeClock()
        self.behind: datetime | None = None
        self.seconds: Callable[[], float] = lambda: 300.0

    def save(self, exports: FakeExports | WatchedExports) -> None:
        """One invoice becomes something else, or is new."""
        chance, invoice_id = self.chance, self.chance.randrange(1, 40)
        stored = self.exports.get(WAREHOUSE, invoice_id)
        record = stored or Export(
            integration_id=WAREHOUSE,
            invoice_id=invoice_id,
            state=ExportState.CLAIMED,
            version=0,
            reference=external_reference(WAREHOUSE, invoice_id),
        )
        month = chance.choice(MONTHS)
        amount = Decimal(chance.randrange(-10_000, 100_000)).scaleb(-2)
        number = chance.choice(["", str(invoice_id)])
        settled = Settlement(
            number=number,
            at=START,
            total=amount,
            balance=chance.choice([amount, Decimal(0)]),
            booked=True,
            sent=chance.random() < 0.5,
            cancelled=chance.random() < 0.1,
        )
        after = replace(
            record,
            version=record.version + 1,
            state=chance.choice(list(ExportState)),
            goods_owner=chance.choice(OWNERS),
            currency=chance.choice(["SEK", "EUR", ""]),
            invoice_date=None if month == UNDATED else date.fromisoformat(f"{month}-{chance.randrange(1, 29):02d}"),
            amount=amount,
            fortnox_number=number,
            fortnox_net=chance.choice([amount, amount + 1]) if number else None,
            settled=chance.choice([None, settled]),
        )
        exports.save(after, event=None)

    def run(self, *, saves: int, killed: bool = False) -> None:
        """Saves, and closes unless it is killed."""
        self.clock.advance(timedelta(minutes=15))
        touched, started_at = Touched(), self.clock()
        watched = WatchedExports(self.exports, touched, before=lambda: None)
        for _ in range(saves):
            self.save(watched)
        if killed:
            self.behind = started_at
            return
        tools = CloseTools(
            integration_id=WAREHOUSE,
            exports=watched,
            months=self.months,
            clock=self.clock,
            seconds_left=self.seconds,
            report=lambda _event, _fields: None,
        )
        self.behind = close_run(tools, touched, behind=self.behind)

    def rebuild(self, months: FakeMonths) -> None:
        """All of it, from the records alone."""
        index = months.index(WAREHOUSE) or MonthIndex()
        assert rebuild_months(months, self.exports, WAREHOUSE, index=index, now=self.clock(), goes_on=lambda: True)


@pytest.mark.parametrize("seed_", range(30))
def test_lines_are_what_the_records_say_after_each_run(seed_: int) -> None:
    """Whatever was saved, moved to another month or goods owner, and however many runs were killed between."""
    runs = Runs(seed_)
    for number in range(12):
        runs.run(saves=runs.chance.randrange(0, 12), killed=runs.chance.random() < 0.2 and number < 11)
        if runs.behind is None and runs.months.index(WAREHOUSE) is not None:
            assert holds(runs.months, runs.exports)

    assert runs.behind is None
    assert holds(runs.months, runs.exports)
    anew = FakeMonths()
    runs.rebuild(anew)
    assert whole(anew) == whole(runs.months)
    runs.rebuild(runs.months)
    assert holds(runs.months, runs.exports)


def test_a_run_that_saved_nothing_reads_and_writes_nothing() -> None:
    """An idle warehouse costs what it did."""
    runs = Runs(1)
    runs.months = Untouchable()
    runs.run(saves=0)

    assert runs.behind is None


class Untouchable(FakeMonths):
    """Whoever asks it for anything fails."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(name)


class Failing(FakeMonths):
    """Its next writes fail."""

    error: Exception | None = None

    def save_month(self, integration_id: str, before: StoredMonth, lines: Mapping[int, MonthLine]) -> None:
        if self.error is not None:
            raise self.error
        super().save_month(integration_id, before, lines)


@pytest.mark.parametrize("error", [RetryLaterError("busy"), ChangedMeanwhileError("late"), ZeroDivisionError()])
def test_a_closing_that_fails_is_made_up_for_by_the_next(error: Exception) -> None:
    """The run's own last write is made all the same, and says since when."""
    runs = Runs(2)
    failing = Failing()
    runs.months = failing
    runs.run(saves=9)
    failing.error = error
    runs.run(saves=9)

    assert runs.behind == runs.clock()
    failing.error = None
    runs.run(saves=0)
    assert runs.behind is None
    assert holds(runs.months, runs.exports)


def test_without_time_nothing_is_begun_and_the_next_run_makes_up_for_it() -> None:
    """A closing that is cut off would help nobody."""
    runs = Runs(3)
    runs.run(saves=9)
    runs.seconds = lambda: 10.0
    runs.run(saves=9)
    late = runs.behind
    runs.seconds = lambda: 300.0
    runs.run(saves=1)

    assert late is not None
    assert runs.behind is None
    assert holds(runs.months, runs.exports)


def test_a_reading_in_parts_misses_nothing_that_is_saved_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what was read already, and not what a run saved that was killed in the middle."""
    monkeypatch.setattr("invoicing.application.keep_months._RECORDS", 3)
    monkeypatch.setattr("invoicing.application.keep_months._IN_MEMORY", 3)
    for seed_ in range(20):
        runs = Runs(seed_)
        for _ in range(40):
            runs.save(runs.exports)
        left = 0.0

        def seconds() -> float:
            nonlocal left
            left -= 10.0
            return left

        runs.seconds, parts = seconds, 0
        while parts == 0 or runs.behind is not None:
            left = 80.0
            runs.run(saves=runs.chance.randrange(1, 4) if parts < 6 else 0, killed=parts == 3)
            parts += 1
            assert parts < 100

        assert parts > 3
        assert holds(runs.months, runs.exports)


def test_whoever_rebuilds_beside_a_run_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service operator's command may meet a run: the later of the two changes nothing."""
    runs = Runs(4)
    runs.run(saves=20)
    page = runs.exports.page

    def then_a_run(*arguments: Any, **options: Any) -> Any:
        found = page(*arguments, **options)
        monkeypatch.setattr(runs.exports, "page", page)
        runs.run(saves=20)
        return found

    monkeypatch.setattr(runs.exports, "page", then_a_run)
    index = runs.months.index(WAREHOUSE)
    assert index is not None
    with pytest.raises(ChangedMeanwhileError):
        rebuild_months(runs.months, runs.exports, WAREHOUSE, index=index, now=runs.clock(), goes_on=lambda: True)
    runs.rebuild(runs.months)

    assert holds(runs.months, runs.exports)


# ---- runs as they are wired


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


def behind(world: World) -> datetime | None:
    """Since when its months are behind."""
    run = stored(world).last_run
    assert run is not None
    return run.behind


def test_a_run_leaves_months_that_are_whole(world: World) -> None:
    """Its first one, and each later one."""
    world.run()
    first = holds(world.months, world.exports)
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, is_exported=False, invoice_date=date(2026, 1, 31))
    world.later(minutes=15)
    world.run()

    assert first
    assert holds(world.months, world.exports)
    assert seed.PLAIN in world.months.month(WAREHOUSE, "2026-01").lines
    assert behind(world) is None


def new_invoice(world: World, invoice_id: int) -> None:
    """Another one like that which nothing is wrong with."""
    plain = next(one for one in seed.default_warehouse(world.today).invoices if one.id == seed.PLAIN)
    world.ongoing.put_invoice(WAREHOUSE, replace(plain, id=invoice_id, is_exported=False))


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("saves", [1, 2, 5])
def test_a_killed_run_is_made_up_for(world: World, saves: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It left its mark before its first write."""
    world.run()
    for invoice in world.ongoing.warehouse(WAREHOUSE).invoices:
        world.ongoing.change_invoice(WAREHOUSE, invoice.id, is_exported=False, title=f"{invoice.title} 2")
    world.later(minutes=15)
    kill_after(world, saves, monkeypatch)
    with pytest.raises(Killed):
        world.run()
    monkeypatch.undo()
    cut = stored(world)
    world.later(minutes=15)
    world.run()

    assert cut.under_way is not None
    assert holds(world.months, world.exports)
    assert behind(world) is None


def kill_after(world: World, saves: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends with that write."""
    save, left = world.exports.save, saves

    def dying(export: Export, **event: Any) -> Export:
        nonlocal left
        export = save(export, **event)
        left -= 1
        if left <= 0:
            raise Killed
        return export

    monkeypatch.setattr(world.exports, "save", dying)


def test_a_write_whose_answer_was_lost_is_looked_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be stored, and the run goes on with the other invoices."""
    world.run()
    new_invoice(world, 7777)
    world.later(minutes=15)
    save = world.exports.save

    def unanswered(export: Export, **event: Any) -> Export:
        export = save(export, **event)
        if export.state is ExportState.SENT:
            raise RetryLaterError("no answer")
        return export

    monkeypatch.setattr(world.exports, "save", unanswered)
    run = world.run()

    assert run is not None
    assert run.failed
    assert holds(world.months, world.exports)


def test_what_only_payments_change_is_made_up_for_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that only follows leaves its mark like any other: nobody else would come back to what it saved."""
    follows = stored(world)
    assert follows.settings is not None
    settings = replace(follows.settings, follow_payments=True)
    world.integrations.put(replace(follows, settings=settings, version=follows.version + 1))
    world.run()
    world.later(minutes=61)
    world.run()
    paid = next(one for one in world.exports.page(WAREHOUSE, limit=100)[0] if one.fortnox_number)
    world.fortnox.person_acts(TENANT_ID, paid.fortnox_number, "bookkeep")
    world.later(minutes=61)
    kill_after(world, 1, monkeypatch)
    with pytest.raises(Killed):
        world.run()
    monkeypatch.undo()
    cut = stored(world)
    world.later(minutes=61)
    world.run()

    assert cut.under_way is not None
    assert holds(world.months, world.exports)


def test_an_installation_that_had_no_months_gets_them_with_the_next_invoice(world: World) -> None:
    """Its records are read once."""
    world.run()
    world.months = FakeMonths()
    new_invoice(world, 7777)
    world.later(minutes=15)
    world.run()

    assert len(told_by(world.exports)) > 0
    assert holds(world.months, world.exports)


def test_what_a_person_clicks_moves_no_line(world: World) -> None:
    """Pages write records without closing anything: nothing that a month shows may depend on it."""
    world.run()
    records = world.exports.page(WAREHOUSE, limit=100)[0]
    sent = next(one for one in records if one.fortnox_number)
    held = next(one for one in records if one.ways_out)
    waiting = Sending(by=SendBy.EMAIL, at=world.clock() + timedelta(hours=2))
    world.exports.save(replace(sent, version=sent.version + 1, sending=waiting), event=None)
    tools, integration = world.change_tools(), stored(world)
    before = lines_of(world)
    export_again(tools, integration, held.invoice_id, kind=EventKind.RETRY, by="anna")
    way = next(one for one in held.ways_out if one in {Way.LEAVE, Way.BY_HAND, Way.NOT_THERE, Way.KEEP})
    decide_invoice(tools, stored(world), held.invoice_id, way, by="anna", number="1", note="said so")
    after_one = lines_of(world)
    assert send_now(tools, stored(world), sent.invoice_id, turn=0, by="anna", later_too=False)
    after_two = lines_of(world)
    assert stop_sending(tools, stored(world), sent.invoice_id, turn=1, by="anna")

    assert before == after_one == after_two == lines_of(world)


def lines_of(world: World) -> Mapping[int, MonthLine]:
    """Of all records."""
    records = world.exports.page(WAREHOUSE, limit=100)[0]
    return {one.invoice_id: line_of(one) for one in records}
