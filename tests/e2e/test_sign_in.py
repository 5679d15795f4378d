"""The start page: signing in, what stops a guesser, languages, signing out."""

from datetime import UTC, datetime, timedelta

from invoicing.adapters.aws.sessions import DynamoSessions
from invoicing.domain.integration_settings import Language
from invoicing.domain.session import TryLimit
from playwright.sync_api import Browser, Page, expect

from local.browser import PHONE, visitor
from local.ongoing.seed import USERNAME
from local.stack import Stack
from tests.e2e.conftest import in_both_languages
from tests.e2e.office import LOCALES, Office

GUESSES = 101
ONE_SCREEN = 812  # CSS pixels of a phone that is not large


def test_the_start_page_asks_for_three_things_and_says_what_comes_next(office: Office) -> None:
    """And what is missing is said in one sentence."""
    office.visit(office.stack.base_url)
    office.look("landing")
    office.press("Sign in")

    expect(office.page.get_by_role("alert")).to_have_text(office.say("Fill in system, user name and password."))
    office.look("landing-incomplete")


@in_both_languages
def test_a_stranger_on_a_phone_sees_within_one_screen_what_it_does_gives_and_needs(
    browser: Browser, stack: Stack, language: Language
) -> None:
    """Down to the button that leads to the form, which is the next thing on the page."""
    with visitor(browser, language=LOCALES[language], width=PHONE) as page:
        page.set_viewport_size({"width": PHONE, "height": ONE_SCREEN})
        page.goto(stack.base_url)
        for part in ("h1", ".gains", ".need", ".begin"):
            expect(page.locator(part)).to_be_in_viewport(ratio=1)
        page.locator(".begin .button").click()
        expect(page.get_by_label("System", exact=True)).to_be_in_viewport()


def test_a_wrong_password_is_refused_in_one_sentence_and_only_the_password_is_forgotten(office: Office) -> None:
    """What was typed in the other fields is still there."""
    office.sign_in(password="wrong")

    expect(office.page.get_by_role("alert")).to_have_text(
        office.say("Ongoing does not accept that combination of system, user name and password.")
    )
    expect(office.page.get_by_label(office.say("Username"))).to_have_value(USERNAME)
    expect(office.page.get_by_label(office.say("Password"))).to_have_value("")
    office.look("landing-refused")


def test_guessing_is_slowed_down_and_the_page_says_when_to_try_again(office: Office) -> None:
    """While it waits, the right password is not tried either."""
    guesses = DynamoSessions(office.stack.client("dynamodb"), office.stack.outputs["SessionsTable"])
    unlimited = TryLimit(key=f"user#{office.system}#{USERNAME}", free=10 * GUESSES, longest=timedelta(0))
    for _ in range(GUESSES):  # from many other networks
        guesses.count_try(unlimited, now=datetime.now(UTC))
    office.sign_in()

    expect(office.page.get_by_role("alert")).to_contain_text(
        office.say("Try again after %(time)s.", time="").removesuffix(".")
    )
    office.look("landing-throttled")


def test_somebody_who_is_connected_signs_in_without_fortnox(settled: Office, browser: Browser) -> None:
    """Straight to the overview."""
    with visitor(browser, language=LOCALES[settled.language]) as page:
        office = settled.at(page)
        office.sign_in()
        office.arrive(f"/integrations/{office.system}")

        expect(page.get_by_role("heading", level=1)).to_have_text(office.company)


@in_both_languages
def test_signing_out_ends_the_session_in_every_tab(settled: Office, browser: Browser) -> None:
    """What was open before leads to the start page."""
    with visitor(browser, language=LOCALES[settled.language]) as page:
        office = settled.at(page)
        office.sign_in()
        office.arrive(f"/integrations/{office.system}")
        remembered = page.context.storage_state()
        page.get_by_role("button", name=office.say("Sign out"), exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(office.say("You are signed out"))
        office.look("signed-out", once=True)
        old = office.at(browser.new_page(storage_state=remembered, locale=LOCALES[office.language]))
        old.open()

        expect(old.page.get_by_label(old.say("Password"))).to_be_visible()
        old.page.close()


def test_the_language_is_the_browsers_until_another_is_chosen(page: Page, stack: Stack, browser: Browser) -> None:
    """And the choice is remembered."""
    page.goto(stack.base_url)
    expect(page.locator("html")).to_have_attribute("lang", "sv")
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto(stack.base_url)

    expect(page.locator("html")).to_have_attribute("lang", "en")
    with visitor(browser, language="de-DE") as german:
        german.goto(stack.base_url)
        expect(german.locator("html")).to_have_attribute("lang", "en")


def test_switching_the_language_stays_on_the_page(settled: Office, browser: Browser) -> None:
    """Somebody who reads along has not lost the place."""
    other = "English" if settled.language is Language.SWEDISH else "Svenska"
    with visitor(browser, language=LOCALES[settled.language]) as page:
        office = settled.at(page)
        office.sign_in()
        office.arrive(f"/integrations/{office.system}")
        office.open("/invoices")
        page.get_by_role("link", name=other).click()

        expect(page).to_have_url(f"{office.here}/invoices?lang={'en' if other == 'English' else 'sv'}")
        expect(page.locator("html")).not_to_have_attribute("lang", office.language)
