"""The pages of one integration, for those who are signed in, and their buttons."""

import csv
import io
import os
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from invoicing.adapters.rendering.views import (
    HISTORY_SHOWN,
    INVOICES_PER_PAGE,
    ISSUES_PER_PAGE,
    ROWS_PER_PAGE,
    ConnectionHealth,
    ConsentMode,
    DisconnectView,
    InvoiceLine,
    InvoiceState,
    InvoicesView,
    InvoiceView,
    IssueLine,
    IssuesView,
    LandingProblem,
    LandingView,
    LastRun,
    Message,
    Notice,
    Pager,
    PauseView,
    PreviewView,
    RehearsalView,
    RehearsedInvoice,
    RunProgress,
    SetupView,
    StatusView,
)
from invoicing.adapters.rendering.views_of import (
    UNBEGUN,
    history_of,
    invoice_line_of,
    issue_line_of,
    rehearsed_line_of,
    row_line_of,
    stored_state,
    totals_of,
    waiting_line_of,
)
from invoicing.application.change_integration import (
    SettingsRefusedError,
    disconnect,
    export_again,
    pause,
    save_settings,
    sync_now,
)
from invoicing.application.list_waiting import list_waiting
from invoicing.application.preview_invoice import Preview, preview_invoice
from invoicing.application.rehearse import rehearse
from invoicing.application.start_consent import start_consent
from invoicing.application.wms_login import login_of
from invoicing.domain.due import due_of
from invoicing.domain.export import EventKind, Export, ExportState
from invoicing.domain.fortnox_invoice import InvoiceRow
from invoicing.domain.integration import Integration, IntegrationStatus
from invoicing.domain.integration_settings import IntegrationSettings, Language, settings_to_form
from invoicing.domain.system import address_of, is_warehouse_name
from invoicing.domain.tokens import Mode, TokenItem, TokenStatus
from invoicing.domain.wms_invoice import WmsInvoice
from invoicing.runtime.bootstrap import Bootstrap, utc_now
from invoicing.runtime.browser import CONSENT_COOKIE, SESSION_COOKIE, Answer, cookie, no_cookie, redirect
from invoicing.runtime.links import LinkKind
from invoicing.runtime.observability import logger, metrics
from invoicing.runtime.settings import PortalSettings
from invoicing.runtime.settings_form import carried_from, seen_in, settings_page
from invoicing.runtime.web import (
    SignedInVisit,
    Visit,
    guarded,
    serve,
    session_of,
    signed_in,
    signed_out,
    unguarded,
)

settings = PortalSettings.read(os.environ)
parts = Bootstrap(settings)

_INTERVAL = timedelta(minutes=15)
_COUNTED_EXPORTS = 500  # how far back the sums on the status page look
_HISTORY_PAGE = 100


# ---- looking


def status(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}"""
    integration = visit.integration
    if integration.status is IntegrationStatus.DRAFT:
        return redirect(visit.here("/setup"))
    keys = parts.tokens.get(integration.id)
    sent = _sent_this_month(integration.id)
    run = integration.last_run
    address = integration.settings.problem_address if integration.settings else ""
    progress = _progress(integration)
    view = StatusView(
        session=visit.session_view,
        company=integration.company.name,
        organisation_number=integration.company.organisation_number,
        health=_health(integration, keys),
        mode=ConsentMode(keys.mode) if keys else ConsentMode.SERVICE,
        approved_by=integration.approved_by,
        approved_at=integration.connected_at,
        paused=integration.status is IntegrationStatus.PAUSED,
        broken_since=integration.broken_since,
        reactivation_link=_reactivation_link(visit) if integration.broken_since else "",
        last_run=LastRun(at=run.finished_at, sent=run.sent + run.updated, held=run.held) if run else None,
        next_run=run.started_at + _INTERVAL if run and run.started_at + _INTERVAL > utc_now() else None,
        progress=progress,
        waiting=integration.held_up if integration.broken_since else integration.waiting,
        sent_this_month=len(sent),
        totals_this_month=totals_of(sent),
        unconfirmed_address="" if integration.address_confirmed else address,
        notice=_sync_notice(integration, _notice(visit), progress),
    )
    return _page(visit.pages.status(view, visit.language))


def setup(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/setup"""
    keys = parts.tokens.get(visit.integration.id)
    view = SetupView(
        session=visit.session_view,
        company=visit.integration.company.name,
        organisation_number=visit.integration.company.organisation_number,
        mode=ConsentMode(keys.mode) if keys else ConsentMode.SERVICE,
    )
    return _page(visit.pages.setup(view, visit.language))


