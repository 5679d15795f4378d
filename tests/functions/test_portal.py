"""functions/portal: the pages of one integration, who may see them, and their buttons."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, parse_qsl

import pytest
from invoicing.adapters.aws.integrations import DynamoIntegrations
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.export import EventKind, Export, ExportState, HistoryEvent
from invoicing.domain.fortnox_invoice import Register
from invoicing.domain.integration import IntegrationStatus, RunSummary, RunUnderWay
from invoicing.domain.integration_settings import PriceMeaning
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.swedish_time import SWEDEN
from invoicing.domain.tokens import TokenStatus
from invoicing.pages import invoices

from local.ongoing.faults import Effect, FaultRule
from local.ongoing.seed import NO_CUSTOMER_CODE, PASSWORD, PLAIN, WAREHOUSE
from tests.functions.deployed import API_URL, Browser, Deployed, Page, event, request
from tests.support.fakes import START

PAGES = ["", "/setup", "/settings", "/invoices", "/issues", "/pause", "/disconnect", "/rehearsal", "/history.csv"]
BUTTONS = ["/settings", "/sync", "/pause", "/resume", "/connect", "/disconnect", "/rehearsal"] + [
    f"/invoices/{PLAIN}/{button}" for button in ("export", "retry")
]
BUTTONS += ["/issues/retry", "/confirm-address"]
UNKNOWN_PATHS = [
    "/integrations",
    "/integrations/",
    f"/integrations/{WAREHOUSE}/nothing",
    f"/integrations/{WAREHOUSE}/settings/x",
    f"/integrations/{WAREHOUSE}%2Fsettings",
    f"/integrations/{WAREHOUSE}%252Fsettings",
    f"/integrations/..%2F{WAREHOUSE}",
    f"/integrations/{WAREHOUSE.upper()}",
    "/integrations/%ff%fe",
    "/integrations/" + "x" * 5000,
    f"/integrations/{WAREHOUSE}/invoices/1/../../settings",
]
HERE = f"{API_URL}/integrations/{WAREHOUSE}"
BEFORE = RunSummary(
    started_at=START, finished_at=START, seen=0, waiting=0, sent=0, updated=0, held=0, failed=0
)  # a run of the schedule


def hidden(page: Page, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'type="hidden" name="{re.escape(name)}" value="([^"]*)"', page.body)
    assert found is not None, f"the page has no hidden field {name}"
    return unescape(found[1])


def carried(page: Page) -> dict[str, str]:
    """What a sign-in form takes along."""
    found = re.findall(r'type="hidden" name="(carried\.[^"]+)" value="([^"]*)"', page.body)
    return {name: unescape(value) for name, value in found}


def settings_form(page: Page) -> dict[str, str]:
    """The hidden fields of a settings form."""
    return {name: hidden(page, name) for name in ("csrf", "version")}


def record(deployed: Deployed, invoice_id: int = PLAIN, state: ExportState = ExportState.DONE) -> Export:
    """Stores what is known of an invoice."""
    export = Export(
        integration_id=WAREHOUSE,
        invoice_id=invoice_id,
        state=state,
        version=1,
        reference=f"ONGOING-{WAREHOUSE}-{invoice_id}-",
        goods_owner="=HYPERLINK(1)",
        currency="SEK",
        fortnox_number="17" if state is ExportState.DONE else "",
        issue=Issue(code=IssueCode.CUSTOMER_CODE_MISSING, params={"goods_owner": "Café <Ångström>"})
        if state is ExportState.HELD
        else None,
        issue_since=deployed.clock(),
        updated_at=deployed.clock(),
    )
    deployed.exports.save(export, event=HistoryEvent(at=deployed.clock(), kind=EventKind.CREATED, by="schedule"))
    return export


# ---- who may see what


def test_every_page_leads_those_who_are_not_signed_in_to_the_start_page(browser: Browser) -> None:
    """Whether there is such an integration is not told."""
    answers = {path: (page.status, page.location) for path in PAGES for page in [browser.look(path)]}

    assert answers == dict.fromkeys(PAGES, (303, f"{API_URL}/"))


def test_a_signed_in_operator_sees_every_page(operator: Browser) -> None:
    """None of them is served from a cache."""
    answers = {path: (page.status, page.headers["Cache-Control"]) for path in PAGES for page in [operator.look(path)]}

    assert answers == dict.fromkeys(PAGES, (200, "no-store"))


def test_a_made_up_session_is_no_session(browser: Browser) -> None:
    """And its cookie is taken away."""
    page = browser.send("portal", event("portal__status"))
    browser.cookies["__Host-session"] = "made-up"
    refused = browser.look()

    assert (page.status, refused.status) == (303, 303)
    assert refused.cookies["__Host-session"] == ""


def test_a_session_ends_after_its_time(operator: Browser) -> None:
    """Eight hours are a working day."""
    operator.deployed.clock.advance(timedelta(hours=8, seconds=1))

    assert operator.look().status == 303


def test_another_integration_looks_like_one_that_does_not_exist(operator: Browser) -> None:
    """The same page, so that nobody learns who is a customer."""
    deployed = operator.deployed
    deployed.integrations.put(replace(deployed.integration, id="sydlager", version=1))
    pages = {
        (page.status, page.body)
        for name in ("sydlager", "no-such-system")
        for path in PAGES
        for page in [operator.send("portal", request("portal__status", path=f"/integrations/{name}{path}"))]
    }

    assert [status for status, _ in pages] == [404]


def test_cookies_of_other_sites_of_the_domain_do_not_sign_anybody_out(operator: Browser) -> None:
    """A site beside ours may set a cookie that no parser likes."""
    operator.cookies = {"prefs": '{"a": 1}', "": "x", "bad\x7f": "y", **operator.cookies}

    assert operator.look().status == 200


# ---- the guard of buttons


@pytest.mark.parametrize("guard", [{}, {"csrf": ""}, {"csrf": "guess"}, {"csrf": "å"}])
def test_no_button_does_anything_without_the_sessions_guard(operator: Browser, guard: dict[str, str]) -> None:
    """403, and the integration is as it was."""
    before = operator.deployed.integration
    form = {"confirm": "on", **guard}
    answers = {
        path: operator.send(
            "portal", request("portal__save_settings", path=f"/integrations/{WAREHOUSE}{path}", form=form)
        ).status
        for path in BUTTONS
    }

    assert answers == dict.fromkeys(BUTTONS, 403)
    assert operator.deployed.integration == before
    assert operator.deployed.queued() == []


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_a_button_on_another_site_does_nothing_even_with_the_guard(operator: Browser, headers: dict[str, str]) -> None:
    """The guard may have leaked; the browser still says where the form was."""
    csrf = operator.look("/pause").csrf
    made = request(
        "portal__save_settings", path=f"/integrations/{WAREHOUSE}/pause", form={"csrf": csrf}, headers=headers
    )

    assert operator.send("portal", made).status == 403
    assert operator.deployed.integration.status is IntegrationStatus.ACTIVE


def test_the_guard_of_another_session_does_not_fit(operator: Browser) -> None:
    """Two operators of the same system have two guards."""
    another = Browser(operator.deployed)
    another.login()
    form = {"csrf": another.look("/pause").csrf}
    made = request("portal__save_settings", path=f"/integrations/{WAREHOUSE}/pause", form=form)

    assert operator.send("portal", made).status == 403


def test_every_button_tells_somebody_who_is_signed_out(browser: Browser) -> None:
    """401 and a page with a way back in; nothing happens."""
    pages = [
        browser.send("portal", request("portal__save_settings", path=f"/integrations/{WAREHOUSE}{path}"))
        for path in BUTTONS
    ]

    assert {page.status for page in pages} == {401}
    assert all(re.search("You (have been|were) signed out", page.text) for page in pages)


# ---- odd requests


def test_an_unknown_path_is_not_found(operator: Browser) -> None:
    """Encoded slashes are part of a name and lead nowhere."""
    answers = {path: operator.send("portal", request("portal__status", path=path)).status for path in UNKNOWN_PATHS}

    assert answers == dict.fromkeys(UNKNOWN_PATHS, 404)
    assert operator.deployed.logged("page_crashed") == []


def test_another_method_changes_nothing(operator: Browser) -> None:
    """Only GET and HEAD look and only POST does."""
    before = operator.deployed.integration
    methods = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get")
    answers = {method: operator.send("portal", request("portal__status", method=method)).status for method in methods}

    assert answers == dict.fromkeys(methods, 404)
    assert operator.send("portal", request("portal__status", method="HEAD")).status == 200
    assert operator.deployed.integration == before


def test_opening_the_address_of_a_button_does_nothing(operator: Browser) -> None:
    """Browsers and scanners open addresses ahead of people."""
    before = operator.deployed.integration
    for path in BUTTONS:
        assert operator.look(path).status in {200, 404}, path

    assert operator.deployed.integration == before
    assert operator.deployed.queued() == []


def test_an_invoice_that_is_none_is_not_found(operator: Browser) -> None:
    """Whatever stands in the address."""
    numbers = ("x", "-1", "1.5", "5001x", "٥٠٠١", "9" * 30, "%00", "5001%2Fexport", "99999")
    answers = {
        (number, page): operator.look(f"/invoices/{number}{page}").status
        for number in numbers
        for page in ("", "/preview")
    }

    assert set(answers.values()) == {404}, answers
    assert operator.deployed.logged("page_crashed") == []


@pytest.mark.parametrize(
    "query",
    [
        {"state": "nothing", "search": "x" * 5000, "page": "9" * 40, "month": "2026-13", "since": "x"},
        {"page": "-1", "state": "sent", "cause": "x"},
        {"month": "²", "page": "²"},
        {"page": "999999", "notice": "<script>"},
        {"search": "\x00%'\"", "lang": "xx"},
    ],
)
def test_a_garbage_query_gets_an_ordinary_page(operator: Browser, query: dict[str, str]) -> None:
    """Defaults stand in for what is not understood."""
    record(operator.deployed)
    for path in ("", "/invoices", "/issues", "/rehearsal"):
        page = operator.look(path, query=query)
        assert page.status == 200
        assert "<script>" not in page.body


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "application/json"}, "{}"),
        ({"Content-Type": None}, "csrf=x"),
        ({}, "csrf=" + "x" * 100_001),
        ({}, "&".join(f"field{number}=1" for number in range(101))),
        ({}, "csrf=%FF"),
        ({}, "\x00"),
        ({}, None),
    ],
    ids=["json", "no type", "huge", "many fields", "not utf-8", "zero byte", "empty"],
)
def test_what_is_no_form_of_ours_is_refused(
    operator: Browser, headers: dict[str, str | None], body: str | None
) -> None:
    """A page, and nothing is done."""
    before = operator.deployed.integration
    made = request("portal__save_settings", headers=headers) | {"body": body}
    page = operator.send("portal", made)

    assert page.status in {400, 403}
    assert operator.deployed.integration == before


# ---- what buttons do


def test_sync_now_queues_a_run_in_the_operators_name(operator: Browser) -> None:
    """Pressed again before that run has ended, it queues no other one and says so."""
    pages = [operator.press("/sync")]
    operator.deployed.clock.advance(timedelta(minutes=1))
    pages.append(operator.press("/sync"))
    queued = operator.deployed.queued()

    assert [page.location for page in pages] == [f"{HERE}?notice=sync_started", f"{HERE}?notice=sync_already_running"]
    assert "It was not started twice" in operator.look(query={"notice": "sync_already_running"}).text
    assert [(one["integration_id"], one["by"]) for one in queued] == [(WAREHOUSE, "fortnox-api")]


def test_the_page_follows_a_sync_from_the_click_to_its_end(operator: Browser) -> None:
    """About to begin, so many of so many, done: with the reader's own link, and with the script."""
    deployed = operator.deployed
    started = {"notice": "sync_started"}
    operator.press("/sync")
    asked = operator.look(query=started)
    deployed.clock.advance(timedelta(seconds=20))
    record(deployed)
    begun = RunUnderWay(started_at=deployed.clock(), invoices=frozenset({PLAIN, 1, 2}))
    deployed.integrations.begin_run(WAREHOUSE, begun, unfinished=begun.invoices)
    running = operator.look(query=started)
    deployed.clock.advance(timedelta(seconds=10))
    deployed.invoke("sync_invoices", event("sync_invoices__one"))
    ended = operator.look(query=started)

    assert "A sync is about to begin" in asked.text
    assert "1 of 3 invoices done" in running.text
    assert "The sync is done" in ended.text
    assert ["progress.js" in page.body for page in (asked, running, ended)] == [True, True, False]
    assert ["data-running" in page.body for page in (asked, running, ended)] == [True, True, False]
    assert ["Show the latest" in page.text for page in (asked, running, ended)] == [True, True, False]
    assert operator.press("/sync").location == f"{HERE}?notice=sync_started"


