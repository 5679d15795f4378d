"""Planned trouble: rules that change what happens to a call, before or after its effect."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class Effect(StrEnum):
    """What a fault does to a call."""

    STATUS = "status"
    """Another status and body; with `commit` the call has its effect first."""
    HTML = "html"
    """A gateway's HTML page; with `commit` the call has its effect first."""
    BEFORE = "before"
    """The connection is reset and the call has no effect: the request is lost."""
    AFTER = "after"
    """The call has its effect and the connection is reset: the reply is lost."""
    DELAY = "delay"
    """The call has its effect after `seconds`; with `commit` at once, and only the reply is late."""
    TRUNCATE = "truncate"
    """The call has its effect, and half of the reply arrives."""
    CONTENT_TYPE = "content_type"
    """The reply's content type is another one."""
    BODY = "body"
    """The call has its effect, and the reply's body is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which calls a rule is about; what is None matches all. `nth` 3 lets two matching calls pass first."""

    method: str | None = None
    path_regex: str | None = None
    tenant: str | None = None
    grant_type: str | None = None
    nth: int = 1

    def fits(self, subject: Subject) -> bool:
        return (
            self.method in (None, subject.method)
            and self.tenant in (None, subject.tenant)
            and self.grant_type in (None, subject.grant_type)
            and (self.path_regex is None or re.search(self.path_regex, subject.path) is not None)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is known about a call before it is handled."""

    method: str
    path: str
    tenant: str | None
    grant_type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule: `effect` on the next `times` matching calls (None: on all)."""

    effect: Effect
    match: Match = field(default_factory=Match)
    times: int | None = 1
    status: int | None = None
    body: Any = None
    seconds: float = 0.0
    content_type: str | None = None
    commit: bool = False

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """A rule from its JSON form. Raises ValueError, TypeError or re.error when it is wrong."""
        match = Match(**value.get("match", {}))
        if match.path_regex is not None:
            re.compile(match.path_regex)
        rest = {name: part for name, part in value.items() if name not in ("match", "effect")}
        return cls(effect=Effect(value["effect"]), match=match, **rest)


@dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0
    fired: int = 0


class Faults:
    """The rules in force. At most one takes effect on a call: the first that is due."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def add(self, faults: Iterable[Fault]) -> None:
        """Put rules behind those in force."""
        self._armed.extend(_Armed(fault) for fault in faults)

    def clear(self) -> None:
        """Remove all rules."""
        self._armed.clear()

    def take(self, subject: Subject) -> Fault | None:
        """The rule that takes effect on this call, counted as used; None when all is well."""
        taken: _Armed | None = None
        for armed in self._armed:
            if not armed.fault.match.fits(subject):
                continue
            armed.seen += 1
            used_up = armed.fault.times is not None and armed.fired >= armed.fault.times
            if taken is None and not used_up and armed.seen >= armed.fault.match.nth:
                taken = armed
        if taken is None:
            return None
        taken.fired += 1
        return taken.fault
