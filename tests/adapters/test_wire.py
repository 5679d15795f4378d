"""Whatever shape an answer or a message has: it is read, or refused with the name of the field, and nothing escapes."""

import copy
import json
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoicing.adapters.aws.sync_message import read_sync_request
from invoicing.adapters.fortnox.answers import read_refusal
from invoicing.adapters.fortnox.api import PAGE, FortnoxCompany
from invoicing.adapters.fortnox.drift import Drift
from invoicing.adapters.fortnox.files import read_attachments, read_file_id
from invoicing.adapters.fortnox.pace import Pace
from invoicing.adapters.fortnox.token_answers import read_tokens
from invoicing.adapters.fortnox.wire import (
    read_article,
    read_company,
    read_customer,
    read_customer_mail,
    read_entry,
    read_invoice,
    read_is_taxed,
    read_list,
    read_locked_until,
    read_year_id,
)
from invoicing.application.http import HttpAnswer, HttpRequest
from invoicing.domain.errors import RetryLaterError, UnknownOutcomeError, UnreadableTokensError, UpstreamContractError
from invoicing.domain.fortnox_invoice import FortnoxInvoice, FortnoxRow, InvoiceDraft
from invoicing.domain.head_texts import HeadTexts
from invoicing.domain.remedy import Thing
from invoicing.domain.sending import SendBy
from invoicing.runtime.command import read_third_sink
from invoicing.runtime.messages import read_batch, read_mail_trouble, schedule_slot
from invoicing.runtime.order import RefusedError

from tests.support.fakes import START

SECRET = "qx-secret-value"

INVOICE = {
    "DocumentNumber": "1007",
    "ExternalInvoiceReference1": "ongoing:demo:7",
    "Net": Decimal("1234.5"),
    "Currency": "SEK",
    "Booked": True,
    "Cancelled": False,
    "Sent": True,
    "FinalPayDate": "2026-03-01",
    "AccountingMethod": "CASH",
    "Credit": "true",
    "CreditInvoiceReference": "1006",
    "OrderReference": "12",
    "CustomerName": "Kaffe & Kakao AB",
    "CustomerNumber": "77",
    "InvoiceRows": [
        {
            "RowId": 4,
            "ArticleNumber": "PLOCK",
            "Description": "Plock",
            "DeliveredQuantity": "2.00",
            "Price": Decimal("1.5"),
            "Discount": 10,
            "DiscountType": "AMOUNT",
            "AccountNumber": 3041,
            "CostCenter": "L1",
            "Unit": "st",
            "VAT": 25,
            "TotalExcludingVAT": Decimal("2.7"),
            "Total": Decimal("2.7"),
        },
        {"RowId": 5},
    ],
    "InvoiceDate": "2026-02-01",
    "DueDate": "2026-03-03",
    "Total": Decimal("1676.1"),
    "Balance": 1000,
    "TotalVAT": Decimal("308.6"),
    "Freight": 88,
    "FreightVAT": 22,
    "AdministrationFee": 45,
    "AdministrationFeeVAT": Decimal("11.25"),
    "Remarks": "Kst 4410",
    "YourOrderNumber": "PO-7",
    "YourReference": "Inköp",
}