def test_a_sync_that_could_not_do_its_work_is_not_called_done(operator: Browser) -> None:
    """The sentence on top says why; what heals by itself is not counted as a thing to do."""
    operator.press("/sync")
    operator.deployed.ongoing.add_fault(FaultRule(effect=Effect.STATUS, status=503, times=None))
    operator.deployed.clock.advance(timedelta(seconds=5))
    operator.deployed.invoke("sync_invoices", event("sync_invoices__one"))
    page = operator.look(query={"notice": "sync_started"})

    assert "The sync could not do all its work" in page.text
    assert ": Ongoing does not answer." in page.text
    assert '<span class="count">' not in page.body


def test_a_run_that_was_cut_off_is_not_waited_for_for_ever(operator: Browser) -> None:
    """After a quarter of an hour the schedule has brought another one, and the button is back."""
    deployed = operator.deployed
    operator.press("/sync")
    cut_off = RunUnderWay(started_at=deployed.clock(), invoices=frozenset({PLAIN}))
    deployed.integrations.begin_run(WAREHOUSE, cut_off, unfinished=cut_off.invoices)
    running = operator.look()
    deployed.clock.advance(timedelta(minutes=15))
    later = operator.look(query={"notice": "sync_started"})

    assert "data-running" in running.body
    assert "data-running" not in later.body
    assert "The sync is done" not in later.text
    assert operator.press("/sync").location == f"{HERE}?notice=sync_started"


