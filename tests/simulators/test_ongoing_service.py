"""The simulator of Ongoing answers as strictly as the service that it stands for."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from local.http import Reply, Request
from local.ongoing import seed
from local.ongoing.options import LoginRefusal
from local.ongoing.simulator import OngoingSimulator
from local.ongoing.soap import NAMESPACE

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LOGIN = f"<UserName>{seed.USERNAME}</UserName><Password>{seed.PASSWORD}</Password>"
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
PATH = "/nordlager/Automation.asmx"


@pytest.fixture
def simulator() -> OngoingSimulator:
    return OngoingSimulator(clock=lambda: NOW, warehouses=[seed.default_warehouse(date(2026, 11, 22))])


def _envelope(operation: str, content: str) -> bytes:
    return (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body>'
        f'<{operation} xmlns="{NAMESPACE}">{content}</{operation}></soap:Body></soap:Envelope>'
    ).encode()


def _post(
    simulator: OngoingSimulator, body: bytes, *, path: str = PATH, headers: Mapping[str, str | None] | None = None
) -> Reply:
    """Sends a body with the right headers; `headers` change them, and None leaves one out."""
    sent: dict[str, str | None] = {
        "content-type": "text/xml; charset=utf-8",
        "content-length": str(len(body)),
        "soapaction": f'"{NAMESPACE}/GetInvoicesByQuery"',
    }
    sent.update(headers or {})
    return simulator.handle(
        Request.to("POST", path, headers={key: value for key, value in sent.items() if value is not None}, body=body)
    )


def _call(simulator: OngoingSimulator, operation: str, parameter: str, *, login: str = LOGIN) -> Reply:
    return _post(
        simulator, _envelope(operation, login + parameter), headers={"soapaction": f'"{NAMESPACE}/{operation}"'}
    )


def _result(reply: Reply, operation: str) -> Element:
    assert reply.status == 200, reply.body
    result = fromstring(reply.body).find(f".//{{{NAMESPACE}}}{operation}Result")
    assert result is not None
    return result


def _text(element: Element, name: str) -> str | None:
    return element.findtext(f".//{{{NAMESPACE}}}{name}")


def _fault(reply: Reply) -> str:
    assert reply.status == 500
    return fromstring(reply.body).findtext(f"{SOAP}Body/{SOAP}Fault/faultstring") or ""


def _ids(simulator: OngoingSimulator, query: str) -> list[int]:
    reply = _call(simulator, "GetInvoicesByQuery", f"<Query>{query}</Query>")
    found = _result(reply, "GetInvoicesByQuery").iter(f"{{{NAMESPACE}}}InvoiceId")
    return [int(one.text or "") for one in found]


LIVE = [*range(5001, 5014), 5015]
ALL = [*range(5001, 5016)]


# The envelope.


def test_the_seed_covers_last_month_and_this_one() -> None:
    """Dates follow the day that is passed in, also where months are short."""
    invoices = {one.id: one for one in seed.default_warehouse(date(2026, 3, 31)).invoices}

    assert (invoices[seed.PLAIN].period_start, invoices[seed.PLAIN].period_end) == (
        date(2026, 2, 1),
        date(2026, 2, 28),
    )
    assert invoices[seed.STILL_GROWING].period_end == date(2026, 3, 31)
    assert invoices[seed.EXPORTED_BEFORE].period_end == date(2026, 1, 31)
    assert invoices[seed.SUM_DIFFERS].total == Decimal("437.50")
    assert invoices[seed.THREE_DECIMALS].total == Decimal("720.00")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "application/json"}, 415),
        ({"content-type": "application/soap+xml; charset=utf-8"}, 415),
        ({"content-type": "text/xml; charset=iso-8859-1"}, 415),
        ({"content-type": None}, 415),
        ({"content-length": None, "transfer-encoding": "chunked"}, 500),
    ],
)
def test_wrong_http_gets_a_page_for_people(
    simulator: OngoingSimulator, headers: dict[str, str | None], status: int
) -> None:
    """What never reaches the service is answered by the web server, in HTML."""
    reply = _post(simulator, _envelope("GetInvoicesByQuery", LOGIN + "<Query/>"), headers=headers)

    assert reply.status == status
    assert reply.header("content-type").startswith("text/html")


@pytest.mark.parametrize(
    "action",
    [
        None,
        "",
        f"{NAMESPACE}/GetInvoicesByQuery",
        f'"{NAMESPACE}/UpdateInvoice"',
        '"http://ongoingsystems.se/WSI/GetInvoicesByQuery"',
    ],
)
def test_the_action_must_match_the_body(simulator: OngoingSimulator, action: str | None) -> None:
    """It is quoted, of this namespace, and names the operation in the body."""
    reply = _post(simulator, _envelope("GetInvoicesByQuery", LOGIN + "<Query/>"), headers={"soapaction": action})

    assert "SOAPAction" in _fault(reply)


@pytest.mark.parametrize("body", [b"", b"{}", b"<a>", b"<!DOCTYPE a><a/>", "<å/>".encode("latin-1")])
def test_a_body_that_is_no_envelope_is_a_fault(simulator: OngoingSimulator, body: bytes) -> None:
    """With the code that blames the client."""
    reply = _post(simulator, body)

    assert "unable to read request" in _fault(reply)
    assert b"soap:Client" in reply.body


def test_an_unknown_system_is_a_page(simulator: OngoingSimulator) -> None:
    """The web server knows no such folder."""
    reply = _post(simulator, _envelope("GetInvoicesByQuery", LOGIN), path="/sydlager/Automation.asmx")

    assert (reply.status, reply.header("content-type")[:9]) == (404, "text/html")


def test_the_path_is_taken_in_any_case(simulator: OngoingSimulator) -> None:
    """Windows does not tell cases apart."""
    reply = _post(simulator, _envelope("GetInvoicesByQuery", LOGIN + "<Query/>"), path="/NordLager/automation.ASMX")

    assert reply.status == 200


def test_asking_for_the_description_too_often_is_answered_503(simulator: OngoingSimulator) -> None:
    """Ongoing's page on the basics warns of it."""
    statuses = [simulator.handle(Request.to("GET", f"{PATH}?WSDL")).status for _ in range(4)]

    assert statuses == [200, 200, 503, 503]


