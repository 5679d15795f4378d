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
    FEES_EXPECTED = "fees_expected"  # customer_number
    FEES_ADDED = "fees_added"  # amount, currency
    MAIL_TEXTS_REFUSED = "mail_texts_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One hint, and the words that its text is filled with."""

    code: HintCode
    params: Mapping[str, str] = field(default_factory=dict)


def hints_before(customer: Customer | None, *, due: date | None, today: date, without_fees: bool) -> tuple[Hint, ...]:
    """What is to be mentioned about an invoice that would be sent today."""
    hints = [*_overdue(due, today), *_of_card(customer)]
    if customer is not None and customer.has_fees and not without_fees:
        hints.append(Hint(code=HintCode.FEES_EXPECTED, params={"customer_number": customer.number}))
    return tuple(hints)


def hints_after(
    customer: Customer | None, there: FortnoxInvoice, *, dated_on: date | None, before: tuple[Hint, ...]
) -> tuple[Hint, ...]:
    """What is to be mentioned about an invoice that is there now.

    `dated_on` is the day on which it got its due date; None: it has it since what was said `before`, which stays true
    as long as nobody moves the date.
    """
    if dated_on is None:
        said = {"due_date": str(there.due_date)}
        overdue = [one for one in before if one.code is HintCode.BORN_OVERDUE and one.params == said]
    else:
        overdue = _overdue(there.due_date, dated_on)
    of_mail = [one for one in before if one.code is HintCode.MAIL_TEXTS_REFUSED]
    hints = [*overdue, *_of_card(customer), *of_mail]
    if there.fees not in {None, Decimal(0)}:
        params = {"amount": str(there.fees), "currency": there.currency}
        hints.append(Hint(code=HintCode.FEES_ADDED, params=params))
    return tuple(hints)


def _overdue(due: date | None, today: date) -> list[Hint]:
    return (
        [Hint(code=HintCode.BORN_OVERDUE, params={"due_date": str(due)})] if is_born_overdue(due, today=today) else []
    )


def _of_card(customer: Customer | None) -> list[Hint]:
    if customer is None:
        return []
    lacking = {
        HintCode.DELIVERY_COUNTRY_MISSING: customer.delivers_without_country,
        HintCode.VAT_NUMBER_MISSING: customer.vat_type == "EUREVERSEDVAT" and not customer.vat_number,
    }
    return [Hint(code=code, params={"customer_number": customer.number}) for code, is_so in lacking.items() if is_so]
