"""Consent and tokens: /oauth-v1/auth with its pages, /oauth-v1/token, /oauth-v1/revoke.

Facts: Fortnox's pages on authorization, and recorded answers of the token endpoint (whose errors are JSON
with other content types).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from local.fortnox import pages
from local.fortnox.calls import CallRecord
from local.fortnox.company import Company, User
from local.fortnox.options import Options
from local.http import Reply, Request

CODE_LIFE: Final = timedelta(minutes=10)
ACCESS_TOKEN_LIFE: Final = timedelta(seconds=3600)
REFRESH_TOKEN_LIFE: Final = timedelta(days=45)

SCOPES: Final = frozenset(
    {"archive", "article", "assets", "bookkeeping", "companyinformation", "connectfile", "costcenter"}
    | {"currency", "customer", "deletevoucher", "inbox", "invoice", "noxfinansinvoice", "offer", "order"}
    | {"payment", "price", "print", "profile", "project", "salary", "settings", "supplier"}
    | {"supplierinvoice", "timereporting", "warehouse", "warehousecustomdocument"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An integration as registered in Fortnox's developer portal."""

    client_id: str
    secret: str = field(repr=False)
    redirect_uris: tuple[str, ...] = ()
    scopes: frozenset[str] = SCOPES
    allows_service_account: bool = True


