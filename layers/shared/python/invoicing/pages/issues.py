"""What a person must fix."""

from invoicing.domain.export import ExportState
from invoicing.pages.browser import Answer
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import ISSUES_PER_PAGE, IssueLine, IssuesView, Pager
from invoicing.rendering.views_of import groups_of, issue_line_of


def issues(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/issues"""
    held = visit.all_exports(ExportState.HELD)
    lines = [line for line in map(issue_line_of, held) if line is not None]
    run = visit.integration.last_run
    if run is not None and run.problem is not None:
        lines.insert(0, IssueLine(issue=run.problem, since=run.started_at))
    groups = groups_of(lines)
    pages = max(1, -(-len(groups) // ISSUES_PER_PAGE))
    page = min(visit.page_number, pages)
    view = IssuesView(
        session=visit.session_view,
        groups=groups[(page - 1) * ISSUES_PER_PAGE : page * ISSUES_PER_PAGE],
        pager=Pager(page=page, pages=pages),
        notice=visit.notice,
    )
    return Answer(body=visit.pages.issues(view, visit.language))
