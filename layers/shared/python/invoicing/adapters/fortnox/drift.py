"""What Fortnox's answers have that nobody has seen before: told once for each name, and never with a value."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from invoicing.adapters.fortnox.beliefs import KNOWN, MEMBERS, RELIED_ON
from invoicing.application.ports import Report

_NAME = re.compile(r"@?[A-Za-z][A-Za-z0-9_]{0,59}")
_WORD = re.compile(r"[A-Za-z_]{1,40}")
_MOST = 50  # of one company: a changed interface is told, not listed


@dataclass(frozen=True, slots=True, order=True)
class Strange:
    """A name that is new, or one that is missing; `what` says which of the three."""

    what: str  # "field", "word" or "missing"
    thing: str
    name: str


def strange_in(thing: str, answer: Mapping[str, Any], *, whole: bool = True) -> frozenset[Strange]:
    """What is strange in one thing and in its rows. Items of lists are not `whole`: they leave most fields out.

    A new word is told only if it looks like one of Fortnox's; a value of a person or a company never is.
    """
    found = set()
    for name in answer.keys() - KNOWN.get(thing, answer.keys()):
        found.add(Strange("field", thing, name if _NAME.fullmatch(name) else "(no name)"))
    if whole:
        found |= {Strange("missing", thing, name) for name in RELIED_ON.get(thing, {}).keys() - answer.keys()}
    for (owner, name), words in MEMBERS.items():
        value = answer.get(name)
        if owner == thing and isinstance(value, str) and value and value not in words:
            found.add(Strange("word", thing, f"{name}={value if _WORD.fullmatch(value) else '(no word)'}"))
    rows = answer.get("InvoiceRows")
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, Mapping):
            found |= strange_in("InvoiceRow", row, whole=whole)
    return frozenset(found)


@dataclass(slots=True)
class Drift:
    """Tells what is strange about one company's answers, each thing once in the life of this process."""

    report: Report
    integration_id: str
    _told: set[Strange] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, thing: str, answer: Mapping[str, Any], *, whole: bool = True) -> None:
        """Looks at one thing that Fortnox sent."""
        with self._lock:
            new = sorted(strange_in(thing, answer, whole=whole) - self._told)[: _MOST - len(self._told)]
            self._told.update(new)
        for one in new:
            fields = {"integration": self.integration_id, "kind": one.what, "thing": one.thing, "element": one.name}
            self.report("fortnox_drift", fields)
