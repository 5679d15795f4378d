"""Carries out what a person decided about a held invoice: each step once, and gone on with after a break.

The decision lies in the record until it is carried out, so that a run that is killed leaves it for the next one.
docs/decisions/0010.
"""

from invoicing.application.interleave import outside
from invoicing.application.judge_invoice import credited, fingerprint_of, read_ours
from invoicing.application.ports import Side
from invoicing.application.record_export import CHANGE_OPEN, Recorder, with_our_reference
from invoicing.domain.decision import Decision, Way
from invoicing.domain.errors import InvoiceHeldError, UnknownOutcomeError, invoice_held
from invoicing.domain.export import Earlier, EventKind, ExportState
from invoicing.domain.export_again import difference, over, refuse_over
from invoicing.domain.fortnox_invoice import FortnoxInvoice
from invoicing.domain.integration_settings import CurrencyRule
from invoicing.domain.issue import IssueCode
from invoicing.domain.money import round_to_ore

_CAN_BE_MADE_ANEW = frozenset({IssueCode.INVOICE_GONE, IssueCode.INVOICE_CANCELLED, IssueCode.INVOICE_CREDITED})
_OURS = "ONGOING-"  # how every reference of ours begins


async def carry_out_decision(recorder: Recorder, decision: Decision) -> bool:
    """Whether the invoice is to be gone on with as any other; else its record says all.

    Raises InvoiceHeldError if what was decided cannot be done: then it is held for that, and decided anew.
    """
    match decision.way:
        case Way.MAKE_EQUAL:
            return True  # it is judged as confirmed
        case Way.KEEP:
            there = refuse_over(recorder.record, await read_ours(recorder.tools.judging, recorder.record))
            _keep(recorder, there, EventKind.KEPT)
            return False
        case Way.RIGHT:
            # Of what the person saw: another content is asked about again.
            recorder.save(None, right=recorder.record.content, decision=None)
            return True
        case Way.LEAVE:
            _leave(recorder, decision)
            return False
        case Way.MAKE_NEW:
            return await _make_new(recorder)
        case Way.CORRECT:
            return await _correct(recorder)
        case Way.NOT_THERE:
            return await _not_there(recorder)
        case Way.IS_NUMBER | Way.BY_HAND:
            return await _take_number(recorder, decision)


def _leave(recorder: Recorder, decision: Decision) -> None:
    """Nothing more is to be done, as long as Ongoing has nothing else."""
    recorder.save(
        EventKind.LEFT,
        said={"note": decision.note, "fortnox_number": recorder.record.fortnox_number},
        state=ExportState.DONE,
        wanted=False,
        left=recorder.invoice.content,
        due_date=None,
        tried="",
        decision=None,
        issue=None,
        issue_since=None,
    )


def _keep(recorder: Recorder, there: FortnoxInvoice, kind: EventKind, **changes: object) -> None:
    """Fortnox's invoice is right as it is, a person says; it is marked in Ongoing with its number."""
    fingerprint = fingerprint_of(recorder.tools.judging, recorder.invoice, recorder.record)
    recorder.save(
        kind,
        said={"fortnox_number": there.number, "net": there.net},
        **{
            "state": ExportState.SENT,
            "fortnox_number": there.number,
            "fortnox_net": there.net,
            "fortnox_print": there.fingerprint,
            "kept_print": there.fingerprint,
            "fingerprint": fingerprint,
            # What cannot be drawn up can only be recognised by what Ongoing has.
            "left": "" if fingerprint else recorder.invoice.content,
            "hints": (),
            "due_date": None,
            "tried": "",
            "attempt_id": "",
            "decision": None,
            "issue": None,
            "issue_since": None,
            **changes,
        },
    )


async def _make_new(recorder: Recorder) -> bool:
    """The old one must be over: what lives is judged as any other, and never made a second time."""
    record = recorder.record
    there = await read_ours(recorder.tools.judging, record) if record.fortnox_number else None
    issue = over(record, there)
    if issue is not None and issue.code in _CAN_BE_MADE_ANEW:
        recorder.begin_generation()
    return True


