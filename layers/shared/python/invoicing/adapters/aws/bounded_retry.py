"""A retry policy that knows how long it can take at worst."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from invoicing.domain.errors import RetryLaterError


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundedRetry:
    """Calls again after each wait (seconds) while the error is RetryLaterError; no waits: one attempt.

    Only for calls that may be repeated. With the timeouts of `client_config.TOKEN_STORES` (3 s per attempt)
    the default ends within 10 seconds.
    """

    waits: tuple[float, ...] = (0.05, 0.2)
    sleep: Callable[[float], None] = time.sleep

    def __call__[T](self, act: Callable[[], T]) -> T:
        """Gives the first success, or raises the last RetryLaterError."""
        for wait in self.waits:
            try:
                return act()
            except RetryLaterError:
                self.sleep(wait)
        return act()
