"""The history of an integration line by line, in the order in which it happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from invoicing.application.ports import Exports
from invoicing.domain.chain import chain
from invoicing.domain.change import Change
from invoicing.domain.export import Export, HistoryEvent
from invoicing.domain.integration import Integration

_INVOICES = 200  # that are read at a time


class HistoryLine(NamedTuple):
    """One event of an invoice, or one thing that a person did to the integration."""

    at: datetime
    event: HistoryEvent | Change
    record: Export | None = None  # None: a change
    place: int = 0  # of the event among those of its invoice, from 1
    hash: bytes = b""  # of all of them up to it


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPart:
    """Of a few invoices after each other, or of all; `goes_on_after` is the last of them if there are more."""

    lines: Sequence[HistoryLine]
    goes_on_after: int | None


def list_history(exports: Exports, integration: Integration, *, after: int | None, most: int) -> HistoryPart:
    """Oldest first, from the invoice after this id, until there are `most` events.

    What people did to the integration is in the last part, among the events of its time.
    """
    lines: list[HistoryLine] = []
    while True:
        records, after = exports.histories(integration.id, limit=_INVOICES, after=after, oldest_first=True)
        for record in records:
            _beginning, *hashes = chain(record)
            for place, (event, hash_) in enumerate(zip(record.history, hashes, strict=True), start=1):
                lines.append(HistoryLine(event.at, event, record, place, hash_))
        if after is None or len(lines) >= most:
            break
    if after is None:
        lines += [HistoryLine(change.at, change) for change in integration.changes]
    lines.sort(
        key=lambda line: (line.at, line.record is None, line.record.invoice_id if line.record else 0, line.place)
    )
    return HistoryPart(lines=lines, goes_on_after=after)
