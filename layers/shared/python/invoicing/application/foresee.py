"""Reads in Ongoing what a new integration would send first, and what its start date leaves out. Writes nothing."""

from datetime import date

from invoicing.application.rehearse import RehearsalTools
from invoicing.application.wms_login import login_of
from invoicing.domain.errors import RetryLaterError, UpstreamContractError, WmsLoginRefusedError
from invoicing.domain.foresight import Foresight, foresight_of
from invoicing.domain.integration import Integration
from invoicing.domain.integration_settings import IntegrationSettings
from invoicing.domain.wms_invoice import WmsInvoice

SECONDS_TO_ANSWER = 12.0  # with less left, no further page of the list is read


def foresee(tools: RehearsalTools, integration: Integration, settings: IntegrationSettings) -> Foresight | None:
    """With these settings, stored or not. None: Ongoing does not say; the page is shown all the same."""
    found: list[WmsInvoice] = []
    whole = True
    try:
        for page in tools.wms.unexported(login_of(integration, tools.sealer), since=date.min):
            readable = [one for one in page.invoices if isinstance(one, WmsInvoice)]
            begun = tools.exports.get_many(integration.id, [invoice.id for invoice in readable])
            found += [invoice for invoice in readable if invoice.id not in begun]
            if page.more and tools.seconds_left() < SECONDS_TO_ANSWER:
                whole = False
                break
    except (RetryLaterError, UpstreamContractError, WmsLoginRefusedError):
        return None
    return foresight_of(found, settings, now=tools.clock(), whole=whole)
