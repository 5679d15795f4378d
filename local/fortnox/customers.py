"""The customer register: /3/customers."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from local.fortnox import refusals
from local.fortnox.call import API_URL, Answer, Call, Collection, containing, only
from local.fortnox.company import Company, Entry
from local.fortnox.fields import Cleared, Fields, Flag, Group, Kind, Number, OneOf, Text
from local.fortnox.refusals import Refusal, not_found

_DELIVERY: Final = OneOf(("PRINT", "EMAIL", "PRINTSERVICE", "ELECTRONICINVOICE"))

KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(
        (
            *(
                "Address1",
                "Address2",
                "City",
                "Comments",
                "CustomerNumber",
                "DeliveryAddress1",
                "DeliveryAddress2",
            ),
            *(
                "DeliveryCity",
                "DeliveryCountry",
                "DeliveryFax",
                "DeliveryName",
                "DeliveryPhone1",
                "DeliveryPhone2",
            ),
            *("Email", "EmailInvoice", "EmailInvoiceBCC", "EmailInvoiceCC", "EmailOffer", "EmailOfferBCC"),
            *("EmailOfferCC", "EmailOrder", "EmailOrderBCC", "EmailOrderCC", "ExternalReference", "Fax"),
            *("InvoiceAdministrationFee", "InvoiceFreight", "InvoiceRemark", "Name", "Phone1", "Phone2"),
            *(
                "CostCenter",
                "PriceList",
                "Project",
                "TermsOfDelivery",
                "TermsOfPayment",
                "VATNumber",
                "WayOfDelivery",
            ),
        ),
        Text(),
    ),
    **dict.fromkeys(("VisitingAddress", "VisitingCity", "VisitingCountry", "WWW"), Text(longest=128)),
    **dict.fromkeys(("OurReference", "YourReference"), Text(longest=50)),
    **dict.fromkeys(("DeliveryZipCode", "VisitingZipCode", "ZipCode"), Text(longest=10)),
    **dict.fromkeys(("CountryCode", "DeliveryCountryCode", "VisitingCountryCode"), Text(longest=2)),
    **dict.fromkeys(("GLN", "GLNDelivery"), Text(longest=13)),
    **dict.fromkeys(("Active", "ShowPriceVATIncluded"), Flag()),
    "Currency": Text(longest=3),
    "DefaultDeliveryTypes": Group({"Invoice": _DELIVERY, "Order": _DELIVERY, "Offer": _DELIVERY}),
    "DefaultTemplates": Group(dict.fromkeys(("Order", "Offer", "Invoice", "CashInvoice"), Text())),
    "InvoiceDiscount": Number(),
    "OrganisationNumber": Text(longest=30),
    "SalesAccount": Text(longest=4),
    "Type": OneOf(("PRIVATE", "COMPANY")),
    "VATType": OneOf(("SEVAT", "SEREVERSEDVAT", "EUREVERSEDVAT", "EUVAT", "EXPORT")),
}

_NUMBER: Final = re.compile(r"[A-Za-z0-9_\-]+")
# The language of a customer's documents is on the card that people see, and in no answer.
_UNSEEN: Final = ("Language",)
_COUNTRIES: Final = {
    "SE": "Sverige",
    "NO": "Norge",
    "DK": "Danmark",
    "FI": "Finland",
    "DE": "Tyskland",
    "US": "USA",
    "GB": "Storbritannien",
}

# Order, nulls and empty texts as recorded for a new customer with a name only.
_NULL: Final = frozenset(
    {"Address1", "Address2", "City", "Country", "Comments", "CostCenter", "CountryCode", "DeliveryAddress1"}
    | {"DeliveryAddress2", "DeliveryCity", "DeliveryCountry", "DeliveryCountryCode", "DeliveryFax"}
    | {
        "DeliveryName",
        "DeliveryPhone1",
        "DeliveryPhone2",
        "DeliveryZipCode",
        "ExternalReference",
        "Fax",
        "GLN",
    }
    | {"GLNDelivery", "InvoiceAdministrationFee", "InvoiceDiscount", "InvoiceFreight", "Phone1", "Phone2"}
    | {"SalesAccount", "VisitingAddress", "VisitingCity", "VisitingCountry", "VisitingCountryCode"}
    | {"VisitingZipCode", "ZipCode"}
)
_EMPTY: Final = frozenset(
    {"Email", "EmailInvoice", "EmailInvoiceBCC", "EmailInvoiceCC", "EmailOffer", "EmailOfferBCC"}
    | {"EmailOfferCC", "EmailOrder", "EmailOrderBCC", "EmailOrderCC", "InvoiceRemark", "OrganisationNumber"}
    | {"OurReference", "Project", "TermsOfDelivery", "TermsOfPayment", "VATNumber", "WayOfDelivery", "WWW"}
    | {"YourReference"}
)


def new_customer(number: str) -> Fields:
    """A customer as Fortnox creates one, before anything is filled in (recorded)."""
    return {
        "@url": f"{API_URL}/customers/{quote(number, safe='')}",
        **dict.fromkeys(sorted(_NULL)),
        **dict.fromkeys(sorted(_EMPTY), ""),
        "Active": True,
        "Currency": "SEK",
        "CustomerNumber": number,
        "DefaultDeliveryTypes": dict.fromkeys(("Invoice", "Order", "Offer"), "PRINT"),
        "DefaultTemplates": dict.fromkeys(("Order", "Offer", "Invoice", "CashInvoice"), "DEFAULTTEMPLATE"),
        "Name": "",
        "PriceList": "A",
        "ShowPriceVATIncluded": False,
        "Type": "COMPANY",
        "VATType": "SEVAT",
    }


def _item(fields: Fields) -> Fields:
    # Recorded: list items have few fields, and empty texts where the customer has null.
    texts = (
        "Address1",
        "Address2",
        "City",
        "CustomerNumber",
        "Email",
        "Name",
        "OrganisationNumber",
        "ZipCode",
    )
    return {
        "@url": fields["@url"],
        **{name: fields[name] or "" for name in texts},
        "Phone": fields["Phone1"] or "",
    }


CUSTOMERS: Final = Collection(
    envelope="Customers",
    searches={
        "customernumber": containing("CustomerNumber"),
        "name": containing("Name"),
        "zipcode": containing("ZipCode"),
        "city": containing("City"),
        "email": containing("Email"),
        "phone": containing("Phone1", "Phone2"),
        "organisationnumber": containing("OrganisationNumber"),
        "gln": containing("GLN"),
        "glndelivery": containing("GLNDelivery"),
    },
    filters={
        "active": lambda fields, _: bool(fields["Active"]),
        "inactive": lambda fields, _: not fields["Active"],
    },
    sorting={
        "customernumber": lambda fields: fields["CustomerNumber"],
        "name": lambda fields: str(fields["Name"]).lower(),
    },
    item=_item,
)


def answer(call: Call) -> Answer:
    """Answer a call to /3/customers. Raises Refusal."""
    match call.method, call.path:
        case "GET", ():
            return CUSTOMERS.answer(call, call.company.customers)
        case "POST", ():
            return _create(call)
        case "GET", (number,):
            return Answer(value={"Customer": _customer(call, number).fields})
        case "PUT", (number,):
            return _update(call, number)
        case "DELETE", (number,):
            _customer(call, number)
            _delete(call, number)
            return Answer(status=204)
        case _, (() | (_,)):
            only(call, "GET", "POST", "PUT", "DELETE")
    raise not_found(refusals.NO_SUCH_ROUTE)


def _customer(call: Call, number: str) -> Entry:
    if not _NUMBER.fullmatch(number):
        raise Refusal(refusals.NOT_ALPHANUMERIC, "Värdet måste vara alfanumeriskt. (CustomerNumber)")
    entry = call.company.customers.get(number)
    if entry is None:
        raise not_found(call.options.unknown_customer_code)
    return entry


def _delete(call: Call, number: str) -> None:
    company = call.company
    del company.customers[number]
    if call.options.deleted_customer_numbers == "reserved":
        # Fortnox's page on errors: the number of a deleted customer is never free again.
        company.reserved_customer_numbers.add(number)
    elif number.isdigit():
        # Measured in 2026: after customer 21 was deleted, the next new one became 21.
        company.next_customer_number = min(company.next_customer_number, int(number))


def _create(call: Call) -> Answer:
    company = call.company
    sent = call.sent("Customer", KINDS)
    if not isinstance(sent.get("Name"), str):
        raise Refusal(refusals.VALUE_REQUIRED, "Kundnamn måste anges. (Name)")
    _check(company, sent)
    number = sent.pop("CustomerNumber", None)
    if not isinstance(number, str):
        number = _free_number(company)
    elif number in company.customers or number in company.reserved_customer_numbers:
        raise Refusal(refusals.CUSTOMER_NUMBER_TAKEN, f'Kundnummer "{number}" används redan.')
    fields = add_customer(company, {**sent, "CustomerNumber": number}, now=call.now)
    account = fields["SalesAccount"]
    # Recorded: the answer to a POST has the account as a number, a later GET as a text.
    shown = {**fields, "SalesAccount": int(account) if account else None}
    return Answer(status=201, value={"Customer": shown}, location="customers")


def _update(call: Call, number: str) -> Answer:
    entry = _customer(call, number)
    sent = call.sent("Customer", KINDS)
    if sent.pop("CustomerNumber", number) != number:
        raise Refusal(refusals.DOCUMENT_NUMBER_FIXED, "Kundnumret kan inte ändras. (CustomerNumber)")
    _check(call.company, sent)
    _fill(entry.fields, sent)
    entry.modified_at = call.now
    return Answer(value={"Customer": entry.fields})


def add_customer(company: Company, sent: Fields, *, now: datetime) -> Fields:
    """Put a customer into the register as created now; `sent` has a CustomerNumber."""
    number = str(sent["CustomerNumber"])
    fields = new_customer(number)
    unseen = {name: sent[name] for name in _UNSEEN if name in sent}
    _fill(fields, {name: value for name, value in sent.items() if name not in unseen})
    company.customers[number] = Entry(fields=fields, unseen=unseen, created_at=now, modified_at=now)
    return fields


def _check(company: Company, sent: Fields) -> None:
    currency = sent.get("Currency")
    if isinstance(currency, str) and currency not in company.currencies:
        raise Refusal(refusals.CURRENCY_NOT_FOUND, "Kan inte hitta valutan. (Currency)")
    account = sent.get("SalesAccount")
    if isinstance(account, str) and not (account.isdigit() and company.account(int(account), year=None)):
        raise Refusal(refusals.REQUEST_ACCOUNT_NOT_FOUND, "Kunde inte hitta konto. (SalesAccount)")
    code = sent.get("CountryCode")
    if isinstance(code, str) and code not in _COUNTRIES:
        raise Refusal(refusals.COUNTRY_INVALID, f"Ogiltigt land: {code}")


def _fill(fields: Fields, sent: Fields) -> None:
    for name, value in sent.items():
        if value is Cleared.FIELD:
            fields[name] = None if name in _NULL else ""
        elif isinstance(value, dict):
            fields[name] = {**fields[name], **value}
        else:
            fields[name] = value
    if isinstance(sent.get("CountryCode"), str):
        fields["Country"] = _COUNTRIES.get(sent["CountryCode"], fields["Country"])


def _free_number(company: Company) -> str:
    taken: Any = company.customers.keys() | company.reserved_customer_numbers
    while str(company.next_customer_number) in taken:
        company.next_customer_number += 1
    return str(company.next_customer_number)
