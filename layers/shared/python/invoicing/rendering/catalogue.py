"""The texts in the reader's language, and which language that is.

English is the source: it stands in the templates and in the text tables. Swedish is in
`locale/sv/LC_MESSAGES/messages.po`; after a change of texts, `make texts` says what lacks its translation.
"""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from invoicing.domain.integration_settings import Language

_SWEDISH = Path(__file__).parent / "locale" / "sv" / "LC_MESSAGES" / "messages.mo"


def translatable(message: str) -> str:
    """Marks a text in a table for the catalogue; it is translated where it is shown."""
    return message


@cache
def translations(language: Language) -> NullTranslations:
    """The catalogue of a language."""
    if language is Language.ENGLISH:
        return NullTranslations()
    with _SWEDISH.open("rb") as file:
        return GNUTranslations(file)


def choose_language(*, query: str = "", cookie: str = "", accept_language: str = "") -> Language:
    """The reader's language: the one just asked for, else the remembered one, else the browser's first known.

    A browser that knows neither language gets English; one that says nothing gets Swedish, as most readers
    are at Swedish companies.
    """
    for wish in (query, cookie):
        if wish in set(Language):
            return Language(wish)
    if not accept_language.strip():
        return Language.SWEDISH
    best, best_quality = Language.ENGLISH, 0.0
    for part in accept_language[:500].split(","):
        tag, _, parameter = part.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        quality = _quality(parameter)
        if primary in set(Language) and quality > best_quality:
            best, best_quality = Language(primary), quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
