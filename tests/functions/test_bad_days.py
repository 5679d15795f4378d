"""Bad input of the service operator's day: garbled records, two operators at once, clocks that jump."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from invoicing.application.change_integration import pause
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind
from invoicing.runtime import operate_one

from local.ongoing.seed import WAREHOUSE
from tests.functions import troubles
from tests.functions.operating import Operator


def garble(on_duty: Operator, table: str, key: dict[str, Any], **attributes: Any) -> None:
    """Stores nonsense under a key."""
    on_duty.deployed.aws.dynamodb.put_item(TableName=on_duty.outputs[table], Item={**key, **attributes})


def test_a_garbled_integration_is_named_and_the_others_go_on(on_duty: Operator) -> None:
    """In every command that looks at all."""
    garble(on_duty, "IntegrationsTable", {"integration_id": {"S": "garbled"}}, active={"S": "active"})
    troubles.run(on_duty)

    assert "unreadable record" in on_duty.type("status").out
    assert WAREHOUSE in on_duty.type("issues").out
    assert "garbled cannot be read" in on_duty.type("integrations").error
    assert on_duty.type("start notify-operators").code == 0
    assert on_duty.deployed.logged("integration_unreadable")[0]["integration"] == "garbled"
    said = on_duty.type("pause garbled")
    assert said.code == 1
    assert "attribute" in said.error


def test_garbled_keys_are_said_to_be_ours_and_stop_nobody_else(on_duty: Operator) -> None:
    """The janitor goes on with the next one."""
    due = {"due_queue": {"S": "due"}, "due_at": {"N": "1"}}
    garble(on_duty, "TokensTable", {"integration_id": {"S": "garbled"}}, **due, status={"S": "nonsense"})
    said = on_duty.type("start keep-tokens")
    assert on_duty.type("integrations").code == 0

    assert on_duty.deployed.integration.broken_since is None
    assert said.code in {0, 1}
    assert on_duty.type(f"tokens check {WAREHOUSE}").code == 0


def test_a_garbled_record_of_an_invoice_stops_its_system_loudly_and_no_other_table(on_duty: Operator) -> None:
    """It is told as something of ours."""
    troubles.run(on_duty)
    record = on_duty.deployed.exports.page(WAREHOUSE, limit=1)[0][0]
    key = {"integration_id": {"S": WAREHOUSE}, "record": {"S": f"invoice#{record.invoice_id:012d}"}}
    garble(on_duty, "ExportsTable", key, state={"S": "nonsense"})
    said = on_duty.type(f"history {WAREHOUSE} {record.invoice_id}")

    assert said.code == 1
    assert "must be corrected by the service operator" in said.error
    assert on_duty.type("status").out


def test_a_garbled_notice_keeps_no_other_from_being_sent(on_duty: Operator) -> None:
    """And the alarm for overdue mails counts it."""
    due = {"due_queue": {"S": "due"}, "due_at": {"N": "1"}}
    garble(on_duty, "NoticesTable", {"notice_id": {"S": "garbled"}}, **due, kind={"S": "nonsense"})
    now = on_duty.deployed.clock()
    on_duty.deployed.notices.put_once(
        Notice(
            id="digest",
            integration_id=WAREHOUSE,
            kind=NoticeKind.DIGEST,
            created_at=now,
            due_at=now + UNSENT_AFTER,
            params={"day": "2026-03-02"},
        )
    )
    troubles.later(on_duty, hours=2)
    on_duty.type("start notify-operators")

    (watched,) = on_duty.deployed.logged("notices_watched")
    assert watched["failed"] == 1
    assert len(on_duty.deployed.mails()) >= 1
    stored = on_duty.deployed.notices.get("digest")
    assert stored is not None
    assert stored.sent


def test_two_operators_at_once_are_told(on_duty: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one learns that somebody was faster, and nothing is done twice."""

    def slower(*arguments: Any, **options: Any) -> Any:
        pause(*arguments, **options)
        return pause(*arguments, **options)  # read before, written after

    monkeypatch.setattr(operate_one, "pause", slower)
    said = on_duty.type(f"pause {WAREHOUSE}")

    assert said.code == 1
    assert "somebody else wrote first" in said.error
    assert on_duty.deployed.integration.status == "paused"


def test_two_restores_beside_each_other_bring_each_item_back_once(on_duty: Operator) -> None:
    """Each leaves alone what the other brought."""
    backup = on_duty.deployed.aws.table("TokensTable")
    for number in range(40):
        item: Any = {"integration_id": {"S": f"system-{number}"}, "blob": {"B": bytes([number])}, "due_at": {"N": "1"}}
        on_duty.deployed.aws.dynamodb.put_item(TableName=backup, Item=item)
    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(lambda _: on_duty.type(f"restore tokens --from {backup}").code, range(2)))
    items = on_duty.deployed.aws.dynamodb.scan(TableName=on_duty.outputs["TokensTable"])["Items"]

    assert codes == [0, 0]
    assert sorted(one["integration_id"]["S"] for one in items if "system-" in one["integration_id"]["S"]) == sorted(
        f"system-{number}" for number in range(40)
    )


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=400)])
def test_a_clock_that_jumps_breaks_no_command(on_duty: Operator, jump: timedelta) -> None:
    """What is said may be wrong, as the clock is; `check stack` compares clocks."""
    troubles.run(on_duty)
    on_duty.deployed.clock.advance(jump)

    assert on_duty.type("status").code in {0, 1}
    assert on_duty.type("integrations").code == 0
    assert on_duty.type(f"issues {WAREHOUSE}").code == 0
    assert ("no run ended" in on_duty.type("status").out) is (jump > timedelta())
