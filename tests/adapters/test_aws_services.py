"""What the adapters of S3, KMS, SQS, SES and Secrets Manager do beyond the contracts."""

from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from invoicing.adapters.aws import client_config
from invoicing.adapters.aws.bounded_retry import BoundedRetry
from invoicing.adapters.aws.branch_keys import REMEMBERED_SECONDS, BranchKeySealer
from invoicing.adapters.aws.journal import S3TokenJournal
from invoicing.adapters.aws.mailer import SesMailer
from invoicing.adapters.aws.sealing import KmsSealer
from invoicing.adapters.aws.secrets import Secret
from invoicing.adapters.aws.sync_message import read_sync_request
from invoicing.adapters.aws.sync_queue import SqsSyncQueue
from invoicing.application.ports import JournalEntry, SyncRequest
from invoicing.domain.errors import ConfigurationError, RetryLaterError, UpstreamContractError
from moto import mock_aws

from tests.support.aws import Aws
from tests.support.fakes import START

CONTEXT = {"integration": "lagret"}
ENTRY = JournalEntry(attempt_id="attempt-1", blob=b"sealed", received_at=START)
QUICK = BoundedRetry(waits=(0.0, 0.0), sleep=lambda _seconds: None)


@pytest.fixture
def aws() -> Iterator[Aws]:
    """moto, empty."""
    with mock_aws():
        yield Aws()


class Scripted:
    """A client whose calls give or raise the next of `answers`; `calls` are the requests."""

    def __init__(self, *answers: object) -> None:
        self._answers = list(answers)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            self.calls.append((name, request))
            answer = self._answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def refusal(code: str, status: int) -> ClientError:
    """AWS's answer with a code."""
    metadata = {"HTTPStatusCode": status}
    return ClientError(cast("Any", {"Error": {"Code": code}, "ResponseMetadata": metadata}), "Operation")


def test_the_journal_has_the_keys_that_the_runbook_names(aws: Aws) -> None:
    """Answers and intents apart, by integration, chain, version and attempt."""
    bucket = aws.bucket()
    journal = S3TokenJournal(aws.s3, bucket)
    journal.record_intent("lagret", "chain-1", 3, "attempt-1")
    journal.record("lagret", "chain-1", 3, ENTRY)

    keys = [entry["Key"] for entry in aws.s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == ["intents/lagret/chain-1/3/attempt-1", "journal/lagret/chain-1/3/attempt-1"]


def test_two_writes_of_one_key_at_once_are_tried_again() -> None:
    """S3 answers 409 to one of them; what counts is what is there afterwards."""
    client = Scripted(refusal("ConditionalRequestConflict", 409), refusal("PreconditionFailed", 412))

    S3TokenJournal(cast("Any", client), "bucket", retry=QUICK).record("lagret", "chain-1", 1, ENTRY)

    assert len(client.calls) == 2
    assert all(request["IfNoneMatch"] == "*" for _, request in client.calls)


def test_a_journal_that_is_down_is_given_up_in_time() -> None:
    """Three attempts, then the caller decides; the text names the key and no content."""
    client = Scripted(*[ConnectTimeoutError(endpoint_url="https://s3")] * 3)

    with pytest.raises(RetryLaterError, match="journal/lagret/chain-1/1/attempt-1") as caught:
        S3TokenJournal(cast("Any", client), "bucket", retry=QUICK).record("lagret", "chain-1", 1, ENTRY)
    assert len(client.calls) == 3
    assert "sealed" not in str(caught.value)


def test_a_missing_bucket_is_a_matter_for_the_service_operator() -> None:
    """Trying again would not help, so it is not tried."""
    client = Scripted(refusal("NoSuchBucket", 404))

    with pytest.raises(ConfigurationError, match="service operator"):
        S3TokenJournal(cast("Any", client), "bucket", retry=QUICK).record_intent("lagret", "c", 1, "a")


def test_the_token_stores_do_not_retry_behind_our_back() -> None:
    """The engine counts seconds: attempts and timeouts must be ours."""
    config = client_config.TOKEN_STORES
    attempts = len(BoundedRetry().waits) + 1
    worst = attempts * (config.connect_timeout + config.read_timeout) + sum(BoundedRetry().waits)  # type: ignore[attr-defined]

    assert config.retries == {"mode": "standard", "total_max_attempts": 1}  # type: ignore[attr-defined]
    assert worst <= 10


def test_sealing_needs_no_network_once_prepared(aws: Aws) -> None:
    """Between the answer of the token endpoint and its first durable copy nothing may wait for KMS."""
    key = aws.key()
    data_key = aws.kms.generate_data_key(
        KeyId=key, KeySpec="AES_256", EncryptionContext={**CONTEXT, "environment": "prod"}
    )
    client = Scripted(data_key)

    sealer = KmsSealer(cast("Any", client), key, environment="prod")
    sealed = sealer.prepare(CONTEXT)(b"pair")

    assert sealer.open(sealed, CONTEXT) == b"pair"
    assert [name for name, _ in client.calls] == ["generate_data_key"]
    assert KmsSealer(aws.kms, key, environment="prod").open(sealed, CONTEXT) == b"pair"


def test_a_data_key_is_opened_once_per_process(aws: Aws) -> None:
    """A worker that opens the same password for each invoice does not ask KMS each time."""
    key = aws.key()
    sealed = KmsSealer(aws.kms, key, environment="prod").prepare(CONTEXT)(b"password")
    opened = aws.kms.decrypt(
        CiphertextBlob=sealed[3 : 3 + int.from_bytes(sealed[1:3])],
        EncryptionContext={**CONTEXT, "environment": "prod"},
    )
    client = Scripted(opened)
    sealer = KmsSealer(cast("Any", client), key, environment="prod")

    assert [sealer.open(sealed, CONTEXT) for _ in range(3)] == [b"password"] * 3
    assert len(client.calls) == 1


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (refusal("ThrottlingException", 400), RetryLaterError),
        (ConnectTimeoutError(endpoint_url="https://kms"), RetryLaterError),
        (refusal("DisabledException", 400), ConfigurationError),
        (refusal("AccessDeniedException", 400), ConfigurationError),
    ],
)
def test_a_key_service_in_trouble_is_not_a_key_that_never_opens(
    aws: Aws, failure: Exception, expected: type[Exception]
) -> None:
    """Declaring tokens unreadable would ask a person to connect again for nothing."""
    key = aws.key()
    sealed = KmsSealer(aws.kms, key, environment="prod").prepare(CONTEXT)(b"pair")
    sealer = KmsSealer(cast("Any", Scripted(failure, failure)), key, environment="prod")

    with pytest.raises(expected):
        sealer.open(sealed, CONTEXT)
    with pytest.raises(expected):
        sealer.prepare(CONTEXT)


