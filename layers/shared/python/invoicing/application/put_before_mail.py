"""Some days before the 1st a mail tells what will stop invoices then: once, and again only if something new came.

What was found lies ready since the night, so that a run reads one item for it, and asks nobody.
"""

from dataclasses import replace
from datetime import datetime, time

from invoicing.application.ports import Exports, Notices
from invoicing.application.put_digest import is_first_of_day
from invoicing.domain.integration import Integration
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind
from invoicing.domain.outlook import first_after
from invoicing.domain.sending import is_working_day
from invoicing.domain.swedish_time import SWEDEN

_FROM_DAY = 25  # of the month: a weekend lies before the 1st, and still somebody has time to mend it
_OFFICE_CLOSES = time(17)


def put_before_mail(notices: Notices, exports: Exports, integration: Integration, now: datetime) -> None:
    """Puts the notice, if it is time for it and the last look found what no mail has told of."""
    local, run = now.astimezone(SWEDEN), integration.last_run
    if local.day < _FROM_DAY or local.time() >= _OFFICE_CLOSES or not is_working_day(local.date()):
        return
    if run is None or run.looked_before is None or not is_first_of_day(integration, now):
        return
    outlook, first = exports.outlook(integration.id), first_after(local.date())
    if outlook is None or outlook.first != first:
        return
    new = [one.id for one in outlook.troubles if one.will_stop and one.id not in outlook.told]
    if not new:
        return
    notices.put_once(
        Notice(
            id=f"before#{integration.id}#{local.date().isoformat()}",
            integration_id=integration.id,
            kind=NoticeKind.BEFORE,
            created_at=now,
            due_at=now + UNSENT_AFTER,
            params={"first": first.isoformat(), "new": str(len(new)) if outlook.told else ""},
        )
    )
    # Should this be lost, the same mail comes on the next day once more.
    exports.save_outlook(integration.id, replace(outlook, told=(*outlook.told, *new)))
