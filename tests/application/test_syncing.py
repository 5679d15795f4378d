"""Runs of one integration: what is due is in Fortnox once, right to the öre, and marked in Ongoing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, cast

import pytest
from invoicing.application.change_integration import sync_now
from invoicing.application.http import HttpAnswer, HttpRequest
from invoicing.application.ports import CannotOpenError, SyncRequest, WmsPage
from invoicing.application.read_wms import SLOW_SECONDS
from invoicing.application.steer_run import HOPS
from invoicing.application.sync_integration import sync_integration
from invoicing.application.sync_tools import Lanes
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration import Integration, RunSummary
from invoicing.domain.integration_settings import ExportWhen
from invoicing.domain.issue import Fixer, IssueCode
from invoicing.domain.look import Look
from invoicing.domain.notice import Notice, NoticeKind
from invoicing.domain.sent_work import Closing
from invoicing.domain.tokens import Mode
from invoicing.domain.wms_invoice import WmsLogin

from local.fortnox.seed import TENANT_ID
from local.ongoing import seed
from local.ongoing.faults import Effect, FaultRule, Match
from local.ongoing.in_process import InProcessTransport
from local.ongoing.seed import WAREHOUSE
from tests.support.fakes import interrupted
from tests.support.world import World

GOOD = {seed.PLAIN, seed.MANY_CHARGES, seed.THREE_DECIMALS, seed.CLAIM, seed.EUROS, seed.OWN_NUMBER}


def connected() -> World:
    """An active integration that has not run yet."""
    world = World()
    world.connect()
    return world


def record(world: World, invoice_id: int) -> Export:
    """The record of an invoice that must have one."""
    found = world.exports.get(WAREHOUSE, invoice_id)
    assert found is not None
    return found


def in_fortnox(world: World) -> list[dict[str, object]]:
    """Invoices that Fortnox has."""
    invoices: dict[str, dict[str, object]] = world.fortnox.state()["companies"][TENANT_ID]["invoices"]
    return list(invoices.values())


def calls(world: World) -> tuple[int, int]:
    """How often Fortnox's API and Ongoing were called so far."""
    fortnox = [call for call in world.fortnox.calls() if call.path.startswith("/3/")]
    return len(fortnox), len(world.ongoing.calls)


def run(world: World) -> RunSummary:
    """A run that must take place."""
    summary = world.run()
    assert summary is not None
    return summary


def test_a_remembered_article_that_is_gone_is_created_again_after_the_refusal() -> None:
    """What Fortnox refuses an invoice for is no longer believed of it."""
    world = connected()
    run(world)
    world.fortnox.remove_entry(TENANT_ID, "articles", "100")
    another = replace(world.ongoing.invoice(WAREHOUSE, seed.PLAIN), id=7000, number=None, is_exported=False)
    world.ongoing.put_invoice(WAREHOUSE, another)
    world.later(minutes=15)
    run(world)
    refused = record(world, 7000)
    world.later(hours=1)
    run(world)

    assert refused.state is ExportState.HELD
    assert record(world, 7000).state is ExportState.DONE


def test_what_is_due_is_in_fortnox_with_the_same_total_and_marked_in_ongoing() -> None:
    """The whole job."""
    world = connected()
    summary = run(world)

    assert (summary.sent, summary.held, summary.waiting, summary.problem) == (len(GOOD), 6, 1, None)
    for invoice_id in GOOD:
        export = record(world, invoice_id)
        wms = world.ongoing.invoice(WAREHOUSE, invoice_id)
        assert export.state is ExportState.DONE
        assert export.fortnox_net == wms.total
        assert (wms.number, wms.is_exported) == (export.fortnox_number, True)


def test_a_run_says_what_it_looks_at_while_it_works() -> None:
    """Until it ends: then its summary stands there, and before the first one there is no finished run."""
    world = connected()
    seen: list[Integration] = []

    def look(_method: str) -> None:
        stored = world.integrations.get(WAREHOUSE)
        assert stored is not None
        seen.append(stored)

    world.exports = interrupted(world.exports, after=look)
    run(world)
    look("")
    under_way = seen[-2].run_under_way(world.clock())

    assert under_way is not None
    assert under_way.invoices >= GOOD
    assert seen[-2].last_run is None
    assert seen[-1].run_under_way(world.clock()) is None
    assert seen[-1].last_run is not None


@pytest.mark.parametrize("after", [timedelta(0), timedelta(seconds=59)])
def test_two_clicks_that_saw_the_same_page_are_one_run(after: timedelta) -> None:
    """Whoever is second is told, and the queue has one message."""
    world = connected()
    integration = world.integrations.get(WAREHOUSE)
    assert integration is not None
    first = sync_now(world.change_tools(), integration, by="anna")
    world.clock.advance(after)
    second = sync_now(world.change_tools(), integration, by="anna")

    assert (first, second) == (True, False)
    assert len([one for one in world.queue.requests if one.by == "anna"]) == 1


@pytest.mark.parametrize(
    ("invoice_id", "code"),
    [
        (seed.NO_CUSTOMER_CODE, IssueCode.CUSTOMER_CODE_MISSING),
        (seed.UNKNOWN_CUSTOMER, IssueCode.CUSTOMER_UNKNOWN),
        (seed.NO_ARTICLE_NUMBER, IssueCode.ARTICLE_NUMBER_MISSING),
        (seed.ARTICLE_NUMBER_WITH_SPACE, IssueCode.ARTICLE_NUMBER_REFUSED),
        (seed.JUNK_ACCOUNT, IssueCode.ACCOUNT_NOT_VALID),
        (seed.SUM_DIFFERS, IssueCode.AMOUNTS_DISAGREE),
    ],
)
def test_a_wrong_invoice_stops_only_itself_and_says_why(invoice_id: int, code: IssueCode) -> None:
    """The others are sent all the same."""
    world = connected()
    run(world)
    export = record(world, invoice_id)

    assert export.state is ExportState.HELD
    assert export.issue is not None
    assert export.issue.code is code
    assert not world.ongoing.invoice(WAREHOUSE, invoice_id).is_exported


