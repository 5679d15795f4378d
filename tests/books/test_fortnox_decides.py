"""Exported again: what Fortnox has decides, not what we remember. And nothing is ever there twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from invoicing.domain.export import EventKind, ExportState

from local.fortnox.seed import TENANT_ID
from local.ongoing.faults import Effect, FaultRule, Match
from local.ongoing.seed import MOBLER
from tests.books.books import NUMBER, Books, charge, charges_of

REFERENCE = f"ONGOING-nordlager-{NUMBER}-"


def by_hand(changes: dict[str, Any]) -> Callable[[Books], Books]:
    """Somebody changed the invoice in Fortnox."""
    return lambda books: books.person_changes(**changes)


def gone(books: Books) -> Books:
    """Another ledger, or a restored copy: the number is not there."""
    books.world.fortnox.remove_entry(TENANT_ID, "invoices", books.record.fortnox_number)
    return books


def someone_elses(books: Books) -> Books:
    """The number is there, and it is another invoice."""
    changes = {"ExternalInvoiceReference1": "", "CustomerNumber": "1002"}
    books.world.fortnox.change_entry(TENANT_ID, "invoices", books.record.fortnox_number, changes)
    return books


BY_HAND = {
    "quantity": by_hand({"InvoiceRows": [{"DeliveredQuantity": "1"}]}),
    "price": by_hand({"InvoiceRows": [{"Price": 80}]}),
    "other rows of the same sum": by_hand({"InvoiceRows": [{"DeliveredQuantity": "6", "Price": 170}]}),
    "a row more": by_hand({"InvoiceRows": [{}, {"ArticleNumber": "100", "DeliveredQuantity": "1", "Price": 5}]}),
    "no rows": by_hand({"InvoiceRows": []}),
    "discount": by_hand({"InvoiceRows": [{"Discount": 10}]}),
    "customer": by_hand({"CustomerNumber": "1002"}),
}
ENDED = {
    "cancelled": lambda books: books.person("cancel"),
    "credited": lambda books: books.person("credit"),
    "credited when booked": lambda books: books.person("bookkeep").person("credit"),
    "gone": gone,
    "someone else's": someone_elses,
}


def test_exported_again_unchanged_costs_one_read_and_no_write() -> None:
    """Fortnox has what we left there: it is marked again."""
    books = Books().sent().wms_invoice().run()

    assert (books.calls("GET"), books.writes) == (1, 0)
    assert (books.record.state, books.marked) == (ExportState.DONE, True)


@pytest.mark.parametrize("what", [*BY_HAND, *ENDED])
def test_exported_again_by_itself_never_writes_over_a_person(what: str) -> None:
    """It is read, not written, not called done and not marked: an issue says what is there."""
    books = {**BY_HAND, **ENDED}[what](Books().sent())
    there = books.documents
    books.wms_invoice().run()

    assert (books.documents, books.writes) == (there, 0)
    assert (books.record.state, books.marked) == (ExportState.HELD, False)
    assert books.record.fortnox_number in books.issue


@pytest.mark.parametrize("what", BY_HAND)
def test_asked_by_a_person_a_changed_invoice_is_set_right(what: str) -> None:
    """The same number, Ongoing's customer and rows."""
    books = BY_HAND[what](Books().sent())
    books.wms_invoice().asked()
    rows = books.document["InvoiceRows"]

    assert [(row["DeliveredQuantity"], row["Price"], row["Discount"]) for row in rows] == [("12.00", 85, 0)]
    assert (books.document["Net"], books.document["CustomerNumber"]) == (1020, "1001")
    assert (books.record.state, books.marked) == (ExportState.DONE, True)


@pytest.mark.parametrize("what", ENDED)
@pytest.mark.parametrize("kind", [EventKind.RETRY, EventKind.EXPORT_AGAIN])
def test_what_is_ended_in_fortnox_is_neither_touched_nor_made_anew_by_asking_again(what: str, kind: EventKind) -> None:
    """A new one needs its own question; the same button pressed again changes nothing."""
    books = ENDED[what](Books().sent()).wms_invoice(charge(unit_price=Decimal("80.00"))).run()
    there = books.documents
    books.asked(kind=kind).asked(kind=kind)

    assert (books.documents, books.record.state) == (there, ExportState.HELD)


def test_each_end_in_fortnox_has_words_of_its_own() -> None:
    """Cancelled, credited, gone, someone else's: nobody is advised what cannot be done."""
    said = set()
    for end in ("cancelled", "credited", "gone", "someone else's"):
        books = ENDED[end](Books().sent()).wms_invoice(charge(unit_price=Decimal("80.00"))).run()
        issue = books.record.issue
        assert issue is not None
        said.add((issue.code, issue.params.get("reason")))

    assert len(said) == 4


