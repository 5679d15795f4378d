"""Recorded exchanges with Fortnox, sent again to the simulator: it must answer what Fortnox answered.

The recordings are not part of this project: FORTNOX_RECORDINGS names their folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from local.fortnox.seed import CLIENT_ID
from local.http import Reply
from tests.simulators.fortnox_caller import Caller, Clock, value_of

FOLDER = os.environ.get("FORTNOX_RECORDINGS")
TENANT = "1111111"
USER = "recorder@example.com"
# The scopes that the recorded token had, in the recorded order.
SCOPES = ("article", "invoice", "settings", "customer", "order", "project")

# Bodies that were scrubbed from the recordings by mistake; the answers tell what was sent.
SCRUBBED = {
    "invoices/row_delivered_quantity_decimals": {"DeliveredQuantity": 1.123},
    "invoices/row_delivered_quantity_decimals_round_up": {"DeliveredQuantity": 1.125},
    "invoices/row_price_limit": {"Price": 1.123},
}
# Fortnox changed between the recordings of 2023 and 2024; the simulator is like the newer ones.
CHANGED_SINCE_2023 = {"ContractReference": "0", "VATCode": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recorded exchange."""

    name: str
    method: str
    target: str
    sent: str
    at: datetime
    status: int
    content_type: str
    location: str | None
    body: str

    @classmethod
    def read(cls, path: Path) -> Recording:
        """The only exchange in a cassette."""
        (exchange,) = yaml.safe_load(path.read_text())["http_interactions"]
        request, response = exchange["request"], exchange["response"]
        url = urlsplit(request["uri"])
        body = response["body"]["string"]
        return cls(
            name=f"{path.parent.name}/{path.stem}",
            method=request["method"].upper(),
            target=url.path + (f"?{url.query}" if url.query else ""),
            sent=request["body"]["string"],
            at=parsedate_to_datetime(exchange["recorded_at"]).astimezone(UTC),
            status=response["status"]["code"],
            content_type=response["headers"]["Content-Type"][0],
            location=response["headers"].get("Location", [None])[0],
            body=body.decode() if isinstance(body, bytes) else body,
        )

    def value(self) -> Any:
        return json.loads(self.body)

    def entity(self) -> dict[str, Any]:
        """The one entity inside the answer's envelope."""
        (entity,) = self.value().values()
        return dict(entity)


def recordings() -> list[Recording]:
    return [Recording.read(path) for path in sorted(Path(FOLDER).glob("*/*.yml"))] if FOLDER else []


def recording(name: str) -> Recording:
    return Recording.read(Path(FOLDER or "") / f"{name}.yml")


def books(at: datetime, **registers: Any) -> dict[str, Any]:
    """The recorded company: no VAT on its accounts, one customer with an address, one article."""
    accounts = (1250, 3001, 3105, 3106, 3108, 4000)
    return {
        "tenant_id": TENANT,
        "name": "Recorded AB",
        "organisation_number": "556000-0000",
        "licences": ["article", "customer", "invoice"],
        "users": [{"username": USER, "password": "recorded", "system_administrator": True}],
        "financial_years": [{"Id": 1, "FromDate": f"{at.year}-01-01", "ToDate": f"{at.year}-12-31"}],
        "accounts": [{"Number": number, "Description": str(number)} for number in accounts],
        "currencies": [{"Code": "SEK", "Description": "Kronor", "SellRate": 1, "Unit": 1}],
        "payment_terms": [{"Code": "30", "Description": "30 dagar"}],
        "customers": [{"CustomerNumber": "1", "Name": "Updated name", "City": "New York", "ZipCode": "10001"}],
        "articles": [{"ArticleNumber": "101", "Description": "Hammer", "StockPlace": ""}],
        **registers,
    }


def caller_at(at: datetime, **registers: Any) -> Caller:
    caller = Caller(clock=Clock(at), companies=[books(at, **registers)])
    caller.connect(tenant=TENANT, username=USER, scopes=SCOPES)
    return caller


def created_before(created: str, **counters: Any) -> Callable[[Recording], Caller]:
    """A company in which an earlier recording's POST was made."""

    def begin(recorded: Recording) -> Caller:
        earlier = recording(created)
        caller = caller_at(recorded.at, **counters)
        assert caller.api("POST", earlier.target, json.loads(earlier.sent)).status == 201
        return caller

    return begin


def posted(target: str, value: Any, **counters: Any) -> Callable[[Recording], Caller]:
    """A company in which something was created that no recording shows."""

    def begin(recorded: Recording) -> Caller:
        caller = caller_at(recorded.at, **counters)
        assert caller.api("POST", target, value).status == 201
        return caller

    return begin


