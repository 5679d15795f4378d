"""The specification of an invoice that is in Fortnox, made anew from what Ongoing has. docs/decisions/0016."""

from invoicing.application.judge_invoice import of_generation
from invoicing.application.rehearse import RehearsalTools
from invoicing.application.wms_login import login_of
from invoicing.domain.draft import Draft, draft_invoice
from invoicing.domain.errors import InvoiceHeldError
from invoicing.domain.export import Export
from invoicing.domain.fortnox_invoice import FortnoxInvoice
from invoicing.domain.integration import Integration
from invoicing.domain.integration_settings import IntegrationSettings, PriceMeaning
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
    draft = drafted_again(invoice, record, settings, integration.detected_price_meaning)
    there = None if is_as_sent(draft, record) else tools.fortnox.invoice(record.fortnox_number)
    return specification_of(invoice, record, draft, there, settings, company=integration.company.name)


def drafted_again(
    invoice: WmsInvoice, record: Export, settings: IntegrationSettings, remembered_meaning: PriceMeaning
) -> Draft:
    """What would be sent of it now. Raises SpecificationError if nothing could be."""
    try:
        draft = draft_invoice(record.integration_id, invoice, settings, remembered_meaning=remembered_meaning)
    except InvoiceHeldError as held:
        raise SpecificationError(f"no invoice can be made of it now: {held.issue.code}") from None
    return of_generation(draft, record)


def is_as_sent(draft: Draft, record: Export) -> bool:
    """Whether it is known to be what we left in Fortnox; else what Fortnox has decides."""
    return draft.invoice.fingerprint == record.fingerprint and not record.by_hand


def specification_of(
    invoice: WmsInvoice,
    record: Export,
    draft: Draft,
    there: FortnoxInvoice | None,
    settings: IntegrationSettings,
    *,
    company: str,
) -> Specification:
    """`there` is what Fortnox has, where the draft is not known to be as it was sent. Raises SpecificationError."""
    net = record.fortnox_net
    if not is_as_sent(draft, record):
        # Texts and dates may have changed since it was sent, and its rows may not.
        if there is None or not has_rows_of(there, draft.invoice):
            raise SpecificationError("the rows that would be made of it now are not those that Fortnox has")
        net = there.net
    return specify(
        invoice,
        draft,
        net=net,
        fortnox_number=record.fortnox_number,
        company=company,
        currency=draft.invoice.currency or invoice.goods_owner.currency,
        language=settings.language,
    )
