"""The Ongoing client against the simulator, in process and over a socket."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from invoicing.adapters.http.transport import PooledTransport
from invoicing.adapters.ongoing.client import OngoingClient
from invoicing.application.http import HttpAnswer, HttpRequest, HttpTransport
from invoicing.application.ports import WmsInvoices
from invoicing.domain import wms_invoice
from invoicing.domain.errors import (
    RateLimitedError,
    RetryLaterError,
    UnknownOutcomeError,
    WmsLoginRefusedError,
    WmsNotUnderstoodError,
)
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice, WmsLogin

from local.http import serve
from local.ongoing import seed
from local.ongoing.faults import Effect, FaultRule, Match
from local.ongoing.in_process import InProcessTransport
from local.ongoing.options import Dates, Layout, LoginRefusal, Nulls, PriceMeaning
from local.ongoing.simulator import OngoingSimulator
from local.ongoing.warehouse import Charge, Invoice

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)
LOGIN = WmsLogin(warehouse=seed.WAREHOUSE, username=seed.USERNAME, password=seed.PASSWORD)
LONG_AGO = date(2020, 1, 1)


class ImpatientTransport:
    """The transport of the product with a short timeout, so that tests need not wait."""

    def __init__(self) -> None:
        self._transport = PooledTransport()

    def send(self, request: HttpRequest) -> HttpAnswer:
        return self._transport.send(replace(request, timeout=min(request.timeout, 0.5)))

    def close(self) -> None:
        self._transport.close()


@pytest.fixture
def simulator() -> OngoingSimulator:
    return OngoingSimulator(clock=lambda: NOW, warehouses=[seed.default_warehouse(TODAY)])


@pytest.fixture(params=["in process", "socket"])
def client(request: pytest.FixtureRequest, simulator: OngoingSimulator) -> Iterator[OngoingClient]:
    if request.param == "in process":
        yield OngoingClient(InProcessTransport(simulator.handle), base_url="http://ongoing.test/")
        return
    with serve(simulator.handle) as server, closing(ImpatientTransport()) as transport:
        yield OngoingClient(transport, base_url=server.url)


@pytest.fixture
def quick(simulator: OngoingSimulator) -> OngoingClient:
    """A client in process, for promises that a socket cannot change."""
    return OngoingClient(InProcessTransport(simulator.handle), base_url="http://ongoing.test")


def _ids(invoices: object) -> list[int | None]:
    assert isinstance(invoices, list)
    return [one.id for one in invoices]


def _listed(client: OngoingClient, login: WmsLogin, *, since: date) -> list[WmsInvoice | UnreadableInvoice]:
    """All pages."""
    return [invoice for page in client.unexported(login, since=since) for invoice in page.invoices]


def _live_unexported() -> list[int]:
    return list(range(5001, 5014))


def _readable(found: WmsInvoice | UnreadableInvoice | None) -> WmsInvoice:
    assert isinstance(found, WmsInvoice), found
    return found


# Reading.


def test_the_client_is_what_the_use_cases_ask_for(quick: OngoingClient) -> None:
    """It satisfies the port, by types and by names."""
    port: WmsInvoices = quick

    assert port is quick


def test_unexported_invoices_of_live_goods_owners_come_in_order_of_id(client: OngoingClient) -> None:
    """Exported ones and those of training goods owners stay away."""
    found = _listed(client, LOGIN, since=LONG_AGO)

    assert _ids(found) == _live_unexported()


def test_the_server_sees_every_filter(simulator: OngoingSimulator, quick: OngoingClient) -> None:
    """A service that reads in the documented order sees what we ask for, so little travels in vain."""
    _listed(quick, LOGIN, since=date(2026, 10, 31))

    assert simulator.calls[0].asked == {
        "username": seed.USERNAME,
        "rows": True,
        "only_live": True,
        "ids": [],
        "is_exported": False,
        "date_from": "2026-10-30T00:00:00",
        "id_from": None,
        "max": 50,
    }


def test_an_invoice_is_read_whole(client: OngoingClient) -> None:
    """Every field of the domain's invoice comes from the wire, texts with all their characters."""
    found = {one.id: one for one in _listed(client, LOGIN, since=LONG_AGO)}
    invoice = _readable(found[seed.MANY_CHARGES])

    assert invoice.goods_owner.name == "Kaffe & Kakao AB"
    assert (invoice.goods_owner.id, invoice.goods_owner.customer_code) == (seed.KAFFE, "1001")
    assert invoice.goods_owner.currency == "SEK"
    assert (invoice.number, invoice.title) == ("", "Lager och hantering 2026-10")
    assert invoice.invoice_date == date(2026, 10, 31)
    assert (invoice.period_start, invoice.period_end) == (date(2026, 10, 1), date(2026, 10, 31))
    assert invoice.your_order_number == "PO-2231"
    assert not invoice.is_exported
    assert len(invoice.charges) == 43
    assert invoice.charges[1] == wms_invoice.Charge(
        id=511,
        article_number="PLOCK",
        article_title="Plock per rad",
        account="3042",
        price=Decimal("4.50"),
        quantity=Decimal(2),
        comment="",
        profit_centre="HANT",
        order_number="SO-88001",
        day=date(2026, 10, 2),
    )
    assert sum(one.price * one.quantity for one in invoice.charges) == invoice.amount


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("nulls", Nulls)
@pytest.mark.parametrize("dates", [Dates.UTC, Dates.OFFSET, Dates.LOCAL])
def test_every_plausible_shape_of_the_answer_is_read_alike(
    simulator: OngoingSimulator, quick: OngoingClient, layout: Layout, nulls: Nulls, dates: Dates
) -> None:
    """Nested, flat or with the older names; nil, missing or empty; dates in UTC, with offset or local."""
    expected = _listed(quick, LOGIN, since=LONG_AGO)
    simulator.set_options(layout=layout, nulls=nulls, dates=dates)
    found = _listed(quick, LOGIN, since=LONG_AGO)

    if layout is Layout.LEGACY:  # which names no currency and has no reference on the goods owner
        for mine, other in zip(found, expected, strict=True):
            assert _readable(mine).charges == _readable(other).charges
            assert _readable(mine).invoice_date == _readable(other).invoice_date
            assert _readable(mine).goods_owner.customer_code == _readable(other).goods_owner.customer_code
    else:
        assert found == expected


