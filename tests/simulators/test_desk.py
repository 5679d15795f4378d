"""The desk of `make up`: what the simulators and the mailbox hold, and what a person can do in Ongoing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest

from local.desk import Desk
from local.fortnox.seed import TENANT_ID
from local.http import Reply, Request, serve
from local.ongoing.seed import KAFFE, PLAIN, WAREHOUSE, default_warehouse
from local.ongoing.simulator import OngoingSimulator
from local.stack import Mail
from tests.simulators.fortnox_caller import Caller, connected

CHARGE = {"code": "100", "title": "Pallplats & <b>", "quantity": "2", "unit_price": "85,50", "account": "3041"}
MAIL = Mail(sender="a@b.example", to=("c@d.example",), subject="<Hello>", text="Hello", html="<p>Hello, it is me</p>")


@dataclass
class Beside:
    """A desk beside both simulators."""

    desk: Desk
    fortnox: Caller
    ongoing: OngoingSimulator

    def get(self, path: str) -> Reply:
        """Opens a page."""
        return self.desk.handle(Request.to("GET", path))

    def press(self, path: str, **fields: str) -> Reply:
        """Presses a button."""
        return self.desk.handle(Request.to("POST", path, body=urlencode(fields).encode()))


@pytest.fixture
def beside() -> Iterator[Beside]:
    """Whatever else a stack has is not needed."""
    fortnox = connected()
    now = datetime(2026, 3, 2, 8, tzinfo=UTC)
    ongoing = OngoingSimulator(clock=lambda: now, warehouses=[default_warehouse(now.date())])
    with serve(fortnox.simulator.handle) as books, serve(ongoing.handle) as warehouse:
        stack: Any = SimpleNamespace(
            base_url="http://127.0.0.1:1", fortnox_url=books.url, ongoing_url=warehouse.url, mails=lambda: [MAIL]
        )
        with Desk(stack) as desk:
            yield Beside(desk, fortnox, ongoing)


def test_an_invoice_in_fortnox_is_shown_with_rows_and_vat(beside: Beside) -> None:
    """In the list with its sums, and whole."""
    row = {"ArticleNumber": "100", "AccountNumber": 3041, "DeliveredQuantity": "2", "Price": 12.5, "VAT": 25}
    made = beside.fortnox.invoice({**row, "Description": "Pallplats & mer"})
    listed = beside.get("/fortnox").body.decode()
    whole = beside.get(f"/fortnox/{TENANT_ID}/{made['DocumentNumber']}").body.decode()

    assert f"/fortnox/{TENANT_ID}/{made['DocumentNumber']}" in listed
    assert "Pallplats &amp; mer" in whole
    for sum_of in ("Net", "TotalVAT", "Total"):
        assert f">{made[sum_of]}</td>" in listed
        assert f">{made[sum_of]}</td>" in whole


def test_a_charge_is_added_and_the_invoice_exported_again(beside: Beside) -> None:
    """As somebody in the warehouse does it; each button leads back to the invoice."""
    beside.ongoing.change_invoice(WAREHOUSE, PLAIN, is_exported=True)
    before = beside.ongoing.invoice(WAREHOUSE, PLAIN)
    added = beside.press(f"/ongoing/{WAREHOUSE}/{PLAIN}/charges", **CHARGE)
    again = beside.press(f"/ongoing/{WAREHOUSE}/{PLAIN}/export")
    after = beside.ongoing.invoice(WAREHOUSE, PLAIN)

    assert {reply.header("Location") for reply in (added, again)} == {f"/ongoing/{WAREHOUSE}/{PLAIN}"}
    assert after.total - before.total == 171
    assert not after.is_exported
    assert "Pallplats &amp; &lt;b&gt;" in beside.get(f"/ongoing/{WAREHOUSE}/{PLAIN}").body.decode()


def test_a_new_invoice_is_one_of_last_month(beside: Beside) -> None:
    """Due at once, with an id of its own."""
    ids = {one.id for one in beside.ongoing.warehouse(WAREHOUSE).invoices}
    made = beside.press(f"/ongoing/{WAREHOUSE}/new", goods_owner_id=str(KAFFE), **CHARGE)
    (invoice,) = (one for one in beside.ongoing.warehouse(WAREHOUSE).invoices if one.id not in ids)

    assert made.header("Location") == f"/ongoing/{WAREHOUSE}/{invoice.id}"
    assert invoice.goods_owner_id == KAFFE
    assert invoice.total == 171
    assert invoice.period_end == invoice.invoice_date


def test_mails_are_listed_and_read(beside: Beside) -> None:
    """The subject as text, the mail as its reader sees it."""
    listed = beside.get("/mails").body.decode()

    assert "&lt;Hello&gt;" in listed
    assert "c@d.example" in listed
    assert beside.get("/mails/1").body == MAIL.html.encode()


@pytest.mark.parametrize("path", ["/fortnox/1/2", "/ongoing/none/1", "/mails/0", "/mails/2", "/mails/x", "/elsewhere"])
def test_what_is_not_at_the_desk_is_not_found(beside: Beside, path: str) -> None:
    """Neither a page nor a button."""
    assert (beside.get(path).status, beside.press(path).status) == (404, 404)


@pytest.mark.parametrize(("name", "typed"), [("quantity", "many"), ("unit_price", "NaN"), ("quantity", "")])
@pytest.mark.parametrize("button", [f"{PLAIN}/charges", "new"])
def test_what_is_no_number_is_refused_in_a_sentence(beside: Beside, button: str, name: str, typed: str) -> None:
    """And nothing is changed."""
    before = beside.ongoing.warehouse(WAREHOUSE)
    refused = beside.press(f"/ongoing/{WAREHOUSE}/{button}", **{"goods_owner_id": "1", **CHARGE, name: typed})

    assert refused.status == 400
    assert f"{name} is" in refused.body.decode()
    assert beside.ongoing.warehouse(WAREHOUSE) == before


@pytest.mark.parametrize("path", ["/ongoing/none/new", f"/ongoing/{WAREHOUSE}/1/charges", "/ongoing/none/1/export"])
def test_a_button_of_what_is_not_there_says_so(beside: Beside, path: str) -> None:
    """Instead of a traceback."""
    assert beside.press(path, **{"goods_owner_id": "1", **CHARGE}).status == 400
