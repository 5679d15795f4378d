"""The page of issues: causes with all that they stop, one button for all of it, and a click that keeps one's place."""

import re

import pytest
from invoicing.domain.integration_settings import Language

from local.fortnox.seed import TENANT_ID
from local.ongoing import seed
from local.ongoing.seed import WAREHOUSE
from local.tour import HERE
from tests.office.day import Day, words_of
from tests.office.situations import fifty_held, ongoing_down, password_refused, troubled


def causes_in(body: str) -> dict[str, str]:
    """What the page tells of each cause, by its id."""
    return {
        name: words_of(words)
        for name, words in re.findall(r'<article class="issue" id="(\w+)">(.*?)</article>', body, re.DOTALL)
    }


def test_fifty_invoices_of_eight_causes_are_eight_on_one_page_the_largest_sum_first() -> None:
    """Each with its count, its sum, and the invoices below; the counts make fifty."""
    body = fifty_held().see("/issues").body
    told = list(causes_in(body).values())
    counts = [int(text.split()[0]) for text in told]

    assert len(told) == 8
    assert sum(counts) == 50
    assert counts == [6] * 7 + [8]
    assert "SEK 15,000.00" in told[0].replace("\u00a0", " ")
    assert "Page " not in words_of(body)


def test_one_button_tries_all_again_and_the_reader_stays_where_it_was() -> None:
    """The address leads back to the cause, which says what happened."""
    day = fifty_held()
    body = day.see("/issues").body
    (customer,) = [name for name, text in causes_in(body).items() if "Customer 9999" in text]
    day.world.fortnox.add_customer(TENANT_ID, {"CustomerNumber": "9999", "Name": "Nystartad E-handel HB"})
    answer = day.office.press("/issues/retry", cause=customer)
    there = day.see("/issues", query={"page": "1", "notice": "retry_queued", "at": customer}).body
    asked = day.integration.asked
    day.world.run(by="anna")

    assert answer.location.endswith(f"{HERE}/issues?page=1&notice=retry_queued&at={customer}#{customer}")
    assert "It is tried again in a moment." in causes_in(there)[customer]
    assert len(asked) == 8
    assert len(causes_in(day.see("/issues").body)) == 7


def test_a_cause_that_is_mended_meanwhile_is_not_tried_again() -> None:
    """A stale page's button says so, and does nothing."""
    day = troubled()
    queued = len(day.world.queue.requests)
    answer = day.office.press("/issues/retry", cause="0123456789ab")

    assert "notice=not_possible_now" in answer.location
    assert (len(day.world.queue.requests), day.integration.asked) == (queued, frozenset())


@pytest.mark.parametrize("language", Language)
def test_what_heals_by_itself_is_no_thing_to_do(language: Language) -> None:
    """It stands in the sentence, and not among the causes; the number in the menu is that of the causes."""
    day = ongoing_down()
    body = day.see("/issues", language).body

    assert len(causes_in(body)) == 6
    assert body.count('<article class="issue') == 6
    assert day.overview(language).badge == 6


def test_a_refused_password_leads_to_a_form_that_is_filled_in_right() -> None:
    """Signing in with it and the new password works, and the stop is over."""
    day = password_refused()
    link = re.search(r'href="(/[^"]*system=[^"]*)"', day.see("/issues").body)
    assert link is not None
    query = dict(part.split("=") for part in link[1].replace("&amp;", "&").partition("?")[2].split("&"))
    form = day.office.get("/", {name: value.replace("%3A", ":").replace("%2F", "/") for name, value in query.items()})
    filled = dict(re.findall(r'name="(system|username)"[^>]*value="([^"]*)"', form.body))
    answer = day.office.log_in(**filled, password="another")
    day.later()

    assert filled == {"system": f"https://{WAREHOUSE}.ongoingsystems.se/{WAREHOUSE}/", "username": seed.USERNAME}
    assert answer.location.endswith(HERE)
    assert day.overview(Language.ENGLISH).pill == "Needs attention"


def test_saving_settings_sends_no_second_mail_that_asks_for_the_same_address() -> None:
    """The first one still works."""
    day = Day()
    before = len(day.world.notices.all)
    page = day.see("/settings").body
    form = dict(re.findall(r'type="hidden" name="(csrf|version)" value="([^"]*)"', page))
    saved = day.office.post(f"{HERE}/settings", {**form, **_filled(day), "rows": "per_charge"})

    assert "notice=saved" in saved.location
    assert len(day.world.notices.all) == before == 1


def _filled(day: Day) -> dict[str, str]:
    from invoicing.pages.settings_form import form_of

    assert day.integration.settings is not None
    return form_of(day.integration.settings)