# The login.


@pytest.mark.parametrize(
    ("refusal", "status"),
    [(LoginRefusal.FAULT, 500), (LoginRefusal.SUCCESS_FALSE, 200), (LoginRefusal.STATUS_401, 401)],
)
@pytest.mark.parametrize(
    "login",
    [
        "",
        "<UserName>fortnox-api</UserName>",
        "<UserName>fortnox-api</UserName><Password>WMS-PASS</Password>",
        "<Password>gul-truck-17</Password><UserName>fortnox-api</UserName>",
    ],
)
def test_a_wrong_login_is_refused(simulator: OngoingSimulator, refusal: LoginRefusal, status: int, login: str) -> None:
    """Also one whose elements stand in the wrong order, and nothing is given away."""
    simulator.set_options(login_refusal=refusal)
    reply = _call(simulator, "GetInvoicesByQuery", "<Query/>", login=login)

    assert reply.status == status
    assert b"AutomationInvoice" not in reply.body


# Reading.


def test_without_filters_everything_comes(simulator: OngoingSimulator) -> None:
    """Training goods owners and exported invoices too, and no charges."""
    assert _ids(simulator, "") == ALL
    reply = _call(simulator, "GetInvoicesByQuery", "<Query/>")

    assert b"InvoiceCharge" not in reply.body


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("<OnlyLiveGoodsOwners>true</OnlyLiveGoodsOwners>", LIVE),
        ("<InvoiceIds><int>5003</int><int>5001</int></InvoiceIds>", [5001, 5003]),
        ("<IsExported>true</IsExported>", [5015]),
        ("<IsExported>0</IsExported>", ALL[:-1]),
        ('<IsExported xsi:nil="true"/>', ALL),
        ("<InvoiceExportedDateFrom>2026-01-01T00:00:00</InvoiceExportedDateFrom>", [5015]),
        ("<InvoiceExportedDateTo>2026-01-01T00:00:00</InvoiceExportedDateTo>", []),
        ("<InvoiceDateFrom>2026-10-31T00:00:00</InvoiceDateFrom>", [5013]),
        ("<InvoiceDateFrom>2026-10-30T00:00:00</InvoiceDateFrom>", ALL[:-1]),
        ("<InvoiceDateFrom>2026-10-30T23:00:00Z</InvoiceDateFrom>", [5013]),
        ("<InvoiceDateTo>2026-10-31T00:00:00</InvoiceDateTo>", [5015]),
        ("<InvoiceIdFrom>5013</InvoiceIdFrom>", [5014, 5015]),
        ("<InvoiceIdFrom>5013</InvoiceIdFrom><MaxInvoicesToGet>1</MaxInvoicesToGet>", [5014]),
        ("<GoodsOwnerId>3</GoodsOwnerId>", [5005]),
    ],
)
def test_each_filter_does_what_it_says(simulator: OngoingSimulator, query: str, ids: list[int]) -> None:
    """Where the texts are open, the narrower reading holds: later than, larger than."""
    assert _ids(simulator, query) == ids


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("<MaxInvoicesToGet>1</MaxInvoicesToGet><IsExported>true</IsExported>", [5001]),
        ("<IsExported>true</IsExported><InvoiceIds><int>5001</int></InvoiceIds>", [5015]),
        ("<isExported>true</isExported>", ALL),
        ('<IsExported xmlns="urn:other">true</IsExported>', ALL),
    ],
)
def test_an_element_out_of_order_is_not_seen(simulator: OngoingSimulator, query: str, ids: list[int]) -> None:
    """Nor is one of another name or namespace; there is no error, the filter is just not there."""
    assert _ids(simulator, query) == ids


