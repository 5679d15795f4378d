"""What we send to Fortnox, and what Fortnox says it has."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRow:
    """One row to send. Quantity and price survive Fortnox's rounding to two decimals, and so does their product.

    It names no unit: Fortnox takes the article's own, which its owner may have changed.
    """

    article_number: str
    description: str
    quantity: Decimal
    price: Decimal
    account: int | None = None  # None: the article's own
    cost_centre: str = ""

    @property
    def total(self) -> Decimal:
        """Net of the row."""
        return self.quantity * self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDraft:
    """One invoice to send."""

    reference: str
    customer_number: str
    document_number: str  # empty: Fortnox makes one
    invoice_date: date
    delivery_date: date  # an e-invoice with EU reverse charge is refused without it
    currency: str  # empty: the customer's
    remarks: str
    your_order_number: str
    your_reference: str
    without_fees: bool = False  # freight and administration fee are said to be 0
    due_date: date | None = None  # None: by the customer's terms, from the invoice date
    rows: tuple[InvoiceRow, ...]

    @property
    def net(self) -> Decimal:
        """What Fortnox's net total must be."""
        return sum((row.total for row in self.rows), Decimal(0))

    @property
    def fingerprint(self) -> str:
        """Equal for two drafts exactly when sending the second would change nothing.

        The due date is no part of it: it is set once.
        """
        facts = [
            self.customer_number,
            self.invoice_date.isoformat(),
            self.delivery_date.isoformat(),
            self.without_fees,
            self.currency,
            self.remarks,
            self.your_order_number,
            self.your_reference,
            *(
                [
                    r.article_number,
                    r.description,
                    f"{r.quantity:f}",
                    f"{r.price:f}",
                    r.account,
                    r.cost_centre,
                ]
                for r in self.rows
            ),
        ]
        return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class FortnoxRow:
    """One row as Fortnox has it."""

    article_number: str
    description: str
    quantity: Decimal
    price: Decimal
    discount: Decimal = Decimal(0)
    discount_in_percent: bool = True
    account: int | None = None
    cost_centre: str = ""
    unit: str = ""
    vat_rate: Decimal | None = None  # in per cent; None: the answer does not say
    net: Decimal = Decimal(0)

    def shows(self, row: InvoiceRow) -> bool:
        """Whether it is what was to be sent."""
        return (
            (self.article_number, self.quantity, self.price) == (row.article_number, row.quantity, row.price)
            and self.discount == 0
            and row.account in {None, self.account}
            and row.cost_centre in {"", self.cost_centre}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FortnoxInvoice:
    """An invoice as Fortnox has it."""

    number: str
    reference: str  # ExternalInvoiceReference1
    net: Decimal | None  # None in lists, which do not carry it
    currency: str = ""
    booked: bool = False
    cancelled: bool = False
    sent: bool = False
    paid: bool = False
    cash_method: bool = False  # AccountingMethod is CASH
    credit_of: str = ""  # the other one of an invoice and its credit note
    is_credit_note: bool = False  # not known in lists
    from_order: bool = False
    row_ids: tuple[int, ...] = ()
    rows: tuple[FortnoxRow, ...] = ()  # not known in lists
    customer_number: str = ""
    customer_name: str = ""  # as the card had it when it was made
    vat: Decimal | None = None  # of rows and fees
    fees: Decimal | None = None  # freight and administration fee, which the net does not hold; without their VAT
    fees_vat: Decimal = Decimal(0)
    remarks: str = ""
    your_order_number: str = ""
    your_reference: str = ""
    invoice_date: date | None = None
    due_date: date | None = None
    total: Decimal | None = None  # to be paid, with VAT and fees
    balance: Decimal | None = None  # what is left of it

    @property
    def rows_vat(self) -> Decimal:
        """The VAT without that of the fees."""
        return (self.vat or Decimal(0)) - self.fees_vat

    def due_date_at(self, invoice_date: date) -> date | None:
        """When it is due if its date becomes this one: as many days later as now. None: nothing needs to be said.

        Whether Fortnox itself moves the due date with the invoice date is not documented.
        """
        if self.invoice_date is None or self.due_date is None or self.invoice_date == invoice_date:
            return None
        return invoice_date + (self.due_date - self.invoice_date)

    @property
    def locked_because(self) -> str:
        """Why Fortnox lets nobody change it: booked, or, by the cash method, sent or paid; empty if it does."""
        if not self.cash_method and self.booked:
            return "booked"
        if self.cash_method and (self.sent or self.paid):
            return "sent" if self.sent else "paid"
        return ""

    @property
    def fingerprint(self) -> str:
        """Changes when somebody changes what is invoiced: customer, currency, rows. Texts and dates are theirs."""
        facts = [
            self.customer_number,
            self.currency,
            *(
                [
                    row.article_number,
                    row.description,
                    *(f"{number.normalize():f}" for number in (row.quantity, row.price, row.discount)),
                    row.account,
                    row.cost_centre,
                ]
                for row in self.rows
            ),
        ]
        return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()[:32]

    def shows(self, draft: InvoiceDraft) -> bool:
        """Whether it invoices what was to be sent; what it says besides may differ."""
        return (
            self.net == draft.net
            and self.customer_number in {"", draft.customer_number}
            and draft.currency in {"", self.currency}
            and len(self.rows) == len(draft.rows)
            and all(there.shows(ours) for there, ours in zip(self.rows, draft.rows, strict=True))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer in Fortnox."""

    number: str
    active: bool
    currency: str
    name: str = ""
    organisation_number: str = ""
    vat_type: str = ""
    vat_number: str = ""
    invoice_remark: str = ""  # goes on every invoice that says nothing else
    terms_of_payment: str = ""  # empty: the company's
    delivers_without_country: bool = False  # an e-invoice to such a card is refused
    has_fees: bool = False
    delivery: str = ""  # how the customer gets invoices: PRINT, EMAIL, …
    has_mail: bool = True  # as far as is known, an address for them


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleDraft:
    """An article to create: always a service, because a stock article can zero an invoice."""

    number: str
    description: str
    sales_account: int | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """What we know to exist in Fortnox, and until when we believe it (ISO time): nothing is asked twice a day."""

    customers: Mapping[str, tuple[Customer, str]] = field(default_factory=dict)  # number → (facts, until)
    articles: Mapping[str, str] = field(default_factory=dict)  # number → until
    units: Mapping[str, str] = field(default_factory=dict)  # code → until
    without_vat_until: str = ""  # the company is not registered for VAT; believed until then
