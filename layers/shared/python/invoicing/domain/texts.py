"""Texts that Fortnox accepts.

Fortnox refuses a whole invoice (error 2000359) for one character outside its list (its page on formats and
encoding), so what it refuses is replaced by the nearest thing that it takes.
"""

import unicodedata

DESCRIPTION_LIMIT = 255  # accepted in a recorded exchange
REMARKS_LIMIT = 1024
YOUR_ORDER_NUMBER_LIMIT = 30  # sources say 30 and 75; 30 is always safe
YOUR_REFERENCE_LIMIT = 50

_PUNCTUATION = frozenset("’\\–:.`´,;^¤#%§£$€¢¥©™°&/()=+-*_!?²³®½@\u0308\u030a\u00a0")
_REPLACEMENTS = {
    '"': "’",
    "'": "’",
    "“": "’",
    "”": "’",
    "„": "’",
    "‘": "’",
    "<": "(",
    ">": ")",
    "[": "(",
    "]": ")",
    "{": "(",
    "}": ")",
    "|": "/",
    "~": "-",
    "—": "–",
    "−": "-",
    "‐": "-",
    "‑": "-",
    "•": "-",
    "·": "-",
    "→": "-",
    "×": "x",
    "÷": "/",
    "…": "...",
    "¼": "1/4",
    "¾": "3/4",
    "«": "’",
    "»": "’",
}


def clean_text(text: str, limit: int, *, lines: bool = False) -> str:
    """The text with only characters that Fortnox takes, at most `limit` long; `lines` keeps line breaks."""
    cleaned: list[str] = []
    for char in unicodedata.normalize("NFC", text):
        if char in _PUNCTUATION or char == " " or char.isalpha() or char in "0123456789":
            cleaned.append(char)
        elif char == "\n" and lines:
            cleaned.append("\n")
        elif char in _REPLACEMENTS:
            cleaned.append(_REPLACEMENTS[char])
        elif char.isdecimal():
            cleaned.append(str(unicodedata.decimal(char)))
        elif char.isspace():
            cleaned.append(" ")
    rows = "".join(cleaned).split("\n")
    result = "\n".join(" ".join(row.split(" ")).strip() for row in rows).strip()
    while "  " in result:
        result = result.replace("  ", " ")
    if len(result) > limit:
        result = result[: limit - 3].rstrip() + "..."
    return result
