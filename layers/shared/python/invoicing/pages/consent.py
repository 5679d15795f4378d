"""Where Fortnox sends the browser after login and consent."""

from urllib.parse import urlencode

from invoicing.application.connect_company import (
    ConsentFailedError,
    ConsentProblem,
    cancel_approval,
    confirm_approval,
    receive_consent,
)
from invoicing.application.invite_administrator import invite_administrator
from invoicing.domain.integration import IntegrationStatus
from invoicing.domain.system import address_of
from invoicing.pages.browser import CONSENT_COOKIE, NEXT_COOKIE, Answer, no_cookie, redirect
from invoicing.pages.serve import Visit, asked_before, session_cookie, session_of
from invoicing.rendering.views import ApprovalView, ConsentOutcome, ConsentView, Feedback, Message
from invoicing.runtime.observability import logger

_OUTCOMES = {
    ConsentProblem.DENIED: ConsentOutcome.DENIED,
    ConsentProblem.MISSING_LICENCE: ConsentOutcome.LICENCE_MISSING,
    ConsentProblem.MISSING_APP_LICENCE: ConsentOutcome.APP_LICENCE_MISSING,
    ConsentProblem.NOT_ADMINISTRATOR: ConsentOutcome.NOT_ADMINISTRATOR,
    ConsentProblem.SCOPE_REFUSED: ConsentOutcome.SCOPE_REFUSED,
    ConsentProblem.FILES_REFUSED: ConsentOutcome.FILES_REFUSED,
    ConsentProblem.MORE_REFUSED: ConsentOutcome.MORE_REFUSED,
    ConsentProblem.NO_CODE: ConsentOutcome.NO_ANSWER,
    ConsentProblem.CODE_REFUSED: ConsentOutcome.CODE_REFUSED,
    ConsentProblem.FORTNOX_NOT_ANSWERING: ConsentOutcome.FORTNOX_NOT_ANSWERING,
    ConsentProblem.WRONG_COMPANY: ConsentOutcome.WRONG_COMPANY,
    ConsentProblem.OTHER_LEDGER: ConsentOutcome.OTHER_LEDGER,
    ConsentProblem.CHANGED_MEANWHILE: ConsentOutcome.CHANGED_MEANWHILE,
    ConsentProblem.OTHER: ConsentOutcome.OTHER,
}


def callback(visit: Visit) -> Answer:
    """GET /oauth/callback"""
    query = visit.request.query
    browser = visit.request.cookies.get(CONSENT_COOKIE, "")
    if visit.request.method == "HEAD":
        return redirect(visit.url("/"))  # whoever only looks must not spend the code
    if not query.get("state"):
        if browser and not query.get("code"):
            # Fortnox sends people with a locked account back with nothing at all.
            return _failed(visit, ConsentFailedError(ConsentProblem.NO_CODE))
        # Not started by us: the Marketplace leads here too. It is a start, never a login.
        return redirect(visit.url("/"))
    try:
        receive_consent(
            visit.parts.connect_tools(visit.request.base_url),
            state=query["state"],
            browser=browser,
            code=query.get("code", ""),
            error=query.get("error", ""),
        )
    except ConsentFailedError as failed:
        if failed.problem is not ConsentProblem.UNKNOWN_START:
            return _failed(visit, failed)
        if not browser or visit.parts.sessions.approval(browser, now=visit.now()) is None:
            return _not_started(visit, browser)
        # The page was loaded again: what was received waits to be confirmed.
    return redirect(visit.url("/oauth/approval"))


# Where somebody was who asked for one more permission and did not get it.
_WAS_AT = {ConsentProblem.FILES_REFUSED: "settings", ConsentProblem.MORE_REFUSED: "issues"}


def approval(visit: Visit) -> Answer:
    """GET /oauth/approval: what the person who approved has approved, before anything comes of it."""
    browser = visit.request.cookies.get(CONSENT_COOKIE, "")
    waiting = visit.parts.sessions.approval(browser, now=visit.now()) if browser else None
    if waiting is None:
        return _not_started(visit, browser)
    view = ApprovalView(
        guard=waiting.guard,
        system=address_of(waiting.proposal.integration_id),
        username=waiting.proposal.wms_username,
        company=waiting.company.name,
        organisation_number=waiting.company.organisation_number,
        files=waiting.proposal.files,
    )
    return Answer(body=visit.pages.approval(view, visit.language))


