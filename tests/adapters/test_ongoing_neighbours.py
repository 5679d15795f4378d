"""What stands beside the likely answers: other plurals, other envelopes, other alphabets. Read right, or refused."""

import gzip

import pytest
from invoicing.domain.errors import (
    InvoicingError,
    RetryLaterError,
    WmsLoginRefusedError,
    WmsNotUnderstoodError,
)
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice
from invoicing.domain.wms_knowledge import Misunderstanding

from tests.adapters.test_ongoing_answers import CHARGE, HEADER, INVOICE, LIST, OWNER, listed, result

XML = '<?xml version="1.0" encoding="utf-8"?>'
ENVELOPE = result(LIST).decode().removeprefix(XML)


def only(body: bytes, status: int = 200) -> WmsInvoice | UnreadableInvoice:
    """The one invoice that an answer holds."""
    (invoice,) = listed(body, status)
    return invoice


def soap_fault(content: str, *, namespace: str = "http://schemas.xmlsoap.org/soap/envelope/") -> bytes:
    """A whole answer."""
    return (
        f'{XML}<s:Envelope xmlns:s="{namespace}"><s:Body><s:Fault>{content}</s:Fault></s:Body></s:Envelope>'
    ).encode()


# ---- other names


@pytest.mark.parametrize(
    "name",
    ["Faktury", "Facturas", "Laskut", "Fakturaer", "InvoiceList", "ArrayOfAutomationInvoice", "Items", "Результат"],
)
def test_a_list_by_another_plural_is_named_in_the_refusal(name: str) -> None:
    """Whatever the language or the style."""
    with pytest.raises(WmsNotUnderstoodError) as refused:
        listed(result(f"<{name}>{INVOICE}</{name}>"))

    assert refused.value.kind is Misunderstanding.LIST
    assert any(name in one for one in refused.value.unknown)


@pytest.mark.parametrize(
    "content",
    [
        f"<Invoices><Invoices>{INVOICE}</Invoices></Invoices>",
        f"<Invoices><Page><AutomationInvoice>{OWNER}</AutomationInvoice></Page></Invoices>",
        f"<Data><Invoices>{INVOICE}</Invoices></Data>",
        "<Invoices>[{&quot;InvoiceId&quot;: 7}]</Invoices>",
        f"<Invoices><![CDATA[{INVOICE}]]></Invoices>",
        f"<schema/><diffgram><NewDataSet>{INVOICE}</NewDataSet></diffgram>",
        '<Invoices href="#id1"/><multiRef id="id1"/>',
        '<Invoices InvoiceId="7" InvoiceAmount="1020"/>',
    ],
)
def test_a_list_of_another_build_is_refused(content: str) -> None:
    """Lists within lists, a text of its own, a data set, references: none of them is an empty list."""
    with pytest.raises(WmsNotUnderstoodError):
        listed(result(content))


@pytest.mark.parametrize(
    "charges",
    [
        f"<ArrayOfInvoiceCharge>{CHARGE}</ArrayOfInvoiceCharge>",
        "<![CDATA[<InvoiceCharge/>]]>",
        "[{}]",
        "<InvoiceCharge><Belopp>85</Belopp></InvoiceCharge>",
    ],
)
def test_charges_of_another_build_are_never_none(charges: str) -> None:
    """An invoice whose charges cannot be found is unreadable, or the whole answer is refused."""
    changed = INVOICE.replace(CHARGE, charges)
    assert changed != INVOICE
    try:
        invoice = only(result(f"<Invoices>{changed}</Invoices>"))
    except WmsNotUnderstoodError:
        return

    assert isinstance(invoice, UnreadableInvoice)


# ---- other writings of a value


