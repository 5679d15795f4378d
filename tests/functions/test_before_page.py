"""The page Before the 1st, as it is deployed: what the last look found, and the button that looks again."""

from datetime import timedelta

import pytest
from invoicing.domain.integration_settings import Language

from local.ongoing.options import PriceLists
from local.ongoing.seed import WAREHOUSE
from tests.functions.deployed import Browser


def test_nobody_is_asked_before_somebody_presses(operator: Browser) -> None:
    """The page can be loaded as often as one likes."""
    operator.deployed.fortnox.clear_calls()
    operator.deployed.ongoing.clear_calls()
    page = operator.look("/before")

    assert page.status == 200
    assert "Nobody has looked yet" in page.text
    assert [call for call in operator.deployed.fortnox.calls() if call.path.startswith("/3/")] == []
    assert operator.deployed.ongoing.calls == ()


def test_look_now_finds_what_would_stop_invoices_and_keeps_it(operator: Browser) -> None:
    """It writes nothing in Fortnox and in Ongoing; what it found is there for whoever looks later."""
    operator.deployed.fortnox.clear_calls()
    operator.deployed.ongoing.clear_calls()
    pressed = operator.press("/before")
    page = operator.look("/before", query={"notice": "looked"})

    assert (pressed.status, pressed.location.rpartition("/")[2]) == (303, "before?notice=looked")
    assert "Looked at:" in page.text
    assert "Row Övrigt arbete has no article number" in page.text
    assert "Kaffe &amp; Kakao AB" in page.body
    assert {call.method for call in operator.deployed.fortnox.calls() if call.path.startswith("/3/")} == {"GET"}
    assert {call.operation for call in operator.deployed.ongoing.calls} == {"GetInvoicesByQuery", "GetPriceListByQuery"}


@pytest.mark.parametrize("language", Language)
def test_what_could_not_be_looked_at_is_said(operator: Browser, language: Language) -> None:
    """In both languages, without an error."""
    operator.deployed.ongoing.set_options(price_lists=PriceLists.UNKNOWN)
    operator.press("/before")
    page = operator.look("/before", query={"lang": language})
    said = {Language.ENGLISH: "Price lists: Ongoing does not", Language.SWEDISH: "Prislistor: Ongoing lämnar inte"}

    assert page.status == 200
    assert said[language] in page.text


def test_what_was_found_about_a_month_that_is_over_is_not_shown(operator: Browser) -> None:
    """By then it has come, or has not."""
    operator.press("/before")
    shown = operator.look("/before").text
    outlook = operator.deployed.exports.outlook(WAREHOUSE)
    assert outlook is not None
    operator.deployed.clock.advance(timedelta(days=(outlook.first - outlook.at.date()).days))
    operator.login()

    assert "Nobody has looked yet" not in shown
    assert "Nobody has looked yet" in operator.look("/before").text


def test_a_form_that_no_page_of_this_session_sent_looks_at_nothing(operator: Browser) -> None:
    """Calls cost, and somebody else's page must not make them."""
    page = operator.press("/before", csrf="of-another")

    assert page.status == 403
    assert operator.deployed.exports.outlook(WAREHOUSE) is None
