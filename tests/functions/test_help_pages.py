"""The help as a browser gets it: without a sign-in, in the reader's language."""

import re

import pytest
from invoicing.domain.issue import IssueCode
from invoicing.pages.settings_form import sections
from invoicing.rendering.help_texts import HELP_TEXTS

from tests.functions.deployed import Browser, Page, request

LANGUAGES = ["sv", "en"]


def read(browser: Browser, path: str, **query: str) -> Page:
    """What a link to it shows."""
    return browser.send("landing", request("landing__start", path=path, query=query))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_link_of_the_contents_leads_to_a_page(browser: Browser, language: str) -> None:
    """Every topic and every issue has one, and no page is empty."""
    contents = read(browser, "/help", lang=language)
    links = set(re.findall(r'href="[^"]*/help/([^"]+)"', contents.body))

    assert links == set(HELP_TEXTS) | {code.replace("_", "-") for code in IssueCode}
    for link in links:
        page = read(browser, f"/help/{link}", lang=language)
        assert page.status == 200, link
        assert "<h1>" in page.body


def test_the_settings_are_those_of_the_form(browser: Browser) -> None:
    """Each field with its sentence."""
    page = read(browser, "/help/settings", lang="en")

    titles = [field.title for section in sections() for field in section.fields]
    assert titles
    assert [title for title in titles if f"<h3>{title}" not in page.body.replace("&#39;", "'")] == []


def test_what_is_not_found_is_said(browser: Browser) -> None:
    """With a way on."""
    page = read(browser, "/help", lang="en", q='<script>"zebra')

    assert page.status == 200
    assert "Nothing in the help has these words" in page.text
    assert "<script>" not in page.body
    assert read(browser, "/help/zebra", lang="en").status == 404
    assert read(browser, "/help/customer_unknown", lang="en").status == 404


@pytest.mark.parametrize("path", ["/", "/help", "/nowhere"])
def test_every_page_leads_to_the_help(browser: Browser, path: str) -> None:
    """Also one that says that there is none."""
    assert '/help">' in read(browser, path, lang="en").body


@pytest.mark.parametrize(("issue", "has_button"), [("customer-unknown", True), ("period-locked", False)])
def test_the_help_says_where_a_button_does_it(browser: Browser, issue: str, has_button: bool) -> None:
    """By the same table as the button."""
    page = read(browser, f"/help/{issue}", lang="en")

    assert page.status == 200
    assert ("Or let this service do it" in page.text) is has_button
    assert ("/help/fix-it" in page.body) is has_button
