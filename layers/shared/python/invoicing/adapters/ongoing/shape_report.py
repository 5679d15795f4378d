"""The shape of an answer: names, kinds, counts and lengths. Never a value, so that it can be sent to anybody."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from invoicing.adapters.ongoing.documents import is_nil

_KINDS = (
    ("whole number", re.compile(r"[+-]?[0-9]{1,18}")),
    ("number", re.compile(r"[+-]?[0-9]*\.[0-9]+")),
    ("number with a comma", re.compile(r"[+-]?[0-9.  ]*,[0-9]+")),
    ("true or false", re.compile(r"true|false", re.IGNORECASE)),
    ("moment", re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9:]+)?)?")),
    ("local date", re.compile(r"[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}.*")),
)
_MOST_PATHS = 500
_LONGEST_NAME = 60


@dataclass(slots=True)
class _Seen:
    count: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    shortest: int | None = None
    longest: int = 0


def kind_of(element: Element) -> str:
    """What an element holds."""
    if is_nil(element):
        return "nil"
    if len(element):
        return "elements"
    return kind_of_text((element.text or "").strip())


def kind_of_text(text: str) -> str:
    """What a text looks like."""
    if not text:
        return "empty"
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(text)), "text")


def shape_of(root: Element) -> Mapping[str, Any]:
    """By path: how often, of which kinds, and how long its texts are."""
    seen: dict[str, _Seen] = {}
    for path, kind, length in _walk(root):
        if path not in seen and len(seen) == _MOST_PATHS:
            continue
        one = seen.setdefault(path, _Seen())
        one.count += 1
        one.kinds[kind] = one.kinds.get(kind, 0) + 1
        if length:
            one.shortest = length if one.shortest is None else min(one.shortest, length)
            one.longest = max(one.longest, length)
    return {
        path: {"count": one.count, "kinds": one.kinds}
        | ({} if one.shortest is None else {"lengths": [one.shortest, one.longest]})
        for path, one in seen.items()
    }


def _walk(root: Element) -> Iterator[tuple[str, str, int]]:
    waiting = [(root.tag[:_LONGEST_NAME], root, 0)]
    while waiting:
        path, element, depth = waiting.pop()
        kind = kind_of(element)
        yield path, kind, 0 if kind == "elements" else len((element.text or "").strip())
        for name, text in element.attrib.items():
            if not name.startswith("{"):
                yield f"{path}/@{name[:_LONGEST_NAME]}", kind_of_text(text.strip()), len(text.strip())
        if depth < 12:
            waiting += [(f"{path}/{child.tag[:_LONGEST_NAME]}", child, depth + 1) for child in reversed(element)]
