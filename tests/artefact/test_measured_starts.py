"""`make bench` can start every function from what was built."""

from pathlib import Path

from local.bench.starts import SDK, measure_starts
from tests.infrastructure.template import functions


def test_every_function_can_be_timed_beside_the_sdk(built: Path, tmp_path: Path) -> None:
    """Also the first page, which somebody waits for."""
    folders = [function.folder for function in functions()]
    times = measure_starts(built, folders, tmp_path, rounds=1)

    assert [one.name for one in times] == [SDK, *folders]
    assert [one.name for one in times if one.page_ms is not None] == ["landing"]
