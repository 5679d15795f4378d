"""The people of one warehouse, in front of a browser that speaks their language."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

from invoicing.domain.integration_settings import Language
from invoicing.rendering.catalogue import translations
from playwright.sync_api import Locator, Page, Response, expect

from local.demo import link_in, log_in_to_fortnox
from local.fortnox.client_control import FortnoxControl
from local.ongoing.client_control import OngoingControl
from local.ongoing.seed import PASSWORD, SUM_DIFFERS, USERNAME
from local.stack import Mail, Stack
from tests.e2e.album import in_another_language, look_at_mail, look_at_page

WAIT_SECONDS = 60.0
SENT, HELD = 6, 6  # of the seeded invoices
LOCALES = {Language.SWEDISH: "sv-SE", Language.ENGLISH: "en-GB"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """One warehouse with its system in Ongoing, its company in Fortnox, and somebody at a browser."""

    stack: Stack
    page: Page
    language: Language
    system: str
    company: str
    tenant_id: str

    @property
    def fortnox(self) -> FortnoxControl:
        """What happens in Fortnox without us."""
        return FortnoxControl(self.stack.fortnox_url)

    @property
    def ongoing(self) -> OngoingControl:
        """What happens in Ongoing without us."""
        return OngoingControl(self.stack.ongoing_url)

    @property
    def here(self) -> str:
        """The address of the integration."""
        return f"{self.stack.base_url}/integrations/{self.system}"

    @property
    def main(self) -> Locator:
        """What a page says, without its frame."""
        return self.page.locator("main")

    def say(self, message: str, **words: object) -> str:
        """A text of the pages, given in English, as this office reads it."""
        text = translations(self.language).gettext(message)
        return text % words if words else text

    def at(self, page: Page) -> "Office":
        """The same office in front of another browser."""
        return replace(self, page=page)

    def correct_sum(self) -> None:
        """What somebody in Ongoing does about the invoice whose rows do not add up to its amount."""
        self.ongoing.change_invoice(self.system, SUM_DIFFERS, amount="425.00")

    @property
    def wrong_sum(self) -> Locator:
        """The issue of that invoice, in the list of issues."""
        return self.page.locator("article.issue", has=self.page.locator(f"a[href$='/invoices/{SUM_DIFFERS}']"))

    # ---- moving

    def open(self, path: str = "") -> Response:
        """Go to a page of the integration."""
        return self.visit(f"{self.here}{path}")

    def visit(self, address: str) -> Response:
        """Go to an address."""
        answer = self.page.goto(address)
        assert answer is not None
        return answer

    def press(self, button: str, within: Locator | None = None) -> None:
        """Press the button with that English text, which may go on with what it is about."""
        name = re.compile(rf"^{re.escape(self.say(button))}\b")
        (within or self.main).get_by_role("button", name=name).first.click()

    def follow(self, link: str) -> None:
        """Follow the link with that English text."""
        self.main.get_by_role("link", name=self.say(link), exact=True).click()

    def arrive(self, path: str) -> None:
        """Wait until the address contains `path`."""
        self.page.wait_for_url(lambda address: path in address)

    # ---- connecting

    def sign_in(self, *, password: str = PASSWORD, start: str = "/") -> None:
        """From the start page, with Ongoing's credentials."""
        self.visit(f"{self.stack.base_url}{start}")
        self.fill_in_login(password=password)
        self.press("Sign in")

    def fill_in_login(self, *, password: str = PASSWORD) -> None:
        """The form of the start page."""
        self.page.get_by_label(self.say("System"), exact=True).fill(
            f"https://{self.system}.ongoingsystems.se/{self.system}/"
        )
        self.page.get_by_label(self.say("Username")).fill(USERNAME)
        self.page.get_by_label(self.say("Password")).fill(password)

    def log_in_to_fortnox(self, who: str = "admin") -> None:
        """With Fortnox's own pages, which speak Swedish."""
        self.page.wait_for_url(re.compile(re.escape(self.stack.fortnox_url)))
        log_in_to_fortnox(self.page, f"{who}@{self.system}.example", f"{who}-pass")

    def approve(self, who: str = "admin") -> None:
        """Log in to Fortnox, approve the permissions, and confirm what that means."""
        self.log_in_to_fortnox(who)
        self.page.locator("#approve").click()
        self.arrive("/oauth/approval")
        self.press("Confirm")

    def at_wrong_company(self) -> None:
        """Approve as the administrator of a company that is not this office's."""
        self.page.wait_for_url(re.compile(re.escape(self.stack.fortnox_url)))
        log_in_to_fortnox(self.page, "fel@foretag.example", "fel-pass")
        self.page.locator("#approve").click()

    def connect(self) -> None:
        """Up to the set-up page."""
        self.sign_in()
        self.approve()
        self.arrive("/setup")

    def connect_again(self) -> None:
        """From the overview on to Fortnox once more."""
        self.follow("Connect again …")
        self.fill_in_password()
        self.press("Go on to Fortnox")

    def fill_in_password(self) -> None:
        """Where it is asked for once more."""
        self.page.get_by_label(self.say("Password for Ongoing, of %(user)s", user=USERNAME)).fill(PASSWORD)

    def create(self) -> None:
        """Create the integration, with invoices of the last months."""
        self.open("/settings")
        self.page.get_by_label(self.say("Communication of problems")).fill(self.mailbox)
        self.page.get_by_label(self.say("From which invoice date")).fill("2020-01-01")
        self.press("Create")
        self.arrive("notice=created")

    # ---- waiting

    @property
    def mailbox(self) -> str:
        """Where its mails go."""
        return f"ekonomi@{self.system}.example"

    def mails(self) -> list[Mail]:
        """All mails to it, oldest first."""
        return [mail for mail in self.stack.mails() if self.mailbox in mail.to]

    def mail(self, part: str) -> Mail:
        """The newest mail with `part` in its text."""

        def found() -> Mail | None:
            return next((mail for mail in reversed(self.mails()) if part in mail.text), None)

        return waited_for(f"a mail with {part}", found)

    def link(self, part: str) -> str:
        """The link to `part` in the newest mail that has one."""
        return link_in(self.mail(part), part)

    def sync(self) -> None:
        """Press *Sync now* and stay until the page shows, by itself, that the run has ended."""
        self.open()
        self.press("Sync now")
        self.arrive("notice=sync_started")
        expect(self.page.get_by_role("progressbar")).to_have_count(0, timeout=WAIT_SECONDS * 1000)

    def see(self, text: str, **words: object) -> None:
        """Reload until the page says this English text, as somebody who waits for it does."""
        wanted = self.main.get_by_text(self.say(text, **words)).first

        def said() -> bool | None:
            if wanted.is_visible():
                return True
            self.page.reload()
            return None

        waited_for(f"“{text}” on {self.page.url}", said)

    def rest(self) -> None:
        """Stay until the page shows, by itself, that nothing that was asked for is under way."""
        expect(self.page.locator("[data-running]")).to_have_count(0, timeout=WAIT_SECONDS * 1000)

    # ---- looking

    def look(self, name: str, *, once: bool = False) -> None:
        """Take the page's pictures in both languages, and see that everybody can use it.

        What is shown only `once` is seen in this office's language: its test is played in both.
        """
        look_at_page(self.page, name, self.language)
        if not once:
            (other,) = set(Language) - {self.language}
            with in_another_language(self.page, other, back_to=self.language):
                look_at_page(self.page, name, other, dark=False)  # dark differs in colours only

    def look_at_mail(self, name: str, mail: Mail) -> None:
        """Take the mail's pictures, and see that everybody can read it."""
        page = self.page.context.new_page()
        look_at_mail(page, name, mail.html, self.language)
        page.close()


def waited_for[Seen](what: str, look: Callable[[], Seen | None]) -> Seen:
    """Look until there is something to see. Each look is a request, so that this is no busy loop."""
    deadline = monotonic() + WAIT_SECONDS
    while monotonic() < deadline:
        if (seen := look()) is not None:
            return seen
    raise AssertionError(f"{what} did not come within {WAIT_SECONDS:.0f} seconds")
