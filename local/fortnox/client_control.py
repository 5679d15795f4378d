"""A small client of the simulator's control, for end-to-end tests and the demo."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen


class ControlError(Exception):
    """The simulator refused a control request; the text says why."""


class FortnoxControl:
    """The control of a running simulator at `url`, such as http://127.0.0.1:8080."""

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout

    def state(self) -> dict[str, Any]:
        """All companies, by tenant id under `companies`."""
        return dict(self._send("GET", "state"))

    def company(self, tenant_id: str) -> dict[str, Any]:
        """The state of one company. Raises KeyError when there is none."""
        return dict(self.state()["companies"][tenant_id])

    def invoices(self, tenant_id: str) -> dict[str, dict[str, Any]]:
        """A company's invoices by document number."""
        return dict(self.company(tenant_id)["invoices"])

    def calls(self) -> list[dict[str, Any]]:
        """The log of calls, oldest first."""
        return list(self._send("GET", "calls"))

    def clear_calls(self) -> None:
        """Empty the log of calls."""
        self._send("DELETE", "calls")

    def reset(self) -> None:
        """Back to the state the simulator started with."""
        self._send("POST", "reset")

    def replace_company(self, description: dict[str, Any]) -> None:
        """Create a company or replace its registers (see `local.fortnox.seed`)."""
        self._send("POST", "companies", description)

    def change_company(self, tenant_id: str, **settings: Any) -> None:
        """Change settings such as locked_until (ISO date or None), licences, integration_licence."""
        self._send("POST", f"companies/{tenant_id}", settings)

    def change_invoice(self, tenant_id: str, number: str, **fields: Any) -> None:
        """Set fields such as Booked, Sent, Cancelled, FinalPayDate, OrderReference on an invoice."""
        self.change_entry(tenant_id, "invoices", number, **fields)

    def change_entry(self, tenant_id: str, register: str, key: str, **fields: Any) -> None:
        """Set fields of one entity; registers are invoices, articles, customers, units, accounts and more."""
        self._send("POST", f"companies/{tenant_id}/{register}/{quote(key, safe='')}", fields)

    def add_customer(self, tenant_id: str, **fields: Any) -> None:
        """Add a customer, as in a description."""
        self._send("POST", f"companies/{tenant_id}/customers", fields)

    def add_article(self, tenant_id: str, **fields: Any) -> None:
        """Add an article, as in a description."""
        self._send("POST", f"companies/{tenant_id}/articles", fields)

    def person(self, tenant_id: str, *act: str, **fields: Any) -> Any:
        """What a person does in Fortnox: ("changes", number, field=…), ("acts", number, "cancel"), ("pays", number),
        ("copies", number), ("renumbers", "customers", old=…, new=…), ("deletes-customer", number) …
        """
        path = "/".join(quote(part, safe="") for part in act)
        return self._send("POST", f"companies/{tenant_id}/person/{path}", fields)["result"]

    def ec_sales_list(self, tenant_id: str, from_date: str, to_date: str) -> list[dict[str, Any]]:
        """The report of sales to other EU countries between two ISO dates."""
        return list(self._send("GET", f"companies/{tenant_id}/ec-sales-list/{from_date}/{to_date}"))

    def remove_entry(self, tenant_id: str, register: str, key: str) -> None:
        """Remove one entity."""
        self._send("DELETE", f"companies/{tenant_id}/{register}/{quote(key, safe='')}")

    def add_faults(self, *rules: dict[str, Any]) -> None:
        """Put fault rules in force (see `local.fortnox.faults`)."""
        self._send("POST", "faults", list(rules))

    def clear_faults(self) -> None:
        """Remove all fault rules."""
        self._send("DELETE", "faults")

    def change_options(self, **changes: Any) -> None:
        """Switch undocumented behaviour (see `local.fortnox.options`)."""
        self._send("POST", "options", changes)

    def advance_clock(self, seconds: float) -> None:
        """Let tokens and codes grow older."""
        self._send("POST", "clock", {"advance_seconds": seconds})

    def destroy_tokens(self, tenant_id: str) -> None:
        """Kill a company's refresh tokens and revoke its consents."""
        self._send("POST", "tokens/destroy", {"tenant_id": tenant_id})

    def expire_access_tokens(self, tenant_id: str) -> None:
        """Make a company's access tokens expire now."""
        self._send("POST", "tokens/expire_access", {"tenant_id": tenant_id})

    def revoke_consent(self, tenant_id: str) -> None:
        """Revoke a company's consents for client credentials."""
        self._send("POST", "tokens/revoke_consent", {"tenant_id": tenant_id})

    def register_redirect_uris(self, client_id: str, redirect_uris: Iterable[str]) -> None:
        """Register more redirect URIs for a client."""
        for uri in redirect_uris:
            self._send("POST", "redirect-uris", {"client_id": client_id, "redirect_uri": uri})

    def _send(self, method: str, path: str, value: Any = None) -> Any:
        body = None if value is None else json.dumps(value).encode()
        request = Request(  # the address is the caller's own simulator
            f"{self._url}/_simulator/{path}",
            data=body,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        try:
            with urlopen(request, timeout=self._timeout) as answer:
                return json.load(answer)
        except HTTPError as error:
            with error:
                raise ControlError(f"{method} {path}: {error.read().decode()}") from None
