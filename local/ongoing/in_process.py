"""Hands the product's HTTP requests to a simulator without a socket."""

from dataclasses import replace
from urllib.parse import urlsplit

from invoicing.application.http import HttpAnswer, HttpRequest
from invoicing.domain.errors import UnknownOutcomeError

from local.http import Delivery, Handler, Reply, Request


class InProcessTransport:
    """An HttpTransport. Delays cost no time: one that reaches the timeout is a lost answer.

    A delayed call is carried out all the same, after its client gave up. `requests` is what was sent.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Raises UnknownOutcomeError for whatever a socket would fail with."""
        self.requests.append(request)
        target = urlsplit(request.url)
        body = request.body or b""
        reply = self._handler(
            Request.to(
                request.method,
                f"{target.path}?{target.query}" if target.query else target.path,
                headers=request.headers,
                body=body,
            )
        )
        waited = 0.0
        while reply.delay_seconds or reply.resume:
            waited += reply.delay_seconds
            reply = replace(reply, delay_seconds=0.0) if reply.resume is None else _resumed(reply)
        if waited >= request.timeout:
            raise UnknownOutcomeError("no answer in time")
        if reply.delivery is not Delivery.WHOLE:
            raise UnknownOutcomeError(f"connection: {reply.delivery}")
        if len(reply.body) > request.max_answer_bytes:
            raise UnknownOutcomeError("the answer is too large")
        headers = {name.lower(): value for name, value in reply.headers}
        return HttpAnswer(status=reply.status, headers=headers, body=reply.body)


def _resumed(reply: Reply) -> Reply:
    return reply.resume() if reply.resume else reply
