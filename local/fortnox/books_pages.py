"""What a person sees of a company in Fortnox: its invoices, each with its rows and VAT."""

from collections.abc import Mapping
from typing import Any

from local.pages import Cell, Markup, link, page, table, text

BASE = "/fortnox"
_ROW_FIELDS = ("ArticleNumber", "Description", "DeliveredQuantity", "Unit", "Price", "AccountNumber", "VAT", "Total")
_SUMS = ("Net", "TotalVAT", "Total")


def show(state: Mapping[str, Any], path: tuple[str, ...]) -> str | None:
    """All companies with their invoices, or one invoice by company and number; None for what is not there."""
    match path:
        case ():
            return _overview(state["companies"])
        case (tenant_id, number):
            company = state["companies"].get(tenant_id, {})
            invoice = company.get("invoices", {}).get(number)
            return _invoice(company, invoice) if invoice else None
    return None


def _overview(companies: Mapping[str, Any]) -> str:
    parts: list[Markup] = []
    for tenant_id, company in companies.items():
        rows = [_line(tenant_id, number, invoice) for number, invoice in company["invoices"].items()]
        parts += [text(str(company["name"]), tag="h2")]
        head = ("Number", "Date", "Customer", "Reference", "Currency", *_SUMS)
        parts += [table(head, rows, numbers=(5, 6, 7)) if rows else text("No invoices yet.")]
    return page("Fortnox: invoices (simulator)", *parts)


def _line(tenant_id: str, number: str, invoice: Mapping[str, Any]) -> list[Cell]:
    return [
        link(f"{BASE}/{tenant_id}/{number}", number),
        *(_shown(invoice, name) for name in ("InvoiceDate", "CustomerName", "ExternalInvoiceReference1", "Currency")),
        *(_shown(invoice, name) for name in _SUMS),
    ]


def _invoice(company: Mapping[str, Any], invoice: Mapping[str, Any]) -> str:
    rows = [[_shown(row, name) for name in _ROW_FIELDS] for row in invoice["InvoiceRows"]]
    plain = {name: value for name, value in invoice.items() if not isinstance(value, dict | list)}
    return page(
        f"Invoice {invoice['DocumentNumber']} of {company['name']}",
        link(BASE, "All invoices"),
        table(_ROW_FIELDS, rows, numbers=(2, 4, 6, 7)),
        text("Sums", tag="h2"),
        table(_SUMS, [[_shown(invoice, name) for name in _SUMS]], numbers=(0, 1, 2)),
        text("All fields", tag="h2"),
        table(("Field", "Value"), [[name, _shown(plain, name)] for name in plain]),
    )


def _shown(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return "" if value is None else str(value)
