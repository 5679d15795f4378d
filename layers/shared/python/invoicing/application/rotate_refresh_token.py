"""One rotation of a refresh token, step by step. docs/decisions/0005 has the reasons and the failure points.

1 pre-flight   newest version, time left, data key, journal takes writes   failing here costs nothing
2 claim        lease, epoch + 1 and intent in one write    one winner
3 POST         once, on a fresh connection                 Fortnox commits before we can know
4 seal         the raw bytes, before anything looks at them
5 save         journal and store side by side              one of them is enough; again while time is left
6 use          only when at least one is durable
7 give up      marks only with our epoch                   a loser changes nothing
"""

import base64
from datetime import timedelta

from invoicing.application.adopt_from_journal import adopt_from_journal
from invoicing.application.ports import (
    ChangedMeanwhileError,
    ClientRefusedError,
    GrantRefusedError,
    JournalEntry,
)
from invoicing.application.token_engine import PAD_SECONDS, POST_SECONDS, SAVE_SECONDS, TokenEngine
from invoicing.domain.errors import (
    InvoicingError,
    NotSentError,
    RateLimitedError,
    RetryLaterError,
    UnknownOutcomeError,
    UnreadableTokensError,
)
from invoicing.domain.tokens import Intent, TokenItem, Tokens, TokenStatus

_SAVE_ROUNDS = 3  # each with the repeats of the stores themselves


class ChainDeadError(Exception):
    """Fortnox refused the newest refresh token. Carries the item under our lease, for recovery to settle."""

    def __init__(self, claimed: TokenItem, error: str) -> None:
        super().__init__(error)
        self.claimed = claimed
        self.error = error


def rotate_refresh_token(engine: TokenEngine, item: TokenItem) -> Tokens:
    """Uses the stored refresh token and stores the pair that it gives.

    Raises RetryLaterError when nothing was spent or the outcome is unknown (then recovery finds out),
    ChangedMeanwhileError when somebody else is at it, ChainDeadError, ClientRefusedError.
    """
    item = adopt_from_journal(engine, item) or item
    needed = (POST_SECONDS + SAVE_SECONDS + PAD_SECONDS).total_seconds()
    if engine.seconds_left() < needed:
        raise RetryLaterError("too little time left to rotate a refresh token")
    attempt_id = engine.new_id()
    ver = item.ver + 1
    refresh_token = engine.open_pair(item).refresh_token
    seal = engine.sealer.prepare(engine.chain_context(item.integration_id, item.chain_id, ver))
    engine.journal.record_intent(item.integration_id, item.chain_id, ver, attempt_id)

    claimed = _claim(engine, item, attempt_id)
    if engine.seconds_left() < needed - PAD_SECONDS.total_seconds():
        _release(engine, item, claimed)
        raise RetryLaterError("too little time left after the claim")
    raw = _post(engine, item, claimed, refresh_token)

    sealed = seal(raw)
    received_at = engine.clock()
    entry = JournalEntry(attempt_id=attempt_id, blob=sealed, received_at=received_at)
    try:
        tokens = engine.oauth.read_tokens(raw, received_at=received_at, needs_refresh_token=True)
    except UnreadableTokensError as error:
        return _keep_unreadable(engine, claimed, entry, str(error))

    journal_error, store_error = _save(engine, claimed, entry)
    if journal_error and store_error and not isinstance(store_error, ChangedMeanwhileError):
        _third_sink(engine, claimed, entry)
        raise UnknownOutcomeError("neither journal nor store took the new pair; its ciphertext is in the log")
    engine.report(
        "token_rotated",
        {
            "integration": claimed.integration_id,
            "version": str(ver),
            "journal": _name(journal_error),
            "store": _name(store_error),
        },
    )
    if isinstance(store_error, ChangedMeanwhileError):
        _revoke_if_disconnected(engine, claimed, tokens)
        raise store_error  # a new consent replaced the chain: its keys are the ones to use
    return tokens


def _claim(engine: TokenEngine, item: TokenItem, attempt_id: str) -> TokenItem:
    now = engine.clock()
    return engine.store.claim(
        item.integration_id,
        chain_id=item.chain_id,
        ver=item.ver,
        intent=Intent(attempt_id=attempt_id, from_ver=item.ver, deadline=now + POST_SECONDS),
        owner=attempt_id,
        lease_until=now + timedelta(seconds=engine.seconds_left()) + PAD_SECONDS,
        now=now,
    )


