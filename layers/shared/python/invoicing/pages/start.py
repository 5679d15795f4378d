"""The start page: the login with Ongoing, also where a reactivation begins."""

from collections.abc import Mapping

from invoicing.application.ask_for_link import ask_for_link
from invoicing.application.prove_login import SignInProblem, SignInRefusedError
from invoicing.application.sign_in import SignedIn, sign_in
from invoicing.domain.integration import IntegrationStatus
from invoicing.domain.system import NotASystemError, Warehouse, address_of, parse_system
from invoicing.domain.tokens import Mode
from invoicing.pages.browser import (
    CONSENT_COOKIE,
    KNOWN_COOKIE,
    NEXT_COOKIE,
    Answer,
    cookie,
    no_cookie,
    redirect,
)
from invoicing.pages.carried import carried_in, is_carried_for, seen_in
from invoicing.pages.serve import Visit, asked_before, session_cookie
from invoicing.rendering.views import LandingProblem, LandingView, Message, ReactivationView
from invoicing.runtime.known_browsers import LIFE
from invoicing.runtime.links import LinkExpiredError, LinkForgedError, LinkKind

PROBLEMS = {
    SignInProblem.SYSTEM_EMPTY: LandingProblem.FIELD_MISSING,
    SignInProblem.SYSTEM_NOT_AN_ADDRESS: LandingProblem.SYSTEM_NOT_UNDERSTOOD,
    SignInProblem.SYSTEM_FOREIGN_HOST: LandingProblem.SYSTEM_NOT_UNDERSTOOD,
    SignInProblem.USERNAME_EMPTY: LandingProblem.FIELD_MISSING,
    SignInProblem.PASSWORD_EMPTY: LandingProblem.FIELD_MISSING,
    SignInProblem.NO_LOGIN: LandingProblem.WRONG_LOGIN,
    SignInProblem.REFUSED: LandingProblem.WRONG_LOGIN,
    SignInProblem.WMS_NOT_ANSWERING: LandingProblem.WMS_NOT_ANSWERING,
    SignInProblem.WMS_NOT_UNDERSTOOD: LandingProblem.WMS_NOT_UNDERSTOOD,
    SignInProblem.TOO_MANY_TRIES: LandingProblem.TOO_MANY_TRIES,
}


def start(visit: Visit) -> Answer:
    """GET /"""
    query = visit.request.query
    view = LandingView(
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
            visit.parts.sign_in_tools(visit.request.base_url),
            system=system,
            username=username,
            password=form.get("password", ""),
            address=visit.request.address,
            mode=Mode.PERSONAL if form.get("mode") == Mode.PERSONAL else Mode.SERVICE,
            proof_of=lambda warehouse, user: _proof(visit, form, warehouse, user),
        )
    except SignInRefusedError as refused:
        trace = {**_trace(visit, username), "problem": refused.problem, "cause": repr(refused.__cause__)}
        visit.parts.report("sign_in_refused", {**trace, "integration": _warehouse_named(system)})
        view = LandingView(
            system=system[:500],
            username=username[:50],
            problem=PROBLEMS[refused.problem],
            try_again_at=visit.now() + refused.wait if refused.wait else None,
            reactivation=_reactivation_of(visit, form.get("reactivation", "")),
            personal=form.get("mode") == Mode.PERSONAL,
            carried=carried,
            it_is_me=form.get("it_is_me", "") if _it_is_me(visit, form.get("it_is_me", "")) else "",
        )
        return _landing(visit, view, status=429 if refused.wait else 400)
    if isinstance(result, SignedIn):
        session = result.session
        visit.parts.report("signed_in", {**_trace(visit, username), "integration": session.integration_id})
        cookies = [session_cookie(visit, session), _known(visit, session.integration_id, session.username)]
        if is_carried_for(session.integration_id, carried):
            from invoicing.pages.settings import settings_page  # only who was signed out needs the form here

            inside = visit.signed_in(session, result.integration)
            return Answer(body=settings_page(inside, carried, seen=seen_in(carried), not_saved=True), cookies=cookies)
        page = "/setup" if result.integration.status is IntegrationStatus.DRAFT else ""
        asked = asked_before(visit, session.integration_id) if not page else ""
        return redirect(
            visit.url(asked or f"/integrations/{session.integration_id}{page}"),
            cookies=[*cookies, no_cookie(NEXT_COOKIE)] if asked else cookies,
        )
    return redirect(
        result.url,
        cookies=[
            cookie(CONSENT_COOKIE, result.browser, seconds=int(result.life.total_seconds())),
            _known(visit, result.proposal.integration_id, result.proposal.wms_username),
        ],
    )


