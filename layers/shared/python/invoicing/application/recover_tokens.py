"""Recovery: what the janitor does with keys whose fate is not known. docs/decisions/0005.

R1  the journal has the next version        → adopt it
R2  client credentials work                 → the integration works from here on
R3  the quarantine is not over              → wait: the lost request may still arrive
R4  probe with the stored refresh token     → 200: it was never spent
R5  refused, and client credentials too     → broken, if that is so again a quarter of an hour later, and unless
                                              Fortnox refuses many integrations at once
R6  broken                                  → one notice with a reactivation link; tried again now and then, because
                                              what Fortnox refused by mistake works again without a human
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NoReturn

from invoicing.application.adopt_from_journal import adopt_from_journal
from invoicing.application.ports import ChangedMeanwhileError, GrantRefusedError
from invoicing.application.report_outcome import Outcome, reported
from invoicing.application.rotate_refresh_token import ChainDeadError, rotate_refresh_token
from invoicing.application.token_engine import DEAD_KEY, TokenEngine, raise_if_licence_is_gone
from invoicing.application.use_client_credentials import use_client_credentials
from invoicing.domain.errors import IntegrationHeldError, ReconnectRequiredError, RetryLaterError
from invoicing.domain.tokens import ASK_AGAIN_AFTER, QUARANTINE, REFRESH_TOKEN_LIFE, TokenItem, Tokens, TokenStatus

MASS_EVENT = 10  # integrations refused within one to two hours: more is an incident at Fortnox or of ours
_LICENCE_AGAIN = timedelta(hours=6)  # the spare of a company without a licence
_BROKEN_AGAIN = timedelta(hours=6)

type FollowKeys = Callable[[str], None]  # holds or releases the integration with this id


def recover_tokens(engine: TokenEngine, integration_id: str, follow_keys: FollowKeys) -> None:
    """Looks at one item that is due, and does the next step for it. Safe to repeat and to run twice at once.

    Raises RetryLaterError and ClientRefusedError; the item stays due.
    """
    reported(engine, "token_recovery", integration_id, lambda: (None, _recover(engine, integration_id, follow_keys)))


def _recover(engine: TokenEngine, integration_id: str, follow_keys: FollowKeys) -> Outcome:
    item = engine.store.get(integration_id)
    if item is None or item.status is TokenStatus.REVOKED:
        return Outcome.NOTHING_TO_DO
    try:
        if item.status is TokenStatus.BROKEN:
            return _try_broken_again(engine, item, follow_keys)
        if item.intent is not None:
            return _find_out(engine, item)
        if item.refused_at is not None and item.status is not TokenStatus.UNCERTAIN:
            follow_keys(integration_id)  # refused before, and it works
            due_at = None if item.status is TokenStatus.CC_ONLY else engine.next_rotation()
            _mark(engine, item, item.status, due_at=due_at, refused_at=None)
            return Outcome.HEALED
        if item.status is not TokenStatus.CC_ONLY:
            outcome = _rotate(engine, item)
            follow_keys(integration_id)  # it may be held from when they were missing
            return outcome
        follow_keys(integration_id)  # as above: these came back out of a backup
        _mark(engine, item, TokenStatus.CC_ONLY, due_at=None, refused_at=None)  # needs no janitor
    except ReconnectRequiredError:
        return _recover(engine, integration_id, follow_keys)
    except IntegrationHeldError as held:
        engine.report("token_held", {"integration": integration_id, "reason": held.issue.code})
        return Outcome.HELD
    except ChangedMeanwhileError:
        pass  # somebody else is at it, or a new consent came
    return Outcome.NOTHING_TO_DO


def settle_dead_chain(engine: TokenEngine, item: TokenItem, error: str) -> Tokens:
    """Fortnox refused the newest key of a chain: R1, R2, and only then R5.

    Raises ReconnectRequiredError when the integration is broken now, RetryLaterError when that is not certain,
    IntegrationHeldError when the company has no licence.
    """
    adopted = adopt_from_journal(engine, item)
    if adopted is not None:
        return engine.open_pair(adopted)
    if error not in DEAD_KEY:
        _refused_for_now(engine, item, error)
    try:
        tokens = use_client_credentials(engine, item)
    except GrantRefusedError as refused:
        if refused.error not in DEAD_KEY:
            _refused_for_now(engine, item, refused.error)
        _declare_broken(engine, item, error)
    due_at = engine.clock() if item.refused_at is not None else None
    _mark(engine, item, TokenStatus.CC_ONLY, due_at=due_at, refused_at=item.refused_at)
    engine.report("token_healed_by_client_credentials", {"integration": item.integration_id})
    return tokens


def _declare_broken(engine: TokenEngine, item: TokenItem, error: str) -> NoReturn:
    """R5. Every key is refused: believed only if it was so before, and not of everybody."""
    now = engine.clock()
    refused = engine.store.count_refused(item.integration_id, now=now)
    since = item.refused_at or now
    if now < since + ASK_AGAIN_AFTER:
        _mark(engine, item, TokenStatus.UNCERTAIN, due_at=since + ASK_AGAIN_AFTER, refused_at=since)
        engine.report("token_refused_once", {"integration": item.integration_id, "reason": error})
        raise RetryLaterError("Fortnox refuses the keys; they are tried once more before that is believed")
    if refused > MASS_EVENT:
        _mark(engine, item, TokenStatus.UNCERTAIN, due_at=now + ASK_AGAIN_AFTER, refused_at=since)
        engine.report("token_mass_refusal", {"integration": item.integration_id, "reason": error})
        raise RetryLaterError("Fortnox refuses many integrations at once: none is declared broken")
    if not _mark(engine, item, TokenStatus.BROKEN, due_at=now, refused_at=now):
        raise RetryLaterError("the keys changed while they were being declared dead")
    engine.report("token_dead", {"integration": item.integration_id, "reason": error})
    raise ReconnectRequiredError("Fortnox refuses the refresh token and client credentials")


def _try_broken_again(engine: TokenEngine, item: TokenItem, follow_keys: FollowKeys) -> Outcome:
    """Tells of it, and tries the keys now and then until Fortnox has forgotten them."""
    follow_keys(item.integration_id)
    now = engine.clock()
    again_at = (item.refused_at or now) + _BROKEN_AGAIN
    if now < again_at:
        forgotten = again_at > item.blob_at + REFRESH_TOKEN_LIFE
        due_at = None if forgotten else again_at
        _mark(engine, item, TokenStatus.BROKEN, due_at=due_at, refused_at=item.refused_at or now)
        return Outcome.NEEDS_HUMAN
    if adopt_from_journal(engine, item) is not None:
        return Outcome.HEALED
    if not _mark(engine, item, TokenStatus.UNCERTAIN, due_at=now, refused_at=item.refused_at):
        return Outcome.NOTHING_TO_DO  # somebody else is at it
    _rotate(engine, item)
    return Outcome.HEALED


def _refused_for_now(engine: TokenEngine, item: TokenItem, error: str) -> NoReturn:
    """A no that says nothing about the key. Nothing was spent, so the attempt is over."""
    _settle_later(engine, item, engine.clock() + _LICENCE_AGAIN)
    raise_if_licence_is_gone(error)
    raise RetryLaterError(f"Fortnox refused the keys for now: {error}")


def _settle_later(engine: TokenEngine, item: TokenItem, due_at: datetime) -> None:
    """Ends an attempt whose token certainly was not spent by it."""
    if item.intent is not None:
        engine.store.release(item.integration_id, owner=item.lease_owner, epoch=item.epoch, ver=item.ver, due_at=due_at)


def _find_out(engine: TokenEngine, item: TokenItem) -> Outcome:
    """R1 to R4 for an attempt that nobody finished."""
    assert item.intent is not None  # noqa: S101 - the caller asked
    now = engine.clock()
    # Until the lease ends its holder may send, whatever it planned: only then does the request start to grow old.
    sent_by = max(item.intent.deadline, item.lease_until or item.intent.deadline)
    if now < sent_by:
        return Outcome.RETRY_LATER  # it may still be alive
    unsettled = int((now - item.intent.deadline).total_seconds())
    engine.report("token_unsettled", {"integration": item.integration_id, "seconds": unsettled})
    if adopt_from_journal(engine, item) is not None:
        return Outcome.HEALED
    quarantine_over = sent_by + QUARANTINE
    if now < quarantine_over:
        engine.store.mark(
            item.integration_id,
            TokenStatus.UNCERTAIN,
            chain_id=item.chain_id,
            ver=item.ver,
            epoch=item.epoch,
            due_at=quarantine_over,
            refused_at=item.refused_at,
        )
        return Outcome.RETRY_LATER
    engine.store.release(
        item.integration_id, owner=item.lease_owner, epoch=item.epoch, ver=item.ver, due_at=engine.clock()
    )
    fresh = engine.store.get(item.integration_id)
    if fresh is None or fresh.intent is not None:
        return Outcome.NOTHING_TO_DO  # somebody else is at it
    if _rotate(engine, fresh) is Outcome.RENEWED:
        engine.report("token_healed_by_probe", {"integration": item.integration_id})
    return Outcome.HEALED


def _rotate(engine: TokenEngine, item: TokenItem) -> Outcome:
    try:
        rotate_refresh_token(engine, item)
    except ChainDeadError as dead:
        settle_dead_chain(engine, dead.claimed, dead.error)
        return Outcome.HEALED
    return Outcome.RENEWED


def _mark(
    engine: TokenEngine,
    item: TokenItem,
    status: TokenStatus,
    *,
    due_at: datetime | None,
    refused_at: datetime | None,
) -> bool:
    """What is known now, which ends the attempt. `due_at` None: nobody needs to look at it any more."""
    return engine.store.mark(
        item.integration_id,
        status,
        chain_id=item.chain_id,
        ver=item.ver,
        epoch=item.epoch,
        due_at=due_at,
        refused_at=refused_at,
        drop_intent=True,
    )
