"""One run of one integration: reads what is unexported in Ongoing, and exports what is due."""

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import chain

from invoicing.application.attach_specification import AttachTools, attach_specification, specification_rests
from invoicing.application.close_history import HistoryTools, close_history
from invoicing.application.close_reactivation import close_reactivation
from invoicing.application.close_run import CloseTools, Touched, WatchedExports, close_run
from invoicing.application.export_invoice import (
    export_invoice,
    hold_unreadable,
    settle_deleted,
    unanswered,
    wait_again,
)
from invoicing.application.follow_invoices import FollowTools, follow_invoices
from invoicing.application.guard_invoice import guards_of
from invoicing.application.interleave import Steps, interleave
from invoicing.application.judge_invoice import JudgeTools, waits_for_a_person
from invoicing.application.know_register import KnownRegister
from invoicing.application.look_before import BeforeTools, is_night_look_due, look_before
from invoicing.application.mark_run import RunMark
from invoicing.application.ports import (
    CannotOpenError,
    ChangedMeanwhileError,
    ClientRefusedError,
    OutsideCall,
    Side,
    SyncRequest,
    WmsPage,
)
from invoicing.application.put_before_mail import put_before_mail
from invoicing.application.put_digest import put_digest
from invoicing.application.put_month_mail import put_month_mail
from invoicing.application.record_export import ExportTools
from invoicing.application.send_invoices import SendQueue, SendTools, send_invoices
from invoicing.application.steer_run import SECONDS_TO_END, Course
from invoicing.application.sync_tools import SyncTools
from invoicing.application.tally_run import Tally
from invoicing.application.tell_not_understood import is_told, not_understood_issue, tell_not_understood
from invoicing.application.wms_login import login_of
from invoicing.domain.checkpoint import LastCheckpoint
from invoicing.domain.due import Due, due_of
from invoicing.domain.errors import (
    ConfigurationError,
    IntegrationHeldError,
    InvoicingError,
    ReconnectRequiredError,
    RetryLaterError,
    UnreadableTokensError,
    UpstreamContractError,
    WmsLoginRefusedError,
    WmsNotUnderstoodError,
)
from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration import Integration, RunSummary
from invoicing.domain.integration_settings import IntegrationSettings
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.look import Look
from invoicing.domain.money import round_to_ore
from invoicing.domain.settlement import Following
from invoicing.domain.wms_invoice import GoodsOwner, UnreadableInvoice, WmsInvoice, WmsLogin, sharing_a_number
from invoicing.domain.work import Work, work_of

AT_ONCE = 4  # invoices under way: one waits for its turn, one or two are sent, one is marked in Ongoing
SECONDS_TO_READ = SECONDS_TO_END + 100.0  # a page of Ongoing's list may take this long to come
SECONDS_AFTERWARDS = 100.0  # three calls to Fortnox, and what ends a run
SECONDS_TO_LOOK = 120.0  # for a page while nothing is under way
SLOW_SECONDS = 10.0  # a system that answers later than this goes into batches of its own
QUICK_SECONDS = 5.0  # and back, when it answers sooner than this
SHOWN_FOR = timedelta(hours=1)  # a run that found nothing new is stored only after so long, and none is in between
LATE = timedelta(minutes=5)  # a run that begins so long after its slot is stored: others may wait behind it
# Problems that let nobody look.
_OF_ONGOING = frozenset({IssueCode.WMS_NOT_ANSWERING, IssueCode.WMS_NOT_UNDERSTOOD, IssueCode.WMS_LOGIN_REFUSED})
GIVE_UP_AFTER = 3  # failures in a row: the other side is down, and the next run tries again


@dataclass(frozen=True, slots=True)
class _Job:
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


def sync_integration(tools: SyncTools, request: SyncRequest) -> RunSummary | None:
    """Runs once; None if the integration does not run (paused, broken, disconnected, unknown), or ran since.

    What goes wrong ends in the summary, in issues and in records. Only when our own tables do not answer is
    RetryLaterError raised, and the queue brings the request again.
    """
    integration = tools.integrations.get(request.integration_id)
    if integration is None or not integration.runs or integration.settings is None or _is_past(request, integration):
        return None
    was_slow = integration.last_run is not None and integration.last_run.slow
    if tools.lanes is not None and tools.lanes.slow is not was_slow:
        # Under a new name where a person asked, because SQS drops a name that it has seen within five minutes.
        slot = request.slot if request.scheduled_at else f"{request.slot}-{tools.new_id()}"
        tools.lanes.other.send([replace(request, slot=slot)])
        return None
    return _Run(tools, request, integration, integration.settings).execute()


