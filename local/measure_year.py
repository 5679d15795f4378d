"""Measures what grows with the years: the month's page, the making of all months anew, and the proof of a history.

Months are in a DynamoDB of this machine (roto). Records are not: it reads all that an integration has for each page of
a query, so that a year of them would measure nothing but that. They are handed out from memory, item by item, as
DynamoDB's pages are. Not in the numbers: the network to AWS, DynamoDB itself, and a function's start and share of a
processor. docs/decisions/0021 and 0022 have them.
"""

import argparse
import resource
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import batched
from typing import Any, cast

from invoicing.adapters.aws.exports import DynamoExports
from invoicing.adapters.aws.items import SCHEMA_ATTRIBUTE, Item, attribute, attributes
from invoicing.adapters.aws.months import DynamoMonths
from invoicing.application.keep_months import rebuild_months
from invoicing.application.prove_history import prove_history
from invoicing.domain.chain import link_of
from invoicing.domain.checkpoint import Head, LastCheckpoint, checkpoints_after, first_hash, head_of
from invoicing.domain.export import Export
from invoicing.domain.month import MonthIndex, months_until

from local.ongoing.seed import PLAIN, WAREHOUSE
from local.roto import Roto, make_table, running_roto
from tests.office.day import Day
from tests.office.situations import troubled

TABLE = "ExportsTable"
FIRST = 1_000_000
IN_A_RUN = 40  # invoices that one checkpoint names
IN_A_PAGE = 400  # records in the megabyte that one answer has at most
LOOKS = 5


class Records:
    """The part of a DynamoDB client that reads records: queries over what was put in, in the order of its keys."""

    def __init__(self) -> None:
        self.calls = 0
        self._keys: list[str] = []
        self._items: list[Item] = []

    def add(self, item: Item) -> None:
        """In the order of their keys."""
        self._keys.append(item["record"]["S"])
        self._items.append(item)

    def query(self, **asked: Any) -> Mapping[str, Any]:
        """Newest first, as all that is measured here reads."""
        self.calls += 1
        _, low, high = (value["S"] for value in asked["ExpressionAttributeValues"].values())
        began, end = bisect_left(self._keys, low), bisect_right(self._keys, high)
        if "ExclusiveStartKey" in asked:
            end = bisect_left(self._keys, asked["ExclusiveStartKey"]["record"]["S"])
        first = max(began, end - min(asked.get("Limit", IN_A_PAGE), IN_A_PAGE))
        answer: dict[str, Any] = {"Items": self._items[first:end][::-1]}
        return answer | ({"LastEvaluatedKey": {"record": {"S": self._keys[first]}}} if first > began else {})


def main() -> None:
    """Prints the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=120_000)
    parser.add_argument("--owners", type=int, default=200)
    asked = parser.parse_args()
    with running_roto() as roto:
        measure(roto, asked.invoices, asked.owners)


def measure(roto: Roto, count: int, owners: int) -> None:
    """Makes a year, and measures."""
    dynamodb = roto.client()
    make_table(dynamodb, TABLE, TABLE)
    day, records = troubled(), Records()
    like = day.world.exports.get(WAREHOUSE, PLAIN)
    assert like is not None
    heads: list[Head] = []
    for one in year(like, count, owners, day.world.today):
        record = {"record": attribute(f"invoice#{one.invoice_id:012d}")}
        records.add({**attributes(one), **SCHEMA_ATTRIBUTE, **record})
        heads += [head for head in (head_of(one),) if head is not None]
    exports, months = DynamoExports(cast("Any", records), TABLE), DynamoMonths(dynamodb, TABLE)
    world: Any = day.world
    world.checkpoints = type(day.world.checkpoints)()
    add_checkpoints(heads, day)

    records.calls, began = 0, time.monotonic()
    rebuild_months(months, exports, WAREHOUSE, index=MonthIndex(), now=day.world.clock(), goes_on=lambda: True)
    seconds, index = time.monotonic() - began, months.index(WAREHOUSE)
    assert index is not None
    assert index.is_whole
    counted = sum(one.invoices for by_currency in index.sums.values() for one in by_currency.values())
    assert counted == count, f"{counted} are counted"
    print(f"rebuild: {count} invoices, {records.calls} reads of records, {seconds:.1f} s{memory()}", flush=True)

    records.calls, began = 0, time.monotonic()
    proof = prove_history(WAREHOUSE, exports=exports, checkpoints=day.world.checkpoints, anchors=day.world.anchors)
    seconds = time.monotonic() - began
    said = "whole" if proof.is_whole else f"NOT WHOLE: {proof.breaks[0]}"
    what = f"{proof.invoices} invoices, {proof.events} events, {proof.checkpoints} checkpoints"
    print(f"verify: {what}, {records.calls} reads of records, {seconds:.1f} s, {said}{memory()}", flush=True)

    world.months = months
    last_month = months_until(f"{day.world.today:%Y-%m}", 2)[0]
    for path in ("/month", f"/month?month={last_month}", f"/month.csv?month={last_month}"):
        took = sorted(look(day, path) for _ in range(LOOKS))
        print(f"page {path}: {took[LOOKS // 2]:.2f} s, at most {took[-1]:.2f} s", flush=True)


def year(like: Export, count: int, owners: int, today: date) -> Iterator[Export]:
    """Invoices of twelve months, like one that was really sent, with its history."""
    for number in range(count):
        owner, invoice_id = number % owners, FIRST + number
        amount = Decimal(100 + number % 900)
        made = replace(
            like,
            invoice_id=invoice_id,
            reference=f"ONGOING-{WAREHOUSE}-{invoice_id}-",
            goods_owner=f"Varuägare {owner}",
            customer_number=f"{2000 + owner}",
            fortnox_number=str(invoice_id),
            wms_number=str(invoice_id),
            invoice_date=today - timedelta(days=364 - number * 365 // count),
            amount=amount,
            fortnox_net=amount,
        )
        yield replace(made, chain=link_of(made))


def add_checkpoints(heads: list[Head], day: Day) -> None:
    """As runs leave them."""
    last = LastCheckpoint(number=0, hash=first_hash(WAREHOUSE), at=day.world.clock())
    for some in batched(heads, IN_A_RUN, strict=False):
        for checkpoint in checkpoints_after(last, list(some), at=day.world.clock(), program="1"):
            assert day.world.checkpoints.add(WAREHOUSE, checkpoint)
            last = checkpoint.mark


def look(day: Day, path: str) -> float:
    """Seconds until a page is there."""
    there, _, query = path.partition("?")
    asked = {"month": query.removeprefix("month=")} if query else None
    began = time.monotonic()
    seen = day.see(there, query=asked)
    seconds = time.monotonic() - began
    assert seen.status == 200, f"{path}: {seen.status}"
    assert "Varuägare" in seen.body, f"{path} shows none of them"
    return seconds


def memory() -> str:
    """The most that this process ever had, with the year that it holds in the place of a database."""
    return f", {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB at most so far"


if __name__ == "__main__":
    main()
