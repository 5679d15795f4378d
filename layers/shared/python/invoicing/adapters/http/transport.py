"""The port HttpTransport over requests: one request, sent once, with a deadline that holds.

Ours is only what the product exists for. A connection says NotSentError while nothing was sent, so that whatever
fails after that may have been carried out; one timer ends the whole call, however its peer spends the time.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from invoicing.application.http import HttpAnswer, HttpRequest
from invoicing.domain.errors import NotSentError, UnknownOutcomeError

_CHUNK = 65_536
_KINDS = {ConnectionRefusedError: "refused", ConnectionResetError: "reset", TimeoutError: "out of time"}


class PooledTransport:
    """Sends each request once: no retries, no redirects, no proxies, no cookies. Certificates are always verified.

    Connections are kept open for the next request to the same host for `idle_seconds` at most: servers close
    idle connections after some five seconds, and a POST that meets one that is just closing has an unknown
    outcome. Plain http is spoken to base URLs that say http, which only the local stack's do.
    `connect_seconds` bounds connecting to all addresses of the host together. Looking up a name cannot be
    interrupted; the system's resolver bounds it. Safe to share between threads.
    """

    def __init__(
        self,
        *,
        connect_seconds: float = 3.0,
        idle_seconds: float = 4.0,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._call = partial(_Call, connect_seconds=connect_seconds, idle_seconds=idle_seconds, clock=clock)
        self._tls = tls or ssl.create_default_context()
        self._shared = self._session()

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Messages name method, host and kind of failure; never a path, query, header or body."""
        session = self._session() if request.fresh_connection else self._shared
        prepared, what = _prepare(session, request)
        call = self._call(what, request.timeout)
        try:
            with call, session.send(prepared, stream=True) as response:
                body = bytearray()
                for part in response.iter_content(_CHUNK):
                    body += part
                    if len(body) > request.max_answer_bytes:
                        raise UnknownOutcomeError(f"{what}: the answer is larger than {request.max_answer_bytes} bytes")
                if call.passed:
                    # A cut connection looks like the orderly end of a body that has no length.
                    raise TimeoutError
        except (HTTPError, HTTPException, OSError, ValueError) as error:  # OSError: also all of requests' own
            broken = f"the connection broke before a complete answer ({_kind(error)})"
            why = f"no complete answer within {request.timeout:g} s" if call.passed else broken
            raise UnknownOutcomeError(f"{what}: {why}") from None
        finally:
            if request.fresh_connection:
                session.close()
        return HttpAnswer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=bytes(body),
        )

    def close(self) -> None:
        """Closes the idle connections."""
        self._shared.close()

    def _session(self) -> requests.Session:
        session = _Session()
        session.trust_env = False  # neither proxies nor passwords from the environment
        session.headers = {"User-Agent": "ongoing-fortnox-invoicing", "Accept-Encoding": "identity"}
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        adapter = _Adapter(self._tls)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """A redirect is an answer like any other."""


class _Adapter(HTTPAdapter):
    """Connections of ours; all else is that of requests, which sends once unless told otherwise."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        super().__init__()

    def init_poolmanager(self, *sizes: Any, **named: Any) -> None:
        super().init_poolmanager(*sizes, **named, ssl_context=self._tls)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def cert_verify(self, *_: object) -> None:
        """The context says whom to trust, and nothing is added to it."""


class _Call:
    """What a connection must know of the call that uses it. Ends it when the time is up."""

    def __init__(
        self, what: str, seconds: float, *, connect_seconds: float, idle_seconds: float, clock: Callable[[], float]
    ) -> None:
        self.what = what
        self.connect_seconds = min(connect_seconds, seconds)
        self.idle_seconds = idle_seconds
        self.clock = clock
        self.end = clock() + seconds
        self.passed = False  # it was cut before its answer was complete
        self._timer = threading.Timer(max(seconds, 0), self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._held: socket.socket | None = None

    def __enter__(self) -> Self:
        self._timer.start()
        self._previous = _CALL.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self.let_go()
        _CALL.reset(self._previous)

    def hold(self, connected: socket.socket) -> None:
        """Takes a connection to end when the time is up. Raises NotSentError if it is."""
        self.let_go()
        with self._lock:
            # A second handle of the socket under TLS, which does not change hands when a handshake begins, and
            # whose shutdown leaves the state of TLS to the thread that is using it.
            self._held = socket.fromfd(connected.fileno(), connected.family, connected.type)
        if self.end <= self.clock():
            raise NotSentError(f"{self.what}: no time was left to send it")

    def let_go(self) -> None:
        """The connection is not this call's any more."""
        with self._lock:
            if self._held is not None:
                self._held.close()
                self._held = None

    def _cut(self) -> None:
        with self._lock, contextlib.suppress(OSError):  # its peer may have ended it
            if self._held is not None:
                self.passed = True
                self._held.shutdown(socket.SHUT_RDWR)


