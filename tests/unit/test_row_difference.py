"""Rows of Fortnox beside those of Ongoing."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from invoicing.domain.fortnox_invoice import FortnoxRow, InvoiceRow
from invoicing.domain.row_difference import pair_rows

OURS = InvoiceRow(
    article_number="PALL", description="Pallplats", quantity=Decimal(2), price=Decimal(85), account=3041, cost_centre=""
)


def row(article: str = "PALL", text: str = "Pallplats", quantity: int = 2) -> InvoiceRow:
    """One of ours."""
    return replace(OURS, article_number=article, description=text, quantity=Decimal(quantity))


def there(one: InvoiceRow) -> FortnoxRow:
    """The same in Fortnox."""
    return FortnoxRow(
        article_number=one.article_number,
        description=one.description,
        quantity=one.quantity,
        price=one.price,
        account=one.account,
    )


ROWS = st.lists(st.builds(row, st.sampled_from(["PALL", "PLOCK"]), st.sampled_from(["a", "b"]), st.integers(1, 3)))


@given(ROWS, st.randoms())
def test_the_same_rows_in_another_order_do_not_differ(rows: list[InvoiceRow], chance: object) -> None:
    """Each finds its own."""
    shuffled = list(map(there, rows))
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # a random.Random

    assert [pair for pair in pair_rows(shuffled, rows) if pair.differs] == []


@given(ROWS, ROWS)
def test_every_row_of_both_sides_is_shown_once(one: list[InvoiceRow], other: list[InvoiceRow]) -> None:
    """Nothing is hidden, and nothing is shown twice."""
    pairs = pair_rows(list(map(there, one)), other)

    assert [pair.ours for pair in pairs if pair.ours] == other
    assert sorted(map(repr, (pair.there for pair in pairs if pair.there))) == sorted(map(repr, map(there, one)))


def test_a_changed_row_stands_beside_the_one_of_its_article() -> None:
    """And what only one side has stands alone."""
    pairs = pair_rows([there(row(quantity=3)), there(row("FRAKT"))], [row(), row("PLOCK")])

    assert [
        (pair.there.article_number if pair.there else "", pair.ours.article_number if pair.ours else "")
        for pair in pairs
    ] == [
        ("PALL", "PALL"),
        ("", "PLOCK"),
        ("FRAKT", ""),
    ]
    assert [pair.differs for pair in pairs] == [True, True, True]
