"""The messages of one batch beside each other: each integration in its own order, and with its own failure."""

import contextvars
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from invoicing.application.ports import Report, SecondsLeft
from invoicing.application.sync_integration import SECONDS_TO_END
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


class Hiding(Protocol):
    """A queue that can hide what was received from it."""

    def hide(self, receipts: Sequence[str], *, seconds: int) -> None:
        """For so long. Raises InvoicingError."""
        ...


def hide(
    messages: Sequence[QueueMessage], queue_named: Callable[[str], Hiding], *, seconds: float, report: Report
) -> None:
    """For as long as this invocation can last, which is `seconds`, and no longer.

    The queue hides them for longer, because they may wait for a free execution, and that time counts. From here on it
    would be too long: if this process is killed, its integrations would wait past their next schedules. Or too short,
    if they waited: somebody else would be given them meanwhile.
    """
    try:
        for queue in {message.queue for message in messages}:
            receipts = [message.receipt for message in messages if message.queue == queue]
            queue_named(queue).hide(receipts, seconds=int(seconds) + AFTER_THE_END)
    except InvoicingError as error:  # the work is worth more than the moment at which it would come again
        report("messages_not_hidden", {"reason": str(error)})


def work_off(messages: Sequence[QueueMessage], act: Callable[[QueueMessage], None], *, report: Report) -> list[str]:
    """The ids of those that must come again: what failed, and what stands behind it in its group.

    A failure stops no other group. It is ours, because `act` answers for all that can be expected.
    """
    groups: dict[str, list[QueueMessage]] = {}
    for message in messages:
        groups.setdefault(message.group, []).append(message)

    def in_order(group: Sequence[QueueMessage]) -> list[str]:
        for position, message in enumerate(group):
            try:
                act(message)
            except Exception as error:
                where = "".join(traceback.format_tb(error.__traceback__))
                report("our_defect", {"integration": message.group, "reason": type(error).__name__, "where": where})
                return [one.id for one in group[position:]]
        return []

    if len(groups) == 1:
        return in_order(messages)
    with ThreadPoolExecutor(len(groups), thread_name_prefix="integration") as threads:
        jobs = [threads.submit(contextvars.copy_context().run, in_order, group) for group in groups.values()]
    return [failed for job in jobs for failed in job.result()]


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
