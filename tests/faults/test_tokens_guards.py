"""Each guard of the token protocol earns its place: without it, a promise is broken.

One guard at a time is taken out of the real code or of a store, and the systematic faults are played until a
promise breaks. A guard whose removal breaks nothing would be a guard that nobody tests.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any, NoReturn
from unittest import mock

import pytest
from invoicing.application import adopt_from_journal, recover_tokens, rotate_refresh_token
from invoicing.application.ports import ChangedMeanwhileError, GrantRefusedError, JournalEntry
from invoicing.domain.tokens import TokenItem

from tests.faults.findings import Findings
from tests.faults.test_tokens_systematic import DYING, PERSONAL, RECONNECT, SERVICE, SPARE
from tests.faults.token_faults import Plan, faults_at
from tests.faults.token_promises import PromiseBrokenError
from tests.faults.token_story import Setup, Story
from tests.support.fakes import FakeIntegrations, FakeTokenJournal, FakeTokenStore

_NONE = timedelta()


class _InconsistentStore(FakeTokenStore):
    """The first read after a write gives what was there before it."""

    def __init__(self) -> None:
        super().__init__()
        self._before: dict[str, TokenItem] = {}

    def get(self, integration_id: str) -> TokenItem | None:
        return self._before.pop(integration_id, None) or super().get(integration_id)

    def start_chain(self, item: TokenItem) -> None:
        before = super().get(item.integration_id)
        if before is not None:
            self._before[item.integration_id] = before
        super().start_chain(item)

    def _put(self, item: TokenItem) -> TokenItem:
        before = self._stored.get(item.integration_id)
        if before is not None:
            self._before[item.integration_id] = before
        return super()._put(item)


class _StoreWithoutCas(FakeTokenStore):
    """Writes whatever chain and version are stored."""

    def _at(self, integration_id: str, chain_id: str, ver: int) -> TokenItem:  # noqa: ARG002 - the point of it
        return replace(self._stored[integration_id], chain_id=chain_id)


class _StoreWithoutIntents(FakeTokenStore):
    """A claim is only a lease."""

    def _put(self, item: TokenItem) -> TokenItem:
        return super()._put(replace(item, intent=None))


class _StoreWithoutReadBack(FakeTokenStore):
    """A write that is repeated meets its own effect and takes it for somebody else's."""

    def claim(self, integration_id: str, **claim: Any) -> TokenItem:
        stored = self.get(integration_id)
        if stored is not None and stored.intent == claim["intent"]:
            raise ChangedMeanwhileError("claimed")
        return super().claim(integration_id, **claim)


class _StoreWithShortLeases(FakeTokenStore):
    """A lease that its holder outlives."""

    def claim(self, integration_id: str, *, now: datetime, **claim: Any) -> TokenItem:
        return super().claim(integration_id, now=now, **{**claim, "lease_until": now + timedelta(seconds=15)})


class _StoreWithoutEpochs(FakeTokenStore):
    """Whoever saw the version may mark it, be it an attempt that is long over."""

    def mark(self, integration_id: str, *args: Any, **mark: Any) -> bool:
        stored = self._stored[integration_id]
        return super().mark(integration_id, *args, **{**mark, "epoch": stored.epoch, "chain_id": stored.chain_id})


class _NoJournal(FakeTokenJournal):
    """Takes everything and keeps nothing."""

    def record(self, integration_id: str, chain_id: str, ver: int, entry: JournalEntry) -> None:
        pass


class _IntegrationsMarkedBlindly(FakeIntegrations):
    """A break is written over whatever the integration is by now."""

    def mark_broken(
        self,
        integration_id: str,
        *,
        at: datetime,
        version: int | None = None,  # noqa: ARG002 - the point of it
    ) -> bool:
        return super().mark_broken(integration_id, at=at)


def _patched(module: ModuleType, **values: Any) -> Callable[[], AbstractContextManager[Any]]:
    return lambda: mock.patch.multiple(module, **values)


