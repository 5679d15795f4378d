"""The set-up page: a person sees what was read from Ongoing, and says that it is theirs."""

from dataclasses import replace
from datetime import timedelta

import pytest
from invoicing.domain.integration import IntegrationStatus

from local.ongoing.faults import Effect, FaultRule
from local.ongoing.options import EmptyList
from local.ongoing.seed import WAREHOUSE
from local.ongoing.warehouse import Invoice
from tests.functions.deployed import API_URL, Browser, Deploy, Page, event

RUN = "sync_invoices__one"
OURS = "Yes, that is ours"
CREATE_SAYS_SO = "With Create, on the next page, you say so."
NO_INVOICES = "Ongoing shows no invoices."


def set_up(deploy: Deploy, **options: object) -> Browser:
    """Somebody who has just approved, before *Create*."""
    browser = Browser(deploy())
    browser.deployed.ongoing.set_options(**options)
    browser.approve(browser.start())
    return browser


def without_invoices(deploy: Deploy) -> Browser:
    """The same, in a system that has none and leaves an empty list out."""
    browser = Browser(deploy())
    empty(browser)
    browser.deployed.ongoing.set_options(empty_list=EmptyList.MISSING)
    browser.approve(browser.start())
    return browser


def empty(browser: Browser) -> None:
    """Takes every invoice away."""
    ongoing = browser.deployed.ongoing
    ongoing.put_warehouse(replace(ongoing.warehouse(WAREHOUSE), invoices=()))


def shown(browser: Browser) -> Page:
    """The set-up page."""
    page = browser.look("/setup")
    assert page.status == 200, page.text
    return page


def newest(browser: Browser) -> Invoice:
    """Of all that are not of training, by date and then by id."""
    warehouse = browser.deployed.ongoing.warehouse(WAREHOUSE)
    training = {owner.id for owner in warehouse.goods_owners if owner.is_training}
    real = [one for one in warehouse.invoices if one.goods_owner_id not in training]
    return max(real, key=lambda one: (one.invoice_date, one.id))


# ---- what is shown


def test_the_page_says_what_was_read_before_anything_is_created(deploy: Deploy) -> None:
    """How many, how many of them wait, the newest one, and who has a customer code."""
    browser = set_up(deploy)
    page = shown(browser)
    last = newest(browser)
    owner = next(
        one for one in browser.deployed.ongoing.warehouse(WAREHOUSE).goods_owners if one.id == last.goods_owner_id
    )

    assert "Invoices since" in page.text
    assert "Not exported 13" in page.text
    assert owner.name.split(" <")[0].split(" &")[0] in page.text
    assert "Goods owners with a customer code 4 of 5" in page.text
    assert CREATE_SAYS_SO in page.text
    assert OURS not in page.text


def test_nothing_is_marked_or_sent_by_looking(deploy: Deploy) -> None:
    """It reads without charges; a second call finds that nothing comes after the first."""
    browser = set_up(deploy)
    browser.deployed.ongoing.clear_calls()
    shown(browser)
    calls = browser.deployed.ongoing.calls

    assert [(call.operation, call.asked["rows"]) for call in calls] == [("GetInvoicesByQuery", False)] * 2


@pytest.mark.parametrize("language", ["en", "sv"])
def test_an_empty_system_is_said_as_such_with_what_to_check(deploy: Deploy, language: str) -> None:
    """In both languages. With a list that is there and empty, Create is word enough."""
    browser = Browser(deploy())
    empty(browser)
    browser.approve(browser.start())
    page = browser.look("/setup", query={"lang": language})

    assert (NO_INVOICES if language == "en" else "Ongoing visar inga fakturor.") in page.text
    assert OURS not in page.text
    assert browser.create().status == 303


def test_a_system_whose_answers_have_changed_meanwhile_is_said_as_such(deploy: Deploy) -> None:
    """The page stands, says whose it is to mend, and lets nobody think that there is nothing."""
    browser = set_up(deploy)
    browser.deployed.ongoing.set_options(renamed={"Invoices": "Fakturor"})
    page = shown(browser)

    assert "Ongoing answers in a way that we do not understand" in page.text
    assert NO_INVOICES not in page.text
    assert browser.deployed.logged("wms_not_understood") != []


@pytest.mark.parametrize(
    "rule",
    [
        FaultRule(effect=Effect.DELAY, seconds=120, times=None),
        FaultRule(effect=Effect.HTML, times=None),
        FaultRule(effect=Effect.STATUS, status=503, times=None),
    ],
    ids=lambda rule: str(rule.effect),
)
def test_a_page_that_gets_no_answer_says_what_it_lacks(deploy: Deploy, rule: FaultRule) -> None:
    """Whoever set up does not look at an error page; what was proven at the login lets them go on."""
    browser = set_up(deploy)
    browser.deployed.ongoing.add_fault(rule)
    page = shown(browser)

    assert "Ongoing does not answer" in page.text
    assert NO_INVOICES not in page.text
    assert browser.create().status == 303


# ---- a result without any list


def test_a_system_without_any_list_is_created_only_when_somebody_says_that_it_is_theirs(deploy: Deploy) -> None:
    """It may be empty, or a list may have a name that nobody knows: only a person can tell."""
    browser = without_invoices(deploy)
    page = shown(browser)
    refused = browser.create()
    status = browser.deployed.integration.status
    said = browser.press("/setup")
    created = browser.create()

    assert OURS in page.text
    assert CREATE_SAYS_SO not in page.text
    assert (refused.status, status) == (409, IntegrationStatus.DRAFT)
    assert "Nothing is created yet" in refused.text
    assert 'value="ekonomi@nordlager.example"' in refused.body
    assert said.location == f"{API_URL}/integrations/{WAREHOUSE}/settings"
    assert created.status == 303
    assert browser.deployed.integration.status is IntegrationStatus.ACTIVE


def test_saying_so_is_not_offered_and_changes_nothing_where_a_list_was_shown(deploy: Deploy) -> None:
    """Otherwise a list that is left out one day would be believed to be empty."""
    browser = set_up(deploy)
    browser.press("/setup")
    browser.create()
    browser.deployed.ongoing.set_options(empty_list=EmptyList.MISSING)
    empty(browser)
    browser.deployed.invoke("sync_invoices", event(RUN))

    assert browser.deployed.integration.last_run is not None
    problem = browser.deployed.integration.last_run.problem
    assert problem is not None
    assert problem.params["kind"] == "no_list"


# ---- afterwards


def test_the_front_page_keeps_what_was_read_last_and_when(deploy: Deploy) -> None:
    """Also when a later run cannot read; and whoever doubts it looks again."""
    browser = set_up(deploy)
    shown(browser)
    browser.create()
    before = browser.look("")
    browser.deployed.invoke("sync_invoices", event(RUN))
    read = browser.look("")
    browser.deployed.clock.advance(timedelta(hours=3))
    browser.deployed.ongoing.add_fault(FaultRule(effect=Effect.STATUS, status=503, times=None))
    browser.deployed.invoke("sync_invoices", event(RUN))
    later = browser.look("")

    assert "Last read from Ongoing Not yet" in before.text
    assert "13 not exported, of 14 invoices" in read.text
    start = read.text.index("Last read from Ongoing")
    assert read.text[start : start + 80] == later.text[later.text.index("Last read from Ongoing") :][:80]
    assert "To the overview" in browser.look("/setup").text
