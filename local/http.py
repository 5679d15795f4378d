"""HTTP for the simulators: plain values in and out, and a small threaded server that can fail on purpose.

A simulator is a function from `Request` to `Reply`. It never sleeps and never touches a socket: a reply
says how it wants to be delivered, and the server does it.
"""

from __future__ import annotations

import json
import signal
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request.

    `target` is path and query as they stood on the wire. `raw_path` is the path of it, percent-encoding untouched,
    so that `%2F` and `/` stay different; `path` is the same, decoded. Header names are lower case. `query` keeps
    order and repetition. `client_port` is the other end of the connection; 0 if there was none.
    """

    method: str
    target: str
    path: str
    raw_path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    client_port: int = 0

    @classmethod
    def to(
        cls,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        client_port: int = 0,
    ) -> Self:
        """A request to `target` (path and query as they stand on the wire, without scheme and host)."""
        raw_path, _, query = target.partition("?")
        return cls(
            method=method.upper(),
            target=target,
            path=unquote(raw_path),
            raw_path=raw_path,
            query=parse_qsl(query, keep_blank_values=True),
            headers={name.lower(): value for name, value in (headers or {}).items()},
            body=body,
            client_port=client_port,
        )

    def header(self, name: str, default: str = "") -> str:
        """The value of a header, whatever its case; `default` when it is absent."""
        return self.headers.get(name.lower(), default)

    def argument(self, name: str) -> str | None:
        """The first query value called `name`; None when it is absent."""
        return next((value for key, value in self.query if key == name), None)


class Delivery(StrEnum):
    """What happens to a reply on its way to the client."""

    WHOLE = "whole"
    RESET = "reset"
    """The connection is reset and the client gets no byte."""
    TRUNCATED = "truncated"
    """Headers promise the whole body, half of it is sent, and the connection ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP answer, and how it is to be delivered.

    `delay_seconds` pass before anything else happens. Then, if there is a `resume`, it is called and its
    reply is delivered instead: that is a request which was still travelling while its client waited.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    delivery: Delivery = Delivery.WHOLE
    delay_seconds: float = 0.0
    resume: Callable[[], Reply] | None = None

    @classmethod
    def json(cls, status: int, value: Any, *, headers: Iterable[tuple[str, str]] = ()) -> Self:
        """A JSON answer; `value` must be what `json.dumps` takes."""
        body = json.dumps(value, ensure_ascii=False).encode()
        return cls(status=status, headers=(("Content-Type", "application/json"), *headers), body=body)

    @classmethod
    def html(cls, status: int, page: str, *, headers: Iterable[tuple[str, str]] = ()) -> Self:
        """An HTML answer in UTF-8."""
        content_type = ("Content-Type", "text/html; charset=UTF-8")
        return cls(status=status, headers=(content_type, *headers), body=page.encode())

    def header(self, name: str, default: str = "") -> str:
        """The first header called `name`, whatever its case; `default` when it is absent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), default)


type Handler = Callable[[Request], Reply]


class Server:
    """A running server; `serve` makes it. Use it as a context manager, or call `stop`."""

    def __init__(self, handler: Handler, *, host: str, port: int) -> None:
        self._stopping = threading.Event()
        self._server = _Listener((host, port), handler, self._stopping)
        self.host = host
        self.port: int = self._server.server_address[1]
        self.url = f"http://{host}:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name=f"http-{self.port}",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and end all connections, also those that wait for a delayed reply."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.end_connections()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve(handler: Handler, port: int = 0, host: str = "127.0.0.1") -> Server:
    """Serve `handler` in threads of this process; port 0 picks a free one. Raises OSError if it is taken."""
    return Server(handler, host=host, port=port)


def serve_until_terminated(server: Server, *, name: str, port_file: Path | None = None) -> None:
    """Announce a server (address on stdout, port in `port_file`), wait for SIGTERM or SIGINT, and stop it.

    Only for the main thread. The port file appears whole or not at all, so a reader may wait for it.
    """
    done = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda _number, _frame: done.set())
    if port_file is not None:
        unfinished = port_file.with_name(port_file.name + ".unfinished")
        unfinished.write_text(f"{server.port}\n")
        unfinished.replace(port_file)
    print(f"{name} listens on {server.url}", flush=True)
    done.wait()
    server.stop()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: Handler, stopping: threading.Event) -> None:
        self.handler = handler
        self.stopping = stopping
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        super().__init__(address, _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._connections_lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        with self._connections_lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the client was faster

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that gives up (a timeout, a reset) is what these servers are made for.
        if not isinstance(sys.exception(), ConnectionError | TimeoutError | ValueError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in one segment, and at once: without both, every call waits for a delayed ACK.
    wbufsize = -1
    disable_nagle_algorithm = True

    server: _Listener

    def answer(self) -> None:
        request = self._read()
        try:
            reply = self.server.handler(request)
            while reply.delay_seconds or reply.resume:
                if self.server.stopping.wait(reply.delay_seconds):
                    self.close_connection = True
                    return
                if reply.resume is None:
                    break
                reply = reply.resume()
        except Exception:  # a defect of the simulator: say so loudly on both sides
            trace = traceback.format_exc()
            print(trace, file=sys.stderr, flush=True)
            reply = Reply(status=500, headers=(("Content-Type", "text/plain"),), body=trace.encode())
        self._deliver(reply)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def _read(self) -> Request:
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            key = name.lower()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
        if "chunked" in headers.get("transfer-encoding", "").lower():
            body = self._read_chunks()
        else:
            body = self.rfile.read(int(headers.get("content-length") or 0))
        return Request.to(self.command, self.path, headers=headers, body=body, client_port=self.client_address[1])

    def _read_chunks(self) -> bytes:
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline() not in (b"\r\n", b"\n", b""):
            pass
        return b"".join(chunks)

    def _deliver(self, reply: Reply) -> None:
        if reply.delivery is Delivery.RESET:
            # Linger of zero makes close() send a reset instead of an orderly end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(reply.body)))
        body = b"" if self.command == "HEAD" else reply.body
        if reply.delivery is Delivery.TRUNCATED:
            self.send_header("Connection", "close")  # also ends the loop of requests on this connection
            body = body[: len(body) // 2]
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet: targets can carry authorization codes, and each simulator has its own log of calls."""
