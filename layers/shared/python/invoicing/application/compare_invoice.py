"""One invoice as Fortnox has it beside what Ongoing's would be now, row by row. Reads, and writes nothing."""

from dataclasses import dataclass

from invoicing.application.preview_invoice import preview_invoice
from invoicing.application.rehearse import RehearsalTools
from invoicing.domain.fortnox_invoice import FortnoxInvoice, InvoiceDraft
from invoicing.domain.integration import Integration
from invoicing.domain.row_difference import RowPair, pair_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both sides; None where there is none, or where Ongoing's cannot be drawn up."""

    there: FortnoxInvoice | None
    draft: InvoiceDraft | None
    rows: tuple[RowPair, ...]


def compare_invoice(tools: RehearsalTools, integration: Integration, invoice_id: int) -> Comparison:
    """Raises like the ports of the WMS and of Fortnox."""
    shown = preview_invoice(tools, integration, invoice_id)
    draft = shown.verdict.draft.invoice if shown and shown.verdict.draft else None
    record = tools.exports.get(integration.id, invoice_id)
    number = record.fortnox_number if record else ""
    there = tools.fortnox.invoice(number) if number else None
    rows = pair_rows(there.rows if there else (), draft.rows if draft else ())
    return Comparison(there=there, draft=draft, rows=rows)
