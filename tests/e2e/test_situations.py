"""Each situation of an office in a real browser, both languages: what stands there is what both simulators have.

The pages are those of the deployed wiring, in this process, and the browser's requests are led to it, without a stack.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

import pytest
from invoicing.domain.integration_settings import Language
from invoicing.domain.standing import standing_of
from invoicing.rendering.assets import find_asset
from invoicing.rendering.formats import format_amount
from invoicing.rendering.standing_texts import standing_text
from playwright.sync_api import Browser, Page, Route, expect

from local.accessibility import Inspector
from local.browser import PHONE, WINDOW, visitor
from local.ongoing.seed import WAREHOUSE
from local.tour import HERE
from tests.e2e.album import PICTURES
from tests.e2e.office import LOCALES
from tests.office.day import Day, less
from tests.office.situations import SITUATIONS, troubled
from tests.support.wiring import BASE_URL

HEADER = 96  # CSS pixels, at most, on a phone


@contextmanager
def at(browser: Browser, day: Day, language: Language) -> Iterator[Page]:
    """Somebody in the office of that day, at the overview."""

    def answer(route: Route) -> None:
        there = urlsplit(route.request.url)
        asset = find_asset(there.path.removeprefix("/assets/"))
        if asset is not None:
            route.fulfill(body=asset.content, content_type=asset.content_type)
            return
        seen = day.office.get(there.path, dict(parse_qsl(there.query)), language=language)
        route.fulfill(status=seen.status, body=seen.body, content_type="text/html; charset=utf-8")

    with visitor(browser, language=LOCALES[language]) as page:
        page.route(f"{BASE_URL}/**", answer)
        page.goto(f"{BASE_URL}{HERE}")
        yield page


def looked_at(page: Page, name: str, language: Language) -> list[str]:
    """Pictures of it in a window, on a phone, in the dark and printed; what axe, or a narrow window, has against it."""
    complaints = []
    folder = PICTURES / language / "situations"
    with Inspector(page) as inspector:
        for place, width in (("window", WINDOW), ("phone", PHONE)):
            page.set_viewport_size({"width": width, "height": 900})
            complaints += [f"{place}: {found}" for found in inspector.violations()]
            if inspector.scrolls_sideways():
                complaints.append(f"{place}: wider than the window")
            header = page.locator("header.top").bounding_box()
            if place == "phone" and (header is None or header["height"] > HEADER):
                complaints.append(f"the header is {header['height'] if header else 'not'} there")
            page.screenshot(path=folder / f"{name}-{place}.png", full_page=True)
        page.emulate_media(color_scheme="dark")
        complaints += [f"dark: {found}" for found in inspector.violations(only_colours=True)]
        page.screenshot(path=folder / f"{name}-dark.png", full_page=True)
        page.emulate_media(color_scheme="light", media="print")
        page.screenshot(path=folder / f"{name}-print.png", full_page=True)
    return complaints


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_overview_says_what_is_the_case(browser: Browser, name: str) -> None:
    """Sentence, pill and numbers, as a browser shows them; axe finds nothing."""
    makes, situation, tone = SITUATIONS[name]
    day = makes()
    truth, keys = day.truth(), day.world.tokens.get(WAREHOUSE)
    records = day.world.exports.get_many(WAREHOUSE, sorted(day.integration.unfinished)).values()
    standing = standing_of(day.integration, keys, records, now=day.world.clock())
    works = (standing.waiting, less(truth.unsent, standing.waiting, standing.later), truth.in_fortnox)
    for language in Language:
        with at(browser, day, language) as page:
            text = standing_text(standing, language)
            expect(page.locator(".standing .what")).to_have_text(text.what)
            expect(page.locator(f".standing.{tone}")).to_contain_text(text.todo)
            expect(page.locator(f".headline .pill.{tone}")).to_be_visible()
            tiles = page.locator(".tiles li")
            expect(tiles).to_have_count(0 if standing.looked_at is None else len(works))
            for tile, work in zip(tiles.all(), works, strict=False):
                expect(tile.locator("strong")).to_have_text(str(work.count))
                for currency, amount in work.sums.items():
                    expect(tile).to_contain_text(format_amount(amount, currency, language))

            assert looked_at(page, name.replace(" ", "-").lower(), language) == []

    assert standing.situation is situation


@pytest.mark.parametrize("language", Language)
def test_after_disconnecting_it_says_so_and_hands_over_the_files(browser: Browser, language: Language) -> None:
    """No pill, no menu; the link to what the law on bookkeeping asks for can be copied."""
    day = troubled()
    last = day.office.press("/disconnect", confirm="on", language=language)
    with at(browser, day, language) as page:
        page.set_content(last.body)

        expect(page.locator("h1")).to_have_count(1)
        expect(page.locator(".pill, .sections")).to_have_count(0)
        expect(page.locator("input.copy")).to_have_value(
            f"{BASE_URL}/files/{last.body.split('/files/')[1].split('"')[0]}"
        )
        assert looked_at(page, "disconnected", language) == []
