"""What a bookkeeper sees of an invoice: VAT, accounts, fees, the card's values, credits, e-invoices."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from local.fortnox.seed import TENANT_ID, default_company
from local.http import Reply
from tests.simulators.fortnox_caller import Caller, connected, refusal_of, value_of

ROW = {"ArticleNumber": "100", "DeliveredQuantity": "2", "Price": 50, "Discount": 0}
TYPES = ("SEVAT", "SEREVERSEDVAT", "EUREVERSEDVAT", "EUVAT", "EXPORT")


def with_card(caller: Caller, number: str = "2001", **fields: Any) -> Caller:
    """The caller, whose company has one more customer."""
    caller.simulator.add_customer(TENANT_ID, {"CustomerNumber": number, "Name": "Kund AB", **fields})
    return caller


def invoice_for(caller: Caller, *rows: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An invoice for the customer of `with_card`."""
    return caller.invoice(*(rows or (ROW,)), CustomerNumber="2001", **fields)


def read(caller: Caller, number: str) -> dict[str, Any]:
    return dict(value_of(caller.api("GET", f"/3/invoices/{number}"))["Invoice"])


def posted(caller: Caller, *rows: dict[str, Any], **fields: Any) -> Reply:
    sent = {"CustomerNumber": "2001", "InvoiceRows": list(rows or (ROW,)), **fields}
    return caller.api("POST", "/3/invoices", {"Invoice": sent})


def ec_sales_list(caller: Caller) -> list[dict[str, Any]]:
    return caller.simulator.ec_sales_list(TENANT_ID, date(2026, 1, 1), date(2026, 12, 31))


# VAT and accounts.


@pytest.mark.parametrize(
    ("vat_type", "service", "account", "vat"),
    [
        ("SEVAT", True, 3041, 25),
        ("SEVAT", False, 3001, 25),
        ("SEREVERSEDVAT", True, 3231, 0),
        ("SEREVERSEDVAT", False, 3231, 0),
        ("EUREVERSEDVAT", True, 3308, 0),
        ("EUREVERSEDVAT", False, 3108, 0),
        ("EUVAT", True, 3307, 25),
        ("EUVAT", False, 3106, 25),
        ("EXPORT", True, 3305, 0),
        ("EXPORT", False, 3105, 0),
    ],
)
def test_fortnox_chooses_the_account_by_vat_type_and_kind_of_article(
    vat_type: str, service: bool, account: int, vat: int
) -> None:
    """When the row names none; the VAT follows."""
    caller = with_card(connected(), VATType=vat_type)
    article = {"ArticleNumber": "T", "Description": "Sak", "Type": "SERVICE" if service else "STOCK"}
    caller.api("POST", "/3/articles", {"Article": article})
    invoice = invoice_for(caller, {**ROW, "ArticleNumber": "T"})
    (row,) = invoice["InvoiceRows"]

    assert (row["AccountNumber"], row["VAT"], invoice["TotalVAT"]) == (account, vat, vat)


def test_a_new_service_can_get_the_accounts_of_goods() -> None:
    """Then services to the EU are told as goods."""
    caller = with_card(connected(service_accounts_for_services=False), VATType="EUREVERSEDVAT", VATNumber="DK12345678")
    caller.api("POST", "/3/articles", {"Article": {"ArticleNumber": "T", "Description": "Plock", "Type": "SERVICE"}})
    (row,) = invoice_for(caller, {**ROW, "ArticleNumber": "T"})["InvoiceRows"]

    assert row["AccountNumber"] == 3108
    assert [(line["Goods"], line["Services"]) for line in ec_sales_list(caller)] == [(100, 0)]


@pytest.mark.parametrize("vat_type", TYPES)
def test_an_explicit_account_wins(vat_type: str) -> None:
    """Also a domestic one on a sale abroad; its VAT is charged where the customer pays VAT."""
    invoice = invoice_for(with_card(connected(), VATType=vat_type), {**ROW, "AccountNumber": 3041})
    (row,) = invoice["InvoiceRows"]

    assert row["AccountNumber"] == 3041
    assert invoice["TotalVAT"] == (25 if vat_type in ("SEVAT", "EUVAT") else 0)


