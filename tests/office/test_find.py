"""Find it: any invoice by whatever one knows of it, with sums, from a link that survives signing in."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

import pytest
from invoicing.domain.integration_settings import Language

from local.ongoing import seed
from local.ongoing.faults import Effect, FaultRule
from local.ongoing.seed import PLAIN, WAREHOUSE
from local.tour import HERE, Visitor
from tests.office.day import MORE, Day, words_of
from tests.office.situations import many_sent, troubled


@pytest.fixture(scope="module")
def month() -> Day:
    """The demo's month; nothing is changed in it."""
    return troubled()


def ids(day: Day, **query: str) -> set[int]:
    """What the list shows."""
    return {int(one) for one in re.findall(r"<small>[^<]*id (\d+)</small>", day.see("/invoices", query=query).body)}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "mobelhuset malmo"}, {5003, 5004, 5009, 5010}),  # without accents, in any case
        ({"search": "ÅNGSTRÖM"}, {5006}),
        ({"search": "1 020,00"}, {PLAIN}),  # an amount, however it is written
        ({"search": "1020.00"}, {PLAIN}),
        ({"search": "1020"}, {PLAIN}),
        ({"search": "880012"}, {seed.OWN_NUMBER}),
        ({"search": "9999"}, {seed.UNKNOWN_CUSTOMER}),
        ({"search": "hantering 2026-03"}, {seed.STILL_GROWING}),  # a title
        ({"state": "held"}, {5006, 5007, 5008, 5009, 5010, 5011}),
        ({"state": "waiting"}, {seed.STILL_GROWING}),
        ({"state": "not_due"}, {seed.STILL_GROWING}),
        ({"month": "2026-03"}, {seed.STILL_GROWING}),
        ({"since": "2026-03-01", "until": "2026-03-31"}, {seed.STILL_GROWING}),
        ({"month": "2026-02", "search": "nordic"}, {seed.EUROS}),
        ({"search": "no such thing"}, set()),
    ],
)
def test_an_invoice_is_found_by_whatever_is_known_of_it(month: Day, query: dict[str, str], found: set[int]) -> None:
    """Sent, held, or waiting in Ongoing."""
    assert ids(month, **query) == found


def test_without_a_filter_all_are_listed_waiting_ones_too(month: Day) -> None:
    """Nothing is hidden behind a state."""
    assert len(ids(month)) == 13


def test_the_list_says_how_many_there_are_and_what_they_come_to_in_each_currency(month: Day) -> None:
    """Of all that was found, in Ongoing and in Fortnox."""
    text = words_of(month.see("/invoices").body).replace("\u00a0", " ")
    truth = month.truth()
    sums = {currency: truth.unsent.sums.get(currency, Decimal(0)) for currency in ("EUR", "SEK")}
    both = {currency: sums[currency] + truth.in_fortnox.sums[currency] for currency in sums}

    assert "1–13 of 13" in text
    assert f"In Ongoing: EUR {both['EUR']:,} + SEK {both['SEK']:,}" in text
    assert "in Fortnox: 6 invoices (EUR 265.00 + SEK 3,509.50)" in text


def test_a_long_list_is_read_in_pages_newer_and_older_or_whole_to_print() -> None:
    """Three hundred on one goods owner."""
    day = many_sent()
    first, last, whole = (day.see("/invoices", query=query).body for query in ({}, {"page": "12"}, {"page": "all"}))

    assert "1–25 of 300" in words_of(first)
    assert (">← Newer" in first, "Older →" in first) == (False, True)
    assert "276–300 of 300" in words_of(last)
    assert (">← Newer" in last, "Older →" in last) == (True, False)
    assert whole.count('<th scope="row"') == 300


def test_what_ongoing_cannot_say_is_said_to_be_missing() -> None:
    """The rest is listed all the same."""
    day = troubled()
    day.world.ongoing.add_fault(FaultRule(effect=Effect.BEFORE, times=None))
    page = day.see("/invoices").body

    assert "Ongoing does not answer: what waits there is missing in this list." in page
    assert page.count('<th scope="row"') == 12


