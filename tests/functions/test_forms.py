"""Every field of every form with what people, programs and attackers put into it."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import product
from urllib.parse import parse_qsl, urlencode

import pytest
from invoicing.domain.integration import IntegrationStatus
from invoicing.domain.integration_settings import FIELDS
from invoicing.pages.settings_form import SettingsForm

from local.ongoing.seed import PASSWORD, PLAIN, USERNAME, WAREHOUSE
from tests.functions.deployed import Browser, Page, event, request

EMPTY = {"empty": "", "blank": "   "}
GARBAGE = {
    "huge": "x" * 90_000,
    "HTML": '"><script>alert(1)</script>',
    "zero byte": "a\x00b",
    "new lines": "a\r\nBcc: evil@evil.example",
    "right to left": "a\u202eb",
    "another type": "[]",
    "long number": "9" * 400,
    "a week's date": "2026-W01-1",
    "far digits": "٢٠٢٦-٠١-٠١",
    "template": "{{ 7 * 7 }}",
}
# What each page takes from its address; the two of the overview, every page.
SEARCHED = {
    "/invoices": ("search", "state", "month", "since", "until", "page"),
    "/issues": ("cause", "page"),
    "": ("notice", "lang"),
}
LOGIN = {"system": f"https://{WAREHOUSE}.ongoingsystems.se/", "username": USERNAME, "password": PASSWORD}
# Odd, but somebody may call a unit so; what cannot be seen is taken away from a key.
UNITS = {"a week's date", "far digits", "right to left"}
NEWER = {name for name, field in SettingsForm.model_fields.items() if not field.is_required()}  # than open pages
FREE = {"mail_subject", "mail_text"}  # any text
CHECKBOXES = {"profit_centre_as_cost_centre", "attach_specification", "follow_payments", "book_when_sent"} | {
    "guard_periods",
    "guard_prices",
}


def filled_in(operator: Browser) -> dict[str, str]:
    """The settings form as it is shown, every field valid."""
    shown = operator.look("/settings")
    version = shown.body.partition('name="version" value="')[2].partition('"')[0]
    sent = dict(parse_qsl(event("portal__save_settings")["body"]))
    return {**sent, "csrf": shown.csrf, "version": version, "default_unit": "kolli"}


def save(operator: Browser, form: Mapping[str, str] | None = None, *, body: str | None = None) -> Page:
    """Presses Save."""
    return operator.send("portal", request("portal__save_settings", form=form, body=body))


def without_markup(page: Page) -> bool:
    """Whether what was typed came back as text."""
    return "<script>alert" not in page.body and len(page.body.encode()) < 60_000


@pytest.mark.parametrize("name", [name for name in FIELDS if name not in FREE])
def test_a_wrong_setting_is_named_beside_its_field_and_nothing_is_stored(operator: Browser, name: str) -> None:
    """Empty, huge, markup, control characters, another type, missing, repeated."""
    before, form = operator.deployed.integration, filled_in(operator)
    wrong = {**GARBAGE, **({} if name in CHECKBOXES else EMPTY)}
    if name == "default_unit":
        wrong = {kind: value for kind, value in wrong.items() if kind not in UNITS}
    pages = {kind: save(operator, {**form, name: value}) for kind, value in wrong.items()}
    if name not in NEWER:
        pages["missing"] = save(operator, {one: value for one, value in form.items() if one != name})
    pages["repeated"] = save(operator, body=urlencode([(name, "{garbage}"), *form.items()]))

    assert {kind: page.status for kind, page in pages.items()} == dict.fromkeys(pages, 400)
    assert [kind for kind, page in pages.items() if f'id="{name}-problem"' not in page.body] == []
    assert [kind for kind, page in pages.items() if not without_markup(page)] == []
    assert operator.deployed.integration == before
    assert operator.deployed.logged("page_crashed") == []


@pytest.mark.parametrize("name", sorted(FREE))
def test_a_free_text_takes_anything_that_can_be_seen(operator: Browser, name: str) -> None:
    """As text, and not too much of it; empty is none."""
    long = save(operator, {**filled_in(operator), name: GARBAGE["huge"]})
    assert long.status == 400
    assert f'id="{name}-problem"' in long.body
    for kind, value in {**EMPTY, **GARBAGE}.items():
        if kind not in {"huge", "long number"}:
            assert save(operator, {**filled_in(operator), name: value}).status == 303, kind
            assert without_markup(operator.look("/settings")), kind
            settings = operator.deployed.integration.settings
            assert settings is not None
            assert (
                getattr(settings, name)
                == "".join(char for char in value.replace("\r\n", "\n") if char.isprintable() or char == "\n").strip()
            ), kind


@pytest.mark.parametrize("name", ["csrf", "version"])
def test_a_wrong_hidden_field_of_the_settings_stores_nothing(operator: Browser, name: str) -> None:
    """What was typed comes back in a fresh form."""
    before, form = operator.deployed.integration, filled_in(operator)
    pages = [save(operator, {**form, name: value}) for value in (*EMPTY.values(), *GARBAGE.values())]
    pages.append(save(operator, {one: value for one, value in form.items() if one != name}))

    assert {page.status for page in pages} == {403 if name == "csrf" else 409}
    assert all('value="kolli"' in page.body and without_markup(page) for page in pages)
    assert operator.deployed.integration == before


@pytest.mark.parametrize("name", LOGIN)
def test_a_wrong_sign_in_gets_a_sentence_and_starts_nothing(browser: Browser, name: str) -> None:
    """Beside the field when it is not filled in or is no system; else without telling which field it was."""
    pages = {}
    for kind, value in {**EMPTY, **GARBAGE}.items():
        pages[kind] = browser.send("landing", request("landing__login", form={**LOGIN, name: value}))
        browser.deployed.clock.advance(timedelta(hours=2))  # so that no pause hides an answer
    missing = {one: value for one, value in LOGIN.items() if one != name}
    pages["missing"] = browser.send("landing", request("landing__login", form=missing))
    not_filled_in = {"missing", "empty", *(() if name == "password" else ("blank",))}

    assert {kind: page.status for kind, page in pages.items()} == dict.fromkeys(pages, 400)
    assert all('role="alert"' in page.body and without_markup(page) for page in pages.values())
    assert {kind for kind, page in pages.items() if "Fill in this field." in page.text} == not_filled_in
    assert [kind for kind in not_filled_in if f'id="{name}-problem"' not in pages[kind].body] == []
    assert not [kind for kind, page in pages.items() if "does not answer" in page.text]
    assert browser.cookies == {}
    assert browser.deployed.logged("page_crashed") == []


@pytest.mark.parametrize(
    "name", ["mode", "reactivation", "csrf", "carried.integration", "carried.default_unit", "carried.password"]
)
def test_what_else_a_sign_in_sends_is_not_trusted(operator: Browser, name: str) -> None:
    """The sign-in works as if it were not there, and nothing is stored by it."""
    before = operator.deployed.integration
    form = {**LOGIN, "carried.version": "x"}
    pages = [
        Browser(operator.deployed).send("landing", request("landing__login", form={**form, name: value}))
        for value in (*EMPTY.values(), *GARBAGE.values())
    ]

    assert {page.status for page in pages} == {303}
    assert {page.location.rpartition("/")[2] for page in pages} == {WAREHOUSE}
    assert operator.deployed.integration.settings == before.settings
    assert operator.deployed.logged("page_crashed") == []


@pytest.mark.parametrize("path", ["/sync", "/pause", "/resume", "/connect", "/rehearsal", f"/invoices/{PLAIN}/retry"])
def test_a_button_takes_no_field_but_its_guard(operator: Browser, path: str) -> None:
    """Whatever else is sent along changes nothing about what it does."""
    csrf = operator.look("/pause").csrf
    own = {"csrf": csrf, "password": PASSWORD} if path == "/connect" else {"csrf": csrf}
    extra = {**own, "by": "somebody else", "id": "sydlager", "integration": "sydlager", "status": "disconnected"}
    made = request("portal__save_settings", path=f"/integrations/{WAREHOUSE}{path}", form=extra)
    page = operator.send("portal", made)

    assert page.status == 303
    assert operator.deployed.integration.status in {IntegrationStatus.ACTIVE, IntegrationStatus.PAUSED}
    assert all(queued["by"] == USERNAME for queued in operator.deployed.queued())


def test_disconnecting_asks_until_the_box_is_ticked(operator: Browser) -> None:
    """The message stands beside the box."""
    pages = [operator.press("/disconnect", confirm=value) for value in ("", "off", "x" * 90_000, "\x00", "on\n")]

    assert {page.status for page in pages} == {400}
    assert all('id="confirm-problem"' in page.body for page in pages)
    assert operator.deployed.integration.status is IntegrationStatus.ACTIVE


def test_a_search_takes_anything(operator: Browser) -> None:
    """It shows what it was asked, as text, and finds nothing."""
    for path, names in SEARCHED.items():
        for name, (kind, value) in product(names, {**EMPTY, **GARBAGE}.items()):
            page = operator.look(path, query={name: value})
            assert page.status == 200, (name, kind, path)
            assert without_markup(page), (name, kind, path)

    assert operator.deployed.logged("page_crashed") == []