def test_an_account_without_vat_code_bears_no_vat() -> None:
    """Even for an ordinary Swedish customer: nothing is said."""
    caller = connected()
    caller.simulator.change_entry(TENANT_ID, "accounts", "3041", {"VATCode": ""})

    assert caller.invoice({**ROW, "AccountNumber": 3041})["TotalVAT"] == 0


@pytest.mark.parametrize("code", ["MP1", "MP2", "MP3"])
def test_the_vat_code_gives_the_rate(code: str) -> None:
    """25, 12 and 6 per cent."""
    caller = connected(total_rounded=False)
    caller.simulator.change_entry(TENANT_ID, "accounts", "3051", {"VATCode": code})
    invoice = caller.invoice({**ROW, "AccountNumber": 3051})

    assert invoice["TotalVAT"] == {"MP1": 25, "MP2": 12, "MP3": 6}[code]


def test_a_company_without_vat_has_none_anywhere() -> None:
    """Whatever its chart of accounts says; the company's settings tell."""
    caller = connected()
    caller.simulator.change_company(TENANT_ID, {"vat_registered": False})
    invoice = caller.invoice({**ROW, "AccountNumber": 3041, "VAT": 25}, CustomerNumber="1005")
    settings = value_of(caller.api("GET", "/3/settings/company"))["CompanySettings"]

    assert (invoice["TotalVAT"], invoice["AdministrationFeeVAT"], invoice["Total"]) == (0, 0, 145)
    assert settings["TaxEnabled"] is False


def test_no_vat_for_an_ordinary_customer_takes_the_account_without() -> None:
    """Measured: 0 % goes to 3004."""
    (row,) = connected().invoice({**ROW, "VAT": 0})["InvoiceRows"]

    assert (row["AccountNumber"], row["VAT"]) == (3004, 0)


def test_vat_for_a_reverse_charge_customer_is_accepted() -> None:
    """Measured: 25 % is accepted and stands on the account of reverse charge."""
    invoice = invoice_for(with_card(connected(), VATType="SEREVERSEDVAT"), {**ROW, "VAT": 25})

    assert (invoice["InvoiceRows"][0]["AccountNumber"], invoice["TotalVAT"]) == (3231, 25)


def test_the_invoice_keeps_the_vat_type_of_its_creation() -> None:
    """The card's later change does not touch it, but a row that is added takes the card's account."""
    caller = with_card(connected(), VATType="EUREVERSEDVAT")
    invoice_for(caller)
    caller.simulator.change_entry(TENANT_ID, "customers", "2001", {"VATType": "SEVAT"})
    changed = value_of(caller.update("1", InvoiceRows=[{"Price": 60}, ROW]))["Invoice"]

    assert [(row["AccountNumber"], row["VAT"]) for row in changed["InvoiceRows"]] == [(3308, 0), (3041, 0)]


def test_a_new_customer_on_an_invoice_brings_its_vat_type() -> None:
    """The rows that are there keep theirs, the next ones follow."""
    caller = with_card(connected(), VATType="EXPORT")
    invoice_for(caller)
    changed = value_of(caller.update("1", CustomerNumber="1001", InvoiceRows=[]))["Invoice"]
    (row,) = value_of(caller.update("1", InvoiceRows=[ROW]))["Invoice"]["InvoiceRows"]

    assert changed["CustomerName"] == "Kaffe & Kakao AB"
    assert (row["AccountNumber"], row["VAT"]) == (3041, 25)


