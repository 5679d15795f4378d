"""The port Months: what its fake and its real adapter both promise."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from invoicing.adapters.aws.exports import DynamoExports
from invoicing.adapters.aws.months import DynamoMonths
from invoicing.application.ports import ChangedMeanwhileError, Months
from invoicing.domain.export import Export, ExportState
from invoicing.domain.month import UNDATED, Apart, MonthIndex, MonthLine, Stage, sums_of

from tests.support.aws import Aws
from tests.support.fakes import START, FakeMonths

LINE = MonthLine(
    invoice_id=7,
    month="2026-10",
    day=date(2026, 10, 31),
    number="1007",
    goods_owner="Möbler & Ting AB",
    customer_number="88",
    currency="SEK",
    amount=Decimal("-12345678901.05"),
    stage=Stage.SENT,
    fortnox_number="4711",
    net=Decimal("0.10"),
    fees=Decimal("25.00"),
    to_pay=Decimal("-0.01"),
    apart=Apart.CHANGED_THERE,
)
BARE = MonthLine(
    invoice_id=23,  # in the same part as 7
    month="2026-10",
    day=None,
    number="",
    goods_owner="",
    customer_number="",
    currency="EUR",
    amount=Decimal("0.00"),
    stage=Stage.HELD,
)
LINES = {one.invoice_id: one for one in (LINE, BARE, replace(LINE, invoice_id=8))}


@pytest.fixture
def months(aws: Aws | None) -> Months:
    """An empty table."""
    return FakeMonths() if aws is None else DynamoMonths(aws.dynamodb, aws.table("ExportsTable"))


def test_lines_are_read_back_as_they_were_written(months: Months) -> None:
    """To the öre, whatever is known of them; and of no other month or integration."""
    months.save_month("lagret", months.month("lagret", "2026-10"), LINES)

    assert months.month("lagret", "2026-10").lines == LINES
    assert months.month("lagret", "2026-11").lines == {}
    assert months.month("lagre", "2026-10").lines == {}


def test_what_was_read_is_replaced(months: Months) -> None:
    """A line that is left out is gone."""
    months.save_month("lagret", months.month("lagret", "2026-10"), LINES)
    later = {7: replace(LINE, stage=Stage.PAID), 8: LINES[8]}
    months.save_month("lagret", months.month("lagret", "2026-10"), later)

    assert months.month("lagret", "2026-10").lines == later


def test_whoever_comes_late_changes_nothing(months: Months) -> None:
    """Two that read the same: the second write is refused, also where nothing was before."""
    before = months.month("lagret", "2026-10")
    months.save_month("lagret", before, LINES)
    read = months.month("lagret", "2026-10")
    months.save_month("lagret", read, {**LINES, 7: replace(LINE, number="new")})
    for late in (before, read):
        with pytest.raises(ChangedMeanwhileError):
            months.save_month("lagret", late, {7: replace(LINE, number="late")})

    assert months.month("lagret", "2026-10").lines[7].number == "new"


def test_the_index_is_read_back_and_guarded(months: Months) -> None:
    """With the sums of each month and currency, and how far a reading has come."""
    index = MonthIndex(
        sums={"2026-10": sums_of(LINES.values()), UNDATED: sums_of([BARE])},
        rebuilt_at=START,
        began_at=START + timedelta(days=1),
        goes_on_after=17,
    )

    assert months.index("lagret") is None
    stored = months.save_index("lagret", index)
    assert months.index("lagret") == stored == replace(index, revision=1)
    again = months.save_index("lagret", MonthIndex(revision=stored.revision))
    assert months.index("lagret") == again
    for late in (index, stored):
        with pytest.raises(ChangedMeanwhileError):
            months.save_index("lagret", late)


def test_the_months_of_an_invoice_are_found(months: Months) -> None:
    """Among those that are asked for; another invoice of the same part is none."""
    for month in ("2026-08", "2026-09", "2026-10", UNDATED):
        line = replace(LINE, month=month, invoice_id=7 if month != "2026-09" else 23)
        months.save_month("lagret", months.month("lagret", month), {line.invoice_id: line})

    assert months.stored("lagret") == ["2026-08", "2026-09", "2026-10", UNDATED]
    assert months.stored("lagre") == []
    assert list(months.holding("lagret", {7}, {"2026-08", "2026-09", UNDATED, "2025-01"})) == ["2026-08", UNDATED]
    assert list(months.holding("lagret", {8}, {"2026-08", "2026-09"})) == []


def test_months_lie_among_the_records_and_disturb_none(aws: Aws | None) -> None:
    """They are in the same table: pages of records and of histories do not see them."""
    if aws is None:
        pytest.skip("the fakes share no table")
    table = aws.table("ExportsTable")
    exports, months = DynamoExports(aws.dynamodb, table), DynamoMonths(aws.dynamodb, table)
    record = Export(integration_id="lagret", invoice_id=7, state=ExportState.DONE, version=1, reference="r")
    exports.save(record, event=None)
    months.save_month("lagret", months.month("lagret", "2026-10"), LINES)
    months.save_index("lagret", MonthIndex())

    assert exports.page("lagret", limit=10) == ([record], None)
    assert exports.histories("lagret", limit=10) == ([record], None)
    assert exports.agreements("lagret") == []


@pytest.mark.parametrize("made", ["another way", "no way"])
def test_lines_that_were_made_in_another_way_are_none(aws: Aws | None, made: str) -> None:
    """They are made anew, over what is there."""
    if aws is None:
        pytest.skip("the fake stores nothing that could be of another version")
    table = aws.table("ExportsTable")
    months = DynamoMonths(aws.dynamodb, table)
    months.save_month("lagret", months.month("lagret", "2026-10"), LINES)
    months.save_index("lagret", MonthIndex(rebuilt_at=START))
    for item in aws.dynamodb.scan(TableName=table)["Items"]:
        other = {**item, "lines_made": {"N": "0"}} if made == "another way" else {**item}
        if made == "no way":
            del other["lines_made"]
        aws.dynamodb.put_item(TableName=table, Item=other)
    index, month = months.index("lagret"), months.month("lagret", "2026-10")

    assert index == MonthIndex(revision=1)
    assert month.lines == {}
    months.save_month("lagret", month, LINES)
    assert months.month("lagret", "2026-10").lines == LINES
