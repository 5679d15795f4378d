"""What the simulator does where Fortnox's behaviour is not documented; defaults are the worst plausible."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Switches of the simulator. Times are in seconds."""

    revoke_family_on_reuse: bool = True
    """A second use of a refresh token kills every refresh token of the same consent."""
    new_consent_ends_older_chains: bool = False
    """Approving again kills the refresh tokens of earlier approvals by the same company."""
    missing_consent_error: Literal["invalid_grant", "access_denied"] = "invalid_grant"
    """What client credentials get without a live service consent."""
    missing_licence_status: int = 400
    """HTTP status of the token endpoint when the company has lost its integration licence."""
    permission_status: int = 403
    """HTTP status of an API call outside the token's scopes or the company's licences."""
    unknown_customer_status: int = 404
    """HTTP status of an invoice for a customer who does not exist."""
    inactive_customer_refused: bool = True
    """An invoice for a customer who is not active is refused."""
    missing_financial_year_refused: bool = True
    """An invoice dated outside every financial year is refused when it is created, not when it is booked."""
    apostrophe_allowed: bool = False
    """Texts may contain the straight apostrophe."""
    customer_discount_applied: bool = True
    """A row without Discount gets the customer's discount."""
    total_rounded: bool = True
    """The total in Swedish kronor is rounded to whole kronor; RoundOff is the difference."""
    net_includes_fees: bool = False
    """Net includes freight and administration fee; the total always does."""
    foreign_rate_is_one: bool = True
    """An invoice in a foreign currency without a rate gets the rate 1 instead of the register's."""
    stock_articles_deliver_nothing: bool = False
    """Rows with an article of type STOCK get the delivered quantity 0, as with the stock module."""
    search_delay: float = 0.0
    """Time until a new invoice can be found in lists; it can be read by its number at once."""
    rate_limit: int = 25
    """API calls in any `rate_window`, for one client and company; 0 switches the limit off."""
    rate_window: float = 5.0
    refused_calls_count: bool = True
    """Calls that were answered with 429 fill the window too."""
    max_rows: int = 500
    """Rows on one invoice."""

    def changed(self, changes: dict[str, Any]) -> Self:
        """A copy with `changes`. Raises ValueError for an unknown name or another type of value."""
        known = {field.name for field in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"there is no option {name!r}; options are {', '.join(sorted(known))}")
            present = getattr(self, name)
            wanted = (int, float) if isinstance(present, float) else (type(present),)
            if not isinstance(value, wanted) or isinstance(value, bool) != isinstance(present, bool):
                raise ValueError(f"option {name!r} takes a {type(present).__name__}, not {value!r}")
        return replace(self, **changes)
