"""Due dates that count from the day of sending, by terms that only Fortnox knows: learned, set once, never lost."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from invoicing.application.decide_invoice import decide_invoice
from invoicing.domain.decision import Way
from invoicing.domain.export import ExportState

from local.ongoing.faults import Effect, FaultRule, Match
from tests.books.books import NUMBER, Books, charge

REFUSAL = {"ErrorInformation": {"error": 1, "message": "Nej.", "code": 2009999}}
TERMS = 30  # days; the company's own
UNANSWERED: dict[str, dict[str, Any]] = {
    "lost before": {"effect": "before"},
    "lost after": {"effect": "after"},
    "a page instead": {"effect": "html"},
    "500": {"effect": "status", "status": 500},
    "429": {"effect": "status", "status": 429},
}


def late(*, terms: str = "", days: int = 75) -> Books:
    """Dated so long ago, to a customer whose card says nothing of terms, counted from the day of sending."""
    books = Books().card(TermsOfPayment=terms).settings(due_date_from="sending")
    return books.wms_invoice(invoice_date=books.world.today - timedelta(days=days))


def failing(books: Books, method: str, rule: dict[str, Any], *, times: int | None = 1) -> Books:
    """What Fortnox answers to the next such calls about invoices."""
    books.world.fortnox.add_faults(
        [{"match": {"method": method, "path_regex": "^/3/invoices"}, "times": times, **rule}]
    )
    return books


def due(books: Books) -> date:
    """When the one invoice is due."""
    return date.fromisoformat(books.document["DueDate"])


@pytest.mark.parametrize(("terms", "writes"), [("30", 1), ("", 2)])
def test_terms_that_the_card_says_cost_no_further_call(terms: str, writes: int) -> None:
    """Else one more sets the date that Fortnox's answer led to."""
    books = late(terms=terms).sent()

    assert due(books) == books.world.today + timedelta(days=TERMS)
    assert books.writes == writes


@pytest.mark.parametrize("days", [0, -3])
def test_an_invoice_that_is_sent_in_time_costs_no_further_call(days: int) -> None:
    """On its date or before it: there is nothing to count."""
    books = late(days=days).settings(export_when="as_seen").sent()

    assert due(books) == books.world.today + timedelta(days=TERMS - days)
    assert books.writes == 1


@pytest.mark.parametrize("answer", UNANSWERED)
def test_a_due_date_that_could_not_be_set_is_set_later(answer: str) -> None:
    """The invoice is not marked before it is right; the date counts from the day on which it was sent."""
    books = failing(late(), "PUT", UNANSWERED[answer], times=None if answer == "429" else 1)
    sent_on = books.world.today
    books.run()
    unmarked = not books.marked
    books.world.fortnox.clear_faults()
    books.run(after=timedelta(days=2)).run()

    assert unmarked
    assert due(books) == sent_on + timedelta(days=TERMS)
    assert (books.record.state, books.marked) == (ExportState.DONE, True)


@pytest.mark.parametrize("answer", UNANSWERED)
def test_an_invoice_whose_answer_was_lost_is_due_as_any_other(answer: str) -> None:
    """Found by its reference in a later run, on a later day."""
    books = failing(late(), "POST", UNANSWERED[answer])
    sent_on = books.world.today
    books.run().run(after=timedelta(days=1)).run()

    assert due(books) - timedelta(days=TERMS) in {sent_on, sent_on + timedelta(days=1)}
    assert (books.document["Net"], books.record.state) == (1020, ExportState.DONE)


def test_a_due_date_that_fortnox_refuses_is_told_and_can_be_left_as_it_is() -> None:
    """Held with Fortnox's words; what a person keeps is not tried again."""
    books = failing(late(), "PUT", {"effect": "status", "status": 400, "body": REFUSAL}, times=None).run()
    told = books.issue
    decide_invoice(books.world.change_tools(), books.integration, NUMBER, Way.KEEP, by="anna")
    books.run(by="anna")

    assert "Nej." in told
    assert (books.record.state, books.marked, books.writes) == (ExportState.DONE, True, 0)


def test_a_mark_that_ongoing_does_not_take_sets_the_date_once() -> None:
    """What is right in Fortnox is not written again."""
    books = late()
    books.world.ongoing.add_fault(FaultRule(effect=Effect.SUCCESS_FALSE, match=Match(operation="UpdateInvoice")))
    first = books.run().writes
    books.run()

    assert (first, books.writes, books.marked) == (2, 0, True)
    assert due(books) == books.record.history[0].at.date() + timedelta(days=TERMS)


def test_an_update_moves_the_date_with_the_invoice_date() -> None:
    """As many days as before; nothing is counted from sending a second time."""
    books = late().sent()
    first, dated = due(books), date.fromisoformat(books.document["InvoiceDate"])
    books.world.later(days=10)
    books.wms_invoice(charge(quantity=charge().quantity + 1), invoice_date=dated + timedelta(days=5)).run()

    assert due(books) == first + timedelta(days=5)
    assert books.record.state is ExportState.DONE