def _refuse(*_: object) -> NoReturn:
    raise GrantRefusedError("invalid_grant")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """How to do without it, and where that shows. `pairs`: one fault alone is not enough."""

    name: str
    setup: Setup
    store: Callable[[], FakeTokenStore] = FakeTokenStore
    journal: Callable[[], FakeTokenJournal] = FakeTokenJournal
    integrations: Callable[[], FakeIntegrations] = FakeIntegrations
    without: Callable[[], AbstractContextManager[Any]] = nullcontext
    pairs: bool = False


_HURRY = replace(PERSONAL, life=timedelta(seconds=12))

GUARDS = (
    Guard(name="consistent read", setup=DYING, store=_InconsistentStore),
    Guard(name="compare-and-swap on chain and version", setup=PERSONAL, store=_StoreWithoutCas),
    Guard(name="intent before the POST", setup=PERSONAL, store=_StoreWithoutIntents),
    Guard(name="journal", setup=PERSONAL, journal=_NoJournal),
    Guard(
        name="journal read by recovery (R1)",
        setup=PERSONAL,
        without=_patched(adopt_from_journal, _adopt_next=lambda *_: None),
    ),
    Guard(
        name="client credentials as heal (R2)",
        setup=SPARE,
        without=_patched(recover_tokens, use_client_credentials=_refuse),
    ),
    Guard(name="quarantine before a probe (R3)", setup=PERSONAL, without=_patched(recover_tokens, QUARANTINE=_NONE)),
    Guard(
        name="time left before the POST",
        setup=_HURRY,
        without=_patched(rotate_refresh_token, POST_SECONDS=_NONE, SAVE_SECONDS=_NONE, PAD_SECONDS=_NONE),
    ),
    Guard(name="lease that outlives its holder", setup=PERSONAL, store=_StoreWithShortLeases),
    Guard(name="attempt_id read back on a failed condition", setup=PERSONAL, store=_StoreWithoutReadBack),
    Guard(name="epoch on marks", setup=PERSONAL, store=_StoreWithoutEpochs, pairs=True),
    Guard(
        name="several rounds of saving",
        setup=PERSONAL,
        without=_patched(rotate_refresh_token, _SAVE_ROUNDS=1),
        pairs=True,
    ),
    Guard(
        name="a refusal is believed when it is repeated",
        setup=PERSONAL,
        without=_patched(recover_tokens, ASK_AGAIN_AFTER=_NONE),
    ),
    Guard(name="a break is marked on the version that was read", setup=DYING, integrations=_IntegrationsMarkedBlindly),
)


def _broken_promise(guard: Guard) -> str:
    """The first promise that breaks without the guard; empty if none does."""
    with guard.without():
        try:
            for story in _stories(guard):
                story.play()
                if story.promises.healed_by and set(story.plan.values()) == {"answer lost, call repeated"}:
                    return "a repeated write costs nothing"
        except PromiseBrokenError as error:
            return str(error)
    return ""


def _stories(guard: Guard) -> Iterator[Story]:
    def story(plan: Plan) -> Story:
        return Story(guard.setup, plan, store=guard.store(), journal=guard.journal(), integrations=guard.integrations())

    undisturbed = story({})
    yield undisturbed
    for position, call in enumerate(undisturbed.calls):
        for fault in faults_at(call):
            first = story({position: fault})
            yield first
            if not guard.pairs:
                continue
            for later in range(position + 1, len(first.calls)):
                for other in faults_at(first.calls[later]):
                    yield story({position: fault, later: other})


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_without_a_guard_a_promise_breaks(guard: Guard, findings: Findings) -> None:
    """Taken out one at a time: the suite would turn red."""
    promise = _broken_promise(guard)
    findings.guards[guard.name] = promise

    assert promise


@pytest.mark.parametrize("setup", [PERSONAL, SERVICE, SPARE, DYING, RECONNECT], ids=lambda setup: setup.name)
def test_with_all_guards_nothing_breaks(setup: Setup) -> None:
    """The same hunt with nothing taken out finds nothing."""
    assert _broken_promise(Guard(name="none", setup=setup)) == ""
