"""The port HttpTransport: one request over one connection, with a deadline that holds.

Connecting and sending are two steps on purpose: what fails in the first was certainly not sent, whatever
fails in the second may have been carried out.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from http.client import HTTPException
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from invoicing.application.http import HttpAnswer, HttpRequest
from invoicing.domain.errors import NotSentError, UnknownOutcomeError

_CHUNK = 65_536
_IDLE_PER_HOST = 4


class _Host(NamedTuple):
    scheme: str
    name: str
    port: int


class _Idle(NamedTuple):
    connection: HTTPConnection
    since: float


class _TooLargeError(Exception):
    pass


class PooledTransport:
    """Sends each request once: no retries, no redirects, no proxies. Certificates are always verified.

    Connections are kept open for the next request to the same host for `idle_seconds` at most: servers close
    idle connections after some five seconds, and a POST that meets one that is just closing has an unknown
    outcome. Plain http is spoken to base URLs that say http, which only the local stack's do.
    `connect_seconds` bounds connecting to all addresses of the host together. Looking up a name cannot be
    interrupted; the system's resolver bounds it. Safe to share between threads.
    """

    def __init__(
        self,
        *,
        user_agent: str = "ongoing-fortnox-invoicing",
        connect_seconds: float = 3.0,
        idle_seconds: float = 4.0,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._user_agent = user_agent
        self._connect_seconds = connect_seconds
        self._idle_seconds = idle_seconds
        self._tls = tls
        self._clock = clock
        self._idle: defaultdict[_Host, list[_Idle]] = defaultdict(list)
        self._lock = threading.Lock()

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Messages name method, host and kind of failure; never a path, query, header or body."""
        what, host, target = _parse(request)
        deadline = _Deadline(request.timeout, self._clock)
        connection = None if request.fresh_connection else self._take_idle(host)
        try:
            if connection is None:
                connection = self._connect(host, what, deadline)
            if deadline.left() <= 0:
                raise NotSentError(f"{what}: no time was left to send it")
            answer = self._exchange(connection, request, target, what, deadline)
        except BaseException:
            if connection is not None:
                connection.close()
            raise
        finally:
            deadline.disarm()
        self._give_back(host, connection, fresh=request.fresh_connection)
        return answer

    def close(self) -> None:
        """Closes the idle connections."""
        with self._lock:
            idle = [each for group in self._idle.values() for each in group]
            self._idle.clear()
        for each in idle:
            each.connection.close()

    def _connect(self, host: _Host, what: str, deadline: "_Deadline") -> HTTPConnection:
        try:
            plain = self._open_socket(host, deadline)
        except socket.gaierror:
            raise NotSentError(f"{what}: the name does not resolve; nothing was sent") from None
        except TimeoutError:
            seconds = min(self._connect_seconds, deadline.seconds)
            raise NotSentError(f"{what}: no connection within {seconds:g} s; nothing was sent") from None
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that cannot be a host's
            raise NotSentError(f"{what}: no connection ({_kind(error)}); nothing was sent") from None
        if host.scheme == "http":
            connection: HTTPConnection = HTTPConnection(host.name, host.port)
            connection.sock = plain
        else:
            connection = HTTPSConnection(host.name, host.port)
            connection.sock = self._secure(plain, host, what, deadline)
        connection.auto_open = 0  # a connection that was lost is never opened again behind our back
        return connection

    def _open_socket(self, host: _Host, deadline: "_Deadline") -> socket.socket:
        addresses = socket.getaddrinfo(host.name, host.port, type=socket.SOCK_STREAM)
        latest = self._clock() + min(self._connect_seconds, deadline.left())
        refusal = OSError("the name has no address")
        for family, kind, protocol, _, address in addresses:
            left = latest - self._clock()
            if left <= 0:
                raise TimeoutError
            candidate = socket.socket(family, kind, protocol)
            try:
                candidate.settimeout(left)
                candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                candidate.connect(address)
            except OSError as error:
                candidate.close()
                refusal = error
            else:
                return candidate
        raise refusal

    def _secure(self, plain: socket.socket, host: _Host, what: str, deadline: "_Deadline") -> ssl.SSLSocket:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        with contextlib.ExitStack() as undo:
            undo.callback(plain.close)
            try:
                secure = self._tls.wrap_socket(
                    plain, server_hostname=host.name.rstrip("."), do_handshake_on_connect=False
                )
                undo.callback(secure.close)
                secure.settimeout(max(deadline.left(), 0.001))
                deadline.arm(secure)
                secure.do_handshake()
            except ssl.SSLCertVerificationError as error:
                raise NotSentError(
                    f"{what}: its certificate is not valid ({error.verify_message}); nothing was sent"
                ) from None
            except (OSError, ValueError) as error:
                kind = "out of time" if deadline.passed else _kind(error)
                raise NotSentError(f"{what}: TLS handshake failed ({kind}); nothing was sent") from None
            undo.pop_all()
        return secure

    def _exchange(
        self, connection: HTTPConnection, request: HttpRequest, target: str, what: str, deadline: "_Deadline"
    ) -> HttpAnswer:
        headers = {"user-agent": self._user_agent, "accept-encoding": "identity"}
        headers |= {name.lower(): value for name, value in request.headers.items()}
        try:
            deadline.arm(connection.sock)
            connection.timeout = max(deadline.left(), 0.001)
            connection.request(request.method, target, body=request.body, headers=headers, preload_content=False)
            response = connection.getresponse()
            body = _read(response, request.max_answer_bytes)
            if deadline.passed:
                # A cut connection looks like the orderly end of a body that has no length.
                raise TimeoutError
        except _TooLargeError:
            raise UnknownOutcomeError(f"{what}: the answer is larger than {request.max_answer_bytes} bytes") from None
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            if deadline.passed or isinstance(error, TimeoutError):
                kind = f"no complete answer within {deadline.seconds:g} s"
            else:
                kind = f"the connection broke before a complete answer ({_kind(error)})"
            raise UnknownOutcomeError(f"{what}: {kind}") from None
        return HttpAnswer(
            status=response.status,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=body,
        )

    def _take_idle(self, host: _Host) -> HTTPConnection | None:
        oldest = self._clock() - self._idle_seconds
        while True:
            with self._lock:
                if not self._idle[host]:
                    return None
                connection, since = self._idle[host].pop()
            if since > oldest and connection.is_connected:
                return connection
            connection.close()

    def _give_back(self, host: _Host, connection: HTTPConnection, *, fresh: bool) -> None:
        with self._lock:
            if not fresh and connection.sock is not None and len(self._idle[host]) < _IDLE_PER_HOST:
                self._idle[host].append(_Idle(connection, self._clock()))
                return
        connection.close()


