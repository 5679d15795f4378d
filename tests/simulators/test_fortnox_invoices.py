"""Invoices in the simulator: amounts, defaults, row rules, states, refusals and search."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.fortnox.options import Options
from local.fortnox.seed import TENANT_ID, default_company
from local.http import Request
from tests.simulators.fortnox_caller import Caller, connected, refusal_of, value_of

ROW = {
    "ArticleNumber": "100",
    "AccountNumber": 3041,
    "DeliveredQuantity": "2",
    "Price": 12.5,
    "Discount": 0,
    "Unit": "st",
    "Description": "Pallplats",
}


def row(**changes: Any) -> dict[str, Any]:
    return {**ROW, **changes}


def refused(caller: Caller, *rows: dict[str, Any], **fields: Any) -> tuple[int, int]:
    sent = {"CustomerNumber": "1001", "InvoiceRows": list(rows), **fields}
    return refusal_of(caller.api("POST", "/3/invoices", {"Invoice": sent}))


# Amounts.


def test_quantity_and_price_are_rounded_before_they_are_multiplied() -> None:
    """1000 × 0.125 kr becomes 130 kr, silently."""
    invoice = connected().invoice(row(DeliveredQuantity="1000", Price=0.125))
    (stored,) = invoice["InvoiceRows"]

    assert (stored["DeliveredQuantity"], stored["Price"]) == ("1000.00", Decimal("0.13"))
    assert (stored["Total"], invoice["Net"]) == (130, 130)


@settings(deadline=None)
@given(
    quantity=st.decimals(-9999, 9999, places=3),
    price=st.decimals(-9999, 9999, places=3),
    vat=st.sampled_from([25, 12, 6, 0]),
)
def test_net_and_vat_add_up_to_the_total(quantity: Decimal, price: Decimal, vat: int) -> None:
    """Net is the exact sum of the rows, and the total differs from net and VAT by the rounding only."""
    invoice = connected().invoice(row(DeliveredQuantity=str(quantity), Price=float(price), VAT=vat))
    (stored,) = invoice["InvoiceRows"]
    exact = Decimal(stored["DeliveredQuantity"]) * stored["Price"]

    assert abs(invoice["Net"] - exact) <= Decimal("0.005")
    assert invoice["Net"] + invoice["TotalVAT"] + invoice["RoundOff"] == invoice["Total"]
    assert abs(invoice["RoundOff"]) <= Decimal("0.5")
    assert invoice["Total"] == int(invoice["Total"])


def test_the_total_is_whole_kronor_unless_switched_off() -> None:
    """The net amount stays exact in both cases."""
    rounded = connected().invoice(row(Price=10.01, DeliveredQuantity="1"))
    exact = connected(total_rounded=False).invoice(row(Price=10.01, DeliveredQuantity="1"))

    assert (rounded["Net"], rounded["TotalVAT"]) == (Decimal("10.01"), Decimal("2.5"))
    assert (rounded["RoundOff"], rounded["Total"]) == (Decimal("0.49"), 13)
    assert (exact["RoundOff"], exact["Total"]) == (0, Decimal("12.51"))


def test_a_customer_with_reverse_vat_pays_none_in_its_own_currency() -> None:
    """The currency comes from the customer, is not rounded, and has the rate 1 when none is sent."""
    invoice = connected().invoice(row(Price=10.01, DeliveredQuantity="1"), CustomerNumber="1003")

    assert (invoice["Currency"], invoice["CurrencyRate"]) == ("EUR", 1)
    assert (invoice["TotalVAT"], invoice["Total"]) == (0, Decimal("10.01"))


def test_the_stored_rate_is_used_when_the_currency_unit_is_cleared() -> None:
    """This is how a client asks for the register's rate."""
    invoice = connected().invoice(ROW, CustomerNumber="1003", CurrencyUnit="API_BLANK")

    assert invoice["CurrencyRate"] == Decimal("11.25")


def test_a_customer_discount_applies_unless_a_discount_is_sent() -> None:
    """A row without Discount gets the customer's, silently."""
    without = {name: value for name, value in ROW.items() if name != "Discount"}
    silent = connected().invoice(without, CustomerNumber="1004")
    explicit = connected().invoice(ROW, CustomerNumber="1004")

    assert (silent["Net"], silent["Gross"]) == (Decimal("22.5"), 25)
    assert explicit["Net"] == 25