@pytest.mark.parametrize("meaning", PriceMeaning)
def test_the_price_is_handed_on_as_it_stands(
    simulator: OngoingSimulator, quick: OngoingClient, meaning: PriceMeaning
) -> None:
    """Whether it is per unit or per row is not the client's to decide."""
    simulator.set_options(price_meaning=meaning)
    charge = _readable(quick.by_id(LOGIN, seed.THREE_DECIMALS)).charges[0]

    assert charge.quantity == 1000
    assert charge.price == (Decimal("0.125") if meaning is PriceMeaning.PER_UNIT else Decimal(125))


@pytest.mark.parametrize(
    "ignored", ["ignore_is_exported", "ignore_dates", "ignore_max", "ignore_id_from", "newest_first"]
)
def test_a_server_that_ignores_a_filter_changes_nothing(
    simulator: OngoingSimulator, client: OngoingClient, ignored: str
) -> None:
    """Filters are applied again on our side, and paging ends."""
    simulator.set_options(**{ignored: True})
    _put_exported(simulator)
    found = _listed(client, LOGIN, since=date(2026, 10, 31))

    assert _ids(found) == _live_unexported()


def test_a_server_that_names_training_goods_owners_need_not_filter_them(quick: OngoingClient) -> None:
    """Where an answer says that a goods owner is for training, it is left out."""
    body = _answer_with(
        "<GoodsOwner><Id>1</Id><IsTrainingGoodsOwner>true</IsTrainingGoodsOwner></GoodsOwner>",
        "<InvoiceInfo><InvoiceId>1</InvoiceId><InvoiceDate>2026-10-31T00:00:00</InvoiceDate>"
        "<InvoiceAmount>1</InvoiceAmount><IsExported>false</IsExported></InvoiceInfo>",
    )
    found = _listed(_answering(body), LOGIN, since=LONG_AGO)

    assert found == []


def test_no_filter_and_no_paging_at_all_changes_nothing(simulator: OngoingSimulator, quick: OngoingClient) -> None:
    """Everything that can be ignored is ignored at once."""
    simulator.set_options(
        ignore_is_exported=True, ignore_dates=True, ignore_max=True, ignore_id_from=True, newest_first=True
    )
    _put_exported(simulator)
    found = _listed(quick, LOGIN, since=date(2026, 10, 31))

    assert _ids(found) == _live_unexported()


def _put_exported(simulator: OngoingSimulator) -> None:
    exported = Invoice(id=8003, goods_owner_id=1, invoice_date=date(2026, 11, 1), is_exported=True, exported_at=NOW)
    simulator.put_invoice(seed.WAREHOUSE, exported)


def _fill(simulator: OngoingSimulator, count: int, *, rows: int = 1) -> list[int]:
    ids = list(range(7001, 7001 + count))
    charge = Charge(id=1, title="Pallplats", unit_price=Decimal(1), code="100", account="3041")
    for invoice_id in ids:
        simulator.put_invoice(
            seed.WAREHOUSE,
            Invoice(id=invoice_id, goods_owner_id=1, invoice_date=date(2026, 10, 31), charges=(charge,) * rows),
        )
    return ids


