"""Collects what the fault tests found."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.ministack import PROGRAM
from local.stack import running_stack
from tests.faults.deployed_connection import DeployedConnection
from tests.faults.findings import Findings
from tests.faults.wires import Wires

_FINDINGS = Findings()
_ROOT = Path(__file__).parents[2]
_REPORT = _ROOT / "build" / "faults.json"


def _plays_all(config: pytest.Config) -> bool:
    """`make faults` names this folder; with all other tests a share of the longest enumerations is enough."""
    return any("faults" in argument for argument in config.args)


@pytest.fixture(scope="session")
def one_in(pytestconfig: pytest.Config) -> int:
    """One in how many of the longest enumerations is played."""
    return 1 if _plays_all(pytestconfig) else 10


@pytest.fixture(scope="session")
def findings() -> Findings:
    """Where the tests count."""
    return _FINDINGS


@pytest.fixture(scope="session")
def connection() -> Iterator[DeployedConnection]:
    """The deployed template, every one of whose calls passes the wires."""
    if sys.platform != "linux" or not PROGRAM.exists():
        pytest.skip("needs Linux, which says whose process holds a connection, and MiniStack")
    with Wires() as wires:
        parameters = {
            "FortnoxAuthBaseUrl": wires.fortnox.url,
            "FortnoxApiBaseUrl": wires.fortnox.url,
            "OngoingApiBaseUrl": wires.ongoing.url,
        }
        with running_stack(name="killed", parameters=parameters, aws_seen_at=wires.aws.url) as stack:
            wires.lead_to(stack)
            yield DeployedConnection(stack, wires)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints the table and writes build/faults.json, unless only a share was played."""
    if not _FINDINGS or not _plays_all(config):
        return
    terminalreporter.section("faults")
    for line in _FINDINGS.lines():
        terminalreporter.write_line(line)
    _FINDINGS.write(_REPORT)
    terminalreporter.write_line(f"\nwritten to {_REPORT.relative_to(_ROOT)}")