def test_prices_can_include_vat() -> None:
    """The pair without VAT is computed from the pair with VAT."""
    invoice = connected(total_rounded=False).invoice(row(Price=125, DeliveredQuantity="1"), VATIncluded=True)
    (stored,) = invoice["InvoiceRows"]

    assert (stored["Total"], stored["TotalExcludingVAT"]) == (125, 100)
    assert (invoice["Net"], invoice["TotalVAT"], invoice["Total"]) == (100, 25, 125)


def test_a_customer_fee_is_added_to_the_total() -> None:
    """The net amount hides it, at worst."""
    invoice = connected().invoice(ROW, CustomerNumber="1005")

    assert (invoice["Net"], invoice["AdministrationFee"], invoice["AdministrationFeeVAT"]) == (
        25,
        45,
        Decimal("11.25"),
    )
    assert invoice["Total"] == 88


# Defaults.


def test_what_a_row_leaves_out_comes_from_the_article() -> None:
    """Description, unit, account and VAT are the article's; quantity and price are zero."""
    (stored,) = connected().invoice({"ArticleNumber": "100"})["InvoiceRows"]

    assert (stored["Description"], stored["Unit"], stored["AccountNumber"], stored["VAT"]) == (
        "Pallplats",
        "st",
        3041,
        25,
    )
    assert (stored["DeliveredQuantity"], stored["Price"]) == ("0", 0)


CLEARED = dict.fromkeys(("ArticleNumber", "AccountNumber", "Price", "DeliveredQuantity"), "API_BLANK")


def test_a_row_without_article_and_account_is_refused_unless_both_are_cleared() -> None:
    """As if its account were missing; `API_BLANK` makes a row of text."""
    caller = connected()

    assert refused(caller, {"Description": "Text"}) == (400, 2001303)
    (text,) = caller.invoice({"Description": "Text", **CLEARED})["InvoiceRows"]
    assert text["AccountNumber"] == 0


def test_a_row_without_article_can_get_the_default_account() -> None:
    """Others were given it, and had to clear it."""
    caller = connected(row_without_article_gets_account=True)
    invoice = caller.invoice({"Description": "Text"}, {"Description": "Text", **CLEARED})

    assert [stored["AccountNumber"] for stored in invoice["InvoiceRows"]] == [3001, 0]


def test_numbers_follow_the_series_and_skip_those_taken() -> None:
    """A supplied number is kept, and the series goes on around it."""
    caller = connected()
    numbers = [
        caller.invoice(ROW)["DocumentNumber"],
        caller.invoice(ROW, DocumentNumber="2")["DocumentNumber"],
        caller.invoice(ROW)["DocumentNumber"],
        caller.invoice(ROW, DocumentNumber="0090001")["DocumentNumber"],
        caller.invoice(ROW)["DocumentNumber"],
    ]

    assert numbers == ["1", "2", "3", "90001", "4"]


