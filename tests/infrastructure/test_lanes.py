"""Tests that share a stack run in one process, whatever runs beside them: else each process would deploy its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infrastructure.template import ROOT
from tests.support.lanes import lane_of

WHO = """import os, pathlib, pytest

@pytest.mark.parametrize("number", range(12))
def test_who(number):
    with open(os.environ["WHO"], "a") as who:
        who.write(f"{pathlib.Path(__file__).parent.name} {os.environ['PYTEST_XDIST_WORKER']}\\n")
"""


@pytest.mark.parametrize(
    ("test", "lane"),
    [
        ("tests/e2e/test_mails.py::test_a[sv]", "browser"),
        ("tests/e2e/test_story.py::test_b", "artefact"),
        ("tests/artefact/test_layers.py::test_c", "artefact"),
        ("tests/unit/test_due.py::test_d", "tests/unit/test_due.py::test_d"),
    ],
)
def test_what_is_deployed_stays_together(test: str, lane: str) -> None:
    """And nothing else."""
    assert lane_of(test) == lane


def test_a_lane_is_in_one_process(tmp_path: Path) -> None:
    """As it really runs."""
    for folder in ("e2e", "unit"):
        (tmp_path / "tests" / folder).mkdir(parents=True)
        (tmp_path / "tests" / folder / f"test_{folder}.py").write_text(WHO)
    who = tmp_path / "who"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", "-p", "tests.support.lanes", "tests"],
        cwd=tmp_path,
        env={**os.environ, "WHO": str(who), "PYTHONPATH": f"{ROOT}:{ROOT / 'layers/shared/python'}"},
        check=True,
        capture_output=True,
    )
    lines = who.read_text().split("\n")

    assert len([line for line in lines if line]) == 24
    assert len({line for line in lines if line.startswith("e2e")}) == 1
