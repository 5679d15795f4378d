"""The end of a run: what is kept beside the records is brought up to what the run saved.

The run holds its integration until then, so nobody else writes at the same time. If it was cut off before, or something
went wrong here, what is kept beside is *behind*: the next run makes it anew from the records.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime

from invoicing.application.keep_months import add_to_months, rebuild_months
from invoicing.application.ports import ChangedMeanwhileError, Clock, Exports, Months, Report, SecondsLeft
from invoicing.domain.agreement import Agreement
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.export import Export, ExportState, HistoryEvent
from invoicing.domain.fortnox_invoice import Register
from invoicing.domain.month import MonthIndex
from invoicing.domain.outlook import Outlook

SECONDS_TO_CLOSE = 30.0  # for the last write of a run


@dataclass(slots=True, kw_only=True)
class Touched:
    """What one run saved, as it is stored now."""

    records: dict[int, Export] = field(default_factory=dict)  # by id of the invoice, without histories
    new: set[int] = field(default_factory=set)  # of these, what had no record before
    unsure: set[int] = field(default_factory=set)  # ids of those whose write got no answer: it may be stored

    def __bool__(self) -> bool:
        return bool(self.records or self.unsure)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseTools:
    """What closing works with."""

    integration_id: str
    exports: Exports
    months: Months
    clock: Clock
    seconds_left: SecondsLeft
    report: Report


def close_run(tools: CloseTools, touched: Touched, *, behind: datetime | None) -> datetime | None:
    """Brings up what is kept beside the records; gives since when it is still behind, None if it is not.

    `behind` is since when it was before this run. A run that saved nothing, and is not behind, reads and writes
    nothing. A defect of ours ends here, because the run's own last write comes after.
    """
    if not touched and behind is None:
        return None
    try:
        if _has_time(tools):
            return _close(tools, touched, behind)
        tools.report("run_not_closed", {"integration": tools.integration_id, "reason": "no time was left"})
    except (RetryLaterError, ChangedMeanwhileError) as error:
        tools.report("run_not_closed", {"integration": tools.integration_id, "reason": str(error)})
    except Exception as defect:
        tools.report("our_defect", {"integration": tools.integration_id, "reason": type(defect).__name__})
    return tools.clock()  # and not `behind`: what this run saved is missing, too


def _close(tools: CloseTools, touched: Touched, behind: datetime | None) -> datetime | None:
    missed = tools.exports.get_many(tools.integration_id, sorted(touched.unsure)) if touched.unsure else {}
    records = {**touched.records, **missed}.values()
    index = tools.months.index(tools.integration_id) or MonthIndex()
    if behind is None and index.is_whole:
        add_to_months(tools.months, tools.integration_id, records, new=touched.new, index=index)
        return None
    whole = rebuild_months(
        tools.months,
        tools.exports,
        tools.integration_id,
        index=index,
        behind=behind,
        known=records,
        now=tools.clock(),
        goes_on=lambda: _has_time(tools),
    )
    return None if whole else behind or tools.clock()


def _has_time(tools: CloseTools) -> bool:
    return tools.seconds_left() > SECONDS_TO_CLOSE


class WatchedExports:
    """The records, as one run works with them: `before` is called before each write, and what is saved is noted."""

    def __init__(self, exports: Exports, touched: Touched, *, before: Callable[[], None]) -> None:
        self._exports = exports
        self._touched = touched
        self._before = before

    def save(self, export: Export, *, event: HistoryEvent | None) -> Export:
        self._before()
        self._touched.unsure.add(export.invoice_id)
        export = self._exports.save(export, event=event)
        self._touched.unsure.discard(export.invoice_id)
        if export.version == 1:
            self._touched.new.add(export.invoice_id)
        self._touched.records[export.invoice_id] = export
        return export

    def get(self, integration_id: str, invoice_id: int) -> Export | None:
        return self._exports.get(integration_id, invoice_id)

    def get_many(self, integration_id: str, invoice_ids: Sequence[int]) -> Mapping[int, Export]:
        return self._exports.get_many(integration_id, invoice_ids)

    def page(
        self, integration_id: str, *, limit: int, after: int | None = None, state: ExportState | None = None
    ) -> tuple[Sequence[Export], int | None]:
        return self._exports.page(integration_id, limit=limit, after=after, state=state)

    def histories(
        self, integration_id: str, *, limit: int, after: int | None = None, oldest_first: bool = False
    ) -> tuple[Sequence[Export], int | None]:
        return self._exports.histories(integration_id, limit=limit, after=after, oldest_first=oldest_first)

    def register(self, integration_id: str) -> Register:
        return self._exports.register(integration_id)

    def save_register(self, integration_id: str, register: Register) -> None:
        self._exports.save_register(integration_id, register)

    def open_invoices(self, integration_id: str) -> frozenset[int]:
        return self._exports.open_invoices(integration_id)

    def save_open_invoices(self, integration_id: str, ids: Set[int]) -> None:
        self._exports.save_open_invoices(integration_id, ids)

    def agreements(self, integration_id: str) -> Sequence[Agreement]:
        return self._exports.agreements(integration_id)

    def agree(self, integration_id: str, agreement: Agreement) -> None:
        self._exports.agree(integration_id, agreement)

    def outlook(self, integration_id: str) -> Outlook | None:
        return self._exports.outlook(integration_id)

    def save_outlook(self, integration_id: str, outlook: Outlook) -> None:
        self._exports.save_outlook(integration_id, outlook)
