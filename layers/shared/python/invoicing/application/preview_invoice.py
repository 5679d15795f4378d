"""What would be sent for one invoice, without sending anything."""

from dataclasses import dataclass

from invoicing.application.ports import Exports, Sealer, WmsInvoices
from invoicing.application.wms_login import login_of
from invoicing.domain.draft import Draft, draft_invoice
from invoicing.domain.errors import InvoiceHeldError
from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration import Integration
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One of `draft` and `issue` is set; `record` is what we know of it, if anything."""

    invoice: WmsInvoice | None
    draft: Draft | None
    issue: Issue | None
    record: Export | None

    @property
    def would_change(self) -> bool:
        """Whether sending would create or change anything in Fortnox."""
        if self.draft is None:
            return False
        done = self.record is not None and self.record.state is ExportState.DONE
        return not (done and self.record and self.record.fingerprint == self.draft.invoice.fingerprint)


def preview_invoice(
    integration: Integration, invoice_id: int, *, wms: WmsInvoices, sealer: Sealer, exports: Exports
) -> Preview | None:
    """Reads the invoice as it is now; None if the system has none with that id. Raises like the WMS port."""
    if integration.settings is None:
        return None
    invoice = wms.by_id(login_of(integration, sealer), invoice_id)
    if invoice is None:
        return None
    record = exports.get(integration.id, invoice_id)
    if isinstance(invoice, UnreadableInvoice):
        issue = Issue(code=IssueCode.WMS_INVOICE_UNREADABLE, params={"detail": invoice.reason})
        return Preview(invoice=None, draft=None, issue=issue, record=record)
    try:
        draft = draft_invoice(
            integration.id, invoice, integration.settings, remembered_meaning=integration.detected_price_meaning
        )
    except InvoiceHeldError as held:
        return Preview(invoice=invoice, draft=None, issue=held.issue, record=record)
    return Preview(invoice=invoice, draft=draft, issue=record.issue if record else None, record=record)
