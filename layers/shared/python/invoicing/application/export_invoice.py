"""Exports one WMS invoice to Fortnox, exactly once. docs/decisions/0006.

The record in Exports is written before Fortnox is asked and after it answered, so that a crash at any point
leaves something that the next run can go on from.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from invoicing.application.know_register import KnownRegister
from invoicing.application.ports import Clock, Exports, Fortnox
from invoicing.domain.draft import Draft, draft_invoice
from invoicing.domain.errors import (
    AccessRefusedError,
    IntegrationHeldError,
    InvoiceHeldError,
    NotSentError,
    RateLimitedError,
    ReconnectRequiredError,
)
from invoicing.domain.export import EventKind, Export, ExportState, HistoryEvent, external_reference
from invoicing.domain.fortnox_invoice import FortnoxInvoice, InvoiceDraft
from invoicing.domain.integration_settings import IntegrationSettings, PriceMeaning
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.money import round_to_ore
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice

SEARCH_AFTER = timedelta(minutes=2)  # by then a lost POST has arrived and can be found
ASK_AGAIN_AFTER = timedelta(hours=1)  # what Fortnox refused is tried again this often by itself


@dataclass(slots=True, kw_only=True)
class ExportTools:
    """What exports of one run work with. `write_back` sets number and exported mark in Ongoing."""

    integration_id: str
    settings: IntegrationSettings
    exports: Exports
    fortnox: Fortnox
    register: KnownRegister
    write_back: Callable[[int, str], None]
    clock: Clock
    new_id: Callable[[], str]
    run_id: str
    by: str
    remembered_meaning: PriceMeaning = PriceMeaning.DETECT


def export_invoice(tools: ExportTools, invoice: WmsInvoice, record: Export | None, *, asked: bool) -> Export:
    """Takes one invoice as far as it goes now, and gives its record as it is then.

    Raises RetryLaterError, ReconnectRequiredError, IntegrationHeldError, WmsLoginRefusedError; the record is
    safe then, and the next run goes on from it.
    """
    return _Export(tools, invoice, record).run(asked=asked)


def hold_unreadable(tools: ExportTools, invoice: UnreadableInvoice, record: Export | None) -> None:
    """An invoice that Ongoing's answer garbles becomes an issue; one without even an id cannot be recorded."""
    if invoice.id is None or (record is not None and record.state is not ExportState.HELD):
        return
    issue = Issue(code=IssueCode.WMS_INVOICE_UNREADABLE, params={"detail": invoice.reason})
    if record is not None and record.issue == issue:
        return
    base = record or _blank(tools.integration_id, invoice.id)
    now = tools.clock()
    held = replace(base, state=ExportState.HELD, version=base.version + 1, issue=issue, issue_since=now, updated_at=now)
    tools.exports.save(held, event=HistoryEvent(at=now, kind=EventKind.HELD, by=tools.by, detail=issue.code))


