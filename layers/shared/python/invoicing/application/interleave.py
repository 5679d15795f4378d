"""Several invoices under way at once, in one thread. docs/decisions/0009.

The steps of one invoice are a coroutine that awaits its calls to the outside. Only these calls take place beside each
other. Everything between them (records, registers, counts) happens in one thread, one step after the other: nothing
needs a lock, and a test that chooses the order of the answers repeats exactly.

This is the only module that knows how a coroutine is driven. Everything above it is `async` and `await`, so that the
type checker sees a step that was never taken.
"""

from collections.abc import Callable, Coroutine, Generator, Iterator
from concurrent.futures import Future
from types import coroutine
from typing import Any

from invoicing.application.ports import OutsideCall, OutsideCalls, Side

type Steps[Result] = Coroutine[OutsideCall, Any, Result]


async def outside[Result](side: Side, act: Callable[[], Result]) -> Result:
    """One call: gives its result or raises its error."""
    result: Result = await _answer_to(OutsideCall(side=side, act=act))
    return result


@coroutine
def _answer_to(call: OutsideCall) -> Generator[OutsideCall, Any, Any]:
    """The one place where steps wait."""
    return (yield call)


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


def take_alone[Result](steps: Steps[Result]) -> Result:
    """Takes steps to their end, making each call when it is awaited. Raises what they raise."""
    answer: Future[Any] | None = None
    while not isinstance(going := _go_on(steps, answer), Future):
        answer = Future()
        try:
            answer.set_result(going.act())
        except Exception as error:  # the steps decide what it means
            answer.set_exception(error)
    return going.result()


def _go_on[Result](steps: Steps[Result], answer: Future[Any] | None) -> OutsideCall | Future[Result]:
    """The next call of these steps, or what came of them."""
    ended: Future[Result] = Future()
    try:
        if answer is None:
            return steps.send(None)
        error = answer.exception()
        return steps.send(answer.result()) if error is None else steps.throw(error)
    except StopIteration as stop:
        ended.set_result(stop.value)
    except Exception as error:  # whoever asked for the job tells what it means
        ended.set_exception(error)
    return ended
