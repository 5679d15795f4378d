"""How a model reads an element of an answer: names in any case, values in elements or attributes, nil as no value.

The models themselves are in `beliefs`; here is nothing that a mended name would touch.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, cast
from xml.etree.ElementTree import Element

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from invoicing.adapters.ongoing.documents import is_nil
from invoicing.adapters.ongoing.values import TWICE


class Certainty(StrEnum):
    """How sure we are that Ongoing calls a thing by a name."""

    DOCUMENTED = "documented"  # Ongoing's page of this very call has it
    INFERRED = "inferred"  # Ongoing's page or description of a neighbouring call has it
    GUESSED = "guessed"  # it fits Ongoing's way of naming, and nobody has seen it


def named(
    *,
    documented: Iterable[str] = (),
    inferred: Iterable[str] = (),
    guessed: Iterable[str] = (),
    items: Iterable[str] = (),
    default: Any = ...,
) -> Any:
    """A field by all names that it may have; the first one that has a value counts.

    `items` makes it a list: the names that its items may have where they stand without a list around them. Without a
    `default` the field cannot be done without.
    """
    names = {
        **dict.fromkeys(documented, Certainty.DOCUMENTED),
        **dict.fromkeys(inferred, Certainty.INFERRED),
        **dict.fromkeys(guessed, Certainty.GUESSED),
    }
    return Field(
        default,
        validation_alias=AliasChoices(*names),
        json_schema_extra={"names": cast("Any", names), "items": list(items)},
    )


class Thing(BaseModel):
    """An element of an answer. Names that it does not have are left to `unknown_names`."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)
    noun: ClassVar[str]  # what messages and reports call it
    hoisted: ClassVar[frozenset[str]] = frozenset()  # members in these elements count as members of the thing itself
    unread: ClassVar[frozenset[str]] = frozenset()  # names that are known, and that nothing here needs

    @model_validator(mode="before")
    @classmethod
    def _of_element(cls, value: object) -> object:
        return _values(cls, value) if isinstance(value, Element) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    field: str
    place: int  # among the names of the field; the first with a value counts
    name: str
    is_item: bool
    is_list: bool
    below: "type[Thing] | None"  # the model of what the field holds, also of each item of a list


@dataclass(frozen=True, slots=True, order=True)
class UnknownName:
    """A name in an answer that no model has. Names only; what it holds stays where it is."""

    thing: str
    name: str
    holds_elements: bool

    def __str__(self) -> str:
        return f"{self.thing}: {self.name}"


