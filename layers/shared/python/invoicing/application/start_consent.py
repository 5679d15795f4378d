"""Leads a browser to Fortnox to approve, with a state that only this browser can use, once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from invoicing.application.ports import Clock, FortnoxOAuth, Sessions
from invoicing.domain.session import PendingConsent
from invoicing.domain.tokens import Mode

CONSENT_LIFE = timedelta(minutes=30)  # to find the right administrator and log in; a code itself lives ten


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentTools:
    """What starting a consent works with."""

    sessions: Sessions
    oauth: FortnoxOAuth
    clock: Clock
    new_secret: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentStarted:
    """Send the browser to `url`, with `browser` in a cookie."""

    url: str
    browser: str
    life: timedelta
    integration_id: str
    wms_username: str


def start_consent(
    tools: ConsentTools,
    *,
    integration_id: str,
    wms_username: str,
    wms_password: bytes,
    wms_password_mark: str,
    mode: Mode,
) -> ConsentStarted:
    """Remembers what the consent is for; `wms_password` is sealed."""
    state, browser = tools.new_secret(), tools.new_secret()
    tools.sessions.put_consent(
        PendingConsent(
            state=state,
            browser=browser,
            integration_id=integration_id,
            mode=mode,
            wms_username=wms_username,
            wms_password=wms_password,
            wms_password_mark=wms_password_mark,
            expires_at=tools.clock() + CONSENT_LIFE,
        )
    )
    return ConsentStarted(
        url=tools.oauth.authorize_url(state=state, mode=mode),
        browser=browser,
        life=CONSENT_LIFE,
        integration_id=integration_id,
        wms_username=wms_username,
    )
