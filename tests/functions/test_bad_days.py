"""Bad input of the service operator's day: garbled records, two operators at once, clocks that jump."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import batched, count
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import EndpointConnectionError
from invoicing.application.change_integration import pause
from invoicing.application.wms_login import login_of
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind
from invoicing.domain.tokens import ROTATE_SPARE_EVERY
from invoicing.runtime import operate_one

from local.ongoing.seed import WAREHOUSE
from tests.functions import troubles
from tests.functions.deployed import Browser, event
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


# ---- very many


@pytest.mark.parametrize("broken_after", [1, 200, 399])
def test_a_restore_of_many_pages_that_broke_off_brings_each_item_back_once(
    on_duty: Operator, monkeypatch: pytest.MonkeyPatch, broken_after: int
) -> None:
    """Wherever it broke off: what is there is left alone. `local/measure_operate` brings back 100,000."""
    aws, target = on_duty.deployed.aws, on_duty.outputs["NoticesTable"]
    backup = aws.table("NoticesTable")
    old = [{"notice_id": {"S": f"notice-{number}"}, "kind": {"S": "old"}} for number in range(400)]
    for some in batched(old, 25, strict=False):
        aws.dynamodb.batch_write_item(RequestItems={backup: [{"PutRequest": {"Item": item}} for item in some]})
    newer = [{**item, "kind": {"S": "newer"}} for item in old[::40]]
    for item in newer:
        aws.dynamodb.put_item(TableName=target, Item=item)
    written: list[str] = []
    original = vars(BaseClient)["_make_api_call"]
    tries, breaks = count(), [True]

    def counted(client: Any, operation: str, arguments: Any) -> Any:
        if operation == "Scan":
            arguments = {**arguments, "Limit": 10}  # a page of a large table
        if operation != "PutItem" or arguments["TableName"] != target:
            return original(client, operation, arguments)
        if breaks and next(tries) >= broken_after:
            raise EndpointConnectionError(endpoint_url="https://dynamodb")
        answer = original(client, operation, arguments)
        written.append(arguments["Item"]["notice_id"]["S"])
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    broken = on_duty.type(f"restore notices --from {backup}")
    brought = len(written)
    breaks.clear()
    again = on_duty.type(f"restore notices --from {backup}")
    found = [item for page in aws.dynamodb.get_paginator("scan").paginate(TableName=target) for item in page["Items"]]

    assert broken.code == 1
    assert "items were brought back. Run the same command again" in broken.error
    assert (again.code, again.out.split(": ")[1].split()[0]) == (0, str(400 - len(newer) - brought))
    assert len(written) == len({*written}) == 400 - len(newer)
    assert {item["notice_id"]["S"] for item in found if item["kind"] == {"S": "newer"}} == {
        item["notice_id"]["S"] for item in newer
    }
    assert {item["notice_id"]["S"] for item in found} >= {item["notice_id"]["S"] for item in old}


def test_what_waited_too_long_costs_a_read_each(on_duty: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue that stood still is full of slots that are past. Per batch of ten: the flag of a pause, ten reads beside
    each other, and one call to hide them; nothing is asked of Ongoing or Fortnox, and nothing is written."""
    deployed = on_duty.deployed
    old = [f"{deployed.clock() + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}" for number in range(50)]
    troubles.later(on_duty, hours=3)
    troubles.run(on_duty)
    outside = len(deployed.ongoing.calls) + len(deployed.fortnox.calls())
    stored = deployed.integration
    asked: Counter[str] = Counter()
    original = vars(BaseClient)["_make_api_call"]

    def counted(client: Any, operation: str, arguments: Any) -> Any:
        asked[operation] += 1
        return original(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    for slots in batched(old, 10, strict=True):
        assert deployed.invoke("sync_invoices", batch_of(slots)) == {"batchItemFailures": []}

    assert asked == {"GetItem": 5 * (1 + 10), "ChangeMessageVisibilityBatch": 5}
    assert len(deployed.ongoing.calls) + len(deployed.fortnox.calls()) == outside
    assert deployed.integration == stored


def batch_of(slots: Sequence[str]) -> dict[str, Any]:
    """A batch of messages of the schedule for one integration."""
    made = event("sync_invoices__one")
    (record,) = made["Records"]
    made["Records"] = [
        {**record, "messageId": slot, "body": json.dumps({**json.loads(record["body"]), "slot": slot})}
        for slot in slots
    ]
    return made


# ---- KMS is throttled


def test_a_run_that_kms_refuses_is_tried_again_and_blames_nobody(
    on_duty: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent, nothing is lost, and nobody is told of a wrong password; the next schedule sends it once."""
    deployed, before = on_duty.deployed, on_duty.deployed.integration
    known = [*deployed.notices.of(WAREHOUSE)]
    with monkeypatch.context() as patch:
        troubles.kms_is_throttled(patch)
        for _ in range(4):  # an hour
            troubles.later(on_duty, minutes=15)
            assert troubles.run(on_duty) == {"batchItemFailures": []}
    held_up, told = deployed.integration, [*deployed.notices.of(WAREHOUSE)]
    troubles.later(on_duty, minutes=15)
    troubles.run(on_duty)

    assert (held_up.last_run, held_up.broken_since, held_up.status) == (before.last_run, None, before.status)
    assert [one["reason"].partition(":")[0] for one in deployed.logged("run_failed")] == ["RetryLaterError"] * 4
    assert "KMS Decrypt" in deployed.logged("run_failed")[0]["reason"]
    assert deployed.logged("our_defect") == []
    assert told == known
    run = deployed.integration.last_run
    assert run is not None
    assert (run.problem, run.sent > 0) == (None, True)
    assert len([*posted(on_duty)]) == run.sent


def posted(on_duty: Operator) -> Iterator[str]:
    """Invoices that were made in Fortnox."""
    for call in on_duty.deployed.fortnox.calls():
        if (call.method, call.path) == ("POST", "/3/invoices"):
            yield call.path


def test_keys_that_kms_does_not_open_in_the_middle_of_a_run_are_a_later_try(
    on_duty: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password is open already: Ongoing is read, and each invoice waits for the next run."""
    deployed = on_duty.deployed
    login_of(deployed.integration, deployed.function("sync_invoices").parts.password_sealer)
    with monkeypatch.context() as patch:
        troubles.kms_is_throttled(patch)
        troubles.run(on_duty)
    failed = deployed.integration
    troubles.later(on_duty, minutes=15)
    troubles.run(on_duty)

    assert failed.broken_since is None
    assert [*posted(on_duty)]
    assert deployed.logged("our_defect") == []
    run = deployed.integration.last_run
    assert run is not None
    assert (run.problem, run.failed) == (None, 0)


def test_a_first_sign_in_that_kms_refuses_is_ours_and_no_wrong_password(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password could not be kept: the page of a busy service, with a reference; the next try works."""
    with monkeypatch.context() as patch:
        troubles.kms_is_throttled(patch)
        busy = browser.login()
    page = browser.login()

    assert busy.status == 503
    assert "password" not in busy.text.lower()
    assert "in a minute" in busy.text
    assert browser.deployed.logged("sign_in_refused") == []
    assert page.status == 303


def test_an_approval_that_kms_refuses_spends_nothing(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that could not be kept are not fetched; who comes back once more is connected."""
    asked = browser.start()
    with monkeypatch.context() as patch:
        troubles.kms_is_throttled(patch)
        busy = browser.approve(asked)
    tokens = [call for call in browser.deployed.fortnox.calls() if call.path.startswith("/oauth-v1/token")]
    page = browser.approve(browser.start())

    assert tokens == []
    assert "does not answer just now" in busy.text
    assert "KMS GenerateDataKey" in browser.deployed.logged("consent_failed")[0]["reason"]
    assert page.status == 303
    assert browser.deployed.tokens.get(WAREHOUSE) is not None


def test_who_is_known_signs_in_without_kms(on_duty: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ongoing says whether the password is right, and it is the one that is kept."""
    before = on_duty.deployed.integration
    troubles.kms_is_throttled(monkeypatch)
    page = Browser(on_duty.deployed).login()

    assert page.status == 303
    assert on_duty.deployed.integration.wms_password == before.wms_password


def test_keys_that_kms_refuses_stay_due_and_nothing_is_asked_of_fortnox(
    on_duty: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh token is used only when its answer can be sealed: so none is spent."""
    deployed = on_duty.deployed
    troubles.later(on_duty, seconds=ROTATE_SPARE_EVERY.total_seconds() + 60)
    before, calls = troubles.keys_of(on_duty), len(deployed.fortnox.calls())
    with monkeypatch.context() as patch:
        troubles.kms_is_throttled(patch)
        for _ in range(3):
            troubles.keep(on_duty)
            troubles.later(on_duty, minutes=5)
    throttled = troubles.keys_of(on_duty)
    tokens = [call for call in deployed.fortnox.calls()[calls:] if call.path.startswith("/oauth-v1/token")]
    troubles.later(on_duty, minutes=15)
    troubles.keep(on_duty)

    assert tokens == []
    assert (throttled.ver, throttled.blob, throttled.status) == (before.ver, before.blob, before.status)
    assert deployed.integration.broken_since is None
    assert deployed.logged("our_fault") == []
    assert troubles.keys_of(on_duty).ver == before.ver + 1