@pytest.mark.parametrize("stopped", ["paused", "broken"])
def test_what_cannot_run_now_is_not_said_to_have_started(operator: Browser, stopped: str) -> None:
    """An old page may still show the buttons; a wish for an invoice is kept."""
    if stopped == "paused":
        operator.press("/pause")
    else:
        operator.deployed.integrations.mark_broken(WAREHOUSE, at=operator.deployed.clock())
    pages = [operator.press(path) for path in ("/sync", f"/invoices/{PLAIN}/retry", f"/invoices/{PLAIN}/export")]

    assert {page.location.partition("?")[2] for page in pages} == {"notice=not_running"}
    assert operator.deployed.integration.asked == {PLAIN}


def test_a_rehearsal_has_an_address_of_its_own(operator: Browser) -> None:
    """Its result can be loaded again, and the language switched, without sending a form once more."""
    page = operator.press("/rehearsal")
    result = operator.look("/rehearsal", query={"page": "1"})

    assert page.location == f"{HERE}/rehearsal?page=1"
    assert "would be created" in result.text


def test_a_page_renews_the_keys_of_one_person_when_they_have_run_out(deployed: Deployed, browser: Browser) -> None:
    """Each renewal rotates the refresh token, for which there must be time to keep the new one."""
    browser.approve(browser.start(mode="personal"))
    browser.create()
    deployed.clock.advance(timedelta(hours=2))
    deployed.exports.save_register(WAREHOUSE, Register())  # nothing is remembered of Fortnox: it is asked
    browser.login()
    page = browser.look("/rehearsal", {"page": "1"})

    assert "would be created" in page.text
    assert "Fortnox does not answer" not in page.text


