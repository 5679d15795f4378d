"""What Ongoing may say, however strange: a wrong invoice stops only itself, and nothing is sent twice or half."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invoicing.application.http import HttpAnswer, HttpRequest
from invoicing.application.ports import SyncRequest
from invoicing.application.sync_integration import sync_integration
from invoicing.domain.export import ExportState
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import IssueCode
from invoicing.domain.texts import clean_text

from local.fortnox.fields import refused_character
from local.fortnox.seed import TENANT_ID
from local.ongoing.faults import Effect, FaultRule, Match
from local.ongoing.in_process import InProcessTransport
from local.ongoing.seed import WAREHOUSE
from local.ongoing.warehouse import Charge, GoodsOwner
from tests.faults.exports import ONE, Story, charge, invoice
from tests.simulators.fortnox_specification import specification
from tests.support.wiring import BASE_URL

OTHER = "sydlager"
PALLETS = charge()


def code_of(story: Story, invoice_id: int = ONE) -> IssueCode | None:
    """The open issue of an invoice."""
    issue = story.record(invoice_id).issue
    return issue.code if issue else None


def with_owners(story: Story, *owners: GoodsOwner) -> None:
    """Adds goods owners to the system."""
    warehouse = story.ongoing.warehouse(WAREHOUSE)
    story.ongoing.put_warehouse(replace(warehouse, goods_owners=(*warehouse.goods_owners, *owners)))


def test_thousands_of_goods_owners_cost_no_call() -> None:
    """Only those who are invoiced are looked at."""
    story = Story(invoice(PALLETS))
    with_owners(story, *(GoodsOwner(id=n, name=f"Ägare {n}", financial_code=str(n)) for n in range(100, 3100)))
    story.attempt()

    assert story.complaints() == []
    assert len(story.ongoing.calls) <= 5


def test_two_invoices_with_one_number_are_both_held_until_they_differ() -> None:
    """Which of them is right is not ours to guess."""
    story = Story(invoice(PALLETS, number="880012"), invoice(PALLETS, invoice_id=ONE + 1, number="880012 "))
    story.attempt()
    held = [story.record(ONE).issue, story.record(ONE + 1).issue]
    created = len(story.in_fortnox())
    story.ongoing.change_invoice(WAREHOUSE, ONE, number=None)
    story.rest()
    story.attempt()

    assert [issue and issue.code for issue in held] == [IssueCode.NUMBER_SHARED] * 2
    assert [issue and issue.params["other_invoice"] for issue in held] == [str(ONE + 1), str(ONE)]
    assert created == 0
    assert story.complaints() == []


def test_a_number_that_somebody_elses_invoice_has_is_an_issue_until_it_is_changed() -> None:
    """Theirs is not touched; a new number is tried at the next run."""
    story = Story(invoice(PALLETS), invoice(PALLETS, invoice_id=ONE + 1))
    story.attempt()
    story.ongoing.put_invoice(WAREHOUSE, invoice(PALLETS, invoice_id=ONE + 2, number="1"))
    story.rest()
    story.attempt()
    held = code_of(story, ONE + 2)
    story.ongoing.change_invoice(WAREHOUSE, ONE + 2, number="4711")
    story.rest()
    story.attempt()

    assert held is IssueCode.NUMBER_TAKEN
    assert story.complaints() == []


def test_the_same_invoice_id_in_two_systems_of_one_company_is_two_invoices() -> None:
    """Each has a reference of its own, also when an answer was lost."""
    story = Story(invoice(PALLETS))
    warehouse = replace(story.ongoing.warehouse(WAREHOUSE), name=OTHER, customer_id="4712")
    story.ongoing.put_warehouse(warehouse)
    ours = story.integrations.get(WAREHOUSE)
    assert ours is not None
    assert ours.settings is not None
    started = story.sign_in(system=f"{OTHER}.ongoingsystems.se")
    connected = story.approve(started)  # type: ignore[arg-type]  # a system that is new must be connected
    story.integrations.put(
        replace(
            connected.integration, settings=ours.settings, status=ours.status, version=connected.integration.version + 1
        )
    )
    rule = {"effect": "after", "match": {"method": "POST", "path_regex": "^/3/invoices"}, "times": 2}
    story.fortnox.add_faults([rule])
    for _ in range(3):
        for name in (WAREHOUSE, OTHER):
            sync_integration(story.sync_tools(), SyncRequest(integration_id=name, by="schedule", slot=story.new_id()))
        story.rest()
    references = sorted(str(there["ExternalInvoiceReference1"]) for there in story.in_fortnox())

    assert references == [f"ONGOING-{WAREHOUSE}-{ONE}-", f"ONGOING-{OTHER}-{ONE}-"]
    assert {one.is_exported for name in (WAREHOUSE, OTHER) for one in story.ongoing.warehouse(name).invoices} == {True}


def test_a_customer_who_was_deleted_between_check_and_send_is_an_issue_that_heals() -> None:
    """Remembered for a day, until Fortnox says otherwise."""
    story = Story(invoice(PALLETS))
    story.attempt()
    story.fortnox.remove_entry(TENANT_ID, "customers", "1001")
    story.ongoing.put_invoice(WAREHOUSE, invoice(PALLETS, invoice_id=ONE + 1))
    story.rest()
    story.attempt()
    held = code_of(story, ONE + 1)
    story.ongoing.change_invoice(WAREHOUSE, ONE + 1, goods_owner_id=2)
    story.rest()
    story.attempt()

    assert held is IssueCode.CUSTOMER_UNKNOWN
    assert story.complaints() == []


def test_no_character_gets_through_that_fortnox_refuses() -> None:
    """Every character of the basic plane; and what Fortnox takes is kept."""
    characters = [chr(point) for point in range(0x10000) if not 0xD800 <= point <= 0xDFFF]
    refused = [
        character
        for character in characters
        if refused_character(clean_text(f"a{character}b", 20, Language.SWEDISH), apostrophe_allowed=False) is not None
    ]

    assert refused == []
    assert (
        clean_text("Kaffe & Kakao’s pall (50%): 10 €, n° 5 – ½ m²", 255, Language.SWEDISH)
        == "Kaffe & Kakao’s pall (50%): 10 €, n° 5 – ½ m²"
    )


def test_texts_full_of_what_fortnox_refuses_are_sent_without_it() -> None:
    """Title, references and rows; meaning is kept, and the invoice goes through."""
    nasty = "\"Pall\" <50 kg> [A|B] {x} ~ \t 'it' … → 😀 ¨ ˚ \u200b × “Åä” 日本"
    story = Story(invoice(charge("NY", title=nasty), title=nasty, your_order_number=nasty, your_reference=nasty))
    story.attempt()

    assert story.complaints() == []


@pytest.mark.parametrize(
    ("price", "quantity"),
    [("0", "1"), ("0", "0"), ("85", "0"), ("-0.005", "1"), ("0.005", "1"), ("0.0049", "3"), ("9999999999.99", "1")],
)
def test_amounts_at_the_edge_are_right_to_the_ore(price: str, quantity: str) -> None:
    """Zero, half an öre either way, and the largest that Fortnox's twelve digits hold."""
    story = Story(invoice(charge(price=price, quantity=quantity)))
    story.attempt()

    assert story.complaints() == []
    assert story.record().state is ExportState.DONE


