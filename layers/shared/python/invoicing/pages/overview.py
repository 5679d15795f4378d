"""The front page of an integration, its set-up before there is one, and the buttons for its runs."""

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote

from invoicing.application.change_integration import pause, sync_now
from invoicing.application.foresee import foresee
from invoicing.application.look_at_wms import look_at_wms
from invoicing.application.ports import WmsLook
from invoicing.application.wms_login import login_of
from invoicing.domain.export import Export, ExportState
from invoicing.domain.foresight import Foresight
from invoicing.domain.integration import Integration, IntegrationStatus
from invoicing.domain.issue import Issue
from invoicing.domain.person import clean_name
from invoicing.domain.swedish_time import SWEDEN
from invoicing.domain.tokens import Mode
from invoicing.pages.before import current_outlook
from invoicing.pages.browser import NAME_COOKIE, TOLD_COOKIE, Answer, cookie, no_cookie, redirect
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import (
    Feedback,
    LastRead,
    LastRun,
    LookView,
    PauseView,
    RunProgress,
    SetupView,
    StatusView,
)
from invoicing.rendering.views_of import fees_of, totals_of
from invoicing.runtime.links import LinkKind

_COUNTED_AT_ONCE = 500  # records
_CHANGES_SHOWN = 8
_FIRST_DAYS = 7  # of a month
_MONTHS_ENOUGH = timedelta(days=90)  # for guards to compare with
_NAME_KEPT = 400 * 24 * 3600  # seconds; browsers keep no cookie longer


def status(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}"""
    integration = visit.integration
    if integration.status is IntegrationStatus.DRAFT:
        return redirect(visit.here("/setup"))
    keys = visit.parts.tokens.get(integration.id)
    standing = visit.standing
    sent = _sent_this_month(visit)
    run = integration.last_run
    address = integration.settings.problem_address if integration.settings else ""
    progress = _progress(visit)
    view = StatusView(
        session=visit.session_view,
        company=integration.company.name,
        organisation_number=integration.company.organisation_number,
        standing=standing,
        mode=keys.mode if keys else Mode.SERVICE,
        approved_by=integration.approved_by,
        approved_at=integration.connected_at,
        reactivation_link=(
            visit.parts.links(visit.request.base_url).make(LinkKind.REACTIVATE, {"integration": integration.id})
            if integration.broken_since
            else ""
        ),
        last_run=LastRun(at=run.finished_at, sent=run.sent + run.updated) if run else None,
        last_read=_last_read(visit),
        progress=progress,
        sent_this_month=len(sent),
        totals_this_month=totals_of(sent),
        fees_this_month=fees_of(sent),
        unconfirmed_address="" if integration.address_confirmed else address,
        foresight=_foresight(visit),
        outlook=current_outlook(visit),
        propose_guards=_may_guard(integration, visit.now()),
        notice=visit.once(_sync_notice(integration, visit.notice, progress)),
        changes=integration.changes[::-1][:_CHANGES_SHOWN],
        by=visit.by,
        name=visit.name,
    )
    return Answer(body=visit.pages.status(view, visit.language))


def setup(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/setup"""
    parts, integration = visit.parts, visit.integration
    keys = parts.tokens.get(integration.id)
    seen = look_at_wms(integration, wms=parts.wms, sealer=parts.password_sealer, now=visit.now())
    view = SetupView(
        session=visit.session_view,
        company=integration.company.name,
        organisation_number=integration.company.organisation_number,
        mode=keys.mode if keys else Mode.SERVICE,
        look=_look_of(seen) if isinstance(seen, WmsLook) else None,
        issue=seen if isinstance(seen, Issue) else None,
        is_new=integration.status is IntegrationStatus.DRAFT,
    )
    return Answer(body=visit.pages.setup(view, visit.language))


