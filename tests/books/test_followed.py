"""What became of an invoice in Fortnox: what people did with it there is seen here, with few calls."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from invoicing.domain.export import EventKind
from invoicing.domain.settlement import Progress, Settlement

from local.fortnox.seed import TENANT_ID
from tests.books.books import Books

TOTAL = Decimal(1275)  # 1,020.00 and VAT


def followed(**options: Any) -> Books:
    """One invoice in Fortnox that is followed, an hour after the first look."""
    books = Books().settings(follow_payments="on")
    books.world.fortnox.change_options(options)
    books.run()
    return an_hour_later(books)


def an_hour_later(books: Books) -> Books:
    """The next time that Fortnox is asked."""
    books.world.later(minutes=61)
    books.world.run()
    return books


def a_day_later(books: Books) -> Books:
    """The first time of another day."""
    books.world.later(days=1)
    books.world.run()
    return books


def settlement(books: Books) -> Settlement:
    """What is known of it."""
    known = books.record.settlement
    assert known is not None
    return known


def asked(books: Books) -> Counter[str]:
    """Calls to Fortnox since the last count, for tokens too."""
    calls = Counter(call.method for call in books.world.fortnox.calls())
    books.world.fortnox.clear_calls()
    return calls


def person(books: Books, action: str) -> None:
    """Somebody in Fortnox books, cancels, credits or sends it."""
    books.world.fortnox.person_acts(TENANT_ID, books.record.fortnox_number, action)


def pays(books: Books, amount: str | None = None, **more: str) -> None:
    """A payment is registered in Fortnox."""
    paid = None if amount is None else Decimal(amount)
    books.world.fortnox.person_pays(TENANT_ID, books.record.fortnox_number, paid, **more)


def test_off_costs_nothing() -> None:
    """Nobody asked for it: Fortnox is not asked either, and the record knows nothing."""
    books = Books()
    books.run()
    asked(books)

    a_day_later(an_hour_later(books))

    assert asked(books) == Counter()
    assert books.record.settlement is None


def test_a_new_invoice_is_open() -> None:
    """In Fortnox, and nothing was done with it yet: no line of history says so."""
    books = followed()

    assert settlement(books).reached is Progress.OPEN
    assert settlement(books).total == TOTAL
    assert EventKind.PROGRESSED not in {event.kind for event in books.record.history}


@pytest.mark.parametrize("clock", ["sweden", "utc"])
def test_booked_and_sent_are_seen_within_the_hour(clock: str) -> None:
    """On whichever clock Fortnox reads the moment."""
    books = followed(last_modified_in=clock)
    person(books, "bookkeep")

    assert settlement(an_hour_later(books)).reached is Progress.BOOKED
    person(books, "externalprint")
    assert settlement(an_hour_later(books)).reached is Progress.SENT
    assert [event.progress for event in books.record.history if event.kind is EventKind.PROGRESSED] == [
        Progress.BOOKED,
        Progress.SENT,
    ]


def test_one_call_an_hour_and_none_between() -> None:
    """While something is open; a run in between asks Fortnox nothing, and writes nothing."""
    books = followed()
    asked(books)
    for minutes in (15, 15, 15):
        books.world.later(minutes=minutes)
        books.world.run()

    assert asked(books) == Counter()
    an_hour_later(books)
    assert asked(books) == {"GET": 1, "POST": 1}  # the POST is for an access token


def test_nothing_is_asked_when_all_is_paid() -> None:
    """Neither each hour nor each day, until something is sent again."""
    books = followed(payment_moves_last_modified=True)
    person(books, "bookkeep")
    pays(books)
    assert settlement(an_hour_later(books)).reached is Progress.PAID
    asked(books)

    a_day_later(an_hour_later(books))

    assert asked(books) == Counter()


def test_a_payment_that_moves_nothing_is_found_the_next_day() -> None:
    """And counted, so that the first real company tells whether it does."""
    books = followed(payment_moves_last_modified=False)
    person(books, "bookkeep")
    for _ in range(4):  # until the booking is out of what is asked for
        an_hour_later(books)
    pays(books)

    assert settlement(an_hour_later(books)).reached is Progress.BOOKED
    assert settlement(a_day_later(books)).reached is Progress.PAID
    assert [fields["count"] for event, fields in books.world.reports if event == "payments_untold"] == [1]


def test_a_payment_in_part_that_moves_nothing_is_found_the_next_day() -> None:
    """It is still in the list of what is unpaid, with another balance."""
    books = followed(payment_moves_last_modified=False)
    person(books, "bookkeep")
    an_hour_later(books)
    pays(books, "275")

    assert settlement(a_day_later(books)).reached is Progress.PARTLY_PAID
    assert settlement(books).left == Decimal(1000)


def test_what_moved_is_not_counted_as_untold() -> None:
    """The day's look finds nothing that the hour's did not."""
    books = followed(payment_moves_last_modified=True)
    person(books, "bookkeep")
    pays(books)
    a_day_later(books)

    assert settlement(books).reached is Progress.PAID
    assert "payments_untold" not in {event for event, _ in books.world.reports}


@pytest.mark.parametrize(
    ("payments", "reached", "left"),
    [
        (["1000"], Progress.PARTLY_PAID, "275"),
        (["1000", "275"], Progress.PAID, "0"),
        (["1300"], Progress.OVERPAID, "-25"),
        (["1275", "1275"], Progress.OVERPAID, "-1275"),
    ],
)
def test_payments(payments: list[str], reached: Progress, left: str) -> None:
    """In part, in parts, too much, and twice."""
    books = followed(payment_moves_last_modified=True)
    person(books, "bookkeep")
    for amount in payments:
        pays(books, amount)

    an_hour_later(books)

    assert (settlement(books).reached, settlement(books).left) == (reached, Decimal(left))


def test_a_payment_in_another_currency_leaves_what_its_rate_leaves() -> None:
    """What it comes to in the invoice's currency is Fortnox's business; what is left of it is shown."""
    books = followed(payment_moves_last_modified=True)
    person(books, "bookkeep")
    pays(books, "100", currency="EUR")

    an_hour_later(books)

    assert settlement(books).reached is Progress.PARTLY_PAID
    rate = books.world.fortnox.state()["companies"][TENANT_ID]["currencies"]["EUR"]["SellRate"]
    assert settlement(books).left == TOTAL - 100 * Decimal(str(rate))


def test_final_pay_date_says_nothing() -> None:
    """Sources contradict each other about it: one that is set makes no invoice paid."""
    books = followed()
    person(books, "bookkeep")
    there = {"FinalPayDate": "2026-12-31"}
    books.world.fortnox.change_entry(TENANT_ID, "invoices", books.record.fortnox_number, there)

    assert settlement(an_hour_later(books)).reached is Progress.BOOKED


@pytest.mark.parametrize("lowers", [False, True])
def test_a_credited_invoice_is_credited_and_not_paid(lowers: bool) -> None:
    """Whether the note lowers the balance or not."""
    books = followed(credit_lowers_balance=lowers)
    person(books, "bookkeep")
    an_hour_later(books)
    person(books, "credit")

    an_hour_later(books)

    assert settlement(books).reached is Progress.CREDITED
    assert settlement(books).credit_note


def test_credited_in_part() -> None:
    """The note comes to less than the invoice."""
    books = followed()
    person(books, "bookkeep")
    person(books, "credit")
    note = books.documents[books.record.fortnox_number]["CreditInvoiceReference"]
    row = {"ArticleNumber": "100", "DeliveredQuantity": "-2", "Price": 85, "AccountNumber": 3041}
    books.world.fortnox.person_changes_invoice(TENANT_ID, note, {"InvoiceRows": [row]})

    an_hour_later(books)

    assert settlement(books).reached is Progress.PARTLY_CREDITED
    assert settlement(books).credited < TOTAL
    assert not settlement(books).has_ended


def test_a_cancelled_invoice_shows_as_such() -> None:
    """Nothing more is expected of it."""
    books = followed()
    person(books, "cancel")

    assert settlement(an_hour_later(books)).reached is Progress.CANCELLED
    assert settlement(books).has_ended


def test_another_amount_shows_as_such() -> None:
    """Somebody changed a price in Fortnox: what it is now stands beside what we left."""
    books = followed()
    row = {"ArticleNumber": "100", "DeliveredQuantity": "12", "Price": 80, "AccountNumber": 3041}
    books.world.fortnox.person_changes_invoice(TENANT_ID, books.record.fortnox_number, {"InvoiceRows": [row]})

    an_hour_later(books)

    assert books.record.changed_net == Decimal(960)
    assert books.record.history[-1].kind is EventKind.CHANGED_THERE
    assert books.record.history[-1].net == Decimal(960)


def test_due_and_overdue_are_a_matter_of_the_day() -> None:
    """No call and no write makes an invoice overdue."""
    books = followed()
    person(books, "bookkeep")
    there = settlement(an_hour_later(books))
    assert there.due_date is not None

    assert there.progress(there.due_date - timedelta(days=1)) is Progress.BOOKED
    assert there.progress(there.due_date) is Progress.DUE
    assert there.progress(there.due_date + timedelta(days=1)) is Progress.OVERDUE


def test_a_copy_with_our_reference_disturbs_nothing() -> None:
    """Somebody copied the invoice: what became of the copy is not what became of ours."""
    books = followed()
    copy = books.world.fortnox.person_copies_invoice(TENANT_ID, books.record.fortnox_number)
    books.world.fortnox.person_acts(TENANT_ID, copy, "cancel")

    an_hour_later(books)

    assert settlement(books).reached is Progress.OPEN


def test_what_was_sent_before_it_was_switched_on_is_followed() -> None:
    """The first look asks for all that is open."""
    books = Books()
    books.run()
    person(books, "bookkeep")
    books.settings(follow_payments="on")

    an_hour_later(books)

    assert settlement(books).reached is Progress.BOOKED


def test_a_payment_while_it_was_switched_off_is_found() -> None:
    """Switched on again, all that was open is looked through."""
    books = followed()
    person(books, "bookkeep")
    an_hour_later(books)
    books.settings(follow_payments="")
    an_hour_later(books)
    pays(books)
    books.settings(follow_payments="on")

    an_hour_later(books)

    assert settlement(books).reached is Progress.PAID


def test_fortnox_not_answering_costs_no_invoice_and_nothing_is_missed() -> None:
    """The run is well all the same, and the next one asks for what was missed."""
    books = followed()
    person(books, "bookkeep")
    books.world.fortnox.add_faults(
        [{"effect": "status", "status": 503, "match": {"method": "GET", "path_regex": "/3/invoices"}}]
    )

    books.world.later(minutes=61)
    run = books.world.run()

    assert run is not None
    assert run.problem is None
    assert "payments_not_followed" in {event for event, _ in books.world.reports}
    books.world.later(minutes=15)
    books.world.run()
    assert settlement(books).reached is Progress.BOOKED


def test_an_invoice_that_is_gone_is_said_to_be() -> None:
    """Another ledger, or a restored copy: it does not stay open for ever."""
    books = followed()
    books.world.fortnox.remove_entry(TENANT_ID, "invoices", books.record.fortnox_number)

    assert settlement(a_day_later(books)).reached is Progress.GONE


def test_an_invoice_of_another_system_with_a_like_name_is_not_ours() -> None:
    """A reference that only begins like one of ours, or goes on, is compared exactly."""
    books = followed()
    number = books.record.fortnox_number
    other = books.world.fortnox.person_copies_invoice(TENANT_ID, number)
    reference = {"ExternalInvoiceReference1": f"{books.record.reference}x"}
    books.world.fortnox.change_entry(TENANT_ID, "invoices", other, reference)
    books.world.fortnox.person_acts(TENANT_ID, other, "cancel")

    assert settlement(an_hour_later(books)).reached is Progress.OPEN