def test_created_articles_are_services_with_unit_and_account() -> None:
    """Nothing is left to be mended by hand in Fortnox."""
    world = connected()
    run(world)
    article = world.fortnox.state()["companies"][TENANT_ID]["articles"]["PLOCK"]

    assert (article["Type"], article["Unit"], article["SalesAccount"]) == ("SERVICE", "st", 3042)


def test_a_run_without_news_asks_fortnox_nothing() -> None:
    """Held invoices are looked at again without a call, until an hour has passed or they change."""
    world = connected()
    run(world)
    before = calls(world)[0]
    world.later(minutes=15)
    summary = run(world)

    assert calls(world)[0] == before
    assert (summary.sent, summary.updated, summary.held) == (0, 0, 6)


def test_a_held_invoice_is_sent_by_itself_when_its_cause_is_gone() -> None:
    """Nobody needs to press anything."""
    world = connected()
    run(world)
    world.fortnox.add_customer(TENANT_ID, {"CustomerNumber": "1010", "Name": "Café Ångström och Söner AB"})
    owners = tuple(
        replace(owner, financial_code="1010") if owner.id == seed.CAFE else owner
        for owner in world.ongoing.warehouse(WAREHOUSE).goods_owners
    )
    world.ongoing.put_warehouse(replace(world.ongoing.warehouse(WAREHOUSE), goods_owners=owners))
    world.later(minutes=15)
    run(world)

    export = record(world, seed.NO_CUSTOMER_CODE)
    assert (export.state, export.issue) == (ExportState.DONE, None)


def test_an_invoice_exported_again_is_updated_and_not_sent_twice() -> None:
    """Same number, new rows, new total."""
    world = connected()
    run(world)
    before = record(world, seed.PLAIN)
    count = len(in_fortnox(world))
    charge = replace(world.ongoing.invoice(WAREHOUSE, seed.PLAIN).charges[0], quantity=Decimal(14))
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, charges=(charge,), is_exported=False)
    world.later(minutes=15)
    summary = run(world)

    after = record(world, seed.PLAIN)
    assert summary.updated == 1
    assert len(in_fortnox(world)) == count
    assert (after.fortnox_number, after.fortnox_net) == (before.fortnox_number, Decimal(14 * 85))
    assert world.ongoing.invoice(WAREHOUSE, seed.PLAIN).is_exported


def test_an_invoice_exported_again_unchanged_costs_one_read_and_no_write() -> None:
    """Fortnox says that it is still there as we left it; then the mark is set again."""
    world = connected()
    run(world)
    before = calls(world)[0]
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, is_exported=False)
    world.later(minutes=15)
    run(world)
    number = record(world, seed.PLAIN).fortnox_number
    asked = [(call.method, call.path) for call in world.fortnox.calls() if call.path.startswith("/3/")][before:]

    assert asked == [("GET", f"/3/invoices/{number}")]
    assert world.ongoing.invoice(WAREHOUSE, seed.PLAIN).is_exported


def test_a_booked_invoice_is_not_touched_and_becomes_an_issue() -> None:
    """Bookkeeping that is closed stays closed."""
    world = connected()
    run(world)
    number = record(world, seed.PLAIN).fortnox_number
    world.fortnox.change_entry(TENANT_ID, "invoices", number, {"Booked": True})
    charge = replace(world.ongoing.invoice(WAREHOUSE, seed.PLAIN).charges[0], quantity=Decimal(14))
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, charges=(charge,), is_exported=False)
    world.later(minutes=15)
    run(world)

    export = record(world, seed.PLAIN)
    assert export.issue is not None
    assert export.issue.code is IssueCode.INVOICE_BOOKED
    assert export.issue.params["reason"] == "booked"


@pytest.mark.parametrize("effect", ["before", "after"])
def test_a_lost_answer_to_a_post_leads_to_a_search_and_never_to_a_second_invoice(effect: str) -> None:
    """Fortnox has no idempotency key: our record and our reference are what makes it safe."""
    world = connected()
    world.fortnox.add_faults(
        [{"match": {"method": "POST", "path_regex": "^/3/invoices"}, "times": 1, "effect": effect}]
    )
    first = run(world)
    world.later(minutes=15)
    second = run(world)

    references = [invoice["ExternalInvoiceReference1"] for invoice in in_fortnox(world)]
    assert (first.failed, second.failed) == (1, 0)
    assert len(references) == len(set(references)) == len(GOOD)
    assert all(record(world, invoice_id).state is ExportState.DONE for invoice_id in GOOD)


def test_a_lost_answer_to_the_write_back_is_repeated_without_fortnox() -> None:
    """Setting the same again is harmless."""
    world = connected()
    world.ongoing.add_fault(FaultRule(effect=Effect.AFTER, match=Match(operation="UpdateInvoice")))
    first = run(world)
    before = len(in_fortnox(world))
    world.later(minutes=15)
    run(world)

    assert first.failed == 1
    assert len(in_fortnox(world)) == before
    assert all(world.ongoing.invoice(WAREHOUSE, invoice_id).is_exported for invoice_id in GOOD)


def test_a_total_that_fortnox_sees_differently_is_an_issue_and_not_marked() -> None:
    """Never a silent difference: here Fortnox adds the customer's fee to the net."""
    world = connected()
    world.fortnox.change_options({"net_includes_fees": True})
    world.fortnox.change_entry(TENANT_ID, "customers", "1001", {"InvoiceAdministrationFee": "45"})
    run(world)

    export = record(world, seed.PLAIN)
    assert export.issue is not None
    assert export.issue.code is IssueCode.TOTAL_DIFFERS
    assert export.fortnox_number
    assert not world.ongoing.invoice(WAREHOUSE, seed.PLAIN).is_exported


