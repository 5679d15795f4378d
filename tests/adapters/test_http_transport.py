"""The HTTP transport against peers that behave and peers that do not."""

import contextlib
import gzip
import ipaddress
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from invoicing.adapters.http.transport import _CALL, PooledTransport
from invoicing.application.http import HttpRequest
from invoicing.domain.errors import NotSentError, UnknownOutcomeError
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from tests.support.together import together

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok"

type Behaviour = Callable[[socket.socket, bytes], None]
_PATIENCE = 5.0  # seconds; a client that nothing ends is failed by its peer, and does not hang


class Peer:
    """A server on 127.0.0.1 that does with each request what `behaviour` says; `requests` per connection."""

    def __init__(self, behaviour: Behaviour, *, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[list[bytes]] = []
        self._behaviour = behaviour
        self._tls = tls
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        requests: list[bytes] = []
        self.requests.append(requests)
        with contextlib.suppress(OSError):
            connection.settimeout(_PATIENCE)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            while request := _read_request(connection):
                requests.append(request)
                self._behaviour(connection, request)
        connection.close()

    def handles(self) -> list[int]:
        """This process's file descriptors of the clients' ends."""
        found = []
        for name in os.listdir("/dev/fd"):
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(int(name))) as copy:
                if copy.getpeername()[1] == self.port:
                    found.append(int(name))
        return found

    def close(self) -> None:
        """Ends the server and every connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


def _read_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65_536)
        if not part:
            return b""
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0]):
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def peer() -> Iterator[Callable[[Behaviour], Peer]]:
    """Starts peers that are ended after the test."""
    peers: list[Peer] = []

    def start(behaviour: Behaviour) -> Peer:
        peers.append(Peer(behaviour))
        return peers[-1]

    yield start
    for each in peers:
        each.close()


@pytest.fixture
def transport() -> Iterator[PooledTransport]:
    """A transport whose idle connections are closed after the test."""
    transport = PooledTransport()
    yield transport
    transport.close()


def says(answer: bytes) -> Behaviour:
    """Sends these bytes and keeps the connection."""
    return lambda connection, _request: connection.sendall(answer)


def says_and_closes(answer: bytes) -> Behaviour:
    """Sends these bytes and ends the connection."""

    def act(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    return act


def resets(connection: socket.socket, _request: bytes) -> None:
    """Ends the connection with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def stays_silent(connection: socket.socket, _request: bytes) -> None:
    """Never answers; ends when the client does."""
    connection.recv(1)


def drips(start: bytes, drop: bytes) -> Behaviour:
    """Sends a start, and then a drop every 20 ms for as long as the client listens."""

    def act(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(start)
        connection.settimeout(0.02)
        while True:
            connection.sendall(drop)
            with contextlib.suppress(TimeoutError):
                if not connection.recv(1):
                    return

    return act


# ---------------------------------------------------------------- what is sent, and what comes back


def test_a_request_is_sent_as_it_is(peer: Callable[[Behaviour], Peer], transport: PooledTransport) -> None:
    """Method, path and query untouched, headers and body whole, and our name."""
    server = peer(says(OK))

    transport.send(
        HttpRequest(
            method="PUT",
            url=f"{server.url}/3/articles/A%2F1?limit=500&filter=a%20b",
            headers={"Authorization": "Bearer t", "Content-Type": "application/json"},
            body='{"å": 1}'.encode(),
        )
    )

    head, _, body = server.requests[0][0].partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert head.startswith(b"PUT /3/articles/A%2F1?limit=500&filter=a%20b HTTP/1.1\r\n")
    assert set(lines[1:]) == {
        f"host: 127.0.0.1:{server.port}".encode(),
        b"authorization: bearer t",
        b"content-type: application/json",
        b"content-length: 9",
        b"user-agent: ongoing-fortnox-invoicing",
        b"accept-encoding: identity",
    }
    assert body == '{"å": 1}'.encode()


def test_an_answer_comes_back_whole(peer: Callable[[Behaviour], Peer], transport: PooledTransport) -> None:
    """Status, lower-case header names and the body's bytes."""
    server = peer(says(b"HTTP/1.1 201 Created\r\nX-Thing: A\r\nContent-Length: 3\r\n\r\n\x00\xff\n"))

    answer = transport.send(HttpRequest(method="GET", url=server.url))

    assert (answer.status, answer.headers["x-thing"], answer.body) == (201, "A", b"\x00\xff\n")


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", b"abcde"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
    ],
    ids=["chunked", "empty", "continue"],
)
def test_every_framing_is_understood(
    peer: Callable[[Behaviour], Peer], transport: PooledTransport, raw: bytes, body: bytes
) -> None:
    """And the connection is good for another request."""
    server = peer(says(raw))

    bodies = [transport.send(HttpRequest(method="GET", url=server.url)).body for _ in range(2)]

    assert bodies == [body, body]
    assert [len(requests) for requests in server.requests] == [2]


