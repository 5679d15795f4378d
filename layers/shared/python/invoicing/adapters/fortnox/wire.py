"""What goes over the wire to and from Fortnox's API. Wire names stop here."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

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

BLANK = "API_BLANK"  # clears a field on update; an empty string would leave the old value


def invoice_body(draft: InvoiceDraft) -> dict[str, Any]:
    """A new invoice. What is empty is left out, so that Fortnox's own defaults apply."""
    body: dict[str, Any] = {
        **_currency(draft),
        "CustomerNumber": draft.customer_number,
        "InvoiceDate": draft.invoice_date.isoformat(),
        "DeliveryDate": draft.delivery_date.isoformat(),
        **_fees(draft),
        **({"DueDate": draft.due_date.isoformat()} if draft.due_date else {}),
        "ExternalInvoiceReference1": draft.reference,
        "VATIncluded": False,
        "InvoiceRows": [_row(row) for row in draft.rows],
    }
    optional = {
        "DocumentNumber": draft.document_number,
        "Remarks": draft.remarks,
        "YourOrderNumber": draft.your_order_number,
        "YourReference": draft.your_reference,
    }
    body.update({name: value for name, value in optional.items() if value})
    return body


def update_body(there: FortnoxInvoice, draft: InvoiceDraft, texts: HeadTexts) -> dict[str, Any]:
    """All that an update sets; number, reference, currency and rate of an invoice stay, and texts that are not ours."""
    due_date = there.due_date_at(draft.invoice_date)
    return {
        **(_currency(draft) if draft.currency not in {"", there.currency} else {}),
        **({"DueDate": due_date.isoformat()} if due_date else {}),
        "CustomerNumber": draft.customer_number,
        "InvoiceDate": draft.invoice_date.isoformat(),
        "DeliveryDate": draft.delivery_date.isoformat(),
        **_fees(draft),
        "VATIncluded": False,
        **{_TEXTS[name]: text for name, text in asdict(texts).items() if text},
        "InvoiceRows": [_row(row) for row in draft.rows],
    }


def cleared_fields(texts: HeadTexts) -> list[str]:
    """The fields that a change clears."""
    return [_TEXTS[name] for name, text in asdict(texts).items() if text == ""]


_TEXTS = {"remarks": "Remarks", "your_order_number": "YourOrderNumber", "your_reference": "YourReference"}


def rows_body(there: FortnoxInvoice) -> dict[str, Any]:
    """The rows that an invoice had, as new ones."""
    return {"InvoiceRows": [_row_again(row) for row in there.rows]}


def _row_again(row: FortnoxRow) -> dict[str, Any]:
    body: dict[str, Any] = {
        "ArticleNumber": row.article_number,
        "Description": row.description,
        "DeliveredQuantity": f"{row.quantity:f}",
        "Price": row.price,
        "Discount": row.discount,
        "DiscountType": "PERCENT" if row.discount_in_percent else "AMOUNT",
    }
    optional = {"AccountNumber": row.account, "CostCenter": row.cost_centre, "Unit": row.unit}
    return {**body, **{name: value for name, value in optional.items() if value}}


def _fees(draft: InvoiceDraft) -> dict[str, Any]:
    """Left out, Fortnox adds those of the customer or of the company."""
    return {"Freight": 0, "AdministrationFee": 0} if draft.without_fees else {}


def _currency(draft: InvoiceDraft) -> dict[str, Any]:
    """A foreign currency gets the rate 1 unless its unit is blanked; then the register's (seen by integrators)."""
    currency = {"Currency": draft.currency} if draft.currency else {}
    return currency if draft.currency == "SEK" else {**currency, "CurrencyUnit": BLANK}


def _row(row: InvoiceRow) -> dict[str, Any]:
    """`Discount` is said explicitly: a discount on the customer would apply otherwise. Numbers stay exact."""
    body: dict[str, Any] = {
        "ArticleNumber": row.article_number,
        "Description": row.description,
        "DeliveredQuantity": f"{row.quantity:f}",
        "Price": Decimal(f"{row.price:f}"),
        "Discount": 0,
    }
    if row.account is not None:
        body["AccountNumber"] = row.account
    if row.cost_centre:
        body["CostCenter"] = row.cost_centre
    return body


def article_body(draft: ArticleDraft) -> dict[str, Any]:
    """A new article: a service, because a stock article can zero an invoice."""
    body: dict[str, Any] = {
        "ArticleNumber": draft.number,
        "Description": draft.description,
        "Type": "SERVICE",
        "Unit": draft.unit,
    }
    if draft.sales_account is not None:
        body["SalesAccount"] = draft.sales_account
    return body


