"""Exports one WMS invoice to Fortnox, exactly once. docs/decisions/0006.

The record in Exports is written before Fortnox is asked and after it answered, so that a crash at any point
leaves something that the next run can go on from.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from invoicing.application.carry_out_decision import carry_out_decision
from invoicing.application.interleave import outside
from invoicing.application.judge_invoice import credited, judge_invoice, read_ours, rests, unreadable
from invoicing.application.ports import Side
from invoicing.application.record_export import (
    CHANGE_OPEN,
    ExportTools,
    Recorder,
    blank,
    is_too_early,
    with_our_reference,
)
from invoicing.application.tell_not_understood import not_understood_issue
from invoicing.domain.attachment import Attachment
from invoicing.domain.customer_mail import MailTexts, mail_texts
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
    WmsNotUnderstoodError,
    invoice_held,
)
from invoicing.domain.export import EventKind, Export, ExportState, HistoryEvent
from invoicing.domain.export_again import difference, is_to_change, refuse_over
from invoicing.domain.fortnox_invoice import Customer, FortnoxInvoice, InvoiceDraft
from invoicing.domain.head_texts import HeadTexts, changed_texts, filled_by, issue_of, not_cleared, now_filled
from invoicing.domain.hint import Hint, HintCode
from invoicing.domain.integration_settings import CurrencyRule, DueDateFrom
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.money import round_to_ore
from invoicing.domain.named_issue import named
from invoicing.domain.sending import SendBy, Sending, planned
from invoicing.domain.swedish_time import SWEDEN
from invoicing.domain.verdict import Intention, Verdict
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice

# Fortnox has the invoice, and Ongoing did not take its mark.
_NOT_MARKED = frozenset({IssueCode.WMS_NOT_ANSWERING, IssueCode.WMS_NOT_UNDERSTOOD})
_OF_VAT = frozenset({IssueCode.VAT_MISSING, IssueCode.VAT_UNEXPECTED})
_OPEN = frozenset({ExportState.CLAIMED, ExportState.UPDATING, ExportState.CREDITING})


class WriteBackFailedError(RetryLaterError):
    """Fortnox has the invoice; Ongoing did not take its number and mark."""


def unanswered(integration_id: str, error: Exception) -> Issue:
    """Whose answer it was that did not come, or did not help, as one issue."""
    if not isinstance(error, WriteBackFailedError):
        return Issue(code=IssueCode.FORTNOX_NOT_ANSWERING)
    if isinstance(error.__cause__, WmsNotUnderstoodError):
        return not_understood_issue(integration_id, error.__cause__)
    return Issue(code=IssueCode.WMS_NOT_ANSWERING, params={"system": integration_id})


async def export_invoice(
    tools: ExportTools,
    invoice: WmsInvoice,
    record: Export | None,
    *,
    asked: bool,
    shares_with: int | None,
    failed_before: bool,
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
        after = await export.run()
        if failed_before and after.state in _OPEN and not export.is_too_early:
            export.hold_undecided()
        return export.record
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
    base = record or blank(tools.integration_id, invoice.id)
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
    return tools.exports.save(held, event=HistoryEvent(at=now, kind=EventKind.HELD, by=tools.by, issue=issue.code))


def wait_again(tools: ExportTools, invoice: WmsInvoice, record: Export) -> Export:
    """A held invoice that is not due any more is no issue: it waits in quiet, like any other that is not due."""
    recorder = Recorder(tools, invoice, record, asked=False)
    recorder.save(
        EventKind.NOT_DUE,
        state=ExportState.DONE,
        waits=True,
        tried="",
        decision=None,
        issue=None,
        issue_since=None,
    )
    return recorder.record


async def settle_deleted(tools: ExportTools, record: Export, *, asked: bool, failed_before: bool) -> Export:
    """An invoice that is no longer in Ongoing: what Fortnox has of it becomes an issue, else it is closed.

    The issue ends when the invoice is cancelled or credited in full in Fortnox, or when a person asks for it to be left
    as it is. What a lost answer left open is looked up. Raises like export_invoice.
    """
    there: FortnoxInvoice | None = None
    if record.fortnox_number:
        if rests(tools.judging, record, asked=asked):
            return record
        there = await outside(Side.FORTNOX, lambda: tools.fortnox.invoice(record.fortnox_number))
    elif record.attempt_id:
        if is_too_early(record, tools.clock()):
            return record
        found = await with_our_reference(tools.fortnox, record.reference)
        if found is not None and not found and not asked:
            issue = Issue(code=IssueCode.OUTCOME_UNCLEAR, params={"reference": record.reference})
            return _settle_as(tools, record, issue, "") if failed_before else record
        there = next((invoice for invoice in found or () if not invoice.cancelled), None)
    number = record.fortnox_number or (there.number if there else "")
    if there is None or there.cancelled or asked or (await _is_credited_in_full(tools, there)):
        return _close(tools, record, number)
    return _settle_as(tools, record, Issue(code=IssueCode.DELETED_IN_WMS, params={"fortnox_number": number}), number)


async def _is_credited_in_full(tools: ExportTools, there: FortnoxInvoice) -> bool:
    """Whether nobody is to pay anything of it."""
    issue = await credited(tools.fortnox, there)
    return issue is not None and issue.code is IssueCode.INVOICE_CREDITED


def _settle_as(tools: ExportTools, record: Export, issue: Issue, number: str) -> Export:
    """Held for this, said once."""
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
        attempt_id=record.attempt_id if issue and issue.code is IssueCode.OUTCOME_UNCLEAR else "",
        tried="",
        decision=None,
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
    return tools.exports.save(settled, event=event)


class _Export(Recorder):
    """One invoice on its way."""

    def __init__(
        self,
        tools: ExportTools,
        invoice: WmsInvoice,
        record: Export | None,
        *,
        asked: bool,
        shares_with: int | None,
    ) -> None:
        super().__init__(tools, invoice, record, asked=asked)
        self._shares_with = shares_with

    async def run(self) -> Export:
        tried = self.record.tried
        drafted: InvoiceDraft | None = None
        decision = self.record.decision
        try:
            if decision is not None and not (await carry_out_decision(self, decision)):
                return await self._ended()
            if not (await self._is_resolved()):
                return self.record
            if self._is_settled_by_hand():
                self.record = _close(self.tools, self.record, self.record.fortnox_number)
                return self.record
            tried = ""
            verdict = await judge_invoice(
                self.tools.judging,
                self.invoice,
                self.record,
                asked=self.asked,
                shares_with=self._shares_with,
            )
            drafted = verdict.draft.invoice if verdict.draft else None
            tried = drafted.fingerprint if drafted else ""
            await self._carry_out(verdict)
        except InvoiceHeldError as held:
            self.hold(named(held.issue, self.invoice, drafted) if drafted else held.issue, tried)
        return await self._ended()

    async def _ended(self) -> Export:
        """What is right in Fortnox gets its number and mark in Ongoing."""
        if self.record.state is ExportState.SENT and (await self._is_dated()):
            await self._write_back()
        return self.record

    async def _is_dated(self) -> bool:
        """Sets the due date that is still to be set; False if Fortnox refuses it."""
        number, due = self.record.fortnox_number, self.record.due_date
        if due is None:
            return True
        try:
            await outside(Side.FORTNOX, lambda: self.tools.fortnox.set_due_date(number, due))
        except InvoiceHeldError as refused:
            self.hold(refused.issue, self.record.fingerprint)
            return False
        self.save(None, due_date=None)
        return True

    async def _carry_out(self, verdict: Verdict) -> None:
        """Does what was decided. What Fortnox then refuses raises InvoiceHeldError."""
        draft, there = verdict.draft, verdict.there
        if verdict.issue is not None:
            raise InvoiceHeldError(verdict.issue)
        if verdict.intention is Intention.NOTHING and self._lacks_only_its_mark:
            await self._write_back()
        elif verdict.intention is Intention.NOTHING:
            self._unchanged(draft, there)
        elif verdict.intention is Intention.CREATE and draft is not None:
            await self._create(draft)
        elif draft is not None and there is not None:
            await self._update(draft, there)

    def hold_unanswered(self, error: Exception) -> None:
        """Tried in vain again: a person should see it. It is still tried at every run, and where it stood is kept."""
        if self.record.state is not ExportState.HELD:
            self.hold(unanswered(self.tools.integration_id, error), self.record.tried)

    def hold_undecided(self) -> None:
        """Nothing failed, and still it does not come to its end: only a person can tell what it is."""
        self.hold(Issue(code=IssueCode.OUTCOME_UNCLEAR, params={"reference": self.record.reference}), self.record.tried)

    def hold_for_defect(self, defect: Exception) -> None:
        """Something that we did not think of. What was under way is in doubt, as after a lost answer."""
        params = {"code": type(defect).__name__, "message": ""}
        self.hold(Issue(code=IssueCode.OUR_DEFECT, params=params), self.record.tried)

    async def _is_resolved(self) -> bool:
        """Whether what was sent last has surely arrived or not. Looks up whether a lost POST was carried out."""
        posted = bool(self.record.attempt_id) and not self.record.fortnox_number
        changing = self.record.state is ExportState.UPDATING or (
            self.record.issue is not None and self.record.issue.code in CHANGE_OPEN
        )
        if not posted and not changing:
            return True
        if self._rests() or self.is_too_early:
            return False
        return await self._resolve_claim() if posted else True

    def _is_settled_by_hand(self) -> bool:
        """Whether a person marked it as exported while it was held or before it was sent: that decides it.

        One that was marked before it was held was marked by us, and changed afterwards: that decides nothing.
        """
        held = self.record.state is ExportState.HELD
        in_fortnox = bool(self.record.fortnox_number) and not held
        marked_since = self.invoice.is_exported and not (held and self.record.was_marked)
        return marked_since and not self.asked and not in_fortnox

    async def _resolve_claim(self) -> bool:
        """A POST was claimed and never answered: was the invoice created? False: it cannot be told yet."""
        found = await with_our_reference(self.tools.fortnox, self.record.reference)
        if found is None:
            self.save(EventKind.NOT_FOUND, attempt_id="")
            return True
        valid = [invoice for invoice in found if not invoice.cancelled]
        if len(valid) > 1:
            raise invoice_held(IssueCode.FOUND_TWICE, fortnox_numbers=", ".join(invoice.number for invoice in valid))
        if not found:
            return False
        there = (valid or found)[0]
        # What became of it meanwhile is said when it is judged, as of any other.
        taken_back: Issue | None = await credited(self.tools.fortnox, there)
        self._in_fortnox(
            there, EventKind.ADOPTED, fingerprint="" if there.cancelled or taken_back else self.record.tried
        )
        return True

    async def _create(self, draft: Draft) -> None:
        register = self.tools.register
        register.create_missing(draft, self.invoice)
        invoice = register.completed(draft, self.invoice)
        customer = register.customer(invoice.customer_number)
        self.save(
            EventKind.CLAIMED,
            said={"reference": invoice.reference},
            state=ExportState.CLAIMED,
            attempt_id=self.tools.new_id(),
            tried=draft.invoice.fingerprint,
            customer_name=customer.name if customer else "",
            vat_type=customer.vat_type if customer else "",
            filled=filled_by(invoice),
            due_from=self._due_from(invoice),
            sending=self._planned(customer),
            issue=None,
            issue_since=None,
        )
        try:
            created, hints = await self._posted(invoice)
        except InvoiceHeldError as refused:
            self.tools.register.forget(draft)
            await self._adopt_if_number_is_ours(draft, refused)
        except (AccessRefusedError, NotSentError, RateLimitedError, ReconnectRequiredError, IntegrationHeldError):
            self.save(None, attempt_id="")  # it was not carried out: the next run need not search
            raise
        else:
            self._in_fortnox(created, EventKind.CREATED, fingerprint=draft.invoice.fingerprint, hints=hints)
            await self._follow_card(draft, created)

    async def _follow_card(self, draft: Draft, created: FortnoxInvoice) -> None:
        """VAT that cannot be right may come of a card that was changed since it was read: then accounts follow it."""
        if self.record.issue is None or self.record.issue.code not in _OF_VAT:
            return
        customer = self.tools.register.look_again(draft.invoice.customer_number)
        if customer is None or customer.vat_type == self.record.vat_type:
            return
        self.save(None, fingerprint="", customer_name=customer.name, vat_type=customer.vat_type)
        await self._update(draft, created)

    async def _posted(self, invoice: InvoiceDraft) -> tuple[FortnoxInvoice, Sequence[Hint]]:
        """The new invoice, and what is to be mentioned of it.

        A refusal creates nothing. Whether it was for the texts of the mail, which must not stop an invoice, the same
        without them tells.
        """
        mail, fortnox = self._mail(), self.tools.fortnox
        try:
            return await outside(Side.FORTNOX, lambda: fortnox.create_invoice(invoice, mail)), ()
        except InvoiceHeldError:
            if mail is None:
                raise
        created = await outside(Side.FORTNOX, lambda: fortnox.create_invoice(invoice))
        return created, [Hint(code=HintCode.MAIL_TEXTS_REFUSED)]

    async def _adopt_if_number_is_ours(self, draft: Draft, refused: InvoiceHeldError) -> None:
        """An existing number never means that the invoice is ours: only the reference does."""
        number = draft.invoice.document_number
        if not number:
            raise refused
        holder = await outside(Side.FORTNOX, lambda: self.tools.fortnox.invoice(number))
        if holder is None:
            raise refused
        if holder.reference != draft.invoice.reference:
            raise invoice_held(IssueCode.NUMBER_TAKEN, invoice_number=number) from refused
        self._in_fortnox(holder, EventKind.ADOPTED, fingerprint="")
        if self.record.sending is not None:
            self.save(None, sending=None)  # made before, by a record that is lost: nobody knows what was said of it
        there = refuse_over(self.record, await read_ours(self.tools.judging, self.record))
        if is_to_change(self.record, draft.invoice, there, asked=self.asked, confirmed=False):
            self.tools.register.check(draft, self.invoice)
            await self._update(draft, there)
        else:
            self._unchanged(draft, there)

    async def _update(self, draft: Draft, there: FortnoxInvoice) -> None:
        """Makes Fortnox's invoice, which may be changed, equal to the draft."""
        register = self.tools.register
        register.create_missing(draft, self.invoice)
        before = self.record
        whose: dict[str, Any] = {}
        if there.customer_number not in {"", draft.invoice.customer_number}:
            customer = register.customer(draft.invoice.customer_number)
            if customer is not None:
                whose = {"customer_name": customer.name, "vat_type": customer.vat_type}
        invoice = register.completed(draft, self.invoice, vat_type=whose.get("vat_type", before.vat_type))
        changed = changed_texts(there, self.record.filled, filled_by(invoice))
        # From here on nobody knows what Fortnox has, until it has answered.
        self.save(
            EventKind.UPDATING,
            state=ExportState.UPDATING,
            fingerprint="",
            fortnox_print="",
            kept_print="",
            tried=draft.invoice.fingerprint,
            **whose,
        )
        try:
            updated = await outside(Side.FORTNOX, lambda: self.tools.fortnox.update_invoice(there, invoice, changed))
        except InvoiceHeldError as refused:
            self.tools.register.forget(draft)
            was_put_back = refused.issue.params.get("rows") == "put_back"
            if was_put_back or whose:
                self.save(
                    None,
                    fingerprint=before.fingerprint if was_put_back else "",
                    customer_name=before.customer_name,
                    vat_type=before.vat_type,
                )
            raise
        left = not_cleared(updated, changed)
        self._in_fortnox(
            updated,
            EventKind.UPDATED,
            fingerprint=draft.invoice.fingerprint,
            before=there,
            filled=now_filled(self.record.filled, changed, left),
        )
        if self.record.issue is None and (issue := issue_of(left, updated.number)) is not None:
            raise InvoiceHeldError(issue)

    def _planned(self, customer: Customer | None) -> Sending | None:
        """Whether the new invoice is to be sent: decided with the claim, so that no setting reaches back."""
        settings = self.tools.judging.settings
        on_card = customer.delivery if customer else ""
        return planned(settings.send_invoices, settings.send_after, on_card=on_card, now=self.tools.clock())

    def _mail(self) -> MailTexts | None:
        """What the mail says, where one is planned."""
        sending = self.record.sending
        by_mail = sending is not None and sending.by is SendBy.EMAIL
        return mail_texts(self.tools.judging.settings) if by_mail else None

    def _due_from(self, invoice: InvoiceDraft) -> date | None:
        """The day from which a due date counts that cannot be said beforehand: Fortnox's answer tells the terms."""
        today = self.tools.clock().astimezone(SWEDEN).date()
        counts = self.tools.judging.settings.due_date_from is DueDateFrom.SENDING and invoice.due_date is None
        return today if counts and today > invoice.invoice_date else None

    def _due_date(self, there: FortnoxInvoice) -> date | None:
        """What such a due date must become; None: Fortnox has it right."""
        if self.record.due_from is None or there.invoice_date is None:
            return None
        return due_date(there.invoice_date, None, DueDateFrom.SENDING, today=self.record.due_from, said=there.due_date)

    def _unchanged(self, draft: Draft | None, there: FortnoxInvoice | None) -> None:
        """Fortnox has it right; what it has was read just now, unless we left it there a moment ago."""
        if self.record.state is ExportState.SENT and there is None:
            return
        read: dict[str, Any] = {}
        if there is not None:
            hints = self.tools.register.hints_after(there, dated_on=None, before=self.record.hints)
            read = self._attachment(asked_only=True) | {
                "fortnox_net": there.net,
                "fortnox_print": there.fingerprint,
                "hints": hints,
            }
        self.save(
            EventKind.UNCHANGED,
            state=ExportState.SENT,
            **read,
            fingerprint=draft.invoice.fingerprint if draft else self.record.fingerprint,
            tried="",
            decision=None,
            issue=None,
            issue_since=None,
        )

    def _in_fortnox(
        self,
        invoice: FortnoxInvoice,
        kind: EventKind,
        *,
        fingerprint: str,
        before: FortnoxInvoice | None = None,
        filled: HeadTexts | None = None,
        hints: Sequence[Hint] = (),
    ) -> None:
        """Fortnox has it: keep its number, and compare the totals. A difference is an issue, in the same write.

        `before` is the invoice as it was, where it was updated.
        """
        owner = self.invoice.goods_owner
        currency = "" if self.tools.judging.settings.currency_rule is CurrencyRule.FROM_FORTNOX else owner.currency
        differs = difference(
            invoice,
            round_to_ore(self.invoice.amount),
            currency=currency,
            customer_number=owner.customer_number,
        )
        register = self.tools.register
        others: Issue | None = None
        if before is None and fingerprint:
            others = register.objection_after(invoice, self.invoice, checked=self.record.customer_name)
        customer = register.customer(invoice.customer_number) if others else None
        doubtful = others or differs or register.doubtful_vat(invoice, self.invoice, self.record.vat_type)
        issue = doubtful if fingerprint else None
        due = self._due_date(invoice)
        is_dated = before is None or before.due_date != invoice.due_date
        now = (self.record.updated_at or self.tools.clock()).astimezone(SWEDEN).date()  # when it was asked for
        hints = register.hints_after(
            replace(invoice, due_date=due or invoice.due_date),
            dated_on=now if is_dated else None,
            before=(*self.record.hints, *hints),
        )
        self.save(
            kind,
            said={"fortnox_number": invoice.number, "net": invoice.net},
            state=ExportState.SENT if issue is None else ExportState.HELD,
            fortnox_number=invoice.number,
            fortnox_net=invoice.net,
            fortnox_fees=invoice.fees,
            fortnox_vat=invoice.vat,
            hints=hints,
            due_from=None,
            due_date=due or self.record.due_date,
            filled=filled or self.record.filled,
            **self._attachment(),
            vat_type=customer.vat_type if customer else self.record.vat_type,
            fingerprint="" if others else fingerprint,  # of somebody else's nothing is known to be right
            fortnox_print=invoice.fingerprint if fingerprint else "",
            kept_print="",
            left="",
            tried="" if issue is None else fingerprint,
            decision=None,
            issue=issue,
            issue_since=None if issue is None else self.tools.clock(),
        )

    def _attachment(self, *, asked_only: bool = False) -> dict[str, Any]:
        """What becomes of its specification, from the write on that tells of the invoice: no call of its own.

        `asked_only`: nothing was changed, so only a person's wish is a reason to look at it.
        """
        there = self.record.attachment
        wanted = self.tools.judging.settings.attach_specification
        if (there is None and not wanted) or (asked_only and not self.asked):
            return {}
        return {"attachment": (there or Attachment(pending=True)).due(asked=self.asked)}

    @property
    def _lacks_only_its_mark(self) -> bool:
        """Whether it is held because Ongoing did not take number and mark: that stays said until it does."""
        issue = self.record.issue
        return issue is not None and issue.code in _NOT_MARKED

    async def _write_back(self) -> None:
        invoice_id, number = self.record.invoice_id, self.record.fortnox_number
        try:
            await outside(Side.ONGOING, lambda: self.tools.write_back(invoice_id, number))
        except (RetryLaterError, UpstreamContractError) as error:
            raise WriteBackFailedError(str(error)) from error
        self.save(
            EventKind.WRITTEN_BACK,
            said={"fortnox_number": number},
            state=ExportState.DONE,
            wms_number=number,
            tried="",
            decision=None,
            issue=None,
            issue_since=None,
        )

    def _rests(self) -> bool:
        return rests(self.tools.judging, self.record, asked=self.asked)
