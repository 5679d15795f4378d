"""What the answers of one Ongoing system have shown so far, because nobody has published it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class WmsFilter(StrEnum):
    """A filter of the list of invoices. A service of this kind ignores what it does not know, without a word."""

    IS_EXPORTED = "IsExported"
    DATED_AFTER = "InvoiceDateFrom"
    ID_FROM = "InvoiceIdFrom"
    AT_MOST = "MaxInvoicesToGet"
    IDS = "InvoiceIds"
    WITH_CHARGES = "GetInvoiceRows"
    ONLY_LIVE = "OnlyLiveGoodsOwners"


class Misunderstanding(StrEnum):
    """What of an answer is not understood."""

    ADDRESS = "address"  # nothing is where this system answered before
    STATUS = "status"  # an HTTP status that this interface does not have
    ENVELOPE = "envelope"  # no document of this interface
    CALL = "call"  # it does not know our own call
    SUCCESS = "success"  # it does not say whether it succeeded
    LIST = "list"  # a list of invoices is under none of its names
    INVOICE = "invoice"  # what every invoice has is under none of its names
    NO_LIST = "no_list"  # no list at all, and nothing shows that this means an empty one
    CUT = "cut"  # only a part of a list is shown, and the rest cannot be asked for
    NO_FILTER = "no_filter"  # everything is shown whatever is asked for, and that is too much to read


@dataclass(frozen=True, slots=True, kw_only=True)
class WmsKnowledge:
    """Of one system. Losing it costs calls and repeats reports, and never an invoice."""

    empty_without_list: bool = False  # a result without any list was seen beside a recognised one, or was confirmed
    filters_tried: bool = False
    useless: tuple[WmsFilter, ...] = ()  # filters without their effect
    largest_page: int = 0  # a shorter page than this was not cut short by the server
    ended_count: int = 0  # the last page after which nothing came: how many it had,
    ended_id: int = 0  # and its last id
    # Where a history is shown whatever is asked for: up to this id it was read, for invoices since this day, and of it
    # these were wanted then.
    history_to: int = 0
    history_since: date | None = None
    open: tuple[int, ...] = ()
    names: tuple[str, ...] = ()  # that no model has, and that were reported
    has_shown_list: bool = False  # even an empty one, under a name that is known
    counted: int = 0  # invoices when a person last looked, of all kinds and as far back as is looked
    counted_at: datetime | None = None

    @property
    def is_understood(self) -> bool:
        """Whether a list was seen, or somebody said that there is none."""
        return self.has_shown_list or self.empty_without_list
