"""Neighbours of what others reported: the same kinds of trouble with other fields, codes, signs and states."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from invoicing.application.decide_invoice import decide_invoice
from invoicing.domain.decision import Way
from invoicing.domain.export import EventKind, ExportState
from invoicing.domain.issue import IssueCode

from local.fortnox.seed import TENANT_ID
from tests.books.books import NUMBER, Books, charge, charges_of

MORE = charge(quantity=Decimal(13))
REFUSED = {"ErrorInformation": {"error": 1, "message": "Du saknar behörighet.", "code": 2009998}}


def refusing(books: Books, method: str, *, nth: int = 1, times: int | None = 1) -> Books:
    """Fortnox answers 403 to the nth such call about invoices."""
    match = {"method": method, "path_regex": "^/3/invoices", "nth": nth}
    books.world.fortnox.add_faults(
        [{"match": match, "times": times, "effect": "status", "status": 403, "body": REFUSED}]
    )
    return books


def rows_of(books: Books) -> list[tuple[Any, ...]]:
    """What is invoiced."""
    told = ("ArticleNumber", "DeliveredQuantity", "Price", "AccountNumber")
    return [tuple(row[name] for name in told) for row in books.document["InvoiceRows"]]


def issue_code(books: Books) -> IssueCode | None:
    """What it is held for."""
    return books.record.issue.code if books.record.issue else None


@pytest.mark.parametrize("nth", [1, 2])
def test_a_missing_permission_on_an_update_leaves_the_rows(nth: int) -> None:
    """At either step: this invoice is held, and invoices what it did."""
    books = Books().sent()
    before = rows_of(books)
    refusing(books.wms_invoice(MORE), "PUT", nth=nth).run()

    assert (issue_code(books), rows_of(books)) == (IssueCode.PERMISSION_REFUSED, before)


def test_a_missing_permission_to_credit_holds_this_invoice_and_credits_nothing() -> None:
    """*Correct* was decided; it can be decided again."""
    books = Books().sent().person("bookkeep").wms_invoice(MORE).run()
    decide_invoice(books.world.change_tools(), books.integration, NUMBER, Way.CORRECT, by="anna")
    refusing(books, "PUT").run(by="anna")

    assert (len(books.documents), books.record.state) == (1, ExportState.HELD)
    assert books.record.ways_out


def test_a_credit_note_that_was_cancelled_takes_nothing_back() -> None:
    """Somebody credited by mistake, and cancelled the note: the invoice lives."""
    books = Books().sent().person("credit")
    note = next(number for number, one in books.documents.items() if one["Credit"] == "true")
    books.person("cancel", note).wms_invoice().run()

    assert (issue_code(books), books.record.state, books.writes) == (None, ExportState.DONE, 0)


def test_a_cancelled_invoice_whose_copy_somebody_corrected_is_ended_with_the_copys_number() -> None:
    """The copy carries our reference: *Make a new invoice* would be a second one."""
    books = Books().sent()
    copy = books.world.fortnox.person_copies_invoice(TENANT_ID, "1")
    books.person("cancel", "1").wms_invoice().run()
    held = books.record
    decide_invoice(books.world.change_tools(), books.integration, NUMBER, Way.BY_HAND, by="anna", number=str(copy))
    books.run(by="anna")

    assert Way.BY_HAND in held.ways_out
    assert (books.record.state, books.record.fortnox_number) == (ExportState.DONE, str(copy))
    assert len(books.documents) == 2


@pytest.mark.parametrize("unit", [1, 100])
@pytest.mark.parametrize("how", ["by itself", "asked", "dated anew"])
def test_a_rate_that_a_person_set_stays_however_it_is_updated(how: str, unit: int) -> None:
    """With another unit, asked by a person, and when the date moves."""
    books = Books().card(Currency="EUR").owner(currency="EUR").sent()
    books.person_changes(CurrencyRate=Decimal("11.4"), CurrencyUnit=unit)
    date = {"invoice_date": books.world.today - timedelta(days=1)} if how == "dated anew" else {}
    books.wms_invoice(MORE, **date)
    books.asked() if how == "asked" else books.run()
    kept = books.document["Net"], books.document["CurrencyRate"], books.document["CurrencyUnit"]

    assert kept == (1105, Decimal("11.4"), unit)


@pytest.mark.parametrize(
    "card",
    [
        {"InvoiceDiscount": Decimal(10), "PriceList": "B", "Currency": "EUR"},
        {"InvoiceDiscount": Decimal("99.5"), "VATType": "EUREVERSEDVAT", "VATNumber": "DK12345678", "Currency": "EUR"},
    ],
    ids=str,
)
@pytest.mark.parametrize("prices", [("85.00",), ("85.00", "-100.00"), ("0.01",)], ids="+".join)
def test_a_card_with_discount_and_another_currency_changes_no_amount(
    prices: tuple[str, ...], card: dict[str, Any]
) -> None:
    """Positive, negative and smallest."""
    books = Books().card(**card).owner(currency="EUR").wms_invoice(*charges_of(*prices)).sent()

    assert books.document["Net"] == sum(map(Decimal, prices))
    assert all(row["Discount"] == 0 for row in books.document["InvoiceRows"])


@pytest.mark.parametrize("currency", ["sek", " SEK ", "Sek", "SEK\u200b", "\ufeffsek", "SEK\u00a0", "\u200b"])
def test_a_currency_is_the_same_however_it_is_written(currency: str) -> None:
    """Codes are typed by hand."""
    assert Books().owner(currency=currency).sent().record.state is ExportState.DONE


@pytest.mark.parametrize("fee", ["45.50", 45, Decimal("0.00"), "0.00", None, ""])
def test_fees_in_any_writing_are_shown_beside_the_net(fee: object) -> None:
    """A fee of nothing is none."""
    books = Books().card(InvoiceAdministrationFee=fee).sent()

    assert books.record.fortnox_net == 1020
    assert (books.record.fortnox_fees or 0) == books.document["AdministrationFee"]
    assert bool(books.record.hints) == bool(books.document["AdministrationFee"])


@pytest.mark.parametrize("prices", [("0.335", "0.335", "0.335"), ("-0.335",) * 3, ("0.125", "0.125"), ("0.005",) * 5])
@pytest.mark.parametrize("fees", ["as_on_customer", "none"])
def test_rows_that_were_rounded_each_are_right_with_fees_and_without(fees: str, prices: tuple[str, ...]) -> None:
    """Half an öre, upwards and downwards."""
    amount = sum((Decimal(price).quantize(Decimal("0.01"), "ROUND_HALF_UP") for price in prices), Decimal(0))
    books = Books().card(InvoiceFreight="100").settings(fees=fees)
    books.wms_invoice(*charges_of(*prices), amount=amount).sent()

    assert books.document["Net"] == amount


@pytest.mark.parametrize(
    "text", ["½ pall", "µ-filter", "→ Malmö", "m² & m³", "Ω 5", "1‰", "✓ klart", "№ 5", "25°C", "±0"]
)
def test_a_sign_with_a_meaning_stays_or_is_written_in_words_wherever_it_stands(text: str) -> None:
    """In a row, in the reference and in the order number; never refused, never gone."""
    books = Books().wms_invoice(charge(title=text), your_reference=text, your_order_number=text, title=text).sent()
    shown = books.document["InvoiceRows"][0]["Description"], books.document["YourReference"], books.document["Remarks"]
    words = [word for word in text.replace("-", " ").replace("&", " ").split() if word.isalpha() and word.isascii()]

    assert all(len(one.strip()) >= len(text) - 2 for one in shown)
    assert all(word in one for one in shown for word in words)


@pytest.mark.parametrize("remark", ["Rad 1\nRad 2", "å" * 300, " blank ", "100 % & mer"])
def test_a_customers_text_of_any_kind_stays_once_through_updates(remark: str) -> None:
    """Two lines, long, with signs."""
    books = Books().card(InvoiceRemark=remark).sent().wms_invoice(MORE).run().wms_invoice(charge()).run()

    assert books.document["Remarks"].count(remark.strip()) == 1
    assert (books.document["Net"], books.record.state) == (1020, ExportState.DONE)


@pytest.mark.parametrize("vat_type", ["EUVAT", "EXPORT", "SEREVERSEDVAT", "EUREVERSEDVAT"])
def test_an_invoice_follows_the_vat_type_that_it_was_made_with(vat_type: str) -> None:
    """The card changed afterwards: an update does not put domestic accounts on it, nor take them away."""
    books = Books().sent().card(VATType=vat_type, VATNumber="DK12345678")
    books.world.later(days=2)
    books.wms_invoice(MORE).run()

    assert books.document["Net"] in (1020, 1105)
    assert books.record.state is ExportState.DONE or books.record.ways_out
    assert {row["AccountNumber"] for row in books.document["InvoiceRows"]} == {3041} or books.issue


@pytest.mark.parametrize("search", ["parts", "starts", "exact"])
def test_a_second_generation_whose_answer_was_lost_is_found_beside_the_first(search: str) -> None:
    """The first one's reference is the beginning of its own, and a copy of the first is there, too."""
    books = Books().options(reference_search=search).sent().person("cancel").wms_invoice().run()
    books.world.fortnox.person_copies_invoice(TENANT_ID, "1")
    decide_invoice(books.world.change_tools(), books.integration, NUMBER, Way.MAKE_NEW, by="anna")
    books.world.fortnox.add_faults(
        [{"match": {"method": "POST", "path_regex": "^/3/invoices"}, "times": 1, "effect": "after"}]
    )
    books.run(by="anna").run().run()
    ours = [one for one in books.documents.values() if one["ExternalInvoiceReference1"].endswith("-G2-")]

    assert len(ours) == 1
    assert (books.record.state, books.record.fortnox_number) == (ExportState.DONE, str(ours[0]["DocumentNumber"]))


