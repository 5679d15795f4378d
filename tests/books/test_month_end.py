"""Before a month ends: customers that nobody has answered for are said in time, so that nothing is held on the 1st."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from invoicing.application.send_notice import send_notice
from invoicing.domain.notice import Notice, NoticeKind

from local.ongoing.seed import CAFE, MOBLER, NORDIC, UNKNOWN
from tests.books.books import Books

LAST_OF_MARCH = date(2026, 3, 31)


def growing(*owners: int) -> Books:
    """Invoices of this month, one for each goods owner, that are not due before it has ended."""
    books = Books().sent()
    for number, owner in enumerate(owners, start=8001):
        books.another(
            number,
            goods_owner_id=owner,
            invoice_date=LAST_OF_MARCH,
            period_start=date(2026, 3, 1),
            period_end=LAST_OF_MARCH,
        )
    return books


def on(books: Books, day: int, *, hour: int = 8) -> Books:
    """A run on that day of March."""
    now = books.world.clock()
    moment = datetime(2026, 3, day, hour, tzinfo=now.tzinfo)
    return books.run(after=moment - now)


def digests(books: Books) -> list[Notice]:
    """The mails of the day that were put until now."""
    return [notice for notice in books.world.notices.all if notice.kind is NoticeKind.DIGEST]


def unanswered(books: Books) -> int:
    """What today's mail says; 0 if there is none."""
    ids = {one.id: one for one in digests(books)}
    today = ids.get(f"digest#{books.integration.id}#{books.world.today}")
    return int(today.params["unanswered"]) if today is not None else 0


def text_of(books: Books) -> str:
    """The text of the last one."""
    send_notice(books.world.parts.notice_tools(), digests(books)[-1].id)
    return books.world.mailer.sent[-1].text


@pytest.mark.parametrize(("day", "expected"), [(25, 0), (26, 0), (27, 3), (28, 3), (31, 3)])
def test_who_could_not_be_invoiced_is_counted_in_the_last_days_of_a_month(day: int, expected: int) -> None:
    """A code that is missing, one that Fortnox does not have, and one that is somebody else's."""
    books = growing(MOBLER, NORDIC, CAFE, UNKNOWN)
    books.world.fortnox.change_entry("1234567", "customers", "1002", {"Name": "Biltvätt i Borås AB"})

    assert unanswered(on(books, day)) == expected
    assert books.documents.keys() == {"1"}


def test_it_is_looked_at_once_a_day() -> None:
    """By the first run of the morning; those before and after it ask Fortnox for nothing."""
    books = on(growing(MOBLER, UNKNOWN), 28, hour=3)
    early = books.calls("GET")
    on(books, 28)
    first = books.calls("GET")
    later = [books.run().calls("GET") for _ in range(3)]

    assert (early, first, later) == (0, 2, [0, 0, 0])
    assert (unanswered(books), len(digests(books))) == (1, 1)


def test_what_could_not_be_found_out_is_looked_at_on_another_day() -> None:
    """Fortnox does not answer, and the run is no failure for that."""
    books = growing(MOBLER, UNKNOWN)
    books.world.fortnox.add_faults([{"match": {"path_regex": "^/3/customers"}, "times": 1, "effect": "before"}])
    failed = unanswered(on(books, 28))
    run = books.integration.last_run

    assert run is not None
    assert (run.problem, run.failed) == (None, 0)
    assert (failed, unanswered(on(books, 29))) == (0, 1)


def test_a_code_that_fortnox_does_not_even_look_up_needs_an_answer_too() -> None:
    """Somebody typed the name."""
    books = growing(MOBLER).owner(financial_code="kund nr 5")
    books.another(8009, invoice_date=LAST_OF_MARCH, period_end=LAST_OF_MARCH)

    assert unanswered(on(books, 28)) == 1


def test_the_mail_says_it_and_leads_to_the_customers() -> None:
    """Though there is no issue at all."""
    text = text_of(on(growing(CAFE, UNKNOWN), 28))

    assert "2 varuägare" in text
    assert "/customers" in text


def test_when_all_are_answered_for_there_is_no_mail() -> None:
    """Nor one on other days."""
    books = on(growing(MOBLER, CAFE), 20)
    early = len(digests(books))
    on(books, 28)
    said = len(digests(books))
    books.world.ongoing.change_invoice("nordlager", 8002, goods_owner_id=MOBLER)
    on(books, 30)

    assert (early, said, len(digests(books))) == (0, 1, 1)


def test_on_the_first_it_is_over() -> None:
    """Then whoever was not answered for has an issue."""
    books = on(growing(UNKNOWN), 31)
    before = unanswered(books)
    books.run(after=timedelta(days=1))

    assert (before, unanswered(books)) == (1, 0)
    assert books.integration.last_run is not None
    assert books.integration.last_run.held == 1
