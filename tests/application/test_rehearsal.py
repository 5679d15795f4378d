"""The dress rehearsal: says what would happen, and writes nothing."""

from dataclasses import replace
from decimal import Decimal

import pytest
from invoicing.application.rehearse import Rehearsed, rehearse
from invoicing.domain.issue import IssueCode
from invoicing.domain.verdict import Intention

from local.fortnox.seed import TENANT_ID
from local.ongoing import seed
from local.ongoing.seed import WAREHOUSE
from tests.support.world import World


def rehearsed(world: World) -> dict[int | None, Rehearsed]:
    """The result per invoice."""
    integration = world.integrations.get(WAREHOUSE)
    assert integration is not None
    tools = world.parts.rehearsal_tools(integration)
    return {one.invoice.id: one for one in rehearse(tools, integration)}


def test_it_says_of_each_invoice_what_the_next_run_then_does() -> None:
    """Created, or held for the very same reason."""
    world = World()
    world.connect()
    before = rehearsed(world)
    world.run()

    assert before
    for invoice_id, one in before.items():
        assert invoice_id is not None
        record = world.exports.get(WAREHOUSE, invoice_id)
        assert record is not None
        assert (record.issue.code if record.issue else None) == (one.issue.code if one.issue else None)
        if one.intention is Intention.CREATE:
            assert record.fortnox_net == one.net


def test_it_writes_nothing_anywhere() -> None:
    """Not in Fortnox, not in Ongoing, not in our own tables."""
    world = World()
    world.connect()
    rehearsed(world)

    methods = {call.method for call in world.fortnox.calls() if call.path.startswith("/3/")}
    operations = {call.operation for call in world.ongoing.calls}
    assert methods == {"GET"}
    assert operations == {"GetInvoicesByQuery"}
    assert world.exports.page(WAREHOUSE, limit=10) == ([], None)


def test_an_invoice_exported_again_would_be_updated_or_is_the_same() -> None:
    """Compared with what Fortnox has."""
    world = World()
    world.connect()
    world.run()
    world.ongoing.change_invoice(WAREHOUSE, seed.CLAIM, is_exported=False)
    charge = replace(world.ongoing.invoice(WAREHOUSE, seed.PLAIN).charges[0], quantity=Decimal(14))
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, charges=(charge,), is_exported=False)
    result = rehearsed(world)

    assert result[seed.CLAIM].intention is Intention.NOTHING
    assert (result[seed.PLAIN].intention, result[seed.PLAIN].net) == (Intention.UPDATE, Decimal(14 * 85))


def test_what_would_be_held_says_why() -> None:
    """The same words as on the page of issues."""
    world = World()
    world.connect()
    issue = rehearsed(world)[seed.UNKNOWN_CUSTOMER].issue

    assert issue is not None
    assert issue.code is IssueCode.CUSTOMER_UNKNOWN


def exported_again(world: World, state: dict[str, object], *, changed: bool) -> None:
    """An invoice that was sent and unexported; Fortnox's invoice is in this state."""
    world.run()
    record = world.exports.get(WAREHOUSE, seed.PLAIN)
    assert record is not None
    world.fortnox.change_entry(TENANT_ID, "invoices", record.fortnox_number, state)
    charge = replace(world.ongoing.invoice(WAREHOUSE, seed.PLAIN).charges[0], quantity=Decimal(14))
    changes = {"charges": (charge,)} if changed else {}
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, is_exported=False, **changes)
    world.later(minutes=15)


@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize(
    "state",
    [
        {},
        {"Cancelled": True},
        {"CreditInvoiceReference": "77"},
        {"Booked": True},
        {"OrderReference": "12"},
        {"ExternalInvoiceReference1": "SOMETHING ELSE"},
        {"Net": 1},
        {"Currency": "EUR"},
    ],
    ids=str,
)
def test_of_an_invoice_exported_again_it_says_what_the_run_then_does(state: dict[str, object], changed: bool) -> None:
    """Whatever was done to the invoice in Fortnox meanwhile."""
    world = World()
    world.connect()
    exported_again(world, state, changed=changed)
    said = rehearsed(world)[seed.PLAIN]
    world.fortnox.clear_calls()
    world.run()
    record = world.exports.get(WAREHOUSE, seed.PLAIN)
    wrote = any(call.method == "PUT" for call in world.fortnox.calls())

    assert record is not None
    assert said.issue == record.issue
    assert said.intention is (Intention.HOLD if record.issue else Intention.UPDATE if wrote else Intention.NOTHING)


@pytest.mark.parametrize("state", [{}, {"Net": 1}, {"Cancelled": True}], ids=str)
def test_of_a_total_that_differs_it_says_what_the_run_then_does(state: dict[str, object]) -> None:
    """It was held at once; what a person does in Fortnox, or nobody, decides how it goes on."""
    world = World()
    world.connect()
    world.fortnox.change_options({"net_includes_fees": True})
    world.fortnox.change_entry(TENANT_ID, "customers", "1001", {"InvoiceAdministrationFee": "45"})
    exported_again(world, state, changed=False)
    world.later(hours=1)
    said = rehearsed(world)[seed.PLAIN]
    world.run()
    record = world.exports.get(WAREHOUSE, seed.PLAIN)

    assert record is not None
    assert said.intention is Intention.HOLD
    assert said.issue == record.issue


def test_two_invoices_with_one_number_would_both_be_held() -> None:
    """As the run does."""
    world = World()
    world.connect()
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, number=world.ongoing.invoice(WAREHOUSE, seed.OWN_NUMBER).number)
    issues = [one.issue and one.issue.code for one in map(rehearsed(world).get, (seed.PLAIN, seed.OWN_NUMBER)) if one]

    assert issues == [IssueCode.NUMBER_SHARED] * 2
