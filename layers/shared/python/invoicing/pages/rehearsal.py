"""The dress rehearsal: the offer, and what would happen to every invoice."""

from collections import Counter

from invoicing.application.rehearse import rehearse
from invoicing.pages.browser import Answer, redirect
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import INVOICES_PER_PAGE, RehearsalView, RehearsedInvoice
from invoicing.rendering.views_of import rehearsed_line_of


def rehearsal(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/rehearsal: the offer, or a page of the result."""
    return _rehearsal_page(visit, offers="page" not in visit.request.query)


def rehearse_now(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/rehearsal: leads to the result, which can be loaded again and read in both languages."""
    return redirect(visit.here("/rehearsal?page=1"))


def _rehearsal_page(visit: SignedInVisit, *, offers: bool) -> Answer:
    """`offers`: nothing is rehearsed yet."""
    pages = visit.pages
    if offers:
        return Answer(body=pages.rehearsal(RehearsalView(session=visit.session_view), visit.language))
    rehearsed = rehearse(visit.parts.rehearsal_tools(visit.integration), visit.integration)
    counts = Counter(one.intention for one in rehearsed)
    shown, pager = visit.part(rehearsed, INVOICES_PER_PAGE)
    view = RehearsalView(
        session=visit.session_view,
        at=visit.now(),
        counts=counts,
        invoices=tuple(
            RehearsedInvoice(
                line=rehearsed_line_of(one.invoice, one.record),
                intention=one.intention,
                issue=one.issue,
                net=one.net,
                hints=one.hints,
            )
            for one in shown
        ),
        pager=pager,
    )
    return Answer(body=pages.rehearsal(view, visit.language))
