"""Whether the pace is kept where calls are late, each by something else: on a clock of its own, and it repeats exactly.

Several callers at once, as in a run: each waits for its turn, its call arrives with some delay, and is answered.
"""

import heapq
import random
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass

from invoicing.adapters.fortnox.pace import Pace

from local.bench.backlog import CALLS_PER_SECOND, pace_verdicts
from local.bench.targets import Verdict

CALLERS = 4
WINDOW = 5.0  # seconds, in which Fortnox allows 25 calls
ALLOWED = 25
CALL_SECONDS = 0.1
_SEED = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Paced:
    """What became of many calls."""

    calls: int
    jitter: float  # seconds; each call arrives later by up to so much
    refused: int  # arrived as one too many in 5 seconds
    share: float  # of what the limit allows

    @property
    def verdicts(self) -> list[Verdict]:
        """What the targets say of it."""
        name = f"{self.calls} calls, each late by up to {self.jitter:.1f} s"
        return pace_verdicts(name, refused=self.refused, share=self.share, is_count=True)


def keep_pace(calls: int, *, jitter: float, call_seconds: float = CALL_SECONDS) -> Paced:
    """Makes so many calls, as fast as the pace lets them go. The first 25 are left out of the share."""
    delays = random.Random(_SEED)
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    pace = Pace(monotonic=lambda: now, sleep=sleep)
    arrivals: list[float] = []
    ready: list[tuple[float, int]] = [(0.0, caller) for caller in range(CALLERS)]
    under_way: dict[int, ExitStack] = {}
    while len(arrivals) < calls:
        now, caller = heapq.heappop(ready)
        under_way.pop(caller, ExitStack()).close()  # its call before this one is answered
        under_way[caller] = ExitStack()
        under_way[caller].enter_context(pace.turn())
        arrivals.append(now + delays.uniform(0.0, jitter))
        heapq.heappush(ready, (arrivals[-1] + call_seconds, caller))
    arrivals.sort()
    return Paced(
        calls=calls,
        jitter=jitter,
        refused=_refused(arrivals),
        share=round((calls - ALLOWED) / CALLS_PER_SECOND / (arrivals[-1] - arrivals[ALLOWED - 1]), 4),
    )


def _refused(arrivals: list[float]) -> int:
    """How many of them come as one too many; those count for the next ones, too."""
    recent: deque[float] = deque()
    count = 0
    for arrival in arrivals:
        while recent and recent[0] <= arrival - WINDOW:
            recent.popleft()
        count += len(recent) >= ALLOWED
        recent.append(arrival)
    return count
