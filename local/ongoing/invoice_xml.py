"""How invoices look on the wire.

The names inside Ongoing's invoice types are not public. The names here are the likeliest ones, in four layouts; a
`Shape` renames them.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from local.ongoing.options import Dates, Layout, Nulls, Numbers, Options, PriceMeaning
from local.ongoing.shaping import listed
from local.ongoing.soap import STOCKHOLM, element, nil_element, text_element
from local.ongoing.warehouse import Charge, GoodsOwner, Invoice, PriceListItem


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceXml:
    """Writes invoices the way the options say."""

    options: Options

    @property
    def item_name(self) -> str:
        """The element of one invoice."""
        return "Invoice" if self.options.layout is Layout.LEGACY else "AutomationInvoice"

    def invoice(self, invoice: Invoice, owner: GoodsOwner | None, *, with_rows: bool) -> str:
        """One invoice, with or without its charges."""
        owner_xml = self.goods_owner(owner) if owner else nil_element("GoodsOwner")
        fields = [self._garbled(field, invoice) for field in self._info(invoice)]
        added = "".join(text_element(name, "?") for name in self.options.added)
        rows = [self._charge(charge) for charge in invoice.charges]
        many = "InvoiceRows" if self.options.layout is Layout.LEGACY else "InvoiceCharges"
        charges = listed(self.options, many, rows) if with_rows else ""
        match self.options.layout:
            case Layout.FLAT:
                return element(self.item_name, owner_xml, *fields, added, charges)
            case Layout.NESTED:
                return element(self.item_name, owner_xml, element("InvoiceInfo", *fields), added, charges)
            case Layout.MIXED:
                return element(
                    self.item_name, owner_xml, *fields[:6], element("InvoiceInfo", *fields[6:], added, charges)
                )
            case Layout.LEGACY:
                return element(self.item_name, owner_xml, charges, *fields, added)

    def goods_owner(self, owner: GoodsOwner) -> str:
        """The goods owner as an invoice names it."""
        if self.options.layout is Layout.LEGACY:
            return element(
                "GoodsOwner",
                text_element("GoodsOwnerIdentification", "GoodsOwnerId"),
                self._text("GoodsOwnerCode", owner.name),
                text_element("GoodsOwnerId", str(owner.id)),
                self._text("FinancialCode", owner.financial_code),
                self._text("GoodsLocationCode", owner.goods_location_code),
            )
        return element(
            "GoodsOwner",
            text_element("Id", str(owner.id)),
            text_element("Name", owner.name),
            self._text("FinancialCode", owner.financial_code),
            self._text("GoodsLocationCode", owner.goods_location_code),
            self._text("GoodsOwnerReference", owner.reference),
            self._text("GoodsOwnerInvoiceCurrencyCode", owner.currency),
        )

    def listed_goods_owner(self, owner: GoodsOwner) -> str:
        """A goods owner in the answer of GetGoodsOwnersByQuery."""
        return element(
            "AutomationGoodsOwner",
            text_element("Id", str(owner.id)),
            text_element("Name", owner.name),
            text_element("IsTrainingGoodsOwner", _boolean(owner.is_training)),
            self._text("FinancialCode", owner.financial_code),
        )

    def price_list_item(self, item: PriceListItem) -> str:
        """An entry of a price list."""
        return element(
            "InvoiceArticle",
            text_element("Id", str(item.id)),
            self._text("Code", item.code),
            text_element("Title", item.title),
            self._text("Account", item.account),
            nil_element("Price") if item.unit_price is None else text_element("Price", self._decimal(item.unit_price)),
            text_element("IsFromStatistics", _boolean(item.is_from_statistics)),
            self._matrix(item),
            *(text_element(name, "?") for name in self.options.added),
        )

    def _matrix(self, item: PriceListItem) -> str:
        if not item.tiers:
            return nil_element("InvoiceArticlePriceMatrix")
        tiers = [
            element("InvoiceArticlePriceTier", text_element("Price", self._decimal(price))) for price in item.tiers
        ]
        return element("InvoiceArticlePriceMatrix", *tiers)

    def _info(self, invoice: Invoice) -> list[tuple[str, str]]:
        return [
            ("InvoiceId", text_element("InvoiceId", str(invoice.id))),
            ("InvoiceNumber", self._text("InvoiceNumber", invoice.number)),
            ("Title", self._text("Title", invoice.title)),
            ("InvoiceDate", self._date("InvoiceDate", invoice.invoice_date)),
            ("InvoicePeriodStart", self._date("InvoicePeriodStart", invoice.period_start)),
            ("InvoicePeriodEnd", self._date("InvoicePeriodEnd", invoice.period_end)),
            ("InvoiceAmount", text_element("InvoiceAmount", self._decimal(invoice.total))),
            ("IsExported", text_element("IsExported", _boolean(invoice.is_exported))),
            ("InvoiceYourOrderNumber", self._text("InvoiceYourOrderNumber", invoice.your_order_number)),
            ("InvoiceYourReference", self._text("InvoiceYourReference", invoice.your_reference)),
        ]

    def _garbled(self, field: tuple[str, str], invoice: Invoice) -> str:
        name, xml = field
        return text_element(name, invoice.garbled[name]) if name in invoice.garbled else xml

    def _charge(self, charge: Charge) -> str:
        per_row = self.options.price_meaning is PriceMeaning.PER_ROW
        price = charge.amount if per_row else charge.unit_price
        if self.options.layout is Layout.LEGACY:
            return element(
                "InvoiceRow",
                text_element("InvoiceRowId", str(charge.id)),
                text_element("Price", self._decimal(price)),
                text_element("UnitPrice", self._decimal(charge.unit_price)),
                text_element("NumberOfItems", self._decimal(charge.quantity)),
                self._date("ActionDate", charge.action_date),
                self._text("RowComment", charge.comment),
                self._text("ProiftCenterTitle", charge.profit_centre_name),
                self._text("ProiftCenterCode", charge.profit_centre_code),
                self._text("OrderNumber", charge.order_number),
                self._article(charge),
            )
        order = (
            element(
                "OrderContext",
                text_element("OrderId", str(charge.id)),
                text_element("OrderNumber", charge.order_number),
                self._date("DeliveryDate", charge.action_date),
                self._text("ReferenceNumber", charge.order_reference),
                self._text("WayBill", charge.way_bill),
            )
            if charge.order_number
            else nil_element("OrderContext")
        )
        return element(
            "InvoiceCharge",
            text_element("ChargeId", str(charge.id)),
            text_element("Price", self._decimal(price)),
            text_element("NumberOfItems", self._decimal(charge.quantity)),
            self._date("ActionDate", charge.action_date),
            self._text("Comment", charge.comment),
            nil_element("ProfitCenterId"),
            self._text("ProfitCenterCode", charge.profit_centre_code),
            self._text("ProfitCenterName", charge.profit_centre_name),
            self._text("Container", charge.container),
            self._article(charge),
            order,
        )

    def _article(self, charge: Charge) -> str:
        return element(
            "InvoiceArticle",
            "" if self.options.layout is Layout.LEGACY else text_element("Id", str(charge.id)),
            self._text("Code", charge.code),
            text_element("Title", charge.title),
            self._text("Account", charge.account),
        )

    def _text(self, name: str, value: str | None) -> str:
        if value is not None:
            return text_element(name, value)
        match self.options.nulls:
            case Nulls.DOTNET:
                return ""
            case Nulls.NIL:
                return nil_element(name)
            case Nulls.EMPTY:
                return f"<{name} />"

    def _date(self, name: str, value: date | None) -> str:
        if value is None:
            return f"<{name} />" if self.options.nulls is Nulls.EMPTY else nil_element(name)
        midnight = datetime.combine(value, time(), STOCKHOLM)
        match self.options.dates:
            case Dates.UTC:
                return text_element(name, midnight.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
            case Dates.OFFSET:
                return text_element(name, midnight.isoformat())
            case Dates.LOCAL:
                return text_element(name, midnight.replace(tzinfo=None).isoformat())
            case Dates.SPOKEN:
                return text_element(name, f"{value:%d.%m.%Y}")

    def _decimal(self, value: Decimal) -> str:
        # A database column of money gives four decimals, needed or not.
        text = format(value, "f")
        whole, _, decimals = text.partition(".")
        plain = f"{whole}.{decimals.ljust(4, '0')}"
        match self.options.numbers:
            case Numbers.PLAIN:
                return plain
            case Numbers.COMMA:
                return plain.replace(".", ",")
            case Numbers.THOUSANDS:
                return f"{Decimal(plain):,}"
            case Numbers.CURRENCY:
                return f"{plain} kr"


def _boolean(value: bool) -> str:
    return "true" if value else "false"