def numbered(register: str) -> Callable[[Recording], Caller]:
    """A company whose next number is the one in the answer."""
    keys = {"article": "ArticleNumber", "customer": "CustomerNumber", "document": "DocumentNumber"}

    def begin(recorded: Recording) -> Caller:
        entity = recorded.entity()
        counters = {f"next_{register}_number": int(entity[keys[register]])}
        for row in entity.get("InvoiceRows", []):
            counters["next_row_id"] = row["RowId"]
        return caller_at(recorded.at, **counters)

    return begin


def listed(recorded: Recording, register: str, items: list[dict[str, Any]], **more: Any) -> Caller:
    """A company whose register holds what a list showed."""
    return caller_at(recorded.at, **{register: items}, **more)


def all_articles(recorded: Recording) -> Caller:
    taken = ("ArticleNumber", "Description", "EAN", "Unit", "StockPlace")
    items = recording("articles/all").value()["Articles"]
    return listed(recorded, "articles", [{name: item[name] for name in taken} for item in items])


def all_customers(recorded: Recording) -> Caller:
    taken = ("CustomerNumber", "Name", "City", "ZipCode")
    items = recording("customers/all").value()["Customers"]
    return listed(recorded, "customers", [{name: item[name] for name in taken} for item in items])


def all_units(recorded: Recording) -> Caller:
    items = recording("units/all").value()["Units"]
    units = [{name: value for name, value in item.items() if name != "@url"} for item in items]
    return listed(recorded, "units", units)


def all_invoices(recorded: Recording) -> Caller:
    invoices = []
    for item in recording("invoices/all").value()["Invoices"]:
        invoice = {**item, "CurrencyRate": int(item["CurrencyRate"])}
        # The lists do not show the reference that two of them were found by.
        if item["DocumentNumber"] in ("31", "32"):
            invoice["YourReference"] = "Gandalf the Grey"
        invoices.append(invoice)
    # Number 32 was booked in the minutes between this list and the search.
    if recorded.at < recording("invoices/all").at:
        invoices = [invoice for invoice in invoices if int(invoice["DocumentNumber"]) <= 32]
    return listed(recorded, "invoices", invoices)


def first_invoice(recorded: Recording) -> Caller:
    caller = caller_at(recorded.at - timedelta(days=3))
    caller.api("POST", "/3/invoices", {"Invoice": {"CustomerNumber": "1"}})
    caller.update("1", Comments="Updated comments")
    caller.clock.now = recorded.at
    caller.connect(tenant=TENANT, username=USER, scopes=SCOPES)
    return caller


def invoice_31(recorded: Recording) -> Caller:
    created = {"Invoice": {"CustomerNumber": "1", "Country": "Sverige"}}
    return posted("/3/invoices", created, next_document_number=31)(recorded)


BEFORE: dict[str, Callable[[Recording], Caller]] = {
    "articles/all": all_articles,
    "articles/find_by_hash_failure": all_articles,
    "articles/find_failure": all_articles,
    "articles/find_new": created_before("articles/save_new", next_article_number=102),
    "articles/multi_param_find_by_hash": all_articles,
    "articles/save_new": numbered("article"),
    "articles/save_old": created_before("articles/save_new", next_article_number=102),
    "articles/search_by_name": all_articles,
    "articles/search_with_special_char": all_articles,
    "customers/all": all_customers,
    "customers/find_by_hash_failure": all_customers,
    "customers/find_id_1": all_customers,
    "customers/find_new": posted("/3/customers", {"Customer": {"Name": "A value"}}, next_customer_number=6),
    "customers/find_with_sales_account": created_before(
        "customers/save_new_with_sales_account", next_customer_number=9
    ),
    "customers/multi_param_find_by_hash": all_customers,
    "customers/save_new_with_country_code_SE": numbered("customer"),
    "customers/save_new_with_sales_account": numbered("customer"),
    "customers/save_old": posted("/3/customers", {"Customer": {"Name": "A value"}}, next_customer_number=6),
    "customers/save_with_specially_named_attribute": numbered("customer"),
    "customers/search_miss": all_customers,
    "customers/search_with_special_char": all_customers,
    "customers/single_param_find_by_hash": all_customers,
    "invoices/all": all_invoices,
    "invoices/find_by_hash_failure": all_invoices,
    "invoices/find_failure": all_invoices,
    "invoices/find_id_1": first_invoice,
    "invoices/save_old": created_before("invoices/save_new", next_document_number=18),
    "invoices/save_old_with_empty_country": invoice_31,
    "invoices/save_old_with_nil_comments": posted(
        "/3/invoices", {"Invoice": {"CustomerNumber": "1"}}, next_document_number=30
    ),
    "invoices/save_old_with_nil_country": invoice_31,
    "invoices/search_by_name": all_invoices,
    "invoices/search_miss": all_invoices,
    "invoices/search_with_special_char": all_invoices,
    "invoices/single_param_find_by_hash": all_invoices,
    "units/all": all_units,
    "units/find_id_1": all_units,
    "units/find_new": posted("/3/units/", {"Unit": {"Code": "blarg9", "Description": "A value"}}),
    "units/save_old": posted("/3/units/", {"Unit": {"Code": "blarg9", "Description": "A value"}}),
    "units/save_with_specially_named_attribute": lambda recorded: caller_at(recorded.at),
}
INVOICE_CREATED = numbered("document")


