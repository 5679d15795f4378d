"""In-memory stand-ins for the ports, each held to the same contract tests as the real adapter.

They are thread-safe, and they keep their promises about conditions, expiry and repeats. `interrupted` makes
any of them, or a real adapter, fail before or after a call takes effect.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from invoicing.application.http import HttpAnswer, HttpRequest
from invoicing.application.ports import (
    CannotOpenError,
    ChangedMeanwhileError,
    JournalEntry,
    OutsideCall,
    Side,
    SyncRequest,
)
from invoicing.domain.agreement import Agreement
from invoicing.domain.chain import chained
from invoicing.domain.checkpoint import Anchor, Checkpoint, LastCheckpoint
from invoicing.domain.export import Export, ExportState, HistoryEvent
from invoicing.domain.fortnox_invoice import Register
from invoicing.domain.integration import Integration, RunSummary, RunUnderWay
from invoicing.domain.integration_settings import PriceMeaning
from invoicing.domain.month import MonthIndex, MonthLine, StoredMonth
from invoicing.domain.notice import Notice
from invoicing.domain.outlook import Outlook
from invoicing.domain.session import Invitation, PendingApproval, PendingConsent, Session, TryLimit
from invoicing.domain.tokens import Intent, TokenItem, TokenStatus
from invoicing.domain.wms_knowledge import WmsKnowledge

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class FakeClock:
    """A port Clock that moves only when it is told to. `sleep` moves it too."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            return self._now

    def advance(self, time: timedelta) -> None:
        """Lets time pass; a negative one turns the clock back."""
        with self._lock:
            self._now += time

    def sleep(self, seconds: float) -> None:
        """What a sleeping program sees: the time has passed."""
        self.advance(timedelta(seconds=seconds))


def _go_on(method: str) -> None:
    """Interrupts nothing."""


def interrupted[Port](
    port: Port,
    *,
    before: Callable[[str], None] = _go_on,
    after: Callable[[str], None] = _go_on,
) -> Port:
    """The same port, with `before` and `after` called around each of its methods with the method's name.

    What `before` raises is a request that was lost; what `after` raises is an answer that was lost.
    """
    return cast("Port", _Interrupted(port, before, after))


class _Interrupted:
    def __init__(self, port: object, before: Callable[[str], None], after: Callable[[str], None]) -> None:
        self._port = port
        self._before = before
        self._after = after

    def __getattr__(self, method: str) -> Any:
        act = getattr(self._port, method)

        def around(*args: Any, **kwargs: Any) -> Any:
            self._before(method)
            result = act(*args, **kwargs)
            self._after(method)
            return result

        return around


class FakeOutsideCalls:
    """The port OutsideCalls in the clock's time and in one thread.

    A call takes as long as it lets the clock go on, beside the others: those to Fortnox begin when they are started,
    those to Ongoing when the one before has ended. Answers come as they end, or in the opposite order. With `lazy`
    calls are made when somebody waits, else when they are started: the two ends of what threads may do.
    """

    def __init__(self, clock: FakeClock, *, lazy: bool = False, newest_first: bool = False) -> None:
        self._clock = clock
        self._lazy = lazy
        self._newest_first = newest_first
        self._waiting: list[tuple[Future[Any], OutsideCall, datetime]] = []
        self._ends: dict[Future[Any], datetime] = {}
        self._ongoing_free = clock()

    def start(self, call: OutsideCall) -> Future[Any]:
        future: Future[Any] = Future()
        self._waiting.append((future, call, self._clock()))
        if not self._lazy:
            self._make()
        return future

    def first(self, under_way: Collection[Future[Any]]) -> Future[Any]:
        self._make()
        order = list(reversed(list(under_way))) if self._newest_first else list(under_way)
        future = order[0] if self._newest_first else min(order, key=lambda one: self._ends[one])
        self._go_to(max(self._clock(), self._ends.pop(future)))
        return future

    def _make(self) -> None:
        now = self._clock()
        while self._waiting:
            future, call, began = self._waiting.pop(0)
            to_ongoing = call.side is Side.ONGOING
            self._go_to(max(began, self._ongoing_free) if to_ongoing else began)
            try:
                future.set_result(call.act())
            except Exception as error:  # as a thread keeps it for whoever waits
                future.set_exception(error)
            self._ends[future] = self._clock()
            if to_ongoing:
                self._ongoing_free = self._clock()
        self._go_to(now)

    def _go_to(self, moment: datetime) -> None:
        self._clock.advance(moment - self._clock())


