"""What the public material leaves open, as switches. The defaults are the worst plausible reading."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Layout(StrEnum):
    """Where the fields of an invoice stand."""

    FLAT = "flat"  # directly on the invoice; what the published names of types say
    NESTED = "nested"  # in InvoiceInfo, as in Ongoing's REST interface
    MIXED = "mixed"  # the money in InvoiceInfo, the rest on the invoice
    LEGACY = "legacy"  # the names of the older goods-owner interface: Invoice, InvoiceRows, InvoiceRow


class Nulls(StrEnum):
    """How a missing value is written."""

    DOTNET = "dotnet"  # texts are left out, everything else is nil
    NIL = "nil"
    EMPTY = "empty"


class Dates(StrEnum):
    """How a date, which is stored as a Swedish midnight, is written."""

    UTC = "utc"  # 1 November is 2026-10-31T23:00:00Z
    OFFSET = "offset"
    LOCAL = "local"
    SPOKEN = "spoken"  # 31.10.2026


class Numbers(StrEnum):
    """How an amount is written."""

    PLAIN = "plain"
    COMMA = "comma"  # 1020,0000
    THOUSANDS = "thousands"  # 1,020.0000
    CURRENCY = "currency"  # 1020.0000 kr


class Lists(StrEnum):
    """Where the items of a list stand."""

    WRAPPED = "wrapped"
    BARE = "bare"  # without an element around them
    DEEPER = "deeper"  # in a list of lists


class EmptyList(StrEnum):
    """How a list without items is written."""

    EMPTY = "empty"
    NIL = "nil"
    MISSING = "missing"


class Success(StrEnum):
    """How a success is said."""

    SAID = "said"
    WITH_MESSAGE = "with_message"
    MISSING = "missing"


class Encoding(StrEnum):
    """How the document is sent."""

    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    GZIP = "gzip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The names and forms of one system. The defaults are the likeliest ones."""

    layout: Layout = Layout.FLAT
    nulls: Nulls = Nulls.DOTNET
    dates: Dates = Dates.UTC
    numbers: Numbers = Numbers.PLAIN
    lists: Lists = Lists.WRAPPED
    empty_list: EmptyList = EmptyList.EMPTY
    success: Success = Success.SAID
    encoding: Encoding = Encoding.UTF_8
    as_attributes: bool = False  # simple values are attributes of their thing
    namespace_each: bool = False  # every element is in a namespace of its own
    renamed: Mapping[str, str] = field(default_factory=dict)  # name here → name on the wire
    added: tuple[str, ...] = ()  # elements on every invoice that nobody has heard of


class PriceMeaning(StrEnum):
    """What `Price` of a charge is."""

    PER_UNIT = "per_unit"
    PER_ROW = "per_row"


class LoginRefusal(StrEnum):
    """What wrong credentials get."""

    FAULT = "fault"
    SUCCESS_FALSE = "success_false"
    STATUS_401 = "status_401"


class PriceLists(StrEnum):
    """How GetPriceListByQuery answers."""

    NESTED = "nested"  # PriceList holds a list of articles
    FLAT = "flat"  # the list of articles lies in the result
    NOT_PERMITTED = "not_permitted"  # HTTP 200 with `Success` false
    UNKNOWN = "unknown"  # the call does not exist here


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Shape):
    """The switches of one simulator."""

    price_meaning: PriceMeaning = PriceMeaning.PER_UNIT
    login_refusal: LoginRefusal = LoginRefusal.FAULT
    login_message: str = "Invalid username or password."
    ignore_is_exported: bool = False
    ignore_only_live: bool = False
    ignore_dates: bool = False
    ignore_invoice_ids: bool = False
    ignore_max: bool = False
    ignore_with_rows: bool = False  # charges come whether or not they are asked for
    most_at_once: int | None = None  # however many are asked for
    is_exported_hides: bool = False  # asked for either mark, nothing is shown
    ignore_id_from: bool = False  # with a maximum, the first page comes again and again
    id_from_inclusive: bool = False  # "larger than" by the REST text, "or equal" by its sister fields
    dates_inclusive: bool = False  # "later than" by the REST text
    newest_first: bool = False
    price_lists: PriceLists = PriceLists.NESTED
    snapshot: bool = False  # reads show the invoices as they were when this was switched on
