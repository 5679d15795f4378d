"""Stands between the functions and AWS, and remembers what goes into queues, tables, journal and mails."""

import base64
import http.client
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote_plus, urlsplit

from local.forwarding import forward
from local.http import Delivery, Reply, Request, serve
from local.ongoing import seed
from local.stack import Stack, running_stack

FUNCTIONS = (
    "landing",
    "oauth_callback",
    "portal",
    "dispatch_syncs",
    "sync_invoices",
    "keep_tokens",
    "notify_operators",
)
GIVEN_TO = {"dynamodb", "kms", "s3", "secretsmanager", "ses", "sqs"}
ACCESS_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")
REFRESH_TOKEN = re.compile(r"(?<![0-9A-Fa-f])[0-9a-f]{40}(?![0-9A-Fa-f])")
_SERVICE = re.compile(r"Credential=[^/]*/[^/]*/[^/]*/([^/]+)/")  # in the signature of a request to AWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a function gave to a service of AWS, with everything readable that was encoded in it."""

    service: str
    text: str


class Witness:
    """A proxy on a free port. Until `lead_to` is called it says that nothing is there yet."""

    def __init__(self) -> None:
        self._host = ""
        self._stack: Stack | None = None
        self._told: list[Told] = []
        self._server = serve(self._pass)
        self.url = self._server.url

    @property
    def told(self) -> list[Told]:
        """Everything so far."""
        return list(self._told)

    def lead_to(self, stack: Stack) -> None:
        """Hands requests on to the AWS of a stack."""
        self._stack = stack
        self._host = urlsplit(stack.aws.url).netloc

    def assert_no_secret_was_told(self) -> None:
        """Neither in a log line nor in a request to AWS: messages, items, objects of the journal, mails.

        Traces hold what AWS writes of its own accord: no function writes into one, as the list of services says.
        """
        assert self._stack is not None
        stack = self._stack
        written = [(f"log of {function}", stack.logs(function)) for function in FUNCTIONS]
        written += [("mail", f"{mail.subject}\n{mail.text}\n{mail.html}") for mail in stack.mails()]
        written += [(f"request to {told.service}", told.text) for told in self.told]

        assert {told.service for told in self.told} <= GIVEN_TO
        for place, text in written:
            assert seed.PASSWORD not in text, place
            assert stack.client_secret not in text, place
            assert not ACCESS_TOKEN.search(text), place
            assert not REFRESH_TOKEN.search(text), place

    def _pass(self, request: Request) -> Reply:
        if not self._host:
            return Reply(status=503)
        service = _SERVICE.search(request.header("authorization"))
        self._told.append(Told(service=service[1] if service else "", text="\n".join(_readable(request))))
        try:
            return forward(request, self._host)
        except (OSError, http.client.HTTPException):
            return Reply(status=0, delivery=Delivery.RESET)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()


@contextmanager
def witnessed_stack(name: str, **parameters: str) -> Iterator[tuple[Stack, Witness]]:
    """A stack all of whose functions' requests to AWS pass a witness."""
    with Witness() as witness, running_stack(name=name, parameters=parameters, aws_seen_at=witness.url) as stack:
        witness.lead_to(stack)
        yield stack, witness


def _readable(request: Request) -> Iterator[str]:
    body = request.body.decode("latin-1")
    yield unquote_plus(request.target)
    yield body
    yield unquote_plus(body)  # a form
    try:
        document = json.loads(request.body)
    except ValueError:
        return
    yield from _texts_in(document)


def _texts_in(value: Any) -> Iterator[str]:
    """The texts of a document, and what it holds as bytes the way DynamoDB writes them: in Base64, under B."""
    match value:
        case {"B": str(encoded)}:
            yield base64.b64decode(encoded).decode("latin-1")
        case dict():
            for one in value.values():
                yield from _texts_in(one)
        case list():
            for one in value:
                yield from _texts_in(one)
        case str():
            yield value
