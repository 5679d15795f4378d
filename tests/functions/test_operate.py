"""What the service operator asks every day, and does on a bad one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import EndpointConnectionError
from invoicing.application.recover_tokens import recover_tokens
from invoicing.domain.finding import Finding
from invoicing.domain.integration import LATE_AFTER, IntegrationStatus
from invoicing.domain.integration_settings import PriceMeaning
from invoicing.domain.tokens import TokenStatus
from invoicing.runtime.bootstrap import Bootstrap

from tests.functions.command_stack import KEYS, NORDLAGER, RUN, Stack, stack
from tests.functions.deployed import Browser, event
from tests.functions.test_check_stack import RULE, RULES, FakeAws, checks_of
from tests.support.fakes import START
from tests.support.world import World

__all__ = ["stack"]  # a fixture

GOOD = replace(RUN, problem=None, held=0)


class Checks:
    """What AWS says of the stack itself."""

    def __init__(self) -> None:
        self.ringing: list[tuple[datetime, str, str]] = []
        self.off: list[Finding] = []

    def alarms(self) -> Iterator[tuple[datetime, str, str]]:
        return iter(self.ringing)

    def running(self) -> list[Finding]:
        return [Finding(subject="Schedules stand still", good=True, seen="3 on"), *self.off]


@pytest.fixture
def checks(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Checks:
    """A stack in which all is on, at START."""
    found = Checks()
    monkeypatch.setattr(Bootstrap, "stack_checks", lambda *_: found)
    monkeypatch.setattr(Bootstrap, "clock", lambda *_: START)
    return found


def connect(stack: Stack, name: str, *, run: Any = GOOD, **changed: Any) -> None:
    """Stores an integration of that name whose last run was `run`, none if that is None."""
    stack.integrations.put(replace(NORDLAGER, id=name, **changed))
    if run is not None:
        stack.integrations.save_run(name, run, done=frozenset(), unfinished=frozenset(), detected=PriceMeaning.PER_UNIT)


# ---- status


def test_all_is_well_is_said_and_is_no_error(stack: Stack, checks: Checks) -> None:
    """For scripts too."""
    connect(stack, "a")
    connect(stack, "b", status=IntegrationStatus.PAUSED)
    code, out, _ = stack.call("status")

    assert code == 0
    assert out.endswith(
        "2 integrations, 0 draft, 1 active, 1 paused, 0 disconnected, 0 runs waiting, 0 of slow systems\nAll is well.\n"
    )


def test_only_what_is_wrong_is_shown_and_the_worst_comes_first(stack: Stack, checks: Checks) -> None:
    """Each line says since when, what, which, and what to do."""
    long_ago = START - 2 * LATE_AFTER
    connect(stack, "held", run=replace(GOOD, held=2))
    connect(stack, "stopped", run=replace(RUN, held=0))
    connect(stack, "broken", broken_since=long_ago)
    connect(stack, "late", run=replace(GOOD, finished_at=long_ago))
    connect(stack, "never-ran", run=None, connected_at=long_ago)
    connect(stack, "paused", status=IntegrationStatus.PAUSED, run=replace(GOOD, finished_at=long_ago))
    connect(stack, "good")
    stack.bury("SyncDeadLetters", {})
    checks.ringing.append((START, "invoicing-SyncQueueAgeAlarm-1", "See docs/runbooks/sync-queue-age.md"))
    checks.off.append(Finding(subject="Queues stand still", good=False, seen="off: 1", mend="switch it on"))
    stack.aws.dynamodb.put_item(
        TableName=stack.outputs["IntegrationsTable"],
        Item={"integration_id": {"S": "garbled"}, "status": {"S": "a secret"}},
    )
    code, out, error = stack.call("status")
    rows = out.splitlines()[2:]

    assert code == 1
    assert "9 lines need somebody" in error
    assert [row[22:].split("  ")[0] for row in rows] == [
        "alarm",
        "Queues stand still",
        "unreadable record",
        "no run ended",
        "no run ended",
        "dead letters",
        "keys to Fortnox are dead",
        "its run was stopped: licence_missing",
        "2 invoices are held",
    ]
    assert "SyncQueueAgeAlarm" in rows[0]
    assert "docs/runbooks/sync-queue-age.md" in rows[0]
    assert "garbled" in rows[2]
    assert "a secret" not in out
    assert {"late", "never-ran"} == {word for row in rows[3:5] for word in row.split() if word in {"late", "never-ran"}}


def test_a_record_that_cannot_be_read_hides_no_other(stack: Stack) -> None:
    """It is named beside the list."""
    stack.connect()
    stack.aws.dynamodb.put_item(TableName=stack.outputs["IntegrationsTable"], Item={"integration_id": {"S": "garbled"}})
    stack.aws.dynamodb.update_item(
        TableName=stack.outputs["TokensTable"],
        Key={"integration_id": {"S": "nordlager"}},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": {"S": "nonsense"}},
    )
    code, out, error = stack.call("integrations")

    assert code == 0
    assert "nordlager" in out
    assert "UNREADABLE" in out
    assert "garbled cannot be read: stored Integration: attribute status is missing or garbled" in error


def test_what_stands_still_is_seen_in_aws() -> None:
    """Rules and queues that somebody switched off."""
    queue = {"ResourceType": "AWS::Lambda::EventSourceMapping", "PhysicalResourceId": "uuid-1"}
    answers = {
        "list_stack_resources": {"StackResourceSummaries": [*RULES, queue]},
        "get_event_source_mapping": {"UUID": "uuid-1", "State": "Enabled"},
    }
    assert [one.good for one in checks_of(FakeAws(**answers)).running()] == [True] * 4
    answers["get_event_source_mapping"] = {"UUID": "uuid-1", "State": "Disabled"}
    answers["describe_rule"] = {**RULE, "State": "DISABLED"}
    answers["list_subscriptions_by_topic"] = {"Subscriptions": []}
    answers["get_account"] = {"ProductionAccessEnabled": True, "SendingEnabled": False}
    schedules, queues, alarms, mails = checks_of(FakeAws(**answers)).running()

    assert [one.good for one in (schedules, queues, alarms, mails)] == [False] * 4
    assert schedules.mend.startswith("aws events enable-rule --name syncs")
    assert (queues.seen, queues.mend) == (
        "off: uuid-1",
        "aws lambda update-event-source-mapping --enabled --uuid uuid-1",
    )
    assert alarms.seen == "nobody subscribes to the alarm topic"


def test_alarms_that_ring_are_told_with_their_runbook() -> None:
    """Only those of this stack are asked for."""
    ringing = {"StateUpdatedTimestamp": START, "AlarmName": "invoicing-X", "AlarmDescription": "See docs/runbooks/x.md"}
    found = checks_of(FakeAws(describe_alarms={"MetricAlarms": [ringing]})).alarms()

    assert [*found] == [(START, "invoicing-X", "See docs/runbooks/x.md")]


# ---- restore


@pytest.fixture
def backup(stack: Stack) -> str:
    """A table of tokens as DynamoDB makes it of a backup."""
    return stack.aws.table("TokensTable")


def put(stack: Stack, table: str, name: str, **attributes: Any) -> dict[str, Any]:
    """Stores an item of keys; gives it."""
    item = {
        "integration_id": {"S": name},
        "chain_id": {"S": "chain"},
        "blob": {"B": bytes(range(256))},
        "due_at": {"N": "1"},
        **attributes,
    }
    stack.aws.dynamodb.put_item(TableName=table, Item=item)
    return item


def stored(stack: Stack, name: str) -> dict[str, Any] | None:
    """What the table in use has of it."""
    key = {"integration_id": {"S": name}}
    return stack.aws.dynamodb.get_item(TableName=stack.outputs["TokensTable"], Key=key).get("Item")


def test_what_is_missing_comes_back_to_the_byte_and_what_is_there_stays(stack: Stack, backup: str) -> None:
    """Every value of a byte; what is there is newer."""
    old = [put(stack, backup, f"system-{number}") for number in range(30)]
    newer = put(stack, stack.outputs["TokensTable"], "system-7", blob={"B": b"newer"})
    code, out, _ = stack.call("restore", "tokens", "--from", backup)

    assert code == 0
    assert out == f"{stack.outputs['TokensTable']}: 29 items are back; 1 were there already, and are as they were.\n"
    assert [stored(stack, f"system-{n}") for n in range(30)] == [newer if n == 7 else old[n] for n in range(30)]


def test_a_restore_that_broke_off_is_run_again(stack: Stack, backup: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so, and does the rest."""
    for number in range(30):
        put(stack, backup, f"system-{number}")
    calls: Iterator[int] = count()
    original = vars(BaseClient)["_make_api_call"]

    def stops(client: Any, operation: str, arguments: Any) -> Any:
        if operation == "PutItem" and next(calls) >= 11:
            raise EndpointConnectionError(endpoint_url="https://dynamodb")
        return original(client, operation, arguments)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", stops)
        code, _, error = stack.call("restore", "tokens", "--from", backup)
    assert code == 1
    assert "Run the same command again: what is there is left alone." in error
    code, out, _ = stack.call("restore", "tokens", "--from", backup)

    assert code == 0
    assert "11 were there" in out
    assert all(stored(stack, f"system-{number}") for number in range(30))


