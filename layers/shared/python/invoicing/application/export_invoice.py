"""Exports one WMS invoice to Fortnox, exactly once. docs/decisions/0006.

The record in Exports is written before Fortnox is asked and after it answered, so that a crash at any point
leaves something that the next run can go on from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from invoicing.application.interleave import outside
from invoicing.application.judge_invoice import TRIED_AT_EVERY_RUN, JudgeTools, judge_invoice, rests, unreadable
from invoicing.application.know_register import KnownRegister
from invoicing.application.ports import Clock, Exports, Fortnox, Side
from invoicing.domain.draft import Draft
from invoicing.domain.due_date import due_date
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
from invoicing.domain.export_again import difference, to_change
from invoicing.domain.fortnox_invoice import FortnoxInvoice, InvoiceDraft
from invoicing.domain.head_texts import HeadTexts, changed_texts, filled_by, not_cleared, now_filled
from invoicing.domain.integration_settings import CurrencyRule
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.money import round_to_ore
from invoicing.domain.named_issue import named
from invoicing.domain.swedish_time import SWEDEN
from invoicing.domain.verdict import Intention, Verdict
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice

ARRIVED_AFTER = timedelta(minutes=2)  # by then a lost request has arrived, and what it made can be found

# Issues that leave open whether a POST was carried out: Fortnox is searched before anything is posted again.
_OUTCOME_OPEN = TRIED_AT_EVERY_RUN | {IssueCode.FOUND_TWICE, IssueCode.OUR_DEFECT}
# Issues that leave open what Fortnox made of a change.
_CHANGE_OPEN = frozenset({IssueCode.FORTNOX_NOT_ANSWERING, IssueCode.OUR_DEFECT})


class WriteBackFailedError(RetryLaterError):
    """Fortnox has the invoice; Ongoing did not take its number and mark."""


@dataclass(slots=True, kw_only=True)
class ExportTools:
    """What exports of one run work with.

    `starting` is called before the first record is written. `write_back` sets number and exported mark in
    Ongoing.
    """

    integration_id: str
    judging: JudgeTools
    exports: Exports
    fortnox: Fortnox
    register: KnownRegister
    starting: Callable[[], None]
    write_back: Callable[[int, str], None]
    clock: Clock
    new_id: Callable[[], str]
    by: str


async def export_invoice(
    tools: ExportTools,
    invoice: WmsInvoice,
    record: Export | None,
    *,
    asked: bool,
    shares_with: int | None = None,
    failed_before: bool = False,
) -> Export:
    """Takes one invoice as far as it goes now, and gives its record as it is then.

    Other invoices may go on while a call about this one is under way. Registers are asked without letting them, so
    that no two invoices create the same article.

    `shares_with` is the id of another invoice with the same number. `failed_before`: it got no answer in the run
    before this one either, and becomes an issue if it gets none now.

    Raises RetryLaterError, ReconnectRequiredError, IntegrationHeldError, WmsLoginRefusedError,
    UpstreamContractError; the record is safe then, and the next run goes on from it. Any other exception is a defect
    of ours: the invoice is held as such, and the exception goes on.
    """
    export = _Export(tools, invoice, record, asked=asked, shares_with=shares_with)
    try:
        return await export.run()
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


def hold_unreadable(
    tools: ExportTools, invoice: UnreadableInvoice, record: Export | None, *, asked: bool
) -> Export | None:
    """An invoice that Ongoing's answer garbles becomes an issue; one without even an id cannot be recorded."""
    if invoice.id is None:
        return None
    issue = unreadable(invoice)
    base = record or _blank(tools.integration_id, invoice.id)
    wanted = base.wanted or asked
    if (base.issue, base.wanted) == (issue, wanted):
        return base
    now = tools.clock()
    held = replace(
        base,
        state=ExportState.HELD,
        version=base.version + 1,
        wanted=wanted,
        issue=issue,
        issue_since=now,
        updated_at=now,
    )
    tools.starting()
    tools.exports.save(held, event=HistoryEvent(at=now, kind=EventKind.HELD, by=tools.by, issue=issue.code))
    return held


