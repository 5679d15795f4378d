"""The AWS that the functions of these tests use: moto's, made once, empty again for each test."""

import copy
import copyreg
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moto.backends import get_backend

from local.fortnox.simulator import FortnoxSimulator
from local.ongoing.simulator import OngoingSimulator
from tests.support.aws import REGION, Aws
from tests.support.fakes import FakeClock

ACCOUNT = "123456789012"  # moto's
CLIENT_SECRET = "the-client-secret"
SIGNING_SECRET = "the-signing-secret"
SENDER = "no-reply@invoicing.example"
CONFIGURATION_SET = "invoicing-mails"
_SECRETS = {"fortnox": CLIENT_SECRET, "signing": SIGNING_SECRET}
_TABLES = ("IntegrationsTable", "TokensTable", "ExportsTable", "SessionsTable", "NoticesTable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What tables, journal and mailboxes hold at a moment."""

    tables: Mapping[str, Any]
    journal: Mapping[str, bytes]
    mails: tuple[Any, ...]


class EmulatedAws:
    """Everything that the functions need of AWS. Making it takes longer than most tests: a key and five tables."""

    def __init__(self) -> None:
        """Within `mock_aws`."""
        self.aws = Aws()
        self.aws.sesv2.create_email_identity(EmailIdentity=SENDER)
        self.aws.sesv2.create_configuration_set(ConfigurationSetName=CONFIGURATION_SET)
        arns = {
            name: self.aws.secrets.create_secret(Name=name, SecretString=value)["ARN"]
            for name, value in _SECRETS.items()
        }
        self._made = {
            **{variable_of(logical_id): self.aws.table(logical_id) for logical_id in _TABLES},
            "kms_key_id": self.aws.key(),
            "fortnox_secret_arn": arns["fortnox"],
            "signing_secret_arn": arns["signing"],
        }
        self.variables: Mapping[str, str] = {}  # by the names of the functions' settings

    def empty(self) -> None:
        """As if nothing had ever happened. Queue and journal are new: what they remember cannot be taken out."""
        self.variables = {
            **self._made,
            "sync_queue_url": self.aws.queue(),
            "slow_sync_queue_url": self.aws.queue(),
            "journal_bucket": self.aws.bucket(),
        }
        for name, value in _SECRETS.items():
            self.aws.secrets.put_secret_value(SecretId=name, SecretString=value)
        for logical_id in _TABLES:
            self._table(logical_id).items.clear()
        sent_mails().clear()

    def stored(self) -> Stored:
        """What there is now. Nothing waits in the queue at such a moment."""
        bucket = self.variables["journal_bucket"]
        entries = self.aws.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        waiting = self.aws.sqs.get_queue_attributes(
            QueueUrl=self.variables["sync_queue_url"], AttributeNames=["ApproximateNumberOfMessages"]
        )
        assert waiting["Attributes"]["ApproximateNumberOfMessages"] == "0"
        return Stored(
            tables={logical_id: copy.deepcopy(self._table(logical_id).items) for logical_id in _TABLES},
            journal={
                entry["Key"]: self.aws.s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                for entry in entries
            },
            mails=tuple(sent_mails()),
        )

    def store(self, stored: Stored) -> None:
        """Puts it into an empty AWS."""
        for logical_id, items in stored.tables.items():
            self._table(logical_id).items = copy.deepcopy(items)
        for key, body in stored.journal.items():
            self.aws.s3.put_object(Bucket=self.variables["journal_bucket"], Key=key, Body=body)
        sent_mails().extend(stored.mails)

    def _table(self, logical_id: str) -> Any:
        return get_backend("dynamodb")[ACCOUNT][REGION].tables[self._made[variable_of(logical_id)]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Time, and what others hold: one clock for all."""

    clock: FakeClock
    fortnox: FortnoxSimulator
    ongoing: OngoingSimulator

    def copied(self) -> "Outside":
        """The same state once more; neither sees what happens to the other from now on."""
        with _fresh_locks():
            return copy.deepcopy(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What a test may begin with instead of playing it again: where everything and everybody was at a moment."""

    outside: Outside
    stored: Stored
    logs: str
    shown: tuple[str, ...]
    secrets: frozenset[str]
    only_in_browsers: frozenset[str]
    cookies: Mapping[str, str]


def sent_mails() -> list[Any]:
    """Every mail that SES was given, as moto keeps it."""
    found: list[Any] = get_backend("ses")[ACCOUNT][REGION].sent_messages
    return found


def variable_of(logical_id: str) -> str:
    """IntegrationsTable is named to the functions as integrations_table."""
    return logical_id.removesuffix("Table").lower() + "_table"


@contextmanager
def _fresh_locks() -> Iterator[None]:
    """While this lasts, a copy of what holds a lock holds a new one."""
    kinds = {type(make()): make for make in (threading.Lock, threading.RLock)}
    for kind in kinds:
        copyreg.pickle(kind, lambda lock: (kinds[type(lock)], ()))
    try:
        yield
    finally:
        for kind in kinds:
            del copyreg.dispatch_table[kind]