def test_the_ec_sales_list_has_what_stands_on_its_accounts() -> None:
    """In kronor, goods and services apart; a sale on a domestic account is missing, a credit is taken off."""
    caller = connected(foreign_rate_is_one=False)
    caller.api("POST", "/3/articles", {"Article": {"ArticleNumber": "V", "Description": "Vara"}})
    for row in (ROW, {**ROW, "ArticleNumber": "V"}, {**ROW, "AccountNumber": 3041}, {**ROW, "Price": 10}):
        caller.invoice(row, CustomerNumber="1003")
    caller.api("PUT", "/3/invoices/4/credit")
    caller.invoice(ROW)
    caller.invoice(ROW, CustomerNumber="1003")
    caller.api("PUT", "/3/invoices/7/cancel")

    assert ec_sales_list(caller) == [
        {
            "CustomerNumber": "1003",
            "VATNumber": "DK12345678",
            "VATType": "EUREVERSEDVAT",
            "Goods": 1125,
            "Services": 1125,
            "Invoices": ["1", "2", "4", "5"],
        }
    ]


@pytest.mark.parametrize("number", ["12345678", "DK", "dk12345678", "DK-12345678"])
def test_a_wrong_vat_number_on_the_card_refuses_the_invoice(number: str) -> None:
    """Whoever is sent as customer; another VAT type does not ask."""
    wrong = with_card(connected(), VATType="EUREVERSEDVAT", VATNumber=number)
    ordinary = with_card(connected(), VATNumber=number)

    assert refusal_of(posted(wrong)) == (400, 2004194)
    assert posted(ordinary).status == 201


def test_a_housework_type_comes_with_the_article() -> None:
    """Even with its box not ticked, it refuses an ordinary invoice."""
    caller = connected()
    caller.simulator.change_entry(TENANT_ID, "articles", "100", {"HouseworkType": "CLEANING"})

    assert refusal_of(posted(with_card(caller))) == (400, 2004021)


def test_an_article_can_carry_an_account_that_is_not_there() -> None:
    """The text names the account, and no field."""
    caller = with_card(connected())
    caller.simulator.change_entry(TENANT_ID, "articles", "100", {"SalesAccount": 3777})
    reply = posted(caller)

    assert refusal_of(reply) == (400, 2001303)
    assert value_of(reply)["ErrorInformation"]["message"] == "Kunde inte hitta konto 3777"


# Fees.


def test_fees_lie_on_the_header_and_not_in_net() -> None:
    """Measured: rows 7515.20, freight 88 and its VAT 22, total 9504."""
    caller = with_card(connected(), InvoiceFreight="88")
    invoice = invoice_for(caller, {**ROW, "DeliveredQuantity": "1", "Price": 7515.20})

    assert (invoice["Net"], invoice["Freight"], invoice["FreightVAT"]) == (Decimal("7515.2"), 88, 22)
    assert (invoice["TotalVAT"], invoice["Total"]) == (Decimal("1900.8"), 9504)


@pytest.mark.parametrize(("sent", "total"), [({}, 306), ({"AdministrationFee": 0}, 250), ({"Freight": 0}, 181)])
def test_a_fee_is_the_cards_unless_one_is_sent(sent: dict[str, Any], total: int) -> None:
    """0 is none."""
    caller = with_card(connected(), InvoiceAdministrationFee="45", InvoiceFreight="100")
    invoice = invoice_for(caller, **sent)

    assert (invoice["Net"], invoice["Total"]) == (100, total)


def test_no_vat_on_fees_abroad() -> None:
    """As for the rows."""
    caller = with_card(connected(), InvoiceFreight="100", VATType="EXPORT")
    invoice = invoice_for(caller)

    assert (invoice["FreightVAT"], invoice["Total"]) == (0, 200)


def test_a_fee_is_gross_where_prices_are() -> None:
    """Measured with VATIncluded."""
    caller = with_card(connected(), InvoiceFreight="125")
    invoice = invoice_for(caller, {**ROW, "Price": 125}, VATIncluded=True)

    assert (invoice["Net"], invoice["Freight"], invoice["FreightVAT"], invoice["Total"]) == (200, 125, 25, 375)