async def settle_deleted(tools: ExportTools, record: Export, *, asked: bool) -> Export:
    """An invoice that is no longer in Ongoing: what Fortnox has of it becomes an issue, else it is closed.

    The issue ends when the invoice is cancelled or credited in Fortnox, or when a person asks for it to be left as it
    is. What a lost answer left open is looked up. Raises like export_invoice.
    """
    there: FortnoxInvoice | None = None
    if record.fortnox_number:
        if rests(tools.judging, record, asked=asked):
            return record
        there = await outside(Side.FORTNOX, lambda: tools.fortnox.invoice(record.fortnox_number))
    elif record.attempt_id:
        if record.updated_at is not None and tools.clock() - record.updated_at < ARRIVED_AFTER:
            return record
        found = await _with_our_reference(tools.fortnox, record.reference)
        if found is not None and not found:
            return record
        there = next((invoice for invoice in found or () if not invoice.cancelled), None)
    number = record.fortnox_number or (there.number if there else "")
    if there is None or there.cancelled or there.credit_of or asked:
        return _close(tools, record, number)
    issue = Issue(code=IssueCode.DELETED_IN_WMS, params={"fortnox_number": number})
    if record.issue == issue:
        return record
    return _settle(tools, record, EventKind.HELD, state=ExportState.HELD, fortnox_number=number, issue=issue)


def _close(tools: ExportTools, record: Export, number: str) -> Export:
    """Nothing more is to be done, and its issue is gone."""
    return _settle(tools, record, EventKind.LEFT, state=ExportState.DONE, fortnox_number=number, issue=None)


def _settle(
    tools: ExportTools, record: Export, kind: EventKind, *, state: ExportState, fortnox_number: str, issue: Issue | None
) -> Export:
    now = tools.clock()
    settled = replace(
        record,
        version=record.version + 1,
        state=state,
        wanted=False,
        fortnox_number=fortnox_number,
        attempt_id="",
        tried="",
        issue=issue,
        issue_since=now if issue else None,
        updated_at=now,
    )
    event = HistoryEvent(
        at=now,
        kind=kind,
        by=tools.by,
        fortnox_number="" if issue else fortnox_number,
        issue=issue.code if issue else None,
    )
    tools.starting()
    tools.exports.save(settled, event=event)
    return settled


async def _with_our_reference(fortnox: Fortnox, reference: str) -> Sequence[FortnoxInvoice] | None:
    """The invoices that carry our reference; None if nothing does, not even a credit note."""
    hits = await outside(Side.FORTNOX, lambda: fortnox.find_invoices(reference))
    # A list names neither credit notes, which may carry their invoice's reference, nor totals.
    read = await outside(Side.FORTNOX, lambda: [fortnox.invoice(hit.number) for hit in hits])
    return [invoice for invoice in read if invoice is not None and not invoice.is_credit_note] if hits else None