@pytest.mark.parametrize("price", ["1000000000000", "-1000000000000", "10000000000"])
def test_an_amount_that_fortnox_cannot_hold_is_an_issue_before_anything_is_sent(price: str) -> None:
    """10^12 kronor."""
    story = Story(invoice(charge(price=price, quantity="1")))
    story.attempt()

    assert code_of(story) is IssueCode.ROW_NOT_REPRESENTABLE
    assert story.in_fortnox() == []


def test_a_currency_that_the_customer_lacks_is_an_issue() -> None:
    """Before anything is sent."""
    story = Story(invoice(PALLETS, owner=4))
    with_owners(story, GoodsOwner(id=4, name="Fel valuta AB", financial_code="1001", currency="EUR"))
    story.attempt()

    assert code_of(story) is IssueCode.CURRENCY_DIFFERS
    assert story.in_fortnox() == []


def test_a_locked_period_is_an_issue_that_ends_when_it_is_unlocked() -> None:
    """Fortnox's own words say until when."""
    story = Story(invoice(PALLETS))
    story.fortnox.change_company(TENANT_ID, {"locked_until": "2026-02-28"})
    story.attempt()
    held = code_of(story)
    story.fortnox.change_company(TENANT_ID, {"locked_until": None})
    story.later(hours=1)
    story.attempt()

    assert held is IssueCode.PERIOD_LOCKED
    assert story.complaints() == []