class FakeHttpTransport:
    """Answers with what `answer` gives or raises, and remembers the requests."""

    def __init__(self, answer: Callable[[HttpRequest], HttpAnswer]) -> None:
        self._answer = answer
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> HttpAnswer:
        self.requests.append(request)
        return self._answer(request)


class FakeIntegrations:
    """The port Integrations in memory."""

    def __init__(self) -> None:
        self._stored: dict[str, Integration] = {}
        self._directory: dict[str, str] = {}
        self._stopped_since: datetime | None = None
        self._lock = threading.RLock()

    def get(self, integration_id: str) -> Integration | None:
        with self._lock:
            return self._stored.get(integration_id)

    def put(self, integration: Integration) -> None:
        with self._lock:
            stored = self._stored.get(integration.id)
            if integration.version != (1 if stored is None else stored.version + 1):
                raise ChangedMeanwhileError(f"integration {integration.id}")
            self._stored[integration.id] = replace(
                integration,
                asked=frozenset() if stored is None else stored.asked,
                sync_asked_at=None if stored is None else stored.sync_asked_at,
                unfinished=frozenset() if stored is None else stored.unfinished,
                marked=frozenset() if stored is None else stored.marked,
                under_way=None if stored is None else stored.under_way,
                last_run=None if stored is None else stored.last_run,
            )

    def save_run(
        self,
        integration_id: str,
        run: RunSummary,
        *,
        done: Set[int],
        unfinished: Set[int],
        marked: Set[int] = frozenset(),
        detected: PriceMeaning,
    ) -> None:
        with self._lock:
            stored = self._existing(integration_id)
            self._stored[integration_id] = replace(
                stored,
                last_run=run,
                asked=stored.asked - done,
                unfinished=frozenset(unfinished),
                marked=frozenset(marked),
                under_way=None,
                detected_price_meaning=detected,
            )

    def begin_run(self, integration_id: str, run: RunUnderWay, *, unfinished: Set[int]) -> None:
        with self._lock:
            stored = self._existing(integration_id)
            self._stored[integration_id] = replace(stored, under_way=run, unfinished=frozenset(unfinished))

    def ask_for(self, integration_id: str, invoice_ids: Set[int]) -> None:
        with self._lock:
            stored = self._existing(integration_id)
            self._stored[integration_id] = replace(stored, asked=stored.asked | invoice_ids)

    def ask_for_run(self, integration_id: str, *, at: datetime, before: datetime | None) -> bool:
        with self._lock:
            stored = self._stored.get(integration_id)
            if stored is None or stored.sync_asked_at != before:
                return False
            self._stored[integration_id] = replace(stored, sync_asked_at=at)
            return True

    def mark_broken(self, integration_id: str, *, at: datetime, version: int | None = None) -> bool:
        with self._lock:
            stored = self._stored.get(integration_id)
            if stored is None or stored.broken_since is not None or version not in {None, stored.version}:
                return False
            self._stored[integration_id] = replace(stored, broken_since=at, version=stored.version + 1)
            return True

    def confirm_address(self, integration_id: str, address: str, *, address_set: int | None = None) -> bool:
        with self._lock:
            stored = self._stored.get(integration_id)
            if stored is None or stored.settings is None or stored.settings.problem_address != address:
                return False
            if address_set not in {None, stored.address_set}:
                return False
            self._stored[integration_id] = replace(
                stored, address_confirmed=True, confirmed_address=address, version=stored.version + 1
            )
            return True

    def active_ids(self) -> Iterator[str]:
        return iter([integration.id for integration in self.all() if integration.runs])

    def all(self) -> Iterator[Integration]:
        with self._lock:
            return iter(list(self._stored.values()))

    def stopped_since(self) -> datetime | None:
        return self._stopped_since

    def stop(self, *, at: datetime) -> None:
        self._stopped_since = self._stopped_since or at

    def go_on(self) -> None:
        self._stopped_since = None

    def remove(self, integration_id: str) -> None:
        """As if it had never been; no port has it."""
        with self._lock:
            self._stored.pop(integration_id, None)

    def warehouse_of(self, customer_id: str) -> str | None:
        with self._lock:
            return self._directory.get(customer_id)

    def set_customer_id(self, customer_id: str, warehouse: str) -> None:
        with self._lock:
            self._directory[customer_id] = warehouse

    def remove_customer_id(self, customer_id: str) -> bool:
        with self._lock:
            return self._directory.pop(customer_id, None) is not None

    def customer_ids(self) -> Iterator[tuple[str, str]]:
        with self._lock:
            return iter(list(self._directory.items()))

    def _existing(self, integration_id: str) -> Integration:
        stored = self._stored.get(integration_id)
        if stored is None:
            raise ChangedMeanwhileError(f"there is no integration {integration_id}")
        return stored


