"""The start page, the login with Ongoing, and what the links in our mails lead to."""

import os
from typing import Any

from invoicing.adapters.rendering.assets import find_asset
from invoicing.adapters.rendering.views import LandingProblem, LandingView, Message, ReactivationView, VerifyView
from invoicing.application.sign_in import SignedIn, SignInProblem, SignInRefusedError, sign_in
from invoicing.domain.integration import IntegrationStatus
from invoicing.domain.system import address_of
from invoicing.domain.tokens import Mode
from invoicing.runtime.bootstrap import Bootstrap, utc_now
from invoicing.runtime.browser import CONSENT_COOKIE, Answer, cookie, redirect
from invoicing.runtime.links import LinkExpiredError, LinkForgedError, LinkKind
from invoicing.runtime.observability import logger
from invoicing.runtime.settings import LandingSettings
from invoicing.runtime.settings_form import carried_in, is_carried_for, seen_in, settings_page
from invoicing.runtime.web import Visit, serve, session_cookie

settings = LandingSettings.read(os.environ)
parts = Bootstrap(settings)

_PROBLEMS = {
    SignInProblem.SYSTEM_EMPTY: LandingProblem.FIELD_MISSING,
    SignInProblem.SYSTEM_NOT_AN_ADDRESS: LandingProblem.SYSTEM_NOT_UNDERSTOOD,
    SignInProblem.SYSTEM_FOREIGN_HOST: LandingProblem.SYSTEM_NOT_UNDERSTOOD,
    SignInProblem.USERNAME_EMPTY: LandingProblem.FIELD_MISSING,
    SignInProblem.PASSWORD_EMPTY: LandingProblem.FIELD_MISSING,
    SignInProblem.NO_LOGIN: LandingProblem.WRONG_LOGIN,
    SignInProblem.REFUSED: LandingProblem.WRONG_LOGIN,
    SignInProblem.WMS_NOT_ANSWERING: LandingProblem.WMS_NOT_ANSWERING,
    SignInProblem.TOO_MANY_TRIES: LandingProblem.TOO_MANY_TRIES,
}


def start(visit: Visit) -> Answer:
    """GET /"""
    query = visit.request.query
    view = LandingView(
        csrf="",
        system=query.get("system", "")[:500],
        username=query.get("username", "")[:50],
        personal=query.get("mode") == Mode.PERSONAL,
    )
    return _landing(visit, view)


def login(visit: Visit) -> Answer:
    """POST /login"""
    form = visit.request.form()
    if not visit.request.same_origin:
        return visit.message(Message.FORM_EXPIRED, status=403)
    system, username, carried = form.get("system", ""), form.get("username", ""), carried_in(form)
    try:
        result = sign_in(
            parts.sign_in_tools(visit.request.base_url),
            system=system,
            username=username,
            password=form.get("password", ""),
            address=visit.request.address,
            mode=Mode.PERSONAL if form.get("mode") == Mode.PERSONAL else Mode.SERVICE,
        )
    except SignInRefusedError as refused:
        logger.info("sign_in_refused", extra={"problem": refused.problem, "cause": repr(refused.__cause__)})
        view = LandingView(
            csrf="",
            system=system[:500],
            username=username[:50],
            problem=_PROBLEMS[refused.problem],
            try_again_at=utc_now() + refused.wait if refused.wait else None,
            reactivation=_reactivation_of(visit, form.get("reactivation", "")),
            personal=form.get("mode") == Mode.PERSONAL,
            carried=carried,
        )
        return _landing(visit, view, status=429 if refused.wait else 400)
    if isinstance(result, SignedIn):
        session = result.session
        cookies = [session_cookie(session)]
        if is_carried_for(session.integration_id, carried):
            inside = visit.signed_in(session, result.integration)
            return Answer(body=settings_page(inside, carried, seen=seen_in(carried), not_saved=True), cookies=cookies)
        page = "/setup" if result.integration.status is IntegrationStatus.DRAFT else ""
        return redirect(visit.url(f"/integrations/{session.integration_id}{page}"), cookies=cookies)
    return redirect(
        result.url, cookies=[cookie(CONSENT_COOKIE, result.browser, seconds=int(result.life.total_seconds()))]
    )


def reactivate(visit: Visit) -> Answer:
    """GET /reactivate/{token}: a page, so that a mail scanner that opens the link changes nothing."""
    token = visit.params["token"]
    try:
        subject = parts.links(visit.request.base_url).read(LinkKind.REACTIVATE, token)
    except LinkExpiredError:
        return visit.message(Message.REACTIVATION_LINK_EXPIRED, status=410)
    except LinkForgedError:
        return visit.message(Message.NOT_FOUND, status=404)
    integration = parts.integrations.get(subject.get("integration", ""))
    if integration is None:
        return visit.message(Message.NOT_FOUND, status=404)
    if integration.broken_since is None:
        return visit.message(Message.REACTIVATION_NOT_NEEDED)
    view = LandingView(
        csrf="",
        system=address_of(integration.id),
        username=integration.wms_username,
        reactivation=_reactivation_of(visit, token),
    )
    return _landing(visit, view)


def verify(visit: Visit) -> Answer:
    """GET /verify/{token}: asks for the click that counts."""
    subject = _verified_subject(visit)
    if isinstance(subject, Answer):
        return subject
    view = VerifyView(token=visit.params["token"], csrf="", address=subject["address"])
    return Answer(body=visit.pages.verify(view, visit.language))


def confirm(visit: Visit) -> Answer:
    """POST /verify/{token}"""
    subject = _verified_subject(visit)
    if isinstance(subject, Answer):
        return subject
    if not parts.integrations.confirm_address(subject["integration"], subject["address"]):
        return visit.message(Message.ADDRESS_LINK_EXPIRED, status=410)
    return visit.message(Message.ADDRESS_VERIFIED)


def asset(visit: Visit) -> Answer:
    """GET /assets/{name}"""
    found = find_asset(visit.params["name"])
    if found is None:
        return visit.message(Message.NOT_FOUND, status=404)
    return Answer(
        body=found.content.decode(),
        content_type=found.content_type,
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


def health(_visit: Visit) -> Answer:
    """GET /health: that this function starts, with all its settings."""
    return Answer(body='{"status":"ok"}', content_type="application/json")


def _landing(visit: Visit, view: LandingView, *, status: int = 200) -> Answer:
    return Answer(status=status, body=visit.pages.landing(view, visit.language))


def _reactivation_of(visit: Visit, token: str) -> ReactivationView | None:
    if not token:
        return None
    try:
        subject = parts.links(visit.request.base_url).read(LinkKind.REACTIVATE, token)
    except (LinkExpiredError, LinkForgedError):
        return None
    integration = parts.integrations.get(subject.get("integration", ""))
    if integration is None or integration.broken_since is None:
        return None
    return ReactivationView(token=token, company=integration.company.name, waiting=integration.held_up)


def _verified_subject(visit: Visit) -> dict[str, str] | Answer:
    try:
        return parts.links(visit.request.base_url).read(LinkKind.VERIFY_ADDRESS, visit.params["token"])
    except LinkExpiredError:
        return visit.message(Message.ADDRESS_LINK_EXPIRED, status=410)
    except LinkForgedError:
        return visit.message(Message.NOT_FOUND, status=404)


ROUTES = {
    ("GET", "/"): start,
    ("POST", "/login"): login,
    ("GET", "/reactivate/{token}"): reactivate,
    ("GET", "/verify/{token}"): verify,
    ("POST", "/verify/{token}"): confirm,
    ("GET", "/assets/{name}"): asset,
    ("GET", "/health"): health,
}


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
