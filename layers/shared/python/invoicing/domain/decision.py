"""What a person decides about an invoice that is held: every state has a way out that can be taken.

docs/decisions/0010 has the table of states and ways.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from invoicing.domain.issue import Issue, IssueCode


class Way(StrEnum):
    """A way out. Each is carried out once, by the next run, and can be gone on with after a break."""

    MAKE_EQUAL = "make_equal"  # Fortnox's invoice becomes Ongoing's, whatever a person did there
    KEEP = "keep"  # Fortnox's is right as it is
    MAKE_NEW = "make_new"  # the old one is over: another one is made
    CORRECT = "correct"  # the old one is credited, and another one is made
    IS_NUMBER = "is_number"  # it is this number in Fortnox
    NOT_THERE = "not_there"  # none of what carries our reference is it: it is made
    BY_HAND = "by_hand"  # made or corrected by hand in Fortnox, under this number
    RIGHT = "right"  # what a guard asked about is right as it is: it is made
    LEAVE = "leave"  # nothing more is done, for a reason, until Ongoing has something else


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided and is not carried out yet."""

    way: Way
    by: str
    at: datetime
    note: str = ""  # the reason, where one is given
    number: str = ""  # in Fortnox; of IS_NUMBER and BY_HAND


NEEDS_NUMBER = frozenset({Way.IS_NUMBER, Way.BY_HAND})
NEEDS_NOTE = frozenset({Way.LEAVE})

_CHANGED = (Way.MAKE_EQUAL, Way.KEEP, Way.LEAVE)
_BOOKED = (Way.CORRECT, Way.BY_HAND, Way.LEAVE)
_OVER = (Way.MAKE_NEW, Way.BY_HAND, Way.LEAVE)
_STRANGE = (Way.IS_NUMBER, Way.LEAVE)
_GUARDED = (Way.RIGHT, Way.BY_HAND, Way.LEAVE)
_UNCLEAR = (Way.IS_NUMBER, Way.NOT_THERE, Way.LEAVE)
_WAYS: Mapping[IssueCode, tuple[Way, ...]] = {
    IssueCode.TOTAL_UNUSUAL: _GUARDED,
    IssueCode.PERIOD_OVERLAPS: _GUARDED,
    IssueCode.PERIOD_GAP: _GUARDED,
    IssueCode.PRICE_OFF_LIST: _GUARDED,
    IssueCode.TOTAL_DIFFERS: _CHANGED,
    IssueCode.VAT_MISSING: _CHANGED,
    IssueCode.VAT_UNEXPECTED: _CHANGED,
    IssueCode.INVOICE_CHANGED: _CHANGED,
    IssueCode.INVOICE_SENT: (Way.MAKE_EQUAL, Way.CORRECT, Way.KEEP, Way.LEAVE),
    IssueCode.INVOICE_BOOKED: _BOOKED,
    IssueCode.INVOICE_CANCELLED: _OVER,
    IssueCode.INVOICE_CREDITED: _OVER,
    IssueCode.INVOICE_PARTLY_CREDITED: (Way.BY_HAND, Way.LEAVE),
    IssueCode.INVOICE_GONE: (Way.IS_NUMBER, Way.MAKE_NEW, Way.LEAVE),
    IssueCode.INVOICE_NOT_OURS: _STRANGE,
    IssueCode.INVOICE_FROM_ORDER: _STRANGE,
    IssueCode.FOUND_TWICE: _UNCLEAR,
    IssueCode.OUTCOME_UNCLEAR: _UNCLEAR,
    IssueCode.DELETED_IN_WMS: (Way.LEAVE,),
    IssueCode.NUMBER_TAKEN: (Way.IS_NUMBER, Way.BY_HAND, Way.LEAVE),
}
# What only a decision ends; of all others the cause is mended elsewhere, and then it is tried again.
_DECIDED = frozenset(
    {
        IssueCode.TOTAL_UNUSUAL,
        IssueCode.PERIOD_OVERLAPS,
        IssueCode.PERIOD_GAP,
        IssueCode.PRICE_OFF_LIST,
        IssueCode.INVOICE_CHANGED,
        IssueCode.INVOICE_SENT,
        IssueCode.INVOICE_BOOKED,
        IssueCode.INVOICE_CANCELLED,
        IssueCode.INVOICE_CREDITED,
        IssueCode.INVOICE_PARTLY_CREDITED,
        IssueCode.INVOICE_GONE,
        IssueCode.INVOICE_NOT_OURS,
        IssueCode.INVOICE_FROM_ORDER,
        IssueCode.OUTCOME_UNCLEAR,
    }
)
# Held before it was in Fortnox, or while it is right there: what stops it is mended and tried again, or it is ended.
_NOT_SENT = (Way.IS_NUMBER, Way.BY_HAND, Way.LEAVE)
_SENT = (Way.KEEP, Way.BY_HAND, Way.LEAVE)
# What older versions said for all of these at once.
_LOCKED: Mapping[str, tuple[Way, ...]] = {
    "cancelled": _OVER,
    "credited": _OVER,
    "gone": _WAYS[IssueCode.INVOICE_GONE],
    "order": _STRANGE,
}


def is_decided(code: IssueCode) -> bool:
    """Whether a decision is the likeliest end of such an issue; else mending its cause and trying again is."""
    return code in _DECIDED


def ways_out(issue: Issue | None, *, in_fortnox: bool, in_doubt: bool, by_hand: bool) -> tuple[Way, ...]:
    """What a person may decide about an invoice with this issue, the likeliest first; nothing without an issue.

    `in_fortnox`: its number is known. `in_doubt`: a POST of it may have been carried out. `by_hand`: a person made it
    in Fortnox, and it is never changed by us.
    """
    if issue is None:
        return ()
    found = _ways_out(issue, in_fortnox=in_fortnox, in_doubt=in_doubt)
    return tuple(way for way in found if not (by_hand and way is Way.MAKE_EQUAL))


def _ways_out(issue: Issue, *, in_fortnox: bool, in_doubt: bool) -> tuple[Way, ...]:
    if issue.code is IssueCode.INVOICE_LOCKED:
        return _LOCKED.get(issue.params.get("reason", ""), _BOOKED)
    if in_doubt and not in_fortnox:
        return _UNCLEAR  # whatever it is held for: a new one could be a second one
    return _WAYS.get(issue.code, _SENT if in_fortnox else _NOT_SENT)
