"""What waits in Ongoing: invoices that are not exported and that we have not begun, as they are just now."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from invoicing.application.ports import Exports, Sealer, WmsInvoices
from invoicing.application.wms_login import login_of
from invoicing.domain.due import Due, due_of
from invoicing.domain.integration import Integration
from invoicing.domain.wms_invoice import WmsInvoice


def list_waiting(
    integration: Integration, *, wms: WmsInvoices, sealer: Sealer, exports: Exports, now: datetime
) -> Sequence[tuple[WmsInvoice, Due]]:
    """Newest ids first, without their charges. What cannot be read becomes an issue by a run, and is left out.

    Raises like the WMS port.
    """
    if integration.settings is None:
        return []
    waiting: list[tuple[WmsInvoice, Due]] = []
    for page in wms.unexported(login_of(integration, sealer), since=integration.settings.from_date):
        readable = [invoice for invoice in page.invoices if isinstance(invoice, WmsInvoice)]
        begun = exports.get_many(integration.id, [invoice.id for invoice in readable])
        waiting += [
            (replace(invoice, charges=()), due_of(integration, invoice, None, now=now))
            for invoice in readable
            if invoice.id not in begun
        ]
    return sorted(waiting, key=lambda one: one[0].id, reverse=True)
