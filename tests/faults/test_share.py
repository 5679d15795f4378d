"""What is played in shares is played whole in the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.share import Share


@given(st.integers(0, 60), st.integers(1, 12), st.integers(0, 60))
def test_all_shares_together_are_everything(size: int, of: int, turned: int) -> None:
    """Also of lists that are shorter than there are shares."""
    items = list(range(size))
    shares = [Share.parse(f"{number}/{of}").pick(items, turned=turned) for number in range(of)]

    assert {item for share in shares for item in share} == set(items)
    assert all(share for share in shares) or not items


@pytest.mark.parametrize("text", ["", "1", "3/3", "-1/3", "0/0", "a/b", "1/2/3"])
def test_what_is_no_share_is_refused(text: str) -> None:
    """A typing error must not play nothing."""
    with pytest.raises(ValueError, match=r"share|literal"):
        Share.parse(text)