@pytest.mark.parametrize("shown", [{}, {"flags_as_text": True}, {"empty_dates": "text"}, {"empty_dates": "null"}])
def test_a_booked_invoice_with_the_same_content_is_marked_again(shown: dict[str, Any]) -> None:
    """One read, however Fortnox writes its flags and dates."""
    books = Books().options(**shown).sent().person("bookkeep").wms_invoice().run()

    assert (books.calls("GET"), books.writes) == (1, 0)
    assert (books.record.state, books.marked) == (ExportState.DONE, True)


@pytest.mark.parametrize("shown", [{}, {"flags_as_text": True}, {"empty_dates": "text"}, {"empty_dates": "null"}])
@pytest.mark.parametrize("act", ["bookkeep", "externalprint", "cancel"])
def test_other_content_never_changes_in_silence_what_is_booked_sent_or_cancelled(
    act: str, shown: dict[str, Any]
) -> None:
    """An issue first, however Fortnox writes its flags and dates."""
    books = Books().options(**shown).sent().person(act)
    there = books.documents
    books.wms_invoice(charge(quantity=Decimal(5))).run()

    assert (books.documents, books.writes) == (there, 0)
    assert books.record.state is ExportState.HELD


@pytest.mark.parametrize("shown", [{}, {"flags_as_text": True}, {"empty_dates": "text"}, {"empty_dates": "null"}])
def test_other_content_of_an_open_invoice_is_updated(shown: dict[str, Any]) -> None:
    """Nobody touched it there."""
    books = Books().options(**shown).sent().wms_invoice(charge(quantity=Decimal(14))).run()

    assert (books.document["Net"], books.record.state, books.marked) == (1190, ExportState.DONE, True)


def test_a_copy_with_our_reference_does_not_disturb_the_invoice() -> None:
    """Ours is known by its number: the copy is left alone."""
    books = Books().sent()
    copied = books.world.fortnox.person_copies_invoice(TENANT_ID, books.record.fortnox_number)
    before = books.documents[copied]
    books.wms_invoice(charge(quantity=Decimal(14))).run()

    assert books.documents[books.record.fortnox_number]["Net"] == 1190
    assert (books.documents[copied], books.record.state) == (before, ExportState.DONE)


# An answer that was lost.


def lost(books: Books, effect: str) -> Books:
    """The next POST of an invoice loses its request ("before") or its answer ("after")."""
    rule = {"match": {"method": "POST", "path_regex": "^/3/invoices"}, "times": 1, "effect": effect}
    books.world.fortnox.add_faults([rule])
    return books.run()


@pytest.mark.parametrize("effect", ["before", "after"])
@pytest.mark.parametrize("search", ["parts", "starts", "exact"])
def test_a_lost_answer_leads_to_one_invoice_whatever_a_search_matches(search: str, effect: str) -> None:
    """Others whose references begin or end alike are there too."""
    books = Books().options(reference_search=search).another(50010).another(15001).another(500).sent()
    books.another(NUMBER * 10 + 1)
    lost(books, effect)
    books.run().run()
    references = [one["ExternalInvoiceReference1"] for one in books.documents.values()]
    record = books.record_of(NUMBER * 10 + 1)

    assert sorted(references) == sorted(f"ONGOING-nordlager-{n}-" for n in (NUMBER, 50010, 15001, 500, 50011))
    assert record is not None
    assert record.state is ExportState.DONE


@pytest.mark.parametrize("effect", ["before", "after"])
@pytest.mark.parametrize(
    "prices",
    [("-250.00",), ("100.00", "-350.00"), ("100.00", "-100.00"), ("-0.01",)],
    ids="+".join,
)
@pytest.mark.parametrize("shown", [{}, {"negative_total_is_credit": False}, {"flags_as_text": True}], ids=str)
def test_a_negative_invoice_whose_answer_was_lost_is_found(
    shown: dict[str, Any], prices: tuple[str, ...], effect: str
) -> None:
    """Fortnox marks it as a credit; it is ours all the same, by its reference."""
    books = Books().options(**shown).wms_invoice(*charges_of(*prices))
    lost(books, effect)
    books.run().run()

    assert books.document["Net"] == sum(Decimal(price) for price in prices)
    assert (books.record.state, books.marked) == (ExportState.DONE, True)


def test_an_invoice_that_was_credited_before_its_answer_was_known_is_not_made_again() -> None:
    """The credit note carries our reference too, and is not the invoice."""
    books = lost(Books(), "after")
    books.person("credit", "1").run().run()

    assert len(books.documents) == 2
    assert books.record.fortnox_number in ("", "1")
    assert books.record.issue is None or books.record.state is ExportState.HELD


