"""No dead end: from every state of an invoice in Fortnox there is a way out that a person can take, and that works."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from invoicing.application.decide_invoice import DecisionProblem, DecisionRefusedError, decide_invoice
from invoicing.domain.decision import NEEDS_NOTE, NEEDS_NUMBER, Way, ways_out
from invoicing.domain.export import Earlier, EventKind, Export, ExportState
from invoicing.domain.issue import Issue, IssueCode

from local.fortnox.seed import TENANT_ID
from tests.books.books import NUMBER, Books, charge
from tests.support.fakes import interrupted

OTHER = charge(unit_price=Decimal("80.00"))


def gone(books: Books) -> Books:
    """Another ledger, or a restored copy."""
    books.world.fortnox.remove_entry(TENANT_ID, "invoices", books.record.fortnox_number)
    return books


def changed(books: Books, **fields: Any) -> Books:
    """The invoice in Fortnox, as nobody could make it there."""
    books.world.fortnox.change_entry(TENANT_ID, "invoices", books.record.fortnox_number, fields)
    return books


def lost(books: Books) -> Books:
    """The answer to the POST is lost."""
    rule = {"match": {"method": "POST", "path_regex": "^/3/invoices"}, "times": 1, "effect": "after"}
    books.world.fortnox.add_faults([rule])
    return books.run()


def credited_in_part(books: Books) -> Books:
    """The note takes back less than the whole."""
    books.person("credit")
    note = next(number for number, one in books.documents.items() if one["Credit"] == "true")
    books.world.fortnox.change_entry(TENANT_ID, "invoices", note, {"Net": -100})
    return books


def by_hand(books: Books) -> Books:
    """Somebody made it in Fortnox: a copy without our reference."""
    books.world.fortnox.person_copies_invoice(TENANT_ID, "1")
    books.world.fortnox.change_entry(TENANT_ID, "invoices", "2", {"ExternalInvoiceReference1": ""})
    return books


def sent() -> Books:
    """In Fortnox as number 1, and marked."""
    return Books().sent()


HELD: dict[IssueCode, Callable[[], Books]] = {
    IssueCode.TOTAL_DIFFERS: lambda: (
        sent().person_changes(InvoiceRows=[{"DeliveredQuantity": "1"}]).wms_invoice().run()
    ),
    IssueCode.INVOICE_CHANGED: lambda: sent().person_changes(CustomerNumber="1002").wms_invoice().run(),
    IssueCode.INVOICE_SENT: lambda: sent().person("externalprint").wms_invoice(OTHER).run(),
    IssueCode.INVOICE_BOOKED: lambda: sent().person("bookkeep").wms_invoice(OTHER).run(),
    IssueCode.INVOICE_CANCELLED: lambda: by_hand(sent()).person("cancel").wms_invoice(OTHER).run(),
    IssueCode.INVOICE_CREDITED: lambda: by_hand(sent()).person("credit").wms_invoice(OTHER).run(),
    IssueCode.INVOICE_PARTLY_CREDITED: lambda: credited_in_part(sent()).wms_invoice(OTHER).run(),
    IssueCode.INVOICE_GONE: lambda: gone(by_hand(sent())).wms_invoice(OTHER).run(),
    IssueCode.INVOICE_NOT_OURS: lambda: changed(by_hand(sent()), ExternalInvoiceReference1="").wms_invoice(OTHER).run(),
    IssueCode.INVOICE_FROM_ORDER: lambda: changed(by_hand(sent()), OrderReference="12").wms_invoice(OTHER).run(),
    IssueCode.FOUND_TWICE: lambda: twice(lost(Books())).run(),
    IssueCode.OUTCOME_UNCLEAR: lambda: only_a_note(lost(Books())).run().run(),
    IssueCode.CUSTOMER_INACTIVE: lambda: Books().card(Active=False).run(),
}


def twice(books: Books) -> Books:
    """Two in Fortnox carry our reference."""
    books.world.fortnox.person_copies_invoice(TENANT_ID, "1")
    books.world.fortnox.change_entry(
        TENANT_ID, "invoices", "2", {"ExternalInvoiceReference1": f"ONGOING-nordlager-{NUMBER}-"}
    )
    return books


def only_a_note(books: Books) -> Books:
    """Nothing but a credit note carries our reference; somebody made the invoice by hand."""
    by_hand(books)
    books.world.fortnox.change_entry(TENANT_ID, "invoices", "1", {"Credit": "true", "CreditInvoiceReference": "77"})
    return books


def decided(books: Books, way: Way, **facts: str) -> Books:
    """A person decides, and the run that follows."""
    decide_invoice(books.world.change_tools(), books.integration, NUMBER, way, by="anna", **facts)
    return books.run(by="anna")


def facts_of(way: Way, books: Books) -> dict[str, str]:
    """What the form of this way would say: the number of a living invoice, and a reason."""
    living_ones = [str(one["DocumentNumber"]) for one in living(books)]
    number = "2" if "2" in living_ones else books.record.fortnox_number or "1"
    return {
        **({"number": number} if way in NEEDS_NUMBER else {}),
        **({"note": "agreed with the customer"} if way in NEEDS_NOTE else {}),
    }


CASES = [
    (code, way)
    for code in HELD
    for way in ways_out(
        Issue(code=code),
        in_fortnox=code not in {IssueCode.FOUND_TWICE, IssueCode.OUTCOME_UNCLEAR, IssueCode.CUSTOMER_INACTIVE},
        in_doubt=False,
        by_hand=False,
    )
]


@pytest.mark.parametrize("code", HELD)
def test_the_state_is_an_issue_with_ways_out(code: IssueCode) -> None:
    """What the walk below begins with."""
    books = HELD[code]()
    issue = books.record.issue

    assert issue is not None
    assert issue.code is code
    assert Way.LEAVE in books.record.ways_out


@pytest.mark.parametrize(("code", "way"), CASES, ids=str)
def test_every_way_that_is_offered_leads_out(code: IssueCode, way: Way) -> None:
    """It ends without an issue or with another one, who decided is in the history, and nothing is ever there twice."""
    books = HELD[code]()
    impossible = (code, way) == (IssueCode.CUSTOMER_INACTIVE, Way.IS_NUMBER) or (
        code is IssueCode.CUSTOMER_INACTIVE and way is Way.BY_HAND
    )
    living_before = living(books)
    decided(books, way, **facts_of(way, books))
    record = books.record
    steps = [event for event in record.history if event.kind is EventKind.DECIDED]

    assert [(event.by, event.way) for event in steps] == [("anna", way)]
    assert record.decision is None
    if impossible:
        assert record.issue is not None
        assert record.issue.code is IssueCode.INVOICE_GONE
    else:
        if record.issue is not None:  # the number that was given has another amount: a person keeps it
            assert (way, record.issue.code) == (Way.IS_NUMBER, IssueCode.TOTAL_DIFFERS)
            record = decided(books, Way.KEEP).record
        assert (record.state, record.issue) == (ExportState.DONE, None)
    assert len(living(books)) <= max(1, len(living_before)) + (code in {IssueCode.FOUND_TWICE, *STRANGERS})


# Beside these there is one that somebody made by hand.
STRANGERS = frozenset(
    {
        IssueCode.INVOICE_GONE,
        IssueCode.OUTCOME_UNCLEAR,
        IssueCode.INVOICE_CANCELLED,
        IssueCode.INVOICE_CREDITED,
    }
)


def living(books: Books) -> list[dict[str, Any]]:
    """Invoices that somebody is to pay."""
    return [
        one
        for one in books.documents.values()
        if not one["Cancelled"] and one["CreditInvoiceReference"] in {"0", 0, "", None} and one["Credit"] == "false"
    ]


def the_living(books: Books) -> dict[str, Any]:
    """The one invoice that is to be paid."""
    (one,) = living(books)
    return one


@pytest.mark.parametrize("end", ["cancel", "credit"])
def test_a_new_invoice_takes_the_place_of_one_that_is_over(end: str) -> None:
    """One POST; its own reference and number; both numbers in the record, the new one in Ongoing."""
    books = sent().person(end).wms_invoice(OTHER).run()
    decided(books, Way.MAKE_NEW)
    there, record = the_living(books), books.record

    assert books.calls("POST", "invoices") == 1
    assert (there["Net"], there["ExternalInvoiceReference1"]) == (960, f"ONGOING-nordlager-{NUMBER}-G2-")
    assert record.fortnox_number == there["DocumentNumber"] != "1"
    assert record.earlier == (Earlier(number="1", reference=f"ONGOING-nordlager-{NUMBER}-"),)
    assert books.world.ongoing.invoice("nordlager", NUMBER).number == there["DocumentNumber"]
    assert books.marked


def test_correcting_credits_once_and_makes_a_new_one() -> None:
    """The credit note's number is kept with that of the invoice that it credits."""
    books = sent().person("bookkeep").wms_invoice(OTHER).run()
    decided(books, Way.CORRECT)
    there = the_living(books)
    (earlier,) = books.record.earlier
    note = books.documents[earlier.credit_note]

    assert there["Net"] == 960
    assert (note["Net"], note["CreditInvoiceReference"]) == (-1020, "1")
    assert len(books.documents) == 3
    assert {event.kind for event in books.record.history} >= {EventKind.CREDITING, EventKind.CREDITED}


