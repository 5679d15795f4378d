"""Alarms: each says what to do, reaches the topic, and no function is without."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from invoicing.application.recover_tokens import MASS_EVENT
from invoicing.application.report_outcome import Outcome
from invoicing.application.token_engine import PAD_SECONDS, POST_SECONDS
from invoicing.domain.tokens import QUARANTINE
from invoicing.runtime import observability
from invoicing.runtime.log_queries import QUERIES

from tests.infrastructure.template import ROOT, functions, properties, resources, target, template

RUNBOOKS = ROOT / "docs" / "runbooks"
OURS = {"Fn::Sub": "Invoicing/${AWS::StackName}"}  # the namespace of what is counted from our logs
JANITOR_EVERY = 300  # seconds
RUNBOOK = re.compile(r"See docs/runbooks/([a-z-]+)\.md$")
alarms = pytest.mark.parametrize("name", sorted(resources("AWS::CloudWatch::Alarm")))


@alarms
def test_an_alarm_names_a_runbook_that_mentions_it(name: str) -> None:
    """Who is woken at night follows the runbook, so it must exist and be about this alarm."""
    found = RUNBOOK.search(properties(name)["AlarmDescription"])
    assert found is not None

    text = (ROOT / "docs" / "runbooks" / f"{found[1]}.md").read_text()

    kind = re.sub(r"^\w+?(Errors|Throttles)Alarm$", r"<Function>\1Alarm", name)
    assert name in text or kind in text


@alarms
def test_an_alarm_tells_when_it_begins_and_when_it_is_over(name: str) -> None:
    """An alarm without an action is a colour on a screen that nobody looks at."""
    assert properties(name)["AlarmActions"] == properties(name)["OKActions"] == [{"Ref": "AlarmTopic"}]


def test_the_index_names_every_runbook_and_says_which_alarm_leads_to_it() -> None:
    """Those without an alarm are read before something is done; who looks for one finds it in the index."""
    index = (RUNBOOKS / "README.md").read_text()
    listed = re.findall(r"^\| \[[^]]+\]\(([a-z-]+)\.md\) \|", index, re.MULTILINE)
    by_alarm = index.partition("## Without an alarm")[0]

    assert sorted(listed) == sorted(path.stem for path in RUNBOOKS.glob("*.md") if path.stem != "README")
    assert set(re.findall(r"\(([a-z-]+)\.md\)", by_alarm)) == {
        found[1]
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if (found := RUNBOOK.search(alarm["Properties"]["AlarmDescription"]))
    }


@pytest.mark.parametrize("path", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_what_a_runbook_leads_to_exists(path: Path) -> None:
    """Other runbooks, lines of the log and outputs of the stack; commands of ours are in test_printed_commands."""
    text = path.read_text()
    links = {link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link}
    names = set(re.findall(r"<([A-Z][A-Za-z]+)>", text)) - {"Function"}

    assert {link for link in links if not (path.parent / link).exists()} == set()
    assert names <= {*template()["Outputs"], *template()["Parameters"]}


def test_every_line_that_the_log_is_asked_for_is_written() -> None:
    """A renamed line would be asked for in vain; which lines a question finds is tried with real ones elsewhere."""
    asked = "\n".join(query.text for query in QUERIES.values())
    lines = {
        name
        for names in re.findall(r"message (?:=|in) ([^|]*?)(?: and | or |$|\|)", asked)
        for name in re.findall(r'"([a-z_]+)"', names)
    }

    assert "token_third_sink" in lines
    assert lines <= reported_events() | {"page_failed", "page_crashed", "page_unavailable", "served"}


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_errors_and_throttles_of_every_function_are_alarms(metric: str) -> None:
    """A function that fails without a sound is found by its users."""
    watched = {
        target(dimension["Value"])
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        for dimension in alarm["Properties"].get("Dimensions", [])
        if alarm["Properties"]["MetricName"] == metric
    }

    assert watched == {function.name for function in functions()}


def test_silence_is_an_alarm_where_something_must_happen_by_itself() -> None:
    """A schedule that stops gives no error and no data, so the lack of data is told.

    A new stack begins without data and is not rung for: only the change to it is told. `make deploy` runs each of these
    functions once, so that there is data from the beginning.
    """
    silent = {
        name: one["Properties"]
        for name, one in resources("AWS::CloudWatch::Alarm").items()
        if "InsufficientDataActions" in one["Properties"]
    }
    scheduled = {
        function.name
        for function in functions()
        if any(event["Type"] == "Schedule" for event in function.events.values())
    }

    hourly = silent.pop("NotifyOperatorsMissingAlarm")
    assert {target(one["Dimensions"][0]["Value"]) for one in silent.values()} == scheduled - {"NotifyOperatorsFunction"}
    assert {one["MetricName"] for one in silent.values()} == {"Invocations"}
    # New notices and bounces invoke it too, so its hourly pass is awaited by what only that one counts.
    assert (hourly["MetricName"], hourly["Statistic"]) == ("SilentIntegrations", "SampleCount")
    for one in (hourly, *silent.values()):
        assert one["TreatMissingData"] == "missing"
        assert one["InsufficientDataActions"] == [{"Ref": "AlarmTopic"}]


def test_no_alarm_rings_because_it_was_just_created() -> None:
    """Missing data is what every stack begins with."""
    treated = {name: properties(name)["TreatMissingData"] for name in resources("AWS::CloudWatch::Alarm")}

    assert "breaching" not in treated.values()
    assert all(
        treatment == "notBreaching" or "InsufficientDataActions" in properties(name)
        for name, treatment in treated.items()
    )


def test_the_address_for_alarms_is_subscribed_to_all_of_them() -> None:
    """An alarm that reaches a topic without subscribers reaches nobody."""
    assert properties("AlarmSubscription") == {
        "TopicArn": {"Ref": "AlarmTopic"},
        "Protocol": "email",
        "Endpoint": {"Ref": "AlarmEmail"},
    }


def test_a_continuation_that_lambda_drops_is_an_alarm() -> None:
    """It would say that the setting of the template is gone."""
    alarm = properties("SyncLoopAlarm")

    assert (alarm["MetricName"], alarm["Threshold"]) == ("RecursiveInvocationsDropped", 1)
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "SyncInvoicesFunction"}}]


# ---- what is counted from our logs


@cache
def reported_events() -> set[str]:
    """Every name of a log line in our code."""
    sources = [*(ROOT / "layers" / "shared").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    return {event for source in sources for event in _events(ast.parse(source.read_text()))}


def _events(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and re.search(r"(report|reported|_failed)$", ast.unparse(node.func)):
            constants = [
                one for argument in node.args[:3] for one in ast.walk(argument) if isinstance(one, ast.Constant)
            ]
            yield from (one.value for one in constants if isinstance(one.value, str))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Makes a metric of lines of one log."""

    log: str  # logical id
    pattern: str
    value: str
    dimensions: tuple[tuple[str, str], ...]  # name, field of the line