@pytest.mark.parametrize(
    "written",
    [
        *("1 020.00", "1\u00a0020.00", "1\u202f020,00", "1'020.00", "1,020.00", "1.020,00", "SEK 1020.00", "€1020.00"),
        *("1020.00-", "(1020.00)", "\u22121020.00", "１０２０.00", "1020.00%", "1020 kr", "1020.00.", "Infinity", "-"),
    ],
)
def test_an_amount_in_another_writing_is_no_amount(written: str) -> None:
    """Thousands, signs of currencies, minus behind or in brackets, digits of other alphabets."""
    changed = INVOICE.replace("1020.00", written)
    good = INVOICE.replace(">7<", ">6<")
    bad = listed(result(f"<Invoices>{good}{changed}</Invoices>"))[1]

    assert isinstance(bad, UnreadableInvoice)
    assert (bad.id, "InvoiceAmount is not a number" in bad.reason) == (7, True)


@pytest.mark.parametrize(
    "written",
    [
        *("31.10.2026", "31/10/2026", "10/31/2026", "31 okt 2026", "2026-31-10", "20261031", "2026-W44-6"),
        *("/Date(1793404800000)/", "1793404800", "2026-10-31 00:00:00", "2026-10-31T24:00:00", "den 31 oktober"),
    ],
)
def test_a_date_in_another_writing_is_no_date(written: str) -> None:
    """A day that is guessed may lie in a locked period, or in another month."""
    changed = INVOICE.replace("<InvoiceDate>2026-10-31T00:00:00", f"<InvoiceDate>{written}")
    good = INVOICE.replace(">7<", ">6<")
    bad = listed(result(f"<Invoices>{good}{changed}</Invoices>"))[1]

    assert isinstance(bad, UnreadableInvoice)
    assert "InvoiceDate is not a date" in bad.reason


@pytest.mark.parametrize("written", ["Ja", "nej", "yes", "Y", "-1", "exported", "falsk"])
def test_a_mark_in_another_writing_is_no_mark(written: str) -> None:
    """Taken for false, an invoice would be sent again; taken for true, never."""
    changed = INVOICE.replace("<IsExported>false", f"<IsExported>{written}")
    good = INVOICE.replace(">7<", ">6<")
    bad = listed(result(f"<Invoices>{good}{changed}</Invoices>"))[1]

    assert isinstance(bad, UnreadableInvoice)
    assert "IsExported" in bad.reason


@pytest.mark.parametrize(("written", "number"), [("0007", 7), ("+7", 7), (" 7 ", 7)])
def test_an_id_as_a_padded_text_is_its_number(written: str, number: int) -> None:
    """xs:int may be written so."""
    assert only(result(LIST.replace("<InvoiceId>7<", f"<InvoiceId>{written}<"))).id == number


@pytest.mark.parametrize("success", ["TRUE", "True", " true ", "1"])
def test_success_in_another_case_is_success(success: str) -> None:
    """And a message beside it is no failure, whatever it speaks of."""
    said = f"<Success>{success}</Success><Message>The password was changed today.</Message>"

    assert isinstance(only(result(LIST, success=said)), WmsInvoice)


def test_a_failure_is_a_failure_although_a_list_stands_beside_it() -> None:
    """Half an answer is none."""
    with pytest.raises(RetryLaterError):
        listed(result(LIST, success="<Success>false</Success><Message>Timeout</Message>"))


def test_two_lists_are_not_one_of_them() -> None:
    """Which of the two is meant is anybody's guess."""
    with pytest.raises(WmsNotUnderstoodError):
        listed(result(LIST, LIST))


