"""The dress rehearsal: the offer, and what would happen to every invoice."""

from collections import Counter

from invoicing.application.rehearse import rehearse
from invoicing.pages.browser import Answer, redirect
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import INVOICES_PER_PAGE, Pager, RehearsalView, RehearsedInvoice
from invoicing.rendering.views_of import rehearsed_line_of


def rehearsal(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/rehearsal: the offer, or a page of the result."""
    return _rehearsal_page(visit, page=visit.page_number if visit.request.query.get("page") else None)


def rehearse_now(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/rehearsal: leads to the result, which can be loaded again and read in both languages."""
    return redirect(visit.here("/rehearsal?page=1"))


def _rehearsal_page(visit: SignedInVisit, *, page: int | None) -> Answer:
    """`page` None: nothing is rehearsed yet."""
    pages = visit.pages
    if page is None:
        return Answer(body=pages.rehearsal(RehearsalView(session=visit.session_view), visit.language))
    rehearsed = rehearse(visit.parts.rehearsal_tools(visit.integration), visit.integration)
    counts = Counter(one.intention for one in rehearsed)
    count = max(1, -(-len(rehearsed) // INVOICES_PER_PAGE))
    page = min(page, count)
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
            for one in rehearsed[(page - 1) * INVOICES_PER_PAGE : page * INVOICES_PER_PAGE]
        ),
        pager=Pager(page=page, pages=count),
    )
    return Answer(body=pages.rehearsal(view, visit.language))
