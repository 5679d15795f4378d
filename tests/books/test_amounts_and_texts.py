"""Amounts to the öre, texts with their meaning, dates that are said, and quiet where nothing is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest
from invoicing.domain.export import ExportState
from invoicing.domain.issue import IssueCode

from local.fortnox.fields import refused_character
from tests.books.books import NUMBER, Books, charge, charges_of

# Amounts.


@pytest.mark.parametrize(
    ("prices", "amount"),
    [
        (("0.335", "0.335", "0.335"), "1.02"),
        (("0.125",) * 4, "0.52"),
        (("10.005", "-3.335"), "6.67"),
        (("-0.335", "-0.335", "-0.335"), "-1.02"),
        (("0.335", "0.335", "0.335"), "1.01"),
    ],
    ids=["three", "four", "with a claim", "negative", "exact"],
)
@pytest.mark.parametrize("rows", ["summed", "per_charge"])
def test_rows_that_were_rounded_before_they_were_added_are_understood(
    rows: str, prices: Sequence[str], amount: str
) -> None:
    """And sent so that Fortnox's own sum is Ongoing's."""
    books = Books().settings(rows=rows).wms_invoice(*charges_of(*prices), amount=Decimal(amount)).sent()

    assert books.document["Net"] == Decimal(amount)
    assert books.record.state is ExportState.DONE


@pytest.mark.parametrize("amount", ["1.03", "0.99", "1.00"])
def test_an_amount_that_no_reading_gives_is_held(amount: str) -> None:
    """All readings are tried; none is bent."""
    books = Books().wms_invoice(*charges_of("0.335", "0.335", "0.335"), amount=Decimal(amount)).run()

    assert books.documents == {}
    assert books.record.issue is not None
    assert books.record.issue.code is IssueCode.AMOUNTS_DISAGREE


@pytest.mark.parametrize(
    ("quantity", "price", "calculation"),
    [
        ("10000000", "0.0000001", "(10000000 x 0,0000001)"),
        ("0.0000001", "10000000", "(0,0000001 x 10000000)"),
        ("-3000", "0.00033", "(-3000 x 0,00033)"),
        ("1e23", "1e-20", "(100000000000000000000000 x 0,00000000000000000001)"),
    ],
)
def test_a_calculation_that_is_said_is_true_however_small_or_large(quantity: str, price: str, calculation: str) -> None:
    """No number of it is 0 that is none, and none is too long to be written."""
    books = Books().wms_invoice(charge(quantity=Decimal(quantity), unit_price=Decimal(price))).sent()

    assert books.document["InvoiceRows"][0]["Description"].endswith(calculation)
    assert books.document["Net"] == Decimal(quantity) * Decimal(price)


@pytest.mark.parametrize("quantity", ["1e13", "1e23"])
def test_an_amount_that_no_row_can_hold_is_said(quantity: str) -> None:
    """As what it is, and not as a defect of ours."""
    books = Books().wms_invoice(charge(quantity=Decimal(quantity), unit_price=Decimal("0.001"))).run()

    assert books.documents == {}
    assert books.record.issue is not None
    assert books.record.issue.code is IssueCode.ROW_NOT_REPRESENTABLE


# Texts.

SIGNS = ("<", ">", "≤", "≥", "±", '"', "″", "×", "–", "—", "€", "°", "½", "¼", "¾", "²", "³", "⁴", "~", "|", "≠", "µ")


def text_of(title: str) -> str:
    """What a row with this title says in Fortnox."""
    books = Books().settings(rows="per_charge").wms_invoice(charge(title=title)).sent()
    return str(books.document["InvoiceRows"][0]["Description"])


@pytest.mark.parametrize("place", ["Plock {}5 kg", "Rör 5{} stål", "A{}B"])
def test_no_two_signs_become_one(place: str) -> None:
    """Each keeps its meaning, in words or in signs that Fortnox takes, and none vanishes. Two stand for inches."""
    distinct = [sign for sign in SIGNS if sign not in "–—″"]
    texts = {text_of(place.format(sign)) for sign in distinct}

    assert len(texts | {text_of(place.format(sign)) for sign in ("", "(", ")")}) == len(distinct) + 3


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("place", ["Plock {}5 kg", "5{} pall", "Från A{}B", "{}"])
def test_letters_and_digits_stay_beside_any_sign(place: str, sign: str) -> None:
    """And Fortnox takes what is sent."""
    text = text_of(place.format(sign))
    wanted = [character for character in place.format("") if character.isalnum()]
    rest = iter(text)

    assert all(character in rest for character in wanted), text
    assert refused_character(text, apostrophe_allowed=False) is None
    assert text.strip()


@pytest.mark.parametrize("field", ["your_reference", "your_order_number", "title"])
@pytest.mark.parametrize("text", ["Anna — Bo", "maj—juni", "≥5", '19" rack', "A<B", "x" * 300, "två\nrader"])
def test_a_text_of_the_head_never_refuses_the_invoice(text: str, field: str) -> None:
    """Whatever stands in it, however long it is."""
    books = Books().wms_invoice(**{field: text}).sent()

    assert books.record.state is ExportState.DONE


@pytest.mark.parametrize("text", ["ett\ntvå", "ett\r\ntvå", "ett\ttvå"])
def test_words_on_two_lines_do_not_grow_together(text: str) -> None:
    """Fortnox drops line breaks in rows."""
    assert text_of(text) != "etttvå"


@pytest.mark.parametrize("code", ["PLA\u030a", " 100", "100 ", "100\u00a0", "100\u200b"])
def test_keys_are_cleaned_before_they_are_used(code: str) -> None:
    """Blanks and signs that nobody sees make no other article, and no refusal that nobody understands."""
    books = Books().wms_invoice(charge(code=code)).run()
    expected = ExportState.HELD if code.startswith("PLA") else ExportState.DONE

    assert books.record.state is expected
    assert expected is ExportState.DONE or "PLÅ" in books.issue


@pytest.mark.parametrize("code", [" 1001", "1001 ", "1001\u00a0", "1001\u200b"])
def test_a_customer_code_is_cleaned_before_it_is_used(code: str) -> None:
    """It was copied from somewhere."""
    assert Books().owner(financial_code=code).sent().document["CustomerNumber"] == "1001"


# Advice.


@pytest.mark.parametrize("number", [501, 600, 1200])
def test_too_many_rows_by_their_texts_fall_back_to_the_title(number: int) -> None:
    """Summed rows with the order in their text: never held with the advice that was followed."""
    charges = [charge(id=n, quantity=Decimal(1), order_number=f"SO-{n}") for n in range(1, number + 1)]
    books = Books().settings(rows="summed", row_text="title_and_order").wms_invoice(*charges).sent()

    assert books.document["Net"] == 85 * number
    assert len(books.document["InvoiceRows"]) <= 500


# Dates.


def test_a_due_date_can_count_from_the_day_of_sending() -> None:
    """An invoice that is 75 days old is otherwise overdue when it is born."""
    old = date(2026, 3, 2) - timedelta(days=75)
    period = {"invoice_date": old, "period_start": old, "period_end": old}
    usual = Books().wms_invoice(**period).sent()
    later = Books().settings(due_date_from="sending").wms_invoice(**period).sent()

    assert usual.document["DueDate"] == (old + timedelta(days=30)).isoformat()
    assert later.document["DueDate"] == (date(2026, 3, 2) + timedelta(days=30)).isoformat()
    assert later.document["InvoiceDate"] == old.isoformat()


@pytest.mark.parametrize("terms", ["0", "10", "60"])
def test_a_due_date_from_the_day_of_sending_uses_the_customers_terms(terms: str) -> None:
    """The card's, not the usual ones."""
    books = Books().settings(due_date_from="sending").card(TermsOfPayment=terms).sent()

    assert books.document["DueDate"] == (date(2026, 3, 2) + timedelta(days=int(terms))).isoformat()