def decide_approval(visit: Visit) -> Answer:
    """POST /oauth/approval: *Confirm* or *Cancel*."""
    form = visit.request.form()
    browser, guard = visit.request.cookies.get(CONSENT_COOKIE, ""), form.get("guard", "")
    if not visit.request.same_origin:
        return visit.message(Message.FORM_EXPIRED, status=403)
    tools = visit.parts.connect_tools(visit.request.base_url)
    if not browser:
        return _not_started(visit, browser)
    if form.get("decision") != "confirm":
        cancelled = cancel_approval(tools, browser=browser, guard=guard)
        if not cancelled:
            return _not_started(visit, browser)
        view = ConsentView(outcome=ConsentOutcome.CANCELLED)
        return Answer(body=visit.pages.consent(view, visit.language), cookies=[no_cookie(CONSENT_COOKIE)])
    try:
        connected = confirm_approval(tools, browser=browser, guard=guard)
    except ConsentFailedError as failed:
        if failed.problem is ConsentProblem.UNKNOWN_START:
            return _not_started(visit, browser)
        return _failed(visit, failed)
    integration, session = connected.integration, connected.session
    if session is None:
        return visit.message(Message.APPROVED, cookies=[no_cookie(CONSENT_COOKIE)])
    is_new = integration.status is IntegrationStatus.DRAFT
    notice = Feedback.ATTACHING if connected.attaches_now else Feedback.RECONNECTED
    page = f"/integrations/{integration.id}{'/setup' if is_new else f'?notice={notice}'}"
    asked = "" if is_new else asked_before(visit, integration.id)  # the page that somebody was on the way to
    return redirect(
        visit.url(asked or page),
        cookies=[no_cookie(CONSENT_COOKIE), no_cookie(NEXT_COOKIE), session_cookie(visit, session)],
    )


def _not_started(visit: Visit, browser: str) -> Answer:
    """No consent under way has this state. A browser that has started one, or is signed in, has used it before."""
    logger.info("consent_failed", extra={"problem": ConsentProblem.UNKNOWN_START})
    session = session_of(visit)
    view = ConsentView(
        outcome=ConsentOutcome.START_USED if session or browser else ConsentOutcome.START_UNKNOWN,
        try_again_path=f"/integrations/{session.integration_id}" if session else "/",
    )
    return Answer(status=400, body=visit.pages.consent(view, visit.language))


def _failed(visit: Visit, failed: ConsentFailedError) -> Answer:
    logger.info("consent_failed", extra={"problem": failed.problem, "detail": failed.detail[:60]})
    proposal = failed.proposal
    prefill = {}
    if proposal and proposal.by:
        prefill = {"system": address_of(proposal.integration_id), "username": proposal.wms_username}
    start = f"/?{urlencode(prefill)}" if prefill else "/"
    was = _WAS_AT.get(failed.problem)
    if was is not None and (session := session_of(visit)) is not None:
        start = f"/integrations/{session.integration_id}/{was}"  # nothing was changed: it goes on where it was
    outcome, link, personal = _OUTCOMES[failed.problem], "", ""
    if failed.problem is ConsentProblem.NOT_ADMINISTRATOR and proposal:
        if proposal.by:
            secret = invite_administrator(visit.parts.consent_tools(visit.request.base_url), proposal)
            link = visit.url(f"/approve/{secret}")
            personal = f"/?{urlencode({**prefill, 'mode': 'personal'})}"
        else:
            outcome = ConsentOutcome.NOT_ADMINISTRATOR_BY_LINK
    view = ConsentView(
        outcome=outcome,
        try_again_path=start,
        administrator_link=link,
        personal_path=personal,
        expected_company=failed.expected.name if failed.expected else "",
        approved_company=failed.approved.name if failed.approved else "",
        error_code=failed.detail[:60] if failed.problem is ConsentProblem.OTHER else "",
    )
    return Answer(status=400, body=visit.pages.consent(view, visit.language))
