"""The callback from Fortnox: a code becomes keys, a person says what they are for, and a system is connected (again).

Keys wait sealed beside the sign-ins until the person who approved has read who will write to which books
(docs/decisions/0004). Only then they are where the engine can use them.
"""

from collections.abc import Callable
from contextlib import suppress
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
from invoicing.application.start_consent import CONSENT_LIFE, ConsentTools
from invoicing.application.tell_change import tell_change, with_change
from invoicing.application.token_engine import TokenEngine
from invoicing.domain.change import ChangeKind
from invoicing.domain.errors import HeldError, InvoicingError, RetryLaterError
from invoicing.domain.integration import Company, Integration, IntegrationStatus
from invoicing.domain.integration_settings import IntegrationSettings
from invoicing.domain.login_name import fold_user
from invoicing.domain.notice import broken_notice_id
from invoicing.domain.session import PendingApproval, PendingConsent, Proposal, Session
from invoicing.domain.tokens import TokenItem, Tokens, TokenStatus


class ConsentProblem(StrEnum):
    """Why no connection came of it; each has its own page."""

    UNKNOWN_START = "unknown_start"  # unknown, used, expired or another browser's state
    DENIED = "denied"
    MISSING_LICENCE = "missing_licence"
    MISSING_APP_LICENCE = "missing_app_licence"
    NOT_ADMINISTRATOR = "not_administrator"
    SCOPE_REFUSED = "scope_refused"
    FILES_REFUSED = "files_refused"  # by licence or app: what was approved before still is
    MORE_REFUSED = "more_refused"  # permissions to mend: as for files
    NO_CODE = "no_code"  # neither code nor error: Fortnox does so for a locked account
    CODE_REFUSED = "code_refused"
    FORTNOX_NOT_ANSWERING = "fortnox_not_answering"
    WRONG_COMPANY = "wrong_company"
    OTHER_LEDGER = "other_ledger"  # of the same company: its records are about the one that was there
    CHANGED_MEANWHILE = "changed_meanwhile"  # connected, disconnected or a new password since it was begun
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


_OF_SCOPES = frozenset({ConsentProblem.MISSING_LICENCE, ConsentProblem.SCOPE_REFUSED})


class ConsentFailedError(Exception):
    """Nothing was connected, and nothing half-made is left."""

    def __init__(
        self,
        problem: ConsentProblem,
        *,
        proposal: Proposal | None = None,
        detail: str = "",
        expected: Company | None = None,
        approved: Company | None = None,
    ) -> None:
        super().__init__(f"{problem} {detail}".strip())
        self.problem = problem
        self.proposal = proposal
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
    """The integration as it is now, and a sign-in for the browser; none for an administrator who came by a link."""

    integration: Integration
    session: Session | None
    attaches_now: bool  # and did not before


def receive_consent(tools: ConnectTools, *, state: str, browser: str, code: str, error: str) -> PendingApproval:
    """Takes what Fortnox gave to a consent that this browser started. Nothing is connected yet, and nothing in use.

    Raises ConsentFailedError.
    """
    pending = tools.consent.sessions.take_consent(state, browser=browser, now=tools.consent.clock())
    if pending is None:
        raise ConsentFailedError(ConsentProblem.UNKNOWN_START)
    if error:
        problem = _PROBLEM_OF.get(error, ConsentProblem.OTHER)
        if (pending.proposal.files or pending.proposal.also) and problem in _OF_SCOPES:
            raise _without_more(tools, pending.proposal, detail=error)
        raise ConsentFailedError(problem, proposal=pending.proposal, detail=error)
    if not code:
        raise ConsentFailedError(ConsentProblem.NO_CODE, proposal=pending.proposal)
    try:
        return _receive(tools, pending, code)
    except GrantRefusedError as refused:
        problem = _PROBLEM_OF.get(refused.error, ConsentProblem.CODE_REFUSED)
        raise ConsentFailedError(problem, proposal=pending.proposal, detail=refused.error) from refused
    except HeldError as held:
        raise ConsentFailedError(
            ConsentProblem.MISSING_LICENCE, proposal=pending.proposal, detail=held.issue.code
        ) from held
    except InvoicingError as failure:
        raise _not_answering(tools, pending.proposal, failure) from failure


