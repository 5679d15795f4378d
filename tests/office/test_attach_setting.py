"""Switching on specifications in Fortnox: an approval that covers files, which never disturbs what runs."""

import re

import pytest
from invoicing.domain.integration_settings import Language

from local.fortnox.seed import TENANT_ID
from local.ongoing import seed
from local.ongoing.seed import MANY_CHARGES, PASSWORD, WAREHOUSE
from local.tour import HERE, Seen, Visitor
from tests.office.day import Day

BASE = "invoice article customer companyinformation settings"
WIDE = f"{BASE} archive connectfile"
LACKS = {"sv": "Fortnox tillåter inte att specifikationer bifogas", "en": "Fortnox does not allow specifications"}


@pytest.fixture
def day() -> Day:
    """Connected and created, before its first run."""
    return Day()


def tick(day: Day, *, invoice_text: str = "title_and_period") -> Seen:
    return day.fill_in(attach_specification="on", invoice_text=invoice_text)


def to_fortnox(day: Day, password: str = PASSWORD) -> Seen:
    """The page that the tick leads to, and its button."""
    csrf = day.see("/attach").guard["csrf"]
    return day.office.post(f"{HERE}/attach", {"csrf": csrf, "password": password})


def switch_on(day: Day) -> Seen:
    tick(day)
    return day.office.approve(to_fortnox(day).query, language=Language.ENGLISH)


def attaches(day: Day) -> bool:
    settings = day.integration.settings
    assert settings is not None
    return settings.attach_specification


def files(day: Day) -> list[str]:
    record = day.world.exports.get(WAREHOUSE, MANY_CHARGES)
    assert record is not None
    return [one.name for one in day.world.fortnox.attached_files(TENANT_ID, record.fortnox_number)]


def test_until_it_is_wanted_nobody_is_asked_for_more_than_every_licence_has(day: Day) -> None:
    """A scope that a licence lacks would fail the whole approval."""
    newcomer = Day(created=False)
    csrf = day.see("/connect").guard["csrf"]
    again = day.office.post(f"{HERE}/connect", {"csrf": csrf, "password": PASSWORD})

    assert again.query["scope"] == BASE
    assert not newcomer.integration.may_attach


def test_the_tick_leads_to_an_approval_and_is_stored_with_it(day: Day) -> None:
    """Everything else of the form is saved at once; the keys of today stay until the new ones are confirmed."""
    keys = day.world.tokens.get(WAREHOUSE)
    saved = tick(day, invoice_text="title")
    settings = day.integration.settings

    assert saved.location.endswith(f"{HERE}/attach")
    assert settings is not None
    assert (settings.attach_specification, settings.invoice_text) == (False, "title")
    assert day.world.tokens.get(WAREHOUSE) == keys
    asked = to_fortnox(day)
    assert asked.query["scope"] == WIDE
    day.office.receive(asked.query, language=Language.ENGLISH)
    assert "attached to each invoice" in day.office.get("/oauth/approval").body
    assert (attaches(day), day.world.tokens.get(WAREHOUSE)) == (False, keys)
    day.later()  # meanwhile all goes on
    assert files(day) == []
    done = day.office.decide(language=Language.ENGLISH)

    assert done.location.endswith(f"{HERE}?notice=attaching")
    assert attaches(day)
    assert day.integration.may_attach
    new = day.world.tokens.get(WAREHOUSE)
    assert keys is not None
    assert new is not None
    assert new.chain_id != keys.chain_id


def test_what_is_sent_after_the_approval_has_its_specification(day: Day) -> None:
    """Also from a fresh start: no run was made before."""
    switch_on(day)
    day.later()

    assert len(files(day)) == 1


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("error", ["error_missing_license", "invalid_scope"])
def test_a_licence_without_it_gets_one_clear_page_and_nothing_changes(day: Day, error: str, language: Language) -> None:
    """Keys, settings, sign-in: as if it had never been tried."""
    tick(day)
    before, keys = day.integration, day.world.tokens.get(WAREHOUSE)
    asked = to_fortnox(day)
    seen = day.office.get("/oauth/callback", {"state": asked.query["state"], "error": error}, language=language)

    assert LACKS[language] in seen.body
    assert f'href="{HERE}/settings"' in seen.body
    assert (day.integration, day.world.tokens.get(WAREHOUSE)) == (before, keys)
    assert day.see("/settings").status == 200
    day.later()
    assert day.integration.last_run is not None
    assert (day.integration.last_run.sent, day.integration.last_run.problem) == (6, None)
    assert files(day) == []


