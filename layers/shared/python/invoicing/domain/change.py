"""What somebody did to an integration: who, when, and what kind of thing."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from invoicing.domain.remedy import Remedy

MOST_KEPT = 100  # changes of one integration


class ChangeKind(StrEnum):
    """What was done."""

    NEW_USER = "new_user"  # somebody signed in who never had
    ADDRESS = "address"  # the address for problems
    ADDRESS_TAKEN_BACK = "address_taken_back"
    SETTINGS = "settings"  # those that decide amounts or customers
    LOGIN = "login"  # the login for the WMS
    CONSENT = "consent"  # the permissions in Fortnox
    DISCONNECTED = "disconnected"
    MENDED = "mended"  # Fortnox was asked to create something, or to let it be used
    # Kept, and not mailed: they end nothing, and the overview says them.
    CONNECTED = "connected"  # for the first time, or anew after a disconnect
    CREATED = "created"
    PAUSED = "paused"
    RESUMED = "resumed"
    SIGNED_OUT = "signed_out"  # everybody
    NOT_MENDED = "not_mended"  # Fortnox did not do what it was asked for


MAILED = frozenset(
    {
        ChangeKind.NEW_USER,
        ChangeKind.ADDRESS,
        ChangeKind.ADDRESS_TAKEN_BACK,
        ChangeKind.SETTINGS,
        ChangeKind.LOGIN,
        ChangeKind.CONSENT,
        ChangeKind.DISCONNECTED,
        ChangeKind.MENDED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`by` is a user of the WMS, with the name that was given in the browser.

    Empty for an administrator of Fortnox, or whoever reads the confirmed address.
    """

    kind: ChangeKind
    at: datetime
    by: str = ""
    remedy: Remedy | None = None  # of MENDED and NOT_MENDED
