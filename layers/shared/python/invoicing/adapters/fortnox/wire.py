"""What goes over the wire to and from Fortnox's API, one model per thing. Wire names stop here.

Answers are read as real ones are: flags and numbers also as text, "0" where there is no reference, empty dates.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal

from invoicing.domain.customer_mail import CustomerMail, MailTexts
from invoicing.domain.errors import UpstreamContractError
from invoicing.domain.fortnox_invoice import (
    ArticleDraft,
    Customer,
    FortnoxInvoice,
    FortnoxRow,
    InvoiceDraft,
    InvoiceRow,
)
from invoicing.domain.head_texts import HeadTexts
from invoicing.domain.integration import Company
from invoicing.domain.remedy import CustomerDraft, Entry
from invoicing.wire import Amount, Day, Flag, FlagUnlessSaid, Key, Text, Thing, read

BLANK = "API_BLANK"  # clears a field on update; an empty string would leave the old value
_MOST_PAGES = 1_000  # half a million articles

# ---- bodies


class _Body(BaseModel):
    """What we send. What is None is left out, so that Fortnox's own defaults apply."""

    model_config = ConfigDict(alias_generator=to_pascal, validate_by_name=True, serialize_by_alias=True)

    def wire(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


class _RowBody(_Body):
    article_number: str
    description: str
    delivered_quantity: str  # Fortnox takes a text here, and a number for the price
    price: Decimal
    discount: Decimal = Decimal(0)  # said explicitly: a discount on the customer would apply otherwise
    discount_type: Literal["PERCENT", "AMOUNT"] | None = None
    account_number: int | None = None
    cost_center: str | None = None
    unit: str | None = None


class _MailBody(_Body):
    email_subject: str | None = None
    email_body: str | None = None


class _InvoiceBody(_Body):
    customer_number: str
    invoice_date: date
    delivery_date: date
    due_date: date | None = None
    freight: int | None = None
    administration_fee: int | None = None
    external_invoice_reference1: str | None = None
    document_number: str | None = None
    currency: str | None = None
    currency_unit: str | None = None
    vat_included: Literal[False] = Field(default=False, alias="VATIncluded")
    remarks: str | None = None
    your_order_number: str | None = None
    your_reference: str | None = None
    email_information: _MailBody | None = None  # its other fields are the customer's
    invoice_rows: list[_RowBody]


class _ArticleBody(_Body):
    article_number: str
    description: str
    type: Literal["SERVICE"] = "SERVICE"  # a stock article can zero an invoice
    unit: str
    sales_account: int | None = None


class _CustomerBody(_Body):
    customer_number: str
    name: str
    type: Literal["COMPANY"] = "COMPANY"
    currency: str
    vat_type: str = Field(alias="VATType")
    organisation_number: str | None = None
    vat_number: str | None = Field(default=None, alias="VATNumber")
    country_code: str | None = None
    address1: str | None = None
    address2: str | None = None
    zip_code: str | None = None
    city: str | None = None
    email_invoice: str | None = None


def invoice_body(draft: InvoiceDraft, mail: MailTexts | None) -> dict[str, Any]:
    """A new invoice."""
    said = None if mail is None else _MailBody(email_subject=mail.subject or None, email_body=mail.text or None)
    return _InvoiceBody(
        **_common(draft),
        email_information=said,
        **_currency(draft),
        due_date=draft.due_date,
        external_invoice_reference1=draft.reference,
        document_number=draft.document_number or None,
        remarks=draft.remarks or None,
        your_order_number=draft.your_order_number or None,
        your_reference=draft.your_reference or None,
    ).wire()


def update_body(there: FortnoxInvoice, draft: InvoiceDraft, texts: HeadTexts) -> dict[str, Any]:
    """All that an update sets; number, reference, currency and rate of an invoice stay, and texts that are not ours."""
    return _InvoiceBody(
        **_common(draft),
        **(_currency(draft) if draft.currency not in {"", there.currency} else {}),
        due_date=there.due_date_at(draft.invoice_date),
        **{name: text for name, text in asdict(texts).items() if text},
    ).wire()


def cleared_fields(texts: HeadTexts) -> list[str]:
    """The fields of an invoice that a change clears."""
    return [name for name, text in asdict(texts).items() if text == ""]


def text_body(field: str, text: str | None) -> dict[str, Any]:
    """One text of an invoice's head, and nothing else."""
    return {to_pascal(field): text}


def _common(draft: InvoiceDraft) -> dict[str, Any]:
    fee = 0 if draft.without_fees else None  # left out, Fortnox adds those of the customer or of the company
    return {
        "customer_number": draft.customer_number,
        "invoice_date": draft.invoice_date,
        "delivery_date": draft.delivery_date,
        "freight": fee,
        "administration_fee": fee,
        "invoice_rows": [_row(row) for row in draft.rows],
    }


def _currency(draft: InvoiceDraft) -> dict[str, Any]:
    """A foreign currency gets the rate 1 unless its unit is blanked; then the register's (seen by integrators)."""
    return {"currency": draft.currency or None, "currency_unit": None if draft.currency == "SEK" else BLANK}


def rows_body(there: FortnoxInvoice) -> dict[str, Any]:
    """The rows that an invoice had, as new ones."""
    return {"InvoiceRows": [_row_again(row).wire() for row in there.rows]}


def _row_again(row: FortnoxRow) -> _RowBody:
    return _RowBody(
        article_number=row.article_number,
        description=row.description,
        delivered_quantity=f"{row.quantity:f}",
        price=row.price,
        discount=row.discount,
        discount_type="PERCENT" if row.discount_in_percent else "AMOUNT",
        account_number=row.account,
        cost_center=row.cost_centre or None,
        unit=row.unit or None,
    )


def _row(row: InvoiceRow) -> _RowBody:
    """Numbers stay exact."""
    return _RowBody(
        article_number=row.article_number,
        description=row.description,
        delivered_quantity=f"{row.quantity:f}",
        price=row.price,
        account_number=row.account,
        cost_center=row.cost_centre or None,
    )


def article_body(draft: ArticleDraft) -> dict[str, Any]:
    """A new article."""
    return _ArticleBody(
        article_number=draft.number, description=draft.description, unit=draft.unit, sales_account=draft.sales_account
    ).wire()


def customer_body(draft: CustomerDraft) -> dict[str, Any]:
    """A new customer."""
    facts = {name: value for name, value in asdict(draft).items() if value}
    named = {**facts, "customer_number": facts.pop("number"), "email_invoice": facts.pop("email", None)}
    return _CustomerBody.model_validate(named).wire()


# ---- answers


class _Row(Thing):
    row_id: int
    article_number: Text = ""
    description: Text = ""
    delivered_quantity: Amount = None
    price: Amount = None
    discount: Amount = None
    discount_type: Text = ""
    account_number: Text = ""
    cost_center: Text = ""
    unit: Text = ""
    vat: Amount = Field(default=None, alias="VAT")
    total_excluding_vat: Amount = Field(default=None, alias="TotalExcludingVAT")
    total: Amount = None


class _Invoice(Thing):
    """Single or from a list, which carries neither net nor rows.

    Four fields may be empty and must be there: without them an invoice would be made twice, or changed behind the back
    of whoever has it.
    """

    document_number: Key
    external_invoice_reference1: Text
    booked: Flag
    cancelled: Flag
    sent: Flag
    customer_number: Text = ""
    customer_name: Text = ""
    net: Amount = None
    currency: Text = ""
    final_pay_date: Text = ""
    accounting_method: Text = ""
    credit: Flag = False
    credit_invoice_reference: Text = ""
    order_reference: Text = ""
    invoice_rows: list[_Row] | None = None
    invoice_date: Day = None
    due_date: Day = None
    total: Amount = None
    balance: Amount = None
    total_vat: Amount = Field(default=None, alias="TotalVAT")
    freight: Amount = None
    freight_vat: Amount = Field(default=None, alias="FreightVAT")
    administration_fee: Amount = None
    administration_fee_vat: Amount = Field(default=None, alias="AdministrationFeeVAT")
    vat_included: Flag = Field(default=False, alias="VATIncluded")
    remarks: Text = ""
    your_order_number: Text = ""
    your_reference: Text = ""

    @property
    def fees_vat(self) -> Decimal:
        return (self.freight_vat or Decimal(0)) + (self.administration_fee_vat or Decimal(0))

    @property
    def fees(self) -> Decimal | None:
        """Freight and administration fee without VAT; where prices include it, so do they."""
        if self.freight is None and self.administration_fee is None:
            return None
        fees = (self.freight or Decimal(0)) + (self.administration_fee or Decimal(0))
        return fees - self.fees_vat if self.vat_included else fees


class _MailInformation(Thing):
    email_address_to: Text = ""
    email_address_from: Text = ""
    email_address_cc: Text = Field(default="", alias="EmailAddressCC")
    email_address_bcc: Text = Field(default="", alias="EmailAddressBCC")
    email_subject: Text = ""
    email_body: Text = ""


class _Mailed(Thing):
    """An invoice, as far as its mail goes."""

    email_information: _MailInformation | None = None


class _DeliveryTypes(Thing):
    invoice: Text = ""


class _Customer(Thing):
    """One of its own; lists lack what is needed here."""

    customer_number: Key
    active: FlagUnlessSaid = True
    currency: Text = ""
    name: Text = ""
    organisation_number: Text = ""
    vat_type: Text = Field(default="", alias="VATType")
    vat_number: Text = Field(default="", alias="VATNumber")
    invoice_remark: Text = ""
    terms_of_payment: Text = ""
    delivery_address1: Text = ""
    delivery_address2: Text = ""
    delivery_zip_code: Text = ""
    delivery_city: Text = ""
    delivery_country: Text = ""
    invoice_freight: Any = None  # an amount, which cards hold in any writing
    invoice_administration_fee: Any = None
    default_delivery_types: _DeliveryTypes | None = None
    email: Any = None  # whatever is there, an address or none
    email_invoice: Any = None

    @property
    def delivers_without_country(self) -> bool:
        """An e-invoice to such a card is refused."""
        address = self.delivery_address1 or self.delivery_address2 or self.delivery_zip_code or self.delivery_city
        return bool(address) and not self.delivery_country

    @property
    def has_mail(self) -> bool:
        """Whether Fortnox knows where to; an answer that names neither field says nothing."""
        named = self.model_fields_set & {"email", "email_invoice"}
        return not named or bool(self.email or self.email_invoice)

    @property
    def has_fees(self) -> bool:
        return any(
            set(str(fee or "")) & set("123456789") for fee in (self.invoice_freight, self.invoice_administration_fee)
        )


class _Article(Thing):
    article_number: Text = ""
    active: FlagUnlessSaid = True


class _Entry(Thing):
    """Of any register. A currency is never inactive."""

    active: FlagUnlessSaid = True
    name: Text = ""
    description: Text = ""


class _Year(Thing):
    id: int


class _Company(Thing):
    """`DatabaseNumber` is the tenant id, a number here and a text elsewhere."""

    database_number: Key
    company_name: Text = ""
    organization_number: Text = ""


class _CompanySettings(Thing):
    tax_enabled: FlagUnlessSaid = True


class _LockedPeriod(Thing):
    end_date: Day = None


class _Meta(Thing):
    total_pages: int = Field(alias="@TotalPages", le=_MOST_PAGES)


class _List(Thing):
    meta_information: _Meta


def read_customer_mail(body: object) -> CustomerMail:
    """Raises UpstreamContractError."""
    got = read(_Mailed, body, what="Fortnox's Invoice").email_information or _MailInformation()
    return CustomerMail(
        to=got.email_address_to,
        sender=got.email_address_from,
        copies=tuple(filter(None, (got.email_address_cc, got.email_address_bcc))),
        subject=got.email_subject,
        text=got.email_body.strip(),
    )


def read_invoice(body: object) -> FortnoxInvoice:
    """Raises UpstreamContractError."""
    got = read(_Invoice, body, what="Fortnox's Invoice")
    return FortnoxInvoice(
        number=got.document_number,
        reference=got.external_invoice_reference1,
        net=got.net,
        currency=got.currency,
        booked=got.booked,
        cancelled=got.cancelled,
        sent=got.sent,
        paid=bool(got.final_pay_date),
        cash_method=got.accounting_method == "CASH",
        credit_of=_reference(got.credit_invoice_reference),
        # One with a negative total is marked as a credit, too; a note says of which invoice it is.
        is_credit_note=got.credit and bool(_reference(got.credit_invoice_reference)),
        from_order=bool(_reference(got.order_reference)),
        row_ids=tuple(row.row_id for row in got.invoice_rows or ()),
        rows=tuple(map(_read_row, got.invoice_rows or ())),
        vat=got.total_vat,
        fees=got.fees,
        fees_vat=got.fees_vat,
        remarks=got.remarks,
        your_order_number=got.your_order_number,
        your_reference=got.your_reference,
        customer_number=got.customer_number,
        customer_name=got.customer_name,
        invoice_date=got.invoice_date,
        due_date=got.due_date,
        total=got.total,
        balance=got.balance,
    )


def _read_row(row: _Row) -> FortnoxRow:
    account = row.account_number
    return FortnoxRow(
        article_number=row.article_number,
        description=row.description,
        quantity=row.delivered_quantity or Decimal(0),
        price=row.price or Decimal(0),
        discount=row.discount or Decimal(0),
        discount_in_percent=row.discount_type != "AMOUNT",
        account=(int(account) or None) if account.isascii() and account.isdigit() else None,
        cost_centre=row.cost_center,
        unit=row.unit,
        vat_rate=row.vat,
        net=(row.total_excluding_vat if row.total_excluding_vat is not None else row.total) or Decimal(0),
    )


def _reference(text: str) -> str:
    return "" if text == "0" else text


def read_customer(body: object) -> Customer:
    """Raises UpstreamContractError."""
    got = read(_Customer, body, what="Fortnox's Customer")
    return Customer(
        number=got.customer_number,
        active=got.active,
        currency=got.currency,
        name=got.name,
        organisation_number=got.organisation_number,
        vat_type=got.vat_type,
        vat_number=got.vat_number,
        invoice_remark=got.invoice_remark,
        terms_of_payment=got.terms_of_payment,
        delivers_without_country=got.delivers_without_country,
        has_fees=got.has_fees,
        delivery=got.default_delivery_types.invoice if got.default_delivery_types else "",
        has_mail=got.has_mail,
    )


def read_article(body: object) -> tuple[str, bool]:
    """Number (empty in lists that leave it out) and whether it is active. Raises UpstreamContractError."""
    got = read(_Article, body, what="Fortnox's Article")
    return got.article_number, got.active


def read_entry(body: object) -> Entry:
    """Raises UpstreamContractError."""
    got = read(_Entry, body, what="Fortnox's entry of a register")
    return Entry(active=got.active, name=got.name or got.description)


def read_year_id(body: object) -> str:
    """Raises UpstreamContractError."""
    return str(read(_Year, body, what="Fortnox's FinancialYear").id)


def read_list(body: Mapping[str, Any], key: str) -> tuple[list[Any], int]:
    """What one page of a list holds, and how many pages there are. Raises UpstreamContractError."""
    found = body.get(key)
    if not isinstance(found, list):
        raise UpstreamContractError(f"Fortnox's list lacks {key}")
    # A list with something in it that does not say whether it goes on is not taken for the whole.
    return found, read(_List, body, what="Fortnox's list").meta_information.total_pages if found else 1


def read_is_taxed(body: object) -> bool:
    """Whether a company has VAT at all. Raises UpstreamContractError."""
    return read(_CompanySettings, body, what="Fortnox's CompanySettings").tax_enabled


def read_locked_until(body: Mapping[str, Any]) -> date | None:
    """Where nothing is locked there is nothing in it, however that is written. Raises UpstreamContractError."""
    if "LockedPeriod" not in body:
        raise UpstreamContractError("Fortnox's answer lacks LockedPeriod")
    return read(_LockedPeriod, body["LockedPeriod"] or {}, what="Fortnox's LockedPeriod").end_date


def read_company(body: object) -> Company:
    """Raises UpstreamContractError."""
    got = read(_Company, body, what="Fortnox's CompanyInformation")
    return Company(tenant_id=got.database_number, name=got.company_name, organisation_number=got.organization_number)
