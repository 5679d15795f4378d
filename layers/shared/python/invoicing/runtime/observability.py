"""Structured log lines and metrics. No secret, no body and no address of a person goes in."""

import logging
import threading
import warnings
from collections.abc import Mapping

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger()
metrics = Metrics()
# Many invocations have nothing to count, and a warning about it in each log would hide the others.
warnings.filterwarnings("ignore", message="No application metrics to publish")

# Events that are counted here, each once: an invoice that failed is counted by its run, with what it sent and held.
# Counts are sums. What an alarm watches is counted from the log, by filters of the template: a function
# that is killed has written its lines, and published no metric. Metrics have no dimension per integration: thousands
# of them would cost more than the service itself; the log line has it.
COUNTED = {
    "run_failed": "RunsFailed",
    "notice_not_sent": "NoticesNotSent",
    "mail_bounced": "MailsBounced",
    "mail_to_confirm": "MailsToConfirm",
    "mail_limited": "MailsLimited",
    "fortnox_drift": "FortnoxDrift",
    "payments_not_followed": "PaymentsNotFollowed",
}
# Python's logging raises KeyError for a field that is called like something of its own.
TAKEN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_one_at_a_time = threading.Lock()  # runs are beside each other, and the library adds to a plain dictionary
_COUNTED_BY_RUNS = ("sent", "updated", "held", "failed")


def report(event: str, fields: Mapping[str, str | int]) -> None:
    """One event as a log line, and as a metric if it is counted. Raises for no field, whatever it is called."""
    logger.info(event, extra={f"{name}_" if name in TAKEN else name: value for name, value in fields.items()})
    name = COUNTED.get(event)
    if name is not None:
        _measure(name, 1)
    if event == "payments_untold":
        _measure("PaymentsUntold", int(fields["count"]))
    if event == "run_finished":
        for counted in _COUNTED_BY_RUNS:
            _measure(f"Invoices{counted.capitalize()}", int(fields[counted]))
        # A gauge: what waits is seen again by each run, so its highest value means something and its sum nothing.
        _measure("InvoicesWaitingHighest", int(fields["waiting"]))


def _measure(name: str, value: int) -> None:
    """Nothing is published of nothing: a run without work has no metrics."""
    if value:
        with _one_at_a_time:
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
