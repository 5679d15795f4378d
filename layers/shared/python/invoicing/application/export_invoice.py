"""Exports one WMS invoice to Fortnox, exactly once. docs/decisions/0006.

The record in Exports is written before Fortnox is asked and after it answered, so that a crash at any point
leaves something that the next run can go on from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from invoicing.application.interleave import Steps, outside
from invoicing.application.know_register import KnownRegister
from invoicing.application.ports import Clock, Exports, Fortnox, Side
from invoicing.domain.draft import Draft, draft_invoice
from invoicing.domain.errors import (
    AccessRefusedError,
    IntegrationHeldError,
    InvoiceHeldError,
    InvoicingError,
    NotSentError,
    RateLimitedError,
    ReconnectRequiredError,
    RetryLaterError,
    UpstreamContractError,
    invoice_held,
)
from invoicing.domain.export import EventKind, Export, ExportState, HistoryEvent, external_reference
from invoicing.domain.fortnox_invoice import FortnoxInvoice, InvoiceDraft
from invoicing.domain.integration_settings import CurrencyRule, IntegrationSettings, PriceMeaning
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.money import round_to_ore
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice

ARRIVED_AFTER = timedelta(minutes=2)  # by then a lost request has arrived, and what it made can be found
ASK_AGAIN_AFTER = timedelta(hours=1)  # what Fortnox refused is tried again this often by itself

# Issues that nobody was refused by: such an invoice is tried at every run.
_TRIED_AT_EVERY_RUN = frozenset(
    {IssueCode.FORTNOX_NOT_ANSWERING, IssueCode.WMS_NOT_ANSWERING, IssueCode.WMS_INVOICE_UNREADABLE}
)
# Issues that leave open whether a POST was carried out: Fortnox is searched before anything is posted again.
_OUTCOME_OPEN = _TRIED_AT_EVERY_RUN | {IssueCode.FOUND_TWICE, IssueCode.OUR_DEFECT}
# Issues that leave open what Fortnox made of a change.
_CHANGE_OPEN = frozenset({IssueCode.FORTNOX_NOT_ANSWERING, IssueCode.OUR_DEFECT})


class WriteBackFailedError(RetryLaterError):
    """Fortnox has the invoice; Ongoing did not take its number and mark."""


@dataclass(slots=True, kw_only=True)
class ExportTools:
    """What exports of one run work with.

    `starting` is called before the first record is written. `write_back` sets number and exported mark in
    Ongoing. `sharing` has, for each invoice whose number another one has too, the id of that other one.
    """

    integration_id: str
    settings: IntegrationSettings
    exports: Exports
    fortnox: Fortnox
    register: KnownRegister
    starting: Callable[[], None]
    write_back: Callable[[int, str], None]
    sharing: Mapping[int, int]
    clock: Clock
    new_id: Callable[[], str]
    run_id: str
    last_run_at: datetime | None  # when the run before this one ended
    by: str
    remembered_meaning: PriceMeaning = PriceMeaning.DETECT


def export_invoice(
    tools: ExportTools, invoice: WmsInvoice, record: Export | None, *, asked: bool, failed_before: bool = False
) -> Steps[Export]:
    """Takes one invoice as far as it goes now, and gives its record as it is then.

    Other invoices may go on while a call about this one is under way. Registers are asked without letting them, so
    that no two invoices create the same article.

    `failed_before`: it got no answer in the run before this one either, and becomes an issue if it gets none now.
    Raises RetryLaterError, ReconnectRequiredError, IntegrationHeldError, WmsLoginRefusedError,
    UpstreamContractError; the record is safe then, and the next run goes on from it. Any other exception is a defect
    of ours: the invoice is held as such, and the exception goes on.
    """
    export = _Export(tools, invoice, record, asked=asked)
    try:
        return (yield from export.run())
    except (AccessRefusedError, NotSentError, RateLimitedError):
        raise  # nobody is to blame for these but the moment
    except (RetryLaterError, UpstreamContractError) as error:
        if failed_before:
            export.hold_unanswered(error)
        raise
    except InvoicingError:
        raise
    except Exception as defect:
        export.hold_for_defect(defect)
        raise


def hold_unreadable(tools: ExportTools, invoice: UnreadableInvoice, record: Export | None) -> Export | None:
    """An invoice that Ongoing's answer garbles becomes an issue; one without even an id cannot be recorded."""
    if invoice.id is None:
        return None
    issue = Issue(code=IssueCode.WMS_INVOICE_UNREADABLE, params={"detail": invoice.reason})
    if record is not None and record.issue == issue:
        return record
    base = record or _blank(tools.integration_id, invoice.id)
    now = tools.clock()
    held = replace(base, state=ExportState.HELD, version=base.version + 1, issue=issue, issue_since=now, updated_at=now)
    tools.starting()
    tools.exports.save(held, event=HistoryEvent(at=now, kind=EventKind.HELD, by=tools.by, detail=issue.code))
    return held


