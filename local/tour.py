"""A walk through the product: every page and mail in both languages, as one warehouse comes to see them.

The simulators are those of the demo, the wiring is the one that is deployed, and the pages are those that the routes
of the functions lead to. So nothing is shown here that the product cannot show.
"""

import base64
import io
import os
import re
import runpy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from invoicing.application.recover_tokens import recover_tokens
from invoicing.domain.change import MAILED, ChangeKind
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.export import Export
from invoicing.domain.integration import Integration, RunUnderWay
from invoicing.domain.integration_settings import IntegrationSettings, Language, SendInvoices
from invoicing.domain.notice import Mail, Notice, NoticeKind
from invoicing.domain.tokens import TokenStatus
from invoicing.pages.serve import Routes, serve
from invoicing.pages.settings_form import form_of
from invoicing.rendering.views import CAUSES_PER_PAGE, INVOICES_PER_PAGE, ROWS_PER_PAGE
from invoicing.runtime import observability, settings
from invoicing.runtime.bootstrap import Bootstrap
from invoicing.runtime.links import LIVES, LinkKind

from local.fortnox.seed import CLIENT_ID, MOVED_TENANT_ID, OTHER_TENANT_ID, TENANT_ID, moved_company
from local.ongoing import seed
from local.ongoing.seed import PASSWORD, USERNAME, WAREHOUSE
from local.ongoing.warehouse import Invoice
from tests.support.wiring import BASE_URL
from tests.support.world import ADMINISTRATORS, World

ROOT = Path(__file__).resolve().parent.parent
HERE = f"/integrations/{WAREHOUSE}"
MORE_SENT = 6001  # and the ids after it: enough for a second page of the list
MORE_HELD = 6101  # and the ids after it: enough for a second page of issues
UNSPECIFIED = 6301
SWITCHED_OFF, CLOSED = 6401, 6402  # what Fortnox does not let their rows use: an article, an account
TO_SEND = 6501  # waits for its hour
OFF_LIST, OFF_LIST_TOO = 6502, 6503  # are charged at another price than the price list's
VERY_LONG = 6201  # more rows than a page shows; it is still growing
CONSENTS = {
    "denied": {"error": "access_denied"},
    "licence-missing": {"error": "error_missing_license"},
    "app-licence-missing": {"error": "error_missing_app_license"},
    "not-administrator": {"error": "error_missing_system_admin_right"},
    "scope-refused": {"error": "invalid_scope"},
    "fortnox-not-answering": {"error": "temporarily_unavailable"},
    "code-refused": {"code": "made-up"},
    "other": {"error": "error_not_seen_before"},
}

