"""Articles, customers, units, accounts and the company, and the pace at which they may be asked for."""

from __future__ import annotations

from typing import Any

import pytest

from local.fortnox.seed import OTHER_TENANT_ID, TENANT_ID, default_company
from tests.simulators.fortnox_caller import Caller, connected, refusal_of, value_of


def create_article(caller: Caller, **fields: Any) -> Any:
    return caller.api("POST", "/3/articles", {"Article": {"Description": "Plock", **fields}})


# Articles.


def test_an_article_is_goods_unless_it_says_service() -> None:
    """The predefined sales account differs."""
    caller = connected()
    goods = value_of(create_article(caller))["Article"]
    service = value_of(create_article(caller, ArticleNumber="P/1", Type="SERVICE", Unit="st"))["Article"]

    assert (goods["ArticleNumber"], goods["Type"], goods["SalesAccount"]) == ("200", "STOCK", 3001)
    assert (service["Type"], service["SalesAccount"], service["VAT"]) == ("SERVICE", 3041, 25)
    assert service["@url"].endswith("/articles/P%2F1")


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"ArticleNumber": "A 1"}, (400, 2000166)),
        ({"ArticleNumber": "A.1"}, (400, 2000166)),
        ({"ArticleNumber": "PÅ1"}, (400, 2000166)),
        ({"ArticleNumber": "A" * 51}, (400, 2000107)),
        ({"ArticleNumber": "100"}, (400, 2000013)),
        ({"Description": "d" * 201}, (400, 2000107)),
        ({"Description": ""}, (400, 2000873)),
        ({"Unit": "kartong"}, (400, 2000432)),
        ({"SalesAccount": 3333}, (400, 2001304)),
        ({"SalesAccount": 3999}, (400, 2000550)),
        ({"SalesPrice": 10}, (400, 2001399)),
    ],
)
def test_a_wrong_article_is_refused(fields: dict[str, Any], refusal: tuple[int, int]) -> None:
    """Numbers have few characters, and units and accounts must exist."""
    assert refusal_of(create_article(connected(), **fields)) == refusal


def test_a_slash_in_a_number_must_be_encoded() -> None:
    """Undecoded it is part of the number, plain it is another path."""
    caller = connected()
    create_article(caller, ArticleNumber="P/1")

    assert caller.api("GET", "/3/articles/P%2F1").status == 200
    assert refusal_of(caller.api("GET", "/3/articles/P%2F2")) == (404, 2000428)
    assert caller.api("GET", "/3/articles/P/1").status == 404
    assert b"No such route" in caller.api("GET", "/3/articles/P/1").body


def test_a_missing_default_account_refuses_every_change() -> None:
    """The refused account has nothing to do with what was sent."""
    caller = connected()
    caller.simulator.remove_entry(TENANT_ID, "accounts", "4000")
    reply = caller.api("PUT", "/3/articles/100", {"Article": {"Description": "Pallplats dygn"}})

    assert refusal_of(reply) == (400, 2001304)
    assert "(PurchaseAccount)" in value_of(reply)["ErrorInformation"]["message"]


# Customers.


def test_the_number_of_a_deleted_customer_is_given_to_the_next() -> None:
    """Measured: the code of a goods owner can become somebody else's."""
    caller = connected()
    first = value_of(caller.api("POST", "/3/customers", {"Customer": {"Name": "Gammal"}}))["Customer"]
    caller.api("DELETE", f"/3/customers/{first['CustomerNumber']}")
    second = value_of(caller.api("POST", "/3/customers", {"Customer": {"Name": "Ny"}}))["Customer"]

    assert (first["CustomerNumber"], second["CustomerNumber"], second["Name"]) == ("1010", "1010", "Ny")