def test_a_total_that_a_person_put_right_in_fortnox_closes_its_issue_without_a_change() -> None:
    """What is right already is not written again."""
    world = connected()
    world.fortnox.change_options({"net_includes_fees": True})
    world.fortnox.change_entry(TENANT_ID, "customers", "1001", {"InvoiceAdministrationFee": "45"})
    run(world)
    number = record(world, seed.PLAIN).fortnox_number
    world.fortnox.change_entry(TENANT_ID, "invoices", number, {"AdministrationFee": 0, "Net": 1020})
    world.fortnox.clear_calls()
    world.later(minutes=75)
    run(world)

    writes = [call for call in world.fortnox.calls() if call.method == "PUT" and call.path.endswith(number)]
    assert record(world, seed.PLAIN).state is ExportState.DONE
    assert writes == []


def test_when_time_runs_low_the_rest_is_asked_for_in_a_new_run() -> None:
    """Stops between invoices, loses nothing, and says where it stopped."""
    world = connected()
    exports = world.exports

    def low(method: str) -> None:
        if method == "save":
            world.time_left = 80.0

    world.exports = interrupted(exports, after=low)
    summary = run(world)
    world.exports = exports
    continued = world.queue.requests[-1]
    world.time_left = 300.0

    assert 0 < summary.sent < len(GOOD)
    assert continued.slot.startswith("continue-")
    assert (continued.after >= seed.PLAIN, continued.hops) == (True, 1)
    assert summary.sent + run(world).sent == len(GOOD)


def test_a_wms_that_refuses_the_stored_login_is_a_problem_of_the_integration() -> None:
    """Its password was changed: the operator is told, nothing else happens."""
    world = connected()
    users = tuple(replace(user, password="changed") for user in world.ongoing.warehouse(WAREHOUSE).users)
    world.ongoing.put_warehouse(replace(world.ongoing.warehouse(WAREHOUSE), users=users))
    summary = run(world)

    assert summary.problem is not None
    assert summary.problem.code is IssueCode.WMS_LOGIN_REFUSED


@pytest.mark.parametrize("what", ["the password for Ongoing", "the keys to Fortnox"])
def test_what_we_cannot_open_is_ours_and_nobody_s_password(what: str) -> None:
    """A wrong name of a stage, a key that is disabled: it rings, and no warehouse is sent astray."""
    world = World()
    world.connect(Mode.PERSONAL)
    world.later(hours=2)  # keys must be renewed
    opens = world.sealer.open

    def refuse(sealed: bytes, context: Mapping[str, str]) -> bytes:
        if (context.get("secret") == "wms-password") is (what == "the password for Ongoing"):
            raise CannotOpenError("sealed under another context, or damaged")
        return opens(sealed, context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.sealer, "open", refuse)
        summary = run(world)
    lines = [fields for event, fields in world.reports if event == "our_defect"]

    assert summary.problem is not None
    assert (summary.problem.code, summary.problem.fixer) == (IssueCode.NOT_OPENING, Fixer.SERVICE_OPERATOR)
    assert lines == [{"integration": WAREHOUSE, "reason": f"{what} cannot be opened"}]
    assert in_fortnox(world) == []
    assert run(world).sent == len(GOOD)


@pytest.mark.parametrize(
    "rule",
    [
        FaultRule(effect=Effect.SOAP_FAULT, times=None),
        FaultRule(effect=Effect.SUCCESS_FALSE, times=None),
        FaultRule(effect=Effect.HALF, times=None),
        FaultRule(effect=Effect.HTML, times=None),
    ],
)
def test_a_wms_that_answers_nonsense_is_told_and_tried_again(rule: FaultRule) -> None:
    """The next run finds everything as it was."""
    world = connected()
    world.ongoing.add_fault(rule)
    summary = run(world)
    world.ongoing.clear_faults()

    assert summary.problem is not None
    assert summary.problem.code is IssueCode.WMS_NOT_ANSWERING
    assert run(world).sent == len(GOOD)


def test_invoices_before_the_start_date_are_never_sent_unasked() -> None:
    """History stays history."""
    world = connected()
    integration = world.integrations.get(WAREHOUSE)
    assert integration is not None
    assert integration.settings is not None
    settings = replace(integration.settings, from_date=world.today)
    world.integrations.put(replace(integration, settings=settings, version=integration.version + 1))

    assert run(world).sent == 0


def test_an_invoice_that_is_asked_for_is_sent_whatever_the_settings_say() -> None:
    """*Only when asked* is a setting too."""
    world = connected()
    integration = world.integrations.get(WAREHOUSE)
    assert integration is not None
    assert integration.settings is not None
    settings = replace(integration.settings, export_when=ExportWhen.WHEN_ASKED)
    world.integrations.put(replace(integration, settings=settings, version=integration.version + 1))
    nothing = run(world)
    world.integrations.ask_for(WAREHOUSE, frozenset({seed.PLAIN}))
    one = run(world)

    assert (nothing.sent, one.sent) == (0, 1)
    asked = world.integrations.get(WAREHOUSE)
    assert asked is not None
    assert asked.asked == frozenset()


def test_a_renewed_access_token_goes_unnoticed() -> None:
    """Fortnox answers 401 once; the run goes on."""
    world = connected()
    world.fortnox.expire_access_tokens(TENANT_ID)

    assert run(world).sent == len(GOOD)


def test_access_tokens_that_expire_again_and_again_are_renewed_each_time() -> None:
    """An older stored token is no substitute for one that Fortnox refused."""
    world = connected()
    template = world.ongoing.invoice(WAREHOUSE, seed.PLAIN)
    summaries = []
    for number in range(3):
        world.fortnox.expire_access_tokens(TENANT_ID)
        world.ongoing.put_invoice(WAREHOUSE, replace(template, id=7000 + number))
        world.later(minutes=1)
        summaries.append(run(world))

    assert [summary.problem for summary in summaries] == [None] * 3
    assert [summary.sent for summary in summaries] == [len(GOOD) + 1, 1, 1]


