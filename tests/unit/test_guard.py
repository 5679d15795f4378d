"""Guards before sending: what is unusual for a goods owner, and what is its habit."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from invoicing.domain.draft import Reading
from invoicing.domain.guard import Invoiced, doubtful_period, price_off_list, unusual_total
from invoicing.domain.integration_settings import PriceMeaning
from invoicing.domain.issue import IssueCode
from invoicing.domain.price_list import PricedArticle, PriceList
from invoicing.domain.wms_invoice import WmsInvoice

from tests.support.invoices import large_invoice

PER_UNIT = Reading(meaning=PriceMeaning.PER_UNIT, rounded=None)
PER_ROW = Reading(meaning=PriceMeaning.PER_ROW, rounded=None)


def month(number: int, amount: str = "1000.00", *, id_: int = 0, **fields: Any) -> Invoiced:
    """The invoice of a whole month of 2026."""
    start = date(2026, number, 1)
    end = (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    one = Invoiced(
        invoice_id=id_ or 100 + number,
        goods_owner="Kaffe AB",
        currency="SEK",
        amount=Decimal(amount),
        period_start=start,
        period_end=end,
        invoice_date=end,
    )
    return replace(one, **fields)


MONTHS = [month(1), month(2, "900.00"), month(3, "1100.00")]


@pytest.mark.parametrize(
    ("amount", "per_cent", "stops"),
    [
        ("1000.00", 25, False),
        ("1250.00", 25, False),
        ("1250.01", 25, True),
        ("750.00", 25, False),
        ("749.99", 25, True),
        ("1250.01", 50, False),
        ("2000.01", 100, True),
        ("0.00", 100, False),  # nobody can come to less than nothing
        ("-1.00", 100, True),
        ("-500.00", 25, True),
    ],
)
def test_a_month_is_compared_with_the_middle_one_of_those_before(amount: str, per_cent: int, stops: bool) -> None:
    """To the öre, in both directions."""
    found = unusual_total(month(4, amount), MONTHS, per_cent=per_cent)

    assert (found is not None) is stops
    if found is not None:
        assert found.code is IssueCode.TOTAL_UNUSUAL
        assert (found.params["usual_amount"], found.params["amount"]) == ("1000.00", amount)


@pytest.mark.parametrize(
    "others",
    [
        [],
        MONTHS[:2],
        [month(1, currency="EUR"), *MONTHS[1:]],
        [*MONTHS[1:], month(5), month(6)],  # later ones say nothing
        [month(1, "-1000.00"), month(2, "-1000.00"), month(3, "0.00")],
        [replace(one, period_end=None, invoice_date=None) for one in MONTHS],
    ],
)
def test_where_nobody_knows_what_is_usual_nothing_waits(others: list[Invoiced]) -> None:
    """Fewer than three months of this currency, or nothing to compare with."""
    assert unusual_total(month(4, "99999.00"), others, per_cent=25) is None


def test_one_extraordinary_month_is_not_what_is_usual() -> None:
    """A stocktaking in January does not make a common month look small."""
    assert unusual_total(month(4), [month(1, "90000.00"), month(2), month(3)], per_cent=25) is None


def test_of_several_invoices_a_month_the_sum_counts_and_less_is_no_news() -> None:
    """The rest may still come."""
    twice = [
        replace(one, amount=Decimal(500), invoice_id=one.invoice_id * 10 + place) for one in MONTHS for place in (1, 2)
    ]
    first = unusual_total(month(4, "500.00"), twice, per_cent=25)
    second = unusual_total(month(4, "900.00"), [*twice, month(4, "500.00", id_=9)], per_cent=25)

    assert first is None
    assert second is not None
    assert second.params["amount"] == "1400.00"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2026, 4, 1), date(2026, 4, 30), None),
        (date(2026, 3, 31), date(2026, 4, 30), IssueCode.PERIOD_OVERLAPS),
        (date(2026, 3, 1), date(2026, 3, 31), IssueCode.PERIOD_OVERLAPS),
        (date(2026, 1, 15), date(2026, 1, 16), IssueCode.PERIOD_OVERLAPS),
        (date(2026, 1, 1), date(2026, 4, 30), IssueCode.PERIOD_OVERLAPS),
        (date(2026, 4, 2), date(2026, 4, 30), IssueCode.PERIOD_GAP),
        (date(2026, 5, 1), date(2026, 5, 31), IssueCode.PERIOD_GAP),
        (date(2026, 7, 1), date(2026, 7, 31), None),  # away for a quarter
        (None, date(2026, 4, 30), None),
        (date(2026, 3, 1), None, None),
        (date(2026, 4, 30), date(2026, 4, 1), None),  # a slip of the pen; nothing can be said of it
        (date(2025, 12, 1), date(2025, 12, 31), None),  # late, and before all others
    ],
)
def test_periods_that_overlap_or_leave_days_out(
    start: date | None, end: date | None, expected: IssueCode | None
) -> None:
    """Compared with all that went through, and not with what has no period."""
    others = [*MONTHS, replace(month(3), period_start=None), replace(month(3), period_end=None)]
    found = doubtful_period(month(4, period_start=start, period_end=end), others)

    assert (found.code if found else None) == expected


def test_several_invoices_for_the_same_period_are_a_habit_once_there_were_some() -> None:
    """Storage and freight apart, month for month; any other overlap is none."""
    habit = [*MONTHS, month(3, id_=7)]
    same = doubtful_period(month(4), [*habit, month(4, id_=8)])
    other = doubtful_period(month(4, period_start=date(2026, 3, 31)), habit)

    assert same is None
    assert other is not None


def invoice(price: str, quantity: str) -> WmsInvoice:
    """With one charge of article 100."""
    (one,) = large_invoice(1).charges
    return large_invoice(
        1, charges=(replace(one, article_number="100", price=Decimal(price), quantity=Decimal(quantity)),)
    )


def entry(number: str | None, price: str | None) -> PricedArticle:
    """One entry of a price list."""
    return PricedArticle(title="T", number=number, account="3041", price=None if price is None else Decimal(price))


@pytest.mark.parametrize(
    ("entries", "price", "quantity", "stops"),
    [
        ([entry("100", "85.00")], "85.00", "12", False),
        ([entry("100", "85.0000")], "85", "12", False),
        ([entry("100", "85.00")], "84.00", "12", True),
        ([entry("100", "85.00")], "-85.00", "12", True),
        ([entry("100", "85.00"), entry("100", "84.00")], "84.00", "12", False),
        ([entry("100", "85.00"), entry("100", None)], "84.00", "12", False),
        ([entry("100", "0.00")], "84.00", "12", False),
        ([entry("100", None)], "84.00", "12", False),
        ([entry(None, "85.00")], "84.00", "12", False),
        ([entry("200", "85.00")], "84.00", "12", False),
        ([entry(" 100 ", "85.00")], "84.00", "12", True),
        ([entry("100", "0.1250")], "0.1251", "10", False),  # a tenth of an öre
        ([entry("100", "0.1250")], "0.1251", "1000", True),
        ([], "84.00", "12", False),
    ],
)
def test_a_price_is_compared_with_those_of_its_article_to_the_ore_of_the_row(
    entries: list[PricedArticle], price: str, quantity: str, stops: bool
) -> None:
    """What the list does not say is no price to be off."""
    found = price_off_list(invoice(price, quantity), PriceList(articles=tuple(entries)), PER_UNIT)

    assert (found is not None) is stops


def test_a_price_for_the_row_is_compared_by_piece() -> None:
    """And one without a quantity is not compared."""
    prices = PriceList(articles=(entry("100", "85.00"),))

    assert price_off_list(invoice("1020.00", "12"), prices, PER_ROW) is None
    assert price_off_list(invoice("1021.00", "12"), prices, PER_ROW) is not None
    assert price_off_list(invoice("1021.00", "0"), prices, PER_ROW) is None