@pytest.mark.parametrize("id_from_inclusive", [False, True])
@pytest.mark.parametrize("count", [36, 37, 38, 87, 137])
def test_all_pages_are_read_whatever_id_from_means(
    simulator: OngoingSimulator, quick: OngoingClient, id_from_inclusive: bool, count: int
) -> None:
    """ "Larger than" and "or equal" both give every invoice once, around the edges of pages too."""
    simulator.set_options(id_from_inclusive=id_from_inclusive)
    ids = _fill(simulator, count)
    found = _listed(quick, LOGIN, since=LONG_AGO)

    assert _ids(found) == [*_live_unexported(), *ids]


@pytest.mark.parametrize("ignored", [{"ignore_id_from": True}, {"newest_first": True}, {"ignore_max": True}])
def test_many_invoices_are_read_where_paging_does_not_work(
    simulator: OngoingSimulator, quick: OngoingClient, ignored: dict[str, bool]
) -> None:
    """When the pages repeat themselves or come from the wrong end, all is asked for in one answer."""
    simulator.set_options(**ignored)
    ids = _fill(simulator, 120)
    found = _listed(quick, LOGIN, since=LONG_AGO)

    assert _ids(found) == [*_live_unexported(), *ids]


def test_a_server_that_ignores_size_and_place_is_not_asked_for_ever(
    simulator: OngoingSimulator, quick: OngoingClient
) -> None:
    """The next answer has nothing new, and the one with everything is the last."""
    simulator.set_options(ignore_max=True, ignore_id_from=True)
    _fill(simulator, 60)
    found = _listed(quick, LOGIN, since=LONG_AGO)

    assert len(found) == 60 + len(_live_unexported())
    assert len(simulator.calls) == 4  # with one that asks for more than there is, without charges


def test_a_page_that_is_too_slow_is_asked_for_again_in_smaller_pages(
    simulator: OngoingSimulator, client: OngoingClient
) -> None:
    """A system with huge invoices is read all the same."""
    simulator.add_fault(FaultRule(effect=Effect.DELAY, match=Match(operation="GetInvoicesByQuery"), seconds=200))
    found = _listed(client, LOGIN, since=LONG_AGO)

    assert _ids(found) == _live_unexported()
    assert [call.asked["max"] for call in simulator.calls if call.asked.get("rows")][-1] == 5


def test_with_a_patience_no_answer_is_awaited_for_longer_and_none_asked_for_twice(
    simulator: OngoingSimulator,
) -> None:
    """Others wait beside this reading; who has more time asks again."""
    hasty = OngoingClient(InProcessTransport(simulator.handle), base_url="http://ongoing.test", patience=10.0)
    simulator.add_fault(FaultRule(effect=Effect.DELAY, match=Match(operation="GetInvoicesByQuery"), seconds=11))

    with pytest.raises(RetryLaterError):
        _listed(hasty, LOGIN, since=LONG_AGO)
    assert len(simulator.calls) == 1


@pytest.mark.parametrize(("rows", "pages"), [(1, [50, 500, 500]), (100, [50, 133, 100]), (300, [50] * 5)])
def test_pages_grow_where_invoices_have_few_rows(
    simulator: OngoingSimulator, quick: OngoingClient, rows: int, pages: list[int]
) -> None:
    """A backlog of small invoices takes few calls, and one of large invoices no answer that is too large."""
    _fill(simulator, 200, rows=rows)
    found = _listed(quick, LOGIN, since=LONG_AGO)

    assert len(found) == 200 + len(_live_unexported())
    assert [call.asked["max"] for call in simulator.calls] == pages


def test_a_page_that_grew_too_large_is_asked_for_again_in_ordinary_pages(
    simulator: OngoingSimulator, quick: OngoingClient
) -> None:
    """And pages do not grow again in this reading."""
    ids = _fill(simulator, 150)
    simulator.add_fault(FaultRule(effect=Effect.STATUS, status=500, match=Match(nth=2)))
    found = _listed(quick, LOGIN, since=LONG_AGO)

    assert _ids(found) == [*_live_unexported(), *ids]
    assert [call.asked.get("max", "failed") for call in simulator.calls] == [50, "failed", 50, 50, 50]


def test_invoices_of_the_first_day_are_included(simulator: OngoingSimulator, quick: OngoingClient) -> None:
    """The start date itself counts, though the server's "later than" leaves it out; the day before does not."""
    for invoice_id, day in ((8001, date(2026, 9, 30)), (8002, date(2026, 10, 1))):
        simulator.put_invoice(seed.WAREHOUSE, Invoice(id=invoice_id, goods_owner_id=1, invoice_date=day))
    found = _listed(quick, LOGIN, since=date(2026, 10, 1))

    assert 8002 in _ids(found)
    assert 8001 not in _ids(found)


@pytest.mark.parametrize("since", [date.min, date(1900, 1, 1), date(1900, 1, 2), date.max])
def test_any_start_date_can_be_asked_for(quick: OngoingClient, since: date) -> None:
    """The ends of the calendar break nothing."""
    found = _listed(quick, LOGIN, since=since)

    assert len(found) == (0 if since == date.max else 13)


