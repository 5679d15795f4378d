"""A real browser, Debian's Chromium by default, driven by Playwright."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from local import bootstrap

WINDOW, PHONE = 1280, 375  # widths that pages are looked at in, in CSS pixels

# The flags that let it run as root in a container, and keep it from calling home.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NoBrowserError(Exception):
    """No Chromium on this machine."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser process. Raises NoBrowserError."""
    program = bootstrap.browser()
    if program is None:
        raise NoBrowserError("no Chromium here: install it (Debian: apt-get install chromium), or name one in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visitor(
    browser: Browser, *, language: str = "sv-SE", width: int = WINDOW, dark: bool = False, scripts: bool = True
) -> Iterator[Page]:
    """A person with cookies of their own. A page that waits longer than a minute is an error."""
    context = browser.new_context(
        locale=language,
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
    )
    context.set_default_timeout(60_000)
    try:
        yield context.new_page()
    finally:
        context.close()
