"""Who must keep the contracts: the fakes, and the real adapters on two engines.

moto is quick but cannot do two things at once; MiniStack can, so the races run there.
"""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from local.ministack import PROGRAM, ROOT_KEY, MiniStack
from tests.support.aws import Aws


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """One MiniStack for all contract tests; skips where it is not installed."""
    if not PROGRAM.exists():
        pytest.skip("MiniStack is not installed; python3 local/bootstrap.py installs it")
    stack = MiniStack(tmp_path_factory.mktemp("ministack"))
    try:
        yield Aws(url=stack.url, access_key=ROOT_KEY, secret_key=ROOT_KEY, atomic=True)
    finally:
        stack.stop()


@pytest.fixture(params=["fake", "moto", "ministack"])
def aws(request: pytest.FixtureRequest) -> Iterator[Aws | None]:
    """None asks for the fake."""
    match request.param:
        case "fake":
            yield None
        case "moto":
            with mock_aws():
                yield Aws()
        case _:
            yield request.getfixturevalue("ministack")


@pytest.fixture
def atomic_aws(aws: Aws | None) -> Aws | None:
    """The same, without the engine whose conditional writes do not hold against concurrent ones."""
    if aws is not None and not aws.atomic:
        pytest.skip("moto's conditional writes are not atomic")
    return aws