CUSTOMER = {
    "CustomerNumber": "77",
    "Active": True,
    "Currency": "EUR",
    "Name": "Dansk Import A/S",
    "OrganisationNumber": "556000-0000",
    "VATType": "EUREVERSEDVAT",
    "VATNumber": "DK12345678",
    "InvoiceRemark": "Avtal 77",
    "TermsOfPayment": "30",
    "DeliveryAddress1": "Havnegade 1",
    "DeliveryCountry": "Danmark",
    "InvoiceFreight": "100",
    "InvoiceAdministrationFee": 45,
    "DefaultDeliveryTypes": {"Invoice": "EMAIL"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How one thing is read, and an example of it."""

    read: Callable[[Any], object]
    example: Mapping[str, Any]
    refuses: type[Exception] = UpstreamContractError


READERS = {
    "invoice": Reader(read=read_invoice, example=INVOICE),
    "customer": Reader(read=read_customer, example=CUSTOMER),
    "article": Reader(read=read_article, example={"ArticleNumber": "PLOCK", "Active": False}),
    "company": Reader(
        read=read_company,
        example={"DatabaseNumber": 123456, "CompanyName": "Nordlager AB", "OrganizationNumber": "556000-0000"},
    ),
    "list": Reader(
        read=lambda body: read_list(body if isinstance(body, dict) else {}, "Articles"),
        example={"MetaInformation": {"@TotalPages": 3, "@CurrentPage": 1}, "Articles": [{"ArticleNumber": "1"}]},
    ),
    "pair": Reader(
        read=lambda body: read_tokens(
            json.dumps(body, default=float).encode(), received_at=START, needs_refresh_token=True
        ),
        example={"access_token": "a.b.c", "refresh_token": "r", "expires_in": 3600, "scope": "invoice article"},
        refuses=UnreadableTokensError,
    ),
    "message": Reader(
        read=lambda body: read_sync_request(json.dumps(body, default=float)),
        example={"integration_id": "demo", "by": "schedule", "slot": "2026-03-02T08:00:00Z"},
    ),
    "mail event": Reader(
        read=read_mail_trouble,
        example={"detail": {"eventType": "Bounce", "mail": {"tags": {"integration": ["demo"], "kind": ["broken"]}}}},
    ),
    "batch": Reader(
        read=read_batch,
        example={
            "Records": [
                {
                    "messageId": "059f36b4",
                    "receiptHandle": "AQEBwJnKyrHigUMZj6rY",
                    "body": '{"integration_id": "demo"}',
                    "attributes": {"ApproximateReceiveCount": "2", "MessageGroupId": "demo"},
                    "eventSourceARN": "arn:aws:sqs:eu-north-1:123456789012:invoicing-SyncQueue.fifo",
                }
            ]
        },
    ),
    "third sink": Reader(
        read=lambda body: read_third_sink(json.dumps(body, default=float)),
        example={
            "message": "token_third_sink",
            "integration": "demo",
            "chain": "chain-1",
            "attempt": "attempt-1",
            "version": 7,
            "received_at": "2026-03-02T08:00:00Z",
            "ciphertext": "c2VhbGVk",
        },
        refuses=RefusedError,
    ),
    "mail": Reader(
        read=read_customer_mail,
        example={"EmailInformation": {"EmailAddressTo": "a@b.example", "EmailSubject": "Faktura", "EmailBody": "Hej"}},
    ),
    "entry": Reader(read=read_entry, example={"Active": False, "Name": "Lager", "Description": "Lagerhyra"}),
    "company settings": Reader(read=read_is_taxed, example={"TaxEnabled": False}),
    "locked period": Reader(
        read=lambda body: read_locked_until(body if isinstance(body, dict) else {}),
        example={"LockedPeriod": {"EndDate": "2026-02-28"}},
    ),
    "year": Reader(read=read_year_id, example={"Id": 5, "FromDate": "2026-01-01"}),
    "file": Reader(read=read_file_id, example={"ArchiveFileId": "f-1", "Id": "i-1"}),
    "attachment": Reader(read=read_attachments, example={"id": "a-1", "fileId": "f-1", "entityId": 7}),
    "tick": Reader(read=schedule_slot, example={"time": "2026-03-02T08:00:00Z", "id": "1"}),
}
each_reader = pytest.mark.parametrize("name", READERS)

SHAPES: Mapping[str, Callable[[Any], Any]] = {
    "null": lambda _: None,
    "empty text": lambda _: "",
    "other text": lambda _: SECRET,
    "half a character": lambda _: "\ud800",
    "truth": lambda _: True,
    "number": lambda _: 7,
    "fraction": lambda _: 7.5,
    "long number": lambda _: int("9" * 4000),
    "long text of digits": lambda _: "9" * 5000,
    "huge number": lambda _: 1e300,
    "as text": lambda value: str(value) if not isinstance(value, list | dict) else json.dumps(value, default=str),
    "one level deeper": lambda value: {SECRET: value},
    "in a list": lambda value: [value],
    "an item for its list": lambda value: value[0] if isinstance(value, list) and value else {},
    "twice": lambda value: [value, value],
}


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a value, its whole first."""
    yield at
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from places(member, (*at, name))


def changed(value: Any, at: tuple[str | int, ...], change: Callable[[Any], Any]) -> Any:
    """A copy with another value at one place."""
    if not at:
        return change(value)
    made = copy.deepcopy(value)
    inner = made
    for name in at[:-1]:
        inner = inner[name]
    inner[at[-1]] = change(inner[at[-1]])
    return made


def exact(value: Any) -> Any:
    """As JSON is parsed: numbers with a point are decimals."""
    if isinstance(value, dict):
        return {name: exact(member) for name, member in value.items()}
    if isinstance(value, list):
        return [exact(member) for member in value]
    return Decimal(repr(value)) if isinstance(value, float) else value


class Refused(str):
    """The sentence of a refusal."""


def outcome(reader: Reader, body: Any) -> object:
    """What is read, or the sentence of the refusal. Anything else that is raised is a failure."""
    try:
        return reader.read(exact(body))
    except reader.refuses as refusal:
        said = str(refusal)
    assert SECRET not in said
    assert len(said) < 300
    return Refused(said)


@each_reader
def test_an_example_is_read(name: str) -> None:
    """What the other tests change is right before."""
    assert not isinstance(outcome(READERS[name], READERS[name].example), Refused)


@each_reader
@pytest.mark.parametrize("shape", SHAPES)
def test_a_value_of_any_shape_is_read_or_refused_by_name(name: str, shape: str) -> None:
    """At every place of every thing."""
    reader = READERS[name]
    tried = 0
    for at in places(reader.example):
        body = changed(reader.example, at, SHAPES[shape])
        got = outcome(reader, body)
        tried += 1

        named = [str(part) for part in at if isinstance(part, str)]
        assert not isinstance(got, Refused) or not named or any(part in got for part in named), (at, got)
    assert tried > 1


@each_reader
def test_what_is_missing_is_done_without_or_named(name: str) -> None:
    """At the top and deeper."""
    reader = READERS[name]
    for at in [at for at in places(reader.example) if at and isinstance(at[-1], str)]:
        body = copy.deepcopy(dict(reader.example))
        inner: Any = body
        for part in at[:-1]:
            inner = inner[part]
        del inner[at[-1]]
        got = outcome(reader, body)

        assert not isinstance(got, Refused) or str(at[-1]) in got, (at, got)


@each_reader
def test_what_nobody_knows_changes_nothing(name: str) -> None:
    """New fields come without notice."""
    reader = READERS[name]

    assert outcome(reader, {**reader.example, "New": {"deep": [SECRET]}}) == outcome(reader, reader.example)


@each_reader
@given(
    value=st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5), place=st.data()
)
def test_no_value_escapes(name: str, value: Any, place: st.DataObject) -> None:
    """Also of shapes that nobody thought of."""
    reader = READERS[name]
    at = place.draw(st.sampled_from(list(places(reader.example))))

    outcome(reader, changed(reader.example, at, lambda _: value))


# ---------------------------------------------------------------- what real answers look like

BARE = FortnoxRow(article_number="", description="", quantity=Decimal(0), price=Decimal(0))


@pytest.mark.parametrize(
    ("wire", "read"),
    [
        ({"DocumentNumber": 1007}, {"number": "1007"}),
        ({"Net": "1234.50"}, {"net": Decimal("1234.50")}),
        ({"Net": None}, {"net": None}),
        (
            {"Booked": "true", "Cancelled": "false", "Sent": "False"},
            {"booked": True, "cancelled": False, "sent": False},
        ),
        ({"Booked": None, "Sent": ""}, {"booked": False, "sent": False}),
        ({"Credit": "false"}, {"is_credit_note": False}),
        ({"Credit": True}, {"is_credit_note": True}),
        ({"CreditInvoiceReference": "0"}, {"credit_of": "", "is_credit_note": False}),
        ({"CreditInvoiceReference": 0}, {"credit_of": "", "is_credit_note": False}),
        ({"CreditInvoiceReference": 1006}, {"credit_of": "1006"}),
        ({"OrderReference": "0"}, {"from_order": False}),
        ({"OrderReference": None}, {"from_order": False}),
        ({"FinalPayDate": None}, {"paid": False}),
        ({"FinalPayDate": ""}, {"paid": False}),
        ({"InvoiceDate": "", "DueDate": None}, {"invoice_date": None, "due_date": None}),
        ({"InvoiceDate": "0001-01-01"}, {"invoice_date": None}),
        ({"InvoiceDate": "2026-02-28"}, {"invoice_date": date(2026, 2, 28)}),
        ({"InvoiceRows": [{"RowId": "12", "Price": None, "AccountNumber": "0"}]}, {"row_ids": (12,), "rows": (BARE,)}),
        ({"InvoiceRows": None}, {"row_ids": (), "rows": ()}),
    ],
)
def test_the_forms_of_real_answers_are_read(wire: dict[str, Any], read: dict[str, Any]) -> None:
    """Each was seen by somebody."""
    assert read_invoice({**INVOICE, **wire}) == replace(read_invoice(INVOICE), **read)


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        ({"InvoiceRows": {"RowId": 4}}, "Fortnox's Invoice: InvoiceRows is no list"),
        ({"InvoiceRows": [{"Price": 1}]}, "Fortnox's Invoice: InvoiceRows.0.RowId is missing"),
        ({"Net": "1 234,50"}, "Fortnox's Invoice: Net is no amount"),
        ({"Net": True}, "Fortnox's Invoice: Net is no amount"),
        ({"DocumentNumber": ""}, "Fortnox's Invoice: DocumentNumber is empty"),
        ({"DocumentNumber": True}, "Fortnox's Invoice: DocumentNumber is no text"),
        ({"Booked": 7}, "Fortnox's Invoice: Booked is not what it should be"),
        ({"DueDate": 20260201}, "Fortnox's Invoice: DueDate is no date"),
    ],
)
def test_what_would_be_misread_is_refused(wire: dict[str, Any], said: str) -> None:
    """Rows that are taken for none would be left standing; a state that is taken for another would be written over."""
    with pytest.raises(UpstreamContractError) as refusal:
        read_invoice({**INVOICE, **wire})

    assert str(refusal.value) == said


