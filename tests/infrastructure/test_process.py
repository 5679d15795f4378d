"""Child processes of the local stack: known to be ready, and gone when they are stopped."""

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from local.process import ChildProcess, DidNotStartError

# The grandchild holds the pipe open for as long as it lives.
WITH_A_CHILD = """
import subprocess, sys
hold = "import time; pipe = open('pipe', 'w'); pipe.write('here'); pipe.flush(); time.sleep(600)"
subprocess.run([sys.executable, "-c", hold])
"""
SECONDS = 10.0
ROOT = Path(__file__).resolve().parents[2]


def start(code: str, folder: Path) -> ChildProcess:
    """Runs Python code in `folder`."""
    return ChildProcess(
        "example", [sys.executable, "-c", code], log=folder / "log", cwd=folder, environment={"PATH": "/usr/bin:/bin"}
    )


def test_what_a_process_started_ends_with_it(tmp_path: Path) -> None:
    """The emulated AWS runs each function in a process of its own; none may stay behind."""
    os.mkfifo(tmp_path / "pipe")
    process = start(WITH_A_CHILD, tmp_path)
    with (tmp_path / "pipe").open("rb", buffering=0) as pipe:
        assert pipe.read(4) == b"here"

        process.stop()

        readable, _, _ = select.select([pipe], [], [], SECONDS)
        assert readable
        assert pipe.read(1) == b""


STARTER = """
import sys
from pathlib import Path
from local.process import ChildProcess
child = ChildProcess("example", [sys.executable, "-c", sys.argv[1]], log=Path("log"), cwd=Path(), environment={})
sys.stdin.read()
"""


def test_a_process_ends_when_whoever_started_it_was_killed(tmp_path: Path) -> None:
    """A test run that is cut off leaves no server behind."""
    os.mkfifo(tmp_path / "pipe")
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, WITH_A_CHILD],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
    )
    with (tmp_path / "pipe").open("rb", buffering=0) as pipe:
        assert pipe.read(4) == b"here"

        starter.kill()
        starter.communicate()

        readable, _, _ = select.select([pipe], [], [], SECONDS)
        assert readable
        assert pipe.read(1) == b""


def test_a_process_that_ends_instead_of_starting_is_quoted(tmp_path: Path) -> None:
    """Waiting for the time limit and saying nothing helps nobody."""
    process = start("raise SystemExit('no such port')", tmp_path)

    with pytest.raises(DidNotStartError, match=r"example ended with 1(.|\n)*no such port"):
        process.wait_until_ready(lambda: None)


def test_stopping_twice_is_harmless(tmp_path: Path) -> None:
    """An error during the start stops what runs, and so does leaving the stack."""
    process = start("", tmp_path)
    process.stop()
    process.stop()

    assert (tmp_path / "log").exists()
