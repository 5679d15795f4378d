"""No record stands still in silence: whatever its state and whatever Fortnox answers, somebody is told in two runs."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from invoicing.application.decide_invoice import decide_invoice
from invoicing.domain.decision import Way
from invoicing.domain.export import ExportState

from local.ongoing.faults import Effect, FaultRule, Match
from tests.books.books import NUMBER, Books, charge

OTHER = charge(unit_price=Decimal("80.00"))
REFUSAL = {"ErrorInformation": {"error": 1, "message": "Nej.", "code": 2009999}}

ANSWERS: dict[str, dict[str, Any]] = {
    "request lost": {"effect": "before"},
    "answer lost": {"effect": "after"},
    "a page instead": {"effect": "html"},
    "500": {"effect": "status", "status": 500},
    "429": {"effect": "status", "status": 429},
    "401": {"effect": "status", "status": 401, "body": REFUSAL},
    "403": {"effect": "status", "status": 403, "body": REFUSAL},
    "404": {"effect": "status", "status": 404, "body": REFUSAL},
    "400": {"effect": "status", "status": 400, "body": REFUSAL},
}


def answering(
    books: Books, rule: dict[str, Any], *, match: dict[str, Any] | None = None, times: int | None = None
) -> None:
    """Fortnox answers so from now on."""
    books.world.fortnox.add_faults([{"match": match or {"path_regex": "^/3/"}, "times": times, **rule}])


def lost(method: str, path: str) -> Callable[[Books], Books]:
    """The answer to the next such call is lost."""

    def run(books: Books) -> Books:
        answering(books, {"effect": "after"}, match={"method": method, "path_regex": path}, times=1)
        return books.run()

    return run


def claimed() -> Books:
    """The answer to the POST is lost."""
    return lost("POST", "^/3/invoices")(Books())


def sent() -> Books:
    """Ongoing did not take the mark."""
    books = Books()
    books.world.ongoing.add_fault(FaultRule(effect=Effect.SUCCESS_FALSE, match=Match(operation="UpdateInvoice")))
    return books.run()


def updating() -> Books:
    """The answer to the new rows is lost."""
    return lost("PUT", "^/3/invoices")(Books().sent().wms_invoice(OTHER))


def crediting() -> Books:
    """The answer to the credit is lost."""
    books = Books().sent().person("bookkeep").wms_invoice(OTHER).run()
    decide_invoice(books.world.change_tools(), books.integration, NUMBER, Way.CORRECT, by="anna")
    return lost("PUT", "/credit$")(books)


def held() -> Books:
    """A person must decide."""
    return Books().sent().person("bookkeep").wms_invoice(OTHER).run()


def done() -> Books:
    """Exported, and exported again with something else."""
    return Books().sent().wms_invoice(OTHER)


STATES: dict[ExportState, Callable[[], Books]] = {
    ExportState.CLAIMED: claimed,
    ExportState.SENT: sent,
    ExportState.UPDATING: updating,
    ExportState.CREDITING: crediting,
    ExportState.HELD: held,
    ExportState.DONE: done,
}


@pytest.mark.parametrize("state", ExportState)
def test_every_state_can_be_brought_about(state: ExportState) -> None:
    """What the walk below begins with."""
    assert STATES[state]().record.state is state


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("state", ExportState)
def test_what_is_not_settled_in_two_runs_is_told(state: ExportState, answer: str) -> None:
    """By an issue of the invoice or of the integration; or it is done."""
    books = STATES[state]()
    answering(books, ANSWERS[answer])
    for _ in range(3):
        books.run()
    record, run = books.record, books.integration.last_run

    told = record.issue is not None or (run is not None and run.problem is not None)
    assert told or (record.state is ExportState.DONE and books.marked)


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("state", [ExportState.CLAIMED, ExportState.SENT, ExportState.UPDATING, ExportState.CREDITING])
def test_what_was_told_heals_by_itself_when_fortnox_answers_again(state: ExportState, answer: str) -> None:
    """Each invoice once and right, without anybody; a clear no may need a person, who then finds it as it was."""
    books = STATES[state]()
    answering(books, ANSWERS[answer])
    for _ in range(3):
        books.run()
    books.world.fortnox.clear_faults()
    for _ in range(8):
        books.run()
    living = [one for one in books.documents.values() if one["Credit"] == "false" and not one["Cancelled"]]
    notes = [one for one in books.documents.values() if one["Credit"] == "true"]

    assert books.record.state is ExportState.DONE or books.record.ways_out
    assert len(living) <= (2 if state is ExportState.CREDITING else 1)
    assert len(notes) <= 1


@pytest.mark.parametrize("effect", [Effect.SUCCESS_FALSE, Effect.HTML, Effect.SOAP_FAULT])
def test_a_mark_that_ongoing_does_not_take_is_told(effect: Effect) -> None:
    """In two runs, and done as soon as it does."""
    books = Books()
    rule = FaultRule(effect=effect, match=Match(operation="UpdateInvoice"), times=None)
    books.world.ongoing.add_fault(rule)
    told = []
    for _ in range(4):
        books.run()
        told.append(bool(books.issue))
    versions = {books.run().record.version for _ in range(2)}
    books.world.ongoing.clear_faults()
    books.run()

    assert told == [False, True, True, True]
    assert len(versions) == 1
    assert (books.record.state, books.marked) == (ExportState.DONE, True)
