"""The history of one invoice as a chain: each event is bound to all that stand before it. docs/decisions/0022.

The chain of a record is the hash of its whole history, always. So it is known without reading that history as long as
everybody who writes an event also writes the chain; whoever finds that somebody did not, folds the history anew.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from invoicing.domain.export import Export, HistoryEvent
from invoicing.domain.link import NOTHING, Link, linked


def beginning(integration_id: str, invoice_id: int) -> bytes:
    """Before the first event: so that no history fits another invoice."""
    return linked(NOTHING, (integration_id, invoice_id))


def chain(export: Export) -> Iterator[bytes]:
    """The hash before the first event of its history, and after each of them."""
    hash_ = beginning(export.integration_id, export.invoice_id)
    yield hash_
    for event in export.history:
        hash_ = linked(hash_, event)
        yield hash_


def chained(export: Export, event: HistoryEvent | None, history: Callable[[], Sequence[HistoryEvent]]) -> Export:
    """The record as it is to be written together with this event.

    `history` gives the events before it. It is asked only where the version before has no chain: that was written by a
    program that knew none, or its writer did not go on with what was stored.
    """
    before = export.chain
    if export.version == 1:
        before = Link(version=0, count=0, hash=beginning(export.integration_id, export.invoice_id))
    elif before is None or before.version != export.version - 1:
        before = link_of(replace(export, version=export.version - 1, history=tuple(history())))
    if event is None:
        return replace(export, chain=replace(before, version=export.version))
    link = Link(version=export.version, count=before.count + 1, hash=linked(before.hash, event))
    return replace(export, chain=link)


def link_of(export: Export) -> Link:
    """That of a record whose whole history is at hand."""
    *_, last = chain(export)
    return Link(version=export.version, count=len(export.history), hash=last)
