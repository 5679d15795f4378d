"""The settings of an integration, and their defaults."""

import hashlib
import json
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum


class ExportWhen(StrEnum):
    """Which unexported invoices are due."""

    PERIOD_ENDED = "period_ended"
    AS_SEEN = "as_seen"
    WHEN_ASKED = "when_asked"


class RowGrouping(StrEnum):
    """How charges become rows."""

    SUMMED = "summed"  # per article, account and unit price
    PER_CHARGE = "per_charge"


class RowText(StrEnum):
    """What a row's text says."""

    TITLE = "title"
    TITLE_AND_COMMENT = "title_and_comment"
    TITLE_AND_ORDER = "title_and_order"


class AccountSource(StrEnum):
    """Where a row's account comes from."""

    WMS = "wms"
    ARTICLE = "article"  # Fortnox takes the account of its article


class PriceMeaning(StrEnum):
    """What a charge's price is."""

    DETECT = "detect"
    PER_UNIT = "per_unit"
    PER_ROW = "per_row"


class InvoiceText(StrEnum):
    """The text on the invoice (Remarks in Fortnox)."""

    TITLE_AND_PERIOD = "title_and_period"
    TITLE = "title"
    PERIOD = "period"
    NONE = "none"


class CurrencyRule(StrEnum):
    """What to do with currencies."""

    MUST_MATCH = "must_match"  # hold the invoice if the goods owner's differs from the customer's
    FROM_WMS = "from_wms"  # send the goods owner's currency
    FROM_FORTNOX = "from_fortnox"  # say nothing; Fortnox takes the customer's


class AccountsAbroad(StrEnum):
    """What becomes of an account from Ongoing on an invoice to a customer whose VAT type is not SEVAT."""

    FORTNOX = "fortnox"  # not sent: Fortnox takes the article's account for that kind of sale
    HOLD = "hold"
    WMS = "wms"  # sent all the same


class FortnoxFees(StrEnum):
    """What becomes of the freight and the administration fee that Fortnox adds."""

    AS_ON_CUSTOMER = "as_on_customer"
    NONE = "none"  # both are sent as 0


class DueDateFrom(StrEnum):
    """From which day the customer's terms of payment count."""

    INVOICE_DATE = "invoice_date"
    SENDING = "sending"


class ZeroTotal(StrEnum):
    """What becomes of an invoice that has rows and a total of 0."""

    SEND = "send"
    LEAVE = "leave"  # not sent unless a person asks


class MonthMail(StrEnum):
    """Whether a mail says, once a month, that all of the month before is in Fortnox."""

    SEND = "send"
    NONE = "none"


class SendInvoices(StrEnum):
    """What becomes of an invoice when it is in Fortnox."""

    LEAVE = "leave"  # to people
    EMAIL = "email"
    E_INVOICE = "e_invoice"
    PRINT = "print"  # marked as sent; people print it
    AS_ON_CUSTOMER = "as_on_customer"  # by e-mail or e-invoice, as the customer's card says; else left to people


class SendAfter(StrEnum):
    """How long an invoice waits in which a person can stop it."""

    NEXT_WORKING_DAY = "next_working_day"  # at eight in Sweden
    TWO_HOURS = "two_hours"


class TotalGuard(StrEnum):
    """From which difference to the goods owner's own months an invoice waits for a person."""

    OFF = "off"
    QUARTER = "25"
    HALF = "50"
    DOUBLE = "100"

    @property
    def per_cent(self) -> int:
        """0: it is off."""
        return 0 if self is TotalGuard.OFF else int(self)


class Language(StrEnum):
    """The language of mails and of pages that know nothing better."""

    SWEDISH = "sv"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationSettings:
    """Every default is what a careful bookkeeper would choose."""

    from_date: date  # invoices dated earlier are never sent by themselves
    problem_address: str = ""
    export_when: ExportWhen = ExportWhen.PERIOD_ENDED
    rows: RowGrouping = RowGrouping.SUMMED
    row_text: RowText = RowText.TITLE
    account_source: AccountSource = AccountSource.WMS
    default_unit: str = "st"
    price_meaning: PriceMeaning = PriceMeaning.DETECT
    profit_centre_as_cost_centre: bool = False
    invoice_text: InvoiceText = InvoiceText.TITLE_AND_PERIOD
    currency_rule: CurrencyRule = CurrencyRule.MUST_MATCH
    accounts_abroad: AccountsAbroad = AccountsAbroad.FORTNOX
    fees: FortnoxFees = FortnoxFees.AS_ON_CUSTOMER
    due_date_from: DueDateFrom = DueDateFrom.INVOICE_DATE
    zero_total: ZeroTotal = ZeroTotal.SEND
    guard_total: TotalGuard = TotalGuard.OFF
    guard_periods: bool = False  # hold what overlaps, or leaves days out
    guard_prices: bool = False  # hold what is charged at another price than the price list's
    send_invoices: SendInvoices = SendInvoices.LEAVE
    send_after: SendAfter = SendAfter.NEXT_WORKING_DAY
    mail_subject: str = ""  # of the mail to the customer, with `{no}` for the number; empty: Fortnox's own
    mail_text: str = ""
    book_when_sent: bool = False
    follow_payments: bool = False  # ask Fortnox once an hour what became of the invoices
    attach_specification: bool = False  # to the invoice in Fortnox, so that it goes out with it
    language: Language = Language.SWEDISH
    month_mail: MonthMail = MonthMail.SEND

    @property
    def guards(self) -> bool:
        """Whether any guard is on."""
        return self.guard_total is not TotalGuard.OFF or self.guard_periods or self.guard_prices


FIELDS = tuple(field.name for field in fields(IntegrationSettings))


def settings_fingerprint(settings: IntegrationSettings | None) -> str:
    """Tells whether settings are still those that a form was filled from; None is a fingerprint of its own."""
    if settings is None:
        return "none"
    said = {name: str(getattr(settings, name)) for name in FIELDS}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