@pytest.mark.parametrize(
    ("field", "garbage", "reason"),
    [
        ("InvoiceAmount", "12,50", "InvoiceAmount is not a number"),
        ("InvoiceAmount", "NaN", "InvoiceAmount is not a number"),
        ("InvoiceAmount", "", "InvoiceAmount is missing"),
        ("InvoiceDate", "yesterday", "InvoiceDate is not a date"),
        ("InvoicePeriodEnd", "2026-02-30T00:00:00", "InvoicePeriodEnd is not a date"),
        ("IsExported", "maybe", "IsExported is neither true nor false"),
    ],
)
def test_a_bad_invoice_does_not_stop_the_others(
    simulator: OngoingSimulator, quick: OngoingClient, field: str, garbage: str, reason: str
) -> None:
    """It comes out as unreadable, with the field that is wrong and without its text."""
    simulator.change_invoice(seed.WAREHOUSE, seed.PLAIN, garbled={field: garbage})
    found = _listed(quick, LOGIN, since=LONG_AGO)

    assert found[0] == UnreadableInvoice(id=seed.PLAIN, reason=reason)
    assert _ids(found) == _live_unexported()


def test_an_invoice_without_a_readable_id_comes_last(simulator: OngoingSimulator, quick: OngoingClient) -> None:
    """It can be told to people, though nothing can be done with it."""
    simulator.change_invoice(seed.WAREHOUSE, seed.PLAIN, garbled={"InvoiceId": "one"})
    found = _listed(quick, LOGIN, since=LONG_AGO)

    assert found[-1] == UnreadableInvoice(id=None, reason="InvoiceId is not a whole number")
    assert len(found) == 13


def test_an_invoice_without_a_readable_id_comes_once(simulator: OngoingSimulator, quick: OngoingClient) -> None:
    """Also when it stands last, where the next page shows it again."""
    simulator.change_invoice(seed.WAREHOUSE, seed.STILL_GROWING, garbled={"InvoiceId": "last"})
    found = _listed(quick, LOGIN, since=LONG_AGO)

    assert [one.id for one in found] == [*_live_unexported()[:-1], None]


def test_unreadable_history_is_not_brought_up(simulator: OngoingSimulator, quick: OngoingClient) -> None:
    """An old or exported invoice that cannot be read is nobody's problem."""
    simulator.set_options(ignore_dates=True, ignore_is_exported=True)
    simulator.change_invoice(seed.WAREHOUSE, seed.EXPORTED_BEFORE, garbled={"InvoiceAmount": "?"})
    simulator.put_invoice(
        seed.WAREHOUSE,
        Invoice(id=8001, goods_owner_id=1, invoice_date=date(2019, 1, 1), garbled={"InvoiceAmount": "?"}),
    )
    found = _listed(quick, LOGIN, since=date(2026, 10, 1))

    assert _ids(found) == _live_unexported()


@pytest.mark.parametrize(
    ("charge", "reason"),
    [
        ("<ChargeId>1</ChargeId><NumberOfItems>1</NumberOfItems>", "charge 1: Price is missing"),
        ("<ChargeId>1</ChargeId><Price>1</Price>", "charge 1: NumberOfItems is missing"),
        (
            "<ChargeId>1</ChargeId><Price>1e999</Price><NumberOfItems>1</NumberOfItems>",
            "charge 1: Price is not a number",
        ),
        ("<Price>1</Price><NumberOfItems>1</NumberOfItems>", "charge 1: ChargeId is missing"),
    ],
)
def test_an_invoice_with_a_bad_charge_is_never_half_read(charge: str, reason: str) -> None:
    """A charge without its money makes the whole invoice unreadable."""
    body = _answer_with(
        "<GoodsOwner><Id>1</Id></GoodsOwner>",
        "<InvoiceInfo><InvoiceId>7</InvoiceId><InvoiceDate>2026-10-31T00:00:00</InvoiceDate>"
        "<InvoiceAmount>1</InvoiceAmount><IsExported>false</IsExported></InvoiceInfo>"
        f"<InvoiceCharges><GetInvoicesCharge>{charge}</GetInvoicesCharge></InvoiceCharges>",
    )
    found = _listed(_answering(body), LOGIN, since=LONG_AGO)

    assert found == [UnreadableInvoice(id=7, reason=reason)]


