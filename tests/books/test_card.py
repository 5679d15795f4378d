"""The customer's own values: what Ongoing never had is never blanked or replaced."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from invoicing.application.agree_customer import Pair, agree_customer
from invoicing.application.decide_invoice import decide_invoice
from invoicing.domain.decision import Way
from invoicing.domain.export import EventKind, ExportState
from invoicing.domain.issue import IssueCode

from local.fortnox.seed import TENANT_ID
from local.ongoing.seed import MOBLER
from tests.books.books import NUMBER, Books, charge

CARD: dict[str, Any] = {
    "YourReference": "Kst 4410 / Inköp",
    "OurReference": "Anna",
    "InvoiceRemark": "Ange avtal 77-2025 vid betalning",
    "TermsOfPayment": "20",
    "DeliveryName": "Lagret",
    "DeliveryAddress1": "Port 4",
    "DeliveryCity": "Malmö",
    "DeliveryZipCode": "211 20",
    "DeliveryCountry": "Sverige",
    "CostCenter": "LAGER",
}
ON_INVOICE = {name: value for name, value in CARD.items() if name != "InvoiceRemark"}
MORE = charge(quantity=Decimal(13))


def kept(books: Books, names: dict[str, Any]) -> dict[str, Any]:
    return {name: books.document[name] for name in names}


def test_the_cards_values_are_on_the_new_invoice() -> None:
    """None is blanked."""
    assert kept(Books().card(**CARD).sent(), ON_INVOICE) == ON_INVOICE


@pytest.mark.parametrize("name", ON_INVOICE)
def test_an_update_keeps_what_the_card_filled(name: str) -> None:
    """Ongoing never had it."""
    books = Books().card(**CARD).sent().wms_invoice(MORE).run()

    assert (books.document["Net"], books.document[name]) == (1105, ON_INVOICE[name])


PERSONS: dict[str, Any] = {
    "YourReference": "Bo i lagret",
    "YourOrderNumber": "PO-77",
    "OurReference": "Cecilia",
    "Comments": "Ringt kunden",
    "TermsOfPayment": "60",
    "DueDate": "2026-05-31",
    "DeliveryName": "Bakporten",
    "Language": "EN",
    "PrintTemplate": "ow",
    "WayOfDelivery": "",
    "EUQuarterlyReport": True,
}


@pytest.mark.parametrize("name", [name for name in PERSONS if name != "WayOfDelivery"])
def test_an_update_keeps_what_a_person_filled(name: str) -> None:
    """In Fortnox, after we made it."""
    books = Books().sent().person_changes(**{name: PERSONS[name]})
    books.wms_invoice(MORE).run()

    assert (books.document["Net"], books.document[name]) == (1105, PERSONS[name])


@pytest.mark.parametrize("name", ["your_reference", "your_order_number"])
@pytest.mark.parametrize(
    ("options", "cleared"),
    [
        ({}, True),
        ({"api_blank": "keeps", "null": "clears"}, True),
        ({"api_blank": "is_stored", "null": "clears"}, True),
        ({"api_blank": "is_refused", "null": "clears"}, True),
        ({"api_blank": "keeps"}, False),
        ({"api_blank": "is_refused"}, False),
    ],
    ids=["mark", "null", "null, mark stored", "null, mark refused", "nothing", "nothing, mark refused"],
)
def test_what_we_filled_is_cleared_when_ongoing_has_it_no_more(
    options: dict[str, Any], cleared: bool, name: str
) -> None:
    """Both ways of clearing are tried, and what cannot be cleared is said."""
    field = {"your_reference": "YourReference", "your_order_number": "YourOrderNumber"}[name]
    books = Books().options(**options).wms_invoice(**{name: "Åsa 17"}).sent()
    filled = books.document[field]
    books.wms_invoice(**{name: None}).run()

    assert filled == "Åsa 17"
    assert (books.document[field] == "") is cleared
    assert cleared or books.issue


STUBBORN = {"api_blank": "keeps"}  # and null is refused as well


@pytest.mark.parametrize("name", ["your_reference", "your_order_number"])
@pytest.mark.parametrize("hours", [1, 2, 30])
def test_what_could_not_be_cleared_stays_said_until_it_is_gone(hours: int, name: str) -> None:
    """No run takes it for right, however often it looks; when a person cleared it in Fortnox, it is done."""
    field = {"your_reference": "YourReference", "your_order_number": "YourOrderNumber"}[name]
    books = Books().options(**STUBBORN).wms_invoice(**{name: "Åsa 17"}).sent()
    books.wms_invoice(**{name: None}).run()
    for _ in range(hours):
        books.run(after=timedelta(hours=1))
    stays = (books.record.state, books.record.issue and books.record.issue.code)
    books.asked(kind=EventKind.RETRY)
    retried = books.record.state
    books.world.fortnox.change_entry(TENANT_ID, "invoices", books.record.fortnox_number, {field: ""})
    books.run(after=timedelta(hours=1))

    assert stays == (ExportState.HELD, IssueCode.TEXT_NOT_CLEARED)
    assert retried is ExportState.HELD
    assert (books.record.state, books.marked) == (ExportState.DONE, True)


def test_what_could_not_be_cleared_is_tried_again_by_the_next_update() -> None:
    """And said again, because it is still what we filled."""
    books = Books().options(**STUBBORN).wms_invoice(your_reference="Åsa 17").sent()
    books.wms_invoice(your_reference=None).run()
    books.wms_invoice(MORE).run()
    again = books.record.issue and books.record.issue.code
    books.options(api_blank="clears").wms_invoice(charge(quantity=Decimal(14))).run()

    assert again is IssueCode.TEXT_NOT_CLEARED
    assert (books.document["YourReference"], books.document["Net"]) == ("", 1190)
    assert books.record.state is ExportState.DONE


def test_what_could_not_be_cleared_can_be_kept() -> None:
    """A person says that the text may stay."""
    books = Books().options(**STUBBORN).wms_invoice(your_reference="Åsa 17").sent()
    books.wms_invoice(your_reference=None).run()
    decide_invoice(books.world.change_tools(), books.integration, NUMBER, Way.KEEP, by="anna")
    books.run(by="anna").run(after=timedelta(hours=1))

    assert (books.document["YourReference"], books.record.state) == ("Åsa 17", ExportState.DONE)


def test_a_reference_that_changed_in_ongoing_is_updated() -> None:
    """It is Ongoing's."""
    books = Books().card(YourReference="Kst 4410").wms_invoice(your_reference="Åsa").sent()
    first = books.document["YourReference"]
    books.wms_invoice(your_reference="Bo").run()

    assert (first, books.document["YourReference"]) == ("Åsa", "Bo")


