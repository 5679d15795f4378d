"""A step of an invoice that nobody awaits is never taken: the type checker refuses it, wherever it stands."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPLICATION = ROOT / "layers" / "shared" / "python" / "invoicing" / "application"
DRIVER = "interleave.py"


def awaits(source: str) -> list[ast.Await]:
    """Every place of a module where a step is taken."""
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Await)]


def without(source: str, taken: ast.Await) -> str:
    """The module with one await forgotten."""
    lines = source.split("\n")
    line = lines[taken.lineno - 1].encode()
    start = taken.col_offset
    assert line[start:].startswith(b"await ")
    lines[taken.lineno - 1] = (line[:start] + line[start + len(b"await ") :]).decode()
    return "\n".join(lines)


def refused(folder: Path) -> set[str]:
    """Names of the modules in a folder that the type checker refuses."""
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(folder)],
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode in {0, 1}, run.stderr
    return {Path(line.split(":", maxsplit=1)[0]).stem for line in run.stdout.splitlines() if ": error: " in line}


STEPPED = sorted(path for path in APPLICATION.glob("*.py") if path.name != DRIVER and awaits(path.read_text()))


def test_there_are_steps_to_look_at() -> None:
    """The modules that the next test takes awaits out of."""
    assert {"export_invoice.py", "export_job.py"} <= {path.name for path in STEPPED}


def test_a_forgotten_await_is_refused_by_the_type_checker(tmp_path: Path) -> None:
    """Each of them alone; and the modules as they are pass, so that a refusal means something."""
    expected: set[str] = set()
    for path in STEPPED:
        source = path.read_text()
        (tmp_path / f"{path.stem}_as_it_is.py").write_text(source)
        for place, taken in enumerate(awaits(source)):
            name = f"{path.stem}_without_{place}_line_{taken.lineno}"
            (tmp_path / f"{name}.py").write_text(without(source, taken))
            expected.add(name)

    assert refused(tmp_path) == expected


@pytest.mark.parametrize("path", sorted(APPLICATION.glob("*.py")), ids=lambda path: path.name)
def test_only_one_module_knows_how_steps_are_driven(path: Path) -> None:
    """A generator that calls itself a coroutine is outside of what the type checker sees."""
    names = {
        alias.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "types"
        for alias in node.names
    }

    assert ("coroutine" in names) == (path.name == DRIVER)