# ---- other envelopes


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + result(LIST),
        b"\r\n" + ENVELOPE.encode(),
        (XML.replace("utf-8", "iso-8859-1") + ENVELOPE).encode("iso-8859-1"),
        (XML.replace("utf-8", "utf-16") + ENVELOPE).encode("utf-16-be"),
        (XML.replace("utf-8", "utf-16") + ENVELOPE).encode("utf-16-le"),
        gzip.compress((XML.replace("utf-8", "utf-16") + ENVELOPE).encode("utf-16"), mtime=0),
        result(LIST).replace(b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope"),
        result(LIST).replace(b"<s:Body>", b"<s:Header><Trace>1</Trace></s:Header><s:Body>"),
        result(LIST).replace(b"<s:Body>", b"<!-- cache --><s:Body>"),
    ],
)
def test_the_same_answer_in_another_wrapping_is_read(body: bytes) -> None:
    """Marks before it, other encodings, the other SOAP, a header, a comment."""
    assert isinstance(only(body), WmsInvoice)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"", 200, RetryLaterError),
        (b" \r\n", 200, RetryLaterError),
        (b'{"d": {"Invoices": []}}', 200, RetryLaterError),
        (b"[]", 200, RetryLaterError),
        (b"--uuid:1\r\nContent-Type: application/xop+xml\r\n\r\n" + result(LIST), 200, RetryLaterError),
        (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", 200, RetryLaterError),
        (gzip.compress(b"<html>Login</html>", mtime=0), 200, RetryLaterError),
        (b"\x28\xb5\x2f\xfd packed otherwise", 200, RetryLaterError),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'/>", 200, WmsNotUnderstoodError),
        (b"<Invoices/>", 200, WmsNotUnderstoodError),
        (
            result(LIST).replace(b"GetInvoicesByQueryResponse", b"GetInvoicesByQuery2Response"),
            200,
            WmsNotUnderstoodError,
        ),
        (result(LIST).replace(b"GetInvoicesByQueryResult", b"return"), 200, WmsNotUnderstoodError),
        (result(LIST), 206, WmsNotUnderstoodError),
        (b"", 204, WmsNotUnderstoodError),
        (b"", 307, WmsNotUnderstoodError),
        (b"<html>Moved</html>", 410, WmsNotUnderstoodError),
        (b"<html>Too large</html>", 413, WmsNotUnderstoodError),
        (b"<html>Bad gateway</html>", 502, RetryLaterError),
        (b"<html>Queue</html>", 429, RetryLaterError),
    ],
)
def test_another_answer_is_never_an_empty_list(body: bytes, status: int, error: type[InvoicingError]) -> None:
    """What a second try may mend is tried again; what it cannot mend is told to who can."""
    with pytest.raises(error) as refused:
        listed(body, status)

    assert isinstance(refused.value, WmsNotUnderstoodError) == (error is WmsNotUnderstoodError)
    assert not isinstance(refused.value, WmsLoginRefusedError)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("<faultcode>s:Server</faultcode><faultstring>Invalid password</faultstring>", WmsLoginRefusedError),
        ("<Code><Value>s:Sender</Value></Code><Reason><Text>Invalid password</Text></Reason>", WmsLoginRefusedError),
        ("<Code><Value>s:Receiver</Value></Code><Reason><Text>Deadlock</Text></Reason>", RetryLaterError),
        (
            "<Code><Value>s:Sender</Value></Code><Reason><Text>Unknown element UserName</Text></Reason>",
            WmsNotUnderstoodError,
        ),
        ("<faultcode>s:Client</faultcode><faultstring>Method obsolete</faultstring>", WmsNotUnderstoodError),
        ("<faultcode>s:VersionMismatch</faultcode><faultstring>1.2 only</faultstring>", WmsNotUnderstoodError),
        ("", RetryLaterError),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_fault_of_either_soap_says_whose_it_is(content: str, error: type[InvoicingError], status: int) -> None:
    """SOAP 1.2 calls its parts otherwise, and comes with a 400 where it is the caller's."""
    with pytest.raises(error):
        listed(soap_fault(content), status)


def test_an_invoice_that_comes_twice_is_read_once() -> None:
    """A service that joins tables may repeat itself."""
    assert len(listed(result(f"<Invoices>{INVOICE}{INVOICE}</Invoices>"))) == 1


def test_the_same_header_with_fields_in_another_order_is_the_same_invoice() -> None:
    """An order that a schema asks for is no concern of a reader."""
    moved = INVOICE.replace(OWNER, "").replace("</AutomationInvoice>", f"{OWNER}</AutomationInvoice>")
    assert moved != INVOICE

    assert only(result(f"<Invoices>{moved}</Invoices>")) == only(result(LIST))
    assert HEADER in moved
