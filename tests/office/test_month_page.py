"""The month: sums that tie the two systems to each other, as an office sees them."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest
from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.month import UNDATED, Apart, Stage, line_of
from invoicing.rendering.formats import format_number

from local.ongoing import seed
from local.ongoing.faults import Effect, FaultRule
from local.ongoing.seed import WAREHOUSE
from tests.office.day import Day, words_of
from tests.office.situations import followed
from tests.support.fakes import FakeMonths

ENGLISH = Language.ENGLISH
LAST = "2026-02"  # the month that the demo's invoices are of
TIES, DOES_NOT = "every öre is accounted for", "it does not tie"


@pytest.fixture(scope="module")
def month() -> Day:
    """Six sent some weeks ago; people in Fortnox paid, credited, cancelled and changed some. Nothing is changed."""
    return followed()


def seen(day: Day, language: Language = ENGLISH, **query: str) -> str:
    """What the page says."""
    return words_of(day.see("/month", language, query={"month": LAST, **query}).body)


def in_fortnox(day: Day) -> list[Export]:
    """The records of invoices in kronor that are there."""
    records, _ = day.world.exports.page(WAREHOUSE, limit=1000)
    return [one for one in records if one.fortnox_net and one.currency == "SEK"]


def net_of_last(day: Day) -> Decimal:
    """What Fortnox has of the last month, in kronor, as it counts there."""
    lines = map(line_of, in_fortnox(day))
    return sum((one.net or Decimal(0) for one in lines if one.month == LAST), Decimal(0))


def price(amount: Decimal) -> str:
    """As the page writes it in English."""
    return format_number(amount, ENGLISH, decimals=2)


def equation(day: Day, currency: str = "SEK", **query: str) -> tuple[Decimal, Decimal]:
    """Both sides of the line that proves it, as a reader adds them up."""
    body = day.see("/month", query={"month": LAST, **query}).body
    line = re.search(r'<p class="equation">(.*?)</p>', body.partition(f"<h2>{currency}: ")[2], re.DOTALL)
    assert line is not None
    terms = re.findall(r"<span[^>]*>([+\u2212=])?[^<]*<strong>([^<]*)</strong></span>", line[1])
    (_, left), *right = terms
    signed = [(-1 if sign == "\u2212" else 1) * Decimal(number.replace(",", "")) for sign, number in right]
    return Decimal(left.replace(",", "")), sum(signed, Decimal(0))


def amounts_in_ongoing(day: Day, name: str, currency: str = "SEK") -> Decimal:
    """What Ongoing itself has of a month."""
    warehouse = day.world.ongoing.warehouse(WAREHOUSE)
    theirs = {one.id: one.currency for one in warehouse.goods_owners}
    return sum(
        (
            one.total
            for one in warehouse.invoices
            if one.id != seed.OF_TRAINING  # which Ongoing itself does not show
            and f"{one.invoice_date:%Y-%m}" == name
            and theirs[one.goods_owner_id] == currency
        ),
        Decimal(0),
    )


@pytest.mark.parametrize("currency", ["SEK", "EUR"])
def test_the_line_adds_up_to_what_ongoing_has(month: Day, currency: str) -> None:
    """Of both sides, and to what Ongoing itself says of that month."""
    left, right = equation(month, currency)

    assert left == right == amounts_in_ongoing(month, LAST, currency)


def test_differences_have_their_reasons(month: Day) -> None:
    """What somebody changed, credited or cancelled in Fortnox is named, with its invoices."""
    said = seen(month)

    assert said.count(TIES) >= 1
    assert DOES_NOT not in said
    for reason in ("changed in Fortnox", "credited in Fortnox", "cancelled in Fortnox"):
        assert reason in said


def test_how_far_each_has_come_is_what_the_records_say(month: Day) -> None:
    """Goods owner by goods owner, column by column, and all of them together."""
    rows = list(csv.reader(io.StringIO(month.see("/month.csv", query={"month": LAST}).body.removeprefix("\ufeff"))))
    head, owners = rows[0], [row for row in rows[1:] if row[1] != "Sum" and not row[1].startswith("Differs")]
    sums = {row[3]: row for row in rows if row[1] == "Sum"}
    lines = [line_of(one) for one in month.world.exports.page(WAREHOUSE, limit=100)[0]]
    column = {name: place for place, name in enumerate(head)}
    for currency in sums:
        for name in ("Amount in Ongoing", "Held", "In Fortnox", "Sent", "Paid", "Differences"):
            place = column[name]
            parts = [row for row in owners if row[3] == currency and not row[1].startswith("Differs")]
            assert sum((Decimal(row[place]) for row in parts), Decimal(0)) == Decimal(sums[currency][place])
    paid = sum(
        (line.net or Decimal(0) for line in lines if line.stage is Stage.PAID and line.currency == "SEK"), Decimal(0)
    )

    assert Decimal(sums["SEK"][column["Paid"]]) == paid > 0


@pytest.mark.parametrize("language", Language)
def test_what_does_not_tie_is_said_loudly_and_by_how_much(language: Language) -> None:
    """Whatever made Fortnox's net another one than Ongoing's; two that make up for each other are two all the same."""
    day = Day()
    day.later()
    records = [
        one for one in day.world.exports.page(WAREHOUSE, limit=100)[0] if one.fortnox_net and one.currency == "SEK"
    ]
    for record, more in zip(records[:2], (Decimal("0.01"), Decimal("-0.01")), strict=True):
        wrong = replace(record, version=record.version + 1, fortnox_net=(record.fortnox_net or Decimal(0)) + more)
        day.world.exports.save(wrong, event=None)
    day.world.months = FakeMonths()  # counted anew from the records
    even = words_of(day.see("/month", language, query={"month": LAST}).body)
    wrong = replace(records[0], version=records[0].version + 2, fortnox_net=(records[0].fortnox_net or Decimal(0)) + 7)
    day.world.exports.save(wrong, event=None)
    off = words_of(day.see("/month", language, query={"month": LAST}).body)
    number = format_number(Decimal("6.99"), language, decimals=2)

    assert {ENGLISH: DOES_NOT, Language.SWEDISH: "stämmer inte"}[language] in even
    assert {ENGLISH: "2 invoices are not the same", Language.SWEDISH: "2 fakturor är inte desamma"}[language] in even
    assert {ENGLISH: f"without a reason {number}", Language.SWEDISH: f"utan orsak {number}"}[language] in off


def test_without_ongoing_the_rest_is_shown() -> None:
    """And that something is missing."""
    day = Day()
    day.later()
    whole = seen(day)
    day.world.ongoing.add_fault(FaultRule(effect=Effect.BEFORE, times=None))
    said = seen(day)
    there = sum((one.fortnox_net or Decimal(0) for one in in_fortnox(day)), Decimal(0))

    assert "Ongoing does not answer" in said
    assert "Ongoing does not answer" not in whole
    assert f"Fortnox {price(there)}" in said


def test_a_month_that_still_grows_shows_what_is_gathered() -> None:
    """Read from Ongoing now, by goods owner."""
    day = Day()
    day.only()
    day.add(1, like=seed.STILL_GROWING, first=9001)
    growing = next(one for one in day.world.ongoing.warehouse(WAREHOUSE).invoices if one.id == 9001)
    assert growing.invoice_date is not None
    name = f"{growing.invoice_date:%Y-%m}"
    said = seen(day, month=name)

    assert f"+ gathered so far {price(growing.total)}" in said
    assert amounts_in_ongoing(day, name) == growing.total


def test_what_has_no_date_stands_apart() -> None:
    """It belongs to no month, and each month says that there is some."""
    day = Day()
    day.later()
    none = seen(day)
    record = in_fortnox(day)[0]
    undated = replace(record, invoice_id=50_000, version=1, invoice_date=None, goods_owner="Utan Datum AB", history=())
    day.world.exports.save(undated, event=None)
    day.world.months = FakeMonths()
    here, apart = seen(day), seen(day, month=UNDATED)

    assert "no date yet" not in none
    assert "1 invoice has no date yet" in here
    assert "Utan Datum AB" not in here
    assert "Without a date" in apart
    assert "Utan Datum AB" in apart


def test_the_list_finds_what_has_no_date_as_the_month_does() -> None:
    """It shows none, not the day on which it was stored; dates that are asked for leave it out."""
    day = Day()
    day.later()
    record = in_fortnox(day)[0]
    undated = replace(record, invoice_id=50_000, version=1, invoice_date=None, goods_owner="Utan Datum AB", history=())
    day.world.exports.save(undated, event=None)
    stored_in = f"{day.world.clock():%Y-%m}"
    listed = {
        query: day.see("/invoices", query=dict(parse_qsl(query))).body.partition("<table")[2]
        for query in ("", f"month={UNDATED}", f"month={stored_in}", "until=2999-01-01", "since=2000-01-01")
    }
    (row,) = re.findall(r'<tr><th scope="row".*?</tr>', listed[f"month={UNDATED}"])

    assert {query for query, table in listed.items() if "Utan Datum AB" in table} == {"", f"month={UNDATED}"}
    assert 'data-label="Date">–</td>' in row
    assert "Utan Datum AB" in day.see("/reconciliation.csv", query={"month": UNDATED}).body


def test_an_older_installation_and_a_killed_run_show_what_the_records_say(month: Day) -> None:
    """What is kept beside them is not believed then."""
    day = followed()
    before = equation(day), seen(day).count("changed in Fortnox")
    stored = day.world.months
    day.world.months = FakeMonths()
    none = equation(day), seen(day).count("changed in Fortnox")
    day.world.months = stored
    record = next(one for one in day.world.exports.page(WAREHOUSE, limit=100)[0] if one.state is ExportState.HELD)
    day.world.exports.save(replace(record, version=record.version + 1, amount=record.amount + 5), event=None)
    stale = equation(day)
    run = day.integration.last_run
    assert run is not None
    behind = replace(run, behind=day.world.clock())
    integration = day.integration
    day.world.integrations.save_run(
        WAREHOUSE,
        behind,
        done=frozenset(),
        unfinished=integration.unfinished,
        marked=integration.marked,
        detected=integration.detected_price_meaning,
    )
    read_anew = equation(day)

    assert before == none
    assert stale == before[0]
    assert read_anew == (stale[0] + 5, stale[1] + 5)


def test_too_many_records_to_wait_for_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until a run has counted them."""
    day = Day()
    day.later()
    day.world.months = FakeMonths()
    monkeypatch.setattr("invoicing.application.read_month.SECONDS_TO_READ", -1.0)
    monkeypatch.setattr("invoicing.application.read_month._RECORDS", 3)
    said = seen(day)

    assert "This is not whole" in said


