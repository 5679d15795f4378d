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
    UpstreamContractError,
    WmsLoginRefusedError,
)
from invoicing.domain.wms_invoice import WmsLogin

# How a refused login is answered is not documented: a fault, `Success` false, or a status. Texts may come in
# English or Swedish.
_ABOUT_LOGIN = re.compile(
    r"user ?name|password|\blog ?[io]n\b|credential|unauthori[sz]ed|authenticat|access (?:is )?denied"
    r"|permission|användar|lösenord|inlogg|logga in|behörig",
    re.IGNORECASE,
)
_LONGEST_MESSAGE = 200
_LONGEST_NAME = 60


def where_of(operation: str, login: WmsLogin) -> str:
    """What messages call a call."""
    return f"Ongoing's {operation} of {login.warehouse}"


def read_result(answer: HttpAnswer, operation: str, login: WmsLogin, *, is_write: bool) -> Element:
    """The element `{operation}Result` of a call that succeeded.

    Raises WmsLoginRefusedError (401, 403, 404 for an unknown system, or a message about the login),
    UpstreamContractError (a document or status that makes no sense), RetryLaterError for everything that is
    ordinary trouble. A write whose answer is lost or unreadable raises UnknownOutcomeError instead.
    """
    unclear: type[RetryLaterError] = UnknownOutcomeError if is_write else RetryLaterError
    strange = UpstreamContractError if answer.status == 200 else unclear
    where = where_of(operation, login)
    _check_status(answer.status, where, unclear)
    try:
        document = parse(answer.body)
    except NotADocumentError as error:
        raise unclear(f"{where} answered {answer.status} with {error}") from None
    except StrangeDocumentError as error:
        raise strange(f"{where} answered {answer.status} with a strange document: {error}") from None
    soap_body = child(document, "Body")
    content = None if soap_body is None else next(iter(soap_body), None)
    if content is None:
        raise strange(f"{where} answered {answer.status} without a SOAP body: {document.tag[:_LONGEST_NAME]}")
    if content.tag.lower() == "fault":
        raise _of_fault(content, where, login)
    if answer.status != 200:
        raise unclear(f"{where} answered {answer.status} without a fault")
    result = child(content, f"{operation}Result")
    if content.tag.lower() != f"{operation}Response".lower() or result is None:
        raise UpstreamContractError(f"{where} answered without {operation}Result: {content.tag[:_LONGEST_NAME]}")
    if not _succeeded(result, where, is_write=is_write):
        raise _of_message(text(result, *MESSAGE), where, login)
    return result


def _check_status(status: int, where: str, unclear: type[RetryLaterError]) -> None:
    if status in (401, 403, 404):
        raise WmsLoginRefusedError(f"{where} answered {status}")
    if status == 429:
        raise RateLimitedError(f"{where} answered {status}")
    if status == 408:
        raise unclear(f"{where} answered {status}")
    if status != 200 and status < 500:
        # Also a redirect: following it would hand the password to whomever it names.
        raise UpstreamContractError(f"{where} answered {status}")


def _succeeded(result: Element, where: str, *, is_write: bool) -> bool:
    said = text(result, *SUCCESS)
    if not said and not is_write and "invoices" in values_of(InvoicesAnswer, result):
        return True  # the older interface has no such element, and a list that is there was a success
    try:
        return values.boolean(said)
    except ValueError as error:
        raise UpstreamContractError(f"{where}: {SUCCESS[0]} {error}") from None


def _of_fault(fault: Element, where: str, login: WmsLogin) -> InvoicingError:
    message = text(fault, "faultstring")
    error = _of_message(message, where, login)
    ours = text(fault, "faultcode").rpartition(":")[2] in ("Client", "VersionMismatch", "MustUnderstand")
    if ours and not isinstance(error, WmsLoginRefusedError):
        return UpstreamContractError(f"{where} did not understand our call{_shown(message, login)}")
    return error


def _of_message(message: str, where: str, login: WmsLogin) -> InvoicingError:
    if _ABOUT_LOGIN.search(message):
        return WmsLoginRefusedError(f"{where} refused the login{_shown(message, login)}")
    return RetryLaterError(f"{where} was refused{_shown(message, login)}")


def _shown(message: str, login: WmsLogin) -> str:
    """Ongoing's message for the log: short, on one line, and not at all if it repeats what is secret."""
    if not message or login.password in message:
        return ""
    line = "".join(character if character.isprintable() else " " for character in message)
    return f": {line[:_LONGEST_MESSAGE]}"
