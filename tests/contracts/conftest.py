"""Who must keep the contracts: the fakes, and the real adapters on three engines.

moto is quick but cannot do two things at once. MiniStack and roto can, so the races run there.
"""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.support.aws import Aws


@pytest.fixture(params=["fake", "moto", "ministack", "roto"])
def aws(request: pytest.FixtureRequest) -> Iterator[Aws | None]:
    """None asks for the fake."""
    match request.param:
        case "fake":
            yield None
        case "moto":
            with mock_aws():
                yield Aws()
        case _:
            yield request.getfixturevalue(request.param)


@pytest.fixture
def atomic_aws(aws: Aws | None) -> Aws | None:
    """The same, without the engine whose conditional writes do not hold against concurrent ones."""
    if aws is not None and not aws.atomic:
        pytest.skip("moto's conditional writes are not atomic")
    return aws
