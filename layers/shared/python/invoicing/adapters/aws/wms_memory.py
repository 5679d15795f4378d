"""What the answers of each Ongoing system have shown, beside the integrations: it is wanted before there is one."""

from typing import TYPE_CHECKING

from invoicing.adapters.aws.items import NOT_NEWER, SCHEMA_ATTRIBUTE, Item, absent, attributes, read
from invoicing.adapters.aws.table import Table
from invoicing.domain.wms_knowledge import WmsKnowledge

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoWmsMemory:
    """The port WmsMemory on the table of integrations."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._table = Table(client, table_name)

    def recall(self, warehouse: str) -> WmsKnowledge:
        """Read consistently."""
        item = self._table.get(_key(warehouse))
        return WmsKnowledge() if item is None else read(WmsKnowledge, item)

    def remember(self, warehouse: str, knowledge: WmsKnowledge) -> None:
        """One write; what a newer version of this code wrote is left as it is. Raises ChangedMeanwhileError then."""
        self._table.update(
            _key(warehouse),
            put=attributes(knowledge) | SCHEMA_ATTRIBUTE,
            drop=absent(knowledge),
            condition=NOT_NEWER,
            values=SCHEMA_ATTRIBUTE,
        )


def _key(warehouse: str) -> Item:
    return {"integration_id": {"S": f"wms#{warehouse}"}}  # "#" is in no warehouse name, so it meets no integration
