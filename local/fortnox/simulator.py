"""Fortnox as one object: requests in, replies out, and the things a test may do to it."""

from __future__ import annotations

import random
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import quote

from local.fortnox import articles, customers, people, rest
from local.fortnox.calls import CallRecord
from local.fortnox.company import REGISTERS, Company, Entry, User
from local.fortnox.control import answer_control
from local.fortnox.faults import Effect, Fault, Faults, Subject
from local.fortnox.files import ATTACHMENTS, AttachedFile, attached_files
from local.fortnox.invoice_fields import blank_invoice
from local.fortnox.oauth import AccessToken, Authority, Client, grant_type_of
from local.fortnox.options import Options
from local.http import Delivery, Reply, Request

_GATEWAY_PAGE: Final = "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>\n"


class FortnoxSimulator:
    """A strict Fortnox in memory. Safe to use from several threads; it never sleeps and needs no socket.

    `clock` gives the time (aware). `companies` are descriptions as in `local.fortnox.seed`, and come back
    at every reset together with `clients` and `options`.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        clients: Iterable[Client] = (),
        companies: Iterable[dict[str, Any]] = (),
        options: Options | None = None,
    ) -> None:
        self._lock = threading.RLock()
        self._clock = clock
        self._first_clients = {client.client_id: client for client in clients}
        self._first_companies = list(companies)
        self._first_options = options or Options()
        self.reset()

    # Requests.

    def handle(self, request: Request) -> Reply:
        """Answer one request. Faults in force decide how the reply is delivered."""
        if request.path.startswith("/_simulator/"):
            return answer_control(self, request)
        with self._lock:
            latency = self.options.latency + self.options.latency_jitter * self._chance.random()
        if not latency:
            return self._take(request)
        # Half of the time passes before the call has its effect, so that calls arrive out of step.
        return Reply(status=0, delay_seconds=latency / 2, resume=lambda: _later(self._take(request), latency / 2))

    def _take(self, request: Request) -> Reply:
        with self._lock:
            fault = self._faults.take(
                Subject(
                    method=request.method,
                    path=request.raw_path,
                    tenant=self._authority.tenant_of(request),
                    grant_type=grant_type_of(request),
                )
            )
        if fault is None:
            return self._serve(request)
        return self._fail(request, fault)

    def _fail(self, request: Request, fault: Fault) -> Reply:
        if fault.effect is Effect.DELAY and not fault.commit:
            return Reply(status=0, delay_seconds=fault.seconds, resume=lambda: self._serve(request, fault=fault))
        with self._lock:
            record = self._record(request, fault)
            if fault.commit or fault.effect in _AFTER_ITS_EFFECT:
                reply = self._answer(request, record)
            else:
                reply = Reply(status=0)
                record.tenant = self._authority.tenant_of(request)
                record.grant_type = grant_type_of(request)
            reply = _spoiled(reply, fault)
            record.status = None if reply.delivery is Delivery.RESET else reply.status
            return reply

    def _serve(self, request: Request, *, fault: Fault | None = None) -> Reply:
        with self._lock:
            return self._answer(request, self._record(request, fault))

    def _record(self, request: Request, fault: Fault | None) -> CallRecord:
        record = CallRecord.of(request, time=self.now())
        record.fault = fault.effect.value if fault else None
        self._calls.append(record)
        return record

    def _answer(self, request: Request, record: CallRecord) -> Reply:
        if request.path.startswith("/oauth-v1/"):
            reply = self._authority.answer(request, record, now=self.now(), options=self.options)
        elif request.path.startswith(("/3/", ATTACHMENTS)):
            reply = self._call_api(request, record)
        else:
            reply = Reply.html(404, "<html><body>Not Found</body></html>\n")
        record.status = reply.status
        date = format_datetime(self.now(), usegmt=True)
        more = (("Date", date), ("X-Uid", secrets.token_hex(4)), ("Server", "Fortnox"))
        return replace(reply, headers=(*reply.headers, *more))

    def _call_api(self, request: Request, record: CallRecord) -> Reply:
        now = self.now()
        scheme, _, value = request.header("Authorization").partition(" ")
        token = self._authority.access_token(value, now=now) if scheme.lower() == "bearer" else None
        if token is None:
            return rest.json_reply(401, {"message": "unauthorized"})
        record.tenant = token.tenant_id
        if token.tenant_id is None:
            return Reply.html(500, "<html><body>Internal Server Error</body></html>\n")
        if not self._rate_limit.allows(token.client_id, token.tenant_id, now=now, options=self.options):
            return rest.json_reply(429, {"message": "Too Many Requests"})
        company = self._companies.get(token.tenant_id)
        if company is None:
            return rest.json_reply(401, {"message": "unauthorized"})
        if request.path.startswith(ATTACHMENTS):
            return rest.answer_files(request, record, company=company, token=token)
        return rest.answer(request, record, company=company, token=token, now=now, options=self.options)

    # What a test may see and do.

    def now(self) -> datetime:
        """The simulator's time: its clock and what it was advanced by."""
        return self._clock() + self._ahead

    def reset(self) -> None:
        """Forget everything but the clients, companies and options it was made with."""
        with self._lock:
            self.options = self._first_options
            self._ahead = timedelta()
            self._chance = random.Random(0)  # jitter, the same in every run
            self._clients = dict(self._first_clients)
            self._companies: dict[str, Company] = {}
            self._authority = Authority(self._companies, self._clients)
            self._rate_limit = rest.RateLimit()
            self._faults = Faults()
            self._calls: list[CallRecord] = []
            for description in self._first_companies:
                self.replace_company(description)

    def advance_clock(self, seconds: float) -> None:
        """Move the simulator's time forward by `seconds`."""
        with self._lock:
            self._ahead += timedelta(seconds=seconds)

    def change_options(self, changes: dict[str, Any]) -> None:
        """Switch behaviour that Fortnox does not document. Raises ValueError (see `Options.changed`)."""
        with self._lock:
            self.options = self.options.changed(changes)

    def add_faults(self, rules: Iterable[dict[str, Any]]) -> None:
        """Put fault rules in force (see `Fault.from_json`)."""
        faults = [Fault.from_json(rule) for rule in rules]
        with self._lock:
            self._faults.add(faults)

    def clear_faults(self) -> None:
        """Remove all fault rules."""
        with self._lock:
            self._faults.clear()

    def calls(self) -> list[CallRecord]:
        """The log of calls, oldest first."""
        with self._lock:
            return [replace(call) for call in self._calls]

    def clear_calls(self) -> None:
        """Empty the log of calls."""
        with self._lock:
            self._calls.clear()

    def state(self) -> dict[str, Any]:
        """All companies in JSON form, with the numbers of their tokens; no token, secret or password."""
        with self._lock:
            now = self.now()
            companies = {
                tenant_id: {**company.state(), "oauth": self._authority.state(tenant_id, now=now)}
                for tenant_id, company in self._companies.items()
            }
            return {"now": now.isoformat(), "companies": companies}

    def replace_company(self, description: dict[str, Any]) -> None:
        """Create a company, or replace its registers; tokens and consents stay.

        Raises KeyError, TypeError or ValueError when the description is wrong.
        """
        company = Company.from_json(description)
        now = self.now()
        for fields in description.get("customers", ()):
            customers.add_customer(company, dict(fields), now=now)
        for fields in description.get("articles", ()):
            articles.add_article(company, dict(fields), now=now, options=self.options)
        for fields in description.get("invoices", ()):
            number = str(fields["DocumentNumber"])
            card = company.customers.get(str(fields.get("CustomerNumber")))
            unseen = {name: card.fields[name] if card else default for name, default in _UNSEEN.items()}
            company.invoices[number] = Entry(fields={**blank_invoice(number), **fields}, unseen=unseen)
        with self._lock:
            self._companies[company.tenant_id] = company

    def change_company(self, tenant_id: str, changes: dict[str, Any]) -> None:
        """Change a company's settings: locked_until, licences, integration_licence, app_licence, name,
        accounting_method, users, vat_rates, vat_registered. Raises KeyError for an unknown company or setting.
        """
        with self._lock:
            company = self._companies[tenant_id]
            for name, value in changes.items():
                setattr(company, name, _COMPANY_SETTINGS[name](value))

    def change_entry(self, tenant_id: str, register: str, key: str, changes: dict[str, Any]) -> None:
        """Change one entity as a person in Fortnox would, for example an invoice's Booked or an account's
        Active. Accounts change in every financial year. Raises KeyError for unknown names.
        """
        with self._lock:
            for entry in self._entries(tenant_id, register, key):
                unknown = changes.keys() - entry.fields.keys()
                if unknown:
                    raise KeyError(f"{register} have no field {sorted(unknown)}")
                entry.fields = {**entry.fields, **changes}
                entry.modified_at = self.now()

    def remove_entry(self, tenant_id: str, register: str, key: str) -> None:
        """Remove one entity from a register. Raises KeyError for unknown names."""
        with self._lock:
            company = self._companies[tenant_id]
            self._entries(tenant_id, register, key)
            for entries in self._registers(company, register):
                entries.pop(key, None)

    def add_customer(self, tenant_id: str, fields: dict[str, Any]) -> None:
        """Add a customer, as in a description (see `local.fortnox.seed`). Raises KeyError for an unknown company."""
        with self._lock:
            customers.add_customer(self._companies[tenant_id], dict(fields), now=self.now())

    def add_article(self, tenant_id: str, fields: dict[str, Any]) -> None:
        """Add an article, as in a description. Raises KeyError for an unknown company."""
        with self._lock:
            company = self._companies[tenant_id]
            articles.add_article(company, dict(fields), now=self.now(), options=self.options)

    # What people do in Fortnox, with Fortnox's rules and without an API call in the log.

    def person_changes_invoice(self, tenant_id: str, number: str, fields: dict[str, Any]) -> None:
        """A person changes an invoice; `InvoiceRows` as in a PUT. Raises ValueError where Fortnox refuses it."""
        self._as_person(tenant_id, "PUT", f"/3/invoices/{number}", {"Invoice": fields})

    def person_acts(self, tenant_id: str, number: str, action: str) -> None:
        """A person does bookkeep, cancel, credit or externalprint (sends it). Raises ValueError."""
        self._as_person(tenant_id, "PUT", f"/3/invoices/{number}/{action}")

    def person_sends_e_invoice(self, tenant_id: str, number: str) -> None:
        """A person sends an invoice as an e-invoice. Raises ValueError where the rules refuse it."""
        self._as_person(tenant_id, "GET", f"/3/invoices/{number}/einvoice")

    def deliveries(self, tenant_id: str, number: str) -> tuple[str, ...]:
        """How an invoice was delivered, each time: email, einvoice, eprint, print. Raises KeyError."""
        with self._lock:
            return tuple(self._companies[tenant_id].invoices[number].unseen.get("Deliveries", ()))

    def person_deletes_customer(self, tenant_id: str, number: str) -> None:
        """A person deletes a customer. Raises ValueError."""
        self._as_person(tenant_id, "DELETE", f"/3/customers/{quote(number, safe='')}")

    def person_creates_customer(self, tenant_id: str, fields: dict[str, Any]) -> None:
        """A person makes a new customer; without a number it gets the next free one. Raises ValueError."""
        self._as_person(tenant_id, "POST", "/3/customers", {"Customer": fields})

    def person_pays(self, tenant_id: str, number: str, amount: Decimal | None = None, *, currency: str = "") -> None:
        """A payment is registered: all that is left, or `amount` in `currency`. Raises KeyError."""
        with self._lock:
            now = self.now()
            people.pay_invoice(
                self._companies[tenant_id],
                number,
                amount=amount,
                currency=currency,
                day=rest.today(now),
                now=now,
                options=self.options,
            )

    def person_copies_invoice(self, tenant_id: str, number: str) -> str:
        """A person copies an invoice, our reference included; gives the new number. Raises KeyError."""
        with self._lock:
            return people.copy_invoice(self._companies[tenant_id], number, now=self.now())

    def attached_files(self, tenant_id: str, number: str) -> list[AttachedFile]:
        """What goes out with an invoice, in the order in which it was attached. Raises KeyError."""
        with self._lock:
            return attached_files(self._companies[tenant_id], number)

    def person_attaches(self, tenant_id: str, number: str, name: str) -> None:
        """A person attaches a file of their own, which goes out too. Raises KeyError."""
        with self._lock:
            people.attach(self._companies[tenant_id], number, name)

    def person_detaches(self, tenant_id: str, number: str, name: str) -> None:
        """A person removes the files of an invoice whose names begin so. Raises KeyError for none."""
        with self._lock:
            people.detach(self._companies[tenant_id], number, name)

    def person_renumbers(self, tenant_id: str, register: str, old: str, new: str) -> None:
        """A customer, article or invoice gets another number. Raises KeyError or ValueError."""
        with self._lock:
            people.renumber(self._companies[tenant_id], register, old, new, now=self.now())

    def ec_sales_list(self, tenant_id: str, from_date: date, to_date: date) -> list[dict[str, Any]]:
        """The report of sales to other EU countries (see `people.ec_sales_list`). Raises KeyError."""
        with self._lock:
            return people.ec_sales_list(self._companies[tenant_id], from_date=from_date, to_date=to_date)

    def _as_person(self, tenant_id: str, method: str, path: str, value: Any = None) -> None:
        request = Request.to(
            method,
            path,
            headers={"Content-Type": "application/json"},
            body=b"" if value is None else rest.to_json(value),
        )
        with self._lock:
            now = self.now()
            company = self._companies[tenant_id]
            token = AccessToken(
                client_id="", tenant_id=tenant_id, username="", scopes=tuple(company.licences), expires_at=now
            )
            record = CallRecord.of(request, time=now)
            reply = rest.answer(request, record, company=company, token=token, now=now, options=self.options)
        if reply.status >= 400:
            raise ValueError(reply.body.decode())

    def _entries(self, tenant_id: str, register: str, key: str) -> list[Entry]:
        registers = self._registers(self._companies[tenant_id], register)
        entries = [entries[key] for entries in registers if key in entries]
        if not entries:
            raise KeyError(f"{register} of company {tenant_id} have no {key!r}")
        return entries

    @staticmethod
    def _registers(company: Company, name: str) -> list[dict[str, Entry]]:
        if name == "accounts":
            return list(company.accounts.values())
        if name not in REGISTERS:
            raise KeyError(f"there is no register {name!r}; registers are accounts, {', '.join(REGISTERS)}")
        return [getattr(company, name)]

    def register_redirect_uri(self, client_id: str, redirect_uri: str) -> None:
        """Register one more redirect URI for a client. Raises KeyError for an unknown client."""
        with self._lock:
            client = self._clients[client_id]
            uris = (*client.redirect_uris, redirect_uri)
            self._clients[client_id] = replace(client, redirect_uris=tuple(dict.fromkeys(uris)))

    def approve(
        self,
        *,
        client_id: str,
        tenant_id: str,
        username: str,
        scopes: Iterable[str],
        service: bool = True,
    ) -> str:
        """An authorization code, as if a person had approved on the pages (its redirect URI may be left out).

        Raises KeyError for an unknown client.
        """
        with self._lock:
            return self._authority.approve(
                client_id=client_id,
                tenant_id=tenant_id,
                username=username,
                scopes=tuple(scopes),
                service=service,
                now=self.now(),
                options=self.options,
            )

    def destroy_tokens(self, tenant_id: str) -> None:
        """Kill a company's refresh tokens and revoke its consents; access tokens live until they expire."""
        with self._lock:
            self._authority.destroy_tokens(tenant_id)

    def revoke_consent(self, tenant_id: str) -> None:
        """Revoke a company's service consents; refresh tokens stay."""
        with self._lock:
            self._authority.revoke_consent(tenant_id)

    def expire_access_tokens(self, tenant_id: str) -> None:
        """Make a company's access tokens expire now."""
        with self._lock:
            self._authority.expire_access_tokens(tenant_id)


