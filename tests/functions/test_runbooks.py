"""Each runbook in the situation that it is for: the alarm rings, its commands are typed, and what it says comes true.

What only AWS counts (invocations, ages of queues, throttles) rings nowhere here; the commands are typed all the same.
Commands of AWS itself are looked up in the SDK's models (tests/infrastructure/test_printed_commands.py); where a drill
needs what one of them does, the SDK does it.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from invoicing.adapters.aws import dead_letters
from invoicing.domain.finding import Finding
from invoicing.domain.issue import IssueCode
from invoicing.runtime.command import PASSWORD_VARIABLE

from local.ongoing.seed import PASSWORD, USERNAME, WAREHOUSE
from tests.functions import troubles
from tests.functions.deployed import event
from tests.functions.emulated import CLIENT_SECRET, SENDER
from tests.functions.operating import Operator, Said
from tests.functions.ringing import rings, value_of
from tests.infrastructure.test_alarms import RUNBOOKS
from tests.infrastructure.test_printed_commands import printed

type Drill = Callable[[Operator, pytest.MonkeyPatch], None]

DRILLS: dict[str, Drill] = {}
REASON = "exports table restored to 3 March 07:00 UTC, nothing newer exists"


def drill(name: str) -> Callable[[Drill], Drill]:
    """The drill of a runbook."""

    def keep(one: Drill) -> Drill:
        DRILLS[name] = one
        return one

    return keep


def told(said: Said, *words: str) -> None:
    """The command did it, and says these words."""
    assert said.code == 0, said.error
    assert [word for word in words if word not in said.out] == []


def problem(on_duty: Operator) -> IssueCode | None:
    """What stopped the last run."""
    run = on_duty.deployed.integration.last_run
    assert run is not None
    return run.problem.code if run.problem else None


def raw_keys(on_duty: Operator) -> dict[str, Any]:
    """The item of the keys as it is stored."""
    table, key = on_duty.outputs["TokensTable"], {"integration_id": {"S": WAREHOUSE}}
    return dict(on_duty.deployed.aws.dynamodb.get_item(TableName=table, Key=key)["Item"])


# ---- keys


@drill("token-third-sink")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.both_stores_refuse(on_duty, patch)
    assert rings(on_duty.deployed, "TokenThirdSinkAlarm")

    Path("lines.json").write_text(on_duty.type("logs third-sink --json").out)
    told(on_duty.type("tokens restore lines.json"), "is in the journal")
    on_duty.type("start keep-tokens")
    assert on_duty.deployed.logged("token_healed_by_journal") == []  # the lease of the attempt that failed

    troubles.later(on_duty, minutes=6)
    told(on_duty.type("start keep-tokens"))
    told(on_duty.type("logs healed"), "token_healed_by_journal")
    told(on_duty.type(f"integrations {WAREHOUSE}"), "active, service")


@drill("client-refused")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.client_is_refused(on_duty, patch)
    assert rings(on_duty.deployed, "ClientRefusedAlarm")
    assert not rings(on_duty.deployed, "OurDefectAlarm")
    assert troubles.run(on_duty) == {"batchItemFailures": []}  # no queue is locked, and nothing becomes a dead letter
    assert problem(on_duty) is IssueCode.NOT_OPENING
    assert "invalid_client" in on_duty.type("check stack").out
    told(on_duty.type("logs client-refused --hours 1"), "client_refused")

    secret_is(on_duty, CLIENT_SECRET)
    told(on_duty.type("check stack"), "invalid_grant")
    told(on_duty.type(f"tokens check {WAREHOUSE}"), "yes")
    troubles.later(on_duty, minutes=15)
    troubles.run(on_duty)
    assert problem(on_duty) is None


def secret_is(on_duty: Operator, value: str) -> None:
    """What the runbook has `aws secretsmanager put-secret-value` do."""
    arn = on_duty.type("outputs FortnoxSecretArn").out.strip()
    on_duty.deployed.aws.secrets.put_secret_value(SecretId=arn, SecretString=value)


@drill("leaked-client-secret")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.run(on_duty)  # processes remember the secret
    secret_is(on_duty, "a-new-one-that-fortnox-does-not-know")
    assert on_duty.type("check stack").code == 1  # proves it whether anything waits or not
    secret_is(on_duty, CLIENT_SECRET)
    told(on_duty.type("check stack"), "Fortnox knows our app")
    told(on_duty.type(f"tokens check {WAREHOUSE}"))
    assert on_duty.type("logs client-refused --hours 1").out == "Nothing of that in the last 1 hours.\n"


@drill("leaked-database")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    alias = on_duty.type("outputs DataKeyAlias").out.strip()
    assert on_duty.deployed.aws.kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"]


@drill("tokens-broken")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.keys_are_dead(on_duty, patch)
    assert value_of(on_duty.deployed, "TokensBrokenAlarm") == 1  # each counts; the alarm is for five
    told(on_duty.type("logs refused-keys"), "token_dead", "invalid_grant")
    assert "keys to Fortnox are dead" in on_duty.type("status").out
    told(on_duty.type("integrations"), "broken")


@drill("token-fault")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    before = raw_keys(on_duty)
    troubles.keys_are_damaged(on_duty, patch)
    assert rings(on_duty.deployed, "TokenFaultAlarm")
    told(on_duty.type("logs key-faults"), "our_fault")
    assert on_duty.deployed.aws.kms.describe_key(KeyId=on_duty.type("outputs DataKeyAlias").out.strip())

    on_duty.deployed.aws.dynamodb.put_item(TableName=on_duty.outputs["TokensTable"], Item=before)
    told(on_duty.type(f"tokens check {WAREHOUSE}"), "yes")


@drill("token-unsettled")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.answer_is_lost(on_duty, patch)
    down = {"match": troubles.TOKEN_CALLS, "effect": "status", "status": 503, "times": None}
    on_duty.deployed.fortnox.add_faults([down])
    troubles.later(on_duty, minutes=40)
    troubles.keep(on_duty)
    assert rings(on_duty.deployed, "TokenUnsettledAlarm")
    told(on_duty.type("logs unsettled"), "retry_later")

    on_duty.deployed.fortnox.clear_faults()
    troubles.later(on_duty, minutes=20)
    troubles.keep(on_duty)
    assert on_duty.deployed.logged("token_recovery")[-1]["outcome"] in {"healed", "renewed"}


@drill("token-outcomes-unknown")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.answer_is_lost(on_duty, patch)
    assert value_of(on_duty.deployed, "TokenOutcomesUnknownAlarm") == 1  # each counts; the alarm is for twenty
    told(on_duty.type("logs lost-answers"), "token_outcome_unknown")
    told(on_duty.type("pause-all"))
    troubles.later(on_duty, minutes=30)
    calls = len(on_duty.deployed.fortnox.calls())
    troubles.keep(on_duty)
    assert len(on_duty.deployed.fortnox.calls()) == calls

    told(on_duty.type("resume-all"))
    troubles.keep(on_duty)
    told(on_duty.type("logs healed"), "token_healed_by")


@drill("token-writes-repeated")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.write_is_repeated(on_duty, patch)
    assert (value_of(on_duty.deployed, "TokenWritesRepeatedAlarm") or 0) >= 1  # the alarm is for twenty
    told(on_duty.type("logs repeated-writes"), "save_rotation")


@drill("token-objective")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.run(on_duty)
    told(on_duty.type("logs objective --hours 720"), "served_stored")
    told(on_duty.type("logs worst-keys --hours 720"), "Nothing of that")
    told(on_duty.type("logs lost-keys --hours 720"), "Nothing of that")


@drill("keep-tokens-missing")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    on_duty.checks.off.append(off("invoicing-KeepTokensFunctionEveryFiveMinutes-1"))
    assert "aws events enable-rule --name invoicing-KeepTokens" in on_duty.type("status").out
    troubles.later(on_duty, days=8)
    told(on_duty.type("start keep-tokens"), '{"looked_at": 1}')
    told(on_duty.type("start keep-tokens"), '{"looked_at": 0}')


def off(rule: str) -> Finding:
    """What is said of a schedule that somebody switched off."""
    mend = f"aws events enable-rule --name {rule}"
    return Finding(subject="Schedules stand still", good=False, seen=f"off: {rule}", mend=mend)


# ---- runs


@drill("silent-integrations")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.nobody_runs(on_duty, patch)
    assert rings(on_duty.deployed, "SilentIntegrationsAlarm")
    assert "no run ended" in on_duty.type("status").out
    told(on_duty.type("logs silent"), WAREHOUSE)
    told(on_duty.type("logs failed-runs"), "Nothing of that")
    told(on_duty.type(f"logs everything --of {WAREHOUSE}"))
    told(on_duty.type(f"sync {WAREHOUSE}"), "is queued")
    told(on_duty.type(f"pause {WAREHOUSE}"))
    told(on_duty.type(f"resume {WAREHOUSE}"))
    told(on_duty.type(f"integrations {WAREHOUSE}"), "ekonomi@nordlager.example")

    troubles.run(on_duty)
    on_duty.type("start notify-operators")
    assert on_duty.deployed.logged("service_watched")[-1]["silent"] == 0
    assert "no run ended" not in on_duty.type("status").out


@drill("dispatch-missing")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    on_duty.checks.off.append(off("invoicing-DispatchSyncsFunctionInterval-1"))
    assert "aws events enable-rule --name invoicing-DispatchSyncs" in on_duty.type("status").out
    told(on_duty.type("start dispatch-syncs"), '{"dispatched": 1}')


@drill("sync-queue-age")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    on_duty.type("start dispatch-syncs")
    told(on_duty.type("status"), "1 active", "1 runs waiting")
    troubles.run(on_duty)
    told(on_duty.type("logs unhidden"), "messages_not_hidden")
    told(on_duty.type("logs errors"), "Nothing of that")


@drill("slow-sync-queue-age")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.ongoing_is_down(on_duty, patch)
    told(on_duty.type("logs slow --hours 3"), WAREHOUSE)
    assert "wms_not_answering" in on_duty.type("status").out


@drill("sync-loop")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    told(on_duty.type("outputs SyncInvoicesFunction"), "SyncInvoicesFunction")


@drill("our-defect")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.nothing_opens(on_duty, patch)
    assert rings(on_duty.deployed, "OurDefectAlarm")
    assert problem(on_duty) is IssueCode.NOT_OPENING  # and nobody's password
    told(on_duty.type("logs defects"), "cannot be opened")
    told(on_duty.type(f"issues {WAREHOUSE}"), "not_opening")
    told(on_duty.type("issues"), "all invoices")

    troubles.another_stage(on_duty, "prod")
    troubles.later(on_duty, minutes=15)
    troubles.run(on_duty)
    assert problem(on_duty) is None


@drill("fortnox-drift")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.fortnox_has_new_fields(on_duty, patch)
    assert rings(on_duty.deployed, "FortnoxDriftAlarm")
    assert on_duty.deployed.logged("our_defect") == []  # nothing is lost
    told(on_duty.type("logs fortnox-drift"), "NewName")
    told(on_duty.type(f"pause {WAREHOUSE}"))
    told(on_duty.type("pause-all"))
    on_duty.type(f"check fortnox {WAREHOUSE}")
    assert Path("fortnox-shape.json").exists()
    told(on_duty.type(f"resume {WAREHOUSE}"))
    told(on_duty.type("resume-all"))


@drill("wms-not-understood")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.ongoing_is_not_understood(on_duty, patch)
    assert rings(on_duty.deployed, "WmsNotUnderstoodAlarm")
    told(on_duty.type("logs not-understood"), "Fakturor")
    patch.setenv(PASSWORD_VARIABLE, PASSWORD)
    shown = on_duty.type(f"check wms {WAREHOUSE} --username {USERNAME}")
    assert shown.code == 1
    assert "Lines to add in" in shown.error

    on_duty.deployed.ongoing.set_options(renamed={})
    troubles.later(on_duty, minutes=15)
    troubles.run(on_duty)
    assert problem(on_duty) is None


@drill("wms-drift")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.ongoing_has_new_names(on_duty, patch)
    assert rings(on_duty.deployed, "WmsDriftAlarm")
    told(on_duty.type("logs wms-drift"), "invoice: CreatedDate")
    patch.setenv(PASSWORD_VARIABLE, PASSWORD)
    assert "CreatedDate" in on_duty.type(f"check wms {WAREHOUSE} --username {USERNAME}").out


@drill("sync-dead-letters")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.garbage_comes(on_duty, patch)
    on_duty.deployed.aws.sqs.send_message(
        QueueUrl=on_duty.outputs["SyncDeadLetters"],
        MessageBody=json.dumps({"integration_id": WAREHOUSE, "by": "schedule", "slot": "2026-03-02T08:00:00Z"}),
        MessageGroupId=WAREHOUSE,
        MessageDeduplicationId="slot",
    )
    assert "1 of sync" in on_duty.type("status").out
    told(on_duty.type("dead-letters show sync"), WAREHOUSE)
    told(on_duty.type(f"logs everything --of {WAREHOUSE}"))
    told(on_duty.type("logs errors"), "[ERROR] RuntimeError")
    told(on_duty.type("dead-letters redrive sync"), "1 given back")
    assert [one["integration_id"] for one in on_duty.deployed.queued()] == [WAREHOUSE]


# ---- mails


@drill("notice-dead-letters")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    mail = on_duty.deployed.aws.sesv2
    mail.delete_email_identity(EmailIdentity=SENDER)
    try:
        troubles.later(on_duty, hours=2)
        assert on_duty.type("start notify-operators").code == 1
    finally:
        mail.create_email_identity(EmailIdentity=SENDER)
    queue = on_duty.outputs["NoticeDeadLetters"]
    on_duty.deployed.aws.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"DDBStreamBatchInfo": {}}))
    assert rings(on_duty.deployed, "NoticesOverdueAlarm")
    told(on_duty.type("logs mails"), "notice_failed", WAREHOUSE, "MessageRejected")
    assert "ekonomi@" not in on_duty.deployed.log_of("notify_operators")
    told(on_duty.type("dead-letters show notices"), "DDBStreamBatchInfo")
    told(on_duty.type("check stack"))

    def give_back(*_: object) -> Callable[[object], None]:
        return lambda _: on_duty.deployed.invoke("notify_operators", event("notify_operators__hourly"))

    patch.setattr(dead_letters, "back_to_function", give_back)
    told(on_duty.type("dead-letters redrive notices"), "1 given back")
    told(on_duty.type("logs mails"), "notice_sent")
    assert len(on_duty.deployed.mails()) == 1


@drill("notices-late")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.later(on_duty, hours=2)  # nobody reads the stream
    told(on_duty.type(f"notices {WAREHOUSE}"), "LATE")
    told(on_duty.type("start notify-operators"))
    assert "LATE" not in on_duty.type(f"notices {WAREHOUSE}").out
    assert rings(on_duty.deployed, "NoticesOverdueAlarm")
    assert on_duty.type("status").out
    told(on_duty.type("logs mails"), "notice_sent", "notices_watched")
    told(on_duty.type("start notify-operators"))
    assert on_duty.deployed.logged("notices_watched")[-1]["late"] == 0
    assert len(on_duty.deployed.mails()) == 1


@drill("mail-bounced")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.mail_bounces(on_duty, patch)
    told(on_duty.type("logs mails"), "Permanent", WAREHOUSE)
    told(on_duty.type(f"integrations {WAREHOUSE}"), "ekonomi@nordlager.example")
    told(on_duty.type("check stack"))


@drill("mail-limited")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        on_duty.browser.create(problem_address=f"address-{number}@nordlager.example")
    assert (value_of(on_duty.deployed, "MailLimitedAlarm") or 0) >= 1  # the alarm is for ten
    told(on_duty.type("logs confirmations"), "mail_limited", WAREHOUSE)
    told(on_duty.type(f"integrations {WAREHOUSE}"), "address-", USERNAME)


@drill("guessing")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        on_duty.browser.login(username="somebody", password=f"guess-{number}")
    assert value_of(on_duty.deployed, "GuessingAlarm") == 4  # the alarm is for two hundred
    told(on_duty.type("logs guesses --hours 2"), WAREHOUSE)
    told(on_duty.type("logs sign-ins --hours 2"), "Nothing of that")
    told(on_duty.type("logs networks --hours 2"), "served")


# ---- pages and functions


@drill("api-server-errors")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.gateway_gives_up(on_duty, patch)
    troubles.page_crashes(on_duty, patch)
    told(on_duty.type("logs pages"), "504", "requestId")
    told(on_duty.type("logs broken-pages"), "page_crashed", "reference")


@drill("function-errors")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.garbage_comes(on_duty, patch)
    told(on_duty.type("logs errors"), "[ERROR] RuntimeError", "our_defect")


@drill("function-throttles")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    assert sorted(printed(RUNBOOKS / "function-throttles.md")) == []  # only AWS knows


# ---- without an alarm


def backup_of(on_duty: Operator, output: str) -> str:
    """A table that DynamoDB made of a backup of this moment; its name."""
    aws, name = on_duty.deployed.aws.dynamodb, on_duty.deployed.aws.table(output)
    for page in aws.get_paginator("scan").paginate(TableName=on_duty.outputs[output]):
        for item in page["Items"]:
            aws.put_item(TableName=name, Item=item)
    return name


def lines_of_months(on_duty: Operator) -> set[int]:
    """Ids of the invoices that the page *Month* counts."""
    months = on_duty.deployed.months
    return {id_ for month in months.stored(WAREHOUSE) for id_ in months.month(WAREHOUSE, month).lines}


def without_line(on_duty: Operator, invoice_id: int) -> None:
    """Lines were saved when the record of this invoice was gone."""
    months = on_duty.deployed.months
    for month in months.stored(WAREHOUSE):
        before = months.month(WAREHOUSE, month)
        lines = {id_: line for id_, line in before.lines.items() if id_ != invoice_id}
        months.save_month(WAREHOUSE, before, lines)


@drill("restore-backup")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    aws, tokens = on_duty.deployed.aws.dynamodb, on_duty.outputs["TokensTable"]
    backup = on_duty.deployed.aws.table("TokensTable")
    aws.put_item(TableName=backup, Item=raw_keys(on_duty))
    troubles.run(on_duty)
    exports_backup, lines = backup_of(on_duty, "ExportsTable"), lines_of_months(on_duty)
    record = {"integration_id": {"S": WAREHOUSE}, "record": {"S": "invoice#000000005001"}}
    aws.delete_item(TableName=on_duty.outputs["ExportsTable"], Key=record)
    without_line(on_duty, 5001)
    assert 5001 in lines
    assert lines_of_months(on_duty) == lines - {5001}
    assert "Invoice 5001: it is gone." in on_duty.type("verify").error
    troubles.janitor(on_duty)  # what the backup has is spent
    told(on_duty.type("pause-all"))
    aws.delete_item(TableName=tokens, Key={"integration_id": {"S": WAREHOUSE}})
    assert {on_duty.type(f"outputs {name}").code for name in ("TokensTable", "DataKeyAlias")} == {0}
    troubles.run(on_duty)
    assert on_duty.deployed.integration.broken_since is None  # nobody acts on what is missing

    told(on_duty.type(f"restore tokens --from {backup}"), "1 items are back")
    told(on_duty.type(f"restore tokens --from {backup} --only {WAREHOUSE}"), "0 items are back")
    told(on_duty.type(f"restore exports --from {exports_backup}"), ": 1 items are back")
    assert lines_of_months(on_duty) == lines - {5001}  # what is there is newer
    told(on_duty.type(f"months rebuild {WAREHOUSE}"))
    assert lines_of_months(on_duty) == lines
    on_duty.deployed.fortnox.clear_calls()
    told(on_duty.type("resume-all"))
    troubles.janitor(on_duty)
    assert on_duty.deployed.logged("token_healed_by_journal")  # the spent one was not sent
    told(on_duty.type(f"tokens check {WAREHOUSE}"))
    troubles.run(on_duty)
    assert problem(on_duty) is None
    told(on_duty.type("logs disconnected --hours 900"), "Nothing of that")
    on_duty.type("status")
    told(on_duty.type("verify"), WAREHOUSE, "whole")
    assert lines_of_months(on_duty) == lines
    posted = [call.path for call in on_duty.deployed.fortnox.calls() if call.method == "POST"]
    assert [path for path in posted if path.startswith("/3/invoices")] == []  # nothing is sent twice


@drill("history-not-whole")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    troubles.run(on_duty)
    told(on_duty.type(f"verify {WAREHOUSE}"), "whole")
    told(on_duty.type("verify"), "whole")
    aws, table = on_duty.deployed.aws.dynamodb, on_duty.outputs["ExportsTable"]
    key = {"integration_id": {"S": WAREHOUSE}, "record": {"S": "invoice#000000005001"}}
    before = aws.get_item(TableName=table, Key=key)["Item"]
    history = before["history"]["L"]
    aws.put_item(TableName=table, Item={**before, "history": {"L": history[1:]}})

    told(on_duty.type(f"pause {WAREHOUSE}"))
    broken = on_duty.type(f"verify {WAREHOUSE}")
    assert broken.code == 1
    assert "Invoice 5001: of its events 1 to" in broken.error
    assert "history-not-whole.md" in broken.error
    told(on_duty.type(f"history {WAREHOUSE} 5001"))
    aws.put_item(TableName=table, Item=before)
    told(on_duty.type("check stack"))
    told(on_duty.type(f"verify {WAREHOUSE}"), "whole")
    aws.delete_item(TableName=table, Key=key)
    told(on_duty.type(f'verify {WAREHOUSE} --acknowledge "{REASON}"'), "whole", "acknowledged  1")
    told(on_duty.type(f"resume {WAREHOUSE}"))
    troubles.later(on_duty, minutes=15)
    troubles.run(on_duty)
    told(on_duty.type(f"verify {WAREHOUSE}"), "whole", "acknowledged  1")
    page = on_duty.browser.look("/history").text
    assert REASON in page
    assert "Invoice 5001: it is gone." in page


@drill("region-lost")
def _(on_duty: Operator, patch: pytest.MonkeyPatch) -> None:
    aws = on_duty.deployed.aws
    troubles.run(on_duty)
    told(on_duty.type("outputs SealingKeyArn"), "key/mrk-")
    copied = on_duty.move()
    for made in aws.s3.list_objects_v2(Bucket=on_duty.outputs["JournalBucket"]).get("Contents", []):
        aws.s3.delete_object(Bucket=on_duty.outputs["JournalBucket"], Key=made["Key"])  # nor is there a journal
    key = {"integration_id": {"S": WAREHOUSE}}
    for blob in ("blob", "cc_blob"):  # tenant ids are enough
        aws.dynamodb.update_item(
            TableName=copied["TokensTable"],
            Key=key,
            UpdateExpression="REMOVE #blob",
            ExpressionAttributeNames={"#blob": blob},
        )
    told(on_duty.type("pause-all"))
    for table, output in (
        ("integrations", "IntegrationsTable"),
        ("tokens", "TokensTable"),
        ("exports", "ExportsTable"),
    ):
        told(on_duty.type(f"restore {table} --from {copied[output]}"), "items are back")
        on_duty.typed[-1] = f"restore {table} --from copied"
    told(on_duty.type("check stack"))
    told(on_duty.type(f"tokens check {WAREHOUSE}"), "yes")
    told(on_duty.type("resume-all"))

    on_duty.deployed.fortnox.clear_calls()
    told(on_duty.type("start dispatch-syncs"), '{"dispatched": 1}')
    troubles.later(on_duty, minutes=15)
    troubles.run(on_duty)
    assert problem(on_duty) is None
    assert on_duty.deployed.integration.broken_since is None  # nobody approves again
    posted = [call.path for call in on_duty.deployed.fortnox.calls() if call.method == "POST"]
    assert [path for path in posted if path.startswith("/3/invoices")] == []  # nothing is sent twice
    on_duty.type("status")


# ---- all of them


def commands_of(name: str) -> set[str]:
    """What a runbook prints, as a drill types it; names that the step before showed may be any."""
    found = set()
    for command in printed(RUNBOOKS / f"{name}.md"):
        if "$" in command or command.startswith("--"):
            continue
        found.add(command.replace("<id>", WAREHOUSE).replace("<user>", USERNAME))
    return found


def test_every_runbook_has_a_drill() -> None:
    """One that is written is drilled."""
    assert set(DRILLS) == {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}


@pytest.mark.parametrize("name", DRILLS)
def test_a_runbook_is_true(on_duty: Operator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """In its situation, every command that it prints is typed, and what it says comes true."""
    monkeypatch.chdir(tmp_path)
    DRILLS[name](on_duty, monkeypatch)
    typed = {re.sub(r"--from (?!copied)\S+", "--from restored-tokens", line) for line in on_duty.typed}

    assert commands_of(name) - typed == set()


def test_a_command_that_is_not_typed_is_seen() -> None:
    """The control."""
    commands: Mapping[str, set[str]] = {name: commands_of(name) for name in DRILLS}

    assert "tokens restore lines.json" in commands["token-third-sink"]
    assert f"pause {WAREHOUSE}" in commands["silent-integrations"]
