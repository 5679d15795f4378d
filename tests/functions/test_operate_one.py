"""What the service operator asks of one integration, and does to it, with the deployed functions beside it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from invoicing.domain.export import ExportState
from invoicing.domain.integration import IntegrationStatus
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.notice import Notice, NoticeKind
from invoicing.domain.sending import SendBy, Sending
from invoicing.domain.tokens import TokenStatus
from invoicing.runtime.order import shown_time

from local.ongoing.faults import Effect, FaultRule
from local.ongoing.seed import PLAIN, WAREHOUSE
from tests.functions import troubles
from tests.functions.deployed import Page, event
from tests.functions.operating import Operator


def run(on_duty: Operator) -> None:
    """One run, as the queue brings it."""
    on_duty.deployed.invoke("sync_invoices", event("sync_invoices__one"))


def front_page(on_duty: Operator) -> Page:
    """What its operator sees."""
    return on_duty.browser.look()


# ---- months


def test_months_are_counted_anew(on_duty: Operator) -> None:
    """From the records alone, over whatever is stored."""
    run(on_duty)
    deployed, months = on_duty.deployed, on_duty.deployed.months
    found = {month: months.month(WAREHOUSE, month) for month in months.stored(WAREHOUSE)}
    for month in found.values():
        months.save_month(WAREHOUSE, month, {})
    assert any(lines.lines for lines in found.values())
    said = on_duty.type(f"months rebuild {WAREHOUSE}")

    assert said.code == 0, said.error
    assert {month: months.month(WAREHOUSE, month).lines for month in found} == {
        month: stored.lines for month, stored in found.items()
    }
    held = [one for one in deployed.exports.page(WAREHOUSE, limit=100)[0] if one.state is ExportState.HELD]
    assert {one.invoice_id for one in held} <= {id_ for month in found.values() for id_ in month.lines}


def test_months_of_nobody_are_not_counted(on_duty: Operator) -> None:
    """A wrong id is said."""
    said = on_duty.type("months rebuild nobody")

    assert said.code == 1
    assert "there is no integration nobody" in said.error


# ---- histories


def test_a_history_is_proven(on_duty: Operator) -> None:
    """Of one, and of all; for programs, too."""
    run(on_duty)
    one, every = on_duty.type(f"verify {WAREHOUSE}"), on_duty.type("verify --json")
    (facts,) = json.loads(every.out)

    assert (one.code, every.code) == (0, 0)
    assert "whole" in one.out
    assert facts["history"] == "whole"
    assert facts["events"] > facts["invoices"] > 0
    assert (facts["checkpoints"], facts["not yet in a checkpoint"]) == (1, 0)


def test_a_day_that_is_over_is_anchored_in_the_journals_bucket(on_duty: Operator) -> None:
    """With the rights of the function that runs; whoever takes the anchor away is found out by the next checkpoint."""
    troubles.run(on_duty)
    troubles.later(on_duty, hours=24)
    troubles.run(on_duty)
    bucket, s3 = on_duty.outputs["JournalBucket"], on_duty.deployed.aws.s3
    (anchor,) = s3.list_objects_v2(Bucket=bucket, Prefix=f"anchors/{WAREHOUSE}/")["Contents"]
    plain = next(one for one in on_duty.deployed.ongoing.warehouse(WAREHOUSE).invoices if one.id == PLAIN)
    on_duty.deployed.ongoing.put_invoice(WAREHOUSE, replace(plain, id=7777, is_exported=False))
    troubles.later(on_duty, minutes=15)
    troubles.run(on_duty)
    whole = on_duty.type(f"verify {WAREHOUSE}")
    s3.delete_object(Bucket=bucket, Key=anchor["Key"])
    broken = on_duty.type(f"verify {WAREHOUSE}")

    assert whole.code == 0, whole.error
    assert anchor["Key"].split("/")[2] in whole.out
    assert broken.code == 1
    assert f"The anchor of {anchor['Key'].split('/')[2]} is gone." in broken.error


def test_a_history_that_was_brought_back_is_whole(on_duty: Operator) -> None:
    """Byte for byte, with chains and checkpoints."""
    run(on_duty)
    copied = on_duty.move()
    assert on_duty.type(f"verify {WAREHOUSE}").code == 1  # nothing is there
    assert on_duty.type(f"restore exports --from {copied['ExportsTable']}").code == 0
    said = on_duty.type(f"verify {WAREHOUSE}")

    assert said.code == 0, said.error
    assert "whole" in said.out


def test_what_is_broken_for_ever_is_acknowledged_once(on_duty: Operator) -> None:
    """Told by every proof afterwards, which is whole again; for programs, too."""
    run(on_duty)
    key = {"integration_id": {"S": WAREHOUSE}, "record": {"S": f"invoice#{PLAIN:012d}"}}
    on_duty.deployed.aws.dynamodb.delete_item(TableName=on_duty.outputs["ExportsTable"], Key=key)
    said = on_duty.type(f"verify {WAREHOUSE} --acknowledge 'a table was restored'")
    (facts,) = on_duty.type("verify --json").rows()
    again = on_duty.type(f"verify {WAREHOUSE} --acknowledge 'once more'")

    assert said.code == 0, said.error
    assert f"acknowledged: Invoice {PLAIN}: it is gone." in said.error
    assert (facts["history"], facts["broken and acknowledged"], facts["checkpoints"]) == ("whole", 1, 2)
    assert again.code == 1
    assert "there is nothing to acknowledge" in again.error


@pytest.mark.parametrize(
    "line",
    [
        "verify --acknowledge why",
        f"verify {WAREHOUSE} --acknowledge ' '",
        f"verify {WAREHOUSE} --acknowledge {'x' * 501}",
    ],
)
def test_nothing_is_acknowledged_without_a_place_and_a_reason(on_duty: Operator, line: str) -> None:
    """Nothing is written."""
    said = on_duty.type(line)

    assert said.code == 1
    assert "nothing was written" in said.error
    assert [*on_duty.deployed.function("sync_invoices").parts.checkpoints.all(WAREHOUSE)] == []


def test_nobody_has_no_history(on_duty: Operator) -> None:
    """A wrong id is said, and is not whole."""
    said = on_duty.type("verify nobody")

    assert said.code == 1
    assert "nobody has no history" in said.error


# ---- pause and resume


def test_one_integration_rests_and_goes_on(on_duty: Operator) -> None:
    """Nothing is dispatched for it, and its page says who paused it."""
    deployed = on_duty.deployed
    paused = on_duty.type(f"pause {WAREHOUSE}")
    dispatched = deployed.invoke("dispatch_syncs", event("dispatch_syncs__schedule"))

    assert paused.code == 0
    assert dispatched == {"dispatched": 0}
    assert "service operator" in front_page(on_duty).text
    assert on_duty.type(f"sync {WAREHOUSE}").error.endswith(
        f"it is paused by you. `invoicing resume {WAREHOUSE}` lets it go on.\n"
    )
    assert on_duty.type(f"resume {WAREHOUSE}").code == 0
    assert deployed.invoke("dispatch_syncs", event("dispatch_syncs__schedule")) == {"dispatched": 1}


def test_what_somebody_else_paused_is_not_resumed_by_mistake(on_duty: Operator) -> None:
    """They may have a reason."""
    on_duty.browser.press("/pause")
    refused = on_duty.type(f"resume {WAREHOUSE}")

    assert refused.code == 1
    assert "was not paused by you, but by" in refused.error
    statuses = [on_duty.deployed.integration.status]
    assert on_duty.type(f"resume {WAREHOUSE} --anyway").code == 0
    statuses.append(on_duty.deployed.integration.status)
    assert statuses == [IntegrationStatus.PAUSED, IntegrationStatus.ACTIVE]


@pytest.mark.parametrize("line", [f"resume {WAREHOUSE}", "pause nobody", "resume nobody", "issues nobody"])
def test_what_cannot_be_done_is_said(on_duty: Operator, line: str) -> None:
    """One sentence, and nothing changes."""
    before = on_duty.deployed.integration
    said = on_duty.type(line)

    assert (said.code, said.out) == (1, "")
    assert said.error.startswith("invoicing: ")
    assert on_duty.deployed.integration == before


def test_an_integration_that_the_index_lost_comes_back_by_pausing_and_resuming(on_duty: Operator) -> None:
    """As the runbook says; nothing else writes the attribute of what is active."""
    deployed = on_duty.deployed
    deployed.aws.dynamodb.update_item(
        TableName=deployed.variables["integrations_table"],
        Key={"integration_id": {"S": WAREHOUSE}},
        UpdateExpression="REMOVE active",
    )
    assert deployed.invoke("dispatch_syncs", event("dispatch_syncs__schedule")) == {"dispatched": 0}
    on_duty.type(f"pause {WAREHOUSE}")
    on_duty.type(f"resume {WAREHOUSE}")

    assert deployed.invoke("dispatch_syncs", event("dispatch_syncs__schedule")) == {"dispatched": 1}


def test_no_sync_is_promised_while_the_service_is_paused(on_duty: Operator) -> None:
    """A worker would drop it."""
    on_duty.type("pause-all")
    said = on_duty.type(f"sync {WAREHOUSE}")

    assert said.code == 1
    assert "`invoicing resume-all` lets it go on" in said.error


# ---- issues


def test_issues_are_told_with_reasons_ages_and_fortnoxs_words(on_duty: Operator) -> None:
    """All of one integration, and by kind of all."""
    run(on_duty)
    held = on_duty.type(f"issues {WAREHOUSE} --json").rows()
    kinds = on_duty.type("issues --json").rows()

    assert held
    assert all(row["since"] and row["issue"] and row["who mends it"] and row["what and how"] for row in held)
    assert sum(int(kind["of"].split()[0]) for kind in kinds) == len(held)
    assert {kind["issue"] for kind in kinds} == {row["issue"] for row in held}
    assert {kind["id"] for kind in kinds} == {WAREHOUSE}


def test_what_is_not_sent_to_its_customer_is_told_too(on_duty: Operator) -> None:
    """The invoice itself is done: only its sending waits for somebody."""
    run(on_duty)
    deployed, before = on_duty.deployed, on_duty.type(f"issues {WAREHOUSE} --json").rows()
    records, _ = deployed.exports.page(WAREHOUSE, limit=50, state=ExportState.DONE)
    problem = Issue(code=IssueCode.SEND_NO_ADDRESS, params={"message": "E-post saknas"})
    sending = Sending(by=SendBy.EMAIL, at=deployed.clock(), problem=problem, problem_since=deployed.clock())
    unsent = replace(records[0], sending=sending, version=records[0].version + 1)
    deployed.exports.save(unsent, event=None)
    integration = deployed.integration
    assert integration.last_run is not None
    told = replace(integration.last_run, send_problems=frozenset({unsent.invoice_id}))
    same, meaning = integration.unfinished, integration.detected_price_meaning
    deployed.integrations.save_run(WAREHOUSE, told, done=frozenset(), unfinished=same, detected=meaning)
    rows = on_duty.type(f"issues {WAREHOUSE} --json").rows()

    assert len(rows) == len(before) + 1
    assert {(row["invoice"], row["issue"], row["Fortnox says"]) for row in rows} >= {
        (str(unsent.invoice_id), "send_no_address", "E-post saknas")
    }


def test_what_stops_all_invoices_is_the_first_line(on_duty: Operator) -> None:
    """With since when."""
    on_duty.deployed.clock.advance(timedelta(hours=2))
    on_duty.deployed.ongoing.add_fault(FaultRule(effect=Effect.STATUS, status=503, times=None))
    run(on_duty)
    (row,) = on_duty.type(f"issues {WAREHOUSE} --json").rows()

    assert (row["invoice"], row["issue"], row["who mends it"]) == ("all", "wms_not_answering", "nobody")
    assert row["since"].startswith(f"{on_duty.deployed.clock():%Y-%m-%dT%H}")


# ---- notices


def put_notice(on_duty: Operator, kind: NoticeKind, **facts: Any) -> Notice:
    """A notice of this moment."""
    now = on_duty.deployed.clock()
    notice = Notice(id=f"{kind}#1", integration_id=WAREHOUSE, kind=kind, created_at=now, due_at=now, **facts)
    on_duty.deployed.notices.put_once(notice)
    return notice


def test_what_people_were_mailed_is_told(on_duty: Operator) -> None:
    """What, to whom, when, and what is due; what went to nobody else's address."""
    deployed = on_duty.deployed
    troubles.later(on_duty, minutes=5)
    reminded = put_notice(on_duty, NoticeKind.BROKEN)
    sent_at = deployed.clock()
    deployed.notices.record_sent(reminded, at=sent_at, due_at=sent_at + timedelta(days=1))
    troubles.later(on_duty, minutes=5)
    closed = put_notice(on_duty, NoticeKind.DIGEST)
    deployed.notices.close(closed.id)
    troubles.later(on_duty, minutes=5)
    put_notice(on_duty, NoticeKind.CHANGED, params={"address": "forra@nordlager.example"})
    troubles.later(on_duty, minutes=5)
    put_notice(on_duty, NoticeKind.NOT_UNDERSTOOD)
    table, shown = on_duty.type(f"notices {WAREHOUSE}"), on_duty.type(f"notices {WAREHOUSE} --json").rows()

    assert [(row["kind"], row["to"], row["state"], row["sent"]) for row in shown] == [
        ("not_understood", "nobody: no AlarmEmail", "LATE", ""),
        ("changed", "forra@nordlager.example", "LATE", ""),
        ("digest", "ekonomi@nordlager.example", "closed", ""),
        ("broken", "ekonomi@nordlager.example", "open", shown_time(sent_at)),
        ("verify_address", "ekonomi@nordlager.example", "open", ""),
    ]
    assert shown[3]["next"] == shown_time(sent_at + timedelta(days=1))
    assert shown[2]["next"] == ""
    assert (table.code, "LATE" in table.out) == (0, True)


