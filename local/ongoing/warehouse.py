"""What one simulated system holds: users, goods owners, price lists, invoices and their charges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user with the permission level "Automations-API": sees all goods owners of its system."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsOwner:
    """A customer of the warehouse. `financial_code` is what the user interface calls Customer code."""

    id: int
    name: str
    financial_code: str | None = None
    currency: str | None = "SEK"
    is_training: bool = False
    goods_location_code: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceListItem:
    """An invoice article: one entry of a goods owner's price list. Number, account and price may be missing."""

    id: int
    goods_owner_id: int
    title: str
    unit_price: Decimal | None
    code: str | None = None
    account: str | None = None
    is_from_statistics: bool = False
    tiers: tuple[Decimal, ...] = ()  # prices that depend on how many there are


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One row of an invoice, with the price of one unit."""

    id: int
    title: str
    unit_price: Decimal
    quantity: Decimal = Decimal(1)
    code: str | None = None
    account: str | None = None
    comment: str | None = None
    action_date: date | None = None
    container: str | None = None
    profit_centre_code: str | None = None
    profit_centre_name: str | None = None
    order_number: str | None = None
    order_reference: str | None = None
    way_bill: str | None = None

    @property
    def amount(self) -> Decimal:
        """What the row costs, exactly."""
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """An invoice. Without an `amount` of its own, its total is the sum of its charges in whole öre.

    `garbled` replaces the text of single elements of the answer, by element name: the way to make an
    invoice that cannot be read.
    """

    id: int
    goods_owner_id: int
    invoice_date: date
    title: str | None = None
    number: str | None = None
    period_start: date | None = None
    period_end: date | None = None
    amount: Decimal | None = None
    is_active: bool = False  # new charges of the goods owner land here
    is_exported: bool = False
    exported_at: datetime | None = None
    your_order_number: str | None = None
    your_reference: str | None = None
    charges: tuple[Charge, ...] = ()
    garbled: Mapping[str, str] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        """What Ongoing shows as the invoice's amount."""
        if self.amount is not None:
            return self.amount
        exact = sum((charge.amount for charge in self.charges), Decimal(0))
        return exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """One system, `https://{name}.ongoingsystems.se/{name}/`."""

    name: str
    customer_id: str = ""
    users: tuple[User, ...] = ()
    goods_owners: tuple[GoodsOwner, ...] = ()
    price_list: tuple[PriceListItem, ...] = ()
    invoices: tuple[Invoice, ...] = ()

    def goods_owner(self, goods_owner_id: int) -> GoodsOwner | None:
        """The goods owner with that id."""
        return next((owner for owner in self.goods_owners if owner.id == goods_owner_id), None)

    def invoice(self, invoice_id: int) -> Invoice | None:
        """The invoice with that id."""
        return next((invoice for invoice in self.invoices if invoice.id == invoice_id), None)
