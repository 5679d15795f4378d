"""What the DynamoDB adapters do beyond the contracts: what lies in the tables, and records of other code."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from invoicing.adapters.aws.exports import DynamoExports
from invoicing.adapters.aws.integrations import DynamoIntegrations
from invoicing.adapters.aws.items import NewerSchemaError
from invoicing.adapters.aws.notices import DynamoNotices
from invoicing.adapters.aws.sessions import DynamoSessions
from invoicing.adapters.aws.token_store import DynamoTokenStore
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.export import EventKind, Export, ExportState, HistoryEvent
from invoicing.domain.fortnox_invoice import Register
from invoicing.domain.integration import Company, Integration, IntegrationStatus, RunSummary
from invoicing.domain.integration_settings import PriceMeaning
from invoicing.domain.notice import Notice, NoticeKind
from invoicing.domain.session import PendingConsent, Proposal, Session, TryLimit
from invoicing.domain.tokens import Intent, Mode, TokenItem, TokenStatus
from moto import mock_aws

from tests.support.aws import Aws
from tests.support.fakes import START

NEWER = {"schema": {"N": "2"}}
INTEGRATION = Integration(
    id="lagret",
    status=IntegrationStatus.ACTIVE,
    company=Company(tenant_id="1", name="Lager AB", organisation_number="5"),
    wms_username="anna",
    wms_password=b"sealed",
    settings=None,
    connected_at=START,
)
RUN = RunSummary(started_at=START, finished_at=START, seen=0, waiting=0, sent=0, updated=0, held=0, failed=0)
EXPORT = Export(integration_id="lagret", invoice_id=7, state=ExportState.CLAIMED, version=1, reference="R")
ITEM = TokenItem(
    integration_id="lagret",
    chain_id="chain-1",
    ver=0,
    mode=Mode.SERVICE,
    status=TokenStatus.ACTIVE,
    tenant_id="1",
    blob=b"pair-0",
    blob_at=START,
)
NOTICE = Notice(id="n", integration_id="lagret", kind=NoticeKind.DIGEST, created_at=START)


@pytest.fixture
def aws() -> Iterator[Aws]:
    """moto, empty."""
    with mock_aws():
        yield Aws()


def only_item(aws: Aws, table: str) -> Mapping[str, Any]:
    """The one item of a table, as it lies there."""
    (item,) = aws.dynamodb.scan(TableName=table)["Items"]
    return item


def enrich(aws: Aws, table: str, extra: Mapping[str, Any]) -> None:
    """Adds attributes to the one item of a table, as newer code would."""
    aws.dynamodb.put_item(TableName=table, Item={**only_item(aws, table), **extra})


def test_nothing_secret_lies_in_the_sessions(aws: Aws) -> None:
    """Hashes of state, browser and token; keys of throttles too, which name users and addresses."""
    table = aws.table("SessionsTable")
    sessions = DynamoSessions(aws.dynamodb, table)
    sessions.put_consent(
        PendingConsent(
            state="state-secret",
            browser="browser-secret",
            proposal=Proposal(integration_id="lagret", mode=Mode.SERVICE, wms_username="anna", wms_password=b"sealed"),
            expires_at=START,
        )
    )
    sessions.put_session(
        Session(token="token-secret", integration_id="lagret", username="anna", csrf="c", expires_at=START)
    )
    sessions.count_try(TryLimit(key="network#192.0.2.1", free=1, longest=timedelta(seconds=1)), now=START)

    stored = str(aws.dynamodb.scan(TableName=table)["Items"])
    assert "-secret" not in stored
    assert "192.0.2.1" not in stored


def test_every_session_item_expires(aws: Aws) -> None:
    """In whole seconds, which is what DynamoDB's time to live reads."""
    table = aws.table("SessionsTable")
    sessions = DynamoSessions(aws.dynamodb, table)
    sessions.put_session(
        Session(
            token="t", integration_id="lagret", username="anna", csrf="c", expires_at=START + timedelta(seconds=0.5)
        )
    )
    sessions.count_try(TryLimit(key="user#anna", free=1, longest=timedelta(seconds=1)), now=START)

    expiries = {item["expires_at"]["N"] for item in aws.dynamodb.scan(TableName=table)["Items"]}
    assert expiries == {"1772438401", str(1772438400 + 3600)}


