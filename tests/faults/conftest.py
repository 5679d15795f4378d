"""Collects what the fault tests found."""

from pathlib import Path

import pytest

from tests.faults.findings import Findings

_FINDINGS = Findings()
_REPORT = Path(__file__).parents[2] / "build" / "faults.json"


@pytest.fixture(scope="session")
def one_in(pytestconfig: pytest.Config) -> int:
    """How many of the longest enumerations are played: all of them by `make faults`, a share with all other tests."""
    return 1 if any("faults" in argument for argument in pytestconfig.args) else 10


@pytest.fixture(scope="session")
def findings() -> Findings:
    """Where the tests count."""
    return _FINDINGS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table and writes build/faults.json."""
    if not _FINDINGS:
        return
    terminalreporter.section("faults")
    for line in _FINDINGS.lines():
        terminalreporter.write_line(line)
    _FINDINGS.write(_REPORT)
    terminalreporter.write_line(f"\nwritten to {_REPORT.relative_to(Path.cwd(), walk_up=True)}")
