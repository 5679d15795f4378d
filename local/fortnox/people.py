"""What people do in Fortnox where the API has no part: pay, copy, renumber; and what goes to Skatteverket."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from local.fortnox.company import Company, Entry
from local.fortnox.fields import Fields
from local.fortnox.invoice_actions import unbooked_copy
from local.fortnox.money import hundredths
from local.fortnox.options import Options

_KEYS: Final = {"customers": "CustomerNumber", "articles": "ArticleNumber", "invoices": "DocumentNumber"}
# Fortnox's VAT codes of sales that belong into the list.
_COLUMNS: Final = {"VTEU": "Goods", "FTEU": "Services"}


def pay_invoice(
    company: Company, number: str, *, amount: Decimal | None, currency: str, day: date, now: datetime, options: Options
) -> None:
    """Register a payment of `amount`, or of all that is left; too much, or once more, leaves a negative balance.

    `currency` is that of the payment; empty is the invoice's. Raises KeyError for an unknown number or currency.
    """
    entry = company.invoices[number]
    invoice = entry.fields
    balance = Decimal(invoice["Balance"])
    paid = balance if amount is None else amount
    if currency and currency != invoice["Currency"]:
        paid = hundredths(paid * _rate(company, currency) / _rate(company, invoice["Currency"]))
    invoice["Balance"] = balance - paid
    if not invoice["Balance"]:
        invoice["FinalPayDate"] = day.isoformat()
    if options.payment_moves_last_modified:
        entry.modified_at = now


def _rate(company: Company, currency: str) -> Decimal:
    """Swedish kronor for one of it, by the register."""
    register = company.currencies[currency].fields
    return Decimal(str(register.get("SellRate") or 1)) / Decimal(str(register.get("Unit") or 1))


def copy_invoice(company: Company, number: str, *, now: datetime) -> str:
    """Copy an invoice with all that is on it, our reference too; gives the new number."""
    while str(company.next_document_number) in company.invoices:
        company.next_document_number += 1
    new = str(company.next_document_number)
    entry = company.invoices[number]
    fields = unbooked_copy(entry.fields, new)
    fields["Balance"] = fields["Total"]
    company.invoices[new] = Entry(fields=fields, unseen=dict(entry.unseen), created_at=now, modified_at=now)
    return new


def attach(company: Company, number: str, name: str) -> None:
    """A file of their own goes out with an invoice. Raises KeyError."""
    company.invoices[number]
    file_id = company.store_file(name, b"%PDF-1.4 of somebody")
    company.attach_file(int(number), file_id, include=True)


def detach(company: Company, number: str, name: str) -> None:
    """Files of an invoice whose names begin so go away. Raises KeyError for none."""
    gone = [
        id_
        for id_, one in company.attachments.items()
        if one["entityId"] == int(number) and company.files[one["fileId"]].name.startswith(name)
    ]
    if not gone:
        raise KeyError(name)
    for id_ in gone:
        del company.attachments[id_]


def renumber(company: Company, register: str, old: str, new: str, *, now: datetime) -> None:
    """Give a customer, article or invoice another number; documents of a customer follow.

    Raises KeyError for an unknown register or number, ValueError for a number that is taken.
    """
    key = _KEYS[register]
    entries: dict[str, Entry] = getattr(company, register)
    if new in entries:
        raise ValueError(f"{register} have {new!r} already")
    entry = entries.pop(old)
    entry.fields[key] = new
    entry.fields["@url"] = str(entry.fields["@url"]).rpartition("/")[0] + f"/{new}"
    entry.modified_at = now
    entries[new] = entry
    if register == "customers":
        for invoice in company.invoices.values():
            if invoice.fields["CustomerNumber"] == old:
                invoice.fields["CustomerNumber"] = new


def ec_sales_list(company: Company, *, from_date: date, to_date: date) -> list[dict[str, Any]]:
    """The periodic report of sales to other EU countries, in kronor: one line for each customer and VAT number.

    Fortnox makes it of the VAT codes of the accounts, so a sale on a domestic account is missing from it. Whether
    goods or services were sold is told by the account alone. `Invoices` are the document numbers in a line.
    """
    lines: defaultdict[tuple[str, str, str], Fields] = defaultdict(
        lambda: {"Goods": Decimal(0), "Services": Decimal(0), "Invoices": []}
    )
    for entry in company.invoices.values():
        invoice = entry.fields
        day = date.fromisoformat(invoice["InvoiceDate"])
        if invoice["Cancelled"] or not from_date <= day <= to_date:
            continue
        key = (invoice["CustomerNumber"], entry.unseen["VATNumber"], entry.unseen["VATType"])
        rate = Decimal(str(invoice["CurrencyRate"])) / Decimal(invoice["CurrencyUnit"])
        for row in invoice["InvoiceRows"]:
            account = company.account(row["AccountNumber"], year=company.year_of(day))
            column = _COLUMNS.get(str(account["VATCode"])) if account else None
            if column is None:
                continue
            line = lines[key]
            line[column] += hundredths(Decimal(row["TotalExcludingVAT"]) * rate)
            if invoice["DocumentNumber"] not in line["Invoices"]:
                line["Invoices"].append(invoice["DocumentNumber"])
    return [
        {"CustomerNumber": customer, "VATNumber": number, "VATType": vat_type, **line}
        for (customer, number, vat_type), line in sorted(lines.items())
    ]