MET_BEFORE = WmsKnowledge(filters_tried=True, largest_page=50)  # as most systems are at most times


class FakeWmsMemory:
    """The port WmsMemory in memory. `unmet` is what is known of a system that is not in it."""

    def __init__(self, unmet: WmsKnowledge = MET_BEFORE) -> None:
        self._unmet = unmet
        self._known: dict[str, WmsKnowledge] = {}

    def recall(self, warehouse: str) -> WmsKnowledge:
        return self._known.get(warehouse, self._unmet)

    def remember(self, warehouse: str, knowledge: WmsKnowledge) -> None:
        self._known[warehouse] = knowledge


class FakeExports:
    """The port Exports in memory."""

    def __init__(self) -> None:
        self._stored: dict[tuple[str, int], Export] = {}
        self._registers: dict[str, Register] = {}
        self._agreements: dict[str, dict[tuple[str, str], Agreement]] = {}
        self._open: dict[str, frozenset[int]] = {}
        self._outlooks: dict[str, Outlook] = {}
        self._lock = threading.Lock()

    def get(self, integration_id: str, invoice_id: int) -> Export | None:
        with self._lock:
            return self._stored.get((integration_id, invoice_id))

    def get_many(self, integration_id: str, invoice_ids: Sequence[int]) -> Mapping[int, Export]:
        with self._lock:
            found = {number: self._stored.get((integration_id, number)) for number in invoice_ids}
        return {number: replace(export, history=()) for number, export in found.items() if export is not None}

    def save(self, export: Export, *, event: HistoryEvent | None) -> Export:
        key = (export.integration_id, export.invoice_id)
        with self._lock:
            stored = self._stored.get(key)
            changed = ChangedMeanwhileError(f"export {export.invoice_id} of {export.integration_id}")

            def before() -> tuple[HistoryEvent, ...]:
                if stored is None or stored.version != export.version - 1:
                    raise changed
                return stored.history

            export = chained(export, event, before)
            if (
                stored is not None
                and stored.chain == export.chain
                and replace(stored, history=export.history) == export
            ):
                return export  # a repeat
            if export.version != (1 if stored is None else stored.version + 1):
                raise changed
            history = () if stored is None else stored.history
            self._stored[key] = replace(export, history=history if event is None else (*history, event))
            return export

    def unchain(self, integration_id: str, invoice_id: int) -> None:
        """As a program left it that knew no chains."""
        self._stored[integration_id, invoice_id] = replace(self._stored[integration_id, invoice_id], chain=None)

    def page(
        self, integration_id: str, *, limit: int, after: int | None = None, state: ExportState | None = None
    ) -> tuple[Sequence[Export], int | None]:
        with self._lock:
            fitting = [
                replace(export, history=())
                for (owner, number), export in sorted(self._stored.items(), reverse=True)
                if owner == integration_id
                and (after is None or number < after)
                and (state is None or export.state is state)
            ]
        more = len(fitting) > limit
        return fitting[:limit], fitting[limit - 1].invoice_id if more else None

    def histories(
        self, integration_id: str, *, limit: int, after: int | None = None, oldest_first: bool = False
    ) -> tuple[Sequence[Export], int | None]:
        if oldest_first:
            ids = sorted(number for owner, number in self._stored if owner == integration_id and number > (after or 0))
            page, more = ids[:limit], ids[limit - 1] if len(ids) > limit else None
        else:
            newest, more = self.page(integration_id, limit=limit, after=after)
            page = [one.invoice_id for one in newest]
        with self._lock:
            return [self._stored[integration_id, invoice_id] for invoice_id in page], more

    def register(self, integration_id: str) -> Register:
        with self._lock:
            return self._registers.get(integration_id, Register())

    def save_register(self, integration_id: str, register: Register) -> None:
        with self._lock:
            self._registers[integration_id] = register

    def open_invoices(self, integration_id: str) -> frozenset[int]:
        with self._lock:
            return self._open.get(integration_id, frozenset())

    def save_open_invoices(self, integration_id: str, ids: Set[int]) -> None:
        with self._lock:
            self._open[integration_id] = frozenset(ids)

    def outlook(self, integration_id: str) -> Outlook | None:
        with self._lock:
            return self._outlooks.get(integration_id)

    def save_outlook(self, integration_id: str, outlook: Outlook) -> None:
        with self._lock:
            self._outlooks[integration_id] = outlook

    def agreements(self, integration_id: str) -> Sequence[Agreement]:
        with self._lock:
            return list(self._agreements.get(integration_id, {}).values())

    def agree(self, integration_id: str, agreement: Agreement) -> None:
        with self._lock:
            pair = (agreement.customer_number, agreement.goods_owner)
            self._agreements.setdefault(integration_id, {})[pair] = agreement


