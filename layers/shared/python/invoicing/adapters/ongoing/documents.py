"""Finds its way in an answer: safe parsing, and lookups that forgive what Ongoing's public pages leave open.

The names inside the invoice types of the Automation interface are not public. So elements are found by their
local name in any case and any namespace, under any of the names that Ongoing's interfaces use, and a value is
missing whether its element is absent, empty or nil.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from invoicing.domain.swedish_time import SWEDEN

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


class NotADocumentError(Exception):
    """Not XML: a page for people, or a document that ends too early."""


class StrangeDocumentError(Exception):
    """A complete document that is not acceptable: a document type, wrong bytes, wrong structure."""


class GarbledError(ValueError):
    """A value that is missing or cannot be read; the message names the field and shows no text."""


def parse(body: bytes) -> Element:
    """Parses an answer without entities and document types. Names come out local and in lower case.

    Raises NotADocumentError, and StrangeDocumentError for what a second try will not mend.
    """
    if _PAGE.match(body) or not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise NotADocumentError("a page instead of a SOAP answer")
    try:
        return _parse(body)
    except ParseError:
        # .NET writes control characters of its texts as references that no parser may accept; one comment
        # pasted from a spreadsheet would hide all invoices.
        try:
            return _parse(_without_control_characters(body))
        except ParseError:
            pass
    if not body.rstrip().endswith(b"Envelope>"):
        raise NotADocumentError("half a document")
    raise StrangeDocumentError("not well-formed")


_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!doctype\s+html|<html)\b", re.IGNORECASE)


def _parse(body: bytes) -> Element:
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        raise StrangeDocumentError("a document type") from None
    except (ValueError, LookupError):  # an encoding that Python does not know
        raise StrangeDocumentError("an unknown encoding") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2].lower()
    return root


_REFERENCE = re.compile(rb"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,8}));")
_RAW_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def _without_control_characters(body: bytes) -> bytes:
    def allowed(match: re.Match[bytes]) -> bytes:
        code = int(match[1], 16) if match[1] else int(match[2])
        is_xml = code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD
        return match[0] if is_xml or 0x10000 <= code <= 0x10FFFF else b" "

    return _RAW_CONTROL.sub(b" ", _REFERENCE.sub(allowed, body))


def is_nil(element: Element) -> bool:
    """Whether the element says that it has no value."""
    return element.get(_NIL, "").strip() in ("true", "1")


def child(element: Element, *names: str) -> Element | None:
    """The first child with a value, by the first name that has one."""
    for name in names:
        folded = name.lower()
        for candidate in element:
            if candidate.tag == folded and not is_nil(candidate):
                return candidate
    return None


def text(element: Element, *names: str) -> str:
    """The text of a child without outer white space; "" where there is none."""
    found = child(element, *names)
    return "" if found is None else (found.text or "").strip()


def integer(element: Element, *names: str) -> int:
    """A whole number. Raises GarbledError, also when it is missing."""
    value = _required(element, names)
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", value):
        raise GarbledError(f"{names[0]} is not a whole number")
    return int(value)


def decimal(element: Element, *names: str) -> Decimal:
    """An exact number. Raises GarbledError, also when it is missing."""
    value = _required(element, names)
    # A comma could mean thousands or decimals, so it means neither.
    if not re.fullmatch(r"[+-]?(?:[0-9]{1,28}(?:\.[0-9]{0,28})?|\.[0-9]{1,28})(?:[eE][+-]?[0-9]{1,2})?", value):
        raise GarbledError(f"{names[0]} is not a number")
    return Decimal(value)


def boolean(element: Element, *names: str) -> bool:
    """An xs:boolean. Raises GarbledError, also when it is missing."""
    value = _required(element, names).lower()
    if value not in ("true", "false", "1", "0"):
        raise GarbledError(f"{names[0]} is neither true nor false")
    return value in ("true", "1")


def day_or_none(element: Element, *names: str) -> date | None:
    """A date whose field must be there; it may be empty, nil or the year 1. Raises GarbledError.

    A field under a name that we do not know must not look like "no date".
    """
    folded = {name.lower() for name in names}
    if not any(candidate.tag in folded for candidate in element):
        raise GarbledError(f"{names[0]} is missing")
    return optional_day(element, *names)


_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


def optional_day(element: Element, *names: str) -> date | None:
    """The calendar date in Sweden of an xs:dateTime or xs:date; None where there is none.

    A time with an offset is converted first: the Swedish midnight of 1 November is 2026-10-31T23:00:00Z.
    Without an offset it is local. The year 1 is .NET's way to say that there is none. Raises GarbledError.
    """
    value = text(element, *names)
    if not value:
        return None
    try:
        if not _MOMENT.fullmatch(value):
            raise ValueError
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise GarbledError(f"{names[0]} is not a date") from None
    if moment.year == 1:
        return None
    try:
        return moment.date() if moment.tzinfo is None else moment.astimezone(SWEDEN).date()
    except OverflowError:
        raise GarbledError(f"{names[0]} is not a date") from None


def _required(element: Element, names: tuple[str, ...]) -> str:
    value = text(element, *names)
    if not value:
        raise GarbledError(f"{names[0]} is missing")
    return value