@pytest.mark.parametrize("language", Language)
def test_the_reconciliation_list_ties_to_both_sides(month: Day, language: Language) -> None:
    """One line for each invoice of the view, and sums for each currency that make each other up."""
    answer = month.see("/reconciliation.csv", language, {"month": "2026-02"})
    swedish = language is Language.SWEDISH
    rows = list(csv.reader(io.StringIO(answer.body.removeprefix("\ufeff")), delimiter=";" if swedish else ","))
    heading, lines = rows[0], rows[1:13]
    sums = {(row[0], row[9]): row for row in rows[13:]}

    def amount(text: str) -> Decimal:
        assert ("," in text) is swedish
        return Decimal(text.replace(",", "."))

    truth = month.truth()
    words = ("Summa, i Fortnox", "Summa, inte i Fortnox", "Summa") if swedish else (
        "Sum, in Fortnox", "Sum, not in Fortnox", "Sum")  # fmt: skip
    for currency in ("EUR", "SEK"):
        sent, unsent, whole = (sums[word, currency] for word in words)
        assert amount(sent[11]) == truth.in_fortnox.sums[currency]
        assert amount(sent[8]) + amount(unsent[8]) == amount(whole[8])
        assert amount(whole[8]) == sum(amount(row[8]) for row in lines if row[9] == currency)
        assert amount(sent[14]) == 0
    assert len(lines) == 12
    assert heading[0] == ("Fakturadatum" if swedish else "Invoice date")
    assert {row[0] for row in lines} == {"2026-02-28"}


def test_the_list_of_a_view_is_a_file_of_just_that_view(month: Day) -> None:
    """The link below the list carries its filter."""
    page = month.see("/invoices", query={"search": "möbel", "state": "held"}).body
    link = re.search(r'href="[^"]*/reconciliation\.csv\?([^"]*)"', page)
    assert link is not None

    assert link[1].replace("&amp;", "&") == "search=m%C3%B6bel&state=held"


@pytest.mark.parametrize("query", [{}, {"state": "held", "search": "kaffe & kakao"}])
def test_a_deep_link_survives_signing_in(month: Day, query: Mapping[str, str]) -> None:
    """Of the same system; nothing leads elsewhere."""
    visitor = Visitor(month.tour)
    turned_away = visitor.get(f"{HERE}/invoices", query)
    back = visitor.log_in()
    again = visitor.log_in()

    assert turned_away.location.endswith("/")
    assert back.location.partition("?")[0].endswith(f"{HERE}/invoices")
    assert back.query == dict(query)
    assert again.location.endswith(HERE)


@pytest.mark.parametrize(
    "kept", ["https://elsewhere.example/", "//elsewhere.example", "/integrations/sydlager/issues", f"{HERE}x", "%0d%0a"]
)
def test_a_made_up_deep_link_leads_nowhere(month: Day, kept: str) -> None:
    """A cookie that another site of the domain may have set."""
    visitor = Visitor(month.tour, cookies={"__Host-next": kept})

    assert visitor.log_in().location.endswith(HERE)


def test_an_invoice_says_what_it_is_and_where_to_look(month: Day) -> None:
    """Title, period, what Fortnox made of it, and the way to Ongoing."""
    page = month.see(f"/invoices/{PLAIN}").body
    text = words_of(page).replace("\u00a0", " ")

    for words in ("Lager och hantering 2026-02", "1 Feb 2026 – 28 Feb 2026", "and SEK 255.00 VAT", "Rows and preview"):
        assert words in text
    assert f'href="https://{WAREHOUSE}.ongoingsystems.se/{WAREHOUSE}/"' in page


def many_customers() -> Day:
    """Twenty goods owners with an invoice each."""
    day = Day()
    day.only()
    warehouse = day.world.ongoing.warehouse(WAREHOUSE)
    owner = next(one for one in warehouse.goods_owners if one.id == seed.CAFE)
    new = [replace(owner, id=900 + number, name=f"Kund {number}") for number in range(20)]
    day.world.ongoing.put_warehouse(replace(warehouse, goods_owners=(*warehouse.goods_owners, *new)))
    for number, one in enumerate(new):
        day.add(1, first=MORE + number, goods_owner_id=one.id)
    return day


def to_be_sent() -> Day:
    """Sixty invoices before the first run."""
    day = Day()
    day.only()
    day.add(60)
    return day


def very_long() -> Day:
    """One invoice of 150 rows."""
    day = Day()
    day.only()
    plain = next(one for one in seed.default_warehouse(day.world.today).invoices if one.id == seed.PLAIN)
    charge = plain.charges[0]  # of prices of their own: else they are one row
    charges = tuple(replace(charge, id=9000 + number, unit_price=Decimal(1 + number)) for number in range(150))
    day.add(1, charges=charges)
    return day


@pytest.mark.parametrize(
    ("makes", "path", "whole"),
    [
        (many_sent, "/invoices", 300),
        (to_be_sent, "/rehearsal", 60),
        (many_customers, "/customers", 20),
        (very_long, f"/invoices/{MORE}/preview", 150),
    ],
)
def test_every_list_can_be_had_on_one_page_to_print(makes: Callable[[], Day], path: str, whole: int) -> None:
    """Not only its first part, which says where all of it is."""
    day = makes()
    first = day.see(path, query={"page": "1"}).body
    everything = day.see(path, query={"page": "all"}).body

    assert first.count('<th scope="row"') < whole
    assert "All on one page, to print" in first
    assert everything.count('<th scope="row"') == whole
    assert "All on one page, to print" not in everything
