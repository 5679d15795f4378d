"""Decides what would happen to an invoice now. Runs, dress rehearsals and previews all ask here.

Reads and compares; writes nothing anywhere. docs/decisions/0006.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from invoicing.application.guard_invoice import Guards
from invoicing.application.interleave import outside
from invoicing.application.know_register import KnownRegister
from invoicing.application.ports import Clock, Fortnox, Side
from invoicing.domain.decision import Way
from invoicing.domain.draft import Draft, draft_invoice
from invoicing.domain.errors import InvoiceHeldError, invoice_held
from invoicing.domain.export import Export, ExportState
from invoicing.domain.export_again import is_to_change, refuse_over
from invoicing.domain.fortnox_invoice import FortnoxInvoice, InvoiceDraft
from invoicing.domain.head_texts import filled_by, issue_of, still_filled
from invoicing.domain.integration_settings import IntegrationSettings, PriceMeaning
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.keys import clean_key
from invoicing.domain.named_issue import named
from invoicing.domain.vat import without_accounts_abroad
from invoicing.domain.verdict import Intention, Verdict
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice

TRY_AGAIN_EVERY = timedelta(hours=1)  # what Fortnox refused is tried again this often by itself

# Issues that nobody was refused by: such an invoice is tried at every run.
TRIED_AT_EVERY_RUN = frozenset(
    {
        IssueCode.FORTNOX_NOT_ANSWERING,
        IssueCode.WMS_NOT_ANSWERING,
        IssueCode.WMS_NOT_UNDERSTOOD,
        IssueCode.WMS_INVOICE_UNREADABLE,
    }
)


@dataclass(slots=True, kw_only=True)
class JudgeTools:
    """What the invoices of one run, rehearsal or preview are judged with.

    What the register may not ask Fortnox is not held against an invoice.
    """

    integration_id: str
    settings: IntegrationSettings
    fortnox: Fortnox
    register: KnownRegister
    clock: Clock
    last_run_at: datetime | None  # when the run before this one ended
    anew: bool = False  # a person asked for the run: nothing rests
    remembered_meaning: PriceMeaning = PriceMeaning.DETECT
    guards: Guards | None = None  # None: none is switched on


async def judge_invoice(
    tools: JudgeTools,
    invoice: WmsInvoice | UnreadableInvoice,
    record: Export | None,
    *,
    asked: bool,
    shares_with: int | None = None,
) -> Verdict:
    """`asked`: a person wants it now. `shares_with` is the id of another invoice with the same number.

    Raises like the port Fortnox, except InvoiceHeldError, which becomes the verdict.
    """
    if isinstance(invoice, UnreadableInvoice):
        return Verdict(intention=Intention.HOLD, issue=unreadable(invoice))
    draft: Draft | None = None
    try:
        first = record is None or record.generation == 1
        if shares_with is not None and first and (record is None or not record.fortnox_number):
            raise invoice_held(
                IssueCode.NUMBER_SHARED, invoice_number=clean_key(invoice.number), other_invoice=str(shares_with)
            )
        draft = draft_invoice(
            tools.integration_id, invoice, tools.settings, remembered_meaning=tools.remembered_meaning
        )
        draft = of_generation(draft, record)
        if draft.price_meaning is not PriceMeaning.DETECT:
            tools.remembered_meaning = draft.price_meaning
        if record is not None and _was_refused(record, invoice, draft.invoice) and rests(tools, record, asked=asked):
            return Verdict(intention=Intention.HOLD, draft=draft, issue=record.issue)
        return await _compared(tools, invoice, record, draft, asked=asked)
    except InvoiceHeldError as held:
        issue = named(held.issue, invoice, draft.invoice) if draft else held.issue
        return Verdict(intention=Intention.HOLD, draft=draft, issue=issue)


def unreadable(invoice: UnreadableInvoice) -> Issue:
    """What an invoice is held for that Ongoing's answer garbles."""
    return Issue(code=IssueCode.WMS_INVOICE_UNREADABLE, params={"detail": invoice.reason})


def waits_for_a_person(record: Export | None) -> bool:
    """Whether it is held for something that somebody must do, and not for want of an answer."""
    if record is None or record.state is not ExportState.HELD:
        return False
    return record.issue is None or record.issue.code not in TRIED_AT_EVERY_RUN


def rests(tools: JudgeTools, record: Export, *, asked: bool) -> bool:
    """Whether a held invoice waits for its next hour, counted from its issue, so that waiting costs no write."""
    since, before, issue = record.issue_since, tools.last_run_at, record.issue
    if asked or tools.anew or record.state is not ExportState.HELD or since is None or before is None:
        return False
    if issue is not None and issue.code in TRIED_AT_EVERY_RUN:
        return False
    return (tools.clock() - since) // TRY_AGAIN_EVERY == (before - since) // TRY_AGAIN_EVERY


