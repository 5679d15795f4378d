"""The keys of a world: how tests bring them into trouble and see what became of them."""

from collections.abc import Mapping
from typing import Any

from invoicing.application.recover_tokens import recover_tokens
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.tokens import Mode, TokenItem, TokenStatus

from local.fortnox.seed import CLIENT_ID, TENANT_ID
from local.ongoing.seed import WAREHOUSE
from tests.support.fakes import interrupted
from tests.support.world import ADMINISTRATORS, World

TOKEN = "/oauth-v1/token"
ALWAYS = 99


class Down:
    """A part of a world that does not answer to the first of its calls of one kind; `asked` counts them."""

    def __init__(self, world: World, part: str, method: str, *, times: int = ALWAYS) -> None:
        self.method = method
        self.times = times
        self.asked = 0
        setattr(world, part, interrupted(getattr(world, part), before=self))

    def __call__(self, method: str) -> None:
        if method == self.method:
            self.asked += 1
            if self.asked <= self.times:
                raise RetryLaterError(f"{method} does not answer")


def approved(world: World, name: str, mode: Mode) -> None:
    """An integration of the same company is connected, or connected once more."""
    engine = world.engine()
    code = world.fortnox.approve(
        client_id=CLIENT_ID,
        tenant_id=TENANT_ID,
        username=ADMINISTRATORS[TENANT_ID],
        scopes=["invoice"],
        service=mode is Mode.SERVICE,
    )
    chain_id = engine.new_id()
    raw = engine.oauth.exchange_code(code)
    engine.store.start_chain(
        TokenItem(
            integration_id=name,
            chain_id=chain_id,
            ver=0,
            mode=mode,
            status=TokenStatus.ACTIVE,
            tenant_id=TENANT_ID,
            blob=engine.sealer.prepare(engine.chain_context(name, chain_id, 0))(raw),
            blob_at=engine.clock(),
            due_at=engine.next_rotation(),
        )
    )


def answering(world: World, grant_type: str | None = None, **fault: Any) -> None:
    """Fortnox's token endpoint, to one kind of request or to all."""
    world.fortnox.add_faults([{"match": {"path_regex": TOKEN, "grant_type": grant_type}, **fault}])


def refusing(world: World, error: str, grant_type: str | None = None, *, status: int = 400) -> None:
    """Fortnox's token endpoint says no, until it is told otherwise."""
    answering(world, grant_type, effect="status", status=status, body={"error": error}, times=None)


def keep(world: World) -> None:
    """What the janitor does with the keys of the system when it looks at them."""
    recover_tokens(world.engine(), WAREHOUSE, world.follow_keys)


def keys_of(world: World) -> TokenItem:
    """What is stored."""
    found = world.tokens.get(WAREHOUSE)
    assert found is not None
    return found


def sent(world: World) -> list[str]:
    """What was asked of Fortnox's authorization server: kinds of request, or the path of what is none."""
    return [call.grant_type or call.path for call in world.fortnox.calls()]


def told(world: World, event: str) -> list[Mapping[str, str | int]]:
    """The lines of one name."""
    return [fields for name, fields in world.reports if name == event]


def shown(world: World) -> list[str]:
    """Tokens that can be read in a line. Only the simulator knows all of them, and does not say so on purpose."""
    authority: Any = world.fortnox._authority
    lines = " ".join(f"{event} {fields}" for event, fields in world.reports)
    return [token for token in (*authority._refresh_tokens, *authority._access_tokens) if token in lines]
