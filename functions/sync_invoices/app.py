"""Runs one sync per message of the queue."""

import os
from typing import Any

from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from invoicing.application.ports import ChangedMeanwhileError
from invoicing.application.sync_integration import sync_integration
from invoicing.domain.errors import RetryLaterError
from invoicing.runtime.bootstrap import Bootstrap
from invoicing.runtime.observability import logger, metrics, report
from invoicing.runtime.settings import SyncInvoicesSettings

settings = SyncInvoicesSettings.read(os.environ)
parts = Bootstrap(settings)
processor = SqsFifoPartialProcessor(skip_group_on_error=True)


def sync(record: SQSRecord) -> None:
    """One message, one run of one integration.

    A run that could not do its work is not brought again by the queue, which would hold up the integration for half
    an hour: what is due is read from Ongoing anew by the next schedule, and what was asked for is remembered.
    """
    request = parts.sync_request(record.body)
    try:
        sync_integration(parts.sync_tools(), request)
    except (RetryLaterError, ChangedMeanwhileError) as error:
        fields = {"integration": request.integration_id, "reason": f"{type(error).__name__}: {error}"}
        report("run_failed", fields)


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> Any:
    """SQS FIFO; a message that fails comes again, and the others of its group wait for it."""
    parts.invoked(context)
    return process_partial_response(event=event, record_handler=sync, processor=processor, context=context)
