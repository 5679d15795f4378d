"""One invoice as Fortnox has it beside what Ongoing's would be now: what a person reads before deciding."""

from __future__ import annotations

from decimal import Decimal

from invoicing.application.compare_invoice import Comparison, compare_invoice

from local.ongoing.seed import WAREHOUSE
from tests.books.books import NUMBER, Books, charge


def compared(books: Books) -> Comparison:
    """What the page shows."""
    return compare_invoice(books.world.parts.rehearsal_tools(books.integration), books.integration, NUMBER)


def quantities(found: Comparison) -> list[tuple[object, object]]:
    """Of each pair of rows: in Fortnox, in Ongoing."""
    return [(pair.there and pair.there.quantity, pair.ours and pair.ours.quantity) for pair in found.rows]


def test_both_sides_are_shown_row_by_row() -> None:
    """What Fortnox has is read now, and Ongoing's is drawn up now."""
    found = compared(Books().sent().wms_invoice(charge(quantity=Decimal(14))))

    assert quantities(found) == [(Decimal(12), Decimal(14))]
    assert found.there is not None
    assert found.there.number == "1"


def test_what_was_never_sent_has_one_side() -> None:
    """With a record, or without one."""
    never_looked_at, held = Books(), Books().card(Active=False).run()

    for books in (never_looked_at, held):
        assert compared(books).there is None
        assert quantities(compared(books)) == [(None, Decimal(12))]


def test_what_ongoing_has_no_more_or_garbles_is_shown_as_fortnox_has_it() -> None:
    """Deleted, or of charges that no invoice can be made of."""
    deleted, garbled = Books().sent(), Books().sent().wms_invoice(charge(account="1"))
    deleted.world.ongoing.remove_invoice(WAREHOUSE, NUMBER)

    for books in (deleted, garbled):
        assert compared(books).draft is None
        assert quantities(compared(books)) == [(Decimal(12), None)]
