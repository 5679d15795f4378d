"""Properties of what is written to Ongoing and read from it."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoicing.adapters.ongoing.client import OngoingClient
from invoicing.adapters.ongoing.documents import NotADocumentError, StrangeDocumentError, parse, text
from invoicing.adapters.ongoing.values import boolean, decimal, integer, optional_day
from invoicing.domain.errors import WmsLoginRefusedError
from invoicing.domain.swedish_time import SWEDEN
from invoicing.domain.wms_invoice import WmsInvoice, WmsLogin

from local.ongoing.in_process import InProcessTransport
from local.ongoing.options import Dates
from local.ongoing.simulator import OngoingSimulator
from local.ongoing.warehouse import Charge, GoodsOwner, Invoice, User, Warehouse

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LOGIN = WmsLogin(warehouse="nordlager", username="api", password="secret")
OWNER = GoodsOwner(id=1, name="Kaffe & Kakao AB", financial_code="1001")

# What XML 1.0 can carry.
XML_TEXT = st.text(
    st.characters(
        exclude_categories=["Cs"],
        exclude_characters=[chr(code) for code in (*range(0x20), 0xFFFE, 0xFFFF) if code not in (9, 10, 13)],
    ),
    max_size=60,
)
AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=None, allow_nan=False).map(
    lambda value: value.quantize(Decimal("0.0000001"))
)


def _system(*invoices: Invoice, user: User | None = None) -> OngoingSimulator:
    return OngoingSimulator(
        clock=lambda: NOW,
        warehouses=[
            Warehouse(
                name="nordlager",
                users=(user or User(username="api", password="secret"),),
                goods_owners=(OWNER,),
                invoices=invoices,
            )
        ],
    )


def _client(simulator: OngoingSimulator) -> OngoingClient:
    return OngoingClient(InProcessTransport(simulator.handle), base_url="http://ongoing.test")


def _read(invoice: Invoice, dates: Dates = Dates.UTC) -> WmsInvoice:
    simulator = _system(invoice)
    simulator.set_options(dates=dates)
    found = _client(simulator).by_id(LOGIN, invoice.id)
    assert isinstance(found, WmsInvoice), found
    return found


@given(price=AMOUNTS, quantity=AMOUNTS, total=AMOUNTS)
def test_amounts_are_exact(price: Decimal, quantity: Decimal, total: Decimal) -> None:
    """Every decimal arrives as it was sent, to the last digit."""
    charge = Charge(id=1, title="Plock", unit_price=price, quantity=quantity)
    found = _read(Invoice(id=1, goods_owner_id=1, invoice_date=NOW.date(), amount=total, charges=(charge,)))

    assert (found.amount, found.charges[0].price, found.charges[0].quantity) == (total, price, quantity)


@given(
    day=st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31)),
    dates=st.sampled_from([Dates.UTC, Dates.OFFSET, Dates.LOCAL]),
)
def test_a_date_never_shifts(day: date, dates: Dates) -> None:
    """A Swedish midnight is the same day in UTC, with an offset and without, in summer and winter."""
    found = _read(Invoice(id=1, goods_owner_id=1, invoice_date=day, period_start=day, period_end=day), dates)

    assert (found.invoice_date, found.period_start, found.period_end) == (day, day, day)


@given(day=st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31)), at=st.times())
def test_the_time_of_day_does_not_matter(day: date, at: time) -> None:
    """The last second of a period is still its last day."""
    moment = datetime.combine(day, at)
    aware = moment.replace(tzinfo=SWEDEN, fold=0).astimezone(UTC)

    assert optional_day(moment.isoformat()) == day
    assert optional_day(aware.isoformat()) == aware.astimezone(SWEDEN).date()


@given(title=XML_TEXT, comment=XML_TEXT, code=XML_TEXT)
def test_texts_arrive_whole(title: str, comment: str, code: str) -> None:
    """All characters of XML come through; only white space around a text is dropped."""
    charge = Charge(id=1, title=title, unit_price=Decimal(1), code=code, comment=comment)
    invoice = Invoice(id=1, goods_owner_id=1, invoice_date=NOW.date(), title=title, charges=(charge,))
    found = _read(invoice)

    assert found.title == title.strip()
    assert found.charges[0].article_title == title.strip()
    assert found.charges[0].comment == comment.strip()
    assert found.charges[0].article_number == code.strip()


@given(title=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_no_text_makes_an_answer_unreadable(title: str) -> None:
    """Characters that XML forbids, which .NET writes as references all the same, become spaces."""
    found = _read(Invoice(id=1, goods_owner_id=1, invoice_date=NOW.date(), title=title))
    forbidden = [chr(code) for code in (*range(0x20), 0xFFFE, 0xFFFF) if code not in (9, 10, 13)]

    assert found.title == "".join(" " if one in forbidden else one for one in title).strip()


@given(username=XML_TEXT, password=XML_TEXT, number=XML_TEXT)
def test_what_is_sent_is_what_ongoing_sees(username: str, password: str, number: str) -> None:
    """Login and number are escaped so that the service reads them to the character."""
    simulator = _system(
        Invoice(id=1, goods_owner_id=1, invoice_date=NOW.date()),
        user=User(username=username, password=password),
    )
    login = WmsLogin(warehouse="nordlager", username=username, password=password)
    _client(simulator).write_back(login, 1, number=number)

    assert simulator.invoice("nordlager", 1).number == (number or None)


@given(username=st.text(max_size=20), password=st.text(max_size=20))
def test_no_login_breaks_out_of_its_envelope(username: str, password: str) -> None:
    """Whatever is typed, the outcome is a refusal, never another call or another error."""
    simulator = _system(user=User(username="only", password="this one"))

    with pytest.raises(WmsLoginRefusedError):
        _client(simulator).check_login(WmsLogin(warehouse="nordlager", username=username, password=password))


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    """There is no third way out of parsing."""
    try:
        root = parse(body)
    except (NotADocumentError, StrangeDocumentError):
        return

    assert root.tag


@pytest.mark.parametrize("body", [b"<!DOCTYPE a><a/>", b'<!DOCTYPE a [<!ENTITY b "c">]><a/>', b"<a>&b;</a>Envelope>"])
def test_a_document_type_is_refused_whatever_it_declares(body: bytes) -> None:
    """SOAP forbids document types, and entities are how a small answer grows to gigabytes."""
    with pytest.raises(StrangeDocumentError):
        parse(body)


@given(st.text(max_size=30))
def test_any_text_is_a_value_or_garbled(value: str) -> None:
    """Readers of numbers, dates and marks raise one error, which never shows the text."""
    said = set()
    for read in (integer, decimal, boolean, optional_day):
        try:
            read(value)
        except ValueError as error:
            said.add(str(error))

    assert said <= {
        *("is missing", "is not a whole number", "is not a number", "is neither true nor false", "is not a date")
    }


@pytest.mark.parametrize("written", ["1,5", "1 000", "1.000,00", "NaN", "INF", "0x10", "١", "1e1000", "--1", "."])
def test_an_ambiguous_number_is_no_number(written: str) -> None:
    """A comma could mean thousands or decimals, so neither is guessed."""
    with pytest.raises(ValueError, match=r"^is not a number$"):
        decimal(written)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-10-31T23:00:00Z", date(2026, 11, 1)),
        ("2026-10-31T22:59:59Z", date(2026, 10, 31)),
        ("2026-06-30T22:00:00Z", date(2026, 7, 1)),
        ("2026-06-30T22:00:00.0000000Z", date(2026, 7, 1)),
        ("2026-11-01T00:00:00+01:00", date(2026, 11, 1)),
        ("2026-11-01T00:00:00", date(2026, 11, 1)),
        ("2026-10-31T23:59:59.9999999", date(2026, 10, 31)),
        ("2026-11-01", date(2026, 11, 1)),
        ("", None),
        ("0001-01-01T00:00:00", None),
        ("0001-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("1900-01-01", None),
    ],
)
def test_moments_of_the_wire_are_swedish_days(written: str, day: date | None) -> None:
    """The forms that .NET writes, .NET's own "no date" among them."""
    assert optional_day(written) == day


@pytest.mark.parametrize("written", ["2026-13-01", "2026-02-29", "26-01-01", "20260101"])
def test_what_is_no_day_is_garbled(written: str) -> None:
    """A day that the calendar lacks, and one in another writing."""
    with pytest.raises(ValueError, match=r"^is not a date$"):
        optional_day(written)


def test_names_are_found_in_any_case_and_namespace() -> None:
    """The first name that has a value wins, and nil is no value."""
    root = parse(
        b'<a xmlns="urn:x" xmlns:y="urn:y" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        b'<Price xsi:nil="true"/><y:UNITPRICE> 4 </y:UNITPRICE></a>'
    )

    assert text(root, "Price", "UnitPrice") == "4"
