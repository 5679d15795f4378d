"""Where Fortnox sends the browser after login and consent."""

from urllib.parse import urlencode

from invoicing.application.connect_company import ConsentFailedError, ConsentProblem, connect_company
from invoicing.domain.integration import IntegrationStatus
from invoicing.domain.system import address_of
from invoicing.pages.browser import CONSENT_COOKIE, Answer, no_cookie, redirect
from invoicing.pages.serve import Visit, session_cookie, session_of
from invoicing.rendering.views import ConsentOutcome, ConsentView
from invoicing.runtime.observability import logger

_OUTCOMES = {
    ConsentProblem.DENIED: ConsentOutcome.DENIED,
    ConsentProblem.MISSING_LICENCE: ConsentOutcome.LICENCE_MISSING,
    ConsentProblem.MISSING_APP_LICENCE: ConsentOutcome.APP_LICENCE_MISSING,
    ConsentProblem.NOT_ADMINISTRATOR: ConsentOutcome.NOT_ADMINISTRATOR,
    ConsentProblem.SCOPE_REFUSED: ConsentOutcome.SCOPE_REFUSED,
    ConsentProblem.NO_CODE: ConsentOutcome.NO_ANSWER,
    ConsentProblem.CODE_REFUSED: ConsentOutcome.CODE_REFUSED,
    ConsentProblem.FORTNOX_NOT_ANSWERING: ConsentOutcome.FORTNOX_NOT_ANSWERING,
    ConsentProblem.WRONG_COMPANY: ConsentOutcome.WRONG_COMPANY,
    ConsentProblem.OTHER_LEDGER: ConsentOutcome.OTHER_LEDGER,
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
        connected = connect_company(
            visit.parts.connect_tools(visit.request.base_url),
            state=query["state"],
            browser=browser,
            code=query.get("code", ""),
            error=query.get("error", ""),
        )
    except ConsentFailedError as failed:
        if failed.problem is ConsentProblem.UNKNOWN_START:
            return _not_started(visit, browser)
        return _failed(visit, failed)
    integration, session = connected.integration, connected.session
    page = "/setup" if integration.status is IntegrationStatus.DRAFT else "?notice=reconnected"
    return redirect(
        visit.url(f"/integrations/{integration.id}{page}"),
        cookies=[no_cookie(CONSENT_COOKIE), session_cookie(visit, session)],
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
    prefill = {}
    if failed.pending:
        system = address_of(failed.pending.integration_id)
        prefill = {"system": system, "username": failed.pending.wms_username}
    start = f"/?{urlencode(prefill)}" if prefill else "/"
    no_administrator = failed.problem is ConsentProblem.NOT_ADMINISTRATOR
    view = ConsentView(
        outcome=_OUTCOMES[failed.problem],
        try_again_path=start,
        administrator_link=visit.url(start) if no_administrator else "",
        personal_path=f"/?{urlencode({**prefill, 'mode': 'personal'})}" if no_administrator else "",
        expected_company=failed.expected.name if failed.expected else "",
        approved_company=failed.approved.name if failed.approved else "",
        error_code=failed.detail[:60] if failed.problem is ConsentProblem.OTHER else "",
    )
    return Answer(status=400, body=visit.pages.consent(view, visit.language))
