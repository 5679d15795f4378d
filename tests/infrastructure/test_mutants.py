"""`make mutants` makes the mistakes that it says, each of them once, and nothing else."""

import ast

import pytest

from local.mutants.changes import mutants


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
