"""Faults at the boundaries of the token engine: every call that leaves the process can be made to go wrong.

A story counts the calls that its processes make. A plan says what happens at which of them, so that all
faults, and all pairs of faults, can be gone through one by one, and each run can be repeated exactly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast


class Fault(StrEnum):
    """What happens at one call. The comment says what it stands for."""

    CRASH = "crash"  # the call takes effect, and the process is gone before it can know
    ERROR_BEFORE = "error before effect"  # the request was lost
    ERROR_AFTER = "error after effect"  # the answer was lost
    REPEATED = "answer lost, call repeated"  # what the adapters of the stores do by themselves
    LATE = "late effect"  # the caller gives up, and the request arrives after all
    SLOW = "slow"  # nearly as long as the caller waits
    PAUSE = "process paused"  # minutes pass within the life of the process, and others wake up
    LONG_PAUSE = "process paused to its end"  # the same, until ten seconds before the process is stopped
    ANOTHER_WORKER = "another worker at this moment"  # a message that was delivered twice
    JANITOR = "the janitor at this moment"
    CONSENT = "a new consent at this moment"
    NOT_SENT = "not sent"  # no connection
    TOO_MANY = "429"
    LAST_MOMENT = "sent in the last second, process stopped, request travels"
    GARBAGE = "200 with another body"  # Fortnox did it; a proxy's page came back
    WRONG_SECRET = "invalid_client"  # our own secret was rotated badly
    REFUSED = "refused by mistake"  # Fortnox answers invalid_grant to a key that lives


class Interrupted(BaseException):
    """The process is gone: nothing in it runs any more, no handler and no cleaning up."""


class Crashed(Interrupted):
    """By a fault."""


class OutOfTime(Interrupted):
    """Because its time was over."""


_READS = frozenset({"store.get", "integrations.get", "notices.get", "journal.find", "sealer.open", "sealer.prepare"})
_CALLS_NOBODY = frozenset({"read_tokens"})  # nothing leaves the process, so nothing can happen on the way
_ASKS_FORTNOX = frozenset({"oauth.refresh", "oauth.client_credentials", "oauth.exchange_code"})
# Another process changes nothing that these depend on, so that entering before them is entering before the next.
_PRIVATE = frozenset({"sealer.open", "sealer.prepare", "journal.record_intent"})
_ENTERING = (Fault.ANOTHER_WORKER, Fault.JANITOR, Fault.CONSENT)

# A crash before a call is a crash after the effect of the one before, so that CRASH is enough.
_AT_READS = (Fault.ERROR_BEFORE,)
_AT_WRITES = (Fault.CRASH, Fault.ERROR_BEFORE, Fault.ERROR_AFTER, Fault.REPEATED, Fault.LATE, Fault.SLOW)
_AT_FORTNOX = (
    Fault.CRASH,
    Fault.ERROR_BEFORE,
    Fault.ERROR_AFTER,
    Fault.LATE,
    Fault.SLOW,
    Fault.NOT_SENT,
    Fault.TOO_MANY,
    Fault.LAST_MOMENT,
    Fault.GARBAGE,
    Fault.WRONG_SECRET,
    Fault.REFUSED,
)
_PAUSES = (Fault.PAUSE, Fault.LONG_PAUSE)


def faults_at(call: str) -> tuple[Fault, ...]:
    """What can go wrong at a call, leaving out what another fault covers already."""
    if call == "sealer.prepare":
        return (Fault.ERROR_BEFORE, Fault.SLOW)
    if call in _READS:
        own: tuple[Fault, ...] = _AT_READS
    elif call in _ASKS_FORTNOX:
        own = _AT_FORTNOX
    else:
        own = _AT_WRITES
    return own if call in _PRIVATE else own + _ENTERING + _PAUSES


type Plan = Mapping[int, Fault]


@dataclass(slots=True, kw_only=True)
class Process:
    """One invocation of a function. It is stopped at `ends_at`, whatever it is doing."""

    name: str
    ends_at: datetime


@dataclass(slots=True)
class StoryClock:
    """The clock of a story. What was on its way arrives when its time has come."""

    now: datetime
    _travelling: list[tuple[datetime, Callable[[], object]]] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.now

    def later(self, time: timedelta, arrive: Callable[[], object]) -> None:
        """Something will arrive."""
        self._travelling.append((self.now + time, arrive))

    @property
    def something_travels(self) -> bool:
        """Whether anything is still to arrive."""
        return bool(self._travelling)

    def advance(self, time: timedelta) -> None:
        """Lets time pass."""
        self.move_to(self.now + time)

    def move_to(self, end: datetime) -> None:
        """Lets time pass until `end`; nothing happens if that was before."""
        while True:
            arriving = min(self._travelling, key=lambda due: due[0], default=None)
            if arriving is None or arriving[0] > end:
                break
            self._travelling.remove(arriving)
            self.now = max(self.now, arriving[0])
            arriving[1]()
        self.now = max(self.now, end)

    def turn_back(self, to: datetime) -> None:
        """For two things that happen side by side and are played one after the other."""
        self.now = to


class _Watched:
    def __init__(self, name: str, port: object, call: Callable[[str, Callable[..., Any], Any, Any], Any]) -> None:
        self._name = name
        self._port = port
        self._call = call

    def __getattr__(self, method: str) -> Any:
        act = getattr(self._port, method)
        if method in _CALLS_NOBODY:
            return act
        return lambda *args, **kwargs: self._call(f"{self._name}.{method}", act, args, kwargs)


def watched[Port](name: str, port: Port, call: Callable[[str, Callable[..., Any], Any, Any], Any]) -> Port:
    """The same port, each of whose calls is handed to `call` with its name, function and arguments."""
    return cast("Port", _Watched(name, port, call))