def test_a_seal_and_its_sealer_show_no_key(aws: Aws) -> None:
    """Not in logs, not in error reports."""
    sealer = KmsSealer(aws.kms, aws.key(), environment="prod")
    seal = sealer.prepare(CONTEXT)

    assert str(seal.plain) not in f"{seal!r} {sealer!r}"


def requests_of(count: int) -> list[SyncRequest]:
    """One request for each of `count` integrations."""
    return [SyncRequest(integration_id=f"lager-{n}", by="schedule", slot="s") for n in range(count)]


def failed(*positions: int) -> dict[str, Any]:
    """SQS's answer that refuses these entries of a batch."""
    return {"Failed": [{"Id": str(position), "Code": "InternalError"} for position in positions]}


def test_refused_messages_are_sent_once_more_after_the_others() -> None:
    """One integration's trouble does not delay another's."""
    client = Scripted(failed(3, 7), failed(0), {}, {})

    count = SqsSyncQueue(cast("Any", client), "url").send(requests_of(25))

    groups = [[entry["MessageGroupId"] for entry in request["Entries"]] for _, request in client.calls]
    assert count == 25
    assert [len(group) for group in groups] == [10, 10, 5, 3]
    assert groups[-1] == ["lager-3", "lager-7", "lager-10"]


def test_messages_refused_twice_are_named() -> None:
    """How many, and one that shows which."""
    client = Scripted(failed(0, 1), failed(1))

    with pytest.raises(RetryLaterError, match=r"refused 1 of 2 sync requests twice, the first for integration lager-1"):
        SqsSyncQueue(cast("Any", client), "url").send(requests_of(2))


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"integration_id": "x"}', "not json", "null"])
def test_a_foreign_message_is_refused(body: str) -> None:
    """And its content is not repeated in the log."""
    with pytest.raises(UpstreamContractError, match="not a sync request"):
        read_sync_request(body)


def sent_by(mailer_answers: tuple[object, ...] = ({"MessageId": "1"},), **mail: str) -> Scripted:
    """Sends one mail through a scripted SES."""
    client = Scripted(*mailer_answers)
    mailer = SesMailer(cast("Any", client), sender="Fakturor <f@tjanst.example>", configuration_set="bounces")
    written = {"to": "asa@lagret.example", "subject": "Hej", "text": "t", "html": "<p>h</p>"} | mail
    mailer.send(**cast("Any", written), tags={"kind": "broken", "integration": "lager 1/å"})
    return client


