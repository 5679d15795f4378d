"""From a WMS invoice to what is sent to Fortnox: rows, money and checks. Pure; docs/decisions/0007."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from invoicing.domain.errors import invoice_held
from invoicing.domain.export import external_reference
from invoicing.domain.fortnox_invoice import InvoiceDraft, InvoiceRow
from invoicing.domain.integration_settings import (
    AccountSource,
    CurrencyRule,
    FortnoxFees,
    IntegrationSettings,
    InvoiceText,
    Language,
    PriceMeaning,
    RowGrouping,
    RowText,
)
from invoicing.domain.issue import IssueCode
from invoicing.domain.keys import clean_key
from invoicing.domain.money import exact, round_to_even_ore, round_to_ore, share_out
from invoicing.domain.texts import (
    DESCRIPTION_LIMIT,
    REMARKS_LIMIT,
    YOUR_ORDER_NUMBER_LIMIT,
    YOUR_REFERENCE_LIMIT,
    clean_text,
)
from invoicing.domain.wms_invoice import Charge, WmsInvoice

ROW_LIMIT = 500  # rows that Fortnox is said to take on one invoice
_ARTICLE_NUMBER = re.compile(r"[\w/+-]{1,50}")  # whether å ä ö are taken is Fortnox's own decision
_ACCOUNT = re.compile(r"[1-9][0-9]{3}")
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_PRICE_LIMIT = Decimal(10) ** 10  # 12 digits of which 2 are decimals
_QUANTITY_LIMIT = Decimal(10) ** 12  # 14 digits of which 2 are decimals


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is sent, and what a charge's price turned out to mean (DETECT: both readings agree).

    `behind` has, for each row in its order, the charges that it sums up.
    """

    invoice: InvoiceDraft
    price_meaning: PriceMeaning
    reading: "Reading"
    behind: tuple[tuple[Charge, ...], ...]
    article_titles: dict[str, str]  # article number → title, for articles that must be created
    article_accounts: dict[str, int | None]


