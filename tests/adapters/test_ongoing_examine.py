"""The first half hour with a system: what it finds in every shape, and what it says of one that nobody knows."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invoicing.adapters.ongoing.client import OngoingClient
from invoicing.adapters.ongoing.examine import OngoingExaminer
from invoicing.domain.errors import WmsLoginRefusedError
from invoicing.domain.examination import Examination
from invoicing.domain.wms_invoice import WmsLogin

from local.ongoing import seed
from local.ongoing.in_process import InProcessTransport
from local.ongoing.options import Dates, EmptyList, Lists, LoginRefusal, Numbers, PriceLists, PriceMeaning, Shape
from local.ongoing.shapes import IMPOSSIBLE_NAMES, drawn, drawn_unknown
from local.ongoing.simulator import OngoingSimulator

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LOGIN = WmsLogin(warehouse=seed.WAREHOUSE, username=seed.USERNAME, password=seed.PASSWORD)


def simulated(shape: Shape, **options: object) -> OngoingSimulator:
    """The warehouse of the demo behind answers of a shape."""
    simulator = OngoingSimulator(clock=lambda: NOW, warehouses=[seed.default_warehouse(NOW.date())])
    simulator.set_options(**asdict(shape), **options)
    return simulator


def examined(simulator: OngoingSimulator, *, login: WmsLogin = LOGIN, write: int | None = None) -> Examination:
    """What the check finds."""
    client = OngoingClient(InProcessTransport(simulator.handle), base_url="http://ongoing.test")
    return OngoingExaminer(client).examine(login, write=write)


def seen(found: Examination, question: str) -> str:
    """What was seen of one question."""
    (one,) = [finding for finding in found.learned if finding.question == question]
    return one.seen


def test_the_likeliest_system_is_understood() -> None:
    """Each question has an answer, and nothing was written."""
    simulator = simulated(Shape())
    found = examined(simulator)

    assert found.is_understood
    assert seen(found, "name of the list of invoices") == "Invoices"
    assert seen(found, "name of an invoice") == "AutomationInvoice"
    assert seen(found, "name of the list of charges") == "InvoiceCharges"
    assert seen(found, "name of a charge") == "InvoiceCharge"
    assert seen(found, "where the fields of an invoice stand") == "flat on the invoice"
    assert seen(found, "names that we do not know") == "none"
    assert seen(found, "an empty result") == "an empty list"
    assert seen(found, "is it read") == "14 of 14 invoices"
    assert seen(found, "is InvoiceIdFrom inclusive") == "no"
    assert {call.operation for call in simulator.calls} == {"GetInvoicesByQuery", "GetPriceListByQuery"}


@settings(deadline=None, max_examples=25)
@given(number=st.integers(min_value=0, max_value=10**9))
def test_every_shape_that_carries_the_information_is_understood(number: int) -> None:
    """In any mixture of names and forms."""
    found = examined(simulated(drawn(number)))

    assert found.is_understood, [one for one in found.learned if one.stops]


@settings(deadline=None, max_examples=25)
@given(number=st.integers(min_value=0, max_value=10**9))
def test_no_shape_that_cannot_be_known_is_called_understood(number: int) -> None:
    """Whoever trusts the last line connects no system that is not read."""
    shape, what = drawn_unknown(number)

    assert not examined(simulated(shape)).is_understood, what


@pytest.mark.parametrize(("name", "used"), [(name, used) for name, many in IMPOSSIBLE_NAMES.items() for used in many])
def test_the_line_to_add_names_the_element(name: str, used: str) -> None:
    """So that one file is mended in one place, by somebody who never saw an answer."""
    found = examined(simulated(Shape(renamed={name: used})))

    assert not found.is_understood
    assert any(f'add "{used}"' in line for line in found.mends), found.mends


def test_a_system_that_is_unknown_in_several_places_tells_all_of_them_at_once() -> None:
    """The second hour must not bring what the first one could have."""
    renamed = {"Invoices": "Fakturor", "InvoiceAmount": "Belopp", "InvoiceCharges": "Debiteringar", "InvoiceId": "Key"}
    found = examined(simulated(Shape(renamed=renamed)))

    for name in renamed.values():
        assert any(f'add "{name}"' in line for line in found.mends), name


@pytest.mark.parametrize(
    "shape", [Shape(), Shape(numbers=Numbers.COMMA), Shape(dates=Dates.SPOKEN), Shape(lists=Lists.DEEPER)]
)
def test_nothing_that_is_shown_holds_a_value(shape: Shape) -> None:
    """The report is sent to people outside."""
    found = examined(simulated(shape))
    shown = json.dumps(found.shape, ensure_ascii=False) + "".join(
        f"{one.question}{one.seen}{one.means}" for one in found.learned
    )
    shown += "".join(found.mends)

    assert found.shape["with charges"]
    for value in ("Kaffe", "Åsa", "Pallplats", "1001", "5001", "1020", "2026", "SEK", seed.USERNAME, seed.PASSWORD):
        assert value not in shown, value


def test_the_shape_report_tells_kinds_counts_and_lengths() -> None:
    """What is needed to write the model."""
    shape = examined(simulated(Shape()))
    path = "Envelope/Body/GetInvoicesByQueryResponse/GetInvoicesByQueryResult/Invoices/AutomationInvoice/InvoiceAmount"
    amount = shape.shape["with charges"][path]

    assert (amount["count"], amount["kinds"]) == (14, {"number": 14})
    assert amount["lengths"] == [7, 9]


@pytest.mark.parametrize(
    ("option", "filter_name"),
    [
        ("ignore_is_exported", "IsExported"),
        ("is_exported_hides", "IsExported"),
        ("ignore_dates", "InvoiceDateFrom"),
        ("ignore_id_from", "InvoiceIdFrom"),
        ("ignore_max", "MaxInvoicesToGet"),
        ("ignore_invoice_ids", "InvoiceIds"),
        ("ignore_with_rows", "GetInvoiceRows"),
    ],
)
def test_a_filter_without_effect_is_found(option: str, filter_name: str) -> None:
    """And says what is done about it; it does not make a system unknown."""
    found = examined(simulated(Shape(), **{option: True}))

    assert seen(found, f"filter {filter_name}") == "no effect"
    assert found.is_understood


@pytest.mark.parametrize("meaning", PriceMeaning)
def test_what_a_price_means_is_found(meaning: PriceMeaning) -> None:
    """By the invoices' own totals."""
    found = examined(simulated(Shape(), price_meaning=meaning))
    (finding,) = [one for one in found.learned if one.question.startswith("is a price")]

    assert (finding.means, finding.certain) == ("of one" if meaning == "per_unit" else "of the row", True)


