"""When an invoice must be paid."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoicing.domain.due_date import days_of, due_date, is_born_overdue
from invoicing.domain.integration_settings import DueDateFrom

INVOICE_DATE = date(2026, 9, 1)
TODAY = INVOICE_DATE + timedelta(days=75)
days = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("terms", "expected"), [("30", 30), ("0", 0), (" 10 ", 10), ("K", None), ("30N", None), ("", None), ("-5", None)]
)
def test_terms_are_days_where_their_code_is_a_number(terms: str, expected: int | None) -> None:
    """Anything else is a company's own name for its terms."""
    assert days_of(terms) == expected


def test_an_invoice_that_is_sent_late_is_overdue_when_it_is_born() -> None:
    """Dated 75 days ago, with 30 days to pay."""
    due = due_date(INVOICE_DATE, 30, DueDateFrom.INVOICE_DATE, today=TODAY)

    assert due == TODAY - timedelta(days=45)
    assert is_born_overdue(due, today=TODAY)


def test_a_due_date_may_count_from_the_day_of_sending() -> None:
    """Then there is always time to pay."""
    due = due_date(INVOICE_DATE, 30, DueDateFrom.SENDING, today=TODAY)

    assert due == TODAY + timedelta(days=30)
    assert not is_born_overdue(due, today=TODAY)


def test_what_is_due_today_can_be_paid_in_time() -> None:
    """Only a day that is over is too late."""
    assert not is_born_overdue(TODAY, today=TODAY)
    assert not is_born_overdue(None, today=TODAY)


def test_terms_that_are_not_known_are_learned_from_what_fortnox_says() -> None:
    """Its date minus the invoice's are the days."""
    said = INVOICE_DATE + timedelta(days=20)

    assert due_date(INVOICE_DATE, None, DueDateFrom.SENDING, today=TODAY) is None
    assert due_date(INVOICE_DATE, None, DueDateFrom.SENDING, today=TODAY, said=said) == TODAY + timedelta(days=20)


@given(days, st.integers(0, 365), days)
def test_counted_from_sending_no_invoice_is_born_overdue(invoice_date: date, terms: int, today: date) -> None:
    """And nobody gets less time than the terms say."""
    due = due_date(invoice_date, terms, DueDateFrom.SENDING, today=today)

    assert due is not None
    assert due - max(today, invoice_date) == timedelta(days=terms)