def test_a_paused_integration_does_not_run_until_it_is_resumed(operator: Browser) -> None:
    """The schedule does not see it meanwhile."""
    operator.press("/pause")
    paused = [*operator.deployed.integrations.active_ids()]
    operator.press("/resume")

    assert paused == []
    assert [*operator.deployed.integrations.active_ids()] == [WAREHOUSE]


def test_settings_that_are_wrong_come_back_with_a_sentence_per_field(operator: Browser) -> None:
    """What was typed is kept, and nothing is stored."""
    before = operator.deployed.integration.settings
    page = operator.create(problem_address="not an address", from_date="yesterday", rows="pyramid", default_unit="x y")

    assert page.status == 400
    assert 'value="not an address"' in page.body
    assert "Write a mail address" in page.text
    assert "Write a date as year-month-day" in page.text
    assert operator.deployed.integration.settings == before


@pytest.mark.parametrize("version", ["0", "1", "x", "", "-1", "9" * 50])
def test_settings_that_somebody_changed_meanwhile_are_not_overwritten(operator: Browser, version: str) -> None:
    """The second of two open pages is told, and keeps what was typed; saved once more, it counts."""
    operator.create(default_unit="h")
    page = operator.create(default_unit="pall", version=version)
    stored = operator.deployed.integration.settings
    again = operator.create(default_unit="pall", version=hidden(page, "version"))

    assert page.status == 409
    assert "or you in another tab, saved these settings" in page.text
    assert 'value="pall"' in page.body
    assert stored is not None
    assert stored.default_unit == "h"
    assert again.location == f"{HERE}?notice=saved"


