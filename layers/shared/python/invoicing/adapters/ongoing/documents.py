"""Finds its way in an answer: bytes to elements, safely, and lookups by local name in any case and any namespace."""

import re
import zlib
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_LONGEST_UNPACKED = 20_000_000
_MOST_ELEMENTS = 500_000  # twenty thousand charges with all their fields; each takes some hundred bytes


class NotADocumentError(Exception):
    """Not XML, or not to be had: a page for people, a document that ends too early, one of more than can be held."""


class StrangeDocumentError(Exception):
    """A complete document that is not acceptable: a document type, wrong bytes, wrong structure."""


def parse(body: bytes) -> Element:
    """Parses an answer without entities and document types. Names come out local, in the case in which they came.

    Raises NotADocumentError, and StrangeDocumentError for what a second try will not mend.
    """
    body = _as_utf8(_unpacked(body))
    if _PAGE.match(body) or not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise NotADocumentError("a page instead of a SOAP answer")
    if body.count(b"<") - body.count(b"</") > _MOST_ELEMENTS:
        raise NotADocumentError(f"more than {_MOST_ELEMENTS} elements")
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


def _unpacked(body: bytes) -> bytes:
    """A proxy may pack an answer that nobody asked it to pack."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    packed = zlib.decompressobj(wbits=31)
    try:
        unpacked = packed.decompress(body, _LONGEST_UNPACKED)
    except zlib.error:
        raise StrangeDocumentError("packed, and it cannot be unpacked") from None
    if packed.unconsumed_tail:
        raise StrangeDocumentError(f"packed, and longer than {_LONGEST_UNPACKED} bytes")
    if not packed.eof:
        raise NotADocumentError("half a document")
    return unpacked


def _as_utf8(body: bytes) -> bytes:
    """UTF-16 is XML too, and half of it must still read as half a document."""
    for mark, encoding in (
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
        (b"<\0", "utf-16-le"),
        (b"\0<", "utf-16-be"),
    ):
        if body.startswith(mark):
            text = body.decode(encoding, "replace").encode("utf-8")
            return _DECLARED.sub(rb"\1utf-8\3", text, count=1)
    return body


_DECLARED = re.compile(rb"""^(<\?xml[^>]*encoding=["'])([^"']*)(["'])""")
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!doctype\s+html|<html)\b", re.IGNORECASE)


def _parse(body: bytes) -> Element:
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        raise StrangeDocumentError("a document type") from None
    except (ValueError, LookupError):  # an encoding that Python does not know
        raise StrangeDocumentError("an unknown encoding") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
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
    return bool(element.attrib) and element.get(_NIL, "").strip() in ("true", "1")


def child(element: Element, *names: str) -> Element | None:
    """The first child with a value, by the first name that has one."""
    for name in names:
        folded = name.lower()
        for candidate in element:
            if candidate.tag.lower() == folded and not is_nil(candidate):
                return candidate
    return None


def text(element: Element, *names: str) -> str:
    """The text of a child without outer white space; "" where there is none."""
    found = child(element, *names)
    return "" if found is None else (found.text or "").strip()
