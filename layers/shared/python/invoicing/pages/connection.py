"""Connecting again, disconnecting, and signing out."""

from collections.abc import Collection

from invoicing.application.change_integration import disconnect, sign_out_everywhere
from invoicing.application.start_consent import start_consent
from invoicing.domain.session import Proposal
from invoicing.domain.tokens import Mode
from invoicing.pages.browser import CONSENT_COOKIE, SESSION_COOKIE, Answer, cookie, no_cookie, redirect
from invoicing.pages.files import files_link
from invoicing.pages.password import password_field, password_refused
from invoicing.pages.serve import SignedInVisit, Visit, guarded, session_of
from invoicing.rendering.views import ConnectView, DisconnectView, Message, PasswordView


def connect_form(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/connect"""
    return _connect_page(visit, password_field(visit))


def connect_again(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/connect: to Fortnox once more, with the WMS login that is stored."""
    refused = password_refused(visit)
    if refused is not None:
        return _connect_page(visit, refused)
    return to_fortnox(visit, files=visit.integration.attaches)


def attach_form(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/attach: what switching on the specifications leads to."""
    return _attach_page(visit, password_field(visit))


def attach_on(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/attach: to Fortnox, for an approval that covers files. Until then all goes on."""
    refused = password_refused(visit)
    return _attach_page(visit, refused) if refused is not None else to_fortnox(visit, files=True)


def to_fortnox(visit: SignedInVisit, *, files: bool, also: Collection[str] = ()) -> Answer:
    """On to Fortnox, for an approval that covers what is used already, and `also` what is named."""
    integration = visit.integration
    proposal = Proposal(
        integration_id=integration.id,
        mode=Mode.SERVICE,
        wms_username=integration.wms_username,
        wms_password=integration.wms_password,
        wms_password_mark=integration.wms_password_mark,
        generation=integration.generation,
        by=visit.session.username,
        files=files,
        also=tuple(sorted({*integration.also_permitted, *also})),
    )
    started = start_consent(visit.parts.consent_tools(visit.request.base_url), proposal)
    seconds = int(started.life.total_seconds())
    return redirect(started.url, cookies=[cookie(CONSENT_COOKIE, started.browser, seconds=seconds)])


def _attach_page(visit: SignedInVisit, password: PasswordView) -> Answer:
    view = ConnectView(session=visit.session_view, company=visit.integration.company.name, password=password)
    return Answer(status=400 if password.problem else 200, body=visit.pages.attach(view, visit.language))


def _connect_page(visit: SignedInVisit, password: PasswordView) -> Answer:
    view = ConnectView(session=visit.session_view, company=visit.integration.company.name, password=password)
    return Answer(status=400 if password.problem else 200, body=visit.pages.connect(view, visit.language))


def disconnect_form(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/disconnect"""
    return _disconnect_page(visit, password_field(visit), not_confirmed=False)


def disconnect_now(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/disconnect"""
    if visit.request.form().get("confirm") != "on":
        return _disconnect_page(visit, password_field(visit), not_confirmed=True)
    refused = password_refused(visit)
    if refused is not None:
        return _disconnect_page(visit, refused, not_confirmed=False)
    gone = disconnect(visit.parts.change_tools(), visit.integration, by=visit.by)
    visit.parts.sessions.end_session(visit.session.token)
    return visit.message(Message.DISCONNECTED, cookies=[no_cookie(SESSION_COOKIE)], link=files_link(visit, gone))


def _disconnect_page(visit: SignedInVisit, password: PasswordView, *, not_confirmed: bool) -> Answer:
    view = DisconnectView(
        session=visit.session_view,
        company=visit.integration.company.name,
        standing=visit.standing,
        password=password,
        not_confirmed=not_confirmed,
    )
    html = visit.pages.disconnect(view, visit.language)
    return Answer(status=400 if not_confirmed or password.problem else 200, body=html)


def sign_out_all(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/sign-out-everywhere"""
    sign_out_everywhere(visit.parts.change_tools(), visit.integration, by=visit.by)
    return visit.message(Message.SIGNED_OUT_EVERYWHERE, cookies=[no_cookie(SESSION_COOKIE)])


def sign_out(visit: Visit) -> Answer:
    """POST /logout"""
    session = session_of(visit)
    if session is not None and not guarded(visit, session):
        return visit.message(Message.FORM_EXPIRED, status=403)
    if session is not None:
        visit.parts.sessions.end_session(session.token)
    return visit.message(Message.SIGNED_OUT, cookies=[no_cookie(SESSION_COOKIE)])
