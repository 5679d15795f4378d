"""What the token engine promises, checked by a witness that sees more than the engine does.

    I1  no refresh is sent without a durable intent of its own
    I2  no token is sent a second time while the first request may be alive
    I3  a pair that was received is durable, or its process died before it could be
    I4  versions grow by one
    I5  an access token is used only when its refresh token is durable
    I6  broken is declared only when no key that we hold works
    I7  at rest an integration has a key that works, or a notice was put
    I8  no token is readable in a log line

Beside them: "somebody looks" (what is unsettled has a time at which it is
looked at), "lost" (a human is needed only for the incurable classes) and "no surprise" (no other error).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from invoicing.application.ports import TokenStore
from invoicing.domain.notice import broken_notice_id
from invoicing.domain.tokens import TokenItem, TokenStatus

from local.fortnox.seed import TENANT_ID
from local.fortnox.simulator import FortnoxSimulator
from tests.faults.token_faults import Process, StoryClock
from tests.support.fakes import FakeIntegrations, FakeNotices, FakeTokenJournal, FakeTokenStore

if TYPE_CHECKING:
    from tests.faults.token_story import Setup


class Fate(StrEnum):
    """What became of a pair that Fortnox gave."""

    DURABLE = "durable"
    CRASHED = "crash before any durable write"
    REPLY_LOST = "reply lost"
    LATE = "client gave up, request still travelled"
    IN_THE_LOG = "both stores refused it to the end; its ciphertext is in the log"
    OUT_OF_TIME = "stopped by its own time limit"
    DROPPED = "received and not stored"


_HEALED_BY = "token_healed_by_"
INCURABLE = frozenset({Fate.CRASHED, Fate.REPLY_LOST, Fate.LATE})


class PromiseBrokenError(AssertionError):
    """One promise was not kept."""

    def __init__(self, promise: str, how: str) -> None:
        super().__init__(f"{promise}: {how}")
        self.promise = promise


@dataclass(slots=True, kw_only=True)
class _Pair:
    """A pair that Fortnox gave for a refresh."""

    raw: bytes
    access_token: str
    chain_id: str
    fate: Fate
    holder: Process | None = None  # who received it and has not stored it yet


@dataclass(slots=True, kw_only=True)
class Attempt:
    """A refresh that was sent; `alive` until it was answered, was lost or has arrived late."""

    token: str
    alive: bool = True


@dataclass(slots=True)
class Promises:
    """The witness of one story."""

    fortnox: FortnoxSimulator
    store: TokenStore
    journal: FakeTokenJournal
    clock: StoryClock
    broken_at: datetime | None = None
    healed_by: list[str] = field(default_factory=list)
    outcome: str = ""
    lost: list[Fate] = field(default_factory=list)
    reports: list[tuple[str, Mapping[str, str | int]]] = field(default_factory=list)
    _raw_of: dict[bytes, bytes] = field(default_factory=dict)  # sealed → plain
    _version_of: dict[str, tuple[str, int]] = field(default_factory=dict)  # refresh token → chain and version
    _intents: list[tuple[str, int]] = field(default_factory=list)  # durable, one for each POST
    _sent: list[Attempt] = field(default_factory=list)
    pairs: list[_Pair] = field(default_factory=list)
    _durable: set[bytes] = field(default_factory=set)
    _last: TokenItem | None = None

    def broken(self, promise: str, how: str) -> None:
        """Ends the story."""
        raise PromiseBrokenError(promise, how)

    # ---- what happens

    def watched_seal(self, seal: Any) -> Any:
        """The same seal; what it seals can be recognised."""

        def sealing(plaintext: bytes) -> bytes:
            sealed: bytes = seal(plaintext)
            self._raw_of[sealed] = plaintext
            return sealed

        return sealing

    def took_effect(self, name: str, args: tuple[Any, ...], result: Any, *, late: bool) -> None:
        """A call did what it does, whether or not its caller gets to know."""
        match name:
            case "oauth.refresh":
                chain_id, _ = self._version_of[args[0]]
                fate = Fate.LATE if late else Fate.REPLY_LOST
                self.pairs.append(
                    _Pair(raw=result, access_token=_body(result)["access_token"], chain_id=chain_id, fate=fate)
                )
            case "store.claim":
                if result.intent is not None:
                    self._intents.append((result.chain_id, result.ver))
            case "store.save_rotation":
                self._is_durable(result.blob, result.chain_id, result.ver)
            case "store.start_chain":
                self._is_durable(args[0].blob, args[0].chain_id, 0)
            case "journal.record":
                if args[3] in self.journal.find(args[0], args[1], args[2]):
                    self._is_durable(args[3].blob, args[1], args[2])
            case "store.mark":
                declared_before = self._last is not None and self._last.status is TokenStatus.BROKEN
                if result and args[1] is TokenStatus.BROKEN and not declared_before:
                    self._check_broken(args[0])
        if name.startswith("store."):
            item = really_stored(self.store, args[0] if isinstance(args[0], str) else args[0].integration_id)
            self._check_versions(item)
            self._last = item

    def is_sent(self, token: str) -> "Attempt":
        """A refresh is about to leave."""
        if any(attempt.alive for attempt in self._sent if attempt.token == token):
            self.broken("I2", "a refresh token was sent again while the first request may be alive")
        version = self._version_of.get(token)
        if version is None or version not in self._intents:
            self.broken("I1", f"a refresh was sent without a durable intent for {version}")
        else:
            self._intents.remove(version)
        attempt = Attempt(token=token)
        self._sent.append(attempt)
        return attempt

    def is_received(self, raw: bytes, process: Process) -> None:
        """The whole body reached its process."""
        for pair in self.pairs:
            if pair.raw == raw and pair.raw not in self._durable:
                pair.fate, pair.holder = Fate.DROPPED, process

    def is_reported(self, event: str, fields: Mapping[str, str | int], process: Process) -> None:
        """A line for the log."""
        self.reports.append((event, fields))
        if event.startswith(_HEALED_BY):
            self.healed_by.append(event.removeprefix(_HEALED_BY))
        if event == "token_third_sink":
            for pair in self.pairs:
                if pair.holder is process and pair.fate is Fate.DROPPED:
                    pair.fate = Fate.IN_THE_LOG

    def process_died(self, process: Process, *, crashed: bool) -> None:
        """Whatever only this process had is gone."""
        for pair in self.pairs:
            if pair.holder is process:
                if pair.fate is Fate.DROPPED:
                    pair.fate = Fate.CRASHED if crashed else Fate.OUT_OF_TIME
                pair.holder = None

    def process_ended(self, process: Process) -> None:
        """It returned, with a result or an error that it knows."""
        for pair in self.pairs:
            if pair.holder is process:
                if pair.fate is Fate.DROPPED and self._is_current(pair):
                    self.broken("I3", "a pair was received, its process lived on, and it is stored nowhere")
                pair.holder = None

    def _is_current(self, pair: _Pair) -> bool:
        """Pairs of a chain that a new consent replaced are not needed."""
        return self._last is not None and self._last.chain_id == pair.chain_id

    def _is_durable(self, blob: bytes, chain_id: str, ver: int) -> None:
        raw = self._raw_of.get(blob)
        if raw is None or raw in self._durable:
            return
        self._durable.add(raw)
        for pair in self.pairs:
            if pair.raw == raw:
                pair.fate, pair.holder = Fate.DURABLE, None
        body = _body(raw)
        if "refresh_token" in body:
            self._version_of[body["refresh_token"]] = (chain_id, ver)

    # ---- what must hold at every moment

    def token_is_used(self, token: str) -> None:
        """A worker goes to Fortnox with it."""
        if self._authority.access_token(token, now=self.clock.now) is None:
            self.broken("no surprise", "a worker was given an access token that Fortnox does not accept")
        for pair in self.pairs:
            if pair.access_token == token and pair.raw not in self._durable:
                self.broken("I5", "an access token is used whose refresh token is not durable")

    def check_that_somebody_will_look(self, integration_id: str) -> None:
        """What is unsettled must have a time at which the janitor looks at it."""
        item = really_stored(self.store, integration_id)
        if item is None or item.due_at is not None:
            return
        if item.intent is not None or item.status is TokenStatus.UNCERTAIN:
            self.broken("somebody looks", f"{item.status} with intent {item.intent} and nobody will look at it")

    def _check_versions(self, item: TokenItem | None) -> None:
        last = self._last
        if last is None or item is None or last.chain_id != item.chain_id:
            return
        if item.ver not in {last.ver, last.ver + 1}:
            self.broken("I4", f"version {last.ver} was followed by {item.ver}")
        if item.ver == last.ver and item.blob != last.blob:
            self.broken("I4", f"version {item.ver} was written twice")

    def _check_broken(self, integration_id: str) -> None:
        item = really_stored(self.store, integration_id)
        if item is not None and self._works(item):
            self.broken("I6", "declared broken, and a key that we hold works")

    def _works(self, item: TokenItem) -> bool:
        """Whether any key that we hold works at Fortnox. Looks into the simulator."""
        held = [] if item.blob is None else [item.blob]
        found = self.journal.find(item.integration_id, item.chain_id, item.ver + 1)
        held.extend(entry.blob for entry in found)
        tokens = [_body(self._raw_of.get(blob, b"")).get("refresh_token", "") for blob in held]
        living = (self._authority._refresh_tokens.get(token) for token in tokens)
        if any(token is not None and token.lives(self.clock.now) for token in living):
            return True
        return any(tenant == TENANT_ID for _, tenant in self._authority._consents)

    # ---- what must hold in the end

    def check_the_end(
        self,
        integration_id: str,
        integrations: FakeIntegrations,
        notices: FakeNotices,
        *,
        given: bool | None,
        setup: "Setup",
    ) -> None:
        """I7, I8, and what was lost."""
        item = really_stored(self.store, integration_id)
        integration = integrations.get(integration_id)
        self.lost = [pair.fate for pair in self.pairs if pair.fate is not Fate.DURABLE and self._is_current(pair)]
        if integration is not None and integration.broken_since is not None:
            self._check_held(integration_id, item, integration.broken_since, notices, setup)
            self.outcome = "a human is needed"
        elif not given:
            self.broken("I7", f"no token could be had at rest: {item.status if item else 'no item'}")
        else:
            self.outcome = "no human needed"
        if Fate.OUT_OF_TIME in self.lost:
            self.broken("I3", "a process was stopped by its time limit between the answer and the first durable write")
        self._check_reports()

    def _check_held(
        self, integration_id: str, item: TokenItem | None, since: datetime, notices: FakeNotices, setup: "Setup"
    ) -> None:
        if item is None or item.status is not TokenStatus.BROKEN:
            self.broken("I7", "the integration is held as broken while its keys are not")
            return
        notice = notices.get(broken_notice_id(integration_id, since))
        if notice is None or notice.closed:
            self.broken("I7", "broken, and no open notice says so")
        if self._works(item):
            self.broken("I6", "broken in the end, and a key that we hold works")
        if setup.heals_itself:
            self.broken("lost", "a human is needed although client credentials work")
        if not INCURABLE.intersection(self.lost) and not setup.all_dead:
            self.broken("lost", f"a human is needed, and no incurable loss explains it: {self.lost}")

    def _check_reports(self) -> None:
        text = " ".join(f"{event} {' '.join(map(str, fields.values()))}" for event, fields in self.reports)
        secrets = [*self._authority._refresh_tokens, *self._authority._access_tokens]
        if any(secret in text for secret in secrets):
            self.broken("I8", "a token can be read in a log line")

    @property
    def _authority(self) -> Any:
        # Only the simulator knows which keys live; it does not say so in its log on purpose.
        return self.fortnox._authority


def really_stored(store: TokenStore, integration_id: str) -> TokenItem | None:
    """What is there, whatever a fake in a test says."""
    if isinstance(store, FakeTokenStore):
        return FakeTokenStore.get(store, integration_id)
    return store.get(integration_id)


def _body(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
