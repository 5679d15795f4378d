"""Keeps what pages show of months: lines beside the records, which no page has to read a year of.

Written by the closing of a run, which holds its integration, and by the service operator's command. Should these two
meet, whoever comes late is told so, and makes all lines anew. docs/decisions/0021.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace
from datetime import datetime

from invoicing.application.ports import Exports, Months
from invoicing.domain.export import Export
from invoicing.domain.month import MonthIndex, MonthLine, MonthSums, line_of, sums_of

_RECORDS = 500  # that are read at a time
_IN_MEMORY = 20_000  # lines that are gathered before months are written


def add_to_months(
    months: Months, integration_id: str, records: Iterable[Export], *, new: Set[int], index: MonthIndex
) -> None:
    """What was saved counts from now on in its month, and no longer in the one where it was.

    `new` are ids of invoices that had no record before: they were in no month. Raises ChangedMeanwhileError and
    RetryLaterError; then months are not what the records say, until `rebuild_months`.
    """
    lines = [line_of(record) for record in records]
    theirs = {line.month for line in lines}
    stored = {month: months.month(integration_id, month) for month in sorted(theirs)}
    moved = {one.invoice_id for one in lines} - new - {id_ for month in stored.values() for id_ in month.lines}
    for month in months.holding(integration_id, moved, index.sums.keys() - theirs) if moved else ():
        stored[month] = months.month(integration_id, month)
    sums = dict(index.sums)
    for month, before in stored.items():
        after = before.with_lines(lines)
        months.save_month(integration_id, before, after)
        _count(sums, month, after)
    if sums != index.sums:
        months.save_index(integration_id, replace(index, sums=sums))


def rebuild_months(
    months: Months,
    exports: Exports,
    integration_id: str,
    *,
    index: MonthIndex,
    now: datetime,
    goes_on: Callable[[], bool],
    behind: datetime | None = None,
    known: Iterable[Export] = (),
) -> bool:
    """Makes every line anew from the records; False if it stopped before the end, and goes on there the next time.

    `goes_on` says whether there is time left for more. What was saved while an earlier part was read is missed by it:
    `known` is what is known of that, and from the beginning it is read again if some was missed after it began
    (`behind`). Raises ChangedMeanwhileError and RetryLaterError.
    """
    if index.began_at is None or (behind is not None and behind >= index.began_at):
        index = replace(index, began_at=now, goes_on_after=None)
    gathered = [line_of(record) for record in known]
    while goes_on():
        after, more = _gather(exports, integration_id, index.goes_on_after, gathered, goes_on)
        sums = dict(index.sums)
        for month in sorted({*months.stored(integration_id), *(line.month for line in gathered)}):
            before = months.month(integration_id, month)
            lines = before.with_lines(gathered)
            months.save_month(integration_id, before, lines)
            _count(sums, month, lines)
        gathered = []
        index = replace(index, sums=sums, goes_on_after=after)
        if not more:
            index = replace(index, rebuilt_at=index.began_at, began_at=None)
        index = months.save_index(integration_id, index)
        if not more:
            return True
    return False


def _gather(
    exports: Exports, integration_id: str, after: int | None, gathered: list[MonthLine], goes_on: Callable[[], bool]
) -> tuple[int | None, bool]:
    """Adds lines of records, the newest first; gives where to go on, and whether there are more."""
    while True:
        page, after = exports.page(integration_id, limit=_RECORDS, after=after)
        gathered += map(line_of, page)
        if after is None or len(gathered) >= _IN_MEMORY or not goes_on():
            return after, after is not None


def _count(sums: dict[str, Mapping[str, MonthSums]], month: str, lines: Mapping[int, MonthLine]) -> None:
    if lines:
        sums[month] = sums_of(lines.values())
    else:
        sums.pop(month, None)
