"""What stops invoices, cause by cause, and the button that tries all again that one cause stops."""

from collections import Counter

from invoicing.application.change_integration import export_all_again
from invoicing.domain.cause import Cause
from invoicing.domain.export import EventKind
from invoicing.domain.issue import Fixer
from invoicing.pages.browser import Answer
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import CAUSES_PER_PAGE, Feedback, HandOverView, IssueLine, IssuesView
from invoicing.rendering.views_of import cause_view_of


def issues(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/issues"""
    standing = visit.standing
    asked = visit.request.query.get("cause", "")  # by a link that a colleague was sent
    place = next((number for number, one in enumerate(standing.causes) if one.id == asked), None)
    is_there = any(one.id == asked for one in standing.everything_to_mend)
    shown, pager = visit.part(standing.causes, CAUSES_PER_PAGE, at=place)
    problem = standing.problem
    guarded = Counter(
        one.issue.code for one in standing.causes if one.issue.is_of_guard for export in one.exports if export.ways_out
    )
    view = IssuesView(
        session=visit.session_view,
        standing=standing,
        # What heals by itself is told by the sentence on top, and is no thing to do.
        problem=IssueLine(issue=problem, since=standing.since or visit.now())
        if problem is not None and problem.fixer is not Fixer.NOBODY
        else None,
        causes=tuple(
            cause_view_of(
                cause,
                whole=visit.request.query.get("page") == "all",
                permissions=visit.integration.permissions,
                guarded=guarded[cause.issue.code],
            )
            for cause in shown
        ),
        unspecified=tuple(cause_view_of(cause, whole=True) for cause in standing.unspecified),
        pager=pager,
        notice=Feedback.CAUSE_GONE if asked and not is_there else visit.once(visit.notice),
        notice_at=visit.request.query.get("at", ""),
    )
    return Answer(body=visit.pages.issues(view, visit.language))


def hand_over(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/issues/hand-over: a mail to the colleague who can mend one cause, or what stops all."""
    standing, asked = visit.standing, visit.request.query.get("cause", "")
    cause = next((one for one in standing.everything_to_mend if one.id == asked), None)
    if cause is not None:
        view = HandOverView(
            session=visit.session_view,
            issue=cause.issue,
            work=cause.work,
            lines=cause_view_of(cause, whole=False).lines,
            link=visit.here(f"/issues?cause={cause.id}#{cause.id}"),
        )
    elif not asked and standing.problem is not None:
        work = standing.kept_back.and_then(standing.waiting)
        view = HandOverView(session=visit.session_view, issue=standing.problem, work=work, link=visit.here("/issues"))
    else:
        return visit.noted(Feedback.CAUSE_GONE, "/issues")
    return Answer(body=visit.pages.hand_over(view, visit.language))


def retry(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/issues/retry: all that one cause stops. The reader stays where the button was."""
    wanted = visit.request.form().get("cause", "")
    cause = next((one for one in visit.standing.everything_to_mend if one.id == wanted), None)
    if cause is None or cause.issue.is_of_sending:
        return _back(visit, Feedback.NOT_POSSIBLE_NOW, None)
    asked = export_all_again(
        visit.parts.change_tools(),
        visit.integration,
        frozenset(record.invoice_id for record in cause.exports),
        kind=EventKind.RETRY,
        by=visit.by,
    )
    if not asked:
        return _back(visit, Feedback.TOO_MANY_ASKED, cause)
    return _back(visit, Feedback.RETRY_QUEUED if visit.integration.runs else Feedback.NOT_RUNNING, cause)


def _back(visit: SignedInVisit, notice: Feedback, cause: Cause | None) -> Answer:
    at = f"&at={cause.id}#{cause.id}" if cause else ""
    return visit.noted_at(f"/issues?page={visit.page_number}&notice={notice}{at}")