def test_one_system_is_brought_back_alone(stack: Stack, backup: str) -> None:
    """The others are left to whoever looks at them."""
    put(stack, backup, "wanted")
    put(stack, backup, "other")
    code, _, _ = stack.call("restore", "tokens", "--from", backup, "--only", "wanted")

    assert (code, stored(stack, "wanted") is None, stored(stack, "other")) == (0, False, None)


def test_keys_that_need_no_janitor_are_looked_at_once_when_they_are_back(stack: Stack, backup: str) -> None:
    """Their integration was held while they were missing, and nothing else would release it."""
    item = put(stack, backup, "nordlager")
    stack.aws.dynamodb.delete_item(TableName=backup, Key={"integration_id": {"S": "nordlager"}})
    stack.aws.dynamodb.put_item(TableName=backup, Item={n: v for n, v in item.items() if n != "due_at"})
    stack.call("restore", "tokens", "--from", backup)

    assert [*stack.tokens.due(START + timedelta(days=10_000))] == ["nordlager"]


@pytest.mark.parametrize(
    ("table", "backup_of", "why"),
    [
        ("exports", "TokensTable", "has other keys than"),
        ("tokens", "", "cannot be restored from itself"),
    ],
)
def test_a_table_of_something_else_is_refused(stack: Stack, table: str, backup_of: str, why: str) -> None:
    """Before anything is written."""
    source = stack.aws.table(backup_of) if backup_of else stack.outputs["TokensTable"]
    code, _, error = stack.call("restore", table, "--from", source)

    assert code == 1
    assert why in error


