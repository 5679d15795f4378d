"""Exactly what would be sent of one invoice."""

from datetime import date

from invoicing.application.preview_invoice import Preview, preview_invoice
from invoicing.domain.export import ExportState
from invoicing.domain.fortnox_invoice import InvoiceRow
from invoicing.domain.wms_invoice import WmsInvoice
from invoicing.pages.browser import Answer
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import ROWS_PER_PAGE, IssueLine, PreviewView
from invoicing.rendering.views_of import row_line_of


def preview(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/invoices/{invoice_id}/preview"""
    invoice_id = visit.invoice_id
    shown = (
        preview_invoice(visit.parts.rehearsal_tools(visit.integration), visit.integration, invoice_id)
        if invoice_id is not None
        else None
    )
    if shown is None or not isinstance(shown.invoice, WmsInvoice):
        return visit.not_found()
    view = _preview_view(visit, shown, shown.invoice)
    return Answer(body=visit.pages.preview(view, visit.language))


def _preview_view(visit: SignedInVisit, shown: Preview, wms: WmsInvoice) -> PreviewView:
    draft = shown.verdict.draft.invoice if shown.verdict.draft else None
    rows: tuple[InvoiceRow, ...] = draft.rows if draft else ()
    shown_rows, pager = visit.part(rows, ROWS_PER_PAGE)
    record = shown.record
    issue = (
        IssueLine(
            issue=shown.verdict.issue,
            since=(record.issue_since if record else None) or visit.now(),
            invoice_id=wms.id,
            invoice_number=wms.number,
            goods_owner=wms.goods_owner.name,
        )
        if shown.verdict.issue
        else None
    )
    return PreviewView(
        session=visit.session_view,
        invoice_id=wms.id,
        intention=shown.verdict.intention,
        customer_number=wms.goods_owner.customer_code,
        customer_name=wms.goods_owner.name,
        invoice_date=wms.invoice_date or date.min,
        currency=(draft.currency if draft else "") or wms.goods_owner.currency or "SEK",
        document_number=draft.document_number if draft else wms.number,
        your_reference=draft.your_reference if draft else "",
        your_order_number=draft.your_order_number if draft else "",
        external_reference=draft.reference if draft else "",
        remarks=draft.remarks if draft else "",
        rows=tuple(row_line_of(row) for row in shown_rows),
        row_count=len(rows),
        net=draft.net if draft else wms.amount,
        wms_amount=wms.amount,
        pager=pager,
        issue=issue,
        was_held=record is not None and record.state is ExportState.HELD,
        hints=shown.verdict.hints,
    )
