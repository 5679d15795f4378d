"""Whether an alarm of the template rings over what the functions really wrote, by its own filter and threshold."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.functions.deployed import Deployed
from tests.infrastructure.template import properties, resources, target
from tests.support.insights import counted, lines_of

_ACROSS: Mapping[str, Callable[[list[float]], float]] = {"Sum": sum, "Maximum": max, "SampleCount": len}
_OURS = {"Fn::Sub": "Invoicing/${AWS::StackName}"}


def value_of(deployed: Deployed, alarm: str) -> float | None:
    """What its metric is, all lines taken for one period; None without any data."""
    watched = properties(alarm)
    assert watched["Namespace"] == _OURS, f"{alarm} watches what AWS counts"
    wanted = {one["Name"]: one["Value"] for one in watched.get("Dimensions", [])}
    values: list[float] = []
    for one in resources("AWS::Logs::MetricFilter").values():
        (made,) = one["Properties"]["MetricTransformations"]
        if made["MetricName"] == watched["MetricName"]:
            values += _values(deployed, one["Properties"], made, wanted)
    return float(_ACROSS[watched["Statistic"]](values)) if values else None


def rings(deployed: Deployed, alarm: str) -> bool:
    """Whether it does, over everything that was logged since the test began."""
    watched, value = properties(alarm), value_of(deployed, alarm)
    if watched["ComparisonOperator"] == "LessThanThreshold":
        return value is None or value < watched["Threshold"]
    return value is not None and value >= watched["Threshold"]


def _values(
    deployed: Deployed, one: Mapping[str, Any], made: Mapping[str, Any], wanted: Mapping[str, str]
) -> list[float]:
    log = properties(target(one["LogGroupName"]))["LogGroupName"]["Fn::Sub"].rpartition("/")[2]
    lines = lines_of(deployed.log_of(log))
    for each in made.get("Dimensions", []):
        field = each["Value"].removeprefix("$.")
        lines = [line for line in lines if str(line.get(field)) == wanted[each["Key"]]]
    return counted(one["FilterPattern"], made["MetricValue"], lines)
