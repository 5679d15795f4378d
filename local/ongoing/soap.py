"""SOAP as an ASP.NET web service speaks it: document/literal, typed, in the documented element order.

The order matters. The service reads its elements as a sequence, so an element that stands too late is not
seen, and the call means something else without any error. That is what the simulator does.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from local.http import Reply

NAMESPACE = "http://ongoingsystems.se/Automation"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
STOCKHOLM = ZoneInfo("Europe/Stockholm")


class SoapFaultError(Exception):
    """Answered as a SOAP fault with HTTP 500. `code` is "Client" or "Server"."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def read_call(body: bytes, *, soap_action: str) -> Element:
    """The element of the operation inside an envelope. Raises SoapFaultError."""
    action = soap_action.strip()
    if not (action.startswith(f'"{NAMESPACE}/') and action.endswith('"') and len(action) > 2):
        raise _unknown_action(action)
    operation = action[len(NAMESPACE) + 2 : -1]
    try:
        body.decode("utf-8")
        envelope = fromstring(body, forbid_dtd=True)
    except (ParseError, UnicodeDecodeError, DefusedXmlException, ValueError):
        raise _unreadable("Data at the root level is invalid. Line 1, position 1.") from None
    if envelope.tag != f"{{{ENVELOPE}}}Envelope":
        raise SoapFaultError("VersionMismatch", "Possible SOAP version mismatch: Envelope namespace is unexpected.")
    soap_body = envelope.find(f"{{{ENVELOPE}}}Body")
    children = [] if soap_body is None else list(soap_body)
    if len(children) != 1:
        raise _unreadable("The SOAP body must hold one operation.")
    if children[0].tag != f"{{{NAMESPACE}}}{operation}":
        raise _unknown_action(action)
    return children[0]


def _unknown_action(action: str) -> SoapFaultError:
    return SoapFaultError("Client", f"Server did not recognize the value of HTTP Header SOAPAction: {action}.")


def _unreadable(why: str) -> SoapFaultError:
    return SoapFaultError(
        "Client", f"Server was unable to read request. ---> There is an error in XML document. ---> {why}"
    )


class Sequenced:
    """The members of one element as the service sees them: in its namespace and in the documented order."""

    def __init__(self, element: Element, names: Sequence[str]) -> None:
        self._seen: dict[str, Element] = {}
        position = 0
        for child in element:
            name = child.tag.removeprefix(f"{{{NAMESPACE}}}")
            if name != child.tag and name in names[position:]:
                self._seen[name] = child
                position = names.index(name) + 1

    def element(self, name: str) -> Element | None:
        """A member; None where it is missing, out of order or nil."""
        found = self._seen.get(name)
        return None if found is None or found.get(f"{{{XSI}}}nil") in ("true", "1") else found

    def inside(self, name: str, names: Sequence[str]) -> "Sequenced | None":
        """The members of a member."""
        found = self.element(name)
        return None if found is None else Sequenced(found, names)

    def text(self, name: str) -> str | None:
        """A string; an empty element is an empty string."""
        found = self.element(name)
        return None if found is None else (found.text or "")

    def boolean(self, name: str) -> bool | None:
        """An xs:boolean. Raises SoapFaultError for anything else."""
        text = self.text(name)
        if text is None:
            return None
        if text.strip() not in ("true", "false", "1", "0"):
            raise _unreadable(f"The string '{text}' is not a valid Boolean value.")
        return text.strip() in ("true", "1")

    def integer(self, name: str) -> int | None:
        """An xs:int. Raises SoapFaultError for anything else."""
        text = self.text(name)
        return None if text is None else _integer(text)

    def integers(self, name: str) -> tuple[int, ...]:
        """A list of xs:int."""
        found = self.element(name)
        return (
            () if found is None else tuple(_integer(item.text or "") for item in found.findall(f"{{{NAMESPACE}}}int"))
        )

    def decimal(self, name: str) -> Decimal | None:
        """An xs:decimal. Raises SoapFaultError for anything else."""
        text = self.text(name)
        if text is None:
            return None
        if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)", text.strip()):
            raise _unreadable("Input string was not in a correct format.")
        return Decimal(text.strip())

    def moment(self, name: str) -> datetime | None:
        """An xs:dateTime as naive Swedish time. Raises SoapFaultError for anything else."""
        text = self.text(name)
        if text is None:
            return None
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{1,7})?(Z|[+-][0-9:]{5})?", text.strip()):
            raise _unreadable(f"The string '{text}' is not a valid AllXsd value.")
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            raise _unreadable(f"The string '{text}' is not a valid AllXsd value.") from None
        return moment if moment.tzinfo is None else moment.astimezone(STOCKHOLM).replace(tzinfo=None)


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,10}", text.strip()) or not -(2**31) <= int(text) < 2**31:
        raise _unreadable("Input string was not in a correct format.")
    return int(text)


_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def element(name: str, *content: str) -> str:
    """An element that holds markup."""
    return f"<{name}>{''.join(content)}</{name}>"


def text_element(name: str, text: str) -> str:
    """An element that holds a text. .NET writes control characters as references that no parser takes."""
    return element(name, _NOT_XML.sub(lambda match: f"&#x{ord(match[0]):X};", escape(text, {"\r": "&#xD;"})))


def nil_element(name: str) -> str:
    """An element without a value."""
    return f'<{name} xsi:nil="true" />'


def answer(operation: str, *content: str) -> Reply:
    """A successful SOAP answer."""
    result = element(f"{operation}Result", *content)
    return _envelope(200, f'<{operation}Response xmlns="{NAMESPACE}">{result}</{operation}Response>')


def refusal(operation: str, message: str) -> Reply:
    """The business error: HTTP 200, `Success` false, and a message for people."""
    return answer(operation, text_element("Success", "false"), text_element("Message", message))


def fault(error: SoapFaultError) -> Reply:
    """A SOAP 1.1 fault."""
    return _envelope(
        500,
        element(
            "soap:Fault",
            text_element("faultcode", f"soap:{error.code}"),
            text_element("faultstring", error.text),
            "<detail />",
        ),
    )


def _envelope(status: int, content: str) -> Reply:
    body = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<soap:Envelope xmlns:soap="{ENVELOPE}" xmlns:xsi="{XSI}" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
        f"<soap:Body>{content}</soap:Body></soap:Envelope>"
    )
    return Reply(status=status, headers=(("Content-Type", "text/xml; charset=utf-8"),), body=body.encode())