def _without_more(tools: ConnectTools, proposal: Proposal, *, detail: str) -> ConsentFailedError:
    """Fortnox does not grant more, and so nothing. What runs goes on; what is broken asks for less the next time."""
    existing = tools.integrations.get(proposal.integration_id)
    if existing is not None and existing.broken_since is not None:
        with suppress(ChangedMeanwhileError):  # it is broken no longer, or the next try finds this out again
            tools.integrations.put(replace(existing, may_attach=False, permissions=(), version=existing.version + 1))
    problem = ConsentProblem.FILES_REFUSED if proposal.files else ConsentProblem.MORE_REFUSED
    return ConsentFailedError(problem, proposal=proposal, detail=detail)


def confirm_approval(tools: ConnectTools, *, browser: str, guard: str) -> Connected:
    """A person has read what the approval means, and wants it. Raises ConsentFailedError."""
    approval = tools.consent.sessions.take_approval(browser, guard=guard, now=tools.consent.clock())
    if approval is None:
        raise ConsentFailedError(ConsentProblem.UNKNOWN_START)
    proposal = approval.proposal
    try:
        existing = tools.integrations.get(proposal.integration_id)
        _check_still_wanted(tools, approval, existing)
        integration = _connect(tools, approval, existing)
    except InvoicingError as failure:
        raise _not_answering(tools, proposal, failure) from failure
    return Connected(
        integration=integration,
        session=open_session(tools.consent, integration, proposal.by) if proposal.by else None,
        attaches_now=integration.attaches and not (existing is not None and existing.attaches),
    )


def cancel_approval(tools: ConnectTools, *, browser: str, guard: str) -> bool:
    """Forgets the keys; says whether there were any. What is connected stays as it is."""
    approval = tools.consent.sessions.take_approval(browser, guard=guard, now=tools.consent.clock())
    return approval is not None


def _receive(tools: ConnectTools, pending: PendingConsent, code: str) -> PendingApproval:
    engine, proposal = tools.engine, pending.proposal
    chain_id = engine.new_id()
    seal = engine.sealer.prepare(engine.chain_context(proposal.integration_id, chain_id, 0))
    raw = engine.oauth.exchange_code(code)
    sealed, received_at = seal(raw), engine.clock()
    tokens = engine.oauth.read_tokens(raw, received_at=received_at, needs_refresh_token=True)
    company = tools.fortnox_with(tokens.access_token).company()
    if tokens.tenant_id and tokens.tenant_id != company.tenant_id:
        raise ConsentFailedError(ConsentProblem.OTHER, proposal=proposal, detail="tenant_mismatch")
    existing = tools.integrations.get(proposal.integration_id)
    try:
        _check_company(proposal, company, existing)
    except ConsentFailedError:
        _revoke(tools, proposal, tokens)  # these keys are put nowhere: not in a table, and not in the journal
        raise
    approval = PendingApproval(
        browser=pending.browser,
        guard=tools.consent.new_secret(),
        proposal=proposal,
        company=company,
        chain_id=chain_id,
        keys=sealed,
        keys_at=received_at,
        expires_at=engine.clock() + CONSENT_LIFE,
        permissions=tuple(sorted(tokens.scopes)),
    )
    tools.consent.sessions.put_approval(approval)
    return approval


def _revoke(tools: ConnectTools, proposal: Proposal, tokens: Tokens) -> None:
    try:
        tools.engine.oauth.revoke(tokens.refresh_token)
    except InvoicingError as error:
        # Not ours to keep in any case: it was never stored, and dies in 45 days.
        tools.report("revoke_failed", {"integration": proposal.integration_id, "reason": str(error)})


def _check_company(proposal: Proposal, company: Company, existing: Integration | None) -> None:
    """The integration must go on in the ledger that it has sent invoices to."""
    if existing is None or existing.status in {IntegrationStatus.DRAFT, IntegrationStatus.DISCONNECTED}:
        return
    if existing.company.tenant_id != company.tenant_id:
        same = existing.company.organisation_number == company.organisation_number != ""
        raise ConsentFailedError(
            ConsentProblem.OTHER_LEDGER if same else ConsentProblem.WRONG_COMPANY,
            proposal=proposal,
            expected=existing.company,
            approved=company,
        )


