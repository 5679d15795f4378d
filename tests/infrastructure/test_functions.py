"""Functions in the template: each has a folder, a role, a log and the variables that its settings read."""

import ast
from pathlib import Path

import pytest
from invoicing.application.token_engine import PAD_SECONDS, POST_SECONDS, SAVE_SECONDS
from invoicing.runtime import settings

from tests.infrastructure.template import ROOT, Function, functions, properties, resources, target

API_GATEWAY_SECONDS = 29


def test_every_function_folder_is_in_the_template_and_the_other_way_round() -> None:
    """A folder that nobody deploys is dead code, and a function without a folder does not build."""
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}

    assert {function.folder for function in functions()} == folders


def test_no_two_functions_share_a_role_or_a_log() -> None:
    """A shared role gives each the rights of the other; a shared log hides who said what."""
    roles = [target(function.properties["Role"]) for function in functions()]
    logs = [target(function.properties["LoggingConfig"]["LogGroup"]) for function in functions()]

    assert len(set(roles)) == len(roles)
    assert len(set(logs)) == len(logs)
    assert set(logs) <= set(resources("AWS::Logs::LogGroup"))


@pytest.mark.parametrize("function", functions(), ids=lambda function: function.folder)
def test_a_page_gives_up_no_later_than_api_gateway(function: Function) -> None:
    """API Gateway waits 29 seconds; a function that works on after that answers nobody.

    The portal does where it rotated a refresh token: what is spent is kept, whoever waits or does not. A page begins
    with that as long as it may still ask Fortnox at all.
    """
    is_page = any(event["Type"] == "Api" for event in function.events.values())
    to_rotate = (POST_SECONDS + SAVE_SECONDS + PAD_SECONDS).total_seconds()
    longest = API_GATEWAY_SECONDS + to_rotate + 1 if function.folder == "portal" else API_GATEWAY_SECONDS

    assert not is_page or function.timeout <= longest
    assert function.folder != "portal" or function.timeout >= API_GATEWAY_SECONDS + to_rotate


@pytest.mark.parametrize("function", functions(), ids=lambda function: function.folder)
def test_a_functions_variables_are_exactly_those_that_its_settings_read(function: Function) -> None:
    """A variable too few fails at run time; one too many tells a function what it has no business to know."""
    model: type[settings.Settings] = getattr(settings, f"{camel_case(function.folder)}Settings")

    assert set(function.variables) == model.variables()


@pytest.mark.parametrize("function", functions(), ids=lambda function: function.folder)
def test_every_route_of_a_function_is_reached_through_the_api_and_the_other_way_round(function: Function) -> None:
    """A route that the template forgets is a dead link; a path without a route is one too."""
    served = routes(ROOT / "functions" / function.folder / "app.py")
    served |= {("HEAD", path) for method, path in served if method == "GET"}
    offered = {
        (event["Properties"]["Method"], event["Properties"]["Path"])
        for event in function.events.values()
        if event["Type"] == "Api"
    }

    assert {route for route in served if not any(reaches(path, route) for path in offered)} == set()
    assert {path for path in offered if not any(reaches(path, route) for route in served)} == set()


def reaches(path: tuple[str, str], route: tuple[str, str]) -> bool:
    """Whether API Gateway gives a request for `route` to the method and path of the template."""
    beginning, greedy, _ = path[1].partition("{proxy+}")
    fits = route[1].startswith(beginning) if greedy else route[1] == path[1]
    return path[0] == route[0] and fits


def routes(source: Path) -> set[tuple[str, str]]:
    """The keys of ROUTES, read without running the function; of a table that stands with the pages, from there."""
    names: dict[str, str] = {}
    for node in ast.parse(source.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module and any(one.name == "ROUTES" for one in node.names):
            return routes(ROOT.joinpath("layers/shared/python", *node.module.split(".")).with_suffix(".py"))
        target: ast.expr
        if isinstance(node, ast.AnnAssign):
            target, value = node.target, node.value
        elif isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
        else:
            continue
        if not isinstance(target, ast.Name):
            continue
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            names[target.id] = value.value
        if target.id == "ROUTES" and isinstance(value, ast.Dict):
            keys = [ast.unparse(key) for key in value.keys if key is not None]
            return {eval(key, {"__builtins__": {}}, names) for key in keys}  # constants of our own source
    return set()


def camel_case(folder: str) -> str:
    """sync_invoices gives SyncInvoices."""
    return "".join(word.capitalize() for word in folder.split("_"))


def test_every_log_group_forgets_after_a_while() -> None:
    """Logs that are kept for ever cost for ever, and personal data must not outlive its purpose."""
    groups = resources("AWS::Logs::LogGroup")

    assert groups
    for name in groups:
        assert 30 <= properties(name)["RetentionInDays"] <= 365, name
