"""Open issues are told once a day: by the first run after seven in Sweden, before the office opens.

The run has all that a digest needs in its hands. A function of its own would read every integration each morning, and
be too slow for some thousands.
"""

from datetime import datetime, time

from invoicing.application.ports import Notices
from invoicing.domain.integration import Integration, RunSummary
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind
from invoicing.domain.swedish_time import SWEDEN

_MORNING = time(7)


def put_digest(notices: Notices, integration: Integration, run: RunSummary, *, now: datetime) -> None:
    """Puts the notice of the day into the outbox, once, if `run` left something for a person."""
    day = now.astimezone(SWEDEN).date()
    morning = datetime.combine(day, _MORNING, SWEDEN)
    before = integration.last_run
    if not (run.held or run.problem) or now < morning or (before is not None and before.finished_at >= morning):
        return
    notices.put_once(
        Notice(
            id=f"digest#{integration.id}#{day.isoformat()}",
            integration_id=integration.id,
            kind=NoticeKind.DIGEST,
            created_at=now,
            due_at=now + UNSENT_AFTER,
            params={"day": day.isoformat()},
        )
    )
