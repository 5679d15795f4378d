"""A place where a history is not whole, and how somebody who knows why answers for it. docs/decisions/0022."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Flaw(StrEnum):
    """What is not as it was."""

    EVENT_CHANGED = "event_changed"  # or put into another order
    EVENT_MISSING = "event_missing"
    EVENT_ADDED = "event_added"
    FACTS_CHANGED = "facts_changed"
    RECORD_OLDER = "record_older"  # than a checkpoint says: an earlier version of it
    RECORD_MISSING = "record_missing"
    CHECKPOINT_CHANGED = "checkpoint_changed"
    CHECKPOINT_MISSING = "checkpoint_missing"
    CHECKPOINTS_END_EARLY = "checkpoints_end_early"
    ANCHOR_DIFFERS = "anchor_differs"
    ANCHOR_MISSING = "anchor_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One place where the history is not whole. What does not apply is None."""

    flaw: Flaw
    invoice_id: int | None = None
    first: int | None = None  # of the events of the invoice, or of the checkpoints, among which it is
    last: int | None = None
    checkpoint: int | None = None  # which says otherwise
    day: date | None = None  # of the anchor

    @property
    def may_be_restored(self) -> bool:
        """Whether a table that was brought back to an earlier time looks like this, too."""
        return self.flaw in {Flaw.RECORD_OLDER, Flaw.RECORD_MISSING, Flaw.CHECKPOINTS_END_EARLY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Who wrote down why these are broken. They stay told; later steps are proven against what was there then."""

    by: str
    why: str
    breaks: tuple[Break, ...]
