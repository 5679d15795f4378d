"""What a browser sent and what it gets: forms, cookies, addresses, headers."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SESSION_COOKIE = "__Host-session"
CONSENT_COOKIE = "__Host-consent"
KNOWN_COOKIE = "__Host-known"
LANGUAGE_COOKIE = "__Host-language"
TOLD_COOKIE = "__Host-told"
NEXT_COOKIE = "__Host-next"
NAME_COOKIE = "__Host-name"
_FORM_BYTES = 100_000
_FORM_FIELDS = 100


class BadFormError(ValueError):
    """A form that no page of ours sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserRequest:
    """One request, read from an API Gateway proxy event (payload of REST APIs)."""

    method: str
    path: str  # below the base path
    base_url: str  # scheme, host and base path, without a trailing slash
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    cookies: Mapping[str, str]
    address: str
    request_id: str
    body: bytes = field(repr=False)

    @property
    def base_path(self) -> str:
        """What every link begins with: empty, or the stage's name after a slash."""
        return urlsplit(self.base_url).path.rstrip("/")

    @property
    def same_origin(self) -> bool:
        """Whether a form was sent by a page of ours, as far as the browser says. Old browsers say nothing."""
        site = self.headers.get("sec-fetch-site", "same-origin")
        origin = self.headers.get("origin", "")
        own = urlsplit(self.base_url)
        return site in {"same-origin", "none"} and origin in {"", f"{own.scheme}://{own.netloc}"}

    @property
    def own_form(self) -> bool:
        """Whether the browser says that a page of ours sent this: what was typed may be shown again."""
        own = urlsplit(self.base_url)
        said = self.headers.get("sec-fetch-site") == "same-origin"
        return self.same_origin and (said or self.headers.get("origin") == f"{own.scheme}://{own.netloc}")

    @property
    def is_text(self) -> bool:
        """Whether all of it can be written down: half a letter of UTF-16 cannot, and no browser sends one."""
        said = [self.path, *self.query, *self.query.values(), *self.headers.values(), *self.cookies.values()]
        try:
            "".join(said).encode()
        except UnicodeEncodeError:
            return False
        return True

    def form(self) -> dict[str, str]:
        """The fields of a form; of a repeated one the first counts. Raises BadFormError."""
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded" or len(self.body) > _FORM_BYTES:
            raise BadFormError("not a form, or too large")
        try:
            pairs = parse_qsl(
                self.body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FORM_FIELDS, errors="strict"
            )
        except (ValueError, UnicodeDecodeError):
            raise BadFormError("not readable as a form") from None
        fields: dict[str, str] = {}
        for name, value in pairs:
            fields.setdefault(name, value)
        return fields


def read_request(event: Mapping[str, Any], *, public_base_url: str) -> BrowserRequest:
    """Reads an event. Without `public_base_url` the address is what API Gateway says that it is."""
    context = event.get("requestContext") or {}
    headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    path = str(event.get("path") or "/")
    if public_base_url:
        base_url = public_base_url.rstrip("/")
        # A custom domain that is mapped to the API below a path leaves that path in the event.
        base_path = urlsplit(base_url).path
        if base_path and f"{path}/".startswith(f"{base_path}/"):
            path = path.removeprefix(base_path) or "/"
    else:
        whole = str(context.get("path") or path)
        prefix = whole.removesuffix(path) if whole.endswith(path) else ""
        base_url = f"https://{context.get('domainName', '')}{prefix}".rstrip("/")
    return BrowserRequest(
        method=str(event.get("httpMethod") or "GET"),
        path=path,
        base_url=base_url,
        query={str(k): str(v) for k, v in (event.get("queryStringParameters") or {}).items()},
        headers=headers,
        cookies=_cookies(headers.get("cookie", "")),
        address=str((context.get("identity") or {}).get("sourceIp") or ""),
        request_id=str(context.get("requestId") or ""),
        body=_body(event),
    )


def _body(event: Mapping[str, Any]) -> bytes:
    raw = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(raw).encode("utf-8", "surrogatepass")  # what is no text is refused when it is read
    try:
        return base64.b64decode(raw, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _cookies(header: str) -> dict[str, str]:
    # Not http.cookies: it drops all cookies when one of them is odd, and another site of the domain may set that.
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name: value for name, _, value in pairs}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the browser gets: a text, or a file's `content`."""

    status: int = 200
    body: str = ""
    content: bytes = b""  # in place of a body
    content_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Sequence[str] = ()

    def as_event(self, *, form_targets: Sequence[str] = ()) -> dict[str, Any]:
        """The answer as API Gateway wants it, with the headers that every page carries.

        `form_targets` are other origins that a form of this page may end at.
        """
        targets = " ".join(["'self'", *form_targets])
        policy = (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
            f"form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
        )
        headers = {
            "Content-Type": self.content_type,
            "Content-Security-Policy": policy,
            "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
            "Cache-Control": "no-store",
            **self.headers,
        }
        multi = {name: [value] for name, value in headers.items()}
        if self.cookies:
            multi["Set-Cookie"] = list(self.cookies)
        body = base64.b64encode(self.content).decode() if self.content else self.body
        return {
            "statusCode": self.status,
            "multiValueHeaders": multi,
            "body": body,
            "isBase64Encoded": bool(self.content),
        }


def redirect(url: str, *, cookies: Sequence[str] = ()) -> Answer:
    """Sends the browser on with GET. `url` is always built by us."""
    return Answer(status=303, headers={"Location": url}, cookies=cookies)


def cookie(name: str, value: str, *, seconds: int) -> str:
    """A cookie of this host only, for all paths, that scripts cannot read."""
    return f"{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"


def no_cookie(name: str) -> str:
    """Removes a cookie."""
    return cookie(name, "", seconds=0)
