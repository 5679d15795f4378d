"""Fortnox's authorization server. Facts: its pages on authorization, and recorded exchanges."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from invoicing.adapters.fortnox.token_answers import read_error, read_tokens
from invoicing.application.http import HttpAnswer, HttpRequest, HttpTransport
from invoicing.application.ports import ClientRefusedError, GrantRefusedError
from invoicing.domain.errors import RateLimitedError, UnknownOutcomeError
from invoicing.domain.tokens import Mode, Tokens

# Each scope is read and write and may need a licence at the customer, so the list is as short as it can be:
# invoices, the articles and units that are created for them, customers to check, the company to recognise.
SCOPES = ("invoice", "article", "customer", "companyinformation", "settings")
FILE_SCOPES = ("archive", "connectfile")  # asked for only where specifications are attached
_TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FortnoxAuthorization:
    """`client_secret` is asked for at each call. `forget_secret` is called when it is refused: it may be an old one."""

    base_url: str
    client_id: str
    client_secret: Callable[[], str] = field(repr=False)
    forget_secret: Callable[[], None]
    redirect_uri: str
    transport: HttpTransport

    def authorize_url(self, *, state: str, mode: Mode, files: bool = False, also: Sequence[str] = ()) -> str:
        """Where the browser goes to approve. A scope that the licence lacks fails the whole approval."""
        query = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join((*SCOPES, *(FILE_SCOPES if files else ()), *also)),
            "state": state,
            "access_type": "offline",
            "response_type": "code",
        }
        if mode is Mode.SERVICE:
            query["account_type"] = "service"
        return f"{self.base_url}/oauth-v1/auth?{urlencode(query)}"

    def exchange_code(self, code: str) -> bytes:
        """A code lives ten minutes and works once."""
        return self._token({"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri})

    def refresh(self, refresh_token: str) -> bytes:
        """Spends the refresh token."""
        return self._token({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def client_credentials(self, tenant_id: str) -> bytes:
        """Needs a service consent of the company; the header's name is Fortnox's."""
        return self._token({"grant_type": "client_credentials"}, {"TenantId": tenant_id})

    def read_tokens(self, raw: bytes, *, received_at: datetime, needs_refresh_token: bool) -> Tokens:
        """What such an answer holds. Calls nobody."""
        return read_tokens(raw, received_at=received_at, needs_refresh_token=needs_refresh_token)

    def revoke(self, refresh_token: str) -> None:
        """Makes a refresh token worthless. Revoking again is harmless."""
        answer = self._post("/oauth-v1/revoke", {"token_type_hint": "refresh_token", "token": refresh_token}, {})
        if answer.status != 200:
            raise self._refused(answer)

    def _token(self, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> bytes:
        answer = self._post("/oauth-v1/token", form, headers or {})
        if answer.status == 200:
            return answer.body
        raise self._refused(answer)

    def _post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> HttpAnswer:
        credentials = base64.b64encode(f"{self.client_id}:{self.client_secret()}".encode()).decode()
        return self.transport.send(
            HttpRequest(
                method="POST",
                url=f"{self.base_url}{path}",
                headers={
                    "Authorization": f"Basic {credentials}",
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Accept": "application/json",
                    **headers,
                },
                body=urlencode(form).encode(),
                timeout=_TIMEOUT_SECONDS,
                max_answer_bytes=100_000,
                fresh_connection=True,
            )
        )

    def _refused(self, answer: HttpAnswer) -> Exception:
        """Keyed on `error`, whatever content type."""
        if answer.status == 429:
            return RateLimitedError("Fortnox's token endpoint: too many calls")
        error = read_error(answer.body)
        if error == "invalid_client":
            self.forget_secret()
            return ClientRefusedError("Fortnox does not accept our client id and secret")
        if error and 400 <= answer.status < 500:
            return GrantRefusedError(error)
        return UnknownOutcomeError(f"Fortnox's token endpoint answered {answer.status} without an error code")
