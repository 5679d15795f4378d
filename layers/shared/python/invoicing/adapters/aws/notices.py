"""The table of notices, an outbox: a new item wakes the function that mails it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from invoicing.adapters.aws.due_queue import due_attributes, due_keys
from invoicing.adapters.aws.items import (
    NOT_NEWER,
    SCHEMA_ATTRIBUTE,
    Item,
    attribute,
    attributes,
    read,
    refuse_newer,
    whole_epoch,
)
from invoicing.adapters.aws.older_records import with_todays_closing
from invoicing.adapters.aws.table import ConditionFailedError, Table
from invoicing.domain.notice import Notice

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_INDEX = "NoticesDue"
_INDEX_OF_INTEGRATION = "NoticesOfIntegration"
_KEPT_FOR = timedelta(days=400)  # a financial year and the time to close it


class DynamoNotices:
    """The port Notices on DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._table = Table(client, table_name)

    def put_once(self, notice: Notice) -> bool:
        """Says whether it was new."""
        due, _ = due_attributes(notice.due_at)
        try:
            self._table.update(
                _key(notice.id),
                put={
                    **attributes(notice, without={"id", "due_at"}),
                    **due,
                    **SCHEMA_ATTRIBUTE,
                    "expires_at": whole_epoch(notice.created_at + _KEPT_FOR),
                },
                condition="attribute_not_exists(#notice_id)",
                sign=True,
            )
        except ConditionFailedError:
            return False
        return True

    def get(self, notice_id: str) -> Notice | None:
        """Read consistently."""
        item = self._table.get(_key(notice_id))
        return None if item is None else _notice(item)

    def record_sent(self, notice: Notice, *, at: datetime, due_at: datetime | None) -> None:
        """A notice that was closed meanwhile stays closed: the mail is recorded, no reminder follows."""
        try:
            self._add_sent(notice, at, due_at, closed=False)
        except ConditionFailedError as error:
            if error.found is None or not _notice(error.found).closed:
                raise
            self._add_sent(notice, at, None, closed=True)

    def close(self, notice_id: str) -> bool:
        """Says whether it was open."""
        _, not_due = due_attributes(None)
        try:
            self._table.update(
                _key(notice_id),
                put={"closed": attribute(True)},
                drop=not_due,
                condition=f"#closed = :open AND {NOT_NEWER}",
                values={"open": attribute(False), **SCHEMA_ATTRIBUTE},
                sign=True,
            )
        except ConditionFailedError as error:
            if error.found is not None:
                refuse_newer(error.found, Notice.__name__)
            return False
        return True

    def due(self, now: datetime) -> Iterator[str]:
        """Longest waiting first (eventually consistent)."""
        return due_keys(self._table, _INDEX, "notice_id", now)

    def of(self, integration_id: str) -> Iterator[str]:
        """Newest first (eventually consistent)."""
        values = {"integration": attribute(integration_id)}
        found = self._table.query(
            "#integration_id = :integration", values, index=_INDEX_OF_INTEGRATION, newest_first=True
        )
        for item in found:
            yield item["notice_id"]["S"]

    def _add_sent(self, notice: Notice, at: datetime, due_at: datetime | None, *, closed: bool) -> None:
        due, not_due = due_attributes(due_at)
        self._table.update(
            _key(notice.id),
            put=due,
            computed=("#sent = list_append(#sent, :at)",),
            drop=not_due,
            condition=f"#sent = :seen AND #closed = :closed AND {NOT_NEWER}",
            values={
                "at": attribute((at,)),
                "seen": attribute(notice.sent),
                "closed": attribute(closed),
                **SCHEMA_ATTRIBUTE,
            },
            sign=True,
        )


def _key(notice_id: str) -> Item:
    return {"notice_id": {"S": notice_id}}


def _notice(item: Item) -> Notice:
    return read(Notice, with_todays_closing(item), id=item["notice_id"]["S"])