def test_a_third_invoice_follows_a_second() -> None:
    """Each generation has a reference of its own."""
    books = sent().person("cancel").wms_invoice(OTHER).run()
    decided(books, Way.MAKE_NEW)
    books.person("cancel").wms_invoice(charge()).run()
    decided(books, Way.MAKE_NEW)

    assert the_living(books)["ExternalInvoiceReference1"] == f"ONGOING-nordlager-{NUMBER}-G3-"
    assert [one.number for one in books.record.earlier] == ["1", "2"]
    assert (books.record.wms_number, books.record.fortnox_number) == ("3", "3")


def test_a_later_generation_is_exported_again_like_a_first() -> None:
    """Updated under its own number, and unchanged with one read."""
    books = sent().person("cancel").wms_invoice(OTHER).run()
    decided(books, Way.MAKE_NEW)
    books.wms_invoice(charge()).run()
    net = the_living(books)["Net"]
    books.wms_invoice().run()

    assert net == 1020
    assert (books.calls("GET"), books.writes, books.record.state) == (1, 0, ExportState.DONE)


def test_what_is_left_stays_left_until_ongoing_has_something_else() -> None:
    """The reason is kept; no run asks anything about it."""
    books = sent().person("cancel").wms_invoice(OTHER).run()
    decided(books, Way.LEAVE, note="the customer went out of business")
    books.run().run()
    asked = books.calls("GET")
    left = books.record
    books.wms_invoice(charge(quantity=Decimal(3))).run()

    assert (left.state, left.issue, asked) == (ExportState.DONE, None, 0)
    assert "the customer went out of business" in {event.note for event in left.history}
    assert books.record.issue is not None
    assert books.record.issue.code is IssueCode.INVOICE_CANCELLED


