"""Answers of every shape: read right, or refused with the names that were not understood. Never a silent nothing."""

import re
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invoicing.adapters.ongoing.beliefs import ChargeAnswer, GoodsOwnerAnswer, InvoiceAnswer, InvoicesAnswer
from invoicing.adapters.ongoing.client import OngoingClient
from invoicing.adapters.ongoing.knowledge import confirm_empty
from invoicing.adapters.ongoing.things import certainties
from invoicing.application.http import HttpAnswer, HttpRequest
from invoicing.domain.errors import (
    InvoicingError,
    RetryLaterError,
    UpstreamContractError,
    WmsLoginRefusedError,
    WmsNotUnderstoodError,
)
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice, WmsLogin

from local.ongoing import seed
from local.ongoing.in_process import InProcessTransport
from local.ongoing.options import EmptyList, Shape
from local.ongoing.shapes import IMPOSSIBLE_NAMES, POSSIBLE_NAMES, drawn, drawn_unknown
from local.ongoing.simulator import OngoingSimulator
from tests.support.fakes import FakeWmsMemory

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LOGIN = WmsLogin(warehouse=seed.WAREHOUSE, username=seed.USERNAME, password=seed.PASSWORD)
LONG_AGO = date(2020, 1, 1)
OWNER = "<GoodsOwner><Id>1</Id><Name>Kaffe</Name><FinancialCode>1001</FinancialCode></GoodsOwner>"
CHARGE = "<InvoiceCharge><ChargeId>1</ChargeId><Price>85.00</Price><NumberOfItems>12</NumberOfItems></InvoiceCharge>"
HEADER = (
    "<InvoiceId>7</InvoiceId><InvoiceDate>2026-10-31T00:00:00</InvoiceDate>"
    "<InvoicePeriodEnd>2026-10-31T00:00:00</InvoicePeriodEnd>"
    "<InvoiceAmount>1020.00</InvoiceAmount><IsExported>false</IsExported>"
)
INVOICE = f"<AutomationInvoice>{OWNER}{HEADER}<InvoiceCharges>{CHARGE}</InvoiceCharges></AutomationInvoice>"
LIST = f"<Invoices>{INVOICE}</Invoices>"


class Scripted:
    """An HttpTransport that always gives the same answer."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self._answer = HttpAnswer(status=status, headers={}, body=body)

    def send(self, _request: HttpRequest) -> HttpAnswer:
        return self._answer


def result(*content: str, success: str = "<Success>true</Success>") -> bytes:
    """A whole answer."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><s:Body><GetInvoicesByQueryResponse>'
        f"<GetInvoicesByQueryResult>{success}{''.join(content)}</GetInvoicesByQueryResult>"
        "</GetInvoicesByQueryResponse></s:Body></s:Envelope>"
    ).encode()


def listed(body: bytes, status: int = 200) -> list[WmsInvoice | UnreadableInvoice]:
    """What a client makes of an answer."""
    client = OngoingClient(Scripted(body, status), base_url="http://ongoing.test")
    return [invoice for page in client.unexported(LOGIN, since=LONG_AGO) for invoice in page.invoices]


def all_of(client: OngoingClient) -> list[WmsInvoice | UnreadableInvoice]:
    """Every page."""
    return [invoice for page in client.unexported(LOGIN, since=LONG_AGO) for invoice in page.invoices]


def simulated(shape: Shape) -> OngoingSimulator:
    """The warehouse of the demo behind answers of a shape."""
    simulator = OngoingSimulator(clock=lambda: NOW, warehouses=[seed.default_warehouse(NOW.date())])
    simulator.set_options(**asdict(shape))
    return simulator


def client_of(simulator: OngoingSimulator, **more: Any) -> OngoingClient:
    """A client in process."""
    return OngoingClient(InProcessTransport(simulator.handle), base_url="http://ongoing.test", **more)


@pytest.fixture(scope="module")
def expected() -> list[WmsInvoice | UnreadableInvoice]:
    """What the likeliest shape gives."""
    return all_of(client_of(simulated(Shape())))


# ---- read right