@pytest.mark.parametrize(
    ("written", "day"), [("2026-10-01T22:00:00Z", date(2026, 10, 2)), ("", None), ("02.10.2026", None), ("?", None)]
)
def test_a_charge_whose_day_cannot_be_read_has_none(written: str, day: date | None) -> None:
    """Only the specification shows it, so it holds no invoice. The Swedish day is meant, as everywhere."""
    charge = f"<ChargeId>1</ChargeId><Price>1</Price><NumberOfItems>1</NumberOfItems><ActionDate>{written}</ActionDate>"
    body = _answer_with(
        "<GoodsOwner><Id>1</Id></GoodsOwner>",
        "<InvoiceInfo><InvoiceId>7</InvoiceId><InvoiceDate>2026-10-31T00:00:00</InvoiceDate>"
        "<InvoiceAmount>1</InvoiceAmount><IsExported>false</IsExported></InvoiceInfo>"
        f"<InvoiceCharges><GetInvoicesCharge>{charge}</GetInvoicesCharge></InvoiceCharges>",
    )
    [found] = _listed(_answering(body), LOGIN, since=LONG_AGO)

    assert _readable(found).charges[0].day == day


def test_control_characters_in_one_comment_hide_no_invoice(simulator: OngoingSimulator, client: OngoingClient) -> None:
    """.NET writes them as references that XML forbids; they become spaces."""
    simulator.change_invoice(seed.WAREHOUSE, seed.PLAIN, title="Lager\x1f&\x00hantering")
    found = _listed(client, LOGIN, since=LONG_AGO)

    assert _ids(found) == _live_unexported()
    assert _readable(found[0]).title == "Lager & hantering"


# One invoice.


@pytest.mark.parametrize("invoice_id", [seed.PLAIN, seed.EXPORTED_BEFORE])
def test_one_invoice_is_found_exported_or_not(client: OngoingClient, invoice_id: int) -> None:
    """Asking by id does not look at the mark."""
    found = _readable(client.by_id(LOGIN, invoice_id))

    assert found.id == invoice_id
    assert found.is_exported == (invoice_id == seed.EXPORTED_BEFORE)
    assert found.charges


@pytest.mark.parametrize("ignore", [False, True])
def test_an_invoice_that_does_not_exist_is_none(
    simulator: OngoingSimulator, quick: OngoingClient, ignore: bool
) -> None:
    """Also when the server ignores the ids and gives all that it has."""
    simulator.set_options(ignore_invoice_ids=ignore)
    found = quick.by_id(LOGIN, 999)

    assert found is None


def test_the_right_invoice_is_picked_when_the_server_ignores_ids(
    simulator: OngoingSimulator, quick: OngoingClient
) -> None:
    """The first invoice of an answer is not taken for the one that was asked for."""
    simulator.set_options(ignore_invoice_ids=True)
    found = _readable(quick.by_id(LOGIN, seed.CLAIM))

    assert found.id == seed.CLAIM
    assert found.charges[1].price == Decimal(-250)


def test_the_only_answer_is_told_even_if_its_id_cannot_be_read(
    simulator: OngoingSimulator, quick: OngoingClient
) -> None:
    """An invoice that was asked for by id does not vanish without a reason."""
    simulator.change_invoice(seed.WAREHOUSE, seed.PLAIN, garbled={"InvoiceId": "one"})
    found = quick.by_id(LOGIN, seed.PLAIN)

    assert found == UnreadableInvoice(id=None, reason="InvoiceId is not a whole number")


# Writing back.


def test_number_and_mark_are_written_in_one_call(simulator: OngoingSimulator, client: OngoingClient) -> None:
    """One UpdateInvoice sets both and nothing else."""
    before = simulator.invoice(seed.WAREHOUSE, seed.PLAIN)
    client.write_back(LOGIN, seed.PLAIN, number="1042")
    after = simulator.invoice(seed.WAREHOUSE, seed.PLAIN)

    assert [call.operation for call in simulator.calls] == ["UpdateInvoice"]
    assert (after.number, after.is_exported, after.exported_at) == ("1042", True, NOW)
    assert (after.title, after.period_start, after.charges) == (
        before.title,
        before.period_start,
        before.charges,
    )


def test_writing_the_same_again_is_harmless(simulator: OngoingSimulator, client: OngoingClient) -> None:
    """A repeated write-back ends the same."""
    client.write_back(LOGIN, seed.PLAIN, number="1042")
    once = simulator.invoice(seed.WAREHOUSE, seed.PLAIN)
    client.write_back(LOGIN, seed.PLAIN, number="1042")

    assert simulator.invoice(seed.WAREHOUSE, seed.PLAIN) == once


def test_a_refused_write_says_what_ongoing_said(client: OngoingClient) -> None:
    """`Success` false on an unknown invoice is an error with the WMS's message."""
    with pytest.raises(RetryLaterError, match="There is no invoice with id 999") as caught:
        client.write_back(LOGIN, 999, number="1")

    assert not isinstance(caught.value, UnknownOutcomeError)


