"""Brings items back from a restored table, byte for byte, into the one that the service uses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from invoicing.adapters.aws.due_queue import due_attributes
from invoicing.adapters.aws.errors import code_of, translate, translated
from invoicing.adapters.aws.items import Item
from invoicing.application.ports import Copied
from invoicing.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SEGMENTS = 8  # read and written beside each other


class RestoredTable:
    """A table that DynamoDB made of a backup of `target`. `client` may be used by eight threads at once."""

    def __init__(self, client: "DynamoDBClient", restored: str, target: str, *, now: datetime) -> None:
        self._client = client
        self._restored = restored
        self._target = target
        self._now = now

    def copy_missing(self, *, only: str = "", told: Callable[[Copied], None]) -> Copied:
        """Raises ConfigurationError if the two are not alike, and what `translated` maps."""
        key = self._key()
        if only:
            return self._copy(key, told, {"of": only})
        with ThreadPoolExecutor(_SEGMENTS) as pool:
            parts = [
                pool.submit(self._copy, key, told, {"Segment": number, "TotalSegments": _SEGMENTS})
                for number in range(_SEGMENTS)
            ]
            return sum((part.result() for part in parts), Copied())

    def _key(self) -> str:
        if self._restored == self._target:
            raise ConfigurationError(f"{self._target} cannot be restored from itself: name the table made of a backup")
        tables = []
        for name in (self._restored, self._target):
            with translated(f"DynamoDB DescribeTable of {name}"):
                tables.append(self._client.describe_table(TableName=name)["Table"])
        restored, target = tables
        if restored["TableStatus"] != "ACTIVE":
            raise ConfigurationError(
                f"{self._restored} is {restored['TableStatus']}: wait with `aws dynamodb wait table-exists`"
            )
        if restored["KeySchema"] != target["KeySchema"]:
            raise ConfigurationError(f"{self._restored} has other keys than {self._target}: it is a backup of another")
        return next(one["AttributeName"] for one in target["KeySchema"] if one["KeyType"] == "HASH")

    def _copy(self, key: str, told: Callable[[Copied], None], which: dict[str, Any]) -> Copied:
        done = Copied()
        where: dict[str, Any] = {}
        while True:
            answer = self._page(key, which, where)
            page = sum((self._put(key, item) for item in answer["Items"]), Copied())
            done += page
            told(page)
            if "LastEvaluatedKey" not in answer:
                return done
            where = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _page(self, key: str, which: dict[str, Any], where: dict[str, Any]) -> Any:
        asked = {"TableName": self._restored, "ConsistentRead": True, **where}
        if "of" not in which:
            with translated(f"DynamoDB Scan of {self._restored}"):
                return self._client.scan(**asked, **which)
        with translated(f"DynamoDB Query of {self._restored}"):
            return self._client.query(
                **asked,
                KeyConditionExpression="#key = :key",
                ExpressionAttributeNames={"#key": key},
                ExpressionAttributeValues={":key": {"S": which["of"]}},
            )

    def _put(self, key: str, item: Item) -> Copied:
        try:
            self._client.put_item(
                TableName=self._target,
                Item=self._looked_at_soon(item),
                ConditionExpression="attribute_not_exists(#key)",
                ExpressionAttributeNames={"#key": key},
            )
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and code_of(error) == "ConditionalCheckFailedException":
                return Copied(kept=1)
            raise translate(error, f"DynamoDB PutItem on {self._target}") from None
        return Copied(copied=1)

    def _looked_at_soon(self, item: Item) -> Item:
        """The janitor looks at keys that are back, and releases the integration that was held without them."""
        is_keys = "chain_id" in item and "due_at" not in item
        return {**item, **due_attributes(self._now)[0]} if is_keys else item
