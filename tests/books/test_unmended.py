"""The list of what is not mended names tests that are there."""

from importlib import import_module
from pathlib import Path

from tests.books.unmended import UNMENDED


def test_every_name_is_that_of_one_test() -> None:
    """A misspelt or outlived one would excuse nothing, and nobody would see it."""
    modules = [import_module(f"tests.books.{path.stem}") for path in Path(__file__).parent.glob("test_*.py")]
    tests = [name for module in modules for name in vars(module) if name.startswith("test_")]

    assert {name.partition("[")[0] for name in UNMENDED} <= set(tests)
    assert len(tests) == len(set(tests))
