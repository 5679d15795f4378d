"""Pictures of every page and mail under build/screenshots/; what is pictured is also checked by axe."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

from invoicing.domain.integration_settings import Language
from playwright.sync_api import Page, expect

from local.accessibility import Inspector
from local.browser import PHONE, WINDOW
from local.pdf_pictures import pdf_pictures

PICTURES = Path(__file__).resolve().parents[2] / "build" / "screenshots"
MAIL_WIDTHS = (600, 320)

ALBUM = (
    *("landing", "landing-incomplete", "landing-refused", "landing-throttled", "landing-personal"),
    *("consent-denied", "consent-licence-missing", "consent-app-licence-missing", "consent-not-administrator"),
    *("consent-no-answer", "consent-wrong-company", "consent-start-unknown", "consent-start-used", "consent-other"),
    *("invitation", "approval", "approved", "attach", "consent-files-refused"),
    *("setup", "setup-personal", "settings-create", "settings-problems", "status-first", "verify", "verified"),
    *("rehearsal", "rehearsal-result", "status-running", "status", "invoices", "invoices-found"),
    *("invoices-none-match", "invoices-empty", "invoice", "invoice-held", "invoice-asked", "preview-create"),
    *("invoice-to-send", "customer-mail", "specification", "invoice-sent", "invoice-paid", "invoices-paid"),
    *("month", "reconciliation", "history", "event-log"),
    *("preview-nothing", "preview-held", "issues", "issues-none", "settings", "settings-changed-elsewhere"),
    *("mend-customer", "mended", "permit", "mend-account", "invoice-guarded", "decision-right", "release"),
    *("pause", "status-paused", "status-personal", "status-broken", "reactivation", "reactivated"),
    *("reactivation-not-needed", "disconnect", "disconnect-not-confirmed", "disconnected"),
    *("signed-out", "signed-out-elsewhere", "session-ended", "settings-kept", "form-expired", "not-found"),
    *("mail-verify", "mail-broken", "mail-reminder", "mail-reminder-last", "mail-reactivated", "mail-digest"),
    *("mail-not-understood", "mail-changed-mended"),
    *("mail-changed-new_user", "mail-changed-address", "mail-changed-address_taken_back", "mail-changed-settings"),
    *("mail-changed-login", "mail-changed-consent", "mail-changed-disconnected", "mail-month", "mail-it-is-me"),
    *("before", "mail-before"),
)
"""Every page and mail, in the order in which somebody meets it; pictures are numbered by it."""


def look_at_page(page: Page, name: str, language: Language, *, dark: bool = True) -> None:
    """In a window, on a phone, and at 200 %: pictures, no violation in light or dark, nothing wider than the window.

    Raises ValueError for a name that the album does not have.
    """
    expect(page.locator("html")).to_have_attribute("lang", language)
    # The last width is what zooming to 200 % leaves of a window.
    _look(page, name, language, (("window", WINDOW), ("phone", PHONE), ("", WINDOW // 2)), dark=dark)


@contextmanager
def in_another_language(page: Page, language: Language, *, back_to: Language) -> Iterator[None]:
    """The same page for somebody who has chosen another language: asked for again, in the way it was asked for.

    Fails where asking again shows another page, as with what is shown only once.
    """
    seen = page.locator("main *").count()
    _ask_again(page, language, seen)
    yield
    _ask_again(page, back_to, seen)


def _ask_again(page: Page, language: Language, seen: int) -> None:
    chooser = page.context.new_page()  # a page of ours remembers the choice; this one has nothing else to do
    chooser.goto(urljoin(page.url, f"/health?lang={language}"))
    chooser.close()
    page.reload()
    assert page.locator("main *").count() == seen, f"{page.url} is another page when it is asked for again"


def look_at_mail(page: Page, name: str, html: str, language: Language) -> None:
    """As mail programs show it, wide and narrow. Raises ValueError for a name that the album does not have."""
    page.set_content(html)
    _look(page, name, language, ((str(width), width) for width in MAIL_WIDTHS))


def keep_pdf(content: bytes, name: str, language: Language) -> None:
    """Its first page. Raises ValueError for a name that the album does not have, PdfiumError for what is no PDF."""
    number = ALBUM.index(name) + 1
    folder = PICTURES / language
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{number:02d}-{name}.png").write_bytes(next(pdf_pictures(content)))


def _look(page: Page, name: str, language: Language, widths: Iterable[tuple[str, int]], *, dark: bool = True) -> None:
    complaints = []
    with Inspector(page) as inspector:
        for place, width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            if inspector.scrolls_sideways():
                complaints.append(f"{width}: wider than the window")
            if place:
                number = ALBUM.index(name) + 1
                page.screenshot(path=PICTURES / language / f"{number:02d}-{name}-{place}.png", full_page=True)
                complaints += [f"{width}: {found}" for found in inspector.violations()]
                if dark:
                    page.emulate_media(color_scheme="dark")
                    complaints += [f"{width}, dark: {found}" for found in inspector.violations(only_colours=True)]
                    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": WINDOW, "height": 900})
    assert not complaints, f"{name}, {page.url}:\n" + "\n".join(complaints)
