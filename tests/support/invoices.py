"""WMS invoices as large as a test wants them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from invoicing.domain.draft import Draft, draft_invoice
from invoicing.domain.integration_settings import IntegrationSettings, Language
from invoicing.domain.specification import Specification, specify
from invoicing.domain.wms_invoice import Charge, GoodsOwner, WmsInvoice

SETTINGS = IntegrationSettings(from_date=date(2026, 1, 1))
_TITLES = ("Plock per rad", "Pallplats & månad", "Frakt – Norge €", "Etikett")


def large_invoice(count: int, *, articles: int = 23, **more: Any) -> WmsInvoice:
    """So many charges on the days of October; the price of each fourth article has parts of an öre."""
    first = date(2026, 10, 1)
    charges = tuple(
        Charge(
            id=number + 1,
            article_number=f"A{number % articles:03}",
            article_title=f"{_TITLES[number % articles % 4]} {number % articles}",
            account="3041",
            price=Decimal("0.125") if number % articles % 4 == 3 else Decimal("4.50"),
            quantity=Decimal(1 + number % 9),
            comment="Övrigt arbete (å ä ö) som måste brytas över flera rader" if number % 13 == 0 else "",
            profit_centre="HANT" if number % 2 else "",
            order_number=f"SO-{88_000 + number}",
            day=first + timedelta(days=number % 31),
        )
        for number in range(count)
    )
    values: dict[str, Any] = {
        "id": 5002,
        "number": "",
        "title": "Lager och hantering 2026-10",
        "invoice_date": date(2026, 10, 31),
        "period_start": first,
        "period_end": date(2026, 10, 31),
        "amount": sum((one.price * one.quantity for one in charges), Decimal(0)),
        "is_exported": False,
        "your_order_number": "PO-2231",
        "your_reference": "Åsa Öberg",
        "goods_owner": GoodsOwner(id=1, name="Kaffe & Kakao AB", customer_code="1001", currency="SEK"),
        "charges": charges,
        **more,
    }
    return WmsInvoice(**values)


def specified(
    invoice: WmsInvoice, language: Language = Language.SWEDISH, settings: IntegrationSettings = SETTINGS
) -> Specification:
    """Its specification, as if it had been sent just so."""
    draft: Draft = draft_invoice("nordlager", invoice, settings)
    return specify(
        invoice,
        draft,
        net=draft.invoice.net,
        fortnox_number="1042",
        company="Nordlager i Göteborg AB",
        currency=invoice.goods_owner.currency,
        language=language,
    )
