"""Guards before sending: an invoice that is unusual waits for a click, once, and then goes like any other."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from invoicing.application.decide_invoice import (
    DecisionProblem,
    DecisionRefusedError,
    decide_invoice,
    release_invoices,
)
from invoicing.application.rehearse import rehearse
from invoicing.domain.decision import Way
from invoicing.domain.export import EventKind, ExportState
from invoicing.domain.issue import IssueCode

from local.ongoing.faults import Effect, FaultRule, Match
from local.ongoing.options import PriceLists
from local.ongoing.seed import KAFFE, WAREHOUSE
from local.ongoing.warehouse import PriceListItem
from tests.books.books import NUMBER, Books, charge
from tests.support.fakes import interrupted

ON = {"guard_total": "25", "guard_periods": "on", "guard_prices": "on"}
ODD = 8100
"""The invoice that is unusual."""


def listed(books: Books, price: str = "85.00") -> Books:
    """What the price list says of the only article."""
    item = PriceListItem(
        id=301, goods_owner_id=KAFFE, title="Pallplats", unit_price=Decimal(price), code="100", account="3041"
    )
    warehouse = books.world.ongoing.warehouse(WAREHOUSE)
    books.world.ongoing.put_warehouse(replace(warehouse, price_list=(item,)))
    return books


def period(month: int, year: int = 2025) -> dict[str, Any]:
    """A month that is over."""
    days = {1: 31, 2: 28, 10: 31, 11: 30, 12: 31}[month]
    last = date(year, month, days)
    return {"invoice_date": last, "period_start": date(year, month, 1), "period_end": last}


def regular() -> Books:
    """Four months of 1 020.00 each, from October to January, are in Fortnox; the demo's own invoice is February's."""
    books = listed(Books())
    books.wms_invoice(number=None, **period(10))
    for number, (month, year) in enumerate([(11, 2025), (12, 2025), (1, 2026)], start=8001):
        books.another(number, **period(month, year))
    books.run()
    assert len(books.documents) == 4
    return books


def odd(books: Books, quantity: int = 12, price: str = "85.00", **fields: Any) -> Books:
    """February's."""
    one = charge(quantity=Decimal(quantity), unit_price=Decimal(price))
    return books.another(ODD, one, **{**period(2, 2026), **fields})


UNUSUAL: dict[IssueCode, tuple[dict[str, str], dict[str, Any]]] = {
    IssueCode.TOTAL_UNUSUAL: ({"guard_total": "25"}, {"quantity": 20}),
    IssueCode.PERIOD_OVERLAPS: ({"guard_periods": "on"}, {"period_start": date(2026, 1, 31)}),
    IssueCode.PERIOD_GAP: ({"guard_periods": "on"}, {"period_start": date(2026, 2, 10)}),
    IssueCode.PRICE_OFF_LIST: ({"guard_prices": "on"}, {"price": "80.00"}),
}


def held(code: IssueCode) -> Books:
    """The guard is on, and there is what it asks about."""
    settings, fields = UNUSUAL[code]
    return odd(regular().settings(**settings), **fields).run()


def click(books: Books, way: Way = Way.RIGHT, *, seen: str | None = None, **facts: str) -> Books:
    """What the button of the page does, and the run that follows."""
    record = books.record_of(ODD)
    assert record is not None
    shown = record.content if seen is None else seen
    decide_invoice(books.world.change_tools(), books.integration, ODD, way, by="anna", seen=shown, **facts)
    return books.run(by="anna")


def state(books: Books) -> tuple[ExportState, IssueCode | None]:
    """Of the odd one."""
    record = books.record_of(ODD)
    assert record is not None
    return record.state, record.issue.code if record.issue else None


DONE = (ExportState.DONE, None)


@pytest.mark.parametrize("code", UNUSUAL)
def test_off_it_goes_without_a_word(code: IssueCode) -> None:
    """Nothing is read for it, and nobody asked."""
    books = odd(regular(), **UNUSUAL[code][1]).run()

    assert state(books) == DONE
    assert "GetPriceListByQuery" not in [call.operation for call in books.world.ongoing.calls]


def test_on_what_is_usual_goes_without_a_word() -> None:
    """All three of them."""
    assert state(odd(regular().settings(**ON)).run()) == DONE


@pytest.mark.parametrize("code", UNUSUAL)
def test_on_it_waits_and_one_click_sends_it(code: IssueCode) -> None:
    """Who pressed stands in the history; it is made once, and the next runs ask nothing more."""
    books = held(code)
    waiting, before = state(books), len(books.documents)
    click(books)
    after = state(books)
    books.run()
    record = books.world.exports.get(WAREHOUSE, ODD)
    assert record is not None
    decided = [event for event in record.history if event.kind is EventKind.DECIDED]

    assert waiting == (ExportState.HELD, code)
    assert (after, state(books)) == (DONE, DONE)
    assert (before, len(books.documents)) == (4, 5)
    assert [(event.way, event.by) for event in decided] == [(Way.RIGHT, "anna")]


