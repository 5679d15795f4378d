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


def is_first_of_day(integration: Integration, now: datetime) -> bool:
    """Whether a run that ends now is the first one since the morning."""
    morning = datetime.combine(now.astimezone(SWEDEN).date(), _MORNING, SWEDEN)
    before = integration.last_run
    return now >= morning and (before is None or before.finished_at < morning)


def put_digest(
    notices: Notices,
    integration: Integration,
    run: RunSummary,
    *,
    unspecified: int = 0,
    now: datetime,
) -> None:
    """Puts the notice of the day into the outbox, once, if `run` left something for a person.

    `unspecified` is how many invoices are in Fortnox without their specification.
    """
    day = now.astimezone(SWEDEN).date()
    for_somebody = run.held or run.send_problems or run.problem or unspecified
    if not for_somebody or not is_first_of_day(integration, now):
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
