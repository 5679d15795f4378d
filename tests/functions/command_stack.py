"""A stack's tables and queues in moto, and the command called as from a shell."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from invoicing.adapters.aws.exports import DynamoExports
from invoicing.adapters.aws.integrations import DynamoIntegrations
from invoicing.adapters.aws.token_store import DynamoTokenStore
from invoicing.domain.integration import Company, Integration, IntegrationStatus, RunSummary
from invoicing.domain.integration_settings import IntegrationSettings, PriceMeaning
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.look import Look
from invoicing.domain.tokens import Mode, TokenItem, TokenStatus
from invoicing.domain.work import Work
from invoicing.runtime import command
from moto import mock_aws

from tests.support.aws import Aws
from tests.support.fakes import START

NORDLAGER = Integration(
    id="nordlager",
    status=IntegrationStatus.ACTIVE,
    company=Company(tenant_id="1234567", name="Nordlager 3PL AB", organisation_number="556677-8899"),
    wms_username="fortnox-api",
    wms_password=b"sealed-password-that-nobody-may-see",
    settings=IntegrationSettings(from_date=START.date(), problem_address="ekonomi@nordlager.example"),
    connected_at=START,
)
RUN = RunSummary(
    started_at=START,
    finished_at=START,
    seen=9,
    waiting=2,
    sent=4,
    updated=1,
    held=2,
    failed=0,
    problem=Issue(code=IssueCode.LICENCE_MISSING),
    look=Look(at=START, due=Work(count=2)),
)
KEYS = TokenItem(
    integration_id="nordlager",
    chain_id="chain-1",
    ver=0,
    mode=Mode.SERVICE,
    status=TokenStatus.ACTIVE,
    tenant_id="1234567",
    blob=b"sealed-pair-that-nobody-may-see",
    blob_at=START,
)


class Stack:
    """A stack's tables and queues, and the command called as from a shell."""

    def __init__(self, aws: Aws, outputs: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        self.aws = aws
        self.outputs = outputs
        self._capsys = capsys
        self.integrations = DynamoIntegrations(aws.dynamodb, outputs["IntegrationsTable"])
        self.exports = DynamoExports(aws.dynamodb, outputs["ExportsTable"])
        self.tokens = DynamoTokenStore(aws.dynamodb, outputs["TokensTable"])

    def call(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error. Nothing sealed is ever in them."""
        self._capsys.readouterr()
        try:
            code = command.main(["--stack-name", "invoicing", *arguments])
        except SystemExit as wrongly_called:
            code = int(str(wrongly_called.code))
        said = self._capsys.readouterr()
        assert "nobody-may-see" not in said.out + said.err
        return code, said.out, said.err

    def connect(self, integration: Integration = NORDLAGER) -> None:
        """Stores an integration with keys and a run."""
        self.integrations.put(integration)
        self.integrations.save_run(
            integration.id, RUN, done=frozenset(), unfinished=frozenset(), detected=PriceMeaning.PER_UNIT
        )
        self.tokens.start_chain(replace(KEYS, integration_id=integration.id))

    def bury(self, output: str, body: object) -> None:
        """Puts a message into a dead-letter queue."""
        url, text = self.outputs[output], json.dumps(body)
        if url.endswith(".fifo"):
            self.aws.sqs.send_message(
                QueueUrl=url, MessageBody=text, MessageGroupId="nordlager", MessageDeduplicationId="slot"
            )
        else:
            self.aws.sqs.send_message(QueueUrl=url, MessageBody=text)

    def queued(self) -> list[dict[str, Any]]:
        """What a worker would be given."""
        answer = self.aws.sqs.receive_message(QueueUrl=self.outputs["SyncQueue"], MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Stack]:
    """moto has tables and queues; what CloudFormation would say is said for it."""
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        aws = Aws()
        outputs = {
            "IntegrationsTable": aws.table("IntegrationsTable"),
            "TokensTable": aws.table("TokensTable"),
            "ExportsTable": aws.table("ExportsTable"),
            "NoticesTable": aws.table("NoticesTable"),
            "SyncQueue": aws.queue(),
            "SlowSyncQueue": aws.queue(),
            "SyncDeadLetters": aws.queue(),
            "JournalBucket": aws.bucket(),
            "NoticeDeadLetters": aws.sqs.create_queue(QueueName="notice-dead-letters")["QueueUrl"],
            "NotifyOperatorsFunction": "notify_operators",
            "KeepTokensFunction": "keep_tokens",
        }
        parameters = {"StageName": "test", "OngoingApiBaseUrl": "https://ongoing.test"}
        monkeypatch.setattr(command, "describe_stack", lambda _name: (outputs, parameters))
        yield Stack(aws, outputs, capsys)
