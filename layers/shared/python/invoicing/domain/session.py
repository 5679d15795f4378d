"""A browser's sign-in, the steps of a connection under way, and how often something may be tried."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from invoicing.domain.integration import Company, Integration
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
class Proposal:
    """What somebody wants to connect: a system, with the login that was proven for it."""

    integration_id: str
    mode: Mode
    wms_username: str
    wms_password: bytes = field(repr=False)  # sealed
    wms_password_mark: str = field(default="", repr=False)
    generation: int = 0  # of the integration then; what became of it since makes this void
    by: str = ""  # the user who is signed in afterwards; nobody, if an administrator came by a link
    files: bool = False  # Fortnox is also asked whether files may be attached, and with its yes they are
    also: tuple[str, ...] = ()  # permissions beyond the first ones that Fortnox is asked for, in its words
    invitation: str = ""  # id of the one that led here


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A link for a Fortnox administrator who has no login for Ongoing. `id` is made from the secret in the link."""

    id: str
    proposal: Proposal
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingConsent:
    """A login at Fortnox that we started. `state` and `browser` are stored as hashes."""

    state: str = field(repr=False)
    browser: str = field(repr=False)  # secret in the cookie of the browser that started
    proposal: Proposal
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingApproval:
    """Fortnox said yes, and nothing is connected before a person has read what that means."""

    browser: str = field(repr=False)  # stored as a hash
    guard: str = field(repr=False)  # in the form of the page that asks
    proposal: Proposal
    company: Company
    chain_id: str
    keys: bytes = field(repr=False)  # sealed
    keys_at: datetime
    expires_at: datetime
    permissions: tuple[str, ...] = ()  # what Fortnox granted, in its words


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLimit:
    """How often something may be tried within a window: some tries freely, then each after a wait twice as long."""

    key: str
    free: int
    longest: timedelta
    shortest: timedelta = timedelta(seconds=2)
    window: timedelta = timedelta(hours=1)  # begins with the first try

    def wait_after(self, tries: int) -> timedelta:
        """How long the next try must wait when so many were made."""
        over = tries - self.free
        return min(self.shortest * 2 ** min(over, 12), self.longest) if over >= 0 else timedelta(0)
