"""One DynamoDB table: consistent reads, conditional writes that show what was found instead."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError

from invoicing.adapters.aws.errors import code_of, translate, translated
from invoicing.adapters.aws.items import Attribute, Item, placeholders
from invoicing.application.ports import ChangedMeanwhileError
from invoicing.domain.errors import RetryLaterError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        KeysAndAttributesTypeDef,
        QueryInputTypeDef,
        ScanInputTypeDef,
    )

_KEYS_PER_BATCH = 100  # DynamoDB's limit for BatchGetItem
_SIGNATURE = "written_by"  # drawn for each signed write
_BATCH_WAITS = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds before asking again for unprocessed keys


class ConditionFailedError(ChangedMeanwhileError):
    """A condition did not hold; `found` is the item that was there, None if there was none."""

    def __init__(self, message: str, found: Item | None) -> None:
        super().__init__(message)
        self.found = found


class Table:
    """Expressions write each attribute as `#name`; the names are filled in here.

    Every method raises what `errors.translated` maps.
    """

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: Item) -> Item | None:
        """The item as it is now."""
        with translated(self._what("GetItem")):
            answer = self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True)
        return answer.get("Item")

    def get_many(
        self, keys: Sequence[Item], *, attributes: Sequence[str], sleep: Callable[[float], None]
    ) -> Iterator[Item]:
        """The items that exist, in no order, as they are now. `keys` must differ from each other."""
        projection = _projection(attributes)
        for start in range(0, len(keys), _KEYS_PER_BATCH):
            asked: KeysAndAttributesTypeDef = {
                "Keys": keys[start : start + _KEYS_PER_BATCH],
                "ConsistentRead": True,
                "ProjectionExpression": projection,
                "ExpressionAttributeNames": placeholders(projection),
            }
            for wait in (*_BATCH_WAITS, None):
                with translated(self._what("BatchGetItem")):
                    answer = self._client.batch_get_item(RequestItems={self._name: asked})
                yield from answer["Responses"].get(self._name, [])
                left = answer.get("UnprocessedKeys", {}).get(self._name)
                if not left:
                    break
                if wait is None:
                    raise RetryLaterError(
                        f"{self._what('BatchGetItem')}: {len(left['Keys'])} keys stayed unprocessed. It is tried again."
                    )
                asked = {**asked, "Keys": left["Keys"]}
                sleep(wait)

    def update(
        self,
        key: Item,
        *,
        put: Item | None = None,
        computed: Sequence[str] = (),
        add: Item | None = None,
        drop: Iterable[str] = (),
        condition: str,
        values: Item | None = None,
        sign: bool = False,
    ) -> Item:
        """Changes one item in one conditional write and gives it as it is afterwards.

        `put` sets attributes, `computed` are further assignments (`#epoch = #epoch + :one`), `add` adds to
        sets and numbers, `drop` removes. `values` are those that `computed` and `condition` name. Attributes
        that are not named stay. With `sign`, the write is told from all others by its `written_by`: when the
        SDK repeats it because its answer was lost, it succeeds. Raises ConditionFailedError.
        """
        put, add, values = put or {}, add or {}, values or {}
        signature = _draw()
        if sign:
            put = {**put, _SIGNATURE: signature}
        assignments = [*(f"#{name} = :{name}" for name in put), *computed]
        parts = {
            "SET": assignments,
            "ADD": [f"#{name} :{name}" for name in add],
            "REMOVE": [f"#{name}" for name in sorted(drop)],
        }
        expression = " ".join(f"{verb} {', '.join(actions)}" for verb, actions in parts.items() if actions)
        filled = {
            **{f":{name}": value for name, value in {**put, **add}.items()},
            **{f":{name}": value for name, value in values.items()},
        }
        try:
            answer = self._client.update_item(
                TableName=self._name,
                Key=key,
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeNames=placeholders(expression, condition),
                ExpressionAttributeValues=filled,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except (ClientError, BotoCoreError) as error:
            refusal = self._refused(error, "UpdateItem")
            found = refusal.found if isinstance(refusal, ConditionFailedError) else None
            if found is not None and found.get(_SIGNATURE) == signature:
                return found
            raise refusal from None
        return answer["Attributes"]

    def put(self, item: Item) -> None:
        """Writes a whole item, whatever was there."""
        with translated(self._what("PutItem")):
            self._client.put_item(TableName=self._name, Item=item)

    def delete(self, key: Item, *, condition: str | None = None, values: Item | None = None) -> Item | None:
        """Removes an item and gives what it was. Raises ConditionFailedError."""
        try:
            if condition is None:
                answer = self._client.delete_item(TableName=self._name, Key=key, ReturnValues="ALL_OLD")
            else:
                answer = self._client.delete_item(
                    TableName=self._name,
                    Key=key,
                    ConditionExpression=condition,
                    ExpressionAttributeNames=placeholders(condition),
                    ExpressionAttributeValues={f":{name}": value for name, value in (values or {}).items()},
                    ReturnValues="ALL_OLD",
                )
        except (ClientError, BotoCoreError) as error:
            raise self._refused(error, "DeleteItem") from None
        return answer.get("Attributes")

    def query(
        self,
        condition: str,
        values: Item,
        *,
        index: str | None = None,
        only: str | None = None,
        attributes: Sequence[str] = (),
        newest_first: bool = False,
        page: int | None = None,
    ) -> Iterator[Item]:
        """Items in the order of their sort key; consistent, except from an index.

        `only` filters what `condition` found; `page` is how many items one call looks at.
        """
        request: QueryInputTypeDef = {
            "TableName": self._name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
            "ConsistentRead": index is None,
            "ScanIndexForward": not newest_first,
        }
        projection = _projection(attributes)
        if index is not None:
            request["IndexName"] = index
        if only is not None:
            request["FilterExpression"] = only
        if projection:
            request["ProjectionExpression"] = projection
        if page is not None:
            request["Limit"] = page
        request["ExpressionAttributeNames"] = placeholders(condition, only or "", projection)
        while True:
            with translated(self._what("Query")):
                answer = self._client.query(**request)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def scan(self, only: str) -> Iterator[Item]:
        """Every item that fits `only`, which uses no values. Reads the whole table."""
        request: ScanInputTypeDef = {
            "TableName": self._name,
            "FilterExpression": only,
            "ExpressionAttributeNames": placeholders(only),
            "ConsistentRead": True,
        }
        while True:
            with translated(self._what("Scan")):
                answer = self._client.scan(**request)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _refused(self, error: ClientError | BotoCoreError, operation: str) -> Exception:
        translation = translate(error, self._what(operation))
        if isinstance(error, ClientError) and code_of(error) == "ConditionalCheckFailedException":
            found = cast("Item | None", error.response.get("Item"))
            return ConditionFailedError(str(translation), found)
        return translation

    def _what(self, operation: str) -> str:
        return f"DynamoDB {operation} on {self._name}"


def _draw() -> Attribute:
    return {"S": uuid.uuid4().hex}


def _projection(attributes: Sequence[str]) -> str:
    return ", ".join(f"#{name}" for name in attributes)
