"""From a WMS invoice to what is sent to Fortnox: rows, money and checks. Pure; docs/decisions/0007."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from invoicing.domain.errors import invoice_held
from invoicing.domain.export import external_reference
from invoicing.domain.fortnox_invoice import InvoiceDraft, InvoiceRow
from invoicing.domain.integration_settings import (
    AccountSource,
    CurrencyRule,
    IntegrationSettings,
    InvoiceText,
    Language,
    PriceMeaning,
    RowGrouping,
    RowText,
)
from invoicing.domain.issue import IssueCode
from invoicing.domain.money import exact, round_to_ore, share_out
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
    """What is sent, and what a charge's price turned out to mean (DETECT: both readings agree)."""

    invoice: InvoiceDraft
    price_meaning: PriceMeaning
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
    customer_number = owner.customer_code.strip()
    if not customer_number:
        raise invoice_held(IssueCode.CUSTOMER_CODE_MISSING, goods_owner=owner.name)
    number = invoice.number.strip()
    if number and not _NUMBER.fullmatch(number):
        raise invoice_held(IssueCode.NUMBER_NOT_VALID, invoice_number=number[:50])
    if not invoice.charges:
        raise invoice_held(IssueCode.NO_ROWS)

    meaning, agreed = _price_meaning(invoice, settings.price_meaning, remembered_meaning)
    grouping = settings.rows
    groups = _grouped(invoice.charges, settings, meaning, grouping)
    if len(groups) > ROW_LIMIT and grouping is RowGrouping.PER_CHARGE:
        groups = _grouped(invoice.charges, settings, meaning, RowGrouping.SUMMED)
    if len(groups) > ROW_LIMIT:
        raise invoice_held(IssueCode.TOO_MANY_ROWS, rows=str(len(groups)), limit=str(ROW_LIMIT))

    amounts = share_out([group.amount for group in groups], round_to_ore(invoice.amount))
    rows = tuple(_row(group, amount, settings) for group, amount in zip(groups, amounts, strict=True))
    draft = InvoiceDraft(
        reference=external_reference(integration_id, invoice.id),
        customer_number=customer_number,
        document_number=number,
        invoice_date=invoice.invoice_date,
        currency="" if settings.currency_rule is CurrencyRule.FROM_FORTNOX else owner.currency,
        remarks=_remarks(invoice, settings),
        your_order_number=clean_text(invoice.your_order_number, YOUR_ORDER_NUMBER_LIMIT),
        your_reference=clean_text(invoice.your_reference, YOUR_REFERENCE_LIMIT),
        rows=rows,
    )
    return Draft(
        invoice=draft,
        price_meaning=agreed,
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


def _price_meaning(
    invoice: WmsInvoice, setting: PriceMeaning, remembered: PriceMeaning
) -> tuple[PriceMeaning, PriceMeaning]:
    """The reading to use, and the one that the amounts prove (DETECT if they prove none)."""
    per_unit = round_to_ore(sum((Fraction(c.price) * Fraction(c.quantity) for c in invoice.charges), Fraction(0)))
    per_row = round_to_ore(sum((Fraction(c.price) for c in invoice.charges), Fraction(0)))
    amount = round_to_ore(invoice.amount)
    agreeing = {
        meaning
        for meaning, total in ((PriceMeaning.PER_UNIT, per_unit), (PriceMeaning.PER_ROW, per_row))
        if total == amount
    }
    wanted = {setting} if setting is not PriceMeaning.DETECT else agreeing
    if not agreeing & wanted:
        raise invoice_held(
            IssueCode.AMOUNTS_DISAGREE,
            invoice_amount=str(amount),
            sum_per_unit=str(per_unit),
            sum_per_row=str(per_row),
            currency=invoice.goods_owner.currency,
        )
    if setting is not PriceMeaning.DETECT:
        return setting, PriceMeaning.DETECT
    if len(agreeing) == 2:
        return (remembered if remembered is not PriceMeaning.DETECT else PriceMeaning.PER_UNIT), PriceMeaning.DETECT
    (seen,) = agreeing
    if remembered not in {PriceMeaning.DETECT, seen}:
        raise invoice_held(IssueCode.PRICE_MEANING_CHANGED, remembered=remembered, seen=seen)
    return seen, seen


def _grouped(
    charges: Sequence[Charge], settings: IntegrationSettings, meaning: PriceMeaning, grouping: RowGrouping
) -> list[_Group]:
    groups: dict[tuple[object, ...], _Group] = {}
    for position, charge in enumerate(charges):
        group = _group_of(charge, settings, meaning)
        key: tuple[object, ...] = (
            (group.article_number, group.account, group.cost_centre, group.text, group.unit_price)
            if grouping is RowGrouping.SUMMED and group.unit_price is not None
            else (position,)
        )
        seen = groups.get(key)
        groups[key] = (
            replace(seen, quantity=seen.quantity + group.quantity, amount=seen.amount + group.amount) if seen else group
        )
    return list(groups.values())


def _group_of(charge: Charge, settings: IntegrationSettings, meaning: PriceMeaning) -> _Group:
    row = charge.article_title or charge.comment or f"#{charge.id}"
    article_number = charge.article_number.strip()
    if not article_number:
        raise invoice_held(IssueCode.ARTICLE_NUMBER_MISSING, row=row)
    if not _ARTICLE_NUMBER.fullmatch(article_number):
        raise invoice_held(IssueCode.ARTICLE_NUMBER_REFUSED, article_number=article_number, row=row)
    account: int | None = None
    if settings.account_source is AccountSource.WMS:
        text = charge.account.strip()
        if not text:
            raise invoice_held(IssueCode.ACCOUNT_MISSING, article_number=article_number, row=row)
        if not _ACCOUNT.fullmatch(text):
            raise invoice_held(IssueCode.ACCOUNT_NOT_VALID, account=text[:20], article_number=article_number, row=row)
        account = int(text)
    price, quantity = Fraction(charge.price), Fraction(charge.quantity)
    if meaning is PriceMeaning.PER_UNIT:
        unit_price: Fraction | None = price
        amount = price * quantity
    else:
        unit_price = price / quantity if quantity else None
        amount = price
    title = clean_text(charge.article_title, DESCRIPTION_LIMIT) or article_number
    extra = {
        RowText.TITLE: "",
        RowText.TITLE_AND_COMMENT: charge.comment,
        RowText.TITLE_AND_ORDER: charge.order_number,
    }[settings.row_text]
    return _Group(
        article_number=article_number,
        account=account,
        cost_centre=charge.profit_centre.strip() if settings.profit_centre_as_cost_centre else "",
        title=title,
        text=clean_text(f"{title}, {extra}", DESCRIPTION_LIMIT) if extra.strip() else title,
        unit_price=unit_price,
        quantity=quantity,
        amount=amount,
    )


def _row(group: _Group, amount: Decimal, settings: IntegrationSettings) -> InvoiceRow:
    """Quantity × price if Fortnox's two decimals keep both and their product; else 1 × amount, said in the text."""
    quantity = exact(group.quantity)
    price = exact(group.unit_price) if group.unit_price is not None else None
    text = group.text
    if quantity is None or price is None or quantity * price != amount:
        if group.unit_price is not None:
            text = _with_calculation(text, group, settings.language)
        quantity, price = Decimal(1), amount
    if abs(price) >= _PRICE_LIMIT or abs(quantity) >= _QUANTITY_LIMIT:
        raise invoice_held(IssueCode.ROW_NOT_REPRESENTABLE, row=group.title, amount=str(amount))
    return InvoiceRow(
        article_number=group.article_number,
        description=text,
        quantity=quantity,
        price=price,
        account=group.account,
        cost_centre=group.cost_centre,
    )


def _with_calculation(text: str, group: _Group, language: Language) -> str:
    def written(value: Fraction) -> str:
        number = Decimal(value.numerator) / Decimal(value.denominator)
        digits = f"{round(number, 6):f}"
        digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
        return digits.replace(".", ",") if language is Language.SWEDISH else digits

    assert group.unit_price is not None  # noqa: S101 - the caller asked
    calculation = f" ({written(group.quantity)} x {written(group.unit_price)})"
    return clean_text(text, DESCRIPTION_LIMIT - len(calculation)) + calculation


def _remarks(invoice: WmsInvoice, settings: IntegrationSettings) -> str:
    title = invoice.title if settings.invoice_text in {InvoiceText.TITLE, InvoiceText.TITLE_AND_PERIOD} else ""
    period = ""
    if settings.invoice_text in {InvoiceText.PERIOD, InvoiceText.TITLE_AND_PERIOD}:
        start, end = invoice.period_start, invoice.period_end
        if start and end:
            period = f"{start.isoformat()} – {end.isoformat()}"
        elif start or end:
            period = (start or end or invoice.invoice_date).isoformat()
    return clean_text("\n".join(part for part in (title, period) if part), REMARKS_LIMIT, lines=True)