@pytest.mark.parametrize(
    "rule",
    [
        FaultRule(effect=Effect.BEFORE),
        FaultRule(effect=Effect.AFTER),
        FaultRule(effect=Effect.DELAY, seconds=40, commit=True),
        FaultRule(effect=Effect.TRUNCATE),
        FaultRule(effect=Effect.HALF),
        FaultRule(effect=Effect.HTML),
        FaultRule(effect=Effect.STATUS, status=502),
        FaultRule(effect=Effect.STATUS, status=500, commit=True),
    ],
    ids=lambda rule: str(rule.effect),
)
def test_a_write_without_a_clear_answer_is_unknown_and_is_not_repeated(
    simulator: OngoingSimulator, client: OngoingClient, rule: FaultRule
) -> None:
    """One call is made; whether it happened is for the caller to find out, and doing it again works."""
    simulator.add_fault(rule)
    with pytest.raises(UnknownOutcomeError):
        client.write_back(LOGIN, seed.PLAIN, number="1042")
    assert len(simulator.calls) == 1
    client.write_back(LOGIN, seed.PLAIN, number="1042")

    assert simulator.invoice(seed.WAREHOUSE, seed.PLAIN).number == "1042"


def test_a_write_that_was_done_by_half_is_completed_by_the_next(
    simulator: OngoingSimulator, quick: OngoingClient
) -> None:
    """The number without the mark is an error; writing again sets both."""
    simulator.add_fault(FaultRule(effect=Effect.PARTIAL))
    with pytest.raises(RetryLaterError):
        quick.write_back(LOGIN, seed.PLAIN, number="1042")
    assert not simulator.invoice(seed.WAREHOUSE, seed.PLAIN).is_exported
    quick.write_back(LOGIN, seed.PLAIN, number="1042")

    assert simulator.invoice(seed.WAREHOUSE, seed.PLAIN).is_exported


# The login.


def test_a_right_login_passes_without_reading_invoices(simulator: OngoingSimulator, client: OngoingClient) -> None:
    """The check makes one call, which asks for an invoice that does not exist."""
    client.check_login(LOGIN)

    assert [call.asked["ids"] for call in simulator.calls] == [[0]]


@pytest.mark.parametrize("refusal", LoginRefusal)
@pytest.mark.parametrize(
    "message", ["Invalid username or password.", "Felaktigt användarnamn eller lösenord", "Login failed"]
)
@pytest.mark.parametrize(
    "login",
    [
        WmsLogin(warehouse=seed.WAREHOUSE, username=username, password=password)
        for username, password in ((seed.USERNAME, "wrong"), ("nobody", seed.PASSWORD), ("", ""), ("a<b", "&amp;"))
    ],
)
def test_a_wrong_login_is_refused_however_ongoing_says_it(
    simulator: OngoingSimulator, refusal: LoginRefusal, message: str, login: WmsLogin
) -> None:
    """A fault, `Success` false and 401, in English and Swedish, all mean the same."""
    simulator.set_options(login_refusal=refusal, login_message=message)
    quick = OngoingClient(InProcessTransport(simulator.handle), base_url="http://ongoing.test")
    calls: list[Callable[[], object]] = [
        lambda: quick.check_login(login),
        lambda: _listed(quick, login, since=LONG_AGO),
        lambda: quick.by_id(login, 1),
        lambda: quick.write_back(login, 1, number="1"),
    ]
    for call in calls:
        with pytest.raises(WmsLoginRefusedError):
            call()

    assert {call.status for call in simulator.calls} <= {200, 401, 500}


@pytest.mark.parametrize("warehouse", ["sydlager", "nord/../lager", "nordlager/x?", "", "NORDLAGER ", "å"])
def test_an_unknown_system_is_refused_like_a_wrong_password(client: OngoingClient, warehouse: str) -> None:
    """What is not even a name of a system never gets into an address."""
    login = WmsLogin(warehouse=warehouse, username=seed.USERNAME, password=seed.PASSWORD)
    with pytest.raises(WmsLoginRefusedError) as caught:
        client.check_login(login)

    assert seed.PASSWORD not in str(caught.value)


@pytest.mark.parametrize("password", ["bell\x07", "nul\x00", "half\ud800"])
def test_a_password_that_xml_cannot_carry_is_refused_without_a_call(
    simulator: OngoingSimulator, quick: OngoingClient, password: str
) -> None:
    """It cannot be right, and must not break the envelope."""
    with pytest.raises(WmsLoginRefusedError):
        quick.check_login(WmsLogin(warehouse=seed.WAREHOUSE, username="x", password=password))

    assert simulator.calls == ()


def test_no_error_shows_a_password(simulator: OngoingSimulator, quick: OngoingClient) -> None:
    """A message of Ongoing that repeats the password is not handed on."""
    simulator.set_options(login_message=f"Wrong password: {seed.PASSWORD}x")
    login = WmsLogin(warehouse=seed.WAREHOUSE, username=seed.USERNAME, password=f"{seed.PASSWORD}x")
    with pytest.raises(WmsLoginRefusedError) as caught:
        quick.check_login(login)

    assert seed.PASSWORD not in str(caught.value)
    assert seed.PASSWORD not in repr(login)