def test_a_fresh_access_token_that_is_refused_does_not_break_the_connection() -> None:
    """Only dead keys do; this is Fortnox's trouble, and passes."""
    world = connected()
    rule = {"match": {"path_regex": "^/3/"}, "times": 100, "effect": "status", "status": 401}
    world.fortnox.add_faults([rule])
    summary = run(world)
    world.fortnox.clear_faults()

    assert summary.problem is not None
    assert summary.problem.code is IssueCode.FORTNOX_NOT_ANSWERING
    assert run(world).sent == len(GOOD)


def test_a_lost_reply_about_the_keys_heals_in_the_same_run() -> None:
    """Client credentials can be asked for again."""
    world = connected()
    world.fortnox.expire_access_tokens(TENANT_ID)
    world.fortnox.add_faults([{"match": {"path_regex": "/oauth-v1/token"}, "times": 1, "effect": "after"}])

    assert run(world).sent == len(GOOD)


def test_lost_replies_about_the_keys_cost_a_quarter_of_an_hour_and_nothing_else() -> None:
    """The invoice was not sent, and is known not to be: the next run needs no search."""
    world = connected()
    world.fortnox.expire_access_tokens(TENANT_ID)
    world.fortnox.add_faults([{"match": {"path_regex": "/oauth-v1/token"}, "times": 2, "effect": "after"}])
    first = run(world)
    world.fortnox.clear_calls()
    world.later(minutes=1)
    second = run(world)

    searches = [call for call in world.fortnox.calls() if call.path == "/3/invoices" and call.method == "GET"]
    assert (first.failed, first.sent + second.sent) == (1, len(GOOD))
    assert searches == []


def test_dead_keys_hold_the_work_and_put_one_notice() -> None:
    """A first refusal is not believed yet; nothing is dropped, and nobody is mailed twice."""
    world = connected()
    world.fortnox.destroy_tokens(TENANT_ID)
    world.fortnox.expire_access_tokens(TENANT_ID)
    doubted = run(world)
    world.later(minutes=15)
    summary = run(world)

    assert doubted.problem is not None
    assert doubted.problem.code is IssueCode.FORTNOX_NOT_ANSWERING
    assert summary.problem is not None
    assert summary.problem.code is IssueCode.CONNECTION_BROKEN
    assert world.run() is None
    assert [notice.kind for notice in world.notices.all].count(NoticeKind.BROKEN) == 1
    assert in_fortnox(world) == []


def told(notice: Notice) -> Closing:
    """What a closing notice tells."""
    assert notice.closing is not None
    return notice.closing


def test_after_reactivation_what_waited_is_sent_and_a_closing_notice_says_so() -> None:
    """How many invoices and what sum, per currency."""
    world = connected()
    world.fortnox.destroy_tokens(TENANT_ID)
    world.fortnox.expire_access_tokens(TENANT_ID)
    run(world)
    world.later(minutes=15)
    run(world)
    world.later(hours=3)
    world.approve(world.start())
    summary = run(world)

    closing = [notice for notice in world.notices.all if notice.kind is NoticeKind.REACTIVATED]
    broken = [notice for notice in world.notices.all if notice.kind is NoticeKind.BROKEN]
    assert summary.sent == len(GOOD)
    assert [told(notice).sent.count for notice in closing] == [len(GOOD)]
    assert set(told(closing[0]).sent.sums) == {"SEK", "EUR"}
    assert [notice.closed for notice in broken] == [True]


def reactivated(world: World) -> None:
    """The keys were dead, and an administrator approved again."""
    world.integrations.mark_broken(WAREHOUSE, at=world.clock())
    world.later(hours=3)
    world.approve(world.start())


def closing_notices(world: World) -> list[Notice]:
    """Those that say what was sent since a reactivation."""
    return [notice for notice in world.notices.all if notice.kind is NoticeKind.REACTIVATED]


def test_a_closing_notice_counts_what_several_runs_sent() -> None:
    """What waited was more than one run could do in its time; a hiccup of Ongoing ends none of it either."""
    world = connected()
    ids = a_long_list(world)
    reactivated(world)
    world.time_left = 279.0  # enough for the first page alone
    first = run(world)
    after_first = closing_notices(world)
    world.ongoing.add_fault(FaultRule(effect=Effect.HTML, times=3))
    run(world)
    world.ongoing.clear_faults()
    second = run(world)
    nets = [export.fortnox_net for one in ids if (export := record(world, one)).currency == "SEK"]

    assert after_first == []
    assert first.sent + second.sent == len(ids)
    (closing,) = closing_notices(world)
    assert (told(closing).sent.count, told(closing).held) == (len(ids), 6)
    assert told(closing).sent.sums["SEK"] == sum(net for net in nets if net is not None)


def test_after_the_closing_notice_nothing_more_is_written_about_it() -> None:
    """An idle run costs one write, also where keys once died; keys that die again are another matter."""
    world = connected()
    reactivated(world)
    run(world)
    notices = world.notices
    asked: list[str] = []
    world.notices = interrupted(notices, before=asked.append)
    run(world)
    world.notices = notices
    reactivated(world)
    run(world)

    assert asked == []
    assert [told(notice).sent.count for notice in closing_notices(world)] == [len(GOOD), 0]


def test_a_missing_licence_stops_the_run_with_fortnox_own_words() -> None:
    """An administrator must order it; reconnecting would not help."""
    world = connected()
    world.fortnox.change_company(TENANT_ID, {"licences": ["companyinformation"]})
    summary = run(world)

    assert summary.problem is not None
    assert summary.problem.code is IssueCode.LICENCE_MISSING