def confirm(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/setup: *Yes, that is ours*, of a system that shows no list at all."""
    parts, integration = visit.parts, visit.integration
    if not parts.wms_memory.recall(integration.id).is_understood:
        parts.wms_confirm_empty(login_of(integration, parts.password_sealer))
    return redirect(visit.here("/settings" if integration.status is IntegrationStatus.DRAFT else ""))


def sync(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/sync"""
    if not visit.integration.runs:
        return visit.noted(Feedback.NOT_RUNNING)
    started = sync_now(visit.parts.change_tools(), visit.integration, by=visit.by)
    return visit.noted(Feedback.SYNC_STARTED if started else Feedback.SYNC_ALREADY_RUNNING)


def save_name(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/name: how the history calls what is done in this browser; kept nowhere else."""
    form = visit.request.form()
    name = "" if "none" in form else clean_name(form.get("name", ""))
    kept = cookie(NAME_COOKIE, quote(name, safe=""), seconds=_NAME_KEPT)
    return replace(visit.noted(Feedback.NAME_SAVED), cookies=[no_cookie(TOLD_COOKIE), kept])


def pause_form(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/pause"""
    view = PauseView(
        session=visit.session_view,
        company=visit.integration.company.name,
        standing=visit.standing,
    )
    return Answer(body=visit.pages.pause(view, visit.language))


def pause_now(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/pause"""
    pause(visit.parts.change_tools(), visit.integration, paused=True, by=visit.by)
    return visit.noted(Feedback.PAUSED)


def resume(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/resume"""
    pause(visit.parts.change_tools(), visit.integration, paused=False, by=visit.by)
    return visit.noted(Feedback.RESUMED)


def _may_guard(integration: Integration, now: datetime) -> bool:
    """After three months, in the first days of a month: then somebody looks at its invoices anyway."""
    settings = integration.settings
    early = now.astimezone(SWEDEN).day <= _FIRST_DAYS
    return settings is not None and not settings.guards and early and now - integration.connected_at >= _MONTHS_ENOUGH


def _foresight(visit: SignedInVisit) -> Foresight | None:
    """Before the first run: what it will send."""
    integration = visit.integration
    if integration.last_run is not None or integration.settings is None or integration.broken_since is not None:
        return None
    return foresee(visit.parts.rehearsal_tools(integration), integration, integration.settings)


def _last_read(visit: SignedInVisit) -> LastRead | None:
    """What the last run that read Ongoing's list to its end found, beside what a person last counted."""
    run = visit.integration.last_run
    if run is None or run.listed is None:
        return None
    known = visit.parts.wms_memory.recall(visit.integration.id)
    return LastRead(
        at=run.listed_at or run.finished_at,
        unexported=run.listed,
        counted=known.counted if known.counted_at else None,
        counted_at=known.counted_at,
    )


def _look_of(look: WmsLook) -> LookView:
    newest = look.newest
    return LookView(
        since=look.since,
        seen=look.count,
        is_more=look.is_more,
        unexported=look.unexported,
        unreadable=look.unreadable,
        newest_owner=newest.goods_owner.name if newest else "",
        newest_number=newest.number if newest else "",
        newest_date=newest.invoice_date if newest else None,
        newest_amount=newest.amount if newest else None,
        currency=newest.goods_owner.currency if newest else "",
        goods_owners=look.goods_owners,
        with_customer_code=look.with_customer_code,
        is_understood=look.is_understood,
    )


def _progress(visit: SignedInVisit) -> RunProgress | None:
    """The run that was asked for or is under way. Records that it has touched are done or held by it."""
    integration, now = visit.integration, visit.now()
    run = integration.run_under_way(now)
    if run is None:
        return RunProgress() if integration.awaits_run(now) else None
    records = visit.parts.exports.get_many(integration.id, sorted(run.invoices)).values()
    ended = [
        record
        for record in records
        if record.state in {ExportState.DONE, ExportState.HELD}
        and record.updated_at is not None
        and record.updated_at >= run.started_at
    ]
    return RunProgress(done=run.ended + len(ended), total=run.ended + len(run.invoices))


def _sync_notice(integration: Integration, notice: Feedback | None, progress: RunProgress | None) -> Feedback | None:
    """What a page that said that a sync had started says when it is looked at again."""
    if progress is not None or notice not in {Feedback.SYNC_STARTED, Feedback.SYNC_ALREADY_RUNNING}:
        return notice
    if not integration.answered or integration.last_run is None:
        return None
    return Feedback.SYNC_STOPPED if integration.last_run.problem or integration.last_run.failed else Feedback.SYNC_DONE


def _sent_this_month(visit: SignedInVisit) -> list[Export]:
    """What this month brought to Fortnox; the search ends where a whole page of older invoices has nothing of it."""
    found: list[Export] = []
    after: int | None = None
    while True:
        exports, after = visit.parts.exports.page(
            visit.integration.id, limit=_COUNTED_AT_ONCE, after=after, state=ExportState.DONE
        )
        of_month = [one for one in exports if one.updated_at and _month(one.updated_at) == _month(visit.now())]
        found += [one for one in of_month if one.fortnox_number]
        if after is None or not of_month:
            return found


def _month(moment: datetime) -> tuple[int, int]:
    day = moment.astimezone(SWEDEN)
    return day.year, day.month
