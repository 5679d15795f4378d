"""What these tests look at: the artefacts as `sam build` makes them, and a stack that runs them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import deployment
from local.stack import Stack, running_stack


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of built artefacts, made anew if a source has changed."""
    deployment.build(tmp_path_factory.mktemp("build") / "build.log")
    return deployment.BUILT


@pytest.fixture(scope="module")
def stack(lane: str) -> Iterator[Stack]:
    """The deployed stack, for the tests of one file."""
    with running_stack(name=f"artefact{lane}") as running:
        yield running
