"""What holds for every test, and the emulated AWS that tests in more than one folder use."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from local.ministack import ROOT_KEY, MiniStack
from local.roto import running_roto
from tests.support.aws import Aws, tables_of
from tests.support.lanes import pytest_xdist_make_scheduler

__all__ = ["pytest_xdist_make_scheduler"]

_TESTS = Path(__file__).parent

# How long an example takes says something about the machine, and nothing about the promise.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """How much of the longest enumerations under tests/faults is played."""
    parser.addoption("--share", default="0/10", metavar="N/M", help="play share N, from 0, of M of what is enumerated")


@pytest.fixture(scope="session")
def lane(worker_id: str) -> str:
    """A suffix for the names of stacks: none alone, one of its own for each process beside others."""
    return "" if worker_id == "master" else f"-{worker_id}"


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """One MiniStack for all tests that need no whole stack."""
    stack = MiniStack(tmp_path_factory.mktemp("ministack"))
    try:
        yield Aws(url=stack.url, access_key=ROOT_KEY, secret_key=ROOT_KEY, atomic=True)
    finally:
        stack.stop()


@pytest.fixture(scope="session")
def roto() -> Iterator[Aws]:
    """One roto for all tests that need no whole stack."""
    with running_roto() as server:
        yield tables_of(server)
