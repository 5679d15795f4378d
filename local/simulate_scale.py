"""`make scale`: ten thousand warehouses on the real code, on a clock that is moved. docs/decisions/0011.

Dispatch, the order of a FIFO queue, batches, shares and runs are the product's own code. Only what is outside is
drawn: how long a warehouse takes to answer, and which of them hang. Each run has a clock of its own that begins with
its invocation, so runs of a batch are beside each other as in production: an invocation lasts as long as its slowest.

On a month's first day every warehouse has invoices that become due. Sending one is not played again here, ten thousand
times fifty: it takes what `local.bench.backlog` measures on the real code, and a run stops at its share and goes on in
a message of its own, as a real one does.
"""

import heapq
import random
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from invoicing.application.dispatch_syncs import dispatch_syncs
from invoicing.application.ports import SyncRequest, WmsPage
from invoicing.application.read_wms import SLOW_SECONDS
from invoicing.application.sync_integration import sync_integration
from invoicing.application.sync_tools import Lanes
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.wms_invoice import WmsLogin
from invoicing.runtime.beside_each_other import SHARED_SECONDS, QueueMessage, share_of, work_off

from local.bench.costs import IDLE_BATCH_SECONDS
from local.bench.prices import LAMBDA_GB_SECOND, LAMBDA_REQUEST
from local.bench.tables import targets_table
from local.bench.targets import Verdict, missed_counts
from tests.infrastructure.template import functions, template
from tests.support.fakes import FakeClock, FakeIntegrations, FakeOutsideCalls, FakeSealer
from tests.support.world import World

START = datetime(2026, 11, 1, 0, 0, tzinfo=UTC)
INTERVAL = timedelta(minutes=15)
WAREHOUSES = 10_000
SLOTS = 6  # an hour and a half
SYNC = next(one for one in functions() if one.folder == "sync_invoices")
CONCURRENCY = int(template()["Parameters"]["SyncConcurrency"]["Default"])
SLOW_CONCURRENCY = int(SYNC.events["SlowQueue"]["Properties"]["ScalingConfig"]["MaximumConcurrency"])
BATCH = int(SYNC.events["Queue"]["Properties"]["BatchSize"])
TIMEOUT = float(SYNC.timeout)
MANY_AT_ONCE = 20  # what is advised for so many
HANGS = 200.0  # seconds until a reading is given up: 100 for a page, and once more for a small one
AROUND = 0.05  # seconds of an invocation besides its calls
SECONDS_PER_INVOICE = 0.21  # measured: 500 in 105 s, at Fortnox's limit
RUNS_PER_MONTH = 4 * 24 * 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of it."""

    looked_at: int
    lateness: tuple[float, float, float]  # seconds from a slot to its look: p50, p99, max; of those that answer
    concurrency: int  # most at once
    busy: float  # share of the executions that were in use
    invocations: int
    billed_seconds: float
    dropped: int  # messages whose slot was past, or that were moved to the other queue
    sent: int  # invoices
    last_sent: float  # seconds after the night began

    @property
    def cents(self) -> float:
        """Lambda, per look."""
        billed = self.billed_seconds / 2 * LAMBDA_GB_SECOND + self.invocations * LAMBDA_REQUEST
        return 100 * billed / max(1, self.looked_at)


class Queue:
    """A FIFO queue: in order within a group, one batch of a group at a time. The port SyncQueue."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[SyncRequest]] = {}
        self._ready: deque[str] = deque()  # groups that have something and are not being worked on, oldest first
        self._taken: set[str] = set()

    def send(self, requests: Iterable[SyncRequest]) -> int:
        """Puts all of them."""
        count = 0
        for request in requests:
            count += 1
            group = request.integration_id
            waiting = self._waiting.setdefault(group, deque())
            waiting.append(request)
            if len(waiting) == 1 and group not in self._taken:
                self._ready.append(group)
        return count

    @property
    def has_some(self) -> bool:
        """Whether a batch could be taken."""
        return bool(self._ready)

    def take(self) -> list[SyncRequest]:
        """Up to ten, of as many groups; none of them is given again until it is done."""
        taken: list[SyncRequest] = []
        while self._ready and len(taken) < BATCH:
            group = self._ready.popleft()
            self._taken.add(group)
            taken.append(self._waiting[group].popleft())
        return taken

    def done(self, requests: Iterable[SyncRequest]) -> None:
        """Their groups are free again."""
        for request in requests:
            self._taken.discard(request.integration_id)
            if self._waiting[request.integration_id]:
                self._ready.append(request.integration_id)


