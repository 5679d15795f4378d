"""The specification: every charge behind every row, and sums that tie to the öre."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invoicing.domain.draft import draft_invoice
from invoicing.domain.integration_settings import IntegrationSettings, Language, RowGrouping
from invoicing.domain.money import round_to_ore
from invoicing.domain.specification import SpecificationError, by_day, specify
from invoicing.domain.wms_invoice import Charge

from tests.support.invoices import SETTINGS, large_invoice, specified

CHARGES = st.lists(
    st.builds(
        lambda price, quantity, article, day: replace(
            large_invoice(1).charges[0],
            price=price,
            quantity=quantity,
            article_number=article,
            day=day,
        ),
        st.decimals(-10_000, 10_000, places=4, allow_nan=False),
        st.decimals(0, 500, places=3, allow_nan=False),
        st.sampled_from(["A", "B", "C"]),
        st.none() | st.dates(date(2026, 10, 1), date(2026, 10, 31)),
    ),
    min_size=1,
    max_size=30,
)


@given(charges=CHARGES, grouping=st.sampled_from(RowGrouping))
@settings(max_examples=150, deadline=None)
def test_charges_and_rounding_are_their_row_and_rows_the_invoice(charges: list[Charge], grouping: RowGrouping) -> None:
    """Whoever adds it up comes to the invoice: exactly, for any charges."""
    amount = sum((one.price * one.quantity for one in charges), Decimal(0))
    found = specified(
        large_invoice(0, charges=tuple(charges), amount=amount), settings=replace(SETTINGS, rows=grouping)
    )

    assert found.net == round_to_ore(amount)
    assert sum((row.amount for row in found.rows), Decimal(0)) == found.net
    for row in found.rows:
        assert sum((Fraction(one.amount) for one in row.charges), Fraction(row.rounding)) == Fraction(row.amount)
        assert abs(row.rounding) < Decimal("0.01")
        days = by_day(row.charges)
        assert sum(day.count for day in days) == len(row.charges)
        assert sum((Fraction(day.amount) for day in days), Fraction(row.rounding)) == Fraction(row.amount)
    assert found.charge_count == len(charges)


def test_each_row_has_just_its_own_charges_by_day() -> None:
    """As the rows of the invoice sum them up; a charge without a day comes last."""
    invoice = large_invoice(100, articles=4)
    undated = replace(invoice.charges[0], day=None)
    found = specified(replace(invoice, charges=(undated, *invoice.charges[1:])))

    for row in found.rows:
        assert {one.article_number for one in row.charges} == {row.sent.article_number}
        days = [one.day for one in row.charges]
        assert days == sorted(days, key=lambda day: (day is None, day or date.min))
    assert found.rows[0].charges[-1].day is None


@pytest.mark.parametrize(
    ("price", "quantity", "shown"),
    [("90.00", "12", "7.5"), ("100.00", "3", None), ("12.00", "0", None), ("0.000042", "7", "0.000006")],
)
def test_a_price_of_the_row_is_divided_only_where_that_comes_out(price: str, quantity: str, shown: str | None) -> None:
    """A price that is nearly right does not come to its amount."""
    charge = replace(large_invoice(1).charges[0], price=Decimal(price), quantity=Decimal(quantity))
    other = replace(charge, price=Decimal("1.00"), quantity=Decimal(2))
    found = specified(large_invoice(0, charges=(charge, other), amount=Decimal(price) + 1))
    specified_charge = next(one for row in found.rows for one in row.charges if one.amount == Decimal(price))

    assert specified_charge.price == (None if shown is None else Decimal(shown))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("net", "the invoice in Fortnox"),
        ("amount", "the invoice in Ongoing"),
        ("lost", "behind rows"),
        ("row", "more than its charges"),
    ],
)
def test_what_does_not_tie_is_refused(change: str, said: str) -> None:
    """Nothing is shown that a goods owner could add up to something else."""
    invoice = large_invoice(40)
    draft = draft_invoice("nordlager", invoice, SETTINGS)
    net = draft.invoice.net
    first, *others = draft.behind
    if change == "net":
        net += Decimal("0.01")
    elif change == "amount":
        invoice = replace(invoice, amount=invoice.amount + 1)
    elif change == "lost":
        nothing = replace(first[0], quantity=Decimal(0))
        draft = replace(draft, behind=((*first, nothing), *others))
    else:
        draft = replace(draft, behind=((*first[:-1], replace(first[-1], price=Decimal("4.51"))), *others))

    with pytest.raises(SpecificationError, match=said):
        specify(invoice, draft, net=net, fortnox_number="1", company="", currency="SEK", language=Language.SWEDISH)


def test_its_fingerprint_changes_with_anything_that_it_says() -> None:
    """Two equal ones are the same file; one that differs in a comment is another one."""
    invoice = large_invoice(20)
    other = replace(invoice, charges=(replace(invoice.charges[0], comment="sent twice"), *invoice.charges[1:]))

    assert specified(invoice).fingerprint == specified(large_invoice(20)).fingerprint
    assert len({specified(one).fingerprint for one in (invoice, other, replace(invoice, title="November"))}) == 3
    assert specified(invoice).fingerprint != specified(invoice, Language.ENGLISH).fingerprint


def test_the_day_of_a_charge_is_no_part_of_what_is_invoiced() -> None:
    """A record that was written before days were read does not look as if Ongoing had changed its invoice."""
    invoice = large_invoice(3)
    undated = replace(invoice, charges=tuple(replace(one, day=None) for one in invoice.charges))

    assert invoice.content == undated.content


def test_settings_that_sum_up_give_other_rows_and_the_same_sums() -> None:
    """One row for each charge, or one for each article."""
    each = replace(SETTINGS, rows=RowGrouping.PER_CHARGE)
    assert isinstance(each, IntegrationSettings)
    summed, single = specified(large_invoice(60)), specified(large_invoice(60), settings=each)

    assert (len(summed.rows), len(single.rows)) == (23, 60)
    assert summed.net == single.net
