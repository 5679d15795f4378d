"""Nothing contradicts itself: previews, early exports, and what is said of a click."""

from dataclasses import replace
from unittest import mock

import pytest
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.integration_settings import Language

from local.ongoing import seed
from local.ongoing.seed import WAREHOUSE
from local.tour import HERE, Seen
from tests.office.day import Day, words_of
from tests.office.situations import troubled

HELD = f"/invoices/{seed.UNKNOWN_CUSTOMER}"
GROWING = f"/invoices/{seed.STILL_GROWING}"


def test_the_preview_of_a_held_invoice_says_first_what_is_wrong_and_offers_no_export() -> None:
    """Before what would be sent; with the button that fits."""
    body = troubled().see(f"{HELD}/preview").body
    words = words_of(body)

    assert words.index("Customer 9999 does not exist in Fortnox") < words.index("Invoice date")
    assert "exactly what would be sent" not in words
    assert f"{HELD}/export" not in body
    assert f"{HELD}/retry" in body


def test_the_preview_of_a_held_invoice_that_is_mended_offers_to_try_again() -> None:
    """It was stopped, and is not exported past what stopped it."""
    day = troubled()
    charges = day.world.ongoing.invoice(WAREHOUSE, seed.JUNK_ACCOUNT).charges
    day.world.ongoing.change_invoice(
        WAREHOUSE, seed.JUNK_ACCOUNT, charges=tuple(replace(one, account="3041") for one in charges)
    )
    mended = f"/invoices/{seed.JUNK_ACCOUNT}"
    body = day.see(f"{mended}/preview").body

    assert "What stopped it seems to be mended." in body
    assert (f"{mended}/export" in body, f"{mended}/retry" in body) == (False, True)


@pytest.mark.parametrize("language", Language)
def test_sending_before_the_period_has_ended_asks_first(language: Language) -> None:
    """Nothing is asked for by the first click; the second one sends."""
    day = troubled()
    asks = day.office.press(f"{GROWING}/export", language=language)
    asked_for = day.integration.asked
    sends = day.office.press(f"{GROWING}/export", early="on")
    day.world.run()

    assert asks.status == 200
    assert 'name="early"' in asks.body
    assert asked_for == frozenset()
    assert sends.location.endswith(f"{GROWING}?notice=export_queued")
    assert day.truth().growing.count == 0


def test_what_is_said_of_a_click_is_what_happened() -> None:
    """While it is awaited, when it is in Fortnox, and when it is stopped again."""
    day = troubled()
    day.add(1)
    day.office.press("/invoices/7001/export")
    waiting = day.see("/invoices/7001", query={"notice": "export_queued"}).body
    day.world.run()
    sent = words_of(day.see("/invoices/7001", query={"notice": "export_queued"}).body)
    record = day.world.exports.get(WAREHOUSE, 7001)
    day.office.press(f"{HELD}/retry")
    day.world.run()
    stopped = words_of(day.see(HELD, query={"notice": "retry_queued"}).body)

    assert "It is sent in a moment." in waiting
    assert "data-running" in waiting
    assert record is not None
    assert f"It is invoice {record.fortnox_number} in Fortnox." in sent
    assert "It was tried again, and is still stopped." in stopped


def test_a_page_that_is_loaded_again_does_not_repeat_what_was_said() -> None:
    """The next click is told anew, even if it says the same."""
    day = troubled()
    seen = []
    for _ in range(2):
        address = day.fill_in().location.rpartition("?")[2]
        query = dict([address.split("=")])
        seen.append([f"{HERE}" in page.body and "The settings are saved." in page.body for page in _twice(day, query)])

    assert seen == [[True, False], [True, False]]


def _twice(day: Day, query: dict[str, str]) -> list[Seen]:
    return [day.see("", query=query) for _ in range(2)]


def test_a_page_that_says_what_went_wrong_keeps_the_menu() -> None:
    """Who is signed in finds the way on; the page that ends the sign-in has none."""
    day = troubled()
    menu = f'href="{HERE}/invoices"'
    unknown = day.see("/no-such-page")
    stale = day.office.post(f"{HERE}/pause", {"csrf": "of-another-sign-in"})
    with mock.patch.object(day.world.exports, "get_many", side_effect=RetryLaterError("the table does not answer")):
        slow = day.see("/issues")
    with mock.patch.object(day.world.exports, "get_many", side_effect=ZeroDivisionError()):
        wrong = day.see("/issues")
    gone = day.office.press("/disconnect", confirm="on")

    assert [one.status for one in (unknown, stale, slow, wrong)] == [404, 403, 503, 500]
    assert all(menu in one.body for one in (unknown, stale, slow, wrong))
    assert menu not in gone.body