# urllib3 tells a connection nothing but seconds; the rest goes beside it, in the thread that makes the call.
_CALL: ContextVar[_Call] = ContextVar("the call that is being made")


class _Connection(HTTPConnection):
    """Fails with NotSentError until it is open, and is opened before a request only."""

    auto_open = 0  # a connection that was lost is never opened again behind our back
    since = 0.0  # when it became idle

    @property
    def is_connected(self) -> bool:
        """Asked for before an idle one is used again."""
        call = _CALL.get()
        return super().is_connected and call.clock() - self.since < call.idle_seconds

    def request(self, *arguments: Any, **named: Any) -> None:
        if self.is_closed:
            self.connect()
        _CALL.get().hold(self.sock)
        super().request(*arguments, **named)

    def connect(self) -> None:
        call = _CALL.get()
        try:
            super().connect()
        except ssl.SSLCertVerificationError as error:
            why = f"its certificate is not valid ({error.verify_message})"
            raise NotSentError(f"{call.what}: {why}; nothing was sent") from None
        except (HTTPError, OSError, ValueError) as error:
            kind = "out of time" if call.passed else _kind(error)
            raise NotSentError(f"{call.what}: TLS handshake failed ({kind}); nothing was sent") from None

    def _new_conn(self) -> socket.socket:
        call = _CALL.get()
        try:
            self.sock = self._first_that_answers(call)
        except socket.gaierror:
            why = "the name does not resolve"
        except TimeoutError:
            why = f"no connection within {call.connect_seconds:g} s"
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that cannot be a host's
            why = f"no connection ({_kind(error)})"
        else:
            call.hold(self.sock)
            return self.sock
        raise NotSentError(f"{call.what}: {why}; nothing was sent")

    def _first_that_answers(self, call: _Call) -> socket.socket:
        addresses = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        latest = min(call.clock() + call.connect_seconds, call.end)
        refusal = OSError("the name has no address")
        for family, kind, protocol, _, address in addresses:
            left = latest - call.clock()
            if left <= 0:
                raise TimeoutError
            candidate = socket.socket(family, kind, protocol)
            try:
                candidate.settimeout(left)
                candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                candidate.connect(address)
                candidate.settimeout(None)  # from here on the call's timer counts
            except OSError as error:
                candidate.close()
                refusal = error
            else:
                return candidate
        raise refusal


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection

    def _put_conn(self, conn: Any) -> None:
        call = _CALL.get()
        call.let_go()  # before another call can take it
        if conn is not None:
            conn.since = call.clock()
        super()._put_conn(conn)


class _SecurePool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _prepare(session: requests.Session, request: HttpRequest) -> tuple[requests.PreparedRequest, str]:
    """What goes out, to the letter, and what to call it in messages. Raises NotSentError."""
    sendable = [request.url, request.method, *request.headers, *request.headers.values()]
    try:
        if not all(text.isascii() and text.isprintable() for text in sendable) or " " in request.url:
            raise ValueError  # requests would find a way to write it
        asked = requests.Request(request.method, request.url, headers=dict(request.headers), data=request.body)
        prepared = session.prepare_request(asked)
        prepared.url = request.url  # requests would tidy its path
        session.get_adapter(request.url)
        return prepared, f"{request.method} {urlsplit(request.url).hostname}"
    except ValueError:  # also all of requests' words for an address or a header that cannot be
        raise NotSentError(f"{request.method}: HTTP has no such address or header; nothing was sent") from None


def _kind(error: BaseException) -> str:
    """A short word for what began a failure, without the texts of the peer that some errors quote."""
    while error.args and isinstance(error.args[-1], BaseException):  # as requests and urllib3 wrap them
        error = error.args[-1]
    return next((word for kind, word in _KINDS.items() if isinstance(error, kind)), type(error).__name__)
