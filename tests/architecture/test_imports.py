"""Imports only go inward: functions, pages, runtime, adapters, application, domain; rendering knows domain alone."""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "layers" / "shared" / "python"
INNER = ("invoicing.domain", "invoicing.application")
# What the standard library has for reaching the outside; inside, time, files and networks are passed in.
OUTSIDE = {"asyncio", "ftplib", "http", "os", "pathlib", "select", "shutil", "smtplib", "socket", "sqlite3", "ssl"} | {
    *("subprocess", "tempfile", "time", "urllib.request", "xmlrpc")
}
# Views of pages and mails, filled by pages and by letters; how they look is nobody else's business.
RENDERING = "invoicing.rendering"
FUNCTION_LINES = 60
# How models read: for whoever reads something from outside, which is never a rule or a use case.
WIRE = "invoicing.wire"
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
    elif within(module, RENDERING):
        allowed = ("invoicing.domain", RENDERING)
    elif within(module, "invoicing.adapters"):
        allowed = (*INNER, WIRE, ".".join(module.split(".")[:3]))
    elif module == WIRE:
        allowed = INNER
    elif within(module, "invoicing.runtime"):
        allowed = (
            *INNER,
            WIRE,
            RENDERING,
            "invoicing.runtime",
            *(["invoicing.adapters"] if module == BOOTSTRAP else []),
        )
    elif within(module, "invoicing.pages"):
        allowed = (*INNER, RENDERING, "invoicing.runtime", "invoicing.pages")
    else:
        allowed = (*INNER, "invoicing.runtime", "invoicing.pages")
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
        ("invoicing.application.export_invoice", "from invoicing.wire import read"),
        ("invoicing.wire", "from invoicing.adapters.fortnox.wire import read_invoice"),
        ("invoicing.adapters.ongoing.client", "from invoicing.adapters.http.transport import Urllib3Transport"),
        ("invoicing.adapters.ongoing.client", "from invoicing.adapters import http"),
        ("invoicing.adapters.ongoing.client", "from invoicing.runtime import settings"),
        ("invoicing.runtime.letters", "from invoicing.adapters.aws.sessions import DynamoSessions"),
        ("functions.portal.app", "from invoicing.adapters.aws.exports import DynamoExports"),
        ("invoicing.runtime.letters", "import functions.portal.app"),
        ("invoicing.runtime.bootstrap", "from invoicing.pages.serve import Visit"),
        ("invoicing.pages.overview", "from invoicing.adapters.aws.exports import DynamoExports"),
        ("invoicing.pages.overview", "def late():\n    from invoicing.adapters.aws.exports import DynamoExports"),
        ("invoicing.rendering.pages", "from invoicing.application.rehearse import rehearse"),
        ("invoicing.rendering.pages", "from invoicing.pages.serve import Visit"),
        ("invoicing.adapters.aws.exports", "from invoicing.rendering.views import InvoiceLine"),
        ("functions.portal.app", "from invoicing.rendering.views import StatusView"),
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
        ("functions.portal.app", "from invoicing.pages import overview"),
        ("invoicing.pages.overview", "from invoicing.rendering.views import StatusView"),
        ("invoicing.runtime.letters", "from invoicing.rendering.mails import Mails"),
    ],
)
def test_the_rule_lets_an_inward_import_pass(module: str, source: str) -> None:
    """A rule that refuses what is right is soon switched off."""
    assert violations(module, source) == []


def test_every_deployed_module_is_looked_at() -> None:
    """A folder that the rule does not see is a way around it."""
    seen = {module.split(".")[1] for module, _ in sources() if module.startswith("invoicing.")}

    assert seen == {"domain", "application", "adapters", "rendering", "runtime", "pages", "wire"}
    assert {module.split(".")[1] for module, _ in sources() if module.startswith("functions.")} == {
        path.name for path in (ROOT / "functions").iterdir() if path.is_dir() and path.name != "__pycache__"
    }


@pytest.mark.parametrize("path", sorted((ROOT / "functions").glob("*/*.py")), ids=lambda path: path.parent.name)
def test_a_function_only_says_what_leads_where(path: Path) -> None:
    """What a page does stands with the pages, what a run does with the use cases."""
    assert len(path.read_text().splitlines()) <= FUNCTION_LINES


def circles(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """Modules that import each other, directly or by others: each group once, sorted."""
    reached: dict[str, set[str]] = {}
    for module in imports:
        seen: set[str] = set()
        ahead = list(imports[module])
        while ahead:
            name = ahead.pop()
            if name not in seen:
                seen.add(name)
                ahead += imports.get(name, ())
        reached[module] = seen
    groups = {tuple(sorted(other for other in reached[one] if one in reached.get(other, ()))) for one in imports}
    return sorted(list(group) for group in groups if group)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """What can only be read together is one file in several pieces."""
    names = {module for module, _ in sources()}
    found = circles({module: imported(source) & names for module, source in sources()})

    assert found == []


def test_a_circle_is_found() -> None:
    """Also one that goes through several modules."""
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
