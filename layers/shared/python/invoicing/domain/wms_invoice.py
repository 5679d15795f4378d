"""What Ongoing WMS says: goods owners, invoices and their charges."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from invoicing.domain.keys import clean_key
from invoicing.domain.money import round_to_ore


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsOwner:
    """The 3PL's customer, as the invoice names it."""

    id: int
    name: str
    customer_code: str  # "Customer code" in Ongoing, as it was typed. May be empty.
    currency: str  # ISO code, upper case; empty when Ongoing says none

    @property
    def customer_number(self) -> str:
        """The customer in Fortnox; empty if none is said."""
        return clean_key(self.customer_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One row of a WMS invoice. What `price` means (per unit or per row) is decided elsewhere."""

    id: int
    article_number: str  # may be empty
    article_title: str
    account: str  # free text in Ongoing; may be empty or junk such as "1"
    price: Decimal
    quantity: Decimal
    comment: str
    profit_centre: str
    order_number: str
    day: date | None = field(default=None, repr=False)  # of the work; not in `content`: no invoice says it


@dataclass(frozen=True, slots=True, kw_only=True)
class WmsInvoice:
    """One invoice in Ongoing. Dates are calendar dates in Sweden; amounts are without VAT.

    One without a date is still open.
    """

    id: int
    number: str  # empty: Fortnox makes one
    title: str
    invoice_date: date | None
    period_start: date | None
    period_end: date | None
    amount: Decimal  # Ongoing's own total, which Fortnox's net must equal to the öre
    is_exported: bool
    your_order_number: str
    your_reference: str
    goods_owner: GoodsOwner
    charges: tuple[Charge, ...]

    @property
    def content(self) -> str:
        """Changes when Ongoing has something else to invoice; the number and the mark are ours."""
        facts = repr(replace(self, number="", is_exported=False))
        return hashlib.sha256(facts.encode()).hexdigest()[:32]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to invoice: no rows, and no amount, to the öre."""
        return not self.charges and round_to_ore(self.amount) == 0

    @property
    def is_zero(self) -> bool:
        """Whether it has rows that come to nothing, to the öre."""
        return bool(self.charges) and round_to_ore(self.amount) == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableInvoice:
    """An invoice in Ongoing's answer that lacks or garbles something we cannot do without."""

    id: int | None
    reason: str  # which field and why; never a body


def sharing_a_number(invoices: Iterable[WmsInvoice | UnreadableInvoice]) -> dict[int, int]:
    """For each invoice whose number another one has too, the id of that other one."""
    ids: dict[str, list[int]] = {}
    for invoice in invoices:
        if isinstance(invoice, WmsInvoice) and clean_key(invoice.number):
            ids.setdefault(clean_key(invoice.number), []).append(invoice.id)
    return {
        id_: next(other for other in same if other != id_) for same in ids.values() if len(same) > 1 for id_ in same
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class WmsLogin:
    """How to reach one system. `warehouse` is the lower-case name in its address."""

    warehouse: str
    username: str
    password: str

    def __repr__(self) -> str:
        return f"WmsLogin(warehouse={self.warehouse!r}, username={self.username!r}, password=***)"