async def _correct(recorder: Recorder) -> bool:
    """Credits the old one, unless it is credited already, and makes a new one."""
    tools, number = recorder.tools, recorder.record.fortnox_number
    there = await read_ours(tools.judging, recorder.record)
    issue = over(recorder.record, there)
    if issue is not None and issue.code is not IssueCode.INVOICE_CREDITED:
        raise InvoiceHeldError(issue)
    if there is not None and not there.credit_of:
        issue = recorder.record.issue
        tried = recorder.record.state is ExportState.CREDITING or (issue is not None and issue.code in CHANGE_OPEN)
        if tried and recorder.is_too_early:
            return False  # a lost request may still arrive, and a second credit would be another one
        recorder.save(None if tried else EventKind.CREDITING, state=ExportState.CREDITING)
        await outside(Side.FORTNOX, lambda: tools.fortnox.credit_invoice(number))
        there = await read_ours(tools.judging, recorder.record)
    if there is None or not there.credit_of:
        raise UnknownOutcomeError("Fortnox's invoice names no credit note after it was credited")
    recorder.begin_generation(credit_note=there.credit_of)
    return True


async def _not_there(recorder: Recorder) -> bool:
    """None of what carries our reference is it, a person says: it is made, unless exactly one is found after all."""
    if recorder.is_too_early:
        return False
    found = await with_our_reference(recorder.tools.fortnox, recorder.record.reference)
    living = [invoice for invoice in found or () if not invoice.cancelled]
    if found is None:
        recorder.save(
            EventKind.NOT_FOUND, state=ExportState.CLAIMED, attempt_id="", decision=None, issue=None, issue_since=None
        )
    elif len(living) == 1:
        _adopt(recorder, living[0])
    else:
        recorder.begin_generation()
    return True


async def _take_number(recorder: Recorder, decision: Decision) -> bool:
    """It is this number in Fortnox; one that is not ours is compared, and never changed by us.

    What was credited in part may be what somebody corrected by hand; nobody is to pay what was credited in full.
    """
    record, tools = recorder.record, recorder.tools
    number = decision.number or record.fortnox_number
    there = await outside(Side.FORTNOX, lambda: tools.fortnox.invoice(number))
    in_doubt = {"in_doubt": "yes"} if record.attempt_id and not record.fortnox_number else {}
    if there is None:
        raise invoice_held(IssueCode.INVOICE_GONE, fortnox_number=number, **in_doubt)
    if there.cancelled:
        raise invoice_held(IssueCode.INVOICE_CANCELLED, fortnox_number=number, **in_doubt)
    ours = there.reference == record.reference
    if there.is_credit_note or (there.reference.startswith(_OURS) and not ours):
        raise invoice_held(IssueCode.INVOICE_NOT_OURS, fortnox_number=number)
    if ours and decision.way is Way.IS_NUMBER:
        _adopt(recorder, there)
        return True
    taken_back = await credited(tools.fortnox, there)
    if taken_back is not None and not (
        decision.way is Way.BY_HAND and taken_back.code is IssueCode.INVOICE_PARTLY_CREDITED
    ):
        raise invoice_held(taken_back.code, **taken_back.params, **in_doubt)
    _keep(recorder, there, EventKind.ADOPTED, by_hand=True, earlier=_earlier(recorder, number))
    if decision.way is Way.BY_HAND:
        return False
    owner, rule = recorder.invoice.goods_owner, tools.judging.settings.currency_rule
    differs = difference(
        there,
        round_to_ore(recorder.invoice.amount),
        currency="" if rule is CurrencyRule.FROM_FORTNOX else owner.currency,
        customer_number=owner.customer_number,
    )
    if differs is not None:
        recorder.save(None, kept_print="")
        raise InvoiceHeldError(differs)
    return False


def _adopt(recorder: Recorder, there: FortnoxInvoice) -> None:
    """Ours, by its reference. What it has is not known to be right: it is compared next."""
    recorder.save(
        EventKind.ADOPTED,
        said={"fortnox_number": there.number, "net": there.net},
        state=ExportState.SENT,
        fortnox_number=there.number,
        fortnox_net=there.net,
        fortnox_print="",
        fingerprint="",
        earlier=_earlier(recorder, there.number),
        attempt_id="",
        decision=None,
        issue=None,
        issue_since=None,
    )


def _earlier(recorder: Recorder, number: str) -> tuple[Earlier, ...]:
    """The invoices before this one, with the one that had its place until now."""
    record = recorder.record
    if record.fortnox_number in {"", number}:
        return record.earlier
    return (*record.earlier, Earlier(number=record.fortnox_number, reference=record.reference))
