"""Sends invoices to the customers when their hour has come: each at most once. docs/decisions/0018.

Fortnox's calls that send are GETs with an effect. The record is claimed before the call. After a lost answer the
invoice is read, and what was not sent for certain is sent once more only by a person: two mails are worse than none.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from invoicing.application.ports import BY_ITSELF, ChangedMeanwhileError, Clock, Exports, Fortnox, Report, SecondsLeft
from invoicing.application.record_export import ARRIVED_AFTER
from invoicing.domain.errors import (
    AccessRefusedError,
    IntegrationHeldError,
    InvoiceHeldError,
    NotSentError,
    RateLimitedError,
    ReconnectRequiredError,
    RetryLaterError,
    UpstreamContractError,
)
from invoicing.domain.export import EventKind, Export, ExportState, HistoryEvent
from invoicing.domain.fortnox_invoice import FortnoxInvoice
from invoicing.domain.integration import RunSummary
from invoicing.domain.integration_settings import SendInvoices
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.sending import SendBy, Sending, SendStep, next_working_morning

_AT_ONCE = 100  # records that are read together
_LOOKED_AT = timedelta(hours=1)  # again, whatever is known of their hours
_OVERSLEPT = timedelta(days=2)  # after a pause or an outage, people have another chance to stop what waits
_SENT_BY = {
    SendBy.EMAIL: EventKind.SENT_BY_EMAIL,
    SendBy.E_INVOICE: EventKind.SENT_BY_E_INVOICE,
    SendBy.PRINT: EventKind.SENT_BY_PRINT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTools:
    """What sending works with. `agreed`: a person has let later ones be sent by themselves."""

    integration_id: str
    exports: Exports
    fortnox: Fortnox
    send: SendInvoices
    book: bool
    agreed: bool
    clock: Clock
    seconds_left: SecondsLeft
    to_end: float
    report: Report


@dataclass(slots=True)
class SendQueue:
    """The invoices that are not sent yet, those of them that wait for a person, and when to look at them again."""

    waiting: set[int]
    problems: set[int]
    at: datetime | None = None

    @classmethod
    def left_by(cls, run: RunSummary | None) -> "SendQueue":
        """What the run before left."""
        return cls(set(run.to_send), set(run.send_problems), run.send_at) if run else cls(set(), set())

    def note(self, record: Export | None) -> None:
        """What is to be sent is looked at by this run, and kept by its last write."""
        sending = record.sending if record is not None else None
        if record is not None and sending is not None and not sending.has_ended:
            if record.invoice_id not in self.waiting:
                self.at = None
            self.waiting.add(record.invoice_id)

    def is_due(self, now: datetime) -> bool:
        """Whether anything may have to be done."""
        return bool(self.waiting) and (self.at is None or now >= self.at)


def send_invoices(tools: SendTools, queue: SendQueue) -> None:
    """Goes through all of them. What stops it leaves the rest for the next run; each record is right by then.

    Raises ReconnectRequiredError.
    """
    queue.at = tools.clock() + _LOOKED_AT
    ids = sorted(queue.waiting)
    try:
        for some in (ids[first : first + _AT_ONCE] for first in range(0, len(ids), _AT_ONCE)):
            records = tools.exports.get_many(tools.integration_id, some)
            for invoice_id in some:
                if tools.seconds_left() < tools.to_end:
                    queue.at = tools.clock()
                    return
                if not _take(tools, queue, invoice_id, records.get(invoice_id)):
                    return
    except (RetryLaterError, UpstreamContractError) as error:
        queue.at = tools.clock()
        tools.report(
            "sending_failed", {"integration": tools.integration_id, "reason": f"{type(error).__name__}: {error}"}
        )


def _take(tools: SendTools, queue: SendQueue, invoice_id: int, record: Export | None) -> bool:
    """Whether to go on: without a licence, no other one can be sent either."""
    before = record
    if record is not None and record.sending is not None:
        one = _Sent(tools, record)
        try:
            one.go_on()
        except ChangedMeanwhileError:
            queue.at = tools.clock()  # somebody pressed a button: look again
        finally:
            record = one.record
    sending = record.sending if record is not None else None
    ended = sending is None or sending.has_ended
    (queue.waiting.discard if ended else queue.waiting.add)(invoice_id)
    (queue.problems.add if sending and not ended and sending.problem else queue.problems.discard)(invoice_id)
    if sending is not None and not ended and not sending.problem and queue.at is not None:
        under_way = sending.step is not SendStep.WAITING
        queue.at = min(queue.at, tools.clock() if under_way else max(sending.at, tools.clock()))
    problem = sending.problem if sending and before != record else None
    return problem is None or problem.code is not IssueCode.SEND_NOT_LICENSED


class _Sent:
    """One invoice; `record` is always what the store has."""

    def __init__(self, tools: SendTools, record: Export) -> None:
        self._tools = tools
        self.record = record

    @property
    def _sending(self) -> Sending:
        if self.record.sending is None:
            raise TypeError("it is not to be sent")
        return self.record.sending

    def go_on(self) -> None:
        """The next step, if its time has come."""
        sending, now = self._sending, self._tools.clock()
        if sending.has_ended:
            return
        if sending.step is SendStep.WAITING and self._is_nobodys():
            self._save(EventKind.SEND_STOPPED, step=SendStep.STOPPED, problem=None)
        elif sending.step is not SendStep.WAITING:
            if sending.attempt_at is None or now - sending.attempt_at >= ARRIVED_AFTER:
                self._find_out()
        elif self._is_due(now):
            if sending.problem is None and not sending.asked and now - sending.at > _OVERSLEPT:
                self._save(None, at=next_working_morning(now))
            else:
                self._send_or_say_why()

    def _is_nobodys(self) -> bool:
        """Taken back in the settings; or there is no invoice of ours any more."""
        record = self.record
        left = record.state is ExportState.DONE and not record.fortnox_number
        return self._tools.send is SendInvoices.LEAVE or record.by_hand or left

    def _is_due(self, now: datetime) -> bool:
        """Only what is in Fortnox, was compared with Ongoing to the öre and its VAT, and is marked: else it waits.

        Also for its specification, which is to go out with it, unless a person does not want to wait.
        """
        sending, record = self._sending, self.record
        if record.state is not ExportState.DONE or record.decision is not None or now < sending.at:
            return False
        if record.awaits_specification and not sending.asked:
            return False
        if sending.asked or sending.problem is None:
            return True
        match sending.problem.code:
            case IssueCode.SEND_NOT_AGREED:
                return self._tools.agreed
            case IssueCode.SEND_NOT_LICENSED:  # nothing can have left
                return sending.attempt_at is None or now - sending.attempt_at >= _LOOKED_AT
        return False

    def _send_or_say_why(self) -> None:
        if not self._tools.agreed and not self._sending.asked:
            self._hold(Issue(code=IssueCode.SEND_NOT_AGREED, params=self._said))
            return
        there = self._tools.fortnox.invoice(self.record.fortnox_number)
        if there is not None and there.sent and there.reference == self.record.reference:
            self._is_sent(EventKind.SENT_BY_PERSON)
        elif there is None or not self._is_as_it_should(there):
            self._hold(Issue(code=IssueCode.SEND_CHANGED, params=self._said))
        else:
            self._send()

    def _is_as_it_should(self, there: FortnoxInvoice) -> bool:
        """Ours and alive always; as we left it, unless a person has looked."""
        record = self.record
        if there.reference != record.reference or there.cancelled or there.credit_of:
            return False
        same_print = record.fortnox_print in {"", there.fingerprint}
        same_vat = record.fortnox_vat is None or there.vat == record.fortnox_vat
        return self._sending.asked or (there.net == record.fortnox_net and same_print and same_vat)

    def _send(self) -> None:
        """Claimed first: from here on it may have been sent."""
        number, by = self.record.fortnox_number, self._sending.by
        self._save(None, step=SendStep.SENDING, attempt_at=self._tools.clock(), problem=None)
        try:
            there = self._tools.fortnox.send_invoice(number, by)
        except (InvoiceHeldError, IntegrationHeldError) as refused:
            self._hold(self._refused(refused.issue))
        except (AccessRefusedError, NotSentError, RateLimitedError, ReconnectRequiredError):
            self._save(None, step=SendStep.WAITING, attempt_at=None)  # certainly not carried out
            raise
        else:
            if there.sent:
                self._is_sent(_SENT_BY[by])

    def _refused(self, issue: Issue) -> Issue:
        """Fortnox said no before anything left it."""
        message = issue.params.get("message", "")
        said = {**self._said, "message": message, "code": issue.params.get("code", "")}
        about_mail = any(word in message.casefold() for word in ("e-post", "epost", "mail"))
        if issue.code in {IssueCode.LICENCE_MISSING, IssueCode.SCOPE_MISSING, IssueCode.PERMISSION_REFUSED}:
            return Issue(code=IssueCode.SEND_NOT_LICENSED, params=said)
        if self._sending.by is SendBy.EMAIL and about_mail:
            return Issue(code=IssueCode.SEND_NO_ADDRESS, params=said)
        if self._sending.by is SendBy.E_INVOICE and "leveransland" in message.casefold():
            return Issue(code=IssueCode.SEND_NO_COUNTRY, params=said)
        return Issue(code=IssueCode.SEND_REFUSED, params=said)

    def _find_out(self) -> None:
        """What a lost answer left open: only Fortnox knows."""
        there = self._tools.fortnox.invoice(self.record.fortnox_number)
        if self._sending.step is SendStep.BOOKING:
            if there is not None and not there.booked:
                self._book()
            else:
                self._save(EventKind.BOOKED_THERE, step=SendStep.BOOKED, problem=None)
        elif there is not None and there.sent:
            self._is_sent(_SENT_BY[self._sending.by])
        else:
            self._hold(Issue(code=IssueCode.SEND_UNCLEAR, params=self._said))

    def _is_sent(self, kind: EventKind) -> None:
        book = self._tools.book
        step = SendStep.BOOKING if book else SendStep.SENT
        self._save(kind, step=step, problem=None, attempt_at=None)
        if book:
            self._book()

    def _book(self) -> None:
        """Booking twice is refused by Fortnox, so that it may be tried again."""
        number = self.record.fortnox_number
        try:
            self._tools.fortnox.book_invoice(number)
        except (InvoiceHeldError, IntegrationHeldError) as refused:
            there = self._tools.fortnox.invoice(number)
            if there is None or not there.booked:
                if self._sending.problem is None:
                    said = {"message": refused.issue.params.get("message", ""), "fortnox_number": number}
                    issue = Issue(code=IssueCode.BOOK_REFUSED, params=said)
                    self._hold(issue, step=SendStep.BOOKING, attempt_at=self._tools.clock())
                return
        self._save(EventKind.BOOKED_THERE, step=SendStep.BOOKED, problem=None)

    @property
    def _said(self) -> dict[str, str]:
        record = self.record
        return {
            "fortnox_number": record.fortnox_number,
            "customer_number": record.customer_number,
            "goods_owner": record.goods_owner,
        }

    def _hold(self, issue: Issue, **changes: Any) -> None:
        if self._sending.problem == issue and self._sending.step is SendStep.WAITING:
            return
        step = changes.pop("step", SendStep.WAITING)
        self._save(EventKind.SEND_HELD, said=issue.code, step=step, problem=issue, asked=False, **changes)

    def _save(self, kind: EventKind | None, *, said: IssueCode | None = None, **changes: Any) -> None:
        now = self._tools.clock()
        problem = changes.get("problem", self._sending.problem)
        since = self._sending.problem_since if problem == self._sending.problem else now
        sending = replace(
            self._sending, turn=self._sending.turn + 1, problem_since=since if problem else None, **changes
        )
        after = replace(self.record, version=self.record.version + 1, sending=sending)
        number = self.record.fortnox_number
        event = HistoryEvent(at=now, kind=kind, by=BY_ITSELF, fortnox_number=number, issue=said) if kind else None
        self.record = self._tools.exports.save(after, event=event)
