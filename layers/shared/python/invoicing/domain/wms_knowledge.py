"""What the answers of one Ongoing system have shown so far, because nobody has published it."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class WmsKnowledge:
    """Of one system. Losing it costs calls and repeats reports, and never an invoice."""

    empty_without_list: bool = False  # a result without any list was seen beside a recognised one, or was confirmed
    filters_tried: bool = False
    useless: tuple[WmsFilter, ...] = ()  # filters without their effect
    largest_page: int = 0  # a shorter page than this was not cut short by the server
    ended_count: int = 0  # the last page after which nothing came: how many it had,
    ended_id: int = 0  # and its last id
    names: tuple[str, ...] = ()  # that no model has, and that were reported