def test_a_notice_that_cannot_be_read_hides_no_other(on_duty: Operator) -> None:
    """It is named."""
    garbled = {"notice_id": "digest#garbled", "integration_id": WAREHOUSE, "created_at": "2026", "kind": "nonsense"}
    item = {name: {"S": value} for name, value in garbled.items()}
    on_duty.deployed.aws.dynamodb.put_item(TableName=on_duty.outputs["NoticesTable"], Item=item)
    said = on_duty.type(f"notices {WAREHOUSE} --json")

    assert [(row["kind"], row["state"]) for row in said.rows()] == [
        ("verify_address", "open"),
        ("digest", "UNREADABLE"),
    ]
    assert "digest#garbled cannot be read" in said.error


def test_notices_of_nobody_are_none(on_duty: Operator) -> None:
    """A wrong id is said."""
    said = on_duty.type("notices nobody")

    assert said.code == 1
    assert "there is no integration nobody" in said.error


# ---- keys


def test_keys_are_tried_at_fortnox(on_duty: Operator) -> None:
    """What a run would do, and whose books they open."""
    (row,) = on_duty.type(f"tokens check {WAREHOUSE} --json").rows()

    assert row["answers"].startswith(on_duty.deployed.integration.company.name)
    assert row["as connected"] == "yes"
    assert row["keys"] == "active, service"