def test_what_is_kept_is_kept_when_it_is_exported_again_unchanged() -> None:
    """A person said that it is right as it is in Fortnox."""
    books = sent().person_changes(InvoiceRows=[{"DeliveredQuantity": "1"}]).wms_invoice().run()
    decided(books, Way.KEEP)
    books.wms_invoice().run()

    assert (books.document["Net"], books.record.state, books.marked) == (85, ExportState.DONE, True)
    assert books.writes == 0


def test_an_invoice_made_by_hand_is_never_changed_by_us() -> None:
    """It is marked with its number; when Ongoing has something else, a person decides again."""
    books = HELD[IssueCode.INVOICE_PARTLY_CREDITED]()
    decided(books, Way.BY_HAND)
    there = books.documents
    books.wms_invoice(charge(quantity=Decimal(3))).run()

    assert books.documents == there
    assert books.record.state is ExportState.HELD


@pytest.mark.parametrize("way", [Way.MAKE_NEW, Way.CORRECT])
def test_two_clicks_are_one_decision(way: Way) -> None:
    """And an old page cannot make a third invoice afterwards."""
    books = sent().person("cancel" if way is Way.MAKE_NEW else "bookkeep").wms_invoice(OTHER).run()
    for _ in range(2):
        decide_invoice(books.world.change_tools(), books.integration, NUMBER, way, by="anna")
    books.run()
    count = len(books.documents)
    with pytest.raises(DecisionRefusedError) as refused:
        decide_invoice(books.world.change_tools(), books.integration, NUMBER, way, by="anna")
    books.run()

    assert len(living(books)) == 1
    assert len(books.documents) == count
    assert refused.value.problem is DecisionProblem.NOT_POSSIBLE


@pytest.mark.parametrize(
    ("end", "first", "second"),
    [
        ("cancel", Way.LEAVE, Way.MAKE_NEW),
        ("cancel", Way.MAKE_NEW, Way.LEAVE),
        ("bookkeep", Way.CORRECT, Way.BY_HAND),
        ("bookkeep", Way.LEAVE, Way.CORRECT),
    ],
)
def test_of_two_people_who_decide_at_once_the_first_decides(end: str, first: Way, second: Way) -> None:
    """The other one is told, and what was decided is neither replaced nor done twice."""
    books = sent().person(end).wms_invoice(OTHER).run()
    tools, integration = books.world.change_tools(), books.integration
    decide_invoice(tools, integration, NUMBER, first, by="anna", note="agreed")
    with pytest.raises(DecisionRefusedError) as refused:
        decide_invoice(tools, integration, NUMBER, second, by="bo", note="agreed")
    books.run()
    decided_by = [(event.by, event.way) for event in books.record.history if event.kind is EventKind.DECIDED]

    assert refused.value.problem is DecisionProblem.CHANGED_MEANWHILE
    assert decided_by == [("anna", first)]
    assert (books.record.state, books.record.decision) == (ExportState.DONE, None)


