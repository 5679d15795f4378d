"""Hints: what a careful bookkeeper would mention about an invoice, and what stops nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from invoicing.domain.due_date import is_born_overdue
from invoicing.domain.fortnox_invoice import Customer, FortnoxInvoice


class HintCode(StrEnum):
    """Every kind of hint. The comment names the parameters that its text uses."""

    BORN_OVERDUE = "born_overdue"  # due_date
    DELIVERY_COUNTRY_MISSING = "delivery_country_missing"  # customer_number
    VAT_NUMBER_MISSING = "vat_number_missing"  # customer_number
    FEES_ADDED = "fees_added"  # amount, currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One hint, and the words that its text is filled with."""

    code: HintCode
    params: Mapping[str, str] = field(default_factory=dict)


def hints_of(
    customer: Customer | None, *, due: date | None, today: date, there: FortnoxInvoice | None = None
) -> tuple[Hint, ...]:
    """What is to be mentioned about an invoice that is sent today; `there` is what Fortnox made of it."""
    hints: list[Hint] = []
    if is_born_overdue(due, today=today):
        hints.append(Hint(code=HintCode.BORN_OVERDUE, params={"due_date": str(due)}))
    if customer is not None and customer.delivers_without_country:
        hints.append(Hint(code=HintCode.DELIVERY_COUNTRY_MISSING, params={"customer_number": customer.number}))
    if customer is not None and customer.vat_type == "EUREVERSEDVAT" and not customer.vat_number:
        hints.append(Hint(code=HintCode.VAT_NUMBER_MISSING, params={"customer_number": customer.number}))
    if there is not None and there.fees not in {None, Decimal(0)}:
        params = {"amount": str(there.fees), "currency": there.currency}
        hints.append(Hint(code=HintCode.FEES_ADDED, params=params))
    return tuple(hints)