@pytest.mark.parametrize("kind", [EventKind.RETRY, EventKind.EXPORT_AGAIN])
def test_an_invoice_that_was_emptied_in_fortnox_is_set_right_when_asked(kind: EventKind) -> None:
    """Somebody removed all rows there."""
    books = Books().sent()
    books.world.fortnox.change_entry(TENANT_ID, "invoices", "1", {"InvoiceRows": [], "Net": 0})
    by_itself = books.wms_invoice().run().record.state
    books.asked(kind=kind)

    assert by_itself is ExportState.HELD
    assert (books.document["Net"], books.record.state) == (1020, ExportState.DONE)


def test_an_owner_that_was_renamed_in_ongoing_is_asked_about_and_the_invoice_waits() -> None:
    """The name on the other side changed; what was agreed was about the old one."""
    books = Books().sent()
    warehouse = books.world.ongoing.warehouse("nordlager")
    owners = [replace(one, name="Nya Kaffet AB") if one.id == 1 else one for one in warehouse.goods_owners]
    books.world.ongoing.put_warehouse(replace(warehouse, goods_owners=tuple(owners)))
    books.another(7001).run()
    record = books.record_of(7001)

    assert record is not None
    assert record.issue is not None
    assert record.issue.code is IssueCode.CUSTOMER_NOT_AGREED


