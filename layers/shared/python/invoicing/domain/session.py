"""A browser's sign-in, a consent under way, and how often something may be tried."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from invoicing.domain.integration import Integration
from invoicing.domain.login_name import fold_user
from invoicing.domain.tokens import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody signed in with the WMS. `token` is in the browser's cookie; only its hash is stored."""

    token: str = field(repr=False)
    integration_id: str
    username: str
    csrf: str = field(repr=False)
    expires_at: datetime
    generation: int = 0  # of the integration when this began; another one has ended it
    signed_in_at: datetime | None = None  # None of a sign-in that older code stored

    def lasts_in(self, integration: Integration) -> bool:
        """Whether nobody has ended it, and no run since was told by Ongoing that this user may not sign in."""
        run = integration.last_run
        refused_since = (
            integration.login_is_refused
            and fold_user(self.username) == fold_user(integration.wms_username)
            and run is not None
            and self.signed_in_at is not None
            and self.signed_in_at <= run.started_at
        )
        return self.generation == integration.generation and not refused_since


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingConsent:
    """A login at Fortnox that we started. `state` and `browser` are stored as hashes."""

    state: str = field(repr=False)
    browser: str = field(repr=False)  # secret in the cookie of the browser that started
    integration_id: str
    mode: Mode
    wms_username: str
    wms_password: bytes = field(repr=False)  # sealed
    wms_password_mark: str = field(default="", repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLimit:
    """How often something may be tried within an hour: some tries freely, then each after a wait twice as long."""

    key: str
    free: int
    longest: timedelta

    def wait_after(self, tries: int) -> timedelta:
        """How long the next try must wait when so many were made."""
        over = tries - self.free
        return min(timedelta(seconds=2 ** min(over + 1, 12)), self.longest) if over >= 0 else timedelta(0)
