"""What the bootstrap is handed in tests instead of an environment, a network and a secret store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from urllib.parse import urlsplit

from invoicing.application.http import HttpAnswer, HttpRequest, HttpTransport
from invoicing.runtime.settings import PortalSettings

from local.fortnox.seed import CLIENT_ID

BASE_URL = "https://invoicing.example"
SECRET = "the-client-secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedSettings(PortalSettings):
    """Those of every function that the tests in process play."""

    alarm_email: str


def simulated_settings(base_url: str = BASE_URL, *, alarm_email: str = "") -> SimulatedSettings:
    """Settings whose addresses are those of simulators, and whose stores are named but never asked."""
    named = {field.name: field.name for field in fields(PortalSettings)}
    return SimulatedSettings(
        alarm_email=alarm_email,
        **named
        | {
            "fortnox_auth_base_url": "https://apps.fortnox.example",
            "fortnox_api_base_url": "https://api.fortnox.example",
            "fortnox_client_id": CLIENT_ID,
            "ongoing_api_base_url": "https://api.ongoing.example",
            "public_base_url": base_url,
            "support_address": "support@invoicing.example",
        },
    )


@dataclass(frozen=True, slots=True)
class ByHost:
    """An HttpTransport that leads each request to the one of its host, as it is when the request is sent."""

    choose: Callable[[str], HttpTransport]

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Whatever the chosen one gives or raises."""
        return self.choose(urlsplit(request.url).netloc).send(request)


@dataclass(slots=True)
class FakeSecret:
    """A secret that is never fetched; `forgotten` counts how often it was to be fetched anew."""

    text: str
    forgotten: int = 0
    before: str = ""  # of one that is turned

    def __call__(self) -> str:
        return self.text

    def forget(self) -> None:
        self.forgotten += 1

    def others(self) -> Sequence[str]:
        return [secret for secret in (self.text, self.before) if secret]


def one_after_the_other(
    first: Callable[[], object], second: Callable[[], object]
) -> tuple[Exception | None, Exception | None]:
    """Both saves of the token engine, one after the other, so that tests repeat."""
    return _attempt(first), _attempt(second)


def _attempt(act: Callable[[], object]) -> Exception | None:
    try:
        act()
    except Exception as error:
        return error
    return None
