"""The amounts of an invoice, as Fortnox computes them: all in Decimal, rounded half-up to two decimals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from local.fortnox.fields import Fields


def hundredths(amount: Decimal) -> Decimal:
    """`amount` rounded half-up (away from zero) to two decimals, as recorded for quantity and price."""
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def plain_text(number: Decimal) -> str:
    """`number` without exponent and without zeros at its end."""
    return format(number.normalize(), "f")


def price_row(row: Fields, *, vat_included: bool) -> None:
    """Set the computed amounts of a row from its quantity, price, discount and VAT rate."""
    price = Decimal(row["Price"])
    total = Decimal(row["DeliveredQuantity"]) * price
    discount = Decimal(row["Discount"])
    total = total - discount if row["DiscountType"] == "AMOUNT" else total * (100 - discount) / 100
    total = hundredths(total)
    row["Total"] = total
    row["PriceExcludingVAT"], row["TotalExcludingVAT"] = price, total
    if vat_included:
        with_vat = 1 + Decimal(row["VAT"]) / 100
        row["PriceExcludingVAT"] = hundredths(price / with_vat)
        row["TotalExcludingVAT"] = hundredths(total / with_vat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """Freight and administration fee, and the VAT rate of both in per cent. `vat_included`: the fees are gross."""

    freight: Decimal
    administration: Decimal
    vat_rate: int
    vat_included: bool

    def vat(self, fee: Decimal) -> Decimal:
        """The VAT on (or in) a fee."""
        return hundredths(fee * self.vat_rate / (100 + self.vat_rate if self.vat_included else 100))

    def net(self) -> Decimal:
        """Both fees without VAT."""
        return sum(
            (fee - self.vat(fee) if self.vat_included else fee for fee in (self.freight, self.administration)),
            Decimal(0),
        )


def total_invoice(invoice: Fields, fees: Fees, *, rounded: bool, net_includes_fees: bool) -> None:
    """Set the totals of an invoice from its priced rows. `rounded`: the total is whole kronor."""
    rows: list[Fields] = invoice["InvoiceRows"]
    net = sum((row["TotalExcludingVAT"] for row in rows), Decimal(0))
    fee_total = fees.net()
    fee_vat = fees.vat(fees.freight) + fees.vat(fees.administration)
    vat = _vat_of_rows(rows, vat_included=invoice["VATIncluded"]) + fee_vat
    exact = net + fee_total + vat
    total = exact.quantize(Decimal(1), rounding=ROUND_HALF_UP) if rounded else exact
    gross = sum((hundredths(_undiscounted(row)) for row in rows), Decimal(0))
    invoice.update(
        Net=net + fee_total if net_includes_fees else net,
        Gross=gross,
        TotalVAT=vat,
        RoundOff=total - exact,
        Total=total,
        TotalToPay=total,
        Balance=Decimal(0) if invoice["FinalPayDate"] or invoice["Cancelled"] else total,
        FreightVAT=fees.vat(fees.freight),
        AdministrationFeeVAT=fees.vat(fees.administration),
    )


def _vat_of_rows(rows: Iterable[Fields], *, vat_included: bool) -> Decimal:
    if vat_included:
        return sum((row["Total"] - row["TotalExcludingVAT"] for row in rows), Decimal(0))
    base_of_rate: defaultdict[int, Decimal] = defaultdict(Decimal)
    for row in rows:
        base_of_rate[row["VAT"]] += row["TotalExcludingVAT"]
    return sum((hundredths(base * rate / 100) for rate, base in base_of_rate.items()), Decimal(0))


def _undiscounted(row: Fields) -> Decimal:
    return Decimal(row["DeliveredQuantity"]) * Decimal(row["PriceExcludingVAT"])
