"""What the simulator does where Fortnox's behaviour is not documented; defaults are the worst plausible."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self, get_args, get_type_hints


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
    simultaneous_renewals_window: float = 0.0
    """A refresh token that was used less than this ago is honoured once more, and the pair that was given for it
    before dies: the last pair wins, and the family lives (measured at the same instant; refused after 0.2 s)."""
    unknown_customer_status: int = 404
    """HTTP status of an invoice for a customer who does not exist."""
    unknown_customer_code: int = 2000204
    """The code when an unknown customer is read (measured 2026; 2000433 in older exchanges)."""
    deleted_customer_numbers: Literal["reused", "reserved"] = "reused"
    """The number of a deleted customer is given to the next new one (measured), or never again (documented)."""
    inactive_customer_refused: bool = True
    """An invoice for a customer who is not active is refused."""
    missing_financial_year_refused: bool = True
    """An invoice dated outside every financial year is refused when it is created, not when it is booked."""
    apostrophe_allowed: bool = False
    """Texts may contain the straight apostrophe."""
    customer_discount_applied: bool = True
    """A row without Discount gets the customer's discount."""
    zero_discount_honoured: bool = True
    """A row's `Discount: 0` means none; otherwise it counts as not sent."""
    row_without_article_gets_account: bool = False
    """A row that names neither article nor account gets the predefined account (reported); otherwise it is
    refused as if its account were missing (measured)."""
    service_accounts_for_services: bool = True
    """A new service gets the predefined accounts of services for foreign trade; otherwise those of goods."""
    api_blank: Literal["clears", "keeps", "is_stored", "is_refused"] = "clears"
    """What `API_BLANK` does to the field that it is sent for."""
    null: Literal["keeps", "clears"] = "keeps"
    """What null does to a field that is not a date; a row's account becomes 0 in both cases (measured)."""
    empty_dates: Literal["as_recorded", "null", "text"] = "as_recorded"
    """How a date that is not there is shown: null for some and "" for others, or one of them for all."""
    flags_as_text: bool = False
    """Booleans of invoices are the texts "true" and "false", as `Credit` always is."""
    negative_total_is_credit: bool = True
    """An invoice with a negative sum of rows is marked `Credit: "true"`, and its fees are turned."""
    credit_needs_booking: bool = False
    """Only a booked invoice can be credited."""
    second_credit: Literal["creates_another", "is_refused"] = "creates_another"
    """What a second credit of one invoice does."""
    sending_licensed: bool = True
    """The company has the licence that sending needs; without it, all else works."""
    mail_information: Literal["is_merged", "is_replaced", "is_ignored"] = "is_merged"
    """What a part of `EmailInformation` does: the rest stays the customer's, or is empty; or nothing is taken."""
    mail_number_allowed: bool = True
    """`{no}` in the subject and text of a mail is taken, as in Fortnox's own; else its braces are refused."""
    credit_lowers_balance: bool = False
    """A credit note is set off against its invoice at once; otherwise both keep their balances."""
    payment_moves_last_modified: bool = False
    """A payment changes when its invoice was last modified (published by nobody)."""
    last_modified_in: Literal["sweden", "utc"] = "sweden"
    """Which clock `lastmodified` is read on."""
    foreign_balance_in_sek: bool = False
    """The balance of an invoice in a foreign currency is in Swedish kronor."""
    e_invoice_rules: bool = True
    """The rules since 30 June 2026: a delivery address needs a country, EU reverse charge a delivery date."""
    total_rounded: bool = True
    """The total in Swedish kronor is rounded to whole kronor; RoundOff is the difference."""
    net_includes_fees: bool = False
    """Net includes freight and administration fee; the total always does."""
    foreign_rate_is_one: bool = True
    """An invoice in a foreign currency without a rate gets the rate 1 instead of the register's."""
    stock_articles_deliver_nothing: bool = False
    """Rows with an article of type STOCK get the delivered quantity 0, as with the stock module."""
    reference_search: Literal["parts", "starts", "exact"] = "parts"
    """What a search by an external reference matches: any part (documented), the start (measured), or the whole."""
    search_delay: float = 0.0
    """Time until a new invoice can be found in lists; it can be read by its number at once."""
    latency: float = 0.0
    """Time that every call takes, half of it before it has its effect."""
    latency_jitter: float = 0.0
    """Up to this much more time, drawn anew for every call."""
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
        types = get_type_hints(type(self))
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"there is no option {name!r}; options are {', '.join(sorted(known))}")
            choices = get_args(types[name])
            if choices and value not in choices:
                raise ValueError(f"option {name!r} is one of {', '.join(choices)}, not {value!r}")
            present = getattr(self, name)
            wanted = (int, float) if isinstance(present, float) else (type(present),)
            if not isinstance(value, wanted) or isinstance(value, bool) != isinstance(present, bool):
                raise ValueError(f"option {name!r} takes a {type(present).__name__}, not {value!r}")
        return replace(self, **changes)
