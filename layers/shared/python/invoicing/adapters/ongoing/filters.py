"""Which filters of the list have their effect. A service of this kind ignores what it does not know."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from invoicing.adapters.ongoing.envelopes import InvoicesQuery
from invoicing.adapters.ongoing.invoices import ListedInvoice, Listing
from invoicing.domain.wms_invoice import WmsInvoice
from invoicing.domain.wms_knowledge import WmsFilter

_DAY = timedelta(days=1)


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


def trial(invoice: WmsInvoice, ask: Callable[[InvoicesQuery], Listing]) -> list[WmsFilter]:
    """Asks for one invoice in ways that must show it, and in ways that must not; gives the filters that are useless.

    A filter is useless also if it hides what it ought to show. Where ids are ignored, only what answers show by
    themselves is known. Raises as the client.
    """
    alone = InvoicesQuery(with_charges=False, ids=(invoice.id,))

    def shows(query: InvoicesQuery) -> bool:
        return any(one.id == invoice.id for one in ask(query).invoices)

    found = ask(alone).invoices
    if [one.id for one in found] != [invoice.id]:
        return [WmsFilter.IDS]
    showing = {
        WmsFilter.IS_EXPORTED: replace(alone, is_exported=invoice.is_exported),
        WmsFilter.ID_FROM: replace(alone, id_from=invoice.id - 1),
    }
    hiding = {
        WmsFilter.IS_EXPORTED: replace(alone, is_exported=not invoice.is_exported),
        WmsFilter.ID_FROM: replace(alone, id_from=invoice.id + 1),
    }
    together = replace(alone, is_exported=invoice.is_exported, id_from=invoice.id - 1)
    if invoice.invoice_date is not None:
        before, after = invoice.invoice_date - _DAY, invoice.invoice_date + _DAY
        showing[WmsFilter.DATED_AFTER] = replace(alone, dated_after=before)
        hiding[WmsFilter.DATED_AFTER] = replace(alone, dated_after=after)
        together = replace(together, dated_after=before)
    useless = [] if shows(together) else [one for one, query in showing.items() if not shows(query)]
    useless += [one for one, query in hiding.items() if one not in useless and shows(query)]
    return useless