def test_a_backlog_is_sent_at_the_speed_of_the_limit_without_a_refused_call() -> None:
    """25 calls in any 5 seconds: at least 95 % of them used, none refused."""
    world = connected()
    template = world.ongoing.invoice(WAREHOUSE, seed.PLAIN)
    for number in range(60):
        world.ongoing.put_invoice(WAREHOUSE, replace(template, id=7000 + number))
    started = world.clock()
    world.time_left = 3000.0
    summary = run(world)

    refused = [call for call in world.fortnox.calls() if call.status == 429]
    assert summary.sent == len(GOOD) + 60
    assert refused == []
    assert world.clock() - started < timedelta(seconds=calls(world)[0] / 5 / 0.95)


def a_long_list(world: World) -> set[int]:
    """More good invoices than Ongoing gives on its first page; their ids."""
    template = world.ongoing.invoice(WAREHOUSE, seed.PLAIN)
    ids = set(range(7000, 7060))
    for number in ids:
        world.ongoing.put_invoice(WAREHOUSE, replace(template, id=number))
    return ids | GOOD


def marked(world: World, ids: set[int]) -> set[int]:
    """Those of them that Ongoing has as exported."""
    return {one for one in ids if world.ongoing.invoice(WAREHOUSE, one).is_exported}


def test_a_long_list_is_read_while_its_beginning_is_sent() -> None:
    """One page at a time, so that memory does not grow with the list."""
    world = connected()
    ids = a_long_list(world)
    world.ongoing.clear_calls()
    summary = run(world)
    operations = [call.operation for call in world.ongoing.calls]
    pages = [place for place, operation in enumerate(operations) if operation == "GetInvoicesByQuery"]

    assert marked(world, ids) == ids
    assert summary.sent == len(ids)
    assert len(pages) == 2
    assert pages[1] > 30


def test_what_a_run_looks_at_is_told_page_by_page() -> None:
    """The progress goes on from one page to the next, and what is begun is followed up should the run be killed."""
    world = connected()
    ids = a_long_list(world)
    exports = world.exports
    totals: list[int] = []
    unfollowed: set[int] = set()

    def look(_method: str) -> None:
        stored = world.integrations.get(WAREHOUSE)
        assert stored is not None
        if stored.under_way is not None:
            totals.append(stored.under_way.ended + len(stored.under_way.invoices))
        begun = {one for one in ids if (export := exports.get(WAREHOUSE, one)) and export.attempt_id}
        unfollowed.update(one for one in begun - stored.unfinished if one not in marked(world, {one}))

    world.exports = interrupted(exports, after=look)
    run(world)

    assert totals == sorted(totals)
    assert len(set(totals)) == 2
    assert totals[-1] >= len(ids)
    assert unfollowed == set()


def test_when_a_later_page_does_not_come_what_was_read_is_sent() -> None:
    """The run says what was wrong, and the next one does the rest. Half a list says nothing of what is not in it."""
    world = connected()
    ids = a_long_list(world)
    for nth in (2, 3, 4):  # a large, an ordinary and a small page
        read = Match(operation="GetInvoicesByQuery", nth=nth)
        world.ongoing.add_fault(FaultRule(effect=Effect.STATUS, status=500, match=read))
    world.ongoing.clear_calls()
    first = run(world)
    sent_first = marked(world, ids)
    by_id = [call.asked.get("ids") for call in world.ongoing.calls if call.asked.get("ids")]
    second = run(world)

    assert first.problem is not None
    assert first.problem.code is IssueCode.WMS_NOT_ANSWERING
    assert first.sent == len(sent_first) == 43
    assert by_id == []
    assert (second.sent, second.problem) == (len(ids) - 43, None)
    assert marked(world, ids) == ids


def test_when_a_password_changes_while_a_list_is_read_what_was_begun_is_ended() -> None:
    """Nothing that Fortnox took is left without a record of it."""
    world = connected()
    ids = a_long_list(world)
    read = Match(operation="GetInvoicesByQuery", nth=2)
    world.ongoing.add_fault(FaultRule(effect=Effect.SOAP_FAULT, message="You lack permission", match=read))
    summary = run(world)
    states = {export.state for one in ids if (export := world.exports.get(WAREHOUSE, one))}

    assert summary.problem is not None
    assert summary.problem.code is IssueCode.WMS_LOGIN_REFUSED
    assert states == {ExportState.DONE}
    assert len(marked(world, ids)) == summary.sent == 43


def test_no_further_page_is_read_when_time_runs_low() -> None:
    """What is under way must end, and an answer of Ongoing may take its time."""
    world = connected()
    ids = a_long_list(world)
    world.time_left = 279.0
    first = run(world)
    second = run(world)
    continued = [request.slot for request in world.queue.requests if request.slot.startswith("continue-")]

    assert len(continued) == 1
    assert (first.sent, first.problem) == (43, None)
    assert second.sent == len(ids) - 43


def test_two_invoices_with_one_number_on_different_pages_never_both_get_it() -> None:
    """The second is refused by Fortnox, and says so."""
    world = connected()
    a_long_list(world)
    for one in (7000, 7059):
        world.ongoing.change_invoice(WAREHOUSE, one, number="77001")
    run(world)
    later = record(world, 7059)

    assert record(world, 7000).fortnox_number == "77001"
    assert (later.state, later.issue and later.issue.code) == (ExportState.HELD, IssueCode.NUMBER_TAKEN)


class KilledAtPost(InProcessTransport):
    """The process ends when it posts an invoice."""

    def send(self, request: HttpRequest) -> HttpAnswer:
        if request.method == "POST" and request.url.endswith("/3/invoices"):
            raise KeyboardInterrupt
        return super().send(request)


def test_a_first_run_that_is_killed_is_not_shown_as_an_empty_run() -> None:
    """There was none that ended; the next one looks at what this one touched."""
    world = connected()
    world.to_fortnox = KilledAtPost(world.fortnox.handle)
    with pytest.raises(KeyboardInterrupt):
        world.run()
    integration = world.integrations.get(WAREHOUSE)

    assert integration is not None
    assert integration.last_run is None
    assert integration.unfinished >= GOOD


# ---- a system that is slow