def test_a_body_that_ends_with_its_connection_is_understood(
    peer: Callable[[Behaviour], Peer], transport: PooledTransport
) -> None:
    """Old servers do that."""
    server = peer(says_and_closes(b"HTTP/1.0 200 OK\r\n\r\n<xml/>"))

    assert transport.send(HttpRequest(method="GET", url=server.url)).body == b"<xml/>"


def test_a_compressed_body_is_opened(peer: Callable[[Behaviour], Peer], transport: PooledTransport) -> None:
    """Though we do not ask for one."""
    packed = gzip.compress(b"ledger " * 100)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    server = peer(says(head.encode() + packed))

    assert transport.send(HttpRequest(method="GET", url=server.url)).body == b"ledger " * 100


@pytest.mark.parametrize("status", [302, 307, 401, 404, 429, 500, 503])
def test_any_status_is_an_answer(peer: Callable[[Behaviour], Peer], transport: PooledTransport, status: int) -> None:
    """Redirects are not followed, and nothing is sent twice."""
    server = peer(says(f"HTTP/1.1 {status} X\r\nLocation: /x\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n".encode()))

    assert transport.send(HttpRequest(method="POST", url=server.url, body=b"x")).status == status
    assert [len(requests) for requests in server.requests] == [1]


@pytest.mark.parametrize("location", [b"http://[", b"\xff\xfe", b"//127.0.0.1:1/x", b""])
def test_where_a_redirect_leads_is_not_looked_at(
    peer: Callable[[Behaviour], Peer], transport: PooledTransport, location: bytes
) -> None:
    """Its body is bounded like any other."""
    head = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 2000\r\n\r\n"
    server = peer(says(head + b"x" * 2000))

    assert transport.send(HttpRequest(method="GET", url=server.url)).status == 302
    with pytest.raises(UnknownOutcomeError, match="larger than 1000 bytes"):
        transport.send(HttpRequest(method="GET", url=server.url, max_answer_bytes=1000))


@pytest.mark.parametrize("path", ["/3/articles/..", "/3/articles/%2e%2E/%7ea", "/3/x//y", "/"])
def test_a_path_is_not_tidied(peer: Callable[[Behaviour], Peer], transport: PooledTransport, path: str) -> None:
    """An article may be called anything."""
    server = peer(says(OK))

    transport.send(HttpRequest(method="GET", url=server.url + path))

    assert server.requests[0][0].split(b" ")[1].decode().lower() == path.lower()


