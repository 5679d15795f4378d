"""What becomes of an invoice in Fortnox after it was made: booked, sent, paid, credited, cancelled.

Read from `Booked` and `Balance`: what `FinalPayDate` means is not agreed on, and it may be set on one that is not paid.
docs/decisions/0017.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from invoicing.domain.errors import UpstreamContractError
from invoicing.domain.fortnox_invoice import FortnoxInvoice
from invoicing.domain.swedish_time import SWEDEN

EVERY = timedelta(hours=1)  # Fortnox is asked what is new, while something of ours is open
_ROUNDED = Decimal("0.5")  # Fortnox's total in kronor may differ so much from what it consists of


class Progress(StrEnum):
    """How far it has come. What is late or paid comes before what was merely done with it."""

    OPEN = "open"
    BOOKED = "booked"
    SENT = "sent"  # to the customer, booked or not
    DUE = "due"  # today
    OVERDUE = "overdue"  # and not paid, or not in full
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    OVERPAID = "overpaid"
    PARTLY_CREDITED = "partly_credited"
    CREDITED = "credited"
    CANCELLED = "cancelled"
    GONE = "gone"  # Fortnox has no invoice with its number
    CHANGED = "changed"  # besides one of the others: somebody gave it another amount in Fortnox


ENDED = frozenset({Progress.PAID, Progress.OVERPAID, Progress.CREDITED, Progress.CANCELLED, Progress.GONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What Fortnox said of one invoice when something of it was new. Amounts are with VAT, in the invoice's currency.

    The list tells most of it. `net` and what follows are known only where the invoice itself was read, which is when
    the list shows something that it does not explain.
    """

    number: str
    at: datetime
    total: Decimal
    balance: Decimal
    booked: bool
    sent: bool
    cancelled: bool
    due_date: date | None = None
    net: Decimal | None = None
    cash_method: bool = False
    credit_note: str = ""  # its number
    credited: Decimal = Decimal(0)  # what the credit note comes to
    gone: bool = False

    @property
    def left(self) -> Decimal:
        """What is still to be paid. A balance that is more than the total is in another currency: nothing is known."""
        return self.total if abs(self.balance) > abs(self.total) and self.balance * self.total > 0 else self.balance

    @property
    def reached(self) -> Progress:
        """How far it has come, whatever day it is."""
        sign = -1 if self.total < 0 else 1  # an invoice of a negative total is owed to the customer
        total, left = self.total * sign, self.left * sign
        if self.gone:
            return Progress.GONE
        if self.cancelled:
            return Progress.CANCELLED
        if self.credit_note and self.credited >= total:
            return Progress.CREDITED
        # Of what is not booked, Fortnox shows balances that say nothing: nobody can have paid it.
        if self.booked or self.cash_method:
            if left <= 0:
                return Progress.OVERPAID if left < 0 else Progress.PAID
            if left < total and not self.credit_note:
                return Progress.PARTLY_PAID
        if self.credit_note:
            return Progress.PARTLY_CREDITED
        if self.sent:
            return Progress.SENT
        return Progress.BOOKED if self.booked else Progress.OPEN

    def progress(self, today: date) -> Progress:
        """How far it has come, on this day in Sweden. No customer is late with what was neither booked nor sent."""
        reached = self.reached
        if reached in ENDED or self.due_date is None or self.due_date > today or not (self.booked or self.sent):
            return reached
        return Progress.DUE if self.due_date == today else Progress.OVERDUE

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is expected of it."""
        return self.reached in ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """How far one company's invoices have been followed."""

    at: datetime  # Fortnox was asked for the last time
    since: datetime  # what was changed later is not known yet
    whole_at: datetime  # all open ones were looked through
    open: int  # of ours, that something is still expected of

    def is_due(self, now: datetime) -> bool:
        """Whether Fortnox is asked now."""
        return self.open > 0 and now >= self.at + EVERY

    def is_whole_due(self, now: datetime) -> bool:
        """Whether it is the first time of a Swedish day: a payment may not count as a change of its invoice."""
        return now.astimezone(SWEDEN).date() > self.whole_at.astimezone(SWEDEN).date()


def settlement_of(
    invoice: FortnoxInvoice, *, at: datetime, before: Settlement | None = None, credit: FortnoxInvoice | None = None
) -> Settlement:
    """What an answer of Fortnox says. One from a list, without a net, leaves `before` what only a reading tells.

    `credit` is its credit note, where it has one. Raises UpstreamContractError if it says neither total nor balance:
    what is not said is no 0, and nobody is told that he was paid.
    """
    total, balance = invoice.total, invoice.balance
    if total is None or balance is None:
        total = balance = balance if total is None else total
    if total is None or balance is None:
        raise UpstreamContractError("Fortnox's Invoice: Total is missing, Balance is missing")
    read = invoice.net is not None
    known = before if before is not None and before.number == invoice.number and not read else None
    return Settlement(
        number=invoice.number,
        at=at,
        total=total,
        balance=balance,
        booked=invoice.booked,
        sent=invoice.sent,
        cancelled=invoice.cancelled,
        due_date=invoice.due_date,
        net=known.net if known else invoice.net,
        cash_method=known.cash_method if known else invoice.cash_method,
        credit_note=known.credit_note if known else (credit.number if credit else ""),
        credited=known.credited if known else (abs(credit.total or Decimal(0)) if credit else Decimal(0)),
    )


def needs_reading(there: Settlement, before: Settlement | None, *, expected: Decimal | None) -> bool:
    """Whether the list shows what only the invoice itself explains: a payment or a credit, another total.

    `expected` is what we left there, with VAT.
    """
    settled = there.balance != there.total and (there.booked or there.sent)
    if before is not None:
        return there.total != before.total or (settled and there.balance != before.balance)
    return settled or (expected is not None and abs(there.total - expected) > _ROUNDED)


def shows_nothing_new(there: Settlement, before: Settlement | None) -> bool:
    """Whether it is what was known, however long ago."""
    return before is not None and replace(there, at=before.at) == before
