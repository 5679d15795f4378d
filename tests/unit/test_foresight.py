"""domain/foresight: what is sent first, what later, and what the start date leaves out."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from invoicing.domain.foresight import Foresight, foresight_of
from invoicing.domain.integration_settings import ExportWhen, IntegrationSettings
from invoicing.domain.wms_invoice import GoodsOwner, WmsInvoice
from invoicing.domain.work import Work

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
SETTINGS = IntegrationSettings(from_date=date(2026, 11, 1))


def invoice(invoice_date: date, period_end: date | None = None, amount: str = "100.00") -> WmsInvoice:
    """An invoice that nobody has begun."""
    return WmsInvoice(
        id=1,
        number="",
        title="",
        invoice_date=invoice_date,
        period_start=None,
        period_end=period_end,
        amount=Decimal(amount),
        is_exported=False,
        your_order_number="",
        your_reference="",
        goods_owner=GoodsOwner(id=1, name="Kaffe & Kakao AB", customer_code="1001", currency="SEK"),
        charges=(),
    )


OCTOBER = [invoice(date(2026, 10, 31), date(2026, 10, 31)), invoice(date(2026, 9, 30), date(2026, 9, 30), "50.00")]
ENDED = invoice(date(2026, 11, 15), date(2026, 11, 15))
GROWING = invoice(date(2026, 11, 30), date(2026, 11, 30))
ALL = [*OCTOBER, ENDED, GROWING]


def foreseen(settings: IntegrationSettings) -> Foresight:
    """Of all invoices."""
    return foresight_of(ALL, settings, now=NOW, whole=True)


def test_what_the_start_date_leaves_out_is_counted_with_its_dates() -> None:
    """So that October is not left out in silence on the 27th."""
    seen = foreseen(SETTINGS)

    assert seen.older == Work(count=2, sums={"SEK": Decimal("150.00")})
    assert (seen.older_from, seen.older_to) == (date(2026, 9, 30), date(2026, 10, 31))


def test_an_earlier_start_date_takes_them_along() -> None:
    """From the first of those that were left out."""
    seen = foreseen(replace(SETTINGS, from_date=date(2026, 9, 30)))

    assert (seen.first.count, seen.older.count, seen.older_from) == (3, 0, None)


def test_what_is_not_due_yet_is_told_with_the_day_on_which_it_is() -> None:
    """The day after its period's last."""
    seen = foreseen(SETTINGS)

    assert (seen.first.count, seen.later.count, seen.later_from) == (1, 1, date(2026, 12, 1))


def test_what_is_sent_only_when_asked_for_is_promised_no_day() -> None:
    """Unless its period makes it wait besides."""
    seen = foresight_of([ENDED], replace(SETTINGS, export_when=ExportWhen.WHEN_ASKED), now=NOW, whole=True)

    assert (seen.first.count, seen.later.count, seen.later_from) == (0, 1, None)
