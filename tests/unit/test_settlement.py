"""What became of an invoice, as far as an answer says it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from invoicing.domain.errors import UpstreamContractError
from invoicing.domain.fortnox_invoice import FortnoxInvoice
from invoicing.domain.settlement import Progress, settlement_of

_AT = datetime(2026, 4, 1, tzinfo=UTC)


def _invoice(total: Decimal | None, balance: Decimal | None) -> FortnoxInvoice:
    return FortnoxInvoice(number="7", reference="r", net=None, booked=True, total=total, balance=balance)


@pytest.mark.parametrize(("total", "balance"), [(Decimal(1275), None), (None, Decimal(1275))])
def test_an_amount_that_is_not_said_is_not_nothing(total: Decimal | None, balance: Decimal | None) -> None:
    """Nobody is told that an invoice is paid because Fortnox left out what remains of it."""
    assert settlement_of(_invoice(total, balance), at=_AT).reached is Progress.BOOKED


def test_without_both_amounts_nothing_is_known() -> None:
    """The answer is refused, and the invoice stays as it was known."""
    with pytest.raises(UpstreamContractError, match="Balance"):
        settlement_of(_invoice(None, None), at=_AT)
