"""The specification as a PDF: read and measured with PDFium, as a browser does it."""

import ctypes
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pypdfium2
import pytest
from invoicing.domain.integration_settings import Language
from invoicing.domain.specification import Specification
from invoicing.rendering.formats import format_amount, format_number
from invoicing.rendering.pdf_letters import BOLD, REGULAR, encoded, width_of, wrapped
from invoicing.rendering.specification_pdf import LISTED, draw_specification

from tests.support.invoices import large_invoice, specified

ATTACHED_AT_MOST = 5_000_000  # bytes; what Fortnox takes, and less than a function may answer with


def pages(drawn: bytes) -> list[str]:
    """The text of each page, in the order in which it is read."""
    document: Any = pypdfium2.PdfDocument(drawn)
    return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in document]


def spoken(number: str) -> str:
    """A number as PDFium reads it, which tells no space from another."""
    return number.replace("\u00a0", " ")


def text_of(specification: Specification) -> str:
    """All of it."""
    return "\n".join(pages(draw_specification(specification)))


@pytest.mark.parametrize("language", Language)
def test_it_has_every_charge_and_every_sum(language: Language) -> None:
    """In the customer's language, with numbers as its country writes them."""
    specification = specified(large_invoice(200), language)
    text = text_of(specification)

    for row in specification.rows:
        assert row.sent.description in text
        assert spoken(format_number(row.amount, language, decimals=2)) in text
        for one in row.charges:
            assert one.order_number in text
    assert text.count(spoken(format_amount(specification.net, "SEK", language))) == 2
    words = {Language.SWEDISH: "Specifikation till faktura 1042", Language.ENGLISH: "Specification of invoice 1042"}
    assert words[language] in text
    assert "å ä ö" in text
    assert "Frakt – Norge €" in text


def test_the_same_specification_is_the_same_bytes() -> None:
    """So that a hash says whether it changed."""
    assert draw_specification(specified(large_invoice(50))) == draw_specification(specified(large_invoice(50)))


def test_beyond_some_thousands_charges_are_summed_by_day() -> None:
    """A month of 20,000 picks is read as days; the file for spreadsheets has each. It fits whatever carries it."""
    listed, summed = specified(large_invoice(LISTED)), specified(large_invoice(20_000))
    drawn = draw_specification(listed)
    text = text_of(summed)

    assert all(one.order_number in "".join(pages(drawn)) for row in listed.rows for one in row.charges[:3])
    assert "SO-88000" not in text
    assert "summerade per dag" in text
    assert "20 000" in text
    assert len(drawn) < ATTACHED_AT_MOST
    assert len(draw_specification(summed)) < ATTACHED_AT_MOST


def test_every_page_says_which_it_is_and_repeats_its_headings() -> None:
    """Printed and dropped, the pages can be put in order."""
    found = pages(draw_specification(specified(large_invoice(300))))

    assert len(found) > 4
    for number, text in enumerate(found, start=1):
        assert f"Sida {number} av {len(found)}" in text
        assert "Belopp" in text


def test_it_is_tagged_for_screen_readers() -> None:
    """Title, language, headings and a table whose cells know their headings; what only decorates is not read out."""
    drawn = draw_specification(specified(large_invoice(40)))
    document: Any = pypdfium2.PdfDocument(drawn)

    assert document.is_tagged()
    assert document.get_metadata_dict()["Title"] == "Specifikation till faktura 1042"
    kinds = structure(document)
    assert kinds["H1"] == 1
    assert kinds["H2"] == 2
    assert kinds["Table"] >= 2
    assert kinds["TD"] > 40 * 7
    assert kinds["TH"] >= 6 + 7 + 23


def structure(document: Any) -> dict[str, int]:
    """How often each kind of element stands in the tree of each page."""
    raw = pypdfium2.raw
    kinds: dict[str, int] = {}

    def kind_of(element: Any) -> str:
        size = raw.FPDF_StructElement_GetType(element, None, 0)
        buffer = ctypes.create_string_buffer(size)
        raw.FPDF_StructElement_GetType(element, buffer, size)
        return buffer.raw.decode("utf-16-le").rstrip("\0")

    def walk(element: Any) -> None:
        kinds[kind_of(element)] = kinds.get(kind_of(element), 0) + 1
        for place in range(raw.FPDF_StructElement_CountChildren(element)):
            child = raw.FPDF_StructElement_GetChildAtIndex(element, place)
            if child:
                walk(child)

    for page in document:
        tree = raw.FPDF_StructTree_GetForPage(page)
        for place in range(raw.FPDF_StructTree_CountChildren(tree)):
            walk(raw.FPDF_StructTree_GetChildAtIndex(tree, place))
        raw.FPDF_StructTree_Close(tree)
    return kinds


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Łódź, Žižkov, Ærø", "Lódz, Žižkov, Ærø"),
        ("(back\\slash) )(", "(back\\slash) )("),
        ("日本", "??"),
        ("first\r\nsecond\tthird\u2028\x00", "first second third"),
        ("a\u0301ngstro\u0308m", "ángström"),
        ("\u202eevil\u202c", "evil"),
    ],
)
def test_what_people_type_is_shown_as_far_as_letters_go(text: str, shown: str) -> None:
    """Letters that Helvetica lacks lose their accent; nothing breaks the file."""
    invoice = large_invoice(1)
    specification = specified(replace(invoice, charges=(replace(invoice.charges[0], comment=text, order_number=""),)))

    assert shown in text_of(specification)


def test_long_texts_and_numbers_stay_in_their_columns() -> None:
    """Broken between words, or within one that is too long; nothing is drawn over its neighbour."""
    for font in (REGULAR, BOLD):
        for text in ("palletrack " * 20, "W" * 300, "", "1\u00a0234\u00a0567,000001 kr"):
            lines = wrapped(encoded(text), font, 7.5, 60)
            assert all(width_of(line, font, 7.5) <= 60 for line in lines)
            assert b"".join(lines).replace(b" ", b"") == encoded(text).replace(b" ", b"")


def test_a_row_says_how_it_was_rounded() -> None:
    """What the charges come to and what the row says differ by less than an öre, which stands there."""
    specification = specified(large_invoice(40))
    rounded = [row for row in specification.rows if row.rounding]

    assert rounded
    assert text_of(specification).count("Öresavrundning") == len(rounded)
    assert all(abs(row.rounding) < Decimal("0.01") for row in rounded)


def test_a_comment_without_end_is_cut_and_says_so() -> None:
    """One charge cannot fill pages; the file for spreadsheets has all of it."""
    invoice = large_invoice(1)
    text = text_of(specified(replace(invoice, charges=(replace(invoice.charges[0], comment="pall " * 2000),))))

    assert 30 < len(re.findall(r"\bpall\b", text)) < 120
    assert "…" in text
