"""The callback from Fortnox: a code becomes keys, and a system becomes connected (or connected again)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from invoicing.application.ports import (
    ChangedMeanwhileError,
    Fortnox,
    GrantRefusedError,
    Integrations,
    JournalEntry,
    Notices,
    Report,
    SyncQueue,
    SyncRequest,
)
from invoicing.application.sign_in import open_session
from invoicing.application.start_consent import ConsentTools
from invoicing.application.token_engine import TokenEngine
from invoicing.domain.errors import HeldError, InvoicingError, RetryLaterError
from invoicing.domain.integration import Company, Integration, IntegrationStatus
from invoicing.domain.notice import broken_notice_id
from invoicing.domain.session import PendingConsent, Session
from invoicing.domain.tokens import TokenItem, Tokens, TokenStatus


class ConsentProblem(StrEnum):
    """Why no connection came of it; each has its own page."""

    UNKNOWN_START = "unknown_start"  # unknown, used, expired or another browser's state
    DENIED = "denied"
    MISSING_LICENCE = "missing_licence"
    MISSING_APP_LICENCE = "missing_app_licence"
    NOT_ADMINISTRATOR = "not_administrator"
    SCOPE_REFUSED = "scope_refused"
    NO_CODE = "no_code"  # neither code nor error: Fortnox does so for a locked account
    CODE_REFUSED = "code_refused"
    FORTNOX_NOT_ANSWERING = "fortnox_not_answering"
    WRONG_COMPANY = "wrong_company"
    OTHER_LEDGER = "other_ledger"  # of the same company: its records are about the one that was there
    OTHER = "other"


_PROBLEM_OF = {
    "access_denied": ConsentProblem.DENIED,
    "error_missing_license": ConsentProblem.MISSING_LICENCE,
    "error_missing_app_license": ConsentProblem.MISSING_APP_LICENCE,
    "error_missing_system_admin_right": ConsentProblem.NOT_ADMINISTRATOR,
    "invalid_scope": ConsentProblem.SCOPE_REFUSED,
    "server_error": ConsentProblem.FORTNOX_NOT_ANSWERING,
    "temporarily_unavailable": ConsentProblem.FORTNOX_NOT_ANSWERING,
}


class ConsentFailedError(Exception):
    """Nothing was connected, and nothing half-made is left."""

    def __init__(
        self,
        problem: ConsentProblem,
        *,
        pending: PendingConsent | None = None,
        detail: str = "",
        expected: Company | None = None,
        approved: Company | None = None,
    ) -> None:
        super().__init__(f"{problem} {detail}".strip())
        self.problem = problem
        self.pending = pending
        self.detail = detail
        self.expected = expected
        self.approved = approved


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectTools:
    """What connecting works with. `fortnox_with` gives a client that uses one given access token."""

    consent: ConsentTools
    engine: TokenEngine
    integrations: Integrations
    notices: Notices
    queue: SyncQueue
    fortnox_with: Callable[[str], Fortnox]
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The integration as it is now, and a sign-in for the browser."""

    integration: Integration
    session: Session


def connect_company(tools: ConnectTools, *, state: str, browser: str, code: str, error: str) -> Connected:
    """Finishes a consent that this browser started. Raises ConsentFailedError."""
    pending = tools.consent.sessions.take_consent(state, browser=browser, now=tools.consent.clock())
    if pending is None:
        raise ConsentFailedError(ConsentProblem.UNKNOWN_START)
    if error:
        raise ConsentFailedError(_PROBLEM_OF.get(error, ConsentProblem.OTHER), pending=pending, detail=error)
    if not code:
        raise ConsentFailedError(ConsentProblem.NO_CODE, pending=pending)
    try:
        integration = _connect(tools, pending, code)
    except GrantRefusedError as refused:
        problem = _PROBLEM_OF.get(refused.error, ConsentProblem.CODE_REFUSED)
        raise ConsentFailedError(problem, pending=pending, detail=refused.error) from refused
    except HeldError as held:
        raise ConsentFailedError(ConsentProblem.MISSING_LICENCE, pending=pending, detail=held.issue.code) from held
    except InvoicingError as failure:
        tools.report("consent_failed", {"integration": pending.integration_id, "reason": str(failure)})
        raise ConsentFailedError(ConsentProblem.FORTNOX_NOT_ANSWERING, pending=pending) from failure
    session = open_session(tools.consent, integration, pending.wms_username)
    return Connected(integration=integration, session=session)