def _post(engine: TokenEngine, item: TokenItem, claimed: TokenItem, refresh_token: str) -> bytes:
    try:
        return engine.oauth.refresh(refresh_token)
    except (NotSentError, RateLimitedError, ClientRefusedError) as error:
        # Certainly not spent: clear the intent, so that the next try need not wait.
        _release(engine, item, claimed)
        _reported(engine, claimed, "token_not_spent", error)
        raise
    except GrantRefusedError as error:
        _reported(engine, claimed, "token_refused", error)
        raise ChainDeadError(claimed, error.error) from None
    except UnknownOutcomeError as error:
        _mark_uncertain(engine, claimed)
        _reported(engine, claimed, "token_outcome_unknown", error)
        raise


def _save(engine: TokenEngine, claimed: TokenItem, entry: JournalEntry) -> tuple[Exception | None, Exception | None]:
    """Both writes, until one of them succeeded, a few rounds are over or time runs out. Gives what each raised."""
    for _ in range(_SAVE_ROUNDS):
        journal_error, store_error = engine.both(
            lambda: engine.journal.record(claimed.integration_id, claimed.chain_id, claimed.ver + 1, entry),
            lambda: engine.store.save_rotation(
                claimed.integration_id,
                chain_id=claimed.chain_id,
                ver=claimed.ver,
                attempt_id=entry.attempt_id,
                blob=entry.blob,
                blob_at=entry.received_at,
                due_at=engine.next_look(claimed),
            ),
        )
        replaced = isinstance(store_error, ChangedMeanwhileError)
        too_late = engine.seconds_left() < (SAVE_SECONDS + PAD_SECONDS).total_seconds()
        if not (journal_error and store_error) or replaced or too_late:
            break
    return journal_error, store_error


def _keep_unreadable(engine: TokenEngine, claimed: TokenItem, entry: JournalEntry, reason: str) -> Tokens:
    """A 200 that holds no pair: kept in the journal as evidence, the stored pair stays, recovery finds out."""
    try:
        engine.journal.record(claimed.integration_id, claimed.chain_id, claimed.ver + 1, entry)
    except InvoicingError:
        _third_sink(engine, claimed, entry)
    unknown = UnknownOutcomeError(f"the token answer was unreadable: {reason}")
    _mark_uncertain(engine, claimed)
    _reported(engine, claimed, "token_outcome_unknown", unknown)
    raise unknown


def _revoke_if_disconnected(engine: TokenEngine, claimed: TokenItem, tokens: Tokens) -> None:
    """Disconnecting revoked the pair that was stored; the one that arrives afterwards must not outlive it."""
    try:
        item = engine.store.get(claimed.integration_id)
        if item is not None and item.status is TokenStatus.REVOKED:
            engine.oauth.revoke(tokens.refresh_token)
    except InvoicingError as error:
        _reported(engine, claimed, "revoke_failed", error)  # unused, it dies in 45 days


def _release(engine: TokenEngine, item: TokenItem, claimed: TokenItem) -> None:
    """Gives the token back unspent. It is due when it was before: what was to be looked at still is."""
    doubted_meanwhile = claimed.status is TokenStatus.UNCERTAIN
    due_at = engine.clock() if doubted_meanwhile else item.due_at or engine.next_rotation()
    try:
        engine.store.release(
            claimed.integration_id,
            owner=claimed.lease_owner,
            epoch=claimed.epoch,
            ver=claimed.ver,
            due_at=due_at,
        )
    except InvoicingError as error:
        # The intent stays and its lease runs out; recovery probes. Nothing is lost.
        _reported(engine, claimed, "token_release_failed", error)


def _mark_uncertain(engine: TokenEngine, claimed: TokenItem) -> None:
    try:
        engine.store.mark(
            claimed.integration_id,
            TokenStatus.UNCERTAIN,
            chain_id=claimed.chain_id,
            ver=claimed.ver,
            epoch=claimed.epoch,
            due_at=claimed.lease_until,
            refused_at=claimed.refused_at,
        )
    except InvoicingError as error:
        # The intent alone makes recovery look.
        _reported(engine, claimed, "token_mark_failed", error)


def _third_sink(engine: TokenEngine, claimed: TokenItem, entry: JournalEntry) -> None:
    """The last place that bytes can go: one log line of ciphertext. docs/runbooks/token-third-sink.md."""
    engine.report(
        "token_third_sink",
        {
            "integration": claimed.integration_id,
            "chain": claimed.chain_id,
            "version": str(claimed.ver + 1),
            "attempt": entry.attempt_id,
            "received_at": entry.received_at.isoformat(),
            "ciphertext": base64.b64encode(entry.blob).decode(),
        },
    )


def _reported(engine: TokenEngine, claimed: TokenItem, event: str, error: Exception) -> None:
    engine.report(
        event,
        {
            "integration": claimed.integration_id,
            "version": str(claimed.ver),
            "reason": f"{type(error).__name__}: {error}",
        },
    )


def _name(error: Exception | None) -> str:
    return "saved" if error is None else type(error).__name__
