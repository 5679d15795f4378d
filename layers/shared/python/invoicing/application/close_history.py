"""Closes what a run did to histories: a checkpoint names it, and once a day an anchor keeps it. docs/decisions/0022."""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, replace

from invoicing.application.close_run import SECONDS_TO_CLOSE, Touched
from invoicing.application.ports import Anchors, Checkpoints, Clock, Exports, Report, SecondsLeft
from invoicing.domain.checkpoint import Anchor, Head, LastCheckpoint, checkpoints_after, first_hash, head_of
from invoicing.domain.errors import InvoicingError
from invoicing.domain.export import Export
from invoicing.domain.swedish_time import SWEDEN


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryTools:
    """What it works with. `program` is the version of this function; `anchors` are made when they are needed."""

    integration_id: str
    exports: Exports
    checkpoints: Checkpoints
    anchors: Callable[[], Anchors]
    program: str
    clock: Clock
    seconds_left: SecondsLeft
    report: Report


def close_history(
    tools: HistoryTools, touched: Touched, last: LastCheckpoint | None, *, cut_off: Set[int]
) -> LastCheckpoint | None:
    """Gives what the next run goes on from. `cut_off` are ids of invoices that a run before may have saved unnamed.

    A run that saved nothing calls nothing, but for the anchor of a day that is over. What cannot be named now is named
    by the next run. A defect of ours ends here, because the run's own last write comes after.
    """
    try:
        last = anchor_day(tools, last)
        unnamed = touched.unsure | cut_off | (last.pending if last else frozenset())
        if not unnamed and not touched:
            return last
        if tools.seconds_left() <= SECONDS_TO_CLOSE:
            reason = "no time was left"
        else:
            missed = tools.exports.get_many(tools.integration_id, sorted(unnamed)) if unnamed else {}
            return add_checkpoint(tools, last, {**touched.records, **missed}.values())
    except InvoicingError as error:
        reason = str(error)
    except Exception as defect:
        reason = type(defect).__name__
        tools.report("our_defect", {"integration": tools.integration_id, "reason": reason})
    tools.report("history_not_closed", {"integration": tools.integration_id, "reason": reason})
    before = last or _nothing(tools)
    return replace(before, pending=before.pending | touched.unsure | cut_off | touched.records.keys())


def anchor_day(tools: HistoryTools, last: LastCheckpoint | None) -> LastCheckpoint | None:
    """When the day of the last checkpoint is over, it is kept where nothing is changed. Else nothing is called.

    Without an answer the next run tries again, unless this one makes a checkpoint: then that is anchored tomorrow.
    """
    today = tools.clock().astimezone(SWEDEN).date()
    if last is None or not last.is_to_anchor or last.day >= today:
        return last
    try:
        tools.anchors().keep(tools.integration_id, Anchor(day=last.day, number=last.number, hash=last.hash))
    except InvoicingError as error:
        tools.report("history_not_anchored", {"integration": tools.integration_id, "reason": str(error)})
        return last
    return replace(last, anchored=last.day)


def add_checkpoint(
    tools: HistoryTools, last: LastCheckpoint | None, records: Iterable[Export]
) -> LastCheckpoint | None:
    """Names how far the histories of these have come. One write, or one for each MOST_HEADS of them.

    Raises InvoicingError if the store did not answer.
    """
    heads = sorted((head for head in map(head_of, records) if head is not None), key=lambda one: one.invoice_id)
    while heads:
        if last is None or not last.number:
            last = tools.checkpoints.last(tools.integration_id) or _nothing(tools)
        last, heads = _added(tools, last, heads)
    return last and replace(last, pending=frozenset())


def _added(tools: HistoryTools, last: LastCheckpoint, heads: list[Head]) -> tuple[LastCheckpoint | None, list[Head]]:
    """What is last then, and what is not named yet: if another has its number, `last` was of before a restore."""
    named = 0
    for checkpoint in checkpoints_after(last, heads, at=tools.clock(), program=tools.program):
        if not tools.checkpoints.add(tools.integration_id, checkpoint):
            return None, heads[named:]
        last, named = checkpoint.mark, named + len(checkpoint.heads)
    return last, []


def _nothing(tools: HistoryTools) -> LastCheckpoint:
    return LastCheckpoint(number=0, hash=first_hash(tools.integration_id), at=tools.clock())