def test_attributes_of_newer_code_survive_a_change(aws: Aws) -> None:
    """Two code versions work side by side during a deployment."""
    extra = {"colour": {"S": "blue"}}
    tables = {name: aws.table(name) for name in ("IntegrationsTable", "ExportsTable", "TokensTable", "NoticesTable")}
    integrations = DynamoIntegrations(aws.dynamodb, tables["IntegrationsTable"])
    exports = DynamoExports(aws.dynamodb, tables["ExportsTable"])
    tokens = DynamoTokenStore(aws.dynamodb, tables["TokensTable"])
    notices = DynamoNotices(aws.dynamodb, tables["NoticesTable"])
    integrations.put(INTEGRATION)
    exports.save(EXPORT, event=None)
    tokens.start_chain(ITEM)
    notices.put_once(NOTICE)
    for table in tables.values():
        enrich(aws, table, extra)

    integrations.put(replace(INTEGRATION, version=2))
    exports.save(replace(EXPORT, version=2), event=None)
    tokens.save_rotation(
        "lagret", chain_id="chain-1", ver=0, attempt_id="a", blob=b"pair-1", blob_at=START, due_at=START
    )
    notices.record_sent(NOTICE, at=START, due_at=None)

    assert [only_item(aws, table)["colour"] for table in tables.values()] == [{"S": "blue"}] * 4


def test_an_integration_of_newer_code_is_not_touched(aws: Aws) -> None:
    """Each write says so instead of overwriting what it does not understand."""
    table = aws.table("IntegrationsTable")
    integrations = DynamoIntegrations(aws.dynamodb, table)
    integrations.put(INTEGRATION)
    enrich(aws, table, NEWER)
    before = only_item(aws, table)

    with pytest.raises(NewerSchemaError):
        integrations.get("lagret")
    with pytest.raises(NewerSchemaError):
        integrations.put(replace(INTEGRATION, version=2))
    with pytest.raises(NewerSchemaError):
        integrations.mark_broken("lagret", at=START)
    with pytest.raises(NewerSchemaError):
        integrations.save_run("lagret", RUN, done=set(), unfinished=set(), detected=PriceMeaning.DETECT)
    assert only_item(aws, table) == before


def test_an_export_of_newer_code_is_not_touched(aws: Aws) -> None:
    """A claim by old code must not end a state that it does not know."""
    table = aws.table("ExportsTable")
    exports = DynamoExports(aws.dynamodb, table)
    exports.save(EXPORT, event=None)
    enrich(aws, table, NEWER)
    before = only_item(aws, table)

    with pytest.raises(NewerSchemaError):
        exports.save(replace(EXPORT, version=2), event=None)
    with pytest.raises(NewerSchemaError):
        exports.get_many("lagret", [7])
    with pytest.raises(NewerSchemaError):
        exports.page("lagret", limit=5)
    assert only_item(aws, table) == before