def test_a_wrong_field_does_not_hide_that_somebody_else_saved(operator: Browser) -> None:
    """The form that comes back still knows what it was filled from."""
    seen = hidden(operator.look("/settings"), "version")
    operator.create(default_unit="h")
    wrong = operator.create(default_unit="x y", version=seen)
    mended = operator.create(default_unit="pall", version=hidden(wrong, "version"))

    assert (wrong.status, mended.status) == (400, 409)


def test_create_pressed_twice_is_one_save(browser: Browser) -> None:
    """The second click leads on as the first did, and there is one mail to confirm the address."""
    browser.approve(browser.start())
    seen = hidden(browser.look("/settings"), "version")
    pages = [browser.create(version=seen) for _ in range(2)]
    integration = browser.deployed.integration

    assert [page.location for page in pages] == [f"{HERE}?notice=created", f"{HERE}?notice=saved"]
    assert (integration.status, integration.version) == (IntegrationStatus.ACTIVE, 2)


def test_what_changes_beside_the_settings_is_no_conflict(operator: Browser) -> None:
    """An address is confirmed in another tab while the form is open."""
    seen = hidden(operator.look("/settings"), "version")
    operator.deployed.integrations.confirm_address(WAREHOUSE, "ekonomi@nordlager.example")

    assert operator.create(default_unit="h", version=seen).location == f"{HERE}?notice=saved"
    assert operator.deployed.integration.address_confirmed


# ---- signed out in the middle of a form


def typed(operator: Browser) -> dict[str, str]:
    """A settings form in which a person has just changed two fields."""
    shown = operator.look("/settings")
    form = {name: values[0] for name, values in parse_qs(event("portal__save_settings")["body"]).items()}
    changed = {"problem_address": "ny@nordlager.example", "default_unit": "kolli"}
    return {**form, **changed, "csrf": shown.csrf, "version": hidden(shown, "version"), "password": PASSWORD}


def test_what_was_typed_outlives_the_session(operator: Browser) -> None:
    """Signing in again shows it, also after a wrong password; one press saves it, and nothing was saved before."""
    before = operator.deployed.integration.settings
    form = typed(operator)
    operator.deployed.clock.advance(timedelta(hours=8, seconds=1))
    ended = operator.send("portal", request("portal__save_settings", form=form))
    refused = operator.login(**carried(ended), password="guess")
    again = operator.login(**carried(refused))
    unsaved = operator.deployed.integration.settings
    saved = operator.send("portal", request("portal__save_settings", form={**form, **settings_form(again)}))

    assert (ended.status, refused.status, again.status) == (401, 400, 200)
    assert "what you had typed is kept" in ended.text
    assert 'value="https://nordlager.ongoingsystems.se/nordlager/"' in ended.body
    assert "is not saved yet" in again.text
    assert 'value="ny@nordlager.example"' in again.body
    assert f'href="/prod/integrations/{WAREHOUSE}/settings?lang=sv"' in again.body
    assert unsaved == before
    assert saved.location == f"{HERE}?notice=saved"
    stored = operator.deployed.integration.settings
    assert stored is not None
    assert (stored.problem_address, stored.default_unit) == ("ny@nordlager.example", "kolli")


def test_settings_that_changed_meanwhile_are_told_after_the_sign_in_too(operator: Browser) -> None:
    """What was typed knows what it was filled from."""
    form = typed(operator)
    operator.create(default_unit="h")
    operator.deployed.clock.advance(timedelta(hours=8, seconds=1))
    again = operator.login(**carried(operator.send("portal", request("portal__save_settings", form=form))))
    saved = operator.send("portal", request("portal__save_settings", form={**form, **settings_form(again)}))

    assert saved.status == 409


def test_a_form_of_an_older_sign_in_is_shown_again(operator: Browser) -> None:
    """Signed in again in another tab: the guard is another one, and nothing typed is lost."""
    form = typed(operator)
    operator.deployed.clock.advance(timedelta(hours=8, seconds=1))
    operator.login()
    before = operator.deployed.integration
    page = operator.send("portal", request("portal__save_settings", form=form))

    assert page.status == 403
    assert 'value="ny@nordlager.example"' in page.body
    assert operator.deployed.integration == before
    assert operator.send("portal", request("portal__save_settings", form={**form, **settings_form(page)})).location == (
        f"{HERE}?notice=saved"
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": None, "Origin": None},
    ],
)
@pytest.mark.parametrize("is_signed_in", [True, False])
def test_another_site_cannot_fill_in_the_form(
    operator: Browser, headers: dict[str, str | None], is_signed_in: bool
) -> None:
    """Somebody else's mail address, waiting for a press of Save, would be a trap."""
    browser = operator if is_signed_in else Browser(operator.deployed)
    form = {"problem_address": "evil@evil.example", "csrf": "guess"}
    page = browser.send("portal", request("portal__save_settings", form=form, headers=headers))

    assert page.status == (403 if is_signed_in else 401)
    assert "evil@evil.example" not in page.body


