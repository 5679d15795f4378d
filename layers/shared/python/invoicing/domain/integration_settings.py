"""The settings of an integration, their defaults, and what a form may say."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum

from invoicing.domain.keys import clean_key


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
    language: Language = Language.SWEDISH


class FieldProblem(StrEnum):
    """Why a field of the form was refused; the page says it in words."""

    MISSING = "missing"
    NOT_A_CHOICE = "not_a_choice"
    NOT_A_DATE = "not_a_date"
    NOT_AN_ADDRESS = "not_an_address"
    TOO_LONG = "too_long"
    NOT_A_UNIT = "not_a_unit"


# SES takes no other letters before the @ than those of ASCII.
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?\.[A-Za-z]{2,}"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")  # Python alone would take a week's date, too
_UNIT = re.compile(r"[\w.%°²³/-]{1,20}")  # a unit code in Fortnox has 1 to 20 characters


def parse_settings(form: Mapping[str, str]) -> tuple[IntegrationSettings | None, dict[str, FieldProblem]]:
    """Reads a settings form. Gives the settings, or None and what is wrong with each refused field."""
    problems: dict[str, FieldProblem] = {}

    def text(name: str) -> str:
        return form.get(name, "").strip()

    def choice[E: StrEnum](kind: type[E], name: str, *, default: E | None = None) -> E:
        if default is not None and name not in form:
            return default  # a page that was open before there was this setting
        try:
            return kind(text(name))
        except ValueError:
            problems[name] = FieldProblem.NOT_A_CHOICE if text(name) else FieldProblem.MISSING
            return next(iter(kind))

    address = text("problem_address")
    if not address:
        problems["problem_address"] = FieldProblem.MISSING
    elif len(address) > 254:
        problems["problem_address"] = FieldProblem.TOO_LONG
    elif not _ADDRESS.fullmatch(address) or ".." in address:
        problems["problem_address"] = FieldProblem.NOT_AN_ADDRESS

    raw_date = text("from_date")
    try:
        from_date = date.fromisoformat(raw_date) if _DATE.fullmatch(raw_date) else date.min
    except ValueError:
        from_date = date.min
    if from_date.year < 2000:
        problems["from_date"] = FieldProblem.NOT_A_DATE if raw_date else FieldProblem.MISSING

    unit = clean_key(text("default_unit"))
    if not _UNIT.fullmatch(unit):
        problems["default_unit"] = FieldProblem.NOT_A_UNIT if unit else FieldProblem.MISSING

    profit_centre = text("profit_centre_as_cost_centre")
    if profit_centre not in {"", "on"}:
        problems["profit_centre_as_cost_centre"] = FieldProblem.NOT_A_CHOICE

    settings = IntegrationSettings(
        from_date=from_date,
        problem_address=address,
        export_when=choice(ExportWhen, "export_when"),
        rows=choice(RowGrouping, "rows"),
        row_text=choice(RowText, "row_text"),
        account_source=choice(AccountSource, "account_source"),
        default_unit=unit,
        price_meaning=choice(PriceMeaning, "price_meaning"),
        profit_centre_as_cost_centre=profit_centre == "on",
        invoice_text=choice(InvoiceText, "invoice_text"),
        currency_rule=choice(CurrencyRule, "currency_rule"),
        accounts_abroad=choice(AccountsAbroad, "accounts_abroad", default=AccountsAbroad.FORTNOX),
        fees=choice(FortnoxFees, "fees", default=FortnoxFees.AS_ON_CUSTOMER),
        due_date_from=choice(DueDateFrom, "due_date_from", default=DueDateFrom.INVOICE_DATE),
        zero_total=choice(ZeroTotal, "zero_total", default=ZeroTotal.SEND),
        language=choice(Language, "language"),
    )
    return (None if problems else settings), problems


FIELDS = tuple(field.name for field in fields(IntegrationSettings))  # of the form, too


def settings_fingerprint(settings: IntegrationSettings | None) -> str:
    """Tells whether settings are still those that a form was filled from; None is a fingerprint of its own."""
    if settings is None:
        return "none"
    return hashlib.sha256(json.dumps(settings_to_form(settings), sort_keys=True).encode()).hexdigest()[:16]


def settings_to_form(settings: IntegrationSettings) -> dict[str, str]:
    """The form fields that `parse_settings` reads back to the same settings."""
    return {
        "problem_address": settings.problem_address,
        "from_date": settings.from_date.isoformat(),
        "export_when": settings.export_when,
        "rows": settings.rows,
        "row_text": settings.row_text,
        "account_source": settings.account_source,
        "default_unit": settings.default_unit,
        "price_meaning": settings.price_meaning,
        "profit_centre_as_cost_centre": "on" if settings.profit_centre_as_cost_centre else "",
        "invoice_text": settings.invoice_text,
        "currency_rule": settings.currency_rule,
        "accounts_abroad": settings.accounts_abroad,
        "fees": settings.fees,
        "due_date_from": settings.due_date_from,
        "zero_total": settings.zero_total,
        "language": settings.language,
    }
