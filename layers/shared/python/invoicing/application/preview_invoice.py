"""What would be sent for one invoice, without sending anything."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from invoicing.application.interleave import take_alone
from invoicing.application.judge_invoice import JudgeTools, judge_invoice
from invoicing.application.rehearse import RehearsalTools, judge_tools
from invoicing.application.wms_login import login_of
from invoicing.domain.due import Due, due_of
from invoicing.domain.errors import IntegrationHeldError, ReconnectRequiredError, RetryLaterError, UpstreamContractError
from invoicing.domain.export import Export
from invoicing.domain.integration import Integration
from invoicing.domain.integration_settings import IntegrationSettings
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.keys import clean_key
from invoicing.domain.verdict import Intention, Verdict
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice, WmsLogin, sharing_a_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One invoice as Ongoing has it now, and what a run would do with it once it is `due`.

    `record` is what we know of it, if anything. Not `compared`: Fortnox did not answer, and the verdict is only about
    what Ongoing has.
    """

    invoice: WmsInvoice | UnreadableInvoice
    record: Export | None
    due: Due
    verdict: Verdict
    compared: bool = True


def preview_invoice(tools: RehearsalTools, integration: Integration, invoice_id: int) -> Preview | None:
    """Reads the invoice as it is now; None if the system has none with that id. Raises like the WMS port."""
    settings = integration.settings
    if settings is None:
        return None
    login = login_of(integration, tools.sealer)
    invoice = tools.wms.by_id(login, invoice_id)
    if invoice is None:
        return None
    record = tools.exports.get(integration.id, invoice_id)
    shares_with, before = _beside(tools, integration, settings, login, invoice)

    def judged(judging: JudgeTools) -> Verdict:
        for other, its_record in before:  # guards compare with what the same run makes
            take_alone(judge_invoice(judging, other, its_record, asked=other.id in integration.asked))
        asked = invoice_id in integration.asked
        return take_alone(judge_invoice(judging, invoice, record, asked=asked, shares_with=shares_with))

    compared = True
    try:
        verdict = judged(judge_tools(tools, integration, settings))
    except (IntegrationHeldError, ReconnectRequiredError, RetryLaterError, UpstreamContractError) as error:
        compared = False
        verdict = judged(judge_tools(tools, integration, settings, may_ask=lambda: False))
        if stopped := _issue_of(error, integration):
            verdict = replace(verdict, intention=Intention.HOLD, issue=verdict.issue or stopped)
    due = due_of(integration, invoice, record, now=tools.clock()) if isinstance(invoice, WmsInvoice) else Due.NOW
    return Preview(invoice=invoice, record=record, due=due, verdict=verdict, compared=compared)


def _issue_of(error: Exception, integration: Integration) -> Issue | None:
    """What stops every invoice of the integration; None: only this moment does."""
    if isinstance(error, IntegrationHeldError):
        return error.issue
    if isinstance(error, ReconnectRequiredError):
        return Issue(code=IssueCode.CONNECTION_BROKEN, params={"company": integration.company.name})
    return None


def _beside(
    tools: RehearsalTools,
    integration: Integration,
    settings: IntegrationSettings,
    login: WmsLogin,
    invoice: WmsInvoice | UnreadableInvoice,
) -> tuple[int | None, list[tuple[WmsInvoice, Export | None]]]:
    """The id of another unexported invoice with its number; and what a run makes before it, for guards to compare with.

    Only an invoice that has a number, or that is guarded, costs a look at the list.
    """
    shares_with: int | None = None
    before: list[tuple[WmsInvoice, Export | None]] = []
    if not isinstance(invoice, WmsInvoice) or not (clean_key(invoice.number) or settings.guards):
        return shares_with, before
    for page in tools.wms.unexported(login, since=settings.from_date):
        others = [one for one in page.invoices if one.id != invoice.id]
        if shares_with is None:
            shares_with = sharing_a_number([invoice, *others]).get(invoice.id)
        if settings.guards:
            before += _made_before(tools, integration, invoice, others)
        elif shares_with is not None:
            break
    return shares_with, before


def _made_before(
    tools: RehearsalTools,
    integration: Integration,
    invoice: WmsInvoice,
    others: Sequence[WmsInvoice | UnreadableInvoice],
) -> list[tuple[WmsInvoice, Export | None]]:
    """What of a page a run looks at before it, of the same goods owner, and Fortnox does not have yet."""
    earlier = [
        one
        for one in others
        if isinstance(one, WmsInvoice) and one.id < invoice.id and one.goods_owner.name == invoice.goods_owner.name
    ]
    records = tools.exports.get_many(integration.id, [one.id for one in earlier])
    found: list[tuple[WmsInvoice, Export | None]] = []
    for other in earlier:
        record = records.get(other.id)
        is_there = record is not None and bool(record.fortnox_number)
        if not is_there and due_of(integration, other, record, now=tools.clock()) is Due.NOW:
            found.append((other, record))
    return found
