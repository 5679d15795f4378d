"""One authorised API call on one company, and the answer a resource gives to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from local.fortnox import refusals
from local.fortnox.company import Company, Register
from local.fortnox.fields import Fields, Kind, read_fields
from local.fortnox.options import Options
from local.fortnox.refusals import Refusal

SWEDEN: Final = ZoneInfo("Europe/Stockholm")

API_URL: Final = "https://api.fortnox.se/3"
"""What `@url` starts with, wherever the simulator itself listens (recorded)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a resource needs to know: whose books, when, and what was asked.

    `path` are the decoded segments behind the resource's name. `today` is the date in Sweden.
    """

    company: Company
    options: Options
    now: datetime
    today: date
    username: str
    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    body: Any

    def sent(self, envelope: str, kinds: Mapping[str, Kind]) -> Fields:
        """The checked fields inside the body's envelope, such as `Invoice`. Raises Refusal."""
        if not isinstance(self.body, dict) or set(self.body) != {envelope}:
            raise Refusal(refusals.BODY_MISSING, "Anropet saknar innehåll eller har fel innehåll.")
        return read_fields(self.body[envelope], kinds, options=self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The status and JSON value of an accepted call; a created entity names its collection in Location."""

    status: int = 200
    value: Any = None
    location: str | None = None
    pdf: bytes | None = None


type Matcher = Callable[[Fields, str], bool]
"""Whether an entity is found by a query value."""


def containing(*names: str) -> Matcher:
    """Fortnox's search: the value is somewhere in one of the fields, whatever the case."""

    def matches(fields: Fields, value: str) -> bool:
        return any(value.lower() in str(fields.get(name) or "").lower() for name in names)

    return matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """How a register is listed: envelope, searches, named filters, sorting (Fortnox's page on parameters)."""

    envelope: str
    searches: Mapping[str, Matcher]
    filters: Mapping[str, Callable[[Fields, Call], bool]]
    sorting: Mapping[str, Callable[[Fields], Any]]
    item: Callable[[Fields], Fields]

    def answer(self, call: Call, register: Register) -> Answer:
        """One page. All parameters hold at once, as recorded for two searches. Raises Refusal."""
        page, limit, offset = (
            _whole(call, "page", default=1),
            _whole(call, "limit", default=100, most=500),
            _whole(call, "offset", default=0, least=0),
        )
        found = list(self._found(call, register))
        sort_by = call.query.get("sortby")
        if sort_by is not None:
            if sort_by not in self.sorting:
                raise Refusal(refusals.INVALID_PARAMETER, "Ogiltig parameter i anropet. (sortby)")
            found.sort(key=self.sorting[sort_by])
        order = call.query.get("sortorder", "ascending")
        if order not in ("ascending", "descending"):
            raise Refusal(refusals.INVALID_PARAMETER, "Ogiltig parameter i anropet. (sortorder)")
        if order == "descending":
            found.reverse()
        start = offset or (page - 1) * limit
        meta = {
            "@TotalResources": len(found),
            "@TotalPages": -(-len(found) // limit),
            "@CurrentPage": page,
        }
        items = [self.item(fields) for fields in found[start : start + limit]]
        return Answer(value={"MetaInformation": meta, self.envelope: items})

    def _found(self, call: Call, register: Register) -> Iterable[Fields]:
        for name in call.query:
            if name not in self.searches and name not in _GLOBAL_PARAMETERS:
                raise Refusal(refusals.INVALID_PARAMETER, f"Ogiltig parameter i anropet. ({name})")
        named = call.query.get("filter")
        if named is not None and named not in self.filters:
            raise Refusal(refusals.INVALID_FILTER, "Ett ogiltigt filter har använts.")
        since = _moment(call)
        for entry in register.values():
            fields = entry.fields
            if named is not None and not self.filters[named](fields, call):
                continue
            if since is not None and entry.modified_at < since:
                continue
            if all(self.searches[name](fields, text) for name, text in call.query.items() if name in self.searches):
                yield fields


_GLOBAL_PARAMETERS: Final = frozenset(
    {"page", "limit", "offset", "sortby", "sortorder", "filter", "lastmodified", "financialyear"}
    | {"financialyeardate", "date"}
)


def _whole(call: Call, name: str, *, default: int, least: int = 1, most: int = 10**9) -> int:
    text = call.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise Refusal(refusals.INVALID_PARAMETER, f"Ogiltig parameter i anropet. ({name})")
    return int(text)


def _moment(call: Call) -> datetime | None:
    text = call.query.get("lastmodified")
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC if call.options.last_modified_in == "utc" else SWEDEN)
    except ValueError:
        raise Refusal(refusals.INVALID_PARAMETER, "Ogiltig parameter i anropet. (lastmodified)") from None


def only(call: Call, *methods: str) -> None:
    """Refuse other methods than `methods`."""
    if call.method not in methods:
        raise Refusal(refusals.METHOD_NOT_ALLOWED, "Metoden är inte tillåten.", status=405)
