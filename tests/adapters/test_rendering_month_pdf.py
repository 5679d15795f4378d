"""The reconciliation of a month as a PDF: read with PDFium, as a browser does it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pypdfium2
import pytest
from invoicing.domain.integration_settings import Language
from invoicing.domain.month import UNDATED, Apart, MonthLine, Stage, sums_of
from invoicing.rendering.formats import format_amount, format_number
from invoicing.rendering.month_pdf import LISTED, Reconciliation, draw_month

LARGEST = 5_000_000  # bytes; a function may answer with six million
LINE = MonthLine(
    invoice_id=1,
    month="2026-10",
    day=date(2026, 10, 31),
    number="1001",
    goods_owner="Möbler & Ting AB",
    customer_number="88",
    currency="SEK",
    amount=Decimal("412330.50"),
    stage=Stage.PAID,
    fortnox_number="4711",
    net=Decimal("412330.50"),
)
HELD = replace(LINE, invoice_id=2, stage=Stage.HELD, amount=Decimal("14210.50"), net=None, fortnox_number="")
CREDIT = replace(LINE, invoice_id=3, currency="EUR", amount=Decimal("-80.10"), net=Decimal("-80.10"), stage=Stage.SENT)
CHANGED = replace(LINE, invoice_id=4, number="1004", net=Decimal("412000.00"), apart=Apart.CHANGED_THERE)
WRONG = replace(LINE, invoice_id=5, number="1005", net=Decimal("412330.49"), apart=Apart.UNEXPLAINED)


def of(*lines: MonthLine, **more: Any) -> Reconciliation:
    """A month of these."""
    made = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
    facts: dict[str, Any] = {
        "company": "Nordlager 3PL AB",
        "organisation_number": "556677-8899",
        "system": "nordlager",
        "month": "2026-10",
        "made_at": made,
        "counted_at": made,
        "followed_at": made,
        "lines": lines,
    }
    return Reconciliation(**{**facts, **more})


def pages(drawn: bytes) -> list[str]:
    """The text of each page, in the order in which it is read."""
    document: Any = pypdfium2.PdfDocument(drawn)
    return [" ".join(page.get_textpage().get_text_range().split()) for page in document]


def text(reconciliation: Reconciliation, language: Language = Language.ENGLISH) -> str:
    """All of it."""
    return " ".join(pages(draw_month(reconciliation, language)))


def spoken(number: str) -> str:
    """A number as PDFium reads it, which tells no space from another."""
    return number.replace("\u00a0", " ")


@pytest.mark.parametrize("language", Language)
def test_it_has_the_line_that_ties_and_each_invoice(language: Language) -> None:
    """Per currency, with every reason, in the reader's language."""
    lines = (LINE, HELD, CREDIT, CHANGED)
    said = text(of(*lines), language)
    words = {
        Language.SWEDISH: ("Avstämning av oktober 2026", "SEK: stämmer på öret", "ändrat i Fortnox", "stoppat"),
        Language.ENGLISH: ("Reconciliation of October 2026", "SEK: it ties to the öre", "changed in Fortnox", "held"),
    }

    for one in words[language]:
        assert one in said
    for currency, sums in sums_of(lines).items():
        assert spoken(format_amount(sums.ongoing, currency, language)) in said
        assert spoken(format_number(sums.in_fortnox, language, decimals=2)) in said
    for line in lines:
        assert line.number in said
        assert spoken(format_number(line.amount, language, decimals=2)) in said
    assert "556677-8899" in said


@pytest.mark.parametrize("language", Language)
def test_what_does_not_tie_is_said_loudly(language: Language) -> None:
    """And by how much."""
    said = text(of(LINE, WRONG), language)
    amount = spoken(format_amount(Decimal("0.01"), "SEK", language))

    assert {Language.SWEDISH: "SEK: STÄMMER INTE", Language.ENGLISH: "SEK: IT DOES NOT TIE"}[language] in said
    assert amount in said
    assert {Language.SWEDISH: "ingen orsak är känd", Language.ENGLISH: "no reason is known"}[language] in said


@pytest.mark.parametrize(
    ("reconciliation", "words"),
    [
        (of(LINE, ongoing_answers=False), "Ongoing did not answer"),
        (of(LINE, is_whole=False), "This is not whole"),
        (of(), "There are no invoices of this month."),
        (of(LINE, followed_at=None), "are not followed"),
        (of(replace(LINE, month=UNDATED, day=None), month=UNDATED), "invoices without a date"),
        (of(replace(LINE, fees=Decimal(25))), "fees of SEK 25.00"),
    ],
)
def test_what_is_missing_is_said(reconciliation: Reconciliation, words: str) -> None:
    """An auditor must not take a part for the whole."""
    assert words in text(reconciliation)
    assert words not in text(of(LINE))


def test_the_same_month_is_the_same_bytes() -> None:
    """And it is tagged, with a title, so that it can be read out."""
    drawn = draw_month(of(LINE, HELD), Language.SWEDISH)

    assert drawn == draw_month(of(LINE, HELD), Language.SWEDISH)
    document: Any = pypdfium2.PdfDocument(drawn)
    assert document.is_tagged()
    assert document.get_metadata_value("Title") == "Avstämning av oktober 2026"


def many(count: int) -> Sequence[MonthLine]:
    """As many goods owners, with an invoice each."""
    return [
        replace(LINE, invoice_id=one, number=str(1000 + one), goods_owner=f"Kund {one} AB", customer_number=str(one))
        for one in range(count)
    ]


def test_ten_thousand_goods_owners_are_no_larger_than_an_answer() -> None:
    """Their invoices are in the file for spreadsheets, which is said."""
    drawn = draw_month(of(*many(10_000)), Language.ENGLISH)
    document = pages(drawn)

    assert len(drawn) < LARGEST
    assert "Kund 9999 AB" in " ".join(document)
    assert "There are 10,000 invoices." in document[-1]


def test_as_many_invoices_as_are_listed_are_no_larger_either() -> None:
    """Each of them, and of one more none."""
    drawn = draw_month(of(*many(LISTED)), Language.SWEDISH)

    assert len(drawn) < LARGEST
    assert str(1000 + LISTED - 1) in " ".join(pages(drawn))
