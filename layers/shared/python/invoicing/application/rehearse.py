"""The dress rehearsal: what would happen to each invoice now. Reads and compares, and writes nothing anywhere."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from invoicing.application.guard_invoice import guards_of
from invoicing.application.interleave import take_alone
from invoicing.application.judge_invoice import JudgeTools, judge_invoice
from invoicing.application.know_register import KnownRegister
from invoicing.application.ports import Clock, Exports, Fortnox, Sealer, SecondsLeft, WmsInvoices
from invoicing.application.wms_login import login_of
from invoicing.domain.due import Due, due_of
from invoicing.domain.export import Export
from invoicing.domain.hint import Hint
from invoicing.domain.integration import Integration
from invoicing.domain.integration_settings import IntegrationSettings
from invoicing.domain.issue import Issue
from invoicing.domain.verdict import Intention, Verdict
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice, sharing_a_number

SECONDS_TO_ANSWER = 6.0  # with less left, Fortnox is not asked any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """One invoice that is due, without its charges. `net` is what Fortnox would have; None: that cannot be known."""

    invoice: WmsInvoice | UnreadableInvoice
    record: Export | None
    intention: Intention
    issue: Issue | None = None
    net: Decimal | None = None
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalTools:
    """What rehearsals and previews work with; nothing that could write is called."""

    exports: Exports
    sealer: Sealer
    wms: WmsInvoices
    fortnox: Fortnox
    clock: Clock
    seconds_left: SecondsLeft


def rehearse(tools: RehearsalTools, integration: Integration) -> Sequence[Rehearsed]:
    """Every invoice that the next run would treat. Raises like the ports of the WMS and of Fortnox."""
    settings = integration.settings
    if settings is None:
        return []
    judging = judge_tools(tools, integration, settings)
    pages = tools.wms.unexported(login_of(integration, tools.sealer), since=settings.from_date)
    return [one for page in pages for one in _page(tools, judging, integration, page.invoices)]


def judge_tools(
    tools: RehearsalTools,
    integration: Integration,
    settings: IntegrationSettings,
    *,
    may_ask: Callable[[], bool] | None = None,
) -> JudgeTools:
    """Tools to judge with as the next run would, except that nothing is believed without looking.

    `may_ask` says whether Fortnox may be asked; by default while there is time.
    """
    register = KnownRegister(
        integration_id=integration.id,
        settings=settings,
        exports=tools.exports,
        fortnox=tools.fortnox,
        clock=tools.clock,
        remembered=False,
        may_ask=may_ask or (lambda: tools.seconds_left() > SECONDS_TO_ANSWER),
    )
    return JudgeTools(
        integration_id=integration.id,
        settings=settings,
        fortnox=tools.fortnox,
        register=register,
        clock=tools.clock,
        last_run_at=integration.last_run.finished_at if integration.last_run else None,
        remembered_meaning=integration.detected_price_meaning,
        guards=guards_of(
            integration.id,
            settings,
            exports=tools.exports,
            wms=tools.wms,
            login=lambda: login_of(integration, tools.sealer),
            clock=tools.clock,
        ),
    )


def _page(
    tools: RehearsalTools,
    judging: JudgeTools,
    integration: Integration,
    invoices: Sequence[WmsInvoice | UnreadableInvoice],
) -> Iterator[Rehearsed]:
    records = tools.exports.get_many(integration.id, [one.id for one in invoices if one.id is not None])
    sharing = sharing_a_number(invoices)
    for invoice in invoices:
        record = records.get(invoice.id) if invoice.id is not None else None
        if isinstance(invoice, WmsInvoice) and due_of(integration, invoice, record, now=tools.clock()) is not Due.NOW:
            continue
        verdict = take_alone(
            judge_invoice(
                judging,
                invoice,
                record,
                asked=invoice.id in integration.asked,
                shares_with=sharing.get(invoice.id) if invoice.id is not None else None,
            )
        )
        yield _brief(invoice, record, verdict)


def _brief(invoice: WmsInvoice | UnreadableInvoice, record: Export | None, verdict: Verdict) -> Rehearsed:
    """Without rows, which take memory and nobody looks at afterwards."""
    return Rehearsed(
        invoice=replace(invoice, charges=()) if isinstance(invoice, WmsInvoice) else invoice,
        record=record,
        intention=verdict.intention,
        issue=verdict.issue,
        net=verdict.draft.invoice.net if verdict.draft and verdict.intention is not Intention.HOLD else None,
        hints=verdict.hints,
    )
