"""Somebody who is signed in floods nobody: not the queue that all share, not the record, not strangers with mail."""

from dataclasses import replace

import pytest
from invoicing.application.change_integration import ask_to_confirm
from invoicing.domain.change import ChangeKind
from invoicing.domain.export import EventKind
from invoicing.domain.integration import MOST_ASKED
from invoicing.domain.notice import Notice, NoticeKind

from local.ongoing.seed import PLAIN, WAREHOUSE
from tests.functions.deployed import Browser, event, request
from tests.support.world import World

URL_AS_NAME = "Vinn nu https://evil.example/klicka AB"


def notices(operator: Browser, kind: str) -> list[str]:
    """Ids of the notices in the outbox that begin with `kind`."""
    items = operator.deployed.aws.dynamodb.scan(TableName=operator.deployed.variables["notices_table"])["Items"]
    return [item["notice_id"]["S"] for item in items if item["notice_id"]["S"].startswith(kind)]


@pytest.mark.parametrize("button", ["retry", "export"])
def test_three_hundred_clicks_are_one_message_and_one_wish(operator: Browser, button: str) -> None:
    """The queue is everybody's."""
    form = {"csrf": operator.look("/pause").csrf}
    path = f"/integrations/{WAREHOUSE}/invoices/{PLAIN}/{button}"
    for _ in range(300):
        operator.send("portal", request("portal__save_settings", path=path, form=form))
    messages = operator.deployed.queued()

    assert len(messages) == 1
    assert operator.deployed.integration.asked == {PLAIN}


def test_the_history_names_a_wish_once(operator: Browser) -> None:
    """However often it was pressed before the next run."""
    operator.deployed.invoke("sync_invoices", event("sync_invoices__one"))
    for _ in range(5):
        operator.press(f"/invoices/{PLAIN}/export")
    record = operator.deployed.exports.get(WAREHOUSE, PLAIN)

    assert record is not None
    assert [one.kind for one in record.history].count(EventKind.EXPORT_AGAIN) == 1


@pytest.mark.parametrize("invoice", [1, 99999999999, 0])
@pytest.mark.parametrize("button", ["retry", "export"])
def test_what_is_no_invoice_is_not_asked_for(operator: Browser, button: str, invoice: int) -> None:
    """Neither of ours nor in Ongoing."""
    page = operator.press(f"/invoices/{invoice}/{button}")

    assert page.status == 404
    assert operator.deployed.integration.asked == frozenset()
    assert operator.deployed.queued() == []


def test_what_is_asked_for_is_capped_and_told(operator: Browser) -> None:
    """The record stays small enough to be written."""
    operator.deployed.integrations.ask_for(WAREHOUSE, frozenset(range(10_000, 10_000 + MOST_ASKED)))
    page = operator.press(f"/invoices/{PLAIN}/export")

    assert page.location.endswith("?notice=too_many_asked")
    assert "no more can be" in operator.look(f"/invoices/{PLAIN}", query={"notice": "too_many_asked"}).text
    assert PLAIN not in operator.deployed.integration.asked


def test_a_wish_during_a_run_has_a_run_of_its_own(operator: Browser) -> None:
    """What is under way has read what was asked for before."""
    operator.press("/sync")
    deployed = operator.deployed
    assert len(deployed.queued()) == 1
    deployed.clock.sleep(1)
    deployed.invoke("sync_invoices", event("sync_invoices__one"))
    operator.press(f"/invoices/{PLAIN}/export")

    assert len(deployed.queued()) == 1


def test_saving_sends_no_mail_to_an_address_that_is_as_it_was(operator: Browser) -> None:
    """Fifty saves once sent fifty-one."""
    before = len(notices(operator, "verify#"))
    for number in range(15):
        operator.create(default_unit=f"u{number}")

    assert len(notices(operator, "verify#")) == before


def test_an_integration_writes_to_a_few_addresses_a_day(operator: Browser) -> None:
    """Strangers do not hear of it; whoever is limited is told, and it is counted."""
    before = len(notices(operator, "verify#"))
    pages = [operator.create(problem_address=f"stranger-{n}@elsewhere.example") for n in range(12)]

    assert len(notices(operator, "verify#")) - before == 4  # and one when it was created
    assert pages[-1].location.endswith("?notice=saved_without_mail")
    assert len(operator.deployed.logged("mail_limited")) == 8
    assert "No mail to confirm the address was sent" in operator.look(query={"notice": "saved_without_mail"}).text


def test_an_address_hears_of_it_three_times_a_day() -> None:
    """However it is written, and from however many integrations."""
    world = World()
    world.connect()
    sent = []
    for n in range(6):
        stored = world.integrations.get(WAREHOUSE)
        assert stored is not None
        assert stored.settings is not None
        address = "Victim@elsewhere.example" if n % 2 else "victim@elsewhere.example"
        another = replace(stored, id=f"lager-{n}", settings=replace(stored.settings, problem_address=address))
        sent.append(ask_to_confirm(world.change_tools(), another))

    assert sent == [True] * 3 + [False] * 3


@pytest.mark.parametrize("kind", NoticeKind)
def test_no_name_that_a_stranger_chose_stands_in_a_subject(kind: NoticeKind) -> None:
    """Anybody may call a company in Fortnox what they like; the mail to confirm, which anybody may get, has no name."""
    world = World()
    world.connect()
    integration = world.integrations.get(WAREHOUSE)
    assert integration is not None
    named = replace(integration, company=replace(integration.company, name=URL_AS_NAME))
    notice = Notice(
        id="x",
        integration_id=WAREHOUSE,
        kind=kind,
        created_at=world.clock(),
        params={
            "day": "2026-03-02",
            "address": "a@b.example",
            "what": ChangeKind.SETTINGS,
            "by": "anna",
            "month": "2026-02",
            "first": "2026-04-01",
        },
    )
    mail = world.parts.notice_tools().letters.compose(notice, named, reminder_day=None, told_of=[])

    assert WAREHOUSE in mail.subject
    assert "evil.example" not in mail.subject
    nameless = {NoticeKind.VERIFY_ADDRESS, NoticeKind.CHANGED, NoticeKind.IT_IS_ME}
    assert ("evil.example" in mail.text + mail.html) == (kind not in nameless)
