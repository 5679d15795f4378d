"""Before the 1st: what the last look found, and another look."""

from invoicing.domain.outlook import Outlook
from invoicing.domain.remedy import remedy_of, remedy_to_permit
from invoicing.domain.swedish_time import SWEDEN
from invoicing.pages.browser import Answer
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import TROUBLES_PER_PAGE, BeforeView, Feedback


def before(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/before: nobody is asked for it, neither Ongoing nor Fortnox."""
    outlook = current_outlook(visit)
    shown, pager = visit.part(outlook.troubles if outlook is not None else (), TROUBLES_PER_PAGE)
    permissions = visit.integration.permissions
    view = BeforeView(
        session=visit.session_view,
        outlook=outlook,
        troubles=tuple(shown),
        remedies={one.id: remedy for one in shown if (remedy := remedy_of(one.issue, permissions))},
        to_permit=frozenset(one.id for one in shown if remedy_to_permit(one.issue, permissions)),
        pager=pager,
        notice=visit.once(visit.notice),
    )
    return Answer(body=visit.pages.before(view, visit.language))


def current_outlook(visit: SignedInVisit) -> Outlook | None:
    """What was found about a 1st that is still to come."""
    outlook = visit.parts.exports.outlook(visit.integration.id)
    today = visit.now().astimezone(SWEDEN).date()
    return outlook if outlook is not None and outlook.first > today else None


def look(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/before: looks as long as somebody waits, and keeps what was found."""
    from invoicing.application.look_before import look_before

    look_before(visit.parts.before_tools(visit.integration), visit.integration)
    return visit.noted(Feedback.LOOKED, "/before")
