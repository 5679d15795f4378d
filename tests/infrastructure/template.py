"""template.yaml, read for the tests of this folder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]


@cache
def template() -> Mapping[str, Any]:
    """The whole template; intrinsic functions are mappings such as {"Ref": "Api"}."""
    parsed: Mapping[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return parsed


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """All resources of one type by logical id."""
    return {name: one for name, one in template()["Resources"].items() if one["Type"] == kind}


def properties(name: str) -> dict[str, Any]:
    """The properties of the resource with this logical id."""
    found: dict[str, Any] = template()["Resources"][name]["Properties"]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function of the template."""

    name: str  # logical id
    folder: str  # under functions/
    timeout: int  # seconds
    variables: Mapping[str, Any]
    events: Mapping[str, Any]
    statements: tuple[Mapping[str, Any], ...]  # of its role
    properties: Mapping[str, Any]


def functions() -> list[Function]:
    """All functions, with what they get from Globals."""
    shared = template()["Globals"]["Function"]
    return [
        Function(
            name=name,
            folder=one["Properties"]["CodeUri"].removeprefix("functions/").rstrip("/"),
            timeout=one["Properties"]["Timeout"],
            variables=shared["Environment"]["Variables"] | one["Properties"]["Environment"]["Variables"],
            events=one["Properties"]["Events"],
            statements=tuple(_statements(target(one["Properties"]["Role"]))),
            properties=one["Properties"],
        )
        for name, one in resources("AWS::Serverless::Function").items()
    ]


def target(reference: Mapping[str, Any]) -> str:
    """The logical id that a !Ref or !GetAtt points to."""
    if "Ref" in reference:
        return str(reference["Ref"])
    attribute = reference["Fn::GetAtt"]
    return str(attribute[0] if isinstance(attribute, list) else attribute.split(".")[0])


def mentioned(value: object) -> Iterator[str]:
    """Every logical id that stands anywhere in `value`."""
    text = str(value)
    yield from (name for name in template()["Resources"] if f"'{name}'" in text or f"{{{name}" in text)
    yield from (name for name in template()["Resources"] if f"'{name}." in text)


def _statements(role: str) -> Iterator[Mapping[str, Any]]:
    for policy in properties(role)["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]
