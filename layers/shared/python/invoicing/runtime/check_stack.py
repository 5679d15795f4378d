"""`invoicing check stack`: what must be true of a deployed stack before the first customer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from invoicing.application.http import HttpAnswer, HttpRequest
from invoicing.application.ports import ClientRefusedError, FortnoxOAuth, GrantRefusedError
from invoicing.domain.errors import InvoicingError
from invoicing.domain.finding import Finding
from invoicing.domain.tokens import Mode

if TYPE_CHECKING:
    from invoicing.application.http import HttpTransport
    from invoicing.application.ports import Clock

_NO_TOKEN = "0" * 40  # no refresh token that Fortnox ever gave: what it answers is about us
_CLOCK_SECONDS = 60.0
_TIMEOUT_SECONDS = 20.0


def check_outside(
    api_url: str, *, transport: "HttpTransport", oauth: FortnoxOAuth, clock: "Clock"
) -> Sequence[Finding]:
    """What the web and Fortnox say of us. `oauth` has `api_url` as the address of our pages."""
    health = _get(transport, f"{api_url}/health")
    consent = _get(transport, oauth.authorize_url(state="check", mode=Mode.SERVICE))
    return [
        _web(api_url, health),
        _app(oauth),
        _redirect(api_url, consent),
        _clocks(clock(), {"AWS": health, "Fortnox": consent}),
    ]


def _web(api_url: str, health: HttpAnswer | str) -> Finding:
    good = not isinstance(health, str) and health.status == 200
    return Finding(
        subject="The pages answer",
        good=good,
        seen=health if isinstance(health, str) else f"{api_url}: {health.status}",
        mend=""
        if good
        else "Check PublicBaseUrl, the domain's mapping and its certificate; then docs/runbooks/api-server-errors.md",
    )


def _app(oauth: FortnoxOAuth) -> Finding:
    """A refresh token that never was must be refused as such: then id and secret were accepted."""
    seen, mend = "a token for nothing: this is not Fortnox", "Check FortnoxAuthBaseUrl."
    try:
        oauth.refresh(_NO_TOKEN)
    except GrantRefusedError as refused:
        if refused.error == "invalid_grant":
            return Finding(subject="Fortnox knows our app", good=True, seen=refused.error)
        seen, mend = refused.error, "Look up the word in Fortnox's developer portal, under the app."
    except ClientRefusedError:
        seen, mend = "invalid_client", "FortnoxClientId or the secret is not the app's: docs/runbooks/client-refused.md"
    except InvoicingError as error:
        seen, mend = str(error), "Try again; if it stays, check FortnoxAuthBaseUrl and Fortnox's status page."
    return Finding(subject="Fortnox knows our app", good=False, seen=seen, mend=mend)


def _redirect(api_url: str, consent: HttpAnswer | str) -> Finding:
    good = not isinstance(consent, str) and consent.status < 400
    seen = consent if isinstance(consent, str) else f"Fortnox's page answers {consent.status}"
    return Finding(
        subject="The redirect URI is registered",
        good=good,
        seen=seen,
        mend=""
        if good
        else f"Developer portal → the app → redirect URI: {api_url}/oauth/callback; and allow service accounts.",
    )


def _clocks(now: datetime, answers: Mapping[str, HttpAnswer | str]) -> Finding:
    """Tokens and consents have times in them, so nobody's clock may be far from the others'."""
    told = {
        name: parsedate_to_datetime(answer.headers["date"])
        for name, answer in answers.items()
        if not isinstance(answer, str) and "date" in answer.headers
    }
    off = {name: (moment - now).total_seconds() for name, moment in told.items()}
    far = {name: seconds for name, seconds in off.items() if abs(seconds) > _CLOCK_SECONDS}
    said = ", ".join(f"{name} {seconds:+.0f} s" for name, seconds in (far or off).items())
    return Finding(
        subject="The clocks agree",
        good=bool(told) and not far,
        seen=said or "nobody told the time",
        mend="" if told and not far else "Set this machine's clock (NTP) and try again.",
    )


def _get(transport: "HttpTransport", url: str) -> HttpAnswer | str:
    """The answer, or why there is none."""
    try:
        return transport.send(HttpRequest(method="GET", url=url, timeout=_TIMEOUT_SECONDS))
    except InvoicingError as error:
        return f"no answer: {error}"
