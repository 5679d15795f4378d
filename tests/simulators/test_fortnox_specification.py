"""The simulator's answers and field tables agree with Fortnox's OpenAPI file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.fortnox import articles, customers, invoice_fields
from tests.simulators.fortnox_caller import connected
from tests.simulators.fortnox_specification import Specification, specification

ROW = {"ArticleNumber": "100", "DeliveredQuantity": "2", "Price": 12.5, "VAT": 25, "Unit": "st"}
EXCHANGES: list[tuple[str, str, Any]] = [
    ("POST", "/3/invoices", {"Invoice": {"CustomerNumber": "1001", "InvoiceRows": [ROW]}}),
    ("GET", "/3/invoices/1", None),
    ("GET", "/3/invoices", None),
    ("PUT", "/3/invoices/1", {"Invoice": {"Comments": "Ändrad", "InvoiceRows": [{"Price": 13.0}]}}),
    ("PUT", "/3/invoices/1/externalprint", None),
    ("PUT", "/3/invoices/1/bookkeep", None),
    ("POST", "/3/articles", {"Article": {"ArticleNumber": "P-1", "Description": "Plock", "Type": "SERVICE"}}),
    ("GET", "/3/articles/P-1", None),
    ("GET", "/3/articles", None),
    ("POST", "/3/customers", {"Customer": {"Name": "Ny kund AB"}}),
    ("GET", "/3/customers/1003", None),
    ("GET", "/3/customers", None),
    ("POST", "/3/units", {"Unit": {"Code": "kolli", "Description": "kolli"}}),
    ("GET", "/3/units/st", None),
    ("GET", "/3/units", None),
    ("GET", "/3/accounts", None),
    ("GET", "/3/accounts/3041", None),
    ("GET", "/3/financialyears", None),
    ("GET", "/3/settings/lockedperiod", None),
    ("GET", "/3/settings/company", None),
    ("GET", "/3/companyinformation", None),
    ("GET", "/3/currencies", None),
    ("GET", "/3/currencies/EUR", None),
    ("POST", "/3/currencies", {"Currency": {"Code": "DKK", "Description": "DKK"}}),
    ("GET", "/3/costcenters", None),
    ("POST", "/3/costcenters", {"CostCenter": {"Code": "NORD", "Description": "NORD"}}),
    ("PUT", "/3/costcenters/NORD", {"CostCenter": {"Active": True}}),
    ("PUT", "/3/accounts/3999", {"Account": {"Active": True}}),
    ("GET", "/3/termsofpayments", None),
    ("GET", "/3/invoices/999", None),
    ("GET", "/3/customers/999", None),
]


@pytest.fixture(scope="module")
def spec() -> Specification:
    """The OpenAPI file."""
    return specification()


def test_answers_have_the_specified_form(spec: Specification) -> None:
    """Every answer fits the schema of its operation, apart from the file's known defects."""
    caller = connected(rate_limit=0)
    complaints = []
    for method, path, sent in EXCHANGES:
        reply = caller.api(method, path, sent)
        value = json.loads(reply.body)
        complaints += [
            f"{method} {path}: {complaint}" for complaint in spec.answer_complaints(method, path, reply.status, value)
        ]

    assert complaints == []


def test_requests_in_the_log_can_be_judged(spec: Specification) -> None:
    """A request with a name that Fortnox does not know is found in the log of calls."""
    caller = connected()
    for method, path, sent in EXCHANGES[:9]:
        caller.api(method, path, sent)
    fine = [call.json() for call in caller.simulator.calls()]
    caller.api("POST", "/3/invoices", {"Invoice": {"CustomerNumber": "1001", "Ammount": 1}})
    with_mistake = [call.json() for call in caller.simulator.calls()]

    assert spec.outside(fine) == []
    assert len(spec.outside(with_mistake)) == 1


@pytest.mark.parametrize(
    ("schema", "kinds", "only_read"),
    [
        ("fortnox_InvoicePayload", invoice_fields.KINDS, set()),
        ("fortnox_InvoicePayload_InvoiceRow", invoice_fields.ROW_KINDS, set()),
        (
            "fortnox_Article",
            articles.KINDS,
            {"@url", "DisposableQuantity", "ReservedQuantity", "SalesPrice", "StockValue", "SupplierName"},
        ),
        ("fortnox_Customer", customers.KINDS, {"@url", "Country"}),
    ],
)
def test_writable_fields_are_the_specified_ones(
    spec: Specification, schema: str, kinds: dict[str, Any], only_read: set[str]
) -> None:
    """The simulator takes exactly the names that the file has, without those only Fortnox sets."""
    assert set(kinds) == spec.property_names(schema) - only_read
