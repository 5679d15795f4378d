"""Fortnox's answers change overnight: fields go, or change their case, words are new. Nothing is sent twice."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from invoicing.domain.export import ExportState
from invoicing.domain.issue import IssueCode

from local.fortnox.seed import TENANT_ID
from local.http import Reply, Request
from local.ongoing import seed
from local.ongoing.in_process import InProcessTransport
from local.ongoing.seed import WAREHOUSE
from tests.support.world import World

GOOD = {seed.PLAIN, seed.MANY_CHARGES, seed.THREE_DECIMALS, seed.CLAIM, seed.EUROS, seed.OWN_NUMBER}
type Change = Callable[[dict[str, Any]], dict[str, Any]]


def without(name: str) -> Change:
    """A field that is there no more."""
    return lambda thing: {key: value for key, value in thing.items() if key != name}


def recased(name: str) -> Change:
    """A field in another case."""
    return lambda thing: {key if key != name else key[0].lower() + key[1:]: value for key, value in thing.items()}


def with_word(name: str, word: str) -> Change:
    """A field with a word that nobody has seen."""
    return lambda thing: {**thing, name: word} if name in thing else thing


def everywhere(change: Change, value: Any) -> Any:
    """In every object of an answer, as deep as it is."""
    if isinstance(value, dict):
        return {key: everywhere(change, inner) for key, inner in change(value).items()}
    return [everywhere(change, inner) for inner in value] if isinstance(value, list) else value


def connected() -> World:
    """Before its first run."""
    world = World()
    world.connect()
    return world


def change_answers(world: World, change: Change, *, lose_posts: bool = False) -> None:
    """From now on. With `lose_posts`, Fortnox makes the invoices, and nobody hears of it."""

    def handle(request: Request) -> Reply:
        reply = world.fortnox.handle(request)
        if lose_posts and request.method == "POST" and request.path.startswith("/3/invoices"):
            return Reply(status=502, body=b"")
        if not request.path.startswith("/3/") or not reply.body.startswith(b"{"):
            return reply
        return replace(reply, body=json.dumps(everywhere(change, json.loads(reply.body))).encode())

    world.to_fortnox = InProcessTransport(handle)


def run(world: World, times: int = 3) -> None:
    """A few runs of the schedule."""
    for _ in range(times):
        world.later(minutes=15)
        world.run()


def references(world: World) -> list[str]:
    """Of all invoices that Fortnox has."""
    invoices = world.fortnox.state()["companies"][TENANT_ID]["invoices"].values()
    return [one["ExternalInvoiceReference1"] for one in invoices]


def told(world: World) -> bool:
    """Whether a person reads of it: on a page and by an alarm."""
    integration = world.integrations.get(WAREHOUSE)
    assert integration is not None
    assert integration.last_run is not None
    drift = any(event == "fortnox_drift" for event, _ in world.reports)
    return drift or integration.last_run.problem is not None or integration.last_run.held > 6


@pytest.mark.parametrize("name", ["ExternalInvoiceReference1", "DocumentNumber", "Net", "Booked", "Cancelled", "Sent"])
@pytest.mark.parametrize("how", [without, recased])
@pytest.mark.parametrize("lose_posts", [False, True])
def test_a_field_that_goes_leads_to_no_second_invoice(
    name: str, how: Callable[[str], Change], lose_posts: bool
) -> None:
    """Above all the reference: by it alone an invoice is found whose answer was lost."""
    world = connected()
    change_answers(world, how(name), lose_posts=lose_posts)
    run(world)
    made = references(world)

    assert len(made) == len(set(made)) <= len(GOOD)
    assert told(world)

    change_answers(world, lambda thing: thing)  # mended
    run(world)
    healed = references(world)

    assert len(healed) == len(set(healed)) == len(GOOD)
    records, _ = world.exports.page(WAREHOUSE, limit=50, state=ExportState.DONE)
    assert len(records) == len(GOOD)


@pytest.mark.parametrize("name", ["Booked", "Cancelled", "Sent"])
@pytest.mark.parametrize("how", [without, recased])
def test_an_invoice_whose_state_is_not_told_is_not_changed(name: str, how: Callable[[str], Change]) -> None:
    """The customer may have it already."""
    world = connected()
    run(world, 1)
    number = next(
        one["DocumentNumber"]
        for one in world.fortnox.state()["companies"][TENANT_ID]["invoices"].values()
        if one["ExternalInvoiceReference1"].split("-")[2] == str(seed.PLAIN)
    )
    world.fortnox.change_entry(TENANT_ID, "invoices", number, {name: True})
    before = world.fortnox.state()["companies"][TENANT_ID]["invoices"][number]
    change_answers(world, how(name))
    world.ongoing.change_invoice(WAREHOUSE, seed.PLAIN, is_exported=False, title="Changed since")
    run(world)

    assert world.fortnox.state()["companies"][TENANT_ID]["invoices"][number] == before
    record = world.exports.get(WAREHOUSE, seed.PLAIN)
    assert record is not None
    assert record.issue is not None
    assert record.issue.code is IssueCode.FORTNOX_NOT_ANSWERING


@pytest.mark.parametrize(
    "change",
    [
        with_word("AccountingMethod", "HYBRID"),
        with_word("InvoiceType", "PLATFORMINVOICE"),
        with_word("VATType", "NORDICVAT"),
        with_word("Type", "HYBRID"),
        lambda thing: {**thing, "NewField": {"Deep": [1]}},
    ],
)
def test_a_new_word_or_field_is_told_and_harms_nothing_that_is_right(change: Change) -> None:
    """What is there is still right; whoever runs the service hears of it."""
    world = connected()
    change_answers(world, change)
    run(world)
    made = references(world)

    assert len(made) == len(set(made)) <= len(GOOD)
    assert told(world)


def test_a_list_without_meta_information_creates_nothing_twice() -> None:
    """A part that is taken for the whole would make articles and invoices that are there."""
    world = connected()
    change_answers(world, without("MetaInformation"), lose_posts=True)
    run(world)
    made = references(world)

    assert len(made) == len(set(made))
    assert told(world)