class SlowOngoing(InProcessTransport):
    """A system whose reads take their time."""

    def __init__(self, world: World, *, seconds: float) -> None:
        super().__init__(world.ongoing.handle)
        self._world = world
        self._seconds = seconds

    def send(self, request: HttpRequest) -> HttpAnswer:
        if "GetInvoicesByQuery" in request.headers.get("SOAPAction", ""):
            self._world.clock.sleep(self._seconds)
        return super().send(request)


def seconds_to(world: World, end: datetime) -> float:
    """How long it is until then."""
    return (end - world.clock()).total_seconds()


def chain(world: World, *, seconds: float, until: int = 40, lasts: float = 300.0) -> list[SyncRequest]:
    """One schedule's run and those that continue it, each in so many seconds of its own; their requests."""
    world.to_ongoing = SlowOngoing(world, seconds=seconds)
    made: list[SyncRequest] = []
    waiting = [SyncRequest(integration_id=WAREHOUSE, by="schedule", slot=world.clock().isoformat())]
    while waiting and len(made) < until:
        request = waiting.pop()
        made.append(request)
        ends = world.clock() + timedelta(seconds=lasts)
        tools = replace(world.sync_tools(), seconds_left=partial(seconds_to, world, ends))
        queued = len(world.queue.requests)
        assert sync_integration(tools, request) is not None
        waiting = world.queue.requests[queued:]
    return made


def last_look(world: World) -> Look:
    """What Ongoing was last seen to have."""
    integration = world.integrations.get(WAREHOUSE)
    assert integration is not None
    assert integration.last_run is not None
    assert integration.last_run.look is not None
    return integration.last_run.look


def only(world: World, count: int, **changes: Any) -> set[int]:
    """The system has so many invoices and no others; their ids."""
    template = replace(world.ongoing.invoice(WAREHOUSE, seed.PLAIN), **changes)
    ids = set(range(7000, 7000 + count))
    invoices = tuple(replace(template, id=number) for number in sorted(ids))
    world.ongoing.put_warehouse(replace(world.ongoing.warehouse(WAREHOUSE), invoices=invoices))
    return ids


@pytest.mark.parametrize(("count", "seconds"), [(60, 25.0), (60, 90.0), (1000, 25.0), (1000, 90.0)])
def test_a_list_of_what_is_not_due_is_read_to_its_end_once(count: int, seconds: float) -> None:
    """However slow the system is: a continuation begins where the last run ended, and nobody reads a page for ever."""
    world = connected()
    only(world, count, period_end=world.today + timedelta(days=20), invoice_date=world.today)
    world.ongoing.clear_calls()
    runs = chain(world, seconds=seconds)
    starts = [request.after for request in runs]

    assert starts == sorted(set(starts))
    assert len(runs) <= HOPS + 1
    assert len(world.ongoing.calls) <= count // 40 + 2 * len(runs)


def test_a_look_in_several_parts_counts_each_invoice_once() -> None:
    """What one run saw and left to the next is not counted twice, and until the end it is said that more may come."""
    world = connected()
    ids = only(world, 1000, period_end=world.today + timedelta(days=20), invoice_date=world.today)
    looks = []
    for seconds, parts in ((200.0, 1), (25.0, 40)):
        chain(world, seconds=seconds, until=parts)
        looks.append(last_look(world))

    first, whole = looks
    assert (first.whole, first.later.count < len(ids)) == (False, True)
    assert (whole.whole, whole.later.count) == (True, len(ids))
    assert whole.later.sums == {"SEK": len(ids) * Decimal(1020)}


def test_what_fortnox_stopped_is_looked_through_to_its_end() -> None:
    """How much waits is known although nothing can be sent, page after page."""
    world = connected()
    ids = only(world, 1000)
    world.fortnox.change_company(TENANT_ID, {"licences": []})
    run(world)

    assert (last_look(world).due.count, last_look(world).whole) == (len(ids), True)


def test_a_run_that_could_not_look_keeps_what_was_seen_before() -> None:
    """With the time of that look."""
    world = connected()
    run(world)
    before = last_look(world)
    world.later(minutes=15)
    world.ongoing.add_fault(FaultRule(effect=Effect.BEFORE, times=None))
    summary = run(world)

    assert summary.problem is not None
    assert last_look(world) == before


def test_an_invoice_whose_post_is_in_doubt_is_counted_by_its_record_alone() -> None:
    """Not once more as one that nobody has begun."""
    world = connected()
    only(world, 1)
    world.fortnox.add_faults([{"match": {"method": "POST", "path_regex": "^/3/invoices"}, "effect": "after"}])
    run(world)

    assert record(world, 7000).state is ExportState.CLAIMED
    assert last_look(world).due.count == 0


def test_a_list_that_is_too_long_for_one_chain_is_read_on_by_the_next_schedule() -> None:
    """Otherwise what stands at its end would never be sent. What a person asks for meanwhile keeps the place."""
    world = connected()
    plain = world.ongoing.invoice(WAREHOUSE, seed.PLAIN)
    growing = only(world, 800, period_end=world.today + timedelta(days=20), invoice_date=world.today)
    due = replace(plain, id=max(growing) + 1)
    world.ongoing.put_invoice(WAREHOUSE, due)
    first = chain(world, seconds=25.0, lasts=140.0)  # one page each
    world.later(minutes=1)
    tools = replace(world.sync_tools(), seconds_left=lambda: 140.0)
    sync_integration(tools, SyncRequest(integration_id=WAREHOUSE, by="anna", slot="asked"))
    world.later(minutes=15)
    world.ongoing.clear_calls()
    chain(world, seconds=25.0)
    begun_after = world.ongoing.calls[0].asked["id_from"]
    stored = world.integrations.get(WAREHOUSE)

    assert len(first) == HOPS + 1
    assert begun_after == min(growing) + 50 * len(first) - 1
    assert marked(world, {due.id}) == {due.id}
    assert stored is not None
    assert stored.last_run is not None
    assert stored.last_run.goes_on_after == 0


