"""Our reference on an invoice in Fortnox: two invoices never share one, whatever systems a company connects."""

from hypothesis import given
from hypothesis import strategies as st
from invoicing.domain.export import external_reference
from invoicing.domain.system import is_warehouse_name

# Names that look like other names with an invoice's number behind them are what could be mixed up.
PARTS = st.lists(st.sampled_from(["a", "b1", "1", "2", "12", "g2", "g", "new"]), min_size=1, max_size=4)
NAMES = PARTS.map("-".join).filter(is_warehouse_name)
INVOICES = st.tuples(NAMES, st.integers(0, 30), st.integers(1, 12))


@given(INVOICES, INVOICES)
def test_no_two_invoices_share_a_reference(one: tuple[str, int, int], other: tuple[str, int, int]) -> None:
    """Of any system, any invoice, any generation."""
    assert (external_reference(*one) == external_reference(*other)) == (one == other)


@given(NAMES, st.integers(0, 10**9), st.integers(2, 12))
def test_a_later_generation_is_not_the_first_of_a_system_whose_name_ends_alike(
    name: str, invoice_id: int, generation: int
) -> None:
    """Warehouse "nord" made invoice 7 a second time; warehouse "nord-7" has an invoice 2."""
    assert external_reference(name, invoice_id, generation) != external_reference(f"{name}-{invoice_id}", generation)


@given(NAMES, st.integers(0, 10**9), st.integers(1, 99))
def test_every_reference_ends_in_a_delimiter_and_fits(name: str, invoice_id: int, generation: int) -> None:
    """No reference is found by the beginning of another invoice's; Fortnox takes 80 characters."""
    longest = external_reference("n" * 50, invoice_id, generation)

    assert external_reference(name, invoice_id, generation).endswith("-")
    assert len(longest) <= 80
