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
from tests.infrastructure.template import resources

IDLE_MONTH = "a month of one idle warehouse, all included"
MOST_CENTS = 1.0  # of it
WAREHOUSES = 10_000  # that share what is there once
RUNS_PER_MONTH = 4 * 24 * 30
BATCH = 10  # idle runs that share an invocation when so many wait
# How long ten answers of Ongoing take beside each other, so the slowest of them, with what is around it. Nobody has
# measured it: `make scale` draws answers with a median of 0.4 s, and fails if ten of them take longer than this.
IDLE_BATCH_SECONDS = 1.8
_SENT_AT_ONCE = 10  # of the dispatch
_SEND_SECONDS = 0.02  # of one such request
_REQUESTS_OF_A_BATCH = 3  # received, hidden while it is worked on, deleted
_POLLS_PER_MONTH = 2 * 5 * 3 * 60 * 24 * 30  # of two queues, five pollers each, each asking every 20 seconds
_ROTATIONS_PER_MONTH = 30 / 7  # of the refresh token, which the janitor keeps alive
_WRITES_OF_A_ROTATION, _KMS_OF_A_ROTATION = 4, 2
_LOG_BYTES_PER_INVOCATION = 700  # START, END and REPORT, and one line of ours
_LOG_BYTES_PER_IDLE_RUN = 30  # its id in that line
_KEEPER_PASSES = 12 * 24 * 30
_ALARMS = len(resources("AWS::CloudWatch::Alarm"))
_METRICS, _SECRETS, _RULES = 20, 2, 2
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
    requests = 1 / _SENT_AT_ONCE + _REQUESTS_OF_A_BATCH / BATCH
    logged = invocations * _LOG_BYTES_PER_INVOCATION + RUNS_PER_MONTH * _LOG_BYTES_PER_IDLE_RUN
    processes_hours = 8 * 24 * 30  # each asks KMS once an hour
    keeping = _KEEPER_PASSES * _time(1.0) / WAREHOUSES + _ROTATIONS_PER_MONTH * _time(1.0)
    dispatching = RUNS_PER_MONTH / _SENT_AT_ONCE * _SEND_SECONDS * _time(1.0)
    return {
        "Lambda": invocations * _time(IDLE_BATCH_SECONDS) + keeping + dispatching,
        "DynamoDB": RUNS_PER_MONTH * per_run["DynamoDB"]
        + invocations * prices.DYNAMODB_READ_UNIT  # whether the service is stopped
        + 24 * 30 * prices.DYNAMODB_WRITE_UNIT  # it is stored once an hour that nothing happened
        + _ROTATIONS_PER_MONTH * _WRITES_OF_A_ROTATION * prices.DYNAMODB_WRITE_UNIT
        + _KILOBYTES_STORED / 1e6 * (prices.DYNAMODB_GB_MONTH + 0.20),
        "SQS": (RUNS_PER_MONTH * requests + _POLLS_PER_MONTH / WAREHOUSES) * prices.SQS_FIFO_REQUEST,
        "KMS": (processes_hours * prices.KMS_REQUEST + prices.KMS_KEY_MONTH) / WAREHOUSES
        + _ROTATIONS_PER_MONTH * _KMS_OF_A_ROTATION * prices.KMS_REQUEST,
        "S3": RUNS_PER_MONTH * per_run["S3"] + _ROTATIONS_PER_MONTH * prices.S3_PUT,
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
    parts["SQS"] += (1 + _REQUESTS_OF_A_BATCH) * prices.SQS_FIFO_REQUEST
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
