"""Nothing happens behind anybody's back: who has confirmed the address hears of it, can take it back, and sees who."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from invoicing.application.change_integration import disconnect, save_settings
from invoicing.application.send_notice import send_notice
from invoicing.domain.change import ChangeKind
from invoicing.domain.integration import Integration
from invoicing.domain.integration_settings import IntegrationSettings, RowGrouping, settings_fingerprint
from invoicing.domain.notice import Notice, NoticeKind
from invoicing.runtime.links import LinkKind, Links

from local.ongoing.seed import PASSWORD, WAREHOUSE
from tests.functions.deployed import API_URL, Browser, Page, request
from tests.functions.emulated import SIGNING_SECRET
from tests.support.world import World

CONFIRMED = "a@b.example"


def settled() -> World:
    """Connected, and somebody has confirmed the address."""
    world = World()
    world.connect()
    assert world.integrations.confirm_address(WAREHOUSE, CONFIRMED)
    return world


def stored(world: World) -> Integration:
    """The integration as it is."""
    found = world.integrations.get(WAREHOUSE)
    assert found is not None
    return found


def settings_of(world: World) -> IntegrationSettings:
    """Its settings."""
    found = stored(world).settings
    assert found is not None
    return found


def saved(world: World, **changes: object) -> None:
    """Somebody else saves other settings."""
    integration, settings = stored(world), settings_of(world)
    save_settings(
        world.change_tools(),
        integration,
        replace(settings, **changes),  # type: ignore[arg-type] # of settings
        seen=settings_fingerprint(settings),
        by="bo",
    )


def told(world: World) -> Sequence[tuple[str, str, str]]:
    """What was told, of whom, and to whom."""
    return [
        (one.params["what"], one.params["by"], one.params["address"])
        for one in world.notices.all
        if one.kind is NoticeKind.CHANGED
    ]


def mailed_to(world: World, kind: NoticeKind) -> list[str]:
    """Where a mail about something else goes."""
    notice = Notice(id=f"n-{world.new_id()}", integration_id=WAREHOUSE, kind=kind, created_at=world.clock())
    world.notices.put_once(replace(notice, params={"day": "2026-03-02"}))
    before = len(world.mailer.sent)
    send_notice(world.parts.notice_tools(), notice.id)
    return [mail.to for mail in world.mailer.sent[before:]]


def test_another_address_is_told_to_the_old_one_and_both_hear_until_it_is_confirmed() -> None:
    """A second user cannot redirect the mails in silence."""
    world = settled()
    saved(world, problem_address="bo@elsewhere.example")

    assert told(world) == [(ChangeKind.ADDRESS, "bo", CONFIRMED)]
    assert mailed_to(world, NoticeKind.DIGEST) == ["bo@elsewhere.example", CONFIRMED]
    world.integrations.confirm_address(WAREHOUSE, "bo@elsewhere.example")
    assert mailed_to(world, NoticeKind.DIGEST) == ["bo@elsewhere.example"]


def test_an_address_that_nobody_confirmed_is_told_nothing() -> None:
    """It may be anybody's."""
    world = World()
    world.connect()
    saved(world, problem_address="bo@elsewhere.example")

    assert told(world) == []
    assert mailed_to(world, NoticeKind.DIGEST) == ["bo@elsewhere.example"]


def test_going_back_to_the_confirmed_address_needs_no_new_click() -> None:
    """Nor a mail."""
    world = settled()
    saved(world, problem_address="bo@elsewhere.example")
    before = len(world.notices.all)
    saved(world, problem_address=CONFIRMED)

    assert stored(world).address_confirmed
    assert [one.kind for one in world.notices.all[before:]] == [NoticeKind.CHANGED]


def test_an_old_link_confirms_no_later_address() -> None:
    """Not even the same one, written again by somebody else."""
    world = settled()
    saved(world, problem_address="bo@elsewhere.example")
    first = stored(world).address_set
    saved(world, problem_address="cia@elsewhere.example")
    saved(world, problem_address="bo@elsewhere.example")

    assert not world.integrations.confirm_address(WAREHOUSE, "bo@elsewhere.example", address_set=first)
    assert world.integrations.confirm_address(WAREHOUSE, "bo@elsewhere.example", address_set=stored(world).address_set)


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({"rows": RowGrouping.PER_CHARGE}, True),
        ({"default_unit": "kolli"}, False),
    ],
)
def test_settings_that_decide_are_told(changes: dict[str, object], is_told: bool) -> None:
    """What a customer pays, or who pays it."""
    world = settled()
    saved(world, **changes)

    assert told(world) == ([(ChangeKind.SETTINGS, "bo", CONFIRMED)] if is_told else [])


