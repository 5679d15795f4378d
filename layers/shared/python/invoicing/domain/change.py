"""What somebody did to an integration that others must hear of: who, when, and what kind of thing."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MOST_KEPT = 100  # changes of one integration; each was mailed when it happened


class ChangeKind(StrEnum):
    """What was done."""

    NEW_USER = "new_user"  # somebody signed in who never had
    ADDRESS = "address"  # the address for problems
    ADDRESS_TAKEN_BACK = "address_taken_back"
    SETTINGS = "settings"  # those that decide amounts or customers
    LOGIN = "login"  # the login for the WMS
    CONSENT = "consent"  # the permissions in Fortnox
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`by` is a user of the WMS; empty for an administrator of Fortnox, or whoever reads the confirmed address."""

    kind: ChangeKind
    at: datetime
    by: str = ""
