"""Texts that Fortnox accepts."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from invoicing.domain.texts import clean_text

# Fortnox's own list, from its page on formats and encoding, as an expression.
ACCEPTED = re.compile(r"(?:[^\W\d_]|[0-9 \n’\\–:.`´,;^¤#%§£$€¢¥©™°&/()=+\-*_!?²³®½@¨˚\u00a0])*")


@settings(max_examples=1000)
@given(st.text(max_size=400), st.integers(10, 300), st.booleans())
def test_any_text_comes_out_acceptable_and_short_enough(text: str, limit: int, lines: bool) -> None:
    """One refused character would refuse the whole invoice."""
    cleaned = clean_text(text, limit, lines=lines)

    assert len(cleaned) <= limit
    assert ACCEPTED.fullmatch(cleaned)


def test_meaning_is_kept_where_it_can_be() -> None:
    """The nearest thing that Fortnox takes."""
    cleaned = clean_text("Pall > 2 m, 3×4 [”extra”]\tåäö ÅÄÖ é 100 %", 255)

    assert cleaned == "Pall ) 2 m, 3x4 (’extra’) åäö ÅÄÖ é 100 %"
