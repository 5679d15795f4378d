"""Guards before sending: what is right by every rule and still unusual, so that a person looks once. All are settings.

Compared with the goods owner's own invoices. What cannot be told apart from a habit is let pass: a guard that cries
every month is not heard when it matters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from statistics import median

from invoicing.domain.draft import Reading
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.keys import clean_key
from invoicing.domain.money import round_to_ore
from invoicing.domain.price_list import PriceList
from invoicing.domain.wms_invoice import WmsInvoice

_MONTHS = 6  # of the past, at most, that an invoice is compared with
_FEWEST_MONTHS = 3  # with less, nobody knows what is usual
_LONGEST_GAP = timedelta(days=62)  # a goods owner who was away for longer begins anew
_HALF_AN_ORE = Fraction(1, 200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoiced:
    """One invoice of a goods owner that went through, as far as guards need it."""

    invoice_id: int
    goods_owner: str
    currency: str
    amount: Decimal
    period_start: date | None
    period_end: date | None
    invoice_date: date | None

    @property
    def month(self) -> date | None:
        """The first day of the month that it is for."""
        day = self.period_end or self.invoice_date
        return day.replace(day=1) if day is not None else None


def invoiced(invoice: WmsInvoice) -> Invoiced:
    """The same of an invoice that is looked at now."""
    return Invoiced(
        invoice_id=invoice.id,
        goods_owner=invoice.goods_owner.name,
        currency=invoice.goods_owner.currency,
        amount=invoice.amount,
        period_start=invoice.period_start,
        period_end=invoice.period_end,
        invoice_date=invoice.invoice_date,
    )


def unusual_total(one: Invoiced, others: Sequence[Invoiced], *, per_cent: int) -> Issue | None:
    """Whether a goods owner's month comes to much more, or much less, than its months before.

    The months count as a whole. Too little is said only of those that always had one invoice a month: of others the
    rest may still come.
    """
    months: dict[date, list[Decimal]] = {}
    for other in others:
        if other.month is not None and one.month is not None and other.currency == one.currency:
            months.setdefault(other.month, []).append(other.amount)
    this_month = months.pop(one.month, []) if one.month is not None else []
    before = [months[month] for month in sorted(months, reverse=True) if one.month and month < one.month][:_MONTHS]
    if len(before) < _FEWEST_MONTHS:
        return None
    usual = median([sum(month, Decimal(0)) for month in before])
    total = one.amount + sum(this_month, Decimal(0))
    allowed = abs(usual) * per_cent / 100
    is_more = total > usual + allowed
    is_less = total < usual - allowed and all(len(month) == 1 for month in before) and not this_month
    if usual <= 0 or not (is_more or is_less):
        return None
    params = {
        "goods_owner": one.goods_owner,
        "amount": str(round_to_ore(total)),
        "usual_amount": str(round_to_ore(usual)),
        "currency": one.currency,
        "per_cent": str(per_cent),
    }
    return Issue(code=IssueCode.TOTAL_UNUSUAL, params=params)


def doubtful_period(one: Invoiced, others: Sequence[Invoiced]) -> Issue | None:
    """Whether its period was invoiced before, or leaves days out after the one before it.

    Several invoices for the very same period are no overlap where a goods owner has had that before.
    """
    start, end = one.period_start, one.period_end
    if start is None or end is None or end < start:
        return None
    spans = [(other.period_start, other.period_end, other) for other in others]
    known = [(begin, stop, other) for begin, stop, other in spans if begin is not None and stop is not None]
    earlier = [(begin, stop) for begin, stop, _ in known if (begin, stop) != (start, end)]
    shares_periods = len(set(earlier)) < len(earlier)
    about = {"goods_owner": one.goods_owner, "period": f"{start} – {end}"}
    for begin, stop, other in known:
        if begin <= end and stop >= start and not (shares_periods and (begin, stop) == (start, end)):
            params = {**about, "other_period": f"{begin} – {stop}", "other_invoice": str(other.invoice_id)}
            return Issue(code=IssueCode.PERIOD_OVERLAPS, params=params)
    last = max((stop for _, stop, _ in known if stop < start), default=None)
    if last is None or start - last == timedelta(days=1) or start - last > _LONGEST_GAP:
        return None
    missing = f"{last + timedelta(days=1)} – {start - timedelta(days=1)}"
    return Issue(code=IssueCode.PERIOD_GAP, params={**about, "missing": missing})


def price_off_list(invoice: WmsInvoice, prices: PriceList, reading: Reading) -> Issue | None:
    """The first charge whose price is none of those that the price list has for its article, to the öre of the row.

    Where an entry's price is not known, is computed or is 0, any price is right.
    """
    listed: dict[str, list[Decimal | None]] = {}
    for article in prices.articles:
        if article.number:
            listed.setdefault(clean_key(article.number), []).append(article.price)
    for charge in invoice.charges:
        wanted, price = listed.get(clean_key(charge.article_number), []), reading.unit_price_of(charge)
        if not wanted or price is None or any(not one for one in wanted):
            continue
        apart = min(abs(price - Fraction(one)) for one in wanted if one)
        if apart * abs(Fraction(charge.quantity)) < _HALF_AN_ORE:
            continue
        params = {
            "article_number": clean_key(charge.article_number),
            "row": charge.article_title or charge.comment or f"#{charge.id}",
            "price": _written(price),
            "list_price": " / ".join(dict.fromkeys(_written(Fraction(one)) for one in wanted if one)),
        }
        return Issue(code=IssueCode.PRICE_OFF_LIST, params=params)
    return None


def _written(price: Fraction) -> str:
    number = round(Decimal(price.numerator) / Decimal(price.denominator), 4)
    return f"{number.normalize():f}" if number == number.to_integral_value() else f"{number:f}".rstrip("0").rstrip(".")
