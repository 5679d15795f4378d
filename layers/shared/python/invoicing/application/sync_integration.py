"""One run of one integration: reads what is unexported in Ongoing, and exports what is due."""

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from invoicing.application.export_invoice import (
    ExportTools,
    WriteBackFailedError,
    export_invoice,
    hold_unreadable,
    settle_deleted,
)
from invoicing.application.follow_keys import follow_keys
from invoicing.application.interleave import Steps, interleave
from invoicing.application.know_register import KnownRegister
from invoicing.application.ports import (
    CannotOpenError,
    ChangedMeanwhileError,
    Clock,
    Exports,
    Fortnox,
    Integrations,
    Notices,
    OutsideCalls,
    Report,
    Sealer,
    SecondsLeft,
    SyncQueue,
    SyncRequest,
    TokenStore,
    WmsInvoices,
)
from invoicing.application.wms_login import login_of
from invoicing.domain.due import Due, has_begun, when_due
from invoicing.domain.errors import (
    IntegrationHeldError,
    InvoicingError,
    ReconnectRequiredError,
    RetryLaterError,
    UpstreamContractError,
    WmsLoginRefusedError,
)
from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration import Integration, RunSummary, RunUnderWay
from invoicing.domain.integration_settings import IntegrationSettings
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind
from invoicing.domain.swedish_time import SWEDEN
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice, WmsLogin, sharing_a_number

