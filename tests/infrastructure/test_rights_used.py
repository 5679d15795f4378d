"""Rights on the table of exports: what each function's code asks of it is what its role allows, neither less nor more.

Tests in one process know no roles, so a method that a function begins to use would fail in the cloud alone.
"""

import ast
import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import invoicing
import pytest
from invoicing.adapters.aws.exports import EVENTS_PER_ITEM, DynamoExports
from invoicing.application.ports import Exports
from invoicing.domain.agreement import Agreement
from invoicing.domain.export import EventKind, Export, ExportState, HistoryEvent
from invoicing.domain.fortnox_invoice import Register
from invoicing.domain.outlook import Outlook
from moto import mock_aws

from tests.infrastructure.template import Function, functions, mentioned
from tests.support.aws import Aws

NOW = datetime(2026, 3, 5, tzinfo=UTC)
EVENT = HistoryEvent(at=NOW, kind=EventKind.HELD, by="schedule")
OUTLOOK = Outlook(at=NOW, first=date(2026, 4, 1))
AGREEMENT = Agreement(
    goods_owner="Kaffe", customer_number="1", customer_name="Kaffe", organisation_number="", by="anna", at=NOW
)


def saved(exports: DynamoExports) -> None:
    """So often that a part of the history is put aside, which reads it."""
    for version in range(1, EVENTS_PER_ITEM + 2):
        one = Export(integration_id="demo", invoice_id=1, state=ExportState.HELD, version=version, reference="x")
        exports.save(one, event=EVENT)


METHODS: dict[str, Callable[[DynamoExports], object]] = {
    "save": saved,
    "get": lambda exports: exports.get("demo", 1),
    "get_many": lambda exports: exports.get_many("demo", [1, 2]),
    "page": lambda exports: exports.page("demo", limit=10),
    "histories": lambda exports: exports.histories("demo", limit=10),
    "register": lambda exports: exports.register("demo"),
    "save_register": lambda exports: exports.save_register("demo", Register()),
    "open_invoices": lambda exports: exports.open_invoices("demo"),
    "save_open_invoices": lambda exports: exports.save_open_invoices("demo", {1}),
    "outlook": lambda exports: exports.outlook("demo"),
    "save_outlook": lambda exports: exports.save_outlook("demo", OUTLOOK),
    "agreements": lambda exports: exports.agreements("demo"),
    "agree": lambda exports: exports.agree("demo", AGREEMENT),
}
# Where each function's code begins; what these modules import is followed.
BEGINS = {
    "sync_invoices": ("application.sync_integration",),
    "portal": (
        "pages.invoices",
        "pages.before",
        "pages.customers",
        "pages.decision",
        "pages.rehearsal",
        "pages.preview",
    ),
    "notify_operators": ("application.send_notice",),
}
PORTAL_BESIDE = ("pages.overview", "pages.issues", "pages.history", "pages.settings", "pages.serve")


@cache
def actions_of() -> dict[str, set[str]]:
    """What each method asks DynamoDB for."""
    asked: dict[str, set[str]] = {}
    with mock_aws():
        aws = Aws()
        exports, current = DynamoExports(aws.dynamodb, aws.table("ExportsTable")), [""]

        def note(event_name: str, **_about: object) -> None:
            asked.setdefault(current[0], set()).add(f"dynamodb:{event_name.rpartition('.')[2]}")

        aws.dynamodb.meta.events.register("before-call.dynamodb", note)
        for name, call in METHODS.items():
            current[0] = name
            call(exports)
    return asked


def modules_from(begins: tuple[str, ...]) -> Iterator[Path]:
    """The modules of pages and application that are imported from there, directly or not."""
    root = Path(invoicing.__file__).parent
    waiting, seen = [f"invoicing.{one}" for one in begins], set()
    while waiting:
        name = waiting.pop()
        path = root.joinpath(*name.split(".")[1:]).with_suffix(".py")
        if name in seen or not path.exists() or name.endswith(".ports"):
            continue
        seen.add(name)
        yield path
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                ("invoicing.application", "invoicing.pages")
            ):
                waiting.append(str(node.module))


def used_by(function: Function) -> set[str]:
    """The methods of the port that its code calls on something that is called exports."""
    begins = BEGINS[function.folder] + (PORTAL_BESIDE if function.folder == "portal" else ())
    called = set()
    for path in modules_from(begins):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                owner = node.value
                name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
                if name.strip("_") == "exports":
                    called.add(node.attr)
    return called


def test_every_method_of_the_port_is_tried() -> None:
    """One that is added is added here."""
    assert set(METHODS) == {name for name, _ in inspect.getmembers(Exports, inspect.isfunction) if name[0] != "_"}


@pytest.mark.parametrize(
    "function",
    [one for one in functions() if "EXPORTS_TABLE" in one.variables],
    ids=lambda function: function.folder,
)
def test_a_role_allows_exactly_what_its_function_asks_of_the_table(function: Function) -> None:
    """Of all that it may do with exports, and for whatever path of its code."""
    asked = actions_of()
    needed = {action for method in used_by(function) for action in asked[method]}
    allowed = {
        action
        for statement in function.statements
        if "ExportsTable" in set(mentioned(statement["Resource"])) and statement["Effect"] == "Allow"
        for action in statement["Action"]
    }

    assert needed
    assert allowed == needed