# The card fills what is not sent.

CARD = {
    "YourReference": "Kst 4410 / Inköp",
    "OurReference": "Anna",
    "InvoiceRemark": "Ange avtal 77-2025 vid betalning",
    "InvoiceAdministrationFee": "45",
    "InvoiceFreight": "100",
    "TermsOfPayment": "20",
    "DeliveryName": "Lagret",
    "DeliveryAddress1": "Port 4",
    "DeliveryCity": "Malmö",
    "DeliveryZipCode": "211 20",
    "DeliveryCountry": "Sverige",
    "Currency": "EUR",
    "PriceList": "B",
    "Language": "EN",
    "CostCenter": "LAGER",
}


def test_the_card_fills_what_is_not_sent() -> None:
    """References, text, fees, terms, delivery address, currency, language, price list, cost centre."""
    invoice = invoice_for(with_card(connected(), **CARD), InvoiceDate="2026-11-01")
    copied = {name: invoice[name] for name in CARD if name in invoice}

    assert copied == {name: value for name, value in CARD.items() if not name.startswith("Invoice")}
    assert (invoice["Remarks"], invoice["DueDate"]) == (CARD["InvoiceRemark"], "2026-11-21")
    assert (invoice["AdministrationFee"], invoice["Freight"]) == (45, 100)
    assert invoice["InvoiceRows"][0]["CostCenter"] == "LAGER"


def test_what_is_sent_comes_before_the_card() -> None:
    """An empty text counts as not sent."""
    invoice = invoice_for(with_card(connected(), **CARD), YourReference="Bo", OurReference="", Language="SV")

    assert (invoice["YourReference"], invoice["OurReference"], invoice["Language"]) == ("Bo", "Anna", "SV")


def test_a_price_that_is_not_sent_is_the_price_lists() -> None:
    """The card's list, or the one that is sent."""
    company = {**default_company(), "prices": {"A": {"100": 10}, "B": {"100": 12.5}}}
    caller = Caller(companies=[company])
    caller.connect()
    with_card(caller, PriceList="B")
    row = {"ArticleNumber": "100", "DeliveredQuantity": "2"}

    assert [invoice_for(caller, row)["Net"], invoice_for(caller, row, PriceList="A")["Net"]] == [25, 20]
    assert invoice_for(caller, ROW)["Net"] == 100


def test_a_discount_of_zero_is_honoured_unless_switched() -> None:
    """Otherwise it counts as not sent."""
    honoured = with_card(connected(), InvoiceDiscount=Decimal(10))
    ignored = with_card(connected(zero_discount_honoured=False), InvoiceDiscount=Decimal(10))

    assert [invoice_for(caller)["Net"] for caller in (honoured, ignored)] == [100, 90]


def test_a_rate_set_by_hand_stays() -> None:
    """Until a currency is sent without one."""
    caller = with_card(connected(), Currency="EUR")
    invoice_for(caller)
    caller.simulator.person_changes_invoice(TENANT_ID, "1", {"CurrencyRate": 11.4})
    kept = value_of(caller.update("1", Comments="x", InvoiceRows=[ROW]))["Invoice"]["CurrencyRate"]
    lost = value_of(caller.update("1", Currency="EUR"))["Invoice"]["CurrencyRate"]

    assert (kept, lost) == (Decimal("11.4"), 1)


# Texts.


def test_long_texts_are_cut_in_silence() -> None:
    """The order number at 30, the delivery address at 60, a row's text at 255."""
    caller = connected()
    invoice = caller.invoice(
        {**ROW, "Description": "x" * 300}, YourOrderNumber="n" * 40, DeliveryAddress1="a" * 70, DeliveryName="d" * 200
    )
    lengths = [len(invoice[name]) for name in ("YourOrderNumber", "DeliveryAddress1", "DeliveryName")]

    assert [*lengths, len(invoice["InvoiceRows"][0]["Description"])] == [30, 60, 200, 255]


