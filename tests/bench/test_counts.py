"""What `make bench` tells is true: counts repeat, and a missed target is said."""

import py_compile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from local.bench import tables
from local.bench.backlog import drain
from local.bench.counts import SCENARIOS, Calls, Scenario, Target, exported_again_unchanged
from local.bench.memory import measure_run
from local.bench.sizes import measure_sizes
from local.bench.specifications import measure_specification
from local.bench.starts import SDK, StartTimes, first_page_target
from local.bench.story import read_story
from local.bench.targets import missed_counts
from local.bench.units import Meter, item_size
from tests.support.aws import Aws

CALLS = Calls(
    fortnox={"POST /3/invoices": 2},
    ongoing={"GetInvoicesByQuery": 1},
    aws={"dynamodb GetItem": 3, "dynamodb UpdateItem": 4, "kms Decrypt": 5},
)


def test_a_count_is_the_same_every_time() -> None:
    """Otherwise nobody could tell a change from chance."""
    assert exported_again_unchanged() == exported_again_unchanged()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_counted_calls_meet_their_targets(scenario: Callable[[], Scenario]) -> None:
    """No call more than was promised."""
    assert missed_counts(scenario().verdicts) == []


def test_requests_to_dynamodb_are_told_apart_from_others() -> None:
    """Reads, writes and keys cost differently."""
    assert (CALLS.dynamodb_reads, CALLS.dynamodb_writes, CALLS.other_aws) == (3, 4, 5)


def test_a_missed_target_is_said_and_a_met_one_is_not() -> None:
    """A table of numbers alone is read by nobody."""
    scenario = Scenario.of(
        "a run", CALLS, Target(kind="fortnox_calls", at_most=1), Target(kind="ongoing_calls", at_most=1)
    )

    assert [verdict.met for verdict in scenario.verdicts] == [False, True]
    assert missed_counts(scenario.verdicts) == scenario.verdicts[:1]
    assert "MISSED" in tables.targets_table(scenario.verdicts)


@pytest.mark.parametrize(("ratio", "met"), [(1.5, True), (1.51, False)])
def test_a_first_page_that_keeps_people_waiting_fails(ratio: float, met: bool) -> None:
    """Whatever is imported for it is paid for by whoever opens it first."""
    common = {"import_ms": 1.0, "import_clock_ms": 1.0, "client_ms": 1.0, "import_ratio": 1.0, "ready_ratio": 1.0}
    sdk = StartTimes(name=SDK, page_ms=None, page_ratio=None, **common)
    landing = StartTimes(name="landing", page_ms=1.0, page_ratio=ratio, **common)

    assert (missed_counts([first_page_target([sdk, landing])]) == []) == met


def test_a_drained_backlog_says_how_much_of_the_limit_it_used() -> None:
    """One call to Ongoing per second, because they are made one after the other, is no more than a fifth of it."""
    slow = drain(10, call_seconds=1.0)

    assert slow.fortnox_calls >= slow.invoices
    assert slow.refused == 0
    assert slow.share <= 0.5
    assert not all(verdict.met for verdict in slow.verdicts)
    assert missed_counts(slow.verdicts) == []


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "Å"}, 2),
        ({"N": "-120.50"}, 3),
        ({"N": "0"}, 1),
        ({"B": b"1234"}, 4),
        ({"BOOL": True}, 1),
        ({"NS": ["1", "200"]}, 4),
        ({"L": [{"S": "a"}, {"NULL": True}]}, 7),
        ({"M": {"key": {"S": "a"}}}, 8),
    ],
)
def test_an_item_is_as_large_as_documented(value: dict[str, Any], size: int) -> None:
    """What DynamoDB charges follows from it; the name counts too."""
    assert item_size({"name": value}) == 4 + size


@mock_aws
def test_units_are_counted_for_reads_writes_and_index() -> None:
    """A begun kilobyte is a unit of writing, four are one of reading, and a new key is written to its index too."""
    aws = Aws()
    table = aws.table("IntegrationsTable")
    meter = Meter(Aws().dynamodb)
    meter.attach(aws.dynamodb)
    key = {"integration_id": {"S": "nordlager"}}
    aws.dynamodb.put_item(TableName=table, Item={**key, "text": {"S": "x" * 5000}, "active": {"S": "active"}})
    written = meter.writes
    aws.dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)
    aws.dynamodb.get_item(TableName=table, Key=key)

    assert written == 5 + 1
    assert meter.reads == 2 + 1


def test_memory_is_measured_in_a_run_that_sends(tmp_path: Path) -> None:
    """In a process of its own, from a recording."""
    cost = measure_run(2, 3, tmp_path)

    assert cost.megabytes > 0
    assert cost.seconds > 0


def test_a_specification_is_measured_by_drawing_it() -> None:
    """In a process of its own; the file is one."""
    cost = measure_specification(30)

    assert cost.kilobytes > 1
    assert cost.seconds > 0


def test_a_story_that_was_never_played_is_asked_for(tmp_path: Path) -> None:
    """And is no reason to measure nothing else."""
    steps = read_story(tmp_path / "report.json")

    assert steps == []
    assert "make demo" in tables.story_table(steps)


def test_a_module_without_bytecode_is_counted(tmp_path: Path) -> None:
    """Each cold start would compile it again."""
    package = tmp_path / "Layer" / "python" / "package"
    package.mkdir(parents=True)
    for name in ("compiled", "uncompiled"):
        (package / f"{name}.py").write_text("ONE = 1\n")
    py_compile.compile(str(package / "compiled.py"))
    (size,) = measure_sizes(tmp_path, ["Layer"])

    assert size.uncompiled == 1
    assert size.parts == {"package": size.unzipped}