_AFTER_ITS_EFFECT: Final = (Effect.AFTER, Effect.TRUNCATE, Effect.CONTENT_TYPE, Effect.BODY)

_COMPANY_SETTINGS: Final[dict[str, Callable[[Any], Any]]] = {
    "accounting_method": str,
    "app_licence": bool,
    "integration_licence": bool,
    "licences": frozenset,
    "locked_until": lambda value: date.fromisoformat(value) if value else None,
    "name": str,
    "users": lambda value: tuple(User(**user) for user in value),
    "vat_rates": tuple,
    "vat_registered": bool,
}
# What an invoice in a description keeps of its customer, and of one that is not there.
_UNSEEN: Final = {"VATType": "SEVAT", "VATNumber": ""}


def _later(reply: Reply, seconds: float) -> Reply:
    """The reply, on its way for `seconds` more."""
    resume = reply.resume
    if resume is not None:
        return replace(reply, resume=lambda: _later(resume(), seconds))
    return replace(reply, delay_seconds=reply.delay_seconds + seconds)


def _spoiled(reply: Reply, fault: Fault) -> Reply:
    match fault.effect:
        case Effect.BEFORE | Effect.AFTER:
            return replace(reply, delivery=Delivery.RESET)
        case Effect.TRUNCATE:
            return replace(reply, delivery=Delivery.TRUNCATED)
        case Effect.DELAY:
            return replace(reply, delay_seconds=fault.seconds)
        case Effect.HTML:
            return Reply.html(fault.status or 502, _text(fault.body, _GATEWAY_PAGE))
        case Effect.STATUS:
            content_type = (("Content-Type", fault.content_type or "application/json"),)
            return Reply(status=fault.status or 503, headers=content_type, body=_bytes(fault.body))
        case Effect.CONTENT_TYPE:
            others = tuple(pair for pair in reply.headers if pair[0].lower() != "content-type")
            return replace(reply, headers=(*others, ("Content-Type", fault.content_type or "text/html")))
        case Effect.BODY:
            return replace(reply, status=fault.status or reply.status, body=_bytes(fault.body))


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else b"" if body is None else rest.to_json(body)


def _text(body: Any, default: str) -> str:
    return default if body is None else str(body)