def test_an_invoice_that_was_copied_before_its_answer_was_known_is_a_question() -> None:
    """Two with our reference: which is it? Never a third."""
    books = lost(Books(), "after")
    books.world.fortnox.person_copies_invoice(TENANT_ID, "1")
    books.run().run()

    assert len(books.documents) == 2
    assert (books.record.state, books.marked) == (ExportState.HELD, False)


def test_a_search_that_comes_too_early_never_leads_to_a_second_invoice() -> None:
    """A new invoice can take a while to be found."""
    books = lost(Books().options(search_delay=600.0), "after")
    books.run(after=timedelta(seconds=30)).run().run()

    assert books.document["Net"] == 1020
    assert books.record.state is ExportState.DONE


@pytest.mark.parametrize(
    "answer", [{"effect": "after"}, {"effect": "html"}, {"effect": "status", "status": 500}], ids=str
)
def test_what_cannot_be_told_apart_for_two_runs_is_an_issue(answer: dict[str, Any]) -> None:
    """Every search fails: nobody knows whether the invoice is there, and that is said."""
    books = lost(Books(), "after")
    rule = {"match": {"method": "GET", "path_regex": "^/3/invoices"}, "times": None, **answer}
    books.world.fortnox.add_faults([rule])
    summaries = []
    for _ in range(2):
        books.run()
        summaries.append(books.integration.last_run)

    assert books.issue or all(summary is not None and summary.problem is not None for summary in summaries)


# A charge that comes while we send, or after it: nobody has published whether the mark locks the invoice.


LATE = {
    "a charge more": (charge(), charge(id=2, quantity=Decimal(1))),
    "another quantity": (charge(quantity=Decimal(13)),),
    "another price": (charge(unit_price=Decimal("90.00")),),
    "a charge less": (charge(quantity=Decimal(11)),),
}


@pytest.mark.parametrize("what", LATE)
def test_what_changed_after_it_was_marked_is_billed_or_said(what: str) -> None:
    """The next run looks once more at what the last one marked."""
    books = Books().sent()
    books.world.ongoing.change_invoice("nordlager", NUMBER, charges=LATE[what])
    amount = books.world.ongoing.invoice("nordlager", NUMBER).total
    books.run().run()

    assert books.document["Net"] == amount or books.issue


ANOTHER: dict[str, dict[str, Any]] = {
    "other rows of the same sum": {
        "charges": (charge(quantity=Decimal(6)), charge(id=2, quantity=Decimal(6), title="Pallplats, kyl"))
    },
    "another article": {"charges": (charge(code="101"),)},
    "another account": {"charges": (charge(account="3042"),)},
    "another customer": {"goods_owner_id": MOBLER},
    "another date": {"invoice_date": date(2026, 2, 27)},
    "another reference": {"your_reference": "Bo i lagret"},
    "another order number": {"your_order_number": "PO-9"},
    "another title": {"title": "Lager i februari"},
}


@pytest.mark.parametrize("what", ANOTHER)
def test_what_is_another_invoice_after_it_was_marked_is_exported_again(what: str) -> None:
    """Though it comes to the same sum: rows, customer, dates and texts are compared as well."""
    books = Books().sent()
    before = books.document
    books.world.ongoing.change_invoice("nordlager", NUMBER, **ANOTHER[what])
    books.run().run()

    assert books.document["Net"] == 1020
    assert books.document != before or books.issue
    assert (books.record.state, books.marked) == (ExportState.DONE, True) or books.issue


def test_another_currency_after_it_was_marked_is_told() -> None:
    """The goods owner's; 1020 kronor do not become 1020 euro, nor stay kronor in silence."""
    books = Books().sent().owner(currency="EUR").run()
    told = [books.run().issue for _ in range(5)]

    assert all("EUR" in issue for issue in told)


def test_what_is_told_after_the_mark_stays_told_until_it_is_settled() -> None:
    """It is marked as exported all the while, by us: that is no person's word. It ends when it is right again."""
    books = Books().sent().person("bookkeep")
    books.world.ongoing.change_invoice("nordlager", NUMBER, charges=LATE["another price"])
    told = [books.run().issue for _ in range(6)]
    books.world.ongoing.change_invoice("nordlager", NUMBER, charges=(charge(),))
    books.run(after=timedelta(hours=1)).run(after=timedelta(hours=1))

    assert [issue.split()[0] for issue in told] == ["invoice_booked"] * 6
    assert (books.issue, books.record.state, books.marked) == ("", ExportState.DONE, True)


def test_a_person_who_marks_a_held_invoice_settles_it() -> None:
    """Also one that was marked by us, opened again, and is marked by a person now."""
    books = Books().sent().person("bookkeep").wms_invoice(*LATE["another price"]).run()
    held = books.record.state
    books.world.ongoing.change_invoice("nordlager", NUMBER, is_exported=True)
    books.run()

    assert (held, books.record.state, books.issue) == (ExportState.HELD, ExportState.DONE, "")


