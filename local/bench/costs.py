"""What runs cost on AWS: an estimate from counted requests and list prices.

List prices in USD of us-east-1, without the free tier, as commonly known since DynamoDB's were halved in November 2024:
compare them with the pricing pages before relying on the sum. Other regions differ a little. Not in it: logs, traces,
alarms, storage, and what is the same for one warehouse and for thousands (dispatcher, janitor, the queue's empty
polls, the KMS key).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local.bench.counts import FURTHER_INVOICE, IDLE_RUN, ONE_INVOICE, Calls, Scenario
from local.bench.memory import FUNCTION_MEGABYTES

LAMBDA_GB_SECOND = 0.0000166667  # x86_64; aws.amazon.com/lambda/pricing
LAMBDA_REQUEST = 0.20 / 1_000_000
SQS_FIFO_REQUEST = 0.50 / 1_000_000  # aws.amazon.com/sqs/pricing
DYNAMODB_WRITE_UNIT = 0.625 / 1_000_000  # on demand; aws.amazon.com/dynamodb/pricing/on-demand
DYNAMODB_READ_UNIT = 0.125 / 1_000_000
KMS_REQUEST = 0.03 / 10_000  # aws.amazon.com/kms/pricing
S3_PUT = 0.005 / 1_000  # aws.amazon.com/s3/pricing

IDLE_SECONDS = 1.0  # assumed: one answer of Ongoing, with what is around it
RUNS_PER_MONTH = 4 * 24 * 30
_REQUESTS_PER_MESSAGE = 3  # sent, received, deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """USD of something, by service."""

    name: str
    parts: Mapping[str, float]

    @property
    def usd(self) -> float:
        return sum(self.parts.values())


def estimate(scenarios: Sequence[Scenario], *, seconds_per_invoice: float) -> list[Cost]:
    """Of an idle run, of a month of them, and of 1000 invoices in one run."""
    calls = {scenario.name: scenario.calls for scenario in scenarios}
    idle, first, further = calls[IDLE_RUN], calls[ONE_INVOICE], calls[FURTHER_INVOICE]
    idle_run = _run(idle, IDLE_SECONDS)
    invoices = _run(first, 1000 * seconds_per_invoice)
    for service, usd in _requests(further).items():
        invoices[service] += 999 * usd
    return [
        Cost(name="1 idle run", parts=idle_run),
        Cost(
            name=f"a month of idle runs ({RUNS_PER_MONTH:,})",
            parts={service: RUNS_PER_MONTH * usd for service, usd in idle_run.items()},
        ),
        Cost(name="1000 invoices in one run", parts=invoices),
    ]


def _run(calls: Calls, seconds: float) -> dict[str, float]:
    parts = _requests(calls)
    parts["SQS"] += _REQUESTS_PER_MESSAGE * SQS_FIFO_REQUEST
    return {"Lambda": LAMBDA_REQUEST + seconds * FUNCTION_MEGABYTES / 1024 * LAMBDA_GB_SECOND, **parts}


def _requests(calls: Calls) -> dict[str, float]:
    def count(service: str) -> int:
        return sum(number for name, number in calls.aws.items() if name.startswith(f"{service} "))

    return {
        "DynamoDB": calls.read_units * DYNAMODB_READ_UNIT + calls.write_units * DYNAMODB_WRITE_UNIT,
        "SQS": count("sqs") * SQS_FIFO_REQUEST,
        "KMS": count("kms") * KMS_REQUEST,
        "S3": count("s3") * S3_PUT,
    }