class _Deadline:
    """Ends a connection when the time is up, even if its peer sends a byte now and then."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self.seconds = seconds
        self.passed = False
        self._clock = clock
        self._end = clock() + seconds
        self._timer: threading.Timer | None = None

    def left(self) -> float:
        return self._end - self._clock()

    def arm(self, connected: socket.socket) -> None:
        self.disarm()
        self._timer = threading.Timer(max(self.left(), 0), self._cut, [connected])
        self._timer.daemon = True
        self._timer.start()

    def disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _cut(self, connected: socket.socket) -> None:
        self.passed = True
        # The socket under TLS: shutting down TLS would take its state away from the thread that is using it.
        with contextlib.suppress(OSError):  # it may be closed already
            socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _parse(request: HttpRequest) -> tuple[str, _Host, str]:
    """What to call it in messages, where it goes, and the request target. Raises NotSentError."""
    try:
        url = urlsplit(request.url)
        port = url.port
    except ValueError:
        raise NotSentError(f"{request.method}: the address is not a URL; nothing was sent") from None
    what = f"{request.method} {url.hostname}"
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise NotSentError(f"{what}: the address is not one of http or https; nothing was sent")
    target = _target(url)
    sendable = [target, request.method, *request.headers, *request.headers.values()]
    if not all(text.isascii() and text.isprintable() for text in sendable) or " " in target:
        raise NotSentError(f"{what}: a header or the path has characters outside ASCII; nothing was sent")
    return what, _Host(url.scheme, url.hostname, port or (443 if url.scheme == "https" else 80)), target


def _target(url: SplitResult) -> str:
    return (url.path or "/") + (f"?{url.query}" if url.query else "")


def _read(response: BaseHTTPResponse, limit: int) -> bytes:
    # One read of the socket at a time: a longer wait for a fixed amount would hide a slow drip.
    parts: list[bytes] = []
    size = 0
    while part := response.read1(_CHUNK):
        size += len(part)
        if size > limit:
            raise _TooLargeError
        parts.append(part)
    response.close()
    return b"".join(parts)


def _kind(error: Exception) -> str:
    """A short word for a failure, without the texts of the peer that some errors quote."""
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "reset"
    if isinstance(error, TimeoutError):
        return "out of time"
    return type(error).__name__