def test_line_breaks_vanish_in_rows_and_stay_in_the_head() -> None:
    """The words grow together."""
    invoice = connected().invoice({**ROW, "Description": "ett\r\ntvå"}, Comments="ett\ntvå", Remarks="ett\ntvå")

    assert invoice["InvoiceRows"][0]["Description"] == "etttvå"
    assert (invoice["Comments"], invoice["Remarks"]) == ("ett\ntvå", "ett\ntvå")


@pytest.mark.parametrize(
    ("options", "sent", "kept"),
    [
        ({}, "", "Först"),
        ({}, None, "Först"),
        ({"null": "clears"}, None, ""),
        ({}, "API_BLANK", ""),
        ({"api_blank": "keeps"}, "API_BLANK", "Först"),
        ({"api_blank": "is_stored"}, "API_BLANK", "API_BLANK"),
    ],
)
def test_what_clears_a_text(options: dict[str, Any], sent: str | None, kept: str) -> None:
    """An empty text never; the others as the option says."""
    caller = connected(**options)
    caller.invoice(ROW, Remarks="Först")

    assert value_of(caller.update("1", Remarks=sent))["Invoice"]["Remarks"] == kept


def test_the_mark_that_clears_can_be_refused() -> None:
    """Then nothing is changed."""
    caller = connected(api_blank="is_refused")
    caller.invoice(ROW, Remarks="Först")

    assert caller.update("1", Remarks="API_BLANK", Comments="x").status == 400
    assert read(caller, "1")["Comments"] == ""


def test_null_for_a_rows_account_is_no_account() -> None:
    """Measured."""
    (row,) = connected().invoice({**ROW, "AccountNumber": None})["InvoiceRows"]

    assert row["AccountNumber"] == 0


# Credits.


def test_a_negative_invoice_is_a_credit_with_its_fees_turned() -> None:
    """`Credit` is a text; an update that makes it positive turns it back."""
    caller = with_card(connected(), InvoiceAdministrationFee="45", InvoiceFreight="100")
    created = invoice_for(caller, {**ROW, "DeliveredQuantity": "1", "Price": -250})
    changed = value_of(caller.update("1", InvoiceRows=[{"Price": 250}]))["Invoice"]

    assert (created["Credit"], created["AdministrationFee"], created["Freight"]) == ("true", -45, -100)
    assert (created["Net"], created["CreditInvoiceReference"]) == (-250, "0")
    assert (changed["Credit"], changed["AdministrationFee"], changed["Freight"]) == ("false", 45, 100)


def test_a_negative_invoice_can_stay_an_invoice() -> None:
    """When the option says so."""
    invoice = connected(negative_total_is_credit=False).invoice({**ROW, "Price": -250}, CustomerNumber="1005")

    assert (invoice["Credit"], invoice["AdministrationFee"]) == ("false", 45)


def test_a_credit_is_a_new_invoice_that_refers_to_the_old() -> None:
    """Both name each other; amounts and fees are turned; our reference is on both."""
    caller = connected()
    caller.invoice(ROW, CustomerNumber="1005", ExternalInvoiceReference1="ours-1-")
    answered = value_of(caller.api("PUT", "/3/invoices/1/credit"))["Invoice"]
    note = read(caller, "2")

    assert (answered["DocumentNumber"], answered["CreditInvoiceReference"]) == ("1", "2")
    assert (note["Credit"], note["CreditInvoiceReference"], note["ExternalInvoiceReference1"]) == (
        "true",
        "1",
        "ours-1-",
    )
    assert (note["Net"], note["AdministrationFee"], note["Total"]) == (-100, -45, -answered["Total"])
    assert value_of(caller.update("2", Comments="x"))["Invoice"]["Credit"] == "true"


