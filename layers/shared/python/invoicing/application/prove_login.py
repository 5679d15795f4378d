"""Asks Ongoing whether somebody is who they say they are, so that guessing is slow and locks nobody out.

Each try is counted before Ongoing is asked, and taken back when it was right. What is counted decides who waits
(docs/decisions/0004): a browser that has signed in as this user before, or a link of ours, is counted by itself, so
that what strangers try never refuses it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from unicodedata import category

from invoicing.application.ports import Clock, Integrations, Marks, Notices, Sessions, WmsInvoices
from invoicing.application.tell_not_understood import not_understood_issue, tell_not_understood
from invoicing.domain.errors import RetryLaterError, UpstreamContractError, WmsLoginRefusedError, WmsNotUnderstoodError
from invoicing.domain.login_name import fold_user, network_of
from invoicing.domain.session import TryLimit
from invoicing.domain.wms_invoice import WmsLogin

REFUSAL_STEP = 1.0  # seconds: a refusal comes at a whole multiple of it, and Ongoing needs less for most
_QUARTER = timedelta(minutes=15)
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
class ProofTools:
    """What proving a login works with."""

    integrations: Integrations
    notices: Notices
    sessions: Sessions
    wms: WmsInvoices
    marks: Marks
    clock: Clock
    sleep: Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try. `warehouse` is None for a customer id that is in no directory; `system` is what was written."""

    system: str
    warehouse: str | None
    username: str
    password: str
    address: str  # of the browser, in the network
    proof: str = ""  # what this browser showed of an earlier sign-in or a link of ours; itself secret


def prove_login(tools: ProofTools, attempt: Attempt) -> None:
    """Returns if Ongoing accepts it. Raises SignInRefusedError."""
    _check_fields(attempt)
    started = tools.clock()
    limits = _limits(attempt, from_known_network=_is_from_known_network(tools, attempt))
    _count(tools, limits, started)
    try:
        _ask(tools, attempt)
    except WmsLoginRefusedError:
        spent = (tools.clock() - started).total_seconds()
        tools.sleep(REFUSAL_STEP - spent % REFUSAL_STEP)
        raise SignInRefusedError(SignInProblem.REFUSED) from None
    except WmsNotUnderstoodError as error:
        # By no system: whoever makes up names of systems fills no mailbox.
        issue = not_understood_issue(attempt.warehouse or attempt.system, error)
        tell_not_understood(tools.notices, issue, of_whom="login", now=tools.clock())
        raise SignInRefusedError(SignInProblem.WMS_NOT_UNDERSTOOD) from error
    except (RetryLaterError, UpstreamContractError) as error:
        raise SignInRefusedError(SignInProblem.WMS_NOT_ANSWERING) from error
    own, *shared = limits
    tools.sessions.forget_tries(own.key)
    for limit in shared:
        tools.sessions.take_back_try(limit.key, now=started)


def _check_fields(attempt: Attempt) -> None:
    if not attempt.username:
        raise SignInRefusedError(SignInProblem.USERNAME_EMPTY)
    if not attempt.password:
        raise SignInRefusedError(SignInProblem.PASSWORD_EMPTY)
    for text in (attempt.username, attempt.password):
        if len(text) > 50 or any(category(letter) in {"Cc", "Cs", "Cn"} for letter in text):  # 50 is Ongoing's limit
            raise SignInRefusedError(SignInProblem.NO_LOGIN)


def _limits(attempt: Attempt, *, from_known_network: bool) -> Sequence[TryLimit]:
    """What a try is counted by, its own first.

    The last two are shared with strangers, so they only set a pace that no office notices: a hundred guesses an hour
    at one user, a thousand at one system, from however many networks. A network from which this user has signed in
    before shares nothing with them.
    """
    if attempt.proof:
        return [TryLimit(key=f"proof#{attempt.proof}", free=8, longest=_QUARTER)]
    system = attempt.warehouse or attempt.system
    user, network = fold_user(attempt.username), network_of(attempt.address)
    own = [
        TryLimit(key=f"user-from#{system}#{user}#{network}", free=4, longest=_QUARTER),
        TryLimit(key=f"network#{network}", free=20, longest=_QUARTER),
    ]
    if from_known_network:
        return own
    return [
        *own,
        TryLimit(key=f"user#{system}#{user}", free=100, longest=timedelta(minutes=1)),
        TryLimit(key=f"system#{system}", free=1000, longest=timedelta(seconds=15)),
    ]


def _is_from_known_network(tools: ProofTools, attempt: Attempt) -> bool:
    integration = tools.integrations.get(attempt.warehouse) if attempt.warehouse and not attempt.proof else None
    return (
        integration is not None
        and tools.marks.network(integration.id, attempt.username, attempt.address) in integration.networks
    )


def _count(tools: ProofTools, limits: Sequence[TryLimit], now: datetime) -> None:
    """Counts the try everywhere, or nowhere if it must wait."""
    counted: list[TryLimit] = []
    for limit in limits:
        wait = tools.sessions.count_try(limit, now=now)
        if wait:
            for before in counted:
                tools.sessions.take_back_try(before.key, now=now)
            raise SignInRefusedError(SignInProblem.TOO_MANY_TRIES, wait=wait)
        counted.append(limit)


def _ask(tools: ProofTools, attempt: Attempt) -> None:
    if attempt.warehouse is None or _is_surely_wrong(tools, attempt, attempt.warehouse):
        tools.wms.check_login(_NOBODY)
        raise WmsLoginRefusedError("no such customer id, or not the password that works")
    login = WmsLogin(warehouse=attempt.warehouse, username=attempt.username, password=attempt.password)
    tools.wms.check_login(login)


def _is_surely_wrong(tools: ProofTools, attempt: Attempt, warehouse: str) -> bool:
    """Whether it is a stranger's guess at the very user that our runs sign in as, whose password works.

    Such a guess never reaches Ongoing, which might lock that user, and stop the invoices. If the password was changed
    in Ongoing, the next run is refused there, and from then on Ongoing is asked.
    """
    if attempt.proof:
        return False
    integration = tools.integrations.get(warehouse)
    return (
        integration is not None
        and integration.runs
        and not integration.login_is_refused
        and fold_user(attempt.username) == fold_user(integration.wms_username)
        and tools.marks.fits(integration.wms_password_mark, warehouse, attempt.password) is False
    )
