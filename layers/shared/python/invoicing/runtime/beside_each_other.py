"""The messages of one batch beside each other: each integration in its own order, and with its own failure."""

import contextvars
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from invoicing.application.ports import Report, SecondsLeft
from invoicing.application.steer_run import SECONDS_TO_END
from invoicing.domain.errors import InvoicingError

AFTER_THE_END = 10  # seconds, so that nothing of an invocation is left when its messages come again
SHARED_SECONDS = 20.0  # for each of several; what is not begun by then goes on in a message of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMessage:
    """One message of a FIFO queue."""

    id: str
    group: str
    body: str
    queue: str = ""  # its name
    receipt: str = ""
    deliveries: int = 1  # with this one


class ReceivedFrom(Protocol):
    """A queue, for whoever holds receipts of its messages."""

    def hide(self, receipts: Sequence[str], *, seconds: int) -> None:
        """Nobody else is given them for so long. Raises InvoicingError."""
        ...

    def remove(self, receipts: Sequence[str]) -> None:
        """They do not come again. Raises InvoicingError."""
        ...


class Receipts:
    """What this invocation says of its messages while it works. What it cannot say is told, and the work goes on."""

    def __init__(self, queue_named: Callable[[str], ReceivedFrom], *, report: Report) -> None:
        self._queue_named = queue_named
        self._report = report

    def hide(self, messages: Sequence[QueueMessage], *, seconds: float) -> None:
        """For as long as this invocation can last, which is `seconds`, and no longer.

        The queue hides them for longer, because they may wait for a free execution, and that time counts. From here on
        it would be too long: if this process is killed, its integrations would wait past their next schedules. Or too
        short, if they waited: somebody else would be given them meanwhile.
        """
        try:
            for queue, receipts in self._by_queue(messages):
                queue.hide(receipts, seconds=int(seconds) + AFTER_THE_END)
        except InvoicingError as error:
            self._report("messages_not_hidden", {"reason": str(error)})

    def remove(self, messages: Sequence[QueueMessage]) -> None:
        """They are done, and stay done if this process is killed later."""
        try:
            for queue, receipts in self._by_queue(messages):
                queue.remove(receipts)
        except InvoicingError as error:
            self._report("messages_not_removed", {"reason": str(error)})

    def _by_queue(self, messages: Sequence[QueueMessage]) -> Iterator[tuple[ReceivedFrom, list[str]]]:
        for name in {message.queue for message in messages}:
            yield self._queue_named(name), [one.receipt for one in messages if one.queue == name]


def work_off(
    messages: Sequence[QueueMessage],
    act: Callable[[QueueMessage], None],
    *,
    report: Report,
    done: Callable[[Sequence[QueueMessage]], None],
) -> list[str]:
    """The ids of those that must come again: what failed, and what stands behind it in its group.

    A failure stops no other group. It is ours, because `act` answers for all that can be expected. What came before may
    have killed its process: it is worked off alone, when all others are `done`, from one end and the next time from the
    other. So whatever kills takes nobody with it for long. Raises RuntimeError if all failed: that is an alarm.
    """
    groups: dict[str, list[QueueMessage]] = {}
    for message in messages:
        groups.setdefault(message.group, []).append(message)
    alone = [group for group in groups.values() if any(one.deliveries > 1 for one in group)]
    together = [group for group in groups.values() if group not in alone]

    def in_order(group: Sequence[QueueMessage]) -> list[QueueMessage]:
        for position, message in enumerate(group):
            try:
                act(message)
            except Exception as error:
                where = "".join(traceback.format_tb(error.__traceback__))
                report("our_defect", {"integration": message.group, "reason": type(error).__name__, "where": where})
                return list(group[position:])
        return []

    failed: list[QueueMessage] = []
    if len(together) == 1:
        failed += in_order(together[0])
    elif together:
        with ThreadPoolExecutor(len(together), thread_name_prefix="integration") as threads:
            jobs = [threads.submit(contextvars.copy_context().run, in_order, group) for group in together]
        failed += [one for job in jobs for one in job.result()]
    ended = [one for group in together for one in group if one not in failed]
    if alone and alone[0][0].deliveries % 2:
        alone.reverse()
    for group in alone:
        if ended:
            done(ended)
        failed += in_order(group)
        ended = [one for one in group if one not in failed]
    if failed and len(failed) == len(messages):
        raise RuntimeError("no message of the batch could be worked off; they come again")
    return [one.id for one in failed]


def share_of(seconds_left: SecondsLeft, *, groups: int) -> SecondsLeft:
    """The time of each of several: once its share is spent, only as much as ends what is under way.

    One that is alone has all of it. So a long backlog keeps nobody who came with it, and goes on by itself.
    """
    if groups <= 1:
        return seconds_left
    spent_at = seconds_left() - SHARED_SECONDS

    def left() -> float:
        seconds = seconds_left()
        return seconds if seconds > spent_at else min(seconds, SECONDS_TO_END - 1.0)

    return left
