"""Once a month, when all of it is well, the month before is told: silence never means two things.

The run that sees that nothing of it is left puts the notice; what the month came to is counted when the mail is made.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta

from invoicing.application.ports import Notices
from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration import Integration, RunSummary
from invoicing.domain.integration_settings import MonthMail
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind
from invoicing.domain.swedish_time import SWEDEN

_FROM_DAY = 3  # of the month: by then the month before is invoiced in Ongoing
_MORNING = time(7)


def month_to_tell(integration: Integration, now: datetime) -> tuple[date, date] | None:
    """The first and the last day of the month before, if it is time to tell of it, and nobody has."""
    local, settings = now.astimezone(SWEDEN), integration.settings
    if settings is None or settings.month_mail is not MonthMail.SEND:
        return None
    if local.day < _FROM_DAY or local.time() < _MORNING:
        return None
    last = local.date().replace(day=1) - timedelta(days=1)
    told = integration.last_run.month_told if integration.last_run else ""
    if told == f"{last:%Y-%m}" or settings.from_date > last:
        return None
    return last.replace(day=1), last


def put_month_mail(
    notices: Notices,
    integration: Integration,
    run: RunSummary,
    *,
    unfinished: Callable[[], Iterable[Export]],
    later: Callable[[date, date], int],
    now: datetime,
) -> str:
    """Puts the notice if nothing of the month is left to be sent; gives the month that was told last.

    `unfinished` gives the records that are not finished; `later` counts what Ongoing has of some days that is not due.
    """
    told = integration.last_run.month_told if integration.last_run else ""
    month = month_to_tell(integration, now)
    look = run.look
    if month is None or run.problem is not None or look is None or look.at < run.started_at:
        return told
    first, last = month
    if not look.whole or look.due.count or look.unreadable or run.failed:
        return told
    unsent = (one for one in unfinished() if one.state is not ExportState.DONE)  # a specification holds no month up
    if any(one.invoice_date is None or one.invoice_date <= last for one in unsent):
        return told
    name = f"{last:%Y-%m}"
    notices.put_once(
        Notice(
            id=f"month#{integration.id}#{name}",
            integration_id=integration.id,
            kind=NoticeKind.MONTH,
            created_at=now,
            due_at=now + UNSENT_AFTER,
            params={"month": name, "later": str(later(first, last))},
        )
    )
    return name
