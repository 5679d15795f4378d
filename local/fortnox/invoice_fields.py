"""The fields of an invoice: what may be sent, what a new one holds, what a list shows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from local.fortnox import refusals
from local.fortnox.call import API_URL, Call, Collection, Matcher, containing
from local.fortnox.fields import Day, Fields, Flag, Group, Kind, Number, OneOf, Rows, Text, Whole, copied
from local.fortnox.money import hundredths, plain_text
from local.fortnox.options import Options

ROW_KINDS: Final[dict[str, Kind]] = {
    "AccountNumber": Whole(null=0, least=0, most=9999),
    "ArticleNumber": Text(longest=50),
    "CostCenter": Text(),
    "DeliveredQuantity": Number(digits=14, text=True),
    "Description": Text(longest=255, cut=True, one_line=True),
    "Discount": Number(),
    "DiscountType": OneOf(("AMOUNT", "PERCENT")),
    "HouseWork": Flag(),
    "HouseWorkHoursToReport": Whole(least=0, most=999),
    "HouseWorkType": Text(),
    "Price": Number(),
    "Project": Text(),
    "RowId": Whole(),
    "StockPointCode": Text(),
    "Unit": Text(longest=20),
    "VAT": Whole(least=0, most=100),
    "VATCode": Text(),
}

_EDI: Final[dict[str, Kind]] = {
    **dict.fromkeys(("EDIGlobalLocationNumber", "EDIGlobalLocationNumberDelivery"), Text(longest=13)),
    **dict.fromkeys(("EDIInvoiceExtra1", "EDIInvoiceExtra2"), Text()),
    **dict.fromkeys(("EDIOurElectronicReference", "EDIYourElectronicReference"), Text()),
}
_MAIL: Final[dict[str, Kind]] = {
    **dict.fromkeys(("EmailAddressBCC", "EmailAddressCC", "EmailAddressFrom", "EmailAddressTo"), Text()),
    "EmailBody": Text(longest=20000, has_number=True),
    "EmailSubject": Text(longest=100, has_number=True),
}

# The request schema of Fortnox's OpenAPI file; lengths it does not give are 1024.
KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(
        (
            *("Address1", "Address2", "City", "CostCenter", "Country", "CreditInvoiceReference"),
            *("Currency", "CustomerName", "CustomerNumber", "DeliveryAddress2"),
            *("DeliveryCity", "DeliveryCountry", "DeliveryName", "DeliveryZipCode", "OCR", "PaymentWay"),
            *("Phone1", "Phone2", "PriceList", "PrintTemplate", "Project", "Remarks", "TermsOfDelivery"),
            *("TermsOfPayment", "WayOfDelivery", "ZipCode"),
        ),
        Text(),
    ),
    **dict.fromkeys(("DeliveryDate", "DueDate", "InvoiceDate", "OutboundDate"), Day()),
    **dict.fromkeys(("EUQuarterlyReport", "NotCompleted", "VATIncluded"), Flag()),
    **dict.fromkeys(("ExternalInvoiceReference1", "ExternalInvoiceReference2"), Text(longest=80)),
    **dict.fromkeys(("AdministrationFee", "CurrencyRate", "Freight"), Number()),
    # Lengths that were measured in 2026: what is longer refuses the whole invoice, or is cut.
    "Comments": Text(code=refusals.COMMENTS_TOO_LONG),
    "DeliveryAddress1": Text(longest=60, cut=True),
    "OurReference": Text(longest=50),
    "YourOrderNumber": Text(longest=30, cut=True),
    "YourReference": Text(longest=50, code=refusals.YOUR_REFERENCE_TOO_LONG),
    "CurrencyUnit": Whole(least=1),
    "DocumentNumber": Text(longest=18),
    "EDIInformation": Group(_EDI),
    "EmailInformation": Group(_MAIL),
    "InvoiceRows": Rows(ROW_KINDS),
    "InvoiceType": OneOf(("INVOICE", "AGREEMENTINVOICE", "INTRESTINVOICE", "SUMMARYINVOICE", "CASHINVOICE")),
    "Labels": Rows({"Id": Whole()}),
    "Language": OneOf(("SV", "EN")),
    "TaxReductionType": OneOf(("none", "rot", "rut", "green")),
}


def blank_invoice(number: str) -> Fields:
    """An invoice with nothing in it; nulls, empty texts and odd types as recorded (newest recording)."""
    url = f"{API_URL}/invoices/{number}"
    empty = (
        *("Address1", "Address2", "City", "Comments", "CostCenter", "Country", "CustomerName"),
        *("DeliveryAddress1", "DeliveryAddress2", "DeliveryCity", "DeliveryCountry", "DeliveryName"),
        *("DeliveryZipCode", "ExternalInvoiceReference1", "ExternalInvoiceReference2", "InvoicePeriodStart"),
        *("InvoicePeriodEnd", "OrganisationNumber", "OurReference", "PaymentWay", "Phone1", "Phone2"),
        *("Project", "Remarks", "TermsOfDelivery", "WayOfDelivery", "YourOrderNumber", "YourReference"),
        *("CustomerNumber", "DueDate", "InvoiceDate", "OutboundDate", "OCR", "TermsOfPayment", "ZipCode"),
    )
    null = (
        *("DeliveryDate", "FinalPayDate", "LastRemindDate", "TaxReduction", "TimeBasisReference"),
        *("VoucherNumber", "VoucherSeries", "VoucherYear"),
    )
    zero = (
        *("AdministrationFee", "AdministrationFeeVAT", "Balance", "BasisTaxReduction", "ContributionPercent"),
        *("ContributionValue", "Freight", "FreightVAT", "Gross", "Net", "Reminders", "RoundOff", "Total"),
        *("TotalToPay", "TotalVAT"),
    )
    no = ("Booked", "Cancelled", "EUQuarterlyReport", "HouseWork", "NotCompleted", "NoxFinans", "Sent")
    return {
        "@url": url,
        "@urlTaxReductionList": f"{API_URL}/taxreductions?filter=invoices&referencenumber={number}",
        "DocumentNumber": number,
        **dict.fromkeys(empty, ""),
        **dict.fromkeys(null),
        **dict.fromkeys(zero, 0),
        **dict.fromkeys((*no, "VATIncluded"), False),
        **dict.fromkeys(("ContractReference", "CreditInvoiceReference", "InvoiceReference"), "0"),
        **dict.fromkeys(("OfferReference", "OrderReference"), "0"),
        "AccountingMethod": "ACCRUAL",
        "Credit": "false",
        "Currency": "SEK",
        "CurrencyRate": 1,
        "CurrencyUnit": 1,
        "EDIInformation": {**dict.fromkeys(_EDI), "EDIStatus": ""},
        "EmailInformation": {
            **dict.fromkeys(_MAIL),
            "EmailAddressTo": "",
            "EmailSubject": "Faktura {no} bifogas",
            "EmailBody": " ",
        },
        "InvoiceRows": [],
        "InvoiceType": "INVOICE",
        "Labels": [],
        "Language": "SV",
        "PriceList": "A",
        "PrintTemplate": "st",
        "TaxReductionType": "none",
        "WarehouseReady": True,
    }


def _item(fields: Fields) -> Fields:
    same = (
        *("@url", "Balance", "Booked", "Cancelled", "CostCenter", "Currency", "CurrencyUnit", "CustomerName"),
        *("CustomerNumber", "DocumentNumber", "DueDate", "ExternalInvoiceReference1"),
        *("ExternalInvoiceReference2", "InvoiceDate", "InvoiceType", "NoxFinans", "OCR", "VoucherNumber"),
        *("VoucherSeries", "VoucherYear", "WayOfDelivery", "TermsOfPayment", "Project", "Sent", "Total"),
        "FinalPayDate",
    )
    # Recorded: the rate is a number in the invoice and a text in lists.
    return {**{name: fields[name] for name in same}, "CurrencyRate": plain_text(Decimal(fields["CurrencyRate"]))}


_DATES: Final = frozenset(
    {"DeliveryDate", "DueDate", "FinalPayDate", "InvoiceDate", "InvoicePeriodEnd", "InvoicePeriodStart"}
    | {"LastRemindDate", "OutboundDate"}
)


def shown(invoice: Fields, options: Options) -> Fields:
    """An invoice or an item of a list in the form that the options ask for; a copy."""
    form = copied(invoice)
    if options.empty_dates != "as_recorded":
        empty = None if options.empty_dates == "null" else ""
        form.update({name: empty for name in _DATES & form.keys() if not form[name]})
    if options.foreign_balance_in_sek and form["Currency"] != "SEK":
        rate = Decimal(str(form["CurrencyRate"])) / Decimal(str(form["CurrencyUnit"]))
        form["Balance"] = hundredths(Decimal(form["Balance"]) * rate)
    if options.flags_as_text:
        form.update({name: str(value).lower() for name, value in form.items() if isinstance(value, bool)})
    return form


def _flag(name: str) -> Matcher:
    return lambda fields, value: fields[name] is (value == "true")


def _row_containing(name: str) -> Matcher:
    found = containing(name)
    return lambda fields, value: any(found(row, value) for row in fields["InvoiceRows"])


def _overdue(fields: Fields, call: Call) -> bool:
    return _unpaid(fields, call) and fields["DueDate"] < call.today.isoformat()


def _unpaid(fields: Fields, _: Call) -> bool:
    return not fields["FinalPayDate"] and not fields["Cancelled"] and bool(fields["Balance"])


def invoices_of(options: Options) -> Collection:
    """How invoices are listed under these options."""
    searches = {
        f"externalinvoicereference{index}": _reference(f"ExternalInvoiceReference{index}", options) for index in (1, 2)
    }
    return replace(
        _INVOICES,
        searches={**_INVOICES.searches, **searches},
        item=lambda fields: shown(_item(fields), options),
    )


def _reference(name: str, options: Options) -> Matcher:
    match options.reference_search:
        case "starts":
            return lambda fields, value: str(fields[name]).lower().startswith(value.lower())
        case "exact":
            return lambda fields, value: str(fields[name]).lower() == value.lower()
    return containing(name)


_INVOICES: Final = Collection(
    envelope="Invoices",
    searches={
        "costcenter": containing("CostCenter"),
        "customername": containing("CustomerName"),
        "customernumber": containing("CustomerNumber"),
        "documentnumber": containing("DocumentNumber"),
        "ocr": containing("OCR"),
        "ourreference": containing("OurReference"),
        "project": containing("Project"),
        "yourreference": containing("YourReference"),
        "currency": containing("Currency"),
        "yourordernumber": containing("YourOrderNumber"),
        "articlenumber": _row_containing("ArticleNumber"),
        "articledescription": _row_containing("Description"),
        "accountnumberfrom": lambda fields, value: any(
            row["AccountNumber"] >= int(value) for row in fields["InvoiceRows"]
        ),
        "accountnumberto": lambda fields, value: any(
            row["AccountNumber"] <= int(value) for row in fields["InvoiceRows"]
        ),
        "invoicetype": lambda fields, value: fields["InvoiceType"] == value,
        "fromdate": lambda fields, value: fields["InvoiceDate"] >= value,
        "todate": lambda fields, value: fields["InvoiceDate"] <= value,
        "fromfinalpaydate": lambda fields, value: bool(fields["FinalPayDate"] and fields["FinalPayDate"] >= value),
        "tofinalpaydate": lambda fields, value: bool(fields["FinalPayDate"] and fields["FinalPayDate"] <= value),
        "notcompleted": _flag("NotCompleted"),
        "sent": _flag("Sent"),
        "credit": lambda fields, value: fields["Credit"] == value,
        "label": lambda fields, value: any(str(label["Id"]) == value for label in fields["Labels"]),
    },
    filters={
        "cancelled": lambda fields, _: bool(fields["Cancelled"]),
        "fullypaid": lambda fields, _: bool(fields["FinalPayDate"]),
        "unpaid": _unpaid,
        "unpaidoverdue": _overdue,
        "unbooked": lambda fields, _: not fields["Booked"] and not fields["Cancelled"],
    },
    sorting={
        "customername": lambda fields: str(fields["CustomerName"]).lower(),
        "customernumber": lambda fields: fields["CustomerNumber"],
        "documentnumber": lambda fields: int(fields["DocumentNumber"]),
        "invoicedate": lambda fields: fields["InvoiceDate"],
        "ocr": lambda fields: fields["OCR"],
        "total": lambda fields: fields["Total"],
    },
    item=_item,
)


def reference_number(document_number: str) -> str:
    """The OCR number Fortnox makes of a document number: a length digit and a check digit follow (recorded)."""
    with_length = f"{document_number}{(len(document_number) + 2) % 10}"
    total = 0
    for position, digit in enumerate(reversed(with_length)):
        product = int(digit) * (2 if position % 2 == 0 else 1)
        total += product - 9 if product > 9 else product
    return f"{with_length}{-total % 10}"
