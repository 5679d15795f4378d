"""Before a month ends: what would stop its invoices is mailed in time, so that nothing is held on the 1st."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from invoicing.application.look_before import is_night_look_due
from invoicing.application.send_notice import send_notice
from invoicing.domain.notice import Notice, NoticeKind

from local.ongoing.seed import CAFE, MOBLER, NORDIC, UNKNOWN, WAREHOUSE
from tests.books.books import Books

LAST_OF_MARCH = date(2026, 3, 31)


def growing(*owners: int) -> Books:
    """Invoices of this month, one for each goods owner, that are not due before it has ended."""
    books = Books().sent()
    for number, owner in enumerate(owners, start=8001):
        gather(books, number, owner)
    return books


def gather(books: Books, number: int, owner: int) -> None:
    """One of them."""
    dates = {"invoice_date": LAST_OF_MARCH, "period_start": date(2026, 3, 1), "period_end": LAST_OF_MARCH}
    books.another(number, goods_owner_id=owner, **dates)


def on(books: Books, day: int, *, hour: int = 8) -> Books:
    """A run on that day of March."""
    now = books.world.clock()
    moment = datetime(2026, 3, day, hour, tzinfo=now.tzinfo)
    return books.run(after=moment - now)


def through(books: Books, *days: int) -> Books:
    """The night's look and the morning's run of each of these days, as the schedule has them; a few runs besides."""
    for day in days:
        moment = datetime(2026, 3, day, tzinfo=books.world.clock().tzinfo) - timedelta(hours=2)
        while not is_night_look_due(books.integration, moment):
            moment += timedelta(minutes=15)
        for when in (moment, moment + timedelta(minutes=15)):
            books.run(after=when - books.world.clock())
        for hour in (8, 9, 14):
            on(books, day, hour=hour)
    return books


def mails(books: Books) -> list[Notice]:
    """The mails before the 1st that were put until now."""
    return [notice for notice in books.world.notices.all if notice.kind is NoticeKind.BEFORE]


def days_of(books: Books) -> list[int]:
    """On which days of March."""
    return [notice.created_at.day for notice in mails(books)]


def text_of(books: Books) -> str:
    """The text of the last one."""
    send_notice(books.world.parts.notice_tools(), mails(books)[-1].id)
    return " ".join(books.world.mailer.sent[-1].text.split())


@pytest.mark.parametrize("day", [3, 24, 25, 26, 30, 31])
def test_it_is_told_in_the_last_days_of_a_month(day: int) -> None:
    """A code that is missing, one that Fortnox does not have, and one that is somebody else's."""
    books = growing(MOBLER, NORDIC, CAFE, UNKNOWN)
    books.world.fortnox.change_entry("1234567", "customers", "1002", {"Name": "Biltvätt i Borås AB"})
    through(books, day)

    assert days_of(books) == ([day] if day >= 25 else [])
    if day >= 25:
        assert "3 saker kommer att stoppa fakturor 2026-04-01" in text_of(books)
    assert books.documents.keys() == {"1"}


def test_one_mail_a_month_and_another_only_if_something_new_came() -> None:
    """Nights that find the same again are silent, and so is what was mended."""
    books = through(growing(UNKNOWN), 25, 26, 27)
    first = days_of(books)
    gather(books, 8009, CAFE)
    through(books, 30)
    second = days_of(books)
    told = text_of(books)
    through(books, 31)

    assert (first, second, days_of(books)) == ([25], [25, 30], [25, 30])
    assert "1 av dem är ny sedan förra mejlet" in told


def test_no_mail_on_a_day_on_which_the_office_is_closed() -> None:
    """28 and 29 March 2026 are a weekend: it comes on Monday."""
    books = through(growing(UNKNOWN), 28, 29)
    weekend = days_of(books)
    through(books, 30)

    assert (weekend, days_of(books)) == ([], [30])


def test_no_mail_in_the_evening() -> None:
    """After a day on which no run came, the next morning is soon enough."""
    books = growing(UNKNOWN)
    through(books, 24)
    on(books, 25, hour=18)
    evening = days_of(books)
    through(books, 26)

    assert (evening, days_of(books)) == ([], [26])


def test_it_is_looked_at_once_a_day() -> None:
    """By night; the morning's run that puts the mail asks Fortnox for nothing, and neither do those after it."""
    books = growing(MOBLER, UNKNOWN)
    through(books, 25)
    by_day = [on(books, 25, hour=hour).calls("GET") for hour in (15, 16)]
    on(books, 26, hour=8)

    assert (by_day, books.calls("GET"), days_of(books)) == ([0, 0], 0, [25])


def test_what_could_not_be_found_out_is_looked_at_on_another_day() -> None:
    """Fortnox does not answer, and the run is no failure for that."""
    books = growing(MOBLER, UNKNOWN)
    books.world.fortnox.add_faults([{"match": {"path_regex": "^/3/"}, "times": 1, "effect": "before"}])
    through(books, 25)
    run, failed = books.integration.last_run, days_of(books)
    through(books, 26)

    assert run is not None
    assert (run.problem, run.failed) == (None, 0)
    assert (failed, days_of(books)) == ([], [26])


def test_a_code_that_fortnox_does_not_even_look_up_needs_an_answer_too() -> None:
    """Somebody typed the name."""
    books = growing(MOBLER).owner(financial_code="kund nr 5")
    books.another(8009, invoice_date=LAST_OF_MARCH, period_end=LAST_OF_MARCH)
    through(books, 25)

    assert "kund nr 5" in text_of(books)


def test_the_mail_says_what_whose_and_what_to_do_and_leads_to_the_page() -> None:
    """Though there is no issue yet at all."""
    text = text_of(through(growing(CAFE, UNKNOWN), 27))

    assert "Nystartad E-handel HB" in text
    assert "Kund 9999 finns inte i Fortnox" in text
    assert f"/integrations/{WAREHOUSE}/before" in text


def test_when_all_are_answered_for_there_is_no_mail() -> None:
    """Nor one for what was mended before its mail went out."""
    books = through(growing(MOBLER), 25, 26, 27)
    silent = mails(books)
    gather(books, 8002, CAFE)
    through(books, 30)
    books.world.ongoing.change_invoice(WAREHOUSE, 8002, goods_owner_id=MOBLER)
    through(books, 31)
    send_notice(books.world.parts.notice_tools(), mails(books)[-1].id)

    assert silent == []
    assert days_of(books) == [30]
    assert books.world.mailer.sent == []
    assert mails(books)[-1].closed


def test_on_the_first_it_is_over() -> None:
    """Then whoever was not answered for has an issue."""
    books = through(growing(UNKNOWN), 31)
    before = days_of(books)
    books.run(after=timedelta(days=1))

    assert (before, days_of(books)) == ([31], [31])
    assert books.integration.last_run is not None
    assert books.integration.last_run.held == 1