@pytest.mark.parametrize(
    ("way", "facts", "problem"),
    [
        (Way.CORRECT, {}, DecisionProblem.NOT_POSSIBLE),
        (Way.LEAVE, {}, DecisionProblem.NOTE_MISSING),
        (Way.IS_NUMBER, {}, DecisionProblem.NUMBER_MISSING),
        (Way.IS_NUMBER, {"number": "12a"}, DecisionProblem.NUMBER_NOT_VALID),
        (Way.IS_NUMBER, {"number": "٣"}, DecisionProblem.NUMBER_NOT_VALID),
        (Way.IS_NUMBER, {"number": "1" * 19}, DecisionProblem.NUMBER_NOT_VALID),
    ],
)
def test_a_decision_that_cannot_be_taken_goes_back(way: Way, facts: dict[str, str], problem: DecisionProblem) -> None:
    """Nothing is written."""
    books = HELD[IssueCode.INVOICE_GONE]()
    before = books.record
    with pytest.raises(DecisionRefusedError) as refused:
        decide_invoice(books.world.change_tools(), books.integration, NUMBER, way, by="anna", **facts)

    assert refused.value.problem is problem
    assert books.record == before


def test_a_decision_asks_for_the_run_that_carries_it_out() -> None:
    """And whoever runs this service reads in the log what was decided, and not by whom or why."""
    books = HELD[IssueCode.INVOICE_GONE]()
    world = books.world
    world.queue.requests.clear()
    decide_invoice(world.change_tools(), books.integration, NUMBER, Way.LEAVE, by="anna", note="agreed")

    assert [(one.integration_id, one.by) for one in world.queue.requests] == [("nordlager", "anna")]
    assert books.integration.asked == {NUMBER}
    assert world.reports[-1] == (
        "invoice_decided",
        {"integration": "nordlager", "invoice": str(NUMBER), "way": Way.LEAVE},
    )


def test_nothing_can_be_decided_about_an_invoice_that_nobody_has_a_record_of() -> None:
    """Its number was made up, or it was never looked at."""
    books = Books()
    with pytest.raises(DecisionRefusedError) as refused:
        decide_invoice(books.world.change_tools(), books.integration, 999, Way.LEAVE, by="anna", note="agreed")

    assert refused.value.problem is DecisionProblem.NOT_POSSIBLE


def test_a_decision_that_meets_a_run_at_its_write_goes_back() -> None:
    """Whoever decided looks again; what the run wrote stands."""
    books = HELD[IssueCode.INVOICE_GONE]()
    exports, seen = books.world.exports, books.record

    def run_writes(method: str) -> None:
        if method == "save":
            exports.save(replace(seen, version=seen.version + 1, title="by a run"), event=None)

    tools = replace(books.world.change_tools(), exports=interrupted(exports, before=run_writes))
    with pytest.raises(DecisionRefusedError) as refused:
        decide_invoice(tools, books.integration, NUMBER, Way.LEAVE, by="anna", note="agreed")

    assert refused.value.problem is DecisionProblem.CHANGED_MEANWHILE
    assert (books.record.title, books.record.decision) == ("by a run", None)


def test_an_invoice_of_ours_is_never_taken_for_another_one_of_ours() -> None:
    """A wrong number typed by a person must not join two invoices."""
    books = sent().another(7001).run()
    other: Export | None = books.record_of(7001)
    assert other is not None
    gone(books).wms_invoice(OTHER).run()
    decided(books, Way.IS_NUMBER, number=other.fortnox_number)

    assert books.record.issue is not None
    assert books.record.issue.code is IssueCode.INVOICE_NOT_OURS


@pytest.mark.parametrize("code", IssueCode)
def test_every_issue_of_an_invoice_can_be_ended_by_a_person(code: IssueCode) -> None:
    """Whether it was sent or not, or nobody knows."""
    for in_fortnox in (False, True):
        for in_doubt in (False, True):
            ways = ways_out(Issue(code=code), in_fortnox=in_fortnox, in_doubt=in_doubt, by_hand=False)

            assert Way.LEAVE in ways


def test_an_invoice_deleted_in_doubt_is_told_and_can_be_ended() -> None:
    """Only a credit note has its reference: a person is asked, and ends it."""
    books = only_a_note(lost(Books()))
    books.world.ongoing.remove_invoice("nordlager", NUMBER)
    claimed = books.record
    told = books.run().record
    said_once = books.run().record
    ended = books.asked(kind=EventKind.RETRY).record

    assert told.issue is not None
    assert told.issue.code is IssueCode.OUTCOME_UNCLEAR
    assert (told.fortnox_number, told.state) == ("", ExportState.HELD)
    assert told.attempt_id == claimed.attempt_id != ""
    assert said_once == told
    assert (ended.state, ended.issue, ended.wanted) == (ExportState.DONE, None, False)
