"""A small client of the control paths, for tests and the local stack."""

import json
from datetime import timedelta
from typing import Any
from urllib.request import Request, urlopen

from local.ongoing.faults import FaultRule
from local.ongoing.json_form import to_json
from local.ongoing.warehouse import Charge, Invoice, Warehouse


class OngoingControl:
    """Speaks to a running simulator at `url`. A refused call raises urllib.error.HTTPError."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def state(self) -> dict[str, Any]:
        """Time, options, fault rules and all systems; never a password."""
        return self._call("GET", "state")

    def calls(self) -> list[dict[str, Any]]:
        """The log of calls since the start or the last `clear_calls`."""
        calls: list[dict[str, Any]] = self._call("GET", "calls")["calls"]
        return calls

    def clear_calls(self) -> None:
        """Empties the log."""
        self._call("DELETE", "calls")

    def reset(self) -> None:
        """Everything as at the start."""
        self._call("POST", "reset")

    def set_options(self, **changes: Any) -> None:
        """Changes switches; their names are the members of Options."""
        self._call("POST", "options", changes)

    def add_fault(self, rule: FaultRule) -> None:
        """Puts a fault rule behind the others."""
        self._call("POST", "faults", rule)

    def clear_faults(self) -> None:
        """Ends all fault rules."""
        self._call("DELETE", "faults")

    def advance_clock(self, by: timedelta) -> None:
        """Lets time pass in the simulator."""
        self._call("POST", "clock", {"advance_seconds": by.total_seconds()})

    def put_warehouse(self, warehouse: Warehouse) -> None:
        """Creates or replaces a system."""
        self._call("POST", "warehouses", warehouse)

    def invoice(self, warehouse: str, invoice_id: int) -> dict[str, Any]:
        """An invoice as it stands. Raises StopIteration if there is none."""
        invoices: list[dict[str, Any]] = self.state()["warehouses"][warehouse]["invoices"]
        return next(invoice for invoice in invoices if invoice["id"] == invoice_id)

    def put_invoices(self, warehouse: str, *invoices: Invoice) -> None:
        """Adds or replaces invoices."""
        self._call("POST", f"warehouses/{warehouse}/invoices", list(invoices))

    def change_invoice(self, warehouse: str, invoice_id: int, **changes: Any) -> None:
        """Changes members of an invoice; `is_exported=False` is a user who exports again."""
        self._call("POST", f"warehouses/{warehouse}/invoices/{invoice_id}", changes)

    def add_charges(self, warehouse: str, invoice_id: int, *charges: Charge) -> None:
        """Lets an invoice grow."""
        self._call("POST", f"warehouses/{warehouse}/invoices/{invoice_id}/charges", list(charges))

    def remove_invoice(self, warehouse: str, invoice_id: int) -> None:
        """Deletes an invoice."""
        self._call("DELETE", f"warehouses/{warehouse}/invoices/{invoice_id}")

    def _call(self, method: str, path: str, value: Any = None) -> dict[str, Any]:
        body = None if value is None else json.dumps(to_json(value, with_passwords=True)).encode()
        request = Request(
            f"{self._url}/_simulator/{path}",
            data=body,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        with urlopen(request, timeout=10) as answer:
            read: dict[str, Any] = json.load(answer)
        return read
