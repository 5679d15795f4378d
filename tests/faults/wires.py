"""The wires of the deployed functions: whatever they say to AWS, Fortnox and Ongoing passes here, and can be struck.

A strike cuts the connection of one request, or kills the process that sent it, before the request is handed on or
after it took effect. The functions, their template and AWS know nothing of it: the addresses that they are given
are those of the wires. Needs Linux, which says in /proc whose connection it is.
"""

import http.client
import json
import os
import select
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from local.forwarding import forward
from local.http import Delivery, Reply, Request, Server, serve
from local.stack import Stack

_PROC = Path("/proc")
_ESTABLISHED = "01"
_CUT = Reply(status=0, delivery=Delivery.RESET)
_KILLED_WITHIN_SECONDS = 10


class Blow(StrEnum):
    """What a strike does. `KILLED` is the process that sent the request; `CUT` is its connection."""

    KILLED_BEFORE = "process killed, request not sent"
    KILLED_AFTER = "process killed, request took effect"
    CUT_BEFORE = "request lost once"
    CUT_AFTER = "answer lost once"
    MUTE_BEFORE = "requests lost until the process ended"
    MUTE_AFTER = "answers lost until the process ended"

    @property
    def kills(self) -> bool:
        return self in {Blow.KILLED_BEFORE, Blow.KILLED_AFTER}

    @property
    def lasts(self) -> bool:
        return self in {Blow.MUTE_BEFORE, Blow.MUTE_AFTER}

    @property
    def spares_the_request(self) -> bool:
        """Whether the request still takes effect."""
        return self in {Blow.KILLED_AFTER, Blow.CUT_AFTER, Blow.MUTE_AFTER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """The `nth` request (from 1) called `call` gets the blow, and if it lasts, those after it too."""

    call: str
    nth: int
    blow: Blow

    def __str__(self) -> str:
        return f"{self.call} ({self.nth}): {self.blow}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request. `status` is None if it never reached the other side."""

    call: str
    status: int | None

    @property
    def took_effect(self) -> bool:
        return self.status is not None and self.status < 300


@dataclass(slots=True)
class _Watch:
    function: str = ""
    strike: Strike | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    struck: int = 0
    _seen: int = 0

    def blow_for(self, call: str) -> Blow | None:
        if self.strike is None or call != self.strike.call:
            return None
        self._seen += 1
        hit = self._seen >= self.strike.nth if self.strike.blow.lasts else self._seen == self.strike.nth
        self.struck += hit
        return self.strike.blow if hit else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Process:
    """A process of a function."""

    pid: int
    function: str  # its deployed name

    def holds(self, socket: str) -> bool:
        """Whether it has this socket open."""
        try:
            return any(os.readlink(end) == socket for end in (_PROC / str(self.pid) / "fd").iterdir())
        except OSError:
            return False  # it ended while we looked

    def kill(self) -> None:
        """Ends it at once, and waits until it is gone."""
        handle = os.pidfd_open(self.pid)
        try:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            gone, _, _ = select.select([handle], [], [], _KILLED_WITHIN_SECONDS)
        finally:
            os.close(handle)
        assert gone, f"process {self.pid} outlived SIGKILL"


def _processes_of(session: int) -> Iterator[_Process]:
    """The processes of functions that a session's first process has started, and no other."""
    for folder in _PROC.iterdir():
        try:
            if not folder.name.isdigit() or int(folder.name) == session or os.getsid(int(folder.name)) != session:
                continue
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # it ended while we looked
        for variable in variables:
            name, _, value = variable.partition(b"=")
            if name == b"AWS_LAMBDA_FUNCTION_NAME":
                yield _Process(pid=int(folder.name), function=value.decode())


class Wires:
    """Three proxies on free ports. Until `lead_to` is called they say that nothing is there yet."""

    def __init__(self) -> None:
        # One request at a time: what a killed process had sent, and what it had not, can be told.
        self._turn = threading.Lock()
        self._watch = _Watch()
        self._hosts: dict[str, str] = {}
        self._tables: dict[str, str] = {}
        self._session = 0
        self._holders: dict[str, _Process | None] = {}  # by socket; connections are used again
        self.aws = serve(lambda request: self._pass("aws", request))
        self.fortnox = serve(lambda request: self._pass("fortnox", request))
        self.ongoing = serve(lambda request: self._pass("ongoing", request))
        self._servers: Mapping[str, Server] = {"aws": self.aws, "fortnox": self.fortnox, "ongoing": self.ongoing}

    def lead_to(self, stack: Stack) -> None:
        """Hands requests on to a stack, and kills none but its processes."""
        addresses = {"aws": stack.aws.url, "fortnox": stack.fortnox_url, "ongoing": stack.ongoing_url}
        self._hosts = {wire: urlsplit(address).netloc for wire, address in addresses.items()}
        self._tables = {name: output for output, name in stack.outputs.items() if output.endswith("Table")}
        self._session = stack.aws.session

    @contextmanager
    def watched(self, function: str, strike: Strike | None = None) -> Iterator[list[Exchange]]:
        """What a function (by its deployed name) says within the block, with a strike that must find its request."""
        with self._turn:
            watch = self._watch = _Watch(function, strike)
        try:
            yield watch.exchanges
        finally:
            with self._turn:
                self._watch = _Watch()
        assert strike is None or watch.struck, f"{strike} never came; there were {watch.exchanges}"

    def end_process_of(self, function: str) -> None:
        """The next invocation of a function (by its deployed name) is by a new process."""
        for process in _processes_of(self._session):
            if process.function == function:
                process.kill()

    def _pass(self, wire: str, request: Request) -> Reply:
        if not self._hosts:
            return Reply(status=503)
        if not self._watch.function:
            return self._forward(wire, request)
        with self._turn:
            socket = _socket_at(request.client_port, self._servers[wire].port)
            if socket is None:
                return _CUT  # whoever sent it was killed while it waited for its turn
            sender = self._holder_of(socket)
            if sender is None or sender.function != self._watch.function:
                return self._forward(wire, request)
            call = self._call(wire, request)
            blow = self._watch.blow_for(call)
            reply = None
            if blow is None or blow.spares_the_request:
                reply = self._forward(wire, request)
            self._watch.exchanges.append(Exchange(call=call, status=reply.status if reply else None))
            if blow is not None and blow.kills:
                sender.kill()
            return reply if reply is not None and blow is None else _CUT

    def _holder_of(self, socket: str) -> _Process | None:
        """The process of a function that has this socket open."""
        known = self._holders.get(socket)
        if known is None or not known.holds(socket):
            known = next((one for one in _processes_of(self._session) if one.holds(socket)), None)
            self._holders[socket] = known
        return known

    def _forward(self, wire: str, request: Request) -> Reply:
        try:
            return forward(request, self._hosts[wire])
        except (OSError, http.client.HTTPException):
            return _CUT

    def _call(self, wire: str, request: Request) -> str:
        match wire:
            case "aws":
                return _aws_call(request, self._tables)
            case "fortnox" if request.path == "/oauth-v1/token":
                return f"Fortnox {parse_qs(request.body.decode()).get('grant_type', ['?'])[0]}"
            case "fortnox":
                return f"Fortnox {request.method} {'/'.join(request.path.split('/')[:3])}"
            case _:
                return f"Ongoing {request.header('soapaction').strip('"').rpartition('/')[2]}"

    def stop(self) -> None:
        """Close all three."""
        for server in self._servers.values():
            server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _aws_call(request: Request, tables: Mapping[str, str]) -> str:
    """A name for what is asked of AWS, by the token engine's own words where it writes."""
    scope = request.header("authorization").partition("Credential=")[2].split("/")
    service = scope[3] if len(scope) > 3 else "?"
    operation = request.header("x-amz-target").rpartition(".")[2]
    if not operation:
        _, _, *key = request.path.split("/", 2)
        return f"{service} {request.method} {key[0].partition('/')[0] if key and key[0] else 'a listing'}"
    body: dict[str, Any] = json.loads(request.body or b"{}")
    table = tables.get(body.get("TableName", ""))
    if table is None:
        return f"{service} {operation}"
    return f"{table} {_write(body) if operation == 'UpdateItem' else operation}"


_WRITES = (  # told by what their expressions name
    ("#intent = :intent", "claim"),
    ("#saved_by = ", "save rotation"),
    ("#cc_blob = ", "save client credentials"),
    ("#refused :", "count refused"),
    ("#status = ", "mark"),
    ("list_append(#sent", "record sent"),
    ("#broken_since = ", "mark broken"),
    ("#kind = ", "put"),
)


def _write(body: Mapping[str, Any]) -> str:
    expression = body["UpdateExpression"]
    values = body.get("ExpressionAttributeValues", {})
    name = next((name for part, name in _WRITES if part in expression), "")
    if name == "mark":
        return f"mark {values[':status']['S']}"
    if not name:
        return "release" if "#lease_owner" in expression else "UpdateItem"
    return name


def _socket_at(port: int, to: int) -> str | None:
    """The socket that is connected from a port of this machine to another, as its process sees it; None if none is."""
    ends = [f"0100007F:{number:04X}" for number in (port, to)]
    for line in (_PROC / "net" / "tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *_, inode = line.split()[:10]
        if [local, remote] == ends and state == _ESTABLISHED:
            return f"socket:[{inode}]"
    return None