def reactivate(visit: Visit) -> Answer:
    """GET /reactivate/{token}: a page, so that a mail scanner that opens the link changes nothing."""
    token = visit.params["token"]
    try:
        subject = visit.parts.links(visit.request.base_url).read(LinkKind.REACTIVATE, token)
    except LinkExpiredError:
        return visit.message(Message.REACTIVATION_LINK_EXPIRED, status=410)
    except LinkForgedError:
        return visit.message(Message.NOT_FOUND, status=404)
    integration = visit.parts.integrations.get(subject.get("integration", ""))
    if integration is None:
        return visit.message(Message.NOT_FOUND, status=404)
    if integration.broken_since is None:
        return visit.message(Message.REACTIVATION_NOT_NEEDED)
    view = LandingView(
        system=address_of(integration.id),
        username=integration.wms_username,
        reactivation=_reactivation_of(visit, token),
    )
    return _landing(visit, view)


def ask_link(visit: Visit) -> Answer:
    """POST /it-is-me: a link to the address of the system, whatever there is of it; the page says the same of all."""
    form = visit.request.form()
    if not visit.request.same_origin:
        return visit.message(Message.FORM_EXPIRED, status=403)
    system = form.get("system", "")
    ask_for_link(visit.parts.proof_tools(), system=system, address=visit.request.address)
    visit.parts.report("link_asked", {**_trace(visit, ""), "integration": _warehouse_named(system)})
    return visit.message(Message.LINK_ASKED)


def it_is_me(visit: Visit) -> Answer:
    """GET /it-is-me/{token}: the form of the start page, for whoever has the link."""
    token = visit.params["token"]
    try:
        subject = visit.parts.links(visit.request.base_url).read(LinkKind.IT_IS_ME, token)
    except LinkExpiredError:
        return visit.message(Message.IT_IS_ME_EXPIRED, status=410)
    except LinkForgedError:
        return visit.message(Message.NOT_FOUND, status=404)
    return _landing(visit, LandingView(system=address_of(subject.get("integration", "")), it_is_me=token))


def _trace(visit: Visit, username: str) -> dict[str, str]:
    """Who tried, and from where, so that a pattern is seen and no person is named."""
    traces = visit.parts.traces()
    return {"user": traces.user(username), "network": traces.network(visit.request.address)}


def _warehouse_named(system: str) -> str:
    """The system that was named, if it is one at all; nothing that a person typed otherwise."""
    try:
        parsed = parse_system(system)
    except NotASystemError:
        return ""
    return parsed.name if isinstance(parsed, Warehouse) else "by-customer-id"


def _proof(visit: Visit, form: Mapping[str, str], system: str, username: str) -> str:
    """What this browser shows of an earlier sign-in as this user, or of a link of ours to this system."""
    cookie_value = visit.request.cookies.get(KNOWN_COOKIE, "")
    if known := visit.parts.known_browsers().proof(cookie_value, system, username):
        return known
    for kind, link in (
        (LinkKind.REACTIVATE, form.get("reactivation", "")),
        (LinkKind.IT_IS_ME, form.get("it_is_me", "")),
    ):
        subject = _subject_of(visit, link, kind)
        if subject is not None and subject.get("integration") == system:
            return link
    return ""


def _known(visit: Visit, system: str, username: str) -> str:
    """The cookie by which this browser is known from now on."""
    before = visit.request.cookies.get(KNOWN_COOKIE, "")
    value = visit.parts.known_browsers().remember(before, system, username)
    return cookie(KNOWN_COOKIE, value, seconds=int(LIFE.total_seconds()))


def _landing(visit: Visit, view: LandingView, *, status: int = 200) -> Answer:
    return Answer(status=status, body=visit.pages.landing(view, visit.language))


def _reactivation_of(visit: Visit, token: str) -> ReactivationView | None:
    subject = _subject_of(visit, token)
    integration = visit.parts.integrations.get(subject.get("integration", "")) if subject is not None else None
    if integration is None or integration.broken_since is None:
        return None
    return ReactivationView(token=token, company=integration.company.name, waiting=integration.held_up.count)


def _it_is_me(visit: Visit, token: str) -> bool:
    return _subject_of(visit, token, LinkKind.IT_IS_ME) is not None


def _subject_of(visit: Visit, token: str, kind: LinkKind = LinkKind.REACTIVATE) -> dict[str, str] | None:
    """What a link that came along with the form was made for; None if it counts for nothing."""
    if not token:
        return None
    try:
        return visit.parts.links(visit.request.base_url).read(kind, token)
    except (LinkExpiredError, LinkForgedError):
        return None
