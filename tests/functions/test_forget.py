"""`invoicing forget`: no name and no address is left, and the history that the law on bookkeeping asks for is."""

import builtins
import json
from dataclasses import fields

import pytest
from invoicing.adapters.aws.forgetting import Forgetting
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.export import Export, HistoryEvent
from invoicing.domain.integration import Integration

from local.ongoing.seed import CUSTOMER_ID, USERNAME, WAREHOUSE
from tests.functions import troubles
from tests.functions.operating import Operator

TABLES = ("integrations_table", "tokens_table", "exports_table", "notices_table")


def typing(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """What is answered to the question."""
    monkeypatch.setattr(builtins, "input", lambda _question: word)


def stored(on_duty: Operator, *, within: str = WAREHOUSE) -> str:
    """Everything that the tables, and the journal's keys, have of an integration."""
    aws, found = on_duty.deployed.aws, ""
    for table in TABLES:
        items = aws.dynamodb.scan(TableName=on_duty.deployed.variables[table])["Items"]
        found += "\n".join(str(item) for item in items if within in str(item))
    bucket = on_duty.deployed.variables["journal_bucket"]
    listed = aws.s3.list_object_versions(Bucket=bucket).get("Versions", [])
    return found + "\n".join(one["Key"] for one in listed if within in one["Key"])


def names_in(on_duty: Operator) -> set[str]:
    """Names and addresses that the simulators and forms brought in."""
    owners = on_duty.deployed.ongoing.warehouse(WAREHOUSE).goods_owners
    company: Integration = on_duty.deployed.integration
    addresses = {"ekonomi@nordlager.example", "admin@nordlager.example"}
    return {USERNAME, company.company.name, *addresses, *(owner.name for owner in owners)}


@pytest.fixture
def with_history(on_duty: Operator) -> Operator:
    """Invoices were sent, some are held, a person pressed, keys were rotated, a mail went out."""
    troubles.run(on_duty)
    record = on_duty.deployed.exports.page(WAREHOUSE, limit=1)[0][0]
    on_duty.browser.press(f"/invoices/{record.invoice_id}/retry")
    troubles.janitor(on_duty)
    on_duty.type("start notify-operators")
    on_duty.deployed.queued()
    return on_duty


def test_no_name_and_no_address_is_left(with_history: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """In no table, and nothing in the journal; and Fortnox has been told that the keys are over."""
    names = names_in(with_history)
    before = stored(with_history)
    assert {name for name in names if name in before} >= {USERNAME, "ekonomi@nordlager.example"}
    typing(monkeypatch, WAREHOUSE)
    said = with_history.type(f"forget {WAREHOUSE}")
    after = stored(with_history)

    assert said.code == 0, said.error
    assert [name for name in names if name in after] == []
    assert "'month#" in before  # what they hold is compressed: they are gone as they are
    assert "'month#" not in after
    assert "'months'" not in after
    assert f"journal/{WAREHOUSE}/" in before
    assert f"journal/{WAREHOUSE}/" not in after
    assert with_history.deployed.integrations.get(WAREHOUSE) is None
    assert with_history.deployed.integrations.warehouse_of(CUSTOMER_ID) is None
    assert with_history.deployed.tokens.get(WAREHOUSE) is None


def test_the_history_of_what_was_booked_is_kept(with_history: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers, amounts, dates and what was done; that a person did it, and not who."""
    before = {one.invoice_id: one for one in with_history.deployed.exports.page(WAREHOUSE, limit=100)[0]}
    asked = [with_history.deployed.exports.get(WAREHOUSE, one) for one in before]
    assert USERNAME in {event.by for record in asked if record for event in record.history}
    typing(monkeypatch, WAREHOUSE)
    with_history.type(f"forget {WAREHOUSE}")
    after = {one.invoice_id: one for one in with_history.deployed.exports.page(WAREHOUSE, limit=100)[0]}
    kept = ("state", "wms_number", "customer_number", "amount", "currency", "fortnox_number", "reference", "updated_at")

    assert after.keys() == before.keys()
    assert all(getattr(after[one], name) == getattr(before[one], name) for one in after for name in kept)
    assert any(one.fortnox_number for one in after.values())
    histories = [with_history.deployed.exports.get(WAREHOUSE, one) for one in after]
    by = {event.by for record in histories if record for event in record.history}
    assert by <= {"schedule", "a person"}


def test_a_system_that_comes_back_sends_nothing_twice(with_history: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its records are still what makes a second invoice impossible."""
    sent = len([call for call in with_history.deployed.fortnox.calls() if call.method == "POST"])
    typing(monkeypatch, WAREHOUSE)
    with_history.type(f"forget {WAREHOUSE}")
    with_history.browser.connect()
    with_history.deployed.fortnox.clear_calls()
    troubles.run(with_history)
    again = [
        call for call in with_history.deployed.fortnox.calls() if call.method == "POST" and "/3/invoices" in call.path
    ]

    assert sent
    assert again == []


def test_what_is_left_is_proven_from_then_on(with_history: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """One checkpoint stands for those that proved the names; a system that comes back goes on from it."""
    typing(monkeypatch, WAREHOUSE)
    before = with_history.type(f"verify {WAREHOUSE} --json")
    with_history.type(f"forget {WAREHOUSE}")
    forgotten = with_history.type(f"verify {WAREHOUSE} --json")
    with_history.browser.connect()
    troubles.later(with_history, minutes=15)
    troubles.run(with_history)
    back = with_history.type(f"verify {WAREHOUSE}")
    page = with_history.browser.look("/history").text

    (known,), (left,) = json.loads(before.out), json.loads(forgotten.out)
    assert (known["history"], left["history"]) == ("whole", "whole")
    assert (left["checkpoints"], left["from before chains"]) == (1, left["invoices"])
    assert left["events"] == known["events"]
    assert known["forgotten before"] == ""
    assert left["forgotten before"].startswith("checkpoint ")
    assert f"What was before {left['forgotten before']}, with all names and addresses" in page
    assert back.code == 0, back.error


@pytest.mark.parametrize("word", ["", "yes", WAREHOUSE.upper()])
def test_another_word_changes_nothing(with_history: Operator, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """It cannot be undone, so it is asked for by name."""
    before = stored(with_history)
    typing(monkeypatch, word)
    said = with_history.type(f"forget {WAREHOUSE}")

    assert (said.code, stored(with_history)) == (1, before)
    assert "nothing was changed" in said.error


@pytest.mark.parametrize("step", ["mails", "sealed_answers", "integration"])
def test_what_broke_off_is_done_again(with_history: Operator, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Whichever step it was: the integration itself goes last."""
    names = names_in(with_history)
    typing(monkeypatch, WAREHOUSE)

    def breaks(*_: object) -> int:
        raise RetryLaterError("AWS does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(Forgetting, step, breaks)
        assert with_history.type(f"forget {WAREHOUSE}").code == 1
    said = with_history.type(f"forget {WAREHOUSE}")

    assert said.code == 0, said.error
    assert [name for name in names if name in stored(with_history)] == []


def test_others_are_left_alone(with_history: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one whose name begins alike."""
    deployed = with_history.deployed
    key = {"integration_id": {"S": f"{WAREHOUSE}2"}}
    deployed.aws.dynamodb.put_item(
        TableName=deployed.variables["exports_table"], Item={**key, "record": {"S": "register"}}
    )
    deployed.aws.s3.put_object(
        Bucket=deployed.variables["journal_bucket"], Key=f"journal/{WAREHOUSE}2/c/1/a", Body=b"x"
    )
    before = stored(with_history, within=f"{WAREHOUSE}2")
    typing(monkeypatch, WAREHOUSE)
    with_history.type(f"forget {WAREHOUSE}")

    assert stored(with_history, within=f"{WAREHOUSE}2") == before
    assert before


# What stays of a record is told one by one, so that a new field is thought about.
KEPT = {
    *("integration_id", "invoice_id", "state", "version", "reference", "wanted", "wms_number", "customer_number"),
    *("period_start", "period_end", "invoice_date", "amount", "currency", "content", "was_marked", "fingerprint"),
    *("tried", "attempt_id", "fortnox_number", "fortnox_net", "fortnox_print", "kept_print", "by_hand", "waits"),
    *("generation", "earlier", "fortnox_fees", "fortnox_vat", "vat_type", "due_from", "due_date", "settled"),
    *("issue_since", "updated_at"),
}
WITHOUT_NAMES = {
    *("goods_owner", "title", "customer_name", "filled", "hints", "decision", "right", "left", "issue", "history"),
    *("sending", "attachment", "chain"),
}


def test_every_field_of_a_record_is_thought_about() -> None:
    """Kept because bookkeeping needs it, or taken away because a name may be in it."""
    assert {field.name for field in fields(Export)} == KEPT | WITHOUT_NAMES
    assert {field.name for field in fields(HistoryEvent)} - {"by", "note"} == {
        *("at", "kind", "reference", "fortnox_number", "net", "issue", "way", "progress", "remedy"),
    }
