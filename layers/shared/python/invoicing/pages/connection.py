"""Connecting again, disconnecting, and signing out."""

from invoicing.application.change_integration import disconnect
from invoicing.application.start_consent import start_consent
from invoicing.domain.tokens import Mode
from invoicing.pages.browser import CONSENT_COOKIE, SESSION_COOKIE, Answer, cookie, no_cookie, redirect
from invoicing.pages.serve import SignedInVisit, Visit, guarded, session_of
from invoicing.rendering.views import DisconnectView, Message


def connect_again(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/connect: to Fortnox once more, with the WMS login that is stored."""
    integration = visit.integration
    started = start_consent(
        visit.parts.consent_tools(visit.request.base_url),
        integration_id=integration.id,
        wms_username=integration.wms_username,
        wms_password=integration.wms_password,
        mode=Mode.SERVICE,
    )
    seconds = int(started.life.total_seconds())
    return redirect(started.url, cookies=[cookie(CONSENT_COOKIE, started.browser, seconds=seconds)])


def disconnect_form(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/disconnect"""
    return _disconnect_page(visit, not_confirmed=False)


def disconnect_now(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/disconnect"""
    if visit.request.form().get("confirm") != "on":
        return _disconnect_page(visit, not_confirmed=True)
    disconnect(visit.parts.change_tools(), visit.integration, by=visit.session.username)
    visit.parts.sessions.end_session(visit.session.token)
    return visit.message(Message.DISCONNECTED, cookies=[no_cookie(SESSION_COOKIE)])


def _disconnect_page(visit: SignedInVisit, *, not_confirmed: bool) -> Answer:
    view = DisconnectView(
        session=visit.session_view,
        company=visit.integration.company.name,
        standing=visit.standing,
        not_confirmed=not_confirmed,
    )
    html = visit.pages.disconnect(view, visit.language)
    return Answer(status=400 if not_confirmed else 200, body=html)


def sign_out(visit: Visit) -> Answer:
    """POST /logout"""
    session = session_of(visit)
    if session is not None and not guarded(visit, session):
        return visit.message(Message.FORM_EXPIRED, status=403)
    if session is not None:
        visit.parts.sessions.end_session(session.token)
    return visit.message(Message.SIGNED_OUT, cookies=[no_cookie(SESSION_COOKIE)])