def test_a_second_credit_makes_another_unless_refused() -> None:
    """The first one is then no longer named by the invoice."""
    loose, strict = connected(), connected(second_credit="is_refused")
    for caller in (loose, strict):
        caller.invoice(ROW)
        caller.api("PUT", "/3/invoices/1/credit")

    assert loose.api("PUT", "/3/invoices/1/credit").status == 200
    assert read(loose, "1")["CreditInvoiceReference"] == "3"
    assert strict.api("PUT", "/3/invoices/1/credit").status == 400
    assert strict.api("GET", "/3/invoices/3").status == 404


def test_a_credit_can_need_a_booked_invoice() -> None:
    """When the option says so."""
    caller = connected(credit_needs_booking=True)
    caller.invoice(ROW)
    before = caller.api("PUT", "/3/invoices/1/credit").status
    caller.api("PUT", "/3/invoices/1/bookkeep")

    assert [before, caller.api("PUT", "/3/invoices/1/credit").status] == [400, 200]


def test_cancelling_twice_is_refused() -> None:
    """With a code of its own."""
    caller = connected()
    caller.invoice(ROW)
    caller.api("PUT", "/3/invoices/1/cancel")

    assert refusal_of(caller.api("PUT", "/3/invoices/1/cancel")) == (400, 2001279)


# Forms of an answer.


def test_flags_can_be_texts() -> None:
    """In the invoice, in lists and in the answers of changes."""
    caller = connected(flags_as_text=True)
    created = caller.invoice(ROW)
    (item,) = value_of(caller.api("GET", "/3/invoices"))["Invoices"]
    sent = value_of(caller.api("PUT", "/3/invoices/1/externalprint"))["Invoice"]

    assert (created["Sent"], item["Cancelled"], sent["Sent"], sent["Booked"]) == ("false", "false", "true", "false")


@pytest.mark.parametrize(("form", "expected"), [("null", {None}), ("text", {""}), ("as_recorded", {None, ""})])
def test_a_date_that_is_not_there_can_be_null_or_empty(form: str, expected: set[str | None]) -> None:
    """Recorded are both, each for its fields."""
    caller = connected(empty_dates=form)
    caller.invoice(ROW)
    invoice = read(caller, "1")

    assert {invoice[name] for name in ("DeliveryDate", "FinalPayDate", "InvoicePeriodEnd")} == expected
    assert invoice["InvoiceDate"] == "2026-11-22"


@pytest.mark.parametrize(
    ("option", "value", "found"),
    [
        ("parts", "1-", ["1", "2", "3"]),
        ("starts", "x-1-", ["1", "2"]),
        ("exact", "x-1-", ["1"]),
        ("starts", "1-", []),
        ("exact", "x-1", []),
    ],
)
def test_a_reference_is_found_by_parts_start_or_whole(option: str, value: str, found: list[str]) -> None:
    """Whichever it is, a client must compare by itself."""
    caller = connected(reference_search=option)
    for reference in ("x-1-", "X-1-2-", "xx-1-"):
        caller.invoice(ROW, ExternalInvoiceReference1=reference)
    items = value_of(caller.api("GET", f"/3/invoices?externalinvoicereference1={value}"))["Invoices"]

    assert [item["DocumentNumber"] for item in items] == found


# Rules for e-invoices since 30 June 2026.

ADDRESS = ("DeliveryAddress1", "DeliveryAddress2", "DeliveryZipCode", "DeliveryCity")


@pytest.mark.parametrize("field", ADDRESS)
@pytest.mark.parametrize("on_card", [True, False])
def test_an_e_invoice_with_a_delivery_address_needs_a_country(field: str, on_card: bool) -> None:
    """Also when the address comes from the card."""
    caller = with_card(connected(), **({field: "x"} if on_card else {}))
    invoice_for(caller, **({} if on_card else {field: "x"}))
    refused = caller.api("GET", "/3/invoices/1/einvoice").status
    caller.update("1", DeliveryCountry="Sverige")

    assert (refused, read(caller, "1")["Sent"]) == (400, False)
    assert caller.api("GET", "/3/invoices/1/einvoice").status == 200
    assert read(caller, "1")["Sent"] is True


