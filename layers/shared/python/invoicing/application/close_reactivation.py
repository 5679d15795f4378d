"""After a reactivation, one notice says what was sent since: when the first run came to its end."""

from dataclasses import replace
from datetime import datetime

from invoicing.application.ports import Notices
from invoicing.domain.integration import Integration, RunSummary
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind
from invoicing.domain.sent_work import Closing, SentWork


def close_reactivation(
    notices: Notices, integration: Integration, run: RunSummary, sent: SentWork, *, at_its_end: bool, now: datetime
) -> RunSummary:
    """The summary of a run with what is, or is not yet, told of the reactivation before it.

    `sent` is what this run sent; not `at_its_end`: another one goes on where it stopped.
    """
    before, since = integration.last_run, integration.reactivated_at
    closed = before.closed if before else None
    if since is None or since == closed:
        return replace(run, closed=since)
    told = before.not_told.and_then(sent) if before else sent
    if not at_its_end:
        return replace(run, closed=closed, not_told=told)
    notices.put_once(
        Notice(
            id=f"reactivated#{integration.id}#{since.isoformat()}",
            integration_id=integration.id,
            kind=NoticeKind.REACTIVATED,
            created_at=now,
            due_at=now + UNSENT_AFTER,
            closing=Closing(sent=told, held=run.held),
        )
    )
    return replace(run, closed=since)
