"""A run does what its dress rehearsal and the preview of each invoice said: all three ask the same function."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from invoicing.application.decide_invoice import decide_invoice
from invoicing.application.preview_invoice import Preview, preview_invoice
from invoicing.application.rehearse import RehearsalTools, rehearse
from invoicing.domain.decision import Way
from invoicing.domain.due import Due
from invoicing.domain.export import EventKind, Export, ExportState
from invoicing.domain.integration import Integration
from invoicing.domain.integration_settings import (
    AccountsAbroad,
    CurrencyRule,
    DueDateFrom,
    ExportWhen,
    TotalGuard,
    ZeroTotal,
)
from invoicing.domain.issue import IssueCode
from invoicing.domain.verdict import Intention

from local.fortnox.seed import TENANT_ID
from local.ongoing import seed
from local.ongoing.seed import WAREHOUSE
from local.ongoing.warehouse import Charge
from tests.support.world import World

type Said = tuple[Intention, IssueCode | None, Decimal | None]
type Trouble = Callable[[World], None]


def stored(world: World) -> Integration:
    """The integration, which there must be."""
    integration = world.integrations.get(WAREHOUSE)
    assert integration is not None
    return integration


def tools(world: World) -> RehearsalTools:
    """What rehearsals and previews work with."""
    return world.parts.rehearsal_tools(stored(world))


def previewed(world: World, invoice_id: int) -> Preview:
    """The preview of an invoice that the system has."""
    shown = preview_invoice(tools(world), stored(world), invoice_id)
    assert shown is not None
    return shown


def in_rehearsal(world: World) -> dict[int, Said]:
    """What the rehearsal says of each invoice that is due."""
    return {
        one.invoice.id: (one.intention, one.issue.code if one.issue else None, one.net)
        for one in rehearse(tools(world), stored(world))
        if one.invoice.id is not None
    }


def in_previews(world: World) -> dict[int, Said]:
    """What the preview of each due invoice says."""
    said: dict[int, Said] = {}
    for invoice in world.ongoing.warehouse(WAREHOUSE).invoices:
        if invoice.is_exported or invoice.goods_owner_id == seed.TRAINING:
            continue
        shown = previewed(world, invoice.id)
        verdict = shown.verdict
        held = verdict.intention is Intention.HOLD
        net = verdict.draft.invoice.net if verdict.draft and not held else None
        if shown.due is Due.NOW:
            said[invoice.id] = (verdict.intention, verdict.issue.code if verdict.issue else None, net)
    return said


_DID = {
    EventKind.CREATED: Intention.CREATE,
    EventKind.UPDATED: Intention.UPDATE,
    EventKind.UNCHANGED: Intention.NOTHING,
}


def in_the_run(world: World) -> dict[int, Said]:
    """What the next run does with each invoice that it looks at, from what it writes about it."""
    before = {one.invoice_id: one.version for one in world.exports.page(WAREHOUSE, limit=1000)[0]}
    listed = {one.id for one in world.ongoing.warehouse(WAREHOUSE).invoices if not one.is_exported}
    world.run()
    did: dict[int, Said] = {}
    for brief in world.exports.page(WAREHOUSE, limit=1000)[0]:
        if brief.invoice_id not in listed:
            continue
        record = world.exports.get(WAREHOUSE, brief.invoice_id)
        assert record is not None
        if record.state is ExportState.HELD:
            did[record.invoice_id] = (Intention.HOLD, record.issue.code if record.issue else None, None)
        elif record.version > before.get(record.invoice_id, 0):
            last = next(event.kind for event in reversed(record.history) if event.kind in _DID)
            did[record.invoice_id] = (_DID[last], None, record.fortnox_net)
    return did


def made(world: World) -> list[Export]:
    """The records of what is in Fortnox."""
    records = [world.exports.get(WAREHOUSE, one.id) for one in world.ongoing.warehouse(WAREHOUSE).invoices]
    return [record for record in records if record is not None and record.fortnox_number]


def connected() -> World:
    """An active integration that has not run yet."""
    world = World()
    world.connect()
    return world


def customer_of_everybody(number: str) -> Trouble:
    """All goods owners have this customer code."""

    def change(world: World) -> None:
        warehouse = world.ongoing.warehouse(WAREHOUSE)
        owners = tuple(replace(owner, financial_code=number) for owner in warehouse.goods_owners)
        world.ongoing.put_warehouse(replace(warehouse, goods_owners=owners))

    return change


def article_of_plain(code: str, **fields: Any) -> Trouble:
    """The plain invoice is for an article that Fortnox has like this."""

    def change(world: World) -> None:
        if fields:
            world.fortnox.change_entry(TENANT_ID, "articles", code, fields)
        charge = replace(world.ongoing.invoice(WAREHOUSE, seed.PLAIN).charges[0], code=code)
        world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, charges=(charge,))

    return change


def shared_number(world: World) -> None:
    """Two invoices have one number."""
    number = world.ongoing.invoice(WAREHOUSE, seed.OWN_NUMBER).number
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, number=number)


def no_rows(world: World) -> None:
    """An invoice without charges, and with an amount all the same."""
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, charges=(), amount=Decimal(5))


def only_inactive_and_new_articles(world: World) -> None:
    """Several unknown articles on one invoice, one of them inactive: they are listed."""
    charges = tuple(
        Charge(id=n, code=code, title=code, account="3041", unit_price=Decimal(1), quantity=Decimal(1))
        for n, code in enumerate(("NY1", "199", "NY2"))
    )
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, charges=charges)


def settings(**changed: Any) -> Trouble:
    """These settings are others than a careful bookkeeper's."""

    def change(world: World) -> None:
        integration = stored(world)
        assert integration.settings is not None
        world.integrations.put(
            replace(integration, settings=replace(integration.settings, **changed), version=integration.version + 1)
        )

    return change


