"""What `make bench` tells is true: counts repeat, and a missed target is said."""

import py_compile
from pathlib import Path

from local.bench import tables
from local.bench.backlog import drain
from local.bench.counts import Calls, Scenario, Target, exported_again_unchanged
from local.bench.sizes import measure_sizes
from local.bench.story import read_story

CALLS = Calls(
    fortnox={"POST /3/invoices": 2},
    ongoing={"GetInvoicesByQuery": 1},
    aws={"dynamodb GetItem": 3, "dynamodb UpdateItem": 4, "kms Decrypt": 5},
)


def test_a_count_is_the_same_every_time() -> None:
    """Otherwise nobody could tell a change from chance."""
    assert exported_again_unchanged() == exported_again_unchanged()


def test_requests_to_dynamodb_are_told_apart_from_others() -> None:
    """Reads, writes and keys cost differently."""
    assert (CALLS.dynamodb_reads, CALLS.dynamodb_writes, CALLS.other_aws) == (3, 4, 5)


def test_a_missed_target_is_said_and_a_met_one_is_not() -> None:
    """A table of numbers alone is read by nobody."""
    scenario = Scenario.of(
        "a run", CALLS, Target(kind="fortnox_calls", at_most=1), Target(kind="ongoing_calls", at_most=1)
    )

    assert tables.missed_targets([scenario], []) == ["a run: fortnox calls: 2, wanted at most 1"]


def test_a_drained_backlog_says_how_much_of_the_limit_it_used() -> None:
    """One call to Ongoing per second, because they are made one after the other, is no more than a fifth of it."""
    slow = drain(10, call_seconds=1.0)

    assert slow.fortnox_calls >= slow.invoices
    assert slow.refused == 0
    assert slow.share <= 0.5
    assert slow.missed


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
