"""Hands a request on to another HTTP server, and its answer back."""

import http.client
from collections.abc import Mapping

from local.http import Reply, Request

# Said anew on each connection (RFC 9110, 7.6.1), or written by whoever sends.
_OF_THE_CONNECTION = frozenset(
    {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length"}
)
_ANSWER_SECONDS = 60.0


def forward(request: Request, host: str, *, prefix: str = "", headers: Mapping[str, str | None] | None = None) -> Reply:
    """The answer of `host` (name:port) to a request, whose target gets a `prefix`.

    The request's own host and target stay as they were signed. `headers` replace its headers, None removes one.
    Raises OSError or http.client.HTTPException when there is no HTTP answer.
    """
    sent = {name: value for name, value in request.headers.items() if name not in _OF_THE_CONNECTION}
    for name, value in (headers or {}).items():
        sent.pop(name, None)
        if value is not None:
            sent[name] = value
    connection = http.client.HTTPConnection(host, timeout=_ANSWER_SECONDS)
    try:
        connection.request(request.method, prefix + request.target, body=request.body or None, headers=sent)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    kept = tuple((name, value) for name, value in answer.getheaders() if name.lower() not in _OF_THE_CONNECTION)
    return Reply(status=answer.status, headers=kept, body=body)
