"""The first run belongs to the person: what leaves first, what is left out, and a pause until it was tried."""

import re

import pytest
from invoicing.domain.integration import IntegrationStatus
from invoicing.domain.integration_settings import Language

from local.ongoing.faults import Effect, FaultRule
from local.ongoing.seed import PLAIN
from local.tour import HERE
from tests.office.day import Day, words_of
from tests.office.situations import first_month, to_try, troubled


def plain(body: str) -> str:
    """What a person reads."""
    return words_of(body).replace("\u00a0", " ")


def test_the_form_says_what_its_date_leaves_out_and_takes_it_along_at_one_click() -> None:
    """All of last month, when one connects in this one; nothing is saved by the click."""
    day = Day(created=False)
    shown = day.see("/settings").body
    take = re.search(r'<button name="count_from" value="([^"]+)">Take them along', shown)
    assert take is not None
    taken = day.fill_in(count_from=take[1], rows="per_charge")

    assert ["12 invoices", "SEK 8,722.00 + EUR 265.00)"][0] in plain(shown)
    assert f"of {_day(take[1])}, are left out" in plain(shown)
    assert 'id="rows-per_charge" name="rows" value="per_charge" checked' in taken.body
    assert f'value="{take[1]}"' in taken.body
    assert "this date leaves none out" in plain(taken.body)
    assert "12 invoices" in plain(taken.body).partition("What is sent first")[2]
    assert day.integration.status is IntegrationStatus.DRAFT


def _day(iso: str) -> str:
    return {"2026-02-28": "28 Feb 2026"}[iso]


def test_what_leaves_first_stands_before_the_button_and_on_the_page_after_it() -> None:
    """With number, sum, and when at the latest; and then just that leaves."""
    day = Day(created=False)
    day.only(one for one in day.world.ongoing.warehouse("nordlager").invoices if one.id == PLAIN)
    before = plain(day.fill_in(count_from="2026-01-01").body)
    created = day.fill_in(from_date="2026-01-01")
    after = day.overview(Language.ENGLISH)
    day.later(minutes=14)

    assert "1 invoice (SEK 1,020.00) by the first run, within 15 minutes." in before
    assert created.location.endswith(f"{HERE}?notice=created")
    assert "1 invoice (SEK 1,020.00) by the first run, 2 Mar 2026, 09:15 at the latest." in after.foreseen.replace(
        "\u00a0", " "
    )
    assert day.truth().in_fortnox.count == 1


@pytest.mark.parametrize("path", ["/invoices", "/issues", "/settings", "/customers", "/rehearsal"])
def test_created_to_be_tried_says_so_on_every_page_until_it_is_ended(path: str) -> None:
    """Nothing is sent before, and all of it after."""
    day = to_try()
    day.world.run()
    before, halted = day.truth().in_fortnox.count, plain(day.see(path).body)
    day.office.press("/resume")
    day.world.run()

    assert before == 0
    assert "Nothing is sent until you have tried it and pressed Start sending." in halted
    assert "Start sending" not in plain(day.see(path).body)
    assert day.truth().in_fortnox.count == 6


def test_a_first_month_that_is_left_out_is_told_after_creating_too() -> None:
    """With the way to take it along."""
    seen = first_month().overview(Language.SWEDISH)

    assert "Aldrig: 12 fakturor (" in seen.foreseen
    assert "Visa dem och ta med dem" in seen.foreseen


def test_ongoing_that_does_not_answer_stops_neither_form_nor_page() -> None:
    """It cannot be counted, and that is said."""
    day = Day(created=False)
    day.world.ongoing.add_fault(FaultRule(effect=Effect.BEFORE, times=None))

    assert "it cannot be counted" in plain(day.see("/settings").body)
    assert day.fill_in().location.endswith("notice=created")
    assert "it cannot be counted" in day.overview(Language.ENGLISH).foreseen


def test_a_pause_is_told_on_every_page() -> None:
    """As nobody looks at the overview first."""
    day = troubled()
    day.office.press("/pause")

    assert "Paused: nothing is sent until somebody presses Resume." in plain(day.see("/invoices").body)
