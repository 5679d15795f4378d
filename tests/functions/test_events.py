"""The files under events/: each belongs to a function and is used."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.infrastructure.template import ROOT

HERE = Path(__file__).parent


def names() -> set[str]:
    """All event files, without their suffix."""
    return {path.stem for path in (ROOT / "events").iterdir()}


def texts() -> Iterator[str]:
    """Every text in the sources of these tests, and of those that attack or run the same functions."""
    for path in (
        *HERE.glob("*.py"),
        *(ROOT / "tests" / "attacks").glob("*.py"),
        *(ROOT / "tests" / "artefact").glob("*.py"),
    ):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_every_event_file_is_used_by_a_test() -> None:
    """A shape that nobody sends any more would be trusted by the next reader."""
    assert names() - set(texts()) == set()


def test_every_event_file_is_named_after_the_function_that_gets_it() -> None:
    """And every function has at least one."""
    functions = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}

    assert {name.partition("__")[0] for name in names()} == functions
