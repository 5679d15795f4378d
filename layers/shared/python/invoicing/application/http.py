"""HTTP as the adapters of Fortnox and Ongoing see it: one request, one complete answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One HTTP request. `timeout` is the total in seconds, from connecting to the last byte."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    timeout: float = 30.0
    max_answer_bytes: int = 20_000_000
    fresh_connection: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """One complete HTTP answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class HttpTransport(Protocol):
    """Sends one request, once: no retries, no redirects."""

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Raises NotSentError if nothing left this machine, else UnknownOutcomeError on any failure."""
        ...