# Refusals.


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"ArticleNumber": "UNKNOWN"}, (400, 2001302)),
        ({"ArticleNumber": "199"}, (400, 2001302)),
        ({"AccountNumber": 1}, (400, 2001303)),
        ({"AccountNumber": 3333}, (400, 2001303)),
        ({"AccountNumber": 3999}, (400, 2000550)),
        ({"AccountNumber": 3591}, (400, 2000946)),
        ({"AccountNumber": "3041"}, (400, 2000108)),
        ({"Price": "12.5"}, (400, 2000108)),
        ({"DeliveredQuantity": "two"}, (400, 2000108)),
        ({"DeliveredQuantity": "1e3"}, (400, 2000108)),
        ({"DeliveredQuantity": "1,5"}, (400, 2000108)),
        ({"Description": "Kaffe — kakao"}, (400, 2000359)),
        ({"Description": 'a "quoted" text'}, (400, 2000359)),
        ({"Description": "it's"}, (400, 2000359)),
        ({"Description": "tab\tulator"}, (400, 2000359)),
        ({"Unit": "kartong"}, (400, 2000432)),
        ({"VAT": 24}, (400, 2000871)),
        ({"Ammount": 1}, (400, 2001399)),
        ({"Total": 25}, (400, 2001399)),
    ],
)
def test_a_wrong_row_refuses_the_whole_invoice(changes: dict[str, Any], refusal: tuple[int, int]) -> None:
    """Nothing is created, and no number is used up."""
    caller = connected()
    answer = refused(caller, ROW, row(**changes))

    assert answer == refusal
    assert caller.invoice(ROW)["DocumentNumber"] == "1"


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"CustomerNumber": "9999"}, (404, 2000433)),
        ({"CustomerNumber": "1008"}, (400, 2000869)),
        ({"Currency": "USD"}, (400, 2000427)),
        ({"DueDate": None}, (400, 2000874)),
        ({"InvoiceDate": "2026-02-30"}, (400, 2000874)),
        ({"InvoiceDate": "2019-12-31"}, (400, 2000868)),
        ({"Country": "Sweden"}, (400, 2000872)),
        ({"DocumentNumber": "F-17"}, (400, 2000108)),
        ({"TermsOfPayment": "31"}, (400, 2000429)),
        ({"ExternalInvoiceReference1": "x" * 81}, (400, 2000107)),
        ({"YourReference": "x" * 51}, (400, 2001600)),
        ({"OurReference": "x" * 51}, (400, 2000107)),
        ({"Comments": "x" * 1025}, (400, 2001896)),
        ({"Remarks": "x" * 1025}, (400, 2000107)),
        ({"YourReference": "Anna — Bo"}, (400, 2000359)),
        ({"Comments": "—"}, (400, 2000359)),
        ({"Remarks": "maj—juni"}, (400, 2000359)),
        ({"VATType": "EXPORT"}, (400, 2001399)),
        ({"InvoiceRows": [ROW] * 501}, (400, 2000867)),
    ],
)
def test_a_wrong_head_refuses_the_invoice(fields: dict[str, Any], refusal: tuple[int, int]) -> None:
    """Each with Fortnox's code, or an invented one where none is known."""
    assert refused(connected(), **fields) == refusal


def test_a_locked_period_refuses_new_invoices_and_changes() -> None:
    """The last locked day is locked, the next is free."""
    caller = connected()
    early = caller.invoice(ROW, InvoiceDate="2026-10-31")
    caller.simulator.change_company(TENANT_ID, {"locked_until": "2026-10-31"})

    assert refused(caller, ROW, InvoiceDate="2026-10-31") == (400, 2000401)
    assert refusal_of(caller.update(early["DocumentNumber"], Comments="Sen")) == (400, 2000401)
    assert caller.invoice(ROW, InvoiceDate="2026-11-01")["Net"] == 25


def test_a_taken_number_is_refused() -> None:
    """Also when the invoice that has it is cancelled."""
    caller = connected()
    caller.invoice(ROW, DocumentNumber="77")
    caller.api("PUT", "/3/invoices/77/cancel")

    assert refused(caller, ROW, DocumentNumber="77") == (400, 2000862)


def test_a_refusal_has_lower_case_keys_and_a_missing_thing_upper_case() -> None:
    """Both casings are recorded."""
    caller = connected()
    bad = value_of(caller.api("POST", "/3/invoices", {"Invoice": {"Ammount": 1}}))["ErrorInformation"]
    missing = value_of(caller.api("GET", "/3/invoices/1"))["ErrorInformation"]

    assert set(bad) == {"error", "message", "code"}
    assert set(missing) == {"Error", "Message", "Code"}


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"", 2001392), (b"{", 2002115), (b'{"Invoice":{"Freight":NaN}}', 2002115), (b'{"Faktura":{}}', 2001392)],
)
def test_an_unreadable_body_is_refused(body: bytes, code: int) -> None:
    """No body, no JSON, or no envelope."""
    caller = connected()
    headers = {"Authorization": f"Bearer {caller.access_token}", "Content-Type": "application/json"}

    assert refusal_of(caller.send("POST", "/3/invoices", headers=headers, body=body)) == (400, code)


# Updates.


