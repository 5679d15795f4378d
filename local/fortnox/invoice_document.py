"""What every change of an invoice needs: the rules of its rows, its amounts, locked periods and years."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from local.fortnox import refusals
from local.fortnox.call import Call
from local.fortnox.company import Entry
from local.fortnox.fields import Fields
from local.fortnox.invoice_rows import WITHOUT_VAT, RowRules
from local.fortnox.money import Fees, price_row, total_invoice
from local.fortnox.refusals import Refusal, not_found


def invoice_entry(call: Call, number: str) -> Entry:
    """An invoice by its number. Raises Refusal: 400 for what is no number, 404 for one that is not there."""
    if not (number.isascii() and number.isdigit()):
        raise Refusal(refusals.NOT_NUMERIC, "Värdet måste vara numeriskt. (DocumentNumber)")
    entry = call.company.invoices.get(number)
    if entry is None:
        raise not_found(refusals.INVOICE_NOT_FOUND)
    return entry


def next_document_number(call: Call) -> str:
    """The next free number of the series."""
    company = call.company
    while str(company.next_document_number) in company.invoices:
        company.next_document_number += 1
    return str(company.next_document_number)


def row_rules(call: Call, invoice: Fields, customer: Fields, vat_type: str) -> RowRules:
    """The rules of an invoice's rows; `vat_type` is the invoice's own."""
    return RowRules(
        company=call.company,
        options=call.options,
        customer=customer,
        vat_type=vat_type,
        invoice_date=date.fromisoformat(invoice["InvoiceDate"]),
        cost_center=invoice["CostCenter"],
        price_list=invoice["PriceList"],
        vat_included=invoice["VATIncluded"],
    )


def settle(call: Call, invoice: Fields, vat_type: str) -> None:
    """Compute the amounts and give every row a new id, as Fortnox does at every update."""
    for row in invoice["InvoiceRows"]:
        row["RowId"] = call.company.next_row_id
        call.company.next_row_id += 1
        price_row(row, vat_included=invoice["VATIncluded"])
    if call.options.negative_total_is_credit and invoice["CreditInvoiceReference"] == "0":
        _turn(invoice)
    without_vat = vat_type in WITHOUT_VAT or not call.company.vat_registered
    fees = Fees(
        freight=Decimal(invoice["Freight"]),
        administration=Decimal(invoice["AdministrationFee"]),
        vat_rate=0 if without_vat else max(call.company.vat_rates, default=0),
        vat_included=invoice["VATIncluded"],
    )
    total_invoice(
        invoice,
        fees,
        rounded=call.options.total_rounded and invoice["Currency"] == "SEK",
        net_includes_fees=call.options.net_includes_fees,
    )


def _turn(invoice: Fields) -> None:
    """A negative sum of rows makes a credit note of an invoice, and its fees are taken off too."""
    negative = sum(row["TotalExcludingVAT"] for row in invoice["InvoiceRows"]) < 0
    turned = negative != (invoice["Credit"] == "true")
    invoice["Credit"] = "true" if negative else "false"
    for name in ("AdministrationFee", "Freight"):
        if turned and invoice[name]:
            invoice[name] = -Decimal(invoice[name])


def refuse_locked(call: Call, invoice: Fields, *, code: int = refusals.PERIOD_LOCKED) -> None:
    """Raises Refusal when the invoice's date lies in the locked period."""
    locked_until = call.company.locked_until
    if locked_until is not None and invoice["InvoiceDate"] <= locked_until.isoformat():
        raise Refusal(code, f"Perioden är låst till och med {locked_until.isoformat()}.")


def require_year(call: Call, invoice: Fields) -> int:
    """The id of the financial year of the invoice's date. Raises Refusal when there is none."""
    year = call.company.year_of(date.fromisoformat(invoice["InvoiceDate"]))
    if year is None:
        day = invoice["InvoiceDate"]
        raise Refusal(refusals.FINANCIAL_YEAR_MISSING, f"Räkenskapsår saknas för datumet {day}.")
    return year.id
