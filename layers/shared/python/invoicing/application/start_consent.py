"""Leads a browser to Fortnox to approve, with a state that only this browser can use, once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from invoicing.application.ports import Clock, FortnoxOAuth, Sessions
from invoicing.domain.session import PendingConsent, Proposal

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
    proposal: Proposal


def start_consent(tools: ConsentTools, proposal: Proposal) -> ConsentStarted:
    """Remembers what the consent is for."""
    state, browser = tools.new_secret(), tools.new_secret()
    tools.sessions.put_consent(
        PendingConsent(state=state, browser=browser, proposal=proposal, expires_at=tools.clock() + CONSENT_LIFE)
    )
    url = tools.oauth.authorize_url(state=state, mode=proposal.mode, files=proposal.files, also=proposal.also)
    return ConsentStarted(url=url, browser=browser, life=CONSENT_LIFE, proposal=proposal)