def _check_still_wanted(tools: ConnectTools, approval: PendingApproval, existing: Integration | None) -> None:
    """Somebody may have connected, disconnected or changed the password meanwhile, or used the same link."""
    proposal = approval.proposal
    if (existing.generation if existing else 0) != proposal.generation:
        raise ConsentFailedError(ConsentProblem.CHANGED_MEANWHILE, proposal=proposal)
    _check_company(proposal, approval.company, existing)
    if proposal.invitation and not tools.consent.sessions.take_invitation(
        proposal.invitation, now=tools.consent.clock()
    ):
        raise ConsentFailedError(ConsentProblem.CHANGED_MEANWHILE, proposal=proposal)


def _connect(tools: ConnectTools, approval: PendingApproval, existing: Integration | None) -> Integration:
    engine, proposal = tools.engine, approval.proposal
    engine.journal.record(
        proposal.integration_id,
        approval.chain_id,
        0,
        JournalEntry(attempt_id="consent", blob=approval.keys, received_at=approval.keys_at),
    )
    engine.store.start_chain(
        TokenItem(
            integration_id=proposal.integration_id,
            chain_id=approval.chain_id,
            ver=0,
            mode=proposal.mode,
            status=TokenStatus.ACTIVE,
            tenant_id=approval.company.tenant_id,
            blob=approval.keys,
            blob_at=approval.keys_at,
            due_at=engine.next_rotation(),
        )
    )
    integration = _put(tools, approval)
    if existing is not None and existing.broken_since is not None:
        tools.notices.close(broken_notice_id(existing.id, existing.broken_since))
    if integration.runs:
        slot = f"connected-{approval.chain_id}"
        by = proposal.by or proposal.wms_username
        tools.queue.send([SyncRequest(integration_id=integration.id, by=by, slot=slot)])
    tools.report("company_connected", {"integration": integration.id, "mode": proposal.mode})
    return integration


def _not_answering(tools: ConnectTools, proposal: Proposal, failure: InvoicingError) -> ConsentFailedError:
    tools.report("consent_failed", {"integration": proposal.integration_id, "reason": str(failure)})
    return ConsentFailedError(ConsentProblem.FORTNOX_NOT_ANSWERING, proposal=proposal)


def _settings_with(settings: IntegrationSettings | None, *, files: bool) -> IntegrationSettings | None:
    """Specifications are attached where the approval that begins now covers files, and only there."""
    return settings and replace(settings, attach_specification=files)


def _put(tools: ConnectTools, approval: PendingApproval) -> Integration:
    """Writes the connection; once more if somebody changed the settings at the same moment."""
    proposal, company = approval.proposal, approval.company
    for _ in range(3):
        existing = tools.integrations.get(proposal.integration_id)
        now = tools.engine.clock()
        if existing is None:
            integration = Integration(
                id=proposal.integration_id,
                status=IntegrationStatus.DRAFT,
                company=company,
                wms_username=proposal.wms_username,
                wms_password=proposal.wms_password,
                wms_password_mark=proposal.wms_password_mark,
                login_at=now,
                settings=None,
                generation=1,
                connected_at=now,
                may_attach=proposal.files,
                permissions=approval.permissions,
            )
        else:
            integration = replace(
                existing,
                status=(
                    IntegrationStatus.DRAFT if existing.status is IntegrationStatus.DISCONNECTED else existing.status
                ),
                company=company,
                wms_username=proposal.wms_username,
                wms_password=proposal.wms_password,
                wms_password_mark=proposal.wms_password_mark,
                login_at=now,
                generation=existing.generation + 1,
                connected_at=now,
                may_attach=proposal.files,
                permissions=approval.permissions,
                settings=_settings_with(existing.settings, files=proposal.files),
                broken_since=None,
                reactivated_at=existing.reactivated_at if existing.broken_since is None else now,
                version=existing.version + 1,
            )
        by = proposal.by
        user = fold_user(by)
        if by and user not in integration.users:
            integration = replace(integration, users=(*integration.users, user))
        anew = existing is not None and existing.status is not IntegrationStatus.DISCONNECTED
        kind = ChangeKind.CONSENT if anew else ChangeKind.CONNECTED
        integration = with_change(integration, kind, at=now, by=by)
        try:
            tools.integrations.put(integration)
        except ChangedMeanwhileError:
            continue
        if existing is not None:
            tell_change(tools.notices, existing, ChangeKind.CONSENT, at=now, by=by, params={})
        return integration
    raise RetryLaterError("the integration is being changed by somebody else")