@dataclass(slots=True, kw_only=True)
class Warehouses:
    """Ongoing: drawn times to answer. The port WmsInvoices, as far as idle runs need it."""

    draw: random.Random
    usual: dict[str, float]  # seconds, the middle of each
    hanging: frozenset[str]
    clock: FakeClock = field(default_factory=FakeClock)
    patience: float = HANGS

    def unexported(self, login: WmsLogin, *, since: date, after: int = 0) -> Iterator[WmsPage]:  # noqa: ARG002 - the port has it
        """Nothing, after a while; or no answer."""
        takes = self.usual[login.warehouse] * self.draw.lognormvariate(0, 0.5)
        if login.warehouse in self.hanging or takes > self.patience:
            self.clock.sleep(self.patience)
            raise RetryLaterError("no answer")
        self.clock.sleep(takes)
        yield WmsPage(invoices=[], more=False)


class Simulation:
    """Everything, until the clock has gone round."""

    def __init__(self, *, warehouses: int, hanging: float, concurrency: int, invoices: int, seed: int) -> None:
        self.draw = random.Random(seed)
        self.names = [f"lager-{number:05}" for number in range(warehouses)]
        self.concurrency = concurrency
        self.queue, self.slow_queue = Queue(), Queue()
        self.integrations = FakeIntegrations()
        world = World()
        world.connect()
        (pattern,) = list(world.integrations.all())
        seal = FakeSealer("prod")
        for name in self.names:
            context = {"integration": name, "secret": "wms-password"}
            sealed = seal.prepare(context)(b"password")
            self.integrations.put(
                replace(pattern, id=name, version=1, wms_password=sealed, last_run=None, unfinished=frozenset())
            )
        hangs = frozenset(self.draw.sample(self.names, round(hanging * warehouses)))
        usual = {name: self.draw.lognormvariate(-0.9, 0.6) for name in self.names}  # a median of 0.4 s
        self.wms = Warehouses(draw=self.draw, usual=usual, hanging=hangs)
        self.left = dict.fromkeys(self.names, invoices)
        self.tools = replace(
            world.sync_tools(),
            integrations=self.integrations,
            follow_keys=lambda _id: None,
            queue=self.queue,
            sealer=seal,
            wms=cast("Any", self.wms),
            fortnox_of=cast("Any", lambda _integration: None),
            outside=FakeOutsideCalls(self.wms.clock),
            clock=self.wms.clock,
            new_id=lambda: f"{self.draw.getrandbits(64):x}",
            report=lambda _event, _fields: None,
        )

    def play(self, slots: int) -> Result:
        """Dispatches so many times, and works off what is asked for."""
        now, most = 0.0, 0
        free = {self.queue: self.concurrency, self.slow_queue: SLOW_CONCURRENCY}
        ends: list[tuple[float, int, Queue, list[SyncRequest]]] = []
        lateness: list[float] = []
        billed, invocations, dropped, sent, last_sent, number = 0.0, 0, 0, 0, 0.0, 0
        due = deque(slot * INTERVAL.total_seconds() for slot in range(slots))
        asked_since: dict[str, float] = {}
        while due or ends:
            if due and due[0] <= now:
                at = due.popleft()
                slot = (START + timedelta(seconds=at)).isoformat()
                dispatch_syncs(self.integrations, self.queue, slot=slot)
                for name in self.names:
                    asked_since.setdefault(name, at)
            while queue := next((one for one, left in free.items() if left and one.has_some), None):
                batch = queue.take()
                lasted, looked, went = self._invoke(queue, batch, now)
                invocations, billed, number = invocations + 1, billed + lasted, number + 1
                dropped += len(batch) - len(looked)
                if went:
                    sent, last_sent = sent + went, now + lasted
                for name in looked:
                    if name not in self.wms.hanging and name in asked_since:
                        lateness.append(now - asked_since.pop(name))
                free[queue] -= 1
                most = max(most, self.concurrency + SLOW_CONCURRENCY - sum(free.values()))
                heapq.heappush(ends, (now + lasted, number, queue, batch))
            moments = [*([ends[0][0]] if ends else []), *([due[0]] if due else [])]
            if not moments:
                break
            now = min(moments)
            while ends and ends[0][0] <= now:
                _, _, queue, batch = heapq.heappop(ends)
                queue.done(batch)
                free[queue] += 1
        lateness.sort()
        return Result(
            looked_at=len(lateness),
            lateness=(lateness[len(lateness) // 2], lateness[int(len(lateness) * 0.99)], lateness[-1]),
            concurrency=most,
            busy=billed / ((self.concurrency + SLOW_CONCURRENCY) * max(now, 1.0)),
            invocations=invocations,
            billed_seconds=billed,
            dropped=dropped,
            sent=sent,
            last_sent=last_sent,
        )

    def _invoke(self, queue: Queue, batch: list[SyncRequest], now: float) -> tuple[float, list[str], int]:
        """Seconds of the slowest run, whom it looked at, and how many invoices were sent."""
        lasted, sent = 0.0, 0
        looked: list[str] = []
        begins = START + timedelta(seconds=now)
        clock = self.wms.clock
        alone = len(batch) == 1
        seconds_left = share_of(lambda: TIMEOUT - (clock() - begins).total_seconds(), groups=len(batch))

        def act(message: QueueMessage) -> None:
            nonlocal lasted, sent
            request = requests[message.id]
            clock.advance(begins - clock())  # runs are beside each other
            is_slow = queue is self.slow_queue
            lanes = Lanes(
                slow=is_slow,
                other=self.queue if is_slow else self.slow_queue,
                hasty=None if is_slow or alone else cast("Any", replace(self.wms, patience=SLOW_SECONDS)),
            )
            tools = replace(self.tools, seconds_left=seconds_left, outside=FakeOutsideCalls(clock), lanes=lanes)
            run = sync_integration(tools, request)
            if run is not None and (is_slow or not run.slow):
                looked.append(message.group)
                sent += self._send(request, TIMEOUT if alone else SHARED_SECONDS)
            lasted = max(lasted, (clock() - begins).total_seconds())

        requests = {str(position): request for position, request in enumerate(batch)}
        for key, request in requests.items():
            failed = work_off(
                [QueueMessage(id=key, group=request.integration_id, body="")],
                act,
                report=self.tools.report,
                done=lambda _messages: None,
            )
            assert not failed
        return lasted + AROUND, looked, sent

    def _send(self, request: SyncRequest, share: float) -> int:
        name = request.integration_id
        if not self.left[name] or name in self.wms.hanging:
            return 0
        number = min(self.left[name], int(share / SECONDS_PER_INVOICE))
        self.left[name] -= number
        self.wms.clock.sleep(number * SECONDS_PER_INVOICE)
        if self.left[name]:
            self.queue.send([SyncRequest(integration_id=name, by=request.by, slot=f"continue-{self.tools.new_id()}")])
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is played. With `told_only`, being late is told and is no failure."""

    name: str
    concurrency: int
    hanging: float = 0.0  # share of the warehouses
    invoices: int = 0  # of each, due in the first quarter
    told_only: bool = False

    def verdict(self, result: Result) -> Verdict:
        """Every one that answers is looked at before its next quarter begins."""
        return Verdict(
            what=f"{self.name}, {self.concurrency} at once: seconds until the last one is looked at",
            wanted=f"at most {INTERVAL.total_seconds():.0f}",
            measured=f"{result.lateness[2]:.0f}",
            met=result.lateness[2] <= INTERVAL.total_seconds(),
            is_count=not self.told_only,
        )


IDLE = Scene(name="an ordinary day", concurrency=CONCURRENCY)
SCENES = (
    IDLE,
    Scene(name="1 % begin to hang", concurrency=CONCURRENCY, hanging=0.01),
    Scene(name="1 % begin to hang", concurrency=MANY_AT_ONCE, hanging=0.01),
    Scene(name="a month's first night, 1 % hang", concurrency=MANY_AT_ONCE, hanging=0.01, invoices=50),
    Scene(name="a month's first night, 1 % hang", concurrency=CONCURRENCY, hanging=0.01, invoices=50, told_only=True),
)


def main() -> int:
    """Prints a table, and what was promised beside it; 1 if a promise is missed."""
    print(f"{WAREHOUSES:,} warehouses, {SLOTS} quarters of an hour; late: seconds until they are looked at")
    print(f"{'':33} at once | late p50   p99   max | busy | cents/month | not looked | invoices sent, by s")
    verdicts: list[Verdict] = []
    for scene in SCENES:
        simulation = Simulation(
            warehouses=WAREHOUSES,
            hanging=scene.hanging,
            concurrency=scene.concurrency,
            invoices=scene.invoices,
            seed=1,
        )
        result = simulation.play(SLOTS)
        p50, p99, most = result.lateness
        print(
            f"{scene.name:33} {scene.concurrency:7} | {p50:8.0f} {p99:5.0f} {most:5.0f} | {result.busy:4.0%} | "
            f"{result.cents * RUNS_PER_MONTH:11.2f} | {result.dropped:10} | {result.sent} by {result.last_sent:.0f}",
            flush=True,
        )
        verdicts.append(scene.verdict(result))
        if scene is IDLE:
            seconds = round(result.billed_seconds / result.invocations, 2)
            verdicts.append(Verdict.at_most("seconds of an invocation of ten idle ones", IDLE_BATCH_SECONDS, seconds))
    print(targets_table(verdicts))
    return 1 if missed_counts(verdicts) else 0


if __name__ == "__main__":
    raise SystemExit(main())
