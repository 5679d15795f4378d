"""What a system shows to a person who is to recognise it: counted right, in bounded time, whatever is ignored."""

from datetime import date, timedelta
from typing import Any

import pytest
from invoicing.adapters.ongoing.client import OngoingClient
from invoicing.application.http import HttpAnswer, HttpRequest
from invoicing.domain.errors import RetryLaterError, UnknownOutcomeError, WmsNotUnderstoodError
from invoicing.domain.wms_invoice import WmsLogin
from invoicing.domain.wms_knowledge import WmsKnowledge

from local.ongoing import seed
from local.ongoing.in_process import InProcessTransport
from local.ongoing.simulator import OngoingSimulator
from local.ongoing.warehouse import Invoice
from tests.support.fakes import FakeClock, FakeWmsMemory

LOGIN = WmsLogin(warehouse=seed.WAREHOUSE, username=seed.USERNAME, password=seed.PASSWORD)
SECONDS = 10.0


class System:
    """One system, whose every answer takes `seconds` of a clock that nobody waits for."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.seconds = 0.0
        self.simulator = OngoingSimulator(clock=self.clock, warehouses=[seed.default_warehouse(self.clock().date())])
        self.memory = FakeWmsMemory(WmsKnowledge())
        self.client = OngoingClient(
            self,
            base_url="http://ongoing.test",
            memory=self.memory,
            chance=lambda: 1.0,
            monotonic=lambda: self.clock().timestamp(),
        )

    def send(self, request: HttpRequest) -> HttpAnswer:
        """The port HttpTransport."""
        self.clock.advance(timedelta(seconds=min(self.seconds, request.timeout)))
        if self.seconds > request.timeout:
            raise UnknownOutcomeError("no answer in time")
        return InProcessTransport(self.simulator.handle).send(request)

    def put(self, first: int, count: int, day: date, **fields: Any) -> None:
        """Adds exported invoices of one day."""
        for one in range(first, first + count):
            given = {"goods_owner_id": 1, "is_exported": True, **fields}
            self.simulator.put_invoice(seed.WAREHOUSE, Invoice(id=one, invoice_date=day, **given))


def test_all_of_a_good_year_are_counted_and_the_newest_is_named() -> None:
    """Goods owners of training are no customers, and old invoices nobody's business."""
    system = System()
    today = system.clock().date()
    system.put(1000, 40, today - timedelta(days=900))
    system.put(6000, 1200, today - timedelta(days=200))
    system.put(9000, 1, today, goods_owner_id=2)
    look = system.client.look(LOGIN, at=system.clock(), seconds=SECONDS)
    known = system.memory.recall(seed.WAREHOUSE)

    assert (look.count, look.is_more, look.unreadable) == (14 + 1200 + 1, False, 0)
    assert (look.unexported, look.goods_owners, look.with_customer_code) == (13, 5, 4)
    assert look.newest is not None
    assert (look.newest.id, look.newest.goods_owner.name) == (9000, "Möbelhuset i Malmö AB")
    assert (known.counted, known.counted_at, known.has_shown_list) == (look.count, system.clock(), True)


@pytest.mark.parametrize(
    "quirks",
    [
        {"ignore_dates": True},
        {"ignore_max": True},
        {"ignore_id_from": True},
        {"newest_first": True},
        {"most_at_once": 7},
        {"ignore_with_rows": True},
    ],
    ids=lambda quirks: next(iter(quirks)),
)
def test_whatever_the_server_ignores_it_counts_the_same(quirks: dict[str, Any]) -> None:
    """Filters are applied here again."""
    system = System()
    system.put(1000, 40, system.clock().date() - timedelta(days=900))
    system.simulator.set_options(**quirks)
    look = system.client.look(LOGIN, at=system.clock(), seconds=SECONDS)

    assert (look.count, look.unexported) == (14, 13)


def test_when_time_is_up_what_was_counted_is_said_to_be_a_part() -> None:
    """A person who waits reads "at least"."""
    system = System()
    system.put(6000, 1200, system.clock().date() - timedelta(days=20))
    system.seconds = 4
    before = system.clock()
    look = system.client.look(LOGIN, at=before, seconds=SECONDS)

    assert (look.is_more, look.count >= 500) == (True, True)
    assert system.clock() - before <= timedelta(seconds=SECONDS)


def test_a_system_that_hangs_is_an_error_within_the_time() -> None:
    """Nothing that was counted before is forgotten."""
    system = System()
    system.client.look(LOGIN, at=system.clock(), seconds=SECONDS)
    counted = system.memory.recall(seed.WAREHOUSE)
    system.seconds = 600
    before = system.clock()
    with pytest.raises(RetryLaterError):
        system.client.look(LOGIN, at=before, seconds=SECONDS)

    assert system.clock() - before <= timedelta(seconds=SECONDS)
    assert system.memory.recall(seed.WAREHOUSE) == counted


def test_an_invoice_that_cannot_be_read_is_counted_as_such() -> None:
    """It is there, and a run makes an issue of it."""
    system = System()
    system.simulator.change_invoice(seed.WAREHOUSE, seed.PLAIN, garbled={"InvoiceAmount": "many"})
    look = system.client.look(LOGIN, at=system.clock(), seconds=SECONDS)

    assert (look.count, look.unreadable) == (14, 1)


def test_a_list_under_another_name_is_no_empty_system() -> None:
    """The worst that could be said to somebody who has invoices."""
    system = System()
    system.simulator.set_options(renamed={"Invoices": "Fakturor"})
    with pytest.raises(WmsNotUnderstoodError, match="Fakturor"):
        system.client.look(LOGIN, at=system.clock(), seconds=SECONDS)
