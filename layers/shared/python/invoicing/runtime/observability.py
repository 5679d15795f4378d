"""Structured log lines and metrics. No secret, no body and no address of a person goes in."""

import warnings
from collections.abc import Mapping

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger()
metrics = Metrics()
# Many invocations have nothing to count, and a warning about it in each log would hide the others.
warnings.filterwarnings("ignore", message="No application metrics to publish")

# Events that are counted here. What an alarm watches is counted from the log, by filters of the template: a function
# that is killed has written its lines, and published no metric. Metrics have no dimension per integration: thousands
# of them would cost more than the service itself; the log line has it.
COUNTED = {
    "invoice_failed": "InvoicesFailed",
    "run_failed": "RunsFailed",
    "notice_not_sent": "NoticesNotSent",
    "mail_bounced": "MailsBounced",
    "fortnox_drift": "FortnoxDrift",
}


def report(event: str, fields: Mapping[str, str | int]) -> None:
    """One event as a log line, and as a metric if it is counted."""
    logger.info(event, extra=dict(fields))
    name = COUNTED.get(event)
    if name is not None:
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)
    if event == "run_finished":
        for counted in ("sent", "updated", "held", "failed", "waiting"):
            metrics.add_metric(
                name=f"Invoices{counted.capitalize()}", unit=MetricUnit.Count, value=int(fields[counted])
            )
