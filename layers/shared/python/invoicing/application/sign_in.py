"""The landing page's form: checks a WMS login, then signs in or leads on to Fortnox."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from unicodedata import category

from invoicing.application.ports import (
    ChangedMeanwhileError,
    Clock,
    Integrations,
    Notices,
    Sealer,
    Sessions,
    WmsInvoices,
)
from invoicing.application.start_consent import ConsentStarted, ConsentTools, start_consent
from invoicing.application.tell_not_understood import not_understood_issue, tell_not_understood
from invoicing.application.wms_login import wms_password_context
from invoicing.domain.errors import (
    RetryLaterError,
    UpstreamContractError,
    WmsLoginRefusedError,
    WmsNotUnderstoodError,
)
from invoicing.domain.integration import Integration, IntegrationStatus
from invoicing.domain.issue import IssueCode
from invoicing.domain.session import Session
from invoicing.domain.system import CustomerId, NotASystemError, SystemProblem, parse_system
from invoicing.domain.tokens import Mode
from invoicing.domain.wms_invoice import WmsLogin

SESSION_LIFE = timedelta(hours=8)
REFUSAL_STEP = 0.5  # seconds: a refusal comes at a whole multiple of it, so that its speed tells nothing
_FREE_OF_USER, _FREE_OF_SYSTEM, _FREE_OF_ADDRESS = 4, 20, 20  # tries within an hour
_LONGEST_WAIT = timedelta(minutes=15)
# Asked in place of a system that we do not know, so that its refusal takes the way, and the time, of all others.
_NOBODY = WmsLogin(warehouse="unknown-customer-id", username="nobody", password="none")  # noqa: S106 - opens nothing


class SignInProblem(StrEnum):
    """Why the form was not accepted; the page says it in a sentence."""

    SYSTEM_EMPTY = "system_empty"
    SYSTEM_NOT_AN_ADDRESS = "system_not_an_address"
    SYSTEM_FOREIGN_HOST = "system_foreign_host"
    USERNAME_EMPTY = "username_empty"
    PASSWORD_EMPTY = "password_empty"  # noqa: S105 - a problem, not a password
    NO_LOGIN = "no_login"  # longer than a login can be, or with characters that no message to Ongoing can carry
    REFUSED = "refused"  # system, username or password; which one is not told
    WMS_NOT_ANSWERING = "wms_not_answering"
    WMS_NOT_UNDERSTOOD = "wms_not_understood"
    TOO_MANY_TRIES = "too_many_tries"


class SignInRefusedError(Exception):
    """The form goes back to the user. `wait` is set for TOO_MANY_TRIES."""

    def __init__(self, problem: SignInProblem, *, wait: timedelta = timedelta(0)) -> None:
        super().__init__(problem)
        self.problem = problem
        self.wait = wait


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInTools:
    """What signing in works with."""

    consent: ConsentTools
    integrations: Integrations
    notices: Notices
    sessions: Sessions
    sealer: Sealer
    wms: WmsInvoices
    clock: Clock
    sleep: Callable[[float], None]
    new_secret: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """The system has an integration: its operator is signed in."""

    session: Session
    integration: Integration


def sign_in(
    tools: SignInTools, *, system: str, username: str, password: str, address: str, mode: Mode
) -> SignedIn | ConsentStarted:
    """Right credentials of a system with a working integration sign in; of any other system start a consent.

    `address` is the network address of the browser. Raises SignInRefusedError.
    """
    started = tools.clock()
    warehouse = _warehouse(tools, system)
    username = username.strip()
    _check_fields(username, password)
    throttles = _throttles(warehouse or system.strip(), username, address)
    _check_throttles(tools, throttles, started)
    try:
        if warehouse is None:
            tools.wms.check_login(_NOBODY)
            raise WmsLoginRefusedError("no such customer id")
        tools.wms.check_login(WmsLogin(warehouse=warehouse, username=username, password=password))
    except WmsLoginRefusedError:
        tools.sessions.count_failure(list(throttles), now=started)
        spent = (tools.clock() - started).total_seconds()
        tools.sleep(REFUSAL_STEP - spent % REFUSAL_STEP)
        raise SignInRefusedError(SignInProblem.REFUSED) from None
    except WmsNotUnderstoodError as error:
        # By no system: whoever makes up names of systems fills no mailbox.
        issue = not_understood_issue(warehouse or system.strip(), error)
        tell_not_understood(tools.notices, issue, of_whom="login", now=tools.clock())
        raise SignInRefusedError(SignInProblem.WMS_NOT_UNDERSTOOD) from error
    except (RetryLaterError, UpstreamContractError) as error:
        raise SignInRefusedError(SignInProblem.WMS_NOT_ANSWERING) from error
    tools.sessions.clear_failures(list(throttles)[:1])  # the user's own

    seal = tools.sealer.prepare(wms_password_context(warehouse))
    sealed = seal(password.encode())
    integration = tools.integrations.get(warehouse)
    if integration is None or integration.status is IntegrationStatus.DISCONNECTED or integration.broken_since:
        return start_consent(
            tools.consent, integration_id=warehouse, wms_username=username, wms_password=sealed, mode=mode
        )
    integration = _with_new_password(tools, integration, username, sealed)
    return SignedIn(session=open_session(tools, warehouse, username), integration=integration)


def open_session(tools: SignInTools | ConsentTools, integration_id: str, username: str) -> Session:
    """Signs a browser in."""
    session = Session(
        token=tools.new_secret(),
        integration_id=integration_id,
        username=username,
        csrf=tools.new_secret(),
        expires_at=tools.clock() + SESSION_LIFE,
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


def _check_fields(username: str, password: str) -> None:
    if not username:
        raise SignInRefusedError(SignInProblem.USERNAME_EMPTY)
    if not password:
        raise SignInRefusedError(SignInProblem.PASSWORD_EMPTY)
    for text in (username, password):
        if len(text) > 50 or any(category(letter) in {"Cc", "Cs", "Cn"} for letter in text):  # 50 is Ongoing's limit
            raise SignInRefusedError(SignInProblem.NO_LOGIN)


def _throttles(system: str, username: str, address: str) -> Mapping[str, int]:
    """What failed tries are counted by, with how many of them are free."""
    return {
        f"user#{system}#{username.lower()}": _FREE_OF_USER,
        f"system#{system}": _FREE_OF_SYSTEM,
        f"address#{address}": _FREE_OF_ADDRESS,
    }


def _check_throttles(tools: SignInTools, throttles: Mapping[str, int], now: datetime) -> None:
    """Each failure beyond the free ones doubles the wait, per user, system and address."""
    for key, (count, last) in tools.sessions.failures(list(throttles), now=now).items():
        over = count - throttles[key]
        if over >= 0:
            wait = min(timedelta(seconds=2 ** min(over, 12)), _LONGEST_WAIT)
            if now < last + wait:
                raise SignInRefusedError(SignInProblem.TOO_MANY_TRIES, wait=last + wait - now)


def _with_new_password(tools: SignInTools, integration: Integration, username: str, sealed: bytes) -> Integration:
    """The stored login follows the one that was just proven, if it is the same user's or has stopped working."""
    refused = (
        integration.last_run is not None
        and integration.last_run.problem is not None
        and integration.last_run.problem.code is IssueCode.WMS_LOGIN_REFUSED
    )
    if username != integration.wms_username and not refused:
        return integration
    changed = replace(integration, wms_username=username, wms_password=sealed, version=integration.version + 1)
    try:
        tools.integrations.put(changed)
    except ChangedMeanwhileError:
        return integration
    return changed
