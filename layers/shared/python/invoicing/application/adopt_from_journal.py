"""R1 of recovery: answers that reached the journal and not the table. docs/decisions/0005."""

from invoicing.application.ports import CannotOpenError
from invoicing.application.token_engine import TokenEngine
from invoicing.domain.errors import UnreadableTokensError
from invoicing.domain.tokens import TokenItem


def adopt_from_journal(engine: TokenEngine, item: TokenItem) -> TokenItem | None:
    """Brings the table to the newest version that the journal has of this chain; None if it has no newer one.

    One version is missing after a save that failed, many after a backup was restored. Using the stored refresh token
    instead would be using a spent one, which may end the whole chain. Raises RetryLaterError, ChangedMeanwhileError.
    """
    newest: TokenItem | None = None
    while (next_one := _adopt_next(engine, newest or item)) is not None:
        newest = next_one
    return newest


def _adopt_next(engine: TokenEngine, item: TokenItem) -> TokenItem | None:
    ver = item.ver + 1
    for entry in engine.journal.find(item.integration_id, item.chain_id, ver):
        try:
            raw = engine.sealer.open(entry.blob, engine.chain_context(item.integration_id, item.chain_id, ver))
            engine.oauth.read_tokens(raw, received_at=entry.received_at, needs_refresh_token=True)
        except (CannotOpenError, UnreadableTokensError):
            continue  # kept as evidence
        adopted = engine.store.save_rotation(
            item.integration_id,
            chain_id=item.chain_id,
            ver=item.ver,
            attempt_id=entry.attempt_id,
            blob=entry.blob,
            blob_at=entry.received_at,
            due_at=engine.next_look(item),
        )
        engine.report("token_healed_by_journal", {"integration": item.integration_id, "version": str(ver)})
        return adopted
    return None
