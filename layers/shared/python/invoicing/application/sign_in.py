"""The landing page's form: checks a WMS login, then signs in or leads on to Fortnox."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from invoicing.application.ports import ChangedMeanwhileError, Sealer
from invoicing.application.prove_login import Attempt, ProofTools, SignInProblem, SignInRefusedError, prove_login
from invoicing.application.start_consent import ConsentStarted, ConsentTools, start_consent
from invoicing.application.tell_change import tell_change, with_change
from invoicing.application.wms_login import wms_password_context
from invoicing.domain.change import ChangeKind
from invoicing.domain.integration import Integration, IntegrationStatus
from invoicing.domain.login_name import fold_user
from invoicing.domain.session import Proposal, Session
from invoicing.domain.system import CustomerId, NotASystemError, SystemProblem, parse_system
from invoicing.domain.tokens import Mode

SESSION_LIFE = timedelta(hours=8)
_MOST_NETWORKS = 20
_MOST_USERS = 50  # of one system that are known to have signed in


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInTools(ProofTools):
    """What signing in works with."""

    consent: ConsentTools
    sealer: Sealer
    new_secret: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """The system has an integration: its operator is signed in."""

    session: Session
    integration: Integration


def _nothing_shown(_warehouse: str, _username: str) -> str:
    return ""


def sign_in(
    tools: SignInTools,
    *,
    system: str,
    username: str,
    password: str,
    address: str,
    mode: Mode,
    proof_of: Callable[[str, str], str] = _nothing_shown,
) -> SignedIn | ConsentStarted:
    """Right credentials of a system with a working integration sign in; of any other system start a consent.

    `address` is the network address of the browser. `proof_of` gives what the browser shows of an earlier sign-in to
    this system as this user, or of a link of ours; empty if nothing. Raises SignInRefusedError.
    """
    warehouse = _warehouse(tools, system)
    username = username.strip()
    attempt = Attempt(
        system=system.strip(),
        warehouse=warehouse,
        username=username,
        password=password,
        address=address,
        proof=proof_of(warehouse, username) if warehouse else "",
    )
    prove_login(tools, attempt)
    if warehouse is None:
        raise SignInRefusedError(SignInProblem.REFUSED)
    mark = tools.marks.make(warehouse, password)
    integration = tools.integrations.get(warehouse)
    if integration is None or integration.status is IntegrationStatus.DISCONNECTED or integration.broken_since:
        proposal = Proposal(
            integration_id=warehouse,
            mode=mode,
            wms_username=username,
            wms_password=_sealed(tools, warehouse, password),
            wms_password_mark=mark,
            generation=integration.generation if integration else 0,
            by=username,
            files=integration is not None and integration.attaches,
            also=integration.also_permitted if integration is not None else (),
        )
        return start_consent(tools.consent, proposal)
    integration = _as_known(tools, integration, username, password, address)
    return SignedIn(session=open_session(tools, integration, username), integration=integration)


def open_session(tools: SignInTools | ConsentTools, integration: Integration, username: str) -> Session:
    """Signs a browser in."""
    now = tools.clock()
    session = Session(
        token=tools.new_secret(),
        integration_id=integration.id,
        username=username,
        csrf=tools.new_secret(),
        expires_at=now + SESSION_LIFE,
        generation=integration.generation,
        signed_in_at=now,
    )
    tools.sessions.put_session(session)
    return session


def _warehouse(tools: SignInTools, system: str) -> str | None:
    try:
        parsed = parse_system(system)
    except NotASystemError as error:
        raise SignInRefusedError(
            {
                SystemProblem.EMPTY: SignInProblem.SYSTEM_EMPTY,
                SystemProblem.NOT_AN_ADDRESS: SignInProblem.SYSTEM_NOT_AN_ADDRESS,
                SystemProblem.FOREIGN_HOST: SignInProblem.SYSTEM_FOREIGN_HOST,
            }[error.problem]
        ) from None
    return tools.integrations.warehouse_of(parsed.value) if isinstance(parsed, CustomerId) else parsed.name


def _sealed(tools: SignInTools, warehouse: str, password: str) -> bytes:
    return tools.sealer.prepare(wms_password_context(warehouse))(password.encode())


def _replaces_login(tools: SignInTools, integration: Integration, username: str, password: str) -> bool:
    """The stored login follows the one that was just proven, if it is the same user's or has stopped working."""
    if fold_user(username) != fold_user(integration.wms_username):
        return integration.login_is_refused
    return tools.marks.fits(integration.wms_password_mark, integration.id, password) is not True


def _as_known(tools: SignInTools, integration: Integration, username: str, password: str, address: str) -> Integration:
    """Keeps who has signed in, from where, and the login that was just proven; what is new of it is told."""
    changed, told, now = integration, list[ChangeKind](), tools.clock()
    network = tools.marks.network(integration.id, username, address)
    if network not in integration.networks:
        changed = replace(changed, networks=(*changed.networks, network)[-_MOST_NETWORKS:])
    mark = tools.marks.make(integration.id, password)
    user = fold_user(username)
    if user not in integration.users:
        changed = replace(changed, users=(*changed.users, user)[-_MOST_USERS:])
        if user != fold_user(integration.wms_username):
            told.append(ChangeKind.NEW_USER)
    if _replaces_login(tools, integration, username, password):
        # All sign-ins end too: whoever had the login before may not be who has it now.
        changed = replace(
            changed,
            wms_username=username,
            wms_password=_sealed(tools, integration.id, password),
            wms_password_mark=mark,
            login_at=now,
            generation=integration.generation + 1,
        )
        if integration.wms_password_mark:
            told.append(ChangeKind.LOGIN)
    elif integration.login_is_refused and user == fold_user(integration.wms_username):
        changed = replace(changed, login_at=now)  # Ongoing takes again what it refused
    elif user == fold_user(integration.wms_username):
        changed = replace(changed, wms_password_mark=mark)  # by the newest secret
    if changed == integration:
        return integration
    for kind in told:
        changed = with_change(changed, kind, at=now, by=username)
    changed = replace(changed, version=integration.version + 1)
    try:
        tools.integrations.put(changed)
    except ChangedMeanwhileError:
        return tools.integrations.get(integration.id) or integration
    for kind in told:
        tell_change(tools.notices, integration, kind, at=now, by=username, params={})
    return changed
