"""The history for people: a page that says whether it is whole, and files in the order in which it happened."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from unittest import mock

import pypdfium2
import pytest
from invoicing.application.acknowledge_breaks import acknowledge_breaks
from invoicing.domain.export import Export

from local.ongoing.seed import PLAIN, WAREHOUSE
from local.tour import HERE
from tests.office.day import Day
from tests.office.situations import many_sent, troubled


def rows_of(body: str) -> Sequence[Mapping[str, str]]:
    """Of a file in English."""
    return [*csv.DictReader(io.StringIO(body.removeprefix("\ufeff")))]


def file_of(day: Day, path: str = "/history.csv", **query: str) -> str:
    """In English."""
    return day.office.get(f"{HERE}{path}", {"lang": "en", **query}).body


def tampered(day: Day, *, by: str) -> None:
    """Somebody writes into the table that another one did the first step of an invoice."""
    get = day.world.exports.histories

    def forged(*args: Any, **kwargs: Any) -> tuple[Sequence[Export], int | None]:
        found, after = get(*args, **kwargs)
        return [
            replace(one, history=(replace(one.history[0], by=by), *one.history[1:])) if one.invoice_id == PLAIN else one
            for one in found
        ], after

    day.world.exports.histories = forged  # type: ignore[method-assign]


def test_a_whole_history_is_said_to_be_whole() -> None:
    """With how much was checked, and what it was checked against."""
    page = troubled().office.get(f"{HERE}/history", {"lang": "en"})

    assert page.status == 200
    assert "Yes. Nothing was changed, put in or taken away." in page.body
    assert re.search(r"\d+ for \d+ invoices", page.body)
    assert f'href="{HERE}/history.pdf"' in page.body


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "was changed or put into another place"), ("sv", "har någon ändrats eller bytt plats")],
)
def test_a_broken_history_is_said_to_be_broken_and_where(language: str, said: str) -> None:
    """In the reader's language, with the invoice."""
    day = troubled()
    tampered(day, by="mallory")
    body = day.office.get(f"{HERE}/history", {"lang": language}).body

    assert said in body
    assert str(PLAIN) in body
    assert "Nothing was changed" not in body


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Nothing else was changed"), ("sv", "Ingenting annat har ändrats")],
)
def test_what_is_acknowledged_is_told_with_who_and_why(language: str, said: str) -> None:
    """To the warehouse and its auditor, each place of it."""
    day = troubled()
    record = day.world.exports.get(WAREHOUSE, PLAIN)
    assert record is not None
    day.world.exports._stored[WAREHOUSE, PLAIN] = replace(record, history=record.history[1:])
    acknowledge_breaks(
        WAREHOUSE,
        exports=day.world.exports,
        checkpoints=day.world.checkpoints,
        anchors=day.world.anchors,
        known=None,
        by="service operator",
        why="a table was restored <b>",
        at=day.world.clock(),
    )
    body = day.office.get(f"{HERE}/history", {"lang": language}).body

    assert said in body
    assert "service operator" in body
    assert "a table was restored &lt;b&gt;" in body
    assert str(PLAIN) in body
    assert 'class="notice bad"' not in body
    assert 'class="notice good"' not in body


def test_a_history_that_a_page_has_no_time_for_is_checked_in_parts() -> None:
    """Each says what it saw, and leads to the next one; the last one has none."""
    day = many_sent()
    seen, query = 0, dict[str, str]()
    with (
        mock.patch("invoicing.application.prove_history._RECORDS", 100),
        mock.patch.object(day.world, "time_left", 10.0),
        mock.patch("invoicing.pages.history.SECONDS_TO_SHOW", 1_000.0),
    ):
        for _part in range(20):
            body = day.office.get(f"{HERE}/history", {"lang": "en", **query}).body
            assert "As far as was looked: yes." in body
            counted = re.search(r"(\d+) for (\d+) invoices", body)
            assert counted is not None
            seen += int(counted[2])
            more = re.search(r'class="button" href="[^"]*below=(\d+)"', body)
            if more is None:
                break
            query = {"below": more[1]}

    assert query
    assert seen == len(day.world.exports.page(WAREHOUSE, limit=10_000)[0])


def test_the_file_is_in_the_order_in_which_it_happened() -> None:
    """Oldest first and numbered, over all invoices; each with its place among those of its invoice, and its hash."""
    day = troubled()
    rows = rows_of(file_of(day))
    record = day.world.exports.get(WAREHOUSE, PLAIN)
    assert record is not None
    assert record.chain is not None
    own = [row for row in rows if row["Id in Ongoing"] == str(PLAIN)]

    assert [row["No."] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    assert [row["Time in Sweden"] for row in rows] == sorted(row["Time in Sweden"] for row in rows)
    assert [row["Event of the invoice"] for row in own] == [str(n) for n in range(1, len(record.history) + 1)]
    assert own[-1]["Hash up to here"] == record.chain.hash.hex()
    assert {row["Hash up to here"] for row in rows if not row["Id in Ongoing"]} == {""}


@pytest.mark.parametrize(("language", "title"), [("en", "Event log of"), ("sv", "Händelselogg för")])
def test_the_pdf_has_every_line_of_the_file(language: str, title: str) -> None:
    """With the version of the program that worked, and the beginning of each hash."""
    day = troubled()
    answer = day.office.get(f"{HERE}/history.pdf", {"lang": language})
    document: Any = pypdfium2.PdfDocument(answer.file)
    text = " ".join(page.get_textpage().get_text_range() for page in document)
    hashes = [row["Hash up to here"][:16] for row in rows_of(file_of(day)) if row["Hash up to here"]]

    assert title in text
    assert hashes
    assert [one for one in hashes if one not in text] == []
    assert "7 (20" in text  # the program and its days


def test_a_pdf_of_very_many_comes_in_parts() -> None:
    """As the file does."""
    day = many_sent()
    with (
        mock.patch("invoicing.application.list_history._INVOICES", 40),
        mock.patch("invoicing.pages.history.MOST_IN_PDF", 100),
    ):
        answer = day.office.get(f"{HERE}/history.pdf", {"lang": "en"})
    document: Any = pypdfium2.PdfDocument(answer.file)
    text = document[len(document) - 1].get_textpage().get_text_range()

    assert "The later invoices are in the next part:" in text
    assert re.search(r"after=\d+&number=\d+", text.replace("\r\n", ""))
