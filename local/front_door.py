"""The front door: http://127.0.0.1:<port>/ in front of the deployed API, as a custom domain is on AWS.

Its address is known before the deployment, so the pages can be told where they live.
"""

import http.client
from urllib.parse import quote, urlsplit

from local.forwarding import forward
from local.http import Reply, Request, Server, serve


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
        headers = {
            "host": None,
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-proto": "http",
            "x-forwarded-host": self._host,
        }
        try:
            return forward(request, host, prefix=quote(prefix, safe="/$"), headers=headers)
        except (OSError, http.client.HTTPException) as error:
            return Reply(status=502, body=f"The API did not answer: {type(error).__name__}\n".encode())

    def stop(self) -> None:
        """Close the door."""
        self._server.stop()
