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

    kind: str  # Bounce, Complaint, Reject …
    integration_id: str
    notice: str  # the kind of notice that the mail was about


def read_mail_trouble(event: Mapping[str, Any]) -> MailTrouble:
    """An event of SES about a mail that we sent; the mail's tags say what it was about."""
    detail = event.get("detail") or {}
    tags = (detail.get("mail") or {}).get("tags") or {}
    integration, notice = (str((tags.get(name) or [""])[0]) for name in ("integration", "kind"))
    return MailTrouble(kind=str(detail.get("eventType") or ""), integration_id=integration, notice=notice)