@pytest.mark.parametrize(
    ("refusal", "told"), [(LoginRefusal.FAULT, "HTTP 500"), (LoginRefusal.SUCCESS_FALSE, "HTTP 200")]
)
def test_how_a_wrong_password_is_refused_is_found(refusal: LoginRefusal, told: str) -> None:
    """A refusal in words that we do not know would look like trouble that passes."""
    found = examined(simulated(Shape(), login_refusal=refusal))
    strange = examined(simulated(Shape(), login_refusal=refusal, login_message="Nix"))

    assert seen(found, "a wrong password") == told
    assert found.is_understood
    assert not strange.is_understood


def test_a_login_that_is_refused_is_no_unknown_system() -> None:
    """It is told apart from an interface that changed."""
    with pytest.raises(WmsLoginRefusedError):
        examined(simulated(Shape()), login=WmsLogin(warehouse=seed.WAREHOUSE, username="x", password="y"))


def test_a_result_without_a_list_is_said_with_what_to_do() -> None:
    """The one case that a person has to confirm."""
    simulator = simulated(Shape(empty_list=EmptyList.MISSING))
    for invoice in simulator.warehouse(seed.WAREHOUSE).invoices:
        simulator.remove_invoice(seed.WAREHOUSE, invoice.id)
    found = examined(simulator)

    assert not found.is_understood
    assert seen(found, "name of the list of invoices") == "no list came"
    assert seen(found, "an empty result") == "no list"


def test_writing_is_tried_on_the_invoice_that_is_named_and_put_back() -> None:
    """Number alone, mark alone, both, and taking the mark back."""
    simulator = simulated(Shape())
    before = simulator.invoice(seed.WAREHOUSE, seed.OWN_NUMBER)
    others = [one for one in simulator.warehouse(seed.WAREHOUSE).invoices if one.id != seed.OWN_NUMBER]
    found = examined(simulator, write=seed.OWN_NUMBER)
    after = simulator.invoice(seed.WAREHOUSE, seed.OWN_NUMBER)

    assert found.is_understood
    assert [one.seen for one in found.learned if one.question.startswith("writing")] == ["as asked"] * 5
    assert (after.number, after.is_exported, after.total) == (before.number, before.is_exported, Decimal("85.00"))
    assert [one for one in simulator.warehouse(seed.WAREHOUSE).invoices if one.id != seed.OWN_NUMBER] == others


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (PriceLists.NESTED, "4 entries: number of 4, account of 4, price of 4"),
        (PriceLists.FLAT, "4 entries: number of 4, account of 4, price of 4"),
        (PriceLists.UNKNOWN, "WmsNotUnderstoodError"),
        (PriceLists.NOT_PERMITTED, "WmsLoginRefusedError"),
    ],
)
def test_whether_price_lists_are_shown_is_found_and_stops_nothing(answers: PriceLists, told: str) -> None:
    """A system without them is understood all the same."""
    found = examined(simulated(Shape(), price_lists=answers))

    assert seen(found, "price lists") == told
    assert found.is_understood


def test_names_in_a_price_list_that_nobody_knows_are_told() -> None:
    """So that they can be added."""
    found = examined(simulated(Shape(added=("Rabatt",))))

    assert "price list entry: Rabatt" in seen(found, "names in a price list that we do not know")