def settings_form(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/settings"""
    stored = visit.integration.settings
    return _page(settings_page(visit, settings_to_form(stored or _careful_defaults(visit.language))))


def invoices(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/invoices"""
    query = visit.request.query
    wanted = query.get("state", "")
    state = InvoiceState(wanted) if wanted in set(InvoiceState) else None
    search = query.get("search", "").strip()[:100]
    cursor = query.get("cursor", "")
    after = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 15 else None
    if state in UNBEGUN:
        lines, next_after = _unbegun(visit.integration, search, state, after)
    else:
        found, next_after = _search(visit.integration.id, search, stored_state(state), after)
        lines = [invoice_line_of(export) for export in found]
    view = InvoicesView(
        session=visit.session_view,
        invoices=tuple(lines),
        search=search,
        state=state,
        cursor=cursor,
        next_cursor=str(next_after) if next_after is not None else "",
    )
    return _page(visit.pages.invoices(view, visit.language))


def invoice(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/invoices/{invoice_id}"""
    record = _record(visit)
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
        notice=_notice(visit),
    )
    return _page(visit.pages.invoice(view, visit.language))


def preview(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/invoices/{invoice_id}/preview"""
    invoice_id = _invoice_id(visit)
    shown = (
        preview_invoice(parts.rehearsal_tools(visit.integration), visit.integration, invoice_id)
        if invoice_id is not None
        else None
    )
    if shown is None or not isinstance(shown.invoice, WmsInvoice):
        return visit.message(Message.NOT_FOUND, status=404, continue_path=f"/integrations/{visit.integration.id}")
    page = _number(visit.request.query.get("page", "1"))
    view = _preview_view(visit, shown, shown.invoice, page)
    return _page(visit.pages.preview(view, visit.language))


def issues(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/issues"""
    held = _all_held(visit.integration.id)
    lines = [line for line in map(issue_line_of, held) if line is not None]
    run = visit.integration.last_run
    if run is not None and run.problem is not None:
        lines.insert(0, IssueLine(issue=run.problem, since=run.started_at))
    pages = max(1, -(-len(lines) // ISSUES_PER_PAGE))
    page = min(_number(visit.request.query.get("page", "1")), pages)
    view = IssuesView(
        session=visit.session_view,
        issues=tuple(lines[(page - 1) * ISSUES_PER_PAGE : page * ISSUES_PER_PAGE]),
        pager=Pager(page=page, pages=pages),
        notice=_notice(visit),
    )
    return _page(visit.pages.issues(view, visit.language))


def history(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/history.csv: every step of every invoice, for the bookkeeper's archive."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(
        [
            "wms_invoice_id",
            "wms_number",
            "goods_owner",
            "customer_number",
            "invoice_date",
            "amount",
            "currency",
            "fortnox_number",
            "fortnox_net",
            "state",
            "issue",
            "at",
            "event",
            "by",
            "detail",
        ]
    )
    for export in _all(visit.integration.id, None):
        whole = parts.exports.get(visit.integration.id, export.invoice_id) or export
        facts = [
            whole.invoice_id,
            _cell(whole.wms_number),
            _cell(whole.goods_owner),
            _cell(whole.customer_number),
            whole.invoice_date or "",
            whole.amount,
            whole.currency,
            _cell(whole.fortnox_number),
            whole.fortnox_net if whole.fortnox_net is not None else "",
            whole.state,
            whole.issue.code if whole.issue else "",
        ]
        for event in whole.history:
            writer.writerow([*facts, event.at.isoformat(), event.kind, _cell(event.by), _cell(event.detail)])
    return Answer(
        body="\ufeff" + text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{visit.integration.id}-history.csv"'},
    )


def rehearsal(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/rehearsal: the offer, or a page of the result."""
    page = visit.request.query.get("page", "")
    return _rehearsal_page(visit, page=_number(page) if page else None)


def pause_form(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/pause"""
    view = PauseView(
        session=visit.session_view,
        company=visit.integration.company.name,
        waiting=visit.integration.waiting,
    )
    return _page(visit.pages.pause(view, visit.language))


def disconnect_form(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/disconnect"""
    return _disconnect_page(visit, not_confirmed=False)


# ---- pressing buttons


def save(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/settings: *Create* and *Save*."""
    form = visit.request.form()
    was_draft = visit.integration.status is IntegrationStatus.DRAFT
    seen = seen_in(form)
    try:
        save_settings(parts.change_tools(), visit.integration, form, seen=seen, by=visit.session.username)
    except SettingsRefusedError as refused:
        if refused.problems:
            return _page(settings_page(visit, form, seen=seen, problems=refused.problems), status=400)
        return _page(settings_page(_as_it_is_now(visit), form, changed_elsewhere=True), status=409)
    return _noted(visit, Notice.CREATED if was_draft else Notice.SAVED)


def keep_through_sign_in(visit: Visit) -> Answer:
    """POST /integrations/{id}/settings of somebody who was signed out: what was typed goes along to the sign-in."""
    integration_id = visit.params["id"]
    if not visit.request.own_form or not is_warehouse_name(integration_id):
        return signed_out(visit)
    view = LandingView(
        csrf="",
        system=address_of(integration_id),
        problem=LandingProblem.SESSION_ENDED,
        carried=carried_from(integration_id, visit.request.form()),
    )
    return _page(visit.pages.landing(view, visit.language), status=401)


def show_again(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/settings of an older sign-in: what was typed is shown in a form of this one."""
    if not visit.request.own_form:
        return unguarded(visit)
    form = visit.request.form()
    return _page(settings_page(visit, form, seen=seen_in(form), not_saved=True), status=403)


def sync(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/sync"""
    if not visit.integration.runs:
        return _noted(visit, Notice.NOT_RUNNING)
    started = sync_now(parts.change_tools(), visit.integration, by=visit.session.username)
    return _noted(visit, Notice.SYNC_STARTED if started else Notice.SYNC_ALREADY_RUNNING)


def export(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/invoices/{invoice_id}/export"""
    return _ask_for(visit, EventKind.EXPORT_AGAIN, Notice.EXPORT_QUEUED)


def retry(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/invoices/{invoice_id}/retry"""
    return _ask_for(visit, EventKind.RETRY, Notice.RETRY_QUEUED)


def rehearse_now(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/rehearsal: leads to the result, which can be loaded again and read in both languages."""
    return redirect(visit.here("/rehearsal?page=1"))


def pause_now(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/pause"""
    pause(parts.change_tools(), visit.integration, paused=True, by=visit.session.username)
    return _noted(visit, Notice.PAUSED)


def resume(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/resume"""
    pause(parts.change_tools(), visit.integration, paused=False, by=visit.session.username)
    return _noted(visit, Notice.RESUMED)


def connect_again(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/connect: to Fortnox once more, with the WMS login that is stored."""
    integration = visit.integration
    started = start_consent(
        parts.consent_tools(visit.request.base_url),
        integration_id=integration.id,
        wms_username=integration.wms_username,
        wms_password=integration.wms_password,
        mode=Mode.SERVICE,
    )
    seconds = int(started.life.total_seconds())
    return redirect(started.url, cookies=[cookie(CONSENT_COOKIE, started.browser, seconds=seconds)])


def disconnect_now(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/disconnect"""
    if visit.request.form().get("confirm") != "on":
        return _disconnect_page(visit, not_confirmed=True)
    disconnect(parts.change_tools(), visit.integration, by=visit.session.username)
    parts.sessions.end_session(visit.session.token)
    return visit.message(Message.DISCONNECTED, cookies=[no_cookie(SESSION_COOKIE)])


def logout(visit: Visit) -> Answer:
    """POST /logout"""
    session = session_of(visit)
    if session is not None and not guarded(visit, session):
        return visit.message(Message.FORM_EXPIRED, status=403)
    if session is not None:
        parts.sessions.end_session(session.token)
    return visit.message(Message.SIGNED_OUT, cookies=[no_cookie(SESSION_COOKIE)])


# ---- pieces


def _page(html: str, *, status: int = 200) -> Answer:
    return Answer(status=status, body=html)


def _noted(visit: SignedInVisit, notice: Notice, path: str = "") -> Answer:
    """On to a page of the integration that says what the click did."""
    return redirect(visit.here(f"{path}?notice={notice}"))


def _notice(visit: SignedInVisit) -> Notice | None:
    notice = visit.request.query.get("notice", "")
    return Notice(notice) if notice in set(Notice) else None


def _progress(integration: Integration) -> RunProgress | None:
    """The run that was asked for or is under way. Records that it has touched are done or held by it."""
    now = utc_now()
    run = integration.run_under_way(now)
    if run is None:
        return RunProgress() if integration.awaits_run(now) else None
    records = parts.exports.get_many(integration.id, sorted(run.invoices)).values()
    ended = [
        record
        for record in records
        if record.state in {ExportState.DONE, ExportState.HELD}
        and record.updated_at is not None
        and record.updated_at >= run.started_at
    ]
    return RunProgress(done=run.ended + len(ended), total=run.ended + len(run.invoices))


def _sync_notice(integration: Integration, notice: Notice | None, progress: RunProgress | None) -> Notice | None:
    """What a page that said that a sync had started says when it is looked at again."""
    if progress is not None or notice not in {Notice.SYNC_STARTED, Notice.SYNC_ALREADY_RUNNING}:
        return notice
    if not integration.answered or integration.last_run is None:
        return None
    return Notice.SYNC_STOPPED if integration.last_run.problem or integration.last_run.failed else Notice.SYNC_DONE


def _careful_defaults(language: Language) -> IntegrationSettings:
    return IntegrationSettings(from_date=utc_now().date(), language=language)


def _as_it_is_now(visit: SignedInVisit) -> SignedInVisit:
    return visit.signed_in(visit.session, parts.integrations.get(visit.integration.id) or visit.integration)


def _disconnect_page(visit: SignedInVisit, *, not_confirmed: bool) -> Answer:
    view = DisconnectView(
        session=visit.session_view,
        company=visit.integration.company.name,
        waiting=visit.integration.waiting,
        not_confirmed=not_confirmed,
    )
    html = visit.pages.disconnect(view, visit.language)
    return _page(html, status=400 if not_confirmed else 200)


def _rehearsal_page(visit: SignedInVisit, *, page: int | None) -> Answer:
    """`page` None: nothing is rehearsed yet."""
    pages = visit.pages
    if page is None:
        return _page(pages.rehearsal(RehearsalView(session=visit.session_view), visit.language))
    rehearsed = rehearse(parts.rehearsal_tools(visit.integration), visit.integration)
    counts = Counter(one.intention for one in rehearsed)
    count = max(1, -(-len(rehearsed) // INVOICES_PER_PAGE))
    page = min(page, count)
    view = RehearsalView(
        session=visit.session_view,
        at=utc_now(),
        counts=counts,
        invoices=tuple(
            RehearsedInvoice(
                line=rehearsed_line_of(one.invoice, one.record),
                intention=one.intention,
                issue=one.issue,
                net=one.net,
            )
            for one in rehearsed[(page - 1) * INVOICES_PER_PAGE : page * INVOICES_PER_PAGE]
        ),
        pager=Pager(page=page, pages=count),
    )
    return _page(pages.rehearsal(view, visit.language))


def _health(integration: Integration, keys: TokenItem | None) -> ConnectionHealth:
    if integration.broken_since is not None:
        return ConnectionHealth.BROKEN
    if keys is None or keys.status is TokenStatus.REVOKED:
        return ConnectionHealth.REVOKED
    return ConnectionHealth.CHECKING if keys.status is TokenStatus.UNCERTAIN else ConnectionHealth.HEALTHY


def _reactivation_link(visit: SignedInVisit) -> str:
    return parts.links(visit.request.base_url).make(LinkKind.REACTIVATE, {"integration": visit.integration.id})


def _ask_for(visit: SignedInVisit, kind: EventKind, notice: Notice) -> Answer:
    invoice_id = _invoice_id(visit)
    if invoice_id is None:
        return visit.message(Message.NOT_FOUND, status=404, continue_path=f"/integrations/{visit.integration.id}")
    export_again(parts.change_tools(), visit.integration, invoice_id, kind=kind, by=visit.session.username)
    return _noted(visit, notice if visit.integration.runs else Notice.NOT_RUNNING, f"/invoices/{invoice_id}")


def _invoice_id(visit: SignedInVisit) -> int | None:
    raw = visit.params["invoice_id"]
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 12 else None


def _record(visit: SignedInVisit) -> Export | None:
    invoice_id = _invoice_id(visit)
    return parts.exports.get(visit.integration.id, invoice_id) if invoice_id is not None else None


def _number(raw: str) -> int:
    return max(1, int(raw)) if raw.isascii() and raw.isdigit() and len(raw) < 6 else 1


def _search(
    integration_id: str, search: str, state: ExportState | None, after: int | None
) -> tuple[list[Export], int | None]:
    """One page of records that contain the words; looks through a bounded number of them."""
    found: list[Export] = []
    for _ in range(20):
        exports, after = parts.exports.page(integration_id, limit=INVOICES_PER_PAGE, after=after, state=state)
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
    integration: Integration, search: str, state: InvoiceState | None, after: int | None
) -> tuple[list[InvoiceLine], int | None]:
    """One page of what Ongoing has and we have not begun: all that waits, or only what is not due yet."""
    waiting = list_waiting(integration, wms=parts.wms, sealer=parts.sealer, exports=parts.exports, now=utc_now())
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
    integration, invoice_id = visit.integration, _invoice_id(visit)
    found = (
        parts.wms.by_id(login_of(integration, parts.sealer), invoice_id)
        if invoice_id is not None and integration.settings is not None
        else None
    )
    if not isinstance(found, WmsInvoice):
        return visit.message(Message.NOT_FOUND, status=404, continue_path=f"/integrations/{integration.id}")
    view = InvoiceView(
        session=visit.session_view,
        line=waiting_line_of(found, due_of(integration, found, None, now=utc_now())),
        title=found.title,
        customer_number=found.goods_owner.customer_code,
        period_start=found.period_start,
        period_end=found.period_end,
        notice=_notice(visit),
    )
    return _page(visit.pages.invoice(view, visit.language))


def _all(integration_id: str, state: ExportState | None) -> list[Export]:
    found: list[Export] = []
    after: int | None = None
    while True:
        exports, after = parts.exports.page(integration_id, limit=_HISTORY_PAGE, after=after, state=state)
        found.extend(exports)
        if after is None:
            return found


def _all_held(integration_id: str) -> list[Export]:
    return _all(integration_id, ExportState.HELD)


def _sent_this_month(integration_id: str) -> list[Export]:
    exports, _ = parts.exports.page(integration_id, limit=_COUNTED_EXPORTS, state=ExportState.DONE)
    now = utc_now()
    return [export for export in exports if export.updated_at and _month(export.updated_at) == _month(now)]


def _month(moment: datetime | date) -> tuple[int, int]:
    return moment.year, moment.month


def _cell(text: str) -> str:
    """A text that a spreadsheet will not take for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _preview_view(visit: SignedInVisit, shown: Preview, wms: WmsInvoice, page: int) -> PreviewView:
    draft = shown.verdict.draft.invoice if shown.verdict.draft else None
    rows: tuple[InvoiceRow, ...] = draft.rows if draft else ()
    pages = max(1, -(-len(rows) // ROWS_PER_PAGE))
    page = min(page, pages)
    record = shown.record
    issue = (
        IssueLine(
            issue=shown.verdict.issue,
            since=(record.issue_since if record else None) or utc_now(),
            invoice_id=wms.id,
            invoice_number=wms.number,
            goods_owner=wms.goods_owner.name,
        )
        if shown.verdict.issue
        else None
    )
    return PreviewView(
        session=visit.session_view,
        invoice_id=wms.id,
        intention=shown.verdict.intention,
        customer_number=wms.goods_owner.customer_code,
        customer_name=wms.goods_owner.name,
        invoice_date=wms.invoice_date or date.min,
        currency=(draft.currency if draft else "") or wms.goods_owner.currency or "SEK",
        document_number=draft.document_number if draft else wms.number,
        your_reference=draft.your_reference if draft else "",
        your_order_number=draft.your_order_number if draft else "",
        external_reference=draft.reference if draft else "",
        remarks=draft.remarks if draft else "",
        rows=tuple(row_line_of(row, "") for row in rows[(page - 1) * ROWS_PER_PAGE : page * ROWS_PER_PAGE]),
        row_count=len(rows),
        net=draft.net if draft else wms.amount,
        wms_amount=wms.amount,
        pager=Pager(page=page, pages=pages),
        issue=issue,
    )


_HERE = "/integrations/{id}"
ROUTES = {
    ("GET", _HERE): signed_in(status),
    ("GET", f"{_HERE}/setup"): signed_in(setup),
    ("GET", f"{_HERE}/settings"): signed_in(settings_form),
    ("POST", f"{_HERE}/settings"): signed_in(save, signed_out=keep_through_sign_in, unguarded=show_again),
    ("POST", f"{_HERE}/sync"): signed_in(sync),
    ("GET", f"{_HERE}/pause"): signed_in(pause_form),
    ("POST", f"{_HERE}/pause"): signed_in(pause_now),
    ("POST", f"{_HERE}/resume"): signed_in(resume),
    ("POST", f"{_HERE}/connect"): signed_in(connect_again),
    ("GET", f"{_HERE}/disconnect"): signed_in(disconnect_form),
    ("POST", f"{_HERE}/disconnect"): signed_in(disconnect_now),
    ("GET", f"{_HERE}/rehearsal"): signed_in(rehearsal),
    ("POST", f"{_HERE}/rehearsal"): signed_in(rehearse_now),
    ("GET", f"{_HERE}/issues"): signed_in(issues),
    ("GET", f"{_HERE}/invoices"): signed_in(invoices),
    ("GET", f"{_HERE}/invoices/{{invoice_id}}"): signed_in(invoice),
    ("GET", f"{_HERE}/invoices/{{invoice_id}}/preview"): signed_in(preview),
    ("POST", f"{_HERE}/invoices/{{invoice_id}}/export"): signed_in(export),
    ("POST", f"{_HERE}/invoices/{{invoice_id}}/retry"): signed_in(retry),
    ("GET", f"{_HERE}/history.csv"): signed_in(history),
    ("POST", "/logout"): logout,
}


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """API Gateway, proxy integration."""
    return serve(
        event,
        context,
        parts=parts,
        routes=ROUTES,
        public_base_url=settings.public_base_url,
        fortnox=settings.fortnox_auth_base_url,
    )
