"""Nothing happens behind anybody's back: what is done to an integration is kept in it, and mailed.

Any user of a system may operate its integration (docs/decisions/0004). So the address that somebody has confirmed is
told who did what; an address that nobody has confirmed may be anybody's, and is told nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from invoicing.application.ports import Notices
from invoicing.domain.change import MOST_KEPT, Change, ChangeKind
from invoicing.domain.integration import Integration
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind
from invoicing.domain.remedy import Remedy


def with_change(
    integration: Integration, kind: ChangeKind, *, at: datetime, by: str, remedy: Remedy | None = None
) -> Integration:
    """The integration, with one more thing in its history."""
    changes = (*integration.changes, Change(kind=kind, at=at, by=by, remedy=remedy))
    return replace(integration, changes=changes[-MOST_KEPT:])


def tell_change(
    notices: Notices, before: Integration, kind: ChangeKind, *, at: datetime, by: str, params: Mapping[str, str]
) -> None:
    """Mails what was just done to the address that had been confirmed before it."""
    if not before.heard_address:
        return
    notices.put_once(
        Notice(
            id=f"changed#{before.id}#{before.version + 1}#{kind}",
            integration_id=before.id,
            kind=NoticeKind.CHANGED,
            created_at=at,
            due_at=at + UNSENT_AFTER,
            params={**params, "what": kind, "by": by, "address": before.heard_address},
        )
    )
