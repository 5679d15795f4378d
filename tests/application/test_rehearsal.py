"""The dress rehearsal: says what would happen, and writes nothing."""

from dataclasses import replace
from decimal import Decimal

from invoicing.application.rehearse import Outcome, RehearsalTools, Rehearsed, rehearse
from invoicing.domain.issue import IssueCode

from local.ongoing import seed
from local.ongoing.seed import WAREHOUSE
from tests.support.world import World


def rehearsed(world: World) -> dict[int | None, Rehearsed]:
    """The result per invoice."""
    integration = world.integrations.get(WAREHOUSE)
    assert integration is not None
    sync = world.sync_tools()
    tools = RehearsalTools(
        exports=world.exports,
        sealer=world.sealer,
        wms=world.wms(),
        fortnox=sync.fortnox_of(integration),
        clock=world.clock,
        seconds_left=lambda: 29.0,
    )
    return {one.invoice.id: one for one in rehearse(tools, integration)}


def test_it_says_of_each_invoice_what_the_next_run_then_does() -> None:
    """Created, or held for the very same reason."""
    world = World()
    world.connect()
    before = rehearsed(world)
    world.run()

    for invoice_id, one in before.items():
        assert invoice_id is not None
        record = world.exports.get(WAREHOUSE, invoice_id)
        assert record is not None
        assert (record.issue.code if record.issue else None) == (one.issue.code if one.issue else None)
        if one.outcome is Outcome.CREATE:
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

    assert result[seed.CLAIM].outcome is Outcome.NOTHING
    assert (result[seed.PLAIN].outcome, result[seed.PLAIN].net) == (Outcome.UPDATE, Decimal(14 * 85))


def test_what_would_be_held_says_why() -> None:
    """The same words as on the page of issues."""
    world = World()
    world.connect()
    issue = rehearsed(world)[seed.UNKNOWN_CUSTOMER].issue

    assert issue is not None
    assert issue.code is IssueCode.CUSTOMER_UNKNOWN