def test_months_are_chosen_and_wrong_ones_are_not() -> None:
    """What an address says wrongly is the month that is now."""
    day = Day()
    day.later()
    for wrong in ("2026-13", "nonsense", "2026-1", "", "9999-99", "undated "):
        body = day.see("/month", query={"month": wrong}).body
        assert "<h1>March 2026</h1>" in body
    body = day.see("/month", query={"month": LAST}).body

    assert "<h1>February 2026</h1>" in body
    assert re.search(r'rel="next" href="[^"]*month=2026-03"', body)
    assert day.see("/month", query={"month": "1999-12"}).status == 200


@pytest.mark.parametrize("moment", ["23:30", "00:30"])
def test_the_month_that_is_now_is_that_of_sweden(moment: str) -> None:
    """At midnight between two years."""
    day = Day()
    at = {"23:30": (2026, 12, 31, 22, 30), "00:30": (2026, 12, 31, 23, 30)}[moment]
    day.world.later(seconds=(datetime(*at, tzinfo=UTC) - day.world.clock()).total_seconds())
    day.office.log_in()
    body = day.see("/month").body

    assert {"23:30": "<h1>December 2026</h1>", "00:30": "<h1>January 2027</h1>"}[moment] in body


def test_the_plot_can_be_read_without_seeing_it(month: Day) -> None:
    """Title, description, and a table with the same numbers."""
    body = month.see("/month", query={"month": LAST}).body
    drawing = re.search(r"<svg class=\"plot\".*?</svg>", body, re.DOTALL)
    table = words_of(body.partition("As a table")[2].partition("</table>")[0])

    assert drawing is not None
    assert 'role="img" aria-labelledby="plot-title-1" aria-describedby="plot-desc-1"' in drawing[0]
    assert re.search(r'<path class="there" d="M[^"]+z"/>', drawing[0])
    assert "February 2026" in table
    assert price(net_of_last(month)) in table