def test_a_disconnect_is_told_with_a_link_to_connect_again() -> None:
    """Settings and history are kept."""
    world = settled()
    disconnect(world.change_tools(), stored(world), by="bo")
    notice = world.notices.all[-1]
    send_notice(world.parts.notice_tools(), notice.id)

    assert told(world) == [(ChangeKind.DISCONNECTED, "bo", CONFIRMED)]
    assert f"{world.base_url}/?system={WAREHOUSE}" in world.mailer.sent[-1].text
    assert stored(world).settings is not None


def test_a_new_consent_is_told() -> None:
    """Whoever had it approved is named."""
    world = settled()
    world.integrations.mark_broken(WAREHOUSE, at=world.clock())
    connected = world.approve(world.start())

    assert told(world)[-1][0] == ChangeKind.CONSENT
    assert connected.integration.changes[-1].kind is ChangeKind.CONSENT


# ---- through the functions


def confirmed(operator: Browser) -> str:
    """The operator's address, confirmed."""
    settings = operator.deployed.integration.settings
    assert settings is not None
    assert operator.deployed.integrations.confirm_address(WAREHOUSE, settings.problem_address)
    return settings.problem_address


def kinds(operator: Browser) -> list[ChangeKind]:
    """What is kept of what people did."""
    return [one.kind for one in operator.deployed.integration.changes]


def test_somebody_who_never_signed_in_before_is_told_and_kept(operator: Browser) -> None:
    """Once."""
    deployed, address = operator.deployed, confirmed(operator)
    warehouse = deployed.ongoing.warehouse(WAREHOUSE)
    second = replace(warehouse.users[0], username="bo", password="another")
    deployed.ongoing.put_warehouse(replace(warehouse, users=(*warehouse.users, second)))
    for _ in range(3):
        assert Browser(deployed).login(username="bo", password="another").status == 303

    assert kinds(operator).count(ChangeKind.NEW_USER) == 1
    items = deployed.aws.dynamodb.scan(TableName=deployed.variables["notices_table"])["Items"]
    mails = [item for item in items if item["kind"]["S"] == NoticeKind.CHANGED]
    assert [mail["params"]["M"]["address"]["S"] for mail in mails] == [address]
    assert "bo signed in for the first time." in operator.look().text


def test_the_history_file_says_who_did_what(operator: Browser) -> None:
    """Also of what is no invoice."""
    operator.create(rows="per_charge")
    lines = operator.look("/history.csv", query={"lang": "en"}).body.splitlines()

    assert any("fortnox-api changed settings that decide what is sent.,fortnox-api," in line for line in lines)


def taken_back(browser: Browser, address: str, method: str = "POST") -> Page:
    """The link of the mail."""
    links = Links(secret=SIGNING_SECRET, base_url="")
    token = links.make(LinkKind.TAKE_BACK, {"integration": WAREHOUSE, "address": address}).rpartition("/")[2]
    name = "landing__take_back_now" if method == "POST" else "landing__take-back"
    return browser.send("landing", request(name, path=f"/take-back/{token}"))


def test_a_changed_address_is_taken_back_by_the_link_and_whoever_changed_it_is_out(operator: Browser) -> None:
    """Opening it does nothing; it holds however often the address was changed since."""
    deployed, address = operator.deployed, confirmed(operator)
    for number in range(2):
        operator.create(problem_address=f"evil-{number}@evil.example")
        deployed.integrations.confirm_address(WAREHOUSE, f"evil-{number}@evil.example")
    before = deployed.integration
    asked = taken_back(Browser(deployed), address, "GET")
    assert deployed.integration == before
    page = taken_back(Browser(deployed), address)
    settings = deployed.integration.settings

    assert "evil-1@evil.example" in asked.text
    assert "The address is the old one again" in page.text
    assert settings is not None
    assert (settings.problem_address, deployed.integration.address_confirmed) == (address, True)
    assert operator.look().status != 200
    assert kinds(operator)[-1] is ChangeKind.ADDRESS_TAKEN_BACK


def test_another_link_takes_nothing_back(operator: Browser) -> None:
    """Each kind is for one thing."""
    deployed, address = operator.deployed, confirmed(operator)
    operator.create(problem_address="evil@evil.example", password=PASSWORD)
    links = Links(secret=SIGNING_SECRET, base_url=API_URL)
    subject = {"integration": WAREHOUSE, "address": address}
    other = links.make(LinkKind.VERIFY_ADDRESS, subject).rpartition("/")[2]
    page = Browser(deployed).send("landing", request("landing__take_back_now", path=f"/take-back/{other}"))
    settings = deployed.integration.settings

    assert page.status == 404
    assert settings is not None
    assert settings.problem_address == "evil@evil.example"
