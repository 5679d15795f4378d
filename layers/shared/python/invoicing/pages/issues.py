"""What stops invoices, cause by cause, and the button that tries all again that one cause stops."""

from invoicing.application.change_integration import export_all_again
from invoicing.domain.cause import Cause
from invoicing.domain.export import EventKind
from invoicing.domain.issue import Fixer
from invoicing.pages.browser import Answer
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import CAUSES_PER_PAGE, Feedback, IssueLine, IssuesView, Pager
from invoicing.rendering.views_of import cause_view_of


def issues(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/issues"""
    standing = visit.standing
    everything = visit.request.query.get("page") == "all"  # on one page, to be printed
    size = max(1, len(standing.causes)) if everything else CAUSES_PER_PAGE
    pages = max(1, -(-len(standing.causes) // size))
    page = min(visit.page_number, pages)
    shown = standing.causes[(page - 1) * size : page * size]
    problem = standing.problem
    view = IssuesView(
        session=visit.session_view,
        standing=standing,
        # What heals by itself is told by the sentence on top, and is no thing to do.
        problem=IssueLine(issue=problem, since=standing.since or visit.now())
        if problem is not None and problem.fixer is not Fixer.NOBODY
        else None,
        causes=tuple(cause_view_of(cause, whole=everything) for cause in shown),
        cause_count=len(standing.causes),
        pager=Pager(page=page, pages=pages),
        notice=visit.once(visit.notice),
        notice_at=visit.request.query.get("at", ""),
    )
    return Answer(body=visit.pages.issues(view, visit.language))


def retry(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/issues/retry: all that one cause stops. The reader stays where the button was."""
    wanted = visit.request.form().get("cause", "")
    cause = next((one for one in visit.standing.causes if one.id == wanted), None)
    if cause is None:
        return _back(visit, Feedback.NOT_POSSIBLE_NOW, None)
    asked = export_all_again(
        visit.parts.change_tools(),
        visit.integration,
        frozenset(record.invoice_id for record in cause.exports),
        kind=EventKind.RETRY,
        by=visit.session.username,
    )
    if not asked:
        return _back(visit, Feedback.TOO_MANY_ASKED, cause)
    return _back(visit, Feedback.RETRY_QUEUED if visit.integration.runs else Feedback.NOT_RUNNING, cause)


def _back(visit: SignedInVisit, notice: Feedback, cause: Cause | None) -> Answer:
    at = f"&at={cause.id}#{cause.id}" if cause else ""
    return visit.noted_at(f"/issues?page={visit.page_number}&notice={notice}{at}")
