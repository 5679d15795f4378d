"""Guards on the pages: proposed when there is something to compare with, and the click that lets an invoice go."""

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from invoicing.domain.export import ExportState
from invoicing.domain.integration_settings import Language

from local.fortnox.seed import TENANT_ID
from local.ongoing import seed
from local.ongoing.seed import WAREHOUSE
from local.tour import HERE
from tests.office.day import Day

PROPOSED = {Language.ENGLISH: "three months to compare with", Language.SWEDISH: "tre månader att jämföra med"}


def dearer(day: Day) -> None:
    """The price list has a new price for pallets, after they were charged."""
    warehouse = day.world.ongoing.warehouse(WAREHOUSE)
    prices = [
        replace(one, unit_price=Decimal("90.00")) if one.title == "Pallplats" else one for one in warehouse.price_list
    ]
    day.world.ongoing.put_warehouse(replace(warehouse, price_list=tuple(prices)))


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(("days", "expected"), [(5, False), (89, False), (92, True), (99, False)])
def test_they_are_proposed_after_three_months_in_the_first_week_of_a_month(
    days: int, expected: bool, language: Language
) -> None:
    """Connected on 2 March: on 2 June it is time, on the 9th nobody is bothered any more."""
    day = Day()
    day.later()
    day.world.later(days=days)
    day.office.log_in()

    assert (PROPOSED[language] in day.see("", language).body) is expected


def test_whoever_has_one_on_is_not_asked() -> None:
    """Any of them."""
    day = Day()
    day.fill_in(guard_prices="on")
    day.later()
    day.world.later(days=92)
    day.office.log_in()

    assert PROPOSED[Language.ENGLISH] not in day.see("").body


@pytest.mark.parametrize("language", Language)
def test_the_page_says_what_is_unusual_and_one_press_sends_it(language: Language) -> None:
    """From the invoice to its place in Fortnox."""
    day = Day()
    day.fill_in(guard_prices="on")
    dearer(day)
    day.later()
    path = f"/invoices/{seed.PLAIN}/decide"
    page = day.see(path, language, {"way": "right"}).body
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    answered = day.office.post(f"{HERE}{path}", hidden, language=language)
    day.world.run(by="anna")
    record = day.world.exports.get(WAREHOUSE, seed.PLAIN)
    said = {Language.ENGLISH: "charged at 85, and the price list says 90", Language.SWEDISH: "prislistan säger 90"}

    assert said[language] in page
    assert answered.status == 303
    assert record is not None
    assert record.state is ExportState.DONE
    assert record.fortnox_number in day.world.fortnox.state()["companies"][TENANT_ID]["invoices"]


def test_a_click_on_a_page_that_is_too_old_sends_nothing() -> None:
    """Ongoing has something else by now, and a run has seen it."""
    day = Day()
    day.fill_in(guard_prices="on")
    dearer(day)
    day.later()
    path = f"/invoices/{seed.PLAIN}/decide"
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', day.see(path, query={"way": "right"}).body))
    charges = day.world.ongoing.invoice(WAREHOUSE, seed.PLAIN).charges
    more = tuple(replace(one, quantity=one.quantity + 1) for one in charges)
    day.world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, charges=more)
    day.later()
    answered = day.office.post(f"{HERE}{path}", hidden)
    day.later()
    record = day.world.exports.get(WAREHOUSE, seed.PLAIN)

    assert "not_possible_now" in answered.location
    assert record is not None
    assert (record.state, record.decision) == (ExportState.HELD, None)
    assert day.world.clock() - timedelta(hours=1) < (record.updated_at or day.world.clock())