@pytest.mark.parametrize("vat_type", TYPES)
def test_an_e_invoice_with_eu_reverse_charge_needs_a_delivery_date(vat_type: str) -> None:
    """The other VAT types do not."""
    caller = with_card(connected(), VATType=vat_type)
    invoice_for(caller)
    invoice_for(caller, DeliveryDate="2026-10-31")
    statuses = [caller.api("GET", f"/3/invoices/{number}/einvoice").status for number in (1, 2)]

    assert statuses == [400 if vat_type == "EUREVERSEDVAT" else 200, 200]


# What people do in Fortnox.


def test_a_person_changes_an_invoice_within_fortnoxs_rules() -> None:
    """The amounts follow, the log of calls has nothing of it, and a booked invoice is closed for people too."""
    caller = connected()
    caller.invoice(ROW)
    calls = len(caller.simulator.calls())
    caller.simulator.person_changes_invoice(
        TENANT_ID, "1", {"Comments": "Ringt kunden", "InvoiceRows": [{"DeliveredQuantity": "1"}]}
    )
    caller.simulator.person_acts(TENANT_ID, "1", "bookkeep")

    assert len(caller.simulator.calls()) == calls
    assert (read(caller, "1")["Net"], read(caller, "1")["Comments"]) == (50, "Ringt kunden")
    with pytest.raises(ValueError, match="2000864"):
        caller.simulator.person_changes_invoice(TENANT_ID, "1", {"Comments": "x"})


def test_a_person_pays_in_parts() -> None:
    """Only what settles it gives the date."""
    caller = connected()
    caller.invoice(ROW)
    caller.simulator.person_pays(TENANT_ID, "1", Decimal(25))
    part = read(caller, "1")
    caller.simulator.person_pays(TENANT_ID, "1")
    whole = read(caller, "1")

    assert (part["Balance"], part["FinalPayDate"]) == (100, None)
    assert (whole["Balance"], whole["FinalPayDate"]) == (0, "2026-11-22")


def test_a_person_copies_an_invoice_with_our_reference() -> None:
    """Two invoices then answer to it, and the copy is open."""
    caller = connected()
    caller.invoice(ROW, ExternalInvoiceReference1="ours-1-")
    caller.api("PUT", "/3/invoices/1/bookkeep")
    number = caller.simulator.person_copies_invoice(TENANT_ID, "1")
    found = value_of(caller.api("GET", "/3/invoices?externalinvoicereference1=ours-1-"))["Invoices"]

    assert [item["DocumentNumber"] for item in found] == ["1", number]
    assert (read(caller, number)["Booked"], read(caller, number)["Net"]) == (False, 100)
    assert caller.invoice(ROW)["DocumentNumber"] == "3"


def test_a_person_gives_a_customer_another_number() -> None:
    """Its invoices follow, and the old number is free."""
    caller = connected()
    caller.invoice(ROW)
    caller.simulator.person_renumbers(TENANT_ID, "customers", "1001", "5001")

    assert read(caller, "1")["CustomerNumber"] == "5001"
    assert caller.api("GET", "/3/customers/1001").status == 404
    assert value_of(caller.api("GET", "/3/customers/5001"))["Customer"]["Name"] == "Kaffe & Kakao AB"
    with pytest.raises(ValueError, match="have '1002' already"):
        caller.simulator.person_renumbers(TENANT_ID, "customers", "5001", "1002")


def test_a_deleted_customers_number_becomes_somebody_elses() -> None:
    """By hand too."""
    caller = with_card(connected(), number="1010")
    caller.simulator.person_deletes_customer(TENANT_ID, "1010")
    caller.simulator.person_creates_customer(TENANT_ID, {"Name": "Någon annan AB"})

    assert value_of(caller.api("GET", "/3/customers/1010"))["Customer"]["Name"] == "Någon annan AB"