@pytest.mark.parametrize(("whose", "way"), [("by hand", Way.IS_NUMBER), ("ours", Way.BY_HAND)])
def test_a_number_that_is_credited_in_full_is_taken_for_no_invoice(whose: str, way: Way) -> None:
    """Nobody is to pay it: it is neither marked as exported nor forgotten. One that is cancelled was never taken."""
    books = Books().sent()
    if whose == "by hand":
        books.world.fortnox.person_copies_invoice(TENANT_ID, "1")
        books.world.fortnox.change_entry(TENANT_ID, "invoices", "2", {"ExternalInvoiceReference1": ""})
        books.person("credit", "2").world.fortnox.remove_entry(TENANT_ID, "invoices", "1")
    else:
        books.person("credit", "1")
    books.wms_invoice(MORE).run()
    number = "2" if whose == "by hand" else "1"
    decide_invoice(books.world.change_tools(), books.integration, NUMBER, way, by="anna", number=number)
    books.run(by="anna")

    assert (books.record.state, issue_code(books), books.marked) == (
        ExportState.HELD,
        IssueCode.INVOICE_CREDITED,
        False,
    )
    assert Way.MAKE_NEW in books.record.ways_out
    decide_invoice(books.world.change_tools(), books.integration, NUMBER, Way.MAKE_NEW, by="anna")
    books.run(by="anna")
    assert (books.record.state, books.record.fortnox_net) == (ExportState.DONE, Decimal(1105))


