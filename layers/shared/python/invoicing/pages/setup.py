"""The set-up page: what was read from Ongoing, and a person who says that it is theirs."""

from invoicing.application.look_at_wms import look_at_wms
from invoicing.application.ports import WmsLook
from invoicing.application.wms_login import login_of
from invoicing.domain.integration import IntegrationStatus
from invoicing.domain.issue import Issue
from invoicing.pages.browser import Answer, redirect
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import ConsentMode, LastRead, LookView, SetupView


def setup(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/setup"""
    parts, integration = visit.parts, visit.integration
    keys = parts.tokens.get(integration.id)
    seen = look_at_wms(integration, wms=parts.wms, sealer=parts.sealer, now=visit.now())
    view = SetupView(
        session=visit.session_view,
        company=integration.company.name,
        organisation_number=integration.company.organisation_number,
        mode=ConsentMode(keys.mode) if keys else ConsentMode.SERVICE,
        look=_look_of(seen) if isinstance(seen, WmsLook) else None,
        issue=seen if isinstance(seen, Issue) else None,
        is_new=integration.status is IntegrationStatus.DRAFT,
    )
    return Answer(body=visit.pages.setup(view, visit.language))


def confirm(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/setup: *Yes, that is ours*, of a system that shows no list at all."""
    parts, integration = visit.parts, visit.integration
    if not parts.wms_memory.recall(integration.id).is_understood:
        parts.wms_confirm_empty(login_of(integration, parts.sealer))
    return redirect(visit.here("/settings" if integration.status is IntegrationStatus.DRAFT else ""))


def last_read_of(visit: SignedInVisit) -> LastRead | None:
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
        count=look.count,
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
