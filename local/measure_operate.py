"""Measures what the service operator waits for: `status` with 10,000 integrations, and a restore of 100,000 keys.

On a DynamoDB of this machine (roto), with the real command and adapters: the network to AWS is not in it, and neither
are AWS's limits. docs/operate.md has the numbers.
"""

import argparse
import io
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from invoicing.adapters.aws.integrations import DynamoIntegrations
from invoicing.adapters.aws.items import attributes
from invoicing.adapters.aws.sealing import KmsSealer
from invoicing.domain.finding import Finding
from invoicing.domain.integration import Company, Integration, IntegrationStatus, RunSummary
from invoicing.domain.integration_settings import IntegrationSettings, PriceMeaning
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.tokens import Mode, TokenItem, TokenStatus
from invoicing.runtime import bootstrap, command
from invoicing.runtime.bootstrap import Bootstrap

from local.roto import Roto, make_table, running_roto

NOW = datetime.now(UTC)
LATE_EVERY = 33  # of 10,000 some 300
REASONS = (IssueCode.WMS_NOT_ANSWERING, IssueCode.WMS_LOGIN_REFUSED, IssueCode.NOT_OPENING, None, "broken")


class OneKey:
    """A KMS with one key for everything; what it costs to ask a real one is not measured here."""

    def generate_data_key(self, **_: object) -> Mapping[str, bytes]:
        return {"Plaintext": b"k" * 32, "CiphertextBlob": b"sealed"}

    def decrypt(self, **_: object) -> Mapping[str, bytes]:
        return {"Plaintext": b"k" * 32}


def sealer() -> KmsSealer:
    """As the functions have it."""
    return KmsSealer(cast("Any", OneKey()), "key", environment="prod")


def integrations(count: int) -> Iterator[Integration]:
    """All run; some have not for hours, for five different reasons."""
    run = RunSummary(started_at=NOW, finished_at=NOW, seen=0, waiting=0, sent=0, updated=0, held=0, failed=0)
    long_ago = NOW - timedelta(hours=8)
    for number in range(count):
        reason = REASONS[number // LATE_EVERY % len(REASONS)] if number % LATE_EVERY == 0 else ""
        last = run
        if isinstance(reason, IssueCode):
            last = replace(run, problem=Issue(code=reason), good_at=long_ago)
        elif reason is None:
            last = replace(run, finished_at=long_ago)
        yield Integration(
            id=f"system{number}",
            status=IntegrationStatus.ACTIVE,
            company=Company(tenant_id=str(number), name=f"Company {number}", organisation_number="556677-8899"),
            wms_username="fortnox-api",
            wms_password=b"sealed",
            settings=IntegrationSettings(from_date=NOW.date(), problem_address="a@b.example"),
            connected_at=long_ago,
            last_run=last,
            broken_since=long_ago if reason == "broken" else None,
        )


def keys(count: int) -> Iterator[tuple[TokenItem, Mapping[str, str]]]:
    """Items of keys, each sealed for itself, and what for."""
    for number in range(count):
        context = {"integration": f"system{number}", "chain": "chain", "version": "3"}
        blob = sealer().prepare(context)(f"answer {number}".encode())
        yield (
            TokenItem(
                integration_id=f"system{number}",
                chain_id="chain",
                ver=3,
                mode=Mode.SERVICE,
                status=TokenStatus.ACTIVE,
                tenant_id=str(number),
                blob=blob,
                blob_at=NOW,
            ),
            context,
        )


class Checks:
    """AWS says that all is on."""

    def alarms(self) -> Iterator[Any]:
        return iter(())

    def running(self) -> list[Finding]:
        return []


class Empty:
    """A queue in which nothing waits, and dead letters of which there are none."""

    def waiting(self) -> int:
        return 0

    def count(self) -> int:
        return 0


def main() -> None:
    """Prints the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--integrations", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=100_000)
    asked = parser.parse_args()
    with running_roto() as roto:
        measure(roto, asked.integrations, asked.items)


def measure(roto: Roto, count: int, items: int) -> None:
    """Fills a database, and measures."""
    dynamodb = roto.client()
    for logical_id in ("IntegrationsTable", "TokensTable"):
        make_table(dynamodb, logical_id, logical_id)
    make_table(dynamodb, "TokensTable", "restored")
    stored = DynamoIntegrations(dynamodb, "IntegrationsTable")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: save(stored, one), integrations(count)))
    outputs = {
        **dict.fromkeys(("ExportsTable", "NoticesTable", "JournalBucket", "SyncQueue", "SlowSyncQueue"), "x"),
        **dict.fromkeys(("SyncDeadLetters", "NoticeDeadLetters", "NotifyOperatorsFunction"), "x"),
        "IntegrationsTable": "IntegrationsTable",
        "TokensTable": "TokensTable",
    }
    program: Any = command
    program.describe_stack = lambda _name: (outputs, {"StageName": "prod"})
    patched: Any = Bootstrap
    bootstrap.sdk_session = lambda: cast("Any", roto)
    patched.stack_checks = lambda *_: Checks()
    patched.queue = patched.slow_queue = Empty()
    patched.sync_dead_letters = patched.notice_dead_letters = lambda _: Empty()
    seconds, said = timed("status")
    while said.startswith("invoicing:"):  # a busy machine's database gave no answer
        seconds, said = timed("status")
    print(f"status: {count} integrations, {said.count(chr(10)) - 2} lines, {seconds:.1f} s")
    contexts = {}
    with ThreadPoolExecutor(8) as pool:
        for item, context in keys(items):
            contexts[item.integration_id] = context
            pool.submit(dynamodb.put_item, TableName="restored", Item=attributes(item))
    seconds, said = timed("restore", "tokens", "--from", "restored")
    while "Run the same command again" in said:  # a slow database broke it off
        again, said = timed("restore", "tokens", "--from", "restored")
        seconds += again
    print(f"restore: {items} items, {seconds:.1f} s, {items / seconds:.0f} a second: {said.strip()}")
    opened = sum(
        sealer().open(bytes(item["blob"]["B"]), contexts[item["integration_id"]["S"]]).startswith(b"answer")
        for page in dynamodb.get_paginator("scan").paginate(TableName="TokensTable")
        for item in page["Items"]
    )
    print(f"opened: {opened} of {items}")


def save(stored: DynamoIntegrations, one: Integration) -> None:
    """The integration and its last run."""
    stored.put(one)
    if one.last_run is not None:
        stored.save_run(one.id, one.last_run, done=set(), unfinished=set(), detected=PriceMeaning.PER_UNIT)


def timed(*line: str) -> tuple[float, str]:
    """Seconds of one call of the command, and what it said."""
    out, error = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(error):
        began = time.monotonic()
        command.main(["--stack-name", "invoicing", *line])
    return time.monotonic() - began, out.getvalue() or error.getvalue()


if __name__ == "__main__":
    main()
