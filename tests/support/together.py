"""Calls that happen at the same moment."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor


def together[Result](calls: Sequence[Callable[[], Result]]) -> list[Result | Exception]:
    """Releases all calls at once, each in a thread of its own; gives what each gave or raised."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Result]) -> Result | Exception:
        start.wait()
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return list(pool.map(run, calls))