# Bad answers to reads.


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        (FaultRule(effect=Effect.BEFORE, times=2), RetryLaterError),
        (FaultRule(effect=Effect.AFTER, times=2), RetryLaterError),
        (FaultRule(effect=Effect.DELAY, seconds=101, times=2), RetryLaterError),
        (FaultRule(effect=Effect.TRUNCATE, times=2), RetryLaterError),
        (FaultRule(effect=Effect.HALF, times=2), RetryLaterError),
        (FaultRule(effect=Effect.HTML, times=2), RetryLaterError),
        (FaultRule(effect=Effect.HTML, status=503, times=2), RetryLaterError),
        (FaultRule(effect=Effect.STATUS, status=500, times=2), RetryLaterError),
        (FaultRule(effect=Effect.STATUS, status=408, times=2), RetryLaterError),
        (FaultRule(effect=Effect.STATUS, status=200, times=2), RetryLaterError),
        (FaultRule(effect=Effect.SOAP_FAULT, times=2), RetryLaterError),
        (
            FaultRule(effect=Effect.SUCCESS_FALSE, message="The system is being upgraded", times=2),
            RetryLaterError,
        ),
        (FaultRule(effect=Effect.STATUS, status=429), RateLimitedError),
        (FaultRule(effect=Effect.STATUS, status=403), WmsLoginRefusedError),
        (
            FaultRule(effect=Effect.SOAP_FAULT, message="You lack permission to invoices"),
            WmsLoginRefusedError,
        ),
        (FaultRule(effect=Effect.STATUS, status=302), WmsNotUnderstoodError),
        (FaultRule(effect=Effect.STATUS, status=415), WmsNotUnderstoodError),
        (FaultRule(effect=Effect.BOMB), WmsNotUnderstoodError),
        (FaultRule(effect=Effect.ENCODING), WmsNotUnderstoodError),
    ],
    ids=lambda value: f"{value.effect}-{value.status}" if isinstance(value, FaultRule) else value.__name__,
)
def test_a_bad_answer_becomes_the_error_that_names_the_reaction(
    simulator: OngoingSimulator, client: OngoingClient, rule: FaultRule, error: type[Exception]
) -> None:
    """No bad answer gives a shorter list, and once the trouble is over the list is whole."""
    simulator.add_fault(rule)
    with pytest.raises(error) as caught:
        _listed(client, LOGIN, since=LONG_AGO)
    simulator.clear_faults()

    assert type(caught.value) is error
    assert seed.PASSWORD not in str(caught.value)
    assert _ids(_listed(client, LOGIN, since=LONG_AGO)) == _live_unexported()


def test_a_failure_on_a_later_page_is_not_the_end_of_the_list(
    simulator: OngoingSimulator, quick: OngoingClient
) -> None:
    """Half a list that passes for a whole one would look like invoices that had vanished."""
    _fill(simulator, 100)
    for nth in (2, 3, 4):  # a large, an ordinary and a small page
        simulator.add_fault(FaultRule(effect=Effect.STATUS, status=500, match=Match(nth=nth)))

    pages = quick.unexported(LOGIN, since=LONG_AGO)
    next(pages)
    with pytest.raises(RetryLaterError):
        next(pages)


def test_a_page_is_asked_for_when_it_is_needed(simulator: OngoingSimulator, quick: OngoingClient) -> None:
    """Whoever works on one page at a time holds no more than that, and may stop."""
    _fill(simulator, 100)
    pages = quick.unexported(LOGIN, since=LONG_AGO)
    before = len(simulator.calls)
    first = next(pages)

    assert (before, len(first.invoices), first.more, len(simulator.calls)) == (0, 50, True, 1)


def test_the_last_page_says_that_it_is_the_last(simulator: OngoingSimulator, quick: OngoingClient) -> None:
    """Whoever is short of time need not stop before an end that has come."""
    _fill(simulator, 100)
    pages = list(quick.unexported(LOGIN, since=LONG_AGO))

    assert [(len(page.invoices), page.more) for page in pages] == [(50, True), (63, True), (0, False)]
    assert len(simulator.calls) == 3