def filters() -> dict[str, list[Filter]]:
    """All metric filters, by the metric that they make."""
    found: dict[str, list[Filter]] = {}
    for one in resources("AWS::Logs::MetricFilter").values():
        (made,) = one["Properties"]["MetricTransformations"]
        assert made["MetricNamespace"] == OURS
        found.setdefault(made["MetricName"], []).append(
            Filter(
                log=target(one["Properties"]["LogGroupName"]),
                pattern=one["Properties"]["FilterPattern"],
                value=made["MetricValue"],
                dimensions=tuple((each["Key"], each["Value"]) for each in made.get("Dimensions", [])),
            )
        )
    return found


def watched() -> dict[str, set[tuple[str, str]]]:
    """By metric, the dimensions and values that alarms ask for."""
    found: dict[str, set[tuple[str, str]]] = {}
    for one in resources("AWS::CloudWatch::Alarm").values():
        if one["Properties"]["Namespace"] == OURS:
            dimensions = {(each["Name"], each["Value"]) for each in one["Properties"].get("Dimensions", [])}
            found.setdefault(one["Properties"]["MetricName"], set()).update(dimensions)
    return found


def test_no_alarm_watches_what_two_stacks_would_count_together() -> None:
    """A second stack in the account must not ring the first one's alarms."""
    namespaces = [alarm["Properties"]["Namespace"] for alarm in resources("AWS::CloudWatch::Alarm").values()]

    assert all(namespace == OURS or str(namespace).startswith("AWS/") for namespace in namespaces)


def test_an_alarm_watches_what_is_counted_and_what_is_counted_is_watched() -> None:
    """An alarm on a metric that nobody makes never rings."""
    offered = {metric: {name for one in each for name, _ in one.dimensions} for metric, each in filters().items()}

    assert {metric: {name for name, _ in asked} for metric, asked in watched().items()} == offered


