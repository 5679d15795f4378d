"""Calls of a run that take place beside each other, in threads."""

from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, Self

from invoicing.application.ports import OutsideCall, Side

FORTNOX_AT_ONCE = 4  # at 4.8 calls in a second, enough for calls that take 0.8 seconds


class ThreadedCalls:
    """The port OutsideCalls, of one run: a context that ends with its threads.

    Ongoing has one thread, because it wants all calls of a system one after the other.
    """

    def __init__(self) -> None:
        self._threads = {
            Side.FORTNOX: ThreadPoolExecutor(FORTNOX_AT_ONCE, thread_name_prefix="fortnox"),
            Side.ONGOING: ThreadPoolExecutor(1, thread_name_prefix="ongoing"),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: type[BaseException] | BaseException | TracebackType | None) -> None:
        for threads in self._threads.values():
            threads.shutdown()

    def start(self, call: OutsideCall) -> Future[Any]:
        """Calls of one side are started in the order in which they are given."""
        return self._threads[call.side].submit(call.act)

    def first(self, under_way: Collection[Future[Any]]) -> Future[Any]:
        """Waits until one of them is answered; of several, the one that was started first."""
        answered = wait(under_way, return_when=FIRST_COMPLETED).done
        return next(future for future in under_way if future in answered)
