"""The operations of Ongoing's Automation interface on one simulated system."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from decimal import Decimal
from xml.etree.ElementTree import Element

from local.http import Reply
from local.ongoing.invoice_xml import InvoiceXml
from local.ongoing.options import LoginRefusal, Options, PriceLists
from local.ongoing.shaping import encoded, listed, renamed, success
from local.ongoing.soap import STOCKHOLM, Sequenced, SoapFaultError, answer, element, refusal, text_element
from local.ongoing.warehouse import Charge, Invoice, Warehouse

OPERATIONS = ("GetInvoicesByQuery", "UpdateInvoice", "GetGoodsOwnersByQuery", "GetPriceListByQuery", "Charge")

_INVOICES_QUERY = (
    "GetInvoiceRows",
    "OnlyLiveGoodsOwners",
    "InvoiceIds",
    "IsExported",
    "InvoiceExportedDateFrom",
    "InvoiceExportedDateTo",
    "InvoiceDateFrom",
    "InvoiceDateTo",
    "InvoiceIdFrom",
    "MaxInvoicesToGet",
    "GoodsOwnerId",
)
_UPDATE_INVOICE = (
    "InvoiceId",
    "UpdateInvoiceIsExported",
    "UpdateInvoiceTitle",
    "UpdateInvoicePeriodFrom",
    "UpdateInvoicePeriodTo",
    "UpdateInvoiceNumber",
)
_CHARGE = (
    "Invoice",
    "InvoiceArticle",
    "OrderContext",
    "InOrderContext",
    "NumberOfItems",
    "Price",
    "Comment",
    "ActionDate",
)


@dataclass(slots=True, kw_only=True)
class Automation:
    """One call to one system.

    `shown` is what reads show, which a snapshot makes older than `warehouse`; `save` takes the changed
    warehouse. `asked` collects what the call asked for, without credentials, for the log of calls.
    """

    warehouse: Warehouse
    shown: tuple[Invoice, ...]
    options: Options
    now: datetime
    save: Callable[[Warehouse], None]
    partial_update: bool = False
    asked: dict[str, object] = field(default_factory=dict)

    def carry_out(self, call: Element) -> Reply:
        """Answers the operation. Raises SoapFaultError."""
        operation = call.tag.rpartition("}")[2]
        parameter = operation if operation in ("UpdateInvoice", "Charge") else "Query"
        members = Sequenced(call, ("UserName", "Password", parameter))
        if operation not in OPERATIONS:
            raise SoapFaultError("Client", f"The simulator does not know the operation {operation}.")
        self.asked["username"] = members.text("UserName")
        if not self._is_user(members.text("UserName"), members.text("Password")):
            return self._refuse_login(operation)
        given = members.element(parameter)
        if given is None:
            raise SoapFaultError(
                "Server",
                "Server was unable to process request. ---> Object reference not set to an instance of an object.",
            )
        match operation:
            case "GetInvoicesByQuery":
                return self._get_invoices(Sequenced(given, _INVOICES_QUERY))
            case "UpdateInvoice":
                return self._update_invoice(Sequenced(given, _UPDATE_INVOICE))
            case "GetGoodsOwnersByQuery":
                return self._get_goods_owners(Sequenced(given, ("OnlyLiveGoodsOwners",)))
            case "GetPriceListByQuery":
                return self._get_price_list(Sequenced(given, ("GoodsOwnerId",)))
            case _:
                return self._charge(Sequenced(given, _CHARGE))

    def _is_user(self, username: str | None, password: str | None) -> bool:
        return any((user.username, user.password) == (username, password) for user in self.warehouse.users)

    def _refuse_login(self, operation: str) -> Reply:
        match self.options.login_refusal:
            case LoginRefusal.FAULT:
                message = f"Server was unable to process request. ---> {self.options.login_message}"
                raise SoapFaultError("Server", message)
            case LoginRefusal.SUCCESS_FALSE:
                return refusal(operation, self.options.login_message)
            case LoginRefusal.STATUS_401:
                return Reply.html(401, "<html><body><h1>401 - Unauthorized</h1></body></html>")

    def _get_invoices(self, query: Sequenced) -> Reply:
        # Everything is read before anything is used, as a typed service does.
        options = self.options
        with_rows = query.boolean("GetInvoiceRows") or False
        only_live = query.boolean("OnlyLiveGoodsOwners") or False
        ids = query.integers("InvoiceIds")
        is_exported = query.boolean("IsExported")
        exported_from, exported_to = (
            query.moment("InvoiceExportedDateFrom"),
            query.moment("InvoiceExportedDateTo"),
        )
        date_from, date_to = query.moment("InvoiceDateFrom"), query.moment("InvoiceDateTo")
        id_from, maximum = query.integer("InvoiceIdFrom"), query.integer("MaxInvoicesToGet")
        goods_owner_id = query.integer("GoodsOwnerId")
        self.asked.update(
            rows=with_rows,
            only_live=only_live,
            ids=list(ids),
            is_exported=is_exported,
            date_from=date_from and date_from.isoformat(),
            id_from=id_from,
            max=maximum,
        )

        def wanted(invoice: Invoice) -> bool:
            owner = self.warehouse.goods_owner(invoice.goods_owner_id)
            midnight = datetime.combine(invoice.invoice_date, time())
            exported_at = invoice.exported_at and invoice.exported_at.astimezone(STOCKHOLM).replace(tzinfo=None)
            return not (
                (only_live and not options.ignore_only_live and owner is not None and owner.is_training)
                or (ids and not options.ignore_invoice_ids and invoice.id not in ids)
                or (is_exported not in (None, invoice.is_exported) and not options.ignore_is_exported)
                or (exported_from is not None and (exported_at is None or exported_at < exported_from))
                or (exported_to is not None and (exported_at is None or exported_at > exported_to))
                or (not options.ignore_dates and self._outside(midnight, date_from, date_to))
                or (id_from is not None and not options.ignore_id_from and not self._after(invoice.id, id_from))
                or (goods_owner_id is not None and invoice.goods_owner_id != goods_owner_id)
            )

        found = sorted(filter(wanted, self.shown), key=lambda invoice: invoice.id, reverse=options.newest_first)
        if maximum is not None and not options.ignore_max:
            found = found[: max(maximum, 0)]
        if options.is_exported_hides and is_exported is not None:
            found = []
        found = found[: options.most_at_once]
        xml = InvoiceXml(options=options)
        with_rows = with_rows or options.ignore_with_rows
        invoices = [
            xml.invoice(invoice, self.warehouse.goods_owner(invoice.goods_owner_id), with_rows=with_rows)
            for invoice in found
        ]
        result = renamed(options, success(options) + listed(options, "Invoices", invoices))
        return encoded(options, answer("GetInvoicesByQuery", result))

    def _outside(self, midnight: datetime, date_from: datetime | None, date_to: datetime | None) -> bool:
        if self.options.dates_inclusive:
            return (date_from is not None and midnight < date_from) or (date_to is not None and midnight > date_to)
        return (date_from is not None and midnight <= date_from) or (date_to is not None and midnight >= date_to)

    def _after(self, invoice_id: int, id_from: int) -> bool:
        return invoice_id >= id_from if self.options.id_from_inclusive else invoice_id > id_from

    def _update_invoice(self, update: Sequenced) -> Reply:
        invoice_id = update.integer("InvoiceId")
        exported = update.inside("UpdateInvoiceIsExported", ("IsExported",))
        title = update.inside("UpdateInvoiceTitle", ("InvoiceTitle",))
        period_from = update.inside("UpdateInvoicePeriodFrom", ("InvoicePeriodFrom",))
        period_to = update.inside("UpdateInvoicePeriodTo", ("InvoicePeriodTo",))
        number = update.inside("UpdateInvoiceNumber", ("InvoiceNumber",))
        is_exported = (exported.boolean("IsExported") or False) if exported else None
        self.asked.update(
            invoice_id=invoice_id,
            is_exported=is_exported,
            number=number.text("InvoiceNumber") if number else None,
        )
        invoice = self.warehouse.invoice(invoice_id or 0)
        if invoice is None:
            return refusal("UpdateInvoice", f"There is no invoice with id {invoice_id}.")
        if title and len(title.text("InvoiceTitle") or "") > 500:
            return refusal("UpdateInvoice", "InvoiceTitle is longer than 500 characters.")
        if number:
            invoice = replace(invoice, number=number.text("InvoiceNumber") or None)
        if self.partial_update:
            self._store(invoice)
            raise SoapFaultError("Server", "Server was unable to process request. ---> Timeout expired.")
        if is_exported is not None:
            # A finished invoice collects no more charges.
            still_active = invoice.is_active and not is_exported
            exported_at = self.now if is_exported else None
            invoice = replace(invoice, is_exported=is_exported, exported_at=exported_at, is_active=still_active)
        if title:
            invoice = replace(invoice, title=title.text("InvoiceTitle"))
        if period_from and (moment := period_from.moment("InvoicePeriodFrom")):
            invoice = replace(invoice, period_start=moment.date())
        if period_to and (moment := period_to.moment("InvoicePeriodTo")):
            invoice = replace(invoice, period_end=moment.date())
        self._store(invoice)
        return answer("UpdateInvoice", text_element("Success", "true"), text_element("InvoiceId", str(invoice.id)))

    def _get_goods_owners(self, query: Sequenced) -> Reply:
        only_live = query.boolean("OnlyLiveGoodsOwners") or False
        xml = InvoiceXml(options=self.options)
        owners = (
            xml.listed_goods_owner(owner)
            for owner in self.warehouse.goods_owners
            if not (only_live and owner.is_training)
        )
        return answer("GetGoodsOwnersByQuery", text_element("Success", "true"), element("GoodsOwners", *owners))

    def _get_price_list(self, query: Sequenced) -> Reply:
        options, goods_owner_id = self.options, query.integer("GoodsOwnerId")
        self.asked.update(goods_owner_id=goods_owner_id)
        if options.price_lists is PriceLists.NOT_PERMITTED:
            return refusal("GetPriceListByQuery", "The user has no permission to see price lists.")
        if options.price_lists is PriceLists.UNKNOWN:
            action = "http://ongoingsystems.se/Automation/GetPriceListByQuery"
            raise SoapFaultError("Client", f"Server did not recognize the value of HTTP Header SOAPAction: {action}.")
        if self.warehouse.goods_owner(goods_owner_id or 0) is None:
            return refusal("GetPriceListByQuery", f"There is no goods owner with id {goods_owner_id}.")
        xml = InvoiceXml(options=options)
        items = [
            xml.price_list_item(item) for item in self.warehouse.price_list if item.goods_owner_id == goods_owner_id
        ]
        articles = listed(options, "InvoiceArticles", items)
        flat = options.price_lists is PriceLists.FLAT
        result = success(options) + (articles if flat else element("PriceList", articles))
        return encoded(options, answer("GetPriceListByQuery", renamed(options, result)))

    def _charge(self, charge: Sequenced) -> Reply:
        named = charge.inside("Invoice", ("Identification", "InvoiceId", "GoodsOwnerId"))
        article = charge.inside("InvoiceArticle", ("InvoiceArticleIdentification", "InvoiceArticleId"))
        order = charge.inside("OrderContext", ("OrderId",))
        article_id = (article.integer("InvoiceArticleId") if article else None) or 0
        item = next((item for item in self.warehouse.price_list if item.id == article_id), None)
        if item is None:
            return refusal("Charge", f"There is no invoice article with id {article_id}.")
        invoice = self._invoice_to_charge(named, item.goods_owner_id)
        if isinstance(invoice, str):
            return refusal("Charge", invoice)
        price, quantity = charge.decimal("Price"), charge.decimal("NumberOfItems")
        action_date = charge.moment("ActionDate")
        order_id = order.integer("OrderId") if order else None
        added = Charge(
            id=self._next_charge_id(),
            title=item.title,
            unit_price=(item.unit_price or Decimal(0)) if price is None else price,
            quantity=Decimal(1) if quantity is None else quantity,
            code=item.code,
            account=item.account,
            comment=charge.text("Comment"),
            action_date=action_date.date() if action_date else self.now.astimezone(STOCKHOLM).date(),
            order_number=None if order_id is None else str(order_id),
        )
        self._store(replace(invoice, charges=(*invoice.charges, added)))
        return answer(
            "Charge",
            text_element("Success", "true"),
            text_element("InvoiceId", str(invoice.id)),
            text_element("ChargeId", str(added.id)),
        )

    def _invoice_to_charge(self, named: Sequenced | None, goods_owner_id: int) -> Invoice | str:
        """The invoice that a charge lands on, or why there is none."""
        identification = named.text("Identification") if named else None
        if named is None or identification not in ("InvoiceId", "ActiveInvoice", "ExistingOrNewInvoice"):
            return "Identification of the invoice is missing."
        if identification == "InvoiceId":
            invoice = self.warehouse.invoice(named.integer("InvoiceId") or 0)
            owner_id = invoice.goods_owner_id if invoice else None
        else:
            owner_id = named.integer("GoodsOwnerId")
            invoice = next(
                (one for one in self.warehouse.invoices if one.is_active and one.goods_owner_id == owner_id),
                None,
            )
            if invoice is None and identification == "ExistingOrNewInvoice":
                invoice = self._new_invoice(goods_owner_id)
        if invoice is None or invoice.is_exported or owner_id != goods_owner_id:
            return "There is no such invoice, it is exported, or it belongs to another goods owner."
        return invoice

    def _new_invoice(self, goods_owner_id: int) -> Invoice:
        today = self.now.astimezone(STOCKHOLM).date()
        return Invoice(
            id=max((one.id for one in self.warehouse.invoices), default=0) + 1,
            goods_owner_id=goods_owner_id,
            invoice_date=today,
            period_start=today.replace(day=1),
            is_active=True,
        )

    def _next_charge_id(self) -> int:
        return max((charge.id for invoice in self.warehouse.invoices for charge in invoice.charges), default=0) + 1

    def _store(self, invoice: Invoice) -> None:
        others = tuple(one for one in self.warehouse.invoices if one.id != invoice.id)
        self.warehouse = replace(self.warehouse, invoices=(*others, invoice))
        self.save(self.warehouse)
