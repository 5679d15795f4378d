"""From a WMS invoice to rows, to the öre."""

from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invoicing.domain.draft import ROW_LIMIT, draft_invoice
from invoicing.domain.errors import InvoiceHeldError
from invoicing.domain.integration_settings import (
    AccountSource,
    CurrencyRule,
    IntegrationSettings,
    InvoiceText,
    Language,
    PriceMeaning,
    RowGrouping,
    RowText,
)
from invoicing.domain.issue import IssueCode
from invoicing.domain.money import round_to_ore
from invoicing.domain.wms_invoice import Charge, GoodsOwner, WmsInvoice

SETTINGS = IntegrationSettings(from_date=date(2026, 1, 1), problem_address="a@b.example")
OWNER = GoodsOwner(id=1, name="Kaffe & Kakao AB", customer_code="1001", currency="SEK")


def charge(price: str = "85.00", quantity: str = "1", **more: Any) -> Charge:
    """A charge for pallet places."""
    values: dict[str, Any] = {
        "article_number": "PALL",
        "article_title": "Pallplats",
        "account": "3041",
        "comment": "",
        "profit_centre": "",
        "order_number": "",
        **more,
    }
    return Charge(id=1, price=Decimal(price), quantity=Decimal(quantity), **values)


def invoice(*charges: Charge, amount: str | None = None, **more: object) -> WmsInvoice:
    """An invoice of October whose amount is per unit unless said otherwise."""
    total = sum((c.price * c.quantity for c in charges), Decimal(0)) if amount is None else Decimal(amount)
    values: dict[str, object] = {
        "id": 17,
        "number": "",
        "title": "Oktober",
        "invoice_date": date(2026, 10, 31),
        "period_start": date(2026, 10, 1),
        "period_end": date(2026, 10, 31),
        "amount": total,
        "is_exported": False,
        "your_order_number": "",
        "your_reference": "",
        "goods_owner": OWNER,
        "charges": charges,
        **more,
    }
    return WmsInvoice(**values)  # type: ignore[arg-type]


def rows(wms: WmsInvoice, settings: IntegrationSettings = SETTINGS) -> list[tuple[str, str, str]]:
    """Text, quantity and price of each row."""
    draft = draft_invoice("nordlager", wms, settings).invoice
    return [(row.description, f"{row.quantity:f}", f"{row.price:f}") for row in draft.rows]


def issue_of(wms: WmsInvoice, settings: IntegrationSettings = SETTINGS) -> IssueCode:
    """Why the invoice is held."""
    with pytest.raises(InvoiceHeldError) as held:
        draft_invoice("nordlager", wms, settings)
    return held.value.issue.code


def test_charges_of_one_article_and_price_become_one_row() -> None:
    """A month has thousands of charges."""
    sent = rows(invoice(charge(quantity="3"), charge(quantity="4"), charge(price="90.00")))

    assert sent == [("Pallplats", "7.00", "85.00"), ("Pallplats", "1.00", "90.00")]


def test_each_charge_is_a_row_if_asked_for() -> None:
    """The setting decides."""
    sent = rows(invoice(charge(quantity="3"), charge(quantity="4")), replace(SETTINGS, rows=RowGrouping.PER_CHARGE))

    assert [quantity for _, quantity, _ in sent] == ["3.00", "4.00"]


def test_a_price_with_three_decimals_is_sent_as_one_times_the_amount_and_said_in_the_text() -> None:
    """Fortnox would make 130 kr of 1000 × 0.125 kr."""
    sent = rows(invoice(charge(price="0.125", quantity="1000")))

    assert sent == [("Pallplats (1000 x 0,125)", "1", "125.00")]


def test_the_calculation_is_written_in_the_language_of_the_integration() -> None:
    """English has a decimal point."""
    sent = rows(invoice(charge(price="0.125", quantity="8")), replace(SETTINGS, language=Language.ENGLISH))

    assert sent == [("Pallplats (8 x 0.125)", "1", "1.00")]