def test_a_deleted_invoice_is_in_fortnox_alone(month: Day) -> None:
    """Ongoing has nothing of it any more."""
    record = next(one for one in month.world.exports.page(WAREHOUSE, limit=100)[0] if one.fortnox_net)
    deleted = replace(record, state=ExportState.HELD, settled=None, issue=Issue(code=IssueCode.DELETED_IN_WMS))

    assert (line_of(deleted).amount, line_of(deleted).apart) == (Decimal(0), Apart.DELETED)


def test_it_is_led_to_from_where_one_looks_for_it(month: Day) -> None:
    """The menu of each page, and the list of invoices."""
    assert re.search(r'<a href="[^"]*/month">Month</a>', month.see("").body)
    assert re.search(r'<a href="[^"]*/month\?month=2026-02">', month.see("/invoices", query={"month": LAST}).body)


def test_a_month_of_many_goods_owners_is_shown_in_parts(month: Day) -> None:
    """Each part with the sums of all."""
    day = Day()
    day.later()
    record = next(
        one for one in day.world.exports.page(WAREHOUSE, limit=100)[0] if one.fortnox_net and one.currency == "SEK"
    )
    for number in range(60):
        other = replace(record, invoice_id=50_000 + number, version=1, goods_owner=f"Kund {number:02d}", history=())
        day.world.exports.save(other, event=None)
    day.world.months = FakeMonths()
    first, last = (
        day.see("/month", query={"month": LAST}).body,
        day.see("/month", query={"month": LAST, "page": "6"}).body,
    )
    every = day.see("/month", query={"month": LAST, "page": "all"}).body

    assert "Kund 00" in first
    assert "Kund 59" not in first
    assert "Kund 59" in last
    assert all(f"Kund {number:02d}" in every for number in range(60))
    assert equation(day) == equation(day, page="6")


def test_more_goods_owners_than_an_answer_can_carry_stay_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for all of them gets the first part; the files have all."""
    day = Day()
    day.later()
    monkeypatch.setattr("invoicing.pages.month._MOST_ON_ONE_PAGE", 3)
    monkeypatch.setattr("invoicing.pages.month.MONTH_OWNERS_PER_PAGE", 2)
    first, asked = seen(day), seen(day, page="all")
    rows = day.see("/month.csv", query={"month": LAST}).body

    assert "All on one page" not in first
    assert first == asked
    assert all(owner in rows for owner in ("Kaffe & Kakao AB", "Nystartad E-handel HB", "Nordic Gear AS"))


@pytest.mark.parametrize("language", Language)
def test_the_month_goes_home_as_a_file_for_the_auditor(month: Day, language: Language) -> None:
    """A PDF, and the page leads to it."""
    answer = month.see("/month.pdf", language, query={"month": LAST})

    assert (answer.status, answer.file[:5]) == (200, b"%PDF-")
    assert "/month.pdf?month=2026-02" in month.see("/month", language, query={"month": LAST}).body
