"""Runs one sync per message of the queue, those of a batch beside each other."""

import os
from collections.abc import Mapping
from typing import Any

from invoicing.application.ports import ChangedMeanwhileError
from invoicing.application.sync_integration import sync_integration
from invoicing.domain.errors import ConfigurationError, RetryLaterError
from invoicing.runtime.beside_each_other import QueueMessage, Receipts, share_of, work_off
from invoicing.runtime.bootstrap import Bootstrap
from invoicing.runtime.messages import read_batch
from invoicing.runtime.observability import logger, metrics, report
from invoicing.runtime.outside_calls import ThreadedCalls
from invoicing.runtime.settings import SyncInvoicesSettings

settings = SyncInvoicesSettings.read(os.environ)
parts = Bootstrap(settings)


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
    """SQS FIFO; a message that fails comes again, and the others of its group wait for it."""
    parts.invoked(context)
    if parts.is_stopped():
        return {"batchItemFailures": []}  # the first schedule afterwards reads anew what is due
    messages = read_batch(event)
    groups = len({message.group for message in messages})
    receipts = Receipts(parts.queue_named, report=report)
    idle: list[str] = []

    def note(event_name: str, fields: Mapping[str, str | int]) -> None:
        """Runs without work are told together: they are nearly all, and logs are paid for by length."""
        if event_name == "run_idle":
            idle.append(str(fields["integration"]))
        else:
            report(event_name, fields)

    def sync(message: QueueMessage) -> None:
        """One run. If it cannot do its work, the next schedule reads anew what is due; the queue would hold it up."""
        request = parts.sync_request(message.body)
        left = share_of(parts.time_left, groups=groups)
        with ThreadedCalls() as outside:
            tools = parts.sync_tools(message, outside=outside, seconds_left=left, report=note, shared=groups > 1)
            try:
                sync_integration(tools, request)
            except (RetryLaterError, ChangedMeanwhileError) as error:
                why = f"{type(error).__name__}: {error}"
                report("run_failed", {"integration": request.integration_id, "reason": why})
            except ConfigurationError as error:
                report("our_defect", {"integration": request.integration_id, "reason": f"ConfigurationError: {error}"})

    parts.warm_up()
    receipts.hide(messages, seconds=parts.time_left())
    failed = work_off(messages, sync, report=report, done=receipts.remove)
    if idle:
        report("runs_idle", {"integrations": " ".join(sorted(idle))})
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
