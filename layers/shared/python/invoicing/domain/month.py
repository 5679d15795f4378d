"""What a month came to: one line for each invoice, and sums that tie Ongoing to Fortnox, to the öre.

A line is made of a record and of nothing else, so that records give the same lines whenever they are read anew. An
invoice belongs to the month of its date in Ongoing; one without a date belongs to none, `UNDATED`, until it has one.
Amounts are without VAT unless something else is said. docs/decisions/0021.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from invoicing.domain.due import Due
from invoicing.domain.export import Export, ExportState
from invoicing.domain.issue import IssueCode
from invoicing.domain.money import round_to_ore
from invoicing.domain.sending import SendStep
from invoicing.domain.settlement import Progress
from invoicing.domain.wms_invoice import WmsInvoice

UNDATED = "undated"
LINES = 1  # how lines are made of records; another number lets all of them be made anew
_ZERO = Decimal(0)
_ON_ITS_WAY = frozenset({SendStep.SENT, SendStep.BOOKING, SendStep.BOOKED})


class Stage(StrEnum):
    """How far an invoice has come. Each from IN_FORTNOX on holds those after it."""

    GATHERED = "gathered"  # in Ongoing, and not due yet
    DUE = "due"  # and about to be sent
    HELD = "held"  # by an issue, and not in Fortnox
    LEFT = "left"  # deleted in Ongoing, or a person said that it is not to be sent
    IN_FORTNOX = "in_fortnox"
    SENT = "sent"  # to the customer
    PAID = "paid"


class Apart(StrEnum):
    """Why Fortnox has another net for an invoice than Ongoing has."""

    CHANGED_THERE = "changed_there"  # by somebody in Fortnox
    CANCELLED = "cancelled"
    CREDITED = "credited"
    GONE = "gone"  # Fortnox has no invoice with its number any more
    DELETED = "deleted"  # in Ongoing, after it was made in Fortnox
    BY_A_PERSON = "by_a_person"  # who made it, or said that it is right as it is
    NOT_YET = "not_yet"  # changed in Ongoing; the change is not in Fortnox
    UNEXPLAINED = "unexplained"  # no reason is known: it does not tie


_ENDED_THERE = {Progress.CANCELLED: Apart.CANCELLED, Progress.CREDITED: Apart.CREDITED, Progress.GONE: Apart.GONE}


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthLine:
    """One invoice."""

    invoice_id: int
    month: str  # "2026-10", or UNDATED
    day: date | None
    number: str  # in Ongoing; may be empty
    goods_owner: str
    customer_number: str
    currency: str
    amount: Decimal  # in Ongoing
    stage: Stage
    fortnox_number: str = ""
    net: Decimal | None = None  # in Fortnox, as it counts there: of what was cancelled or credited, nothing
    fees: Decimal = _ZERO
    to_pay: Decimal | None = None  # with VAT; None: it is not followed, or nothing more is expected
    apart: Apart | None = None  # why `net` is not `amount`

    @property
    def difference(self) -> Decimal:
        """What Fortnox has more than Ongoing, of an invoice that is in Fortnox."""
        return (self.net or _ZERO) - self.amount if self.is_in_fortnox else _ZERO

    @property
    def is_in_fortnox(self) -> bool:
        """Whether Fortnox has an invoice for it, or had one."""
        return self.stage in {Stage.IN_FORTNOX, Stage.SENT, Stage.PAID}


def is_month(name: str) -> bool:
    """Whether it is what `month_of` may give."""
    try:
        return name == UNDATED or (len(name) == len("2026-10") and date.fromisoformat(f"{name}-01") is not None)
    except ValueError:
        return False


def months_until(last: str, count: int) -> list[str]:
    """So many months, the oldest first."""
    year, month = int(last[:4]), int(last[5:])
    numbers = range(year * 12 + month - count, year * 12 + month)
    return [f"{one // 12:04d}-{one % 12 + 1:02d}" for one in numbers]


def month_of(day: date | None) -> str:
    """The month that a calendar day belongs to."""
    return UNDATED if day is None else f"{day:%Y-%m}"


def line_of(record: Export) -> MonthLine:
    """What a month has of a record."""
    deleted = record.issue is not None and record.issue.code is IssueCode.DELETED_IN_WMS
    amount = _ZERO if deleted else round_to_ore(record.amount)
    stage, net = _stage_of(record), _net_of(record)
    in_fortnox = bool(record.fortnox_number)
    there = record.settlement
    return MonthLine(
        invoice_id=record.invoice_id,
        month=month_of(record.invoice_date),
        day=record.invoice_date,
        number=record.wms_number,
        goods_owner=record.goods_owner,
        customer_number=record.customer_number,
        currency=record.currency or "SEK",
        amount=amount,
        stage=stage,
        fortnox_number=record.fortnox_number,
        net=net if in_fortnox else None,
        fees=(record.fortnox_fees or _ZERO) if in_fortnox else _ZERO,
        to_pay=None if there is None or there.has_ended else there.left,
        apart=_apart(record, deleted=deleted) if in_fortnox and net != amount else None,
    )


def waiting_month_line_of(invoice: WmsInvoice, due: Due) -> MonthLine:
    """What a month has of an invoice that nobody has begun."""
    return MonthLine(
        invoice_id=invoice.id,
        month=month_of(invoice.invoice_date),
        day=invoice.invoice_date,
        number=invoice.number,
        goods_owner=invoice.goods_owner.name,
        customer_number=invoice.goods_owner.customer_number,
        currency=invoice.goods_owner.currency or "SEK",
        amount=round_to_ore(invoice.amount),
        stage=Stage.DUE if due is Due.NOW else Stage.GATHERED,
    )


def _stage_of(record: Export) -> Stage:
    if record.fortnox_number:
        there, sending = record.settlement, record.sending
        if there is not None and there.reached in {Progress.PAID, Progress.OVERPAID}:
            return Stage.PAID
        sent = (there is not None and there.sent) or (sending is not None and sending.step in _ON_ITS_WAY)
        return Stage.SENT if sent else Stage.IN_FORTNOX
    if record.waits:
        return Stage.GATHERED
    match record.state:
        case ExportState.HELD:
            return Stage.HELD
        case ExportState.DONE:
            return Stage.LEFT
        case _:
            return Stage.DUE


def _net_of(record: Export) -> Decimal | None:
    there = record.settlement
    if there is not None and there.reached in _ENDED_THERE:
        return _ZERO
    return there.net if there is not None and there.net is not None else record.fortnox_net


def _apart(record: Export, *, deleted: bool) -> Apart:
    there = record.settlement
    if there is not None and there.reached in _ENDED_THERE:
        return _ENDED_THERE[there.reached]
    if record.changed_net is not None:
        return Apart.CHANGED_THERE
    if deleted:
        return Apart.DELETED
    if record.by_hand or record.kept_print:
        return Apart.BY_A_PERSON
    return Apart.UNEXPLAINED if record.state in {ExportState.DONE, ExportState.SENT} else Apart.NOT_YET


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSums:
    """What lines of one currency come to. `in_fortnox` holds `sent`, which holds `paid`."""

    invoices: int = 0
    ongoing: Decimal = _ZERO
    gathered: Decimal = _ZERO
    due: Decimal = _ZERO
    held: Decimal = _ZERO
    left: Decimal = _ZERO  # not to be sent
    in_fortnox: Decimal = _ZERO
    sent: Decimal = _ZERO
    paid: Decimal = _ZERO
    fees: Decimal = _ZERO  # which Fortnox added, beside its net
    to_pay: Decimal = _ZERO  # with VAT
    followed: int = 0  # of how many something is still to be paid
    apart: Mapping[Apart, Decimal] = field(default_factory=dict)  # what Fortnox has more, by reason
    apart_count: Mapping[Apart, int] = field(default_factory=dict)

    def and_also(self, others: "MonthSums") -> "MonthSums":
        """Both together."""
        both = {
            one.name: getattr(self, one.name) + getattr(others, one.name)
            for one in fields(self)
            if one.name not in {"apart", "apart_count"}
        }
        reasons = sorted({*self.apart, *others.apart})
        return MonthSums(
            **both,
            apart={one: self.apart.get(one, _ZERO) + others.apart.get(one, _ZERO) for one in reasons},
            apart_count={one: self.apart_count.get(one, 0) + others.apart_count.get(one, 0) for one in reasons},
        )

    @property
    def not_in_fortnox(self) -> Decimal:
        """What is still to come there."""
        return self.gathered + self.due + self.held

    @property
    def terms(self) -> Sequence[tuple[Stage | Apart, Decimal]]:
        """What has to be added to what is in Fortnox, so that it is what Ongoing has; what is nothing is left out."""
        parts = {Stage.HELD: self.held, Stage.DUE: self.due, Stage.GATHERED: self.gathered, Stage.LEFT: self.left}
        named = {why: -amount for why, amount in self.apart.items() if why is not Apart.UNEXPLAINED}
        return [(why, amount) for why, amount in (*parts.items(), *named.items()) if amount]

    @property
    def off(self) -> Decimal:
        """By how much Ongoing's sum is not that of Fortnox and of what is not there, with all named differences."""
        return self.ongoing - self.in_fortnox - sum((amount for _, amount in self.terms), _ZERO)

    @property
    def unexplained(self) -> int:
        """How many invoices differ without a reason: they may make up for each other, and are wrong all the same."""
        return self.apart_count.get(Apart.UNEXPLAINED, 0)

    @property
    def ties(self) -> bool:
        """Whether each öre is accounted for."""
        return self.off == 0 and self.unexplained == 0


