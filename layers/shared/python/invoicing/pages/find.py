"""Which invoices are looked for, and those that are found: the same for the list, its sums, and its file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

from invoicing.application.list_waiting import list_waiting
from invoicing.domain.errors import RetryLaterError, UpstreamContractError, WmsLoginRefusedError
from invoicing.domain.integration import Integration
from invoicing.domain.month import UNDATED, month_of
from invoicing.domain.settlement import Progress
from invoicing.domain.swedish_time import SWEDEN
from invoicing.domain.words import has_words
from invoicing.pages.serve import SignedInVisit, Visit
from invoicing.rendering.views import InvoiceLine, InvoiceState
from invoicing.rendering.views_of import invoice_line_of, stored_state, waiting_line_of

_LONGEST = 100  # characters of what is typed
# Of these there is no record: they are read from Ongoing.
_UNBEGUN = frozenset({InvoiceState.WAITING, InvoiceState.NOT_DUE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a reader looks for; empty: everything."""

    words: str = ""
    state: InvoiceState | None = None
    month: str = ""  # "2026-10", or UNDATED
    since: date | None = None
    until: date | None = None
    cause: str = ""  # what stops them
    progress: Progress | None = None  # how far they have come in Fortnox

    @property
    def query(self) -> str:
        """The same as part of an address."""
        asked = {
            "search": self.words,
            "state": self.state or "",
            "month": self.month,
            "since": self.since or "",
            "until": self.until or "",
            "cause": self.cause,
            "progress": self.progress or "",
        }
        return urlencode({name: str(value) for name, value in asked.items() if value})

    def fits(self, line: InvoiceLine) -> bool:
        """Whether it is one of them. Case and accents do not matter; an amount is found however it is written."""
        if self.state is not None and line.state is not self.state:
            # What waits in Ongoing waits, whether it is due yet or not.
            waits = self.state is InvoiceState.WAITING and line.state is InvoiceState.NOT_DUE
            if not waits:
                return False
        if self.progress is not None and self.progress not in line.progresses:
            return False
        if self.month and _month_of(line) != self.month:
            return False
        if (self.since or self.until) and line.invoice_date == date.min:
            return False
        if (self.since and line.invoice_date < self.since) or (self.until and line.invoice_date > self.until):
            return False
        amount = _amount(self.words)
        if amount is not None and amount in {line.amount, line.fortnox_net}:
            return True
        return has_words(self.words, " ".join(_facts(line)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What fits, newest first, and the months in which there is something."""

    lines: Sequence[InvoiceLine]
    months: Sequence[str]
    ongoing_answers: bool = True  # not: what waits there is missing


def wanted(visit: SignedInVisit) -> Wanted:
    """Reads the address; what it says wrongly is left out."""
    query = visit.request.query
    state, month, progress = query.get("state", ""), query.get("month", ""), query.get("progress", "")
    return Wanted(
        words=query.get("search", "").strip()[:_LONGEST],
        state=InvoiceState(state) if state in set(InvoiceState) else None,
        month=month if month == UNDATED or _date(f"{month}-01") else "",
        since=_date(query.get("since", "")),
        until=_date(query.get("until", "")),
        cause=query.get("cause", "")[:_LONGEST],
        progress=Progress(progress) if progress in set(Progress) else None,
    )


def find(visit: SignedInVisit, what: Wanted) -> Found:
    """Records, and what Ongoing has that nobody has begun."""
    today = visit.now().astimezone(SWEDEN).date()
    if what.cause:
        stopped = (one.exports for one in visit.standing.everything_to_mend if one.id == what.cause)
        lines = [invoice_line_of(record, today) for records in stopped for record in records]
        return Found(lines=_newest_first(lines, what), months=_months(lines))
    lines, answers = [], True
    if what.state not in _UNBEGUN:
        stored = visit.all_exports(visit.integration, stored_state(what.state))
        lines = [invoice_line_of(record, today) for record in stored]
    if what.progress is None and (what.state is None or what.state in _UNBEGUN):
        try:
            lines += _unbegun(visit)
        except (RetryLaterError, UpstreamContractError, WmsLoginRefusedError):
            if what.state is not None:
                raise  # nothing could be shown
            answers = False
    return Found(lines=_newest_first(lines, what), months=_months(lines), ongoing_answers=answers)


def find_recorded(visit: Visit, integration: Integration) -> Found:
    """Every record: of an integration that is disconnected, Ongoing is no longer asked."""
    today = visit.now().astimezone(SWEDEN).date()
    lines = [invoice_line_of(record, today) for record in visit.all_exports(integration)]
    return Found(lines=_newest_first(lines, Wanted()), months=_months(lines))


def _unbegun(visit: SignedInVisit) -> list[InvoiceLine]:
    parts = visit.parts
    waiting = list_waiting(
        visit.integration, wms=parts.wms, sealer=parts.password_sealer, exports=parts.exports, now=visit.now()
    )
    return [waiting_line_of(one, due) for one, due in waiting]


def _newest_first(lines: Iterable[InvoiceLine], what: Wanted) -> Sequence[InvoiceLine]:
    return sorted(filter(what.fits, lines), key=lambda line: line.invoice_id, reverse=True)


def _months(lines: Iterable[InvoiceLine]) -> Sequence[str]:
    """Newest first; UNDATED, where there is such a one, before them: it is not over."""
    return sorted({_month_of(line) for line in lines}, reverse=True)


def _month_of(line: InvoiceLine) -> str:
    return month_of(None if line.invoice_date == date.min else line.invoice_date)


def _facts(line: InvoiceLine) -> Sequence[str]:
    return (
        line.number,
        str(line.invoice_id),
        line.goods_owner,
        line.customer_number,
        line.fortnox_number,
        line.title,
        line.period,
    )


def _amount(words: str) -> Decimal | None:
    """`1084.50`, `1 084,50` and `1 084,5 kr` are one amount."""
    digits = "".join(words.removesuffix("kr").split()).replace("\u2212", "-")
    if "," in digits and "." not in digits:
        digits = digits.replace(",", ".")
    try:
        found = Decimal(digits.replace(",", ""))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _date(raw: str) -> date | None:
    try:
        return date.fromisoformat(raw) if len(raw) == len("2026-10-31") else None
    except ValueError:
        return None
