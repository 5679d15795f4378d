"""A decision is carried out on what Fortnox has by then, whatever the person saw who took it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from invoicing.application.decide_invoice import decide_invoice
from invoicing.domain.decision import Way
from invoicing.domain.export import Earlier, EventKind, ExportState
from invoicing.domain.issue import IssueCode

from local.fortnox.seed import TENANT_ID
from tests.application.test_ways_out import (
    HELD,
    OTHER,
    changed,
    decided,
    lost,
    only_a_note,
    sent,
    the_living,
    twice,
)
from tests.books.books import NUMBER, Books, charge

FIRST = f"ONGOING-nordlager-{NUMBER}-"
UNDRAWABLE = charge(account="1")
"""Of this no invoice can be drawn up."""


def decide(books: Books, way: Way, **facts: str) -> Books:
    """A person decides; the run is yet to come."""
    decide_invoice(books.world.change_tools(), books.integration, NUMBER, way, by="anna", **facts)
    return books


def notes(books: Books) -> list[str]:
    """The numbers of all credit notes."""
    return [number for number, one in books.documents.items() if one["Credit"] == "true"]


def said(books: Books, kind: EventKind) -> list[str]:
    """What number each such line of its history names."""
    return [event.fortnox_number for event in books.record.history if event.kind is kind]


def kinds(books: Books) -> list[EventKind]:
    """What happened, oldest first."""
    return [event.kind for event in books.record.history]


def code(books: Books) -> IssueCode | None:
    """What it is held for."""
    return books.record.issue.code if books.record.issue else None


# A new one.


def test_no_new_one_is_made_where_the_old_one_lives_again() -> None:
    """Its credit note was cancelled before the run: it is updated, and nothing is to be paid twice."""
    books = decide(sent().person("credit").wms_invoice(OTHER).run(), Way.MAKE_NEW)
    books.world.fortnox.change_entry(TENANT_ID, "invoices", "2", {"Cancelled": True})
    books.run()

    assert [(number, one["Net"]) for number, one in books.documents.items() if not one["Cancelled"]] == [("1", 960)]
    assert (books.record.state, books.record.generation) == (ExportState.DONE, 1)


def test_no_new_one_is_made_where_the_number_is_somebody_elses() -> None:
    """What was said of an invoice that is over says nothing of this one."""
    books = decide(sent().person("cancel").wms_invoice(OTHER).run(), Way.MAKE_NEW)
    changed(books, Cancelled=False, ExternalInvoiceReference1="").run()

    assert (len(books.documents), code(books)) == (1, IssueCode.INVOICE_NOT_OURS)
    assert books.record.decision is None


def test_a_new_one_is_made_where_only_a_wrong_number_is_over() -> None:
    """None of ours ever was in Fortnox: the number that somebody typed is cancelled."""
    books = somebody_elses().wms_invoice(UNDRAWABLE).run().person("cancel", "1")
    decided(books, Way.IS_NUMBER, number="1")
    over = code(books)
    decided(books.wms_invoice(charge()), Way.MAKE_NEW)

    assert over is IssueCode.INVOICE_CANCELLED
    assert (the_living(books)["DocumentNumber"], books.record.state) == ("2", ExportState.DONE)


def test_both_lines_of_its_history_name_the_invoice_that_they_are_about() -> None:
    """The one whose place is taken, or the note that credits it."""
    made = decided(sent().person("cancel").wms_invoice(OTHER).run(), Way.MAKE_NEW)
    corrected = decided(sent().person("bookkeep").wms_invoice(OTHER).run(), Way.CORRECT)

    assert said(made, EventKind.MADE_NEW) == ["1"]
    assert said(corrected, EventKind.CREDITED) == notes(corrected) == ["2"]


# Credited, and made anew.


def to_correct() -> Books:
    """Booked with something else than Ongoing has, and a person wants it corrected; the run is yet to come."""
    return decide(sent().person("bookkeep").wms_invoice(OTHER).run(), Way.CORRECT)


def test_what_somebody_credited_meanwhile_is_not_credited_again() -> None:
    """Their note is the one that counts."""
    books = to_correct().person("credit").run()

    assert notes(books) == ["2"]
    assert (the_living(books)["Net"], books.record.earlier) == (
        960,
        (Earlier(number="1", reference=FIRST, credit_note="2"),),
    )


def test_what_somebody_cancelled_meanwhile_is_not_credited() -> None:
    """Nobody is to pay it: what now, is another question."""
    books = changed(to_correct(), Cancelled=True).run()

    assert (len(books.documents), code(books)) == (1, IssueCode.INVOICE_CANCELLED)


@pytest.mark.parametrize("lost_ones", [1, 2], ids=["once", "told after the second time"])
@pytest.mark.parametrize("effect", ["before", "after"])
def test_a_credit_without_an_answer_is_asked_for_again_after_two_minutes_and_made_once(
    effect: str, lost_ones: int
) -> None:
    """Earlier it might still arrive, and a second credit would be another one."""
    books = to_correct()
    times = lost_ones if effect == "before" else 1
    match = {"method": "PUT", "path_regex": "/credit$"}
    books.world.fortnox.add_faults([{"match": match, "times": times, "effect": effect}])
    for _ in range(times):
        books.run()
    books.run(after=timedelta(seconds=90))
    early = books.calls("PUT")
    books.run()

    assert early == 0
    assert notes(books) == ["2"]
    assert (the_living(books)["Net"], books.record.state) == (960, ExportState.DONE)
    assert kinds(books).count(EventKind.CREDITING) == 1


def test_no_new_one_is_made_before_the_old_one_is_known_to_be_credited() -> None:
    """Fortnox said yes, and its invoice names no note: nobody is to get both."""
    books = to_correct()
    rule = {"match": {"method": "PUT", "path_regex": "/credit$"}, "times": 1, "effect": "status", "status": 200}
    books.world.fortnox.add_faults([{**rule, "body": {"Invoice": {"DocumentNumber": "1"}}}])
    books.run()
    between = (len(books.documents), books.record.state)
    books.run()

    assert between == (1, ExportState.CREDITING)
    assert (notes(books), the_living(books)["Net"]) == (["2"], 960)


# None of what carries our reference is it.


def unclear() -> Books:
    """Nothing but a credit note carries our reference, and it has been told."""
    return only_a_note(lost(Books())).run().run()


def test_what_nothing_carries_the_reference_of_any_more_is_made_as_the_first() -> None:
    """The note is gone by then; the history says that it was looked for."""
    books = unclear()
    books.world.fortnox.remove_entry(TENANT_ID, "invoices", "1")
    decided(books, Way.NOT_THERE)
    there = books.documents[books.record.fortnox_number]

    assert (there["ExternalInvoiceReference1"], there["Net"]) == (FIRST, 1020)
    assert EventKind.NOT_FOUND in kinds(books)
    assert (books.record.generation, books.record.state) == (1, ExportState.DONE)


def note_was_none(books: Books) -> None:
    """It is an ordinary invoice after all."""
    changes = {"Credit": "false", "CreditInvoiceReference": "0"}
    books.world.fortnox.change_entry(TENANT_ID, "invoices", "1", changes)


def other_cancelled(books: Books) -> None:
    """The second one that carries our reference."""
    books.person("cancel", "2")


@pytest.mark.parametrize(
    ("begin", "meanwhile"),
    [(unclear, note_was_none), (lambda: twice(lost(Books())).run(), other_cancelled)],
    ids=["one appeared", "one of two was cancelled"],
)
def test_what_exactly_one_carries_the_reference_of_by_then_is_it(
    begin: Callable[[], Books], meanwhile: Callable[[Books], None]
) -> None:
    """Nothing is made beside it."""
    books = begin()
    count = len(books.documents)
    meanwhile(books)
    decided(books, Way.NOT_THERE)

    assert len(books.documents) == count
    assert (books.record.fortnox_number, books.record.state, books.marked) == ("1", ExportState.DONE, True)


def test_what_is_taken_so_is_compared_row_by_row() -> None:
    """Somebody changed it meanwhile, to the same sum: it becomes Ongoing's."""
    books = twice(lost(Books())).run().person("cancel", "2")
    rows = {"InvoiceRows": [{"DeliveredQuantity": "6", "Price": 170}]}
    books.world.fortnox.person_changes_invoice(TENANT_ID, "1", rows)
    decided(books, Way.NOT_THERE)
    (row,) = books.documents["1"]["InvoiceRows"]

    assert (row["DeliveredQuantity"], row["Price"]) == ("12.00", 85)
    assert (books.record.fortnox_number, books.record.state) == ("1", ExportState.DONE)