def close_left(tools: ExportTools, record: Export) -> Steps[Export]:
    """Closes the record of an invoice that is no longer in Ongoing: nothing more is sent, and its issue is gone.

    What a lost answer left open is looked up, so that the record says what Fortnox has. Raises like export_invoice.
    """
    now, number = tools.clock(), record.fortnox_number
    if record.attempt_id and not number:
        if record.updated_at is not None and now - record.updated_at < ARRIVED_AFTER:
            return record
        hits = yield from outside(Side.FORTNOX, lambda: tools.fortnox.find_invoices(record.reference))
        there = next((hit for hit in hits if not hit.cancelled), None)
        number = there.number if there else ""
    closed = replace(
        record,
        version=record.version + 1,
        state=ExportState.DONE,
        fortnox_number=number,
        attempt_id="",
        tried="",
        issue=None,
        issue_since=None,
        updated_at=now,
    )
    tools.starting()
    tools.exports.save(closed, event=HistoryEvent(at=now, kind=EventKind.LEFT, by=tools.by, detail=number))
    return closed


class _Export:
    """One invoice on its way; `record` is always what the store has."""

    def __init__(self, tools: ExportTools, invoice: WmsInvoice, record: Export | None, *, asked: bool) -> None:
        self._tools = tools
        self._invoice = invoice
        self._asked = asked
        self.record = record or _blank(tools.integration_id, invoice.id)

    def run(self) -> Steps[Export]:
        tried = self.record.tried
        try:
            if not (yield from self._is_resolved()):
                return self.record
            if self._is_settled_by_hand():
                self.record = yield from close_left(self._tools, self.record)
                return self.record
            tried = ""
            other = self._tools.sharing.get(self._invoice.id)
            if other is not None and not self.record.fortnox_number:
                raise invoice_held(
                    IssueCode.NUMBER_SHARED, invoice_number=self._invoice.number.strip(), other_invoice=str(other)
                )
            draft = draft_invoice(
                self.record.integration_id,
                self._invoice,
                self._tools.settings,
                remembered_meaning=self._tools.remembered_meaning,
            )
            if draft.price_meaning is not PriceMeaning.DETECT:
                self._tools.remembered_meaning = draft.price_meaning
            tried = draft.invoice.fingerprint
            if self._was_refused(draft.invoice) and self._rests():
                return self.record
            if not self.record.fortnox_number:
                yield from self._create(draft)
            elif self.record.fingerprint == tried and self.record.state in {ExportState.DONE, ExportState.SENT}:
                self._unchanged()
            else:
                yield from self._update(draft)
        except InvoiceHeldError as held:
            self._hold(held.issue, tried)
        if self.record.state is ExportState.SENT:
            yield from self._write_back()
        return self.record

    def hold_unanswered(self, error: Exception) -> None:
        """Tried in vain again: a person should see it. It is still tried at every run, and where it stood is kept."""
        failed_in_wms = isinstance(error, WriteBackFailedError)
        code = IssueCode.WMS_NOT_ANSWERING if failed_in_wms else IssueCode.FORTNOX_NOT_ANSWERING
        params = {"system": self._tools.integration_id} if failed_in_wms else {}
        if self.record.state is not ExportState.HELD:
            self._hold(Issue(code=code, params=params), self.record.tried)

    def hold_for_defect(self, defect: Exception) -> None:
        """Something that we did not think of. What was under way is in doubt, as after a lost answer."""
        params = {"code": type(defect).__name__, "message": ""}
        self._hold(Issue(code=IssueCode.OUR_DEFECT, params=params), self.record.tried)

    def _is_resolved(self) -> Steps[bool]:
        """Whether what was sent last has surely arrived or not. Looks up whether a lost POST was carried out."""
        posted = bool(self.record.attempt_id) and not self.record.fortnox_number
        changing = self.record.state is ExportState.UPDATING or (
            self.record.issue is not None and self.record.issue.code in _CHANGE_OPEN
        )
        if not posted and not changing:
            return True
        at = self.record.updated_at
        if self._rests() or (at is not None and self._tools.clock() - at < ARRIVED_AFTER):
            return False
        return (yield from self._resolve_claim()) if posted else True

    def _is_settled_by_hand(self) -> bool:
        """Whether a person marked it as exported while it was held or before it was sent: that decides it."""
        in_fortnox = bool(self.record.fortnox_number) and self.record.state is not ExportState.HELD
        return self._invoice.is_exported and not self._asked and not in_fortnox

    def _resolve_claim(self) -> Steps[bool]:
        """A POST was claimed and never answered: was the invoice created? False: it cannot be told yet."""
        if self.record.attempt_run == self._tools.run_id:
            return False
        fortnox, reference = self._tools.fortnox, self.record.reference
        hits = yield from outside(Side.FORTNOX, lambda: fortnox.find_invoices(reference))
        if not hits:
            self._save(EventKind.NOT_FOUND, attempt_id="")
            return True
        # A list names neither credit notes, which may carry their invoice's reference, nor totals.
        read = yield from outside(Side.FORTNOX, lambda: [fortnox.invoice(hit.number) for hit in hits])
        found = [invoice for invoice in read if invoice is not None and not invoice.is_credit_note]
        valid = [invoice for invoice in found if not invoice.cancelled]
        if len(valid) > 1:
            raise invoice_held(IssueCode.FOUND_TWICE, fortnox_numbers=", ".join(invoice.number for invoice in valid))
        if not found:
            return False
        self._in_fortnox((valid or found)[0], EventKind.ADOPTED, fingerprint=self.record.tried)
        if not valid:
            raise invoice_held(IssueCode.INVOICE_LOCKED, fortnox_number=found[0].number, reason=found[0].locked_because)
        return True

    def _create(self, draft: Draft) -> Steps[None]:
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
            created = yield from outside(Side.FORTNOX, lambda: self._tools.fortnox.create_invoice(invoice))
        except InvoiceHeldError as refused:
            self._tools.register.forget(draft)
            yield from self._adopt_if_number_is_ours(draft, refused)
        except (AccessRefusedError, NotSentError, RateLimitedError, ReconnectRequiredError, IntegrationHeldError):
            self._save(None, attempt_id="")  # it was not carried out: the next run need not search
            raise
        else:
            self._in_fortnox(created, EventKind.CREATED, fingerprint=invoice.fingerprint)

    def _adopt_if_number_is_ours(self, draft: Draft, refused: InvoiceHeldError) -> Steps[None]:
        """An existing number never means that the invoice is ours: only the reference does."""
        number = draft.invoice.document_number
        if not number:
            raise refused
        holder = yield from outside(Side.FORTNOX, lambda: self._tools.fortnox.invoice(number))
        if holder is None:
            raise refused
        if holder.reference != draft.invoice.reference:
            raise invoice_held(IssueCode.NUMBER_TAKEN, invoice_number=number) from refused
        self._in_fortnox(holder, EventKind.ADOPTED, fingerprint="")
        yield from self._update(draft)

    def _update(self, draft: Draft) -> Steps[None]:
        """Exported again with other content, or not right yet: make Fortnox's invoice equal to the draft."""
        number = self.record.fortnox_number
        fortnox = self._tools.fortnox
        there = yield from outside(Side.FORTNOX, lambda: fortnox.invoice(number))
        if there is None or there.reference != self.record.reference:
            raise invoice_held(IssueCode.INVOICE_LOCKED, fortnox_number=number, reason="gone")
        sent_before = self.record.fingerprint == draft.invoice.fingerprint
        difference = self._difference(there)
        if sent_before and difference is None and not there.cancelled:
            self._unchanged(net=there)
            return
        if there.locked_because:
            raise invoice_held(IssueCode.INVOICE_LOCKED, fortnox_number=number, reason=there.locked_because)
        if sent_before and difference is not None and not self._asked:
            raise InvoiceHeldError(difference)  # the same again would change nothing, but undo what a person did there
        self._tools.register.prepare(draft, self._invoice)
        # From here on nobody knows what Fortnox has, until it has answered.
        self._save(EventKind.UPDATING, state=ExportState.UPDATING, fingerprint="", tried=draft.invoice.fingerprint)
        try:
            updated = yield from outside(
                Side.FORTNOX, lambda: fortnox.update_invoice(number, draft.invoice, there.row_ids)
            )
        except InvoiceHeldError:
            self._tools.register.forget(draft)
            raise
        self._in_fortnox(updated, EventKind.UPDATED, fingerprint=draft.invoice.fingerprint)

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
        issue = self._difference(invoice) if fingerprint else None
        self._save(
            kind,
            detail=f"{invoice.number} {invoice.net}",
            state=ExportState.SENT if issue is None else ExportState.HELD,
            fortnox_number=invoice.number,
            fortnox_net=invoice.net,
            fingerprint=fingerprint,
            tried="" if issue is None else fingerprint,
            issue=issue,
            issue_since=None if issue is None else self._tools.clock(),
        )

    def _difference(self, there: FortnoxInvoice) -> Issue | None:
        """What makes Fortnox's invoice another one than Ongoing's: its currency or its total."""
        owner = self._invoice.goods_owner
        amount = round_to_ore(self._invoice.amount)
        currency = "" if self._tools.settings.currency_rule is CurrencyRule.FROM_FORTNOX else owner.currency
        if currency and there.currency and currency != there.currency:
            params = {
                "customer_number": owner.customer_code.strip(),
                "customer_currency": there.currency,
                "invoice_currency": currency,
            }
            return Issue(code=IssueCode.CURRENCY_DIFFERS, params=params)
        if there.net == amount:
            return None
        return Issue(
            code=IssueCode.TOTAL_DIFFERS,
            params={
                "invoice_amount": str(amount),
                "fortnox_net": str(there.net),
                "fortnox_number": there.number,
                "currency": owner.currency,
            },
        )

    def _write_back(self) -> Steps[None]:
        invoice_id, number = self.record.invoice_id, self.record.fortnox_number
        try:
            yield from outside(Side.ONGOING, lambda: self._tools.write_back(invoice_id, number))
        except (RetryLaterError, UpstreamContractError) as error:
            raise WriteBackFailedError(str(error)) from error
        self._save(EventKind.WRITTEN_BACK, detail=number, state=ExportState.DONE)

    def _hold(self, issue: Issue, tried: str) -> None:
        open_attempt = self.record.fortnox_number or issue.code in _OUTCOME_OPEN
        attempt_id = self.record.attempt_id if open_attempt else ""  # what Fortnox refused was not carried out
        known = self.record.state is ExportState.HELD and self.record.issue == issue
        if known and (self.record.tried, self.record.attempt_id) == (tried, attempt_id):
            return
        self._save(
            None if known else EventKind.HELD,
            detail=issue.code,
            state=ExportState.HELD,
            issue=issue,
            issue_since=self.record.issue_since if known else self._tools.clock(),
            tried=tried,
            attempt_id=attempt_id,
        )

    def _was_refused(self, draft: InvoiceDraft) -> bool:
        """Whether Fortnox refused this very invoice before."""
        return (
            self.record.state is ExportState.HELD
            and self.record.tried == draft.fingerprint
            and self.record.wms_number == self._invoice.number
        )

    def _rests(self) -> bool:
        """Whether a held invoice waits for its next hour, counted from its issue, so that waiting costs no write."""
        since, before, issue = self.record.issue_since, self._tools.last_run_at, self.record.issue
        if self._asked or self.record.state is not ExportState.HELD or since is None or before is None:
            return False
        if issue is not None and issue.code in _TRIED_AT_EVERY_RUN:
            return False
        return (self._tools.clock() - since) // ASK_AGAIN_AFTER == (before - since) // ASK_AGAIN_AFTER

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
        self._tools.starting()
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