def charged(price: int) -> Trouble:
    """The plain invoice comes to nothing, or to less."""

    def change(world: World) -> None:
        charges = world.ongoing.invoice(WAREHOUSE, seed.PLAIN).charges
        cheap = tuple(replace(one, unit_price=Decimal(price)) for one in charges)
        world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, charges=cheap)

    return change


def all_of(*troubles: Trouble) -> Trouble:
    """One after the other."""

    def change(world: World) -> None:
        for trouble in troubles:
            trouble(world)

    return change


def invoiced_twice(world: World) -> None:
    """A second invoice for the same days, in the same run."""
    plain = world.ongoing.invoice(WAREHOUSE, seed.PLAIN)
    world.ongoing.put_invoice(WAREHOUSE, replace(plain, id=9001, number=None))


TROUBLES: list[Trouble] = [
    lambda _world: None,
    customer_of_everybody("1008"),
    customer_of_everybody("1003"),
    article_of_plain("199"),
    article_of_plain("NEW-ONE"),
    article_of_plain("100", Active=False),
    only_inactive_and_new_articles,
    shared_number,
    no_rows,
    all_of(settings(guard_periods=True), invoiced_twice),
    settings(guard_total=TotalGuard.QUARTER),
    settings(guard_prices=True),
    settings(guard_prices=True, guard_total=TotalGuard.QUARTER),
    settings(currency_rule=CurrencyRule.FROM_WMS),
    settings(currency_rule=CurrencyRule.FROM_FORTNOX),
    all_of(
        settings(accounts_abroad=AccountsAbroad.HOLD, currency_rule=CurrencyRule.FROM_FORTNOX),
        customer_of_everybody("1003"),
    ),
    settings(accounts_abroad=AccountsAbroad.WMS),
    charged(0),
    all_of(settings(zero_total=ZeroTotal.LEAVE), charged(0)),
    charged(-5),
    settings(due_date_from=DueDateFrom.SENDING),
    settings(export_when=ExportWhen.AS_SEEN),
    lambda world: world.fortnox.change_company(TENANT_ID, {"vat_registered": False}),
    lambda world: world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, garbled={"InvoiceAmount": "mycket"}),
]
NAMES = [
    "as it is",
    "customer inactive",
    "other currency",
    "article inactive",
    "article new",
    "article became inactive",
    "several unknown articles",
    "number shared",
    "no rows",
    "guard of periods",
    "guard of totals",
    "guard of prices",
    "two guards",
    "currency from Ongoing",
    "currency from Fortnox",
    "accounts abroad held",
    "accounts abroad sent",
    "nothing",
    "nothing, and left",
    "less than nothing",
    "due from sending",
    "as seen",
    "company without VAT",
    "garbled",
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=NAMES)
def test_the_first_run_does_what_was_said_before(trouble: Trouble) -> None:
    """Of every kind of invoice in the demo's world, and of troubles that only Fortnox knows of."""
    world = connected()
    trouble(world)
    rehearsal, previews = in_rehearsal(world), in_previews(world)
    run = in_the_run(world)

    assert set(run) >= {seed.CLAIM, seed.JUNK_ACCOUNT}
    assert rehearsal == run
    assert previews == run


