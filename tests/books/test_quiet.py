"""An issue ends when it no longer applies: an invoice that is not due any more waits in quiet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from invoicing.domain.export import EventKind, ExportState
from invoicing.rendering.views import InvoiceState
from invoicing.rendering.views_of import invoice_line_of

from tests.books.books import NUMBER, Books, charge

MENDED: dict[str, Callable[[Books], Books]] = {
    "no rows and no amount": lambda books: books.wms_invoice(charges=(), amount=Decimal(0)),
    "no date": lambda books: books.wms_invoice(garbled={"InvoiceDate": "0001-01-01T00:00:00"}),
    "a period that has not ended": lambda books: books.wms_invoice(
        invoice_date=books.world.today + timedelta(days=30), period_end=books.world.today + timedelta(days=30)
    ),
    "when asked": lambda books: books.settings(export_when="when_asked"),
    "older than the integration": lambda books: books.settings(from_date=str(books.world.today)),
}


def without_rows(books: Books) -> Books:
    """An amount that no row explains: held."""
    return books.wms_invoice(charges=(), amount=Decimal(100)).run()


@pytest.mark.parametrize("what", MENDED)
def test_an_issue_of_an_invoice_that_is_not_due_any_more_is_closed(what: str) -> None:
    """It was never in Fortnox; nothing is said of it, and nothing is counted as held."""
    books = without_rows(Books())
    held = books.issue
    MENDED[what](books).run()
    run = books.integration.last_run

    assert held.startswith("no_rows")
    assert (books.issue, books.record.issue_since, books.documents) == ("", None, {})
    assert run is not None
    assert run.held == 0
    assert NUMBER not in books.integration.unfinished
    assert invoice_line_of(books.record).state is InvoiceState.NOT_DUE


@pytest.mark.parametrize("what", MENDED)
def test_closing_it_is_said_once_and_costs_nothing_afterwards(what: str) -> None:
    """One line of history."""
    books = without_rows(Books())
    MENDED[what](books).run()
    version = books.record.version
    books.run().run()

    assert books.record.version == version
    assert [event.kind for event in books.record.history].count(EventKind.NOT_DUE) == 1


def test_it_is_sent_like_any_other_when_it_is_due_again() -> None:
    """As soon as it has rows and an amount."""
    books = without_rows(Books())
    books.wms_invoice(charges=(), amount=Decimal(0)).run()
    books.wms_invoice(charge(), amount=None).run()

    assert (books.record.state, books.document["Net"], books.marked) == (ExportState.DONE, 1020, True)
    assert invoice_line_of(books.record).state is InvoiceState.SENT


def test_what_a_person_asked_for_is_held_until_a_person_ends_it() -> None:
    """*Export now* of an invoice without rows: the answer must not vanish."""
    books = Books().wms_invoice(charges=(), amount=Decimal(0)).asked()
    books.run().run()

    assert books.issue.startswith("no_rows")


def test_what_is_in_fortnox_is_never_taken_for_not_due() -> None:
    """Sent once, and then emptied in Ongoing: that is a difference."""
    books = Books().sent().wms_invoice(charges=(), amount=Decimal(0)).run().run()

    assert books.record.state is ExportState.HELD