def replay(recorded: Recording) -> Reply:
    caller = BEFORE.get(recorded.name, INVOICE_CREATED)(recorded)
    if recorded.name in SCRUBBED:
        row = {"ArticleNumber": "101", "Description": "Test", **SCRUBBED[recorded.name]}
        sent: Any = {"Invoice": {"CustomerNumber": "1", "InvoiceRows": [row]}}
    else:
        sent = json.loads(recorded.sent) if recorded.sent else None
    return caller.api(recorded.method, recorded.target, sent)


def as_it_is_now(value: Any) -> Any:
    """A recorded value with what Fortnox has changed since."""
    if isinstance(value, list):
        return [as_it_is_now(part) for part in value]
    if not isinstance(value, dict):
        return value
    value = {name: as_it_is_now(part) for name, part in value.items()}
    for name, newer in CHANGED_SINCE_2023.items():
        if name in value or (name == "VATCode" and "RowId" in value):
            value[name] = newer
    return value


needs_recordings = pytest.mark.skipif(not FOLDER, reason="FORTNOX_RECORDINGS names no folder of recordings")
API_RECORDINGS = [recorded for recorded in recordings() if not recorded.name.startswith("authentication/")]


@needs_recordings
def test_there_are_recordings_to_replay() -> None:
    """The folder is the right one: an empty one would make every other test here pass."""
    names = {recorded.name for recorded in recordings()}

    assert names >= BEFORE.keys() | SCRUBBED.keys()
    assert len(names) >= 57


@needs_recordings
@pytest.mark.parametrize("recorded", API_RECORDINGS, ids=lambda recorded: recorded.name)
def test_a_recorded_request_gets_the_recorded_answer(recorded: Recording) -> None:
    """Status, content type, Location and the whole body are as recorded, types of numbers included."""
    reply = replay(recorded)

    assert (reply.status, reply.header("Content-Type")) == (recorded.status, recorded.content_type)
    assert reply.header("Location") == (recorded.location or "")
    assert json.loads(reply.body) == as_it_is_now(recorded.value())
    assert b"/" not in reply.body.replace(b"\\/", b"")


@needs_recordings
def test_a_recorded_expired_access_token_is_unauthorized() -> None:
    """The gateway's answer has neither Fortnox's envelope nor its codes."""
    recorded = recording("authentication/expired_token")
    caller = caller_at(recorded.at)
    caller.clock.forward(hours=1)

    reply = caller.api(recorded.method, recorded.target)

    assert (reply.status, reply.header("Content-Type")) == (recorded.status, recorded.content_type)
    assert reply.body.decode() == recorded.body


@needs_recordings
def test_a_recorded_invalid_refresh_token_is_refused_as_html() -> None:
    """The body is JSON, the content type is not."""
    recorded = recording("authentication/invalid_refresh_token")

    reply = caller_at(recorded.at).token(grant_type="refresh_token", refresh_token="spent")

    assert (reply.status, reply.header("Content-Type")) == (recorded.status, recorded.content_type)
    assert reply.header("Cache-Control") == "no-store"
    assert reply.body.decode() == recorded.body


@needs_recordings
def test_a_recorded_refresh_gives_the_recorded_fields() -> None:
    """Everything but the two tokens is as recorded."""
    recorded = recording("authentication/valid_request")
    caller = Caller(clock=Clock(recorded.at), companies=[books(recorded.at)])
    code = caller.simulator.approve(client_id=CLIENT_ID, tenant_id=TENANT, username=USER, scopes=SCOPES, service=False)
    first = value_of(caller.token(grant_type="authorization_code", code=code))

    reply = caller.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    answer, expected = json.loads(reply.body), recorded.value()

    assert (reply.status, reply.header("Content-Type")) == (recorded.status, recorded.content_type)
    assert (reply.header("Cache-Control"), reply.header("Pragma")) == ("no-store", "no-cache")
    assert list(answer) == list(expected)
    assert {**answer, "access_token": "", "refresh_token": ""} == {
        **expected,
        "access_token": "",
        "refresh_token": "",
    }