def test_settings_that_changed_after_it_was_marked_are_no_other_invoice() -> None:
    """Ongoing has what it had: what is in Fortnox stays."""
    books = Books().sent().settings(row_text="title_and_comment", invoice_text="none").run()

    assert (books.calls("GET"), books.writes, books.record.state) == (0, 0, ExportState.DONE)


def test_many_that_were_marked_are_looked_at_some_dozens_at_once() -> None:
    """Of 120, the last one changed; and none of them is looked at a third time."""
    books = Books()
    for number in range(7001, 7120):
        books.another(number)
    books.run()
    books.world.ongoing.change_invoice("nordlager", 7119, charges=(charge(quantity=Decimal(13)),))
    books.run()
    asked = sum(call.operation == "GetInvoicesByQuery" for call in books.world.ongoing.calls)
    record = books.record_of(7119)

    assert record is not None
    assert (record.fortnox_net, asked) == (Decimal(1105), 4)
    assert books.integration.marked == {7119}


def test_what_is_gone_after_it_was_marked_is_not_asked_for_for_ever() -> None:
    """Deleted in Ongoing, or of a goods owner who is not live any more."""
    books = Books().sent()
    warehouse = books.world.ongoing.warehouse("nordlager")
    books.world.ongoing.put_warehouse(replace(warehouse, invoices=()))
    books.run()

    assert books.integration.marked == frozenset()


def test_what_was_marked_and_did_not_change_costs_fortnox_nothing() -> None:
    """Looking once more is a question to Ongoing only."""
    books = Books().sent().run()

    assert (books.calls("GET"), books.writes, books.record.state) == (0, 0, ExportState.DONE)


# An update that Fortnox refuses.


def refusing_rows(books: Books, *, times: int) -> Books:
    """The new rows are refused; of two refusals the second is that of the old ones."""
    match = {"method": "PUT", "path_regex": "^/3/invoices/", "nth": 2}
    body = {"ErrorInformation": {"error": 1, "message": "Nej.", "code": 2000861}}
    rule = {"match": match, "times": times, "effect": "status", "status": 400, "body": body}
    books.world.fortnox.add_faults([rule])
    return books.run()


def test_what_was_put_back_is_right_without_a_write_when_ongoing_has_it_again() -> None:
    """Rows that Fortnox refused left everything as it was."""
    books = refusing_rows(Books().sent().wms_invoice(charge(quantity=Decimal(14))), times=1)
    held, there = books.issue, books.document["Net"]
    books.wms_invoice(charge()).run()

    assert held.startswith("fortnox_refused")
    assert there == 1020
    assert (books.writes, books.record.state, books.marked) == (0, ExportState.DONE, True)


def test_what_could_not_be_put_back_is_set_right_when_ongoing_has_it_again() -> None:
    """Fortnox refused the old rows too: what it has is not taken for what it had."""
    books = refusing_rows(Books().sent().wms_invoice(charge(quantity=Decimal(14))), times=2)
    there = books.document["Net"]
    books.wms_invoice(charge()).run()

    assert there == 0
    assert (books.document["Net"], books.record.state, books.marked) == (1020, ExportState.DONE, True)


# A mark that Ongoing did not take.


def unmarked(books: Books) -> Books:
    """The run in which Ongoing does not take it."""
    books.world.ongoing.add_fault(FaultRule(effect=Effect.SUCCESS_FALSE, match=Match(operation="UpdateInvoice")))
    return books.run()


def as_ongoing_has_it() -> Books:
    """Booked, after a person made the very change in Fortnox that Ongoing has."""
    books = Books().sent().person_changes(InvoiceRows=[{"DeliveredQuantity": "14"}]).person("bookkeep")
    return books.wms_invoice(charge(quantity=Decimal(14)))


@pytest.mark.parametrize(
    ("begin", "said"),
    [
        (Books, [EventKind.CLAIMED, EventKind.CREATED, EventKind.WRITTEN_BACK]),
        (as_ongoing_has_it, [EventKind.UNCHANGED, EventKind.WRITTEN_BACK]),
    ],
)
def test_a_mark_that_was_lost_is_set_without_another_look(begin: Callable[[], Books], said: list[EventKind]) -> None:
    """Fortnox was seen to be right a moment ago: it is asked nothing, and no line is said twice."""
    books = unmarked(begin()).run()
    kinds = [event.kind for event in books.record.history]

    assert (books.calls("GET"), books.writes, books.marked) == (0, 0, True)
    assert kinds[-len(said) :] == said