@pytest.mark.parametrize("terms", ["10", "30"])
def test_a_due_date_moves_with_the_invoice_date(terms: str) -> None:
    """Exported again with another date."""
    books = Books().card(TermsOfPayment=terms).sent().wms_invoice(invoice_date=date(2026, 2, 20)).run()

    assert books.document["InvoiceDate"] == "2026-02-20"
    assert books.document["DueDate"] == (date(2026, 2, 20) + timedelta(days=int(terms))).isoformat()


NO_DATES = (
    "0001-01-01T00:00:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999",
    "9999-12-31T23:59:59Z",
    "1753-01-01T00:00:00",
    "1900-01-01T00:00:00+01:00",
    "1970-01-01",
)


@pytest.mark.parametrize("no_date", NO_DATES)
@pytest.mark.parametrize("field", ["InvoicePeriodStart", "InvoicePeriodEnd"])
def test_a_period_that_is_no_date_is_none(field: str, no_date: str) -> None:
    """What .NET and databases write for none: nothing waits for it, and nothing says it."""
    books = Books().wms_invoice(garbled={field: no_date}).sent()

    assert books.record.state is ExportState.DONE
    assert no_date[:4] not in books.document["Remarks"]
    assert books.document["DeliveryDate"] == "2026-02-28"


@pytest.mark.parametrize("no_date", NO_DATES)
def test_an_open_invoice_without_a_date_waits_in_quiet(no_date: str) -> None:
    """It gets its date when it is closed."""
    books = Books().wms_invoice(garbled={"InvoiceDate": no_date}, is_active=True, period_start=None, period_end=None)
    books.run().run()

    assert (books.documents, books.record_of(NUMBER)) == ({}, None)


