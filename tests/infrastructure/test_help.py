"""`make help` is a newcomer's map."""

import re

import pytest

from tests.infrastructure.template import ROOT

LINES = re.findall(r"(?m)^([a-z-]+):.*## (.*)$", (ROOT / "Makefile").read_text())


def test_every_target_is_listed() -> None:
    """But `ready`, which every other one calls."""
    phony = re.findall(r"(?m)^\.PHONY: (.*)$", (ROOT / "Makefile").read_text())

    assert {name for name, _ in LINES} == set(phony[0].split()) - {"ready"}


@pytest.mark.parametrize(("name", "says"), LINES, ids=[name for name, _ in LINES])
def test_every_target_says_how_long_it_takes(name: str, says: str) -> None:
    """Nobody starts what may take all day."""
    assert name == "help" or re.search(r"\((\d+ (s|min)|seconds|an hour)\)", says)