def test_keys_of_another_company_are_told(on_duty: Operator) -> None:
    """The record says one company, and the keys open another."""
    stored = on_duty.deployed.integration
    company = replace(stored.company, organisation_number="556677-0000")
    on_duty.deployed.integrations.put(replace(stored, company=company, version=stored.version + 1))
    said = on_duty.type(f"tokens check {WAREHOUSE}")

    assert said.code == 1
    assert "another company" in said.error


def test_dead_keys_and_a_refused_client_are_told_apart(on_duty: Operator) -> None:
    """One is the company's affair, the other ours."""
    deployed = on_duty.deployed
    deployed.clock.advance(timedelta(hours=2))  # the stored access token is over
    deployed.aws.secrets.put_secret_value(SecretId=deployed.variables["fortnox_secret_arn"], SecretString="wrong")
    refused = on_duty.type(f"tokens check {WAREHOUSE}")
    keys = deployed.tokens.get(WAREHOUSE)
    assert keys is not None
    deployed.tokens.mark(
        WAREHOUSE,
        TokenStatus.BROKEN,
        chain_id=keys.chain_id,
        ver=keys.ver,
        epoch=keys.epoch,
        due_at=None,
        refused_at=None,
    )
    deployed.integrations.mark_broken(WAREHOUSE, at=deployed.clock())
    dead = on_duty.type(f"tokens check {WAREHOUSE}")

    assert (refused.code, dead.code) == (1, 1)
    assert "docs/runbooks/client-refused.md" in refused.error
    assert "keys to Fortnox are dead" in dead.error


