"""The small registers and settings: units, accounts, financial years, currencies, cost centres, company."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final
from urllib.parse import quote

from local.fortnox import refusals
from local.fortnox.call import API_URL, Answer, Call, Collection, containing, only
from local.fortnox.company import Entry, FinancialYear, Register
from local.fortnox.fields import Cleared, Fields, Flag, Kind, Text
from local.fortnox.refusals import Refusal, not_found

_UNIT_KINDS: Final[dict[str, Kind]] = {
    "Code": Text(longest=20),
    "CodeEnglish": Text(longest=100),
    "Description": Text(longest=100),
}


def _with_url(path: str, key: str) -> Callable[[Fields], Fields]:
    def item(fields: Fields) -> Fields:
        return {"@url": f"{API_URL}/{path}/{quote(str(fields[key]), safe='')}", **fields}

    return item


def _plain(envelope: str, path: str, key: str) -> Collection:
    return Collection(
        envelope=envelope,
        searches={},
        filters={},
        sorting={key.lower(): lambda fields: fields[key]},
        item=_with_url(path, key),
    )


_UNITS: Final = _plain("Units", "units", "Code")
_CURRENCIES: Final = _plain("Currencies", "currencies", "Code")
_COST_CENTERS: Final = _plain("CostCenters", "costcenters", "Code")
_PAYMENT_TERMS: Final = _plain("TermsOfPayments", "termsofpayments", "Code")


def _account_item(fields: Fields) -> Fields:
    url = f"{API_URL}/accounts/{fields['Number']}?financialyear={fields['Year']}"
    return {"@url": url, **fields}


_ACCOUNTS: Final = Collection(
    envelope="Accounts",
    searches={"sru": containing("SRU")},
    filters={},
    sorting={"number": lambda fields: fields["Number"]},
    item=_account_item,
)


def units(call: Call) -> Answer:
    """Answer a call to /3/units. Raises Refusal."""
    register = call.company.units
    match call.method, call.path:
        case "GET", ():
            # Recorded: units are listed by code.
            return _UNITS.answer(call, dict(sorted(register.items())))
        case "POST", ():
            return _create_unit(call)
        case "GET", (code,):
            return _one(register, code, "Unit", _UNITS, refusals.UNIT_NOT_FOUND)
        case "PUT", (code,):
            if code not in register:
                raise not_found(refusals.UNIT_NOT_FOUND)
            sent = call.sent("Unit", _UNIT_KINDS)
            sent.pop("Code", None)
            for name, value in sent.items():
                register[code].fields[name] = "" if value is Cleared.FIELD else value
            register[code].modified_at = call.now
            return _one(register, code, "Unit", _UNITS, refusals.UNIT_NOT_FOUND)
        case "DELETE", (code,):
            if register.pop(code, None) is None:
                raise not_found(refusals.UNIT_NOT_FOUND)
            return Answer(status=204)
        case _, (() | (_,)):
            only(call, "GET", "POST", "PUT", "DELETE")
    raise not_found(refusals.NO_SUCH_ROUTE)


def _create_unit(call: Call) -> Answer:
    sent = call.sent("Unit", _UNIT_KINDS)
    code, description = sent.get("Code"), sent.get("Description")
    if not isinstance(code, str) or not isinstance(description, str):
        raise Refusal(refusals.VALUE_REQUIRED, "Kod och benämning måste anges. (Code, Description)")
    if code in call.company.units:
        raise Refusal(refusals.NUMBER_TAKEN, f'Enheten "{code}" finns redan.')
    english = sent.get("CodeEnglish")
    fields = {
        "Code": code,
        "CodeEnglish": english if isinstance(english, str) else "",
        "Description": description,
    }
    call.company.units[code] = Entry(fields=fields, created_at=call.now, modified_at=call.now)
    return Answer(status=201, value={"Unit": _UNITS.item(fields)}, location="units")


_CURRENCY_KINDS: Final[dict[str, Kind]] = {
    "Code": Text(longest=3),
    "Description": Text(longest=100),
}
_COST_CENTER_KINDS: Final[dict[str, Kind]] = {
    "Active": Flag(),
    "Code": Text(longest=6),
    "Description": Text(),
    "Note": Text(),
}
_ACCOUNT_KINDS: Final[dict[str, Kind]] = {"Active": Flag(), "Description": Text(longest=200)}


def currencies(call: Call) -> Answer:
    """Answer a call to /3/currencies (read and create here). Raises Refusal."""
    if (call.method, call.path) == ("POST", ()):
        new = {"BuyRate": 1, "SellRate": 1, "Unit": 1, "Date": call.today.isoformat(), "IsAutomatic": False}
        return _create(
            call, call.company.currencies, "Currency", kinds=_CURRENCY_KINDS, collection=_CURRENCIES, new=new
        )
    return _read_only(call, call.company.currencies, "Currency", _CURRENCIES, refusals.CURRENCY_NOT_FOUND)


def cost_centers(call: Call) -> Answer:
    """Answer a call to /3/costcenters (no deleting here). Raises Refusal."""
    register = call.company.cost_centers
    match call.method, call.path:
        case "POST", ():
            new: Fields = {"Note": "", "Active": True}
            return _create(call, register, "CostCenter", kinds=_COST_CENTER_KINDS, collection=_COST_CENTERS, new=new)
        case "PUT", (code,):
            return _update(call, register, code, "CostCenter", kinds=_COST_CENTER_KINDS, collection=_COST_CENTERS)
    return _read_only(call, register, "CostCenter", _COST_CENTERS, refusals.COST_CENTER_NOT_FOUND)


def terms_of_payment(call: Call) -> Answer:
    """Answer a call to /3/termsofpayments (read only here). Raises Refusal."""
    register = call.company.payment_terms
    return _read_only(call, register, "TermsOfPayment", _PAYMENT_TERMS, refusals.TERMS_OF_PAYMENT_NOT_FOUND)


def accounts(call: Call) -> Answer:
    """Answer a call to /3/accounts (read and change here): the chart of one financial year. Raises Refusal."""
    if call.path and not (call.path[0].isascii() and call.path[0].isdigit()):
        raise Refusal(refusals.NOT_NUMERIC, "Värdet måste vara numeriskt. (Number)")
    year = _year_asked_for(call)
    register = call.company.accounts.get(year.id, {}) if year else {}
    if call.method == "PUT" and len(call.path) == 1:
        return _update(call, register, call.path[0], "Account", kinds=_ACCOUNT_KINDS, collection=_ACCOUNTS)
    return _read_only(call, register, "Account", _ACCOUNTS, refusals.ACCOUNT_NOT_FOUND)


def _year_asked_for(call: Call) -> FinancialYear | None:
    company = call.company
    if (year_id := call.query.get("financialyear")) is not None:
        year = next((year for year in company.financial_years if str(year.id) == year_id), None)
    elif (text := call.query.get("financialyeardate")) is not None:
        year = company.year_of(_day(text, "financialyeardate"))
    else:
        return company.newest_year()
    if year is None:
        raise not_found(refusals.FINANCIAL_YEAR_MISSING)
    return year


def financial_years(call: Call) -> Answer:
    """Answer a call to /3/financialyears, whole or by `Date` (read only here). Raises Refusal."""
    only(call, "GET")
    years = list(call.company.financial_years)
    text = call.query.get("Date", call.query.get("date"))
    if text is not None:
        day = _day(text, "date")
        years = [year for year in years if year.covers(day)]
    register = {
        str(year.id): Entry(
            fields={
                "Id": year.id,
                "FromDate": year.from_date.isoformat(),
                "ToDate": year.to_date.isoformat(),
                "AccountChartType": "",
                "AccountingMethod": call.company.accounting_method,
            }
        )
        for year in years
    }
    collection = Collection(
        envelope="FinancialYears",
        searches={"Date": lambda _fields, _value: True},
        filters={},
        sorting={},
        item=_with_url("financialyears", "Id"),
    )
    return _read_only(call, register, "FinancialYear", collection, refusals.FINANCIAL_YEAR_MISSING)


def settings(call: Call) -> Answer:
    """Answer a call to /3/settings/lockedperiod or /3/settings/company. Raises Refusal."""
    only(call, "GET")
    company = call.company
    if call.path == ("lockedperiod",):
        locked = {"EndDate": company.locked_until.isoformat()} if company.locked_until else {}
        return Answer(value={"LockedPeriod": locked})
    if call.path != ("company",):
        raise not_found(refusals.NO_SUCH_ROUTE)
    empty = (
        *("Address", "BG", "BIC", "BranchCode", "City", "ContactFirstName", "ContactLastName", "Domicile"),
        *("Email", "Fax", "IBAN", "PG", "Phone1", "Phone2", "VATNumber", "VisitAddress", "VisitCity"),
        *("VisitCountry", "VisitCountryCode", "VisitName", "VisitZipCode", "WWW", "ZipCode"),
    )
    settings_of_company = {
        **dict.fromkeys(empty, ""),
        "Country": "Sverige",
        "CountryCode": "SE",
        # The same number is a text here and an integer in company information (Fortnox's OpenAPI file).
        "DatabaseNumber": company.tenant_id,
        "Name": company.name,
        "OrganizationNumber": company.organisation_number,
        "TaxEnabled": company.vat_registered,
    }
    return Answer(value={"CompanySettings": settings_of_company})


def company_information(call: Call) -> Answer:
    """Answer a call to /3/companyinformation. Raises Refusal."""
    only(call, "GET")
    if call.path:
        raise not_found(refusals.NO_SUCH_ROUTE)
    company = call.company
    empty = ("Address", "City", "VisitAddress", "VisitCity", "VisitCountryCode", "VisitZipCode", "ZipCode")
    information = {
        **dict.fromkeys(empty, ""),
        "CompanyName": company.name,
        "CountryCode": "SE",
        "DatabaseNumber": int(company.tenant_id),
        "OrganizationNumber": company.organisation_number,
    }
    return Answer(value={"CompanyInformation": information})


def me(call: Call) -> Answer:
    """Answer a call to /3/me: the person behind the token. Raises Refusal."""
    only(call, "GET")
    if call.path:
        raise not_found(refusals.NO_SUCH_ROUTE)
    user = next((user for user in call.company.users if user.username == call.username), None)
    information = {
        "Id": call.username or "service",
        "Name": call.username or "Servicekonto",
        "Email": call.username,
        "Locale": "sv_SE",
        "SysAdmin": bool(user and user.system_administrator),
    }
    return Answer(value={"MeInformation": information})


_MISSING: Final = {"Account": refusals.ACCOUNT_NOT_FOUND, "CostCenter": refusals.COST_CENTER_NOT_FOUND}


def _create(
    call: Call, register: Register, envelope: str, *, kinds: dict[str, Kind], collection: Collection, new: Fields
) -> Answer:
    sent = call.sent(envelope, kinds)
    code, description = sent.get("Code"), sent.get("Description")
    if not isinstance(code, str) or not isinstance(description, str):
        raise Refusal(refusals.VALUE_REQUIRED, "Kod och benämning måste anges. (Code, Description)")
    if code in register:
        raise Refusal(refusals.NUMBER_TAKEN, f'"{code}" finns redan.')
    register[code] = Entry(fields={**new, **sent}, created_at=call.now, modified_at=call.now)
    return Answer(status=201, value={envelope: collection.item(register[code].fields)})


def _update(
    call: Call, register: Register, key: str, envelope: str, *, kinds: dict[str, Kind], collection: Collection
) -> Answer:
    if key not in register:
        raise not_found(_MISSING[envelope])
    sent = call.sent(envelope, kinds)
    register[key].fields.update({name: "" if value is Cleared.FIELD else value for name, value in sent.items()})
    register[key].modified_at = call.now
    return _one(register, key, envelope, collection, _MISSING[envelope])


def _read_only(call: Call, register: Register, envelope: str, collection: Collection, missing: int) -> Answer:
    only(call, "GET")
    match call.path:
        case ():
            return collection.answer(call, register)
        case (key,):
            return _one(register, key, envelope, collection, missing)
    raise not_found(refusals.NO_SUCH_ROUTE)


def _one(register: Register, key: str, envelope: str, collection: Collection, missing: int) -> Answer:
    entry = register.get(key)
    if entry is None:
        raise not_found(missing)
    return Answer(value={envelope: collection.item(entry.fields)})


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(refusals.INVALID_PARAMETER, f"Ogiltig parameter i anropet. ({name})") from None
