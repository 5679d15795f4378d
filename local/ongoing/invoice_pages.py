"""What a person sees and does in Ongoing: invoices with their charges, another charge, export again, a new invoice."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from local.ongoing.client_control import OngoingControl
from local.ongoing.warehouse import Charge, Invoice
from local.pages import Markup, choice, field, form, link, page, table, text

BASE = "/ongoing"
_CHARGE_FIELDS = ("code", "title", "quantity", "unit_price", "account", "comment")


class RefusedError(Exception):
    """What was typed cannot be; says why."""


def show(state: Mapping[str, Any], path: tuple[str, ...]) -> str | None:
    """All systems with their invoices, or one invoice by system and id; None for what is not there."""
    match path:
        case ():
            return page("Ongoing WMS: invoices (simulator)", *_overview(state["warehouses"]))
        case (system, invoice_id):
            warehouse = state["warehouses"].get(system, {})
            found = [one for one in warehouse.get("invoices", ()) if str(one["id"]) == invoice_id]
            return _invoice(system, warehouse, found[0]) if found else None
    return None


def act(control: OngoingControl, path: tuple[str, ...], filled_in: Mapping[str, str], *, today: date) -> str | None:
    """Does what a button asks for; gives the address to go on to, None for what is no button. Raises RefusedError."""
    match path:
        case (system, "new"):
            return _new(control, system, filled_in, today)
        case (system, invoice_id, "charges"):
            control.add_charges(system, int(invoice_id), _charge(control, system, filled_in))
        case (system, invoice_id, "export"):
            control.change_invoice(system, int(invoice_id), is_exported=False)
        case _:
            return None
    return f"{BASE}/{system}/{invoice_id}"


def _overview(warehouses: Mapping[str, Any]) -> list[Markup]:
    parts: list[Markup] = []
    for system, warehouse in warehouses.items():
        names = {owner["id"]: str(owner["name"]) for owner in warehouse["goods_owners"]}
        rows = [
            [
                link(f"{BASE}/{system}/{one['id']}", str(one["id"])),
                str(one["number"] or ""),
                names.get(one["goods_owner_id"], ""),
                str(one["invoice_date"]),
                str(_total(one)),
                "exported" if one["is_exported"] else "",
            ]
            for one in warehouse["invoices"]
        ]
        head = ("Id", "Number", "Goods owner", "Date", "Amount", "Exported")
        owners = choice("goods_owner_id", "Goods owner", [(str(one), name) for one, name in names.items()])
        parts += [
            text(system, tag="h2"),
            table(head, rows, numbers=(4,)),
            text("A new invoice of last month", tag="h3"),
            form(f"{BASE}/{system}/new", "New invoice", owners, *_charge_fields()),
        ]
    return parts


def _invoice(system: str, warehouse: Mapping[str, Any], invoice: Mapping[str, Any]) -> str:
    here = f"{BASE}/{system}/{invoice['id']}"
    charges = [
        ["" if charge[name] is None else str(charge[name]) for name in _CHARGE_FIELDS] for charge in invoice["charges"]
    ]
    owner = next((one["name"] for one in warehouse["goods_owners"] if one["id"] == invoice["goods_owner_id"]), "")
    plain = {name: value for name, value in invoice.items() if not isinstance(value, dict | list)}
    return page(
        f"Invoice {invoice['id']}: {owner}",
        link(BASE, "All invoices"),
        text(f"Amount {_total(invoice)}, {'exported' if invoice['is_exported'] else 'not exported'}."),
        table(_CHARGE_FIELDS, charges, numbers=(2, 3)),
        form(f"{here}/charges", "Add a charge", *_charge_fields()),
        form(f"{here}/export", "Export again"),
        text("All fields", tag="h2"),
        table(("Field", "Value"), [[name, "" if value is None else str(value)] for name, value in plain.items()]),
    )


def _charge_fields() -> tuple[Markup, ...]:
    return (
        field("code", "Article number", "100"),
        field("title", "Title", "Pallplats"),
        field("quantity", "Quantity", "1"),
        field("unit_price", "Price of one", "85.00"),
        field("account", "Account", "3041"),
    )


def _new(control: OngoingControl, system: str, filled_in: Mapping[str, str], today: date) -> str:
    last_day = today.replace(day=1) - timedelta(days=1)
    invoice_id = 1 + max((one["id"] for one in _warehouse(control, system)["invoices"]), default=0)
    invoice = Invoice(
        id=invoice_id,
        goods_owner_id=int(_number(filled_in, "goods_owner_id")),
        title="Lager och hantering",
        invoice_date=last_day,
        period_start=last_day.replace(day=1),
        period_end=last_day,
        charges=(_charge(control, system, filled_in),),
    )
    control.put_invoices(system, invoice)
    return f"{BASE}/{system}/{invoice_id}"


def _charge(control: OngoingControl, system: str, filled_in: Mapping[str, str]) -> Charge:
    ids = [charge["id"] for one in _warehouse(control, system)["invoices"] for charge in one["charges"]]
    return Charge(
        id=1 + max(ids, default=0),
        title=filled_in.get("title", ""),
        unit_price=_number(filled_in, "unit_price"),
        quantity=_number(filled_in, "quantity"),
        code=filled_in.get("code") or None,
        account=filled_in.get("account") or None,
    )


def _warehouse(control: OngoingControl, system: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = control.state()["warehouses"].get(system)
    if found is None:
        raise RefusedError(f"there is no system {system}")
    return found


def _number(filled_in: Mapping[str, str], name: str) -> Decimal:
    typed = filled_in.get(name, "").strip().replace(",", ".")
    try:
        number = Decimal(typed)
    except InvalidOperation:
        raise RefusedError(f"{name} is {typed!r}, which is no number") from None
    if not number.is_finite():
        raise RefusedError(f"{name} is {typed!r}, which is no number")
    return number


def _total(invoice: Mapping[str, Any]) -> Decimal:
    if invoice["amount"] is not None:
        return Decimal(str(invoice["amount"]))
    charges = (Decimal(str(one["unit_price"])) * Decimal(str(one["quantity"])) for one in invoice["charges"])
    return sum(charges, Decimal(0)).quantize(Decimal("0.01"))