def test_a_mail_is_mime_that_ses_takes() -> None:
    """7-bit lines of at most 998 characters, plain text before HTML, and no answers from machines."""
    client = sent_by(text="å" * 5000, html="<p>" + "ö" * 5000 + "</p>", subject="Återaktivera " * 20)

    raw = client.calls[0][1]["Content"]["Raw"]["Data"]
    mail = message_from_bytes(raw, policy=default)
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@tjanst.example>")
    assert mail["From"] == "Fakturor <f@tjanst.example>"


def test_a_mail_reports_its_bounce() -> None:
    """Through the configuration set, with tags of characters that SES takes."""
    request = sent_by().calls[0][1]

    assert request["ConfigurationSetName"] == "bounces"
    assert request["Destination"] == {"ToAddresses": ["asa@lagret.example"]}
    assert request["EmailTags"] == [
        {"Name": "kind", "Value": "broken"},
        {"Name": "integration", "Value": "lager_1__"},
    ]


def test_a_subject_cannot_add_headers() -> None:
    """A name from another system may carry a line break."""
    client = sent_by(subject="Faktura\r\nBcc: mallory@example.com\n till Lager AB")

    mail = message_from_bytes(client.calls[0][1]["Content"]["Raw"]["Data"], policy=default)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Faktura Bcc: mallory@example.com till Lager AB"


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (refusal("TooManyRequestsException", 429), RetryLaterError),
        (refusal("MessageRejected", 400), ConfigurationError),
        (refusal("SendingPausedException", 400), ConfigurationError),
        (refusal("BadRequestException", 400), UpstreamContractError),
    ],
)
def test_a_mail_that_was_refused_names_no_recipient(failure: Exception, expected: type[Exception]) -> None:
    """Addresses of people do not belong in the log."""
    with pytest.raises(expected) as caught:
        sent_by((failure,))
    assert "asa@lagret.example" not in str(caught.value)


def test_a_secret_is_fetched_once_and_again_when_it_was_refused() -> None:
    """A secret that was rotated while this process lives is found."""
    client = Scripted({"SecretString": "old"}, {"SecretString": "new"})
    secret = Secret(cast("Any", client), "arn:secret")
    before = [secret(), secret()]
    secret.forget()

    assert before == ["old", "old"]
    assert [secret(), secret()] == ["new", "new"]


@pytest.mark.parametrize(
    "answer", [{}, {"SecretString": ""}, {"SecretBinary": b"x"}, refusal("ResourceNotFoundException", 400)]
)
def test_a_secret_without_text_is_a_matter_for_the_service_operator(answer: object) -> None:
    """The text names the secret, so that it can be set."""
    with pytest.raises(ConfigurationError, match="arn:secret"):
        Secret(cast("Any", Scripted(answer)), "arn:secret")()


def test_the_passwords_of_many_systems_are_one_call_of_kms_an_hour(aws: Aws) -> None:
    """A call for each run would cost more than all else that an idle run does."""
    table, key, now = aws.table("IntegrationsTable"), aws.key(), [0.0]

    def sealer(clock: Callable[[], float] = lambda: now[0]) -> BranchKeySealer:
        return BranchKeySealer(aws.kms, key, aws.dynamodb, table, environment="prod", clock=clock)

    systems = [{"integration": f"lager-{number}"} for number in range(20)]
    sealed = [sealer().prepare(system)(b"password") for system in systems]
    asked: list[str] = []
    aws.kms.meta.events.register("before-call", lambda event_name, **_: asked.append(event_name))
    worker = sealer()
    opened = {worker.open(one, system) for one, system in zip(sealed, systems, strict=True)}
    within = len(asked)
    now[0] += REMEMBERED_SECONDS
    worker.open(sealed[0], systems[0])

    assert opened == {b"password"}
    assert (within, len(asked)) == (1, 2)


def test_a_password_that_was_sealed_with_a_data_key_is_opened_still(aws: Aws) -> None:
    """Nobody has to sign in again because of a new format."""
    key = aws.key()
    sealed = KmsSealer(aws.kms, key, environment="prod").prepare(CONTEXT)(b"password")
    sealer = BranchKeySealer(aws.kms, key, aws.dynamodb, aws.table("IntegrationsTable"), environment="prod")

    assert sealer.open(sealed, CONTEXT) == b"password"
