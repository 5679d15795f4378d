"""Goes on from a history that is not whole: a checkpoint says what is broken, who wrote it down, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import batched

from invoicing.application.ports import Anchors, ChangedMeanwhileError, Checkpoints, Exports
from invoicing.application.prove_history import prove_history
from invoicing.domain.chain import link_of
from invoicing.domain.checkpoint import Checkpoint, Head, LastCheckpoint, first_hash, head_of
from invoicing.domain.flaw import Acknowledgement, Break, Flaw

_BREAKS = 500  # of one checkpoint


def acknowledge_breaks(
    integration_id: str,
    *,
    exports: Exports,
    checkpoints: Checkpoints,
    anchors: Anchors,
    known: LastCheckpoint | None,
    by: str,
    why: str,
    at: datetime,
) -> Sequence[Break]:
    """Gives what was acknowledged; none if the history is whole. `known` is what the last run went on from.

    Records are proven from then on as they are now. Nothing is taken away: earlier checkpoints and anchors stay. May be
    repeated when it broke off. Raises RetryLaterError, and ChangedMeanwhileError if a run saved at the same time.
    """
    found = prove_history(integration_id, exports=exports, checkpoints=checkpoints, anchors=anchors).breaks
    if not found:
        return []
    last = checkpoints.last(integration_id)
    number, hash_ = (last.number, last.hash) if last else (0, first_hash(integration_id))
    if known is not None and known.number > number:  # the next run would leave these numbers out
        gap = Break(flaw=Flaw.CHECKPOINT_MISSING, first=number + 1, last=known.number)
        found, number = [*found, gap], known.number
    for some in batched(found, _BREAKS, strict=False):
        number += 1
        checkpoint = Checkpoint(
            number=number,
            at=at,
            program="",
            anchored=last.anchored if last else None,
            heads=tuple(_heads(exports, integration_id, some)),
            acknowledged=Acknowledgement(by=by, why=why, breaks=some),
        ).after(hash_)
        if not checkpoints.add(integration_id, checkpoint):
            raise ChangedMeanwhileError(f"checkpoint {number} of {integration_id} was made at the same time")
        hash_ = checkpoint.hash
    return found


def _heads(exports: Exports, integration_id: str, breaks: Sequence[Break]) -> Iterator[Head]:
    """Of the records that are there: as they are now."""
    for invoice_id in sorted({one.invoice_id for one in breaks if one.invoice_id is not None}):
        record = exports.get(integration_id, invoice_id)
        if record is None:
            continue
        if record.chain != link_of(record):  # what comes next would go on from an end that does not fit
            record = exports.save(replace(record, version=record.version + 1, chain=None), event=None)
        head = head_of(record)
        assert head is not None  # noqa: S101 - it is chained
        yield head
