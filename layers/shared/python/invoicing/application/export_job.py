"""The steps of one job of a run: the invoice into Fortnox, and its specification after it."""

from invoicing.application.attach_specification import AttachTools, attach_specification
from invoicing.application.export_invoice import export_invoice, hold_unreadable, settle_deleted, wait_again
from invoicing.application.find_jobs import Job
from invoicing.application.guard_invoice import guards_of
from invoicing.application.interleave import Steps
from invoicing.application.judge_invoice import JudgeTools, waits_for_a_person
from invoicing.application.know_register import KnownRegister
from invoicing.application.ports import Fortnox, SyncRequest, WmsInvoices
from invoicing.application.record_export import ExportTools
from invoicing.application.sync_tools import SyncTools
from invoicing.domain.export import Export
from invoicing.domain.integration import Integration
from invoicing.domain.integration_settings import IntegrationSettings, PriceMeaning
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice, WmsLogin


class JobExporter:
    """Takes the jobs of one run through their steps, all with the same tools. `wms` is what is read from."""

    def __init__(
        self,
        tools: SyncTools,
        request: SyncRequest,
        integration: Integration,
        settings: IntegrationSettings,
        *,
        login: WmsLogin,
        wms: WmsInvoices,
    ) -> None:
        self._tools = tools
        self._report = tools.reporter(integration)
        self._request = request
        self._integration = integration
        self._settings = settings
        self._login = login
        self._wms = wms
        self._exporting: ExportTools | None = None
        self.unanswered_specifications: set[int] = set()  # ids of invoices

    def steps(self, job: Job) -> Steps[Export | None]:
        """Its steps, not taken yet. Raises as opening the keys to Fortnox does."""
        if self._exporting is None:
            self._exporting = self._export_tools()
        return self._export(self._exporting, job)

    def fortnox(self) -> Fortnox:
        """The client of the jobs, or one of its own where there were none."""
        return self._exporting.fortnox if self._exporting is not None else self._tools.fortnox_of(self._integration)

    @property
    def meaning(self) -> PriceMeaning:
        """What prices of this company mean, as far as is known by now."""
        if self._exporting is None:
            return self._integration.detected_price_meaning
        return self._exporting.judging.remembered_meaning

    def save_register(self) -> None:
        """Keeps what the jobs learned of Fortnox's registers."""
        if self._exporting is not None:
            self._exporting.register.save()

    def _export_tools(self) -> ExportTools:
        """Made when first needed: most runs send nothing."""
        tools, run = self._tools, self._integration.last_run
        fortnox = tools.fortnox_of(self._integration)
        register = KnownRegister(
            integration_id=self._integration.id,
            settings=self._settings,
            exports=tools.exports,
            fortnox=fortnox,
            clock=tools.clock,
            remembered=self._request.by_itself,
        )
        judging = JudgeTools(
            integration_id=self._integration.id,
            settings=self._settings,
            fortnox=fortnox,
            register=register,
            clock=tools.clock,
            last_run_at=run.finished_at if run else None,
            anew=not self._request.by_itself,
            remembered_meaning=self._integration.detected_price_meaning,
            guards=guards_of(
                self._integration.id,
                self._settings,
                exports=tools.exports,
                wms=self._wms,
                login=lambda: self._login,
                clock=tools.clock,
            ),
        )
        return ExportTools(
            integration_id=self._integration.id,
            judging=judging,
            exports=tools.exports,
            fortnox=fortnox,
            register=register,
            write_back=lambda invoice_id, number: tools.wms.write_back(self._login, invoice_id, number=number),
            clock=tools.clock,
            new_id=tools.new_id,
            by=self._request.by,
        )

    async def _export(self, export_tools: ExportTools, job: Job) -> Export | None:
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
        invoice_id = record.invoice_id
        if not attached.answered:
            self.unanswered_specifications.add(invoice_id)
        if attached.reason:
            self._report("specification_not_attached", invoice=str(invoice_id), reason=attached.reason)
        return attached.record
