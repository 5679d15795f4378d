"""Which invoices a run works off, and in which order: what is due of Ongoing's list, then what it does not list."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain

from invoicing.application.attach_specification import specification_rests
from invoicing.application.ports import SyncRequest
from invoicing.application.read_wms import WmsReader
from invoicing.application.see_list import SeenList
from invoicing.application.send_invoices import SendQueue
from invoicing.application.steer_run import SECONDS_TO_END, Course
from invoicing.application.sync_tools import SyncTools
from invoicing.application.tally_run import Tally
from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration import Integration
from invoicing.domain.money import round_to_ore
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice, sharing_a_number

SECONDS_TO_READ = SECONDS_TO_END + 100.0  # a page of Ongoing's list may take this long to come
SECONDS_TO_LOOK = 120.0  # for a page while nothing is under way


@dataclass(frozen=True, slots=True)
class Job:
    """One invoice to look at, and its record as it was; without an invoice, it is no longer in Ongoing."""

    invoice: WmsInvoice | UnreadableInvoice | None
    before: Export | None
    shares_with: int | None = None  # the id of another invoice with the same number
    is_due: bool = True  # else it only has an issue that does not matter any more
    is_done: bool = False  # all that is left to do is its specification

    @property
    def id(self) -> int | None:
        """Ongoing's id, where it can be read."""
        if self.invoice is not None:
            return self.invoice.id
        return self.before.invoice_id if self.before is not None else None


class JobFinder:
    """The jobs of one run. Each is asked for when there is room for it, so that what is read is not older than that."""

    def __init__(
        self,
        tools: SyncTools,
        request: SyncRequest,
        integration: Integration,
        *,
        reader: WmsReader,
        seen: SeenList,
        course: Course,
        tally: Tally,
        queue: SendQueue,
    ) -> None:
        self._tools = tools
        self._request = request
        self._integration = integration
        self._reader = reader
        self._seen = seen
        self._course = course
        self._tally = tally
        self._queue = queue
        self._gave_one = False

    def jobs(self, *, since: date) -> Iterator[Job]:
        """All of them, until nothing is left, something stops the run, or its time runs low. Raises as its ports do."""
        for job in chain(self._listed(since), self._unlisted(), self._marked_before()):
            if not self._course.may_go_on():
                return
            self._gave_one = True
            yield job

    def look_on(self) -> None:
        """The run was stopped: how much waits because of that is read to the end all the same."""
        while self._seen.more and self._tools.seconds_left() > SECONDS_TO_END:
            page = self._reader.page_beyond()
            if page is None:
                return
            self._seen.see(page)

    def _listed(self, since: date) -> Iterator[Job]:
        """What is due of what Ongoing lists. Read page by page, so that memory holds no more than that."""
        course, tally = self._course, self._tally
        self._reader.open_list(since=since, after=course.after)
        while page := self._reader.next_page(is_first=not self._seen.ids):
            invoices, records = self._seen.see(page)
            ids = [invoice.id for invoice in invoices if invoice.id is not None]
            due, held = [], []
            for invoice in invoices:
                if self._seen.is_due(invoice, records):
                    due.append(invoice)
                elif invoice.id is not None and _is_held(records.get(invoice.id)):
                    held.append(Job(invoice, records[invoice.id], is_due=False))
            tally.open.difference_update(ids)
            tally.open.update(one.id for one in (*due, *held) if one.id is not None)
            yield from held
            sharing = sharing_a_number(invoices)
            for invoice in due:
                before = records.get(invoice.id) if invoice.id is not None else None
                yield Job(invoice, before, shares_with=sharing.get(invoice.id) if invoice.id is not None else None)
                course.reached = max(course.reached, invoice.id or 0)  # asked for the next one: it was begun
            course.reached = max([course.reached, *ids])
            if not page.more:
                tally.goes_on_after = 0
                if not course.after:
                    tally.listed, tally.listed_at = tally.seen, None
                return
            if not course.has_time(SECONDS_TO_READ if self._gave_one else SECONDS_TO_LOOK):
                course.stop_for_now()
                return

    def _unlisted(self) -> Iterator[Job]:
        """What Ongoing does not list, but a person asked for or we have not finished.

        What a continuation did not list itself may still be listed: of that, the run before looked at what is held.
        """
        integration, tally = self._integration, self._tally
        ids = (integration.asked | integration.unfinished) - self._seen.ids
        if not ids or not self._course.may_go_on():
            return
        records = self._tools.exports.get_many(integration.id, sorted(ids))
        for invoice_id in sorted(ids):
            record = records.get(invoice_id)
            self._queue.note(record)
            asked = invoice_id in integration.asked
            if invoice_id <= self._course.after and _is_held(record) and not asked:
                continue
            is_done = record is not None and record.awaits_specification and not asked
            open_record = record if record is not None and record.state is not ExportState.DONE else None
            if not asked and open_record is None and not is_done:
                tally.leave(invoice_id)
                continue
            if record is not None and is_done and self._specification_rests(record):
                tally.open.discard(invoice_id)
                tally.take_specification(record)
                continue
            if not self._course.may_go_on():
                return
            invoice = self._reader.by_id(invoice_id)
            if self._course.stopping:
                return
            if is_done and (invoice is None or (_is_exported(invoice) and not _has_changed(invoice, record))):
                yield Job(invoice, record, is_done=True)
                continue
            if invoice is not None and (_is_exported(invoice) or self._seen.is_due(invoice, records)):
                tally.seen += 1
                yield Job(invoice, record)
            elif open_record is not None:
                tally.seen += 1
                yield Job(invoice, open_record, is_due=invoice is None)
            else:
                tally.done.add(invoice_id)
                tally.leave(invoice_id)

    def _specification_rests(self, record: Export) -> bool:
        run = self._integration.last_run
        before = run.finished_at if run else None
        return self._request.by_itself and specification_rests(record, now=self._tools.clock(), before=before)

    def _marked_before(self) -> Iterator[Job]:
        """What the run before marked and is another invoice by now: nobody knows whether Ongoing's mark locks it.

        It waits for a run that has time for it; none is continued for it alone.
        """
        tally = self._tally
        tally.marked_before -= self._seen.ids
        ids = sorted(tally.marked_before)
        if not ids or not self._course.has_time(SECONDS_TO_END):
            return
        records = self._tools.exports.get_many(self._integration.id, ids)
        for page in self._reader.by_ids(ids):
            changed = [one for one in page if one.id is not None and _has_changed(one, records.get(one.id))]
            for invoice in changed:
                tally.keep(invoice.id)
            tally.marked_before.difference_update(one.id for one in page if one.id is not None)
            tally.open.update(one.id for one in changed if one.id is not None)
            for invoice in changed:
                if not self._course.may_go_on():
                    return
                tally.seen += 1
                yield Job(invoice, records[invoice.id or 0])
            if not self._course.has_time(SECONDS_TO_END):
                return
        if not self._course.stopping:
            tally.marked_before.clear()


def _has_changed(invoice: WmsInvoice | UnreadableInvoice, record: Export | None) -> bool:
    """Whether Ongoing has something else than when it was marked; a record of an older version knows the amount."""
    if record is None:
        return False
    if isinstance(invoice, UnreadableInvoice):
        return True
    if not record.content:
        return round_to_ore(record.amount) != round_to_ore(invoice.amount)
    return record.content != invoice.content


def _is_held(record: Export | None) -> bool:
    return record is not None and record.state is ExportState.HELD


def _is_exported(invoice: WmsInvoice | UnreadableInvoice) -> bool:
    return isinstance(invoice, WmsInvoice) and invoice.is_exported