@pytest.mark.parametrize(
    ("now", "sent"),
    [
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), False),  # 23.59, the night before summer time
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), True),  # midnight in Sweden
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), True),  # 01.59
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), True),  # 03.00
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), True),
    ],
)
def test_a_period_ends_at_a_swedish_midnight_also_when_summer_time_begins(now: datetime, sent: bool) -> None:
    """The 28th of March is over when it is over in Sweden; dates do not shift."""
    story = Story(invoice(PALLETS, invoice_date=date(2026, 3, 28), period_end=date(2026, 3, 28)))
    story.later(seconds=(now - story.clock()).total_seconds())
    story.attempt()

    assert bool(story.in_fortnox()) is sent
    assert [there["InvoiceDate"] for there in story.in_fortnox()] == ["2026-03-28"] * sent


@pytest.mark.parametrize(
    ("now", "sent"),
    [
        (datetime(2026, 10, 25, 0, 59, tzinfo=UTC), False),  # 02.59 the first time
        (datetime(2026, 10, 25, 1, 59, tzinfo=UTC), False),  # 02.59 again
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), False),  # 23.59
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), True),
    ],
)
def test_a_period_ends_at_a_swedish_midnight_also_when_summer_time_ends(now: datetime, sent: bool) -> None:
    """A day of 25 hours."""
    story = Story(invoice(PALLETS, invoice_date=date(2026, 10, 25), period_end=date(2026, 10, 25)))
    story.later(seconds=(now - story.clock()).total_seconds())
    story.attempt()

    assert bool(story.in_fortnox()) is sent


@pytest.mark.parametrize(
    "options",
    [
        {"ignore_is_exported": True, "ignore_only_live": True, "ignore_dates": True, "ignore_invoice_ids": True},
        {"ignore_id_from": True},
        {"ignore_max": True},
        {"ignore_id_from": True, "newest_first": True},
        {"id_from_inclusive": True},
    ],
    ids=" ".join,
)
def test_an_ongoing_that_ignores_filters_or_repeats_pages_gets_each_invoice_sent_once(options: dict[str, Any]) -> None:
    """Also over more invoices than a page has."""
    story = Story(*(invoice(PALLETS, invoice_id=ONE + n) for n in range(60)))
    story.ongoing.set_options(**options)
    story.attempt()
    first = len(story.in_fortnox())
    story.rest()
    story.attempt()

    assert first == len(story.in_fortnox()) == 60
    assert story.complaints() == []


def test_yesterdays_list_makes_no_invoice_twice_and_changes_none() -> None:
    """What it still shows as unexported was exported: Fortnox has it as we left it, and the mark is set again."""
    story = Story(invoice(PALLETS), invoice(charge(account="1"), invoice_id=ONE + 1))
    story.ongoing.set_options(snapshot=True)
    story.attempt()
    story.fortnox.clear_calls()
    for _ in range(3):
        story.rest()
        story.attempt()
    calls = [call for call in story.fortnox.calls() if call.path.startswith("/3/")]
    story.ongoing.set_options(snapshot=False)
    story.rest()
    story.attempt()

    assert [(call.method, call.path) for call in calls] == [("GET", "/3/invoices/1")] * 3
    assert len(story.in_fortnox()) == 1
    assert story.complaints() == [f"{ONE + 1}: held, account_not_valid"]


def test_an_invoice_that_is_garbled_stops_only_itself_and_is_sent_when_it_is_readable() -> None:
    """Also when it was exported before, and when its POST was in doubt."""
    story = Story(invoice(PALLETS), invoice(PALLETS, invoice_id=ONE + 1, garbled={"InvoiceAmount": "mycket"}))
    rule = {"effect": "after", "match": {"method": "POST", "path_regex": "^/3/invoices"}}
    story.fortnox.add_faults([rule])
    story.attempt()
    story.ongoing.change_invoice(WAREHOUSE, ONE, garbled={"InvoiceAmount": "NaN"})
    story.rest()
    story.attempt()
    held = [code_of(story, ONE), code_of(story, ONE + 1)]
    for invoice_id in (ONE, ONE + 1):
        story.ongoing.change_invoice(WAREHOUSE, invoice_id, garbled={})
    story.rest()
    story.attempt()

    assert held == [IssueCode.WMS_INVOICE_UNREADABLE] * 2
    assert story.complaints() == []


def test_one_invoice_that_cannot_be_read_by_its_id_does_not_stop_the_others() -> None:
    """A person asked for it, and Ongoing has no answer; it is asked for again."""
    story = Story(invoice(PALLETS), invoice(PALLETS, invoice_id=ONE + 1, is_exported=True))
    story.integrations.ask_for(WAREHOUSE, frozenset({ONE + 1}))
    story.ongoing.add_fault(FaultRule(effect=Effect.HTML, match=Match(operation="GetInvoicesByQuery", nth=2)))
    summary = story.attempt()
    story.rest()
    story.attempt()

    assert summary is not None
    assert summary.sent == 1
    assert len(story.in_fortnox()) == 2


