"""What runs cost on AWS: an estimate from counted requests, billed time and the list prices of `prices`.

Everything is in it: also what is the same for one warehouse and for thousands (alarms, metrics, keys, the web ACL,
the queue's empty polls), shared by WAREHOUSES.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local.bench import prices
from local.bench.counts import FURTHER_INVOICE, IDLE_RUN, ONE_INVOICE, Calls, Scenario
from local.bench.memory import FUNCTION_MEGABYTES
from local.bench.targets import Verdict

IDLE_MONTH = "a month of one idle warehouse, all included"
MOST_CENTS = 1.0  # of it
WAREHOUSES = 10_000  # that share what is there once
RUNS_PER_MONTH = 4 * 24 * 30
BATCH = 10  # idle runs that share an invocation when so many wait
# Assumed: how long ten answers of Ongoing take beside each other, so the slowest of them, with what is around it.
# `local.simulate_scale` draws answers with a median of 0.4 s, of which the slowest of ten takes 1.7 s on average.
IDLE_BATCH_SECONDS = 1.8
_SENT_AT_ONCE = 10  # of the dispatch
_RECEIVED_AND_DELETED = 2  # requests for a batch
_POLLS_PER_MONTH = 5 * 3 * 60 * 24 * 30  # five pollers, each asking every 20 seconds
_LOG_BYTES_PER_INVOCATION = 700  # START, END and REPORT, and one line of ours
_LOG_BYTES_PER_IDLE_RUN = 30  # its id in that line
_KEEPER_PASSES = 12 * 24 * 30
_ALARMS, _METRICS, _SECRETS, _RULES = 34, 20, 2, 2
_KILOBYTES_STORED = 40  # of one integration with a year of records


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """USD of something, by service."""

    name: str
    parts: Mapping[str, float]

    @property
    def usd(self) -> float:
        return sum(self.parts.values())


def idle_verdict(costs: Sequence[Cost]) -> Verdict:
    """An idle warehouse costs a cent a month at most."""
    cents = next(100 * cost.usd for cost in costs if cost.name == IDLE_MONTH)
    return Verdict.at_most("a month of one idle warehouse: cents", MOST_CENTS, round(cents, 2))


def estimate(scenarios: Sequence[Scenario], *, seconds_per_invoice: float) -> list[Cost]:
    """Of one idle warehouse and month, all included, and of 1000 invoices in one run."""
    calls = {scenario.name: scenario.calls for scenario in scenarios}
    idle, first, further = calls[IDLE_RUN], calls[ONE_INVOICE], calls[FURTHER_INVOICE]
    invoices = _run(first, 1000 * seconds_per_invoice)
    for service, usd in _requests(further).items():
        invoices[service] += 999 * usd
    return [
        Cost(name=IDLE_MONTH, parts=_idle_month(idle)),
        Cost(name="1000 invoices in one run", parts=invoices),
    ]


def _idle_month(idle: Calls) -> dict[str, float]:
    invocations = RUNS_PER_MONTH / BATCH
    per_run = _requests(idle)
    requests = 1 / _SENT_AT_ONCE + _RECEIVED_AND_DELETED / BATCH
    logged = invocations * _LOG_BYTES_PER_INVOCATION + RUNS_PER_MONTH * _LOG_BYTES_PER_IDLE_RUN
    processes_hours = 8 * 24 * 30  # each asks KMS once an hour
    keeping = _KEEPER_PASSES * (prices.LAMBDA_REQUEST + FUNCTION_MEGABYTES / 1024 * prices.LAMBDA_GB_SECOND)
    return {
        "Lambda": invocations * _time(IDLE_BATCH_SECONDS) + keeping / WAREHOUSES,
        "DynamoDB": RUNS_PER_MONTH * per_run["DynamoDB"]
        + 24 * 30 * prices.DYNAMODB_WRITE_UNIT  # it is stored once an hour that nothing happened
        + _KILOBYTES_STORED / 1e6 * (prices.DYNAMODB_GB_MONTH + 0.20),
        "SQS": (RUNS_PER_MONTH * requests + _POLLS_PER_MONTH / WAREHOUSES) * prices.SQS_FIFO_REQUEST,
        "KMS": (processes_hours * prices.KMS_REQUEST + prices.KMS_KEY_MONTH) / WAREHOUSES,
        "S3": RUNS_PER_MONTH * per_run["S3"],
        "logs": logged / 1e9 * (prices.LOGS_GB + 12 * 0.03),
        "alarms and metrics": (_ALARMS * prices.ALARM_MONTH + _METRICS * prices.METRIC_MONTH) / WAREHOUSES,
        "traces": 0.0,  # of what no person waits for, none are taken
        "secrets and web ACL": (
            _SECRETS * prices.SECRET_MONTH + prices.WEB_ACL_MONTH + _RULES * prices.WEB_ACL_RULE_MONTH
        )
        / WAREHOUSES,
    }


def _time(seconds: float) -> float:
    return prices.LAMBDA_REQUEST + seconds * FUNCTION_MEGABYTES / 1024 * prices.LAMBDA_GB_SECOND


def _run(calls: Calls, seconds: float) -> dict[str, float]:
    parts = _requests(calls)
    parts["SQS"] += (1 + _RECEIVED_AND_DELETED) * prices.SQS_FIFO_REQUEST
    return {"Lambda": _time(seconds), **parts}


def _requests(calls: Calls) -> dict[str, float]:
    def count(service: str) -> int:
        return sum(number for name, number in calls.aws.items() if name.startswith(f"{service} "))

    return {
        "DynamoDB": calls.read_units * prices.DYNAMODB_READ_UNIT + calls.write_units * prices.DYNAMODB_WRITE_UNIT,
        "SQS": count("sqs") * prices.SQS_FIFO_REQUEST,
        "KMS": count("kms") * prices.KMS_REQUEST,
        "S3": count("s3") * prices.S3_PUT,
    }