def test_a_backlog_in_a_slow_system_is_sent_in_chains_that_end() -> None:
    """No loop of functions: at most so many hops, then the schedule goes on; nothing is sent twice."""
    world = connected()
    ids = only(world, 500)
    longest = 0
    for _ in range(6):
        longest = max(longest, len(chain(world, seconds=25.0)))
        if marked(world, ids) == ids:
            break
        world.later(minutes=15)

    assert marked(world, ids) == ids
    assert len(in_fortnox(world)) == len(ids)
    assert longest <= HOPS + 1


def test_when_nothing_came_of_a_run_no_other_one_is_asked_for() -> None:
    """The next schedule tries; a loop of empty runs helps nobody."""
    world = connected()
    world.time_left = 80.0
    run(world)

    assert world.queue.requests == []


# ---- what was marked


@pytest.mark.parametrize("quantity", [Decimal(13), Decimal(11)])
def test_a_charge_that_comes_after_the_mark_is_billed_by_the_next_run(quantity: Decimal) -> None:
    """Nobody has published whether the mark locks an invoice."""
    world = connected()
    run(world)
    charge = replace(world.ongoing.invoice(WAREHOUSE, seed.PLAIN).charges[0], quantity=quantity)
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, charges=(charge,))
    world.later(minutes=15)
    run(world)

    assert record(world, seed.PLAIN).fortnox_net == quantity * 85
    assert world.ongoing.invoice(WAREHOUSE, seed.PLAIN).is_exported


def test_what_was_marked_is_looked_at_once_more_and_then_no_more() -> None:
    """One question to Ongoing, without charges; none in the runs after it."""
    world = connected()
    run(world)
    counts = []
    for _ in range(3):
        before = calls(world)
        world.later(minutes=15)
        run(world)
        after = calls(world)
        counts.append((after[0] - before[0], after[1] - before[1]))

    assert counts == [(0, 2), (0, 1), (0, 1)]


def test_what_could_not_be_looked_at_once_more_is_looked_at_later() -> None:
    """Ongoing did not answer that one question."""
    world = connected()
    run(world)
    charge = replace(world.ongoing.invoice(WAREHOUSE, seed.PLAIN).charges[0], quantity=Decimal(13))
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, charges=(charge,))
    world.ongoing.add_fault(FaultRule(effect=Effect.HTML, match=Match(operation="GetInvoicesByQuery", nth=2)))
    world.ongoing.clear_calls()
    world.later(minutes=15)
    run(world)
    world.ongoing.clear_faults()
    world.later(minutes=15)
    run(world)

    assert record(world, seed.PLAIN).fortnox_net == 13 * 85


def test_issues_of_the_day_are_put_into_the_outbox_once_a_day() -> None:
    """Before the office opens in Sweden, whatever the season."""
    world = World()
    world.connect()
    world.clock.advance(datetime(2026, 7, 1, tzinfo=UTC) - world.clock())
    for quarter in range(24 * 4):
        run = world.run()
        assert run is not None
        assert run.held > 0
        digests = [notice.id for notice in world.notices.all if notice.kind is NoticeKind.DIGEST]
        assert digests == ([f"digest#{WAREHOUSE}#2026-07-01"] if quarter >= 5 * 4 else [])  # 07:00 in Sweden
        world.clock.advance(timedelta(minutes=15))


def test_without_issues_there_is_no_digest() -> None:
    """A mail that says nothing is not read the next time."""
    world = World()
    world.connect()
    world.ongoing.put_warehouse(replace(world.ongoing.warehouse(WAREHOUSE), invoices=()))
    for _ in range(24):
        world.run()
        world.later(minutes=60)

    assert [notice for notice in world.notices.all if notice.kind is NoticeKind.DIGEST] == []


class Asked:
    """A queue that only remembers what it was given."""

    def __init__(self) -> None:
        self.requests: list[SyncRequest] = []

    def send(self, requests: Iterable[SyncRequest]) -> int:
        """All of them."""
        self.requests += requests
        return len(self.requests)


class Late:
    """Ongoing, after a while; with a patience, an answer that takes longer is not awaited."""

    def __init__(self, world: World, *, answers_in: float, patience: float | None = None) -> None:
        self._world = world
        self._answers_in = answers_in
        self._patience = patience

    def unexported(self, login: WmsLogin, *, since: date, after: int = 0) -> Iterator[WmsPage]:
        """As Ongoing does."""
        if self._patience is not None and self._answers_in > self._patience:
            self._world.clock.sleep(self._patience)
            raise RetryLaterError("no answer")
        self._world.clock.sleep(self._answers_in)
        yield from self._world.sync_tools().wms.unexported(login, since=since, after=after)

    def __getattr__(self, name: str) -> Any:
        """All else at once."""
        return getattr(self._world.sync_tools().wms, name)


def run_beside_others(
    world: World, *, answers_in: float, patience: float = SLOW_SECONDS, by: str = "schedule", slow: bool = False
) -> list[SyncRequest]:
    """One message of the ordinary queue, in a batch; gives what was moved to the queue of the slow ones."""
    other = Asked()
    hasty = Late(world, answers_in=answers_in, patience=patience)
    lanes = Lanes(slow=slow, other=other, hasty=None if slow else cast("Any", hasty))
    tools = replace(world.sync_tools(), lanes=lanes, wms=cast("Any", Late(world, answers_in=answers_in)))
    sync_integration(tools, SyncRequest(integration_id=WAREHOUSE, by=by, slot=world.clock().isoformat()))
    return other.requests


