"""Letters of a PDF: Helvetica, which every reader has, in its Western encoding (å ä ö é ø – € among them).

The widths are those of Adobe's font metrics, in thousandths of the size, from the space on.
"""

import re
import unicodedata
from functools import cache

REGULAR, BOLD = "R", "B"

_REGULAR = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 "
    "584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584 350 556 350 222 556 333 1000 556 556 333 1000 667 333 1000 350 611 "
    "350 350 222 222 333 333 350 556 1000 333 1000 500 333 944 350 500 667 278 333 556 556 556 556 260 556 333 737 370 "
    "556 584 333 737 333 400 584 333 333 333 556 537 278 333 333 365 556 834 834 834 611 667 667 667 667 667 667 1000 "
    "722 667 667 667 667 278 278 278 278 722 722 778 778 778 778 778 584 778 722 722 722 722 667 667 611 556 556 556 "
    "556 556 556 889 500 556 556 556 556 278 278 278 278 556 556 556 556 556 556 556 584 611 556 556 556 556 500 556 "
    "500"
)
_BOLD = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333 "
    "584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 333 278 333 584 556 333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 "
    "333 611 556 778 556 556 500 389 280 389 584 350 556 350 278 556 500 1000 556 556 333 1000 667 333 1000 350 611 "
    "350 350 278 278 500 500 350 556 1000 333 1000 556 333 944 350 500 667 278 333 556 556 556 556 280 556 333 737 370 "
    "556 584 333 737 333 400 584 333 333 333 611 556 278 333 333 365 556 834 834 834 611 722 722 722 722 722 722 1000 "
    "722 667 667 667 667 278 278 278 278 722 722 778 778 778 778 778 584 778 722 722 722 722 667 667 611 556 556 556 "
    "556 556 556 889 556 556 556 556 556 278 278 278 278 611 611 611 611 611 611 611 584 611 611 611 611 611 556 611 "
    "556"
)
_WIDTHS = {
    font: (*[0] * 32, *(int(width) for width in widths.split()))
    for font, widths in ((REGULAR, _REGULAR), (BOLD, _BOLD))
}
_ENCODING = "cp1252"
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
# Letters that no accent makes of others.
_SPELT = str.maketrans({"Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "ı": "i", "Ħ": "H", "ħ": "h", "−": "-", "‐": "-"})


def encoded(text: str) -> bytes:
    """One line of text. A letter that the font lacks is written without its accent, or as a question mark."""
    line = unicodedata.normalize("NFC", _CONTROL.sub(" ", text)).strip(" ")
    try:
        return line.encode(_ENCODING)
    except UnicodeEncodeError:
        return b"".join(_letter(char) for char in line)


@cache
def _letter(char: str) -> bytes:
    for tried in (char, char.translate(_SPELT), unicodedata.normalize("NFKD", char)):
        try:
            return tried.encode(_ENCODING)
        except UnicodeEncodeError:
            continue
    base = "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    return base.encode(_ENCODING, "replace")


def width_of(line: bytes, font: str, size: float) -> float:
    """How wide it is, in points."""
    widths = _WIDTHS[font]
    return sum(widths[code] for code in line) * size / 1000


def wrapped(line: bytes, font: str, size: float, width: float) -> list[bytes]:
    """The line in parts that are no wider, broken between words where that is possible."""
    if width_of(line, font, size) <= width:
        return [line]
    parts: list[bytes] = []
    part = b""
    for word in line.split(b" "):
        longer = part + b" " + word if part else word
        if width_of(longer, font, size) <= width:
            part = longer
            continue
        if part:
            parts.append(part)
        part = word
        while width_of(part, font, size) > width:
            fits = _fitting(part, font, size, width)
            parts.append(part[:fits])
            part = part[fits:]
    return [*parts, part] if part else parts


def _fitting(word: bytes, font: str, size: float, width: float) -> int:
    """How many letters of a word fit; at least one."""
    widths, room = _WIDTHS[font], width * 1000 / size
    for count, code in enumerate(word):
        room -= widths[code]
        if room < 0:
            return max(1, count)
    return len(word)
