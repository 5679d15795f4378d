"""Filters and pages of Ongoing's list are tried, not believed; what has no effect is worked around within bounds."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invoicing.adapters.ongoing.client import OngoingClient
from invoicing.domain.errors import RetryLaterError, UpstreamContractError, WmsNotUnderstoodError
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice, WmsLogin
from invoicing.domain.wms_knowledge import Misunderstanding, WmsFilter, WmsKnowledge

from local.ongoing import seed
from local.ongoing.faults import Effect, FaultRule, Match
from local.ongoing.in_process import InProcessTransport
from local.ongoing.simulator import OngoingSimulator
from local.ongoing.warehouse import Charge, Invoice
from tests.support.fakes import FakeWmsMemory

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LOGIN = WmsLogin(warehouse=seed.WAREHOUSE, username=seed.USERNAME, password=seed.PASSWORD)
SINCE = date(2026, 10, 1)
LIVE = list(range(5001, 5014))
IGNORING: Mapping[WmsFilter, str] = {
    WmsFilter.IS_EXPORTED: "ignore_is_exported",
    WmsFilter.DATED_AFTER: "ignore_dates",
    WmsFilter.IDS: "ignore_invoice_ids",
    WmsFilter.AT_MOST: "ignore_max",
    WmsFilter.ID_FROM: "ignore_id_from",
    WmsFilter.WITH_CHARGES: "ignore_with_rows",
}


# Whichever of these has an effect shows what a cut answer hides.
SHOWING = {"ignore_is_exported", "ignore_invoice_ids"}


class System:
    """One system that a client meets again and again, with what it remembers and what it tells."""

    def __init__(self, chance: float = 1.0) -> None:
        self.simulator = OngoingSimulator(clock=lambda: NOW, warehouses=[seed.default_warehouse(NOW.date())])
        self.memory = FakeWmsMemory(WmsKnowledge())
        self.told: list[tuple[str, Mapping[str, str | int]]] = []
        self.chance = chance

    def client(self) -> OngoingClient:
        """A new one, as after a new start."""
        return OngoingClient(
            InProcessTransport(self.simulator.handle),
            base_url="http://ongoing.test",
            memory=self.memory,
            report=lambda event, fields: self.told.append((event, fields)),
            chance=lambda: self.chance,
        )

    def read(self) -> list[int | None]:
        """Ids of all that is listed, each with its charges."""
        self.simulator.clear_calls()
        pages = list(self.client().unexported(LOGIN, since=SINCE))
        found: list[WmsInvoice | UnreadableInvoice] = [one for page in pages for one in page.invoices]
        assert all(isinstance(one, WmsInvoice) and one.charges for one in found)
        assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]
        return [one.id for one in found]

    def history(self, count: int) -> None:
        """Invoices that were exported long ago; their ids end where those of today begin."""
        for number in range(count):
            self.put(
                Invoice(id=5000 - count + number, goods_owner_id=1, invoice_date=date(2024, 1, 31), is_exported=True)
            )

    def put(self, invoice: Invoice) -> None:
        """Adds one, with a charge."""
        charge = Charge(id=1, title="Pallplats", unit_price=Decimal(1), code="100")
        self.simulator.put_invoice(seed.WAREHOUSE, replace(invoice, charges=(charge,)))

    @property
    def useless(self) -> set[WmsFilter]:
        """What is remembered of its filters."""
        return set(self.memory.recall(seed.WAREHOUSE).useless)

    @property
    def asked(self) -> list[Mapping[str, Any]]:
        """What the last reading asked for."""
        return [call.asked for call in self.simulator.calls]


def read_or_refused(system: System) -> tuple[list[int], Misunderstanding | None]:
    """Ids in order, or why the list is refused."""
    try:
        return sorted(one for one in system.read() if one is not None), None
    except WmsNotUnderstoodError as refused:
        return [], refused.kind


# ---- learned


def test_filters_that_work_are_found_to_work_once_and_then_an_idle_run_is_one_call() -> None:
    """What was tried is remembered; nothing is told."""
    system = System()
    first = system.read()
    calls_of_first = len(system.asked)
    second = system.read()

    assert first == second == LIVE
    assert (system.useless, system.told) == (set(), [])
    assert calls_of_first > 1
    assert len(system.asked) == 1


def test_a_system_where_all_is_exported_takes_one_call() -> None:
    """Nothing is asked twice where there is nothing."""
    system = System()
    for one in LIVE:
        system.simulator.change_invoice(seed.WAREHOUSE, one, is_exported=True)

    assert system.read() == []
    assert system.read() == []
    assert len(system.asked) == 1


def test_a_system_where_nothing_was_ever_exported_takes_one_call() -> None:
    """Where nothing came after this very page, nothing comes after it now."""
    system = System()
    for one in (seed.OF_TRAINING, seed.EXPORTED_BEFORE):
        system.simulator.remove_invoice(seed.WAREHOUSE, one)
    system.read()

    assert system.read() == LIVE
    assert len(system.asked) == 1


@pytest.mark.parametrize("useless", IGNORING)
def test_a_filter_that_is_ignored_is_remembered_told_once_and_worked_around(useless: WmsFilter) -> None:
    """At the first reading, and what is read is the same."""
    system = System()
    system.history(60)
    system.simulator.set_options(**{IGNORING[useless]: True})
    found = [system.read() for _ in range(3)]

    assert found == [LIVE] * 3
    assert useless in system.useless
    assert [fields["filter"] for event, fields in system.told if event == "wms_filter_useless"] == [
        one for one in WmsFilter if one in system.useless
    ]


def test_a_filter_that_hides_what_it_ought_to_show_is_not_used() -> None:
    """Otherwise every run would be green, and no invoice would ever move."""
    system = System()
    system.simulator.set_options(is_exported_hides=True)

    assert [system.read(), system.read()] == [LIVE, LIVE]
    assert system.useless == {WmsFilter.IS_EXPORTED}


@pytest.mark.parametrize("ignored", [{WmsFilter.IS_EXPORTED}, {WmsFilter.DATED_AFTER}, set(IGNORING) - {WmsFilter.IDS}])
def test_a_history_is_never_read_with_all_its_charges_again_and_again(ignored: set[WmsFilter]) -> None:
    """Its heads first, and then the charges of what is wanted, by id."""
    system = System()
    for number in range(1500):
        day = date(2024, 1, 31)
        is_exported = WmsFilter.IS_EXPORTED in ignored
        system.put(Invoice(id=10_000 + number, goods_owner_id=1, invoice_date=day, is_exported=is_exported))
    system.simulator.set_options(**{IGNORING[one]: True for one in ignored - {WmsFilter.WITH_CHARGES}})
    system.read()
    found = system.read()
    with_charges = [asked for asked in system.asked if asked["rows"]]

    assert found == LIVE
    assert [asked["ids"] for asked in with_charges] == [LIVE]


def test_without_any_filter_a_short_history_is_read_and_a_long_one_refused() -> None:
    """There is no bound left, and saying so is better than reading years of charges every quarter of an hour."""
    system = System()
    system.simulator.set_options(**dict.fromkeys(IGNORING.values(), True))

    assert system.read() == LIVE
    assert system.read() == LIVE

    system.history(600)
    with pytest.raises(UpstreamContractError, match="no filter has an effect"):
        system.read()


def test_one_reading_in_a_hundred_tries_the_filters_again() -> None:
    """A service may change; and one that was mended is used again."""
    system = System()
    system.simulator.set_options(ignore_is_exported=True)
    system.read()
    system.simulator.set_options(ignore_is_exported=False)
    system.read()
    before = system.useless
    system.chance = 0.005
    found = system.read()

    assert before == {WmsFilter.IS_EXPORTED}
    assert system.useless == set()
    assert found == LIVE


def test_a_trial_that_gets_no_answer_is_made_at_the_next_reading() -> None:
    """It stops nothing, and it is not forgotten."""
    system = System()
    system.simulator.add_fault(
        FaultRule(effect=Effect.STATUS, status=500, match=Match(operation="GetInvoicesByQuery", nth=2))
    )

    assert system.read() == LIVE
    assert [event for event, _ in system.told] == ["wms_filters_not_tried"]
    assert not system.memory.recall(seed.WAREHOUSE).filters_tried

    system.read()

    assert system.memory.recall(seed.WAREHOUSE).filters_tried


def test_a_memory_that_takes_nothing_stops_no_reading() -> None:
    """Losing what was learned costs calls, and never an invoice."""

    class Full(FakeWmsMemory):
        def remember(self, warehouse: str, _knowledge: WmsKnowledge) -> None:
            raise RetryLaterError(warehouse)

    system = System()
    system.memory = Full(WmsKnowledge())

    assert system.read() == LIVE
    assert {event for event, _ in system.told} == {"wms_knowledge_not_kept"}


def test_whoever_stops_reading_has_kept_what_was_learned_and_writes_nothing_later() -> None:
    """A reading that nobody ends is ended when memory is cleared up: by then somebody else may have learned more."""
    system = System()
    pages = system.client().unexported(LOGIN, since=SINCE)
    next(pages)
    assert system.memory.recall(seed.WAREHOUSE).filters_tried

    learned_since = WmsKnowledge(filters_tried=True, largest_page=7)
    system.memory.remember(seed.WAREHOUSE, learned_since)
    pages.close()  # type: ignore[attr-defined] # of the generator that it is

    assert system.memory.recall(seed.WAREHOUSE) == learned_since


# ---- pages


@pytest.mark.parametrize("cap", [1, 2, 5, 12, 13, 14])
@pytest.mark.parametrize("make", [System, lambda: System(chance=0.0)])
def test_a_server_that_gives_few_at_once_is_read_to_its_end(cap: int, make: Callable[[], System]) -> None:
    """A page that is shorter than was asked for is not the end of a list."""
    system = make()
    system.simulator.set_options(most_at_once=cap)

    assert [system.read() for _ in range(3)] == [LIVE] * 3


def test_a_new_invoice_is_found_behind_a_page_that_was_the_last_one() -> None:
    """Where the server gives as many at once as there were, the change of the page shows it."""
    system = System()
    system.read()
    system.put(Invoice(id=9001, goods_owner_id=1, invoice_date=SINCE + timedelta(days=3)))

    assert system.read() == [*LIVE, 9001]


@settings(deadline=None, max_examples=20)
@given(
    ignored=st.sets(
        st.sampled_from(sorted(set(IGNORING.values()) | {"newest_first", "id_from_inclusive", "dates_inclusive"}))
    ),
    cap=st.sampled_from([None, 3, 7, 50]),
    history=st.integers(min_value=0, max_value=70),
    chance=st.sampled_from([0.0, 1.0]),
)
def test_whatever_the_server_ignores_each_invoice_comes_once(
    ignored: set[str], cap: int | None, history: int, chance: float
) -> None:
    """In every mixture. A server that cuts its answers and does not page cannot be read by anybody, and says so."""
    system = System(chance)
    system.history(history)
    system.simulator.set_options(**dict.fromkeys(ignored, True), most_at_once=cap)
    may_be_refused = cap is not None and bool(ignored & {"ignore_id_from", "newest_first"})
    if cap is not None and ignored >= SHOWING:
        return  # nothing shows what is hidden; that neither filter has an effect is told at the first reading
    for _ in range(3):
        found, kind = read_or_refused(system)
        assert found == LIVE or (may_be_refused and kind is Misunderstanding.CUT)


@pytest.mark.parametrize("cap", [1, 5, 12])
@pytest.mark.parametrize("order", [{}, {"newest_first": True}])
@pytest.mark.parametrize("also", [{}, {"ignore_invoice_ids": True}, {"ignore_is_exported": True}])
@pytest.mark.parametrize("pages", [{"ignore_id_from": True}, {"newest_first": True}])
def test_a_list_that_is_cut_and_cannot_be_asked_on_is_refused(
    cap: int, order: Mapping[str, Any], also: Mapping[str, Any], pages: Mapping[str, Any]
) -> None:
    """What is beyond the cut would wait for ever behind invoices that are held, and nobody would know."""
    system = System()
    system.history(60)
    system.simulator.set_options(**{**order, **also, **pages}, most_at_once=cap)
    for _ in range(2):
        with pytest.raises(WmsNotUnderstoodError) as refused:
            system.read()
        assert refused.value.kind is Misunderstanding.CUT


def test_where_all_fits_into_one_answer_nothing_is_refused_and_nothing_asked_again() -> None:
    """A server that does not page and does not cut, in a system where nothing was ever exported."""
    system = System()
    for one in (seed.OF_TRAINING, seed.EXPORTED_BEFORE):
        system.simulator.remove_invoice(seed.WAREHOUSE, one)
    system.simulator.set_options(ignore_id_from=True)
    found = [system.read() for _ in range(3)]
    usual = len(system.asked)
    system.put(Invoice(id=9001, goods_owner_id=1, invoice_date=SINCE + timedelta(days=3)))
    after = system.read()

    assert found == [LIVE] * 3
    assert after == [*LIVE, 9001]
    assert usual <= 2


@pytest.mark.parametrize("cap", [3, 7])
def test_an_invoice_beyond_the_cut_is_not_taken_for_deleted(cap: int) -> None:
    """Where neither ids nor pages can be asked for, and the answer ends before it."""
    system = System()
    system.simulator.set_options(ignore_invoice_ids=True, ignore_id_from=True, most_at_once=cap)
    with pytest.raises(WmsNotUnderstoodError) as refused:
        system.client().by_id(LOGIN, LIVE[-1])

    assert refused.value.kind is Misunderstanding.CUT


# ---- histories


@pytest.mark.parametrize("ignored", ["ignore_is_exported", "ignore_dates"])
def test_a_history_is_read_once_and_then_only_what_is_new(ignored: str) -> None:
    """Also where invoices wait for months, and where more of them come."""
    system = System()
    for number in range(2600):
        system.put(Invoice(id=10_000 + number, goods_owner_id=1, invoice_date=date(2024, 1, 31), is_exported=True))
    if ignored == "ignore_dates":
        for number in range(2600):
            system.simulator.change_invoice(seed.WAREHOUSE, 10_000 + number, is_exported=False)
    system.simulator.set_options(**{ignored: True})
    first = system.read()
    calls_of_first = len(system.asked)
    system.read()
    idle = len(system.asked)
    system.put(Invoice(id=20_000, goods_owner_id=1, invoice_date=SINCE + timedelta(days=3)))
    later = system.read()
    system.simulator.change_invoice(seed.WAREHOUSE, LIVE[0], is_exported=True)
    last = system.read()

    assert first == LIVE
    assert later == [*LIVE, 20_000]
    assert last == [*LIVE[1:], 20_000]
    assert calls_of_first > 5
    assert idle == 2  # what is new, and what waits with its charges
    assert system.told == [
        ("wms_filter_useless", {"integration": seed.WAREHOUSE, "filter": system.told[0][1]["filter"]})
    ]


def test_an_idle_run_of_a_history_is_one_call_and_writes_nothing() -> None:
    """As of every system."""
    system = System()
    system.history(1200)
    for one in LIVE:
        system.simulator.change_invoice(seed.WAREHOUSE, one, is_exported=True)
    system.simulator.set_options(ignore_is_exported=True)
    system.read()
    known = system.memory.recall(seed.WAREHOUSE)
    found = system.read()

    assert found == []
    assert len(system.asked) == 1
    assert system.memory.recall(seed.WAREHOUSE) == known


def test_an_earlier_first_day_reads_the_history_anew() -> None:
    """A person changed the settings: what was too old is wanted now."""
    system = System()
    system.simulator.set_options(ignore_dates=True)
    system.put(Invoice(id=4000, goods_owner_id=1, invoice_date=date(2025, 1, 31)))
    before = system.read()
    pages = list(system.client().unexported(LOGIN, since=date(2025, 1, 1)))

    assert before == LIVE
    assert sorted(one.id for page in pages for one in page.invoices if one.id) == [4000, *LIVE]


def test_an_old_invoice_that_is_opened_again_is_found_within_about_a_day() -> None:
    """One reading in a hundred reads the whole history."""
    system = System()
    system.history(700)
    system.simulator.set_options(ignore_is_exported=True)
    system.read()
    system.simulator.change_invoice(seed.WAREHOUSE, 4300, is_exported=False, invoice_date=SINCE + timedelta(days=2))
    system.read()
    system.chance = 0.005

    assert system.read() == [4300, *LIVE]


def test_more_waiting_invoices_than_are_remembered_are_read_all_the_same() -> None:
    """A backlog of a thousand, behind a mark that has no effect."""
    system = System()
    system.simulator.set_options(ignore_is_exported=True)
    ids = list(range(30_000, 31_200))
    for one in ids:
        system.put(Invoice(id=one, goods_owner_id=1, invoice_date=SINCE + timedelta(days=3)))
    found = [system.read() for _ in range(3)]

    assert found == [[*LIVE, *ids]] * 3
    assert len(system.memory.recall(seed.WAREHOUSE).open) <= 500


# ---- one invoice


@pytest.mark.parametrize("ignored", [[], ["ignore_invoice_ids"], ["ignore_invoice_ids", "ignore_id_from"]])
def test_one_invoice_is_found_by_the_filter_that_works(ignored: list[str]) -> None:
    """And one that is not there is not found, so that nothing is taken for deleted."""
    system = System()
    system.history(70)
    system.simulator.set_options(**dict.fromkeys(ignored, True))
    system.read()
    client = system.client()
    found = client.by_id(LOGIN, seed.CLAIM)

    assert found is not None
    assert found.id == seed.CLAIM
    assert client.by_id(LOGIN, 999) is None
