"""From an answer to its result element, or to the error that names the reaction."""

import re
from xml.etree.ElementTree import Element

from invoicing.adapters.ongoing import values
from invoicing.adapters.ongoing.beliefs import MESSAGE, SUCCESS, InvoicesAnswer
from invoicing.adapters.ongoing.documents import NotADocumentError, StrangeDocumentError, child, parse, text
from invoicing.adapters.ongoing.things import values_of
from invoicing.application.http import HttpAnswer
from invoicing.domain.errors import (
    InvoicingError,
    RateLimitedError,
    RetryLaterError,
    UnknownOutcomeError,
    WmsLoginRefusedError,
    WmsNotUnderstoodError,
)
from invoicing.domain.wms_invoice import WmsLogin
from invoicing.domain.wms_knowledge import Misunderstanding

# How a refused login is answered is not documented: a fault, `Success` false, or a status. Texts may come in
# English or Swedish.
_ABOUT_LOGIN = re.compile(
    r"user ?name|password|\blog ?[io]n\b|credential|unauthori[sz]ed|authenticat|access (?:is )?denied"
    r"|permission|användar|lösenord|inlogg|logga in|behörig",
    re.IGNORECASE,
)
# What a service says whose interface is another one than ours. It may well name the elements of our login.
_ABOUT_CALL = re.compile(
    r"soapaction|deseriali[sz]|unable to read|\b(?:xml|xsd|schema|namespace|element|parameter|method)\b"
    r"|obsolete|deprecated|no longer|utgå(?:tt|r)|stöds inte",
    re.IGNORECASE,
)
_LONGEST_MESSAGE = 200
_LONGEST_NAME = 60


class AddressNotFoundError(WmsLoginRefusedError):
    """404: there is no such system, or what answered there before has moved."""


def where_of(operation: str, login: WmsLogin) -> str:
    """What messages call a call."""
    return f"Ongoing's {operation} of {login.warehouse}"


def read_result(answer: HttpAnswer, operation: str, login: WmsLogin, *, is_write: bool) -> Element:
    """The element `{operation}Result` of a call that succeeded.

    Raises WmsLoginRefusedError (401, 403, or a message about the login), AddressNotFoundError (404),
    WmsNotUnderstoodError (a document or status that makes no sense), RetryLaterError for everything that is
    ordinary trouble. A write whose answer is lost or unreadable raises UnknownOutcomeError instead.
    """
    unclear: type[RetryLaterError] = UnknownOutcomeError if is_write else RetryLaterError
    where = where_of(operation, login)

    def strange(message: str, *unknown: str) -> InvoicingError:
        if answer.status != 200:
            return unclear(message)
        return WmsNotUnderstoodError(message, kind=Misunderstanding.ENVELOPE, unknown=unknown)

    _check_status(answer, where, unclear)
    try:
        document = parse(answer.body)
    except NotADocumentError as error:
        raise unclear(f"{where} answered {answer.status} with {error}") from None
    except StrangeDocumentError as error:
        raise strange(f"{where} answered {answer.status} with a strange document: {error}") from None
    content = _content(document)
    if content is None:
        name = document.tag[:_LONGEST_NAME]
        raise strange(f"{where} answered {answer.status} without a SOAP body: {name}", name)
    if content.tag.lower() == "fault":
        raise _of_fault(content, where, login)
    if answer.status != 200:
        raise unclear(f"{where} answered {answer.status} without a fault")
    result = child(content, f"{operation}Result")
    if content.tag.lower() != f"{operation}Response".lower() or result is None:
        name = content.tag[:_LONGEST_NAME]
        raise strange(f"{where} answered without {operation}Result: {name}", name)
    if not _succeeded(result, where, is_write=is_write):
        raise _of_message(text(result, *MESSAGE), where, login)
    return result


def _content(document: Element) -> Element | None:
    body = child(document, "Body")
    return None if body is None else next(iter(body), None)


def _is_fault(body: bytes) -> bool:
    try:
        content = _content(parse(body))
    except (NotADocumentError, StrangeDocumentError):
        return False
    return content is not None and content.tag.lower() == "fault"


def _check_status(answer: HttpAnswer, where: str, unclear: type[RetryLaterError]) -> None:
    status = answer.status
    if status in (401, 403):
        raise WmsLoginRefusedError(f"{where} answered {status}")
    if status == 404:
        raise AddressNotFoundError(f"{where} answered {status}")
    if status == 429:
        raise RateLimitedError(f"{where} answered {status}")
    if status == 408:
        raise unclear(f"{where} answered {status}")
    if status == 400 and _is_fault(answer.body):
        return  # as SOAP 1.2 sends what it takes for the caller's fault
    if status != 200 and status < 500:
        # Also a redirect: following it would hand the password to whomever it names.
        raise WmsNotUnderstoodError(
            f"{where} answered {status}", kind=Misunderstanding.STATUS, unknown=[f"HTTP {status}"]
        )


def _succeeded(result: Element, where: str, *, is_write: bool) -> bool:
    said = text(result, *SUCCESS)
    if not said and not is_write and "invoices" in values_of(InvoicesAnswer, result):
        return True  # the older interface has no such element, and a list that is there was a success
    try:
        return values.boolean(said)
    except ValueError as error:
        raise WmsNotUnderstoodError(
            f"{where}: {SUCCESS[0]} {error}", kind=Misunderstanding.SUCCESS, missing=[SUCCESS[0]]
        ) from None


def _of_fault(fault: Element, where: str, login: WmsLogin) -> InvoicingError:
    message, code = text(fault, "faultstring"), text(fault, "faultcode")
    if (reason := child(fault, "Reason")) is not None:  # SOAP 1.2
        message, code = text(reason, "Text"), text(_part(fault, "Code"), "Value")
    error = _of_message(message, where, login)
    ours = code.rpartition(":")[2] in ("Client", "Sender", "VersionMismatch", "MustUnderstand")
    return _unknown_call(message, where, login) if ours and not isinstance(error, WmsLoginRefusedError) else error


def _part(element: Element, name: str) -> Element:
    found = child(element, name)
    return Element(name) if found is None else found


def _of_message(message: str, where: str, login: WmsLogin) -> InvoicingError:
    if _ABOUT_CALL.search(message):
        return _unknown_call(message, where, login)
    if _ABOUT_LOGIN.search(message):
        return WmsLoginRefusedError(f"{where} refused the login{_shown(message, login)}")
    return RetryLaterError(f"{where} was refused{_shown(message, login)}")


def _unknown_call(message: str, where: str, login: WmsLogin) -> WmsNotUnderstoodError:
    return WmsNotUnderstoodError(
        f"{where} did not understand our call{_shown(message, login)}", kind=Misunderstanding.CALL
    )


def _shown(message: str, login: WmsLogin) -> str:
    """Ongoing's message for the log: short, on one line, and not at all if it repeats what is secret."""
    if not message or login.password in message:
        return ""
    line = "".join(character if character.isprintable() else " " for character in message)
    return f": {line[:_LONGEST_MESSAGE]}"
