"""Access ends at Fortnox: what we can end is ended, what only the company can end is said, and nothing is kept."""

from html import unescape

import pytest
from invoicing.application.change_integration import disconnect
from invoicing.application.connect_company import ConsentFailedError, ConsentProblem
from invoicing.application.ports import JournalEntry

from local.fortnox.seed import OTHER_TENANT_ID, TENANT_ID
from local.ongoing.seed import WAREHOUSE
from tests.functions.deployed import Browser
from tests.support.world import World

WHERE = "menu at the company's name, Manage integrations, this app, Remove"


def live(world: World, tenant_id: str = TENANT_ID) -> int:
    """How many refresh tokens Fortnox would still take."""
    found: int = world.fortnox.state()["companies"][tenant_id]["oauth"]["live_refresh_tokens"]
    return found


def test_disconnecting_says_as_the_first_step_where_access_ends(operator: Browser) -> None:
    """Before and after: with the consent alone our app could fetch new keys."""
    before = operator.look("/disconnect")
    after = operator.press("/disconnect", confirm="on")

    assert "stays until your company removes the app there" in before.text
    assert WHERE in unescape(after.text).partition("You may connect again")[0]


def test_another_company_is_told_where_its_approval_ends(operator: Browser) -> None:
    """It has approved, although nothing came of it."""
    page = operator.receive(_asked(operator), tenant_id=OTHER_TENANT_ID)

    assert f"as Fel Företag AB: {WHERE}" in unescape(page.text)


def _asked(operator: Browser) -> dict[str, str]:
    query = operator.press("/connect").location.partition("?")[2]
    return {name: value.replace("+", " ") for name, _, value in (one.partition("=") for one in query.split("&"))}


def test_the_tenant_id_is_forgotten(operator: Browser) -> None:
    """Half a credential: with it and our own secret the consent gives tokens."""
    deployed = operator.deployed
    operator.press("/disconnect", confirm="on")
    stored = str(
        [
            deployed.aws.dynamodb.scan(TableName=deployed.variables[table])["Items"]
            for table in ("integrations_table", "tokens_table")
        ]
    )

    assert TENANT_ID not in stored
    assert deployed.integration.company.name == "Nordlager 3PL AB"


def test_what_only_the_journal_has_is_revoked_too() -> None:
    """A pair that the table missed would live on for 45 days."""
    world = World()
    world.connect()
    engine, item = world.engine(), world.tokens.get(WAREHOUSE)
    assert item is not None
    raw = engine.oauth.refresh(engine.open_pair(item).refresh_token)
    seal = engine.sealer.prepare(engine.chain_context(WAREHOUSE, item.chain_id, item.ver + 1))
    world.journal.record(
        WAREHOUSE,
        item.chain_id,
        item.ver + 1,
        JournalEntry(attempt_id="lost", blob=seal(raw), received_at=world.clock()),
    )
    integration = world.integrations.get(WAREHOUSE)
    assert integration is not None
    assert live(world) == 1
    disconnect(world.change_tools(), integration, by="anna")

    assert live(world) == 0


def test_the_keys_of_another_company_are_put_nowhere() -> None:
    """Not in the table, not beside the sign-ins, and not in the journal, which keeps for 60 days."""
    world = World()
    world.connect()
    world.integrations.mark_broken(WAREHOUSE, at=world.clock())
    before, entries = world.integrations.get(WAREHOUSE), len(world.journal.entries)
    started = world.start()
    with pytest.raises(ConsentFailedError) as failed:
        world.receive(started, tenant_id=OTHER_TENANT_ID)

    assert failed.value.problem is ConsentProblem.WRONG_COMPANY
    assert len(world.journal.entries) == entries
    assert world.sessions.approval(started.browser, now=world.clock()) is None
    assert live(world, OTHER_TENANT_ID) == 0
    assert world.integrations.get(WAREHOUSE) == before