STATES: list[dict[str, object]] = [
    {},
    {"Cancelled": True},
    {"CreditInvoiceReference": "77"},
    {"Booked": True},
    {"Sent": True},
    {"OrderReference": "12"},
    {"ExternalInvoiceReference1": "SOMETHING ELSE"},
    {"Net": 1},
    {"Currency": "EUR"},
]


@pytest.mark.parametrize("changed", [False, True], ids=["same", "changed"])
@pytest.mark.parametrize("state", STATES, ids=str)
def test_a_later_run_does_what_was_said_before(state: dict[str, object], changed: bool) -> None:
    """Exported again, in every state that Fortnox's invoice can be in; held ones wait for their hour in all three."""
    world = connected()
    world.run()
    record = world.exports.get(WAREHOUSE, seed.PLAIN)
    assert record is not None
    world.fortnox.change_entry(TENANT_ID, "invoices", record.fortnox_number, state)
    charge = replace(world.ongoing.invoice(WAREHOUSE, seed.PLAIN).charges[0], quantity=Decimal(14))
    more = {"charges": (charge,)} if changed else {}
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, is_exported=False, **more)
    world.later(minutes=15)
    rehearsal, previews = in_rehearsal(world), in_previews(world)
    run = in_the_run(world)

    assert seed.PLAIN in run
    assert rehearsal == run
    assert previews == run


def test_what_a_person_let_become_equal_is_said_to_be_updated() -> None:
    """Between the click and the run."""
    world = connected()
    world.run()
    record = world.exports.get(WAREHOUSE, seed.PLAIN)
    assert record is not None
    world.fortnox.change_entry(TENANT_ID, "invoices", record.fortnox_number, {"Sent": True})
    charge = replace(world.ongoing.invoice(WAREHOUSE, seed.PLAIN).charges[0], quantity=Decimal(14))
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, is_exported=False, charges=(charge,))
    world.later(minutes=15)
    world.run()
    decide_invoice(world.change_tools(), stored(world), seed.PLAIN, Way.MAKE_EQUAL, by="anna")
    world.later(minutes=1)
    rehearsal, previews = in_rehearsal(world), in_previews(world)
    run = in_the_run(world)

    assert run[seed.PLAIN] == (Intention.UPDATE, None, Decimal(1190))
    assert rehearsal == run
    assert previews == run


def test_what_a_person_said_is_right_is_said_to_be_created() -> None:
    """A guard asks once; another content is asked about again."""
    world = connected()
    settings(guard_periods=True)(world)
    invoiced_twice(world)
    world.run()
    held = world.exports.get(WAREHOUSE, 9001)
    assert held is not None
    decide_invoice(world.change_tools(), stored(world), 9001, Way.RIGHT, by="anna", seen=held.content)
    world.later(minutes=1)
    rehearsal, previews = in_rehearsal(world), in_previews(world)
    charges = world.ongoing.invoice(WAREHOUSE, 9001).charges
    world.ongoing.change_invoice(WAREHOUSE, 9001, charges=(*charges, replace(charges[0], id=77)))
    changed = in_previews(world)[9001]
    world.ongoing.change_invoice(WAREHOUSE, 9001, charges=charges)
    run = in_the_run(world)

    assert run[9001] == (Intention.CREATE, None, Decimal(1020))
    assert changed == (Intention.HOLD, IssueCode.PERIOD_OVERLAPS, None)
    assert rehearsal == run
    assert previews == run


