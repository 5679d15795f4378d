"""Descriptions of companies to start with, in the JSON form that the control takes too."""

from __future__ import annotations

from typing import Any, Final

CLIENT_ID: Final = "local-client"
TENANT_ID: Final = "1234567"
OTHER_TENANT_ID: Final = "7654321"
MOVED_TENANT_ID: Final = "2345678"

_LICENCES: Final = ["archive", "article", "bookkeeping", "connectfile", "costcenter", "currency", "customer", "invoice"]


def _account(number: int, description: str, vat_code: str = "", **fields: Any) -> dict[str, Any]:
    return {"Number": number, "Description": description, "VATCode": vat_code, **fields}


def _accounts() -> list[dict[str, Any]]:
    return [
        _account(1510, "Kundfordringar"),
        _account(2611, "Utgående moms på försäljning inom Sverige, 25 %"),
        _account(3001, "Försäljning inom Sverige, 25 % moms", "MP1"),
        _account(3002, "Försäljning inom Sverige, 12 % moms", "MP2"),
        _account(3003, "Försäljning inom Sverige, 6 % moms", "MP3"),
        _account(3004, "Försäljning inom Sverige, momsfri", "MF"),
        _account(3041, "Försäljning tjänster inom Sverige, 25 % moms", "MP1"),
        _account(3042, "Försäljning lagertjänster, 25 % moms", "MP1"),
        _account(3043, "Försäljning hantering, 25 % moms", "MP1"),
        _account(3051, "Försäljning varor inom Sverige, 25 % moms", "MP1"),
        _account(3105, "Försäljning varor till land utanför EU", "E"),
        _account(3106, "Försäljning varor till annat EU-land, momspliktig", "MP1"),
        _account(3108, "Försäljning varor till annat EU-land, momsfri", "VTEU"),
        _account(3231, "Försäljning inom byggsektorn, omvänd skattskyldighet", "OMSS"),
        _account(3305, "Försäljning tjänster till land utanför EU", "OTTU"),
        _account(3307, "Försäljning tjänster till annat EU-land, momspliktig", "MP1"),
        _account(3308, "Försäljning tjänster till annat EU-land", "FTEU"),
        _account(3540, "Faktureringsavgifter", "MP1"),
        _account(3591, "Frakt, kräver kostnadsställe", "MP1", CostCenterSettings="MANDATORY"),
        _account(3740, "Öres- och kronutjämning"),
        _account(3999, "Stängt intäktskonto", "MP1", Active=False),
        _account(4000, "Inköp av varor från Sverige"),
    ]


def _years() -> list[dict[str, Any]]:
    # Calendar years with a clear end on both sides, so that "no financial year" can be met.
    return [
        {"Id": index, "FromDate": f"{year}-01-01", "ToDate": f"{year}-12-31"}
        for index, year in enumerate(range(2020, 2036), start=1)
    ]


def _registers() -> dict[str, Any]:
    return {
        "accounts": _accounts(),
        "financial_years": _years(),
        "units": [
            {"Code": "h", "CodeEnglish": "h", "Description": "timmar"},
            {"Code": "pall", "CodeEnglish": "pallet", "Description": "pall"},
            {"Code": "st", "CodeEnglish": "pcs", "Description": "styck"},
        ],
        "currencies": [
            _currency("EUR", "Euro", "11.25", "11.05"),
            _currency("NOK", "Norsk krona", "0.98", "0.95"),
            _currency("SEK", "Svensk krona", "1", "1"),
        ],
        "cost_centers": [
            {"Code": "LAGER", "Description": "Lager", "Note": "", "Active": True},
            {"Code": "KONTOR", "Description": "Kontor", "Note": "", "Active": True},
        ],
        "payment_terms": [
            {"Code": days, "Description": f"{days} dagar"} for days in ("0", "10", "15", "20", "30", "60")
        ],
        "licences": _LICENCES,
    }


def _currency(code: str, description: str, sell_rate: str, buy_rate: str) -> dict[str, Any]:
    return {
        "Code": code,
        "Description": description,
        "BuyRate": float(buy_rate),
        "SellRate": float(sell_rate),
        "Unit": 1,
        "Date": "2026-01-02",
        "IsAutomatic": False,
    }


def default_company() -> dict[str, Any]:
    """A third-party logistics company whose goods owners are its customers; nearly no articles yet."""
    return {
        "tenant_id": TENANT_ID,
        "name": "Nordlager 3PL AB",
        "organisation_number": "556677-8899",
        **_registers(),
        "users": [
            {"username": "admin@nordlager.example", "password": "admin-pass", "system_administrator": True},
            {"username": "anna@nordlager.example", "password": "anna-pass"},
            {"username": "locked@nordlager.example", "password": "locked-pass", "locked": True},
        ],
        "customers": [
            {
                "CustomerNumber": "1001",
                "Name": "Kaffe & Kakao AB",
                "City": "Göteborg",
                "ZipCode": "411 05",
                "OrganisationNumber": "556111-1111",
                "Email": "faktura@kaffekakao.example",
            },
            {
                "CustomerNumber": "1002",
                "Name": "Möbelhuset i Malmö AB",
                "City": "Malmö",
                "ZipCode": "211 20",
                "OrganisationNumber": "556222-2222",
                "TermsOfPayment": "20",
            },
            {
                "CustomerNumber": "1003",
                "Name": "Nordic Gear AS",
                "City": "Aarhus",
                "CountryCode": "DK",
                "Currency": "EUR",
                "VATType": "EUREVERSEDVAT",
                "VATNumber": "DK12345678",
            },
            {"CustomerNumber": "1004", "Name": "Rabatt & Co AB", "InvoiceDiscount": 10},
            {"CustomerNumber": "1005", "Name": "Avgift AB", "InvoiceAdministrationFee": "45"},
            {"CustomerNumber": "1008", "Name": "Vilande Varor AB", "Active": False},
            {"CustomerNumber": "1009", "Name": "Konkurs i Kumla AB", "Active": False},
        ],
        "articles": [
            {
                "ArticleNumber": "100",
                "Description": "Pallplats",
                "Type": "SERVICE",
                "SalesAccount": 3041,
                "Unit": "st",
            },
            {
                "ArticleNumber": "199",
                "Description": "Utgången tjänst",
                "Type": "SERVICE",
                "SalesAccount": 3041,
                "Active": False,
            },
        ],
        "next_document_number": 1,
        "next_article_number": 200,
        "next_customer_number": 1010,
    }


def moved_company() -> dict[str, Any]:
    """The same company with another ledger, as after a change of its subscription."""
    return {**default_company(), "tenant_id": MOVED_TENANT_ID}


def other_company() -> dict[str, Any]:
    """Another company, for somebody who approves in the wrong one."""
    return {
        "tenant_id": OTHER_TENANT_ID,
        "name": "Fel Företag AB",
        "organisation_number": "559988-7766",
        **_registers(),
        "users": [
            {"username": "fel@foretag.example", "password": "fel-pass", "system_administrator": True},
        ],
        "customers": [{"CustomerNumber": "1", "Name": "Någon annan AB"}],
        "articles": [],
        "next_customer_number": 2,
    }
