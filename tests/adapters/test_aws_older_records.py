"""What earlier versions of this product stored is still read, whole."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

import pytest
from invoicing.adapters.aws.exports import DynamoExports
from invoicing.adapters.aws.integrations import DynamoIntegrations
from invoicing.adapters.aws.notices import DynamoNotices
from invoicing.domain.export import EventKind, ExportState, HistoryEvent
from invoicing.domain.integration import RunSummary
from invoicing.domain.issue import IssueCode
from invoicing.domain.notice import Notice, NoticeKind
from invoicing.domain.sent_work import Closing, SentWork

from tests.support.fakes import START

AT = {"S": START.isoformat(timespec="microseconds")}


class StoredItem:
    """A client whose tables hold this one item."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        self._item = item

    def get_item(self, **_request: Any) -> dict[str, Any]:
        return {"Item": self._item}


def stored(item: Mapping[str, Any]) -> Any:
    """A client, for a store."""
    return cast("Any", StoredItem(item))


def event(kind: EventKind, detail: str) -> dict[str, Any]:
    """An event whose one text said all that was known."""
    return {"M": {"at": AT, "kind": {"S": kind}, "by": {"S": "schedule"}, "detail": {"S": detail}}}


def told(kind: EventKind, **facts: Any) -> HistoryEvent:
    """The same event today."""
    return HistoryEvent(at=START, kind=kind, by="schedule", **facts)


EVENTS = [
    (event(EventKind.CLAIMED, "ONGOING-lagret-7-"), told(EventKind.CLAIMED, reference="ONGOING-lagret-7-")),
    (event(EventKind.CREATED, "17 1020.00"), told(EventKind.CREATED, fortnox_number="17", net=Decimal("1020.00"))),
    (event(EventKind.ADOPTED, "17 None"), told(EventKind.ADOPTED, fortnox_number="17")),
    (event(EventKind.UPDATED, "17 -250.50"), told(EventKind.UPDATED, fortnox_number="17", net=Decimal("-250.50"))),
    (event(EventKind.WRITTEN_BACK, "17"), told(EventKind.WRITTEN_BACK, fortnox_number="17")),
    (event(EventKind.HELD, "customer_unknown"), told(EventKind.HELD, issue=IssueCode.CUSTOMER_UNKNOWN)),
    (event(EventKind.LEFT, ""), told(EventKind.LEFT)),
    (event(EventKind.LEFT, "17"), told(EventKind.LEFT, fortnox_number="17")),
]


@pytest.mark.parametrize(("older", "today"), EVENTS, ids=[today.kind for _, today in EVENTS])
def test_an_event_that_had_one_text_is_read_into_its_fields(older: dict[str, Any], today: HistoryEvent) -> None:
    """The history of an invoice is a bookkeeping record."""
    item = {
        "integration_id": {"S": "lagret"},
        "invoice_id": {"N": "7"},
        "state": {"S": ExportState.DONE},
        "version": {"N": "4"},
        "reference": {"S": "ONGOING-lagret-7-"},
        "attempt_run": {"S": "a field that is gone"},
        "history": {"L": [older]},
    }
    export = DynamoExports(stored(item), "exports").get("lagret", 7)

    assert export is not None
    assert export.history == (today,)


def test_a_closing_notice_that_had_texts_is_read_into_amounts() -> None:
    """It may be put by the version before and mailed by this one."""
    texts = {"sent": {"S": "3"}, "held": {"S": "2"}, "sum_SEK": {"S": "1020.50"}, "sum_EUR": {"S": "9.00"}}
    item = {
        "notice_id": {"S": "reactivated#lagret#1"},
        "integration_id": {"S": "lagret"},
        "kind": {"S": NoticeKind.REACTIVATED},
        "created_at": AT,
        "params": {"M": texts},
    }
    notice = DynamoNotices(stored(item), "notices").get("reactivated#lagret#1")

    sent = SentWork(count=3, sums={"SEK": Decimal("1020.50"), "EUR": Decimal("9.00")})
    assert isinstance(notice, Notice)
    assert notice.closing == Closing(sent=sent, held=2)


def test_what_was_sent_and_not_told_yet_is_not_forgotten() -> None:
    """A run of the version before stopped in the middle; this one writes the closing mail."""
    run = {
        "started_at": AT,
        "finished_at": AT,
        **{name: {"N": "0"} for name in ("seen", "waiting", "sent", "updated", "held", "failed")},
        "untold": {"M": {"sent": {"S": "2"}, "sum_SEK": {"S": "99.90"}}},
    }
    item = {
        "integration_id": {"S": "lagret"},
        "status": {"S": "active"},
        "company": {"M": {"tenant_id": {"S": "1"}, "name": {"S": "A"}, "organisation_number": {"S": "5"}}},
        "wms_username": {"S": "anna"},
        "wms_password": {"B": b"sealed"},
        "connected_at": AT,
        "last_run": {"M": run},
    }
    integration = DynamoIntegrations(stored(item), "integrations").get("lagret")

    assert integration is not None
    assert isinstance(integration.last_run, RunSummary)
    assert integration.last_run.not_told == SentWork(count=2, sums={"SEK": Decimal("99.90")})