class FakeMonths:
    """The port Months in memory."""

    def __init__(self) -> None:
        self._indexes: dict[str, MonthIndex] = {}
        self._months: dict[tuple[str, str], StoredMonth] = {}
        self._lock = threading.Lock()

    def index(self, integration_id: str) -> MonthIndex | None:
        with self._lock:
            return self._indexes.get(integration_id)

    def save_index(self, integration_id: str, index: MonthIndex) -> MonthIndex:
        with self._lock:
            stored = self._indexes.get(integration_id)
            if index.revision != (0 if stored is None else stored.revision):
                raise ChangedMeanwhileError(f"months of {integration_id}")
            self._indexes[integration_id] = replace(index, revision=index.revision + 1)
            return self._indexes[integration_id]

    def month(self, integration_id: str, month: str) -> StoredMonth:
        with self._lock:
            return self._months.get((integration_id, month), StoredMonth(month=month))

    def save_month(self, integration_id: str, before: StoredMonth, lines: Mapping[int, MonthLine]) -> None:
        with self._lock:
            key = (integration_id, before.month)
            stored = self._months.get(key, StoredMonth(month=before.month))
            if dict(lines) == dict(before.lines):
                return
            if stored.revisions != before.revisions:
                raise ChangedMeanwhileError(f"month {before.month} of {integration_id}")
            revisions = {0: stored.revisions.get(0, 0) + 1}
            self._months[key] = StoredMonth(month=before.month, lines=dict(lines), revisions=revisions)

    def holding(self, integration_id: str, invoice_ids: Set[int], months: Set[str]) -> Sequence[str]:
        return sorted(month for month in months if invoice_ids & self.month(integration_id, month).lines.keys())

    def stored(self, integration_id: str) -> Sequence[str]:
        with self._lock:
            return sorted(month for owner, month in self._months if owner == integration_id)


