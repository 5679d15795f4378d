"""What we believe of Fortnox's answers: the fields that we rely on, how sure each one is, and every name known.

Sources: Fortnox's OpenAPI file (https://apps.fortnox.se/apidocs/openapi.json), exchanges with it that others recorded
and published (accodeing/fortnox-api on GitHub), and what others measured in companies of their own. `invoicing check
fortnox` holds a real company's answers against this file; what is not in it is drift (`adapters/fortnox/drift.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Certainty(StrEnum):
    """How a fact is known."""

    RECORDED = "recorded"  # seen in a published exchange
    MEASURED = "measured"  # told by somebody who tried it
    SPECIFIED = "specified"  # stands in the OpenAPI file only


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """One field that we rely on: how it is known, and what breaks or weakens without it."""

    certainty: Certainty
    without: str


_RECORDED, _MEASURED, _SPECIFIED = Certainty.RECORDED, Certainty.MEASURED, Certainty.SPECIFIED


def _of(certainty: Certainty, without: str) -> Belief:
    return Belief(certainty=certainty, without=without)


RELIED_ON: Final[Mapping[str, Mapping[str, Belief]]] = {
    "Invoice": {
        "DocumentNumber": _of(_RECORDED, "no invoice can be named: the answer is refused"),
        "ExternalInvoiceReference1": _of(_RECORDED, "the answer is refused: nothing could be found again"),
        "Net": _of(_RECORDED, "the total is not compared: the answer to a POST counts as unclear"),
        "TotalVAT": _of(_MEASURED, "VAT that cannot be right is not seen"),
        "Currency": _of(_RECORDED, "another currency is not seen"),
        "Booked": _of(_RECORDED, "the answer is refused: whether the invoice may be changed is not known"),
        "Cancelled": _of(_RECORDED, "the answer is refused: whether the invoice is alive is not known"),
        "Sent": _of(_RECORDED, "the answer is refused: whether the customer has the invoice is not known"),
        "FinalPayDate": _of(_RECORDED, "with the cash method a paid invoice is tried to be changed"),
        "AccountingMethod": _of(_RECORDED, "the rules of the accrual method are followed"),
        "Credit": _of(_MEASURED, "a credit note is taken for an invoice"),
        "CreditInvoiceReference": _of(_RECORDED, "an invoice that was credited counts as alive"),
        "OrderReference": _of(_RECORDED, "rows that belong to an order are tried to be changed; Fortnox refuses it"),
        "InvoiceDate": _of(_RECORDED, "a due date does not move with the invoice date"),
        "DueDate": _of(_RECORDED, "a due date does not move with the invoice date"),
        "Total": _of(_RECORDED, "an invoice counts as unpaid until nothing of it is left, not as paid in part"),
        "Balance": _of(_RECORDED, "whether an invoice is paid is not known, and is not said"),
        "CustomerNumber": _of(_RECORDED, "an invoice that a person moved to another customer is not seen"),
        "CustomerName": _of(_RECORDED, "a number that became somebody else's within a day is not seen"),
        "EmailInformation": _of(_RECORDED, "the page of the mail shows none of it; the mail goes out all the same"),
        "InvoiceRows": _of(_RECORDED, "old rows are not cleared before new ones are set"),
        **{
            name: _of(_RECORDED, "what a person or the customer's card wrote there is not seen, and may be replaced")
            for name in ("Remarks", "YourOrderNumber", "YourReference")
        },
        **{
            name: _of(_MEASURED, "what Fortnox added beside the net is not shown, and VAT is judged with its VAT")
            for name in ("Freight", "FreightVAT", "AdministrationFee", "AdministrationFeeVAT", "VATIncluded")
        },
    },
    "InvoiceRow": {
        "RowId": _of(_RECORDED, "old rows are not cleared before new ones are set"),
        **{
            name: _of(_RECORDED, "every invoice that is exported again looks changed by a person, or none does")
            for name in (
                *("AccountNumber", "ArticleNumber", "CostCenter", "DeliveredQuantity", "Description", "Discount"),
                *("DiscountType", "Price", "Unit"),
            )
        },
        **{
            name: _of(_RECORDED, "which row bears which VAT is not seen")
            for name in ("VAT", "TotalExcludingVAT", "Total")
        },
    },
    "Customer": {
        "CustomerNumber": _of(_RECORDED, "the answer is refused"),
        "Name": _of(_RECORDED, "whose invoice it is cannot be compared"),
        "Active": _of(_RECORDED, "an inactive customer is found out by Fortnox's refusal"),
        "Currency": _of(_RECORDED, "currencies are not compared"),
        "VATType": _of(_SPECIFIED, "sales abroad count as domestic"),
        "OrganisationNumber": _of(_RECORDED, "whose invoice it is is compared by name alone"),
        "VATNumber": _of(_RECORDED, "that a sale within the EU needs one is not said beforehand"),
        "InvoiceRemark": _of(_RECORDED, "our text replaces the customer's"),
        "TermsOfPayment": _of(_RECORDED, "a due date that counts from the day of sending takes one call more"),
        **{
            name: _of(_RECORDED, "that a customer has no address for e-mail is found out by Fortnox's refusal")
            for name in ("Email", "EmailInvoice")
        },
        "DefaultDeliveryTypes": _of(_SPECIFIED, "how the customer wants the invoice is not shown"),
        **{
            name: _of(_RECORDED, "that an e-invoice to this address is refused is not said beforehand")
            for name in ("DeliveryAddress1", "DeliveryAddress2", "DeliveryZipCode", "DeliveryCity", "DeliveryCountry")
        },
        **{
            name: _of(_RECORDED, "that Fortnox adds a fee is said only once it did")
            for name in ("InvoiceFreight", "InvoiceAdministrationFee")
        },
    },
    "Article": {
        "ArticleNumber": _of(_RECORDED, "an article counts as missing"),
        "Active": _of(_RECORDED, "an inactive article is found out by Fortnox's refusal"),
    },
    "CompanyInformation": {
        "DatabaseNumber": _of(_SPECIFIED, "which company approved cannot be told: nothing is connected"),
        "CompanyName": _of(_SPECIFIED, "pages show no company name"),
        "OrganizationNumber": _of(_SPECIFIED, "another ledger of the same company is not recognised"),
    },
    "MetaInformation": {
        "@TotalPages": _of(_RECORDED, "a list cannot be known to be whole"),
    },
}
"""By the name that Fortnox's specification gives the thing, and the field's own."""

_INVOICE = """
@url @urlTaxReductionList AccountingMethod Address1 Address2 AdministrationFee AdministrationFeeVAT Balance
BasisTaxReduction Booked Cancelled City Comments ContractReference ContributionPercent ContributionValue
CostCenter Country Credit CreditInvoiceReference Currency CurrencyRate CurrencyUnit CustomerName CustomerNumber
DeliveryAddress1 DeliveryAddress2 DeliveryCity DeliveryCountry DeliveryDate DeliveryName DeliveryZipCode
DocumentNumber DueDate EDIInformation EUQuarterlyReport EmailInformation ExternalInvoiceReference1
ExternalInvoiceReference2 FinalPayDate Freight FreightVAT Gross HouseWork InvoiceDate InvoicePeriodEnd
InvoicePeriodReference InvoicePeriodStart InvoiceReference InvoiceRows InvoiceType Labels Language
LastRemindDate Net NotCompleted NoxFinans OCR OfferReference OrderReference OrganisationNumber OurReference
OutboundDate PaymentWay Phone1 Phone2 PriceList PrintTemplate Project Remarks Reminders RoundOff Sent
TaxReduction TaxReductionType TermsOfDelivery TermsOfPayment TimeBasisReference Total TotalToPay TotalVAT
VATIncluded VoucherNumber VoucherSeries VoucherYear WarehouseReady WayOfDelivery YourOrderNumber YourReference
ZipCode
"""
_ROW = """
AccountNumber ArticleNumber ContributionPercent ContributionValue Cost CostCenter DeliveredQuantity Description
Discount DiscountType HouseWork HouseWorkHoursToReport HouseWorkType Price PriceExcludingVAT Project RowId
StockPointCode Total TotalExcludingVAT Unit VAT VATCode
"""
_CUSTOMER = """
@url Active Address1 Address2 City Comments CostCenter Country CountryCode Currency CustomerNumber
DefaultDeliveryTypes DefaultTemplates DeliveryAddress1 DeliveryAddress2 DeliveryCity DeliveryCountry
DeliveryCountryCode DeliveryFax DeliveryName DeliveryPhone1 DeliveryPhone2 DeliveryZipCode Email EmailInvoice
EmailInvoiceBCC EmailInvoiceCC EmailOffer EmailOfferBCC EmailOfferCC EmailOrder EmailOrderBCC EmailOrderCC
ExternalReference Fax GLN GLNDelivery InvoiceAdministrationFee InvoiceDiscount InvoiceFreight InvoiceRemark Name
OrganisationNumber OurReference Phone Phone1 Phone2 PriceList Project SalesAccount ShowPriceVATIncluded
TermsOfDelivery TermsOfPayment Type VATNumber VATType VisitingAddress VisitingCity VisitingCountry
VisitingCountryCode VisitingZipCode WWW WayOfDelivery YourReference ZipCode
"""
_ARTICLE = """
@url Active ArticleNumber Bulky ConstructionAccount CostCalculationMethod DefaultStockLocation DefaultStockPoint
Depth Description DirectCost DisposableQuantity EAN EUAccount EUVATAccount Expired ExportAccount FreightCost
Height Housework HouseworkType Manufacturer ManufacturerArticleNumber Note OtherCost PurchaseAccount
PurchasePrice QuantityInStock ReservedQuantity SalesAccount SalesPrice StockAccount StockChangeAccount
StockGoods StockPlace StockValue StockWarning SupplierName SupplierNumber Type Unit VAT WebshopArticle Weight
Width
"""
_COMPANY = """
Address City CompanyName CountryCode DatabaseNumber OrganizationNumber VisitAddress VisitCity VisitCountryCode
VisitName VisitZipCode ZipCode
"""

KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "Invoice": frozenset(_INVOICE.split()),
    "InvoiceRow": frozenset(_ROW.split()),
    "Customer": frozenset(_CUSTOMER.split()),
    "Article": frozenset(_ARTICLE.split()),
    "CompanyInformation": frozenset(_COMPANY.split()),
    "MetaInformation": frozenset({"@TotalResources", "@TotalPages", "@CurrentPage"}),
}
"""Every field that an answer was ever known to have, relied on or not."""

MEMBERS: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("Invoice", "AccountingMethod"): frozenset({"ACCRUAL", "CASH"}),
    ("Invoice", "Credit"): frozenset({"true", "false"}),
    ("Invoice", "InvoiceType"): frozenset(
        {"INVOICE", "AGREEMENTINVOICE", "INTRESTINVOICE", "SUMMARYINVOICE", "CASHINVOICE"}
    ),
    ("Invoice", "TaxReductionType"): frozenset({"none", "rot", "rut", "green"}),
    ("InvoiceRow", "DiscountType"): frozenset({"AMOUNT", "PERCENT"}),
    ("Customer", "Type"): frozenset({"PRIVATE", "COMPANY"}),
    ("Customer", "VATType"): frozenset({"SEVAT", "SEREVERSEDVAT", "EUREVERSEDVAT", "EUVAT", "EXPORT"}),
    ("Article", "Type"): frozenset({"STOCK", "SERVICE"}),
}
"""The words that a field was ever known to hold."""
