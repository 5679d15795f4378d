"""Which tests stay together in one of the processes that run beside each other (`--dist loadgroup`)."""

import pytest
from xdist.scheduler import LoadScopeScheduling

# Those that share a stack and a browser. The story is beside the flows in the browser, which take longest.
_TOGETHER = {"tests/e2e/test_story.py": "artefact", "tests/e2e/": "browser", "tests/artefact/": "artefact"}


def lane_of(test: str) -> str:
    """Of a test's id; a test that shares nothing is a lane of its own."""
    return next((lane for beginning, lane in _TOGETHER.items() if test.startswith(beginning)), test)


class Lanes(LoadScopeScheduling):  # type: ignore[misc] # xdist publishes no types
    """Hands out lanes, the largest first. xdist's own groups change a test's id, which pytest 9.2 does not allow."""

    def _split_scope(self, nodeid: str) -> str:
        return lane_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Lanes | None:
    """Ours where lanes are asked for."""
    return Lanes(config, log) if config.getoption("dist") == "loadgroup" else None
