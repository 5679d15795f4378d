"""Asks Fortnox what became of the invoices that were made: one call an hour, while something of ours is open.

Once a day the open ones are asked for as a whole, because nobody has published whether a payment counts as a change of
its invoice; what only that finds is counted. docs/decisions/0017.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from invoicing.application.ports import BY_ITSELF, Clock, Exports, Fortnox, Report, SecondsLeft
from invoicing.domain.errors import RetryLaterError, UpstreamContractError
from invoicing.domain.export import EventKind, Export, ExportState, HistoryEvent, invoice_id_in
from invoicing.domain.fortnox_invoice import FortnoxInvoice
from invoicing.domain.settlement import (
    Following,
    Progress,
    Settlement,
    needs_reading,
    settlement_of,
    shows_nothing_new,
)

_OVERLAP = timedelta(minutes=10)  # of two questions: clocks differ, and lists may lag behind
_STILL = frozenset({ExportState.DONE, ExportState.HELD})  # else a run is at it, and what there is will change


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowTools:
    """What following works with. `to_end` seconds are left for what comes after it."""

    integration_id: str
    exports: Exports
    fortnox: Fortnox
    clock: Clock
    seconds_left: SecondsLeft
    to_end: float
    report: Report


class OutOfTimeError(RetryLaterError):
    """The rest is asked for by the next run."""


def follow_invoices(tools: FollowTools, before: Following | None) -> Following:
    """Brings the records up to what Fortnox says now. `before` is None at the first time.

    Raises as Fortnox does, and OutOfTimeError. What was learned until then is stored, and nothing is asked less for it.
    """
    return _Followed(tools, before).up_to_now()


class _Followed:
    """The records of one time."""

    def __init__(self, tools: FollowTools, before: Following | None) -> None:
        self._tools = tools
        self._before = before
        self._now = tools.clock()
        self._beginning = f"ONGOING-{tools.integration_id}-"
        self._open = set(tools.exports.open_invoices(tools.integration_id))
        self._stored_open = frozenset(self._open)

    def up_to_now(self) -> Following:
        before = self._before
        try:
            if before is not None:
                since = before.since - _OVERLAP
                self._take_all(self._tools.fortnox.changed_invoices(self._beginning, since=since))
            whole = before is None or before.is_whole_due(self._now)
            if whole:
                untold = self._look_through()
                if before is not None and untold:
                    self._tools.report("payments_untold", {"integration": self._tools.integration_id, "count": untold})
        finally:
            if self._open != self._stored_open:
                self._tools.exports.save_open_invoices(self._tools.integration_id, self._open)
        return Following(
            at=self._now,
            since=self._now,
            whole_at=self._now if whole or before is None else before.whole_at,
            open=len(self._open),
        )

    def _look_through(self) -> int:
        """All that is open, there or here. Gives of how many nothing was told by their time of change."""
        known = frozenset(self._open)
        listed = self._tools.fortnox.open_invoices(self._beginning)
        untold = self._take_all(listed) & known
        seen = {invoice_id_in(one.reference, self._tools.integration_id) for one in listed}
        missing = sorted(known - seen)
        for some in (missing[first : first + 100] for first in range(0, len(missing), 100)):
            for record in self._tools.exports.get_many(self._tools.integration_id, some).values():
                if self._is_followed(record) and self._store(record, self._read(record)):
                    untold |= {record.invoice_id}
        return len(untold)

    def _take_all(self, listed: Sequence[FortnoxInvoice]) -> set[int]:
        """Ids of those of which something was new."""
        of_invoice: dict[int, list[FortnoxInvoice]] = {}
        for one in listed:
            invoice_id = invoice_id_in(one.reference, self._tools.integration_id)
            if invoice_id is not None:
                of_invoice.setdefault(invoice_id, []).append(one)
        records = self._tools.exports.get_many(self._tools.integration_id, sorted(of_invoice))
        return {
            record.invoice_id
            for record in records.values()
            if self._is_followed(record) and self._take(record, of_invoice[record.invoice_id])
        }

    def _is_followed(self, record: Export) -> bool:
        return record.state in _STILL and bool(record.fortnox_number)

    def _take(self, record: Export, listed: Sequence[FortnoxInvoice]) -> bool:
        """What carries our reference and has another number is its credit note or a copy: then it is read itself."""
        before = record.settlement
        ours = next((one for one in listed if _is_it(one, record)), None)
        others = [one for one in listed if one.number != record.fortnox_number and not _is_known(one, record)]
        if ours is None and not others:
            return False
        there = settlement_of(ours, at=self._now, before=before) if ours is not None else None
        if there is None or others or needs_reading(there, before, expected=record.expected_total):
            there = self._read(record)
        return self._store(record, there)

    def _read(self, record: Export) -> Settlement:
        """The invoice itself, and its credit note."""
        if self._tools.seconds_left() < self._tools.to_end:
            raise OutOfTimeError("invoices in Fortnox are read on by the next run")
        before = record.settlement
        there = self._tools.fortnox.invoice(record.fortnox_number)
        if there is None:
            known = before or _unknown(record, self._now)
            return replace(known, at=self._now, gone=True)
        note = None
        if there.credit_of and not there.is_credit_note:
            note = self._tools.fortnox.invoice(there.credit_of)
        return settlement_of(there, at=self._now, before=before, credit=note)

    def _store(self, record: Export, there: Settlement) -> bool:
        """One write, where something is new."""
        before = record.settlement
        (self._open.discard if there.has_ended else self._open.add)(record.invoice_id)
        if shows_nothing_new(there, before):
            return False
        after = replace(record, version=record.version + 1, settled=there)
        self._tools.exports.save(after, event=_event(record, after, self._now))
        return True


def _is_it(one: FortnoxInvoice, record: Export) -> bool:
    if one.number != record.fortnox_number or one.reference != record.reference:
        return False
    if one.balance is None or one.total is None:
        raise UpstreamContractError("Fortnox's list of invoices lacks Balance or Total")
    return True


def _is_known(other: FortnoxInvoice, record: Export) -> bool:
    """Whether it is an earlier generation, or a credit note that was read as it is."""
    before = record.settlement
    numbers = {number for one in record.earlier for number in (one.number, one.credit_note)}
    read = before is not None and other.number == before.credit_note and abs(other.total or 0) == before.credited
    return read or other.number in numbers


def _unknown(record: Export, now: datetime) -> Settlement:
    total = record.expected_total or record.amount
    return Settlement(
        number=record.fortnox_number, at=now, total=total, balance=total, booked=False, sent=False, cancelled=False
    )


def _event(before: Export, after: Export, now: datetime) -> HistoryEvent | None:
    """A line of history, if a reader would call it news."""
    reached = after.settlement.reached if after.settlement else Progress.OPEN
    progress = reached if reached is not (before.settlement.reached if before.settlement else Progress.OPEN) else None
    net = after.changed_net if after.changed_net != before.changed_net else None
    if net is None and progress is None:
        return None
    kind = EventKind.PROGRESSED if net is None else EventKind.CHANGED_THERE
    return HistoryEvent(at=now, kind=kind, by=BY_ITSELF, progress=progress, net=net)