class _Export:
    """One invoice on its way; `record` is always what the store has."""

    def __init__(self, tools: ExportTools, invoice: WmsInvoice, record: Export | None) -> None:
        self._tools = tools
        self._invoice = invoice
        self.record = record or _blank(tools.integration_id, invoice.id)

    def run(self, *, asked: bool) -> Export:
        tried = ""
        try:
            if self.record.state is ExportState.CLAIMED and self.record.version and not self._resolve_claim():
                return self.record
            draft = draft_invoice(
                self.record.integration_id,
                self._invoice,
                self._tools.settings,
                remembered_meaning=self._tools.remembered_meaning,
            )
            tried = draft.invoice.fingerprint
            if not asked and self._was_refused_recently(draft.invoice):
                return self.record
            if not self.record.fortnox_number:
                self._create(draft)
            elif self.record.fingerprint == tried and self.record.state in {ExportState.DONE, ExportState.SENT}:
                self._unchanged()
            else:
                self._update(draft)
            if draft.price_meaning is not PriceMeaning.DETECT:
                self._tools.remembered_meaning = draft.price_meaning
        except InvoiceHeldError as held:
            self._hold(held.issue, tried)
        if self.record.state is ExportState.SENT:
            self._write_back()
        return self.record

    def _resolve_claim(self) -> bool:
        """A POST was claimed and never answered: was the invoice created? False: too early to tell."""
        if not self.record.attempt_id:
            return True  # it certainly was not carried out
        claimed_at = self.record.updated_at
        if self.record.attempt_run == self._tools.run_id or (
            claimed_at is not None and self._tools.clock() - claimed_at < SEARCH_AFTER
        ):
            return False
        hits = self._tools.fortnox.find_invoices(self.record.reference)
        if len(hits) > 1:
            numbers = ", ".join(hit.number for hit in hits)
            raise _held(IssueCode.FOUND_TWICE, fortnox_numbers=numbers)
        if not hits:
            self._save(EventKind.NOT_FOUND, attempt_id="")
            return True
        invoice = self._tools.fortnox.invoice(hits[0].number)
        if invoice is None:
            return False
        self._in_fortnox(invoice, EventKind.ADOPTED, fingerprint=self.record.tried)
        return True

    def _create(self, draft: Draft) -> None:
        invoice = draft.invoice
        self._tools.register.prepare(draft, self._invoice)
        self._save(
            EventKind.CLAIMED,
            detail=invoice.reference,
            state=ExportState.CLAIMED,
            attempt_id=self._tools.new_id(),
            attempt_run=self._tools.run_id,
            tried=invoice.fingerprint,
            issue=None,
            issue_since=None,
        )
        try:
            created = self._tools.fortnox.create_invoice(invoice)
        except InvoiceHeldError as refused:
            self._tools.register.forget(draft)
            self._adopt_if_number_is_ours(draft, refused)
        except (AccessRefusedError, NotSentError, RateLimitedError, ReconnectRequiredError, IntegrationHeldError):
            self._save(None, attempt_id="")  # it was not carried out: the next run need not search
            raise
        else:
            self._in_fortnox(created, EventKind.CREATED, fingerprint=invoice.fingerprint)

    def _adopt_if_number_is_ours(self, draft: Draft, refused: InvoiceHeldError) -> None:
        """An existing number never means that the invoice is ours: only the reference does."""
        number = draft.invoice.document_number
        holder = self._tools.fortnox.invoice(number) if number else None
        if holder is None:
            raise refused
        if holder.reference != draft.invoice.reference:
            raise _held(IssueCode.NUMBER_TAKEN, invoice_number=number) from refused
        self._in_fortnox(holder, EventKind.ADOPTED, fingerprint="")
        self._update(draft)

    def _update(self, draft: Draft) -> None:
        """Exported again with other content, or not right yet: make Fortnox's invoice equal to the draft."""
        number = self.record.fortnox_number
        there = self._tools.fortnox.invoice(number)
        if there is None or there.reference != self.record.reference:
            raise _held(IssueCode.INVOICE_LOCKED, fortnox_number=number, reason="gone")
        if self._right_already(there, draft.invoice):
            self._unchanged(net=there)
            return
        if there.locked_because:
            raise _held(IssueCode.INVOICE_LOCKED, fortnox_number=number, reason=there.locked_because)
        self._tools.register.prepare(draft, self._invoice)
        self._save(EventKind.UPDATING, state=ExportState.UPDATING, tried=draft.invoice.fingerprint)
        updated = self._tools.fortnox.update_invoice(number, draft.invoice, there.row_ids)
        self._in_fortnox(updated, EventKind.UPDATED, fingerprint=draft.invoice.fingerprint)

    def _right_already(self, there: FortnoxInvoice, draft: InvoiceDraft) -> bool:
        """Held for its total, and a person has put it right in Fortnox."""
        return (
            self.record.state is not ExportState.UPDATING
            and self.record.fingerprint == draft.fingerprint
            and there.net == draft.net
        )

    def _unchanged(self, net: FortnoxInvoice | None = None) -> None:
        if self.record.state is ExportState.SENT:
            return
        self._save(
            EventKind.UNCHANGED,
            state=ExportState.SENT,
            fortnox_net=net.net if net else self.record.fortnox_net,
            tried="",
            issue=None,
            issue_since=None,
        )

    def _in_fortnox(self, invoice: FortnoxInvoice, kind: EventKind, *, fingerprint: str) -> None:
        """Fortnox has it: keep its number, and compare the totals. A difference is an issue, in the same write."""
        amount = round_to_ore(self._invoice.amount)
        differs = invoice.net != amount and bool(fingerprint)
        issue = Issue(
            code=IssueCode.TOTAL_DIFFERS,
            params={
                "invoice_amount": str(amount),
                "fortnox_net": str(invoice.net),
                "fortnox_number": invoice.number,
                "currency": self._invoice.goods_owner.currency,
            },
        )
        self._save(
            kind,
            detail=f"{invoice.number} {invoice.net}",
            state=ExportState.HELD if differs else ExportState.SENT,
            fortnox_number=invoice.number,
            fortnox_net=invoice.net,
            fingerprint=fingerprint,
            tried=fingerprint if differs else "",
            issue=issue if differs else None,
            issue_since=self._tools.clock() if differs else None,
        )

    def _write_back(self) -> None:
        self._tools.write_back(self.record.invoice_id, self.record.fortnox_number)
        self._save(EventKind.WRITTEN_BACK, detail=self.record.fortnox_number, state=ExportState.DONE)

    def _hold(self, issue: Issue, tried: str) -> None:
        known = self.record.state is ExportState.HELD and self.record.issue == issue
        if known and self.record.tried == tried == "":
            return
        self._save(
            None if known else EventKind.HELD,
            detail=issue.code,
            state=ExportState.HELD,
            issue=issue,
            issue_since=self.record.issue_since if known else self._tools.clock(),
            tried=tried,
        )

    def _was_refused_recently(self, draft: InvoiceDraft) -> bool:
        return (
            self.record.state is ExportState.HELD
            and self.record.tried == draft.fingerprint
            and self.record.updated_at is not None
            and self._tools.clock() - self.record.updated_at < ASK_AGAIN_AFTER
        )

    def _save(self, kind: EventKind | None, *, detail: str = "", **changes: Any) -> None:
        """Writes the next version of the record, with what Ongoing says now, and one line of history."""
        now = self._tools.clock()
        invoice = self._invoice
        record = replace(
            self.record,
            version=self.record.version + 1,
            wms_number=invoice.number,
            goods_owner=invoice.goods_owner.name,
            customer_number=invoice.goods_owner.customer_code.strip(),
            invoice_date=invoice.invoice_date,
            amount=invoice.amount,
            currency=invoice.goods_owner.currency,
            updated_at=now,
            **changes,
        )
        event = HistoryEvent(at=now, kind=kind, by=self._tools.by, detail=detail) if kind else None
        self._tools.exports.save(record, event=event)
        self.record = record


def _blank(integration_id: str, invoice_id: int) -> Export:
    """An export that is not stored yet."""
    return Export(
        integration_id=integration_id,
        invoice_id=invoice_id,
        state=ExportState.CLAIMED,
        version=0,
        reference=external_reference(integration_id, invoice_id),
    )


def _held(code: IssueCode, **params: str) -> InvoiceHeldError:
    return InvoiceHeldError(Issue(code=code, params=params))
