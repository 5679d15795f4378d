"""Deployments: whoever is called is a published version, of which code, layers and settings are of one deployment."""

import re
from typing import Any

import pytest

from tests.infrastructure.template import functions, properties, template
from tests.infrastructure.translated import translated

WAITED_FOR = {"LandingFunction", "OauthCallbackFunction", "PortalFunction"}  # by people


def of_type(kind: str, stack: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Resources of one type, by logical id."""
    return {name: one for name, one in stack["Resources"].items() if one["Type"] == kind}


def versions(stack: dict[str, Any]) -> set[str]:
    """Names of the versions, which change with what they hold."""
    return set(of_type("AWS::Lambda::Version", stack))


def test_every_caller_calls_the_alias() -> None:
    """Who calls a function without it can meet new code with old layers."""
    resources = translated()["Resources"]
    callers = {
        name: one["Properties"]["FunctionName"]
        for name, one in resources.items()
        if one["Type"] in {"AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping"}
    }
    targets = {
        name: [target["Arn"] for target in one["Properties"]["Targets"]]
        for name, one in of_type("AWS::Events::Rule", translated()).items()
    }

    assert all(re.fullmatch(r"\w+FunctionAliaslive", called["Ref"]) for called in callers.values())
    assert all(re.fullmatch(r"\w+FunctionAliaslive", one["Ref"]) for called in targets.values() for one in called)
    assert set(re.findall(r"\$\{(\w+Function\w*)[.}]", str(resources["Api"]))) == {
        f"{one}Aliaslive" for one in WAITED_FOR
    }


def test_new_layers_are_a_new_version_of_every_function() -> None:
    """SAM looks at the function's own code, unless it is told to look at the layers too."""
    before, after = versions(translated()), versions(translated(layers_at="s3://artefacts/two.zip"))

    assert len(before) == len(after) == len(functions())
    assert before & after == set()


def test_changed_settings_are_a_new_version_of_every_function() -> None:
    """SAM sees no changed parameter: the number of the settings stands in what makes a version a new one."""
    numbered = {"Fn::Sub": "With settings ${SettingsVersion}"}
    held = properties("SettingsVersion")["Content"]["Fn::Sub"]
    told = set(re.findall(r"'Ref': '(\w+)'", str([function.variables for function in functions()])))
    told |= set(re.findall(r"\$\{(\w+)\}", str([function.variables for function in functions()])))

    for name, one in of_type("AWS::Lambda::Version", translated()).items():
        assert one["Properties"]["Description"] == numbered, name
    for name, one in of_type("AWS::Lambda::Function", translated()).items():
        assert one["Properties"]["Description"] == numbered, name
    assert told & set(template()["Parameters"]) <= set(re.findall(r"\$\{(\w+)\}", held))
    assert "FortnoxClientSecret" not in held


def test_pages_are_deployed_gradually_where_that_is_asked_for_and_taken_back_by_their_alarms() -> None:
    """One visitor in ten finds a defect for five minutes, and all others never."""
    stack = translated(GradualDeployment="true")
    groups = of_type("AWS::CodeDeploy::DeploymentGroup", stack)

    assert {name.removesuffix("DeploymentGroup") for name in groups} == WAITED_FOR
    for name, group in groups.items():
        alarms = {one["Name"]["Ref"] for one in group["Properties"]["AlarmConfiguration"]["Alarms"]}
        assert alarms == {f"{name.removesuffix('FunctionDeploymentGroup')}ErrorsAlarm", "ApiServerErrorsAlarm"}
        assert "Canary10Percent5Minutes" in str(group["Properties"]["DeploymentConfigName"])
    for name in WAITED_FOR:
        assert "CodeDeployLambdaAliasUpdate" in stack["Resources"][f"{name}Aliaslive"]["UpdatePolicy"]


@pytest.mark.parametrize("parameters", [{}, {"GradualDeployment": "false"}], ids=["by itself", "off"])
def test_without_it_nothing_of_codedeploy_is_made(parameters: dict[str, str]) -> None:
    """Not every account, and no emulator, has it."""
    stack = translated(**{"GradualDeployment": "false", **parameters})

    assert [one["Type"] for one in stack["Resources"].values() if "CodeDeploy" in one["Type"]] == []
    assert template()["Parameters"]["GradualDeployment"]["Default"] == "false"


def test_snapshots_are_for_pages_and_only_where_they_are_asked_for() -> None:
    """They cost money for each version, and nobody waits for the others."""
    snapped = {
        name for name, one in of_type("AWS::Lambda::Function", translated()).items() if "SnapStart" in one["Properties"]
    }

    assert snapped == WAITED_FOR
    assert template()["Parameters"]["SnapStart"]["Default"] == "None"