@dataclass(slots=True, kw_only=True)
class _Transaction:
    """A consent in the making, from the first page to the redirect."""

    client: Client
    redirect_uri: str
    redirect_uri_sent: bool
    scopes: tuple[str, ...]
    state: str
    offline: bool
    service: bool
    username: str = ""
    tenant_id: str = ""

    def redirect(self, **parameters: str) -> Reply:
        """Back to the integration with `parameters` and the state."""
        query = urlencode({**parameters, "state": self.state})
        joint = "&" if "?" in self.redirect_uri else "?"
        return _redirect(f"{self.redirect_uri}{joint}{query}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    transaction: _Transaction
    expires_at: datetime


@dataclass(slots=True, kw_only=True)
class _RefreshToken:
    client_id: str
    tenant_id: str
    username: str
    scopes: tuple[str, ...]
    family: str
    expires_at: datetime
    spent: bool = False
    spent_at: datetime | None = None
    successor: tuple[str, str] | None = None
    """The refresh token and the access token that were given for it last."""
    dead: bool = False

    def lives(self, now: datetime) -> bool:
        return not (self.spent or self.dead or now >= self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """What an access token stands for. Without a tenant, every API call fails."""

    client_id: str
    tenant_id: str | None
    username: str
    scopes: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Consent:
    username: str
    scopes: tuple[str, ...]


class _TokenError(Exception):
    """A refusal of the token endpoint, with its OAuth error word."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(f"{status}/{error}")
        self.status = status
        self.error = error
        self.description = description


class Authority:
    """Fortnox's authorization server. Its caller holds the lock and passes the time."""

    def __init__(self, companies: Mapping[str, Company], clients: Mapping[str, Client]) -> None:
        self._companies = companies
        self._clients = clients
        self._key = secrets.token_bytes(32)
        self._transactions: dict[str, _Transaction] = {}
        self._codes: dict[str, _Code] = {}
        self._refresh_tokens: dict[str, _RefreshToken] = {}
        self._access_tokens: dict[str, AccessToken] = {}
        self._consents: dict[tuple[str, str], _Consent] = {}
        self._reuses: dict[str, int] = {}

    # The pages.

    def answer(self, request: Request, record: CallRecord, *, now: datetime, options: Options) -> Reply:
        """Answer a request under /oauth-v1/."""
        match request.method, request.path.removeprefix("/oauth-v1/"):
            case "GET", "auth":
                return self._begin(request)
            case "POST", ("login" | "company" | "consent") as step:
                return self._continue(step, _form(request), now=now, options=options)
            case "POST", "token":
                return self._token(request, record, now=now, options=options)
            case "POST", "revoke":
                return self._revoke(request, record)
            case _, "auth":
                # Fortnox's error page: exchanging a code here instead of at the token endpoint.
                return Reply.html(403, pages.error_page("Forbidden"))
        return Reply.html(404, pages.error_page("Sidan finns inte."))

    def _begin(self, request: Request) -> Reply:
        query = dict(request.query)
        client = self._clients.get(query.get("client_id", ""))
        if (message := _own_error(client, query)) is not None or client is None:
            return Reply.html(400, pages.error_page(message or ""))
        transaction = _Transaction(
            client=client,
            redirect_uri=query.get("redirect_uri", client.redirect_uris[0]),
            redirect_uri_sent="redirect_uri" in query,
            scopes=tuple(query.get("scope", "").split()),
            state=query["state"],
            offline=query.get("access_type") == "offline",
            service=query.get("account_type") == "service",
        )
        if query.get("response_type") != "code":
            return transaction.redirect(error="unsupported_response_type")
        if query.get("account_type") not in (None, "service"):
            return transaction.redirect(error="invalid_request", error_description="Invalid account_type")
        if not transaction.scopes or not set(transaction.scopes) <= client.scopes:
            return transaction.redirect(error="invalid_scope", error_description="Invalid scope")
        handle = secrets.token_urlsafe(16)
        self._transactions[handle] = transaction
        return Reply.html(200, pages.login_page(handle))

    def _continue(self, step: str, form: dict[str, str], *, now: datetime, options: Options) -> Reply:
        handle = form.get("transaction", "")
        transaction = self._transactions.get(handle)
        if transaction is None:
            return Reply.html(400, pages.error_page("Sessionen har gått ut. Börja om i integrationen."))
        if step == "login":
            return self._login(handle, transaction, form)
        if step == "company" and transaction.username and not transaction.tenant_id:
            return self._choose(handle, transaction, form.get("tenant", ""))
        if step == "consent" and transaction.tenant_id:
            del self._transactions[handle]
            if form.get("decision") != "approve":
                return transaction.redirect(error="access_denied", error_description="The user denied access")
            return transaction.redirect(code=self._approve(transaction, now=now, options=options))
        return Reply.html(400, pages.error_page("Sessionen har gått ut. Börja om i integrationen."))

    def _login(self, handle: str, transaction: _Transaction, form: dict[str, str]) -> Reply:
        username, password = form.get("username", ""), form.get("password", "")
        memberships = [
            (company, user)
            for company in self._companies.values()
            for user in company.users
            if user.username == username and hmac.compare_digest(user.password.encode(), password.encode())
        ]
        if not memberships:
            message = "Fel användarnamn eller lösenord."
            return Reply.html(200, pages.login_page(handle, message=message))
        if any(user.locked for _, user in memberships):
            # Reported by users: an account that is locked for non-payment comes back with nothing at all.
            del self._transactions[handle]
            return _redirect(transaction.redirect_uri)
        transaction.username = username
        if len(memberships) > 1:
            names = [(company.tenant_id, company.name) for company, _ in memberships]
            return Reply.html(200, pages.company_page(handle, names))
        return self._choose(handle, transaction, memberships[0][0].tenant_id)

    def _choose(self, handle: str, transaction: _Transaction, tenant_id: str) -> Reply:
        company = self._companies.get(tenant_id)
        user = _user(company, transaction.username)
        if company is None or user is None:
            return Reply.html(400, pages.error_page("Företaget finns inte."))
        error = None
        if transaction.service and not user.system_administrator:
            error = "error_missing_system_admin_right"
        elif not company.app_licence:
            error = "error_missing_app_license"
        elif not company.integration_licence or not all(map(company.is_licensed, transaction.scopes)):
            error = "error_missing_license"
        if error is not None:
            del self._transactions[handle]
            return transaction.redirect(error=error)
        transaction.tenant_id = tenant_id
        page = pages.permissions_page(
            handle,
            client_id=transaction.client.client_id,
            company=company.name,
            scopes=transaction.scopes,
            service=transaction.service,
        )
        return Reply.html(200, page)

    def _approve(self, transaction: _Transaction, *, now: datetime, options: Options) -> str:
        if transaction.service:
            # Fortnox's page on service accounts: one for each client and company.
            key = (transaction.client.client_id, transaction.tenant_id)
            self._consents[key] = _Consent(username=transaction.username, scopes=transaction.scopes)
        if options.new_consent_ends_older_chains:
            self._end_chains(transaction.tenant_id, client_id=transaction.client.client_id)
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(transaction=transaction, expires_at=now + CODE_LIFE)
        return code

    def approve(
        self,
        *,
        client_id: str,
        tenant_id: str,
        username: str,
        scopes: tuple[str, ...],
        service: bool,
        now: datetime,
        options: Options,
    ) -> str:
        """What the pages do when everything is approved, without them: an authorization code.

        Raises KeyError for an unknown client.
        """
        client = self._clients[client_id]
        transaction = _Transaction(
            client=client,
            redirect_uri=client.redirect_uris[0] if client.redirect_uris else "",
            redirect_uri_sent=False,
            scopes=scopes,
            state="",
            offline=True,
            service=service,
            username=username,
            tenant_id=tenant_id,
        )
        return self._approve(transaction, now=now, options=options)

    # The token endpoint.

    def _token(self, request: Request, record: CallRecord, *, now: datetime, options: Options) -> Reply:
        form = _form(request)
        record.grant_type = form.get("grant_type")
        try:
            client = self._client(request)
            match record.grant_type:
                case "authorization_code":
                    body = self._exchange_code(client, form, record, now=now, options=options)
                case "refresh_token":
                    body = self._refresh(client, form, record, now=now, options=options)
                case "client_credentials":
                    body = self._client_credentials(client, request, form, record, now=now, options=options)
                case _:
                    raise _TokenError(400, "unsupported_grant_type", "The grant type is not supported")
        except _TokenError as refusal:
            record.error_code = refusal.error
            return _token_refusal(refusal)
        headers = (
            ("Cache-Control", "no-store"),
            ("Content-Type", "application/json"),
            ("Pragma", "no-cache"),
        )
        return Reply(status=200, headers=headers, body=json.dumps(body, separators=(",", ":")).encode())

    def _client(self, request: Request) -> Client:
        wrong = _TokenError(401, "invalid_client", "The client credentials are invalid")
        scheme, _, encoded = request.header("Authorization").partition(" ")
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise wrong from None
        client = self._clients.get(client_id)
        if scheme.lower() != "basic" or client is None:
            raise wrong
        if not hmac.compare_digest(client.secret.encode(), secret.encode()):
            raise wrong
        return client

    def _exchange_code(
        self, client: Client, form: dict[str, str], record: CallRecord, *, now: datetime, options: Options
    ) -> dict[str, Any]:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or now >= code.expires_at or code.transaction.client.client_id != client.client_id:
            raise _TokenError(400, "invalid_grant", "Invalid authorization code")
        transaction = code.transaction
        record.tenant = transaction.tenant_id
        given = form.get("redirect_uri")
        if given != transaction.redirect_uri and (given is not None or transaction.redirect_uri_sent):
            raise _TokenError(400, "invalid_grant", "Invalid redirect URI")
        self._require_licence(transaction.tenant_id, options)
        chain = None
        if transaction.offline:
            chain = _RefreshToken(
                client_id=client.client_id,
                tenant_id=transaction.tenant_id,
                username=transaction.username,
                scopes=transaction.scopes,
                family=secrets.token_hex(8),
                expires_at=now + REFRESH_TOKEN_LIFE,
            )
        return self._issue(
            client.client_id,
            transaction.tenant_id,
            transaction.username,
            transaction.scopes,
            now=now,
            refresh_token=chain,
        )

    def _refresh(
        self, client: Client, form: dict[str, str], record: CallRecord, *, now: datetime, options: Options
    ) -> dict[str, Any]:
        invalid = _TokenError(400, "invalid_grant", "Invalid refresh token")
        token = self._refresh_tokens.get(form.get("refresh_token", ""))
        if token is None or token.client_id != client.client_id:
            raise invalid
        record.tenant = token.tenant_id
        simultaneous = self._is_simultaneous(token, now=now, options=options)
        if token.spent and not simultaneous:
            self._reuses[token.tenant_id] = self._reuses.get(token.tenant_id, 0) + 1
            if options.revoke_family_on_reuse:
                for other in self._refresh_tokens.values():
                    other.dead = other.dead or other.family == token.family
        if not token.lives(now) and not simultaneous:
            raise invalid
        self._require_licence(token.tenant_id, options)
        if token.successor is not None:
            refresh_value, access_value = token.successor
            self._refresh_tokens[refresh_value].dead = True
            self._access_tokens.pop(access_value, None)
        token.spent, token.spent_at = True, token.spent_at or now
        successor = _RefreshToken(
            client_id=token.client_id,
            tenant_id=token.tenant_id,
            username=token.username,
            scopes=token.scopes,
            family=token.family,
            expires_at=now + REFRESH_TOKEN_LIFE,
        )
        body = self._issue(
            token.client_id, token.tenant_id, token.username, token.scopes, now=now, refresh_token=successor
        )
        token.successor = (body["refresh_token"], body["access_token"])
        return body

    def _is_simultaneous(self, token: _RefreshToken, *, now: datetime, options: Options) -> bool:
        """Whether a spent token is honoured once more, as the other of two renewals at the same instant."""
        if token.spent_at is None or token.dead or token.successor is None:
            return False
        successor = self._refresh_tokens[token.successor[0]]
        within = (now - token.spent_at).total_seconds() < options.simultaneous_renewals_window
        return within and not successor.spent

    def _client_credentials(
        self,
        client: Client,
        request: Request,
        form: dict[str, str],
        record: CallRecord,
        *,
        now: datetime,
        options: Options,
    ) -> dict[str, Any]:
        tenant_id = request.header("TenantId")
        if not tenant_id:
            # Reported by users: such a token is issued, and every API call with it is answered with 500.
            return self._issue(client.client_id, None, "", tuple(form.get("scope", "").split()), now=now)
        record.tenant = tenant_id
        consent = self._consents.get((client.client_id, tenant_id))
        if consent is None:
            raise _TokenError(400, options.missing_consent_error, "No consent for this tenant")
        self._require_licence(tenant_id, options)
        scopes = tuple(form.get("scope", "").split()) or consent.scopes
        if not set(scopes) <= set(consent.scopes):
            raise _TokenError(400, "invalid_scope", "The scope is not part of the consent")
        return self._issue(client.client_id, tenant_id, consent.username, scopes, now=now)

    def _require_licence(self, tenant_id: str, options: Options) -> None:
        company = self._companies.get(tenant_id)
        if company is None:
            raise _TokenError(400, "invalid_grant", "Unknown tenant")
        if not company.app_licence:
            raise _TokenError(options.missing_licence_status, "error_missing_app_license", "App license is missing")
        if not company.integration_licence:
            raise _TokenError(options.missing_licence_status, "error_missing_license", "License is missing")

    def _issue(
        self,
        client_id: str,
        tenant_id: str | None,
        username: str,
        scopes: tuple[str, ...],
        *,
        now: datetime,
        refresh_token: _RefreshToken | None = None,
    ) -> dict[str, Any]:
        claims = {
            "iss": "https://apps.fortnox.se/oauth-v1",
            "sub": username,
            "clientId": client_id,
            "scope": list(scopes),
            "iat": int(now.timestamp()),
            "exp": int((now + ACCESS_TOKEN_LIFE).timestamp()),
            "jti": secrets.token_hex(8),
        }
        if tenant_id is not None:
            claims["tenantId"] = tenant_id
        access_token = self._sign(claims)
        self._access_tokens[access_token] = AccessToken(
            client_id=client_id,
            tenant_id=tenant_id,
            username=username,
            scopes=scopes,
            expires_at=now + ACCESS_TOKEN_LIFE,
        )
        body: dict[str, Any] = {
            "access_token": access_token,
            "expires_in": int(ACCESS_TOKEN_LIFE.total_seconds()),
            "token_type": "bearer",
            "scope": " ".join(scopes),
        }
        if refresh_token is not None:
            value = secrets.token_hex(20)
            self._refresh_tokens[value] = refresh_token
            body["refresh_token"] = value
        return body

    def _sign(self, claims: dict[str, Any]) -> str:
        head = _base64url(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        content = f"{head}.{_base64url(json.dumps(claims).encode())}"
        return f"{content}.{_base64url(hmac.digest(self._key, content.encode(), hashlib.sha256))}"

    def _revoke(self, request: Request, record: CallRecord) -> Reply:
        try:
            client = self._client(request)
        except _TokenError as refusal:
            record.error_code = refusal.error
            return _token_refusal(refusal)
        token = self._refresh_tokens.get(_form(request).get("token", ""))
        if token is not None and token.client_id == client.client_id:
            record.tenant = token.tenant_id
            token.dead = True
        return Reply.json(200, {"revoked": True})

    # What the API and the control need.

    def access_token(self, value: str, *, now: datetime) -> AccessToken | None:
        """What an access token stands for; None when it is unknown or has expired."""
        token = self._access_tokens.get(value)
        return token if token is not None and now < token.expires_at else None

    def tenant_of(self, request: Request) -> str | None:
        """The company a request will be about, as far as it can be told before it is handled."""
        scheme, _, value = request.header("Authorization").partition(" ")
        if scheme.lower() == "bearer" and (token := self._access_tokens.get(value)) is not None:
            return token.tenant_id
        if request.path != "/oauth-v1/token":
            return None
        form = _form(request)
        if (refresh_token := self._refresh_tokens.get(form.get("refresh_token", ""))) is not None:
            return refresh_token.tenant_id
        if (code := self._codes.get(form.get("code", ""))) is not None:
            return code.transaction.tenant_id
        return request.header("TenantId") or None

    def destroy_tokens(self, tenant_id: str) -> None:
        """Kill every refresh token of a company and revoke its consents."""
        self._end_chains(tenant_id)
        self.revoke_consent(tenant_id)

    def revoke_consent(self, tenant_id: str) -> None:
        """Revoke a company's consents: client credentials stop working."""
        for key in [key for key in self._consents if key[1] == tenant_id]:
            del self._consents[key]

    def expire_access_tokens(self, tenant_id: str) -> None:
        """Make a company's access tokens expire now."""
        for value in [value for value, token in self._access_tokens.items() if token.tenant_id == tenant_id]:
            del self._access_tokens[value]

    def _end_chains(self, tenant_id: str, *, client_id: str | None = None) -> None:
        for token in self._refresh_tokens.values():
            if token.tenant_id == tenant_id and client_id in (None, token.client_id):
                token.dead = True

    def state(self, tenant_id: str, *, now: datetime) -> dict[str, Any]:
        """A company's consents and the numbers of its tokens, without the tokens."""
        chains = [token for token in self._refresh_tokens.values() if token.tenant_id == tenant_id]
        return {
            "consents": [
                {"client_id": client_id, "username": consent.username, "scopes": list(consent.scopes)}
                for (client_id, tenant), consent in self._consents.items()
                if tenant == tenant_id
            ],
            "live_refresh_tokens": sum(token.lives(now) for token in chains),
            "spent_refresh_tokens": sum(token.spent for token in chains),
            "refresh_token_reuses": self._reuses.get(tenant_id, 0),
            "live_access_tokens": sum(
                token.tenant_id == tenant_id and now < token.expires_at for token in self._access_tokens.values()
            ),
        }


def _own_error(client: Client | None, query: Mapping[str, str]) -> str | None:
    """What Fortnox says on its own page, because the request cannot be trusted to name where to go back."""
    if client is None or not client.redirect_uris:
        return "Auth code or ClientID supplied is invalid"
    if query.get("redirect_uri", client.redirect_uris[0]) not in client.redirect_uris:
        return "The redirect URI is not registered for this client"
    if query.get("account_type") == "service" and not client.allows_service_account:
        return "Client does not allow service account"
    return None if query.get("state") else "The state parameter is missing"


def _token_refusal(refusal: _TokenError) -> Reply:
    # Recorded: JSON under text/html for 400, under text/plain for 401.
    content_type = "text/plain;charset=UTF-8" if refusal.status == 401 else "text/html; charset=UTF-8"
    body = json.dumps({"error": refusal.error, "error_description": refusal.description}, separators=(",", ":"))
    headers = (("Cache-Control", "no-store"), ("Content-Type", content_type))
    return Reply(status=refusal.status, headers=headers, body=body.encode())


def grant_type_of(request: Request) -> str | None:
    """The grant that a request to the token endpoint asks for."""
    return _form(request).get("grant_type") if request.path == "/oauth-v1/token" else None


def _form(request: Request) -> dict[str, str]:
    if not request.header("Content-Type").lower().startswith("application/x-www-form-urlencoded"):
        return {}
    return dict(parse_qsl(request.body.decode("utf-8", errors="replace"), keep_blank_values=True))


def _redirect(target: str) -> Reply:
    return Reply(status=302, headers=(("Location", target), ("Cache-Control", "no-store")))


def _user(company: Company | None, username: str) -> User | None:
    users = company.users if company is not None else ()
    return next((user for user in users if user.username == username), None)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
