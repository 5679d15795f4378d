"""The service operator's command on a stack in the emulated AWS."""

import json
from pathlib import Path

import pytest
from invoicing.runtime import command

from local.ministack import PROGRAM, MiniStack
from tests.functions.command_stack import Stack
from tests.functions.test_command import REQUEST
from tests.infrastructure.template import template
from tests.support.aws import Aws

# What the command reads of the template; the rest of the stack has nothing to do with it.
READ = (
    *("IntegrationsTable", "TokensTable", "ExportsTable", "NoticesTable"),
    *("SyncQueue", "SlowSyncQueue", "SyncDeadLetters", "NoticeDeadLetters"),
)


def test_the_whole_command_works_on_a_stack_in_the_emulated_aws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the endpoint tells the local stack from AWS."""
    if not PROGRAM.exists():
        pytest.skip("MiniStack is not installed; python3 local/bootstrap.py installs it")
    emulated = MiniStack(tmp_path)
    try:
        for name, value in emulated.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_REGION", raising=False)
        stack = Stack(Aws(url=emulated.url), deployed_part(emulated), capsys)
        stack.connect()
        stack.bury("SyncDeadLetters", REQUEST)
        stack.bury("NoticeDeadLetters", {"DDBStreamBatchInfo": {"shardId": "shard-1"}})

        added = stack.call("customer-ids", "add", "4711", "nordlager.ongoingsystems.se")
        listed = stack.call("customer-ids", "list")
        integrations = stack.call("integrations")
        shown = json.loads(stack.call("dead-letters", "show", "--json")[1])
        redriven = stack.call("dead-letters", "redrive", "sync")
        queued = stack.queued()
        # This part of the stack has no function that could take the notice.
        refused = stack.call("dead-letters", "redrive", "notices")
        kept = json.loads(stack.call("dead-letters", "show", "notices", "--json")[1])
        unknown = command.main(["--stack-name", "elsewhere", "integrations"])
        said = capsys.readouterr().err
    finally:
        emulated.stop()

    assert added[0] == 0
    assert "4711         nordlager" in listed[1]
    assert "active, service" in integrations[1]
    assert [letter["queue"] for letter in shown] == ["sync", "notices"]
    assert redriven == (0, "sync: 1 given back.\n", "")
    assert queued == [REQUEST]
    assert refused[0] == 1
    assert len(kept) == 1
    assert unknown == 1
    assert "there is no stack elsewhere in region eu-north-1" in said


def deployed_part(emulated: MiniStack) -> dict[str, str]:
    """A stack of the tables and queues, as the template describes them; gives its outputs."""
    whole = template()
    outputs = {name: whole["Outputs"][name] for name in READ}
    part = {
        "Parameters": {name: one for name, one in whole["Parameters"].items() if "Default" in one},
        "Conditions": whole["Conditions"],
        "Resources": {name: whole["Resources"][name] for name in (*READ, "DataKey")},
        "Outputs": {
            **outputs,
            "NotifyOperatorsFunction": {"Value": "no-such-function"},
            "JournalBucket": {"Value": "no-such-bucket"},
        },
    }
    stacks = emulated.client("cloudformation")
    stacks.create_stack(StackName="invoicing", TemplateBody=json.dumps(part))
    stacks.get_waiter("stack_create_complete").wait(StackName="invoicing", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    (made,) = stacks.describe_stacks(StackName="invoicing")["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in made["Outputs"]}
