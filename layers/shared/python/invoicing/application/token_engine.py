"""The parts that every step of the token protocol shares. docs/decisions/0005."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from invoicing.application.ports import (
    Clock,
    FortnoxOAuth,
    Report,
    Sealer,
    SecondsLeft,
    TokenJournal,
    TokenStore,
)
from invoicing.domain.errors import IntegrationHeldError
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.tokens import ROTATE_SPARE_EVERY, TokenItem, Tokens

type Both = Callable[[Callable[[], object], Callable[[], object]], tuple[Exception | None, Exception | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEngine:
    """What the protocol works with. `both` runs two writes side by side and gives what each raised."""

    store: TokenStore
    journal: TokenJournal
    sealer: Sealer
    oauth: FortnoxOAuth
    clock: Clock
    seconds_left: SecondsLeft
    new_id: Callable[[], str]
    both: Both
    report: Report

    def chain_context(self, integration_id: str, chain_id: str, ver: int) -> Mapping[str, str]:
        """What a pair of the chain is sealed for: no other environment, integration or version can open it."""
        return {
            "integration": integration_id,
            "chain": chain_id,
            "version": str(ver),
        }

    def client_credentials_context(self, item: TokenItem) -> Mapping[str, str]:
        """What an access token by client credentials is sealed for."""
        return {
            "integration": item.integration_id,
            "chain": item.chain_id,
            "version": "client-credentials",
        }

    def open_pair(self, item: TokenItem) -> Tokens:
        """The stored pair. Raises CannotOpenError, UnreadableTokensError, RetryLaterError; LookupError if none."""
        if item.blob is None:
            raise LookupError("no pair is stored")
        raw = self.sealer.open(item.blob, self.chain_context(item.integration_id, item.chain_id, item.ver))
        return self.oauth.read_tokens(raw, received_at=item.blob_at, needs_refresh_token=True)

    def open_client_credentials(self, item: TokenItem) -> Tokens:
        """The stored access token by client credentials. Raises like `open_pair`."""
        if item.cc_blob is None or item.cc_blob_at is None:
            raise LookupError("no token by client credentials is stored")
        raw = self.sealer.open(item.cc_blob, self.client_credentials_context(item))
        return self.oauth.read_tokens(raw, received_at=item.cc_blob_at, needs_refresh_token=False)

    def next_rotation(self) -> datetime:
        """When the chain must be rotated even if nobody uses it: long before its 45 days are over."""
        return self.clock() + ROTATE_SPARE_EVERY

    def next_look(self, item: TokenItem) -> datetime:
        """When the janitor looks at a chain that was just rotated: at once if it was refused before."""
        return self.next_rotation() if item.refused_at is None else self.clock()


# Codes of the token endpoint that say that a key is dead. Anything else is a no for now that a new consent
# would not cure.
DEAD_KEY = frozenset({"invalid_grant", "access_denied", "unauthorized_client", "consent_required"})
_LICENCE_GONE = frozenset({"error_missing_license", "error_missing_app_license"})


def raise_if_licence_is_gone(error: str) -> None:
    """The company lost its licence at Fortnox: the keys are good again as soon as it has one.

    Raises IntegrationHeldError.
    """
    if error in _LICENCE_GONE:
        raise IntegrationHeldError(Issue(code=IssueCode.LICENCE_MISSING, params={"message": error}))


POST_SECONDS = timedelta(seconds=15)  # the whole request, given up then
SAVE_SECONDS = timedelta(seconds=10)  # both writes with their retries
PAD_SECONDS = timedelta(seconds=5)  # clocks and scheduling
