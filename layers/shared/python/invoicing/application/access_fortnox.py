"""Gives an access token for one integration: the stored one while it lasts, else a new one.

Service mode asks by client credentials, which can be repeated freely; the refresh chain is the spare.
Personal mode rotates the refresh token each time.
"""

from datetime import timedelta

from invoicing.application.ports import CannotOpenError, ChangedMeanwhileError, GrantRefusedError
from invoicing.application.recover_tokens import settle_dead_chain
from invoicing.application.report_outcome import Outcome, reported
from invoicing.application.rotate_refresh_token import ChainDeadError, rotate_refresh_token
from invoicing.application.token_engine import TokenEngine, raise_if_licence_is_gone
from invoicing.application.use_client_credentials import use_client_credentials
from invoicing.domain.errors import ReconnectRequiredError, RetryLaterError, UnreadableTokensError
from invoicing.domain.tokens import RENEW_WHEN_LEFT, Mode, TokenItem, Tokens, TokenStatus

_STILL_USABLE = timedelta(minutes=1)


def access_token(engine: TokenEngine, integration_id: str, *, refused: str = "") -> str:
    """An access token that should work. `refused` is one that Fortnox has just answered 401 to.

    Raises ReconnectRequiredError when no key works, RetryLaterError when none could be had now, and
    IntegrationHeldError when the company has no licence.
    """
    return reported(engine, "token_access", integration_id, lambda: _serve(engine, integration_id, refused))


def _serve(engine: TokenEngine, integration_id: str, refused: str) -> tuple[str, Outcome]:
    item = engine.store.get(integration_id)
    if item is None or item.status in {TokenStatus.BROKEN, TokenStatus.REVOKED}:
        raise ReconnectRequiredError("no key is stored that could work")
    stored = _stored(engine, item, refused)
    now = engine.clock()
    if stored and stored.expires_at - now > RENEW_WHEN_LEFT:
        return stored.access_token, Outcome.SERVED_STORED
    try:
        tokens, outcome = _renew(engine, item)
    except RetryLaterError:
        if stored and stored.expires_at - now > _STILL_USABLE:
            return stored.access_token, Outcome.SERVED_STORED  # it was ahead of time; there is time for another try
        raise
    except ChangedMeanwhileError:
        return _by_another_worker(engine, integration_id, refused), Outcome.SERVED_STORED
    return tokens.access_token, outcome


def _stored(engine: TokenEngine, item: TokenItem, refused: str) -> Tokens | None:
    """The newest stored access token. None if it is the refused one: an older one would work even less."""
    found: list[Tokens] = []
    for read in (engine.open_client_credentials, engine.open_pair):
        try:
            found.append(read(item))
        except (LookupError, CannotOpenError, UnreadableTokensError):
            continue
    newest = max(found, key=lambda tokens: tokens.expires_at, default=None)
    return None if newest is None or newest.access_token == refused else newest


def _renew(engine: TokenEngine, item: TokenItem) -> tuple[Tokens, Outcome]:
    if item.mode is Mode.SERVICE or item.status is TokenStatus.CC_ONLY:
        try:
            return use_client_credentials(engine, item), Outcome.RENEWED
        except GrantRefusedError as error:
            raise_if_licence_is_gone(error.error)
            if item.status is TokenStatus.CC_ONLY:
                return settle_dead_chain(engine, item, error.error), Outcome.HEALED
    if item.intent is not None:
        raise RetryLaterError("a refresh is under way or its outcome is not known yet")
    if item.is_doubted(engine.clock()):
        raise RetryLaterError("Fortnox refused the keys; they are tried once more before that is believed")
    try:
        return rotate_refresh_token(engine, item), Outcome.RENEWED
    except ChainDeadError as dead:
        return settle_dead_chain(engine, dead.claimed, dead.error), Outcome.HEALED


def _by_another_worker(engine: TokenEngine, integration_id: str, refused: str) -> str:
    """Somebody else renewed meanwhile: theirs is ours."""
    item = engine.store.get(integration_id)
    stored = _stored(engine, item, refused) if item is not None else None
    if stored is None or stored.expires_at - engine.clock() <= _STILL_USABLE:
        raise RetryLaterError("another worker is renewing the keys")
    return stored.access_token