def test_a_negative_charge_is_a_negative_row() -> None:
    """Claims are part of an invoice."""
    draft = draft_invoice("nordlager", invoice(charge(quantity="10"), charge(price="-250.00")), SETTINGS).invoice

    assert draft.net == Decimal("600.00")


def test_a_price_per_row_is_recognised_from_the_total_and_divided_where_it_divides() -> None:
    """What a price means is not documented: the total proves it."""
    wms = invoice(charge(price="255.00", quantity="3"), amount="255.00")
    draft = draft_invoice("nordlager", wms, SETTINGS)

    assert draft.price_meaning is PriceMeaning.PER_ROW
    assert [(row.quantity, row.price) for row in draft.invoice.rows] == [(Decimal(3), Decimal(85))]


def test_a_changed_meaning_of_the_price_holds_the_invoice() -> None:
    """It was per unit until today: somebody should look."""
    wms = invoice(charge(price="255.00", quantity="3"), amount="255.00")

    with pytest.raises(InvoiceHeldError) as held:
        draft_invoice("nordlager", wms, SETTINGS, remembered_meaning=PriceMeaning.PER_UNIT)

    assert held.value.issue.code is IssueCode.PRICE_MEANING_CHANGED


def test_more_rows_than_fortnox_takes_are_summed_even_if_each_charge_was_asked_for() -> None:
    """The alternative is no invoice at all."""
    charges = [charge(quantity="2")] * (ROW_LIMIT + 1)
    sent = rows(invoice(*charges), replace(SETTINGS, rows=RowGrouping.PER_CHARGE))

    assert sent == [("Pallplats", f"{2 * (ROW_LIMIT + 1)}.00", "85.00")]


def test_texts_that_would_keep_rows_apart_give_way_before_the_invoice_is_held() -> None:
    """An order number on each row is worth less than the invoice."""
    chosen = replace(SETTINGS, row_text=RowText.TITLE_AND_ORDER)
    few = [charge(order_number=f"O{number}") for number in range(ROW_LIMIT)]
    many = [*few, charge(order_number="one more")]

    assert len(rows(invoice(*few), chosen)) == ROW_LIMIT
    assert rows(invoice(*many), chosen) == [("Pallplats", f"{ROW_LIMIT + 1}.00", "85.00")]


def test_rows_that_ongoing_rounded_before_adding_are_recognised() -> None:
    """Three rows of 0.335 are 1.02 if each is rounded, and 1.01 if not."""
    wms = invoice(*[charge(price="0.335")] * 3, amount="1.02")

    assert rows(wms, replace(SETTINGS, rows=RowGrouping.PER_CHARGE)) == [("Pallplats (1 x 0,335)", "1", "0.34")] * 3
    assert rows(wms) == [("Pallplats (3 x 0,335)", "1", "1.02")]
    assert rows(replace(wms, amount=Decimal("1.01"))) == [("Pallplats (3 x 0,335)", "1", "1.01")]


def test_rounding_half_to_even_is_recognised_too() -> None:
    """It is what .NET does unless it is told otherwise."""
    wms = invoice(*[charge(price="0.345")] * 2, amount="0.68")

    assert [price for _, _, price in rows(wms)] == ["0.68"]


def test_a_remembered_meaning_that_agrees_when_rounded_is_kept() -> None:
    """Another reading that happens to agree without rounding proves nothing against it."""
    wms = invoice(charge(price="0.335"), charge(price="0.335"), charge(price="0.33", quantity="1"), amount="1.01")
    twice = replace(wms, charges=(*wms.charges, charge(price="0.00", quantity="7")))

    draft = draft_invoice("nordlager", twice, SETTINGS, remembered_meaning=PriceMeaning.PER_UNIT)

    assert draft.invoice.net == Decimal("1.01")


def test_keys_are_what_was_meant() -> None:
    """A pasted mark without width, or a letter in two parts, is no other customer or article."""
    owner = replace(OWNER, customer_code="\u00a01001\u200b")
    wms = invoice(charge(article_number="LA\u030aDA ", account="3041\ufeff", profit_centre=" LAGER"), goods_owner=owner)
    draft = draft_invoice("nordlager", wms, replace(SETTINGS, profit_centre_as_cost_centre=True))

    assert draft.invoice.customer_number == "1001"
    assert [(row.article_number, row.account, row.cost_centre) for row in draft.invoice.rows] == [
        ("LÅDA", 3041, "LAGER")
    ]


