"""Items that want to be looked at later: a sparse index holds exactly those that have a time for it."""

from collections.abc import Iterator
from datetime import datetime

from invoicing.adapters.aws.items import Attribute, epoch
from invoicing.adapters.aws.table import Table

_ATTRIBUTES = ("due_queue", "due_at")
_DUE: Attribute = {"S": "due"}


def due_attributes(due_at: datetime | None) -> tuple[dict[str, Attribute], tuple[str, ...]]:
    """What to put and what to drop so that the item is due at a moment, or never."""
    if due_at is None:
        return {}, _ATTRIBUTES
    return {"due_queue": _DUE, "due_at": epoch(due_at)}, ()


def due_keys(table: Table, index: str, key: str, now: datetime) -> Iterator[str]:
    """Keys of the items whose time has come, the longest waiting first (eventually consistent)."""
    found = table.query("#due_queue = :due AND #due_at <= :now", {"due": _DUE, "now": epoch(now)}, index=index)
    for item in found:
        yield item[key]["S"]
