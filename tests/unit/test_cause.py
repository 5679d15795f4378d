"""domain/cause: the same thing to mend is told once."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from invoicing.domain.cause import causes_of
from invoicing.domain.export import Export, ExportState
from invoicing.domain.issue import Issue, IssueCode

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def held(invoice_id: int, code: IssueCode, amount: str = "100.00", currency: str = "SEK", **params: str) -> Export:
    """A held invoice; the lower its id, the longer it is held."""
    return Export(
        integration_id="nordlager",
        invoice_id=invoice_id,
        state=ExportState.HELD,
        version=1,
        reference=f"ONGOING-nordlager-{invoice_id}-",
        amount=Decimal(amount),
        currency=currency,
        invoice_date=date(2026, 10, 31),
        issue=Issue(code=code, params=params),
        issue_since=NOON + timedelta(minutes=invoice_id),
    )


@pytest.mark.parametrize(
    ("code", "one", "other"),
    [
        (IssueCode.ACCOUNT_NOT_VALID, {"account": "1", "article_number": "A", "row": "x"}, {"row": "y"}),
        (IssueCode.CUSTOMER_UNKNOWN, {"customer_number": "7", "goods_owner": "A"}, {"goods_owner": "A AB"}),
        (IssueCode.ACCOUNT_UNKNOWN, {"account": "3041", "message": "m1"}, {"message": "m2"}),
        (IssueCode.PERIOD_LOCKED, {"invoice_date": "2026-10-31"}, {"invoice_date": "2026-10-01"}),
        (IssueCode.FINANCIAL_YEAR_MISSING, {"invoice_date": "2026-10-31"}, {"invoice_date": "2026-01-01"}),
        (IssueCode.NO_ROWS, {}, {}),
    ],
)
def test_what_one_act_mends_is_one_cause(code: IssueCode, one: dict[str, str], other: dict[str, str]) -> None:
    """However differently the invoices word it."""
    causes = causes_of([held(1, code, **one), held(2, code, **{**one, **other})])

    assert [[export.invoice_id for export in cause.exports] for cause in causes] == [[1, 2]]


@pytest.mark.parametrize(
    ("code", "one", "other"),
    [
        (IssueCode.ACCOUNT_NOT_VALID, {"account": "1", "article_number": "A"}, {"article_number": "B"}),
        (IssueCode.CUSTOMER_UNKNOWN, {"customer_number": "7"}, {"customer_number": "8"}),
        (IssueCode.PERIOD_LOCKED, {"invoice_date": "2026-10-31"}, {"invoice_date": "2026-09-30"}),
        (IssueCode.INVOICE_BOOKED, {"fortnox_number": "1"}, {"fortnox_number": "2"}),
    ],
)
def test_what_needs_an_act_each_is_two_causes(code: IssueCode, one: dict[str, str], other: dict[str, str]) -> None:
    """Mending one leaves the other."""
    assert len(causes_of([held(1, code, **one), held(2, code, **other)])) == 2


def test_fifty_invoices_of_eight_causes_are_eight_and_the_largest_sum_comes_first() -> None:
    """With every invoice below its cause, and sums that tie."""
    records = [
        held(n, IssueCode.CUSTOMER_UNKNOWN, amount=f"{n}.50", customer_number=str(n % 8), goods_owner=f"owner {n}")
        for n in range(1, 51)
    ]
    causes = causes_of(records)
    sums = [cause.work.sums["SEK"] for cause in causes]

    assert len(causes) == 8
    assert sums == sorted(sums, reverse=True)
    assert sum(sums) == sum(record.amount for record in records)
    assert sum(cause.work.count for cause in causes) == 50


def test_each_currency_keeps_a_sum_of_its_own() -> None:
    """Kronor and euro are never added."""
    (cause,) = causes_of([held(1, IssueCode.NO_ROWS), held(2, IssueCode.NO_ROWS, "9.00", "EUR")])

    assert cause.work.sums == {"EUR": Decimal("9.00"), "SEK": Decimal("100.00")}


def test_a_cause_tells_of_the_invoice_that_it_stopped_first() -> None:
    """Since when, and in the words of that invoice."""
    (cause,) = causes_of([held(9, IssueCode.UNIT_REFUSED, unit="x"), held(3, IssueCode.UNIT_REFUSED, unit="x")])

    assert (cause.since, cause.exports[0].invoice_id) == (NOON + timedelta(minutes=3), 3)
