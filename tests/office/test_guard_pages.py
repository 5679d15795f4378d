"""Guards on the pages: proposed when there is something to compare with, and the click that lets an invoice go."""

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from invoicing.domain.export import EventKind, ExportState
from invoicing.domain.integration import MOST_ASKED
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import Issue, IssueCode
from invoicing.pages import release

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


# ---- several at once

RELEASE = "/issues/release"
SEVERAL = range(7001, 7004)  # beside the demo's own


def several() -> Day:
    """One guard holds four invoices."""
    day = Day()
    day.fill_in(guard_prices="on")
    day.only(one for one in day.world.ongoing.warehouse(WAREHOUSE).invoices if one.id == seed.PLAIN)
    day.add(len(SEVERAL))
    dearer(day)
    day.later()
    return day


def asked(day: Day, language: Language = Language.ENGLISH) -> tuple[str, dict[str, str]]:
    """The page that asks about all, and its form."""
    page = day.see(RELEASE, language, {"guard": "price_off_list"}).body
    return page, dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))


def decided(day: Day) -> dict[int, list[str]]:
    """Who decided, by invoice, as the histories have it."""
    found = [day.world.exports.get(WAREHOUSE, number) for number in (seed.PLAIN, *SEVERAL)]
    return {
        one.invoice_id: [event.by for event in one.history if event.kind is EventKind.DECIDED] for one in found if one
    }


@pytest.mark.parametrize("language", Language)
def test_one_press_sends_all_that_one_guard_holds(language: Language) -> None:
    """Each with what is unusual about it; in each history once, with the name, however often it is pressed."""
    day = several()
    issues = day.see("/issues", language).body
    page, form = asked(day, language)
    answers = [day.office.post(f"{HERE}{RELEASE}", form, language=language) for _ in range(2)]
    names = decided(day)
    day.world.run(by="anna")
    said = {Language.ENGLISH: "charged at 85, and the price list says 90", Language.SWEDISH: "prislistan säger 90"}

    assert f"{RELEASE}?guard=price_off_list" in issues
    assert page.count(said[language]) == 4
    assert [answer.location.rpartition("=")[2] for answer in answers] == ["decided", "decided"]
    assert {len(by) for by in names.values()} == {1}
    assert len(names) == 4
    assert len(day.world.fortnox.state()["companies"][TENANT_ID]["invoices"]) == 4
    assert f"{RELEASE}?guard=" not in day.see("/issues", language).body


def test_one_that_changed_meanwhile_is_asked_about_anew_and_the_others_go() -> None:
    """The page says so, and shows it as it is now."""
    day = several()
    _, form = asked(day)
    charges = day.world.ongoing.invoice(WAREHOUSE, SEVERAL[0]).charges
    more = tuple(replace(one, quantity=one.quantity + 1) for one in charges)
    day.world.ongoing.change_invoice(WAREHOUSE, SEVERAL[0], charges=more)
    day.later()
    answer = day.office.post(f"{HERE}{RELEASE}", form)
    shown = day.see(RELEASE, query={"guard": "price_off_list", "notice": "decided_some"}).body

    assert answer.location.endswith(f"{RELEASE}?guard=price_off_list&notice=decided_some")
    assert "nothing was decided about them" in shown
    assert f"/invoices/{SEVERAL[0]}" in shown
    assert f"/invoices/{SEVERAL[1]}" not in shown
    assert {number: len(by) for number, by in decided(day).items()} == {seed.PLAIN: 1, 7001: 0, 7002: 1, 7003: 1}


@pytest.mark.parametrize("carried_out", [True, False])
def test_somebody_who_decided_otherwise_before_is_not_overruled(*, carried_out: bool) -> None:
    """Two people at the same list: what one left is left, also before a run has carried it out, and the rest goes."""
    day = several()
    _, form = asked(day)
    day.office.press(f"/invoices/{SEVERAL[0]}/decide", way="leave", note="agreed by phone")
    if carried_out:
        day.world.run(by="anna")
    answer = day.office.post(f"{HERE}{RELEASE}", form)
    day.world.run(by="anna")

    assert answer.location.endswith("/issues?notice=decided_some")
    assert len(day.world.fortnox.state()["companies"][TENANT_ID]["invoices"]) == 3


@pytest.mark.parametrize("seen", ["", "x", "7001", "7001.", "7001.guessed", "9" * 400 + ".a", "7001.<b>", "8999.abc"])
def test_a_form_that_names_nothing_we_showed_does_nothing(seen: str) -> None:
    """Made by hand, or cut off."""
    day = several()
    answer = day.office.press(RELEASE, guard="price_off_list", seen=seen)

    assert answer.location.endswith("notice=not_possible_now")
    assert {len(by) for by in decided(day).values()} == {0}


@pytest.mark.parametrize("guard", ["", "customer_unknown", "period_gap", "<script>"])
def test_a_guard_that_holds_nothing_leads_back_to_the_issues(guard: str) -> None:
    """It was decided, or the link is old."""
    assert several().see(RELEASE, query={"guard": guard}).location.endswith("/issues?notice=cause_gone")


def test_not_more_are_decided_about_than_the_next_run_is_asked_for() -> None:
    """The rest is asked about afterwards."""
    day = several()
    day.world.integrations.ask_for(WAREHOUSE, frozenset(range(20_000, 20_000 + MOST_ASKED - 2)))
    page, form = asked(day)
    answer = day.office.post(f"{HERE}{RELEASE}", form)
    full = day.see(RELEASE, query={"guard": "price_off_list"})

    assert "2 more are not among these" in page
    assert answer.location.endswith("notice=decided")
    assert sum(len(by) for by in decided(day).values()) == 2
    assert full.location.endswith("/issues?notice=too_many_asked")


def test_what_another_guard_asks_meanwhile_is_not_answered() -> None:
    """The same invoice, with a question that nobody has read."""
    day = several()
    _, form = asked(day)
    record = day.world.exports.get(WAREHOUSE, SEVERAL[0])
    assert record is not None
    other = replace(record, version=record.version + 1, issue=Issue(code=IssueCode.TOTAL_UNUSUAL))
    day.world.exports.save(other, event=None)
    answer = day.office.post(f"{HERE}{RELEASE}", form)

    assert answer.location.endswith("notice=decided_some")
    assert {number for number, by in decided(day).items() if not by} == {SEVERAL[0]}


def test_a_page_asks_about_no_more_than_a_person_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no more than can be written while that person waits."""
    monkeypatch.setattr(release, "MOST_RELEASED", 3)
    day = several()
    page, form = asked(day)
    forged = {**form, "seen": f"{form['seen']} 5001.x 5002.y 5003.z"}

    assert page.count("the price list says") == 3
    assert "1 more is not among these" in page
    assert day.office.post(f"{HERE}{RELEASE}", forged).location.endswith("notice=too_many_asked")
