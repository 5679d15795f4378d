"""A second stack in the same account: nothing has a name that the first one has already."""

import re
from collections.abc import Iterator, Mapping

import pytest

from tests.infrastructure.template import template

# Properties that name a thing for the whole account or Region, beside those of the names that are only a part of it.
NAMES = re.compile(r"(Table|Queue|Bucket|Function|Role|Alias|LogGroup|Alarm|Topic|Rule|Layer|Key|Policy|Set)?Name")
# Of a part of another thing, which is named by AWS.
INSIDE = {
    "AWS::AppConfig::ConfigurationProfile",
    "AWS::SES::ConfigurationSetEventDestination",
    "AWS::Serverless::Api",
}
# The name is that of something else of the stack, or of something that a person has given.
GIVEN = {("Ref",), ("Fn::GetAtt",), ("Fn::If",)}


def names() -> Iterator[tuple[str, str, object]]:
    """Resource, property and value of every explicit name."""
    for logical_id, one in template()["Resources"].items():
        if one["Type"] in INSIDE:
            continue
        for name, value in one.get("Properties", {}).items():
            if NAMES.fullmatch(name):
                yield logical_id, name, value


@pytest.mark.parametrize(("resource", "name", "value"), list(names()))
def test_a_name_is_of_one_stack(resource: str, name: str, value: object) -> None:
    """Or AWS makes it up. Two stages in one account would otherwise take each other's."""
    if isinstance(value, Mapping) and tuple(value) in GIVEN:
        return
    assert isinstance(value, Mapping), f"{resource}.{name} is {value} in every stack"
    assert "${AWS::StackName}" in str(value["Fn::Sub"]), f"{resource}.{name}"


def test_there_are_names_to_look_at() -> None:
    """A pattern that finds none would find nothing wrong."""
    assert {"DataKeyAlias", "SyncInvoicesLogs"} <= {resource for resource, _, _ in names()}


@pytest.mark.parametrize(
    ("parameter", "least", "most"), [("SyncConcurrency", 2, 1000), ("ReservedConcurrency", 0, 100)]
)
def test_numbers_are_bounded_by_what_lambda_takes(parameter: str, least: int, most: int) -> None:
    """It refuses others only in the middle of a deployment."""
    found = template()["Parameters"][parameter]

    assert (found["Type"], found["MinValue"], found["MaxValue"]) == ("Number", least, most)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("prod", True), ("a", True), ("a" * 20, True), ("a" * 21, False), ("", False), ("Prod", False), ("1a", False)],
)
def test_a_stage_is_a_short_word(name: str, allowed: bool) -> None:
    """It is in addresses, and bound into every ciphertext."""
    assert bool(re.search(template()["Parameters"]["StageName"]["AllowedPattern"], name)) is allowed
