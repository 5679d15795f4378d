"""What CloudWatch would make of lines of a log: the filters of its queries, and of metrics.

As much of both languages as ours use; anything else is refused, so that no filter is believed that was not understood.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

type Line = Mapping[str, Any]
type _Test = Callable[[Line], bool]

_WORD = re.compile(
    r"\s*(/(?:\\.|[^/])*/|\"[^\"]*\"|\[|\]|\(|\)|,|>=|<=|!=|=|>|<|&&|\|\||\{|\}|[@$.\w*-]+)",
)


def lines_of(log: str) -> list[Line]:
    """Each event with its text as @message; the fields of those that are JSON beside it.

    An event ends with a line feed: a traceback of Lambda's runtime, which has carriage returns, is one.
    """
    found: list[Line] = []
    for text in filter(None, log.split("\n")):
        try:
            fields = json.loads(text)
        except ValueError:
            fields = {}
        found.append({**(fields if isinstance(fields, dict) else {}), "@message": text, "@timestamp": "", "@log": ""})
    return found


def asked(query: str, lines: Sequence[Line]) -> list[Line]:
    """The lines that a query of Logs Insights looks at: those that pass all its filters."""
    left = list(lines)
    for part in _parts(query):
        words = part.split(maxsplit=1)
        if words[0] == "filter":
            test = _Filter(words[1]).whole()
            left = [line for line in left if test(line)]
        elif words[0] not in {"fields", "stats", "sort", "limit", "display"}:
            raise ValueError(f"{words[0]} is no command of a query that is known here")
    return left


def fields_of(query: str) -> set[str]:
    """Every field of a line that it shows or counts by."""
    named: set[str] = set()
    for part in _parts(query):
        word, _, rest = part.partition(" ")
        if word in {"fields", "display"}:
            named |= {one.strip() for one in re.sub(r"\w+\(.*?\) as \w+", "", rest).split(",")}
        elif word == "stats" and " by " in rest:
            by = rest.rpartition(" by ")[2]
            named |= {one.strip() for one in by.split(",") if "(" not in one}
    return {one for one in named if one}


def counted(pattern: str, value: str, lines: Sequence[Line]) -> list[float]:
    """The values that a metric filter of CloudWatch makes of lines."""
    test = _Pattern(pattern).whole()
    found = [line for line in lines if test(line)]
    if value.startswith("$."):
        return [float(line[value.removeprefix("$.")]) for line in found]
    return [float(value)] * len(found)


def _parts(query: str) -> Iterator[str]:
    """Between its pipes; those within a pattern are none."""
    for part in re.findall(r"(?:/(?:\\.|[^/])*/|\"[^\"]*\"|[^|/\"])+", query):
        if part.strip():
            yield part.strip()


class _Words:
    def __init__(self, text: str) -> None:
        self._words = _WORD.findall(text)
        if "".join(self._words) != re.sub(r"\s+(?=(?:[^\"/]|\"[^\"]*\"|/(?:\\.|[^/])*/)*$)", "", text):
            raise ValueError(f"not understood: {text}")
        self._at = 0

    def next(self) -> str:
        word = self.peek()
        if not word:
            raise ValueError("it ends too early")
        self._at += 1
        return word

    def peek(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def take(self, *wanted: str) -> bool:
        if self.peek() in wanted:
            self._at += 1
            return True
        return False


class _Filter(_Words):
    """`a = "x" and (b in ["y"] or c like /z/)`"""

    def whole(self) -> _Test:
        test = self._any()
        if self.peek():
            raise ValueError(f"not understood from {self.peek()}")
        return test

    def _any(self) -> _Test:
        tests = [self._all()]
        while self.take("or"):
            tests.append(self._all())
        return lambda line: any(test(line) for test in tests)

    def _all(self) -> _Test:
        tests = [self._one()]
        while self.take("and"):
            tests.append(self._one())
        return lambda line: all(test(line) for test in tests)

    def _one(self) -> _Test:
        if self.take("("):
            test = self._any()
            self._expect(")")
            return test
        field = self.next()
        if field == "ispresent":
            self._expect("(")
            field = self.next()
            self._expect(")")
            return lambda line: field in line
        if self.take("not"):
            self._expect("in")
            listed = self._list()
            return lambda line: str(line.get(field, "")) not in listed
        match self.next():
            case "=":
                value = _text(self.next())
                return lambda line: field in line and str(line[field]) == value
            case ">=":
                least = float(self.next())
                return lambda line: field in line and float(line[field]) >= least
            case "in":
                listed = self._list()
                return lambda line: field in line and str(line[field]) in listed
            case "like":
                pattern = re.compile(self.next()[1:-1])
                return lambda line: pattern.search(str(line.get(field, ""))) is not None
            case other:
                raise ValueError(f"{other} is no comparison that is known here")

    def _list(self) -> set[str]:
        self._expect("[")
        found = {_text(self.next())}
        while self.take(","):
            found.add(_text(self.next()))
        self._expect("]")
        return found

    def _expect(self, word: str) -> None:
        if not self.take(word):
            raise ValueError(f"{word} is missing before {self.peek()}")


class _Pattern(_Words):
    """`{ ($.a = "x*") && ($.b = "y" || $.b = "z") }`"""

    def whole(self) -> _Test:
        if not self.take("{"):
            raise ValueError("only patterns of JSON are known here")
        test = self._any()
        if not self.take("}") or self.peek():
            raise ValueError("it does not end")
        return test

    def _any(self) -> _Test:
        tests = [self._all()]
        while self.take("||"):
            tests.append(self._all())
        return lambda line: any(test(line) for test in tests)

    def _all(self) -> _Test:
        tests = [self._one()]
        while self.take("&&"):
            tests.append(self._one())
        return lambda line: all(test(line) for test in tests)

    def _one(self) -> _Test:
        if self.take("("):
            test = self._any()
            if not self.take(")"):
                raise ValueError(") is missing")
            return test
        field = self.next().removeprefix("$.")
        if not self.take("="):
            raise ValueError("only = is known here")
        wanted = _text(self.next())
        return lambda line: field in line and fnmatchcase(str(line[field]), wanted)


def _text(word: str) -> str:
    return word.strip('"')
