"""Keeps to Fortnox's limit: 25 calls in any 5 seconds per client and company (its page on rate limits).

What counts is when calls arrive, and we know only when each begins and when its answer is there. Of a call that took
longer than the fastest one, the difference is taken for lateness, up to a bound: the 25th after it begins 5 seconds and
that lateness later. So calls whose delays differ are not refused, and equally slow ones lose nothing. Bursts were seen
to be refused although the sum was allowed, so there is a least distance, too.

Runs of several systems that share a company, and pages, know nothing of each other: some of their calls are refused,
back off and are made again.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SECONDS_BETWEEN_CALLS = 0.1  # at least
SECONDS_AT_FIRST = 0.2085  # a run that ended just before has calls in the window that we know nothing of
_WINDOW = 5.01  # seconds, with one hundredth for clocks
_CALLS = 25
_LATEST = 0.3  # seconds; what takes longer is slow at Fortnox, where it has arrived


@dataclass(slots=True)
class _Call:
    began: float
    late: float = _LATEST  # at most so many seconds; until it is answered, anything


class Pace:
    """Gives each call its turn. One per company and run; safe to share between threads."""

    def __init__(self, *, monotonic: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = 0.0
        began = monotonic() - _WINDOW
        self._last = deque((_Call(began + SECONDS_AT_FIRST * turn, late=0.0) for turn in range(_CALLS)), maxlen=_CALLS)
        self._answered = 0
        self._fastest = float("inf")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Begins when the next call may start; within it the call is made and answered."""
        with self._lock:
            now = self._monotonic()
            oldest = self._last[0]
            call = _Call(max(now, self._next, oldest.began + oldest.late + _WINDOW))
            self._next = call.began + SECONDS_BETWEEN_CALLS
            self._last.append(call)
        if call.began > now:
            self._sleep(call.began - now)
        call.began = max(call.began, self._monotonic())  # a busy machine may wake up late
        try:
            yield
        finally:
            self._note_answer(call)

    def back_off(self, seconds: float) -> None:
        """Fortnox refused a call for its pace: nothing that has no turn yet goes out for a while."""
        with self._lock:
            self._next = max(self._next, self._monotonic() + seconds)

    def _note_answer(self, call: _Call) -> None:
        with self._lock:
            took = self._monotonic() - call.began
            self._answered += 1
            self._fastest = min(self._fastest, took)
            usual = self._fastest if self._answered > _CALLS else 0.0  # a few may all have been late
            call.late = min(max(took - usual, 0.0), _LATEST)
