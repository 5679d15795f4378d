"""Issues: problems that a person must fix, and who that is.

The texts in Swedish and English live with the pages (rendering); here are the codes, their
parameters, and who can fix them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Fixer(StrEnum):
    """Who can fix an issue."""

    WMS_USER = "wms_user"
    FORTNOX_USER = "fortnox_user"
    FORTNOX_ADMINISTRATOR = "fortnox_administrator"
    EITHER = "either"  # in Ongoing or in Fortnox
    SERVICE_OPERATOR = "service_operator"
    NOBODY = "nobody"  # it heals by itself


class IssueCode(StrEnum):
    """Every kind of issue. The comment names the parameters that its text uses."""

    # One invoice; found before anything is sent.
    CUSTOMER_CODE_MISSING = "customer_code_missing"  # goods_owner
    CURRENCY_DIFFERS = "currency_differs"  # customer_number, customer_currency, invoice_currency
    CURRENCY_NOT_SAID = "currency_not_said"  # customer_number, goods_owner, customer_currency
    CUSTOMER_NOT_AGREED = "customer_not_agreed"  # customer_number, goods_owner, customer_name, organisation_number
    ACCOUNT_ABROAD = "account_abroad"  # customer_number, goods_owner, vat_type, account
    CUSTOMER_UNKNOWN = "customer_unknown"  # customer_number, goods_owner
    CUSTOMER_INACTIVE = "customer_inactive"  # customer_number, goods_owner
    CUSTOMER_NUMBER_REFUSED = "customer_number_refused"  # customer_number, goods_owner, message
    ARTICLE_NUMBER_MISSING = "article_number_missing"  # row
    ARTICLE_NUMBER_REFUSED = "article_number_refused"  # article_number, row
    ARTICLE_INACTIVE = "article_inactive"  # article_number, row
    ARTICLE_UNKNOWN = "article_unknown"  # article_number, row, message
    ARTICLE_HOUSEWORK = "article_housework"  # article_number, row, message
    UNIT_REFUSED = "unit_refused"  # unit, article_number, message
    ACCOUNT_MISSING = "account_missing"  # article_number, row
    ACCOUNT_NOT_VALID = "account_not_valid"  # account, article_number, row
    AMOUNTS_DISAGREE = "amounts_disagree"  # invoice_amount, sum_per_unit, sum_per_row, currency, price_meaning
    PRICE_MEANING_CHANGED = "price_meaning_changed"  # remembered, seen
    NO_ROWS = "no_rows"  # -
    INVOICE_DATE_MISSING = "invoice_date_missing"  # -
    TOO_MANY_ROWS = "too_many_rows"  # rows, limit
    ROW_NOT_REPRESENTABLE = "row_not_representable"  # row, amount
    NUMBER_NOT_VALID = "number_not_valid"  # invoice_number
    NUMBER_SHARED = "number_shared"  # invoice_number, other_invoice
    WMS_INVOICE_UNREADABLE = "wms_invoice_unreadable"  # detail
    # One invoice that is right by all rules; a guard that was switched on wants a person to look.
    TOTAL_UNUSUAL = "total_unusual"  # goods_owner, amount, usual_amount, currency, per_cent
    PERIOD_OVERLAPS = "period_overlaps"  # goods_owner, period, other_period, other_invoice
    PERIOD_GAP = "period_gap"  # goods_owner, period, missing
    PRICE_OFF_LIST = "price_off_list"  # article_number, row, price, list_price
    # One invoice; Fortnox's answer.
    ACCOUNT_UNKNOWN = "account_unknown"  # account, article_number, row, message
    VAT_NUMBER_REFUSED = "vat_number_refused"  # customer_number, goods_owner, message
    NUMBER_TAKEN = "number_taken"  # invoice_number
    PERIOD_LOCKED = "period_locked"  # invoice_date, message
    FINANCIAL_YEAR_MISSING = "financial_year_missing"  # invoice_date, message
    COST_CENTRE_REQUIRED = "cost_centre_required"  # account, row, cost_centres (sent|not_sent), message
    COST_CENTRE_UNKNOWN = "cost_centre_unknown"  # cost_centre, row, message
    CURRENCY_UNKNOWN = "currency_unknown"  # currency, message
    TEXT_REFUSED = "text_refused"  # message
    TOTAL_DIFFERS = "total_differs"  # invoice_amount, fortnox_net, fortnox_number, currency
    VAT_MISSING = "vat_missing"  # customer_number, goods_owner, vat_type, account, rate
    VAT_UNEXPECTED = "vat_unexpected"  # customer_number, goods_owner, vat_type, account, rate
    TEXT_NOT_CLEARED = "text_not_cleared"  # fortnox_number, field, text
    FOUND_TWICE = "found_twice"  # fortnox_numbers
    OUTCOME_UNCLEAR = "outcome_unclear"  # reference
    INVOICE_LOCKED = "invoice_locked"  # fortnox_number, reason; only in records of older versions
    INVOICE_BOOKED = "invoice_booked"  # fortnox_number, reason (booked|sent|paid), invoice_amount, fortnox_net
    INVOICE_SENT = "invoice_sent"  # fortnox_number, invoice_amount, fortnox_net
    INVOICE_CHANGED = "invoice_changed"  # fortnox_number, invoice_amount, fortnox_net
    INVOICE_CANCELLED = "invoice_cancelled"  # fortnox_number, in_doubt (yes: what is asked for may have another one)
    INVOICE_CREDITED = "invoice_credited"  # fortnox_number, credit_number, in_doubt
    INVOICE_PARTLY_CREDITED = "invoice_partly_credited"  # fortnox_number, credit_number, in_doubt
    INVOICE_GONE = "invoice_gone"  # fortnox_number, in_doubt
    INVOICE_NOT_OURS = "invoice_not_ours"  # fortnox_number
    INVOICE_FROM_ORDER = "invoice_from_order"  # fortnox_number
    DELETED_IN_WMS = "deleted_in_wms"  # fortnox_number
    PERMISSION_REFUSED = "permission_refused"  # message
    FORTNOX_REFUSED = "fortnox_refused"  # code, message
    OUR_DEFECT = "our_defect"  # code, message
    # The specification of an invoice that is in Fortnox and right.
    SPECIFICATION_DIFFERS = "specification_differs"  # -
    SPECIFICATION_NOT_PERMITTED = "specification_not_permitted"  # message
    SPECIFICATION_REFUSED = "specification_refused"  # message
    SPECIFICATION_TOO_LARGE = "specification_too_large"  # -
    SPECIFICATION_NOT_ANSWERED = "specification_not_answered"  # -
    SPECIFICATION_DEFECT = "specification_defect"  # code
    # One invoice; in Fortnox, and not sent to the customer: fortnox_number, customer_number, goods_owner.
    SEND_NOT_AGREED = "send_not_agreed"  # -
    SEND_CHANGED = "send_changed"  # -
    SEND_UNCLEAR = "send_unclear"  # -
    SEND_NO_ADDRESS = "send_no_address"  # message
    SEND_NO_COUNTRY = "send_no_country"  # message
    SEND_NOT_LICENSED = "send_not_licensed"  # message
    SEND_REFUSED = "send_refused"  # message
    BOOK_REFUSED = "book_refused"  # message
    # Before the month ends: an entry of a price list, or a goods owner. Stops no invoice.
    PRICE_MISSING = "price_missing"  # article_number, row
    ACCOUNT_NOT_INCOME = "account_not_income"  # account, article_number, row
    NOTHING_GATHERS = "nothing_gathers"  # goods_owner
    # The whole integration.
    CONNECTION_BROKEN = "connection_broken"  # company
    LICENCE_MISSING = "licence_missing"  # message
    SCOPE_MISSING = "scope_missing"  # message
    WMS_LOGIN_REFUSED = "wms_login_refused"  # system, username
    WMS_NOT_ANSWERING = "wms_not_answering"  # system
    WMS_NOT_UNDERSTOOD = "wms_not_understood"  # system, kind, unknown, missing
    FORTNOX_NOT_ANSWERING = "fortnox_not_answering"  # -
    NOT_OPENING = "not_opening"  # of ours: what we keep sealed, a right that we lack, our client at Fortnox


_FIXERS: Mapping[IssueCode, Fixer] = {
    IssueCode.CUSTOMER_CODE_MISSING: Fixer.WMS_USER,
    IssueCode.CURRENCY_DIFFERS: Fixer.EITHER,
    IssueCode.CURRENCY_NOT_SAID: Fixer.WMS_USER,
    IssueCode.CUSTOMER_NOT_AGREED: Fixer.EITHER,
    IssueCode.ACCOUNT_ABROAD: Fixer.EITHER,
    IssueCode.CUSTOMER_UNKNOWN: Fixer.EITHER,
    IssueCode.CUSTOMER_INACTIVE: Fixer.FORTNOX_USER,
    IssueCode.CUSTOMER_NUMBER_REFUSED: Fixer.WMS_USER,
    IssueCode.ARTICLE_NUMBER_MISSING: Fixer.WMS_USER,
    IssueCode.ARTICLE_NUMBER_REFUSED: Fixer.WMS_USER,
    IssueCode.ARTICLE_INACTIVE: Fixer.FORTNOX_USER,
    IssueCode.ARTICLE_UNKNOWN: Fixer.FORTNOX_USER,
    IssueCode.ARTICLE_HOUSEWORK: Fixer.FORTNOX_USER,
    IssueCode.UNIT_REFUSED: Fixer.WMS_USER,
    IssueCode.ACCOUNT_MISSING: Fixer.WMS_USER,
    IssueCode.ACCOUNT_NOT_VALID: Fixer.WMS_USER,
    IssueCode.AMOUNTS_DISAGREE: Fixer.WMS_USER,
    IssueCode.PRICE_MEANING_CHANGED: Fixer.WMS_USER,
    IssueCode.NO_ROWS: Fixer.WMS_USER,
    IssueCode.INVOICE_DATE_MISSING: Fixer.WMS_USER,
    IssueCode.TOO_MANY_ROWS: Fixer.WMS_USER,
    IssueCode.ROW_NOT_REPRESENTABLE: Fixer.WMS_USER,
    IssueCode.NUMBER_NOT_VALID: Fixer.WMS_USER,
    IssueCode.NUMBER_SHARED: Fixer.WMS_USER,
    IssueCode.WMS_INVOICE_UNREADABLE: Fixer.SERVICE_OPERATOR,
    IssueCode.TOTAL_UNUSUAL: Fixer.WMS_USER,
    IssueCode.PERIOD_OVERLAPS: Fixer.WMS_USER,
    IssueCode.PERIOD_GAP: Fixer.WMS_USER,
    IssueCode.PRICE_OFF_LIST: Fixer.WMS_USER,
    IssueCode.ACCOUNT_UNKNOWN: Fixer.EITHER,
    IssueCode.VAT_NUMBER_REFUSED: Fixer.FORTNOX_USER,
    IssueCode.NUMBER_TAKEN: Fixer.EITHER,
    IssueCode.PERIOD_LOCKED: Fixer.FORTNOX_USER,
    IssueCode.FINANCIAL_YEAR_MISSING: Fixer.FORTNOX_USER,
    IssueCode.COST_CENTRE_REQUIRED: Fixer.FORTNOX_USER,
    IssueCode.COST_CENTRE_UNKNOWN: Fixer.EITHER,
    IssueCode.CURRENCY_UNKNOWN: Fixer.FORTNOX_USER,
    IssueCode.TEXT_REFUSED: Fixer.WMS_USER,
    IssueCode.TOTAL_DIFFERS: Fixer.FORTNOX_USER,
    IssueCode.VAT_MISSING: Fixer.FORTNOX_USER,
    IssueCode.VAT_UNEXPECTED: Fixer.FORTNOX_USER,
    IssueCode.TEXT_NOT_CLEARED: Fixer.FORTNOX_USER,
    IssueCode.FOUND_TWICE: Fixer.FORTNOX_USER,
    IssueCode.OUTCOME_UNCLEAR: Fixer.FORTNOX_USER,
    IssueCode.INVOICE_LOCKED: Fixer.FORTNOX_USER,
    IssueCode.INVOICE_BOOKED: Fixer.FORTNOX_USER,
    IssueCode.INVOICE_SENT: Fixer.FORTNOX_USER,
    IssueCode.INVOICE_CHANGED: Fixer.FORTNOX_USER,
    IssueCode.INVOICE_CANCELLED: Fixer.FORTNOX_USER,
    IssueCode.INVOICE_CREDITED: Fixer.FORTNOX_USER,
    IssueCode.INVOICE_PARTLY_CREDITED: Fixer.FORTNOX_USER,
    IssueCode.INVOICE_GONE: Fixer.FORTNOX_USER,
    IssueCode.INVOICE_NOT_OURS: Fixer.FORTNOX_USER,
    IssueCode.INVOICE_FROM_ORDER: Fixer.FORTNOX_USER,
    IssueCode.DELETED_IN_WMS: Fixer.FORTNOX_USER,
    IssueCode.PERMISSION_REFUSED: Fixer.FORTNOX_ADMINISTRATOR,
    IssueCode.FORTNOX_REFUSED: Fixer.EITHER,
    IssueCode.OUR_DEFECT: Fixer.SERVICE_OPERATOR,
    IssueCode.SPECIFICATION_DIFFERS: Fixer.WMS_USER,
    IssueCode.SPECIFICATION_NOT_PERMITTED: Fixer.FORTNOX_ADMINISTRATOR,
    IssueCode.SPECIFICATION_REFUSED: Fixer.FORTNOX_USER,
    IssueCode.SPECIFICATION_TOO_LARGE: Fixer.SERVICE_OPERATOR,
    IssueCode.SPECIFICATION_NOT_ANSWERED: Fixer.NOBODY,
    IssueCode.SPECIFICATION_DEFECT: Fixer.SERVICE_OPERATOR,
    IssueCode.SEND_NOT_AGREED: Fixer.FORTNOX_USER,
    IssueCode.SEND_CHANGED: Fixer.FORTNOX_USER,
    IssueCode.SEND_UNCLEAR: Fixer.FORTNOX_USER,
    IssueCode.SEND_NO_ADDRESS: Fixer.FORTNOX_USER,
    IssueCode.SEND_NO_COUNTRY: Fixer.FORTNOX_USER,
    IssueCode.SEND_NOT_LICENSED: Fixer.FORTNOX_ADMINISTRATOR,
    IssueCode.SEND_REFUSED: Fixer.FORTNOX_USER,
    IssueCode.BOOK_REFUSED: Fixer.FORTNOX_USER,
    IssueCode.PRICE_MISSING: Fixer.WMS_USER,
    IssueCode.ACCOUNT_NOT_INCOME: Fixer.WMS_USER,
    IssueCode.NOTHING_GATHERS: Fixer.WMS_USER,
    IssueCode.CONNECTION_BROKEN: Fixer.FORTNOX_ADMINISTRATOR,
    IssueCode.LICENCE_MISSING: Fixer.FORTNOX_ADMINISTRATOR,
    IssueCode.SCOPE_MISSING: Fixer.FORTNOX_ADMINISTRATOR,
    IssueCode.WMS_LOGIN_REFUSED: Fixer.WMS_USER,
    IssueCode.WMS_NOT_ANSWERING: Fixer.NOBODY,
    IssueCode.WMS_NOT_UNDERSTOOD: Fixer.SERVICE_OPERATOR,
    IssueCode.FORTNOX_NOT_ANSWERING: Fixer.NOBODY,
    IssueCode.NOT_OPENING: Fixer.SERVICE_OPERATOR,
}


# Of an invoice that is right in Fortnox: exporting it again would mend nothing.
_SENDING = frozenset(
    {
        IssueCode.SEND_NOT_AGREED,
        IssueCode.SEND_CHANGED,
        IssueCode.SEND_UNCLEAR,
        IssueCode.SEND_NO_ADDRESS,
        IssueCode.SEND_NO_COUNTRY,
        IssueCode.SEND_NOT_LICENSED,
        IssueCode.SEND_REFUSED,
        IssueCode.BOOK_REFUSED,
    }
)
_GUARDS = frozenset(
    {IssueCode.TOTAL_UNUSUAL, IssueCode.PERIOD_OVERLAPS, IssueCode.PERIOD_GAP, IssueCode.PRICE_OFF_LIST}
)
# What invoices go in spite of; told before the month ends because money may be lost by it.
_STOPS_NOTHING = frozenset({IssueCode.PRICE_MISSING, IssueCode.ACCOUNT_NOT_INCOME, IssueCode.NOTHING_GATHERS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One problem: its code, and the words that its text is filled with."""

    code: IssueCode
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def fixer(self) -> Fixer:
        """Who can fix it."""
        return _FIXERS[self.code]

    @property
    def is_of_guard(self) -> bool:
        """Whether it is a guard's question: the invoice is right by every rule, and a person's word lets it go."""
        return self.code in _GUARDS

    @property
    def stops_nothing(self) -> bool:
        """Whether invoices go in spite of it."""
        return self.code in _STOPS_NOTHING

    @property
    def is_of_sending(self) -> bool:
        """Whether it only keeps an invoice from the customer: the invoice's own page has the buttons."""
        return self.code in _SENDING
