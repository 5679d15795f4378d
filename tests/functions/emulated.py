"""The AWS that the functions of these tests use, made once, empty again for each test.

It is moto's, but for the tables: those are roto's, which answers ten times as fast.
"""

import copy
import copyreg
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from botocore.config import Config
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

    tables: Mapping[str, Sequence[Mapping[str, Any]]]  # items by the table's name in the template
    journal: Mapping[str, bytes]
    mails: tuple[Any, ...]


type Note = Callable[[str, str, str, Mapping[str, Any]], None]  # function, service, operation, parameters

_NOTES: list[Note] = []


@contextmanager
def noted(note: Note) -> Iterator[None]:
    """Tells of each call that a function makes of the SDK, while it lasts."""
    _NOTES.append(note)
    try:
        yield
    finally:
        _NOTES.remove(note)


def _told(function: str, service: str, *, params: Mapping[str, Any], model: Any, **_about: object) -> None:
    for note in _NOTES if function else ():
        note(function, service, model.name, params)


class _SharedClients:
    """A session of the SDK whose clients serve all tests: making one costs more than most tests."""

    def __init__(self, function: str, aws: Aws) -> None:
        self._function = function
        self._aws = aws

    @cache  # noqa: B019 - lives as long as the tests
    def client(self, service: Any, *, config: Config) -> object:
        """The same client for the same service and configuration."""
        client = self._aws.client(service, config=config)
        client.meta.events.register("before-parameter-build", partial(_told, self._function, service))
        return client


class EmulatedAws:
    """Everything that the functions need of AWS."""

    def __init__(self, tables: Aws) -> None:
        """Within `mock_aws`; `tables` has the tables."""
        self.aws = Aws(tables=tables)
        self.aws.sesv2.create_email_identity(EmailIdentity=SENDER)
        self.aws.sesv2.create_configuration_set(ConfigurationSetName=CONFIGURATION_SET)
        arns = {
            name: self.aws.secrets.create_secret(Name=name, SecretString=value)["ARN"]
            for name, value in _SECRETS.items()
        }
        self._made = {
            "kms_key_id": self.aws.key(),
            "fortnox_secret_arn": arns["fortnox"],
            "signing_secret_arn": arns["signing"],
        }
        self._tables: Mapping[str, str] = {}  # by their names in the template
        self.variables: Mapping[str, str] = {}  # by the names of the functions' settings

    @cache  # noqa: B019 - lives as long as the tests
    def sdk_of(self, function: str) -> _SharedClients:
        """Each has clients of its own: threads that outlive an invocation are its own, too. "": the command's."""
        return _SharedClients(function, self.aws)

    def empty(self) -> None:
        """As if nothing had ever happened. What remembers is new: tables, queues and journal."""
        for table in self._tables.values():
            self.aws.dynamodb.delete_table(TableName=table)
        self._tables = {logical_id: self.aws.table(logical_id) for logical_id in _TABLES}
        self.variables = {
            **self._made,
            **{variable_of(logical_id): table for logical_id, table in self._tables.items()},
            "sync_queue_url": self.aws.queue(),
            "slow_sync_queue_url": self.aws.queue(),
            "journal_bucket": self.aws.bucket(),
        }
        for name, value in _SECRETS.items():
            self.aws.secrets.put_secret_value(SecretId=name, SecretString=value)
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
            tables={logical_id: self._items(table) for logical_id, table in self._tables.items()},
            journal={
                entry["Key"]: self.aws.s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                for entry in entries
            },
            mails=tuple(sent_mails()),
        )

    def store(self, stored: Stored) -> None:
        """Puts it into an empty AWS."""
        for logical_id, items in stored.tables.items():
            for item in items:
                self.aws.dynamodb.put_item(TableName=self._tables[logical_id], Item=item)
        for key, body in stored.journal.items():
            self.aws.s3.put_object(Bucket=self.variables["journal_bucket"], Key=key, Body=body)
        sent_mails().extend(stored.mails)

    def _items(self, table: str) -> Sequence[Mapping[str, Any]]:
        pages = self.aws.dynamodb.get_paginator("scan").paginate(TableName=table)
        return [item for page in pages for item in page["Items"]]


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
