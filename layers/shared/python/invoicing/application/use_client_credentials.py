"""An access token by client credentials: idempotent, so there is nothing that could be lost."""

from invoicing.application.token_engine import TokenEngine
from invoicing.domain.errors import UnknownOutcomeError, UnreadableTokensError
from invoicing.domain.tokens import TokenItem, Tokens


def use_client_credentials(engine: TokenEngine, item: TokenItem) -> Tokens:
    """Asks for an access token and stores it.

    Raises GrantRefusedError on a definite no, ClientRefusedError, RetryLaterError, ChangedMeanwhileError.
    """
    seal = engine.sealer.prepare(engine.client_credentials_context(item))
    raw = _ask(engine, item.tenant_id)
    received_at = engine.clock()
    try:
        tokens = engine.oauth.read_tokens(raw, received_at=received_at, needs_refresh_token=False)
    except UnreadableTokensError as error:
        raise UnknownOutcomeError(f"the token answer was unreadable: {error}") from None
    engine.store.save_client_credentials(
        item.integration_id, chain_id=item.chain_id, blob=seal(raw), blob_at=received_at
    )
    engine.report("token_by_client_credentials", {"integration": item.integration_id})
    return tokens


def _ask(engine: TokenEngine, tenant_id: str) -> bytes:
    """Once more when the answer was lost, because asking twice does no harm here."""
    try:
        return engine.oauth.client_credentials(tenant_id)
    except UnknownOutcomeError:
        return engine.oauth.client_credentials(tenant_id)
