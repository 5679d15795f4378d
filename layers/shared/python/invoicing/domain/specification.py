"""The specification of an invoice: every charge behind every row. Pure; docs/decisions/0016.

Made from the draft that was sent, so that its rows are the invoice's own, and refused if it does not tie: a goods owner
who adds it up must come to the invoice, to the öre.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction

from invoicing.domain.draft import Draft
from invoicing.domain.errors import InvoicingError
from invoicing.domain.fortnox_invoice import FortnoxInvoice, InvoiceDraft, InvoiceRow
from invoicing.domain.integration_settings import Language, PriceMeaning
from invoicing.domain.money import ORE, round_to_ore
from invoicing.domain.wms_invoice import Charge, WmsInvoice

_EXACT = Context(prec=120)  # digits; a product of two numbers of Ongoing's has half of them
_PRICE_DECIMALS = 6  # of a price that was divided; a longer one would only be nearly right


class SpecificationError(InvoicingError):
    """The charges do not come to the invoice: nothing is shown, and nothing is attached. The message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecifiedCharge:
    """One charge. `amount` is exact, and may have parts of an öre."""

    day: date | None
    order_number: str
    article_number: str
    article_title: str
    quantity: Decimal
    price: Decimal | None  # of one; None where it has no end, or nothing was counted
    amount: Decimal
    comment: str
    profit_centre: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecifiedRow:
    """One row of the invoice, as it was sent, and the charges that it sums up."""

    number: int  # its place on the invoice, from 1
    sent: InvoiceRow
    charges: tuple[SpecifiedCharge, ...]
    rounding: Decimal  # what the row has more than its charges: less than an öre

    @property
    def amount(self) -> Decimal:
        """Net of the row, as on the invoice."""
        return self.sent.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """What stands behind an invoice. Amounts are without VAT."""

    language: Language
    company: str  # whose invoice it is
    fortnox_number: str
    invoice_id: int  # in Ongoing
    reference: str
    title: str
    goods_owner: str
    customer_number: str
    your_reference: str
    your_order_number: str
    invoice_date: date
    period_start: date | None
    period_end: date | None
    currency: str  # empty where neither Ongoing nor Fortnox says one
    rows: tuple[SpecifiedRow, ...]
    net: Decimal  # the invoice's

    @property
    def charge_count(self) -> int:
        """How many charges there are behind all rows."""
        return sum(len(row.charges) for row in self.rows)

    @property
    def fingerprint(self) -> str:
        """Changes when anything changes that it says."""
        hashed = hashlib.sha256()
        for fact in self._facts():
            hashed.update(json.dumps(fact, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n")
        return hashed.hexdigest()

    def _facts(self) -> Iterable[object]:
        yield [self.language, self.company, self.fortnox_number, self.invoice_id, self.title, self.goods_owner]
        yield [self.customer_number, self.your_reference, self.your_order_number, self.currency, self.net]
        yield [self.invoice_date, self.period_start, self.period_end]
        for row in self.rows:
            yield [row.sent.article_number, row.sent.description, row.sent.quantity, row.sent.price, row.rounding]
            for one in row.charges:
                yield [one.day, one.order_number, one.article_number, one.article_title, one.quantity, one.price]
                yield [one.amount, one.comment, one.profit_centre]


def specify(
    invoice: WmsInvoice,
    draft: Draft,
    *,
    net: Decimal | None,
    fortnox_number: str,
    company: str,
    currency: str,
    language: Language,
) -> Specification:
    """What stands behind an invoice that was sent. `net` is what Fortnox has.

    Raises SpecificationError if the charges, the rows and the invoice do not come to the same, to the öre.
    """
    rows = tuple(
        _row(number, sent, charges, draft)
        for number, (sent, charges) in enumerate(zip(draft.invoice.rows, draft.behind, strict=True), start=1)
    )
    specification = Specification(
        language=language,
        company=company,
        fortnox_number=fortnox_number,
        invoice_id=invoice.id,
        reference=draft.invoice.reference,
        title=invoice.title,
        goods_owner=invoice.goods_owner.name,
        customer_number=draft.invoice.customer_number,
        your_reference=draft.invoice.your_reference,
        your_order_number=draft.invoice.your_order_number,
        invoice_date=draft.invoice.invoice_date,
        period_start=invoice.period_start,
        period_end=invoice.period_end,
        currency=currency,
        rows=rows,
        net=sum((row.amount for row in rows), Decimal(0)),
    )
    _check(specification, invoice, net)
    return specification


def _row(number: int, sent: InvoiceRow, charges: Sequence[Charge], draft: Draft) -> SpecifiedRow:
    specified = tuple(_charge(charge, draft) for charge in sorted(charges, key=_in_order))
    total = sum((Fraction(one.amount) for one in specified), Fraction(0))
    return SpecifiedRow(number=number, sent=sent, charges=specified, rounding=_exact(Fraction(sent.total) - total))


def _in_order(charge: Charge) -> tuple[bool, date]:
    """By day; those of one day stay as Ongoing has them, and those without a day come last."""
    return charge.day is None, charge.day or date.min


def _charge(charge: Charge, draft: Draft) -> SpecifiedCharge:
    per_unit = draft.reading.meaning is PriceMeaning.PER_UNIT
    divided = None if per_unit else draft.reading.unit_price_of(charge)
    return SpecifiedCharge(
        day=charge.day,
        order_number=charge.order_number,
        article_number=charge.article_number,
        article_title=charge.article_title,
        quantity=charge.quantity,
        price=charge.price if per_unit else _if_it_ends(divided),
        amount=_exact(draft.reading.amount_of(charge)),
        comment=charge.comment,
        profit_centre=charge.profit_centre,
    )


def _if_it_ends(price: Fraction | None) -> Decimal | None:
    """A price that was divided, if few decimals say it whole."""
    return None if price is None or (price * 10**_PRICE_DECIMALS).denominator != 1 else _exact(price)


def _exact(value: Fraction) -> Decimal:
    """A number that has an end, as sums and products of decimals have."""
    return _EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))