@pytest.mark.parametrize("active", ["false", False, 0])
def test_an_article_that_is_not_active_is_not(active: object) -> None:
    """As text too."""
    assert read_article({"ArticleNumber": "1", "Active": active}) == ("1", False)


# ---------------------------------------------------------------- the bytes of an answer


class Says:
    """A transport that answers each call with the next of these, and the last one for ever."""

    def __init__(self, *bodies: bytes, status: int = 200) -> None:
        self.requests: list[HttpRequest] = []
        self._bodies = bodies
        self._status = status

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Whatever is asked."""
        self.requests.append(request)
        body = self._bodies[min(len(self.requests), len(self._bodies)) - 1]
        return HttpAnswer(status=self._status, headers={}, body=body)


def fortnox(transport: Says) -> FortnoxCompany:
    """A company behind it, without waiting."""
    pace = Pace(monotonic=lambda: 0.0, sleep=lambda _: None)
    drift = Drift(report=lambda _event, _fields: None, integration_id="demo")
    return FortnoxCompany(
        base_url="https://api.fortnox.example",
        access=lambda _: "token",
        transport=transport,
        pace=pace,
        look=drift.look,
        back_off=(),
    )


def each_thing(value: object) -> bytes:
    """An answer with this in the place of whatever was asked for."""
    things = ("Invoice", "Customer", "Article", "Account", "CompanyInformation", "CompanySettings", "File")
    lists = ("Invoices", "Articles", "FinancialYears")
    meta = {"MetaInformation": {"@TotalPages": 1}}
    return json.dumps({**dict.fromkeys(things, value), **{name: {"1": value} for name in lists}, **meta}).encode()


def nested(depth: int) -> bytes:
    """Lists in lists."""
    return b'{"Invoice": ' + b"[" * depth + b"]" * depth + b"}"


BODIES = {
    "no JSON": b"<html>" + SECRET.encode(),
    "no text": b"\xff\xfe\x00",
    "a list": b"[]",
    "null": b"null",
    "100,000 deep": nested(100_000),
    "10,000 deep": nested(10_000),
    "a number of 5,000 digits": b'{"Invoice": ' + b"9" * 5000 + b"}",
    "no number": b'{"Invoice": {"Net": NaN}}',
    "a million rows": b'{"Invoice": {"DocumentNumber": "1", "InvoiceRows": [' + b'{"RowId":1},' * 10**6 + b"{}]}}",
    "ten million numbers": b'{"Invoice": [' + b"1," * 10**7 + b"1]}",
    "a name twice": b'{"Invoice": {"DocumentNumber": "1", "DocumentNumber": "2"}}',
    "half a character": b'{"Invoice": {"DocumentNumber": "\\ud800"}, "Customer": {}, "CompanyInformation": {}}',
    "lists around things": each_thing([{"DocumentNumber": "1", "CustomerNumber": "1", "Active": True}]),
    "empty lists for things": each_thing([]),
    "texts for things": each_thing(SECRET),
    "numbers for things": each_thing(7),
    "truths for things": each_thing(True),
}
DRAFT = InvoiceDraft(
    reference="ongoing:demo:7",
    customer_number="77",
    document_number="",
    invoice_date=date(2026, 2, 1),
    delivery_date=date(2026, 2, 1),
    currency="SEK",
    remarks="",
    your_order_number="",
    your_reference="",
    rows=(),
)
CALLS: Mapping[str, Callable[[FortnoxCompany], object]] = {
    "company": lambda company: company.company(),
    "customer": lambda company: company.customer("77"),
    "articles": lambda company: company.articles(active=True),
    "article": lambda company: company.article_is_active("1"),
    "search": lambda company: company.find_invoices("ongoing:demo:7"),
    "changes": lambda company: company.changed_invoices("ongoing:", since=datetime(2026, 3, 1, tzinfo=UTC)),
    "open": lambda company: company.open_invoices("ongoing:"),
    "invoice": lambda company: company.invoice("1"),
    "mail": lambda company: company.customer_mail("1"),
    "entry": lambda company: company.entry(Thing.ACCOUNT, "3041"),
    "year": lambda company: company.entry(Thing.ACCOUNT, "3041", on=date(2026, 2, 1)),
    "VAT": lambda company: company.is_vat_registered(),
    "locked until": lambda company: company.locked_until(),
}
LEFT = HeadTexts(remarks=None, your_order_number=None, your_reference=None)
WRITES: Mapping[str, Callable[[FortnoxCompany], object]] = {
    "create": lambda company: company.create_invoice(DRAFT),
    "update": lambda company: company.update_invoice(
        FortnoxInvoice(number="1", reference="ongoing:demo:7", net=None), DRAFT, LEFT
    ),
    "send": lambda company: company.send_invoice("1", SendBy.EMAIL),
    "upload": lambda company: company.upload("a.pdf", b"%PDF"),
    "attach": lambda company: company.attach("1", "file"),
}


@pytest.mark.parametrize(
    ("body", "call"),
    # The mail of an invoice needs none of its other fields.
    [(body, call) for body in BODIES for call in CALLS if (body, call) != ("half a character", "mail")],
)
def test_an_answer_that_cannot_be_read_is_refused(body: str, call: str) -> None:
    """One call, one sentence, and nothing of what it held."""
    transport = Says(BODIES[body])

    with pytest.raises(UpstreamContractError) as refusal:
        CALLS[call](fortnox(transport))
    assert SECRET not in str(refusal.value)
    assert len(str(refusal.value)) < 200
    assert len(transport.requests) == 1


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize("body", BODIES)
def test_after_a_write_it_leaves_open_what_was_done(body: str, call: str) -> None:
    """What there is now is looked up before anything else."""
    transport = Says(BODIES[body])

    with pytest.raises(UnknownOutcomeError):
        WRITES[call](fortnox(transport))
    assert len(transport.requests) == 1


@pytest.mark.parametrize("body", BODIES)
def test_no_text_is_cleared_where_nobody_knows_what_is_there(body: str) -> None:
    """The first call of such an update only reads."""
    transport = Says(BODIES[body])

    with pytest.raises(UpstreamContractError):
        fortnox(transport).update_invoice(FortnoxInvoice(number="1", reference="r", net=None), DRAFT, HeadTexts())
    assert [request.method for request in transport.requests] == ["GET"]


@pytest.mark.parametrize(("said", "registered"), [("false", False), (False, False), (True, True), (None, True)])
def test_a_company_without_vat_says_so_as_text_too(said: object, registered: bool) -> None:
    """One that says nothing has VAT, as nearly all have."""
    answer = json.dumps({"CompanySettings": {"TaxEnabled": said}}).encode()

    assert fortnox(Says(answer)).is_vat_registered() is registered
    assert fortnox(Says(b'{"CompanySettings": {}}')).is_vat_registered()


@pytest.mark.parametrize("status", [400, 403, 404, 500])
@pytest.mark.parametrize("body", BODIES)
def test_a_refusal_that_cannot_be_read_is_no_refusal(body: str, status: int) -> None:
    """Nobody knows what was done."""
    refusal = read_refusal(HttpAnswer(status=status, headers={}, body=BODIES[body]))

    assert (refusal.code, refusal.message) == (0, "")
    with pytest.raises(RetryLaterError):
        fortnox(Says(BODIES[body], status=status)).create_invoice(DRAFT)


@pytest.mark.parametrize(
    ("information", "code", "message"),
    [
        ({"code": 2000433, "message": "Nej"}, 2000433, "Nej"),
        ({"Code": "2000433", "Message": "Nej"}, 2000433, "Nej"),
        ({"code": "9" * 5000, "message": "Nej"}, 0, "Nej"),
        ({"code": "²", "message": "Nej"}, 0, "Nej"),
        ({"code": [2000433], "message": {"sv": "Nej"}}, 0, ""),
        ({"code": None, "message": None, "error_description": "Nej"}, 0, "Nej"),
        ({"code": 7, "message": "N\ud800j"}, 7, "N?j"),
        ({"code": True, "message": "x" * 1000}, 0, "x" * 300),
    ],
)
def test_of_a_refusal_is_read_what_can_be(information: dict[str, Any], code: int, message: str) -> None:
    """A code without words or words without a code are better than nothing."""
    body = json.dumps({"ErrorInformation": information}).encode()
    refusal = read_refusal(HttpAnswer(status=400, headers={}, body=body))

    assert (refusal.code, refusal.message) == (code, message)


@pytest.mark.parametrize("body", [body for body in BODIES if body != "a name twice"])
def test_a_token_answer_that_cannot_be_read_is_refused(body: str) -> None:
    """Its bytes are in the journal by then."""
    with pytest.raises(UnreadableTokensError) as refusal:
        read_tokens(BODIES[body], received_at=START, needs_refresh_token=True)
    assert len(str(refusal.value)) < 80


def test_a_pair_is_not_lost_to_a_name_that_is_there_twice() -> None:
    """Whatever a model thinks of it: the old pair is dead."""
    raw = b'{"access_token": "a", "refresh_token": "r1", "refresh_token": "r2", "scope": "x", "scope": "y"}'
    tokens = read_tokens(raw, received_at=START, needs_refresh_token=True)

    assert (tokens.refresh_token, tokens.expires_at) == ("r2", START + timedelta(hours=1))


@pytest.mark.parametrize("body", ["100,000 deep", "a million rows", "ten million numbers"])
def test_what_is_too_much_takes_no_memory(body: str) -> None:
    """A function has 512 MB, and the body is in them already."""
    company = fortnox(Says(BODIES[body]))
    tracemalloc.start()
    try:
        with pytest.raises(UpstreamContractError):
            company.invoice("1")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 50_000_000


# ---------------------------------------------------------------- lists


def page_of(count: int, **meta: object) -> bytes:
    """One page of articles."""
    articles = [{"ArticleNumber": str(number)} for number in range(count)]
    return json.dumps({"MetaInformation": meta, "Articles": articles}).encode()


@pytest.mark.parametrize("pages", [3, "3"])
def test_a_list_is_read_to_its_end(pages: object) -> None:
    """Numbers come as text too."""
    transport = Says(*[page_of(PAGE, **{"@TotalPages": pages})] * 3)

    fortnox(transport).articles(active=True)

    assert len(transport.requests) == 3


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ({"@TotalPages": 10**9}, "MetaInformation.@TotalPages is larger than any real one"),
        ({"@TotalPages": None}, "MetaInformation.@TotalPages"),
        ({"@TotalPages": "many"}, "MetaInformation.@TotalPages"),
        ({}, "MetaInformation.@TotalPages is missing"),
    ],
)
def test_a_list_that_does_not_say_where_it_ends_is_refused(meta: dict[str, Any], said: str) -> None:
    """A part taken for the whole creates articles that are there; a billion pages take a year."""
    transport = Says(page_of(1, **meta))

    with pytest.raises(UpstreamContractError, match=said.replace(".", r"\.")):
        fortnox(transport).articles(active=True)
    assert len(transport.requests) == 1


def test_an_empty_list_needs_no_end() -> None:
    """And an item that is no article is none."""
    assert fortnox(Says(b'{"Articles": []}')).articles(active=True) == frozenset()
    with pytest.raises(UpstreamContractError, match="Article: it is no object"):
        fortnox(Says(page_of(1, **{"@TotalPages": 1}).replace(b'{"ArticleNumber": "0"}', b"7"))).articles(active=True)


def test_what_is_not_ours_is_not_read() -> None:
    """An invoice of somebody else that nobody could read stops nothing; ours is read strictly."""
    theirs = b'{"ExternalInvoiceReference1": "0", "Booked": "perhaps"}'
    listed = b'{"MetaInformation": {"@TotalPages": 1}, "Invoices": [7, %s, %s]}'
    ours = json.dumps(INVOICE, default=float).encode()

    found = fortnox(Says(listed % (theirs, ours))).changed_invoices("ongoing:", since=datetime(2026, 3, 1, tzinfo=UTC))

    assert [one.number for one in found] == ["1007"]
    with pytest.raises(UpstreamContractError):
        fortnox(Says(listed % (theirs, ours))).changed_invoices("0", since=datetime(2026, 3, 1, tzinfo=UTC))


def test_the_moment_is_written_as_utc() -> None:
    """On whichever clock Fortnox reads it, it is not later than meant."""
    transport = Says(b'{"MetaInformation": {"@TotalPages": 0}, "Invoices": []}')

    fortnox(transport).changed_invoices("x", since=datetime(2026, 3, 1, 12, 30, tzinfo=ZoneInfo("Europe/Stockholm")))

    assert "lastmodified=2026-03-01+11%3A30" in transport.requests[0].url


def test_an_example_is_a_whole_invoice() -> None:
    """Otherwise a field that the table lacks would not be tried."""
    ours = read_invoice(INVOICE)
    untouched = FortnoxInvoice(number="1007", reference="", net=None)

    assert [name for name in ours.__slots__ if getattr(ours, name) == getattr(untouched, name)] == [
        "number",
        "cancelled",
    ]