def test_other_refusals_are_told_as_ever(day: Day) -> None:
    """Somebody pressed Deny: that is not the licence."""
    tick(day)
    before = day.integration
    asked = to_fortnox(day)
    seen = day.office.get("/oauth/callback", {"state": asked.query["state"], "error": "access_denied"})

    assert "The permissions were not approved" in seen.body
    assert day.integration == before


def test_a_wrong_password_leads_nowhere(day: Day) -> None:
    """Whoever connects decides where invoices go."""
    tick(day)
    seen = to_fortnox(day, password="guess")

    assert seen.status == 400
    assert seen.location == ""


def test_where_it_is_approved_already_the_tick_is_all(day: Day) -> None:
    """Off and on again: nobody has to approve once more."""
    switch_on(day)
    day.office.log_in()
    day.fill_in(attach_specification="")
    assert not attaches(day)
    saved = tick(day)

    assert "notice=saved" in saved.location
    assert attaches(day)


@pytest.mark.parametrize("on", [True, False])
def test_connecting_again_asks_for_as_much_as_is_used(day: Day, on: bool) -> None:
    """Without it, the approval shrinks, and the next tick asks anew."""
    switch_on(day)
    day.office.log_in()
    if not on:
        day.fill_in(attach_specification="")
    csrf = day.see("/connect").guard["csrf"]
    asked = day.office.post(f"{HERE}/connect", {"csrf": csrf, "password": PASSWORD})
    done = day.office.approve(asked.query, language=Language.ENGLISH)

    assert asked.query["scope"] == (WIDE if on else BASE)
    assert done.location.endswith("?notice=reconnected")  # specifications are nothing new
    assert (attaches(day), day.integration.may_attach) == (on, on)


def test_a_broken_connection_whose_licence_lost_it_is_mended_without(day: Day) -> None:
    """Asked for as much as before, and after the no for what every licence has: nobody is locked out."""
    switch_on(day)
    day.later()
    day.break_keys()
    office = Visitor(day.tour)
    first = office.log_in()
    assert first.query["scope"] == WIDE
    office.get("/oauth/callback", {"state": first.query["state"], "error": "error_missing_license"})
    second = office.log_in()
    assert second.query["scope"] == BASE
    office.approve(second.query, language=Language.ENGLISH)

    assert day.integration.broken_since is None
    assert not attaches(day)
    day.add(1, like=seed.PLAIN)
    day.later()
    assert day.integration.last_run is not None
    assert day.integration.last_run.problem is None


def test_a_broken_connection_is_mended_with_it(day: Day) -> None:
    """The reactivation keeps what was on."""
    switch_on(day)
    day.later()
    day.break_keys()
    office = Visitor(day.tour)
    office.approve(office.log_in().query, language=Language.ENGLISH)

    assert attaches(day)
    assert day.integration.broken_since is None


def test_what_keeps_a_specification_off_is_handed_over_and_tried_again_like_any_cause(day: Day) -> None:
    """On the page of issues, apart from what is held; its sum is in no sum of what is not sent."""
    switch_on(day)
    full = {"effect": "status", "status": 400, "body": {"ErrorInformation": {"message": "Arkivet är fullt"}}}
    day.world.fortnox.add_faults([{**full, "match": {"path_regex": "/3/archive"}, "times": None}])
    day.office.log_in()
    day.later()
    page = day.see("/issues").body
    cause = re.findall(r'<article class="issue" id="([0-9a-f]+)">', page)[-1]
    overview = day.overview(Language.ENGLISH)

    assert "Fortnox refuses the specification" in page
    assert "Arkivet är fullt" in day.see("/issues/hand-over", query={"cause": cause}).body
    assert day.see("/issues", query={"cause": cause}).status == 200
    assert "6 invoices are in Fortnox without their specification." in overview.what
    assert overview.tiles[1][0] == 6  # held for other causes, as ever
    day.world.fortnox.clear_faults()
    day.office.press("/issues/retry", cause=cause)
    day.world.later(minutes=1)
    day.world.run(by=seed.USERNAME)
    assert len(files(day)) == 1
    assert "specification" not in day.see("/issues").body


def test_set_up_can_begin_with_it(day: Day) -> None:
    """Created as ticked, but for what needs the approval."""
    newcomer = Day(created=False)
    saved = tick(newcomer)

    assert saved.location.endswith(f"{HERE}/attach")
    assert newcomer.integration.runs
    newcomer.office.approve(to_fortnox(newcomer).query, language=Language.ENGLISH)
    assert attaches(newcomer)