@settings(deadline=None, max_examples=30)
@given(number=st.integers(min_value=0, max_value=10**9))
def test_every_shape_that_carries_the_information_is_read_alike(
    expected: list[WmsInvoice | UnreadableInvoice], number: int
) -> None:
    """Names, layouts, empty values, encodings and namespaces in any mixture."""
    shape = drawn(number)
    found = all_of(client_of(simulated(shape)))

    assert [one.id for one in found] == [one.id for one in expected]
    for mine, other in zip(found, expected, strict=True):
        assert isinstance(mine, WmsInvoice), (shape, mine)
        assert isinstance(other, WmsInvoice)
        if shape.layout != "legacy":  # which names no currency
            assert mine == other
        assert (mine.charges, mine.amount, mine.period_end) == (other.charges, other.amount, other.period_end)


@pytest.mark.parametrize("name", POSSIBLE_NAMES)
def test_every_possible_name_is_known(expected: list[WmsInvoice | UnreadableInvoice], name: str) -> None:
    """Each alone, so that none hides behind another."""
    for used in POSSIBLE_NAMES[name]:
        assert all_of(client_of(simulated(Shape(renamed={name: used})))) == expected, used


@pytest.mark.parametrize(
    "body",
    [
        result(f"<Invoices>{INVOICE}</Invoices>"),
        result(f"<Invoices>{INVOICE}</Invoices>", success=""),
        result(f"<Invoices>{INVOICE}</Invoices>", success="<Success>true</Success><Message>1 invoice</Message>"),
        result(INVOICE),
        result(f"<AUTOMATIONINVOICES>{INVOICE}</AUTOMATIONINVOICES>"),
        result(f"<Invoices>{INVOICE}</Invoices><TotalCount>1</TotalCount>"),
        result(f"<Invoices>{INVOICE.replace('<InvoiceCharges>', '').replace('</InvoiceCharges>', '')}</Invoices>"),
        result(f"<Invoices>{INVOICE}</Invoices>").decode().replace("utf-8", "utf-16").encode("utf-16"),
        result(f"<Invoices>{INVOICE.replace(HEADER, f'<InvoiceInfo>{HEADER}</InvoiceInfo>')}</Invoices>"),
        result(
            re.sub(r"<([A-Z]\w+)>", r'<x:\1 xmlns:x="urn:\1">', f"<Invoices>{INVOICE}</Invoices>").replace("</", "</x:")
        ),
    ],
)
def test_one_invoice_is_read_in_all_these_ways(body: bytes) -> None:
    """Success left out or with a message, lists without an element of their own, other encodings and namespaces."""
    (invoice,) = listed(body)

    assert isinstance(invoice, WmsInvoice)
    assert (invoice.id, invoice.amount, len(invoice.charges)) == (7, Decimal(1020), 1)


def test_no_date_in_the_year_1_is_a_date() -> None:
    """It is how .NET says that there is none."""
    body = result(
        f"<Invoices>{INVOICE.replace('<InvoicePeriodEnd>2026-10-31', '<InvoicePeriodEnd>0001-01-01')}</Invoices>"
    )
    (invoice,) = listed(body)

    assert isinstance(invoice, WmsInvoice)
    assert invoice.period_end is None


# ---- refused


@settings(deadline=None, max_examples=30)
@given(number=st.integers(min_value=0, max_value=10**9))
def test_no_shape_that_cannot_be_known_reads_as_nothing(
    expected: list[WmsInvoice | UnreadableInvoice], number: int
) -> None:
    """Either the whole answer is refused, or each of its invoices is there and says what is wrong with it."""
    shape, what = drawn_unknown(number)
    try:
        found = all_of(client_of(simulated(shape)))
    except UpstreamContractError:
        return

    assert len(found) == 13, what
    # Small amounts look the same with a separator of thousands and without one.
    assert all(isinstance(one, UnreadableInvoice) or one in expected for one in found), what
    assert any(isinstance(one, UnreadableInvoice) for one in found), what