class NotThatThingError(Exception):
    """An element is not what was believed. The message names fields and shows no text.

    `absent` are the fields of which no name is there at all: the sign of another interface, not of a bad value.
    """

    def __init__(self, message: str, *, absent: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.absent = absent


_SHOWN = 3  # of what is wrong with one thing
_LONGEST_NAME = 60


def read[T: Thing](model: type[T], element: Element) -> T:
    """The thing that an element holds. Raises NotThatThingError."""
    try:
        return model.model_validate(element)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    said = [f"{_where(model, one['loc'])}{_what(one['type'], one['msg'])}" for one in found]
    more = f"; and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    absent = tuple(_where(model, one["loc"]).strip() for one in found if one["type"] == "missing")
    raise NotThatThingError("; ".join(said[:_SHOWN]) + more, absent=absent)


def unknown_names(model: type[Thing], element: Element) -> Iterator[UnknownName]:
    """Every name inside an element that its model, or the models below it, do not have; each as often as it occurs."""
    known = _known(model)
    for name, value in members(model, element):
        one = known.get(name) or known.get(name.lower())
        if one is None:
            if name.lower() not in _folded(model.unread):
                holds = isinstance(value, Element) and len(value) > 0
                yield UnknownName(model.noun, name[:_LONGEST_NAME], holds)
            continue
        if one.below is None or not isinstance(value, Element):
            continue
        for inside in value if one.is_list and not one.is_item else [value]:
            yield from unknown_names(one.below, inside)


def values_of(model: type[Thing], element: Element) -> Mapping[str, Any]:
    """The field's texts as they stand, by field: for what is wanted of a thing that cannot be read whole."""
    known = _known(model)
    return {known[name.lower()].field: value for name, value in _values(model, element).items()}


def certainties(model: type[Thing]) -> Mapping[str, Mapping[str, Certainty]]:
    """For each field the names that it may have, and how sure each is."""
    return {name: _extra(field)["names"] for name, field in model.model_fields.items()}


def field_of(model: type[Thing], name: str) -> str | None:
    """The field that a name stands for."""
    known = _known(model).get(name.lower())
    return None if known is None else known.field


def _values(model: type[Thing], element: Element) -> dict[str, Any]:
    known = _known(model)
    best: dict[str, tuple[bool, int, str]] = {}
    values: dict[str, Any] = {}
    loose: dict[str, list[Element]] = {}
    for name, written in members(model, element):
        one = known.get(name) or known.get(name.lower())
        if one is None:
            continue
        if one.is_item and isinstance(written, Element):
            loose.setdefault(one.name, []).append(written)
            continue
        value = _value(one, written)
        rank = (value is None, one.place, one.name)
        before = best.get(one.field)
        if before is not None:
            if rank > before:
                continue
            if rank == before and value is not None:
                value = TWICE
            del values[before[2]]
        best[one.field] = rank
        values[one.name] = value
    for name, items in loose.items():
        values.setdefault(name, items)
    return values


def _value(known: _Known, written: Element | str) -> Any:
    if isinstance(written, str):
        return written.strip() or None
    if known.is_list:
        if is_nil(written):
            return []
        points_elsewhere = any(not name.startswith("{") for name in written.attrib)
        if len(written) == 0 and ((written.text or "").strip() or points_elsewhere):
            return ""  # neither a text nor a reference is a list: it is refused
        return list(written)
    if is_nil(written):
        return None
    if len(written) or known.below is not None:
        return written if len(written) or written.attrib else None
    return (written.text or "").strip() or None


def is_item(model: type[Thing], name: str) -> bool:
    """Whether a name is that of an item that stands without a list around it."""
    known = _known(model).get(name.lower())
    return known is not None and known.is_item


def members(model: type[Thing], element: Element) -> Iterable[tuple[str, Element | str]]:
    """Names and contents, those of the thing itself before those of what is hoisted; attributes count as elements."""
    hoisted = _folded(model.hoisted)
    if not hoisted and not element.attrib:
        return [(child.tag, child) for child in element]
    inner = dict.fromkeys(child for child in element if child.tag.lower() in hoisted)
    found: list[tuple[str, Element | str]] = []
    for place in (element, *inner):
        found += [(name, text) for name, text in place.attrib.items() if not name.startswith("{")]
        found += [(child.tag, child) for child in place if child not in inner]
    return found


@cache
def _known(model: type[Thing]) -> Mapping[str, _Known]:
    """By name, as it is spelled and in lower case."""
    known: dict[str, _Known] = {}
    for field_name, field in model.model_fields.items():
        names, items = _extra(field)["names"], _extra(field)["items"]
        first, below, is_list = next(iter(names)), _model_in(field.annotation), bool(items)
        spelled = [(name, place, name, False) for place, name in enumerate(names)]
        for name, place, stands_for, is_item in [*spelled, *((name, 0, first, True) for name in items)]:
            known[name] = known[name.lower()] = _Known(
                field=field_name, place=place, name=stands_for, is_item=is_item, is_list=is_list, below=below
            )
    return known


@cache
def _folded(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _extra(field: FieldInfo) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", field.json_schema_extra)


def _model_in(annotation: Any) -> type[Thing] | None:
    if isinstance(annotation, type) and issubclass(annotation, Thing):
        return annotation
    found = (_model_in(inside) for inside in getattr(annotation, "__args__", ()))
    return next((one for one in found if one is not None), None)


def _where(model: type[Thing], location: tuple[int | str, ...]) -> str:
    """ "charge 2: Price " for the path to a field."""
    said = ""
    for place, part in enumerate(location):
        if isinstance(part, int):
            said += f"{_noun_at(model, location[:place])} {part + 1}: "
        elif place == len(location) - 1:
            said += f"{part} "
        elif not isinstance(location[place + 1], int):
            said += f"{part}: "
    return said


def _noun_at(model: type[Thing], location: tuple[int | str, ...]) -> str:
    for part in location:
        if isinstance(part, str) and (known := _known(model).get(part.lower())) is not None:
            model = known.below or model
    return model.noun


def _what(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing"
    return message.removeprefix("Value error, ") if kind == "value_error" else "is not understood"
