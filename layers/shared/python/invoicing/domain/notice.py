"""Notices: mails about problems. One item per problem is put once; sending follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from invoicing.domain.sent_work import Closing

# Putting a notice sends it within seconds. Should that fail for good, it is found as due from then on.
UNSENT_AFTER = timedelta(hours=1)


class NoticeKind(StrEnum):
    """What a mail is about."""

    BROKEN = "broken"  # the keys are dead; carries a reactivation link
    REACTIVATED = "reactivated"  # works again; says what was sent
    DIGEST = "digest"  # issues of the day
    BEFORE = "before"  # what will stop invoices on the 1st
    MONTH = "month"  # all of the month before is in Fortnox
    VERIFY_ADDRESS = "verify_address"
    IT_IS_ME = "it_is_me"  # somebody who waits at the start page asked for it
    CHANGED = "changed"  # somebody did something that others must hear of
    NOT_UNDERSTOOD = "not_understood"  # an answer of the WMS; to whoever runs this service


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail, ready to be sent: the same content twice."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """`id` names the problem, so that the same problem is never put twice."""

    id: str
    integration_id: str
    kind: NoticeKind
    created_at: datetime
    params: Mapping[str, str] = field(default_factory=dict)
    closing: Closing | None = None  # of REACTIVATED
    sent: tuple[datetime, ...] = ()  # the first mail and its reminders
    due_at: datetime | None = None  # the next try or reminder
    closed: bool = False


def broken_notice_id(integration_id: str, broken_since: datetime) -> str:
    """One broken connection is one problem, from the moment on which it is held until it works again."""
    return f"broken#{integration_id}#{broken_since.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
