"""A browser's sign-in, and a consent under way."""

from dataclasses import dataclass, field
from datetime import datetime

from invoicing.domain.tokens import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody signed in with the WMS. `token` is in the browser's cookie; only its hash is stored."""

    token: str = field(repr=False)
    integration_id: str
    username: str
    csrf: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingConsent:
    """A login at Fortnox that we started. `state` and `browser` are stored as hashes."""

    state: str = field(repr=False)
    browser: str = field(repr=False)  # secret in the cookie of the browser that started
    integration_id: str
    mode: Mode
    wms_username: str
    wms_password: bytes = field(repr=False)  # sealed
    expires_at: datetime
