"""Keys to Fortnox: what one integration holds, and what the protocol around them counts with.

An access token lives 60 minutes. A refresh token works once: using it gives a new pair and kills the old
one. docs/decisions/0005 tells how none is lost.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

REFRESH_TOKEN_LIFE = timedelta(days=45)  # Fortnox's page on authorization
ROTATE_SPARE_EVERY = timedelta(days=7)
RENEW_WHEN_LEFT = timedelta(minutes=20)  # an access token with less left is renewed before use
QUARANTINE = timedelta(seconds=120)  # how long a request may still be on its way after its deadline
ASK_AGAIN_AFTER = timedelta(minutes=15)  # a refusal of every key is believed when it is repeated then


class Mode(StrEnum):
    """What the company approved."""

    SERVICE = "service"  # client credentials work; the refresh chain is a warm spare
    PERSONAL = "personal"  # only the refresh chain


class TokenStatus(StrEnum):
    """What is known about an integration's keys."""

    ACTIVE = "active"
    UNCERTAIN = "uncertain"  # the outcome of a refresh, or whether a refusal was meant, is not known yet
    CC_ONLY = "cc_only"  # the refresh chain is dead; client credentials work
    BROKEN = "broken"  # nothing works; an administrator must approve again
    REVOKED = "revoked"  # disconnected on purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A refresh that is about to be sent, or was sent with an unknown outcome."""

    attempt_id: str
    from_ver: int
    deadline: datetime  # the request is given up by then


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenItem:
    """What is stored for one integration. `blob` and `cc_blob` are sealed answers of the token endpoint."""

    integration_id: str
    chain_id: str  # new at each consent
    ver: int  # grows by one with each rotation of the chain
    mode: Mode
    status: TokenStatus
    tenant_id: str
    blob: bytes | None = field(repr=False)
    blob_at: datetime  # when the answer in `blob` was received
    cc_blob: bytes | None = field(default=None, repr=False)
    cc_blob_at: datetime | None = None
    epoch: int = 0
    lease_owner: str = ""
    lease_until: datetime | None = None
    intent: Intent | None = None
    due_at: datetime | None = None  # when the janitor must look at it
    refused_at: datetime | None = None  # Fortnox refused every key then; kept until the integration works again

    def is_doubted(self, now: datetime) -> bool:
        """Whether Fortnox refused every key so lately that trying them again would say nothing new."""
        refused_at = self.refused_at if self.status is TokenStatus.UNCERTAIN else None
        return refused_at is not None and now < refused_at + ASK_AGAIN_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """A token answer, read."""

    access_token: str = field(repr=False)
    expires_at: datetime
    refresh_token: str = field(default="", repr=False)  # client credentials give none
    scopes: frozenset[str] = frozenset()
    tenant_id: str = ""  # claim of the access token; empty when it has none