def test_what_was_typed_for_one_system_is_not_shown_in_another(operator: Browser) -> None:
    """Nor are fields that no settings form has, and a long one is cut."""
    path = "/integrations/sydlager/settings"
    sent = {"default_unit": "x" * 90_000, "password": "secret", "next": "https://evil.example"}
    browser = Browser(operator.deployed)
    ended = browser.send("portal", request("portal__save_settings", path=path, form=sent))
    page = browser.login(**carried(ended))

    assert set(carried(ended)) == {"carried.integration", "carried.default_unit"}
    assert len(carried(ended)["carried.default_unit"]) == 500
    assert page.location == HERE


def test_a_disconnected_integration_has_one_page(operator: Browser) -> None:
    """Somebody else pressed Disconnect: no button does anything half any more."""
    another = Browser(operator.deployed)
    another.login()
    csrf = another.look("/pause").csrf
    operator.press("/disconnect", confirm="on")
    before = operator.deployed.integration
    made = request("portal__save_settings", path=f"/integrations/{WAREHOUSE}/connect", form={"csrf": csrf})
    pages = [another.look("/settings"), another.send("portal", made)]

    assert all("The integration is disconnected" in page.text for page in pages)
    assert operator.deployed.integration == before
    assert "__Host-consent" not in another.cookies


def test_a_new_address_gets_a_mail_to_confirm(operator: Browser) -> None:
    """Its notice is in the outbox."""
    operator.create(problem_address="ny@nordlager.example")
    notice = operator.deployed.notices.get(f"verify#{WAREHOUSE}#{operator.deployed.integration.version}")

    assert notice is not None
    assert notice.params == {
        "address": "ny@nordlager.example",
        "set": str(operator.deployed.integration.address_set),
    }


def test_a_new_link_is_sent_when_somebody_asks_for_it(operator: Browser) -> None:
    """As the page of an expired link says; a confirmed address gets no more mail, and saving sends none."""
    before = len(to_confirm(operator))
    operator.create(default_unit="h")
    saved = len(to_confirm(operator))
    asked = operator.press("/confirm-address")
    sent = len(to_confirm(operator))
    operator.deployed.integrations.confirm_address(WAREHOUSE, "ekonomi@nordlager.example")
    operator.press("/confirm-address")

    assert (saved - before, sent - before, len(to_confirm(operator)) - before) == (0, 1, 1)
    assert asked.location == f"{HERE}?notice=confirmation_sent"


def to_confirm(operator: Browser) -> list[str]:
    """Ids of the notices that ask to confirm an address."""
    items = operator.deployed.aws.dynamodb.scan(TableName=operator.deployed.variables["notices_table"])["Items"]
    return [item["notice_id"]["S"] for item in items if item["notice_id"]["S"].startswith("verify#")]


def test_an_invoice_is_exported_again_and_its_history_says_who_asked(operator: Browser) -> None:
    """The next run treats it as due whatever the settings say."""
    record(operator.deployed)
    page = operator.press(f"/invoices/{PLAIN}/export")
    stored = operator.deployed.exports.get(WAREHOUSE, PLAIN)

    assert page.location == f"{HERE}/invoices/{PLAIN}?notice=export_queued"
    assert operator.deployed.integration.asked == {PLAIN}
    assert stored is not None
    assert [(one.kind, one.by) for one in stored.history][-1] == (EventKind.EXPORT_AGAIN, "fortnox-api")
    assert operator.look(f"/invoices/{PLAIN}").status == 200


