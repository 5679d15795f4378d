"""A POST without an answer: whether it made an invoice, only a search tells, whatever people type meanwhile."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from invoicing.domain.decision import Way
from invoicing.domain.export import EventKind, ExportState
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import IssueCode
from invoicing.rendering.issue_texts import issue_text
from invoicing.rendering.way_texts import WAY_TEXTS

from local.fortnox.seed import TENANT_ID
from local.ongoing.seed import WAREHOUSE
from tests.application.test_ways_out import HELD, decided, living, lost, only_a_note, twice
from tests.books.books import NUMBER, Books, names_all

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
    refused, ways, issue = books.issue, books.record.ways_out, books.record.issue
    assert issue is not None
    advice = issue_text(issue, Language.ENGLISH).fix
    books.run(after=timedelta(hours=1)).asked(kind=EventKind.RETRY)

    assert refused.split()[0] in {IssueCode.INVOICE_GONE, IssueCode.INVOICE_CANCELLED}
    assert ways == (Way.IS_NUMBER, Way.NOT_THERE, Way.LEAVE)
    assert names_all(advice, [WAY_TEXTS[way].button for way in (Way.IS_NUMBER, Way.NOT_THERE)])
    assert WAY_TEXTS[Way.MAKE_NEW].button not in advice
    assert len(living(books)) == (2 if two else 1)
    if two:
        assert books.issue.startswith(IssueCode.FOUND_TWICE)
    else:
        assert (books.record.state, books.record.fortnox_number, books.marked) == (ExportState.DONE, "1", True)


def test_the_history_says_that_it_was_looked_for_and_is_not_there() -> None:
    """Before it is sent again: whoever reads it knows that nothing was made twice."""
    books = not_carried_out().run()

    assert kinds(books) == [
        *(EventKind.CLAIMED, EventKind.NOT_FOUND, EventKind.CLAIMED, EventKind.CREATED),
        EventKind.WRITTEN_BACK,
    ]


@pytest.mark.parametrize(("seconds", "searched"), [(119, False), (120, True)])
def test_it_is_looked_for_two_minutes_later_and_not_before(seconds: int, *, searched: bool) -> None:
    """By then a lost request has arrived."""
    books = not_carried_out()
    claimed = books.record.updated_at
    assert claimed is not None
    books.run(after=claimed + timedelta(seconds=seconds) - books.world.clock())

    assert bool(books.calls("GET")) is searched
    assert len(books.documents) == searched


def test_what_only_a_person_can_tell_is_said_also_after_fortnox_did_not_answer() -> None:
    """Deleted in Ongoing meanwhile, and only a credit note carries its reference."""
    books = only_a_note(unanswered(lost(Books())))
    told = books.issue
    books.world.ongoing.remove_invoice(WAREHOUSE, NUMBER)
    books.run().run()

    assert told.startswith(IssueCode.FORTNOX_NOT_ANSWERING)
    assert books.issue.startswith(IssueCode.OUTCOME_UNCLEAR)


@pytest.mark.parametrize(
    ("there", "issue"),
    [
        ({"Cancelled": True}, IssueCode.INVOICE_CANCELLED),
        ({"CreditInvoiceReference": "77"}, IssueCode.INVOICE_CREDITED),
    ],
)
def test_what_was_ended_meanwhile_is_found_and_said(there: dict[str, object], issue: IssueCode) -> None:
    """Nothing is made in its place, nothing written to it, and it is not marked."""
    books = lost(Books())
    books.world.fortnox.change_entry(TENANT_ID, "invoices", "1", there)
    books.run()

    assert (books.issue.split()[0], books.record.fortnox_number) == (issue, "1")
    assert (len(books.documents), books.writes, books.marked) == (1, 0, False)


def test_what_was_deleted_is_closed_under_the_number_that_it_has_in_fortnox() -> None:
    """The history names the invoice that a person lets stay there."""
    books = lost(Books())
    books.world.ongoing.remove_invoice(WAREHOUSE, NUMBER)
    books.run().asked(kind=EventKind.RETRY)
    closed = books.record.history[-1]

    assert (closed.kind, closed.fortnox_number, closed.issue) == (EventKind.LEFT, "1", None)


@pytest.mark.parametrize("issue", [IssueCode.INVOICE_GONE, IssueCode.CUSTOMER_INACTIVE], ids=["sent", "never sent"])
def test_without_a_doubt_a_wrong_number_can_be_followed_by_a_new_invoice(issue: IssueCode) -> None:
    """That of an invoice that is gone is known, and one that was never posted cannot be there."""
    books = decided(HELD[issue](), Way.IS_NUMBER, number="999")
    told = books.record.issue
    assert told is not None

    assert told.code is IssueCode.INVOICE_GONE
    assert Way.MAKE_NEW in books.record.ways_out
    assert WAY_TEXTS[Way.MAKE_NEW].button in issue_text(told, Language.ENGLISH).fix
