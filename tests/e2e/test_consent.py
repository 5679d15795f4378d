"""What can go wrong at Fortnox, seen by the person it happens to."""

import re

import pytest
from playwright.sync_api import Page, expect

from local.demo import log_in_to_fortnox, sign_in
from local.stack import Stack


def at_fortnox(page: Page, stack: Stack) -> None:
    """Signs in with Ongoing, up to Fortnox's login."""
    page.goto(stack.base_url)
    sign_in(page, password="wms-pass")
    page.wait_for_url(re.compile(re.escape(stack.fortnox_url)))


def integrations(stack: Stack) -> int:
    """How many are stored."""
    found = stack.client("dynamodb").scan(TableName=stack.outputs["IntegrationsTable"], ConsistentRead=True)
    return int(found["Count"])


def test_denying_leads_back_to_a_page_that_says_what_happened(page: Page, stack: Stack) -> None:
    """And the button starts again, with system and username filled in."""
    at_fortnox(page, stack)
    log_in_to_fortnox(page, "admin@nordlager.example", "admin-pass")
    page.get_by_role("button", name="Neka").click()
    page.wait_for_url(re.compile("/oauth/callback"))

    expect(page.locator("h1")).to_be_visible()
    page.locator("main a.button, main .actions a").first.click()
    expect(page.locator("[name=username]")).to_have_value("fortnox-api")
    assert integrations(stack) == 0


def test_somebody_who_is_no_administrator_gets_a_link_to_send(page: Page, stack: Stack) -> None:
    """Fortnox lets only administrators approve a service account."""
    at_fortnox(page, stack)
    log_in_to_fortnox(page, "anna@nordlager.example", "anna-pass")
    page.wait_for_url(re.compile("error=error_missing_system_admin_right"))

    expect(page.locator("main")).to_contain_text("administratör")
    expect(page.locator("main input[readonly]")).to_have_value(re.compile(re.escape(stack.base_url)))
    assert integrations(stack) == 0


def test_a_locked_fortnox_account_comes_back_without_an_answer_and_is_told(page: Page, stack: Stack) -> None:
    """Neither a code nor an error."""
    at_fortnox(page, stack)
    log_in_to_fortnox(page, "locked@nordlager.example", "locked-pass")
    page.wait_for_url(re.compile("/oauth/callback"))

    expect(page.locator("h1")).to_be_visible()
    assert integrations(stack) == 0


def test_another_browser_cannot_finish_what_this_one_started(page: Page, stack: Stack) -> None:
    """The state belongs to the browser."""
    at_fortnox(page, stack)
    state = re.search(r"state=([^&]+)", page.url)
    page.context.clear_cookies()
    assert state is not None
    answer = page.goto(f"{stack.base_url}/oauth/callback?state={state.group(1)}&code=anything")

    assert answer is not None
    assert answer.status == 400
    assert integrations(stack) == 0


@pytest.mark.parametrize("path", ["/oauth/callback", "/oauth/callback?code=from-the-marketplace"])
def test_a_callback_that_nobody_started_is_a_start(page: Page, stack: Stack, path: str) -> None:
    """The Marketplace leads here; it is never a login."""
    page.goto(f"{stack.base_url}{path}")

    expect(page.locator("[name=password]")).to_be_visible()


@pytest.mark.parametrize("path", ["", "/settings", "/invoices", "/issues", "/history.csv", "/disconnect"])
def test_pages_of_an_integration_are_for_those_who_signed_in(page: Page, stack: Stack, path: str) -> None:
    """Everybody else is led to the start."""
    page.goto(f"{stack.base_url}/integrations/nordlager{path}")

    expect(page.locator("[name=password]")).to_be_visible()