def test_every_step_and_outcome_that_an_alarm_watches_is_reported_by_our_code() -> None:
    """A renamed log line would silence its alarm."""
    steps = {value for name, value in watched()["TokenSteps"] if name == "step"}
    outcomes = {value for name, value in watched()["TokenOutcomes"] if name == "outcome"}

    assert steps <= {event for event in reported_events() if event.startswith("token_")}
    assert outcomes <= set(Outcome)
    assert {"token_unsettled", "our_defect"} <= reported_events()
    assert {"wms_not_understood", "wms_name_unknown", "wms_filter_useless"} <= reported_events()


def test_the_fields_that_are_counted_are_those_of_our_lines() -> None:
    """The names of the filters and those of the lines must be the same."""
    found = {(one.pattern, one.value, one.dimensions) for each in filters().values() for one in each}

    assert found == {
        ('{ $.message = "token_*" }', "1", (("step", "$.message"),)),
        ("{ $.outcome = * }", "1", (("outcome", "$.outcome"),)),
        ('{ $.message = "token_unsettled" }', "$.seconds", ()),
        ('{ $.message = "our_defect" }', "1", ()),
        ('{ $.message = "wms_not_understood" }', "1", ()),
        ('{ ($.message = "wms_name_unknown") || ($.message = "wms_filter_useless") }', "1", ()),
        ('{ $.message = "fortnox_drift" }', "1", ()),
        ('{ $.message = "service_watched" }', "$.silent", ()),
        ('{ $.message = "service_watched" }', "$.left", ()),
        ('{ $.message = "notices_watched" }', "$.late", ()),
        ('{ $.message = "mail_limited" }', "1", ()),
        ('{ ($.message = "sign_in_refused") && ($.problem = "refused" || $.problem = "too_many_tries") }', "1", ()),
    }


@pytest.mark.parametrize("metric", ["TokenSteps", "TokenOutcomes"])
def test_every_function_that_uses_the_token_engine_is_counted(metric: str) -> None:
    """Those that may read the journal; the callback only writes to it."""
    using = {
        target(function.properties["LoggingConfig"]["LogGroup"])
        for function in functions()
        if any("s3:GetObject" in statement["Action"] for statement in function.statements)
    }

    assert {one.log for one in filters()[metric]} == using


@pytest.mark.parametrize("metric", ["WmsNotUnderstood", "WmsDrift"])
def test_what_ongoing_answers_is_counted_in_every_function_that_asks_it(metric: str) -> None:
    """What is told once is told by whichever of them meets it first."""
    asking = {
        target(function.properties["LoggingConfig"]["LogGroup"])
        for function in functions()
        if "ONGOING_API_BASE_URL" in function.properties["Environment"]["Variables"]
    }

    assert {one.log for one in filters()[metric]} == asking
    assert len(asking) == 3


def test_every_event_that_is_counted_by_the_functions_is_reported_somewhere() -> None:
    """A name that nobody reports is a metric that is always zero."""
    assert set(observability.COUNTED) <= reported_events()


def test_broken_connections_ring_before_the_breaker_holds() -> None:
    """Each of them has had a mail, so whoever runs the service must know before ten have."""
    assert properties("TokensBrokenAlarm")["Threshold"] <= MASS_EVENT


def test_an_unfinished_refresh_is_an_alarm_only_when_recovery_had_its_time() -> None:
    """Lease, quarantine and two passes of the janitor are the ordinary way."""
    lease = max(function.timeout for function in functions()) + PAD_SECONDS.total_seconds()
    ordinary = lease - POST_SECONDS.total_seconds() + QUARANTINE.total_seconds() + 2 * JANITOR_EVERY

    assert ordinary < properties("TokenUnsettledAlarm")["Threshold"] <= 2 * ordinary


def test_a_bounce_as_ses_tells_it_rings_the_alarm() -> None:
    """The rule that the alarm counts must fit the event."""
    told = json.loads((ROOT / "events" / "notify_operators__bounce.json").read_text())
    pattern = properties("MailTroubleRule")["EventPattern"]

    assert told["source"] in pattern["source"]
    assert told["detail-type"] in pattern["detail-type"]
    assert set(pattern["detail"]["mail"]["tags"]) <= set(told["detail"]["mail"]["tags"])
    assert properties("MailBouncedAlarm")["Dimensions"] == [{"Name": "RuleName", "Value": {"Ref": "MailTroubleRule"}}]


def test_no_dispatch_is_an_alarm_at_every_interval_that_is_allowed() -> None:
    """A quarter of an hour has windows of its own; all others come at least once a day."""
    alarm = properties("DispatchMissingAlarm")

    assert alarm["Period"] == {"Fn::If": ["SyncsEveryQuarter", 300, 3600]}
    assert alarm["EvaluationPeriods"] == {"Fn::If": ["SyncsEveryQuarter", 9, 24]}
