"""The front door: http://127.0.0.1:<port>/ in front of the deployed API, as a custom domain is on AWS.

Its address is known before the deployment, so the pages can be told where they live.
"""

import http.client
from urllib.parse import quote, urlencode, urlsplit

from local.http import Reply, Request, Server, serve

# Said anew on each connection (RFC 9110, 7.6.1), or written by the server that answers.
OF_THE_CONNECTION = frozenset(
    {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length", "host"}
)
ANSWER_SECONDS = 60.0


class FrontDoor:
    """A reverse proxy on a free port. Until `lead_to` is called it says that nothing is deployed yet."""

    def __init__(self) -> None:
        self._server: Server = serve(self.handle)
        self.url = self._server.url
        self._host = urlsplit(self.url).netloc
        self._target: tuple[str, str] | None = None

    def lead_to(self, address: str) -> None:
        """Forward to `address`: the API's own address, without a trailing slash."""
        parts = urlsplit(address)
        self._target = (parts.netloc, parts.path)

    def handle(self, request: Request) -> Reply:
        """One request, forwarded as it came; 502 when the API gave no HTTP answer."""
        if self._target is None:
            return Reply(status=503, body=b"Nothing is deployed behind this door yet.\n")
        host, prefix = self._target
        target = quote(prefix, safe="/$") + request.raw_path
        if request.query:
            target += "?" + urlencode(request.query, quote_via=quote)
        headers = {name: value for name, value in request.headers.items() if name not in OF_THE_CONNECTION} | {
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-proto": "http",
            "x-forwarded-host": self._host,
        }
        connection = http.client.HTTPConnection(host, timeout=ANSWER_SECONDS)
        try:
            connection.request(request.method, target, body=request.body or None, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return Reply(status=502, body=f"The API did not answer: {type(error).__name__}\n".encode())
        finally:
            connection.close()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in OF_THE_CONNECTION]
        return Reply(status=answer.status, headers=tuple(kept), body=body)

    def stop(self) -> None:
        """Close the door."""
        self._server.stop()
