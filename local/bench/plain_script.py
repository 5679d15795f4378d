"""What a decent developer writes in an afternoon: from a scheduler, unexported invoices of Ongoing go to Fortnox.

The yardstick of `comparison`. It works the way public clients of Fortnox do: one method, one call. The customer and
each article are looked up once per run, an article that is missing is created, the reference is looked for before
an invoice is created (or not: `looks_first`), and 0.2 s pass after each call. A call that is refused with 429 is
made again; what else goes wrong with an invoice is left to the next run. Ongoing is read and written with our own
client, which is more than an afternoon's work.

The public Python clients do not run here: `fortpyx` 0.0.1a1 pins a pydantic that has no build for this Python and has
no base URL to set, `pyfortnox` 1.2.0 sends the headers of the old sign-in and no bearer token. One method is one call
in both, so that a script on them would make the same calls.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from invoicing.application.http import HttpAnswer, HttpRequest, HttpTransport
from invoicing.application.ports import WmsInvoices
from invoicing.domain.errors import InvoicingError
from invoicing.domain.wms_invoice import Charge, WmsInvoice, WmsLogin

_PAUSE = 0.2  # seconds; 5 calls per second
_PAUSE_AFTER_429 = 5.0
_TRIES = 3
_RENEW_BEFORE = timedelta(minutes=5)


class FortnoxError(Exception):
    """Fortnox answered with an error."""


class SignedOutError(Exception):
    """Fortnox no longer takes the refresh token: a person has to approve again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What the script keeps in a file."""

    access: str
    refresh: str
    expires_at: datetime


@dataclass(slots=True, kw_only=True)
class FortnoxClient:
    """One method per call."""

    transport: HttpTransport
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    client_id: str
    secret: str
    redirect_uri: str
    tokens: Tokens | None = None

    def connect(self, code: str) -> None:
        """Exchanges the code that Fortnox gave to the redirect URI."""
        self._ask_for_tokens(grant_type="authorization_code", code=code, redirect_uri=self.redirect_uri)

    def customer(self, number: str) -> Any:
        """None if there is none."""
        return self._call("GET", f"/3/customers/{quote(number, safe='')}")

    def article(self, number: str) -> Any:
        """None if there is none."""
        return self._call("GET", f"/3/articles/{quote(number, safe='')}")

    def create_article(self, article: dict[str, Any]) -> None:
        """Raises FortnoxError."""
        self._call("POST", "/3/articles", {"Article": article})

    def invoice_with(self, reference: str) -> Any:
        """The invoice with exactly this reference; Fortnox finds those that contain it."""
        found = self._call("GET", f"/3/invoices?{urlencode({'externalinvoicereference1': reference})}")
        return next((one for one in found["Invoices"] if one["ExternalInvoiceReference1"] == reference), None)

    def create_invoice(self, invoice: dict[str, Any]) -> Any:
        """The invoice as Fortnox has it. Raises FortnoxError."""
        return self._call("POST", "/3/invoices", {"Invoice": invoice})["Invoice"]

    def _call(self, method: str, path: str, body: object = None) -> Any:
        for _ in range(_TRIES):
            answer = self.transport.send(
                HttpRequest(
                    method=method,
                    url=f"https://api.fortnox.example{path}",
                    headers={"Authorization": f"Bearer {self._access_token()}", "Content-Type": "application/json"},
                    body=None if body is None else json.dumps(body).encode(),
                )
            )
            self.sleep(_PAUSE)
            if answer.status != 429:
                break
            self.sleep(_PAUSE_AFTER_429)
        if method == "GET" and answer.status == 404:
            return None
        if answer.status >= 400:
            raise FortnoxError(f"{method} {path} was answered with {answer.status}")
        return json.loads(answer.body)

    def _access_token(self) -> str:
        if self.tokens is None:
            raise SignedOutError
        if self.clock() > self.tokens.expires_at - _RENEW_BEFORE:
            self._ask_for_tokens(grant_type="refresh_token", refresh_token=self.tokens.refresh)
        return self.tokens.access

    def _ask_for_tokens(self, **form: str) -> None:
        login = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        answer: HttpAnswer = self.transport.send(
            HttpRequest(
                method="POST",
                url="https://apps.fortnox.example/oauth-v1/token",
                headers={"Authorization": f"Basic {login}", "Content-Type": "application/x-www-form-urlencoded"},
                body=urlencode(form).encode(),
            )
        )
        if answer.status != 200:
            raise SignedOutError
        given = json.loads(answer.body)
        self.tokens = Tokens(
            access=given["access_token"],
            refresh=given["refresh_token"],
            expires_at=self.clock() + timedelta(seconds=given["expires_in"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainScript:
    """The script. `since` is the first invoice date that it looks at."""

    fortnox: FortnoxClient
    wms: WmsInvoices
    login: WmsLogin
    since: date
    looks_first: bool = True

    def run(self) -> int:
        """Gives how many invoices were sent. Raises SignedOutError."""
        sent = 0
        known: set[str] = set()
        try:
            pages = self.wms.unexported(self.login, since=self.since)
            waiting = [invoice for page in pages for invoice in page.invoices]
        except InvoicingError:
            return sent  # the scheduler starts it again
        for invoice in waiting:
            if not isinstance(invoice, WmsInvoice):
                continue
            try:
                self._send(invoice, known)
            except (FortnoxError, InvoicingError):
                continue  # into the log, and the next run tries it again
            sent += 1
        return sent

    def _send(self, invoice: WmsInvoice, known: set[str]) -> None:
        reference = f"ONGOING-{invoice.id}"
        there = self.fortnox.invoice_with(reference) if self.looks_first else None
        if there is None:
            self._check_customer(invoice.goods_owner.customer_code, known)
            for charge in invoice.charges:
                self._ensure_article(charge, known)
            there = self.fortnox.create_invoice(
                {
                    "CustomerNumber": invoice.goods_owner.customer_code,
                    "InvoiceDate": str(invoice.invoice_date or ""),
                    "ExternalInvoiceReference1": reference,
                    "VATIncluded": False,
                    "InvoiceRows": [
                        {
                            "ArticleNumber": charge.article_number,
                            "Description": charge.article_title,
                            "DeliveredQuantity": str(charge.quantity),
                            "Price": float(charge.price),
                            "AccountNumber": int(charge.account),
                        }
                        for charge in invoice.charges
                    ],
                }
            )
        self.wms.write_back(self.login, invoice.id, number=str(there["DocumentNumber"]))

    def _check_customer(self, number: str, known: set[str]) -> None:
        if f"customer {number}" not in known:
            if self.fortnox.customer(number) is None:
                raise FortnoxError(f"customer {number} is not in Fortnox")
            known.add(f"customer {number}")

    def _ensure_article(self, charge: Charge, known: set[str]) -> None:
        number = charge.article_number
        if f"article {number}" not in known:
            if self.fortnox.article(number) is None:
                self.fortnox.create_article(
                    {
                        "ArticleNumber": number,
                        "Description": charge.article_title,
                        "Type": "SERVICE",
                        "SalesAccount": int(charge.account),
                    }
                )
            known.add(f"article {number}")