# Quiet.


@pytest.mark.parametrize("amount", [None, Decimal("0.00"), Decimal("0.004"), Decimal("-0.0049")])
def test_an_empty_month_waits_in_quiet(amount: Decimal | None) -> None:
    """No rows and nothing to pay, to the öre: no issue, no call to Fortnox, no invoice."""
    books = Books()
    books.world.ongoing.change_invoice("nordlager", NUMBER, charges=(), amount=amount)
    books.run().run()

    assert (books.documents, books.calls("GET", "invoices"), books.calls("POST")) == ({}, 0, 0)
    assert books.record_of(NUMBER) is None or not books.issue


def test_no_rows_and_an_amount_is_said() -> None:
    """There is something to pay, and nothing that says for what."""
    books = Books()
    books.world.ongoing.change_invoice("nordlager", NUMBER, charges=(), amount=Decimal("12.50"))
    books.run()

    assert books.documents == {}
    assert books.issue


@pytest.mark.parametrize("choice", ["send", "leave"])
@pytest.mark.parametrize("prices", [("100.00", "-100.00"), ("0.00",)], ids=str)
def test_a_total_of_zero_is_sent_or_left(prices: Sequence[str], choice: str) -> None:
    """As the setting says; neither is an issue."""
    books = Books().settings(zero_total=choice).wms_invoice(*charges_of(*prices)).run()

    assert len(books.documents) == (choice == "send")
    assert books.record_of(NUMBER) is None or not books.issue


def test_what_a_price_means_is_remembered_and_an_invoice_that_means_otherwise_is_held() -> None:
    """Twelve at 85.00 are 1 020.00 in one and 85.00 in the next: Ongoing was changed, and nobody has said so."""
    books = Books().sent().another(7001, charge(), amount=Decimal("85.00")).run()
    record = books.record_of(7001)

    assert record is not None
    assert record.issue is not None
    assert record.issue.code is IssueCode.PRICE_MEANING_CHANGED
    assert len(books.documents) == 1