# ---- outputs, start, logs


def test_an_output_can_stand_in_another_command(on_duty: Operator) -> None:
    """Its value alone; all of them as a table."""
    assert on_duty.type("outputs SyncQueue").out == f"{on_duty.outputs['SyncQueue']}\n"
    assert on_duty.type("outputs NoSuchPart").code == 1
    assert {row["name"] for row in on_duty.type("outputs --json").rows()} == set(on_duty.outputs)


def test_what_schedules_invoke_is_started_by_hand(on_duty: Operator) -> None:
    """And its answer is shown."""
    assert on_duty.type("start dispatch-syncs").out == 'dispatch-syncs: {"dispatched": 1}\n'
    assert on_duty.type("start keep-tokens").out == 'keep-tokens: {"looked_at": 0}\n'
    assert on_duty.type("start notify-operators").out == "notify-operators: null\n"


def test_what_the_log_can_be_asked_is_listed(on_duty: Operator) -> None:
    """And the query is printed, for the console."""
    listed = on_duty.type("logs --json").rows()
    said = on_duty.type("logs errors --hours 2")

    assert {"errors", "third-sink"} <= {row["name"] for row in listed}
    assert said.out == "Nothing of that in the last 2 hours.\n"
    assert "/invoicing/sync_invoices" in said.error
    assert "filter level" in said.error


def test_the_life_of_one_integration_is_in_its_lines(on_duty: Operator) -> None:
    """Runs, keys and people, and of nobody else."""
    run(on_duty)
    on_duty.browser.press("/pause")
    found = on_duty.type(f"logs everything --of {WAREHOUSE} --json").rows()

    assert {"run_finished", "token_access", "integration_paused"} <= {row["message"] for row in found}
    assert on_duty.type("logs everything --of sydlager").out == "Nothing of that in the last 24 hours.\n"
