"""Runs one sync per message of the queue, those of a batch beside each other."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from invoicing.application.ports import ChangedMeanwhileError
from invoicing.application.sync_integration import sync_integration
from invoicing.domain.errors import InvoicingError, RetryLaterError
from invoicing.runtime.beside_each_other import QueueMessage, share_of, work_off
from invoicing.runtime.bootstrap import Bootstrap
from invoicing.runtime.messages import read_batch
from invoicing.runtime.observability import logger, metrics, report
from invoicing.runtime.outside_calls import ThreadedCalls
from invoicing.runtime.settings import SyncInvoicesSettings

settings = SyncInvoicesSettings.read(os.environ)
parts = Bootstrap(settings)


_AFTER_THE_END = 10  # seconds, so that nothing of this invocation is left when its messages come again


def hide(messages: Sequence[QueueMessage]) -> None:
    """For as long as this invocation can last, and no longer.

    The queue hides them for longer, because they may wait for a free execution, and that time counts. From here on it
    would be too long: if this process is killed, its integrations would wait past their next schedules. Or too short,
    if they waited: somebody else would be given them meanwhile.
    """
    try:
        for queue in {message.queue for message in messages}:
            receipts = [message.receipt for message in messages if message.queue == queue]
            parts.queue_named(queue).hide(receipts, seconds=int(parts.time_left()) + _AFTER_THE_END)
    except InvoicingError as error:  # the work is worth more than the moment at which it would come again
        report("messages_not_hidden", {"reason": str(error)})


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
    """SQS FIFO; a message that fails comes again, and the others of its group wait for it."""
    parts.invoked(context)
    messages = read_batch(event)
    seconds_left = share_of(parts.time_left, groups=len({message.group for message in messages}))
    idle: list[str] = []

    def note(event_name: str, fields: Mapping[str, str | int]) -> None:
        """Runs without work are told together: they are nearly all, and logs are paid for by length."""
        if event_name == "run_idle":
            idle.append(str(fields["integration"]))
        else:
            report(event_name, fields)

    def sync(message: QueueMessage) -> None:
        """One message, one run of one integration.

        A run that could not do its work is not brought again by the queue, which would hold up the integration:
        what is due is read from Ongoing anew by the next schedule, and what was asked for is remembered.
        """
        request = parts.sync_request(message.body)
        with ThreadedCalls() as outside:
            tools = parts.sync_tools(outside=outside, seconds_left=seconds_left, report=note, queue_name=message.queue)
            try:
                sync_integration(tools, request)
            except (RetryLaterError, ChangedMeanwhileError) as error:
                fields = {"integration": request.integration_id, "reason": f"{type(error).__name__}: {error}"}
                report("run_failed", fields)

    parts.warm_up()
    hide(messages)
    failed = work_off(messages, sync, report=report)
    if idle:
        report("runs_idle", {"integrations": " ".join(sorted(idle))})
    if messages and len(failed) == len(messages):
        raise RuntimeError("no message of the batch could be worked off; they come again")
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