def test_a_system_that_does_not_answer_is_waited_for_only_where_nobody_waits_beside_it() -> None:
    """It is no problem yet: it goes on in the queue of the slow ones, which has patience, and there all is sent."""
    world = connected()
    begun = world.clock()
    (moved,) = run_beside_others(world, answers_in=60.0)
    stored = world.integrations.get(WAREHOUSE)
    waited = world.clock() - begun
    lanes = Lanes(slow=True, other=Asked())
    tools = replace(world.sync_tools(), lanes=lanes, wms=cast("Any", Late(world, answers_in=60.0)))
    summary = sync_integration(tools, moved)

    assert waited == timedelta(seconds=SLOW_SECONDS)
    assert stored is not None
    assert stored.last_run is not None
    assert (stored.last_run.slow, stored.last_run.problem) == (True, None)
    assert summary is not None
    assert summary.sent == len(GOOD)


def test_a_later_page_that_does_not_come_is_read_on_where_nobody_waits_beside_it() -> None:
    """What was listed before it is sent, and the rest begins where that ended."""
    world = connected()
    ids = only(world, 60)
    hasty = without_a_second_page(world)
    other = Asked()
    tools = replace(world.sync_tools(), lanes=Lanes(slow=False, other=other, hasty=hasty))
    sync_integration(tools, SyncRequest(integration_id=WAREHOUSE, by="schedule", slot=world.clock().isoformat()))
    (moved,) = other.requests
    sent = len(in_fortnox(world))
    sync_integration(replace(world.sync_tools(), lanes=Lanes(slow=True, other=Asked())), moved)

    assert 0 < sent < len(ids)
    assert moved.after == min(ids) + sent - 1
    assert marked(world, ids) == ids
    assert len(in_fortnox(world)) == len(ids)


def without_a_second_page(world: World) -> Any:
    """Ongoing, whose second page does not come in time."""

    class Hasty(Late):
        """Patient with the first page only."""

        def unexported(self, login: WmsLogin, *, since: date, after: int = 0) -> Iterator[WmsPage]:
            """The first page."""
            yield next(world.sync_tools().wms.unexported(login, since=since, after=after))
            world.clock.sleep(SLOW_SECONDS)
            raise RetryLaterError("no answer")

    return Hasty(world, answers_in=0.0)


def test_a_person_who_asks_for_a_run_gets_it_however_long_it_takes() -> None:
    """The page would call it done."""
    world = connected()

    assert run_beside_others(world, answers_in=60.0, by="anna") == []
    assert len(in_fortnox(world)) == len(GOOD)


def test_a_system_that_refuses_at_once_is_a_problem_and_not_slow() -> None:
    """Nobody has waited for it."""
    world = connected()
    moved = run_beside_others(world, answers_in=60.0, patience=0.1)
    stored = world.integrations.get(WAREHOUSE)

    assert moved == []
    assert stored is not None
    assert stored.last_run is not None
    assert stored.last_run.problem is not None
    assert not stored.last_run.slow


def test_a_problem_is_not_over_because_a_run_moved_on() -> None:
    """It learned nothing; whoever looks would think that all is well."""
    world = connected()
    run_beside_others(world, answers_in=60.0, patience=0.1)
    before = world.integrations.get(WAREHOUSE)
    world.later(minutes=15)
    (_moved,) = run_beside_others(world, answers_in=60.0)
    stored = world.integrations.get(WAREHOUSE)

    assert before is not None
    assert before.last_run is not None
    assert stored is not None
    assert stored.last_run is not None
    assert stored.last_run.problem == before.last_run.problem
    assert stored.good_at == before.good_at


def run_in(world: World, *, slow: bool, answers_in: float, by: str = "schedule") -> list[SyncRequest]:
    """One message of one of the two queues; gives what was moved to the other."""
    other = Asked()
    tools = replace(world.sync_tools(), lanes=Lanes(slow=slow, other=other))
    world.ongoing.put_warehouse(replace(world.ongoing.warehouse(WAREHOUSE), invoices=()))
    request = SyncRequest(integration_id=WAREHOUSE, by=by, slot=world.clock().isoformat())
    sync_integration(replace(tools, wms=cast("Any", Late(world, answers_in=answers_in))), request)
    world.later(minutes=15)
    return other.requests


def test_a_slow_system_is_worked_on_in_a_queue_of_its_own_until_it_is_quick_again() -> None:
    """Nobody waits beside it; and only one of the two queues works on it, so never two runs at once."""
    world = connected()
    first = run_in(world, slow=False, answers_in=25.0)
    moved = run_in(world, slow=False, answers_in=25.0)
    stays = run_in(world, slow=True, answers_in=7.0)
    leaves = run_in(world, slow=True, answers_in=1.0)
    back = run_in(world, slow=True, answers_in=1.0)
    ordinary = run_in(world, slow=False, answers_in=1.0)

    assert [len(one) for one in (first, moved, stays, leaves, back, ordinary)] == [0, 1, 0, 0, 1, 0]
    assert [request.integration_id for request in (*moved, *back)] == [WAREHOUSE] * 2
    assert moved[0].scheduled_at is not None


def test_a_queue_that_has_fallen_behind_does_not_look_for_every_slot() -> None:
    """An idle run that comes late is stored, so that the messages behind it are seen to be past."""
    world = connected()
    world.ongoing.put_warehouse(replace(world.ongoing.warehouse(WAREHOUSE), invoices=()))
    run(world)
    world.later(minutes=15)
    slots = [(world.clock() + timedelta(minutes=15 * number)).isoformat() for number in range(3)]
    world.later(minutes=31)
    world.ongoing.clear_calls()
    ran = [
        sync_integration(world.sync_tools(), SyncRequest(integration_id=WAREHOUSE, by="schedule", slot=slot))
        for slot in slots
    ]

    assert [one is not None for one in ran] == [True, False, False]
    assert len(world.ongoing.calls) == 1


def test_what_a_person_asked_for_is_moved_under_a_new_name() -> None:
    """SQS drops a name that it has seen within five minutes, and the person would wait in vain."""
    world = connected()
    run_in(world, slow=False, answers_in=25.0)
    (moved,) = run_in(world, slow=False, answers_in=25.0, by="anna")

    assert moved.by == "anna"
    assert moved.slot != (world.clock() - timedelta(minutes=15)).isoformat()
