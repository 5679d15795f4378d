"""What a month came to, as a page shows it: what was sent, from what is kept beside the records, and what waits, as
Ongoing has it now.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from invoicing.application.list_waiting import list_waiting
from invoicing.application.ports import Exports, Months, Sealer, WmsInvoices
from invoicing.domain.due import Due
from invoicing.domain.errors import RetryLaterError, UpstreamContractError, WmsLoginRefusedError
from invoicing.domain.integration import RUN_LIFE, Integration
from invoicing.domain.month import MonthIndex, MonthLine, MonthSums, line_of, sums_of, waiting_month_line_of

SECONDS_TO_READ = 12.0  # records, where nothing is kept beside them; a person waits
_RECORDS = 500  # that are read at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMonthTools:
    """What reading a month works with. `seconds` counts up."""

    exports: Exports
    months: Months
    wms: WmsInvoices
    sealer: Sealer
    seconds: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRead:
    """What there is of one month, and the sums of all of them."""

    month: str
    lines: Sequence[MonthLine]  # of this month, with what waits
    sums: Mapping[str, Mapping[str, MonthSums]]  # of each month and currency, without what waits
    waiting: Sequence[MonthLine] = field(default=())  # of all months
    ongoing_answers: bool = True  # not: what waits there is missing
    is_whole: bool = True  # not: there were too many records to be read while somebody waits

    def sums_with_waiting(self, month: str) -> Mapping[str, MonthSums]:
        """Of any month."""
        if month == self.month:
            return sums_of(self.lines)
        waiting = sums_of(line for line in self.waiting if line.month == month)
        stored = self.sums.get(month, {})
        return {
            currency: stored.get(currency, MonthSums()).and_also(waiting.get(currency, MonthSums()))
            for currency in sorted({*stored, *waiting})
        }


def read_month(tools: ReadMonthTools, integration: Integration, month: str, *, now: datetime) -> MonthRead:
    """What is kept beside the records is not believed where a run was cut off: then they are read themselves."""
    waiting, answers = [], True
    try:
        found = list_waiting(integration, wms=tools.wms, sealer=tools.sealer, exports=tools.exports, now=now)
        waiting = [waiting_month_line_of(one, due) for one, due in found if due is not Due.NEVER]
    except (RetryLaterError, UpstreamContractError, WmsLoginRefusedError):
        answers = False
    index, whole = tools.months.index(integration.id), True
    if index is not None and _is_believed(index, integration, now):
        stored, sums = tools.months.month(integration.id, month).lines.values(), index.sums
    else:
        by_month, whole = _from_records(tools, integration.id)
        stored, sums = (
            by_month.get(month, {}).values(),
            {name: sums_of(lines.values()) for name, lines in by_month.items()},
        )
    begun = {line.invoice_id for line in stored}  # since the list was read
    waits_here = [line for line in waiting if line.month == month and line.invoice_id not in begun]
    return MonthRead(
        month=month,
        lines=[*stored, *waits_here],
        sums=sums,
        waiting=waiting,
        ongoing_answers=answers,
        is_whole=whole,
    )


def _is_believed(index: MonthIndex, integration: Integration, now: datetime) -> bool:
    """Counted once, and each run was closed since; or counted anew when one that was not had certainly ended."""
    behind = integration.behind_since(now)
    if index.rebuilt_at is None:
        return False
    return behind is None or index.rebuilt_at >= behind + RUN_LIFE


def _from_records(tools: ReadMonthTools, integration_id: str) -> tuple[Mapping[str, Mapping[int, MonthLine]], bool]:
    """Lines by month and invoice; and whether there was time for all."""
    found: dict[str, dict[int, MonthLine]] = {}
    began, after = tools.seconds(), None
    while True:
        page, after = tools.exports.page(integration_id, limit=_RECORDS, after=after)
        for line in map(line_of, page):
            found.setdefault(line.month, {})[line.invoice_id] = line
        if after is None or tools.seconds() - began > SECONDS_TO_READ:
            return found, after is None