def test_a_number_in_another_currency_is_taken_where_fortnox_decides_the_currency() -> None:
    """The setting says that what Ongoing has does not matter."""
    books = Books().settings(currency_rule="from_fortnox").owner(currency="EUR").sent()
    books.world.fortnox.person_copies_invoice(TENANT_ID, "1")
    books.world.fortnox.change_entry(TENANT_ID, "invoices", "2", {"ExternalInvoiceReference1": ""})
    books.world.fortnox.remove_entry(TENANT_ID, "invoices", "1")
    books.wms_invoice().run()
    decide_invoice(books.world.change_tools(), books.integration, NUMBER, Way.IS_NUMBER, by="anna", number="2")
    books.run(by="anna")

    assert (books.record.state, issue_code(books), books.record.fortnox_number) == (ExportState.DONE, None, "2")


BOTH = ("SEVAT", "SEREVERSEDVAT", "EUREVERSEDVAT", "EUVAT", "EXPORT")


@pytest.mark.parametrize("after", BOTH)
@pytest.mark.parametrize("before", BOTH)
def test_an_invoice_that_gets_another_customer_is_judged_by_that_ones_vat_type(before: str, after: str) -> None:
    """The code in Ongoing was wrong, and is mended: VAT and accounts are those of the customer who pays."""
    books = Books().card(VATType=before, VATNumber="DK12345678").sent()
    second = {"CustomerNumber": "2001", "Name": "Kaffe & Kakao AB", "VATType": after, "VATNumber": "DK12345678"}
    books.world.fortnox.add_customer(TENANT_ID, second)
    books.owner(financial_code="2001").wms_invoice().run()
    is_taxed = after in {"SEVAT", "EUVAT"}

    assert (books.record.state, books.issue) == (ExportState.DONE, "")
    assert (books.document["CustomerNumber"], bool(books.document["TotalVAT"])) == ("2001", is_taxed)
    assert books.record.vat_type == after


def test_an_update_to_another_customer_that_is_refused_leaves_whose_it_is() -> None:
    """The code is put back in Ongoing: the invoice is right as it always was."""
    books = Books().sent()
    second = {"CustomerNumber": "2001", "Name": "Kaffe & Kakao AB", "VATType": "EXPORT"}
    books.world.fortnox.add_customer(TENANT_ID, second)
    refusing(books.owner(financial_code="2001").wms_invoice(), "PUT", nth=2).run()
    refused = issue_code(books)
    books.owner(financial_code="1001").wms_invoice().run(after=timedelta(hours=1))

    assert refused is IssueCode.PERMISSION_REFUSED
    assert (books.record.state, books.issue, books.record.vat_type) == (ExportState.DONE, "", "SEVAT")
    assert books.document["InvoiceRows"][0]["AccountNumber"] == 3041