def test_the_delivery_date_is_the_end_of_the_period_else_the_date_of_the_invoice() -> None:
    """An e-invoice with EU reverse charge is refused without one."""
    with_period = draft_invoice("nordlager", invoice(charge(), period_end=date(2026, 10, 30)), SETTINGS)
    without = draft_invoice("nordlager", invoice(charge(), period_end=None), SETTINGS)

    assert with_period.invoice.delivery_date == date(2026, 10, 30)
    assert without.invoice.delivery_date == date(2026, 10, 31)


@pytest.mark.parametrize(
    ("wms", "code"),
    [
        (invoice(charge(), goods_owner=replace(OWNER, customer_code=" ")), IssueCode.CUSTOMER_CODE_MISSING),
        (invoice(charge(article_number="")), IssueCode.ARTICLE_NUMBER_MISSING),
        (invoice(charge(article_number="PLOCK RAD")), IssueCode.ARTICLE_NUMBER_REFUSED),
        (invoice(charge(article_number="A.1")), IssueCode.ARTICLE_NUMBER_REFUSED),
        (invoice(charge(account="")), IssueCode.ACCOUNT_MISSING),
        (invoice(charge(account="1")), IssueCode.ACCOUNT_NOT_VALID),
        (invoice(charge(account="30411")), IssueCode.ACCOUNT_NOT_VALID),
        (invoice(charge(), amount="85.01"), IssueCode.AMOUNTS_DISAGREE),
        (invoice(charge(), number="F-17"), IssueCode.NUMBER_NOT_VALID),
        (invoice(charge(), invoice_date=None), IssueCode.INVOICE_DATE_MISSING),
        (invoice(amount="0"), IssueCode.NO_ROWS),
        (invoice(charge(price="1000000000000")), IssueCode.ROW_NOT_REPRESENTABLE),
        (
            invoice(*[charge(article_number=f"A{n}") for n in range(ROW_LIMIT + 1)]),
            IssueCode.TOO_MANY_ROWS,
        ),
    ],
)
def test_what_is_wrong_holds_the_invoice_before_anything_is_sent(wms: WmsInvoice, code: IssueCode) -> None:
    """Each has a reason of its own."""
    assert issue_of(wms) is code


def test_a_junk_account_does_not_matter_when_the_article_decides() -> None:
    """Many price lists have 1 as account."""
    draft = draft_invoice(
        "nordlager", invoice(charge(account="1")), replace(SETTINGS, account_source=AccountSource.ARTICLE)
    ).invoice

    assert [row.account for row in draft.rows] == [None]


def test_texts_carry_title_period_and_what_the_settings_say() -> None:
    """Only with characters that Fortnox takes."""
    settings = replace(SETTINGS, row_text=RowText.TITLE_AND_COMMENT, profit_centre_as_cost_centre=True)
    wms = invoice(charge(comment='<20 kg "skört"', profit_centre="LAGER"))
    draft = draft_invoice("nordlager", wms, settings).invoice

    assert draft.remarks == "Oktober\n2026-10-01 – 2026-10-31"
    assert draft.rows[0].description == "Pallplats, under 20 kg ’skört’"
    assert draft.rows[0].cost_centre == "LAGER"


def test_without_invoice_text_and_currency_fortnox_decides() -> None:
    """Empty is left out."""
    settings = replace(SETTINGS, invoice_text=InvoiceText.NONE, currency_rule=CurrencyRule.FROM_FORTNOX)
    draft = draft_invoice("nordlager", invoice(charge()), settings).invoice

    assert (draft.remarks, draft.currency) == ("", "")