AT_ONCE = 4  # invoices under way: one waits for its turn, one or two are sent, one is marked in Ongoing
# With less left, the rest is continued in a new invocation: what is under way must end, and those marks are set one
# after the other.
SECONDS_TO_END = 180.0
GIVE_UP_AFTER = 3  # failures in a row: the other side is down, and the next run tries again


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncTools:
    """What runs work with. `fortnox_of` gives the client of one integration's company."""

    integrations: Integrations
    exports: Exports
    notices: Notices
    tokens: TokenStore
    queue: SyncQueue
    sealer: Sealer
    wms: WmsInvoices
    fortnox_of: Callable[[Integration], Fortnox]
    outside: OutsideCalls
    clock: Clock
    seconds_left: SecondsLeft
    new_id: Callable[[], str]
    report: Report


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What a run did so far."""

    seen: int = 0
    waiting: int = 0
    sent: int = 0
    updated: int = 0
    held: int = 0
    failed: int = 0
    problem: Issue | None = None
    done: set[int] = field(default_factory=set)
    sums: dict[str, Decimal] = field(default_factory=dict)  # currency → net sent by this run


type _Work = WmsInvoice | UnreadableInvoice | Export  # an Export alone: its invoice is no longer in Ongoing


def sync_integration(tools: SyncTools, request: SyncRequest) -> RunSummary | None:
    """Runs once; None if the integration does not run (paused, broken, disconnected, unknown).

    What goes wrong ends in the summary, in issues and in records. Only when our own tables do not answer is
    RetryLaterError raised, and the queue brings the request again.
    """
    integration = tools.integrations.get(request.integration_id)
    if integration is None or not integration.runs or integration.settings is None:
        return None
    return _Run(tools, request, integration, integration.settings).execute()


class _Run:
    """One run. `_tally` says what it did; `_unfinished` is what the next one looks at, listed by Ongoing or not."""

    def __init__(
        self, tools: SyncTools, request: SyncRequest, integration: Integration, settings: IntegrationSettings
    ) -> None:
        self._tools = tools
        self._request = request
        self._integration = integration
        self._settings = settings
        self._tally = _Tally()
        self._meaning = integration.detected_price_meaning
        self._before = integration.last_run
        self._unfinished = set(integration.unfinished)
        self._started_at = tools.clock()
        self._stopping = False  # no further invoice is begun

    def execute(self) -> RunSummary:
        try:
            login = login_of(self._integration, self._tools.sealer)
        except CannotOpenError as error:
            self._not_answering(error, IssueCode.WMS_LOGIN_REFUSED)  # signing in again stores the password anew
            return self._finish()
        try:
            invoices = self._read(login)
            if invoices is not None and (invoices or self._unfinished or self._integration.asked):
                self._export(login, invoices)
        except WmsLoginRefusedError:
            self._problem(
                IssueCode.WMS_LOGIN_REFUSED, system=self._integration.id, username=self._integration.wms_username
            )
        except CannotOpenError as error:
            self._not_answering(error, IssueCode.CONNECTION_BROKEN)  # connecting again gives new keys
        except IntegrationHeldError as held:
            self._tally.problem = held.issue
        except ReconnectRequiredError:
            self._broken()
        return self._finish()

    def _read(self, login: WmsLogin) -> Sequence[WmsInvoice | UnreadableInvoice] | None:
        """What Ongoing lists; None if it does not answer."""
        try:
            invoices = self._tools.wms.unexported(login, since=self._settings.from_date)
        except (RetryLaterError, UpstreamContractError) as error:
            self._not_answering(error, IssueCode.WMS_NOT_ANSWERING)
            return None
        self._tally.seen = len(invoices)
        return invoices

    def _export(self, login: WmsLogin, listed: Sequence[WmsInvoice | UnreadableInvoice]) -> None:
        ids = {invoice.id for invoice in listed if invoice.id is not None}
        unlisted = (self._integration.asked | self._unfinished) - ids
        records = self._tools.exports.get_many(self._integration.id, sorted(ids | unlisted))
        work = [
            *(invoice for invoice in listed if self._is_due(invoice, records)),
            *self._read_unlisted(login, sorted(unlisted), records),
        ]
        if not work:
            return
        fortnox = self._tools.fortnox_of(self._integration)
        register = KnownRegister(
            integration_id=self._integration.id,
            settings=self._settings,
            exports=self._tools.exports,
            fortnox=fortnox,
            clock=self._tools.clock,
        )
        export_tools = ExportTools(
            integration_id=self._integration.id,
            settings=self._settings,
            exports=self._tools.exports,
            fortnox=fortnox,
            register=register,
            starting=self._marking(frozenset(invoice_id for one in work if (invoice_id := _id_of(one)) is not None)),
            write_back=lambda invoice_id, number: self._tools.wms.write_back(login, invoice_id, number=number),
            sharing=sharing_a_number(listed),
            clock=self._tools.clock,
            new_id=self._tools.new_id,
            run_id=self._tools.new_id(),
            last_run_at=self._before.finished_at if self._before else None,
            by=self._request.by,
            remembered_meaning=self._meaning,
        )
        try:
            self._export_each(export_tools, work, records)
        finally:
            self._meaning = export_tools.remembered_meaning
            register.save()

    def _read_unlisted(self, login: WmsLogin, ids: Iterable[int], records: Mapping[int, Export]) -> list[_Work]:
        """What Ongoing does not list, but a person asked for or we have not finished."""
        found: list[_Work] = []
        for invoice_id in ids:
            record = records.get(invoice_id)
            open_record = record if record is not None and record.state is not ExportState.DONE else None
            if invoice_id not in self._integration.asked and open_record is None:
                self._unfinished.discard(invoice_id)
                continue
            if self._tools.seconds_left() < SECONDS_TO_END:
                self._continue_later(1)
                break
            try:
                invoice = self._tools.wms.by_id(login, invoice_id)
            except (RetryLaterError, UpstreamContractError) as error:
                self._not_answering(error, IssueCode.WMS_NOT_ANSWERING)
                break
            if invoice is not None and (_is_exported(invoice) or self._is_due(invoice, records)):
                found.append(invoice)
            elif open_record is not None:
                found.append(open_record)
            else:
                self._tally.done.add(invoice_id)
        self._tally.seen += len(found)
        return found

    def _marking(self, ids: frozenset[int]) -> Callable[[], None]:
        """Called before each write of a record: the first time, it stores what this run is about to touch.

        Should the run be killed, the next one looks at all of it: also at an invoice that is marked in Ongoing
        already, and therefore no longer listed, while its record does not know.
        """
        marked = ids <= self._unfinished

        def mark() -> None:
            nonlocal marked
            if marked:
                return
            begun = RunUnderWay(started_at=self._started_at, invoices=ids)
            self._tools.integrations.begin_run(self._integration.id, begun, unfinished=self._unfinished | ids)
            marked = True

        return mark

    def _export_each(self, export_tools: ExportTools, work: Sequence[_Work], records: Mapping[int, Export]) -> None:
        stops_all: InvoicingError | None = None
        failures_in_a_row = 0
        for one, ended in interleave(self._each(export_tools, work, records), self._tools.outside, at_most=AT_ONCE):
            invoice_id = _id_of(one)
            try:
                after = ended.result()
            except (RetryLaterError, UpstreamContractError, ChangedMeanwhileError) as error:
                self._failed(invoice_id)
                self._report("invoice_failed", invoice=str(invoice_id), reason=_reason(error))
                failures_in_a_row += 1
                if failures_in_a_row >= GIVE_UP_AFTER:
                    in_wms = isinstance(error, WriteBackFailedError)
                    code = IssueCode.WMS_NOT_ANSWERING if in_wms else IssueCode.FORTNOX_NOT_ANSWERING
                    self._problem(code, system=self._integration.id)
                    self._stopping = True
            except InvoicingError as error:
                if invoice_id is not None:
                    self._unfinished.add(invoice_id)
                stops_all = stops_all or error
                self._stopping = True
            except Exception as defect:  # ours; it stops nothing but its invoice
                self._failed(invoice_id)
                kind = type(defect).__name__
                self._report("our_defect", invoice=str(invoice_id), reason=kind, where=_where(defect))
            else:
                failures_in_a_row = 0
                self._count(invoice_id, records.get(invoice_id) if invoice_id is not None else None, after)
        if stops_all is not None:
            raise stops_all

    def _each(
        self, export_tools: ExportTools, work: Sequence[_Work], records: Mapping[int, Export]
    ) -> Iterator[tuple[_Work, Steps[Export | None]]]:
        """The work, one by one, until something stops the run or its time runs low."""
        for position, one in enumerate(work):
            if self._stopping:
                return
            if self._tools.seconds_left() < SECONDS_TO_END:
                self._continue_later(len(work) - position)
                return
            invoice_id = _id_of(one)
            yield one, self._export_one(export_tools, one, records.get(invoice_id) if invoice_id is not None else None)

    def _export_one(self, export_tools: ExportTools, one: _Work, record: Export | None) -> Steps[Export | None]:
        match one:
            case Export():
                return (yield from settle_deleted(export_tools, one, asked=one.invoice_id in self._integration.asked))
            case UnreadableInvoice():
                return hold_unreadable(export_tools, one, record, asked=one.id in self._integration.asked)
            case WmsInvoice():
                return (
                    yield from export_invoice(
                        export_tools,
                        one,
                        record,
                        asked=one.id in self._integration.asked,
                        failed_before=one.id in self._integration.unfinished
                        and (record is None or record.state is not ExportState.HELD),
                    )
                )

    def _failed(self, invoice_id: int | None) -> None:
        self._tally.failed += 1
        if invoice_id is not None:
            self._unfinished.add(invoice_id)

    def _is_due(self, invoice: WmsInvoice | UnreadableInvoice, records: Mapping[int, Export]) -> bool:
        if isinstance(invoice, UnreadableInvoice):
            return True
        due = when_due(
            invoice,
            self._settings,
            today=self._tools.clock().astimezone(SWEDEN).date(),
            asked=invoice.id in self._integration.asked,
            begun=has_begun(records.get(invoice.id)),
        )
        if due in {Due.LATER, Due.WHEN_ASKED}:
            self._tally.waiting += 1
        return due is Due.NOW

    def _count(self, invoice_id: int | None, before: Export | None, after: Export | None) -> None:
        if invoice_id is None or after is None:
            self._tally.held += 1
            self._report("invoice_held", invoice="", issue=IssueCode.WMS_INVOICE_UNREADABLE, code="")
            return
        match after.state:
            case ExportState.DONE:
                self._tally.done.add(invoice_id)
                self._unfinished.discard(invoice_id)
                self._count_done(before, after)
            case ExportState.HELD:
                self._tally.held += 1
                self._tally.done.add(invoice_id)
                self._unfinished.add(invoice_id)
                if after.issue is not None and (before is None or before.issue != after.issue):
                    code = after.issue.params.get("code", "")
                    self._report("invoice_held", invoice=str(invoice_id), issue=after.issue.code, code=code)
                    if after.issue.code is IssueCode.OUR_DEFECT:
                        self._report("our_defect", invoice=str(invoice_id), reason=f"Fortnox refused it with {code}")
            case _:
                self._tally.failed += 1
                self._unfinished.add(invoice_id)

    def _count_done(self, before: Export | None, after: Export) -> None:
        if not after.fortnox_number:
            return  # it left Ongoing without us
        if before is not None and before.fortnox_number:
            self._tally.updated += 1
            return
        self._tally.sent += 1
        net = after.fortnox_net if after.fortnox_net is not None else after.amount
        currency = after.currency or "SEK"
        self._tally.sums[currency] = self._tally.sums.get(currency, Decimal(0)) + net

    def _continue_later(self, left: int) -> None:
        self._report("run_continues", left=str(left))
        slot = f"continue-{self._tools.new_id()}"
        self._tools.queue.send(
            [SyncRequest(integration_id=self._integration.id, by=self._request.by, slot=slot)],
        )

    def _broken(self) -> None:
        self._problem(IssueCode.CONNECTION_BROKEN, company=self._integration.company.name)
        follow_keys(
            self._tools.integrations,
            self._tools.tokens,
            self._tools.notices,
            self._tools.clock,
            self._tools.report,
            integration_id=self._integration.id,
        )

    def _finish(self) -> RunSummary:
        tally = self._tally
        summary = RunSummary(
            started_at=self._started_at,
            finished_at=self._tools.clock(),
            seen=tally.seen,
            waiting=tally.waiting,
            sent=tally.sent,
            updated=tally.updated,
            held=tally.held,
            failed=tally.failed,
            problem=tally.problem,
        )
        if self._integration.closing_notice_due and tally.problem is None:
            self._put_closing_notice()
        # Only what was asked for when this run began is answered by it.
        self._tools.integrations.save_run(
            self._integration.id,
            summary,
            done=tally.done & self._integration.asked,
            unfinished=self._unfinished,
            detected=self._meaning,
        )
        self._report(
            "run_finished",
            seen=str(tally.seen),
            waiting=str(tally.waiting),
            sent=str(tally.sent),
            updated=str(tally.updated),
            held=str(tally.held),
            failed=str(tally.failed),
            problem=tally.problem.code if tally.problem else "",
        )
        return summary

    def _put_closing_notice(self) -> None:
        connected_at = self._integration.connected_at
        sums = {f"sum_{currency}": str(amount) for currency, amount in sorted(self._tally.sums.items())}
        self._tools.notices.put_once(
            Notice(
                id=f"reactivated#{self._integration.id}#{connected_at.isoformat()}",
                integration_id=self._integration.id,
                kind=NoticeKind.REACTIVATED,
                created_at=self._tools.clock(),
                due_at=self._tools.clock() + UNSENT_AFTER,
                params={"sent": str(self._tally.sent), **sums},
            )
        )

    def _problem(self, code: IssueCode, **params: str) -> None:
        self._tally.problem = Issue(code=code, params=params)

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


def _id_of(one: _Work) -> int | None:
    return one.invoice_id if isinstance(one, Export) else one.id


def _is_exported(invoice: WmsInvoice | UnreadableInvoice) -> bool:
    return isinstance(invoice, WmsInvoice) and invoice.is_exported


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _where(defect: Exception) -> str:
    """Files, lines and source. Neither values nor the message, which may quote what must not be logged."""
    return "".join(traceback.format_tb(defect.__traceback__))