@pytest.mark.parametrize(("name", "used"), [(name, used) for name, many in IMPOSSIBLE_NAMES.items() for used in many])
def test_a_name_that_nobody_could_guess_is_named(name: str, used: str) -> None:
    """The message is what the one file is mended by."""
    with pytest.raises(UpstreamContractError, match=rf"\b{used}\b") as refused:
        all_of(client_of(simulated(Shape(renamed={name: used}))))

    assert "beliefs.py" in str(refused.value)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (f"<Fakturor>{INVOICE}</Fakturor>", "Fakturor"),
        (f"<Invoices/><Fakturor>{INVOICE}</Fakturor>", "Fakturor"),
        ('<Fakturor xsi:nil="true"/>', "Fakturor"),
        (f"<Invoices><ArrayOfInvoice>{INVOICE}</ArrayOfInvoice></Invoices>", "ArrayOfInvoice|AutomationInvoice"),
        ("<Invoices>7</Invoices>", "Invoices"),
        ("<Invoices><int>7</int></Invoices>", "InvoiceId"),
        (f"<Invoices>{HEADER}</Invoices>", "InvoiceId"),
        (f"<Invoices>{INVOICE.replace('InvoiceId', 'Nyckel')}</Invoices>", "Nyckel"),
        (f"<Invoices>{INVOICE.replace('InvoiceCharges', 'Rader')}</Invoices>", "Rader"),
        (f"<Invoices>{INVOICE.replace('InvoiceAmount', 'Belopp')}</Invoices>", "Belopp"),
        (f"<Invoices>{INVOICE.replace('InvoicePeriodEnd', 'Slut')}</Invoices>", "Slut"),
        (f"<Invoices>{INVOICE.replace('GoodsOwner', 'Varuägare')}</Invoices>", "Varuägare"),
    ],
)
def test_what_is_not_understood_is_an_error_that_names_the_elements(content: str, named: str) -> None:
    """Nothing that is there becomes an empty list, and nothing of it is shown but names."""
    with pytest.raises(UpstreamContractError, match=named) as refused:
        listed(result(content))

    assert "1020" not in str(refused.value)
    assert "Kaffe" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda one: one.replace(f"<InvoiceCharges>{CHARGE}</InvoiceCharges>", ""), "its charges were not found"),
        (lambda one: one.replace("1020.00", "1.020,00"), "InvoiceAmount is not a number"),
        (lambda one: one.replace("1020.00", "1020.00 kr"), "InvoiceAmount is not a number"),
        (lambda one: one.replace("1020.00", "9" * 5000), "InvoiceAmount is not a number"),
        (
            lambda one: one.replace("2026-10-31T00:00:00</InvoiceDate", "31.10.2026</InvoiceDate"),
            "InvoiceDate is not a",
        ),
        (lambda one: one.replace("<Price>85.00", "<Price>85,00"), "charge 1: Price is not a number"),
        (lambda one: one.replace(">1020.00<", "><a>1020.00</a><"), "InvoiceAmount holds elements instead of a text"),
        (
            lambda one: one.replace("<IsExported>", "<InvoiceAmount>5</InvoiceAmount><IsExported>"),
            "InvoiceAmount stands",
        ),
        (
            lambda one: one.replace("<InvoiceCharges>", "<InvoiceCharges><InvoiceCharge/>"),
            "charge 1: ChargeId is missing",
        ),
        (lambda one: one.replace(OWNER, '<GoodsOwner xsi:nil="true"/>'), "GoodsOwner is missing"),
    ],
)
def test_one_bad_invoice_says_what_is_wrong_with_it(change: Callable[[str], str], reason: str) -> None:
    """And does not stop the others, and is not sent half."""
    changed = change(INVOICE)
    assert changed != INVOICE
    good, bad = listed(result(f"<Invoices>{INVOICE.replace('>7<', '>6<')}{changed}</Invoices>"))

    assert isinstance(good, WmsInvoice)
    assert isinstance(bad, UnreadableInvoice)
    assert (bad.id, bad.reason[: len(reason)]) == (7, reason)


def test_an_invoice_of_nothing_may_have_no_list_of_charges() -> None:
    """A month without charges and without an amount has nothing that could be lost."""
    empty = INVOICE.replace(f"<InvoiceCharges>{CHARGE}</InvoiceCharges>", "").replace("1020.00", "0.00")
    (invoice,) = listed(result(f"<Invoices>{empty}</Invoices>"))

    assert isinstance(invoice, WmsInvoice)
    assert invoice.charges == ()


