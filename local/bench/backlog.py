"""How fast a backlog drains, on the simulators' clock: no second of it is waited for, and it repeats exactly.

Time passes only where the product waits for its turn, and where a call is given a length. The stores are in memory
and take no time.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from invoicing.application.http import HttpAnswer, HttpRequest

from local.bench import DidNotMeasureError
from local.bench.targets import Verdict
from local.http import Handler
from local.ongoing import seed
from local.ongoing.in_process import InProcessTransport
from local.ongoing.warehouse import Invoice
from tests.support.fakes import FakeClock
from tests.support.world import World

CALLS_PER_SECOND = 5  # Fortnox allows 25 in any 5 seconds (its page on rate limits)
LEAST_SHARE = 0.95  # of that, as the target says


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """One drained backlog."""

    invoices: int
    call_seconds: float  # how long each call to Fortnox or Ongoing was made to take
    fortnox_calls: int
    refused: int  # with a 429
    seconds: float
    share: float  # of what the limit allows: (calls ÷ 5 per second) ÷ seconds

    @property
    def verdicts(self) -> list[Verdict]:
        """What the target says of it."""
        name = f"{self.invoices} invoices, calls of {self.call_seconds:.1f} s"
        return pace_verdicts(name, refused=self.refused, share=self.share, is_count=False)


def pace_verdicts(name: str, *, refused: int, share: float, is_count: bool) -> list[Verdict]:
    """What the targets say of a pace: nothing refused, and little of Fortnox's limit left unused."""
    return [
        Verdict.at_most(f"{name}: refused with 429", 0, refused),
        Verdict(
            what=f"{name}: share of Fortnox's limit",
            wanted=f"at least {LEAST_SHARE:.0%}",
            measured=f"{share:.1%}",
            met=share >= LEAST_SHARE,
            is_count=is_count,
        ),
    ]


class Slow(InProcessTransport):
    """Lets each call take its time."""

    def __init__(self, handler: Handler, clock: FakeClock, seconds: float) -> None:
        super().__init__(handler)
        self._clock = clock
        self._seconds = seconds

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Takes the time first, so that a call reaches the simulator when its answer leaves."""
        self._clock.sleep(self._seconds)
        return super().send(request)


def waiting_invoices(world: World, count: int) -> tuple[Invoice, ...]:
    """Invoices of one charge each, whose customer and article are in Fortnox."""
    plain = world.ongoing.invoice(seed.WAREHOUSE, seed.PLAIN)
    charge = replace(plain.charges[0], quantity=Decimal(1))
    return tuple(replace(plain, id=number, charges=(replace(charge, id=number),)) for number in range(1, count + 1))


def drain(invoices: int, *, call_seconds: float) -> Backlog:
    """Sends so many new invoices of one system in one run."""
    world = World()
    world.connect()
    waiting = waiting_invoices(world, invoices)
    world.ongoing.put_warehouse(replace(world.ongoing.warehouse(seed.WAREHOUSE), invoices=waiting))
    world.to_fortnox = Slow(world.fortnox.handle, world.clock, call_seconds)
    world.to_ongoing = Slow(world.ongoing.handle, world.clock, call_seconds)
    world.fortnox.clear_calls()
    summary = world.run()
    if summary is None or (summary.sent, summary.failed) != (invoices, 0):
        raise DidNotMeasureError(f"{invoices} invoices were to be sent, but the run gave {summary}")
    seconds = (summary.finished_at - summary.started_at) / timedelta(seconds=1)
    calls = world.fortnox.calls()
    return Backlog(
        invoices=invoices,
        call_seconds=call_seconds,
        fortnox_calls=len(calls),
        refused=sum(1 for call in calls if call.status == 429),
        seconds=round(seconds, 1),
        share=round(len(calls) / CALLS_PER_SECOND / seconds, 3),
    )
