"""Which filters of the list have their effect. A service of this kind ignores what it does not know."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from invoicing.adapters.ongoing.envelopes import InvoicesQuery
from invoicing.adapters.ongoing.invoices import ListedInvoice, Listing
from invoicing.domain.wms_knowledge import WmsFilter

_DAY = timedelta(days=1)
_NEIGHBOURS = 250  # ids on either side


def useless_in(listed: Sequence[ListedInvoice], asked: InvoicesQuery) -> Iterator[WmsFilter]:
    """Filters that an answer itself shows to be ignored. Seeing it costs nothing, so it is looked for in every one."""
    ids = [one.id for one in listed if one.id is not None]
    if asked.is_exported is not None and any(one.is_exported is (not asked.is_exported) for one in listed):
        yield WmsFilter.IS_EXPORTED
    if asked.dated_after is not None and any(
        one.invoice_date is not None and one.invoice_date < asked.dated_after for one in listed
    ):
        yield WmsFilter.DATED_AFTER
    if asked.id_from is not None and any(one < asked.id_from for one in ids):
        yield WmsFilter.ID_FROM
    if asked.at_most is not None and len(listed) > asked.at_most:
        yield WmsFilter.AT_MOST
    if asked.ids and any(one not in asked.ids for one in ids):
        yield WmsFilter.IDS
    if not asked.with_charges and any(one.has_charges for one in listed):
        yield WmsFilter.WITH_CHARGES
    if any(one.is_training for one in listed):
        yield WmsFilter.ONLY_LIVE


def hidden_behind(
    listed: Sequence[ListedInvoice],
    ask: Callable[[InvoicesQuery], Sequence[ListedInvoice]],
    useless: Collection[WmsFilter],
) -> int | None:
    """An invoice that the server has and did not give: it has cut the answer. None: nothing shows that.

    A longer answer than this one shows that it need not be cut. Otherwise the system may have just so many, and is
    asked for what stands beside them: by their ids, by the other mark, by later dates.
    """
    ids = [one.id for one in listed if one.id is not None]
    everything = ask(InvoicesQuery(with_charges=False, at_most=len(listed) + 1))
    if len(everything) > len(listed) or not ids:
        return None
    given = {one.id for one in everything}
    beside: list[ListedInvoice] = list(listed)
    if WmsFilter.IDS not in useless:
        below = range(max(1, min(ids) - _NEIGHBOURS), min(ids))
        above = range(max(ids) + 1, max(ids) + 1 + _NEIGHBOURS)
        beside += ask(InvoicesQuery(with_charges=False, ids=(*below, *above)))
    if WmsFilter.IS_EXPORTED not in useless:
        for mark in (True, False):
            beside += ask(InvoicesQuery(with_charges=False, is_exported=mark))
    days = [one.invoice_date for one in everything if one.invoice_date is not None]
    if WmsFilter.DATED_AFTER not in useless and days:
        for day in (max(days) - _DAY, max(days)):
            beside += ask(InvoicesQuery(with_charges=False, dated_after=day))
    return next((one.id for one in beside if one.id is not None and one.id not in given), None)


def trial(invoice: ListedInvoice, ask: Callable[[InvoicesQuery], Listing]) -> list[WmsFilter]:
    """Asks for one invoice in ways that must show it, and in ways that must not; gives the filters that are useless.

    It need not be readable, but must have an id. A filter is useless also if it hides what it ought to show. The
    invoice is found by its id; where ids are ignored, from the id before it; and else among all heads.
    Raises as the client.
    """
    invoice_id = invoice.id or 0
    useless: list[WmsFilter] = []

    def shows(query: InvoicesQuery) -> bool:
        return any(one.id == invoice_id for one in ask(query).invoices)

    alone = InvoicesQuery(with_charges=False, ids=(invoice_id,))
    if [one.id for one in ask(alone).invoices] != [invoice_id]:
        useless.append(WmsFilter.IDS)
        alone = InvoicesQuery(with_charges=False, id_from=invoice_id - 1, at_most=2)
        if not shows(alone):
            useless.append(WmsFilter.ID_FROM)
            alone = InvoicesQuery(with_charges=False)
    showing = {WmsFilter.ID_FROM: replace(alone, id_from=invoice_id - 1)}
    hiding = {WmsFilter.ID_FROM: replace(alone, id_from=invoice_id + 1)}
    together = alone if WmsFilter.ID_FROM in useless else showing[WmsFilter.ID_FROM]
    if invoice.is_exported is not None:
        showing[WmsFilter.IS_EXPORTED] = replace(alone, is_exported=invoice.is_exported)
        hiding[WmsFilter.IS_EXPORTED] = replace(alone, is_exported=not invoice.is_exported)
        together = replace(together, is_exported=invoice.is_exported)
    if invoice.invoice_date is not None:
        before, after = invoice.invoice_date - _DAY, invoice.invoice_date + _DAY
        showing[WmsFilter.DATED_AFTER] = replace(alone, dated_after=before)
        hiding[WmsFilter.DATED_AFTER] = replace(alone, dated_after=after)
        together = replace(together, dated_after=before)
    if not shows(together):
        useless += [one for one, query in showing.items() if one not in useless and not shows(query)]
    useless += [one for one, query in hiding.items() if one not in useless and shows(query)]
    return useless
