"""When an invoice must be paid: so many days after the invoice date, or after the day of sending."""

import re
from datetime import date, timedelta

from invoicing.domain.integration_settings import DueDateFrom

_DAYS = re.compile(r"[0-9]{1,3}")


def days_of(terms_of_payment: str) -> int | None:
    """The days of a customer's terms in Fortnox, whose code is their number by custom; None if it says something else.

    Fortnox publishes no field with the days.
    """
    return int(terms_of_payment) if _DAYS.fullmatch(terms_of_payment.strip()) else None


def due_date(
    invoice_date: date, days: int | None, counted_from: DueDateFrom, *, today: date, said: date | None = None
) -> date | None:
    """When it is due; None: that cannot be known. `said` is Fortnox's own date for terms from the invoice date."""
    by_invoice_date = said or (None if days is None else invoice_date + timedelta(days=days))
    if by_invoice_date is None or counted_from is DueDateFrom.INVOICE_DATE or today <= invoice_date:
        return by_invoice_date
    return by_invoice_date + (today - invoice_date)


def is_born_overdue(due: date | None, *, today: date) -> bool:
    """Whether the customer could not have paid in time, because it is sent after the date when it is due."""
    return due is not None and due < today
