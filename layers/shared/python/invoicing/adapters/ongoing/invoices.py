"""From the result of a call to the invoices of the domain. What is not understood is refused, never left out."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.etree.ElementTree import Element

from invoicing.adapters.ongoing import values
from invoicing.adapters.ongoing.beliefs import ChargeAnswer, GoodsOwnerAnswer, InvoiceAnswer, InvoicesAnswer
from invoicing.adapters.ongoing.documents import is_nil
from invoicing.adapters.ongoing.things import NotThatThingError, UnknownName, read, unknown_names, values_of
from invoicing.domain.errors import WmsNotUnderstoodError
from invoicing.domain.keys import clean_key
from invoicing.domain.wms_invoice import Charge, GoodsOwner, UnreadableInvoice, WmsInvoice
from invoicing.domain.wms_knowledge import Misunderstanding

_SHOWN = 8  # unknown names in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedInvoice:
    """An invoice as listed. What filters need is known as far as it can be read, even if the rest cannot."""

    invoice: WmsInvoice | UnreadableInvoice
    is_exported: bool | None
    invoice_date: date | None
    is_training: bool
    has_charges: bool  # whether or not they were asked for
    absent: tuple[str, ...]  # what every invoice has and this one has under none of its names

    @property
    def id(self) -> int | None:
        """Ongoing's id, where it can be read."""
        return self.invoice.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a result holds, in its order. Without `has_list` it said nothing about invoices at all."""

    invoices: list[ListedInvoice]
    has_list: bool
    unknown: Mapping[UnknownName, int]  # how often each occurred


def read_listing(result: Element, where: str, *, with_charges: bool) -> Listing:
    """The invoices of a result that succeeded. A list may be empty or nil.

    A bad invoice comes out as unreadable and does not stop the others. What looks like another interface is refused as
    a whole: a list under an unknown name, invoices without ids, a name that no invoice has.
    Raises WmsNotUnderstoodError, which names the elements; `where` begins its message.
    """
    unknown = Counter(unknown_names(InvoicesAnswer, result))
    try:
        found = read(InvoicesAnswer, result).invoices
    except NotThatThingError as error:
        raise _not_understood(where, str(error), Misunderstanding.LIST, unknown, error.absent) from None
    items = [item for item in found or () if not is_nil(item)]
    if not items and (holding := [name for name in unknown if found is None or name.holds_elements]):
        for element in result:  # says what lies inside, which is what has to be mended
            if any(element.tag == name.name for name in holding):
                unknown.update(
                    UnknownName(f"in {element.tag[:60]}", inner.tag[:60], len(inner) > 0) for inner in element
                )
        raise _not_understood(where, "no list of invoices was found", Misunderstanding.LIST, unknown)
    listed = []
    for item in items:
        inside = Counter(unknown_names(InvoiceAnswer, item))
        listed.append(_listed(item, inside, with_charges=with_charges))
        unknown.update(inside)
    if listed and all(one.absent for one in listed) and (unknown or all(one.id is None for one in listed)):
        raise _not_understood(where, _reason(listed[0]), Misunderstanding.INVOICE, unknown, listed[0].absent)
    if len(listed) > 1 and all(one.id is None for one in listed):
        what = f"no invoice has an id that can be read: {_reason(listed[0])}"
        raise _not_understood(where, what, Misunderstanding.INVOICE, unknown, ["InvoiceId"])
    return Listing(invoices=listed, has_list=found is not None, unknown=unknown)


def _not_understood(
    where: str,
    what: str,
    kind: Misunderstanding,
    unknown: Iterable[UnknownName],
    absent: Iterable[str] = (),
) -> WmsNotUnderstoodError:
    names = [str(name) for name in unknown]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    shown = f". Unknown here: {', '.join(names[:_SHOWN])}{more}" if names else ""
    return WmsNotUnderstoodError(
        f"{where} answered with what is not understood: {what}{shown}. Names are mended in adapters/ongoing/beliefs.py",
        kind=kind,
        unknown=names,
        missing=absent,
    )


def _reason(listed: ListedInvoice) -> str:
    return listed.invoice.reason if isinstance(listed.invoice, UnreadableInvoice) else ""


def _listed(element: Element, unknown: Mapping[UnknownName, int], *, with_charges: bool) -> ListedInvoice:
    written = values_of(InvoiceAnswer, element)
    owner = written.get("goods_owner")
    of_owner = values_of(GoodsOwnerAnswer, owner) if isinstance(owner, Element) else {}
    invoice: WmsInvoice | UnreadableInvoice
    absent: tuple[str, ...] = ()
    try:
        answer = read(InvoiceAnswer, element)
        _check_whole(answer, [name for name in unknown if name.thing == InvoiceAnswer.noun], with_charges=with_charges)
        invoice = _invoice(answer, with_charges=with_charges)
    except NotThatThingError as error:
        absent = error.absent
        invoice = UnreadableInvoice(id=_if_readable(values.integer, written, "id"), reason=str(error))
    return ListedInvoice(
        invoice=invoice,
        is_exported=_if_readable(values.boolean, written, "is_exported"),
        invoice_date=_if_readable(values.optional_day, written, "invoice_date"),
        is_training=bool(_if_readable(values.boolean, of_owner, "is_training")),
        has_charges=bool(written.get("charges")),
        absent=absent,
    )


def _if_readable[T](read_value: Callable[[object], T], written: Mapping[str, Any], field: str) -> T | None:
    try:
        return read_value(written.get(field))
    except ValueError:
        return None


def _check_whole(answer: InvoiceAnswer, unknown: list[UnknownName], *, with_charges: bool) -> None:
    """Refuses an invoice of which a part that may be left out is perhaps only called something else.

    A number that .NET leaves out is a text, and texts say nothing; a date is written as nil, and a list as empty.
    """
    if unknown and "period_end" not in answer.model_fields_set:
        raise NotThatThingError("InvoicePeriodEnd is missing", absent=("InvoicePeriodEnd",))
    if not with_charges or answer.charges:
        return
    holding = any(name.holds_elements for name in unknown)
    was_found = answer.charges is not None
    if (holding and not was_found) or (answer.amount and (holding or not was_found)):
        raise NotThatThingError("its charges were not found", absent=("InvoiceCharges",))


def _invoice(answer: InvoiceAnswer, *, with_charges: bool) -> WmsInvoice:
    return WmsInvoice(
        id=answer.id,
        number=answer.number,
        title=answer.title,
        invoice_date=answer.invoice_date,
        period_start=answer.period_start,
        period_end=answer.period_end,
        amount=answer.amount,
        is_exported=answer.is_exported,
        your_order_number=answer.your_order_number,
        your_reference=answer.your_reference,
        goods_owner=_goods_owner(answer.goods_owner),
        charges=tuple(map(_charge, answer.charges or ())) if with_charges else (),
    )


def _goods_owner(owner: GoodsOwnerAnswer) -> GoodsOwner:
    return GoodsOwner(
        id=owner.id,
        name=owner.name or owner.code,
        customer_code=owner.customer_code,
        currency=clean_key(owner.currency).upper(),
    )


def _charge(row: ChargeAnswer) -> Charge:
    article, order = row.article, row.order
    return Charge(
        id=row.id,
        article_number=article.code if article else "",
        article_title=article.title if article else "",
        account=article.account if article else "",
        price=row.price,
        quantity=row.quantity,
        comment=row.comment,
        profit_centre=row.profit_centre,
        order_number=order.number if order else row.order_number,
        day=row.day,
    )