class QuickTable:
    """As much of DynamoDB as the writes of one invoice use, thousands of times; the contract tests know the rest."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}

    def get_item(self, **request: Any) -> dict[str, Any]:
        return {"Item": self.items[request["Key"]["record"]["S"]]}

    def query(self, **request: Any) -> dict[str, Any]:
        first, last = (request["ExpressionAttributeValues"][name]["S"] for name in (":first", ":last"))
        return {"Items": [item for record, item in sorted(self.items.items()) if first <= record <= last]}

    def update_item(self, **request: Any) -> dict[str, Any]:
        expression, values = request["UpdateExpression"], request["ExpressionAttributeValues"]
        item = self.items.setdefault(request["Key"]["record"]["S"], dict(request["Key"]))
        assert values.get(":before", item.get("version")) == item.get("version")
        for name, value in re.findall(r"#(\w+) = :(\w+)", expression):
            item[name] = values[f":{value}"]
        if "list_append" in expression:
            item["history"] = {"L": item.get("history", {"L": []})["L"] + values[":event"]["L"]}
        return {"Attributes": item}


def test_ten_thousand_events_of_one_invoice_are_kept_in_small_items() -> None:
    """An item of more than 400 kB could not be written any more, and every write is paid by size."""
    table = QuickTable()
    exports = DynamoExports(cast("Any", table), "exports")
    events = [
        HistoryEvent(
            at=START + timedelta(hours=number), kind=EventKind.UPDATED, by="schedule", fortnox_number=str(number)
        )
        for number in range(1, 10_001)
    ]
    record = EXPORT
    for version, event in enumerate(events, start=1):
        record = exports.save(replace(record, version=version), event=event)

    assert exports.get("lagret", 7) == replace(EXPORT, version=10_000, history=tuple(events))
    assert max(len(json.dumps(item, default=str)) for item in table.items.values()) < 8_000


def test_a_notice_of_newer_code_is_not_touched(aws: Aws) -> None:
    """Neither closed nor counted as sent."""
    table = aws.table("NoticesTable")
    notices = DynamoNotices(aws.dynamodb, table)
    notices.put_once(NOTICE)
    enrich(aws, table, NEWER)
    before = only_item(aws, table)

    with pytest.raises(NewerSchemaError):
        notices.close("n")
    with pytest.raises(NewerSchemaError):
        notices.record_sent(NOTICE, at=START, due_at=None)
    assert only_item(aws, table) == before


def test_tokens_of_newer_code_are_not_claimed(aws: Aws) -> None:
    """A token that old code may not be able to store again is not spent."""
    table = aws.table("TokensTable")
    store = DynamoTokenStore(aws.dynamodb, table)
    store.start_chain(ITEM)
    enrich(aws, table, NEWER)
    before = only_item(aws, table)

    with pytest.raises(NewerSchemaError):
        store.claim(
            "lagret",
            chain_id="chain-1",
            ver=0,
            intent=Intent(attempt_id="a", from_ver=0, deadline=START),
            owner="a",
            lease_until=START,
            now=START,
        )
    assert only_item(aws, table) == before


def test_a_received_pair_is_stored_even_then(aws: Aws) -> None:
    """The schema may have moved on while the request was travelling; the pair is durable before anyone reads."""
    table = aws.table("TokensTable")
    store = DynamoTokenStore(aws.dynamodb, table)
    store.start_chain(ITEM)
    enrich(aws, table, NEWER)

    with pytest.raises(NewerSchemaError):
        store.save_rotation(
            "lagret", chain_id="chain-1", ver=0, attempt_id="a", blob=b"pair-1", blob_at=START, due_at=START
        )
    stored = only_item(aws, table)
    assert (stored["blob"]["B"], stored["ver"]["N"], stored["schema"]["N"]) == (b"pair-1", "1", "2")


def test_a_big_register_stays_small(aws: Aws) -> None:
    """Ten thousand articles fit in an item and cost no fortune to write each run."""
    table = aws.table("ExportsTable")
    exports = DynamoExports(aws.dynamodb, table)
    register = Register(articles={f"ARTICLE-{n:06d}": "2026-03-03T08:00:00+00:00" for n in range(10_000)})

    exports.save_register("lagret", register)

    assert len(only_item(aws, table)["known"]["B"]) < 60_000
    assert exports.register("lagret") == register


@pytest.mark.parametrize("known", [{"B": b"not compressed"}, {"S": "x"}, {"B": b"x\x9c\xabV*\x01\x00\x01\xd7\x00\xf2"}])
def test_a_register_that_cannot_be_read_is_empty(aws: Aws, known: Mapping[str, Any]) -> None:
    """It only costs calls."""
    table = aws.table("ExportsTable")
    exports = DynamoExports(aws.dynamodb, table)
    exports.save_register("lagret", Register())
    enrich(aws, table, {"known": known})

    assert exports.register("lagret") == Register()


class Busy:
    """A client whose batches leave keys unprocessed, `times` times."""

    def __init__(self, client: object, *, times: int) -> None:
        self._client = client
        self.times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> Any:  # noqa: N803, AWS's name
        """Answers only the first key while it is busy."""
        if self.times <= 0:
            return cast("Any", self._client).batch_get_item(RequestItems=RequestItems)
        self.times -= 1
        ((table, asked),) = RequestItems.items()
        now, later = asked["Keys"][:1], asked["Keys"][1:]
        answer = cast("Any", self._client).batch_get_item(RequestItems={table: {**asked, "Keys": now}})
        return {**answer, "UnprocessedKeys": {table: {**asked, "Keys": later}}}


def test_unprocessed_keys_are_asked_for_again(aws: Aws) -> None:
    """After a pause that grows; nothing is missing and nothing is asked twice."""
    table = aws.table("ExportsTable")
    for number in (1, 2, 3):
        DynamoExports(aws.dynamodb, table).save(replace(EXPORT, invoice_id=number), event=None)
    pauses: list[float] = []
    exports = DynamoExports(cast("Any", Busy(aws.dynamodb, times=2)), table, sleep=pauses.append)

    assert sorted(exports.get_many("lagret", [1, 2, 3])) == [1, 2, 3]
    assert pauses == [0.05, 0.1]


def test_keys_that_stay_unprocessed_are_tried_later(aws: Aws) -> None:
    """Never taken for absent ones: an invoice without a record would be sent again."""
    table = aws.table("ExportsTable")
    exports = DynamoExports(cast("Any", Busy(aws.dynamodb, times=99)), table, sleep=lambda _seconds: None)

    with pytest.raises(RetryLaterError, match="unprocessed"):
        exports.get_many("lagret", list(range(20)))
