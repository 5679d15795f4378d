"""The help: all that somebody asks has an address, in both languages, and is found by its words."""

import re

import pytest
from invoicing.adapters.fortnox.oauth import FILE_SCOPES, SCOPES
from invoicing.domain import remedy
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import IssueCode
from invoicing.pages.settings_form import sections
from invoicing.rendering.help_texts import HELP_TEXTS, PERMISSIONS, find_issues, find_topics, meaning_of


def test_every_permission_that_is_asked_for_is_explained() -> None:
    """Nobody approves what nobody explains."""
    assert set(PERMISSIONS) == {*SCOPES, *FILE_SCOPES, *remedy.PERMISSIONS.values()}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", IssueCode)
def test_every_issue_has_a_meaning_without_an_example(code: IssueCode, language: Language) -> None:
    """Three dots stand for what differs: no placeholder and no empty quotation is left."""
    meaning = meaning_of(code, language)

    for text in (meaning.title, meaning.cause, meaning.fix):
        assert text
        assert not re.search(r"%\(|“”|””|–[”“]", text)


@pytest.mark.parametrize(
    ("words", "language", "topic"),
    [
        ("customer code", Language.ENGLISH, "set-up-ongoing"),
        ("KUNDKOD", Language.SWEDISH, "set-up-ongoing"),
        ("aterupptA", Language.SWEDISH, "pause-and-end"),
        ("exported mark again", Language.ENGLISH, "export-again"),
    ],
)
def test_words_find_topics(words: str, language: Language, topic: str) -> None:
    """Without case and accents, in the reader's language."""
    assert topic in find_topics(words, language)


def test_words_find_issues_and_only_those() -> None:
    """All words must be there."""
    found = {one.code for one in find_issues("kostnadsställe", Language.SWEDISH)}

    assert IssueCode.COST_CENTRE_REQUIRED in found
    assert IssueCode.CUSTOMER_CODE_MISSING not in found
    assert not find_issues("kostnadsställe zebra", Language.SWEDISH)


def test_no_name_of_a_topic_is_that_of_an_issue() -> None:
    """They share their addresses."""
    assert not {name.replace("-", "_") for name in HELP_TEXTS} & set(IssueCode)
    assert sections()
