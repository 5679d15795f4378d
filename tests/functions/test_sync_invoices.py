"""functions/sync_invoices: one run per message, and no message stops another."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from invoicing.adapters.aws.integrations import DynamoIntegrations
from invoicing.adapters.aws.sync_queue import SqsSyncQueue
from invoicing.domain.errors import ConfigurationError, InvoicingError, RetryLaterError, UpstreamContractError
from invoicing.domain.export import ExportState

from local.ongoing.faults import Effect, FaultRule
from local.ongoing.seed import PLAIN, WAREHOUSE
from tests.functions.deployed import Browser, Deployed, event

ONE, GARBAGE_BETWEEN = "sync_invoices__one", "sync_invoices__garbage_between"


def failed(answer: dict[str, Any], made: dict[str, Any]) -> list[str]:
    """The groups of the messages that come again."""
    groups = {record["messageId"]: record["attributes"]["MessageGroupId"] for record in made["Records"]}
    return [groups[failure["itemIdentifier"]] for failure in answer["batchItemFailures"]]


def test_a_message_is_a_run_that_sends_what_is_due(operator: Browser) -> None:
    """From Ongoing to Fortnox, and the number back."""
    deployed = operator.deployed
    answer = deployed.invoke("sync_invoices", event(ONE))
    export = deployed.exports.get(WAREHOUSE, PLAIN)

    assert answer == {"batchItemFailures": []}
    assert export is not None
    assert export.state is ExportState.DONE
    assert deployed.integration.last_run is not None
    assert deployed.integration.last_run.sent > 0
    assert len(deployed.logged("run_finished")) == 1


def test_a_message_that_is_delivered_twice_sends_nothing_twice(operator: Browser) -> None:
    """SQS delivers at least once, and a message from before the last run is dropped."""
    deployed = operator.deployed
    deployed.invoke("sync_invoices", event(ONE))
    invoices = [call for call in deployed.fortnox.calls() if (call.method, call.path) == ("POST", "/3/invoices")]
    deployed.clock.advance(timedelta(minutes=1))
    deployed.invoke("sync_invoices", event(ONE))

    assert deployed.integration.last_run is not None
    assert deployed.integration.last_run.sent == 0
    assert invoices == [
        call for call in deployed.fortnox.calls() if (call.method, call.path) == ("POST", "/3/invoices")
    ]


def test_a_message_that_comes_later_sends_nothing_twice(operator: Browser) -> None:
    """The next schedule finds what is in Fortnox and marked."""
    deployed = operator.deployed
    deployed.invoke("sync_invoices", of_now(deployed))
    invoices = [call for call in deployed.fortnox.calls() if (call.method, call.path) == ("POST", "/3/invoices")]
    deployed.clock.advance(timedelta(minutes=15))
    deployed.invoke("sync_invoices", of_now(deployed))

    assert deployed.integration.last_run is not None
    assert deployed.integration.last_run.sent == 0
    assert invoices == [
        call for call in deployed.fortnox.calls() if (call.method, call.path) == ("POST", "/3/invoices")
    ]


def test_messages_come_again_when_their_invocation_can_last_no_longer(
    operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not half an hour later, when it is killed; and not before, when they had waited for a free execution."""
    hidden: list[tuple[str, Sequence[str], int]] = []

    def hide(self: SqsSyncQueue, receipts: Sequence[str], *, seconds: int) -> None:
        hidden.append((self.url, receipts, seconds))

    monkeypatch.setattr(SqsSyncQueue, "hide", hide)
    made = event(GARBAGE_BETWEEN)
    operator.deployed.invoke("sync_invoices", made, left=290.0)
    receipts = [record["receiptHandle"] for record in made["Records"]]

    assert hidden == [(operator.deployed.variables["sync_queue_url"], receipts, 300)]


@pytest.mark.parametrize("why", [RetryLaterError, UpstreamContractError, ConfigurationError])
def test_messages_are_worked_on_even_if_they_cannot_be_hidden(
    operator: Browser, monkeypatch: pytest.MonkeyPatch, why: type[InvoicingError]
) -> None:
    """They would come again later than they should, or earlier; and that is told."""

    def hide(_self: SqsSyncQueue, _receipts: Sequence[str], *, seconds: int) -> None:
        raise why(f"not for {seconds}")

    monkeypatch.setattr(SqsSyncQueue, "hide", hide)
    operator.deployed.invoke("sync_invoices", event(ONE))

    assert operator.deployed.integration.last_run is not None
    assert len(operator.deployed.logged("messages_not_hidden")) == 1