def test_of_two_for_the_same_days_one_is_made_also_while_prices_are_asked_for() -> None:
    """Both are under way at once; whichever asks last sees the other."""
    world = connected()
    settings(guard_periods=True, guard_prices=True)(world)
    invoiced_twice(world)
    run = in_the_run(world)
    of_one_owner = [run[invoice_id] for invoice_id in (seed.PLAIN, 9001)]

    assert (Intention.HOLD, IssueCode.PERIOD_OVERLAPS, None) in of_one_owner
    assert len({(one.goods_owner, one.period_end) for one in made(world)}) == len(made(world)) > 1


def test_what_fortnox_refused_is_not_promised_while_it_rests() -> None:
    """The preview says what it is held for, until the run tries again."""
    world = connected()
    charge = replace(world.ongoing.invoice(WAREHOUSE, seed.PLAIN).charges[0], account="3999")
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, charges=(charge,))
    world.run()
    world.later(minutes=15)
    resting = previewed(world, seed.PLAIN).verdict
    world.integrations.ask_for(WAREHOUSE, frozenset({seed.PLAIN}))
    asked = previewed(world, seed.PLAIN).verdict

    assert resting.issue is not None
    assert (resting.intention, resting.issue.code) == (Intention.HOLD, IssueCode.ACCOUNT_UNKNOWN)
    assert asked.intention is Intention.CREATE


def test_when_fortnox_does_not_answer_the_preview_still_shows_the_rows() -> None:
    """And says that they were not compared."""
    world = connected()
    api = {"match": {"path_regex": "^/3/"}, "times": 100, "effect": "status", "status": 500}
    world.fortnox.add_faults([api])
    shown = previewed(world, seed.PLAIN)

    assert not shown.compared
    assert shown.verdict.intention is Intention.CREATE
    assert shown.verdict.draft is not None
    assert shown.verdict.draft.invoice.rows


@pytest.mark.parametrize(("quantity", "intention"), [(None, Intention.NOTHING), (14, Intention.UPDATE)])
def test_when_fortnox_does_not_answer_what_was_sent_is_compared_with_what_we_left_there(
    quantity: int | None, intention: Intention
) -> None:
    """The same again is said to be right, anything else to be changed; and that Fortnox was not asked."""
    world = connected()
    world.run()
    charge = world.ongoing.invoice(WAREHOUSE, seed.PLAIN).charges[0]
    changed = replace(charge, quantity=Decimal(quantity)) if quantity else charge
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, is_exported=False, charges=(changed,))
    api = {"match": {"path_regex": "^/3/"}, "times": 100, "effect": "status", "status": 500}
    world.fortnox.add_faults([api])
    shown = previewed(world, seed.PLAIN)

    assert not shown.compared
    assert shown.verdict.intention is intention


def test_when_a_licence_is_missing_the_preview_does_not_promise_anything() -> None:
    """Nor does it hide the rows."""
    world = connected()
    world.fortnox.change_company(TENANT_ID, {"licences": ["companyinformation"]})
    shown = previewed(world, seed.PLAIN)

    assert shown.verdict.issue is not None
    assert (shown.verdict.intention, shown.verdict.issue.code) == (Intention.HOLD, IssueCode.LICENCE_MISSING)
    assert shown.verdict.draft is not None


def test_an_invoice_that_is_not_due_is_previewed_as_such() -> None:
    """It would be created; but not yet."""
    shown = previewed(connected(), seed.STILL_GROWING)

    assert (shown.due, shown.verdict.intention) == (Due.LATER, Intention.CREATE)
