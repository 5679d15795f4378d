"""What an integration would send first, and what its start date leaves out: for whoever is about to create it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from invoicing.domain.due import Due, when_due
from invoicing.domain.integration_settings import IntegrationSettings
from invoicing.domain.swedish_time import SWEDEN
from invoicing.domain.wms_invoice import WmsInvoice
from invoicing.domain.work import Work, work_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """Unexported invoices of a system, by what would become of them with some settings."""

    at: datetime  # when Ongoing had them
    first: Work = field(default_factory=Work)  # due now
    later: Work = field(default_factory=Work)  # due when their period has ended, or when somebody asks for them
    later_from: date | None = None  # the day on which the first of these is due, if a day makes them so
    older: Work = field(default_factory=Work)  # dated before the start date
    older_from: date | None = None
    older_to: date | None = None
    whole: bool = True  # not: there are more, which could not be read in time


def foresight_of(
    invoices: Iterable[WmsInvoice], settings: IntegrationSettings, *, now: datetime, whole: bool
) -> Foresight:
    """Sorts invoices that nobody has begun."""
    today = now.astimezone(SWEDEN).date()
    first: list[WmsInvoice] = []
    later: list[WmsInvoice] = []
    older: list[WmsInvoice] = []
    for invoice in invoices:
        due = when_due(invoice, settings, today=today, asked=False, begun=False)
        {Due.NOW: first, Due.NEVER: older}.get(due, later).append(invoice)
    dates = [invoice.invoice_date for invoice in older if invoice.invoice_date]
    ends = [invoice.period_end for invoice in later if invoice.period_end and invoice.period_end >= today]
    return Foresight(
        at=now,
        first=_work(first),
        later=_work(later),
        later_from=min(ends) + timedelta(days=1) if ends else None,
        older=_work(older),
        older_from=min(dates, default=None),
        older_to=max(dates, default=None),
        whole=whole,
    )


def _work(invoices: Iterable[WmsInvoice]) -> Work:
    return work_of((invoice.goods_owner.currency, invoice.amount) for invoice in invoices)