def test_nobody_is_believed_before_a_lost_request_has_arrived() -> None:
    """Who looks at once may look too early: two minutes pass, and then Fortnox is searched."""
    books = only_a_note(lost(Books())).run()
    books.world.fortnox.remove_entry(TENANT_ID, "invoices", "1")
    decide(books, Way.NOT_THERE).run(after=timedelta(seconds=30))
    early = (books.calls("GET"), books.writes, code(books))
    books.run()

    assert early == (0, 0, IssueCode.OUTCOME_UNCLEAR)
    assert (books.record.state, books.marked) == (ExportState.DONE, True)


def test_the_word_that_none_is_it_is_used_up_by_what_is_made_then() -> None:
    """Its answer is lost, and somebody copies it: which of the two it is, nobody has said."""
    books = unclear()
    books.world.fortnox.remove_entry(TENANT_ID, "invoices", "1")
    lost(decide(books, Way.NOT_THERE))
    books.world.fortnox.person_copies_invoice(TENANT_ID, "3")
    books.run()

    assert (code(books), sorted(books.documents)) == (IssueCode.FOUND_TWICE, ["2", "3", "4"])


@pytest.mark.parametrize("begin", [unclear, lambda: twice(lost(Books())).run()], ids=["a note", "two"])
def test_what_others_carry_the_reference_of_is_made_under_another_one(begin: Callable[[], Books]) -> None:
    """So that no search takes them for it later."""
    books = decided(begin(), Way.NOT_THERE)
    there = books.documents[books.record.fortnox_number]

    assert (there["DocumentNumber"], there["ExternalInvoiceReference1"]) == ("3", f"{FIRST}G2-")


