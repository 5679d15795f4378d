"""Sends the mails of the outbox, and their reminders."""

import os
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from invoicing.application.send_notice import send_due_reminders, send_notice
from invoicing.application.watch_service import watch_service
from invoicing.runtime.bootstrap import Bootstrap
from invoicing.runtime.messages import read_mail_trouble
from invoicing.runtime.observability import logger, metrics, report
from invoicing.runtime.settings import NotifyOperatorsSettings

settings = NotifyOperatorsSettings.read(os.environ)
parts = Bootstrap(settings)
processor = BatchProcessor(event_type=EventType.DynamoDBStreams)


def notice(record: DynamoDBRecord) -> None:
    """One new item of the outbox."""
    keys = record.dynamodb.keys if record.dynamodb else None
    if keys:
        send_notice(parts.notice_tools(), str(keys["notice_id"]))


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> Any:
    """The stream of the outbox, an hourly schedule, or SES telling of a mail that did not arrive."""
    parts.invoked(context)
    if "Records" in event:
        return process_partial_response(event=event, record_handler=notice, processor=processor, context=context)
    if event.get("source") == "aws.ses":
        trouble = read_mail_trouble(event)
        about = {"integration": trouble.integration_id, "notice": trouble.notice}
        report("mail_bounced", {**about, "kind": trouble.kind, "lasting": trouble.lasting})
        return None
    try:
        send_due_reminders(parts.notice_tools())
    finally:
        watch_service(parts.integrations, now=parts.clock(), report=report)
    return None
