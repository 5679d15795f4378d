"""Which invoices are due.

Ongoing has no "ready" state: an unexported invoice may still collect charges, so the settings decide.
"""

from datetime import date, datetime
from enum import StrEnum

from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration import Integration
from invoicing.domain.integration_settings import ExportWhen, IntegrationSettings, ZeroTotal
from invoicing.domain.swedish_time import SWEDEN
from invoicing.domain.wms_invoice import WmsInvoice


class Due(StrEnum):
    """Whether an unexported invoice is sent now."""

    NOW = "now"
    LATER = "later"  # it may still grow
    WHEN_ASKED = "when_asked"
    NEVER = "never"  # older than the integration, or a person said that nothing more is to be done


def has_begun(record: Export | None) -> bool:
    """Whether we have sent it, were about to, or were asked to: then it is finished whatever the settings say."""
    if record is None:
        return False
    under_way = record.state not in {ExportState.HELD, ExportState.DONE}
    return under_way or record.wanted or bool(record.fortnox_number) or bool(record.attempt_id)


def due_of(integration: Integration, invoice: WmsInvoice, record: Export | None, *, now: datetime) -> Due:
    """Whether a run would send an unexported invoice now; `record` is what we know of it."""
    if integration.settings is None:
        return Due.NEVER
    if record is not None and record.left and record.left == invoice.content and invoice.id not in integration.asked:
        return Due.NEVER  # a person said so
    return when_due(
        invoice,
        integration.settings,
        today=now.astimezone(SWEDEN).date(),
        asked=invoice.id in integration.asked,
        begun=has_begun(record),
    )


def when_due(invoice: WmsInvoice, settings: IntegrationSettings, *, today: date, asked: bool, begun: bool) -> Due:
    """`today` is the date in Sweden; `begun`: see has_begun.

    One without a date, or without rows and amount, has just been opened: months without a charge are no trouble.
    """
    if asked or begun:
        return Due.NOW
    if invoice.invoice_date is None or invoice.is_empty:
        return Due.LATER
    if invoice.invoice_date < settings.from_date:
        return Due.NEVER
    if invoice.is_zero and settings.zero_total is ZeroTotal.LEAVE:
        return Due.WHEN_ASKED
    match settings.export_when:
        case ExportWhen.WHEN_ASKED:
            return Due.WHEN_ASKED
        case ExportWhen.AS_SEEN:
            return Due.NOW
        case ExportWhen.PERIOD_ENDED:
            if invoice.period_end is not None:
                return Due.NOW if invoice.period_end < today else Due.LATER
            return Due.NOW if invoice.invoice_date <= today else Due.LATER