# It is this number.


def somebody_elses() -> Books:
    """Number 1 in Fortnox carries no reference of ours; the invoice itself is not there."""
    books = Books().wms_invoice(is_exported=True).another(7001).run()
    books.world.fortnox.change_entry(TENANT_ID, "invoices", "1", {"ExternalInvoiceReference1": ""})
    return books


@pytest.mark.parametrize("way", [Way.KEEP, Way.BY_HAND, Way.IS_NUMBER])
def test_what_cannot_be_drawn_up_is_settled_by_what_a_person_says(way: Way) -> None:
    """It is marked with its number, and stays so, though no invoice could be made of what Ongoing has."""
    books = sent() if way is Way.KEEP else somebody_elses()
    books.wms_invoice(UNDRAWABLE).run()
    held = code(books)
    decided(books, way, **({} if way is Way.KEEP else {"number": "1"}))
    settled = (books.record.state, books.record.fortnox_number, books.marked)
    books.wms_invoice().run()

    assert held is IssueCode.ACCOUNT_NOT_VALID
    assert settled == (ExportState.DONE, "1", True)
    assert (books.record.state, books.issue, len(books.documents)) == (ExportState.DONE, "", 1)


def test_ours_by_its_number_is_compared_before_it_is_marked() -> None:
    """Of two with our reference the one that a person named invoices something else: it is set right."""
    books = twice(lost(Books())).run()
    books.world.fortnox.person_changes_invoice(TENANT_ID, "2", {"InvoiceRows": [{"DeliveredQuantity": "1"}]})
    decided(books, Way.IS_NUMBER, number="2")

    assert (books.documents["2"]["Net"], books.record.fortnox_net) == (1020, Decimal(1020))
    assert (books.record.fortnox_number, books.record.state) == ("2", ExportState.DONE)


@pytest.mark.parametrize(
    ("there", "issue"),
    [({"Net": 500}, IssueCode.TOTAL_DIFFERS), ({"Currency": "EUR"}, IssueCode.CURRENCY_DIFFERS)],
)
def test_a_number_with_another_sum_or_currency_is_never_marked_in_silence(
    there: dict[str, object], issue: IssueCode
) -> None:
    """Not by the run that finds it, and not by one hours later."""
    books = somebody_elses().wms_invoice(UNDRAWABLE).run()
    books.world.fortnox.change_entry(TENANT_ID, "invoices", "1", there)
    books.wms_invoice(charge())
    decided(books, Way.IS_NUMBER, number="1")
    told = (code(books), books.marked)
    books.run(after=timedelta(hours=1)).run(after=timedelta(hours=1))

    assert told == (issue, False)
    assert (code(books), books.marked, books.writes) == (issue, False, 0)


@pytest.mark.parametrize(
    ("there", "issue"),
    [
        ({"Cancelled": True}, IssueCode.INVOICE_CANCELLED),
        ({"CreditInvoiceReference": "77"}, IssueCode.INVOICE_CREDITED),
        ({"ExternalInvoiceReference1": "ONGOING-nordlager-7001-"}, IssueCode.INVOICE_NOT_OURS),
    ],
)
def test_a_number_that_is_over_or_another_one_of_ours_is_not_taken_for_made_by_hand(
    there: dict[str, object], issue: IssueCode
) -> None:
    """Nobody would pay the invoice."""
    books = somebody_elses().wms_invoice(UNDRAWABLE).run()
    books.world.fortnox.change_entry(TENANT_ID, "invoices", "1", there)
    decided(books, Way.BY_HAND, number="1")

    assert (code(books), books.marked, books.record.fortnox_number) == (issue, False, "")


@pytest.mark.parametrize(
    ("issue", "way", "number", "earlier"),
    [
        (IssueCode.INVOICE_GONE, Way.IS_NUMBER, "2", (Earlier(number="1", reference=FIRST),)),
        (IssueCode.INVOICE_BOOKED, Way.BY_HAND, "1", ()),
    ],
)
def test_an_invoice_that_had_the_place_before_is_kept_in_the_record(
    issue: IssueCode, way: Way, number: str, earlier: tuple[Earlier, ...]
) -> None:
    """And one that still has it is not."""
    books = decided(HELD[issue](), way, number=number)

    assert (books.record.fortnox_number, books.record.earlier) == (number, earlier)


# Left as it is.


def test_what_was_left_is_not_wished_for_any_more() -> None:
    """Where nothing is sent unasked, something new in Ongoing is not sent for an old wish."""
    books = Books().settings(export_when="when_asked").card(Active=False).asked()
    decided(books, Way.LEAVE, note="agreed with the customer")
    books.card(Active=True).wms_invoice(OTHER).run()

    assert (books.documents, books.record.state) == ({}, ExportState.DONE)
    assert [event.note for event in books.record.history if event.kind is EventKind.LEFT] == [
        "agreed with the customer"
    ]