def differing(lines: Iterable[MonthLine]) -> list[MonthLine]:
    """Those that are not the same in both systems; what has no reason comes first."""
    found = [line for line in lines if line.apart is not None]
    return sorted(found, key=lambda one: (one.apart is not Apart.UNEXPLAINED, one.invoice_id))


def by_owner(lines: Iterable[MonthLine]) -> Mapping[tuple[str, str, str], Sequence[MonthLine]]:
    """The lines of each currency, goods owner and customer number, in this order."""
    found: dict[tuple[str, str, str], list[MonthLine]] = {}
    for line in lines:
        found.setdefault((line.currency, line.goods_owner, line.customer_number), []).append(line)
    return {key: found[key] for key in sorted(found, key=lambda one: (one[0], one[1].casefold(), one[2]))}


def sums_of(lines: Iterable[MonthLine]) -> Mapping[str, MonthSums]:
    """By currency, in the order of their codes."""
    of_currency: dict[str, list[MonthLine]] = {}
    for line in lines:
        of_currency.setdefault(line.currency, []).append(line)
    return {currency: _sums_of_one(of_currency[currency]) for currency in sorted(of_currency)}


def largest_first(sums: Mapping[str, MonthSums]) -> Mapping[str, MonthSums]:
    """The currencies of most invoices come first: a house's own."""
    return {one: sums[one] for one in sorted(sums, key=lambda currency: (-sums[currency].invoices, currency))}


