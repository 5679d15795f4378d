"""The Swedish catalogue, and the choice of language."""

import pytest
from invoicing.domain.integration_settings import Language
from invoicing.rendering.catalogue import choose_language

from local.texts import PO, MessageId, compiled, is_translated, shown, swedish


def kept() -> set[MessageId]:
    """Every text of the catalogue."""
    return {message.id if isinstance(message.id, str) else tuple(message.id) for message in swedish() if message.id}


def test_every_text_is_in_the_catalogue() -> None:
    """A text that was added or changed without its translation is found here."""
    texts = set(shown())

    assert texts
    assert texts - kept() == set()


def test_the_catalogue_has_no_text_that_is_no_longer_used() -> None:
    """What nobody sees, nobody keeps right."""
    unused = kept() - set(shown())

    assert unused == set()


def test_every_text_is_translated() -> None:
    """In all its plural forms, and none marked as a guess."""
    untranslated = [message.id for message in swedish() if message.id and not is_translated(message)]

    assert untranslated == []


def test_translations_have_the_placeholders_of_their_texts() -> None:
    """A lost name would leave a hole in a sentence, a wrong one would break the page."""
    errors = [(message.id, str(error)) for message in swedish() for error in message.check()]

    assert errors == []


def test_the_compiled_catalogue_is_what_the_source_compiles_to() -> None:
    """The pages read the compiled one, people edit the other."""
    assert PO.with_suffix(".mo").read_bytes() == compiled(swedish())


@pytest.mark.parametrize(
    ("query", "cookie", "accept_language", "expected"),
    [
        ("sv", "en", "en", Language.SWEDISH),
        ("en", "sv", "sv", Language.ENGLISH),
        ("", "en", "sv", Language.ENGLISH),
        ("", "", "sv-SE,sv;q=0.9,en;q=0.8", Language.SWEDISH),
        ("", "", "en-GB,en;q=0.9,sv;q=0.8", Language.ENGLISH),
        ("", "", "en;q=0.3, sv;q=0.7", Language.SWEDISH),
        ("", "", "de,sv;q=0.5", Language.SWEDISH),
        ("", "", "de-DE,de", Language.ENGLISH),
        ("", "", "sv;q=0", Language.ENGLISH),
        ("", "", "", Language.SWEDISH),
        ("xx", "../..", "sv;q=high,;;=,en;q=0.1", Language.ENGLISH),
    ],
)
def test_the_language_is_asked_for_else_remembered_else_the_browsers(
    query: str, cookie: str, accept_language: str, expected: Language
) -> None:
    """What makes no sense is passed over."""
    chosen = choose_language(query=query, cookie=cookie, accept_language=accept_language)

    assert chosen is expected
