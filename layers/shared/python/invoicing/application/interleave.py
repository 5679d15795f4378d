"""Several invoices under way at once, in one thread. docs/decisions/0009.

The steps of one invoice are a generator that yields its calls to the outside. Only these calls take place beside each
other. Everything between them (records, registers, counts) happens in one thread, one step after the other: nothing
needs a lock, and a test that chooses the order of the answers repeats exactly.
"""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from typing import Any

from invoicing.application.ports import OutsideCall, OutsideCalls, Side

type Steps[Result] = Generator[OutsideCall, Any, Result]


def outside[Result](side: Side, act: Callable[[], Result]) -> Steps[Result]:
    """One call, to be used with `yield from`: gives its result or raises its error."""
    result: Result = yield OutsideCall(side=side, act=act)
    return result


def interleave[Job, Result](
    jobs: Iterator[tuple[Job, Steps[Result]]], calls: OutsideCalls, *, at_most: int
) -> Iterator[tuple[Job, Future[Result]]]:
    """Takes each job to its end, at most so many at once; gives it with what came of it, as they end.

    The next job is asked for only when there is room for it, so whoever gives them may stop at any time.
    """
    under_way: dict[Future[Any], tuple[Job, Steps[Result]]] = {}
    while True:
        started = next(jobs, None) if len(under_way) < at_most else None
        if started is not None:
            job, steps = started
            going = _go_on(steps, None)
        elif under_way:
            answer = calls.first(under_way)
            job, steps = under_way.pop(answer)
            going = _go_on(steps, answer)
        else:
            return
        if isinstance(going, Future):
            yield job, going
        else:
            under_way[calls.start(going)] = (job, steps)


def _go_on[Result](steps: Steps[Result], answer: Future[Any] | None) -> OutsideCall | Future[Result]:
    """The next call of these steps, or what came of them."""
    ended: Future[Result] = Future()
    try:
        if answer is None:
            return next(steps)
        error = answer.exception()
        return steps.send(answer.result()) if error is None else steps.throw(error)
    except StopIteration as stop:
        ended.set_result(stop.value)
    except Exception as error:  # whoever asked for the job tells what it means
        ended.set_exception(error)
    return ended