# What the walk comes to, for whoever must know it beforehand.
PAGES = (
    "consent-app-licence-missing",
    "consent-code-refused",
    "consent-denied",
    "consent-files-refused",
    "consent-fortnox-not-answering",
    "consent-licence-missing",
    "consent-more-refused",
    "consent-no-answer",
    "consent-not-administrator",
    "consent-other",
    "consent-other-ledger",
    "consent-scope-refused",
    "consent-start-unknown",
    "consent-start-used",
    "approval",
    "consent-wrong-company",
    "consent-cancelled",
    "consent-changed-meanwhile",
    "consent-not-administrator-by-link",
    "invitation",
    "message-approved",
    "message-invitation-over",
    "decision-by-hand",
    "decision-correct",
    "decision-is-number",
    "decision-keep",
    "decision-make-equal",
    "decision-make-new",
    "decision-note-missing",
    "decision-number-refused",
    "decision-right",
    "customer-mail",
    "customers",
    "before",
    "before-clear",
    "before-not-looked",
    "mend-customer",
    "mend-customer-incomplete",
    "mend-customer-refused",
    "mend-customer-there",
    "mend-article",
    "permit",
    "permit-wrong-password",
    "attach",
    "attach-wrong-password",
    "connect",
    "connect-wrong-password",
    "hand-over",
    "help",
    "help-set-up-ongoing",
    "files",
    "message-files-link-expired",
    "disconnect",
    "disconnect-not-confirmed",
    "disconnect-wrong-password",
    "invoice",
    "invoice-asked-for",
    "invoice-booked",
    "invoice-cancelled",
    "invoice-corrected",
    "invoice-decided",
    "invoice-guarded",
    "invoice-held",
    "invoice-kept",
    "invoice-made-new",
    "invoice-not-due",
    "invoice-to-send",
    "invoice-unspecified",
    "invoice-waiting",
    "invoices",
    "invoices-empty",
    "invoices-none-match",
    "invoices-not-due",
    "invoices-older",
    "history",
    "history-broken",
    "invoices-waiting",
    "issues",
    "issues-none",
    "issues-unspecified",
    "landing",
    "landing-not-understood",
    "landing-reactivation",
    "landing-refused",
    "landing-session-ended",
    "landing-throttled",
    "landing-it-is-me",
    "message-link-asked",
    "message-it-is-me-expired",
    "month",
    "month-empty",
    "message-address-link-expired",
    "message-address-verified",
    "message-bad-request",
    "message-disconnected",
    "message-error",
    "message-form-expired",
    "message-not-found",
    "message-reactivation-link-expired",
    "message-reactivation-not-needed",
    "message-session-ended",
    "message-signed-out",
    "message-signed-out-everywhere",
    "message-specification-differs",
    "message-specification-gone",
    "message-unavailable",
    "pause",
    "preview",
    "preview-held",
    "preview-long",
    "preview-unchanged",
    "release",
    "rehearsal",
    "rehearsal-result",
    "settings-changed-elsewhere",
    "settings-create",
    "settings-edit",
    "settings-not-saved",
    "settings-problems",
    "settings-wrong-password",
    "setup",
    "setup-personal",
    "status",
    "status-asked",
    "status-broken",
    "status-checking",
    "status-first",
    "status-paused",
    "status-reconnected",
    "status-running",
    "status-synced",
    "take-back",
    "message-address-taken-back",
    "verify",
)
MAILS = (
    "before",
    "broken",
    *(f"changed-{kind}" for kind in ChangeKind if kind in MAILED),
    "digest",
    "it-is-me",
    "month",
    "not-understood",
    "reactivated",
    "reminder",
    "reminder-last",
    "verify",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An answer, as a browser got it."""

    status: int
    body: str
    location: str
    file: bytes = b""  # in place of a body

    @property
    def query(self) -> dict[str, str]:
        """Of the address that it leads to."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.location).query).items()}

    @property
    def guard(self) -> dict[str, str]:
        """The hidden fields that a form of an integration carries."""
        found = re.findall(r'type="hidden" name="(csrf|version)" value="([^"]*)"', self.body)
        return dict(found)


@dataclass
class Visitor:
    """Somebody's browser."""

    tour: "Tour"
    cookies: dict[str, str] = field(default_factory=dict)
    address: str = "192.0.2.1"  # in the network

    def get(self, path: str, query: Mapping[str, str] | None = None, *, language: Language = Language.ENGLISH) -> Seen:
        """Opens an address."""
        return self._send("GET", path, query or {}, None, language)

    def post(self, path: str, form: Mapping[str, str] | str, *, language: Language = Language.ENGLISH) -> Seen:
        """Presses a button; `form` may be a body that no form of ours sends."""
        return self._send("POST", path, {}, form if isinstance(form, str) else urlencode(form), language)

    def press(self, path: str, *, language: Language = Language.ENGLISH, **fields: str) -> Seen:
        """A button of the integration's pages, with the guard of this sign-in."""
        csrf = self.get(f"{HERE}/pause").guard["csrf"]
        return self.post(f"{HERE}{path}", {"csrf": csrf, "password": PASSWORD, **fields}, language=language)

    def log_in(self, *, language: Language = Language.ENGLISH, **fields: str) -> Seen:
        """The form of the start page."""
        form = {"system": WAREHOUSE, "username": USERNAME, "password": PASSWORD, **fields}
        return self.post("/login", form, language=language)

    def approve(self, asked: Mapping[str, str], tenant_id: str = TENANT_ID, *, language: Language) -> Seen:
        """Approves in Fortnox, comes back, and confirms if there is something to confirm."""
        came = self.receive(asked, tenant_id, language=language)
        return self.decide(language=language) if came.location.endswith("/oauth/approval") else came

    def receive(self, asked: Mapping[str, str], tenant_id: str = TENANT_ID, *, language: Language) -> Seen:
        """Approves in Fortnox and comes back."""
        code = self.tour.world.fortnox.approve(
            client_id=CLIENT_ID,
            tenant_id=tenant_id,
            username=ADMINISTRATORS[tenant_id],
            scopes=asked["scope"].split(),
            service=asked.get("account_type") == "service",
        )
        return self.get("/oauth/callback", {"state": asked["state"], "code": code}, language=language)

    def decide(self, decision: str = "confirm", *, language: Language) -> Seen:
        """On the page that says what was approved."""
        guard = re.search(r'name="guard" value="([^"]*)"', self.get("/oauth/approval", language=language).body)
        form = {"decision": decision, "guard": guard[1] if guard else ""}
        return self.post("/oauth/approval", form, language=language)

    def _send(self, method: str, path: str, query: Mapping[str, str], body: str | None, language: Language) -> Seen:
        own = urlsplit(self.tour.base_url)
        event = {
            "httpMethod": method,
            "path": f"{own.path}{path}",
            "queryStringParameters": dict(query),
            "headers": {
                "accept-encoding": "gzip, deflate, br",
                "accept-language": language.value,
                "content-type": "application/x-www-form-urlencoded",
                "cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
                "origin": f"{own.scheme}://{own.netloc}",
            },
            "body": body,
            "requestContext": {"requestId": "1-69a98f2c-5b0e7d1a", "identity": {"sourceIp": self.address}},
        }
        with mock.patch.object(observability.logger.registered_handler, "stream", io.StringIO()):
            answer = serve(
                event,
                self.tour.context,
                parts=self.tour.parts(),
                routes=self.tour.routes,
                public_base_url=self.tour.base_url,
            )
        for line in answer["multiValueHeaders"].get("Set-Cookie", []):
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        location = answer["multiValueHeaders"].get("Location", [""])[0]
        binary = answer["isBase64Encoded"]
        return Seen(
            status=answer["statusCode"],
            body="" if binary else answer["body"],
            location=location,
            file=base64.b64decode(answer["body"]) if binary else b"",
        )


class Tour:
    """The walk. `pages` and `mails` are what was seen, by name and language."""

    def __init__(self, base_url: str = BASE_URL) -> None:
        self.base_url = base_url
        self.pages: dict[tuple[str, Language], str] = {}
        self.mails: dict[tuple[str, Language], Mail] = {}
        self.world = World(base_url=base_url)
        self.context = mock.Mock(get_remaining_time_in_millis=lambda: 29_000)
        self.routes = _routes()
        self.operator = Visitor(self)
        self._trouble: Exception | None = None

    def parts(self) -> Bootstrap:
        """The wiring, with trouble where the walk wants some."""
        trouble = self._trouble
        if trouble is None:
            return self.world.parts
        broken: Any = mock.Mock(session=mock.Mock(side_effect=trouble))
        return self.world.bootstrap(sessions=broken)

    def walk(self) -> "Tour":
        """From the first visit to the last."""
        with mock.patch.object(observability.logger.registered_handler, "stream", io.StringIO()):
            self._come()
            self._set_up()
            self._first_run()
            self._every_day()
            self._change()
            self._attach()
            self._ask_first()
            self._break_and_reactivate()
            self._go()
        return self

    # ---- the way

    def _come(self) -> None:
        self._keep("landing", lambda language: Visitor(self).get("/", language=language))
        for name, path in (("help", "/help"), ("help-set-up-ongoing", "/help/set-up-ongoing")):
            self._keep(name, partial(lambda where, language: Visitor(self).get(where, language=language), path))
        self._keep("landing-refused", lambda language: Visitor(self).log_in(password="guess", language=language))
        self.world.ongoing.set_options(renamed={"Invoices": "Fakturor"})
        self._keep("landing-not-understood", lambda language: Visitor(self).log_in(language=language))
        self.world.ongoing.set_options(renamed={})
        for _ in range(8):
            Visitor(self).log_in(password="guess")
        self._keep("landing-throttled", lambda language: Visitor(self).log_in(password="guess", language=language))
        self._keep("message-link-asked", self._ask_link)
        path = self._link(LinkKind.IT_IS_ME, {"integration": WAREHOUSE})
        self._keep("landing-it-is-me", lambda language: Visitor(self).get(path, language=language))
        with mock.patch.dict(LIVES, {kind: timedelta(seconds=-1) for kind in LinkKind}):
            self._keep("message-it-is-me-expired", lambda language: Visitor(self).get(path, language=language))
        self.world.later(hours=2)
        for name, answer in CONSENTS.items():
            self._keep(f"consent-{name}", partial(self._refused, answer))
        self._keep("consent-no-answer", self._nothing_came)
        self._keep("consent-start-used", lambda language: self._refused({"code": "x", "state": "another"}, language))
        unknown = {"code": "x", "state": "never-started"}
        self._keep(
            "consent-start-unknown", lambda language: Visitor(self).get("/oauth/callback", unknown, language=language)
        )

    def _ask_link(self, language: Language) -> Seen:
        return Visitor(self).post("/it-is-me", {"system": WAREHOUSE}, language=language)

    def _refused(self, answer: Mapping[str, str], language: Language) -> Seen:
        visitor = Visitor(self)
        state = visitor.log_in().query["state"]
        return visitor.get("/oauth/callback", {"state": state, **answer}, language=language)

    def _refused_files(self, language: Language) -> Seen:
        state = self.operator.press("/attach").query["state"]
        lacks = {"state": state, "error": "error_missing_license"}
        return self.operator.get("/oauth/callback", lacks, language=language)

    def _refused_more(self, cause: str, language: Language) -> Seen:
        state = self.operator.press("/permit", cause=cause).query["state"]
        lacks = {"state": state, "error": "invalid_scope"}
        return self.operator.get("/oauth/callback", lacks, language=language)

    def _attach(self) -> None:
        """It is approved, and Fortnox takes no file."""
        self.world.attach_specifications()
        self._sign_in()
        self._add([_new(self.world, UNSPECIFIED)])
        self.world.fortnox.add_faults(
            [
                {
                    "effect": "status",
                    "status": 400,
                    "body": {"ErrorInformation": {"error": 1, "message": "Arkivplatsen är full", "code": 2001392}},
                    "match": {"method": "POST", "path_regex": "/3/archive"},
                    "times": None,
                }
            ]
        )
        self.world.later(minutes=15)
        self.world.run()
        self._look("invoice-unspecified", f"/invoices/{UNSPECIFIED}")
        self._look("issues-unspecified", "/issues?page=all")
        self.world.fortnox.clear_faults()

    def _ask_first(self) -> None:
        """What waits for a person: to be sent to the customer, or because a guard holds it. And a record that lies."""
        stored = self._integration().settings
        assert stored is not None
        guarded = replace(
            stored,
            send_invoices=SendInvoices.EMAIL,
            mail_subject="Faktura {no} från Nordlager",
            mail_text="Hej!\n\nHär kommer faktura {no} för lager och hantering.\n\nNordlager 3PL AB",
            guard_prices=True,
        )
        self.operator.post(f"{HERE}/settings", {**form_of(guarded), **self.operator.get(f"{HERE}/settings").guard})
        self.world.fortnox.change_entry(TENANT_ID, "customers", "1001", {"EmailInvoice": "faktura@kaffe.example"})
        self._add(
            [
                _new(self.world, TO_SEND),
                *(self._with_charge(one, unit_price=Decimal("91.00")) for one in (OFF_LIST, OFF_LIST_TOO)),
            ]
        )
        self.world.later(minutes=15)
        self.world.run()
        self._look("invoice-to-send", f"/invoices/{TO_SEND}")
        self._look("customer-mail", f"/invoices/{TO_SEND}/mail")
        self._look("invoice-guarded", f"/invoices/{OFF_LIST}")
        self._look("decision-right", f"/invoices/{OFF_LIST}/decide?way=right")
        self._look("release", "/issues/release?guard=price_off_list")
        read = self.world.exports.histories

        def lying(*args: Any, **limits: Any) -> tuple[list[Export], int | None]:
            records, goes_on = read(*args, **limits)
            return [replace(one, title="Other") if one.invoice_id == TO_SEND else one for one in records], goes_on

        with mock.patch.object(self.world.exports, "histories", lying):
            self._look("history-broken", "/history")

    def _ask_an_administrator(self) -> None:
        for language in Language:
            asked = self._refused({"error": "error_missing_system_admin_right"}, language)
            path = asked.body.partition(f"{self.base_url}/approve/")[2].partition('"')[0]
            self.pages["invitation", language] = Visitor(self).get(f"/approve/{path}", language=language).body
            state = {"error": "error_missing_system_admin_right"}
            no_administrator, late, administrator = Visitor(self), Visitor(self), Visitor(self)
            refused = no_administrator.post(f"/approve/{path}", {}).query["state"]
            seen = no_administrator.get("/oauth/callback", {"state": refused, **state}, language=language)
            self.pages["consent-not-administrator-by-link", language] = seen.body
            for visitor in (late, administrator):
                visitor.receive(visitor.post(f"/approve/{path}", {}).query, language=language)
            self.pages["approval", language] = administrator.get("/oauth/approval", language=language).body
            self.pages["message-approved", language] = administrator.decide(language=language).body
            self.pages["consent-changed-meanwhile", language] = late.decide(language=language).body
            self.pages["message-invitation-over", language] = (
                Visitor(self).get(f"/approve/{path}", language=language).body
            )
            self.world.integrations.remove(WAREHOUSE)
            cancelling = Visitor(self)
            cancelling.receive(cancelling.log_in().query, language=language)
            self.pages["consent-cancelled", language] = cancelling.decide("cancel", language=language).body

    def _nothing_came(self, language: Language) -> Seen:
        visitor = Visitor(self)
        visitor.log_in()
        return visitor.get("/oauth/callback", language=language)

    def _set_up(self) -> None:
        self._ask_an_administrator()
        self._connect(self.operator.log_in(mode="personal").query)
        self._look("setup-personal", "/setup")
        self._connect(self.operator.press("/connect").query)
        self._look("setup", "/setup")
        self._look("settings-create", "/settings")
        guard = self.operator.get(f"{HERE}/settings").guard
        careful = form_of(
            IntegrationSettings(
                from_date=self.world.today - timedelta(days=400), problem_address="ekonomi@nordlager.example"
            )
        )
        wrong = {**careful, **guard, "problem_address": "ekonomi@", "default_unit": "en hel pall", "rows": ""}
        self._answer("settings-problems", "/settings", wrong)
        self.operator.post(f"{HERE}/settings", {**careful, **guard})
        self._look("status-first", "?notice=created")

    def _connect(self, asked: Mapping[str, str]) -> None:
        seen = self.operator.approve(asked, language=Language.ENGLISH)
        assert seen.status == 303, seen.body

    def _first_run(self) -> None:
        self._look("issues-none", "/issues")
        self._look("invoices-empty", "/invoices")
        self._look("customers", "/customers")
        self._look("rehearsal", "/rehearsal")
        self._look("rehearsal-result", "/rehearsal?page=1")
        self._look("preview", f"/invoices/{seed.PLAIN}/preview")
        self._look("invoice-waiting", f"/invoices/{seed.PLAIN}")
        self.operator.press("/sync")
        self._look("status-asked", "?notice=sync_started")
        self.world.run(by=USERNAME)
        self._look("status-synced", "?notice=sync_started")

    def _every_day(self) -> None:
        self._look("status", "")
        self._add(_more(self.world))
        # A run that is in the middle of its work, as another tab sees it.
        under_way = RunUnderWay(
            started_at=self.world.clock(), invoices=frozenset(range(MORE_SENT, MORE_SENT + 40)), ended=12
        )
        self.world.integrations.begin_run(WAREHOUSE, under_way, unfinished=frozenset())
        self._look("status-running", "?notice=sync_already_running")
        self.world.later(minutes=20)
        self.world.run()
        self._look("invoices", "/invoices")
        self._look("invoices-older", "/invoices?page=2")
        self._look("history", "/history")
        self._look("invoices-waiting", "/invoices?state=waiting")
        self._look("invoices-not-due", "/invoices?state=not_due")
        self._look("invoices-none-match", "/invoices?search=kaffe&state=checking")
        self._look("month", "/month?month=2026-02")
        self._look("month-empty", "/month?month=2025-06")
        self._look("invoice", f"/invoices/{seed.PLAIN}")
        self._look("invoice-held", f"/invoices/{seed.UNKNOWN_CUSTOMER}")
        self._look("invoice-not-due", f"/invoices/{seed.STILL_GROWING}")
        self._look("preview-unchanged", f"/invoices/{seed.PLAIN}/preview")
        self._without_specification()
        self._look("preview-held", f"/invoices/{seed.UNKNOWN_CUSTOMER}/preview")
        self._look("preview-long", f"/invoices/{VERY_LONG}/preview?page=2")
        self._look("issues", "/issues")
        self._before_the_first()
        cause = re.search(r"hand-over\?cause=(\w+)", self.operator.get(f"{HERE}/issues").body)
        self._look("hand-over", f"/issues/hand-over?cause={cause[1] if cause else ''}")
        self._mend()
        self.operator.press(f"/invoices/{seed.PLAIN}/export")
        self._look("invoice-asked-for", f"/invoices/{seed.PLAIN}?notice=export_queued")
        self._decide()

    def _before_the_first(self) -> None:
        """Nobody has looked, there is much to mend, and nothing is left of it."""
        self._look("before-not-looked", "/before")
        warehouse = self.world.ongoing.warehouse(WAREHOUSE)
        growing = self.world.ongoing.invoice(WAREHOUSE, seed.STILL_GROWING)
        more = [
            replace(growing, id=8001 + owner, goods_owner_id=owner, charges=self.world.ongoing.invoice(*its).charges)
            for owner, its in {
                seed.CAFE: (WAREHOUSE, seed.NO_CUSTOMER_CODE),
                seed.UNKNOWN: (WAREHOUSE, seed.UNKNOWN_CUSTOMER),
                seed.MOBLER: (WAREHOUSE, seed.JUNK_ACCOUNT),
            }.items()
        ]
        self.world.ongoing.put_warehouse(replace(warehouse, invoices=(*warehouse.invoices, *more)))
        self.operator.press("/before")
        self._look("before", "/before?notice=looked")
        outlook = self.world.exports.outlook(WAREHOUSE)
        assert outlook is not None
        self._mail("before", NoticeKind.BEFORE, first=outlook.first.isoformat())
        self.world.ongoing.put_warehouse(replace(warehouse, price_list=()))
        self.operator.press("/before")
        self._look("before-clear", "/before")
        self.world.ongoing.put_warehouse(warehouse)

    def _mend(self) -> None:
        """What stops invoices and can be mended in Fortnox by a button."""
        customer = self._cause_on(f"/invoices/{seed.UNKNOWN_CUSTOMER}")
        guard = {"csrf": self.operator.get(f"{HERE}/pause").guard["csrf"], "cause": customer, "act": "create"}
        filled = {**guard, "name": "Nystartad E-handel HB", "currency": "NOK", "address1": "Storgatan 1"}
        abroad = {"vat_type": "EXPORT", "country_code": "NO"}
        self._look("mend-customer", f"/mend?cause={customer}")
        self._answer("mend-customer-incomplete", "/mend", {**filled, "country_code": "Norge"})
        self._answer("mend-customer-refused", "/mend", {**filled, **abroad, "currency": "ISK"})
        self.world.fortnox.person_creates_customer(TENANT_ID, {"CustomerNumber": "9999", "Name": "Nystartad E-handel"})
        self._look("mend-customer-there", f"/mend?cause={customer}")
        self.world.fortnox.person_deletes_customer(TENANT_ID, "9999")
        self._add([self._with_charge(SWITCHED_OFF, code="199"), self._with_charge(CLOSED, account="3999")])
        self.world.later(minutes=15)
        self.world.run()
        self._look("mend-article", f"/mend?cause={self._cause_on(f'/invoices/{SWITCHED_OFF}')}")
        closed = self._cause_on(f"/invoices/{CLOSED}")
        self._look("permit", f"/permit?cause={closed}")
        self._answer("permit-wrong-password", "/permit", {**guard, "cause": closed, "password": "guess"})
        self._keep("consent-more-refused", lambda language: self._refused_more(closed, language))

    def _cause_on(self, path: str) -> str:
        found = re.search(r"(?:mend|permit)\?cause=(\w+)", self.operator.get(f"{HERE}{path}").body)
        assert found is not None, path
        return found[1]

    def _with_charge(self, invoice_id: int, **fields: Any) -> Invoice:
        """An invoice whose first row Fortnox does not take."""
        new = _new(self.world, invoice_id)
        return replace(new, charges=(replace(new.charges[0], **fields), *new.charges[1:]))

    def _decide(self) -> None:
        """Invoices that people did something with in Fortnox before they changed in Ongoing, and the ways out."""
        booked, cancelled, changed = MORE_SENT, MORE_SENT + 1, MORE_SENT + 2
        self._in_fortnox(booked, Booked=True)
        self._in_fortnox(cancelled, Cancelled=True)
        self._in_fortnox(changed, Sent=True)
        for invoice_id in (booked, cancelled, changed):
            charges = self.world.ongoing.invoice(WAREHOUSE, invoice_id).charges
            fewer = (replace(charges[0], quantity=charges[0].quantity - 1), *charges[1:])
            self.world.ongoing.change_invoice(WAREHOUSE, invoice_id, charges=fewer, is_exported=False)
        self.world.run()
        self._look("invoice-booked", f"/invoices/{booked}")
        self._look("invoice-cancelled", f"/invoices/{cancelled}")
        self._look("decision-correct", f"/invoices/{booked}/decide?way=correct")
        self._look("decision-by-hand", f"/invoices/{booked}/decide?way=by_hand")
        self._look("decision-make-new", f"/invoices/{cancelled}/decide?way=make_new")
        self._look("decision-make-equal", f"/invoices/{changed}/decide?way=make_equal")
        self._look("decision-keep", f"/invoices/{changed}/decide?way=keep")
        guard = {"csrf": self.operator.get(f"{HERE}/pause").guard["csrf"]}
        held = f"/invoices/{seed.UNKNOWN_CUSTOMER}/decide"
        self._look("decision-is-number", f"{held}?way=is_number")
        self._answer("decision-number-refused", held, {**guard, "way": "is_number", "number": "F-17"})
        self._answer("decision-note-missing", held, {**guard, "way": "leave", "note": ""})
        self.operator.press(f"/invoices/{booked}/decide", way="correct")
        self.operator.press(f"/invoices/{cancelled}/decide", way="make_new")
        self.operator.press(f"/invoices/{changed}/decide", way="keep")
        self._look("invoice-decided", f"/invoices/{booked}?notice=decided")
        self.world.run()
        self.world.later(minutes=15)
        self.world.run()
        self._look("invoice-corrected", f"/invoices/{booked}")
        self._look("invoice-made-new", f"/invoices/{cancelled}")
        self._look("invoice-kept", f"/invoices/{changed}")

    def _in_fortnox(self, invoice_id: int, **changes: bool) -> None:
        record = self.world.exports.get(WAREHOUSE, invoice_id)
        assert record is not None
        self.world.fortnox.change_entry(TENANT_ID, "invoices", record.fortnox_number, changes)

    def _change(self) -> None:
        self._look("settings-edit", "/settings")
        stored = self._integration().settings
        assert stored is not None
        form = {**form_of(stored), **self.operator.get(f"{HERE}/settings").guard}
        other = {**form, "rows": "per_charge"}
        self._answer("settings-changed-elsewhere", "/settings", {**other, "version": "another"})
        new_address = {**other, "problem_address": "annan@nordlager.example", "password": "guess"}
        self._answer("settings-wrong-password", "/settings", new_address)
        self._answer("settings-not-saved", "/settings", {**other, "csrf": "of-another-sign-in"})
        self._keep(
            "landing-session-ended",
            lambda language: Visitor(self).post(f"{HERE}/settings", other, language=language),
        )
        self._look("pause", "/pause")
        self.operator.press("/pause")
        self._look("status-paused", "?notice=paused")
        self.operator.press("/resume")
        self._look("disconnect", "/disconnect")
        self._answer("disconnect-not-confirmed", "/disconnect", {"csrf": form["csrf"]})
        guess = {"csrf": form["csrf"], "password": "guess", "confirm": "on"}
        self._answer("disconnect-wrong-password", "/disconnect", guess)
        self._look("connect", "/connect")
        self._answer("connect-wrong-password", "/connect", guess)
        self._look("attach", "/attach")
        self._answer("attach-wrong-password", "/attach", guess)
        self.world.later(minutes=61)  # after so many guesses
        self._keep("consent-files-refused", self._refused_files)
        self._mail("digest", NoticeKind.DIGEST, day=self.world.today.isoformat())
        last_month = self.world.today - timedelta(days=self.world.today.day)
        self._mail("month", NoticeKind.MONTH, month=f"{last_month:%Y-%m}")
        self._mail("not-understood", NoticeKind.NOT_UNDERSTOOD)
        self._mail("it-is-me", NoticeKind.IT_IS_ME, address="ekonomi@nordlager.example")
        self._mail("verify", NoticeKind.VERIFY_ADDRESS, address="ekonomi@nordlager.example")
        for kind in [one for one in ChangeKind if one in MAILED]:
            self._changed_mail(kind)
        self._verify()

    def _verify(self) -> None:
        subject = {"integration": WAREHOUSE, "address": "ekonomi@nordlager.example"}
        path = self._link(LinkKind.VERIFY_ADDRESS, subject)
        self._keep("verify", lambda language: Visitor(self).get(path, language=language))
        self._keep("message-address-verified", lambda language: Visitor(self).post(path, {}, language=language))
        with mock.patch.dict(LIVES, {kind: timedelta(seconds=-1) for kind in LinkKind}):
            self._keep("message-address-link-expired", lambda language: Visitor(self).get(path, language=language))
            again = self._link(LinkKind.REACTIVATE, {"integration": WAREHOUSE})
            self._keep(
                "message-reactivation-link-expired", lambda language: Visitor(self).get(again, language=language)
            )
        old = self._link(LinkKind.TAKE_BACK, {"integration": WAREHOUSE, "address": "gammal@nordlager.example"})
        self._keep("take-back", lambda language: Visitor(self).get(old, language=language))
        same = self._link(LinkKind.TAKE_BACK, subject)
        self._keep("message-address-taken-back", lambda language: Visitor(self).get(same, language=language))
        self._keep("message-reactivation-not-needed", lambda language: Visitor(self).get(again, language=language))

    def _break_and_reactivate(self) -> None:
        world = self.world
        self._add([_new(world, MORE_SENT + 500 + number) for number in range(3)])
        self._sign_in()  # before: a sign-in without keys leads to the consent
        world.fortnox.revoke_consent(TENANT_ID)
        world.fortnox.destroy_tokens(TENANT_ID)
        world.later(hours=2)
        world.run()
        for _ in range(40):
            if self._integration().broken_since is not None:
                break
            keys = world.tokens.get(WAREHOUSE)
            if keys is not None and keys.status is TokenStatus.UNCERTAIN and not self._has("status-checking"):
                self._look("status-checking", "")
            world.later(minutes=5)
            self._keep_tokens()
        self._look("status-broken", "")
        self._mail("broken", NoticeKind.BROKEN)
        self._mail("reminder", NoticeKind.BROKEN, reminder_day=1)
        self._mail("reminder-last", NoticeKind.BROKEN, reminder_day=7)
        path = self._link(LinkKind.REACTIVATE, {"integration": WAREHOUSE})
        self._keep("landing-reactivation", lambda language: Visitor(self).get(path, language=language))
        self._keep("consent-wrong-company", lambda language: self._approve(OTHER_TENANT_ID, language))
        world.fortnox.replace_company(moved_company())
        self._keep("consent-other-ledger", lambda language: self._approve(MOVED_TENANT_ID, language))
        self._connect(self.operator.press("/connect").query)
        self._look("status-reconnected", "?notice=reconnected")
        world.run()
        self._mail("reactivated", NoticeKind.REACTIVATED)

    def _approve(self, tenant_id: str, language: Language) -> Seen:
        asked = self.operator.press("/connect").query
        return self.operator.approve(asked, tenant_id, language=language)

    def _keep_tokens(self) -> None:
        parts = self.world.parts
        for integration_id in self.world.tokens.due(self.world.clock()):
            try:
                recover_tokens(parts.engine(), integration_id, parts.follow_keys)
            except RetryLaterError:
                continue

    def _go(self) -> None:
        self._look("message-not-found", "/no-such-page")
        self._answer("message-form-expired", "/pause", {"csrf": "of-another-sign-in"})
        self._keep("message-session-ended", lambda language: Visitor(self).post(f"{HERE}/sync", {}, language=language))
        self._keep("message-bad-request", lambda language: Visitor(self).post("/login", "a=%ff", language=language))
        with self._in_trouble(RetryLaterError("the table does not answer")):
            self._look("message-unavailable", "")
        with self._in_trouble(ZeroDivisionError()):
            self._look("message-error", "")
        self._keep("message-signed-out", self._sign_out)
        self._keep("message-signed-out-everywhere", self._sign_out_everywhere)
        self._sign_in()
        other = Visitor(self)
        other.log_in()
        self._answer_once("message-disconnected", other)

    def _sign_out(self, language: Language) -> Seen:
        visitor = Visitor(self)
        visitor.log_in()
        return visitor.post("/logout", visitor.get(HERE).guard, language=language)

    def _sign_out_everywhere(self, language: Language) -> Seen:
        visitor = Visitor(self)
        visitor.log_in()
        return visitor.press("/sign-out-everywhere", language=language)

    def _answer_once(self, name: str, other: Visitor) -> None:
        """Disconnecting ends the sign-in; who has another one sees the same."""
        last = self.operator.press("/disconnect", confirm="on").body
        files = last.partition(f'href="{self.base_url}/files/')[2].partition('"')[0]
        self._keep("files", lambda language: Visitor(self).get(f"/files/{files}", language=language))
        with mock.patch.dict(LIVES, {kind: timedelta(seconds=-1) for kind in LinkKind}):
            late = f"/files/{files}"
            self._keep("message-files-link-expired", lambda language: Visitor(self).get(late, language=language))
        self._keep(name, lambda language: other.get(HERE, language=language))

    def _without_specification(self) -> None:
        """Somebody adds a charge to an invoice that was sent, and then deletes it."""
        there = next(one for one in self.world.ongoing.warehouse(WAREHOUSE).invoices if one.id == seed.CLAIM)
        self.world.ongoing.put_invoice(WAREHOUSE, replace(there, charges=(*there.charges, there.charges[0])))
        self._look("message-specification-differs", f"/invoices/{seed.CLAIM}/specification.pdf")
        self.world.ongoing.remove_invoice(WAREHOUSE, seed.CLAIM)
        self._look("message-specification-gone", f"/invoices/{seed.CLAIM}/specification.csv")
        self.world.ongoing.put_invoice(WAREHOUSE, there)

    # ---- how it is kept

    def _look(self, name: str, path: str) -> None:
        """A page of the integration; `path` is below its own and may have a query."""
        there, _, query = path.partition("?")
        asked = dict(parse_qsl(query))
        self._keep(name, lambda language: self.operator.get(f"{HERE}{there}", asked, language=language))

    def _answer(self, name: str, path: str, form: Mapping[str, str]) -> None:
        """What a form of the integration is answered with that changes nothing."""
        self._keep(name, lambda language: self.operator.post(f"{HERE}{path}", form, language=language))

    def _keep(self, name: str, see: Callable[[Language], Seen]) -> None:
        for language in Language:
            seen = see(language)
            assert "<h1>" in seen.body, f"{name}: {seen.status} {seen.location}"
            self.pages[name, language] = seen.body

    def _mail(self, name: str, kind: NoticeKind, *, reminder_day: int | None = None, **params: str) -> None:
        now = self.world.clock()
        found = [one for one in self.world.notices.all if one.kind is kind]
        notice = (
            found[-1] if found else Notice(id=name, integration_id=WAREHOUSE, kind=kind, created_at=now, params=params)
        )
        letters = self.world.parts.notice_tools().letters
        records = self.world.exports.page(WAREHOUSE, limit=100)[0]
        told_of = [one for one in records if one.issue is not None or kind is NoticeKind.MONTH]
        for language in Language:
            integration = self._integration()
            assert integration.settings is not None
            reader = replace(integration, settings=replace(integration.settings, language=language))
            self.mails[name, language] = letters.compose(
                notice,
                reader,
                reminder_day=reminder_day,
                told_of=told_of,
                outlook=self.world.exports.outlook(WAREHOUSE),
            )

    def _changed_mail(self, kind: ChangeKind) -> None:
        params = {
            "what": kind,
            "by": "lisa",
            "address": "ekonomi@nordlager.example",
            "new_address": "ny@nord.example",
            "thing": "customer",
            "act": "create",
            "key": "9999",
        }
        notice = Notice(
            id=kind, integration_id=WAREHOUSE, kind=NoticeKind.CHANGED, created_at=self.world.clock(), params=params
        )
        letters = self.world.parts.notice_tools().letters
        for language in Language:
            integration = self._integration()
            assert integration.settings is not None
            reader = replace(integration, settings=replace(integration.settings, language=language))
            mail = letters.compose(notice, reader, reminder_day=None, told_of=[])
            self.mails[f"changed-{kind}", language] = mail

    def _link(self, kind: LinkKind, subject: dict[str, str]) -> str:
        return self.world.parts.links("").make(kind, subject)

    def _integration(self) -> Integration:
        found = self.world.integrations.get(WAREHOUSE)
        assert found is not None
        return found

    def _has(self, name: str) -> bool:
        return (name, Language.SWEDISH) in self.pages

    def _sign_in(self) -> None:
        self.operator = Visitor(self)
        self.operator.log_in()

    def _add(self, invoices: list[Invoice]) -> None:
        for invoice in invoices:
            self.world.ongoing.put_invoice(WAREHOUSE, invoice)

    @contextmanager
    def _in_trouble(self, trouble: Exception) -> Iterator[None]:
        self._trouble = trouble
        try:
            yield
        finally:
            self._trouble = None


@cache
def toured(base_url: str = BASE_URL) -> Tour:
    """One walk, for all who look at it."""
    return Tour(base_url).walk()


def _routes() -> Routes:
    """Of all functions that serve pages, loaded as Lambda does it."""
    found: dict[tuple[str, str], Any] = {}
    models = (settings.LandingSettings, settings.OauthCallbackSettings, settings.PortalSettings)
    variables = {name: "tour" for model in models for name in model.variables()} | {"LOG_LEVEL": "INFO"}
    with mock.patch.dict(os.environ, variables):
        for folder in ("landing", "oauth_callback", "portal"):
            found |= runpy.run_path(str(ROOT / "functions" / folder / "app.py"))["ROUTES"]
    return found


def _new(world: World, invoice_id: int, like: int = seed.PLAIN) -> Invoice:
    """One more of an invoice of the demo's warehouse."""
    plain = next(one for one in seed.default_warehouse(world.today).invoices if one.id == like)
    return replace(plain, id=invoice_id)


def _more(world: World) -> list[Invoice]:
    """As many as a busy month has, and one that is very long."""
    growing = _new(world, VERY_LONG, seed.STILL_GROWING)
    charge = growing.charges[0]
    rows = tuple(
        replace(charge, id=9000 + number, title=f"{charge.title} {number}") for number in range(ROWS_PER_PAGE * 3)
    )
    return [
        *(_new(world, MORE_SENT + number) for number in range(INVOICES_PER_PAGE + 5)),
        *(_new(world, MORE_HELD + number, seed.UNKNOWN_CUSTOMER) for number in range(CAUSES_PER_PAGE + 3)),
        replace(growing, charges=rows),
    ]
