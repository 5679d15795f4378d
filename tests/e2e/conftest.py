"""The deployed template with a browser in front of it, once for all tests of this folder."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from local.browser import NoBrowserError, chromium, visitor
from local.stack import Stack, running_stack


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; without one the tests say so."""
    try:
        with chromium() as browser:
            yield browser
    except NoBrowserError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The real template in the emulated AWS, between the simulators; its schedule does not fire by itself here."""
    with running_stack(name="e2e", parameters={"SyncInterval": "rate(12 hours)"}) as stack:
        yield stack


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A Swedish visitor with no cookies."""
    with visitor(browser) as page:
        yield page
