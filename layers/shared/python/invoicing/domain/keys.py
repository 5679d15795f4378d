"""Keys: article and customer numbers, accounts, cost centres, units, invoice numbers. They are compared exactly."""

import unicodedata

# Marks without a width that are no format characters: choosers of a shape, and what joins or fills for layout.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0") | {
    chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}


def clean_key(typed: str) -> str:
    """The key that was meant: composed (NFC), trimmed, and without marks that have no width and come with pasting."""
    seen = "".join(char for char in typed if unicodedata.category(char) != "Cf" and char not in _UNSEEN)
    return unicodedata.normalize("NFC", seen).strip()
