"""What Ongoing lists as not exported: what is due of it, and what of it a run leaves unbegun."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from invoicing.application.ports import Clock, Exports, WmsPage
from invoicing.application.steer_run import Course
from invoicing.application.tally_run import Tally
from invoicing.domain.due import Due, due_of
from invoicing.domain.export import Export
from invoicing.domain.integration import Integration
from invoicing.domain.look import Look
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice
from invoicing.domain.work import Work, work_of

_LATER = frozenset({Due.LATER, Due.WHEN_ASKED})


class _Unbegun(NamedTuple):
    """An invoice that has no record."""

    due: Due
    currency: str
    amount: Decimal
    dated: date | None


class SeenList:
    """What one run has seen of the list."""

    def __init__(self, integration: Integration, exports: Exports, clock: Clock, tally: Tally) -> None:
        self._integration = integration
        self._exports = exports
        self._clock = clock
        self._tally = tally
        self.ids: set[int] = set()
        self.more = False  # of its pages
        self._at: datetime | None = None
        self._unbegun: dict[int, _Unbegun] = {}  # as far as is known
        self._unreadable = 0

    def see(self, page: WmsPage) -> tuple[Sequence[WmsInvoice | UnreadableInvoice], Mapping[int, Export]]:
        """What a page has that was not seen before, and the records of those that have one.

        One that comes again on a later page was looked at: what is in doubt is looked up by a later run.
        """
        invoices = [invoice for invoice in page.invoices if invoice.id not in self.ids]
        self.more, self._at = page.more, self._clock()
        self._tally.seen += len(invoices)
        ids = [invoice.id for invoice in invoices if invoice.id is not None]
        self.ids.update(ids)
        self._unreadable += len(invoices) - len(ids)
        records = self._exports.get_many(self._integration.id, ids)
        for invoice in invoices:
            if isinstance(invoice, WmsInvoice) and invoice.id not in records:
                due = due_of(self._integration, invoice, None, now=self._clock())
                one = _Unbegun(due, invoice.goods_owner.currency, invoice.amount, invoice.invoice_date)
                self._unbegun[invoice.id] = one
        return invoices, records

    def is_due(self, invoice: WmsInvoice | UnreadableInvoice, records: Mapping[int, Export]) -> bool:
        """Whether it is sent now; what is not, waits. One that cannot be read is due: somebody must know of it."""
        if isinstance(invoice, UnreadableInvoice):
            return True
        due = due_of(self._integration, invoice, records.get(invoice.id), now=self._clock())
        if due in _LATER:
            self._tally.waiting += 1
        return due is Due.NOW

    def has_begun(self, invoice_id: int) -> None:
        """It has a record by now."""
        self._unbegun.pop(invoice_id, None)

    def look(self, course: Course) -> Look | None:
        """What is left unbegun; of a run that could not look, what the run before saw."""
        run = self._integration.last_run
        before = run.look if run else None
        if self._at is None:
            return before
        # A continuation looks at the rest: what comes before it was seen by the run that it continues.
        first = before if course.after and before and not before.whole else None
        in_doubt = sorted(self._unbegun.keys() & self._tally.unfinished)
        begun = self._exports.get_many(self._integration.id, in_doubt) if in_doubt else {}
        left = [
            seen
            for invoice_id, seen in self._unbegun.items()
            if invoice_id not in begun and not (course.continues and invoice_id > course.reached)
        ]

        def of(wanted: frozenset[Due]) -> Work:
            return work_of((one.currency, one.amount) for one in left if one.due in wanted)

        due, later = of(frozenset({Due.NOW})), of(_LATER)
        return Look(
            at=self._at,
            due=first.due.and_then(due) if first else due,
            later=first.later.and_then(later) if first else later,
            unreadable=self._unreadable + (first.unreadable if first else 0),
            whole=not self.more and not course.continues and (not course.after or first is not None),
        )

    def not_due_between(self, first: date, last: date) -> int:
        """How many invoices dated so Ongoing has that are not due, or are sent only when somebody asks."""
        return sum(
            one.due in _LATER and one.dated is not None and first <= one.dated <= last for one in self._unbegun.values()
        )
