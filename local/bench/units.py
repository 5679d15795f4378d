"""Units that DynamoDB charges for, computed from the sizes of items by its documented rules.

Emulators give other figures. Rules: developer guide, "DynamoDB item sizes and formats" and "DynamoDB read and write
operations". A number's size is documented as approximate.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING, Any

from local.bench import DidNotMeasureError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Item = Mapping[str, Any]  # as on the wire: {"name": {"S": "text"}}

_READ_UNIT = 4096  # bytes
_WRITE_UNIT = 1024


@dataclass(slots=True)
class Meter:
    """Adds up the units of all requests of one client. `beside` looks at items without being counted."""

    beside: "DynamoDBClient"
    reads: float = 0.0
    writes: float = 0.0
    _layouts: dict[str, Any] = field(default_factory=dict)

    def attach(self, client: "DynamoDBClient") -> None:
        """Counts what this client asks for from now on."""
        client.meta.events.register("before-call.dynamodb", self._before)
        client.meta.events.register("after-call.dynamodb", self._after)

    def _before(self, model: Any, params: Any, context: Any, **_about: object) -> None:
        asked = json.loads(params["body"])
        context["metered"] = asked
        match model.name:
            case "GetItem":
                self._read(asked["TableName"], [asked["Key"]], asked)
            case "BatchGetItem":
                for table, of_table in asked["RequestItems"].items():
                    self._read(table, of_table["Keys"], of_table)
            case "Query":
                self._read_range(asked)
            case "PutItem" | "UpdateItem" | "DeleteItem":
                context["metered_before"] = self._item(asked["TableName"], self._key(asked))
            case _:
                raise DidNotMeasureError(f"the units of DynamoDB {model.name} are not known here")

    def _after(self, context: Any, **_about: object) -> None:
        # A refused condition costs what the item that was found costs: both sides are that item.
        if "metered_before" in context:
            table = context["metered"]["TableName"]
            before = context["metered_before"]
            after = self._item(table, self._key(context["metered"]))
            self.writes += max(_units(before, _WRITE_UNIT), _units(after, _WRITE_UNIT))
            for index in self._layout(table).get("GlobalSecondaryIndexes", ()):
                self.writes += self._index_units(table, index, before, after)

    def _read(self, table: str, keys: Iterable[Item], asked: Mapping[str, Any]) -> None:
        units = sum(_units(self._item(table, key), _READ_UNIT) for key in keys)
        self.reads += units if asked.get("ConsistentRead") else units / 2

    def _read_range(self, asked: Mapping[str, Any]) -> None:
        """Sizes are added before they are rounded. What a filter or a projection leaves out is read all the same."""
        condition = asked["KeyConditionExpression"]
        named: dict[str, Any] = {
            kind: {name: value for name, value in asked[kind].items() if name in condition}
            for kind in ("ExpressionAttributeNames", "ExpressionAttributeValues")
        }
        kept: dict[str, Any] = {
            name: asked[name] for name in ("TableName", "Limit", "ExclusiveStartKey") if name in asked
        }
        if "IndexName" in asked:
            raise DidNotMeasureError(f"the units of a query of {asked['IndexName']} are not known here")
        found = self.beside.query(**kept, **named, KeyConditionExpression=condition)["Items"]
        units = max(1, ceil(sum(map(item_size, found)) / _READ_UNIT))
        self.reads += units if asked.get("ConsistentRead") else units / 2

    def _index_units(self, table: str, index: Mapping[str, Any], before: Item, after: Item) -> int:
        """An index of keys only is written when a key changes: once to remove and once to add."""
        if index["Projection"]["ProjectionType"] != "KEYS_ONLY":
            raise DidNotMeasureError(f"the units of the index {index['IndexName']} are not known here")
        own = [key["AttributeName"] for key in index["KeySchema"]]
        names = {*own, *(key["AttributeName"] for key in self._layout(table)["KeySchema"])}
        rows = [
            {name: item[name] for name in names} if all(name in item for name in own) else {}
            for item in (before, after)
        ]
        return 0 if rows[0] == rows[1] else sum(_units(row, _WRITE_UNIT) for row in rows if row)

    def _key(self, asked: Mapping[str, Any]) -> Item:
        if "Key" in asked:
            key: Item = asked["Key"]
            return key
        names = (key["AttributeName"] for key in self._layout(asked["TableName"])["KeySchema"])
        return {name: asked["Item"][name] for name in names}

    def _item(self, table: str, key: Item) -> Item:
        found = self.beside.get_item(TableName=table, Key=dict(key), ConsistentRead=True)
        return found.get("Item", {})

    def _layout(self, table: str) -> Any:
        if table not in self._layouts:
            self._layouts[table] = self.beside.describe_table(TableName=table)["Table"]
        return self._layouts[table]


def item_size(item: Item) -> int:
    """Bytes of an item: names and values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "N":
            return _number_size(content)
        case "BOOL" | "NULL":
            return 1
        case "L":
            return 3 + sum(1 + _value_size(one) for one in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_size(one) for name, one in content.items())
        case _:  # SS, NS, BS
            return sum(_value_size({kind[0]: one}) for one in content)


def _number_size(text: str) -> int:
    digits = "".join(map(str, Decimal(text).as_tuple().digits)).strip("0")
    return ceil(len(digits) / 2) + 1


def _units(item: Item, size: int) -> int:
    """At least one, also for an item that is not there."""
    return max(1, ceil(item_size(item) / size))