@pytest.mark.parametrize("code", UNUSUAL)
def test_what_was_mended_in_ongoing_goes_by_itself(code: IssueCode) -> None:
    """Nobody needs to press."""
    books = odd(held(code)).run()

    assert state(books) == DONE


def test_another_content_is_asked_about_again_and_the_same_never() -> None:
    """A click says something of what was seen."""
    books = held(IssueCode.PRICE_OFF_LIST)
    record = books.record_of(ODD)
    assert record is not None
    seen = record.content
    odd(books, price="79.00").run()
    with pytest.raises(DecisionRefusedError) as refused:
        click(books, seen=seen)
    still = state(books)
    click(books)

    assert refused.value.problem is DecisionProblem.CHANGED_MEANWHILE
    assert still == (ExportState.HELD, IssueCode.PRICE_OFF_LIST)
    assert state(books) == DONE


def test_what_changes_between_the_click_and_the_run_is_asked_about_again() -> None:
    """Nobody has seen it."""
    books = held(IssueCode.PRICE_OFF_LIST)
    odd(books, price="79.00")
    click(books)

    assert state(books) == (ExportState.HELD, IssueCode.PRICE_OFF_LIST)
    assert len(books.documents) == 4


def test_fortnox_refusing_it_afterwards_needs_no_second_click() -> None:
    """The word is kept until it is made."""
    books = held(IssueCode.TOTAL_UNUSUAL).card(Active=False)
    click(books)
    refused = state(books)
    books.card(Active=True)
    books.run(by="anna")

    assert refused == (ExportState.HELD, IssueCode.CUSTOMER_INACTIVE)
    assert state(books) == DONE


def test_try_again_is_no_click_and_neither_is_export_now() -> None:
    """Only the button that says so is."""
    books = held(IssueCode.TOTAL_UNUSUAL).asked(invoice_id=ODD, kind=EventKind.RETRY)

    assert state(books) == (ExportState.HELD, IssueCode.TOTAL_UNUSUAL)


def test_it_may_be_left_and_it_may_be_made_by_hand() -> None:
    """As any other."""
    left = click(held(IssueCode.PERIOD_GAP), Way.LEAVE, note="a holiday")

    assert state(left) == DONE
    assert len(left.documents) == 4


@pytest.mark.parametrize("code", UNUSUAL)
def test_a_rehearsal_says_it_beforehand(code: IssueCode) -> None:
    """The same issue."""
    settings, fields = UNUSUAL[code]
    books = odd(regular().settings(**settings), **fields)
    found = rehearse(books.world.parts.rehearsal_tools(books.integration), books.integration)

    assert [one.issue.code for one in found if one.issue] == [code]


@pytest.mark.parametrize("answer", [PriceLists.UNKNOWN, PriceLists.NOT_PERMITTED])
def test_a_system_without_price_lists_holds_nothing(answer: PriceLists) -> None:
    """There is nothing to compare with."""
    books = odd(regular().settings(guard_prices="on"), price="80.00")
    books.world.ongoing.set_options(price_lists=answer)

    assert state(books.run()) == DONE


def test_a_price_list_without_an_answer_holds_nothing() -> None:
    """A guard is no reason for an invoice to wait for Ongoing."""
    books = odd(regular().settings(guard_prices="on"), price="80.00")
    match = Match(operation="GetPriceListByQuery")
    books.world.ongoing.add_fault(FaultRule(effect=Effect.BEFORE, match=match, times=None))

    assert state(books.run()) == DONE


def test_a_price_list_is_asked_for_once_in_a_run() -> None:
    """However many invoices a goods owner has."""
    books = odd(regular().settings(guard_prices="on"))
    books.another(8101, **period(2, 2026)).another(8102, **period(2, 2026)).run()

    assert [call.operation for call in books.world.ongoing.calls].count("GetPriceListByQuery") == 1


def test_months_that_wait_together_are_looked_at_one_after_the_other() -> None:
    """January and February, both due: no gap, because the first one is on its way."""
    books = listed(Books()).settings(guard_periods="on")
    books.wms_invoice(number=None, **period(12))
    books.run()
    books.another(8001, **period(1, 2026))
    odd(books).run()

    assert books.record_of(8001) is not None
    assert state(books) == DONE


def test_exported_again_it_is_not_asked_about() -> None:
    """It is in Fortnox: what is to be done then is another question."""
    books = odd(regular().settings(**ON)).run()
    books.world.ongoing.change_invoice(
        WAREHOUSE, ODD, is_exported=False, charges=(charge(quantity=Decimal(40)),), amount=None
    )
    books.run()

    assert state(books) == DONE
    assert NUMBER != ODD


