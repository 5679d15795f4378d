"""Reads invoices out of an answer. A bad one comes out as unreadable and does not stop the others."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from xml.etree.ElementTree import Element

from invoicing.adapters.ongoing.documents import (
    GarbledError,
    boolean,
    child,
    day_or_none,
    decimal,
    integer,
    is_nil,
    optional_day,
    text,
)
from invoicing.domain.wms_invoice import Charge, GoodsOwner, UnreadableInvoice, WmsInvoice


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedInvoice:
    """An invoice as listed. What filters need is known as far as it can be read, even if the rest cannot."""

    invoice: WmsInvoice | UnreadableInvoice
    is_exported: bool | None
    invoice_date: date | None
    is_training: bool

    @property
    def id(self) -> int | None:
        """Ongoing's id, where it can be read."""
        return self.invoice.id


def read_invoices(result: Element) -> list[ListedInvoice]:
    """All invoices of a result that succeeded, in its order; an empty list may be nil or left out."""
    listed = child(result, "Invoices")
    return [] if listed is None else [_read(one) for one in listed if not is_nil(one)]


def _read(element: Element) -> ListedInvoice:
    info = child(element, "InvoiceInfo")
    if info is None:
        info = element  # the flat shape
    try:
        invoice_id = integer(info, "InvoiceId", "Id")
    except GarbledError as error:
        return _listed(element, info, UnreadableInvoice(id=None, reason=str(error)))
    try:
        return _listed(element, info, _invoice(element, info, invoice_id))
    except GarbledError as error:
        return _listed(element, info, UnreadableInvoice(id=invoice_id, reason=str(error)))


def _listed(element: Element, info: Element, invoice: WmsInvoice | UnreadableInvoice) -> ListedInvoice:
    owner = child(element, "GoodsOwner")
    return ListedInvoice(
        invoice=invoice,
        is_exported=_if_readable(boolean, info, "IsExported"),
        invoice_date=_if_readable(day_or_none, info, "InvoiceDate"),
        is_training=owner is not None and bool(_if_readable(boolean, owner, "IsTrainingGoodsOwner")),
    )


def _if_readable[T](read: Callable[[Element, str], T], element: Element, name: str) -> T | None:
    try:
        return read(element, name)
    except GarbledError:
        return None


def _invoice(element: Element, info: Element, invoice_id: int) -> WmsInvoice:
    owner = child(element, "GoodsOwner", "GoodsOwnerInfo")
    if owner is None:
        raise GarbledError("GoodsOwner is missing")
    charges = child(element, "InvoiceCharges", "Charges", "InvoiceRows")
    return WmsInvoice(
        id=invoice_id,
        number=text(info, "InvoiceNumber"),
        title=text(info, "Title", "InvoiceTitle"),
        invoice_date=day_or_none(info, "InvoiceDate"),
        period_start=optional_day(info, "InvoicePeriodStart"),
        period_end=optional_day(info, "InvoicePeriodEnd"),
        amount=decimal(info, "InvoiceAmount"),
        is_exported=boolean(info, "IsExported"),
        your_order_number=text(info, "InvoiceYourOrderNumber"),
        your_reference=text(info, "InvoiceYourReference"),
        goods_owner=_goods_owner(owner),
        charges=tuple(
            _numbered_charge(row, place) for place, row in enumerate(() if charges is None else charges, start=1)
        ),
    )


def _goods_owner(owner: Element) -> GoodsOwner:
    return GoodsOwner(
        id=integer(owner, "Id", "GoodsOwnerId"),
        name=text(owner, "Name", "GoodsOwnerName", "GoodsOwnerCode"),
        customer_code=text(owner, "FinancialCode", "CustomerCode"),
        currency=text(owner, "GoodsOwnerInvoiceCurrencyCode", "InvoiceCurrencyCode", "CurrencyCode").upper(),
    )


def _numbered_charge(row: Element, place: int) -> Charge:
    try:
        if is_nil(row):
            raise GarbledError("it is empty")
        return _charge(row)
    except GarbledError as error:
        raise GarbledError(f"charge {place}: {error}") from None


def _charge(row: Element) -> Charge:
    nothing = Element("nothing")
    article = child(row, "InvoiceArticle", "Article")
    article = nothing if article is None else article
    order = child(row, "OrderContext")
    order = row if order is None else order  # the older interface has the order's fields on the row
    return Charge(
        id=integer(row, "ChargeId", "InvoiceRowId", "Id"),
        article_number=text(article, "Code"),
        article_title=text(article, "Title"),
        account=text(article, "Account"),
        price=decimal(row, "Price", "UnitPrice"),
        quantity=decimal(row, "NumberOfItems"),
        comment=text(row, "Comment", "RowComment"),
        # The older interface has it misspelt.
        profit_centre=text(row, "ProfitCenterCode", "ProiftCenterCode"),
        order_number=text(order, "OrderNumber"),
    )
