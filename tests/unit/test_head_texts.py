"""Texts on an invoice's head: ours, the customer's, and a person's."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoicing.domain.fortnox_invoice import FortnoxInvoice
from invoicing.domain.head_texts import HeadTexts, changed_texts, not_cleared, now_filled, remarks_after
from invoicing.domain.texts import REMARKS_LIMIT

texts = st.text(st.characters(categories=["L", "Nd"]), max_size=1100)


def there(**texts: str) -> FortnoxInvoice:
    """The invoice as Fortnox has it now."""
    return FortnoxInvoice(number="1", reference="", net=None, **texts)  # type: ignore[arg-type]


@given(texts.filter(lambda text: len(text) <= REMARKS_LIMIT), texts)
def test_the_customers_text_is_whole_and_first_within_the_length(customers: str, ours: str) -> None:
    """Ours is cut."""
    remarks = remarks_after(customers, ours[:REMARKS_LIMIT])

    assert len(remarks) <= REMARKS_LIMIT
    assert not remarks or remarks.startswith(customers)


def test_a_text_that_is_on_the_card_already_is_not_said_twice() -> None:
    """Then nothing is sent, and Fortnox takes the card's."""
    assert remarks_after("Avtal 7. Oktober", "Oktober") == ""
    assert remarks_after("Avtal 7", "") == ""
    assert remarks_after("", "Oktober") == "Oktober"
    assert remarks_after("Avtal 7", "Oktober") == "Avtal 7\nOktober"


@pytest.mark.parametrize(
    ("now", "filled", "wanted", "expected"),
    [
        ("Kst 4410", "", "", None),  # the card's, or a person's
        ("Bo", "Åsa", "Åsa", None),  # a person changed it, Ongoing did not
        ("Bo", "Åsa", "Eva", "Eva"),  # Ongoing changed it
        ("Åsa", "Åsa", "", ""),  # ours, and Ongoing has it no more
        ("Bo", "Åsa", "", None),  # a person's by now
        ("", "", "Åsa", "Åsa"),
        ("Eva", "Åsa", "Eva", "Eva"),  # sent before, and the answer was lost
    ],
)
def test_a_reference_is_set_when_ongoing_changed_it_and_cleared_when_it_is_ours(
    now: str, filled: str, wanted: str, expected: str | None
) -> None:
    """What Ongoing never had stays."""
    changed = changed_texts(
        there(your_reference=now), HeadTexts(your_reference=filled), HeadTexts(your_reference=wanted)
    )

    assert changed.your_reference == expected


@pytest.mark.parametrize(
    ("now", "filled", "wanted", "expected"),
    [
        ("Oktober", "Oktober", "November", "November"),
        ("Ring Lena\nOktober", "Oktober", "November", "Ring Lena\nNovember"),
        ("Ring Lena", "Oktober", "November", None),
        ("Ring Lena\nOktober", "Oktober", "", "Ring Lena"),
        ("Oktober", "Oktober", "", ""),
        ("Avtal 7", "", "", None),
        ("", "", "November", "November"),
    ],
)
def test_an_invoice_text_that_a_person_wrote_stays(now: str, filled: str, wanted: str, expected: str | None) -> None:
    """Beside ours, or instead of it."""
    changed = changed_texts(there(remarks=now), HeadTexts(remarks=filled), HeadTexts(remarks=wanted))

    assert changed.remarks == expected


def test_what_we_filled_is_known_after_a_change_and_what_was_not_cleared_is_told() -> None:
    """None leaves it."""
    changed = HeadTexts(remarks=None, your_order_number="", your_reference="Eva")

    filled = HeadTexts(remarks="Oktober", your_order_number="PO-1")
    assert now_filled(filled, changed, {}) == HeadTexts(remarks="Oktober", your_order_number="", your_reference="Eva")
    left = not_cleared(there(your_order_number="PO-1"), changed)
    assert left == {"your_order_number": "PO-1"}
    assert now_filled(filled, changed, left) == replace(filled, your_reference="Eva")
    assert not_cleared(there(remarks="Oktober", your_reference="Eva"), changed) == {}
