"""domain/sending: the hour, and how."""

from datetime import UTC, datetime

import pytest
from invoicing.domain.integration_settings import SendAfter, SendInvoices
from invoicing.domain.sending import SendBy, next_working_morning, planned
from invoicing.domain.swedish_time import SWEDEN


def swedish(text: str) -> datetime:
    """A moment on a Swedish clock."""
    return datetime.fromisoformat(text).replace(tzinfo=SWEDEN)


@pytest.mark.parametrize(
    ("made", "sent"),
    [
        ("2026-03-02 09:00", "2026-03-03 08:00"),
        ("2026-03-02 23:59", "2026-03-03 08:00"),
        ("2026-03-03 00:01", "2026-03-04 08:00"),
        ("2026-03-06 16:00", "2026-03-09 08:00"),  # over a weekend
        ("2026-03-28 12:00", "2026-03-30 08:00"),  # and a change to summer time
        ("2026-04-02 12:00", "2026-04-07 08:00"),  # Easter
        ("2026-05-13 12:00", "2026-05-15 08:00"),  # Ascension
        ("2026-06-18 12:00", "2026-06-22 08:00"),  # Midsummer's eve
        ("2026-12-30 12:00", "2027-01-04 08:00"),  # a new year
        ("2026-12-23 12:00", "2026-12-28 08:00"),
        ("2027-03-25 12:00", "2027-03-30 08:00"),  # another Easter
        ("2028-01-05 12:00", "2028-01-07 08:00"),
    ],
)
def test_the_hour_is_eight_on_the_next_working_day_in_sweden(made: str, sent: str) -> None:
    """Whatever the clock of the machine is; weekends, holidays and the eves that all take are no working days."""
    assert next_working_morning(swedish(made).astimezone(UTC)) == swedish(sent)


@pytest.mark.parametrize(
    ("send", "card", "by"),
    [
        (SendInvoices.LEAVE, "EMAIL", None),
        (SendInvoices.EMAIL, "PRINT", SendBy.EMAIL),
        (SendInvoices.E_INVOICE, "", SendBy.E_INVOICE),
        (SendInvoices.PRINT, "EMAIL", SendBy.PRINT),
        (SendInvoices.AS_ON_CUSTOMER, "EMAIL", SendBy.EMAIL),
        (SendInvoices.AS_ON_CUSTOMER, "ELECTRONICINVOICE", SendBy.E_INVOICE),
        (SendInvoices.AS_ON_CUSTOMER, "PRINT", None),
        (SendInvoices.AS_ON_CUSTOMER, "PRINTSERVICE", None),
        (SendInvoices.AS_ON_CUSTOMER, "", None),
    ],
)
def test_how_it_is_sent(send: SendInvoices, card: str, by: SendBy | None) -> None:
    """What a card says is to be printed, nobody marks as sent."""
    plan = planned(send, SendAfter.TWO_HOURS, on_card=card, now=swedish("2026-03-02 09:00"))

    assert (plan.by if plan else None) is by