@pytest.mark.parametrize("credited", ["in part", "by a note that was cancelled", "in full"])
def test_what_is_left_of_a_deleted_invoice_is_said(credited: str) -> None:
    """Somebody is still to pay something for what Ongoing does not have any more."""
    books = Books().sent().person("bookkeep").wms_invoice(MORE).run().person("credit")
    note = next(number for number, one in books.documents.items() if one["Credit"] == "true")
    if credited == "in part":
        books.world.fortnox.change_entry(TENANT_ID, "invoices", note, {"Net": -100})
    elif credited == "by a note that was cancelled":
        books.world.fortnox.change_entry(TENANT_ID, "invoices", note, {"Cancelled": True})
    books.world.ongoing.remove_invoice("nordlager", NUMBER)
    books.run(after=timedelta(hours=1))

    assert issue_code(books) is (None if credited == "in full" else IssueCode.DELETED_IN_WMS)


@pytest.mark.parametrize("code", ["NEW", "MADE"])
def test_a_unit_that_is_gone_is_made_again_by_itself(code: str) -> None:
    """We remembered it; whether a new article is refused for want of it, or an invoice with an article that has it."""
    books = Books().wms_invoice(charge(code="MADE")).sent()
    books.world.fortnox.remove_entry(TENANT_ID, "units", "st")
    books.another(7001, charge(code=code)).run()
    refused = books.record_of(7001)
    books.run(after=timedelta(hours=1))
    record = books.record_of(7001)

    assert refused is not None
    assert refused.state is ExportState.HELD
    assert record is not None
    assert (record.state, record.issue) == (ExportState.DONE, None)


@pytest.mark.parametrize(
    ("acts", "code"),
    [
        (("cancel",), IssueCode.INVOICE_CANCELLED),
        (("credit",), IssueCode.INVOICE_CREDITED),
        (("bookkeep", "credit"), IssueCode.INVOICE_CREDITED),
        (("credit", "in part"), IssueCode.INVOICE_PARTLY_CREDITED),
        (("credit", "not after all"), None),
    ],
)
def test_what_became_of_an_invoice_before_its_lost_answer_was_found_is_seen(
    acts: tuple[str, ...], code: IssueCode | None
) -> None:
    """Somebody was faster than our next run: what nobody is to pay is not marked as exported."""
    books = Books()
    books.world.fortnox.add_faults(
        [{"match": {"method": "POST", "path_regex": "^/3/invoices"}, "times": 1, "effect": "after"}]
    )
    books.run()
    for act in acts:
        if act == "in part":
            books.world.fortnox.change_entry(TENANT_ID, "invoices", "2", {"Net": -100})
        elif act == "not after all":
            books.world.fortnox.change_entry(TENANT_ID, "invoices", "2", {"Cancelled": True})
        else:
            books.person(act, "1")
    books.run().run(after=timedelta(hours=1))

    assert (issue_code(books), books.marked, books.record.fortnox_number) == (code, code is None, "1")
    assert code is None or books.record.ways_out


def test_a_number_that_became_somebody_elses_is_seen_where_the_answer_was_lost() -> None:
    """The invoice is found by its reference, and names whom it went to."""
    books = Books().sent().another(7001)
    books.world.fortnox.add_faults(
        [{"match": {"method": "POST", "path_regex": "^/3/invoices"}, "times": 1, "effect": "after"}]
    )
    books.world.fortnox.person_deletes_customer(TENANT_ID, "1001")
    books.world.fortnox.add_customer(TENANT_ID, {"CustomerNumber": "1001", "Name": "Biltvätt i Borås AB"})
    books.run().run().run(after=timedelta(hours=1))
    record = books.record_of(7001)

    assert record is not None
    assert record.issue is not None
    assert (record.state, record.issue.code) == (ExportState.HELD, IssueCode.CUSTOMER_NOT_AGREED)
