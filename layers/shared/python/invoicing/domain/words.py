"""Finding by words, as people type them: without case and accents."""

import unicodedata


def has_words(words: str, text: str) -> bool:
    """Whether all the words, or beginnings or parts of them, are in a text: `mobel` finds `Möbelhuset`."""
    found = folded(text)
    return all(word in found for word in folded(words).split())


def folded(text: str) -> str:
    """Without case and accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