@pytest.mark.parametrize(
    "query",
    [
        "<IsExported>True</IsExported>",
        "<InvoiceIds><int>x</int></InvoiceIds>",
        "<InvoiceIdFrom>99999999999</InvoiceIdFrom>",
        "<InvoiceDateFrom>2026-10-31</InvoiceDateFrom>",
        "<InvoiceDateFrom>2026-02-30T00:00:00</InvoiceDateFrom>",
    ],
)
def test_a_value_of_the_wrong_type_is_a_fault(simulator: OngoingSimulator, query: str) -> None:
    """A typed service cannot read the request then."""
    reply = _call(simulator, "GetInvoicesByQuery", f"<Query>{query}</Query>")

    assert "error in XML document" in _fault(reply)


def test_a_snapshot_shows_yesterdays_list(simulator: OngoingSimulator) -> None:
    """What is exported meanwhile still looks unexported, until the switch is off."""
    simulator.set_options(snapshot=True)
    simulator.change_invoice(seed.WAREHOUSE, seed.PLAIN, is_exported=True)
    stale = _ids(simulator, "<IsExported>false</IsExported>")
    simulator.set_options(snapshot=False)

    assert seed.PLAIN in stale
    assert seed.PLAIN not in _ids(simulator, "<IsExported>false</IsExported>")


# Writing.


def _update(simulator: OngoingSimulator, content: str) -> Element:
    return _result(_call(simulator, "UpdateInvoice", f"<UpdateInvoice>{content}</UpdateInvoice>"), "UpdateInvoice")


def test_an_update_changes_only_what_it_names(simulator: OngoingSimulator) -> None:
    """Each wrapper is optional."""
    before = simulator.invoice(seed.WAREHOUSE, seed.PLAIN)
    result = _update(
        simulator,
        "<InvoiceId>5001</InvoiceId><UpdateInvoiceTitle><InvoiceTitle>Ny &amp; fin</InvoiceTitle></UpdateInvoiceTitle>",
    )
    after = simulator.invoice(seed.WAREHOUSE, seed.PLAIN)

    assert _text(result, "Success") == "true"
    assert after.title == "Ny & fin"
    assert (after.number, after.is_exported, after.period_start) == (
        before.number,
        False,
        before.period_start,
    )


