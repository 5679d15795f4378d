"""REST v3: who may call, how often, which resource answers, and how values become JSON."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import unquote

from local.fortnox import articles, customers, files, invoices, refusals, registers
from local.fortnox.call import SWEDEN, Answer, Call
from local.fortnox.calls import CallRecord
from local.fortnox.company import Company
from local.fortnox.oauth import AccessToken
from local.fortnox.options import Options
from local.fortnox.refusals import Refusal, not_found
from local.http import Reply, Request

# Fortnox's page on scopes; units and locked period under settings were seen to work with that scope.
_RESOURCES: Final[dict[str, tuple[str, Callable[[Call], Answer]]]] = {
    "accounts": ("bookkeeping", registers.accounts),
    "archive": ("archive", files.archive),
    "articles": ("article", articles.answer),
    "companyinformation": ("companyinformation", registers.company_information),
    "costcenters": ("costcenter", registers.cost_centers),
    "currencies": ("currency", registers.currencies),
    "customers": ("customer", customers.answer),
    "financialyears": ("bookkeeping", registers.financial_years),
    "invoices": ("invoice", invoices.answer),
    "me": ("profile", registers.me),
    "settings": ("settings", registers.settings),
    "termsofpayments": ("settings", registers.terms_of_payment),
    "units": ("settings", registers.units),
}


@dataclass(slots=True)
class RateLimit:
    """Fortnox's sliding window of calls, one for each client and company."""

    _times: defaultdict[tuple[str, str], deque[datetime]] = field(default_factory=lambda: defaultdict(deque))

    def allows(self, client_id: str, tenant_id: str, *, now: datetime, options: Options) -> bool:
        """Count a call, and tell whether it is within the limit."""
        if not options.rate_limit:
            return True
        times = self._times[client_id, tenant_id]
        oldest = now - timedelta(seconds=options.rate_window)
        while times and times[0] <= oldest:
            times.popleft()
        allowed = len(times) < options.rate_limit
        if allowed or options.refused_calls_count:
            times.append(now)
        return allowed


def today(now: datetime) -> date:
    """The date in Sweden."""
    return now.astimezone(SWEDEN).date()


def to_json(value: Any) -> bytes:
    """`value` as Fortnox writes JSON: compact, ASCII only, slashes escaped, amounts as plain numbers."""
    text = json.dumps(value, default=_number, separators=(",", ":"))
    return text.replace("/", "\\/").encode()


def _number(value: object) -> int | float:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no JSON form")
    # A float's shortest text gives back every amount of at most 15 digits exactly.
    return int(value) if value == value.to_integral_value() else float(value)


def answer(
    request: Request,
    record: CallRecord,
    *,
    company: Company,
    token: AccessToken,
    now: datetime,
    options: Options,
) -> Reply:
    """Answer an authorized request under /3/, or refuse it the way Fortnox does."""
    try:
        result = _answer(request, record, company=company, token=token, now=now, options=options)
    except Refusal as refusal:
        record.error_code = refusal.code
        return json_reply(refusal.status, refusal.body())
    if result.pdf is not None:
        return Reply(status=result.status, headers=(("Content-Type", "application/pdf"),), body=result.pdf)
    if result.value is None:
        return Reply(status=result.status)
    location = (("Location", result.location),) if result.location else ()
    return json_reply(result.status, result.value, *location)


def answer_files(request: Request, record: CallRecord, *, company: Company, token: AccessToken) -> Reply:
    """Answer an authorized request under /api/fileattachments, which has errors of its own shape."""
    try:
        if "connectfile" not in token.scopes or not company.is_licensed("connectfile"):
            raise files.AttachmentRefusedError(403, "forbidden", "Missing scope")
        record.body = json.loads(request.body) if request.body else None
        path = request.raw_path.removeprefix(files.ATTACHMENTS).strip("/")
        status, value = files.attachments(company, request.method, path, dict(request.query), record.body)
    except files.AttachmentRefusedError as refused:
        return json_reply(refused.status, {"id": "", "error": refused.error, "message": refused.message})
    return Reply(status=status) if value is None else json_reply(status, value)


def json_reply(status: int, value: Any, *headers: tuple[str, str]) -> Reply:
    """A JSON answer with the recorded content type."""
    return Reply(status=status, headers=(("Content-Type", "application/json"), *headers), body=to_json(value))


def _answer(
    request: Request,
    record: CallRecord,
    *,
    company: Company,
    token: AccessToken,
    now: datetime,
    options: Options,
) -> Answer:
    if not company.integration_licence:
        raise Refusal(refusals.API_LICENCE_MISSING, "API-licens saknas.", status=options.permission_status)
    # Segments are cut before they are decoded, so that %2F is a part of a number and / is not.
    resource, *path = [unquote(part) for part in request.raw_path.removeprefix("/3/").rstrip("/").split("/")]
    scope, handler = _RESOURCES.get(resource, (None, None))
    if scope is None or handler is None:
        raise not_found(refusals.NO_SUCH_ROUTE)
    if scope not in token.scopes:
        message = "Har inte behörighet för scope."
        raise Refusal(refusals.SCOPE_NOT_GRANTED, message, status=options.permission_status)
    if not company.is_licensed(scope):
        message = "Det finns ingen aktiv licens för önskat scope."
        raise Refusal(refusals.SCOPE_NOT_LICENSED, message, status=options.permission_status)
    accepted = request.header("Accept", "*/*").lower()
    if not any(kind in accepted for kind in ("application/json", "application/*", "*/*")):
        raise Refusal(refusals.ACCEPT_NOT_SUPPORTED, "Ogiltigt värde i Accept.")
    body = _body(request) if request.method in ("POST", "PUT") else None
    record.body = json.loads(to_json(body)) if body is not None and not isinstance(body, files.Upload) else None
    return handler(
        Call(
            company=company,
            options=options,
            now=now,
            today=today(now),
            username=token.username,
            method=request.method,
            path=tuple(path),
            query=dict(request.query),
            body=body,
        )
    )


def _body(request: Request) -> Any:
    if not request.body:
        return None
    if request.path.startswith("/3/archive"):
        return files.uploaded(request.header("Content-Type"), request.body)
    if "json" not in request.header("Content-Type").lower():
        raise Refusal(refusals.CONTENT_TYPE_NOT_SUPPORTED, "Ogiltigt värde i Content-Type.")
    try:
        return json.loads(request.body, parse_float=Decimal, parse_constant=_no_constant)
    except ValueError:
        raise Refusal(refusals.BAD_JSON, "Felaktig JSON i anropet.") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