def draft_invoice(
    integration_id: str,
    invoice: WmsInvoice,
    settings: IntegrationSettings,
    *,
    remembered_meaning: PriceMeaning = PriceMeaning.DETECT,
) -> Draft:
    """The invoice to send. Its net equals `invoice.amount` rounded to the öre.

    Raises InvoiceHeldError with the first thing that a person must fix.
    """
    owner = invoice.goods_owner
    if not owner.customer_number:
        raise invoice_held(IssueCode.CUSTOMER_CODE_MISSING, goods_owner=owner.name)
    if invoice.invoice_date is None:
        raise invoice_held(IssueCode.INVOICE_DATE_MISSING)
    number = clean_key(invoice.number)
    if number and not _NUMBER.fullmatch(number):
        raise invoice_held(IssueCode.NUMBER_NOT_VALID, invoice_number=number[:50])
    if not invoice.charges:
        raise invoice_held(IssueCode.NO_ROWS)

    reading, proved = _reading(invoice, settings.price_meaning, remembered_meaning)
    grouped = _few_enough(invoice.charges, settings, reading)
    groups = [group for group, _ in grouped]
    amounts = share_out([group.amount for group in groups], round_to_ore(invoice.amount))
    rows = tuple(_row(group, amount, settings) for group, amount in zip(groups, amounts, strict=True))
    draft = InvoiceDraft(
        reference=external_reference(integration_id, invoice.id),
        customer_number=owner.customer_number,
        document_number=number,
        invoice_date=invoice.invoice_date,
        delivery_date=invoice.period_end or invoice.invoice_date,
        currency="" if settings.currency_rule is CurrencyRule.FROM_FORTNOX else owner.currency,
        remarks=_remarks(invoice, invoice.invoice_date, settings),
        your_order_number=clean_text(invoice.your_order_number, YOUR_ORDER_NUMBER_LIMIT, settings.language),
        your_reference=clean_text(invoice.your_reference, YOUR_REFERENCE_LIMIT, settings.language),
        without_fees=settings.fees is FortnoxFees.NONE,
        rows=rows,
    )
    return Draft(
        invoice=draft,
        price_meaning=proved,
        reading=reading,
        behind=tuple(tuple(charges) for _, charges in grouped),
        article_titles={g.article_number: g.title for g in reversed(groups)},
        article_accounts={g.article_number: g.account for g in reversed(groups)},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Charges that become one row."""

    article_number: str
    account: int | None
    cost_centre: str
    title: str
    text: str
    unit_price: Fraction | None  # None: a charge without quantity
    quantity: Fraction
    amount: Fraction


type _Grouped = tuple[_Group, list[Charge]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a charge's price is, and whether each charge was rounded to the öre before they were added."""

    meaning: PriceMeaning
    rounded: Callable[[Fraction], Decimal] | None

    def amount_of(self, charge: Charge) -> Fraction:
        """What a charge comes to."""
        price, quantity = Fraction(charge.price), Fraction(charge.quantity)
        amount = price * quantity if self.meaning is PriceMeaning.PER_UNIT else price
        return amount if self.rounded is None else Fraction(self.rounded(amount))

    def unit_price_of(self, charge: Charge) -> Fraction | None:
        """What one of it costs; None for a charge without quantity whose price is that of the row."""
        if self.meaning is PriceMeaning.PER_UNIT:
            return Fraction(charge.price)
        return Fraction(charge.price) / Fraction(charge.quantity) if charge.quantity else None

    def total(self, charges: Sequence[Charge]) -> Decimal:
        """What they all come to, to the öre."""
        return round_to_ore(sum((self.amount_of(charge) for charge in charges), Fraction(0)))


_MEANINGS = (PriceMeaning.PER_UNIT, PriceMeaning.PER_ROW)
_ROUNDINGS = (None, round_to_ore, round_to_even_ore)  # in the order of how much they assume


def _reading(invoice: WmsInvoice, setting: PriceMeaning, remembered: PriceMeaning) -> tuple[Reading, PriceMeaning]:
    """The reading whose total is the invoice's, and the meaning that the total proves (DETECT if it proves none).

    Nothing is rounded if that agrees; else each charge by itself.
    """
    amount = round_to_ore(invoice.amount)
    wanted = next((one for one in (setting, remembered) if one is not PriceMeaning.DETECT), None)
    other = None
    for rounded in _ROUNDINGS:
        readings = [Reading(meaning=meaning, rounded=rounded) for meaning in _MEANINGS]
        agreeing = [reading for reading in readings if reading.total(invoice.charges) == amount]
        fitting = [reading for reading in agreeing if wanted in {None, reading.meaning}]
        if fitting:
            proves = setting is PriceMeaning.DETECT and len(agreeing) == 1
            return fitting[0], fitting[0].meaning if proves else PriceMeaning.DETECT
        other = other or next(iter(agreeing), None)
    if other is not None and setting is PriceMeaning.DETECT:
        raise invoice_held(IssueCode.PRICE_MEANING_CHANGED, remembered=remembered, seen=other.meaning)
    exact_totals = {one: str(Reading(meaning=one, rounded=None).total(invoice.charges)) for one in _MEANINGS}
    raise invoice_held(
        IssueCode.AMOUNTS_DISAGREE,
        invoice_amount=str(amount),
        sum_per_unit=exact_totals[PriceMeaning.PER_UNIT],
        sum_per_row=exact_totals[PriceMeaning.PER_ROW],
        currency=invoice.goods_owner.currency,
        price_meaning=setting,
    )


def _few_enough(charges: Sequence[Charge], settings: IntegrationSettings, reading: Reading) -> list[_Grouped]:
    """As the settings say if Fortnox takes so many rows; else summed, and if need be with titles alone."""
    groups: list[_Grouped] = []
    for chosen in (
        settings,
        replace(settings, rows=RowGrouping.SUMMED),
        replace(settings, rows=RowGrouping.SUMMED, row_text=RowText.TITLE),
    ):
        groups = _grouped(charges, chosen, reading)
        if len(groups) <= ROW_LIMIT:
            return groups
    raise invoice_held(IssueCode.TOO_MANY_ROWS, rows=str(len(groups)), limit=str(ROW_LIMIT))


def _grouped(charges: Sequence[Charge], settings: IntegrationSettings, reading: Reading) -> list[_Grouped]:
    groups: dict[tuple[object, ...], _Grouped] = {}
    for position, charge in enumerate(charges):
        group = _group_of(charge, settings, reading)
        key: tuple[object, ...] = (
            (group.article_number, group.account, group.cost_centre, group.text, group.unit_price)
            if settings.rows is RowGrouping.SUMMED and group.unit_price is not None
            else (position,)
        )
        seen, behind = groups.get(key, (None, []))
        behind.append(charge)
        if seen is not None:
            group = replace(seen, quantity=seen.quantity + group.quantity, amount=seen.amount + group.amount)
        groups[key] = group, behind
    return list(groups.values())


def checked_article_number(text: str, *, row: str) -> str:
    """An article number as it is sent. Raises InvoiceHeldError; `row` is what its row is called."""
    article_number = clean_key(text)
    if not article_number:
        raise invoice_held(IssueCode.ARTICLE_NUMBER_MISSING, row=row)
    if not _ARTICLE_NUMBER.fullmatch(article_number):
        raise invoice_held(IssueCode.ARTICLE_NUMBER_REFUSED, article_number=article_number, row=row)
    return article_number


def checked_account(text: str, *, article_number: str, row: str) -> int:
    """An account as it is sent. Raises InvoiceHeldError."""
    account = clean_key(text)
    if not account:
        raise invoice_held(IssueCode.ACCOUNT_MISSING, article_number=article_number, row=row)
    if not _ACCOUNT.fullmatch(account):
        raise invoice_held(IssueCode.ACCOUNT_NOT_VALID, account=account[:20], article_number=article_number, row=row)
    return int(account)


def _group_of(charge: Charge, settings: IntegrationSettings, reading: Reading) -> _Group:
    row = charge.article_title or charge.comment or f"#{charge.id}"
    article_number = checked_article_number(charge.article_number, row=row)
    account: int | None = None
    if settings.account_source is AccountSource.WMS:
        account = checked_account(charge.account, article_number=article_number, row=row)
    title = clean_text(charge.article_title, DESCRIPTION_LIMIT, settings.language) or article_number
    extra = {
        RowText.TITLE: "",
        RowText.TITLE_AND_COMMENT: charge.comment,
        RowText.TITLE_AND_ORDER: charge.order_number,
    }[settings.row_text]
    return _Group(
        article_number=article_number,
        account=account,
        cost_centre=clean_key(charge.profit_centre) if settings.profit_centre_as_cost_centre else "",
        title=title,
        text=clean_text(f"{title}, {extra}", DESCRIPTION_LIMIT, settings.language) if extra.strip() else title,
        unit_price=reading.unit_price_of(charge),
        quantity=Fraction(charge.quantity),
        amount=reading.amount_of(charge),
    )


def _row(group: _Group, amount: Decimal, settings: IntegrationSettings) -> InvoiceRow:
    """Quantity × price if Fortnox's two decimals keep both and their product; else 1 × amount, said in the text."""
    quantity = exact(group.quantity)
    price = exact(group.unit_price) if group.unit_price is not None else None
    fits = quantity is not None and price is not None and Fraction(quantity) * Fraction(price) == Fraction(amount)
    if quantity is None or price is None or not fits:
        quantity, price = Decimal(1), amount
    if abs(price) >= _PRICE_LIMIT or abs(quantity) >= _QUANTITY_LIMIT:
        raise invoice_held(IssueCode.ROW_NOT_REPRESENTABLE, row=group.title, amount=str(amount))
    return InvoiceRow(
        article_number=group.article_number,
        description=group.text if fits else _with_calculation(group, settings.language),
        quantity=quantity,
        price=price,
        account=group.account,
        cost_centre=group.cost_centre,
    )


def _with_calculation(group: _Group, language: Language) -> str:
    if group.unit_price is None:
        return group.text
    calculation = f" ({_written(group.quantity, language)} x {_written(group.unit_price, language)})"
    return clean_text(group.text, DESCRIPTION_LIMIT - len(calculation), language) + calculation


def _written(value: Fraction, language: Language) -> str:
    """With six decimals, and as many digits of what is too small for them."""
    places = 6 + (len(str(int(1 / abs(value)))) - 1 if value else 0)
    digits = f"{value:.{places}f}".rstrip("0").rstrip(".")
    return digits.replace(".", ",") if language is Language.SWEDISH else digits


def _remarks(invoice: WmsInvoice, invoice_date: date, settings: IntegrationSettings) -> str:
    title = invoice.title if settings.invoice_text in {InvoiceText.TITLE, InvoiceText.TITLE_AND_PERIOD} else ""
    period = ""
    if settings.invoice_text in {InvoiceText.PERIOD, InvoiceText.TITLE_AND_PERIOD}:
        start, end = invoice.period_start, invoice.period_end
        if start and end:
            period = f"{start.isoformat()} – {end.isoformat()}"
        elif start or end:
            period = (start or end or invoice_date).isoformat()
    text = "\n".join(part for part in (title, period) if part)
    return clean_text(text, REMARKS_LIMIT, settings.language, lines=True)