def test_the_number_of_a_deleted_customer_can_stay_taken() -> None:
    """As documented: it can be neither read nor used again."""
    caller = connected(deleted_customer_numbers="reserved", unknown_customer_code=2000433)
    deleted = caller.api("DELETE", "/3/customers/1002")
    again = caller.api("POST", "/3/customers", {"Customer": {"Name": "Ny", "CustomerNumber": "1002"}})

    assert deleted.status == 204
    assert refusal_of(caller.api("GET", "/3/customers/1002")) == (404, 2000433)
    assert refusal_of(again) == (400, 2000637)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("articles/L%C3%85DA", 2000166),
        ("articles/A%201", 2000166),
        ("articles/A.1", 2000166),
        ("customers/Kaffe%20%26%20Kakao", 2000106),
        ("customers/1001%20", 2000106),
        ("customers/%C3%85sa", 2000106),
        ("invoices/F-17", 2000108),
        ("accounts/lager", 2000108),
    ],
)
def test_an_odd_number_in_a_path_is_refused(path: str, code: int) -> None:
    """It is not merely missing."""
    assert refusal_of(connected().api("GET", f"/3/{path}")) == (400, code)


def test_a_customer_list_does_not_tell_who_is_active() -> None:
    """The customer itself does, and the named filter."""
    caller = connected()
    inactive = value_of(caller.api("GET", "/3/customers?filter=inactive"))["Customers"]

    assert [item["CustomerNumber"] for item in inactive] == ["1008", "1009"]
    assert "Active" not in inactive[0]
    assert value_of(caller.api("GET", "/3/customers/1008"))["Customer"]["Active"] is False


# The small registers.


def test_a_unit_can_be_created_once() -> None:
    """Its code may have any letters, and is encoded in its address."""
    caller = connected()
    unit = {"Unit": {"Code": "förp", "Description": "förpackning"}}
    created = caller.api("POST", "/3/units", unit)
    again = caller.api("POST", "/3/units", unit)

    assert value_of(created)["Unit"]["@url"].endswith("/units/f%C3%B6rp")
    assert caller.api("GET", "/3/units/f%C3%B6rp").status == 200
    assert again.status == 400
    assert refusal_of(caller.api("GET", "/3/units/kolli")) == (404, 2000432)


def test_accounts_belong_to_a_financial_year() -> None:
    """The same number can be there in one year and not in another."""
    company = default_company()
    company["accounts"].append({"Number": 3055, "Description": "Bara 2026", "Year": 7})
    caller = Caller(companies=[company])
    caller.connect()

    assert caller.api("GET", "/3/accounts/3055?financialyeardate=2026-11-22").status == 200
    assert caller.api("GET", "/3/accounts/3055?financialyear=7").status == 200
    assert refusal_of(caller.api("GET", "/3/accounts/3055?financialyear=8")) == (404, 2000423)
    assert refusal_of(caller.api("GET", "/3/accounts/3055")) == (404, 2000423)
    assert caller.api("GET", "/3/accounts/3055?financialyeardate=1999-01-01").status == 404


def test_an_account_is_opened_in_one_year() -> None:
    """That of the query, or the newest; the others keep theirs."""
    caller = connected()
    opened = value_of(caller.api("PUT", "/3/accounts/3999?financialyear=7", {"Account": {"Active": True}}))["Account"]
    other = value_of(caller.api("GET", "/3/accounts/3999?financialyear=6"))["Account"]

    assert (opened["Number"], opened["Active"], opened["VATCode"]) == (3999, True, "MP1")
    assert other["Active"] is False
    assert refusal_of(caller.api("PUT", "/3/accounts/3998", {"Account": {"Active": True}})) == (404, 2000423)


@pytest.mark.parametrize(("path", "envelope"), [("/3/currencies", "Currency"), ("/3/costcenters", "CostCenter")])
def test_a_code_can_be_created_once(path: str, envelope: str) -> None:
    """With a name; after that it can be read, and is taken."""
    caller = connected()
    made = caller.api("POST", path, {envelope: {"Code": "DKK", "Description": "Danska"}})
    read = value_of(caller.api("GET", f"{path}/DKK"))[envelope]

    assert made.status == 201
    assert read["Description"] == "Danska"
    assert caller.api("POST", path, {envelope: {"Code": "DKK", "Description": "Danska"}}).status == 400
    assert refusal_of(caller.api("POST", path, {envelope: {"Code": "ISK"}})) == (400, 2000873)
    assert refusal_of(caller.api("POST", path, {envelope: {"Code": "LÅNGKOD", "Description": "x"}})) == (400, 2000107)