def _connect(tools: ConnectTools, pending: PendingConsent, code: str) -> Integration:
    engine = tools.engine
    chain_id = engine.new_id()
    seal = engine.sealer.prepare(engine.chain_context(pending.integration_id, chain_id, 0))
    raw = engine.oauth.exchange_code(code)
    sealed, received_at = seal(raw), engine.clock()
    engine.journal.record(
        pending.integration_id,
        chain_id,
        0,
        JournalEntry(attempt_id="consent", blob=sealed, received_at=received_at),
    )
    tokens = engine.oauth.read_tokens(raw, received_at=received_at, needs_refresh_token=True)
    company = tools.fortnox_with(tokens.access_token).company()
    existing = tools.integrations.get(pending.integration_id)
    _check_company(tools, pending, tokens, company, existing)
    engine.store.start_chain(
        TokenItem(
            integration_id=pending.integration_id,
            chain_id=chain_id,
            ver=0,
            mode=pending.mode,
            status=TokenStatus.ACTIVE,
            tenant_id=company.tenant_id,
            blob=sealed,
            blob_at=received_at,
            due_at=engine.next_rotation(),
        )
    )
    integration = _put(tools, pending, company)
    if existing is not None and existing.broken_since is not None:
        tools.notices.close(broken_notice_id(existing.id, existing.broken_since))
    if integration.runs:
        slot = f"connected-{chain_id}"
        tools.queue.send([SyncRequest(integration_id=integration.id, by=pending.wms_username, slot=slot)])
    tools.report("company_connected", {"integration": integration.id, "mode": pending.mode})
    return integration


def _check_company(
    tools: ConnectTools, pending: PendingConsent, tokens: Tokens, company: Company, existing: Integration | None
) -> None:
    """The token, the company's own page and the integration must all mean the same ledger."""
    if tokens.tenant_id and tokens.tenant_id != company.tenant_id:
        raise ConsentFailedError(ConsentProblem.OTHER, pending=pending, detail="tenant_mismatch")
    if existing is None or existing.status in {IntegrationStatus.DRAFT, IntegrationStatus.DISCONNECTED}:
        return
    if existing.company.tenant_id != company.tenant_id:
        try:
            tools.engine.oauth.revoke(tokens.refresh_token)
        except InvoicingError as error:
            # Not ours to keep in any case: it was never stored, and dies in 45 days.
            tools.report("revoke_failed", {"integration": pending.integration_id, "reason": str(error)})
        same = existing.company.organisation_number == company.organisation_number != ""
        raise ConsentFailedError(
            ConsentProblem.OTHER_LEDGER if same else ConsentProblem.WRONG_COMPANY,
            pending=pending,
            expected=existing.company,
            approved=company,
        )


def _put(tools: ConnectTools, pending: PendingConsent, company: Company) -> Integration:
    """Writes the connection; once more if somebody changed the settings at the same moment."""
    for _ in range(3):
        existing = tools.integrations.get(pending.integration_id)
        now = tools.engine.clock()
        if existing is None:
            integration = Integration(
                id=pending.integration_id,
                status=IntegrationStatus.DRAFT,
                company=company,
                wms_username=pending.wms_username,
                wms_password=pending.wms_password,
                wms_password_mark=pending.wms_password_mark,
                settings=None,
                connected_at=now,
            )
        else:
            integration = replace(
                existing,
                status=(
                    IntegrationStatus.DRAFT if existing.status is IntegrationStatus.DISCONNECTED else existing.status
                ),
                company=company,
                wms_username=pending.wms_username,
                wms_password=pending.wms_password,
                wms_password_mark=pending.wms_password_mark,
                generation=existing.generation + (pending.wms_password_mark != existing.wms_password_mark),
                connected_at=now,
                broken_since=None,
                reactivated_at=existing.reactivated_at if existing.broken_since is None else now,
                version=existing.version + 1,
            )
        try:
            tools.integrations.put(integration)
        except ChangedMeanwhileError:
            continue
        return integration
    raise RetryLaterError("the integration is being changed by somebody else")