def test_the_fingerprint_changes_with_the_content_and_not_with_the_number_given_back() -> None:
    """Writing Fortnox's number back must not look like a change."""
    first = draft_invoice("nordlager", invoice(charge()), SETTINGS).invoice
    numbered = draft_invoice("nordlager", invoice(charge(), number="42"), SETTINGS).invoice
    other = draft_invoice("nordlager", invoice(charge(quantity="2")), SETTINGS).invoice

    assert numbered.fingerprint == first.fingerprint
    assert other.fingerprint != first.fingerprint


amounts = st.decimals(min_value=-100_000, max_value=100_000, places=4, allow_nan=False)
quantities = st.decimals(min_value=-1_000, max_value=1_000, places=3, allow_nan=False)


charge_lists = st.lists(
    st.builds(
        lambda price, quantity, article: charge(str(price), str(quantity), article_number=f"A{article}"),
        amounts,
        quantities,
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=40,
)


def sum_of(charges: list[Charge], meaning: PriceMeaning, rounded: str | None = None) -> Decimal:
    """What the charges come to: exactly, or with each one rounded to the öre in a way of the decimal module."""
    amounts = [c.price * c.quantity if meaning is PriceMeaning.PER_UNIT else c.price for c in charges]
    return sum((one if rounded is None else one.quantize(Decimal("0.01"), rounded) for one in amounts), Decimal(0))


@settings(max_examples=1000)
@given(
    charges=charge_lists,
    meaning=st.sampled_from([PriceMeaning.PER_UNIT, PriceMeaning.PER_ROW]),
    rounded=st.sampled_from([None, ROUND_HALF_UP, ROUND_HALF_EVEN]),
    grouping=st.sampled_from(list(RowGrouping)),
)
def test_for_any_charges_the_sum_sent_is_the_sum_charged_to_the_ore(
    charges: list[Charge], meaning: PriceMeaning, rounded: str | None, grouping: RowGrouping
) -> None:
    """And every row survives Fortnox's rounding to two decimals, factor by factor and as a product."""
    total = sum_of(charges, meaning, rounded)
    chosen = replace(SETTINGS, rows=grouping, price_meaning=meaning)
    draft = draft_invoice("nordlager", invoice(*charges, amount=str(total)), chosen).invoice

    assert draft.net == round_to_ore(total)
    for row in draft.rows:
        for value in (row.quantity, row.price, row.total):
            assert round_to_ore(value) == value


@settings(max_examples=1000)
@given(
    charges=charge_lists,
    meaning=st.sampled_from([PriceMeaning.PER_UNIT, PriceMeaning.PER_ROW]),
    setting=st.sampled_from(list(PriceMeaning)),
    remembered=st.sampled_from(list(PriceMeaning)),
    off=st.sampled_from(["0", "0", "0.01", "-0.01", "1000"]),
)
def test_whatever_a_price_means_an_invoice_is_right_to_the_ore_or_held(
    charges: list[Charge], meaning: PriceMeaning, setting: PriceMeaning, remembered: PriceMeaning, off: str
) -> None:
    """Never a silent difference, whatever is set, remembered, or wrong in Ongoing's own total."""
    amount = sum_of(charges, meaning) + Decimal(off)
    sums = {
        round_to_ore(sum_of(charges, one, rounded))
        for one in (PriceMeaning.PER_UNIT, PriceMeaning.PER_ROW)
        for rounded in (None, ROUND_HALF_UP, ROUND_HALF_EVEN)
    }
    came_of_it = outcome(
        invoice(*charges, amount=str(amount)), replace(SETTINGS, price_meaning=setting), remembered_meaning=remembered
    )

    assert came_of_it in {IssueCode.AMOUNTS_DISAGREE, IssueCode.PRICE_MEANING_CHANGED} | (sums & {round_to_ore(amount)})


def outcome(wms: WmsInvoice, chosen: IntegrationSettings, *, remembered_meaning: PriceMeaning) -> Decimal | IssueCode:
    """The net that would be sent, or why the invoice is held."""
    try:
        return draft_invoice("nordlager", wms, chosen, remembered_meaning=remembered_meaning).invoice.net
    except InvoiceHeldError as held:
        return held.issue.code
