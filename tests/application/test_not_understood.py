"""Ongoing answers with what nobody has seen: whom that is told, in which words, and that no invoice is lost by it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from invoicing.application.prove_login import SignInProblem, SignInRefusedError
from invoicing.application.send_notice import send_due_reminders, send_notice
from invoicing.domain.integration import RunSummary
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import Fixer, IssueCode
from invoicing.domain.notice import NoticeKind
from invoicing.domain.wms_knowledge import Misunderstanding
from invoicing.rendering.issue_texts import issue_text

from local.fortnox.seed import TENANT_ID
from local.ongoing import seed
from local.ongoing.faults import Effect, FaultRule, Match
from local.ongoing.seed import WAREHOUSE
from tests.support.fakes import SentMail
from tests.support.world import World

LISTING, WRITING = Match(operation="GetInvoicesByQuery"), Match(operation="UpdateInvoice")
GOOD = {seed.PLAIN, seed.MANY_CHARGES, seed.THREE_DECIMALS, seed.CLAIM, seed.EUROS, seed.OWN_NUMBER}
OPERATOR = "on-call@invoicing.example"  # as in tests/support/wiring.py


def connected() -> World:
    """A system that worked until now."""
    world = World()
    world.connect()
    return world


def ran(world: World) -> RunSummary:
    """One run, a quarter of an hour after the one before."""
    world.later(minutes=15)
    summary = world.run()
    assert summary is not None
    return summary


def mailed(world: World, *, to: str = OPERATOR) -> list[SentMail]:
    """What the outbox has sent to somebody by now."""
    for notice in world.notices.all:
        send_notice(world.parts.notice_tools(), notice.id)
    send_due_reminders(world.parts.notice_tools())
    return [mail for mail in world.mailer.sent if mail.to == to]


def renamed(world: World, **names: str) -> None:
    """Ongoing calls things otherwise from now on."""
    world.ongoing.set_options(renamed=names)


# ---- a run


@pytest.mark.parametrize(
    ("options", "kind", "name"),
    [
        ({"renamed": {"Invoices": "Fakturor"}}, Misunderstanding.LIST, "result: Fakturor"),
        ({"renamed": {"InvoiceId": "Nyckel"}}, Misunderstanding.INVOICE, "invoice: Nyckel"),
        ({"renamed": {"InvoiceAmount": "Belopp"}}, Misunderstanding.INVOICE, "invoice: Belopp"),
    ],
)
def test_a_changed_interface_is_told_to_everybody_within_one_run(
    options: Mapping[str, Any], kind: Misunderstanding, name: str
) -> None:
    """Page, mail and alarm; no invoice is lost, and when it is mended all go by themselves."""
    world = connected()
    world.ongoing.set_options(**options)
    summary = ran(world)

    assert summary.problem is not None
    assert (summary.problem.code, summary.problem.fixer) == (IssueCode.WMS_NOT_UNDERSTOOD, Fixer.SERVICE_OPERATOR)
    assert (summary.problem.params["kind"], name in summary.problem.params["unknown"]) == (kind, True)
    assert "wms_not_understood" in [event for event, _ in world.reports]
    (mail,) = mailed(world)
    assert WAREHOUSE in mail.subject
    assert name in mail.text
    assert "invoicing check wms" in mail.text

    world.ongoing.set_options(renamed={})
    assert ran(world).sent == len(GOOD)


def test_the_mail_is_sent_once_and_not_at_every_run() -> None:
    """The alarm rings at each of them; a mail each quarter of an hour would be thrown away unread."""
    world = connected()
    renamed(world, Invoices="Fakturor")
    counts = []
    for _ in range(3 * 96):  # three days
        ran(world)
        counts.append(len(mailed(world)))

    assert set(counts) == {1}


def test_each_kind_has_a_mail_of_its_own_and_what_comes_again_too() -> None:
    """What was mended in spring and breaks in autumn is news."""
    world = connected()
    for names in ({"Invoices": "Fakturor"}, {"InvoiceId": "Nyckel"}, {}, {"Invoices": "Fakturor"}):
        renamed(world, **names)
        ran(world)
        ran(world)
        world.later(days=1)

    assert len(mailed(world)) == 3


def test_a_system_that_cannot_make_up_its_mind_fills_no_mailbox() -> None:
    """One mail a day for the same trouble, however often it comes and goes."""
    world = connected()
    for n in range(20):
        renamed(world, **({"Invoices": "Fakturor"} if n % 2 else {}))
        ran(world)

    assert len(mailed(world)) == 1


def test_no_mail_shows_what_an_element_holds() -> None:
    """Names of elements may be sent to anybody; names of goods owners, amounts and texts may not."""
    world = connected()
    renamed(world, InvoiceAmount="Belopp", GoodsOwner="Kund")
    ran(world)
    (mail,) = mailed(world)
    warehouse = world.ongoing.warehouse(WAREHOUSE)
    values = {owner.name for owner in warehouse.goods_owners} | {one.title for one in warehouse.invoices if one.title}

    assert "Belopp" in mail.text
    assert [value for value in values if value in mail.text + mail.html] == []


def test_where_nobody_is_named_for_alarms_only_the_alarm_tells() -> None:
    """And the outbox does not try again every hour."""
    world = connected()
    world.operator_address = ""
    renamed(world, Invoices="Fakturor")
    ran(world)
    for _ in range(5):
        world.later(hours=1)
        assert mailed(world) == []

    told = [fields for event, fields in world.reports if event == "notice_not_sent"]
    assert [fields["reason"] for fields in told] == ["no address"]
    assert all(notice.closed for notice in world.notices.all if notice.kind is NoticeKind.NOT_UNDERSTOOD)


@pytest.mark.parametrize(
    "rule",
    [
        FaultRule(effect=Effect.STATUS, status=404, times=None, match=LISTING),
        FaultRule(
            effect=Effect.SOAP_FAULT,
            message="Server was unable to read request: unexpected element UserName",
            times=None,
            match=LISTING,
        ),
        FaultRule(effect=Effect.SUCCESS_FALSE, message="Unknown element Password", times=None, match=LISTING),
        FaultRule(effect=Effect.STATUS, status=410, times=None, match=LISTING),
        FaultRule(effect=Effect.BOMB, times=None, match=LISTING),
        FaultRule(effect=Effect.ENCODING, times=None, match=LISTING),
    ],
)
def test_no_warehouse_is_told_that_its_password_is_wrong_when_ongoing_has_changed(rule: FaultRule) -> None:
    """An address that is gone, and a message that quotes the names of our own elements, are no word on a password."""
    world = connected()
    world.ongoing.add_fault(rule)
    summary = ran(world)

    assert summary.problem is not None
    assert summary.problem.code is IssueCode.WMS_NOT_UNDERSTOOD
    for language in Language:
        text = issue_text(summary.problem, language)
        assert "user" not in f"{text.title}{text.cause}{text.fix}".lower()
    world.ongoing.clear_faults()
    assert ran(world).sent == len(GOOD)


# ---- writing


def test_a_mark_that_ongoing_answers_in_a_new_way_holds_as_not_understood() -> None:
    """The invoice is in Fortnox, and stays one; the operator is told by the first of them."""
    world = connected()
    world.ongoing.add_fault(FaultRule(effect=Effect.STATUS, status=410, times=None, match=WRITING))
    first = ran(world)
    counts = [len(mailed(world))]
    for _ in range(2 * 96):
        ran(world)
        counts.append(len(mailed(world)))
    records, _ = world.exports.page(WAREHOUSE, limit=50)
    held = [record.issue.code for record in records if record.issue and record.fortnox_number]
    world.ongoing.clear_faults()
    last = ran(world)

    assert first.problem is not None
    assert first.problem.code is IssueCode.WMS_NOT_UNDERSTOOD
    assert set(counts) == {1}
    assert set(held) == {IssueCode.WMS_NOT_UNDERSTOOD}
    assert last.problem is None
    assert len(world.fortnox.state()["companies"][TENANT_ID]["invoices"]) == len(GOOD)


# ---- signing in


def test_at_the_login_it_is_neither_a_wrong_password_nor_silent() -> None:
    """The first warehouse of all meets it there. It is told once a day, whoever tries."""
    world = World()
    renamed(world, Invoices="Fakturor")
    for _ in range(4):  # then it has to wait, as after any tries
        with pytest.raises(SignInRefusedError) as refused:
            world.sign_in()
        assert refused.value.problem is SignInProblem.WMS_NOT_UNDERSTOOD

    (mail,) = mailed(world)
    assert (WAREHOUSE in mail.subject, "result: Fakturor" in mail.text) == (True, True)


def test_an_address_that_does_not_exist_is_a_mistyped_system_at_the_login() -> None:
    """Nobody is woken because somebody mistyped."""
    world = World()
    with pytest.raises(SignInRefusedError) as refused:
        world.sign_in(system="nordlagger.ongoingsystems.se")

    assert refused.value.problem is SignInProblem.REFUSED
    assert "wms_not_understood" not in [event for event, _ in world.reports]
    assert mailed(world) == []


def test_who_is_told_reads_the_language_of_the_system() -> None:
    """Both are complete."""
    world = connected()
    integration = world.integrations.get(WAREHOUSE)
    assert integration is not None
    assert integration.settings is not None
    settings = replace(integration.settings, language=Language.ENGLISH)
    world.integrations.put(replace(integration, settings=settings, version=integration.version + 1))
    renamed(world, Invoices="Fakturor")
    ran(world)
    (mail,) = mailed(world)

    assert "nothing is lost" in mail.text.lower()
