"""Keeps to Fortnox's limit: 25 calls in any 5 seconds per client and company (its page on rate limits).

Bursts were seen to be refused although the sum was allowed, so calls are spread evenly: 24 in any 5 seconds. The
one that is left is for a call of somebody else, such as a run that has just ended or a page.
"""

from collections.abc import Callable

SECONDS_BETWEEN_CALLS = 0.2085


class Pace:
    """Waits before each call until it is its turn. One per company and run."""

    def __init__(self, *, monotonic: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._next = 0.0

    def wait(self) -> None:
        """Returns when the next call may start."""
        now = self._monotonic()
        if now < self._next:
            self._sleep(self._next - now)
            now = self._next
        self._next = now + SECONDS_BETWEEN_CALLS

    def back_off(self, seconds: float) -> None:
        """Fortnox refused a call for its pace: nothing goes out for a while."""
        self._sleep(seconds)
