"""The article register: /3/articles."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Final
from urllib.parse import quote

from local.fortnox import refusals
from local.fortnox.call import API_URL, Answer, Call, Collection, containing, only
from local.fortnox.company import Company, Entry
from local.fortnox.fields import Cleared, Fields, Flag, Kind, Number, OneOf, Text, Whole
from local.fortnox.options import Options
from local.fortnox.refusals import Refusal, not_found

_ACCOUNT: Final = Whole(least=1000, most=99999)
_SIZE: Final = Whole(least=0, most=999999999)

# Without the fields that only Fortnox sets: stock value, quantities, sales price, supplier name.
KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(("Active", "Bulky", "Expired", "Housework", "StockGoods", "WebshopArticle"), Flag()),
    **dict.fromkeys(("ConstructionAccount", "EUAccount", "EUVATAccount", "ExportAccount"), _ACCOUNT),
    **dict.fromkeys(("PurchaseAccount", "SalesAccount", "StockAccount", "StockChangeAccount"), _ACCOUNT),
    **dict.fromkeys(("Depth", "Height", "Weight", "Width"), _SIZE),
    **dict.fromkeys(("DirectCost", "FreightCost", "OtherCost", "PurchasePrice", "StockWarning", "VAT"), Number()),
    **dict.fromkeys(("Manufacturer", "ManufacturerArticleNumber"), Text(longest=50)),
    **dict.fromkeys(("CostCalculationMethod", "DefaultStockLocation", "DefaultStockPoint", "SupplierNumber"), Text()),
    "ArticleNumber": Text(longest=50),
    "Description": Text(longest=200),
    "EAN": Text(longest=30),
    "HouseworkType": Text(),
    "Note": Text(longest=10000),
    "QuantityInStock": Number(),
    "StockPlace": Text(longest=100),
    "Type": OneOf(("STOCK", "SERVICE")),
    "Unit": Text(longest=20),
}

_NULL: Final = frozenset(
    {"HouseworkType", "Manufacturer", "StockPlace", "SupplierName", "SupplierNumber", "Unit", "SalesPrice"}
    | {
        "CostCalculationMethod",
        "StockAccount",
        "StockChangeAccount",
        "DirectCost",
        "FreightCost",
        "OtherCost",
    }
    | {"DefaultStockPoint", "DefaultStockLocation"}
)
_EMPTY: Final = frozenset({"EAN", "ManufacturerArticleNumber", "Note"})
_ZERO: Final = frozenset(
    {"ConstructionAccount", "Depth", "DisposableQuantity", "Height", "PurchasePrice", "QuantityInStock"}
    | {"ReservedQuantity", "StockValue", "StockWarning", "VAT", "Weight", "Width"}
)
_NUMBER: Final = re.compile(r"[A-Za-z0-9_\-/+]+")
VAT_OF_CODE: Final = {"MP1": 25, "MP2": 12, "MP3": 6}
"""The VAT rate, in per cent, that an account's VAT code stands for."""


def new_article(company: Company, number: str, *, service: bool, abroad_as_service: bool) -> Fields:
    """An article as Fortnox creates one, before anything is filled in (recorded for goods)."""
    abroad = "2" if abroad_as_service else ""
    return {
        "@url": f"{API_URL}/articles/{quote(number, safe='')}",
        "ArticleNumber": number,
        "Description": "",
        "Active": True,
        **dict.fromkeys(("Bulky", "Expired", "Housework", "StockGoods", "WebshopArticle"), False),
        **dict.fromkeys(sorted(_NULL)),
        **dict.fromkeys(sorted(_EMPTY), ""),
        **dict.fromkeys(sorted(_ZERO), 0),
        "EUAccount": company.predefined_account(f"SALESEU{abroad}"),
        "EUVATAccount": company.predefined_account(f"SALESEUVAT{abroad}"),
        "ExportAccount": company.predefined_account(f"SALESEXPORT{abroad}"),
        "PurchaseAccount": company.predefined_account("PURCHASE"),
        "SalesAccount": company.predefined_account("SALES2" if service else "SALES"),
        "Type": "SERVICE" if service else "STOCK",
    }


def _item(fields: Fields) -> Fields:
    # Recorded: numbers are texts here, VAT is null, and neither account nor Active is told.
    texts = ("DisposableQuantity", "PurchasePrice", "QuantityInStock", "ReservedQuantity", "StockValue")
    same = ("@url", "ArticleNumber", "Description", "EAN", "Housework", "SalesPrice", "StockPlace", "Unit")
    return {
        **{name: fields[name] for name in same},
        **{name: str(fields[name]) for name in texts},
        "VAT": str(fields["VAT"]) if fields["VAT"] else None,
        "WebshopArticle": fields["WebshopArticle"],
    }


ARTICLES: Final = Collection(
    envelope="Articles",
    searches={
        "articlenumber": containing("ArticleNumber"),
        "description": containing("Description"),
        "ean": containing("EAN"),
        "suppliernumber": containing("SupplierNumber"),
        "manufacturer": containing("Manufacturer"),
        "manufacturerarticlenumber": containing("ManufacturerArticleNumber"),
        "webshop": lambda fields, value: fields["WebshopArticle"] is (value == "true"),
    },
    filters={
        "active": lambda fields, _: bool(fields["Active"]),
        "inactive": lambda fields, _: not fields["Active"],
    },
    sorting={
        "articlenumber": lambda fields: fields["ArticleNumber"],
        "description": lambda fields: str(fields["Description"]).lower(),
        "quantityinstock": lambda fields: fields["QuantityInStock"],
        "reservedquantity": lambda fields: fields["ReservedQuantity"],
        "stockvalue": lambda fields: fields["StockValue"],
    },
    item=_item,
)


