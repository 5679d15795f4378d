"""Paid or not: what an office sees of what became of its invoices in Fortnox."""

import csv
import io
import re
from decimal import Decimal

import pytest
from invoicing.domain.integration_settings import Language
from invoicing.rendering.formats import format_amount

from local.fortnox.seed import TENANT_ID
from local.ongoing.seed import WAREHOUSE
from tests.office.day import Day, words_of
from tests.office.situations import followed

ENGLISH = Language.ENGLISH


@pytest.fixture(scope="module")
def month() -> Day:
    """One paid, one in part and overdue, one credited, one changed, one cancelled, one booked; nothing is changed."""
    return followed()


def ids(day: Day, **query: str) -> set[int]:
    """What the list shows."""
    return {int(one) for one in re.findall(r"<small>[^<]*id (\d+)</small>", day.see("/invoices", query=query).body)}


def numbers(day: Day) -> dict[str, int]:
    """Of each invoice in Fortnox, the id in Ongoing."""
    records, _ = day.world.exports.page(WAREHOUSE, limit=100)
    return {record.fortnox_number: record.invoice_id for record in records if record.fortnox_number}


@pytest.mark.parametrize(
    ("progress", "number"),
    [("paid", "1"), ("overdue", "2"), ("credited", "3"), ("changed", "4"), ("cancelled", "5")],
)
def test_the_list_is_narrowed_by_payment(month: Day, progress: str, number: str) -> None:
    """Each way is found, and nothing else."""
    assert ids(month, progress=progress) == {numbers(month)[number]}


def test_the_sums_per_goods_owner_are_those_of_fortnox(month: Day) -> None:
    """Left to pay, to the öre, of what is neither paid nor credited nor cancelled."""
    documents = month.world.fortnox.state()["companies"][TENANT_ID]["invoices"]
    left: dict[tuple[str, str], Decimal] = {}
    for number in ("2", "4", "880012"):
        owner = str(documents[number]["CustomerName"]), str(documents[number]["Currency"])
        left[owner] = left.get(owner, Decimal(0)) + Decimal(str(documents[number]["Balance"]))
    shown = month.see("/invoices").body.partition("To be paid</h2>")[2]

    assert {owner for owner, currency in left if format_amount(left[owner, currency], currency, ENGLISH) in shown} == {
        "Kaffe & Kakao AB",
        "Möbelhuset i Malmö AB",
    }


@pytest.mark.parametrize("language", Language)
def test_an_invoice_tells_what_is_left_and_what_was_changed(month: Day, language: Language) -> None:
    """With what it was when we left it."""
    partly = words_of(month.see(f"/invoices/{numbers(month)['2']}", language).body)
    changed = words_of(month.see(f"/invoices/{numbers(month)['4']}", language).body)

    assert {ENGLISH: "Overdue Left to pay:", Language.SWEDISH: "Förfallen Kvar att betala:"}[language] in partly
    assert {ENGLISH: "Changed in Fortnox", Language.SWEDISH: "Ändrad i Fortnox"}[language] in changed
    assert {ENGLISH: "when we left it", Language.SWEDISH: "när vi lämnade den"}[language] in changed


def test_the_file_has_it_too(month: Day) -> None:
    """With sums of what is left in each currency."""
    rows = list(csv.DictReader(io.StringIO(month.see("/reconciliation.csv").body.removeprefix("\ufeff"))))
    paid = next(row for row in rows if row["Number in Fortnox"] == "1")
    owed = [Decimal(row["Left to pay"]) for row in rows if row["Number in Fortnox"] and row["Left to pay"]]
    sums = [Decimal(row["Left to pay"]) for row in rows if row["Invoice date"] == "Sum" and row["Left to pay"]]

    assert (paid["Payment"], paid["Left to pay"]) == ("Paid", "")
    assert sum(sums) == sum(owed) > 0


def test_nothing_of_it_is_shown_where_it_is_off() -> None:
    """Neither a filter nor a state that nobody asked for."""
    day = Day()
    day.later()
    body = day.see("/invoices").body

    assert 'name="progress"' not in body
    assert "To be paid" not in body
