"""An invoice on its way to the customer: when, how, and what a person said. docs/decisions/0018.

    WAITING ──its hour has come──▶ SENDING ──Fortnox says so──▶ SENT (──▶ BOOKING ──▶ BOOKED)
       │  ▲                           │
       │  └──refused, or not sent─────┘      a `problem` waits for a person; *Send now* takes it away
       └──*Stop*──▶ STOPPED

SENDING means that it may have been sent. It is left only by what Fortnox says of the invoice, never by trying again.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from invoicing.domain.fortnox_invoice import Customer
from invoicing.domain.integration_settings import SendAfter, SendInvoices
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.swedish_time import SWEDEN

_OPENS = time(8)
_TWO_HOURS = timedelta(hours=2)


class SendBy(StrEnum):
    """How an invoice reaches the customer."""

    EMAIL = "email"
    E_INVOICE = "e_invoice"
    PRINT = "print"  # by a person; it is marked as sent


class SendStep(StrEnum):
    """Where it stands."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    BOOKING = "booking"  # sent, and to be booked
    BOOKED = "booked"
    STOPPED = "stopped"  # by a person, or because the setting was taken back


WITH_CUSTOMER = frozenset({SendStep.SENT, SendStep.BOOKING, SendStep.BOOKED})
_ENDED = frozenset({SendStep.SENT, SendStep.BOOKED, SendStep.STOPPED})
_SET = {SendInvoices.EMAIL: SendBy.EMAIL, SendInvoices.E_INVOICE: SendBy.E_INVOICE, SendInvoices.PRINT: SendBy.PRINT}
# `DefaultDeliveryTypes.Invoice` of a card. What is to be printed, a person prints: nobody knows whether somebody did.
_ON_CARD = {"EMAIL": SendBy.EMAIL, "ELECTRONICINVOICE": SendBy.E_INVOICE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What is to be done with one invoice. `turn` grows with each step, so that an old page decides nothing."""

    by: SendBy
    at: datetime  # not before
    step: SendStep = SendStep.WAITING
    turn: int = 0
    asked: bool = False  # a person pressed *Send now*: also where Fortnox's invoice is not as we left it
    attempt_at: datetime | None = None
    problem: Issue | None = None  # why it waits for a person
    problem_since: datetime | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is done."""
        return self.step in _ENDED

    @property
    def is_on_its_way(self) -> bool:
        """Whether the next run, or one under way, sends it, because a person asked for that."""
        return self.asked and self.problem is None and self.step in {SendStep.WAITING, SendStep.SENDING}

    @property
    def may_be_stopped(self) -> bool:
        """Whether it certainly was not sent, or is not known to have been and nobody goes on with it."""
        return self.step is SendStep.WAITING


def lacking_on_card(send: SendInvoices, customer: Customer, *, goods_owner: str) -> Issue | None:
    """Why an invoice could not be sent to this customer, as far as the card in Fortnox tells."""
    by = _ON_CARD.get(customer.delivery) if send is SendInvoices.AS_ON_CUSTOMER else _SET.get(send)
    params = {"customer_number": customer.number, "goods_owner": goods_owner}
    if by is SendBy.EMAIL and not customer.has_mail:
        return Issue(code=IssueCode.SEND_NO_ADDRESS, params=params)
    if by is SendBy.E_INVOICE and customer.delivers_without_country:
        return Issue(code=IssueCode.SEND_NO_COUNTRY, params=params)
    return None


def planned(send: SendInvoices, after: SendAfter, *, on_card: str, now: datetime) -> Sending | None:
    """What becomes of an invoice that is made now; None: it is left to people."""
    by = _ON_CARD.get(on_card) if send is SendInvoices.AS_ON_CUSTOMER else _SET.get(send)
    if by is None:
        return None
    return Sending(by=by, at=now + _TWO_HOURS if after is SendAfter.TWO_HOURS else next_working_morning(now))


def next_working_morning(now: datetime) -> datetime:
    """Eight o'clock in Sweden on the first working day after this one: somebody has had a chance to look."""
    day = now.astimezone(SWEDEN).date() + timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return datetime.combine(day, _OPENS, SWEDEN)


def is_working_day(day: date) -> bool:
    """Whether a Swedish office is open."""
    return day.weekday() <= 4 and day not in _holidays(day.year)


def _holidays(year: int) -> frozenset[date]:
    """Days from Monday to Friday on which a Swedish office is closed, with the eves that all take for holidays."""
    easter = _easter(year)
    midsummer_eve = next(day for day in (date(year, 6, 19) + timedelta(days=n) for n in range(7)) if day.weekday() == 4)
    fixed = ((1, 1), (1, 6), (5, 1), (6, 6), (12, 24), (12, 25), (12, 26), (12, 31))
    return frozenset(
        {
            *(date(year, month, day) for month, day in fixed),
            easter - timedelta(days=2),
            easter + timedelta(days=1),
            easter + timedelta(days=39),
            midsummer_eve,
        }
    )


def _easter(year: int) -> date:
    """Sunday of Easter, by the anonymous Gregorian computus."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * week) // 451
    month, day = divmod(h + week - 7 * m + 114, 31)
    return date(year, month, day + 1)