def _was_refused(record: Export, invoice: WmsInvoice, draft: InvoiceDraft) -> bool:
    """Whether this very invoice was refused before."""
    return (
        record.state is ExportState.HELD and record.tried == draft.fingerprint and record.wms_number == invoice.number
    )


def of_generation(draft: Draft, record: Export | None) -> Draft:
    """A later generation has a reference of its own, and its number from Fortnox: Ongoing has the one before."""
    if record is None or record.generation == 1:
        return draft
    return replace(draft, invoice=replace(draft.invoice, reference=record.reference, document_number=""))


def fingerprint_of(tools: JudgeTools, invoice: WmsInvoice, record: Export) -> str:
    """Of what would be sent for it; empty if it cannot be drawn up."""
    try:
        draft = draft_invoice(
            tools.integration_id, invoice, tools.settings, remembered_meaning=tools.remembered_meaning
        )
    except InvoiceHeldError:
        return ""
    return of_generation(draft, record).invoice.fingerprint


async def _compared(
    tools: JudgeTools, invoice: WmsInvoice, record: Export | None, draft: Draft, *, asked: bool
) -> Verdict:
    """With what Fortnox has, which is always asked: what we remember is only what *we* left there."""
    if asked or (record is not None and record.issue is not None and record.issue.code is IssueCode.FORTNOX_REFUSED):
        tools.register.forget(draft)  # nobody knows for which of it
    if record is None or not record.fortnox_number:
        tools.register.check(draft, invoice)
        if tools.guards is not None and not _is_right(record, invoice):
            await tools.guards.check(invoice, draft)
        hints = tools.register.hints_before(draft, invoice)
        return Verdict(intention=Intention.CREATE, draft=draft, hints=hints)
    there: FortnoxInvoice | None = None
    same = record.fingerprint == draft.invoice.fingerprint
    if same and record.state is ExportState.SENT:
        return Verdict(intention=Intention.NOTHING, draft=draft)  # it was just made so; only the mark is missing
    if tools.register.may_ask():
        there = refuse_over(record, await read_ours(tools, record))
        if not is_to_change(
            record,
            draft.invoice,
            there,
            asked=asked,
            confirmed=_decided(record) is Way.MAKE_EQUAL,
            sent=without_accounts_abroad(draft.invoice, record.vat_type, tools.settings.accounts_abroad),
            doubtful_vat=tools.register.doubtful_vat(there, invoice, record.vat_type),
        ):
            _refuse_uncleared(record, draft, there)
            return Verdict(intention=Intention.NOTHING, draft=draft, there=there)
    elif same:
        return Verdict(intention=Intention.NOTHING, draft=draft)
    tools.register.check(draft, invoice)
    return Verdict(intention=Intention.UPDATE, draft=draft, there=there)


def _is_right(record: Export | None, invoice: WmsInvoice) -> bool:
    """Whether a person has said so of just this, or decided that it is made anew."""
    if record is None:
        return False
    said = record.content if _decided(record) is Way.RIGHT else record.right
    return said == invoice.content or record.generation > 1


def _decided(record: Export) -> Way | None:
    """What a person has decided, while the run that carries it out is awaited."""
    return record.decision.way if record.decision is not None else None


def _refuse_uncleared(record: Export, draft: Draft, there: FortnoxInvoice) -> None:
    """What an update could not clear stays said until it is gone. Raises InvoiceHeldError."""
    held = record.issue is not None and record.issue.code is IssueCode.TEXT_NOT_CLEARED
    left = still_filled(there, record.filled, filled_by(draft.invoice)) if held else {}
    if (issue := issue_of(left, there.number)) is not None:
        raise InvoiceHeldError(issue)


async def read_ours(tools: JudgeTools, record: Export) -> FortnoxInvoice | None:
    """The invoice that Fortnox has under our number; None if there is none.

    Raises InvoiceHeldError for one that was credited in part: nobody but a person knows what is left of it.
    """
    number = record.fortnox_number
    there = await outside(Side.FORTNOX, lambda: tools.fortnox.invoice(number))
    if there is None or there.cancelled or not there.credit_of:
        return there
    issue = await credited(tools.fortnox, there)
    if issue is None:
        return replace(there, credit_of="")
    if issue.code is IssueCode.INVOICE_PARTLY_CREDITED:
        raise InvoiceHeldError(issue)
    return there


async def credited(fortnox: Fortnox, there: FortnoxInvoice) -> Issue | None:
    """That an invoice was credited, in full or in part; None if not, or by a note that was cancelled."""
    if not there.credit_of:
        return None
    note = await outside(Side.FORTNOX, lambda: fortnox.invoice(there.credit_of))
    if note is not None and note.cancelled:
        return None  # it takes nothing back
    is_partly = note is not None and note.net != -(there.net or 0)
    code = IssueCode.INVOICE_PARTLY_CREDITED if is_partly else IssueCode.INVOICE_CREDITED
    return Issue(code=code, params={"fortnox_number": there.number, "credit_number": there.credit_of})