class FakeCheckpoints:
    """The port Checkpoints in memory."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[int, Checkpoint]] = {}
        self._lock = threading.Lock()

    def last(self, integration_id: str) -> LastCheckpoint | None:
        of_integration = [*self.all(integration_id)]
        return of_integration[-1].mark if of_integration else None

    def add(self, integration_id: str, checkpoint: Checkpoint) -> bool:
        with self._lock:
            there = self.stored.setdefault(integration_id, {}).setdefault(checkpoint.number, checkpoint)
            return there.hash == checkpoint.hash

    def all(self, integration_id: str) -> Iterator[Checkpoint]:
        with self._lock:
            return iter([one for _, one in sorted(self.stored.get(integration_id, {}).items())])


class FakeAnchors:
    """The port Anchors in memory."""

    def __init__(self) -> None:
        self.stored: dict[str, set[Anchor]] = {}

    def keep(self, integration_id: str, anchor: Anchor) -> None:
        self.stored.setdefault(integration_id, set()).add(anchor)

    def all(self, integration_id: str) -> Sequence[Anchor]:
        return sorted(self.stored.get(integration_id, set()))


class FakeTokenStore:
    """The port TokenStore in memory."""

    def __init__(self) -> None:
        self._stored: dict[str, TokenItem] = {}
        self._saved_by: dict[str, str] = {}  # attempt that wrote the current version
        self._refused: dict[datetime, set[str]] = {}  # by hour
        self._lock = threading.Lock()

    def get(self, integration_id: str) -> TokenItem | None:
        with self._lock:
            return self._stored.get(integration_id)

    def start_chain(self, item: TokenItem) -> None:
        with self._lock:
            stored = self._stored.get(item.integration_id)
            if stored is not None and stored.chain_id == item.chain_id:
                return  # a repeat
            epoch = item.epoch if stored is None else stored.epoch + 1
            self._stored[item.integration_id] = replace(item, epoch=epoch)
            self._saved_by.pop(item.integration_id, None)

    def claim(
        self,
        integration_id: str,
        *,
        chain_id: str,
        ver: int,
        intent: Intent,
        owner: str,
        lease_until: datetime,
        now: datetime,
    ) -> TokenItem:
        with self._lock:
            stored = self._at(integration_id, chain_id, ver)
            if stored.intent == intent and stored.lease_owner == owner:
                return stored  # a repeat
            leased = stored.lease_until is not None and stored.lease_until > now
            over = stored.status in {TokenStatus.BROKEN, TokenStatus.REVOKED}
            if stored.intent is not None or leased or over:
                raise ChangedMeanwhileError(f"tokens of {integration_id} cannot be claimed")
            return self._put(
                replace(
                    stored,
                    intent=intent,
                    lease_owner=owner,
                    lease_until=lease_until,
                    due_at=lease_until,
                    epoch=stored.epoch + 1,
                )
            )

    def save_rotation(
        self,
        integration_id: str,
        *,
        chain_id: str,
        ver: int,
        attempt_id: str,
        blob: bytes,
        blob_at: datetime,
        due_at: datetime,
    ) -> TokenItem:
        with self._lock:
            stored = self._stored.get(integration_id)
            saved_by = self._saved_by.get(integration_id)
            if stored is not None and (stored.chain_id, stored.ver, saved_by) == (chain_id, ver + 1, attempt_id):
                return stored  # a repeat
            stored = self._at(integration_id, chain_id, ver)
            self._saved_by[integration_id] = attempt_id
            return self._put(
                replace(
                    _without_attempt(stored),
                    ver=ver + 1,
                    blob=blob,
                    blob_at=blob_at,
                    status=TokenStatus.ACTIVE,
                    due_at=due_at,
                )
            )

    def save_client_credentials(self, integration_id: str, *, chain_id: str, blob: bytes, blob_at: datetime) -> None:
        with self._lock:
            stored = self._stored.get(integration_id)
            if stored is None or stored.chain_id != chain_id or stored.status is TokenStatus.REVOKED:
                raise ChangedMeanwhileError(f"tokens of {integration_id} are of another chain")
            self._put(replace(stored, cc_blob=blob, cc_blob_at=blob_at))

    def release(self, integration_id: str, *, owner: str, epoch: int, ver: int, due_at: datetime | None) -> None:
        with self._lock:
            stored = self._stored.get(integration_id)
            if stored is not None and (stored.lease_owner, stored.epoch, stored.ver) == (owner, epoch, ver):
                self._put(replace(_without_attempt(stored), due_at=due_at))

    def mark(
        self,
        integration_id: str,
        status: TokenStatus,
        *,
        chain_id: str,
        ver: int,
        epoch: int,
        due_at: datetime | None,
        refused_at: datetime | None,
        drop_intent: bool = False,
    ) -> bool:
        with self._lock:
            stored = self._stored.get(integration_id)
            if stored is None or (stored.chain_id, stored.ver, stored.epoch) != (chain_id, ver, epoch):
                return False
            kept = _without_attempt(stored) if drop_intent else stored
            self._put(replace(kept, status=status, due_at=due_at, refused_at=refused_at))
            return True

    def count_refused(self, integration_id: str, *, now: datetime) -> int:
        hour = now.replace(minute=0, second=0, microsecond=0)
        with self._lock:
            this = self._refused.setdefault(hour, set())
            this.add(integration_id)
            return len(this | self._refused.get(hour - timedelta(hours=1), set()))

    def forget(self, integration_id: str) -> None:
        with self._lock:
            stored = self._stored.get(integration_id)
            if stored is None:
                return
            self._put(
                replace(
                    _without_attempt(stored),
                    status=TokenStatus.REVOKED,
                    tenant_id="",
                    blob=None,
                    cc_blob=None,
                    cc_blob_at=None,
                    due_at=None,
                    ver=stored.ver + 1,
                    epoch=stored.epoch + 1,
                )
            )

    def due(self, now: datetime) -> Iterator[str]:
        with self._lock:
            due = sorted(
                (item.due_at, item.integration_id)
                for item in self._stored.values()
                if item.due_at is not None and item.due_at <= now
            )
        return iter([integration_id for _, integration_id in due])

    def _at(self, integration_id: str, chain_id: str, ver: int) -> TokenItem:
        stored = self._stored.get(integration_id)
        if stored is None or (stored.chain_id, stored.ver) != (chain_id, ver):
            raise ChangedMeanwhileError(f"tokens of {integration_id} are of another chain or version")
        return stored

    def _put(self, item: TokenItem) -> TokenItem:
        self._stored[item.integration_id] = item
        return item


def _without_attempt(item: TokenItem) -> TokenItem:
    return replace(item, intent=None, lease_owner="", lease_until=None)


class FakeTokenJournal:
    """The port TokenJournal in memory. `intents` are the proofs that were written."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str, int], dict[str, JournalEntry]] = {}
        self.intents: set[tuple[str, str, int, str]] = set()
        self._lock = threading.Lock()

    @property
    def entries(self) -> list[JournalEntry]:
        with self._lock:
            return [entry for attempts in self._entries.values() for entry in attempts.values()]

    def record_intent(self, integration_id: str, chain_id: str, ver: int, attempt_id: str) -> None:
        with self._lock:
            self.intents.add((integration_id, chain_id, ver, attempt_id))

    def record(self, integration_id: str, chain_id: str, ver: int, entry: JournalEntry) -> None:
        with self._lock:
            attempts = self._entries.setdefault((integration_id, chain_id, ver), {})
            attempts.setdefault(entry.attempt_id, entry)

    def find(self, integration_id: str, chain_id: str, ver: int) -> Sequence[JournalEntry]:
        with self._lock:
            attempts = self._entries.get((integration_id, chain_id, ver), {})
            return sorted(attempts.values(), key=lambda entry: entry.received_at)


