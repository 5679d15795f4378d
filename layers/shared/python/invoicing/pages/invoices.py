"""The list of invoices, one invoice, and its buttons."""

from invoicing.application.change_integration import export_again
from invoicing.application.decide_sending import send_now, stop_sending
from invoicing.application.wms_login import login_of
from invoicing.domain.cause import with_send_problems
from invoicing.domain.due import Due, due_of
from invoicing.domain.export import EventKind, Export, ExportState
from invoicing.domain.sending import WITH_CUSTOMER
from invoicing.domain.swedish_time import SWEDEN
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice
from invoicing.domain.work import work_of
from invoicing.pages.browser import Answer
from invoicing.pages.find import find, wanted
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import (
    HISTORY_SHOWN,
    INVOICES_PER_PAGE,
    OWNERS_SHOWN,
    EarlyView,
    Feedback,
    InvoicesView,
    InvoiceView,
)
from invoicing.rendering.views_of import (
    decided_of,
    earlier_of,
    history_of,
    invoice_line_of,
    issue_line_of,
    owner_lines_of,
    unspecified_line_of,
    waiting_line_of,
)

_PROMISES = frozenset(
    {
        *(Feedback.EXPORT_QUEUED, Feedback.RETRY_QUEUED, Feedback.DECIDED, Feedback.SEND_QUEUED),
        *(Feedback.MENDED, Feedback.WAS_MENDED),
    }
)


