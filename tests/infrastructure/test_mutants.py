"""`make mutants` makes the mistakes that it says, each of them once, and nothing else."""

import ast
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from local.mutants import in_place
from local.mutants.changes import mutants

RULES = """import functools
import types

class Rule:
    lowest = not True

    def __init__(self, limit):
        self.limit = limit

    @property
    def is_open(self):
        return self.limit > 0

    @functools.cached_property
    def half(self):
        return self.limit / 2

@functools.cache
def is_low(limit):
    return limit < 5

def is_high(limit):
    return any(limit > one for one in [5])

@types.coroutine
def step(limit):
    yield limit - 1

async def steps(limit):
    await step(limit)
"""


@pytest.fixture
def rules(tmp_path: Path) -> Iterator[ModuleType]:
    """A module that others have imported."""
    path = tmp_path / "rules.py"
    path.write_text(RULES)
    spec = importlib.util.spec_from_file_location("rules", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["rules"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["rules"]


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("return a < b", ["return (a <= b)"]),
        ("return a and not b", ["return (a or not b)", "return a and (b)"]),
        ("return a is None", ["return (a is not None)"]),
        ("return a - 1", ["return (a + 1)", "return a - 2"]),
        ("act(a)", ["pass"]),
        ("raise a", ["pass"]),
        ("return b'x' if a else b", ["return (b'x' if not a else b)"]),
        ("return 'text'", []),
    ],
)
def test_a_line_is_changed_in_each_way_that_is_a_mistake(line: str, changed: list[str]) -> None:
    """And the rest of the module stays as it is."""
    source = f"LIMIT = 15\n\n\ndef rule(a, b, act):\n    {line}\n"

    made = mutants("invoicing.domain.rule", source)

    assert sorted(one.source for one in made) == sorted(source.replace(line, one) for one in changed)
    assert all(ast.parse(one.source) for one in made)
    assert len({one.name for one in made}) == len(made)


@pytest.mark.parametrize(
    ("name", "call", "wrong"),
    [
        ("is_open", "Rule(0).is_open", True),
        ("half", "Rule(4).half", 8),
        ("is_low", "is_low(5)", True),
        ("is_high", "is_high(5)", True),
        ("step", "steps(3).send(None)", 4),
    ],
)
def test_a_mistake_is_made_where_the_function_is_that_others_have_imported(
    rules: ModuleType, name: str, call: str, wrong: object
) -> None:
    """Whatever stands around it: a property, a cache, a step of an invoice."""
    mutant = next(one for one in mutants("rules", RULES) if f" {name}: " in one.name)
    right = eval(call, dict(vars(rules)))

    assert in_place.make(mutant, "rules.py")
    assert right != wrong
    rules.is_low.cache_clear()
    assert eval(call, dict(vars(rules))) == wrong


def test_what_is_in_no_function_cannot_be_made_in_place(rules: ModuleType) -> None:
    """It is imported anew."""
    mutant = next(one for one in mutants("rules", RULES) if " Rule: " in one.name)

    assert not in_place.make(mutant, "rules.py")
    assert rules.Rule.lowest is False
