"""The specification of an invoice that is in Fortnox, read anew from Ongoing. docs/decisions/0016."""

from decimal import Decimal

from invoicing.application.judge_invoice import of_generation
from invoicing.application.rehearse import RehearsalTools
from invoicing.application.wms_login import login_of
from invoicing.domain.draft import Draft, draft_invoice
from invoicing.domain.errors import InvoiceHeldError
from invoicing.domain.export import Export
from invoicing.domain.integration import Integration
from invoicing.domain.specification import Specification, SpecificationError, has_rows_of, specify
from invoicing.domain.wms_invoice import WmsInvoice


def specify_invoice(tools: RehearsalTools, integration: Integration, record: Export) -> Specification | None:
    """What stands behind an invoice that was sent; None if Ongoing has no such invoice any more.

    Raises SpecificationError if Ongoing has something else than what was sent, or the settings make other rows of it
    than those that Fortnox has. Raises like the ports of the WMS and of Fortnox.
    """
    settings = integration.settings
    if settings is None or not record.fortnox_number:
        return None
    invoice = tools.wms.by_id(login_of(integration, tools.sealer), record.invoice_id)
    if not isinstance(invoice, WmsInvoice):
        return None
    try:
        draft = draft_invoice(integration.id, invoice, settings, remembered_meaning=integration.detected_price_meaning)
    except InvoiceHeldError as held:
        raise SpecificationError(f"no invoice can be made of it now: {held.issue.code}") from None
    draft = of_generation(draft, record)
    net = record.fortnox_net
    if record.by_hand or draft.invoice.fingerprint != record.fingerprint:
        net = _net_of_the_same_rows(tools, record, draft)
    return specify(
        invoice,
        draft,
        net=net,
        fortnox_number=record.fortnox_number,
        company=integration.company.name,
        currency=draft.invoice.currency or invoice.goods_owner.currency,
        language=settings.language,
    )


def _net_of_the_same_rows(tools: RehearsalTools, record: Export, draft: Draft) -> Decimal | None:
    """Texts and dates may have changed since it was sent; its rows are those that Fortnox has, or it is refused."""
    there = tools.fortnox.invoice(record.fortnox_number)
    if there is None or not has_rows_of(there, draft.invoice):
        raise SpecificationError("the rows that would be made of it now are not those that Fortnox has")
    return there.net
