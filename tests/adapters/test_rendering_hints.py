"""Hints stand wherever somebody looks at the invoice: before it is sent, afterwards, and in the closing mail."""

from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape

import pytest
from invoicing.domain.hint import Hint, HintCode
from invoicing.domain.integration_settings import Language
from invoicing.domain.verdict import Intention
from invoicing.rendering.hint_texts import counted_hint_text, hint_text
from invoicing.rendering.mails import Mails
from invoicing.rendering.pages import Pages
from invoicing.rendering.views import (
    CurrencyTotal,
    InvoiceLine,
    InvoiceState,
    InvoiceView,
    PreviewView,
    ReactivatedMailView,
    RehearsalView,
    RehearsedInvoice,
    SessionView,
)

NOW = datetime(2026, 3, 5, 13, 32, tzinfo=UTC)
DAY = date(2026, 1, 31)
SESSION = SessionView(integration_id="demo", system="demo", csrf="secret-csrf")
WORDS = {"due_date": str(DAY), "customer_number": "1001", "amount": "145", "currency": "SEK"}
LINE = InvoiceLine(
    invoice_id=7,
    number="5001",
    goods_owner="Kaffe & Kakao AB",
    invoice_date=DAY,
    amount=Decimal(1020),
    currency="SEK",
    state=InvoiceState.SENT,
)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", HintCode)
def test_every_page_that_shows_the_invoice_shows_its_hints(code: HintCode, language: Language) -> None:
    """The invoice, the dress rehearsal and the preview."""
    hints, pages = (Hint(code=code, params=WORDS),), Pages("")
    preview = PreviewView(
        session=SESSION,
        invoice_id=7,
        intention=Intention.CREATE,
        customer_number="1001",
        customer_name="Kaffe & Kakao AB",
        invoice_date=DAY,
        currency="SEK",
        document_number="",
        your_reference="",
        your_order_number="",
        external_reference="ONGOING-demo-7-",
        remarks="",
        rows=(),
        row_count=0,
        net=Decimal(1020),
        wms_amount=Decimal(1020),
        hints=hints,
    )
    rehearsed = RehearsedInvoice(line=LINE, intention=Intention.CREATE, hints=hints)
    shown = (
        pages.invoice(InvoiceView(session=SESSION, line=LINE, hints=hints), language),
        pages.rehearsal(RehearsalView(session=SESSION, at=NOW, invoices=(rehearsed,)), language),
        pages.preview(preview, language),
    )

    assert [hint_text(hints[0], language) in unescape(html) for html in shown] == [True, True, True]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("count", [1, 12])
@pytest.mark.parametrize("code", HintCode)
def test_the_closing_mail_says_of_how_many_a_hint_tells(code: HintCode, count: int, language: Language) -> None:
    """And nothing of hints that tell of none."""
    view = ReactivatedMailView(
        company="Nordhamn Lager AB",
        system="nordhamn",
        link="https://invoicing.example.com/",
        reactivated_at=NOW,
        invoices=20,
        totals=(CurrencyTotal(currency="SEK", amount=Decimal(20400)),),
        hints={code: count},
    )
    text = " ".join(Mails().reactivated(view, language).text.split())
    others = {counted_hint_text(other, n, language) for other in HintCode for n in (0, 1, 12)}
    said = counted_hint_text(code, count, language)

    assert said in text
    assert str(count) in said
    assert [other for other in others - {said} if other in text] == []
