"""Keeps to Fortnox's limit: 25 calls in any 5 seconds per client and company (its page on rate limits).

Bursts were seen to be refused although the sum was allowed, so calls are spread evenly: 24 in any 5 seconds. The
one that is left is for a call of somebody else, such as a run that has just ended or a page. Runs of several systems
that share a company know nothing of each other: some of their calls are refused, back off and are made again.
"""

import threading
from collections.abc import Callable

SECONDS_BETWEEN_CALLS = 0.2085


class Pace:
    """Waits before each call until it is its turn. One per company and run; safe to share between threads."""

    def __init__(self, *, monotonic: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Returns when the next call may start."""
        with self._lock:
            now = self._monotonic()
            turn = max(now, self._next)
            self._next = turn + SECONDS_BETWEEN_CALLS
        if turn > now:
            self._sleep(turn - now)

    def back_off(self, seconds: float) -> None:
        """Fortnox refused a call for its pace: nothing that has no turn yet goes out for a while."""
        with self._lock:
            self._next = max(self._next, self._monotonic() + seconds)
