"""The SOAP envelopes that we send, written by hand in the documented order of elements.

The service description is never fetched: Ongoing answers 503 to clients that do (its page on the basics of
the API). The order matters, because an ASP.NET service does not see an element that stands too late.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from xml.sax.saxutils import escape

from invoicing.domain.wms_invoice import WmsLogin
from invoicing.domain.wms_knowledge import WmsFilter

NAMESPACE = "http://ongoingsystems.se/Automation"

# XML 1.0 has no way to write these, not even as references.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def is_writable(text: str) -> bool:
    """Whether XML can carry the text."""
    return not _NOT_XML.search(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One call, ready to be sent. The body holds the password."""

    operation: str
    body: bytes = field(repr=False)

    @property
    def soap_action(self) -> str:
        """The value of the header SOAPAction, quotes included."""
        return f'"{NAMESPACE}/{self.operation}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicesQuery:
    """Which invoices GetInvoicesByQuery shall give. None leaves a filter out."""

    with_charges: bool
    ids: tuple[int, ...] = ()
    is_exported: bool | None = None
    dated_after: date | None = None
    id_from: int | None = None
    at_most: int | None = None

    def without(self, useless: Collection[WmsFilter]) -> "InvoicesQuery":
        """The same question without filters that hide what they ought to show, as far as they can be left out.

        Those that are merely ignored do no harm.
        """
        return replace(
            self,
            is_exported=None if WmsFilter.IS_EXPORTED in useless else self.is_exported,
            dated_after=None if WmsFilter.DATED_AFTER in useless else self.dated_after,
        )


def get_invoices(login: WmsLogin, query: InvoicesQuery) -> Envelope:
    """Invoices of live goods owners. Raises ValueError for a login that XML cannot carry."""
    return _envelope(
        "GetInvoicesByQuery",
        login,
        _element(
            "Query",
            _element(WmsFilter.WITH_CHARGES, _boolean(query.with_charges)),
            _element(WmsFilter.ONLY_LIVE, _boolean(True)),
            _element(WmsFilter.IDS, *_integers(query.ids)) if query.ids else "",
            "" if query.is_exported is None else _element(WmsFilter.IS_EXPORTED, _boolean(query.is_exported)),
            "" if query.dated_after is None else _element(WmsFilter.DATED_AFTER, f"{query.dated_after}T00:00:00"),
            "" if query.id_from is None else _element(WmsFilter.ID_FROM, str(query.id_from)),
            "" if query.at_most is None else _element(WmsFilter.AT_MOST, str(query.at_most)),
        ),
    )


def update_invoice(
    login: WmsLogin, invoice_id: int, *, number: str | None, is_exported: bool | None = True
) -> Envelope:
    """Sets the exported mark and the number, nothing else; None leaves one as it is.

    Raises ValueError for what XML cannot carry.
    """
    mark = "" if is_exported is None else _element("IsExported", _boolean(is_exported))
    return _envelope(
        "UpdateInvoice",
        login,
        _element(
            "UpdateInvoice",
            _element("InvoiceId", str(invoice_id)),
            _element("UpdateInvoiceIsExported", mark) if mark else "",
            "" if number is None else _element("UpdateInvoiceNumber", _element("InvoiceNumber", _text(number))),
        ),
    )


def get_price_list(login: WmsLogin, goods_owner_id: int) -> Envelope:
    """What one goods owner's charges are made from. Raises ValueError for a login that XML cannot carry."""
    return _envelope("GetPriceListByQuery", login, _element("Query", _element("GoodsOwnerId", str(goods_owner_id))))


def _envelope(operation: str, login: WmsLogin, parameter: str) -> Envelope:
    call = (
        f'<{operation} xmlns="{NAMESPACE}">'
        f"{_element('UserName', _text(login.username))}{_element('Password', _text(login.password))}"
        f"{parameter}</{operation}>"
    )
    document = (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<soap:Body>{call}</soap:Body></soap:Envelope>"
    )
    return Envelope(operation=operation, body=document.encode())


def _element(name: str, *content: str) -> str:
    return f"<{name}>{''.join(content)}</{name}>"


def _integers(values: Iterable[int]) -> Iterable[str]:
    return (_element("int", str(value)) for value in values)


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _text(text: str) -> str:
    if not is_writable(text):
        raise ValueError("a character that XML cannot carry")
    # A parser turns a bare carriage return into a line feed; a reference it keeps.
    return escape(text, {"\r": "&#13;"})