def test_an_update_changes_only_what_is_sent() -> None:
    """An empty text keeps the value, `API_BLANK` clears it, and rows stay."""
    caller = connected()
    invoice = caller.invoice(ROW, Comments="Först", Remarks="Text", YourReference="Anna")
    changed = value_of(caller.update("1", Comments="", Remarks="API_BLANK", YourReference="Bo"))["Invoice"]

    assert (changed["Comments"], changed["Remarks"], changed["YourReference"]) == ("Först", "", "Bo")
    assert changed["Net"] == invoice["Net"]


def test_rows_without_ids_are_matched_by_position_and_inherit() -> None:
    """What a row leaves out keeps the old row's value; rows at the end that are not sent are gone."""
    caller = connected()
    caller.invoice(row(Price=10, VAT=6), row(Price=20), row(Price=30))
    changed = value_of(caller.update("1", InvoiceRows=[{"Price": 11}, {"Description": "Ny"}]))["Invoice"]

    assert [(r["Price"], r["VAT"], r["Description"]) for r in changed["InvoiceRows"]] == [
        (11, 6, "Pallplats"),
        (20, 25, "Ny"),
    ]


def test_rows_with_an_id_change_that_row_and_drop_the_unmentioned() -> None:
    """A row without id is new and takes nothing over; an id alone keeps its row."""
    caller = connected()
    first, second, _ = caller.invoice(row(Price=10), row(Price=20), row(Price=30))["InvoiceRows"]
    rows = [{"RowId": second["RowId"]}, row(Price=5), {"RowId": first["RowId"], "Price": 12}]
    changed = value_of(caller.update("1", InvoiceRows=rows))["Invoice"]

    assert [r["Price"] for r in changed["InvoiceRows"]] == [20, 5, 12]


def test_row_ids_change_at_every_update() -> None:
    """Also when no row was sent; an old id is refused."""
    caller = connected()
    (old,) = caller.invoice(ROW)["InvoiceRows"]
    (new,) = value_of(caller.update("1", Comments="x"))["Invoice"]["InvoiceRows"]
    refusal = refusal_of(caller.update("1", InvoiceRows=[{"RowId": old["RowId"], "Price": 1}]))

    assert new["RowId"] != old["RowId"]
    assert refusal == (400, 2000866)


def test_all_rows_can_be_cleared() -> None:
    """An empty list removes them."""
    caller = connected()
    caller.invoice(ROW, ROW)
    changed = value_of(caller.update("1", InvoiceRows=[]))["Invoice"]

    assert (changed["InvoiceRows"], changed["Total"]) == ([], 0)


def test_a_refused_update_changes_nothing() -> None:
    """The good rows before the bad one are not taken either."""
    caller = connected()
    before = caller.invoice(ROW, ROW)
    caller.update("1", Comments="x", InvoiceRows=[{"Price": 99}, {"AccountNumber": 3999}])

    assert value_of(caller.api("GET", "/3/invoices/1"))["Invoice"] == before


@pytest.mark.parametrize(
    ("method", "state", "editable"),
    [
        ("ACCRUAL", {"Booked": True}, False),
        ("ACCRUAL", {"Cancelled": True}, False),
        ("ACCRUAL", {"Sent": True}, True),
        ("CASH", {"Sent": True}, False),
        ("CASH", {"FinalPayDate": "2026-11-20"}, False),
        ("CASH", {"Booked": True}, True),
    ],
)
def test_a_closed_invoice_cannot_be_changed(method: str, state: dict[str, Any], editable: bool) -> None:
    """Cancelled never, booked not with accrual, sent or paid not with the cash method."""
    caller = Caller(companies=[{**default_company(), "accounting_method": method}])
    caller.connect()
    caller.invoice(ROW)
    caller.simulator.change_entry(TENANT_ID, "invoices", "1", state)
    reply = caller.update("1", Comments="x")

    assert (reply.status == 200) is editable
    assert editable or refusal_of(reply) == (400, 2000864)


def test_rows_that_belong_to_an_order_cannot_be_changed() -> None:
    """The head still can."""
    caller = connected()
    caller.invoice(ROW)
    caller.simulator.change_entry(TENANT_ID, "invoices", "1", {"OrderReference": "5"})

    assert refusal_of(caller.update("1", InvoiceRows=[ROW])) == (400, 2000865)
    assert caller.update("1", Comments="x").status == 200


