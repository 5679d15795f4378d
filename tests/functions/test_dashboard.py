"""Every metric on the dashboard is one that is really made: by a filter of the log, by a function, or by AWS."""

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from invoicing.application.report_outcome import Outcome
from invoicing.runtime import observability
from invoicing.runtime.observability import COUNTED

from tests.functions import troubles
from tests.functions.operating import Operator
from tests.infrastructure.template import functions, properties
from tests.infrastructure.test_alarms import filters

FREE_METRICS = 50  # of a dashboard that costs nothing
OURS = "Invoicing/${AWS::StackName}"
OF_AWS = {
    "AWS/Lambda": {"Invocations", "Duration"},
    "AWS/SQS": {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
}


def shown() -> Iterator[list[Any]]:
    """Every metric: namespace, name, dimensions by turns; formulas are left out."""
    body = json.loads(properties("ServiceDashboard")["DashboardBody"]["Fn::Sub"])
    for widget in body["widgets"]:
        for metric in widget["properties"]["metrics"]:
            if isinstance(metric[0], str):
                yield [one for one in metric if isinstance(one, str)]


def test_a_metric_of_ours_is_made() -> None:
    """With the dimension that it is made with."""
    by_filter = {
        (name, key) for name, each in filters().items() for one in each for key in dict(one.dimensions) or [""]
    }
    by_function = {*COUNTED.values(), *(f"Invoices{name}" for name in ("Sent", "Updated", "Held", "Failed"))}
    for _, name, *dimension in (metric for metric in shown() if metric[0] == OURS):
        if dimension[:1] == ["service"]:
            assert name in by_function | {"InvoicesWaitingHighest"}
            assert dimension[1] in {one.variables["POWERTOOLS_SERVICE_NAME"] for one in functions()}
        else:
            assert (name, dimension[0] if dimension else "") in by_filter
            assert not dimension or dimension[1] in set(Outcome)


def test_a_metric_of_aws_is_of_a_part_of_this_stack() -> None:
    """By a reference that CloudFormation fills."""
    for namespace, name, _, value in (metric for metric in shown() if metric[0] != OURS):
        assert name in OF_AWS[namespace]
        assert re.fullmatch(r"\$\{\w+(\.QueueName)?\}", value)


def test_it_costs_nothing_among_the_first_three() -> None:
    """And can be left out where it would."""
    metrics = list(shown())

    assert len(metrics) == len({tuple(one) for one in metrics}) <= FREE_METRICS
    assert {namespace for namespace, *_ in metrics} == {OURS, *OF_AWS}


def test_the_functions_publish_what_is_shown_of_them(on_duty: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the lines that CloudWatch makes metrics of, each once."""
    said: list[str] = []
    # What the variable POWERTOOLS_SERVICE_NAME of each function is to the library.
    monkeypatch.setattr(observability.metrics.provider, "service", "as-the-function-is-called")
    monkeypatch.setattr("builtins.print", lambda text, **_: said.append(str(text)))
    troubles.run(on_duty)
    troubles.ongoing_is_down(on_duty, monkeypatch)
    troubles.mail_bounces(on_duty, monkeypatch)
    published = [json.loads(one) for one in said if one.startswith("{") and "_aws" in one]
    names = list(
        chain.from_iterable(
            [metric["Name"] for metric in directive["Metrics"]]
            for one in published
            for directive in one["_aws"]["CloudWatchMetrics"]
        )
    )

    assert {"InvoicesSent", "InvoicesHeld", "RunsFailed", "MailsBounced"} <= set(names)
    assert all(
        ["service"] in directive["Dimensions"] for one in published for directive in one["_aws"]["CloudWatchMetrics"]
    )
