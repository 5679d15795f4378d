"""Puts an invoice's specification on it in Fortnox, once, so that it goes out with the invoice. docs/decisions/0019.

The invoice is in Fortnox and marked in Ongoing by then, and nothing here changes that: whatever goes wrong stays with
the attachment, and the next run goes on from the record.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from invoicing.application.interleave import outside
from invoicing.application.judge_invoice import TRY_AGAIN_EVERY
from invoicing.application.ports import Side
from invoicing.application.record_export import ExportTools, is_too_early
from invoicing.application.specify_invoice import drafted_again, is_as_sent, specification_of
from invoicing.domain.attachment import Attachment, file_name
from invoicing.domain.errors import (
    HeldError,
    InvoiceHeldError,
    InvoicingError,
    RetryLaterError,
    UpstreamContractError,
    invoice_held,
)
from invoicing.domain.export import EventKind, Export, HistoryEvent
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.specification import Specification, SpecificationError
from invoicing.domain.wms_invoice import WmsInvoice

LARGEST_FILE = 5_000_000  # bytes; Fortnox's page on files of invoices


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachTools:
    """What specifications are attached with. `draw` makes the file."""

    company: str  # whose invoices they are
    draw: Callable[[Specification], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """The record as it is now; not `answered`: Fortnox did not say what came of it."""

    record: Export
    answered: bool = True
    reason: str = ""  # why it is not attached, for the log


def specification_rests(record: Export, *, now: datetime, before: datetime | None) -> bool:
    """Whether what stops it is tried once an hour only, and not now. `before` is when the last run ended."""
    since = record.attachment.since if record.attachment else None
    if since is None or before is None:
        return False
    return (now - since) // TRY_AGAIN_EVERY == (before - since) // TRY_AGAIN_EVERY


async def attach_specification(
    tools: ExportTools, attaching: AttachTools, invoice: WmsInvoice | None, record: Export, *, failed_before: bool
) -> Attached:
    """Goes as far as it gets. `failed_before`: the run before this one got no answer either; none now is an issue.

    Without an invoice, Ongoing has it no longer: nothing can be specified. Raises ReconnectRequiredError and
    ChangedMeanwhileError; RetryLaterError if our own table does not answer.
    """
    step = _Attaching(tools, attaching, invoice, record)
    try:
        await step.run()
    except HeldError as refused:
        await step.give_up(_of_specification(refused.issue))
        return Attached(record=step.record, reason=str(refused))
    except SpecificationError as error:
        await step.give_up(Issue(code=IssueCode.SPECIFICATION_DIFFERS))
        return Attached(record=step.record, reason=str(error))
    except (RetryLaterError, UpstreamContractError) as error:
        if failed_before:
            step.note(Issue(code=IssueCode.SPECIFICATION_NOT_ANSWERED))
        return Attached(record=step.record, answered=False, reason=f"{type(error).__name__}: {error}")
    except InvoicingError:
        raise
    except Exception as defect:
        step.note(Issue(code=IssueCode.SPECIFICATION_DEFECT, params={"code": type(defect).__name__}))
        raise
    return Attached(record=step.record)


def _of_specification(refused: Issue) -> Issue:
    """What Fortnox refused, said of the specification: the invoice itself is there, and right."""
    message = refused.params.get("message", "")
    if refused.code in {IssueCode.SCOPE_MISSING, IssueCode.LICENCE_MISSING, IssueCode.PERMISSION_REFUSED}:
        return Issue(code=IssueCode.SPECIFICATION_NOT_PERMITTED, params={"message": message})
    if refused.code is IssueCode.SPECIFICATION_TOO_LARGE:
        return refused
    return Issue(code=IssueCode.SPECIFICATION_REFUSED, params={"message": message})


class _Attaching:
    """One specification on its way. `record` is always what the store has."""

    def __init__(self, tools: ExportTools, attaching: AttachTools, invoice: WmsInvoice | None, record: Export) -> None:
        self._tools, self._attaching, self._invoice = tools, attaching, invoice
        self.record = record

    @property
    def _there(self) -> Attachment:
        return self.record.attachment or Attachment(pending=False)

    async def run(self) -> None:
        there = self._there
        unclear = bool(there.file_id) and not there.id
        if not there.pending or (unclear and is_too_early(self.record, self._tools.clock())):
            return
        if not self._tools.judging.settings.attach_specification:
            await self._detach()
            self._save(None, pending=False, issue=None, since=None)
            return
        if self._invoice is None or there.removed:
            self._save(None, pending=False, issue=None, since=None)
            return
        specification = await self._specification(self._invoice)
        if await self._was_removed():
            event = EventKind.SPECIFICATION_REMOVED
            self._save(event, id="", file_id="", fingerprint="", removed=True, pending=False, issue=None, since=None)
            return
        if not self._there.id or self._there.fingerprint != specification.fingerprint:
            await self._attach(specification)
        await self._end()

    async def give_up(self, issue: Issue) -> None:
        """It cannot be attached as things are; what is attached belongs to the invoice as it was before."""
        try:
            await self._detach()
        except InvoicingError:
            self.note(issue)  # it is tried again with the rest
            return
        self.note(issue)

    def note(self, issue: Issue) -> None:
        """Said until it is attached."""
        if self._there.issue != issue:
            self._save(None, issue=issue, since=self._tools.clock())

    async def _specification(self, invoice: WmsInvoice) -> Specification:
        judging = self._tools.judging
        draft = drafted_again(invoice, self.record, judging.settings, judging.remembered_meaning)
        number = self.record.fortnox_number
        as_sent = is_as_sent(draft, self.record)
        there = None if as_sent else await outside(Side.FORTNOX, lambda: self._tools.fortnox.invoice(number))
        return specification_of(invoice, self.record, draft, there, judging.settings, company=self._attaching.company)

    async def _was_removed(self) -> bool:
        """Whether a person took away what we had attached. Finds out what became of a file that was uploaded before."""
        there = self._there
        if not there.file_id:
            return False
        number = self.record.fortnox_number
        attached = await outside(Side.FORTNOX, lambda: self._tools.fortnox.attachments(number))
        if there.id:
            return there.id not in attached
        found = next((id_ for id_, file_id in attached.items() if file_id == there.file_id), "")
        if found:
            self._save(EventKind.SPECIFICATION_ATTACHED, id=found)
        return False

    async def _attach(self, specification: Specification) -> None:
        there, number = self._there, self.record.fortnox_number
        if there.fingerprint != specification.fingerprint:
            if there.id:
                await self._remove_old()  # of a replacement that was not ended
            content = self._attaching.draw(specification)
            if len(content) > LARGEST_FILE:
                raise invoice_held(IssueCode.SPECIFICATION_TOO_LARGE)
            name = file_name(self.record.reference, specification.fingerprint)
            file_id = await outside(Side.FORTNOX, lambda: self._tools.fortnox.upload(name, content))
            # From here on, what becomes of it can be found out by this id.
            old_id = there.id or there.old_id
            self._save(None, file_id=file_id, fingerprint=specification.fingerprint, id="", old_id=old_id)
        file_id = self._there.file_id
        try:
            attached = await outside(Side.FORTNOX, lambda: self._tools.fortnox.attach(number, file_id))
        except InvoiceHeldError:
            if not self._there.old_id:
                raise
            await self._remove_old()  # there may be room for so many only
            attached = await outside(Side.FORTNOX, lambda: self._tools.fortnox.attach(number, file_id))
        more: dict[str, Any] = {} if self._there.old_id else {"pending": False, "issue": None, "since": None}
        self._save(EventKind.SPECIFICATION_ATTACHED, id=attached, **more)

    async def _end(self) -> None:
        """The new one is there: the one before it goes."""
        await self._remove_old()
        if self._there.pending:
            self._save(None, pending=False, issue=None, since=None)

    async def _remove_old(self) -> None:
        old_id = self._there.old_id
        if old_id:
            await outside(Side.FORTNOX, lambda: self._tools.fortnox.detach(old_id))
            self._save(None, old_id="")

    async def _detach(self) -> None:
        """Takes away all that we attached."""
        there, number = self._there, self.record.fortnox_number
        if not there.file_id and not there.old_id:
            return
        attached = await outside(Side.FORTNOX, lambda: self._tools.fortnox.attachments(number))
        ours = [id_ for id_, file_id in attached.items() if id_ == there.old_id or file_id == there.file_id]
        for id_ in ours:
            await outside(Side.FORTNOX, lambda id_=id_: self._tools.fortnox.detach(id_))  # type: ignore[misc]
        self._save(EventKind.SPECIFICATION_DETACHED if ours else None, id="", old_id="", file_id="", fingerprint="")

    def _save(self, kind: EventKind | None, **changes: Any) -> None:
        """Writes the next version of the record: of it, nothing but the attachment."""
        now = self._tools.clock()
        record = replace(
            self.record,
            version=self.record.version + 1,
            updated_at=now,
            attachment=replace(self._there, **changes),
        )
        number = record.fortnox_number
        event = HistoryEvent(at=now, kind=kind, by=self._tools.by, fortnox_number=number) if kind else None
        self.record = self._tools.exports.save(record, event=event)