def invoices(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/invoices"""
    what = wanted(visit)
    found = find(visit, what)
    shown, pager = visit.part(found.lines, INVOICES_PER_PAGE)
    run, owners = visit.integration.last_run, owner_lines_of(found.lines)
    view = InvoicesView(
        session=visit.session_view,
        invoices=tuple(shown),
        found=len(found.lines),
        first=(pager.page - 1) * INVOICES_PER_PAGE + 1,
        ongoing=work_of((line.currency, line.amount) for line in found.lines),
        fortnox=work_of((one.currency, one.fortnox_net) for one in found.lines if one.fortnox_net is not None),
        months=tuple(found.months),
        search=what.words,
        state=what.state,
        month=what.month,
        since=what.since,
        until=what.until,
        cause=what.cause,
        query=what.query,
        pager=pager,
        everything=visit.request.query.get("page") == "all",
        ongoing_answers=found.ongoing_answers,
        followed_at=run.following.at if run and run.following else None,
        progress=what.progress,
        owners=tuple(owners[:OWNERS_SHOWN]),
        owner_count=len(owners),
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
        line=invoice_line_of(record, visit.now().astimezone(SWEDEN).date()),
        history=history[:HISTORY_SHOWN],
        older_history=len(history) > HISTORY_SHOWN,
        issue=issue_line_of(next(iter(with_send_problems([record])), record), visit.integration.permissions),
        unspecified=unspecified_line_of(record),
        earlier=earlier_of(record),
        decided=decided_of(record),
        hints=record.hints,
        asked=_is_asked(visit, record),
        notice=visit.once(_outcome(visit, record)),
        sending=record.sending,
        sends_agreed=visit.integration.sends_agreed,
    )
    return Answer(body=visit.pages.invoice(view, visit.language))


def export(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/invoices/{invoice_id}/export: before its period has ended, only when that is meant."""
    invoice_id = visit.invoice_id
    early = _is_early(visit, invoice_id) if invoice_id is not None and "early" not in visit.request.form() else None
    if early is not None:
        line = waiting_line_of(early, Due.LATER)
        view = EarlyView(session=visit.session_view, line=line, period_end=early.period_end)
        return Answer(body=visit.pages.early(view, visit.language))
    return _ask_for(visit, EventKind.EXPORT_AGAIN, Feedback.EXPORT_QUEUED)


def retry(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/invoices/{invoice_id}/retry"""
    return _ask_for(visit, EventKind.RETRY, Feedback.RETRY_QUEUED)


def send(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/invoices/{invoice_id}/send: *Stop*, *Send now*, or *Send now, and later ones too*."""
    form, invoice_id, by = visit.request.form(), visit.invoice_id, visit.session.username
    turn = form.get("turn", "")
    if invoice_id is None or not (turn.isascii() and turn.isdigit() and len(turn) < 6):
        return visit.not_found()
    tools, integration, seen = visit.parts.change_tools(), visit.integration, int(turn)
    if form.get("do") == "stop":
        done, notice = stop_sending(tools, integration, invoice_id, turn=seen, by=by), Feedback.SEND_STOPPED
    else:
        later_too = form.get("do") == "always"
        done = send_now(tools, integration, invoice_id, turn=seen, by=by, later_too=later_too)
        notice = Feedback.SEND_QUEUED if integration.runs else Feedback.NOT_RUNNING
    return visit.noted(notice if done else Feedback.NOT_POSSIBLE_NOW, f"/invoices/{invoice_id}")


def _is_asked(visit: SignedInVisit, record: Export) -> bool:
    """Whether something that a person asked for is still to be done, which the page then shows by itself."""
    sending, integration = record.sending, visit.integration
    return record.invoice_id in integration.asked or (
        sending is not None and sending.is_on_its_way and integration.runs
    )


def _outcome(visit: SignedInVisit, record: Export) -> Feedback | None:
    """What a page that said that something will be done says when it is done."""
    notice = visit.notice
    if notice not in _PROMISES or _is_asked(visit, record) or record.decision is not None:
        return notice
    if notice is Feedback.SEND_QUEUED:
        sending = record.sending
        there = sending is not None and sending.step in WITH_CUSTOMER
        return Feedback.NOW_WITH_CUSTOMER if there else Feedback.STILL_STOPPED
    if record.state is ExportState.DONE:
        return Feedback.NOW_IN_FORTNOX if record.fortnox_number else Feedback.NOTHING_MORE
    return Feedback.STILL_STOPPED if record.state is ExportState.HELD else notice


def _is_early(visit: SignedInVisit, invoice_id: int) -> WmsInvoice | None:
    """The invoice, if it may still grow and nobody has begun it."""
    integration = visit.integration
    if integration.settings is None or visit.record is not None:
        return None
    found = visit.parts.wms.by_id(login_of(integration, visit.parts.password_sealer), invoice_id)
    if not isinstance(found, WmsInvoice) or found.period_end is None:
        return None
    grows = found.period_end >= visit.now().astimezone(SWEDEN).date()
    return found if grows and due_of(integration, found, None, now=visit.now()) is Due.LATER else None


def _ask_for(visit: SignedInVisit, kind: EventKind, notice: Feedback) -> Answer:
    invoice_id = visit.invoice_id
    if invoice_id is None or (visit.record is None and _in_ongoing(visit) is None):
        return visit.not_found()
    asked = export_again(visit.parts.change_tools(), visit.integration, invoice_id, kind=kind, by=visit.by)
    if not asked:
        notice = Feedback.TOO_MANY_ASKED
    elif not visit.integration.runs:
        notice = Feedback.NOT_RUNNING
    return visit.noted(notice, f"/invoices/{invoice_id}")


def _unbegun_page(visit: SignedInVisit) -> Answer:
    """An invoice that we have no record of, as Ongoing has it."""
    integration, found = visit.integration, _in_ongoing(visit)
    if not isinstance(found, WmsInvoice):
        return visit.not_found()
    view = InvoiceView(
        session=visit.session_view,
        line=waiting_line_of(found, due_of(integration, found, None, now=visit.now())),
        asked=found.id in integration.asked,
        notice=visit.once(visit.notice),
    )
    return Answer(body=visit.pages.invoice(view, visit.language))


def _in_ongoing(visit: SignedInVisit) -> WmsInvoice | UnreadableInvoice | None:
    """The invoice that the path names, as Ongoing has it."""
    integration, invoice_id = visit.integration, visit.invoice_id
    if invoice_id is None or integration.settings is None:
        return None
    return visit.parts.wms.by_id(login_of(integration, visit.parts.password_sealer), invoice_id)