def test_a_cost_centre_can_be_made_active_again() -> None:
    """And nothing else about it is changed."""
    caller = connected()
    caller.api("PUT", "/3/costcenters/LAGER", {"CostCenter": {"Active": False}})
    made = value_of(caller.api("PUT", "/3/costcenters/LAGER", {"CostCenter": {"Active": True}}))["CostCenter"]

    assert (made["Code"], made["Description"], made["Active"]) == ("LAGER", "Lager", True)
    assert refusal_of(caller.api("PUT", "/3/costcenters/SYD", {"CostCenter": {"Active": True}}))[0] == 404


def test_financial_years_can_be_found_by_date() -> None:
    """A date outside all years finds none."""
    caller = connected()
    found = value_of(caller.api("GET", "/3/financialyears?Date=2026-11-22"))["FinancialYears"]
    none = value_of(caller.api("GET", "/3/financialyears?date=2050-01-01"))["FinancialYears"]

    assert [(year["FromDate"], year["ToDate"]) for year in found] == [("2026-01-01", "2026-12-31")]
    assert none == []


def test_the_locked_period_is_empty_until_there_is_one() -> None:
    """The envelope is there in both cases."""
    caller = connected()
    before = value_of(caller.api("GET", "/3/settings/lockedperiod"))
    caller.simulator.change_company(TENANT_ID, {"locked_until": "2026-10-31"})
    after = value_of(caller.api("GET", "/3/settings/lockedperiod"))

    assert before == {"LockedPeriod": {}}
    assert after == {"LockedPeriod": {"EndDate": "2026-10-31"}}


def test_the_tenant_id_is_a_number_here_and_a_text_there() -> None:
    """Company information and company settings disagree about the type."""
    caller = connected()
    information = value_of(caller.api("GET", "/3/companyinformation"))["CompanyInformation"]
    settings = value_of(caller.api("GET", "/3/settings/company"))["CompanySettings"]

    assert information["DatabaseNumber"] == int(TENANT_ID)
    assert settings["DatabaseNumber"] == TENANT_ID


def test_companies_are_apart() -> None:
    """A token of one company never shows another's."""
    caller = Caller()
    caller.connect(tenant=OTHER_TENANT_ID, username="fel@foretag.example")
    information = value_of(caller.api("GET", "/3/companyinformation"))["CompanyInformation"]

    assert information["CompanyName"] == "Fel Företag AB"
    assert refusal_of(caller.api("GET", "/3/customers/1001")) == (404, 2000204)


@pytest.mark.parametrize(
    ("headers", "code"), [({"Accept": "text/xml"}, 1000030), ({"Content-Type": "text/plain"}, 1000031)]
)
def test_only_json_is_spoken(headers: dict[str, str], code: int) -> None:
    """Other media types are refused."""
    caller = connected()
    sent = {
        "Authorization": f"Bearer {caller.access_token}",
        "Content-Type": "application/json",
        **headers,
    }

    assert refusal_of(caller.send("POST", "/3/units", headers=sent, body=b"{}")) == (400, code)


# The pace.


def test_the_26th_call_within_five_seconds_is_too_many() -> None:
    """There is no Retry-After, and the window slides."""
    caller = connected()
    within = [caller.api("GET", "/3/units").status for _ in range(25)]
    refused = caller.api("GET", "/3/units")
    caller.clock.forward(seconds=5)
    later = caller.api("GET", "/3/units")

    assert set(within) == {200}
    assert (refused.status, refused.header("Retry-After")) == (429, "")
    assert later.status == 200


def test_refused_calls_fill_the_window_at_worst() -> None:
    """A client that hammers stays refused; with the option off it does not."""
    statuses = []
    for counted in (True, False):
        caller = connected(refused_calls_count=counted)
        for _ in range(50):
            caller.api("GET", "/3/units")
            caller.clock.forward(seconds=0.1)
        statuses.append(caller.api("GET", "/3/units").status)

    assert statuses == [429, 200]


def test_each_company_has_its_own_window() -> None:
    """One company's calls do not slow another down."""
    caller = connected()
    for _ in range(25):
        caller.api("GET", "/3/units")
    caller.connect(tenant=OTHER_TENANT_ID, username="fel@foretag.example")

    assert caller.api("GET", "/3/units").status == 200
