"""Who must keep the contracts: the fakes, the real adapters on moto, and on a local stack if there is one.

A local stack joins when some other fixture, called `local_aws`, gives its `tests.support.aws.Aws`.
"""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.support.aws import Aws


@pytest.fixture(params=["fake", "moto", "local"])
def aws(request: pytest.FixtureRequest) -> Iterator[Aws | None]:
    """None asks for the fake."""
    match request.param:
        case "fake":
            yield None
        case "moto":
            with mock_aws():
                yield Aws()
        case _:
            try:
                local = request.getfixturevalue("local_aws")
            except pytest.FixtureLookupError:
                pytest.skip("no local stack")
            yield local


@pytest.fixture
def atomic_aws(aws: Aws | None) -> Aws | None:
    """The same, without engines whose conditional writes do not hold against concurrent ones."""
    if aws is not None and not aws.atomic:
        pytest.skip("moto's conditional writes are not atomic")
    return aws