def test_what_waits_is_read_from_ongoing_and_can_be_sent_at_once(operator: Browser) -> None:
    """An invoice that is sent only when asked must be found somewhere; those that we have begun are listed apart."""
    operator.create(export_when="when_asked")
    record(operator.deployed, NO_CUSTOMER_CODE, ExportState.HELD)
    waiting = operator.look("/invoices", query={"state": "waiting"})
    found = operator.look("/invoices", query={"state": "not_due", "search": f"kaffe {PLAIN}"})
    page = operator.look(f"/invoices/{PLAIN}")
    asked = operator.press(f"/invoices/{PLAIN}/export")
    after = operator.look(f"/invoices/{PLAIN}", query={"notice": "export_queued"})

    assert f"/invoices/{PLAIN}" in waiting.body
    assert f"/invoices/{NO_CUSTOMER_CODE}" not in waiting.body
    assert found.body.count('<th scope="row"') == 1
    assert "Period not over" in page.text
    assert "Export now" in page.text
    assert asked.location == f"{HERE}/invoices/{PLAIN}?notice=export_queued"
    assert "Waiting" in after.text
    assert len(re.findall(r'<th scope="row"', operator.look("/invoices").body)) > 10


def test_what_waits_is_shown_in_pages(operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each invoice once, newest first, whatever the length of the list."""
    seen: list[str] = []
    monkeypatch.setattr(invoices, "INVOICES_PER_PAGE", 5)
    query = {"state": "waiting"}
    while True:
        page = operator.look("/invoices", query=query)
        seen += re.findall(r'<th scope="row"[^>]*><a href="[^"]*/invoices/(\d+)"', page.body)
        following = re.search(r"page=(\d+)", page.body.partition('rel="next"')[2])
        if following is None:
            break
        query = {"state": "waiting", "page": following[1]}

    assert len(seen) > 10
    assert seen == sorted(set(seen), reverse=True)


@pytest.mark.parametrize("path", ["/invoices?state=waiting", f"/invoices/{PLAIN}", "/rehearsal?page=1"])
def test_a_password_that_ongoing_refuses_is_no_fault_of_ours(operator: Browser, path: str) -> None:
    """The page says what happened, what to do and who can, as on the page of issues."""
    operator.deployed.ongoing.add_fault(FaultRule(effect=Effect.STATUS, status=401, times=None))
    path, _, query = path.partition("?")
    page = operator.look(path, query=dict(parse_qsl(query)))

    assert page.status == 409
    assert "Ongoing does not accept the sign-in" in page.text
    assert "Sign in again" in page.text


def test_a_preview_shows_what_would_be_sent_and_sends_nothing(operator: Browser) -> None:
    """Read from Ongoing as it is now."""
    page = operator.look(f"/invoices/{PLAIN}/preview")
    held = operator.look(f"/invoices/{NO_CUSTOMER_CODE}/preview")

    assert page.status == 200
    assert "Kaffe &amp; Kakao AB" in page.body
    assert held.status == 200
    assert "Café &lt;Ångström&gt; &amp; Söner" in held.body
    assert operator.deployed.exports.get(WAREHOUSE, PLAIN) is None


def test_an_issue_is_shown_with_its_words(operator: Browser) -> None:
    """Names from Ongoing are text, whatever they look like."""
    record(operator.deployed, NO_CUSTOMER_CODE, ExportState.HELD)
    operator.deployed.integrations.save_run(
        WAREHOUSE, BEFORE, done=set(), unfinished={NO_CUSTOMER_CODE}, detected=PriceMeaning.DETECT
    )
    page = operator.look("/issues")

    assert "Café &lt;Ångström&gt;" in page.body


def test_the_event_log_is_a_table_that_no_spreadsheet_runs(operator: Browser) -> None:
    """Names come from outside, and a cell that begins with = is a program. Words, and time in Sweden."""
    record(operator.deployed)
    page = operator.look("/history.csv", query={"lang": "en"})
    rows = [*csv.DictReader(io.StringIO(page.body.removeprefix("\ufeff")))]
    (line,) = [row for row in rows if row["Id in Ongoing"]]
    changes = [row for row in rows if not row["Id in Ongoing"]]

    assert page.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert page.headers["Content-Disposition"] == f'attachment; filename="{WAREHOUSE}-history.csv"'
    assert line["Goods owner"] == "'=HYPERLINK(1)"
    assert line["What happened"] == "Created in Fortnox"
    assert line["By"] == "by itself"
    assert line["Time in Sweden"] == f"{operator.deployed.clock().astimezone(SWEDEN):%Y-%m-%d %H:%M:%S}"
    assert {(change["Id in Ongoing"], change["By"]) for change in changes} == {("", "fortnox-api")}
    assert changes[0]["What happened"] == "fortnox-api connected the system to Fortnox."


def test_connecting_again_leads_to_fortnox(operator: Browser) -> None:
    """With the stored login of Ongoing, and the same company is connected anew."""
    page = operator.press("/connect")

    assert page.location.startswith("https://apps.fortnox.example/oauth-v1/auth?")
    assert "__Host-consent" in operator.cookies


def test_disconnecting_needs_the_confirmation(operator: Browser) -> None:
    """One press by mistake ends nothing."""
    page = operator.press("/disconnect")

    assert page.status == 400
    assert operator.deployed.integration.status is IntegrationStatus.ACTIVE


def test_disconnecting_forgets_keys_and_password_and_signs_out(operator: Browser) -> None:
    """The history stays."""
    record(operator.deployed)
    page = operator.press("/disconnect", confirm="on")
    keys = operator.deployed.tokens.get(WAREHOUSE)

    assert page.status == 200
    assert "__Host-session" not in operator.cookies
    assert operator.deployed.integration.status is IntegrationStatus.DISCONNECTED
    assert operator.deployed.integration.wms_password == b""
    assert keys is not None
    assert (keys.status, keys.blob, keys.cc_blob) == (TokenStatus.REVOKED, None, None)
    assert operator.deployed.exports.get(WAREHOUSE, PLAIN) is not None


def test_signing_out_ends_the_session_itself(operator: Browser) -> None:
    """A copy of the cookie is worth nothing afterwards."""
    copy = dict(operator.cookies)
    form = {"csrf": operator.look("/pause").csrf}
    page = operator.send("portal", request("portal__logout", form=form))
    operator.cookies = copy

    assert page.status == 200
    assert operator.look().status == 303


def test_somebody_else_cannot_sign_an_operator_out(operator: Browser) -> None:
    """The button is guarded like any other."""
    assert operator.send("portal", event("portal__logout")).status == 403
    assert operator.look().status == 200


def test_the_languages_can_be_switched_on_a_page_that_answered_a_button(operator: Browser) -> None:
    """The link leads to a page that there is, in the other language, and not to the button's address."""
    stranger = Browser(operator.deployed)
    answers = [
        stranger.send("portal", request("portal__save_settings", path=f"/integrations/{WAREHOUSE}/sync")),
        operator.send("portal", request("portal__save_settings", path=f"/integrations/{WAREHOUSE}/sync")),
        operator.create(default_unit="x y"),
        operator.press("/disconnect"),
        operator.press("/nothing"),
        operator.press("/disconnect", confirm="on"),
        operator.send("portal", request("portal__logout", form={"csrf": ""})),
    ]
    switched = []
    for page in answers:
        found = re.search(r'href="([^"]*[?;]lang=sv)"', page.body)
        assert found is not None
        path = unescape(found[1]).removeprefix("/prod").partition("?")[0] or f"/integrations/{WAREHOUSE}/disconnect"
        function = "landing" if path == "/" else "portal"
        made = request("portal__status", path=path, query={"lang": "sv"})
        switched.append(Browser(operator.deployed, dict(operator.cookies)).send(function, made))

    assert [page.status for page in answers] == [401, 403, 400, 400, 404, 200, 200]
    assert {page.status for page in switched} <= {200, 303}
    assert all('<html lang="sv"' in page.body for page in switched if page.status == 200)


# ---- a broken connection, and trouble of our own


def test_a_broken_connection_is_shown_with_a_link_to_copy(operator: Browser) -> None:
    """For when no mail arrived."""
    operator.deployed.integrations.mark_broken(WAREHOUSE, at=operator.deployed.clock())
    page = operator.look()

    assert page.status == 200
    assert f"{API_URL}/reactivate/" in page.body


def test_a_table_that_does_not_answer_gives_the_page_of_a_busy_service(
    operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, and a reference that is in the log too."""

    def busy(*_: object) -> None:
        raise RetryLaterError("DynamoDB GetItem: AWS is busy")

    monkeypatch.setattr(DynamoIntegrations, "get", busy)
    page = operator.look()

    assert page.status == 503
    assert event("portal__status")["requestContext"]["requestId"] in page.text


def test_keys_that_cannot_be_opened_do_not_hide_the_page(operator: Browser) -> None:
    """What an operator needs in trouble must not depend on the trouble."""
    deployed = operator.deployed
    deployed.aws.dynamodb.update_item(
        TableName=deployed.variables["tokens_table"],
        Key={"integration_id": {"S": WAREHOUSE}},
        UpdateExpression="SET #blob = :garbage",
        ExpressionAttributeNames={"#blob": "blob"},
        ExpressionAttributeValues={":garbage": {"B": b"garbage"}},
    )

    assert operator.look().status == 200
    assert operator.press("/disconnect", confirm="on").status == 200
