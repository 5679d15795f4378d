"""Keys: article and customer numbers, accounts, cost centres, units, invoice numbers. They are compared exactly."""

import unicodedata


def clean_key(typed: str) -> str:
    """The key that was meant: composed (NFC), trimmed, and without marks that have no width and come with pasting."""
    composed = unicodedata.normalize("NFC", typed)
    return "".join(char for char in composed if unicodedata.category(char) != "Cf").strip()
