"""Events that functions are invoked with, besides browsers' requests: read into values, or refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


def schedule_slot(event: Mapping[str, Any]) -> str:
    """The moment that a schedule fired: the same for a repeated delivery of the same event."""
    return str(event.get("time") or event.get("id") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTrouble:
    """SES could not deliver one of our mails."""

    kind: str
    notice_id: str


def read_mail_trouble(event: Mapping[str, Any]) -> MailTrouble:
    """An event of SES about a mail that we sent; its tags name the notice."""
    detail = event.get("detail") or {}
    tags = (detail.get("mail") or {}).get("tags") or {}
    notice = tags.get("notice") or [""]
    return MailTrouble(kind=str(detail.get("eventType") or ""), notice_id=str(notice[0]))