def answer(call: Call) -> Answer:
    """Answer a call to /3/articles. Raises Refusal."""
    match call.method, call.path:
        case "GET", ():
            return ARTICLES.answer(call, call.company.articles)
        case "POST", ():
            return _create(call)
        case "GET", (number,):
            return Answer(value={"Article": _article(call, number).fields})
        case "PUT", (number,):
            return _update(call, number)
        case "DELETE", (number,):
            _article(call, number)
            del call.company.articles[number]
            return Answer(status=204)
        case _, (() | (_,)):
            only(call, "GET", "POST", "PUT", "DELETE")
    raise not_found(refusals.NO_SUCH_ROUTE)


def _article(call: Call, number: str) -> Entry:
    if not _NUMBER.fullmatch(number):
        raise _odd_number()
    entry = call.company.articles.get(number)
    if entry is None:
        raise not_found(refusals.ARTICLE_NOT_FOUND)
    return entry


def _odd_number() -> Refusal:
    return Refusal(
        refusals.ARTICLE_NUMBER_CHARACTERS,
        "Artikelnumret innehåller ogiltiga tecken. Tillåtna tecken: A-Z, a-z, 0-9, _ - / +",
    )


def _create(call: Call) -> Answer:
    company = call.company
    sent = call.sent("Article", KINDS)
    if not isinstance(sent.get("Description"), str):
        raise Refusal(refusals.VALUE_REQUIRED, "Benämning måste anges. (Description)")
    number = sent.pop("ArticleNumber", None)
    if not isinstance(number, str):
        number = _free_number(company)
    elif not _NUMBER.fullmatch(number):
        raise _odd_number()
    elif number in company.articles:
        raise Refusal(refusals.ARTICLE_NUMBER_TAKEN, f'Artikelnummer "{number}" används redan.')
    _check(company, sent)
    fields = add_article(company, {**sent, "ArticleNumber": number}, now=call.now, options=call.options)
    return Answer(status=201, value={"Article": fields}, location="articles")


def _update(call: Call, number: str) -> Answer:
    entry = _article(call, number)
    sent = call.sent("Article", KINDS)
    if sent.pop("ArticleNumber", number) != number:
        raise Refusal(refusals.DOCUMENT_NUMBER_FIXED, "Artikelnumret kan inte ändras. (ArticleNumber)")
    _check(call.company, sent)
    # Reported by users: an account that the chart does not have refuses every change, whatever it is about.
    for name, text in _ACCOUNT_NAMES.items():
        account = sent.get(name) or entry.fields[name]
        if isinstance(account, int) and account and call.company.account(account, year=None) is None:
            raise Refusal(
                refusals.REQUEST_ACCOUNT_NOT_FOUND,
                f'{text} inte uppdaterat. Kontot "{account}" existerar inte. ({name})',
            )
    _fill(entry.fields, sent)
    entry.modified_at = call.now
    return Answer(value={"Article": entry.fields})


_ACCOUNT_NAMES: Final = {
    "ConstructionAccount": "Konto för omvänd byggmoms",
    "EUAccount": "EU-konto",
    "EUVATAccount": "EU-momskonto",
    "ExportAccount": "Exportkonto",
    "PurchaseAccount": "Inköpskonto",
    "SalesAccount": "Försäljningskonto",
}


def add_article(company: Company, sent: Fields, *, now: datetime, options: Options) -> Fields:
    """Put an article into the register as created now; `sent` has an ArticleNumber."""
    number = str(sent["ArticleNumber"])
    service = sent.get("Type") == "SERVICE"
    abroad_as_service = service and options.service_accounts_for_services
    fields = new_article(company, number, service=service, abroad_as_service=abroad_as_service)
    _fill(fields, sent)
    if "VAT" not in sent:
        fields["VAT"] = vat_of_account(company, company.account(fields["SalesAccount"], year=None))
    company.articles[number] = Entry(fields=fields, created_at=now, modified_at=now)
    return fields


def vat_of_account(company: Company, account: Fields | None) -> int:
    """The VAT rate in per cent that an account's VAT code gives; 0 without one, or in a company without VAT."""
    return VAT_OF_CODE.get(str(account["VATCode"]), 0) if account and company.vat_registered else 0


def _check(company: Company, sent: Fields) -> None:
    unit = sent.get("Unit")
    if isinstance(unit, str) and unit not in company.units:
        raise Refusal(refusals.UNIT_NOT_FOUND, "Kan inte hitta enheten. (Unit)")
    for name in _ACCOUNT_NAMES:
        number = sent.get(name)
        if not isinstance(number, int):
            continue
        account = company.account(number, year=None)
        if account is None:
            raise Refusal(refusals.REQUEST_ACCOUNT_NOT_FOUND, f"Kunde inte hitta konto. ({name})")
        if not account["Active"]:
            raise Refusal(refusals.ACCOUNT_INACTIVE, f"Kontot är inte aktivt. ({name})")
    vat = sent.get("VAT")
    if isinstance(vat, Decimal) and vat not in company.vat_rates:
        raise Refusal(refusals.VAT_RATE_UNKNOWN, "Momssatsen finns inte. (VAT)")


def _fill(fields: Fields, sent: Fields) -> None:
    for name, value in sent.items():
        if value is Cleared.FIELD:
            fields[name] = 0 if name in _ZERO or name in _ACCOUNT_NAMES else None if name in _NULL else ""
        else:
            fields[name] = value


def _free_number(company: Company) -> str:
    while str(company.next_article_number) in company.articles:
        company.next_article_number += 1
    return str(company.next_article_number)
