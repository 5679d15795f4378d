"""Tells whoever runs this service, by mail, of an answer of the WMS that is not understood: nobody else can mend it."""

from datetime import datetime

from invoicing.application.ports import Clock, Notices
from invoicing.domain.errors import WmsNotUnderstoodError
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind

_MOST_NAMES = 10  # of each sort; the log has them all


def not_understood_issue(system: str, error: WmsNotUnderstoodError) -> Issue:
    """What pages and mails say of it: names of elements, and nothing that they hold."""
    params = {
        "system": system,
        "kind": error.kind,
        "unknown": ", ".join(error.unknown[:_MOST_NAMES]),
        "missing": ", ".join(error.missing[:_MOST_NAMES]),
    }
    return Issue(code=IssueCode.WMS_NOT_UNDERSTOOD, params={name: value for name, value in params.items() if value})


def tell_not_understood(notices: Notices, issue: Issue, *, of_whom: str, now: datetime) -> None:
    """Puts a mail into the outbox, at most one a day for each kind of trouble of `of_whom`. Raises RetryLaterError."""
    notices.put_once(
        Notice(
            id=f"not_understood#{of_whom}#{issue.params['kind']}#{now.date().isoformat()}",
            integration_id=issue.params["system"],
            kind=NoticeKind.NOT_UNDERSTOOD,
            created_at=now,
            due_at=now + UNSENT_AFTER,
            params=issue.params,
        )
    )


def tell_if_new(notices: Notices, issue: Issue, *, before: Issue | None, of_whom: str, clock: Clock) -> None:
    """Tells it where it is such an issue, and a mail is not on its way already. `before` is what was said before.

    Raises RetryLaterError.
    """
    if issue.code is IssueCode.WMS_NOT_UNDERSTOOD and not _is_told(before, issue):
        tell_not_understood(notices, issue, of_whom=of_whom, now=clock())


def _is_told(before: Issue | None, issue: Issue) -> bool:
    """Whether the one before is the same kind of trouble."""
    return (
        before is not None
        and before.code is IssueCode.WMS_NOT_UNDERSTOOD
        and before.params.get("kind") == issue.params["kind"]
    )
