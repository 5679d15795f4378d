"""Asks the guards that are switched on about an invoice that would be made now. docs/decisions/0023."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from invoicing.application.interleave import outside
from invoicing.application.ports import Clock, Exports, Side, WmsInvoices
from invoicing.domain.draft import Draft
from invoicing.domain.errors import (
    InvoiceHeldError,
    RetryLaterError,
    UpstreamContractError,
    WmsLoginRefusedError,
)
from invoicing.domain.export import Export
from invoicing.domain.guard import Invoiced, doubtful_period, invoiced, price_off_list, unusual_total
from invoicing.domain.integration_settings import IntegrationSettings
from invoicing.domain.price_list import PriceList
from invoicing.domain.wms_invoice import WmsInvoice, WmsLogin

_PAGE = 500  # records that are read at once
_MOST_RECORDS = 5_000  # of the newest
_LOOKED_BACK = timedelta(days=220)  # half a year of months, and what is invoiced late


@dataclass(slots=True, kw_only=True)
class Guards:
    """Of one run, rehearsal or preview. What they need of older invoices is read once, and only if one is asked."""

    integration_id: str
    settings: IntegrationSettings
    exports: Exports
    wms: WmsInvoices
    login: Callable[[], WmsLogin]
    clock: Clock
    _before: dict[str, list[Invoiced]] | None = None  # by goods owner
    _prices: dict[int, PriceList | None] = field(default_factory=dict)

    async def check(self, invoice: WmsInvoice, draft: Draft) -> None:
        """Lets an invoice pass, or raises InvoiceHeldError for what a person is to look at."""
        one, settings = invoiced(invoice), self.settings
        prices = await self._price_list(invoice.goods_owner.id) if settings.guard_prices else None
        # From here on nothing is waited for: of two invoices that are under way at once, one must see the other.
        others = [other for other in self._of(one.goods_owner) if other.invoice_id != one.invoice_id]
        issue = doubtful_period(one, others) if settings.guard_periods else None
        if issue is None and settings.guard_total.per_cent:
            issue = unusual_total(one, others, per_cent=settings.guard_total.per_cent)
        if issue is None and prices is not None:
            issue = price_off_list(invoice, prices, draft.reading)
        if issue is not None:
            raise InvoiceHeldError(issue)
        self._of(one.goods_owner).append(one)  # the next one of this run comes after it

    def _of(self, goods_owner: str) -> list[Invoiced]:
        if self._before is None:
            self._before = {}
            for one in self._newest():
                if one.fortnox_number:
                    self._before.setdefault(one.goods_owner, []).append(_as_invoiced(one))
        return self._before.setdefault(goods_owner, [])

    def _newest(self) -> Sequence[Export]:
        """Newer invoices have larger ids, nearly: the search ends where a whole page is older."""
        if not (self.settings.guard_periods or self.settings.guard_total.per_cent):
            return []
        oldest = (self.clock() - _LOOKED_BACK).date()
        found: list[Export] = []
        after: int | None = None
        while len(found) < _MOST_RECORDS:
            page, after = self.exports.page(self.integration_id, limit=_PAGE, after=after)
            recent = [one for one in page if one.invoice_date is None or one.invoice_date >= oldest]
            found += recent
            if after is None or not recent:
                break
        return found

    async def _price_list(self, goods_owner_id: int) -> PriceList | None:
        """None: there is none to compare with, which holds nothing."""
        if goods_owner_id in self._prices:
            return self._prices[goods_owner_id]
        return await outside(Side.ONGOING, lambda: self._asked(goods_owner_id))

    def _asked(self, goods_owner_id: int) -> PriceList | None:
        """In its turn: by then another invoice of this goods owner may have been answered."""
        if goods_owner_id not in self._prices:
            try:
                self._prices[goods_owner_id] = self.wms.price_list(self.login(), goods_owner_id)
            except (RetryLaterError, UpstreamContractError, WmsLoginRefusedError):
                self._prices[goods_owner_id] = None
        return self._prices[goods_owner_id]


def guards_of(
    integration_id: str,
    settings: IntegrationSettings,
    *,
    exports: Exports,
    wms: WmsInvoices,
    login: Callable[[], WmsLogin],
    clock: Clock,
) -> Guards | None:
    """None where none is switched on: then nothing is read and nobody is asked."""
    if not settings.guards:
        return None
    return Guards(integration_id=integration_id, settings=settings, exports=exports, wms=wms, login=login, clock=clock)


def _as_invoiced(record: Export) -> Invoiced:
    return Invoiced(
        invoice_id=record.invoice_id,
        goods_owner=record.goods_owner,
        currency=record.currency,
        amount=record.amount,
        period_start=record.period_start,
        period_end=record.period_end,
        invoice_date=record.invoice_date,
    )
