"""What every model of something from outside shares: bounded JSON, one way to read, one way to refuse.

The models stand in the adapters, where their values stop too. A refusal names the field and never shows a value.
"""

import json
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from invoicing.domain.errors import UpstreamContractError

# The largest real answer is an invoice of some thousand rows with some thirty fields each.
_MOST_THINGS = 200_000  # objects and lists
_MOST_VALUES = 2_000_000
_SHOWN = 3  # of what is wrong with one thing
_LONGEST_NUMBER = 30  # digits; the largest amount of Fortnox has a dozen
_LONGEST_TEXT = 2_000


class NotJsonError(ValueError):
    """A text that is no JSON, or more than any answer needs. The message shows nothing of it."""


def parse_json(text: bytes | str, *, once: bool = True) -> Any:
    """JSON with exact decimals, whatever a content type says. Raises NotJsonError.

    With `once` a name that an object has twice is refused: which of the two is meant is anybody's guess.
    """
    raw = text.encode(errors="replace") if isinstance(text, str) else text
    if raw.count(b"{") + raw.count(b"[") > _MOST_THINGS or raw.count(b",") > _MOST_VALUES:
        raise NotJsonError("it holds more than any answer needs")
    try:
        return json.loads(
            text,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object_of_different_names if once else None,
        )
    except RecursionError:
        raise NotJsonError("it is nested too deep") from None
    except NotJsonError:
        raise
    except (ValueError, ArithmeticError):  # also numbers of thousands of digits, or beyond all exponents
        raise NotJsonError("it is not JSON") from None


def _object_of_different_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotJsonError("an object has a name twice")
    return found


def _refuse_constant(_: str) -> NoReturn:
    raise NotJsonError("it has a number that is none")


class Thing(BaseModel):
    """Something read from outside. Its fields are called as over there: DocumentNumber is document_number here."""

    model_config = ConfigDict(alias_generator=to_pascal, frozen=True, loc_by_alias=True)


class Message(Thing):
    """A thing whose names are ours, or spelt one by one."""

    model_config = ConfigDict(alias_generator=None)


def read[T: BaseModel](model: type[T], value: object, *, what: str) -> T:
    """The thing that a parsed value is. Raises UpstreamContractError; `what` begins its message."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise UpstreamContractError(f"{what}: {faults_of(error)}") from None


def faults_of(error: ValidationError) -> str:
    """Which fields are wrong, and how; nothing of what they hold."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    said = [f"{_place(one['loc'])} {_fault(one['type'], one['msg'])}" for one in found[:_SHOWN]]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"{', '.join(said)}{more}"


_FAULTS = {
    "missing": "is missing",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "string_type": "is no text",
    "string_unicode": "is no text",
    "list_type": "is no list",
    "model_type": "is no object",
    "timezone_aware": "has no time zone",
    "less_than_equal": "is larger than any real one",
}


def _place(location: Iterable[int | str]) -> str:
    """Where in an answer. Names are those of the models, so nothing of the answer is told."""
    return ".".join(map(str, location)) or "it"


def _fault(kind: str, message: str) -> str:
    own = message.removeprefix("Value error, ")  # of a validator here or beside a model
    return own if kind == "value_error" else _FAULTS.get(kind, "is not what it should be")


def _whole(text: str) -> str:
    """JSON can hold halves of characters, which nothing that is sent or stored can."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("has half of a character") from None
    return text


def _is_short(number: Decimal) -> bool:
    return abs(number.adjusted()) < _LONGEST_NUMBER and len(number.as_tuple().digits) < _LONGEST_NUMBER


def _text(value: object) -> object:
    """The same field comes as text or as number; a truth value is neither."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
        if not _is_short(number) or number != number.to_integral_value():
            raise ValueError("is a number that is no key")
        return str(int(number))
    return value


def _amount(value: object) -> object:
    """Text or number, of no more digits than an amount can have, so that counting with it stays bounded."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError("is no amount")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError("is no amount") from None
    if not number.is_finite() or not _is_short(number):
        raise ValueError("is no amount")
    return number


def _day(value: object) -> object:
    """Empty dates are null or an empty text, and the year 1 in exports of old data."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("is no date")
    return None if value.startswith("0001-") else value


def _unless_empty(default: bool) -> Callable[[object], object]:
    return lambda value: default if value is None or value == "" else value


type Text = Annotated[str, Field(max_length=_LONGEST_TEXT), BeforeValidator(_text)]
type Key = Annotated[str, Field(min_length=1, max_length=_LONGEST_TEXT), BeforeValidator(_text)]
type Secret = Annotated[str, Field(min_length=1), AfterValidator(_whole)]
type Amount = Annotated[Decimal | None, BeforeValidator(_amount)]
type Day = Annotated[date | None, BeforeValidator(_day)]
# Truth values come as such or as text: taking the text "false" for true misread 3,200 credit notes somewhere else.
type Flag = Annotated[bool, BeforeValidator(_unless_empty(False))]
type FlagUnlessSaid = Annotated[bool, BeforeValidator(_unless_empty(True))]
