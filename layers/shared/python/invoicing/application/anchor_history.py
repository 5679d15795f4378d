"""Closes what a run did to histories: a checkpoint of it, and once a day an anchor. docs/decisions/0022."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from invoicing.application.ports import Anchors, Checkpoints, Clock, Report
from invoicing.domain.checkpoint import (
    Anchor,
    Head,
    LastCheckpoint,
    checkpoints_after,
    first_hash,
    head_of,
)
from invoicing.domain.errors import InvoicingError
from invoicing.domain.export import Export
from invoicing.domain.swedish_time import SWEDEN


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryTools:
    """What it works with. `program` is the version of this function."""

    integration_id: str
    checkpoints: Checkpoints
    anchors: Anchors
    program: str
    clock: Clock
    report: Report


def anchor_day(tools: HistoryTools, last: LastCheckpoint | None) -> LastCheckpoint | None:
    """When the day of the last checkpoint is over, it is kept where nothing is changed. Else nothing is called.

    Without an answer the next run tries again, unless it begins a checkpoint of a later day: that is anchored instead.
    """
    today = tools.clock().astimezone(SWEDEN).date()
    if last is None or not last.is_to_anchor or last.day >= today:
        return last
    try:
        tools.anchors.keep(tools.integration_id, Anchor(day=last.day, number=last.number, hash=last.hash))
    except InvoicingError as error:
        tools.report("history_not_anchored", {"integration": tools.integration_id, "reason": str(error)})
        return last
    return replace(last, anchored=last.day)


def add_checkpoint(
    tools: HistoryTools, last: LastCheckpoint | None, records: Iterable[Export]
) -> LastCheckpoint | None:
    """Names how far the histories of these have come. One write, or one for each MOST_HEADS of them.

    Raises InvoicingError if it did not answer: what was not named is to be named by the next one.
    """
    heads = [head for head in map(head_of, records) if head is not None]
    while heads:
        if last is None or not last.number:
            last = tools.checkpoints.last(tools.integration_id) or LastCheckpoint(
                number=0, hash=first_hash(tools.integration_id), at=tools.clock()
            )
        last, heads = _added(tools, last, heads)
    return last


def _added(tools: HistoryTools, last: LastCheckpoint, heads: list[Head]) -> tuple[LastCheckpoint | None, list[Head]]:
    """What is last then, and what is not named yet: if another has its number, `last` was of before a restore."""
    named = 0
    for checkpoint in checkpoints_after(last, heads, at=tools.clock(), program=tools.program):
        if not tools.checkpoints.add(tools.integration_id, checkpoint):
            return None, sorted(heads, key=lambda one: one.invoice_id)[named:]
        last, named = checkpoint.mark, named + len(checkpoint.heads)
    return last, []