def read_invoice(body: Mapping[str, Any]) -> FortnoxInvoice:
    """An invoice, single or from a list (which carries neither net nor rows). Raises UpstreamContractError."""
    rows = body.get("InvoiceRows")
    credit = str(body.get("CreditInvoiceReference") or "0")
    order = str(body.get("OrderReference") or "0")
    return FortnoxInvoice(
        number=_required(body, "DocumentNumber"),
        reference=str(body.get("ExternalInvoiceReference1") or ""),
        net=_decimal(body["Net"]) if body.get("Net") is not None else None,
        currency=str(body.get("Currency") or ""),
        booked=_flag(body.get("Booked")),
        cancelled=_flag(body.get("Cancelled")),
        sent=_flag(body.get("Sent")),
        paid=bool(body.get("FinalPayDate")),
        cash_method=body.get("AccountingMethod") == "CASH",
        credit_of="" if credit == "0" else credit,
        # One with a negative total is marked as a credit, too; a note says of which invoice it is.
        is_credit_note=_flag(body.get("Credit")) and credit != "0",
        from_order=order not in {"", "0"},
        rows=tuple(_read_row(row) for row in (rows if isinstance(rows, list) else []) if isinstance(row, dict)),
        vat=_optional_decimal(body.get("TotalVAT")),
        fees=_fees_without_vat(body),
        fees_vat=_decimal(body.get("FreightVAT") or 0) + _decimal(body.get("AdministrationFeeVAT") or 0),
        remarks=str(body.get("Remarks") or ""),
        your_order_number=str(body.get("YourOrderNumber") or ""),
        your_reference=str(body.get("YourReference") or ""),
        row_ids=tuple(
            row["RowId"]
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, dict) and isinstance(row.get("RowId"), int)
        ),
        customer_number=str(body.get("CustomerNumber") or ""),
        invoice_date=_date(body.get("InvoiceDate")),
        due_date=_date(body.get("DueDate")),
    )


def _read_row(row: Mapping[str, Any]) -> FortnoxRow:
    account = str(row.get("AccountNumber") or "")
    total = row.get("TotalExcludingVAT")
    return FortnoxRow(
        article_number=str(row.get("ArticleNumber") or ""),
        description=str(row.get("Description") or ""),
        quantity=_decimal(row.get("DeliveredQuantity") or 0),
        price=_decimal(row.get("Price") or 0),
        discount=_decimal(row.get("Discount") or 0),
        discount_in_percent=row.get("DiscountType") != "AMOUNT",
        account=int(account) if account.isdigit() else None,
        cost_centre=str(row.get("CostCenter") or ""),
        unit=str(row.get("Unit") or ""),
        vat_rate=_optional_decimal(row.get("VAT")),
        net=_decimal((total if total is not None else row.get("Total")) or 0),
    )


def read_customer(body: Mapping[str, Any]) -> Customer:
    """One customer; lists lack what is needed here."""
    delivery = body.get("DefaultDeliveryTypes")
    return Customer(
        number=_required(body, "CustomerNumber"),
        active=body.get("Active") is None or _flag(body.get("Active")),
        currency=str(body.get("Currency") or ""),
        name=str(body.get("Name") or ""),
        organisation_number=str(body.get("OrganisationNumber") or ""),
        vat_type=str(body.get("VATType") or ""),
        vat_number=str(body.get("VATNumber") or ""),
        invoice_remark=str(body.get("InvoiceRemark") or ""),
        terms_of_payment=str(body.get("TermsOfPayment") or ""),
        delivers_without_country=any(body.get(name) for name in _DELIVERY) and not body.get("DeliveryCountry"),
        has_fees=any(str(body.get(name) or "0") != "0" for name in ("InvoiceFreight", "InvoiceAdministrationFee")),
        delivery=str(delivery.get("Invoice") or "") if isinstance(delivery, dict) else "",
    )


_DELIVERY = ("DeliveryAddress1", "DeliveryAddress2", "DeliveryZipCode", "DeliveryCity")


def _fees_without_vat(body: Mapping[str, Any]) -> Decimal | None:
    """Freight and administration fee; where prices include VAT, so do they."""
    if body.get("Freight") is None and body.get("AdministrationFee") is None:
        return None
    fees = _decimal(body.get("Freight") or 0) + _decimal(body.get("AdministrationFee") or 0)
    vat = _decimal(body.get("FreightVAT") or 0) + _decimal(body.get("AdministrationFeeVAT") or 0)
    return fees - vat if _flag(body.get("VATIncluded")) else fees


def read_company(body: Mapping[str, Any]) -> Company:
    """Company information; `DatabaseNumber` is the tenant id, a number here and a text elsewhere."""
    return Company(
        tenant_id=_required(body, "DatabaseNumber"),
        name=str(body.get("CompanyName") or ""),
        organisation_number=str(body.get("OrganizationNumber") or ""),
    )


def _required(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value in (None, "") or isinstance(value, bool | list | dict):
        raise UpstreamContractError(f"Fortnox's answer lacks {name}")
    return str(value)


def _date(value: object) -> date | None:
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        return None
    return day if day.year > 1 else None


def _flag(value: object) -> bool:
    """A truth, which Fortnox writes as such or as a text."""
    return value is True or str(value).lower() == "true"


def _optional_decimal(value: object) -> Decimal | None:
    return None if value in (None, "") else _decimal(value)


def _decimal(value: object) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise UpstreamContractError("Fortnox's answer has a total that is no number") from None
    if not number.is_finite():
        raise UpstreamContractError("Fortnox's answer has a total that is no number")
    return number