class FakeSealer:
    """The port Sealer without secrecy: whoever has the context can open, but no plaintext is readable."""

    def __init__(self, environment: str = "test") -> None:
        self._environment = environment

    def prepare(self, context: Mapping[str, str]) -> "FakeSeal":
        return FakeSeal(context=self._digest(context))

    def open(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        digest, mark, scrambled = sealed[:32], sealed[32:64], sealed[64:]
        if digest != self._digest(context) or mark != hashlib.sha256(scrambled).digest():
            raise CannotOpenError("sealed under another context, or damaged")
        return _scrambled(scrambled)

    def _digest(self, context: Mapping[str, str]) -> bytes:
        full = {**context, "environment": self._environment}
        return hashlib.sha256(json.dumps(full, sort_keys=True).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeSeal:
    """The port Seal of FakeSealer."""

    context: bytes

    def __call__(self, plaintext: bytes) -> bytes:
        scrambled = _scrambled(plaintext)
        return self.context + hashlib.sha256(scrambled).digest() + scrambled


_SCRAMBLE = bytes(byte ^ 0xA5 for byte in range(256))


def _scrambled(text: bytes) -> bytes:
    return text.translate(_SCRAMBLE)


class FakeSessions:
    """The port Sessions in memory."""

    def __init__(self) -> None:
        self._consents: dict[str, PendingConsent] = {}
        self._approvals: dict[str, PendingApproval] = {}
        self._invitations: dict[str, Invitation] = {}
        self._sessions: dict[str, Session] = {}
        self.tries: dict[str, tuple[int, datetime, datetime]] = {}  # tries, when the next may follow, end of the hour
        self._lock = threading.Lock()

    def put_consent(self, consent: PendingConsent) -> None:
        with self._lock:
            self._consents[consent.state] = consent

    def take_consent(self, state: str, *, browser: str, now: datetime) -> PendingConsent | None:
        with self._lock:
            consent = self._consents.get(state)
            if consent is None or consent.browser != browser:
                return None
            del self._consents[state]
            return consent if now < consent.expires_at else None

    def put_approval(self, approval: PendingApproval) -> None:
        with self._lock:
            self._approvals[approval.browser] = approval

    def approval(self, browser: str, *, now: datetime) -> PendingApproval | None:
        with self._lock:
            approval = self._approvals.get(browser)
            return approval if approval is not None and now < approval.expires_at else None

    def take_approval(self, browser: str, *, guard: str, now: datetime) -> PendingApproval | None:
        with self._lock:
            approval = self._approvals.get(browser)
            if approval is None or approval.guard != guard:
                return None
            del self._approvals[browser]
            return approval if now < approval.expires_at else None

    def put_invitation(self, invitation: Invitation) -> None:
        with self._lock:
            self._invitations[invitation.id] = invitation

    def invitation(self, invitation_id: str, *, now: datetime) -> Invitation | None:
        with self._lock:
            invitation = self._invitations.get(invitation_id)
            return invitation if invitation is not None and now < invitation.expires_at else None

    def take_invitation(self, invitation_id: str, *, now: datetime) -> bool:
        with self._lock:
            invitation = self._invitations.pop(invitation_id, None)
            return invitation is not None and now < invitation.expires_at

    def put_session(self, session: Session) -> None:
        with self._lock:
            self._sessions[session.token] = session

    def session(self, token: str, *, now: datetime) -> Session | None:
        with self._lock:
            session = self._sessions.get(token)
            return session if session is not None and now < session.expires_at else None

    def end_session(self, token: str) -> None:
        with self._lock:
            self._sessions.pop(token, None)

    def count_try(self, limit: TryLimit, *, now: datetime) -> timedelta:
        with self._lock:
            tries, free_at, end = self.tries.get(limit.key, (0, now, now))
            if now >= end:
                tries, free_at, end = 0, now, now + limit.window
            if tries >= limit.free and now < free_at:
                return max(free_at - now, timedelta(seconds=1))
            self.tries[limit.key] = (tries + 1, now + limit.wait_after(tries + 1), end)
            return timedelta(0)

    def take_back_try(self, key: str, *, now: datetime) -> None:
        with self._lock:
            tries, free_at, end = self.tries.get(key, (0, now, now))
            if tries and now < end:
                self.tries[key] = (tries - 1, free_at, end)

    def forget_tries(self, key: str) -> None:
        with self._lock:
            self.tries.pop(key, None)


class FakeNotices:
    """The port Notices in memory. `all` is what was put, in order."""

    def __init__(self) -> None:
        self._stored: dict[str, Notice] = {}
        self._lock = threading.Lock()

    @property
    def all(self) -> list[Notice]:
        with self._lock:
            return list(self._stored.values())

    def put_once(self, notice: Notice) -> bool:
        with self._lock:
            if notice.id in self._stored:
                return False
            self._stored[notice.id] = notice
            return True

    def get(self, notice_id: str) -> Notice | None:
        with self._lock:
            return self._stored.get(notice_id)

    def record_sent(self, notice: Notice, *, at: datetime, due_at: datetime | None) -> None:
        with self._lock:
            stored = self._stored.get(notice.id)
            if stored is None or len(stored.sent) != len(notice.sent):
                raise ChangedMeanwhileError(f"notice {notice.id}")
            later = None if stored.closed else due_at
            self._stored[notice.id] = replace(stored, sent=(*stored.sent, at), due_at=later)

    def close(self, notice_id: str) -> bool:
        with self._lock:
            stored = self._stored.get(notice_id)
            if stored is None or stored.closed:
                return False
            self._stored[notice_id] = replace(stored, closed=True, due_at=None)
            return True

    def due(self, now: datetime) -> Iterator[str]:
        due = sorted(
            (notice.due_at, notice.id) for notice in self.all if notice.due_at is not None and notice.due_at <= now
        )
        return iter([notice_id for _, notice_id in due])

    def of(self, integration_id: str) -> Iterator[str]:
        found = [(notice.created_at, notice.id) for notice in self.all if notice.integration_id == integration_id]
        return iter([notice_id for _, notice_id in sorted(found, reverse=True)])


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMail:
    """A mail that FakeMailer was given."""

    to: str
    subject: str
    text: str
    html: str
    tags: Mapping[str, str] = field(default_factory=dict)


class FakeMailer:
    """The port Mailer; `sent` are the mails."""

    def __init__(self) -> None:
        self.sent: list[SentMail] = []

    def send(self, *, to: str, subject: str, text: str, html: str, tags: Mapping[str, str]) -> None:
        self.sent.append(SentMail(to=to, subject=subject, text=text, html=html, tags=dict(tags)))


class FakeSyncQueue:
    """The port SyncQueue; `requests` are the queued ones, without repeats of a slot."""

    def __init__(self) -> None:
        self.requests: list[SyncRequest] = []
        self._lock = threading.Lock()

    def send(self, requests: Iterable[SyncRequest]) -> int:
        count = 0
        with self._lock:
            for request in requests:
                count += 1
                slots = {(queued.integration_id, queued.slot) for queued in self.requests}
                if (request.integration_id, request.slot) not in slots:
                    self.requests.append(request)
        return count
