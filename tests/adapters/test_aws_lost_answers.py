"""Writes that AWS carried out and whose answer was lost, so that the SDK, or we, sent them again."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ReadTimeoutError
from invoicing.adapters.aws.bounded_retry import BoundedRetry
from invoicing.adapters.aws.exports import DynamoExports
from invoicing.adapters.aws.integrations import DynamoIntegrations
from invoicing.adapters.aws.notices import DynamoNotices
from invoicing.adapters.aws.token_store import DynamoTokenStore
from invoicing.domain.chain import link_of
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.export import EventKind, Export, ExportState, HistoryEvent
from invoicing.domain.integration import Company, Integration, IntegrationStatus, RunSummary
from invoicing.domain.integration_settings import PriceMeaning
from invoicing.domain.notice import Notice, NoticeKind
from invoicing.domain.tokens import Intent, Mode, TokenItem, TokenStatus
from moto import mock_aws

from tests.support.aws import Aws
from tests.support.fakes import START

INTEGRATION = Integration(
    id="lagret",
    status=IntegrationStatus.ACTIVE,
    company=Company(tenant_id="1", name="Lager AB", organisation_number="5"),
    wms_username="anna",
    wms_password=b"sealed",
    settings=None,
    connected_at=START,
)
NOTICE = Notice(id="n", integration_id="lagret", kind=NoticeKind.DIGEST, created_at=START)
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


class SentTwice:
    """A client that sends each write twice, as the SDK does when the first answer does not come."""

    def __init__(self, client: object) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name not in {"update_item", "put_item"}:
            return call

        def twice(**request: Any) -> Any:
            call(**request)
            return call(**request)

        return twice


class Deaf:
    """A client that hears no answer to its first writes, though AWS gets them."""

    def __init__(self, client: object, *, lost: int) -> None:
        self._client = client
        self.lost = lost

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name != "update_item":
            return call

        def deaf(**request: Any) -> Any:
            try:
                return call(**request)
            finally:
                if self.lost > 0:
                    self.lost -= 1
                    raise ReadTimeoutError(endpoint_url="https://dynamodb")

        return deaf


@pytest.fixture
def aws() -> Iterator[Aws]:
    """moto, empty."""
    with mock_aws():
        yield Aws()


def test_an_integration_that_was_put_twice_by_one_call_is_put(aws: Aws) -> None:
    """First and later versions."""
    integrations = DynamoIntegrations(cast("Any", SentTwice(aws.dynamodb)), aws.table("IntegrationsTable"))
    integrations.put(INTEGRATION)
    integrations.put(replace(INTEGRATION, version=2, wms_username="bo"))

    assert integrations.get("lagret") == replace(INTEGRATION, version=2, wms_username="bo")


def test_who_marked_broken_twice_by_one_call_was_the_first(aws: Aws) -> None:
    """Otherwise nobody would send the mail."""
    integrations = DynamoIntegrations(cast("Any", SentTwice(aws.dynamodb)), aws.table("IntegrationsTable"))
    integrations.put(INTEGRATION)

    assert integrations.mark_broken("lagret", at=START)
    assert not integrations.mark_broken("lagret", at=START)


def test_a_run_that_was_saved_twice_is_saved(aws: Aws) -> None:
    """Wishes are settled as once."""
    integrations = DynamoIntegrations(cast("Any", SentTwice(aws.dynamodb)), aws.table("IntegrationsTable"))
    integrations.put(INTEGRATION)
    integrations.ask_for("lagret", {1, 2})
    run = RunSummary(started_at=START, finished_at=START, seen=0, waiting=0, sent=0, updated=0, held=0, failed=0)

    integrations.save_run("lagret", run, done={1}, unfinished={3}, detected=PriceMeaning.DETECT)

    stored = integrations.get("lagret")
    assert stored is not None
    assert stored.asked == {2}
    assert stored.unfinished == {3}


def test_a_notice_that_was_put_twice_by_one_call_was_new(aws: Aws) -> None:
    """And sent and closed as once."""
    notices = DynamoNotices(cast("Any", SentTwice(aws.dynamodb)), aws.table("NoticesTable"))

    assert notices.put_once(NOTICE)
    notices.record_sent(NOTICE, at=START, due_at=START)
    assert notices.close("n")
    assert notices.get("n") == replace(NOTICE, sent=(START,), closed=True)


def rotate(store: DynamoTokenStore) -> TokenItem:
    """A whole rotation."""
    store.start_chain(ITEM)
    store.claim(
        "lagret",
        chain_id="chain-1",
        ver=0,
        intent=Intent(attempt_id="a", from_ver=0, deadline=START + timedelta(seconds=15)),
        owner="a",
        lease_until=START + timedelta(minutes=1),
        now=START,
    )
    store.save_client_credentials("lagret", chain_id="chain-1", blob=b"cc", blob_at=START)
    return store.save_rotation(
        "lagret",
        chain_id="chain-1",
        ver=0,
        attempt_id="a",
        blob=b"pair-1",
        blob_at=START,
        due_at=START + timedelta(days=7),
    )


@pytest.mark.parametrize(
    "client", [SentTwice, lambda client: Deaf(client, lost=2)], ids=["sent twice", "two answers lost"]
)
def test_a_rotation_is_the_same_as_with_every_answer(aws: Aws, client: Callable[[object], object]) -> None:
    """One claim, one version, whatever was repeated."""
    name = aws.table("TokensTable")
    waits: list[float] = []
    store = DynamoTokenStore(cast("Any", client(aws.dynamodb)), name, retry=BoundedRetry(sleep=waits.append))

    item = rotate(store)

    assert (item.ver, item.epoch, item.blob, item.intent) == (1, 1, b"pair-1", None)
    assert DynamoTokenStore(aws.dynamodb, name).get("lagret") == item


def test_a_write_that_is_found_done_already_is_reported(aws: Aws) -> None:
    """Many of them are an alarm: DynamoDB's answers do not reach us."""
    reports: list[tuple[str, Mapping[str, str | int]]] = []
    store = DynamoTokenStore(
        cast("Any", SentTwice(aws.dynamodb)),
        aws.table("TokensTable"),
        report=lambda event, fields: reports.append((event, fields)),
    )
    rotate(store)

    assert reports == [
        ("token_write_repeated", {"integration": "lagret", "write": "claim"}),
        ("token_write_repeated", {"integration": "lagret", "write": "save_rotation"}),
    ]