def test_what_two_guards_look_at_waits_for_what_the_first_one_found() -> None:
    """Its sum is as every month, and it is for days that were invoiced."""
    books = odd(regular().settings(**ON), period_start=date(2026, 1, 31)).run()

    assert state(books) == (ExportState.HELD, IssueCode.PERIOD_OVERLAPS)


def test_a_guard_that_is_off_asks_nothing_beside_one_that_is_on() -> None:
    """Another sum than in other months, where only periods are looked at."""
    assert state(odd(regular().settings(guard_periods="on"), quantity=13).run()) == DONE


def test_a_new_one_in_the_place_of_another_is_not_asked_about() -> None:
    """A person has decided that it is made; what was invoiced is what it takes the place of."""
    books = odd(regular()).run()
    record = books.record_of(ODD)
    assert record is not None
    books.person("cancel", record.fortnox_number).settings(guard_total="25")
    books.world.ongoing.change_invoice(WAREHOUSE, ODD, is_exported=False, charges=(charge(quantity=Decimal(40)),))
    books.run()
    decide_invoice(books.world.change_tools(), books.integration, ODD, Way.MAKE_NEW, by="anna")
    books.run(by="anna")

    assert state(books) == DONE


def test_an_invoice_that_cannot_be_read_stands_in_no_guards_way() -> None:
    """Its record has no date, no period and no sum."""
    books = regular().settings(**ON).another(9001, garbled={"InvoiceAmount": "mycket"})

    assert state(odd(books).run()) == DONE


def test_older_invoices_are_found_behind_many_newer_ones() -> None:
    """A goods owner's months, and five hundred invoices of others since."""
    books = regular().settings(guard_total="25")
    many(books, 600)
    odd(books, quantity=20).run()

    assert state(books) == (ExportState.HELD, IssueCode.TOTAL_UNUSUAL)


def test_at_most_ten_pages_of_older_invoices_are_read() -> None:
    """However many there are; and none behind a page that is too old to be compared with."""
    books = odd(regular().settings(guard_total="25"))
    many(books, 5_500)
    pages = [pages_read(books)]
    books.world.later(days=365)
    pages.append(pages_read(books))

    assert pages == [10, 1]


def pages_read(books: Books) -> int:
    """How many pages of records a rehearsal reads."""
    read: list[str] = []
    exports = interrupted(books.world.exports, before=read.append)
    rehearse(replace(books.world.parts.rehearsal_tools(books.integration), exports=exports), books.integration)
    return read.count("page")


def many(books: Books, count: int) -> None:
    """So many newer invoices of others are in Fortnox."""
    one = books.record_of(8003)
    assert one is not None
    stored = books.world.exports._stored
    for number in range(10_000, 10_000 + count):
        stored[WAREHOUSE, number] = replace(
            one, invoice_id=number, goods_owner="Andra AB", invoice_date=books.world.today, history=()
        )


# All that one guard holds.


def two_held() -> Books:
    """Two invoices of February, each much more than a month."""
    books = odd(regular().settings(guard_total="25"), quantity=20)
    return books.another(ODD + 1, charge(quantity=Decimal(30)), **period(2, 2026)).run()


def contents(books: Books) -> dict[int, str]:
    """What a page shows of both."""
    records = [books.record_of(number) for number in (ODD, ODD + 1)]
    return {record.invoice_id: record.content for record in records if record is not None}


def release(books: Books, seen: dict[int, str], guard: IssueCode = IssueCode.TOTAL_UNUSUAL) -> frozenset[int]:
    """What the button of that page does."""
    books.world.queue.requests.clear()
    return release_invoices(books.world.change_tools(), books.integration, seen, guard=guard, by="anna")


def test_one_click_lets_go_all_that_a_guard_holds() -> None:
    """With one run for all, and a line in the history of each."""
    books = two_held()
    waiting = [record.state for number in (ODD, ODD + 1) if (record := books.record_of(number))]
    released = release(books, contents(books))
    asked = (set(books.integration.asked), len(books.world.queue.requests))
    books.run(by="anna")
    records = [record for number in (ODD, ODD + 1) if (record := books.record_of(number))]

    assert waiting == [ExportState.HELD] * 2
    assert released == {ODD, ODD + 1}
    assert asked == ({ODD, ODD + 1}, 1)
    assert [record.state for record in records] == [ExportState.DONE] * 2


def test_what_changed_after_the_page_was_shown_is_left_out_and_said() -> None:
    """Or was sent, or is not there at all; the others go."""
    books = two_held()
    seen = {**contents(books), ODD + 1: "something else", 8001: "sent", 999: "never seen"}

    assert release(books, seen) == {ODD}
    assert books.integration.asked == {ODD}


def test_what_another_guard_asks_about_by_then_is_left_out() -> None:
    """Nobody has read that question: nothing is decided, and no run is asked for."""
    books = two_held()

    assert release(books, contents(books), IssueCode.PERIOD_GAP) == frozenset()
    assert (books.integration.asked, books.world.queue.requests) == (frozenset(), [])