# Remarks.

AGREEMENT = "Ange avtal 77-2025 vid betalning"


@pytest.mark.parametrize("again", [False, True])
def test_the_customers_text_comes_before_ours(again: bool) -> None:
    """Both are there, once each, also after an update."""
    books = Books().card(InvoiceRemark=AGREEMENT).sent()
    if again:
        books.wms_invoice(MORE).run()
    remarks = books.document["Remarks"]

    assert remarks.startswith(AGREEMENT)
    assert (remarks.count(AGREEMENT), remarks.count("Lager och hantering 2026-02")) == (1, 1)


@pytest.mark.parametrize("length", [980, 1020, 1024])
def test_a_long_text_of_the_customers_is_kept_whole(length: int) -> None:
    """Within 1,024 characters; ours is cut first."""
    books = Books().card(InvoiceRemark="x" * length).sent()
    remarks = books.document["Remarks"]

    assert remarks.startswith("x" * length)
    assert len(remarks) <= 1024


def test_without_a_text_of_ours_the_customers_stays() -> None:
    """The setting *no text*."""
    books = Books().settings(invoice_text="none").card(InvoiceRemark=AGREEMENT).sent().wms_invoice(MORE).run()

    assert books.document["Remarks"] == AGREEMENT


def test_a_text_that_a_person_wrote_stays() -> None:
    """In Fortnox, after we made the invoice."""
    books = Books().sent().person_changes(Remarks="Enligt överenskommelse med Lena").wms_invoice(MORE).run()

    assert "Enligt överenskommelse med Lena" in books.document["Remarks"]


# Fees.

FEES = {"InvoiceAdministrationFee": "45", "InvoiceFreight": "100"}


def test_fees_are_as_on_the_customer() -> None:
    """Fortnox adds them, and that is no difference."""
    books = Books().card(**FEES).sent().wms_invoice(MORE).run()

    assert (books.document["AdministrationFee"], books.document["Freight"]) == (45, 100)
    assert (books.record.state, books.record.fortnox_net) == (ExportState.DONE, Decimal(1105))


@pytest.mark.parametrize("name", FEES)
def test_fees_can_be_none(name: str) -> None:
    """Sent as 0, on creation and on update."""
    books = Books().settings(fees="none").card(**{name: FEES[name]}).sent()
    created = books.document["Total"]
    books.wms_invoice(MORE).run()

    assert (created, books.document["Total"]) == (1275, 1381)


def test_fees_on_a_credit_are_turned_and_no_difference() -> None:
    """A negative month with a customer who has fees."""
    books = Books().card(**FEES).wms_invoice(charge(quantity=Decimal(-12))).sent()

    assert (books.document["AdministrationFee"], books.record.fortnox_net) == (-45, Decimal(-1020))


# Discount, price list, currency.