class _Run:
    """One run, while it goes on."""

    def __init__(
        self, tools: SyncTools, request: SyncRequest, integration: Integration, settings: IntegrationSettings
    ) -> None:
        self._touched = Touched()
        self._before = integration.last_run
        self._tally = Tally.of_run(integration, report=partial(tools.tell, integration))
        self._queue = SendQueue.left_by(self._before)
        self._mark = RunMark(
            tools.integrations,
            integration,
            tally=self._tally,
            queue=self._queue,
            touched=self._touched,
            clock=tools.clock,
        )
        self._tools = replace(
            tools, exports=WatchedExports(tools.exports, self._touched, before=self._mark.before_write)
        )
        self._course = Course(self._tools, request, integration, self._tally)
        self._request = request
        self._integration = integration
        self._settings = settings
        self._meaning = integration.detected_price_meaning
        self._following = self._before.following if self._before else None
        self._looked_before = self._before.looked_before if self._before else None
        self._listed_ids: set[int] = set()
        self._pages: Iterator[WmsPage] = iter(())  # of Ongoing's list
        self._more = False  # of them
        self._looked_at: datetime | None = None
        self._unbegun: dict[int, tuple[Due, str, Decimal]] = {}  # listed, and without a record as far as is known
        self._dated: dict[int, date] = {}  # the days of these
        self._unreadable = 0
        self._growing: dict[tuple[str, str], GoodsOwner] = {}  # of invoices that are not due yet
        self._exporting: ExportTools | None = None
        self._failures_in_a_row = 0
        self._unanswered_specifications: set[int] = set()  # ids of invoices
        # A person's own run is the one that is answered for, however long it takes.
        self._hasty = tools.lanes.hasty if tools.lanes is not None and request.by_itself else None
        self._wms = self._hasty or tools.wms  # to read
        self._was_slow = self._tally.slow

    def execute(self) -> RunSummary:
        try:
            login = login_of(self._integration, self._tools.sealer)
        except CannotOpenError:
            self._ours("the password for Ongoing cannot be opened")
            return self._finish()
        except ConfigurationError as error:
            self._ours(_reason(error))
            return self._finish()
        try:
            self._export(login)
        except WmsLoginRefusedError:
            self._problem(
                IssueCode.WMS_LOGIN_REFUSED, system=self._integration.id, username=self._integration.wms_username
            )
        except (CannotOpenError, UnreadableTokensError):
            self._ours("the keys to Fortnox cannot be opened")
        except ConfigurationError as error:
            self._ours(_reason(error))
        except ClientRefusedError:
            self._problem(IssueCode.NOT_OPENING)  # the token engine has told of it
        except IntegrationHeldError as held:
            self._tally.problem = held.issue
        except ReconnectRequiredError:
            self._broken()
        return self._finish()

    def _export(self, login: WmsLogin) -> None:
        """Ends what was begun whatever happens, and only then raises what stopped the run."""
        for job, outcome in interleave(self._jobs(login), self._tools.outside, at_most=AT_ONCE):
            self._tally.end(job.id)
            self._take(job, outcome)
        if self._exporting is not None:
            self._meaning = self._exporting.judging.remembered_meaning
            self._exporting.register.save()
        problem = self._tally.problem
        if (
            self._course.stopping
            and not self._course.continues
            and (problem is None or problem.code not in _OF_ONGOING)
        ):
            self._look_on()
        if self._course.stopped_by is not None:
            raise self._course.stopped_by
        self._afterwards(self._send, login)
        self._afterwards(self._follow, login)
        self._afterwards(self._look_before, login)

    def _afterwards(self, act: Callable[[WmsLogin], None], login: WmsLogin) -> None:
        """What was exported is kept by this run's last write, whatever defect of ours comes after it."""
        try:
            act(login)
        except InvoicingError:
            raise
        except Exception as defect:
            self._report("our_defect", invoice="", reason=type(defect).__name__, where=_where(defect))

    def _send(self, login: WmsLogin) -> None:
        """To customers, what has waited for its hour: when all else is done."""
        now, by_person = self._tools.clock(), not self._request.by_itself
        is_due = self._queue.is_due(now) or (by_person and bool(self._queue.waiting))
        if (
            not is_due
            or self._course.stopping
            or self._tally.problem is not None
            or not self._course.has_time(SECONDS_AFTERWARDS)
        ):
            return
        tools = SendTools(
            integration_id=self._integration.id,
            exports=self._tools.exports,
            fortnox=(self._exporting or self._export_tools(login)).fortnox,
            send=self._settings.send_invoices,
            book=self._settings.book_when_sent,
            agreed=self._integration.sends_agreed,
            clock=self._tools.clock,
            seconds_left=self._tools.seconds_left,
            to_end=SECONDS_AFTERWARDS,
            report=self._tools.report,
        )
        send_invoices(tools, self._queue)

    def _follow(self, login: WmsLogin) -> None:
        """What became of what was sent: only when all else is done, because nobody waits for it."""
        if not self._settings.follow_payments:
            self._following = None
        elif self._tally.problem is None and not self._course.stopping and self._is_follow_due():
            tools = FollowTools(
                integration_id=self._integration.id,
                exports=self._tools.exports,
                fortnox=(self._exporting or self._export_tools(login)).fortnox,
                clock=self._tools.clock,
                seconds_left=self._tools.seconds_left,
                to_end=SECONDS_AFTERWARDS,
                report=self._tools.report,
            )
            try:
                self._following = follow_invoices(tools, self._following)
            except (RetryLaterError, UpstreamContractError, ChangedMeanwhileError) as error:
                self._report("payments_not_followed", reason=_reason(error))  # the next run asks again

    def _is_follow_due(self) -> bool:
        known = self._following
        return self._course.has_time(SECONDS_AFTERWARDS) and (known is None or known.is_due(self._tools.clock()))

    def _followed(self) -> Following | None:
        """What is sent from now on is asked for, too: also if a run was cut off before it could count it.

        One that failed may have been sent and marked, so that nobody would look at it again.
        """
        known, tally = self._following, self._tally
        sent = tally.sent.count or tally.updated or tally.failed or self._integration.under_way is not None
        return replace(known, open=1) if known is not None and not known.open and sent else known

    def _look_before(self, login: WmsLogin) -> None:
        """What will stop the invoices that gather: once a night, last of all, and not where nothing gathers."""
        by_itself, now = self._request.by_itself, self._tools.clock()
        if (
            not by_itself
            or not self._growing
            or self._tally.problem is not None
            or not self._course.has_time(SECONDS_TO_END)
        ):
            return
        if not is_night_look_due(self._integration, now):
            return
        self._looked_before = now  # also in vain: the next night is soon enough
        tools = BeforeTools(
            exports=self._tools.exports,
            sealer=self._tools.sealer,
            wms=self._wms,
            fortnox=(self._exporting or self._export_tools(login)).fortnox,
            clock=self._tools.clock,
            seconds_left=self._tools.seconds_left,
            to_end=SECONDS_TO_END,
            remembered=True,
            report=self._tools.report,
        )
        try:
            look_before(tools, self._integration)
        except (RetryLaterError, UpstreamContractError, WmsLoginRefusedError) as error:
            self._report("not_looked_before", reason=_reason(error))

    def _jobs(self, login: WmsLogin) -> Iterator[tuple[_Job, Steps[Export | None]]]:
        """The work, one by one, until something stops the run or its time runs low."""
        try:
            for job in chain(self._listed(login), self._unlisted(login), self._marked_before(login)):
                if not self._course.may_go_on():
                    return
                if self._exporting is None:
                    self._exporting = self._export_tools(login)
                yield job, self._export_one(self._exporting, job)
        except Exception as error:  # raised when those under way have ended
            self._course.stop_by(error)

    def _listed(self, login: WmsLogin) -> Iterator[_Job]:
        """What is due of what Ongoing lists. Read page by page, so that memory holds no more than that."""
        self._pages = self._wms.unexported(login, since=self._settings.from_date, after=self._course.after)
        while page := self._timed(lambda: next(self._pages)):
            # One that comes again on a later page was looked at: what is in doubt is looked up by a later run.
            invoices = [invoice for invoice in page.invoices if invoice.id not in self._listed_ids]
            records = self._see(invoices, more=page.more)
            ids = [invoice.id for invoice in invoices if invoice.id is not None]
            due, held = [], []
            for invoice in invoices:
                if self._is_due(invoice, records):
                    due.append(invoice)
                elif invoice.id is not None and _is_held(records.get(invoice.id)):
                    held.append(_Job(invoice, records[invoice.id], is_due=False))
            self._tally.open.difference_update(ids)
            self._tally.open.update(one.id for one in (*due, *held) if one.id is not None)
            yield from held
            sharing = sharing_a_number(invoices)
            for invoice in due:
                before = records.get(invoice.id) if invoice.id is not None else None
                yield _Job(invoice, before, shares_with=sharing.get(invoice.id) if invoice.id is not None else None)
                self._course.reached = max(
                    self._course.reached, invoice.id or 0
                )  # asked for the next one: it was begun
            self._course.reached = max([self._course.reached, *ids])
            if not page.more:
                self._tally.goes_on_after = 0
                if not self._course.after:
                    self._tally.listed, self._tally.listed_at = self._tally.seen, None
                return
            if not self._course.has_time(SECONDS_TO_LOOK if self._exporting is None else SECONDS_TO_READ):
                self._course.stop_for_now()
                return

    def _see(self, invoices: Sequence[WmsInvoice | UnreadableInvoice], *, more: bool) -> Mapping[int, Export]:
        """Remembers what Ongoing lists; gives the records of those that have one."""
        self._more, self._looked_at = more, self._tools.clock()
        self._tally.seen += len(invoices)
        ids = [invoice.id for invoice in invoices if invoice.id is not None]
        self._listed_ids.update(ids)
        self._unreadable += len(invoices) - len(ids)
        records = self._tools.exports.get_many(self._integration.id, ids)
        for invoice in invoices:
            if isinstance(invoice, WmsInvoice) and invoice.id not in records:
                due = due_of(self._integration, invoice, None, now=self._tools.clock())
                self._unbegun[invoice.id] = due, invoice.goods_owner.currency, invoice.amount
                if invoice.invoice_date is not None:
                    self._dated[invoice.id] = invoice.invoice_date
        return records

    def _look_on(self) -> None:
        """Fortnox stopped the run: how much waits because of that is read to the end all the same."""
        while self._more and self._tools.seconds_left() > SECONDS_TO_END:
            ask = OutsideCall(side=Side.ONGOING, act=lambda: next(self._pages, None))
            try:
                page: WmsPage | None = self._tools.outside.first([self._tools.outside.start(ask)]).result()
            except InvoicingError as error:
                self._report("look_ended", reason=_reason(error))
                return
            if page is None:
                return
            self._see([one for one in page.invoices if one.id not in self._listed_ids], more=page.more)

    def _look(self) -> Look | None:
        """What is left unbegun; of a run that could not look, what the run before saw."""
        before = self._before.look if self._before else None
        if self._looked_at is None:
            return before
        # A continuation looks at the rest: what comes before it was seen by the run that it continues.
        first = before if self._course.after and before and not before.whole else None
        in_doubt = sorted(self._unbegun.keys() & self._tally.unfinished)
        begun = self._tools.exports.get_many(self._integration.id, in_doubt) if in_doubt else {}
        left = {
            invoice_id: seen
            for invoice_id, seen in self._unbegun.items()
            if invoice_id not in begun and not (self._course.continues and invoice_id > self._course.reached)
        }

        def of(*wanted: Due) -> Work:
            return work_of((currency, amount) for due, currency, amount in left.values() if due in wanted)

        due, later = of(Due.NOW), of(Due.LATER, Due.WHEN_ASKED)
        return Look(
            at=self._looked_at,
            due=first.due.and_then(due) if first else due,
            later=first.later.and_then(later) if first else later,
            unreadable=self._unreadable + (first.unreadable if first else 0),
            whole=not self._more and not self._course.continues and (not self._course.after or first is not None),
        )

    def _unlisted(self, login: WmsLogin) -> Iterator[_Job]:
        """What Ongoing does not list, but a person asked for or we have not finished.

        What a continuation did not list itself may still be listed: of that, the run before looked at what is held.
        """
        ids = (self._integration.asked | self._integration.unfinished) - self._listed_ids
        if not ids or not self._course.may_go_on():
            return
        records = self._tools.exports.get_many(self._integration.id, sorted(ids))
        for invoice_id in sorted(ids):
            record = records.get(invoice_id)
            self._queue.note(record)
            held = record is not None and record.state is ExportState.HELD
            if invoice_id <= self._course.after and held and invoice_id not in self._integration.asked:
                continue
            asked = invoice_id in self._integration.asked
            is_done = record is not None and record.awaits_specification and not asked
            open_record = record if record is not None and record.state is not ExportState.DONE else None
            if not asked and open_record is None and not is_done:
                self._tally.leave(invoice_id)
                continue
            if record is not None and is_done and self._specification_rests(record):
                self._tally.open.discard(invoice_id)
                self._tally.take_specification(record)
                continue
            if not self._course.may_go_on():
                return
            invoice = self._read(partial(self._wms.by_id, login, invoice_id))
            if self._course.stopping:
                return
            if is_done and (invoice is None or (_is_exported(invoice) and not _has_changed(invoice, record))):
                yield _Job(invoice, record, is_done=True)
                continue
            if invoice is not None and (_is_exported(invoice) or self._is_due(invoice, records)):
                self._tally.seen += 1
                yield _Job(invoice, record)
            elif open_record is not None:
                self._tally.seen += 1
                yield _Job(invoice, open_record, is_due=invoice is None)
            else:
                self._tally.done.add(invoice_id)
                self._tally.leave(invoice_id)

    def _marked_before(self, login: WmsLogin) -> Iterator[_Job]:
        """What the run before marked and is another invoice by now: nobody knows whether Ongoing's mark locks it.

        It waits for a run that has time for it; none is continued for it alone.
        """
        self._tally.marked_before -= self._listed_ids
        ids = sorted(self._tally.marked_before)
        if not ids or not self._course.has_time(SECONDS_TO_END):
            return
        records = self._tools.exports.get_many(self._integration.id, ids)
        pages = self._wms.by_ids(login, ids)
        while (page := self._read(lambda: next(pages, None))) is not None:
            changed = [one for one in page if one.id is not None and _has_changed(one, records.get(one.id))]
            for invoice in changed:
                self._tally.keep(invoice.id)
            self._tally.marked_before.difference_update(one.id for one in page if one.id is not None)
            self._tally.open.update(one.id for one in changed if one.id is not None)
            for invoice in changed:
                if not self._course.may_go_on():
                    return
                self._tally.seen += 1
                yield _Job(invoice, records[invoice.id or 0])
            if not self._course.has_time(SECONDS_TO_END):
                return
        if not self._course.stopping:
            self._tally.marked_before.clear()

    def _timed(self, ask: Callable[[], WmsPage]) -> WmsPage | None:
        """A page of the list. Its first one says whether the system is slow."""
        asked_at = self._tools.clock()
        page = self._read(ask)
        if not self._listed_ids and self._course.moves_on is None:
            seconds = (self._tools.clock() - asked_at).total_seconds()
            self._tally.slow = seconds >= (QUICK_SECONDS if self._was_slow else SLOW_SECONDS)
        return page

    def _read[Answer](self, ask: Callable[[], Answer]) -> Answer | None:
        """What Ongoing answers, asked in its turn while other invoices are under way; without an answer, the run ends.

        None then; raises WmsLoginRefusedError. A hasty run that has waited for nothing goes on where nobody waits.
        """
        asked_at = self._tools.clock()
        asked = self._tools.outside.start(OutsideCall(side=Side.ONGOING, act=ask))
        try:
            answer: Answer = self._tools.outside.first([asked]).result()
        except WmsNotUnderstoodError as error:
            self._report("run_failed", reason=_reason(error))
            self._tally.problem = not_understood_issue(self._integration.id, error)
            self._tell(self._tally.problem, before=self._problem_before)
            self._course.stopping = True
            return None
        except (RetryLaterError, UpstreamContractError) as error:
            self._course.stopping = True
            waited = (self._tools.clock() - asked_at).total_seconds()
            if self._hasty is not None and isinstance(error, RetryLaterError) and waited >= QUICK_SECONDS:
                self._course.move_on()
            else:
                self._not_answering(error, IssueCode.WMS_NOT_ANSWERING)
            return None
        return answer

    def _export_tools(self, login: WmsLogin) -> ExportTools:
        """Made when first needed: most runs send nothing."""
        fortnox = self._tools.fortnox_of(self._integration)
        register = KnownRegister(
            integration_id=self._integration.id,
            settings=self._settings,
            exports=self._tools.exports,
            fortnox=fortnox,
            clock=self._tools.clock,
            remembered=self._request.by_itself,
        )
        judging = JudgeTools(
            integration_id=self._integration.id,
            settings=self._settings,
            fortnox=fortnox,
            register=register,
            clock=self._tools.clock,
            last_run_at=self._before.finished_at if self._before else None,
            anew=not self._request.by_itself,
            remembered_meaning=self._meaning,
            guards=guards_of(
                self._integration.id,
                self._settings,
                exports=self._tools.exports,
                wms=self._wms,
                login=lambda: login,
                clock=self._tools.clock,
            ),
        )
        return ExportTools(
            integration_id=self._integration.id,
            judging=judging,
            exports=self._tools.exports,
            fortnox=fortnox,
            register=register,
            write_back=lambda invoice_id, number: self._tools.wms.write_back(login, invoice_id, number=number),
            clock=self._tools.clock,
            new_id=self._tools.new_id,
            by=self._request.by,
        )

    def _take(self, job: _Job, outcome: Future[Export | None]) -> None:
        """What came of one invoice: counts it, and stops the run if nothing would come of others either."""
        try:
            after = outcome.result()
        except (RetryLaterError, UpstreamContractError, ChangedMeanwhileError) as error:
            self._tally.fail(job.id)
            self._report("invoice_failed", invoice=str(job.id), reason=_reason(error))
            self._failures_in_a_row += 1
            issue = unanswered(self._integration.id, error)
            self._tell(issue, before=job.before.issue if job.before else None)
            if self._failures_in_a_row >= GIVE_UP_AFTER:
                self._tally.problem = issue
                self._course.stopping = True
        except InvoicingError as error:
            self._tally.keep(job.id)
            self._course.stop_by(error)
        except Exception as defect:  # ours; it stops nothing but its invoice
            self._tally.fail(job.id)
            kind = type(defect).__name__
            self._report("our_defect", invoice=str(job.id), reason=kind, where=_where(defect))
        else:
            self._queue.note(after)
            if job.is_done and after is not None:
                self._tally.take_specification(after)
            else:
                self._tally.take(job.id, job.before, after)
            self._count_answer(job.id)
            if job.id is not None and after is not None:
                self._unbegun.pop(job.id, None)
            self._course.stopping |= self._tally.tried_in_vain and self._tally.stands_still(self._problem_before)

    def _count_answer(self, invoice_id: int | None) -> None:
        """An invoice that went well while its specification got no answer says that Fortnox may be down."""
        if invoice_id not in self._unanswered_specifications:
            self._failures_in_a_row = 0
            return
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= GIVE_UP_AFTER:
            self._tally.problem = Issue(code=IssueCode.FORTNOX_NOT_ANSWERING)
            self._course.stopping = True

    def _specification_rests(self, record: Export) -> bool:
        before = self._before.finished_at if self._before else None
        return self._request.by_itself and specification_rests(record, now=self._tools.clock(), before=before)

    def _tell(self, issue: Issue, *, before: Issue | None) -> None:
        """Whoever runs this service gets a mail of what only they can mend, when it is new."""
        if issue.code is IssueCode.WMS_NOT_UNDERSTOOD and not is_told(before, issue):
            tell_not_understood(self._tools.notices, issue, of_whom=self._integration.id, now=self._tools.clock())

    async def _export_one(self, export_tools: ExportTools, job: _Job) -> Export | None:
        record, asked = job.before, job.id in self._integration.asked
        failed_before = job.id in self._integration.unfinished and not waits_for_a_person(record)
        match job.invoice:
            case WmsInvoice() | None if record is not None and job.is_done:
                return await self._specify(export_tools, job.invoice, record, failed_before=True)
            case WmsInvoice() if record is not None and not job.is_due:
                return wait_again(export_tools, job.invoice, record)
            case WmsInvoice():
                after = await export_invoice(
                    export_tools,
                    job.invoice,
                    record,
                    asked=asked,
                    shares_with=job.shares_with,
                    failed_before=failed_before,
                )
                if after.awaits_specification:
                    return await self._specify(export_tools, job.invoice, after, failed_before=False)
                return after
            case UnreadableInvoice():
                return hold_unreadable(export_tools, job.invoice, record, asked=asked)
            case None:
                return record and await settle_deleted(export_tools, record, asked=asked, failed_before=failed_before)

    async def _specify(
        self, export_tools: ExportTools, invoice: WmsInvoice | None, record: Export, *, failed_before: bool
    ) -> Export:
        """The invoice is done, whatever becomes of its specification."""
        attaching = AttachTools(company=self._integration.company.name, draw=self._tools.draw)
        attached = await attach_specification(export_tools, attaching, invoice, record, failed_before=failed_before)
        if not attached.answered:
            self._unanswered_specifications.add(record.invoice_id)
        if attached.reason:
            self._report("specification_not_attached", invoice=str(record.invoice_id), reason=attached.reason)
        return attached.record

    def _is_due(self, invoice: WmsInvoice | UnreadableInvoice, records: Mapping[int, Export]) -> bool:
        if isinstance(invoice, UnreadableInvoice):
            return True
        due = due_of(self._integration, invoice, records.get(invoice.id), now=self._tools.clock())
        if due in {Due.LATER, Due.WHEN_ASKED}:
            self._tally.waiting += 1
            self._growing[invoice.goods_owner.name, invoice.goods_owner.customer_number] = invoice.goods_owner
        return due is Due.NOW

    def _broken(self) -> None:
        self._problem(IssueCode.CONNECTION_BROKEN, company=self._integration.company.name)
        self._tools.follow_keys(self._integration.id)

    def _finish(self) -> RunSummary:
        now, tally = self._tools.clock(), self._tally
        self._tally.stands_still(self._problem_before)
        run = tally.summary(started_at=self._mark.started_at, finished_at=now, good_at=self._integration.good_at)
        summary = close_reactivation(
            self._tools.notices,
            self._integration,
            replace(
                run,
                problem_since=self._problem_since(),
                checkpoint=self._close_history(),
                behind=self._close(),
                look=self._look(),
                following=self._followed(),
                to_send=frozenset(self._queue.waiting),
                send_problems=frozenset(self._queue.problems),
                send_at=self._queue.at if self._queue.waiting else None,
                looked_before=self._looked_before,
            ),
            tally.sent,
            at_its_end=not self._course.continues and tally.problem is None,
            now=now,
        )
        put_digest(
            self._tools.notices,
            self._integration,
            summary,
            unspecified=len(tally.unspecified),
            now=now,
        )
        put_before_mail(self._tools.notices, self._tools.exports, self._integration, now)
        month_told = put_month_mail(
            self._tools.notices,
            self._integration,
            summary,
            unfinished=lambda: self._tools.exports.get_many(self._integration.id, sorted(tally.unfinished)).values(),
            later=self._not_due_between,
            now=now,
        )
        summary = replace(summary, month_told=month_told)
        if self._found_nothing_new(summary):
            self._report("run_idle")
            return summary
        # Only what was asked for when this run began is answered by it.
        self._tools.integrations.save_run(
            self._integration.id,
            summary,
            done=tally.answered(self._integration.asked),
            unfinished=tally.unfinished,
            marked=tally.marked | self._tally.marked_before,
            detected=self._meaning,
        )
        if self._course.moves_on is not None and self._tools.lanes is not None:
            self._tools.lanes.other.send([self._course.moves_on])  # after the mark, which says whose it is
        tally.tell()
        return summary

    def _close_history(self) -> LastCheckpoint | None:
        """Names what this run saved, and a run that left its mark."""
        tools, cut_off = self._tools, self._integration.under_way
        history = HistoryTools(
            integration_id=self._integration.id,
            exports=tools.exports,
            checkpoints=tools.checkpoints,
            anchors=tools.anchors,
            program=tools.program,
            clock=tools.clock,
            seconds_left=tools.seconds_left,
            report=tools.report,
        )
        last = self._before.checkpoint if self._before else None
        unnamed = cut_off.invoices | cut_off.saved if cut_off else frozenset[int]()
        return close_history(history, self._touched, last, cut_off=unnamed)

    def _close(self) -> datetime | None:
        """What is kept beside the records; a run that left its mark has not done so."""
        tools, cut_off = self._tools, self._integration.under_way
        before = self._before.behind if self._before else None
        known = [moment for moment in (before, cut_off.started_at if cut_off else None) if moment is not None]
        closing = CloseTools(
            integration_id=self._integration.id,
            exports=tools.exports,
            months=tools.months,
            clock=tools.clock,
            seconds_left=tools.seconds_left,
            report=tools.report,
        )
        return close_run(closing, self._touched, behind=max(known, default=None))

    def _not_due_between(self, first: date, last: date) -> int:
        """How many invoices dated so Ongoing has that are not due, or are sent only when somebody asks."""
        later = {Due.LATER, Due.WHEN_ASKED}
        return sum(
            due in later and first <= self._dated.get(invoice_id, date.min) <= last
            for invoice_id, (due, _, _) in self._unbegun.items()
        )

    @property
    def _problem_before(self) -> Issue | None:
        return self._before.problem if self._before else None

    def _problem_since(self) -> datetime | None:
        problem, before = self._tally.problem, self._before
        if problem is None:
            return None
        if before is not None and before.problem is not None and before.problem.code is problem.code:
            return before.problem_since or before.started_at
        return self._mark.started_at

    def _found_nothing_new(self, summary: RunSummary) -> bool:
        """Whether storing it would change nothing but its times, which nobody asked for."""
        before, tally = self._before, self._tally
        if before is None:
            return False
        look = replace(before.look, at=summary.look.at) if before.look and summary.look else before.look
        same = replace(before, started_at=summary.started_at, finished_at=summary.finished_at, look=look)
        return (
            self._request.by_itself
            and not self._is_late()
            and summary.finished_at < before.finished_at + SHOWN_FOR
            and summary == same
            and not (summary.sent or summary.updated or summary.failed)
            and not summary.held  # what is held is tried anew by the time of the last run
            and not tally.answered(self._integration.asked)
            and tally.unfinished == self._integration.unfinished
            and tally.marked | self._tally.marked_before == self._integration.marked
            and self._integration.under_way is None
            and not self._mark.begun
            and self._meaning == self._integration.detected_price_meaning
        )

    def _is_late(self) -> bool:
        asked_at = self._request.scheduled_at
        return asked_at is not None and self._mark.started_at >= asked_at + LATE

    def _problem(self, code: IssueCode, **params: str) -> None:
        self._tally.problem = Issue(code=code, params=params)

    def _ours(self, reason: str) -> None:
        """A key, a right, a stage's name or a record of ours is wrong: nobody's password is, and only we can mend it.

        The run ends all the same, so that its message locks no queue; the next schedule tries again.
        """
        self._report("our_defect", reason=reason)
        self._problem(IssueCode.NOT_OPENING)

    def _not_answering(self, error: Exception, code: IssueCode) -> None:
        self._report("run_failed", reason=_reason(error))
        self._problem(
            code,
            system=self._integration.id,
            username=self._integration.wms_username,
            company=self._integration.company.name,
        )

    def _report(self, event: str, **fields: str) -> None:
        self._tools.report(event, {"integration": self._integration.id, **fields})


def _is_past(request: SyncRequest, integration: Integration) -> bool:
    """Whether a run has begun since the schedule asked for this one: a later message stands behind it."""
    asked_at, run = request.scheduled_at, integration.last_run
    return asked_at is not None and run is not None and asked_at < run.started_at


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


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _where(defect: Exception) -> str:
    """Files, lines and source. Neither values nor the message, which may quote what must not be logged."""
    return "".join(traceback.format_tb(defect.__traceback__))