def test_a_rotated_pair_is_saved_although_no_answer_comes_back(aws: Aws) -> None:
    """The caller hears that it is not known; what is stored is the pair."""
    name = aws.table("TokensTable")
    deaf = Deaf(aws.dynamodb, lost=0)
    waits: list[float] = []
    store = DynamoTokenStore(cast("Any", deaf), name, retry=BoundedRetry(waits=(0.1, 0.2), sleep=waits.append))
    store.start_chain(ITEM)
    deaf.lost = 3

    with pytest.raises(RetryLaterError):
        store.save_rotation(
            "lagret", chain_id="chain-1", ver=0, attempt_id="a", blob=b"pair-1", blob_at=START, due_at=START
        )
    assert waits == [0.1, 0.2]
    stored = DynamoTokenStore(aws.dynamodb, name).get("lagret")
    assert stored is not None
    assert (stored.ver, stored.blob) == (1, b"pair-1")


def test_an_export_that_was_saved_twice_is_saved(aws: Aws) -> None:
    """Its event stands once in the history."""
    exports = DynamoExports(cast("Any", SentTwice(aws.dynamodb)), aws.table("ExportsTable"))
    export = Export(integration_id="lagret", invoice_id=1, state=ExportState.CLAIMED, version=1, reference="R")
    event = HistoryEvent(at=START, kind=EventKind.CLAIMED, by="schedule")

    claimed = exports.save(export, event=event)
    exports.save(replace(claimed, version=2), event=replace(event, kind=EventKind.CREATED))

    stored = exports.get("lagret", 1)
    assert stored == replace(export, version=2, history=(event, replace(event, kind=EventKind.CREATED)))
    assert stored.chain == link_of(stored)