@pytest.mark.parametrize("quantity", ["12", "-12", "0.5"])
def test_a_card_with_discount_and_price_list_changes_no_amount(quantity: str) -> None:
    """Every price and every discount is sent."""
    books = Books().card(InvoiceDiscount=Decimal(10), PriceList="B").wms_invoice(charge(quantity=Decimal(quantity)))
    books.sent().wms_invoice(charge(quantity=Decimal(quantity) * 2)).run()

    assert books.document["Net"] == Decimal(quantity) * 170
    assert books.record.state is ExportState.DONE


def test_a_discount_that_cannot_be_refused_is_never_silent() -> None:
    """Fortnox gives the customer's discount whatever is sent: the difference is an issue."""
    books = Books().options(zero_discount_honoured=False).card(InvoiceDiscount=Decimal(10)).run()

    assert (books.record.state, books.marked) == (ExportState.HELD, False)
    assert "1020" in books.issue


def test_a_rate_that_a_person_set_stays() -> None:
    """An update changes no rate and no unit."""
    books = Books().card(Currency="EUR").owner(currency="EUR").sent()
    books.person_changes(CurrencyRate=Decimal("11.4"), CurrencyUnit=1).wms_invoice(MORE).run()

    assert (books.document["Net"], books.document["CurrencyRate"]) == (1105, Decimal("11.4"))


def test_a_new_invoice_in_euro_gets_the_registers_rate() -> None:
    """Not 1, which Fortnox takes when nothing is said."""
    books = Books().card(Currency="EUR").owner(currency="EUR").sent()

    assert books.document["CurrencyRate"] == Decimal("11.25")


@pytest.mark.parametrize("currency", [None, "", " "])
def test_no_currency_beside_a_foreign_one_is_not_the_same(currency: str | None) -> None:
    """1020 kronor never become 1020 euro."""
    books = Books().card(Currency="EUR").owner(currency=currency).run()

    assert books.documents == {}
    assert "EUR" in books.issue


def test_no_currency_beside_kronor_is_kronor() -> None:
    """The ordinary case of a warehouse that never filled it in."""
    books = Books().owner(currency=None).sent()

    assert (books.document["Currency"], books.record.state) == ("SEK", ExportState.DONE)


# Whose invoice.


def taken_over(books: Books, name: str, **fields: Any) -> Books:
    """Customer 1001 is deleted, and its number is given to somebody else."""
    books.world.fortnox.person_deletes_customer(TENANT_ID, "1001")
    books.world.fortnox.add_customer(TENANT_ID, {"CustomerNumber": "1001", "Name": name, **fields})
    return books


def test_a_number_that_became_somebody_elses_is_asked_about() -> None:
    """The next invoice waits, with both names; at the latest when our memory of a day is over."""
    books = taken_over(Books().sent(), "Biltvätt i Borås AB", OrganisationNumber="556999-9999")
    books.world.later(days=2)
    books.another(7001).run()
    record = books.record_of(7001)

    assert len(books.documents) == 1
    assert record is not None
    assert record.issue is not None
    assert {"Kaffe & Kakao AB", "Biltvätt i Borås AB"} <= set(record.issue.params.values())


@pytest.mark.parametrize("vat_type", ["SEVAT", "EXPORT"])
def test_a_number_that_became_somebody_elses_within_a_day_is_seen_in_the_answer(vat_type: str) -> None:
    """While we still remember the one who had it: held before it is marked, and run after run."""
    books = taken_over(Books().sent(), "Biltvätt i Borås AB", VATType=vat_type)
    books.another(7001).run()
    for _ in range(2):
        books.run(after=timedelta(hours=1))
    record = books.record_of(7001)

    assert record is not None
    assert record.issue is not None
    assert (record.state, record.issue.code) == (ExportState.HELD, IssueCode.CUSTOMER_NOT_AGREED)
    assert record.issue.params["customer_name"] == "Biltvätt i Borås AB"
    assert not books.world.ongoing.invoice("nordlager", 7001).is_exported

    # The code is mended in Ongoing: it becomes whose it is.
    books.world.fortnox.add_customer(TENANT_ID, {"CustomerNumber": "2001", "Name": "Kaffe & Kakao AB"})
    books.owner(financial_code="2001").run(after=timedelta(hours=1))
    after = books.record_of(7001)

    assert after is not None
    assert (after.state, after.issue) == (ExportState.DONE, None)
    there = books.documents[after.fortnox_number]
    assert (there["CustomerNumber"], there["InvoiceRows"][0]["AccountNumber"], len(books.documents)) == (
        "2001",
        3041,
        2,
    )