def test_one_company_is_not_told_of_another(peer: Callable[[Behaviour], Peer], transport: PooledTransport) -> None:
    """A cookie that one call was given would go out with the next one, which may be somebody else's."""
    server = peer(says(OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: company=1; Path=/\r\n\r\n")))

    for _ in range(2):
        transport.send(HttpRequest(method="GET", url=server.url))

    assert [b"cookie" in request.lower() for request in server.requests[0]] == [False, False]


def test_the_environment_changes_nothing(
    peer: Callable[[Behaviour], Peer],
    transport: PooledTransport,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Neither a proxy nor a file of passwords."""
    server = peer(says(OK))
    proxy = peer(says(OK))
    passwords = tmp_path / "netrc"
    passwords.write_text("machine 127.0.0.1 login somebody password secret")
    monkeypatch.setenv("NETRC", str(passwords))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv(name.upper(), proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    transport.send(HttpRequest(method="GET", url=server.url))

    assert proxy.requests == []
    assert b"authorization" not in server.requests[0][0].lower()


# ---------------------------------------------------------------- connections


def test_a_connection_is_used_again(peer: Callable[[Behaviour], Peer], transport: PooledTransport) -> None:
    """A handshake for each of 500 articles would take the whole run."""
    server = peer(says(OK))

    for _ in range(3):
        transport.send(HttpRequest(method="GET", url=server.url))

    assert [len(requests) for requests in server.requests] == [3]


def test_a_fresh_connection_is_used_once(peer: Callable[[Behaviour], Peer], transport: PooledTransport) -> None:
    """Neither taken from the idle ones nor left among them."""
    server = peer(says(OK))

    for fresh in (False, True, False):
        transport.send(HttpRequest(method="POST", url=server.url, body=b"x", fresh_connection=fresh))

    assert sorted(len(requests) for requests in server.requests) == [1, 2]


def test_a_connection_that_was_idle_too_long_is_not_used(peer: Callable[[Behaviour], Peer]) -> None:
    """Its server may be closing it at this moment."""
    server = peer(says(OK))
    now = [1000.0]
    transport = PooledTransport(clock=lambda: now[0])
    transport.send(HttpRequest(method="GET", url=server.url))
    now[0] += 3.9
    transport.send(HttpRequest(method="GET", url=server.url))
    now[0] += 4.0
    transport.send(HttpRequest(method="GET", url=server.url))
    transport.close()

    assert [len(requests) for requests in server.requests] == [2, 1]


def test_a_connection_that_its_server_closed_is_not_used(peer: Callable[[Behaviour], Peer]) -> None:
    """The next request goes out on a new one, and succeeds."""
    closed = threading.Event()

    def answers_and_closes(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()
        closed.set()

    server = peer(answers_and_closes)
    transport = PooledTransport()
    transport.send(HttpRequest(method="GET", url=server.url))
    closed.wait(5)

    assert transport.send(HttpRequest(method="GET", url=server.url)).status == 200
    assert [len(requests) for requests in server.requests] == [1, 1]


def test_a_server_that_wants_to_close_is_obeyed(peer: Callable[[Behaviour], Peer], transport: PooledTransport) -> None:
    """Connection: close."""
    server = peer(says(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")))

    for _ in range(2):
        transport.send(HttpRequest(method="GET", url=server.url))

    assert [len(requests) for requests in server.requests] == [1, 1]


def test_threads_share_a_transport(peer: Callable[[Behaviour], Peer], transport: PooledTransport) -> None:
    """Each gets the answer to its own request."""
    server = peer(
        lambda connection, request: connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + request.split(b"/")[1][:2]
        )
    )

    def ask(number: int) -> list[bytes]:
        url = f"{server.url}/{number}/"
        return [transport.send(HttpRequest(method="GET", url=url)).body for _ in range(5)]

    results = together([lambda number=number: ask(number) for number in range(10, 18)])  # type: ignore[misc]

    assert results == [[str(number).encode()] * 5 for number in range(10, 18)]


def test_the_time_of_one_call_does_not_end_the_next_one(
    peer: Callable[[Behaviour], Peer], transport: PooledTransport
) -> None:
    """They share a connection, and the first one was answered in time."""
    first_is_over = threading.Event()

    def answers_the_second_late(connection: socket.socket, request: bytes) -> None:
        if b"/second" in request:
            first_is_over.wait(0.7)
        connection.sendall(OK)

    server = peer(answers_the_second_late)
    transport.send(HttpRequest(method="GET", url=f"{server.url}/first", timeout=0.5))

    assert transport.send(HttpRequest(method="GET", url=f"{server.url}/second")).body == b"ok"
    assert [len(requests) for requests in server.requests] == [2]


def test_an_answer_that_came_in_time_is_kept(
    peer: Callable[[Behaviour], Peer], transport: PooledTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long this machine takes after its last byte; and its connection is good for another request."""
    server = peer(says(OK))
    put_back = HTTPConnectionPool._put_conn

    def slowly(*arguments: Any) -> None:
        threading.Event().wait(0.7)
        put_back(*arguments)

    monkeypatch.setattr(HTTPConnectionPool, "_put_conn", slowly)

    answers = [transport.send(HttpRequest(method="POST", url=server.url, timeout=0.5)).body for _ in range(2)]

    assert answers == [b"ok", b"ok"]
    assert [len(requests) for requests in server.requests] == [2]


def test_a_connection_that_is_lost_while_sending_is_not_opened_again(
    peer: Callable[[Behaviour], Peer], transport: PooledTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The body of a request alone, on a connection of its own, is a request that nobody made."""
    server = peer(says(OK))
    opened: list[object] = []
    look_up = socket.getaddrinfo
    send_headers = HTTPConnection.endheaders

    def count(*arguments: Any, **named: Any) -> Any:
        opened.append(arguments)
        return look_up(*arguments, **named)

    def lose_it(connection: HTTPConnection, *arguments: Any, **named: Any) -> None:
        send_headers(connection, *arguments, **named)
        connection.close()

    monkeypatch.setattr(socket, "getaddrinfo", count)
    monkeypatch.setattr(HTTPConnection, "endheaders", lose_it)

    with pytest.raises(UnknownOutcomeError, match="the connection broke"):
        transport.send(HttpRequest(method="POST", url=server.url, body=b"x"))
    assert len(opened) == 1


def test_a_call_leaves_no_handle_behind(peer: Callable[[Behaviour], Peer], transport: PooledTransport) -> None:
    """A process that lives for hours makes many calls."""
    server = peer(says(OK))
    transport.send(HttpRequest(method="GET", url=server.url))
    (kept,) = server.handles()
    for timeout in (5.0, 0.0):
        with contextlib.suppress(NotSentError):
            transport.send(HttpRequest(method="GET", url=server.url, timeout=timeout, fresh_connection=True))

    assert server.handles() == [kept]


# ---------------------------------------------------------------- certainly not sent


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def test_a_refused_connection_sent_nothing(transport: PooledTransport) -> None:
    """The message names method, host and kind, and nothing of the path or query."""
    url = f"http://127.0.0.1:{closed_port()}/secret-path?code=secret-code"

    with pytest.raises(NotSentError) as caught:
        transport.send(HttpRequest(method="POST", url=url, body=b"secret-body"))
    assert str(caught.value) == "POST 127.0.0.1: no connection (refused); nothing was sent"


def test_a_name_that_does_not_resolve_sent_nothing(transport: PooledTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver's word is final."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(NotSentError, match=r"^GET api\.fortnox\.example: the name does not resolve; nothing was sent$"):
        transport.send(HttpRequest(method="GET", url="https://api.fortnox.example/x"))


def test_a_host_that_does_not_take_the_connection_sent_nothing() -> None:
    """After the time for connecting, however long the whole may take."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(3):  # fill the queue of connections that nobody accepts
            filler = waiting.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        transport = PooledTransport(connect_seconds=0.1)

        with pytest.raises(NotSentError, match=r"no connection within 0\.1 s; nothing was sent"):
            transport.send(HttpRequest(method="GET", url=f"http://127.0.0.1:{address[1]}/"))


def test_the_time_for_connecting_is_shared_by_all_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is given what the ones before it have left, and none is tried without."""
    now = [100.0]
    given: list[float | None] = []

    class Slow(socket.socket):
        def settimeout(self, seconds: float | None) -> None:
            given.append(seconds)
            super().settimeout(seconds)

        def connect(self, _address: object) -> None:
            now[0] += 2
            raise ConnectionRefusedError

    address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: [address] * 3)
    monkeypatch.setattr(socket, "socket", Slow)

    with pytest.raises(NotSentError, match="no connection within 3 s"):
        PooledTransport(clock=lambda: now[0]).send(HttpRequest(method="GET", url="http://many.example/"))
    assert given == [3, 1]


def test_connecting_ends_with_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking up the name may have taken most of its time."""
    now = [100.0]
    given: list[float | None] = []

    class Refusing(socket.socket):
        def settimeout(self, seconds: float | None) -> None:
            given.append(seconds)

        def connect(self, _address: object) -> None:
            raise ConnectionRefusedError

    def look_up(*_: object, **__: object) -> list[object]:
        now[0] += 9
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "socket", Refusing)

    with pytest.raises(NotSentError, match="refused"):
        PooledTransport(clock=lambda: now[0]).send(HttpRequest(method="GET", url="http://slow.example/", timeout=10))
    assert given == [1]


def test_an_address_that_refuses_is_followed_by_the_next_one(
    peer: Callable[[Behaviour], Peer], transport: PooledTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name may have several."""
    server = peer(says(OK))
    family = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    addresses = [(*family, ("127.0.0.1", port)) for port in (closed_port(), server.port)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: addresses)

    assert transport.send(HttpRequest(method="GET", url="http://many.example/")).status == 200


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("ftp://127.0.0.1/", {}),
        ("/relative", {}),
        ("http://[broken/", {}),
        ("http://127.0.0.1:port/", {}),
        ("http://127.0.0.1/å", {}),
        ("http://127.0.0.1/a b", {}),
        ("http://127.0.0.1/", {"Authorization": "Bearer secret\r\nX-Other: 1"}),
        ("http://127.0.0.1/", {"X-Name": "Åsa"}),
        ("http://" + "a" * 70 + ".example/", {}),
    ],
)
def test_what_http_cannot_say_is_not_sent(transport: PooledTransport, url: str, headers: dict[str, str]) -> None:
    """And is not repeated in the message."""
    with pytest.raises(NotSentError, match=r"no such address or header|UnicodeEncodeError") as caught:
        transport.send(HttpRequest(method="GET", url=url, headers=headers))
    assert "secret" not in str(caught.value)


def test_without_time_nothing_is_sent(peer: Callable[[Behaviour], Peer], transport: PooledTransport) -> None:
    """Also not on a connection that is open already."""
    server = peer(says(OK))
    transport.send(HttpRequest(method="GET", url=server.url))

    with pytest.raises(NotSentError):
        transport.send(HttpRequest(method="POST", url=server.url, timeout=0.0))
    assert [len(requests) for requests in server.requests] == [1]


def test_the_last_moment_is_too_late(peer: Callable[[Behaviour], Peer]) -> None:
    """On a connection that is open already, and on one that would have to be made."""
    server = peer(says(OK))
    transport = PooledTransport(clock=lambda: 1000.0)
    transport.send(HttpRequest(method="GET", url=server.url))

    with pytest.raises(NotSentError, match="no time was left to send it"):
        transport.send(HttpRequest(method="POST", url=server.url, timeout=0.0))
    with pytest.raises(NotSentError, match="no connection within 0 s"):
        transport.send(HttpRequest(method="POST", url=server.url, timeout=0.0, fresh_connection=True))
    transport.close()


# ---------------------------------------------------------------- TLS


class Authority:
    """A certificate authority of its own."""

    def __init__(self, folder: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self._folder = folder
        self._root = folder / "root.pem"
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        root = self._builder(self._name, self._key).add_extension(constraints, critical=True)
        signed = root.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        self._root.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def client(self) -> ssl.SSLContext:
        """Trusts this authority."""
        return ssl.create_default_context(cafile=str(self._root))

    def server(self, address: str) -> ssl.SSLContext:
        """Has a certificate for an IP address."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        signed = self._builder(name, key).add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        path = self._folder / f"{address}.pem"
        path.write_bytes(
            signed.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(minutes=30))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A new one."""
    return Authority(tmp_path)


@pytest.fixture
def tls_peer(authority: Authority) -> Iterator[Callable[[Behaviour, str], Peer]]:
    """Starts TLS peers with a certificate for an address, ended after the test."""
    peers: list[Peer] = []

    def start(behaviour: Behaviour, address: str) -> Peer:
        peers.append(Peer(behaviour, tls=authority.server(address)))
        return peers[-1]

    yield start
    for each in peers:
        each.close()


def test_a_verified_host_is_spoken_to(authority: Authority, tls_peer: Callable[[Behaviour, str], Peer]) -> None:
    """Over one connection for two requests."""
    server = tls_peer(says(OK), "127.0.0.1")
    transport = PooledTransport(tls=authority.client())

    answers = [transport.send(HttpRequest(method="GET", url=server.url)).body for _ in range(2)]

    transport.close()
    assert answers == [b"ok", b"ok"]
    assert [len(requests) for requests in server.requests] == [2]


def test_an_unknown_authority_gets_nothing(
    transport: PooledTransport, tls_peer: Callable[[Behaviour, str], Peer]
) -> None:
    """No switch turns verification off."""
    server = tls_peer(says(OK), "127.0.0.1")

    with pytest.raises(NotSentError, match="its certificate is not valid"):
        transport.send(HttpRequest(method="POST", url=server.url, body=b"x"))
    assert server.requests in ([], [[]])


def test_a_certificate_of_somebody_else_gets_nothing(
    authority: Authority, tls_peer: Callable[[Behaviour, str], Peer]
) -> None:
    """The name must match."""
    server = tls_peer(says(OK), "127.0.0.2")

    with pytest.raises(NotSentError, match="its certificate is not valid"):
        PooledTransport(tls=authority.client()).send(HttpRequest(method="POST", url=server.url, body=b"x"))
    assert server.requests in ([], [[]])


def test_a_host_without_tls_gets_nothing(transport: PooledTransport) -> None:
    """It sees a greeting, not a request."""
    greetings: list[bytes] = []

    def answer_plainly(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            greetings.append(connection.recv(65_536))
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=answer_plainly, args=[listener])
        server.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"

        with pytest.raises(NotSentError, match="TLS handshake failed"):
            transport.send(HttpRequest(method="POST", url=url, body=b"secret"))
        server.join()
    assert b"secret" not in greetings[0]


def test_a_handshake_that_never_ends_is_given_up(peer: Callable[[Behaviour], Peer], transport: PooledTransport) -> None:
    """At the request's deadline, with nothing sent."""
    server = peer(stays_silent)
    url = server.url.replace("http:", "https:")

    with pytest.raises(NotSentError, match=r"TLS handshake failed \(out of time\); nothing was sent"):
        transport.send(HttpRequest(method="POST", url=url, body=b"x", timeout=0.2))


def test_a_handshake_that_drips_is_given_up(peer: Callable[[Behaviour], Peer], transport: PooledTransport) -> None:
    """Each byte comes in time, and the whole never does."""

    def drip_a_record(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.sendall(b"\x16\x03\x03\x40\x00")  # a handshake record of 16 kB
            for _ in range(500):
                connection.sendall(b"\x02")
                threading.Event().wait(0.02)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=lambda: drip_a_record(listener.accept()[0]))
        server.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"

        with pytest.raises(NotSentError, match=r"TLS handshake failed \(out of time\); nothing was sent"):
            transport.send(HttpRequest(method="POST", url=url, body=b"x", timeout=0.2))
        server.join()


def test_a_reset_under_tls_is_of_unknown_outcome(
    authority: Authority, tls_peer: Callable[[Behaviour, str], Peer]
) -> None:
    """The request was read before the connection broke."""
    server = tls_peer(resets, "127.0.0.1")

    with pytest.raises(UnknownOutcomeError):
        PooledTransport(tls=authority.client()).send(HttpRequest(method="POST", url=server.url, body=b"x"))


def test_a_drip_under_tls_is_cut(authority: Authority, tls_peer: Callable[[Behaviour, str], Peer]) -> None:
    """At the deadline."""
    server = tls_peer(drips(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), "127.0.0.1")

    with pytest.raises(UnknownOutcomeError, match=r"no complete answer within 0\.3 s"):
        PooledTransport(tls=authority.client()).send(HttpRequest(method="POST", url=server.url, timeout=0.3))


# ---------------------------------------------------------------- of unknown outcome

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PACKED = gzip.compress(b"0" * 50_000_000)


@pytest.mark.parametrize(
    "behaviour",
    [
        resets,
        says_and_closes(b""),
        says_and_closes(b"HTTP/1.1 20"),
        says_and_closes(HEAD + b"Content-Length: 100\r\n\r\n{"),
        says_and_closes(HEAD + b"Transfer-Encoding: chunked\r\n\r\n64\r\n{"),
        says_and_closes(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"),
        says_and_closes(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\nno gzip!!"),
        says_and_closes(b"secret-code is not HTTP\r\n\r\n"),
    ],
    ids=["reset", "closed", "half status", "half body", "half chunk", "no last chunk", "no gzip", "no http"],
)
def test_a_broken_answer_leaves_the_outcome_unknown(
    peer: Callable[[Behaviour], Peer], transport: PooledTransport, behaviour: Behaviour
) -> None:
    """One request, no second one, and no word of the peer in the message."""
    server = peer(behaviour)

    with pytest.raises(UnknownOutcomeError, match=r"^POST 127\.0\.0\.1: the connection broke") as caught:
        transport.send(HttpRequest(method="POST", url=f"{server.url}/?code=secret-code", body=b"x"))
    assert [len(requests) for requests in server.requests] == [1]
    assert "secret-code" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "behaviour",
    [
        stays_silent,
        drips(b"HTTP/1.1 200 OK\r\n", b"X-Drip: 1\r\n"),
        drips(HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
        drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drips(b"HTTP/1.0 200 OK\r\n\r\n", b"x"),
    ],
    ids=["silence", "headers", "body", "chunks", "body without length"],
)
def test_the_deadline_holds(
    peer: Callable[[Behaviour], Peer], transport: PooledTransport, behaviour: Behaviour
) -> None:
    """However the peer spends the time; what came until then is not taken for an answer."""
    server = peer(behaviour)

    with pytest.raises(UnknownOutcomeError, match=r"^POST 127\.0\.0\.1: no complete answer within 0\.3 s$"):
        transport.send(HttpRequest(method="POST", url=server.url, body=b"x", timeout=0.3))


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"Content-Length: 2000\r\n\r\n" + b"x" * 2000,
        HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + PACKED,
        HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(PACKED), PACKED),
    ],
    ids=["plain", "packed", "packed in a chunk"],
)
def test_an_answer_larger_than_allowed_is_refused(
    peer: Callable[[Behaviour], Peer], transport: PooledTransport, raw: bytes
) -> None:
    """Also one that is small on the wire."""
    server = peer(says_and_closes(raw))

    with pytest.raises(UnknownOutcomeError, match="the answer is larger than 1000 bytes"):
        transport.send(HttpRequest(method="GET", url=server.url, max_answer_bytes=1000))


def test_an_answer_as_large_as_allowed_is_taken(peer: Callable[[Behaviour], Peer], transport: PooledTransport) -> None:
    """The bound is the largest that is good."""
    server = peer(says(OK))

    assert transport.send(HttpRequest(method="GET", url=server.url, max_answer_bytes=2)).body == b"ok"


def test_nothing_of_a_call_outlives_it(peer: Callable[[Behaviour], Peer], transport: PooledTransport) -> None:
    """Neither its timer, nor what the next call would take for its own."""
    server = peer(says(OK))
    transport.send(HttpRequest(method="GET", url=server.url, timeout=600.0))
    alive = [one for one in threading.enumerate() if isinstance(one, threading.Timer)]
    for one in alive:
        one.join(timeout=10)  # a cancelled one ends by itself

    assert not any(one.is_alive() for one in alive)
    with pytest.raises(LookupError):
        _CALL.get()


def test_a_connection_that_failed_is_not_used_again(
    peer: Callable[[Behaviour], Peer], transport: PooledTransport
) -> None:
    """The rest of a late answer must not meet the next request."""

    def late_on_the_first(connection: socket.socket, request: bytes) -> None:
        if b"/first" in request:
            stays_silent(connection, request)
        else:
            connection.sendall(OK)

    server = peer(late_on_the_first)
    with pytest.raises(UnknownOutcomeError):
        transport.send(HttpRequest(method="GET", url=f"{server.url}/first", timeout=0.3))

    assert transport.send(HttpRequest(method="GET", url=f"{server.url}/second")).body == b"ok"
    assert [len(requests) for requests in server.requests] == [1, 1]
