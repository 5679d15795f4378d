"""The list of invoices, one invoice, and its buttons."""

from invoicing.application.change_integration import export_again
from invoicing.application.list_waiting import list_waiting
from invoicing.application.wms_login import login_of
from invoicing.domain.due import due_of
from invoicing.domain.export import EventKind, Export, ExportState
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice
from invoicing.pages.browser import Answer
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import (
    HISTORY_SHOWN,
    INVOICES_PER_PAGE,
    Feedback,
    InvoiceLine,
    InvoiceState,
    InvoicesView,
    InvoiceView,
)
from invoicing.rendering.views_of import (
    UNBEGUN,
    decided_of,
    earlier_of,
    history_of,
    invoice_line_of,
    issue_line_of,
    stored_state,
    waiting_line_of,
)


def invoices(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/invoices"""
    query = visit.request.query
    wanted = query.get("state", "")
    state = InvoiceState(wanted) if wanted in set(InvoiceState) else None
    search = query.get("search", "").strip()[:100]
    cursor = query.get("cursor", "")
    after = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 15 else None
    if state in UNBEGUN:
        lines, next_after = _unbegun(visit, search, state, after)
    else:
        found, next_after = _search(visit, search, stored_state(state), after)
        lines = [invoice_line_of(export) for export in found]
    view = InvoicesView(
        session=visit.session_view,
        invoices=tuple(lines),
        search=search,
        state=state,
        cursor=cursor,
        next_cursor=str(next_after) if next_after is not None else "",
    )
    return Answer(body=visit.pages.invoices(view, visit.language))


def invoice(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/invoices/{invoice_id}"""
    record = visit.record
    if record is None:
        return _unbegun_page(visit)
    history = history_of(record.history)
    view = InvoiceView(
        session=visit.session_view,
        line=invoice_line_of(record),
        customer_number=record.customer_number,
        history=history[:HISTORY_SHOWN],
        older_history=len(history) > HISTORY_SHOWN,
        issue=issue_line_of(record),
        earlier=earlier_of(record),
        decided=decided_of(record),
        hints=record.hints,
        notice=visit.notice,
    )
    return Answer(body=visit.pages.invoice(view, visit.language))


def export(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/invoices/{invoice_id}/export"""
    return _ask_for(visit, EventKind.EXPORT_AGAIN, Feedback.EXPORT_QUEUED)


def retry(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/invoices/{invoice_id}/retry"""
    return _ask_for(visit, EventKind.RETRY, Feedback.RETRY_QUEUED)


def _ask_for(visit: SignedInVisit, kind: EventKind, notice: Feedback) -> Answer:
    invoice_id = visit.invoice_id
    if invoice_id is None or (visit.record is None and _in_ongoing(visit) is None):
        return visit.not_found()
    asked = export_again(
        visit.parts.change_tools(), visit.integration, invoice_id, kind=kind, by=visit.session.username
    )
    if not asked:
        notice = Feedback.TOO_MANY_ASKED
    elif not visit.integration.runs:
        notice = Feedback.NOT_RUNNING
    return visit.noted(notice, f"/invoices/{invoice_id}")


def _search(
    visit: SignedInVisit, search: str, state: ExportState | None, after: int | None
) -> tuple[list[Export], int | None]:
    """One page of records that contain the words; looks through a bounded number of them."""
    found: list[Export] = []
    for _ in range(20):
        exports, after = visit.parts.exports.page(
            visit.integration.id, limit=INVOICES_PER_PAGE, after=after, state=state
        )
        found.extend(export for export in exports if _matches(export, search))
        if after is None or not search or len(found) >= INVOICES_PER_PAGE:
            break
    return found, after


def _matches(export: Export, search: str) -> bool:
    facts = [export.wms_number, export.goods_owner, export.customer_number, export.fortnox_number]
    return _contains(search, str(export.invoice_id), *facts)


def _contains(search: str, *facts: str) -> bool:
    text = " ".join(facts).lower()
    return all(word in text for word in search.lower().split())


def _unbegun(
    visit: SignedInVisit, search: str, state: InvoiceState | None, after: int | None
) -> tuple[list[InvoiceLine], int | None]:
    """One page of what Ongoing has and we have not begun: all that waits, or only what is not due yet."""
    parts = visit.parts
    waiting = list_waiting(
        visit.integration, wms=parts.wms, sealer=parts.password_sealer, exports=parts.exports, now=visit.now()
    )
    lines = [
        waiting_line_of(one, due)
        for one, due in waiting
        if (after is None or one.id < after)
        and _contains(search, str(one.id), one.number, one.goods_owner.name, one.goods_owner.customer_code)
    ]
    if state is InvoiceState.NOT_DUE:
        lines = [line for line in lines if line.state is state]
    shown = lines[:INVOICES_PER_PAGE]
    return shown, shown[-1].invoice_id if len(lines) > len(shown) else None


def _unbegun_page(visit: SignedInVisit) -> Answer:
    """An invoice that we have no record of, as Ongoing has it."""
    integration, found = visit.integration, _in_ongoing(visit)
    if not isinstance(found, WmsInvoice):
        return visit.not_found()
    view = InvoiceView(
        session=visit.session_view,
        line=waiting_line_of(found, due_of(integration, found, None, now=visit.now())),
        title=found.title,
        customer_number=found.goods_owner.customer_code,
        period_start=found.period_start,
        period_end=found.period_end,
        notice=visit.notice,
    )
    return Answer(body=visit.pages.invoice(view, visit.language))


def _in_ongoing(visit: SignedInVisit) -> WmsInvoice | UnreadableInvoice | None:
    """The invoice that the path names, as Ongoing has it."""
    integration, invoice_id = visit.integration, visit.invoice_id
    if invoice_id is None or integration.settings is None:
        return None
    return visit.parts.wms.by_id(login_of(integration, visit.parts.password_sealer), invoice_id)