def _check(specification: Specification, invoice: WmsInvoice, net: Decimal | None) -> None:
    for row in specification.rows:
        if abs(row.rounding) >= ORE:
            raise SpecificationError(f"row {row.number} is {row.rounding} more than its charges")
    if specification.charge_count != len(invoice.charges):
        raise SpecificationError(f"{specification.charge_count} charges of {len(invoice.charges)} are behind rows")
    if specification.net != round_to_ore(invoice.amount):
        raise SpecificationError(f"its rows come to {specification.net}, the invoice in Ongoing to {invoice.amount}")
    if specification.net != net:
        raise SpecificationError(f"its rows come to {specification.net}, the invoice in Fortnox to {net}")


def has_rows_of(there: FortnoxInvoice, draft: InvoiceDraft) -> bool:
    """Whether Fortnox's invoice charges what the draft does, row by row. Texts and accounts may be others."""
    return [(row.article_number, row.quantity, row.price, row.discount) for row in there.rows] == [
        (row.article_number, row.quantity, row.price, Decimal(0)) for row in draft.rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySum:
    """What was charged on one day, behind one row."""

    day: date | None
    count: int
    quantity: Decimal
    amount: Decimal


def by_day(charges: Iterable[SpecifiedCharge]) -> Sequence[DaySum]:
    """The charges summed per day, oldest first; those without a day last."""
    days: dict[date | None, list[SpecifiedCharge]] = {}
    for charge in charges:
        days.setdefault(charge.day, []).append(charge)
    return [
        DaySum(
            day=day,
            count=len(some),
            quantity=_exact(sum((Fraction(one.quantity) for one in some), Fraction(0))),
            amount=_exact(sum((Fraction(one.amount) for one in some), Fraction(0))),
        )
        for day, some in sorted(days.items(), key=lambda item: (item[0] is None, item[0] or date.min))
    ]