def test_a_number_that_became_somebody_elses_can_be_agreed_on_after_the_invoice_was_made() -> None:
    """They took the firm over, a person says: the invoice is theirs as it is."""
    books = taken_over(Books().sent(), "Biltvätt i Borås AB")
    books.another(7001).run()
    pair = Pair(
        goods_owner="Kaffe & Kakao AB",
        customer_number="1001",
        customer_name="Biltvätt i Borås AB",
        organisation_number="",
    )
    agree_customer(books.world.change_tools(), books.integration, pair, by="anna")
    books.run(after=timedelta(hours=1))
    record = books.record_of(7001)

    assert record is not None
    assert (record.state, record.issue, len(books.documents)) == (ExportState.DONE, None, 2)


def test_a_customer_that_was_renamed_a_little_within_a_day_costs_one_look() -> None:
    """The names are plainly the same."""
    books = Books().sent().card(Name="Kaffe och Kakao Aktiebolag")
    books.another(7001).run()
    record = books.record_of(7001)

    assert record is not None
    assert (record.state, record.issue) == (ExportState.DONE, None)
    assert (books.calls("GET", "customers"), books.writes) == (1, 1)


def test_a_code_that_was_typed_wrong_is_asked_about() -> None:
    """1002 is a furniture shop."""
    books = Books().owner(financial_code="1002").run()

    assert books.documents == {}
    assert "Möbelhuset i Malmö AB" in books.issue


@pytest.mark.parametrize(
    "name",
    [
        "KAFFE & KAKAO AB",
        "Kaffe och Kakao AB",
        "Kaffe & Kakao Aktiebolag",
        "Kaffe & Kakao",
        " Kaffe &  Kakao AB. ",
        "Kaffé & Kakao AB",
        "AB Kaffe & Kakao",
    ],
)
def test_names_that_are_plainly_the_same_are_agreed_by_themselves(name: str) -> None:
    """Case, accents, blanks, points, legal forms, "och" and "&"."""
    books = Books().card(Name=name).sent()

    assert books.record.state is ExportState.DONE


@pytest.mark.parametrize(
    "name",
    [
        "Kaffe AB",
        "Kakao & Kaffe Import AB",
        "Kaffe & Kakao i Göteborg AB",
        "Kaffe & Kakao Norge AS",
        "Te & Kakao AB",
        "AB",
    ],
)
def test_names_that_are_not_plainly_the_same_are_asked_about(name: str) -> None:
    """Better one click too many than somebody else's invoice."""
    books = Books().card(Name=name).run()

    assert (books.documents, books.record.state) == ({}, ExportState.HELD)
    assert name in books.issue


@pytest.mark.parametrize("number", [NUMBER])
def test_an_invoice_is_never_sent_to_a_deleted_customer(number: int) -> None:
    """The issue names the number and the goods owner."""
    books = Books().sent()
    books.world.fortnox.person_deletes_customer(TENANT_ID, "1001")
    books.another(number + 1000).run()
    record = books.record_of(number + 1000)

    assert record is not None
    assert record.issue is not None
    assert {"1001", "Kaffe & Kakao AB"} <= set(record.issue.params.values())


def long_ago(books: Books, count: int) -> Books:
    """So many invoices of others came after this customer's, which an older version sent without comparing names."""
    books.sent()
    stored = books.record
    books.world.exports.save(replace(stored, version=stored.version + 1, customer_name=""), event=None)
    for number in range(10_000, 10_000 + count):
        other = replace(
            stored, invoice_id=number, version=1, goods_owner="Andra AB", customer_number="4", wms_number=""
        )
        books.world.exports.save(other, event=None)
    return books.card(Name="KK Livs AB")


@pytest.mark.parametrize("others", [0, 499, 1200])
def test_who_was_invoiced_before_names_were_compared_counts_as_agreed_however_long_ago(others: int) -> None:
    """Not only those among the newest five hundred invoices."""
    books = long_ago(Books(), others)
    books.world.later(days=2)
    books.another(7001).run()
    record = books.record_of(7001)

    assert record is not None
    assert (record.state, record.issue) == (ExportState.DONE, None)


def test_what_a_person_said_is_not_replaced_by_what_was_so_before() -> None:
    """Of two goods owners whose customers have other names, one was agreed on by a person: that stays theirs."""
    books = long_ago(Books(), 3)
    books.world.later(days=2)
    books.another(7001).run()
    pair = Pair(
        goods_owner="Möbelhuset i Malmö AB",
        customer_number="1002",
        customer_name="MHM AB",
        organisation_number="556222-2222",
    )
    books.world.fortnox.change_entry(TENANT_ID, "customers", "1002", {"Name": "MHM AB"})
    agree_customer(books.world.change_tools(), books.integration, pair, by="anna")
    books.another(7002, goods_owner_id=MOBLER).another(7003).run().run()
    said = {one.goods_owner: one.by for one in books.world.exports.agreements(books.integration.id)}

    assert said == {"Kaffe & Kakao AB": "", "Möbelhuset i Malmö AB": "anna"}