class _Scripted:
    """An HttpTransport that always gives the same answer."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self._answer = HttpAnswer(status=status, headers={}, body=body)
        self.sent: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> HttpAnswer:
        self.sent.append(request)
        return self._answer


def _answering(body: str, status: int = 200) -> OngoingClient:
    transport: HttpTransport = _Scripted(body.encode(), status)
    return OngoingClient(transport, base_url="http://ongoing.test")


def _listing(*of_result: str) -> str:
    return _soap(
        "<GetInvoicesByQueryResponse><GetInvoicesByQueryResult><Success>true</Success>"
        f"{''.join(of_result)}</GetInvoicesByQueryResult></GetInvoicesByQueryResponse>"
    )


def _answer_with(*of_invoice: str) -> str:
    return _listing(f"<Invoices><AutomationInvoice>{''.join(of_invoice)}</AutomationInvoice></Invoices>")


def _soap(content: str) -> str:
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<s:Body>{content}</s:Body></s:Envelope>"
    )


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("<Envelope/>", WmsNotUnderstoodError),
        (_soap(""), WmsNotUnderstoodError),
        (_soap("<GetInvoicesByQueryResponse/>"), WmsNotUnderstoodError),
        (
            _soap("<UpdateInvoiceResponse><GetInvoicesByQueryResult/></UpdateInvoiceResponse>"),
            WmsNotUnderstoodError,
        ),
        (
            _soap("<GetInvoicesByQueryResponse><GetInvoicesByQueryResult/></GetInvoicesByQueryResponse>"),
            WmsNotUnderstoodError,
        ),
        ("<Envelope><a></b></Envelope>", WmsNotUnderstoodError),
        ("<Envelope>&auml;</Envelope>", WmsNotUnderstoodError),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', WmsNotUnderstoodError),
        ('<?xml version="1.0" encoding="klingon"?><Envelope></Envelope>', WmsNotUnderstoodError),
        ("", RetryLaterError),
        ("OK", RetryLaterError),
        ('{"Message": "An error has occurred."}', RetryLaterError),
        ("<html><body>Login</body></html>", RetryLaterError),
        ("<!DOCTYPE html><html></html>", RetryLaterError),
    ],
)
def test_an_answer_outside_the_contract_never_reads_as_an_empty_list(body: str, error: type[Exception]) -> None:
    """Silence would look like "nothing to export" for months."""
    with pytest.raises(error) as caught:
        _listed(_answering(body), LOGIN, since=LONG_AGO)

    assert type(caught.value) is error


@pytest.mark.parametrize(
    "invoices",
    ["<Invoices/>", '<Invoices xsi:nil="true"/>', "<Invoices><Invoice xsi:nil='true'/></Invoices>"],
)
def test_an_empty_list_is_empty_however_it_is_written(invoices: str) -> None:
    """A success without invoices is a system without unexported invoices."""
    assert _listed(_answering(_listing(invoices)), LOGIN, since=LONG_AGO) == []


def test_a_list_of_the_older_interface_needs_no_mark_of_success() -> None:
    """Its result has none; a list that is there was a success."""
    client = _answering(
        _soap(
            "<GetInvoicesByQueryResponse><GetInvoicesByQueryResult><Invoices/></GetInvoicesByQueryResult>"
            "</GetInvoicesByQueryResponse>"
        )
    )

    assert _listed(client, LOGIN, since=LONG_AGO) == []


@pytest.mark.parametrize("body", ["<error/>", _soap(""), _soap("<OtherResponse/>"), "<Envelope><a></b></Envelope>", ""])
def test_a_failing_server_may_answer_anything(body: str) -> None:
    """With a status of 5xx the document does not matter unless it is a fault: it will pass."""
    with pytest.raises(RetryLaterError):
        _listed(_answering(body, status=503), LOGIN, since=LONG_AGO)


@pytest.mark.parametrize("code", ["soap:Client", "soap:VersionMismatch", "Client"])
def test_a_fault_that_blames_our_call_is_our_bug(code: str) -> None:
    """Trying the same again would not help."""
    fault = (
        f"<s:Fault><faultcode>{code}</faultcode><faultstring>There is an error in XML document</faultstring></s:Fault>"
    )

    with pytest.raises(WmsNotUnderstoodError, match="There is an error in XML document"):
        _listed(_answering(_soap(fault), status=500), LOGIN, since=LONG_AGO)


def test_an_update_that_does_not_say_it_succeeded_did_not() -> None:
    """The exported mark is too important to be assumed."""
    client = _answering(_soap("<UpdateInvoiceResponse><UpdateInvoiceResult/></UpdateInvoiceResponse>"))

    with pytest.raises(WmsNotUnderstoodError, match="Success is missing"):
        client.write_back(LOGIN, 1, number="1")


def test_a_request_says_its_length_and_its_limits() -> None:
    """Ongoing fails on bodies in chunks; a huge answer must not fill the memory."""
    transport = _Scripted(_listing("<Invoices/>").encode())
    OngoingClient(transport, base_url="http://ongoing.test/").check_login(LOGIN)
    (request,) = transport.sent

    assert request.url == "http://ongoing.test/nordlager/Automation.asmx"
    assert request.method == "POST"
    assert request.headers["Content-Length"] == str(len(request.body or b""))
    assert request.headers["SOAPAction"] == '"http://ongoingsystems.se/Automation/GetInvoicesByQuery"'
    assert request.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert request.max_answer_bytes <= 20_000_000
    assert request.timeout <= 15
    assert seed.PASSWORD not in repr(request)
