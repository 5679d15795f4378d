"""Texts that Fortnox accepts.

Fortnox refuses a whole invoice (error 2000359) for one character outside its list (its page on formats and encoding;
the em dash was refused in a test company). What it refuses is written in words or in signs that it takes: nothing that
a reader sees vanishes, and no sign becomes one that means something else.
"""

import re
import unicodedata
from collections.abc import Mapping

from invoicing.domain.integration_settings import Language

# Lengths as measured in a test company: longer ones refuse the document, or are cut in silence.
DESCRIPTION_LIMIT = 255
REMARKS_LIMIT = 1024
YOUR_ORDER_NUMBER_LIMIT = 30
YOUR_REFERENCE_LIMIT = 50

_TAKEN = frozenset("’\\–:.`´,;^¤#%§£$€¢¥©™°&/()=+-*_!?²³®½@\u0308\u030a\u00a0 ")

_SIGNS: Mapping[str, str] = {
    **dict.fromkeys("'‘‛‚′＇ʼ‵", "’"),
    **dict.fromkeys("“„‟«»″‶", "’"),
    **dict.fromkeys("[{", "("),
    **dict.fromkeys("]}", ")"),
    **dict.fromkeys("|¦∣", "/"),
    **dict.fromkeys("⁄∕÷", "/"),
    **dict.fromkeys("—―‒", "–"),
    **dict.fromkeys("−‐‑•·~˜¯‾", "-"),
    **dict.fromkeys("×✕✖⨯", "x"),
    **dict.fromkeys("⌀∅", "Ø"),
    **dict.fromkeys("⋅∙", "*"),
    "±": "+/-",
    "∓": "-/+",
    "…": "...",
    "∆": "Δ",
    "˚": "°",
    "¿": "?",
    "¡": "!",
    "‽": "?!",
}
_STRUCK = "\u0338"  # through a sign: ≮ is not <
# Signs that are words, and so need spaces around them: Swedish and English.
_WORDS: Mapping[str, tuple[str, str]] = {
    "<": ("under", "under"),
    ">": ("över", "over"),
    **dict.fromkeys("≤≦⩽", ("högst", "at most")),
    **dict.fromkeys("≥≧⩾", ("minst", "at least")),
    **dict.fromkeys("≈≃≅∼", ("ca", "approx.")),
    "≠": ("skilt från", "other than"),
    **dict.fromkeys("→⇒⟶⟹➔➜➡", ("till", "to")),
    **dict.fromkeys("←⇐⟵⬅", ("från", "from")),
    **dict.fromkeys("↔⇔⟷⇄⇆", ("till och från", "to and from")),
    "↑": ("upp", "up"),
    "↓": ("ned", "down"),
    "∞": ("obegränsat", "unlimited"),
    "√": ("roten ur", "root of"),
    **dict.fromkeys("∑", ("summa", "sum")),
    "‰": ("promille", "per mille"),
    "¬": ("inte", "not"),
    **dict.fromkeys("✓✔☑✅", ("ok", "ok")),
    "″": ("tum", "inch"),
    "₽": ("RUB", "RUB"),
    "₹": ("INR", "INR"),
    "₺": ("TRY", "TRY"),
    "₩": ("KRW", "KRW"),
    "₪": ("ILS", "ILS"),
    "₴": ("UAH", "UAH"),
    "₫": ("VND", "VND"),
}
# What several keys are typed for, as the one sign that it means; the order counts.
_TYPED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<!\w)<([^\W\d_][^<>\n]*)>(?!\w)"), r"(\1)"),
    (re.compile(r"<[-=–]+>"), "↔"),
    (re.compile(r"<>"), "≠"),
    (re.compile(r"<=|=<(?=\s*\d)"), "≤"),
    (re.compile(r">=|=>(?=\s*\d)"), "≥"),
    (re.compile(r"[-–=]+>"), "→"),
    (re.compile(r"<[-–]+(?!\s*\d)"), "←"),
    (re.compile(r"(?<!\d)~(?=\s?\d)"), "≈"),
    (re.compile(r"(?<=\w)·(?=\w)"), "⋅"),
)
_LINE_BREAK = re.compile("\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_UNKNOWN = "*"  # shows that something stood here


def clean_text(text: str, limit: int, language: Language, *, lines: bool = False) -> str:
    """The text with only characters that Fortnox takes, at most `limit` long; `lines` keeps line breaks."""
    rows = _LINE_BREAK.split(text) if lines else [_LINE_BREAK.sub(" ", text)]
    result = "\n".join(_clean_row(row, language) for row in rows).strip()
    if len(result) > limit:
        result = result[: limit - 3].rstrip() + "..."
    return result


def _clean_row(text: str, language: Language) -> str:
    typed = unicodedata.normalize("NFC", text)
    for pattern, sign in _TYPED:
        typed = pattern.sub(sign, typed)
    written = _Written(language)
    for char in _with_quotes_and_inches(typed):
        written.add(char)
    return unicodedata.normalize("NFC", " ".join(part for part in written.text.split(" ") if part))


def _with_quotes_and_inches(text: str) -> str:
    """A quotation mark right after a digit means inches, unless it ends a quotation."""
    result: list[str] = []
    quoting = False
    for char in text:
        if char == "″" and result and result[-1].isdecimal():
            result.append(char)
        elif char in '"”＂' and not quoting and result and result[-1].isdecimal():
            result.append("″")
        elif char in '"”＂″':
            quoting = char != "″" and not quoting
            result.append("“")
        else:
            quoting = quoting or char in "“„"
            result.append(char)
    return "".join(result)


class _Written:
    """The text so far. A word that stands for a sign keeps apart from its neighbours, a number from other numbers."""

    def __init__(self, language: Language) -> None:
        self.text = ""
        self._swedish = language is Language.SWEDISH
        self._apart_from = ""  # the kind of what must not follow directly: a word, or a number
        self._raised = False

    def add(self, char: str) -> None:
        raised = unicodedata.decomposition(char).startswith("<super>") and not char.isalpha() and char != "™"
        if raised and char in "²³" and not self._raised:
            self._put(char)
            return
        if raised and not self._raised:
            self._put("^")
        self._raised = raised
        self._add(char)

    def _add(self, char: str) -> None:
        if (char in _TAKEN and not (self._raised and char in "²³")) or char.isalpha() or char in "0123456789":
            self._put(char)
        elif char in _WORDS:
            self._word(_WORDS[char][0 if self._swedish else 1])
        elif char in _SIGNS:
            self._put(_SIGNS[char])
        else:
            self._composed(char)

    def _composed(self, char: str) -> None:
        kind, _, parts = unicodedata.decomposition(char).rpartition("> ")
        meant = "".join(chr(int(code, 16)) for code in parts.split())
        category = unicodedata.category(char)
        if char.isdecimal():
            self._put(str(unicodedata.decimal(char)))
        elif kind == "<fraction":
            self._number(unicodedata.normalize("NFKC", char).replace("⁄", "/"))
        elif kind == "<circle":
            self._put("(")
            self._each(meant)
            self._put(")")
        elif meant.endswith(_STRUCK):
            self._each("¬" + meant[:-1])
        elif meant:
            self._each(meant)
        elif category[0] == "N":
            value = unicodedata.numeric(char)
            self._number(str(int(value)) if value == int(value) else f"{value:g}")
        elif category == "Sc":
            self._put("¤")
        elif category == "Pd":
            self._put("-")
        elif category in {"Pi", "Pf"}:
            self._put("’")
        elif category in {"Ps", "Pe"}:
            self._put("(" if category == "Ps" else ")")
        elif char.isspace():
            self._put(" ")
        elif category[0] in "PS" or category == "Co":
            self._put(_UNKNOWN)

    def _each(self, chars: str) -> None:
        for char in chars:
            self._add(char)

    def _word(self, word: str) -> None:
        self._put(f" {word}")
        self._apart_from = "word"

    def _number(self, digits: str) -> None:
        self._put(f" {digits}" if self.text[-1:].isdigit() else digits)
        self._apart_from = "number"

    def _put(self, piece: str) -> None:
        follows = piece[:1]
        if (self._apart_from == "word" and (follows.isalnum() or follows in "+-(’*½")) or (
            self._apart_from == "number" and follows.isdigit()
        ):
            self.text += " "
        self._apart_from = ""
        self.text += piece
