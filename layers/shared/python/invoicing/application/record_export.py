"""Writes the record of one invoice on its way: what is known is stored before and after Fortnox is asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from invoicing.application.interleave import outside
from invoicing.application.judge_invoice import TRIED_AT_EVERY_RUN, JudgeTools
from invoicing.application.know_register import KnownRegister
from invoicing.application.ports import Clock, Exports, Fortnox, Side
from invoicing.domain.export import Earlier, EventKind, Export, ExportState, HistoryEvent, external_reference
from invoicing.domain.fortnox_invoice import FortnoxInvoice
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.wms_invoice import WmsInvoice

ARRIVED_AFTER = timedelta(minutes=2)  # by then a lost request has arrived, and what it made can be found

# Issues that leave open whether a POST was carried out: Fortnox is searched before anything is posted again.
_OUTCOME_OPEN = TRIED_AT_EVERY_RUN | {IssueCode.FOUND_TWICE, IssueCode.OUTCOME_UNCLEAR, IssueCode.OUR_DEFECT}
# Issues that leave open what Fortnox made of a change, and what a person decided undone.
CHANGE_OPEN = frozenset(
    {
        IssueCode.FORTNOX_NOT_ANSWERING,
        IssueCode.WMS_NOT_ANSWERING,
        IssueCode.WMS_NOT_UNDERSTOOD,
        IssueCode.OUR_DEFECT,
    }
)


@dataclass(slots=True, kw_only=True)
class ExportTools:
    """What exports of one run work with.

    `write_back` sets number and exported mark in Ongoing.
    """

    integration_id: str
    judging: JudgeTools
    exports: Exports
    fortnox: Fortnox
    register: KnownRegister
    write_back: Callable[[int, str], None]
    clock: Clock
    new_id: Callable[[], str]
    by: str


class Recorder:
    """One invoice and its record; `record` is always what the store has."""

    def __init__(self, tools: ExportTools, invoice: WmsInvoice, record: Export | None, *, asked: bool) -> None:
        self.tools = tools
        self.invoice = invoice
        self.asked = asked or (record is not None and record.decision is not None)
        self.record = record or blank(tools.integration_id, invoice.id)

    @property
    def is_too_early(self) -> bool:
        """Whether a request that was lost may still arrive."""
        return is_too_early(self.record, self.tools.clock())

    def save(self, kind: EventKind | None, *, said: Mapping[str, Any] | None = None, **changes: Any) -> None:
        """Writes the next version of the record, with what Ongoing says now, and one line of history.

        `said` are fields of that line, `changes` are fields of the record.
        """
        now = self.tools.clock()
        invoice = self.invoice
        as_it_is_now: dict[str, Any] = {
            "version": self.record.version + 1,
            "wanted": self.asked or self.record.wanted,
            "wms_number": invoice.number,
            "goods_owner": invoice.goods_owner.name,
            "customer_number": invoice.goods_owner.customer_number,
            "title": invoice.title,
            "period_start": invoice.period_start,
            "period_end": invoice.period_end,
            "invoice_date": invoice.invoice_date,
            "amount": invoice.amount,
            "currency": invoice.goods_owner.currency,
            "content": invoice.content,
            "was_marked": invoice.is_exported,
            "waits": False,
            "updated_at": now,
        }
        record = replace(self.record, **{**as_it_is_now, **changes})
        event = HistoryEvent(at=now, kind=kind, by=self.tools.by, **(said or {})) if kind else None
        self.record = self.tools.exports.save(record, event=event)

    def hold(self, issue: Issue, tried: str) -> None:
        """A person must do something. A POST that Fortnox refused was not carried out.

        What was held already was posted earlier, if at all: that somebody's decision turned out to be impossible says
        nothing of the POST.
        """
        in_doubt = self.record.state is ExportState.HELD or issue.code in _OUTCOME_OPEN
        attempt_id = self.record.attempt_id if in_doubt or self.record.fortnox_number else ""
        decision = self.record.decision if issue.code in CHANGE_OPEN else None  # else it could not be carried out
        known = self.record.state is ExportState.HELD and self.record.issue == issue
        record, marked = self.record, self.invoice.is_exported
        unchanged = (record.tried, record.attempt_id, record.decision, record.was_marked) == (
            tried,
            attempt_id,
            decision,
            marked,
        )
        if known and unchanged:
            return
        self.save(
            None if known else EventKind.HELD,
            said={"issue": issue.code},
            state=ExportState.HELD,
            issue=issue,
            issue_since=self.record.issue_since if known else self.tools.clock(),
            tried=tried,
            attempt_id=attempt_id,
            decision=decision,
        )

    def begin_generation(self, *, credit_note: str = "") -> None:
        """Another invoice takes the place of the one that there was: with a reference of its own, made like a first."""
        before = self.record
        generation = before.generation + 1
        reference = external_reference(before.integration_id, before.invoice_id, generation)
        earlier = Earlier(number=before.fortnox_number, reference=before.reference, credit_note=credit_note)
        self.save(
            EventKind.CREDITED if credit_note else EventKind.MADE_NEW,
            said={"fortnox_number": credit_note or before.fortnox_number, "reference": reference},
            state=ExportState.CLAIMED,
            generation=generation,
            reference=reference,
            earlier=(*before.earlier, earlier),
            fortnox_number="",
            fortnox_net=None,
            fortnox_print="",
            kept_print="",
            sending=None,
            by_hand=False,
            left="",
            hints=(),
            due_from=None,
            due_date=None,
            attachment=None,  # what is attached stays on the invoice that it belongs to
            fingerprint="",
            tried="",
            attempt_id="",
            decision=None,
            issue=None,
            issue_since=None,
        )


def is_too_early(record: Export, now: datetime) -> bool:
    """Whether a request that was lost may still arrive."""
    return record.updated_at is not None and now - record.updated_at < ARRIVED_AFTER


async def with_our_reference(fortnox: Fortnox, reference: str) -> Sequence[FortnoxInvoice] | None:
    """The invoices that carry our reference; None if nothing does, not even a credit note."""
    hits = await outside(Side.FORTNOX, lambda: fortnox.find_invoices(reference))
    # A list names neither credit notes, which may carry their invoice's reference, nor totals.
    read = await outside(Side.FORTNOX, lambda: [fortnox.invoice(hit.number) for hit in hits])
    return [invoice for invoice in read if invoice is not None and not invoice.is_credit_note] if hits else None


def blank(integration_id: str, invoice_id: int) -> Export:
    """An export that is not stored yet."""
    return Export(
        integration_id=integration_id,
        invoice_id=invoice_id,
        state=ExportState.CLAIMED,
        version=0,
        reference=external_reference(integration_id, invoice_id),
    )
