"""A connection is broken: hold its work, and put one notice. Safe to repeat."""

from invoicing.application.ports import Clock, Integrations, Notices
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind, broken_notice_id


def report_broken(
    integrations: Integrations, notices: Notices, clock: Clock, *, integration_id: str, chain_id: str
) -> None:
    """Marks the integration, so that nothing runs until it is reactivated, and puts the notice of this chain."""
    now = clock()
    integrations.mark_broken(integration_id, at=now)
    notices.put_once(
        Notice(
            id=broken_notice_id(integration_id, chain_id),
            integration_id=integration_id,
            kind=NoticeKind.BROKEN,
            created_at=now,
            due_at=now + UNSENT_AFTER,
        )
    )
