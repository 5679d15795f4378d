"""A POST without an answer: whether it made an invoice, only a search tells, whatever people type meanwhile."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from invoicing.domain.decision import Way
from invoicing.domain.export import EventKind, ExportState
from invoicing.domain.issue import IssueCode

from local.fortnox.seed import TENANT_ID
from tests.application.test_ways_out import decided, living, lost, twice
from tests.books.books import Books

SEARCH = {"method": "GET", "path_regex": "^/3/invoices$"}


def unanswered(books: Books) -> Books:
    """No search gets an answer for so long that it is told."""
    books.world.fortnox.add_faults([{"match": SEARCH, "times": None, "effect": "status", "status": 500}])
    books.run().run()
    books.world.fortnox.clear_faults()
    return books


def not_carried_out() -> Books:
    """The POST never arrived."""
    books = Books()
    rule = {"match": {"method": "POST", "path_regex": "^/3/invoices"}, "times": 1, "effect": "before"}
    books.world.fortnox.add_faults([rule])
    return books.run()


def kinds(books: Books) -> list[EventKind]:
    """What happened, oldest first."""
    return [event.kind for event in books.record.history]


def cancelled(books: Books) -> str:
    """The number of another invoice, which somebody made by hand and cancelled."""
    number = books.world.fortnox.person_copies_invoice(TENANT_ID, "1")
    books.world.fortnox.change_entry(TENANT_ID, "invoices", number, {"ExternalInvoiceReference1": ""})
    books.person("cancel", number)
    return number


@pytest.mark.parametrize("wrong", [lambda _: "999", cancelled], ids=["no such number", "a cancelled one"])
@pytest.mark.parametrize("two", [False, True])
def test_a_wrong_number_never_leads_to_another_invoice(wrong: Callable[[Books], str], *, two: bool) -> None:
    """It says nothing of the POST: a new one is not offered, and Fortnox is searched before anything is made."""
    books = twice(lost(Books())).run() if two else unanswered(lost(Books()))
    decided(books, Way.IS_NUMBER, number=wrong(books))
    refused, ways = books.issue, books.record.ways_out
    books.run(after=timedelta(hours=1)).asked(kind=EventKind.RETRY)

    assert refused.split()[0] in {IssueCode.INVOICE_GONE, IssueCode.INVOICE_CANCELLED}
    assert ways == (Way.IS_NUMBER, Way.NOT_THERE, Way.LEAVE)
    assert len(living(books)) == (2 if two else 1)
    if two:
        assert books.issue.startswith(IssueCode.FOUND_TWICE)
    else:
        assert (books.record.state, books.record.fortnox_number, books.marked) == (ExportState.DONE, "1", True)
