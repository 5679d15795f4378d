"""Collects what the fault tests found, in whichever process they ran."""

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.ministack import PROGRAM
from local.stack import running_stack
from tests.faults.deployed_connection import DeployedConnection
from tests.faults.findings import Findings
from tests.faults.share import Share
from tests.faults.wires import Wires

_FINDINGS = Findings()
_ROOT = Path(__file__).parents[2]
_REPORT = _ROOT / "build" / "faults.json"


@pytest.fixture(scope="session")
def share(pytestconfig: pytest.Config) -> Share:
    """How much of the longest enumerations is played; --share says so."""
    return Share.parse(pytestconfig.getoption("--share"))


@pytest.fixture(scope="session")
def findings() -> Findings:
    """Where the tests count."""
    return _FINDINGS


@pytest.fixture(scope="session")
def connection(lane: str) -> Iterator[DeployedConnection]:
    """The deployed template, every one of whose calls passes the wires."""
    if sys.platform != "linux" or not PROGRAM.exists():
        pytest.skip("needs Linux, which says whose process holds a connection, and MiniStack")
    with Wires() as wires:
        parameters = {
            "FortnoxAuthBaseUrl": wires.fortnox.url,
            "FortnoxApiBaseUrl": wires.fortnox.url,
            "OngoingApiBaseUrl": wires.ongoing.url,
        }
        with running_stack(name=f"killed{lane}", parameters=parameters, aws_seen_at=wires.aws.url) as stack:
            wires.lead_to(stack)
            yield DeployedConnection(stack, wires)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process beside others hands over what it found."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["findings"] = pickle.dumps(_FINDINGS)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """What another process found. One that died has handed over nothing, and its tests have failed."""
    if found := getattr(node, "workeroutput", {}).get("findings"):
        _FINDINGS.add(pickle.loads(found))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints the table and writes build/faults.json, unless only a share was played."""
    if not _FINDINGS or not Share.parse(config.getoption("--share")).is_all:
        return
    terminalreporter.section("faults")
    for line in _FINDINGS.lines():
        terminalreporter.write_line(line)
    _FINDINGS.write(_REPORT)
    terminalreporter.write_line(f"\nwritten to {_REPORT.relative_to(_ROOT)}")