def test_the_exported_mark_can_be_set_and_taken_back(simulator: OngoingSimulator) -> None:
    """The exported date comes and goes with it."""
    mark = "<InvoiceId>5001</InvoiceId><UpdateInvoiceIsExported><IsExported>{}</IsExported></UpdateInvoiceIsExported>"
    _update(simulator, mark.format("true"))
    marked = simulator.invoice(seed.WAREHOUSE, seed.PLAIN)
    _update(simulator, mark.format("false"))
    unmarked = simulator.invoice(seed.WAREHOUSE, seed.PLAIN)

    assert (marked.is_exported, marked.exported_at) == (True, NOW)
    assert (unmarked.is_exported, unmarked.exported_at) == (False, None)


def test_an_update_out_of_order_is_done_by_half(simulator: OngoingSimulator) -> None:
    """The number before the mark: the mark is not seen, and the call succeeds."""
    _update(
        simulator,
        "<InvoiceId>5001</InvoiceId><UpdateInvoiceNumber><InvoiceNumber>7</InvoiceNumber></UpdateInvoiceNumber>"
        "<UpdateInvoiceIsExported><IsExported>true</IsExported></UpdateInvoiceIsExported>",
    )
    after = simulator.invoice(seed.WAREHOUSE, seed.PLAIN)

    assert (after.number, after.is_exported) == ("7", False)


def test_an_unknown_invoice_is_a_business_error(simulator: OngoingSimulator) -> None:
    """HTTP 200, `Success` false and a message."""
    result = _update(simulator, "<InvoiceId>1</InvoiceId>")

    assert _text(result, "Success") == "false"
    assert "no invoice with id 1" in (_text(result, "Message") or "")


def test_a_charge_lets_the_active_invoice_grow(simulator: OngoingSimulator) -> None:
    """The total follows, as long as the invoice is not exported."""
    item = next(one for one in simulator.warehouse(seed.WAREHOUSE).price_list if one.goods_owner_id == seed.KAFFE)
    charge = (
        "<Charge><Invoice><Identification>{}</Identification><GoodsOwnerId>1</GoodsOwnerId></Invoice><InvoiceArticle>"
        f"<InvoiceArticleId>{item.id}</InvoiceArticleId></InvoiceArticle><NumberOfItems>2.5</NumberOfItems></Charge>"
    )
    before = simulator.invoice(seed.WAREHOUSE, seed.STILL_GROWING)
    first = _result(_call(simulator, "Charge", charge.format("ActiveInvoice")), "Charge")
    grown = simulator.invoice(seed.WAREHOUSE, seed.STILL_GROWING)
    _update(
        simulator,
        f"<InvoiceId>{seed.STILL_GROWING}</InvoiceId>"
        "<UpdateInvoiceIsExported><IsExported>true</IsExported></UpdateInvoiceIsExported>",
    )
    refused = _result(_call(simulator, "Charge", charge.format("ActiveInvoice")), "Charge")
    new = _result(_call(simulator, "Charge", charge.format("ExistingOrNewInvoice")), "Charge")

    assert _text(first, "InvoiceId") == str(seed.STILL_GROWING)
    assert item.unit_price is not None
    assert grown.total == before.total + item.unit_price * Decimal("2.5")
    assert _text(refused, "Success") == "false"
    assert _text(new, "InvoiceId") == "5016"


def test_goods_owners_and_price_lists_can_be_read(simulator: OngoingSimulator) -> None:
    """Training goods owners only where they are asked for; a price list has one owner."""
    everyone = _call(simulator, "GetGoodsOwnersByQuery", "<Query/>").body.decode()
    live = _call(
        simulator, "GetGoodsOwnersByQuery", "<Query><OnlyLiveGoodsOwners>true</OnlyLiveGoodsOwners></Query>"
    ).body.decode()
    prices = _call(simulator, "GetPriceListByQuery", "<Query><GoodsOwnerId>3</GoodsOwnerId></Query>").body.decode()
    nobody = _result(
        _call(simulator, "GetPriceListByQuery", "<Query><GoodsOwnerId>99</GoodsOwnerId></Query>"),
        "GetPriceListByQuery",
    )

    assert "Utbildning" in everyone
    assert "Utbildning" not in live
    assert "Customs" in prices
    assert "Inventering" not in prices
    assert _text(nobody, "Success") == "false"
