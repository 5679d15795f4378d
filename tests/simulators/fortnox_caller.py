"""Calls the Fortnox simulator in process: a clock that tests set, tokens, and JSON in and out."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from local.fortnox.oauth import Client
from local.fortnox.options import Options
from local.fortnox.seed import CLIENT_ID, TENANT_ID, default_company, other_company
from local.fortnox.simulator import FortnoxSimulator
from local.http import Reply, Request

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRET = "the-client-secret"
REDIRECT_URI = "https://invoicing.example/oauth/callback"
SCOPES = (
    *("invoice", "article", "customer", "companyinformation", "settings"),
    *("bookkeeping", "currency", "costcenter"),
)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        """Move on, for example `minutes=5`."""
        self.now += timedelta(**span)


class Caller:
    """One simulator and the calls a client makes to it."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        companies: Iterable[dict[str, Any]] | None = None,
        options: Options | None = None,
    ) -> None:
        self.clock = clock or Clock()
        client = Client(client_id=CLIENT_ID, secret=SECRET, redirect_uris=(REDIRECT_URI,))
        self.simulator = FortnoxSimulator(
            clock=self.clock,
            clients=[client],
            companies=[default_company(), other_company()] if companies is None else companies,
            options=options or Options(),
        )
        self.access_token = ""

    def send(
        self,
        method: str,
        target: str,
        *,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> Reply:
        """Any request."""
        return self.simulator.handle(Request.to(method, target, headers=headers, body=body))

    def token(self, *, tenant: str | None = None, secret: str = SECRET, **form: str) -> Reply:
        """A request to the token endpoint."""
        basic = base64.b64encode(f"{CLIENT_ID}:{secret}".encode()).decode()
        headers = {
            "Authorization": f"Basic {basic}",
            "Content-Type": "application/x-www-form-urlencoded",
            **({"TenantId": tenant} if tenant else {}),
        }
        return self.send("POST", "/oauth-v1/token", headers=headers, body=urlencode(form).encode())

    def connect(
        self,
        *,
        tenant: str = TENANT_ID,
        username: str = "admin@nordlager.example",
        scopes: Iterable[str] = SCOPES,
        service: bool = True,
    ) -> dict[str, Any]:
        """Approve and exchange the code; the access token is used from here on. The token answer comes back."""
        code = self.simulator.approve(
            client_id=CLIENT_ID, tenant_id=tenant, username=username, scopes=scopes, service=service
        )
        answer = dict(value_of(self.token(grant_type="authorization_code", code=code)))
        self.access_token = answer["access_token"]
        return answer

    def api(self, method: str, target: str, value: Any = None) -> Reply:
        """A request to the REST API with the access token; `value` becomes the JSON body."""
        headers = {
            "Authorization": f"Bearer {self.access_token}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        body = b"" if value is None else json.dumps(value, default=str).encode()
        return self.send(method, target, headers=headers, body=body)

    def invoice(self, *rows: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Create an invoice for customer 1001 (or another) and return it; it must be accepted."""
        sent = {"CustomerNumber": "1001", "InvoiceRows": list(rows), **fields}
        reply = self.api("POST", "/3/invoices", {"Invoice": sent})
        assert reply.status == 201, reply.body
        return dict(value_of(reply)["Invoice"])

    def update(self, number: str, **fields: Any) -> Reply:
        """Change an invoice."""
        return self.api("PUT", f"/3/invoices/{number}", {"Invoice": fields})


def connected(**options: Any) -> Caller:
    """A caller with a valid access token for the default company."""
    caller = Caller(options=Options(**options))
    caller.connect()
    return caller


def value_of(reply: Reply) -> Any:
    """The JSON value of a reply, decimals exact."""
    return json.loads(reply.body, parse_float=Decimal)


def refusal_of(reply: Reply) -> tuple[int, int]:
    """HTTP status and Fortnox's error code of a refused call, whatever the casing of its keys."""
    information = value_of(reply)["ErrorInformation"]
    return reply.status, information.get("code", information.get("Code"))
