"""The help: all that somebody asks has an address, in both languages, and is found by its words."""

import re

import pytest
from invoicing.adapters.fortnox.oauth import FILE_SCOPES, SCOPES
from invoicing.domain import remedy
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import IssueCode
from invoicing.pages.settings_form import sections
from invoicing.rendering.help_texts import HELP_TEXTS, PERMISSIONS, find_issues, find_topics, meaning_of

from local.tour import Visitor, toured


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
        ("behandlingshistorik", Language.SWEDISH, "history"),
        ("Automations-API", Language.ENGLISH, "set-up-ongoing"),
        ("prislistans rätt som den är", Language.SWEDISH, "before-the-1st"),
    ],
)
def test_words_find_topics(words: str, language: Language, topic: str) -> None:
    """Without case and accents, in the reader's language."""
    assert topic in find_topics(words, language)


@pytest.mark.parametrize("language", Language)
def test_what_is_to_be_filled_in_in_ongoing_is_drawn_and_can_be_heard(language: Language) -> None:
    """Three forms of ours, each with a name and a description; what is to be filled in is in both."""
    body = help_pages(language)["set-up-ongoing"]
    drawings = re.findall(r'<svg class="form".*?</svg>', body, re.DOTALL)

    assert len(drawings) == 3
    for drawing in drawings:
        ids = re.search(r'role="img" aria-labelledby="([\w-]+)" aria-describedby="([\w-]+)"', drawing)
        heard = re.search(r"<desc id=.*</desc>", drawing)
        assert ids is not None
        assert heard is not None
        assert all(drawing.count(f' id="{one}"') == 1 for one in ids.groups())
        assert all(note.strip() in heard[0] for note in re.findall(r'class="note"[^>]*>← ([^<]+)<', drawing))
        assert 'class="note"' in drawing


@pytest.mark.parametrize("language", Language)
def test_pages_lead_to_their_help(language: Language) -> None:
    """Every topic that a page names is there."""
    led = {
        topic
        for (_, spoken), page in toured().pages.items()
        if spoken is language
        for topic in re.findall(r'href="[^"]*/help/([\w-]+)">(?:Help on this page|Hjälp om den här sidan)<', page)
    }

    assert led <= set(HELP_TEXTS)
    assert {"month", "history", "before-the-1st", "fix-it", "settings", "after-the-invoice"} <= led


def help_pages(language: Language) -> dict[str, str]:
    """By topic."""
    visitor = Visitor(toured())
    return {name: visitor.get(f"/help/{name}", language=language).body for name in HELP_TEXTS}


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