@pytest.mark.parametrize("written", ["INV-7", "7.0", "7" * 5000, "7 001"])
def test_ids_that_are_no_numbers_are_refused_together(written: str) -> None:
    """Invoices without ids cannot even be told apart."""
    with pytest.raises(UpstreamContractError, match="no invoice has an id that can be read"):
        listed(result(f"<Invoices>{INVOICE.replace('>7<', f'>{written}<') * 2}</Invoices>"))


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        (b"<html><body><form>Password</form></body></html>", RetryLaterError, "a page"),
        (b"<!DOCTYPE html><title>Proxy error</title>", RetryLaterError, "a page"),
        (b"Access denied by policy", RetryLaterError, "a page"),
        (
            b'<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/"><w:types/></w:definitions>',
            WmsNotUnderstoodError,
            "definitions",
        ),
        (b"\x1f\x8b\x08broken", WmsNotUnderstoodError, "packed"),
        ("<Envelope><Bo".encode("utf-16"), RetryLaterError, "half"),
        (result(success="<Success>perhaps</Success>"), WmsNotUnderstoodError, "neither true nor false"),
        (result(success=""), WmsNotUnderstoodError, "Success is missing"),
        (result(success="<Success>false</Success><Message>Wrong password</Message>"), WmsLoginRefusedError, "login"),
        (
            b"<Envelope><Body>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</Body></Envelope>",
            WmsNotUnderstoodError,
            "without",
        ),
    ],
)
def test_what_is_no_answer_says_what_it_is(body: bytes, error: type[InvoicingError], said: str) -> None:
    """A login page, a proxy, a description of the service: three reactions, and no empty list."""
    with pytest.raises(error, match=said) as refused:
        listed(body)

    assert type(refused.value) is error


def test_a_bomb_of_packed_zeros_is_not_unpacked() -> None:
    """A small answer must not fill the memory."""
    import gzip

    with pytest.raises(UpstreamContractError, match="longer than"):
        listed(gzip.compress(b"<a>" + b" " * 30_000_000))


def test_a_great_many_charges_are_read() -> None:
    """More than a month of the busiest warehouse has."""
    charge = "<I><Id>1</Id><Price>0.01</Price><Quantity>1</Quantity></I>"
    many = 20_000
    body = result(f"<Invoices>{INVOICE.replace(CHARGE, charge * many)}</Invoices>")
    (invoice,) = listed(body)

    assert isinstance(invoice, WmsInvoice)
    assert len(invoice.charges) == many


MILLION = 10**6