def _sums_of_one(lines: list[MonthLine]) -> MonthSums:
    def of(*stages: Stage) -> Decimal:
        return sum((line.amount for line in lines if line.stage in stages), _ZERO)

    def there(*stages: Stage) -> Decimal:
        return sum((line.net or _ZERO for line in lines if line.stage in stages), _ZERO)

    differing = [line for line in lines if line.apart is not None]
    reasons = sorted({line.apart for line in differing if line.apart is not None})
    return MonthSums(
        invoices=len(lines),
        ongoing=sum((line.amount for line in lines), _ZERO),
        gathered=of(Stage.GATHERED),
        due=of(Stage.DUE),
        held=of(Stage.HELD),
        left=of(Stage.LEFT),
        in_fortnox=there(Stage.IN_FORTNOX, Stage.SENT, Stage.PAID),
        sent=there(Stage.SENT, Stage.PAID),
        paid=there(Stage.PAID),
        fees=sum((line.fees for line in lines), _ZERO),
        to_pay=sum((line.to_pay for line in lines if line.to_pay is not None), _ZERO),
        followed=sum(line.to_pay is not None for line in lines),
        apart={one: sum((line.difference for line in differing if line.apart is one), _ZERO) for one in reasons},
        apart_count={one: sum(line.apart is one for line in differing) for one in reasons},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMonth:
    """The lines of one month as they are stored, by invoice. `revisions` guard what is written after it was read."""

    month: str
    lines: Mapping[int, MonthLine] = field(default_factory=dict)
    revisions: Mapping[int, int] = field(default_factory=dict)

    def with_lines(self, newer: Iterable[MonthLine]) -> Mapping[int, MonthLine]:
        """Its lines when these are known, of whatever month: each counts in its own alone."""
        lines = dict(self.lines)
        for line in newer:
            if line.month == self.month:
                lines[line.invoice_id] = line
            else:
                lines.pop(line.invoice_id, None)
        return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthIndex:
    """What each month of an integration came to, by month and currency: what a plot of them needs.

    Records are read anew newest first, in as many parts as it takes: `goes_on_after` is the invoice at which the next
    part begins.
    """

    sums: Mapping[str, Mapping[str, MonthSums]] = field(default_factory=dict)
    revision: int = 0  # guards what is written after it was read
    rebuilt_at: datetime | None = None  # when all records were last read anew
    goes_on_after: int | None = None
    began_at: datetime | None = None  # the reading that goes on

    @property
    def is_whole(self) -> bool:
        """Whether every record was read once."""
        return self.rebuilt_at is not None
