"""What the public material leaves open, as switches. The defaults are the worst plausible reading."""

from dataclasses import dataclass
from enum import StrEnum


class Layout(StrEnum):
    """Where the fields of an invoice stand."""

    NESTED = "nested"  # InvoiceInfo and InvoiceCharges, as in Ongoing's REST interface
    FLAT = "flat"  # the fields of InvoiceInfo directly on the invoice
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


class PriceMeaning(StrEnum):
    """What `Price` of a charge is."""

    PER_UNIT = "per_unit"
    PER_ROW = "per_row"


class LoginRefusal(StrEnum):
    """What wrong credentials get."""

    FAULT = "fault"
    SUCCESS_FALSE = "success_false"
    STATUS_401 = "status_401"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The switches of one simulator."""

    layout: Layout = Layout.NESTED
    nulls: Nulls = Nulls.DOTNET
    dates: Dates = Dates.UTC
    price_meaning: PriceMeaning = PriceMeaning.PER_UNIT
    login_refusal: LoginRefusal = LoginRefusal.FAULT
    login_message: str = "Invalid username or password."
    ignore_is_exported: bool = False
    ignore_only_live: bool = False
    ignore_dates: bool = False
    ignore_invoice_ids: bool = False
    ignore_max: bool = False
    ignore_id_from: bool = False  # with a maximum, the first page comes again and again
    id_from_inclusive: bool = False  # "larger than" by the REST text, "or equal" by its sister fields
    dates_inclusive: bool = False  # "later than" by the REST text
    newest_first: bool = False
    snapshot: bool = False  # reads show the invoices as they were when this was switched on
