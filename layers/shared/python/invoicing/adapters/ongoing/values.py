"""Reads single values of an answer: a text of the wire to a value of the domain, exactly or not at all.

Every reader takes the text of an element without outer white space, or None where the element is empty or nil, and
raises ValueError with a phrase that names no text: "is not a number".
"""

import re
from datetime import date, datetime
from decimal import Decimal

from invoicing.domain.swedish_time import SWEDEN

TWICE = ("twice",)  # stands for a value whose element occurs more than once


def text(value: object) -> str:
    """A text; an empty or missing one is ""."""
    return _one(value) or ""


def integer(value: object) -> int:
    """A whole number."""
    written = _required(value)
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", written):
        raise ValueError("is not a whole number")
    return int(written)


def decimal(value: object) -> Decimal:
    """An exact number."""
    written = _required(value)
    # A comma could mean thousands or decimals, so it means neither.
    if not re.fullmatch(r"[+-]?(?:[0-9]{1,28}(?:\.[0-9]{0,28})?|\.[0-9]{1,28})(?:[eE][+-]?[0-9]{1,2})?", written):
        raise ValueError("is not a number")
    return Decimal(written)


def decimal_if_readable(value: object) -> Decimal | None:
    """The same for what no invoice depends on: None also where it cannot be read."""
    try:
        return decimal(value)
    except ValueError:
        return None


def boolean(value: object) -> bool:
    """An xs:boolean."""
    written = _required(value).lower()
    if written not in ("true", "false", "1", "0"):
        raise ValueError("is neither true nor false")
    return written in ("true", "1")


_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


_NO_YEARS = frozenset({1, 9999})
_NO_DAYS = frozenset({date(1753, 1, 1), date(1900, 1, 1), date(1970, 1, 1)})


def optional_day(value: object) -> date | None:
    """The calendar date in Sweden of an xs:dateTime or xs:date; None where there is none.

    A time with an offset is converted first: the Swedish midnight of 1 November is 2026-10-31T23:00:00Z.
    Without an offset it is local. The first and the last year are .NET's ways to say that there is none, and the days
    that databases begin with are theirs.
    """
    written = _one(value)
    if not written:
        return None
    try:
        if not _MOMENT.fullmatch(written):
            raise ValueError
        moment = datetime.fromisoformat(written)
        if moment.year in _NO_YEARS or moment.date() in _NO_DAYS:
            return None
        return moment.date() if moment.tzinfo is None else moment.astimezone(SWEDEN).date()
    except ValueError:
        raise ValueError("is not a date") from None


def day_if_readable(value: object) -> date | None:
    """The same for what no invoice depends on: None also where it cannot be read."""
    try:
        return optional_day(value)
    except ValueError:
        return None


def _required(value: object) -> str:
    written = _one(value)
    if not written:
        raise ValueError("is missing")
    return written


def _one(value: object) -> str | None:
    if value is TWICE:
        raise ValueError("stands there more than once")
    if value is None or isinstance(value, str):
        return value
    raise ValueError("holds elements instead of a text")