class _Export:
    """One invoice on its way; `record` is always what the store has."""

    def __init__(
        self,
        tools: ExportTools,
        invoice: WmsInvoice,
        record: Export | None,
        *,
        asked: bool,
        shares_with: int | None,
    ) -> None:
        self._tools = tools
        self._invoice = invoice
        self._asked = asked
        self._shares_with = shares_with
        self.record = record or _blank(tools.integration_id, invoice.id)

    async def run(self) -> Export:
        tried = self.record.tried
        drafted: InvoiceDraft | None = None
        try:
            if not (await self._is_resolved()):
                return self.record
            if self._is_settled_by_hand():
                self.record = _close(self._tools, self.record, self.record.fortnox_number)
                return self.record
            tried = ""
            verdict = await judge_invoice(
                self._tools.judging,
                self._invoice,
                self.record,
                asked=self._asked,
                shares_with=self._shares_with,
            )
            drafted = verdict.draft.invoice if verdict.draft else None
            tried = drafted.fingerprint if drafted else ""
            await self._carry_out(verdict)
        except InvoiceHeldError as held:
            self._hold(named(held.issue, self._invoice, drafted) if drafted else held.issue, tried)
        if self.record.state is ExportState.SENT:
            await self._write_back()
        return self.record

    async def _carry_out(self, verdict: Verdict) -> None:
        """Does what was decided. What Fortnox then refuses raises InvoiceHeldError."""
        draft, there = verdict.draft, verdict.there
        if verdict.issue is not None:
            raise InvoiceHeldError(verdict.issue)
        if verdict.intention is Intention.NOTHING:
            self._unchanged(net=there)
        elif verdict.intention is Intention.CREATE and draft is not None:
            await self._create(draft)
        elif draft is not None and there is not None:
            await self._update(draft, there)

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

    async def _is_resolved(self) -> bool:
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
        return await self._resolve_claim() if posted else True

    def _is_settled_by_hand(self) -> bool:
        """Whether a person marked it as exported while it was held or before it was sent: that decides it."""
        in_fortnox = bool(self.record.fortnox_number) and self.record.state is not ExportState.HELD
        return self._invoice.is_exported and not self._asked and not in_fortnox

    async def _resolve_claim(self) -> bool:
        """A POST was claimed and never answered: was the invoice created? False: it cannot be told yet."""
        found = await _with_our_reference(self._tools.fortnox, self.record.reference)
        if found is None:
            self._save(EventKind.NOT_FOUND, attempt_id="")
            return True
        valid = [invoice for invoice in found if not invoice.cancelled]
        if len(valid) > 1:
            raise invoice_held(IssueCode.FOUND_TWICE, fortnox_numbers=", ".join(invoice.number for invoice in valid))
        if not found:
            return False
        self._in_fortnox((valid or found)[0], EventKind.ADOPTED, fingerprint=self.record.tried)
        if not valid:
            raise invoice_held(IssueCode.INVOICE_LOCKED, fortnox_number=found[0].number, reason=found[0].locked_because)
        return True

    async def _create(self, draft: Draft) -> None:
        register = self._tools.register
        register.create_missing(draft, self._invoice)
        invoice = register.completed(draft, self._invoice)
        customer = register.customer(invoice.customer_number)
        self._save(
            EventKind.CLAIMED,
            said={"reference": invoice.reference},
            state=ExportState.CLAIMED,
            attempt_id=self._tools.new_id(),
            tried=draft.invoice.fingerprint,
            customer_name=customer.name if customer else "",
            vat_type=customer.vat_type if customer else "",
            filled=filled_by(invoice),
            issue=None,
            issue_since=None,
        )
        try:
            created = await outside(Side.FORTNOX, lambda: self._tools.fortnox.create_invoice(invoice))
        except InvoiceHeldError as refused:
            self._tools.register.forget(draft, refused.issue)
            await self._adopt_if_number_is_ours(draft, refused)
        except (AccessRefusedError, NotSentError, RateLimitedError, ReconnectRequiredError, IntegrationHeldError):
            self._save(None, attempt_id="")  # it was not carried out: the next run need not search
            raise
        else:
            self._in_fortnox(created, EventKind.CREATED, fingerprint=draft.invoice.fingerprint)
            await self._count_from_sending(invoice, created)

    async def _adopt_if_number_is_ours(self, draft: Draft, refused: InvoiceHeldError) -> None:
        """An existing number never means that the invoice is ours: only the reference does."""
        number = draft.invoice.document_number
        if not number:
            raise refused
        holder = await outside(Side.FORTNOX, lambda: self._tools.fortnox.invoice(number))
        if holder is None:
            raise refused
        if holder.reference != draft.invoice.reference:
            raise invoice_held(IssueCode.NUMBER_TAKEN, invoice_number=number) from refused
        self._in_fortnox(holder, EventKind.ADOPTED, fingerprint="")
        changing = to_change(self.record, draft.invoice, holder, asked=self._asked)
        if changing is not None:
            self._tools.register.check(draft, self._invoice)
            await self._update(draft, changing)

    async def _update(self, draft: Draft, there: FortnoxInvoice) -> None:
        """Makes Fortnox's invoice, which may be changed, equal to the draft."""
        register = self._tools.register
        register.create_missing(draft, self._invoice)
        invoice = register.completed(draft, self._invoice)
        changed = changed_texts(there, self.record.filled, filled_by(invoice))
        # From here on nobody knows what Fortnox has, until it has answered.
        self._save(
            EventKind.UPDATING,
            state=ExportState.UPDATING,
            fingerprint="",
            tried=draft.invoice.fingerprint,
        )
        try:
            updated = await outside(Side.FORTNOX, lambda: self._tools.fortnox.update_invoice(there, invoice, changed))
        except InvoiceHeldError as refused:
            self._tools.register.forget(draft, refused.issue)
            raise
        self._in_fortnox(
            updated,
            EventKind.UPDATED,
            fingerprint=draft.invoice.fingerprint,
            filled=now_filled(self.record.filled, changed),
        )
        if left := not_cleared(updated, changed):
            raise invoice_held(IssueCode.TEXT_NOT_CLEARED, fortnox_number=updated.number, **left)

    async def _count_from_sending(self, invoice: InvoiceDraft, created: FortnoxInvoice) -> None:
        """Terms that only Fortnox knows are learned from its answer, and then counted from today."""
        settings, today = self._tools.judging.settings, self._tools.clock().astimezone(SWEDEN).date()
        wanted = due_date(invoice.invoice_date, None, settings.due_date_from, today=today, said=created.due_date)
        if invoice.due_date is None and wanted is not None and wanted != created.due_date:
            await outside(Side.FORTNOX, lambda: self._tools.fortnox.set_due_date(created.number, wanted))

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

    def _in_fortnox(
        self, invoice: FortnoxInvoice, kind: EventKind, *, fingerprint: str, filled: HeadTexts | None = None
    ) -> None:
        """Fortnox has it: keep its number, and compare the totals. A difference is an issue, in the same write."""
        owner = self._invoice.goods_owner
        currency = "" if self._tools.judging.settings.currency_rule is CurrencyRule.FROM_FORTNOX else owner.currency
        differs = difference(
            invoice,
            round_to_ore(self._invoice.amount),
            currency=currency,
            customer_number=owner.customer_number,
        )
        register = self._tools.register
        doubtful = differs or register.doubtful_vat(invoice, self._invoice, self.record.vat_type)
        issue = doubtful if fingerprint else None
        self._save(
            kind,
            said={"fortnox_number": invoice.number, "net": invoice.net},
            state=ExportState.SENT if issue is None else ExportState.HELD,
            fortnox_number=invoice.number,
            fortnox_net=invoice.net,
            fortnox_fees=invoice.fees,
            fortnox_vat=invoice.vat,
            filled=filled or self.record.filled,
            fingerprint=fingerprint,
            tried="" if issue is None else fingerprint,
            issue=issue,
            issue_since=None if issue is None else self._tools.clock(),
        )

    async def _write_back(self) -> None:
        invoice_id, number = self.record.invoice_id, self.record.fortnox_number
        try:
            await outside(Side.ONGOING, lambda: self._tools.write_back(invoice_id, number))
        except (RetryLaterError, UpstreamContractError) as error:
            raise WriteBackFailedError(str(error)) from error
        self._save(EventKind.WRITTEN_BACK, said={"fortnox_number": number}, state=ExportState.DONE)

    def _hold(self, issue: Issue, tried: str) -> None:
        open_attempt = self.record.fortnox_number or issue.code in _OUTCOME_OPEN
        attempt_id = self.record.attempt_id if open_attempt else ""  # what Fortnox refused was not carried out
        known = self.record.state is ExportState.HELD and self.record.issue == issue
        if known and (self.record.tried, self.record.attempt_id) == (tried, attempt_id):
            return
        self._save(
            None if known else EventKind.HELD,
            said={"issue": issue.code},
            state=ExportState.HELD,
            issue=issue,
            issue_since=self.record.issue_since if known else self._tools.clock(),
            tried=tried,
            attempt_id=attempt_id,
        )

    def _rests(self) -> bool:
        return rests(self._tools.judging, self.record, asked=self._asked)

    def _save(self, kind: EventKind | None, *, said: Mapping[str, Any] | None = None, **changes: Any) -> None:
        """Writes the next version of the record, with what Ongoing says now, and one line of history.

        `said` are fields of that line, `changes` are fields of the record.
        """
        now = self._tools.clock()
        invoice = self._invoice
        record = replace(
            self.record,
            version=self.record.version + 1,
            wanted=self._asked or self.record.wanted,
            wms_number=invoice.number,
            goods_owner=invoice.goods_owner.name,
            customer_number=invoice.goods_owner.customer_number,
            invoice_date=invoice.invoice_date,
            amount=invoice.amount,
            currency=invoice.goods_owner.currency,
            updated_at=now,
            **changes,
        )
        event = HistoryEvent(at=now, kind=kind, by=self._tools.by, **(said or {})) if kind else None
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
