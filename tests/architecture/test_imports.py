"""Imports only go inward: functions, runtime, adapters, application, domain."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "layers" / "shared" / "python"
INNER = ("invoicing.domain", "invoicing.application")
# What the standard library has for reaching the outside; inside, time, files and networks are passed in.
OUTSIDE = {"asyncio", "ftplib", "http", "os", "pathlib", "select", "shutil", "smtplib", "socket", "sqlite3", "ssl"} | {
    *("subprocess", "tempfile", "time", "urllib.request", "xmlrpc")
}
# Pages and mails show values that the rendering package defines; functions fill them, so they may name them.
SHOWN = "invoicing.adapters.rendering"
BOOTSTRAP = "invoicing.runtime.bootstrap"


def sources() -> Iterator[tuple[str, str]]:
    """Module name and source of everything that is deployed."""
    for path in sorted((PACKAGE / "invoicing").rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), path.read_text()
    for path in sorted((ROOT / "functions").glob("*/*.py")):
        yield f"functions.{path.parent.name}.{path.stem}", path.read_text()


def imported(source: str) -> set[str]:
    """Every module that a source imports, wherever in it, also only for types."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide which layer is meant"
            names.add(node.module or "")
            # `from invoicing.adapters import aws` names a module too.
            names |= {f"{node.module}.{alias.name}" for alias in node.names if is_module(f"{node.module}.{alias.name}")}
    return names


def is_module(name: str) -> bool:
    """Whether there is such a module of ours."""
    path = PACKAGE.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def within(name: str, *packages: str) -> bool:
    """Whether a module is one of the packages or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def refusal(module: str, name: str) -> str | None:
    """Why `module` must not import `name`; None if it may."""
    ours = within(name, "invoicing")
    if within(module, *INNER):
        if not ours and name.split(".", maxsplit=1)[0] not in sys.stdlib_module_names:
            return "domain and application know only the standard library"
        if within(name, *OUTSIDE):
            return "domain and application reach nothing by themselves"
    if within(module, "invoicing.domain"):
        allowed: tuple[str, ...] = ("invoicing.domain",)
    elif within(module, "invoicing.application"):
        allowed = INNER
    elif within(module, "invoicing.adapters"):
        allowed = (*INNER, ".".join(module.split(".")[:3]))
    elif module == BOOTSTRAP:
        allowed = ("invoicing",)
    else:
        allowed = (*INNER, "invoicing.runtime", SHOWN)
    if ours and name not in {"invoicing", "invoicing.adapters"} and not within(name, *allowed):
        return f"it may import only {', '.join(allowed)}"
    if within(name, "functions") and not module.startswith("functions."):
        return "nothing imports a function"
    return None


def violations(module: str, source: str) -> list[str]:
    """What a module imports although it must not."""
    found = ((name, refusal(module, name)) for name in sorted(imported(source)))
    return [f"{module} imports {name}: {reason}" for name, reason in found if reason]


def test_imports_only_go_inward() -> None:
    """What a rule of money knows of DynamoDB can break when DynamoDB does."""
    found = [violation for module, source in sources() for violation in violations(module, source)]

    assert found == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("invoicing.domain.money", "import boto3"),
        ("invoicing.domain.money", "from invoicing.application import ports"),
        ("invoicing.domain.money", "def late():\n    import os"),
        ("invoicing.application.export_invoice", "from invoicing.adapters.fortnox.api import FortnoxCompany"),
        ("invoicing.application.export_invoice", "from urllib.request import urlopen"),
        ("invoicing.application.export_invoice", "import invoicing.runtime.settings"),
        ("invoicing.adapters.ongoing.client", "from invoicing.adapters.http.transport import Urllib3Transport"),
        ("invoicing.adapters.ongoing.client", "from invoicing.adapters import http"),
        ("invoicing.adapters.ongoing.client", "from invoicing.runtime import settings"),
        ("invoicing.runtime.web", "from invoicing.adapters.aws.sessions import DynamoSessions"),
        ("functions.portal.app", "from invoicing.adapters.aws.exports import DynamoExports"),
        ("invoicing.runtime.web", "import functions.portal.app"),
    ],
)
def test_the_rule_finds_an_import_that_goes_outward(module: str, source: str) -> None:
    """A rule that never refuses anything proves nothing."""
    assert violations(module, source) != []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("invoicing.domain.money", "from decimal import Decimal"),
        ("invoicing.domain.money", "from urllib.parse import quote"),
        ("invoicing.application.export_invoice", "from invoicing.domain.money import ORE"),
        ("invoicing.adapters.aws.exports", "import boto3\nfrom invoicing.adapters.aws.table import Table"),
        ("invoicing.runtime.bootstrap", "from invoicing.adapters.aws.exports import DynamoExports"),
        ("functions.portal.app", "from invoicing.adapters.rendering.views import StatusView"),
    ],
)
def test_the_rule_lets_an_inward_import_pass(module: str, source: str) -> None:
    """A rule that refuses what is right is soon switched off."""
    assert violations(module, source) == []


def test_every_deployed_module_is_looked_at() -> None:
    """A folder that the rule does not see is a way around it."""
    seen = {module.split(".")[1] for module, _ in sources() if module.startswith("invoicing.")}

    assert seen == {"domain", "application", "adapters", "runtime"}
    assert {module.split(".")[1] for module, _ in sources() if module.startswith("functions.")} == {
        path.name for path in (ROOT / "functions").iterdir() if path.is_dir() and path.name != "__pycache__"
    }
