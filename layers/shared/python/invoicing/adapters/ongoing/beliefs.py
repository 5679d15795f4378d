"""What we believe of the answers of Ongoing's Automation interface: the one file to mend where a system differs.

No description of this interface is public. Each field lists every name that it may have, and how sure each one is
(`Certainty`); names are found in any case, on the thing itself or in one of its `hoisted` elements. What is missing
of the fields without a default, an answer is refused for. `invoicing check wms SYSTEM` reads a real system, and
prints the lines to add here.

Sources: developer.ongoingwarehouse.com, pages of the Automation calls (type names, and the names on UpdateInvoice),
of GetInvoices and of the goods-owner calls; the published description of `GET /api/v1/invoices` (REST, in camel
case); the goods-owner WSDL of 2017.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from xml.etree.ElementTree import Element

from pydantic import BeforeValidator, FailFast

from invoicing.adapters.ongoing import values
from invoicing.adapters.ongoing.things import Thing, named

type Text = Annotated[str, BeforeValidator(values.text)]
type Whole = Annotated[int, BeforeValidator(values.integer)]
type Exact = Annotated[Decimal, BeforeValidator(values.decimal)]
type Mark = Annotated[bool, BeforeValidator(values.boolean)]
type DayOrNone = Annotated[date | None, BeforeValidator(values.optional_day)]
type ExactIfReadable = Annotated[Decimal | None, BeforeValidator(values.decimal_if_readable)]
type DayIfReadable = Annotated[date | None, BeforeValidator(values.day_if_readable)]


class OrderAnswer(Thing):
    """The order that a charge is for."""

    noun = "order"
    unread = frozenset(
        {"OrderId", "DeliveryDate", "ReferenceNumber", "Remark", "WayBill", "Consignee", "Warehouse", "Transporter"}
        | {"ReturnTransporter", "GoodsOwnerOrderId"}
    )

    number: Text = named(inferred=["OrderNumber"], default="")


class ArticleAnswer(Thing):
    """The invoice article, an entry of the price list."""

    noun = "article"
    unread = frozenset({"Id", "InvoiceArticleId"})

    code: Text = named(inferred=["Code"], guessed=["ArticleCode", "InvoiceArticleCode", "ArticleNumber"], default="")
    # Mandatory in Ongoing's user interface, and what the goods owner reads: never silently nothing.
    title: Text = named(inferred=["Title"], guessed=["ArticleTitle", "InvoiceArticleTitle"])
    account: Text = named(inferred=["Account"], default="")


class ChargeAnswer(Thing):
    """One charge: a row of an invoice."""

    noun = "charge"
    unread = frozenset(
        {"Container", "ContainerBatch", "ProfitCenterId", "ProfitCenterName", "ProiftCenterTitle"}
        | {"InOrderContext", "PurchaseOrderContext", "ProductionOrderContext", "PalletItemContext", "ShipmentContext"}
        | {"ArticleItemContext", "ArticleContext", "ParcelContext", "ParcelTypeContext", "ChargedByUser", "ByUser"}
        | {"Currency", "IsTentative", "IStatistics", "IsStatistics", "IsFormula", "RowReference", "OrderId"}
        | {"InOrderNumber", "InOrderId"}
    )

    id: Whole = named(inferred=["ChargeId", "InvoiceRowId"], guessed=["InvoiceChargeId", "Id"])
    # Whether it is the price of one or of the row is decided elsewhere, against the invoice's amount.
    price: Exact = named(inferred=["Price", "UnitPrice"])
    quantity: Exact = named(inferred=["NumberOfItems"], guessed=["Quantity"])
    comment: Text = named(inferred=["Comment", "RowComment"], default="")
    # The older interface has it misspelt.
    profit_centre: Text = named(inferred=["ProfitCenterCode", "ProiftCenterCode"], default="")
    article: ArticleAnswer | None = named(documented=["InvoiceArticle"], guessed=["Article"], default=None)
    order: OrderAnswer | None = named(documented=["OrderContext"], default=None)
    order_number: Text = named(inferred=["OrderNumber"], default="")  # the older interface, without a context
    # Only the specification shows it, so that none that cannot be read holds an invoice.
    day: DayIfReadable = named(inferred=["ActionDate"], default=None)


class GoodsOwnerAnswer(Thing):
    """The goods owner, as an invoice names it."""

    noun = "goods owner"
    unread = frozenset({"GoodsLocationCode", "GoodsOwnerReference", "GoodsOwnerIdentification"})

    id: Whole = named(inferred=["Id", "GoodsOwnerId"])
    name: Text = named(inferred=["Name"], guessed=["GoodsOwnerName"], default="")
    code: Text = named(inferred=["GoodsOwnerCode"], default="")  # its name in the older interface
    customer_code: Text = named(inferred=["FinancialCode"], guessed=["CustomerCode"], default="")
    currency: Text = named(
        inferred=["GoodsOwnerInvoiceCurrencyCode"], guessed=["InvoiceCurrencyCode", "CurrencyCode"], default=""
    )
    is_training: Text = named(inferred=["IsTrainingGoodsOwner"], default="")


def _there(value: object) -> object:
    if value is None:
        raise ValueError("is missing")
    return value


class InvoiceAnswer(Thing):
    """One invoice. Its fields lie flat on it, most likely; an info object as in REST is read alike."""

    noun = "invoice"
    hoisted = frozenset({"InvoiceInfo"})
    unread = frozenset({"InvoiceExportedDate", "ExportedDate"})

    id: Whole = named(documented=["InvoiceId"], guessed=["Id"])  # the page of UpdateInvoice has it
    number: Text = named(documented=["InvoiceNumber"], default="")
    title: Text = named(inferred=["Title"], documented=["InvoiceTitle"], default="")
    invoice_date: DayOrNone = named(inferred=["InvoiceDate"])  # must be there, and may be nil: an open invoice has none
    period_start: DayOrNone = named(
        inferred=["InvoicePeriodStart"],
        documented=["InvoicePeriodFrom"],
        guessed=["PeriodStart", "PeriodFrom"],
        default=None,
    )
    # With it an invoice waits until it has stopped growing, so it counts as absent only where nothing unknown stands.
    period_end: DayOrNone = named(
        inferred=["InvoicePeriodEnd"], documented=["InvoicePeriodTo"], guessed=["PeriodEnd", "PeriodTo"], default=None
    )
    amount: Exact = named(inferred=["InvoiceAmount"], guessed=["Amount"])
    is_exported: Mark = named(documented=["IsExported"], guessed=["InvoiceIsExported"])
    your_order_number: Text = named(inferred=["InvoiceYourOrderNumber"], guessed=["YourOrderNumber"], default="")
    your_reference: Text = named(inferred=["InvoiceYourReference"], guessed=["YourReference"], default="")
    goods_owner: Annotated[GoodsOwnerAnswer, BeforeValidator(_there)] = named(
        documented=["GoodsOwner"], guessed=["GoodsOwnerInfo"]
    )
    # None: no list of charges was found, which is not the same as a list without any.
    charges: Annotated[tuple[ChargeAnswer, ...], FailFast()] | None = named(
        inferred=["InvoiceCharges", "InvoiceRows"],
        guessed=["Charges"],
        items=["InvoiceCharge", "GetInvoicesCharge", "AutomationInvoiceCharge", "InvoiceRow"],
        default=None,
    )


class InvoicesAnswer(Thing):
    """The result of GetInvoicesByQuery. Its invoices are read one by one, so that a bad one spoils no other."""

    noun = "result"
    unread = frozenset({"Success", "Message", "ErrorMessage"})

    # None: no list was found.
    invoices: tuple[Element, ...] | None = named(
        inferred=["Invoices"],
        guessed=["AutomationInvoices"],
        items=["AutomationInvoice", "GetInvoicesInvoice", "Invoice"],
        default=None,
    )


class PriceListArticleAnswer(Thing):
    """One entry of a price list. Nothing of it holds an invoice, so that nothing is one that cannot be done without."""

    noun = "price list entry"
    unread = frozenset({"Id", "InvoiceArticleId", "GoodsOwnerId", "Currency", "IsFormula", "Unit"})

    code: Text = named(inferred=["Code"], guessed=["ArticleCode", "InvoiceArticleCode", "ArticleNumber"], default="")
    title: Text = named(inferred=["Title"], guessed=["ArticleTitle", "InvoiceArticleTitle", "Name"], default="")
    account: Text = named(inferred=["Account"], default="")
    price: ExactIfReadable = named(inferred=["Price", "UnitPrice"], default=None)
    # With either of them the price may stand elsewhere.
    is_from_statistics: Text = named(documented=["IsFromStatistics"], inferred=["IStatistics"], default="")
    matrix: Any = named(documented=["InvoiceArticlePriceMatrix"], guessed=["PriceMatrix", "PriceTiers"], default=None)


class PriceListAnswer(Thing):
    """A price list: in the result's PriceList, or the result itself."""

    noun = "price list"
    hoisted = frozenset({"PriceList"})
    unread = frozenset({"Success", "Message", "ErrorMessage", "Id", "PriceListId", "GoodsOwnerId", "Name", "Title"})

    # None: no list was found.
    articles: tuple[Element, ...] | None = named(
        guessed=["InvoiceArticles", "Articles", "PriceListItems", "Items"],
        items=["InvoiceArticle", "PriceListInvoiceArticle"],
        default=None,
    )


SUCCESS = ("Success",)  # documented on the pages of this interface's other calls
MESSAGE = ("Message", "ErrorMessage")