def test_actions_take_no_body_and_set_the_states() -> None:
    """Booked, sent, credited and cancelled as a person would do it."""
    caller = connected()
    caller.invoice(ROW)
    caller.invoice(ROW)
    with_body = caller.api("PUT", "/3/invoices/1/bookkeep", {"Invoice": {}})
    for action in ("1/externalprint", "1/bookkeep", "1/credit", "2/cancel"):
        assert caller.api("PUT", f"/3/invoices/{action}").status == 200
    first = value_of(caller.api("GET", "/3/invoices/1"))["Invoice"]
    second = value_of(caller.api("GET", "/3/invoices/2"))["Invoice"]
    note = value_of(caller.api("GET", "/3/invoices/3"))["Invoice"]

    assert with_body.status == 400
    assert (first["Sent"], first["Booked"], first["CreditInvoiceReference"]) == (True, True, "3")
    assert (second["Cancelled"], note["Credit"], note["Net"]) == (True, "true", -25)


def test_an_invoice_cannot_be_deleted() -> None:
    """There is no such method."""
    caller = connected()
    caller.invoice(ROW)

    assert caller.api("DELETE", "/3/invoices/1").status == 405


# Search.


def test_a_search_finds_substrings_whatever_the_case() -> None:
    """So a client must compare exactly itself."""
    caller = connected()
    for reference in ("ONGOING-nordlager-1-", "ONGOING-nordlager-11-", "other"):
        caller.invoice(ROW, ExternalInvoiceReference1=reference)
    reply = caller.api("GET", "/3/invoices?externalinvoicereference1=going-NORDLAGER-1")

    assert [item["DocumentNumber"] for item in value_of(reply)["Invoices"]] == ["1", "2"]


def test_lists_come_in_pages() -> None:
    """The numbers of resources and pages are told on each page."""
    caller = connected(rate_limit=0)
    for _ in range(5):
        caller.invoice(ROW)
    pages = [value_of(caller.api("GET", f"/3/invoices?limit=2&page={page}")) for page in (1, 2, 3, 4)]

    assert [[item["DocumentNumber"] for item in page["Invoices"]] for page in pages] == [
        ["1", "2"],
        ["3", "4"],
        ["5"],
        [],
    ]
    assert pages[2]["MetaInformation"] == {"@TotalResources": 5, "@TotalPages": 3, "@CurrentPage": 3}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("filter=mine", 2000587),
        ("limit=501", 2000588),
        ("page=0", 2000588),
        ("externalreference=1", 2000588),
        ("sortby=colour", 2000588),
    ],
)
def test_a_wrong_parameter_is_refused(query: str, code: int) -> None:
    """Neither ignored nor guessed."""
    assert refusal_of(connected().api("GET", f"/3/invoices?{query}")) == (400, code)


def test_a_new_invoice_can_be_invisible_to_searches_for_a_while() -> None:
    """It can be read by its number at once."""
    caller = connected(search_delay=3.0)
    caller.invoice(ROW, ExternalInvoiceReference1="key-1-")
    at_once = value_of(caller.api("GET", "/3/invoices?externalinvoicereference1=key-1-"))
    by_number = caller.api("GET", "/3/invoices/1")
    caller.clock.forward(seconds=3)
    later = value_of(caller.api("GET", "/3/invoices?externalinvoicereference1=key-1-"))

    assert at_once["MetaInformation"]["@TotalResources"] == 0
    assert by_number.status == 200
    assert later["MetaInformation"]["@TotalResources"] == 1


def test_stock_articles_can_deliver_nothing() -> None:
    """With the stock module, an article of type STOCK zeroes its row."""
    caller = connected(stock_articles_deliver_nothing=True)
    caller.api("POST", "/3/articles", {"Article": {"ArticleNumber": "200", "Description": "Vara"}})
    invoice = caller.invoice(ROW, row(ArticleNumber="200"))

    assert [stored["Total"] for stored in invoice["InvoiceRows"]] == [25, 0]


def test_the_simulator_needs_no_socket() -> None:
    """A request value is enough, so property tests are cheap."""
    caller = Caller(options=Options())

    assert caller.simulator.handle(Request.to("GET", "/3/invoices")).status == 401
