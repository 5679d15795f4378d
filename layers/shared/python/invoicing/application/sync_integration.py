"""One run of one integration: reads what is unexported in Ongoing, and exports what is due."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from invoicing.application.export_invoice import ExportTools, export_invoice, hold_unreadable
from invoicing.application.know_register import KnownRegister
from invoicing.application.ports import (
    CannotOpenError,
    ChangedMeanwhileError,
    Clock,
    Exports,
    Fortnox,
    Integrations,
    Notices,
    Report,
    Sealer,
    SecondsLeft,
    SyncQueue,
    SyncRequest,
    TokenStore,
    WmsInvoices,
)
from invoicing.application.report_broken import report_broken
from invoicing.application.wms_login import login_of
from invoicing.domain.due import Due, when_due
from invoicing.domain.errors import (
    IntegrationHeldError,
    ReconnectRequiredError,
    RetryLaterError,
    UpstreamContractError,
    WmsLoginRefusedError,
)
from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration import Integration, RunSummary
from invoicing.domain.integration_settings import IntegrationSettings
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice, WmsLogin

SWEDEN = ZoneInfo("Europe/Stockholm")
SECONDS_FOR_ONE_INVOICE = 90.0  # with less left, the rest is continued in a new invocation
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
    unfinished: set[int] = field(default_factory=set)
    sums: dict[str, Decimal] = field(default_factory=dict)  # currency → net sent by this run


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
    """One run. `tally` says what it did."""

    def __init__(
        self, tools: SyncTools, request: SyncRequest, integration: Integration, settings: IntegrationSettings
    ) -> None:
        self._tools = tools
        self._request = request
        self._integration = integration
        self._settings = settings
        self._tally = _Tally()
        self._meaning = integration.detected_price_meaning

    def execute(self) -> RunSummary:
        started_at = self._tools.clock()
        try:
            login = login_of(self._integration, self._tools.sealer)
            invoices = self._read(login)
            if invoices:
                self._export(login, invoices)
        except WmsLoginRefusedError:
            self._problem(
                IssueCode.WMS_LOGIN_REFUSED, system=self._integration.id, username=self._integration.wms_username
            )
        except CannotOpenError as error:
            self._not_answering(error, IssueCode.WMS_LOGIN_REFUSED)
        except IntegrationHeldError as held:
            self._tally.problem = held.issue
        except ReconnectRequiredError:
            self._broken()
        return self._finish(started_at)

    def _read(self, login: WmsLogin) -> list[WmsInvoice | UnreadableInvoice]:
        try:
            invoices = list(self._tools.wms.unexported(login, since=self._settings.from_date))
            seen = {invoice.id for invoice in invoices}
            for invoice_id in sorted(self._integration.asked - seen):
                asked = self._tools.wms.by_id(login, invoice_id)
                if asked is None:
                    self._tally.done.add(invoice_id)
                else:
                    invoices.append(asked)
        except (RetryLaterError, UpstreamContractError) as error:
            self._not_answering(error, IssueCode.WMS_NOT_ANSWERING)
            return []
        self._tally.seen = len(invoices)
        return invoices

    def _export(self, login: WmsLogin, invoices: list[WmsInvoice | UnreadableInvoice]) -> None:
        ids = [invoice.id for invoice in invoices if invoice.id is not None]
        records = self._tools.exports.get_many(self._integration.id, ids)
        due = [invoice for invoice in invoices if self._is_due(invoice, records)]
        if not due:
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
            write_back=lambda invoice_id, number: self._tools.wms.write_back(login, invoice_id, number=number),
            clock=self._tools.clock,
            new_id=self._tools.new_id,
            run_id=self._tools.new_id(),
            by=self._request.by,
            remembered_meaning=self._meaning,
        )
        try:
            self._export_each(export_tools, due, records)
        finally:
            self._meaning = export_tools.remembered_meaning
            register.save()

    def _export_each(
        self,
        export_tools: ExportTools,
        due: list[WmsInvoice | UnreadableInvoice],
        records: Mapping[int, Export],
    ) -> None:
        failures_in_a_row = 0
        for position, invoice in enumerate(due):
            if self._tools.seconds_left() < SECONDS_FOR_ONE_INVOICE:
                self._continue_later(len(due) - position)
                return
            record = records.get(invoice.id) if invoice.id is not None else None
            if isinstance(invoice, UnreadableInvoice):
                hold_unreadable(export_tools, invoice, record)
                self._tally.held += 1
                continue
            try:
                after = export_invoice(export_tools, invoice, record, asked=invoice.id in self._integration.asked)
            except (RetryLaterError, UpstreamContractError, ChangedMeanwhileError) as error:
                self._tally.failed += 1
                self._tally.unfinished.add(invoice.id)
                failures_in_a_row += 1
                self._report("invoice_failed", invoice=str(invoice.id), reason=_reason(error))
                if failures_in_a_row >= GIVE_UP_AFTER:
                    self._problem(IssueCode.FORTNOX_NOT_ANSWERING)
                    return
                continue
            failures_in_a_row = 0
            self._count(invoice, record, after)

    def _is_due(self, invoice: WmsInvoice | UnreadableInvoice, records: Mapping[int, Export]) -> bool:
        if isinstance(invoice, UnreadableInvoice):
            return True
        due = when_due(
            invoice,
            self._settings,
            today=self._tools.clock().astimezone(SWEDEN).date(),
            asked=invoice.id in self._integration.asked,
            begun=_begun(records.get(invoice.id)),
        )
        if due in {Due.LATER, Due.WHEN_ASKED}:
            self._tally.waiting += 1
        return due is Due.NOW

    def _count(self, invoice: WmsInvoice, before: Export | None, after: Export) -> None:
        match after.state:
            case ExportState.DONE:
                self._tally.done.add(invoice.id)
                if before is None or not before.fortnox_number:
                    self._tally.sent += 1
                    net = after.fortnox_net if after.fortnox_net is not None else after.amount
                    currency = after.currency or "SEK"
                    self._tally.sums[currency] = self._tally.sums.get(currency, Decimal(0)) + net
                else:
                    self._tally.updated += 1
            case ExportState.HELD:
                self._tally.held += 1
                self._tally.done.add(invoice.id)
            case _:
                self._tally.failed += 1
                self._tally.unfinished.add(invoice.id)

    def _continue_later(self, left: int) -> None:
        self._report("run_continues", left=str(left))
        slot = f"continue-{self._tools.new_id()}"
        self._tools.queue.send(
            [SyncRequest(integration_id=self._integration.id, by=self._request.by, slot=slot)],
        )

    def _broken(self) -> None:
        self._problem(IssueCode.CONNECTION_BROKEN, company=self._integration.company.name)
        keys = self._tools.tokens.get(self._integration.id)
        report_broken(
            self._tools.integrations,
            self._tools.notices,
            self._tools.clock,
            integration_id=self._integration.id,
            chain_id=keys.chain_id if keys else "",
        )

    def _finish(self, started_at: datetime) -> RunSummary:
        tally = self._tally
        summary = RunSummary(
            started_at=started_at,
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
        self._tools.integrations.save_run(
            self._integration.id,
            summary,
            done=frozenset(tally.done - tally.unfinished),
            unfinished=frozenset(tally.unfinished),
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
        self._problem(code, system=self._integration.id, username=self._integration.wms_username)

    def _report(self, event: str, **fields: str) -> None:
        self._tools.report(event, {"integration": self._integration.id, **fields})


def _begun(record: Export | None) -> bool:
    """Whether we have sent it, or were about to: then it is finished whatever the settings say."""
    return record is not None and (record.state is not ExportState.HELD or bool(record.fortnox_number))


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
