"""The dress rehearsal: what would happen to each invoice now. Reads and compares, and writes nothing anywhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from invoicing.application.know_register import refuse_customer
from invoicing.application.ports import Clock, Exports, Fortnox, Sealer, SecondsLeft, WmsInvoices
from invoicing.application.wms_login import login_of
from invoicing.domain.draft import draft_invoice
from invoicing.domain.due import Due, has_begun, when_due
from invoicing.domain.errors import InvoiceHeldError, invoice_held
from invoicing.domain.export import Export
from invoicing.domain.export_again import is_unchanged, to_change
from invoicing.domain.fortnox_invoice import Customer, InvoiceDraft
from invoicing.domain.integration import Integration
from invoicing.domain.integration_settings import IntegrationSettings, PriceMeaning
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.named_issue import named
from invoicing.domain.swedish_time import SWEDEN
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice, sharing_a_number

SECONDS_TO_ANSWER = 6.0  # with less left, Fortnox is not asked any more


class Outcome(StrEnum):
    """What would happen to an invoice."""

    CREATE = "create"
    UPDATE = "update"
    NOTHING = "nothing"  # Fortnox has exactly this
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """One invoice that is due, without its charges. `net` is what Fortnox would have; None: that cannot be known."""

    invoice: WmsInvoice | UnreadableInvoice
    record: Export | None
    outcome: Outcome
    issue: Issue | None = None
    net: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalTools:
    """What a rehearsal works with; nothing that could write is called."""

    exports: Exports
    sealer: Sealer
    wms: WmsInvoices
    fortnox: Fortnox
    clock: Clock
    seconds_left: SecondsLeft


def rehearse(tools: RehearsalTools, integration: Integration) -> Sequence[Rehearsed]:
    """Every invoice that the next run would treat. Raises like the ports of the WMS and of Fortnox."""
    settings = integration.settings
    return _Rehearsal(tools, integration, settings).all() if settings else []


class _Rehearsal:
    """One rehearsal; `_customers` are those that Fortnox was asked for."""

    def __init__(self, tools: RehearsalTools, integration: Integration, settings: IntegrationSettings) -> None:
        self._tools = tools
        self._integration = integration
        self._settings = settings
        self._customers: dict[str, Customer | None] = {}
        self._meaning = integration.detected_price_meaning

    def all(self) -> Sequence[Rehearsed]:
        login = login_of(self._integration, self._tools.sealer)
        pages = self._tools.wms.unexported(login, since=self._settings.from_date)
        return [rehearsed for page in pages for rehearsed in self._page(page.invoices)]

    def _page(self, invoices: Sequence[WmsInvoice | UnreadableInvoice]) -> Iterator[Rehearsed]:
        ids = [invoice.id for invoice in invoices if invoice.id is not None]
        records = self._tools.exports.get_many(self._integration.id, ids)
        sharing = sharing_a_number(invoices)
        for invoice in invoices:
            record = records.get(invoice.id) if invoice.id is not None else None
            if isinstance(invoice, UnreadableInvoice):
                issue = Issue(code=IssueCode.WMS_INVOICE_UNREADABLE, params={"detail": invoice.reason})
                yield Rehearsed(invoice=invoice, record=record, outcome=Outcome.HOLD, issue=issue)
            elif self._is_due(invoice, record):
                yield self._rehearse(invoice, record, shares_with=sharing.get(invoice.id))

    def _is_due(self, invoice: WmsInvoice, record: Export | None) -> bool:
        due = when_due(
            invoice,
            self._settings,
            today=self._tools.clock().astimezone(SWEDEN).date(),
            asked=invoice.id in self._integration.asked,
            begun=has_begun(record),
        )
        return due is Due.NOW

    def _rehearse(self, invoice: WmsInvoice, record: Export | None, *, shares_with: int | None) -> Rehearsed:
        draft: InvoiceDraft | None = None
        try:
            if shares_with is not None and (record is None or not record.fortnox_number):
                raise invoice_held(
                    IssueCode.NUMBER_SHARED, invoice_number=invoice.number.strip(), other_invoice=str(shares_with)
                )
            draft = self._draft(invoice)
            outcome = self._outcome(invoice, draft, record)
        except InvoiceHeldError as held:
            issue = named(held.issue, invoice, draft) if draft else held.issue
            return Rehearsed(invoice=_brief(invoice), record=record, outcome=Outcome.HOLD, issue=issue)
        return Rehearsed(invoice=_brief(invoice), record=record, outcome=outcome, net=draft.net)

    def _draft(self, invoice: WmsInvoice) -> InvoiceDraft:
        draft = draft_invoice(self._integration.id, invoice, self._settings, remembered_meaning=self._meaning)
        if draft.price_meaning is not PriceMeaning.DETECT:
            self._meaning = draft.price_meaning
        return draft.invoice

    def _outcome(self, invoice: WmsInvoice, draft: InvoiceDraft, record: Export | None) -> Outcome:
        """In the order of a run: what is unchanged needs no customer."""
        if record is None or not record.fortnox_number:
            self._check_customer(invoice, draft)
            return Outcome.CREATE
        if is_unchanged(record, draft):
            return Outcome.NOTHING
        if self._may_ask():
            there = self._tools.fortnox.invoice(record.fortnox_number)
            if to_change(record, draft, there, asked=invoice.id in self._integration.asked) is None:
                return Outcome.NOTHING
        self._check_customer(invoice, draft)
        return Outcome.UPDATE

    def _check_customer(self, invoice: WmsInvoice, draft: InvoiceDraft) -> None:
        number = draft.customer_number
        if number not in self._customers:
            if not self._may_ask():
                return
            self._customers[number] = self._tools.fortnox.customer(number)
        refuse_customer(self._customers[number], draft, invoice, self._settings)

    def _may_ask(self) -> bool:
        return self._tools.seconds_left() > SECONDS_TO_ANSWER


def _brief(invoice: WmsInvoice) -> WmsInvoice:
    """Without what takes memory and nobody looks at afterwards."""
    return replace(invoice, charges=())