@pytest.mark.parametrize(
    "many",
    [
        f"<Invoices>{'<I/>' * MILLION}</Invoices>",
        f"<Invoices>{INVOICE.replace(CHARGE, '<I/>' * MILLION)}</Invoices>",
        f"<Invoices>{INVOICE.replace(OWNER, '<a/>' * MILLION)}</Invoices>",
        "<a>" * MILLION + "</a>" * MILLION,
    ],
    ids=["invoices", "charges", "names", "deep"],
)
def test_what_is_too_much_takes_no_memory(many: str) -> None:
    """It is asked for again in smaller pages; a function has 512 MB, and the body is in them already."""
    body = result(many)
    tracemalloc.start()
    try:
        with pytest.raises(RetryLaterError, match="elements"):
            listed(body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 50_000_000


@pytest.mark.parametrize("again", ["<InvoiceInfo/>", "<InvoiceCharges/>", "<InvoiceAmount>5</InvoiceAmount>", OWNER])
def test_what_is_there_fifty_thousand_times_is_read_once(again: str) -> None:
    """Compared each with each it would take half an hour, in which no other invoice is sent."""
    body = result(f"<Invoices>{INVOICE.replace('<IsExported>', again * 50_000 + '<IsExported>')}</Invoices>")

    assert [one.id for one in listed(body)] == [7]


@pytest.mark.parametrize(
    ("place", "inside"),
    [(CHARGE, "InvoiceCharge"), (OWNER, "GoodsOwner"), (HEADER, "InvoiceInfo"), (INVOICE, "Invoices")],
)
def test_what_is_a_hundred_thousand_deep_is_refused_by_name(place: str, inside: str) -> None:
    """Wherever it is deep."""
    deep = f"<{inside}>" * 100_000 + f"</{inside}>" * 100_000

    with pytest.raises(UpstreamContractError, match=inside) as refused:
        listed(result(f"<Invoices>{INVOICE}</Invoices>".replace(place, deep)))
    assert len(str(refused.value)) < 1000


@settings(deadline=None)
@given(content=st.recursive(st.text("<>/&;ab", max_size=8), lambda inner: st.lists(inner, max_size=3).map("".join)))
def test_whatever_a_result_holds_there_is_no_third_way(content: str) -> None:
    """Invoices, or an error of ours."""
    try:
        found = listed(result(content))
    except InvoicingError:
        return

    assert found == []


# ---- a result without any list


def test_a_result_without_a_list_is_not_believed_to_be_empty() -> None:
    """It is what a list under a name that .NET leaves out looks like, too."""
    with pytest.raises(UpstreamContractError, match="without any list"):
        listed(result())


@pytest.mark.parametrize("renamed", [{}, {"Invoices": "AutomationInvoices"}])
def test_it_is_empty_where_another_answer_shows_the_list(renamed: dict[str, str]) -> None:
    """One call more, once; then it is remembered for the system."""
    simulator = simulated(Shape(empty_list=EmptyList.MISSING, renamed=renamed))
    for invoice in simulator.warehouse(seed.WAREHOUSE).invoices:
        simulator.change_invoice(seed.WAREHOUSE, invoice.id, is_exported=True)
    memory = FakeWmsMemory()
    found = [all_of(client_of(simulator, memory=memory, chance=lambda: 1.0)) for _ in range(3)]

    assert found == [[], [], []]
    assert len(simulator.calls) == 3 + 1
    assert memory.recall(seed.WAREHOUSE).empty_without_list


def test_a_list_under_an_unknown_name_is_found_by_the_login_check() -> None:
    """Also where an empty list is left out: nobody is let in to a system that cannot be read."""
    simulator = simulated(Shape(empty_list=EmptyList.MISSING, renamed={"Invoices": "Fakturor"}))
    with pytest.raises(UpstreamContractError, match="Fakturor"):
        client_of(simulator).check_login(LOGIN)


def test_a_person_may_confirm_that_a_system_is_empty() -> None:
    """A system without a single invoice cannot show the difference itself."""
    simulator = simulated(Shape(empty_list=EmptyList.MISSING))
    for invoice in simulator.warehouse(seed.WAREHOUSE).invoices:
        simulator.remove_invoice(seed.WAREHOUSE, invoice.id)
    memory = FakeWmsMemory()
    client = client_of(simulator, memory=memory)
    client.check_login(LOGIN)  # whose password is proven
    look = client.look(LOGIN, at=NOW, seconds=10)
    with pytest.raises(UpstreamContractError, match="without any list"):
        all_of(client)
    confirm_empty(LOGIN.warehouse, memory)

    assert (look.is_understood, look.count) == (False, 0)
    assert client.look(LOGIN, at=NOW, seconds=10).is_understood
    assert all_of(client) == []


# ---- what is new


def test_a_name_that_was_never_seen_is_told_once_and_harms_nothing(
    expected: list[WmsInvoice | UnreadableInvoice],
) -> None:
    """Once per system and name, with how often and without what it holds."""
    simulator = simulated(Shape(added=("CreatedDate", "Workflow")))
    memory, told = FakeWmsMemory(), []
    for _ in range(3):
        client = client_of(
            simulator,
            memory=memory,
            report=lambda event, fields: told.append((event, dict(fields))),
            chance=lambda: 1.0,
        )
        assert all_of(client) == expected

    assert told == [
        ("wms_name_unknown", {"integration": seed.WAREHOUSE, "element": f"invoice: {name}", "times": 13})
        for name in ("CreatedDate", "Workflow")
    ]


def test_what_the_likeliest_answer_holds_is_all_known() -> None:
    """Otherwise every system would tell of names that everybody knows."""
    memory = FakeWmsMemory()
    client = client_of(simulated(Shape()), memory=memory)
    all_of(client)

    assert memory.recall(seed.WAREHOUSE).names == ()


@pytest.mark.parametrize("model", [InvoicesAnswer, InvoiceAnswer, GoodsOwnerAnswer, ChargeAnswer])
def test_every_name_that_is_believed_says_how_surely(model: type[Any]) -> None:
    """What is guessed is what a real system is asked about first."""
    sure = certainties(model)

    assert set(sure) == set(model.model_fields)
    assert all(sure.values())