def test_garbage_is_reported_as_failed_and_stops_only_its_own_group(operator: Browser) -> None:
    """The others of the batch are done; what stands behind it in its group waits for it."""
    made = event(GARBAGE_BETWEEN)
    answer = operator.deployed.invoke("sync_invoices", made)

    assert failed(answer, made) == ["garbage", "garbage"]
    assert operator.deployed.integration.last_run is not None
    assert operator.deployed.integration.last_run.sent > 0


@pytest.mark.parametrize("body", ["", "null", "[]", '"text"', '{"integration_id": "nordlager"}', "\x00"])
def test_a_batch_of_nothing_but_garbage_fails_as_a_whole(deployed: Deployed, body: str) -> None:
    """So that all of it comes again, and ends with the dead letters."""
    made = event(ONE)
    made["Records"][0]["body"] = body

    with pytest.raises(RuntimeError, match="they come again"):
        deployed.invoke("sync_invoices", made)
    assert deployed.fortnox.calls() == []


def test_an_integration_that_is_unknown_or_paused_is_left_alone(operator: Browser) -> None:
    """Its message is done: a later one asks again."""
    operator.press("/pause")
    calls = len(operator.deployed.ongoing.calls)

    assert operator.deployed.invoke("sync_invoices", event(ONE)) == {"batchItemFailures": []}
    assert len(operator.deployed.ongoing.calls) == calls


def of_now(deployed: Deployed) -> dict[str, Any]:
    """What the schedule asks for at this moment."""
    made = event(ONE)
    body = {"integration_id": WAREHOUSE, "by": "schedule", "slot": deployed.clock().isoformat()}
    made["Records"][0]["body"] = json.dumps(body)
    return made


def test_an_idle_run_writes_nothing_and_a_whole_batch_of_them_is_one_line(operator: Browser) -> None:
    """Nearly all runs are idle: what each of them writes and logs is what the service costs."""
    deployed = operator.deployed
    deployed.ongoing.put_warehouse(replace(deployed.ongoing.warehouse(WAREHOUSE), invoices=()))
    deployed.invoke("sync_invoices", of_now(deployed))
    stored, lines = deployed.integration, len(deployed.logged("run_finished"))
    deployed.clock.advance(timedelta(minutes=15))
    deployed.invoke("sync_invoices", of_now(deployed))

    assert deployed.integration == stored
    assert len(deployed.logged("run_finished")) == lines == 1
    assert [line["integrations"] for line in deployed.logged("runs_idle")] == [WAREHOUSE]


def test_a_message_from_before_the_last_run_is_dropped_unread(operator: Browser) -> None:
    """A later one stands behind it; a queue that has fallen behind must not work off every slot."""
    deployed = operator.deployed
    late = of_now(deployed)
    deployed.clock.advance(timedelta(minutes=15))
    deployed.invoke("sync_invoices", of_now(deployed))
    calls = len(deployed.ongoing.calls)

    assert deployed.invoke("sync_invoices", late) == {"batchItemFailures": []}
    assert len(deployed.ongoing.calls) == calls


def test_a_wms_that_is_down_is_a_problem_of_the_run_and_no_failed_message(operator: Browser) -> None:
    """The next schedule tries again; dead letters are for defects."""
    operator.deployed.ongoing.add_fault(FaultRule(effect=Effect.HTML, times=None))
    answer = operator.deployed.invoke("sync_invoices", event(ONE))
    run = operator.deployed.integration.last_run

    assert answer == {"batchItemFailures": []}
    assert run is not None
    assert run.problem is not None
    assert run.problem.code == "wms_not_answering"


def test_our_own_table_out_of_order_fails_the_run_and_not_its_message(
    operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next schedule reads anew what is due; the message again would hold the integration up."""
    made = event(GARBAGE_BETWEEN)
    get = DynamoIntegrations.get

    def busy(self: DynamoIntegrations, integration_id: str) -> object:
        if integration_id == "unknown":
            raise RetryLaterError("DynamoDB GetItem: AWS is busy")
        return get(self, integration_id)

    monkeypatch.setattr(DynamoIntegrations, "get", busy)
    answer = operator.deployed.invoke("sync_invoices", made)

    assert failed(answer, made) == ["garbage", "garbage"]
    assert [line["integration"] for line in operator.deployed.logged("run_failed")] == ["unknown"]
    assert operator.deployed.integration.last_run is not None


def test_a_run_without_time_left_begins_nothing_and_asks_for_no_other(operator: Browser) -> None:
    """Nothing is begun that could not be finished; where nothing ended, another one would end nothing either."""
    answer = operator.deployed.invoke("sync_invoices", event(ONE), left=60.0)

    assert answer == {"batchItemFailures": []}
    assert operator.deployed.exports.get(WAREHOUSE, PLAIN) is None
    assert operator.deployed.queued() == []