def test_an_ongoing_that_takes_no_marks_is_told_as_ongoing_not_answering() -> None:
    """Fortnox is not blamed; nothing is created again."""
    story = Story(*(invoice(PALLETS, invoice_id=ONE + n) for n in range(4)))
    rule = FaultRule(effect=Effect.SUCCESS_FALSE, match=Match(operation="UpdateInvoice"), times=None)
    story.ongoing.add_fault(rule)
    summary = story.attempt()
    story.rest()
    story.attempt()
    held = story.record()
    story.ongoing.clear_faults()
    story.rest()
    story.attempt()

    assert summary is not None
    assert summary.problem is not None
    assert summary.problem.code is IssueCode.WMS_NOT_ANSWERING
    assert held.issue is not None
    assert held.issue.code is IssueCode.WMS_NOT_ANSWERING
    assert story.complaints() == []


def test_every_request_of_a_whole_story_is_one_that_fortnox_specification_knows() -> None:
    """New, in a foreign currency, with a number, changed, cleared, searched for."""
    judge = specification()
    story = Story(
        invoice(PALLETS, charge("PLOCK", "0.125", "1000", title="Plock"), your_reference="Åsa"),
        invoice(PALLETS, invoice_id=ONE + 1, owner=3),
        invoice(PALLETS, invoice_id=ONE + 2, number="880012"),
    )
    story.fortnox.remove_entry(TENANT_ID, "units", "st")
    rule = {"effect": "after", "match": {"method": "POST", "path_regex": "^/3/invoices"}}
    story.fortnox.add_faults([rule])
    story.attempt()
    story.rest()
    story.attempt()
    story.ongoing.change_invoice(WAREHOUSE, ONE, charges=(PALLETS,), is_exported=False, your_reference=None, title=None)
    story.ongoing.change_invoice(WAREHOUSE, ONE + 1, charges=(PALLETS, PALLETS), is_exported=False)
    story.rest()
    story.attempt()
    calls = [
        {"method": call.method, "path": call.path, "body": call.body}
        for call in story.fortnox.calls()
        if call.method in {"POST", "PUT"}
    ]

    assert story.complaints() == []
    assert len([call for call in calls if call["path"].startswith("/3/")]) >= 8
    assert judge.outside(calls) == []


prices = st.decimals(min_value=-10_000, max_value=10_000, places=3, allow_nan=False)
counts = st.decimals(min_value=-100, max_value=100, places=3, allow_nan=False)
charges = st.lists(
    st.builds(lambda p, n: charge(price=str(p), quantity=str(n)), prices, counts), min_size=1, max_size=6
)


@settings(max_examples=100)
@given(first=charges, then=charges)
def test_whatever_is_charged_and_then_changed_is_in_fortnox_to_the_ore(first: list[Charge], then: list[Charge]) -> None:
    """Fortnox's own arithmetic, also after an update."""
    story = Story(invoice(*first))
    story.attempt()
    created = story.complaints()
    story.ongoing.change_invoice(WAREHOUSE, ONE, charges=tuple(then), is_exported=False)
    story.rest()
    story.attempt()

    assert created == []
    assert story.complaints() == []


class SharedAllowance(InProcessTransport):
    """Another system of the same company calls Fortnox as often as this one does."""

    def send(self, request: HttpRequest) -> HttpAnswer:
        if urlsplit(request.url).path.startswith("/3/"):
            headers = {"Authorization": request.headers["Authorization"]}
            super().send(HttpRequest(method="GET", url=f"{BASE_URL}/3/companyinformation", headers=headers))
        return super().send(request)


def test_two_systems_that_share_one_companys_allowance_lose_nothing() -> None:
    """Both keep their own pace, so some calls are refused; these were not carried out, and are made again."""
    story = Story(*(invoice(PALLETS, invoice_id=ONE + n) for n in range(40)))
    story.to_fortnox = SharedAllowance(story.fortnox.handle)
    story.attempt()
    refused = [call for call in story.fortnox.calls() if call.status == 429 and call.method == "POST"]
    story.rest()
    story.heal()

    assert refused
    assert len(story.in_fortnox()) == 40
    assert story.complaints() == []