def test_the_janitor_releases_what_was_held_while_its_keys_were_missing(stack: Stack) -> None:
    """Keys that live on client credentials alone are in nobody's queue otherwise."""
    held: list[str] = []
    world = World()
    engine = world.parts.engine()
    world.parts.tokens.start_chain(
        replace(KEYS, status=TokenStatus.CC_ONLY, due_at=world.clock(), integration_id="nordlager")
    )
    recover_tokens(engine, "nordlager", held.append)

    assert held == ["nordlager"]
    assert [*world.parts.tokens.due(world.clock() + timedelta(days=999))] == []


# ---- stop


def test_the_service_stands_still_until_it_is_told_to_go_on(operator: Browser) -> None:
    """One word for dispatch, workers and janitor; a message that was on its way asks for nothing."""
    deployed = operator.deployed
    deployed.integrations.stop(at=deployed.clock())
    deployed.clock.advance(timedelta(days=8))  # keys are due
    calls = len(deployed.fortnox.calls()) + len(deployed.ongoing.calls)
    dispatched = deployed.invoke("dispatch_syncs", event("dispatch_syncs__schedule"))
    kept = deployed.invoke("keep_tokens", event("keep_tokens__schedule"))
    synced = deployed.invoke("sync_invoices", event("sync_invoices__one"))

    assert (dispatched, kept, synced) == ({"dispatched": 0}, {"looked_at": 0}, {"batchItemFailures": []})
    assert len(deployed.fortnox.calls()) + len(deployed.ongoing.calls) == calls
    assert len(deployed.logged("service_stopped")) == 3

    deployed.integrations.go_on()
    assert deployed.invoke("dispatch_syncs", event("dispatch_syncs__schedule")) == {"dispatched": 1}
    assert deployed.invoke("keep_tokens", event("keep_tokens__schedule")) == {"looked_at": 1}


def test_a_paused_service_is_the_first_thing_that_is_said(stack: Stack, checks: Checks) -> None:
    """And since when, however often it is paused."""
    assert stack.call("resume-all")[0] == 1
    stack.call("pause-all")
    stack.call("pause-all")
    code, out, _ = stack.call("status")

    assert code == 1
    assert "THE SERVICE IS PAUSED" in out
    assert stack.call("resume-all")[0] == 0
    assert stack.call("status")[0] == 0
