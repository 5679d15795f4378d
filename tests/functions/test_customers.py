"""The page Customers: goods owners beside Fortnox's customers, and a person's word on them."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from invoicing.domain.agreement import Agreement
from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration import RunUnderWay
from invoicing.domain.issue import Issue, IssueCode

from local.fortnox.seed import TENANT_ID
from local.ongoing.seed import PLAIN, USERNAME, WAREHOUSE
from tests.functions.deployed import Browser

CUSTOMER = "1001"
NEW_NAME = "Bönor & Bulle <AB>"


def renamed(operator: Browser) -> None:
    """The customer's number has gone to somebody else in Fortnox."""
    operator.deployed.fortnox.change_entry(TENANT_ID, "customers", CUSTOMER, {"Name": NEW_NAME})


def agreements(operator: Browser) -> list[Agreement]:
    """What persons have said."""
    return list(operator.deployed.exports.agreements(WAREHOUSE))


def shown_pair(operator: Browser) -> dict[str, str]:
    """The hidden fields of the first question on the page."""
    form = re.search(
        r'<form method="post" action="[^"]*/customers">(.*?)</form>', operator.look("/customers").body, re.S
    )
    assert form is not None

    return {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form[1])}


def held(operator: Browser, code: IssueCode, **params: str) -> None:
    """An invoice of that goods owner waits."""
    deployed = operator.deployed
    record = Export(
        integration_id=WAREHOUSE,
        invoice_id=PLAIN,
        state=ExportState.HELD,
        version=1,
        reference=f"ONGOING-{WAREHOUSE}-{PLAIN}-",
        goods_owner="Kaffe & Kakao AB",
        customer_number=CUSTOMER,
        issue=Issue(code=code, params=params),
        issue_since=deployed.clock(),
        updated_at=deployed.clock(),
    )
    deployed.exports.save(record, event=None)
    begun = RunUnderWay(started_at=deployed.clock() - timedelta(hours=1), invoices=frozenset({PLAIN}))
    deployed.integrations.begin_run(WAREHOUSE, begun, unfinished=begun.invoices)


def test_each_goods_owner_stands_beside_its_customer(operator: Browser) -> None:
    """With number, both names, VAT type, currency, and whether they are the same; what needs somebody comes first."""
    page = operator.look("/customers")
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", page.body, re.S)
    first_good = next(index for index, row in enumerate(rows) if "Yes, by name" in row)

    assert page.status == 200
    assert "Sweden" in page.text
    assert "SEK" in page.text
    assert any(CUSTOMER in row for row in rows)
    assert [row for row in rows[first_good:] if 'class="why"' in row] == []


def test_looking_writes_nothing_in_fortnox_and_in_ongoing(operator: Browser) -> None:
    """It may be looked at before anything was decided."""
    operator.deployed.fortnox.clear_calls()
    operator.look("/customers")

    assert {call.method for call in operator.deployed.fortnox.calls() if call.path.startswith("/3/")} == {"GET"}
    assert agreements(operator) == []


def test_yes_that_is_them_is_asked_once_and_kept_with_the_name(operator: Browser) -> None:
    """Pressed twice, it is one word; whoever looks later sees whose."""
    renamed(operator)
    pair = shown_pair(operator)
    pages = [operator.press("/customers", **pair) for _ in range(2)]
    after = operator.look("/customers", query={"notice": "agreed"})

    assert [page.location.rpartition("=")[2] for page in pages] == ["agreed", "agreed"]
    assert [(one.customer_number, one.customer_name, one.by) for one in agreements(operator)] == [
        (CUSTOMER, NEW_NAME, USERNAME)
    ]
    assert "Yes, that is them" not in after.text
    assert f"Yes by {USERNAME}" in after.text
    assert "<AB>" not in after.body


def test_what_waited_for_the_word_is_tried_again(operator: Browser) -> None:
    """The invoice is asked for at once."""
    renamed(operator)
    held(operator, IssueCode.CUSTOMER_NOT_AGREED)
    operator.press("/customers", **shown_pair(operator))

    assert PLAIN in operator.deployed.integration.asked
    assert {queued["integration_id"] for queued in operator.deployed.queued()} == {WAREHOUSE}


def test_an_account_that_rightly_bears_no_vat_is_said_here_too(operator: Browser) -> None:
    """Only where an invoice waits for it."""
    before = operator.look("/customers")
    held(operator, IssueCode.VAT_MISSING, account="3041")
    pair = shown_pair(operator)
    page = operator.press("/customers", **pair)

    assert "No VAT on account" not in before.text
    assert pair["account"] == "3041"
    assert page.location.endswith("?notice=agreed")
    assert [one.without_vat for one in agreements(operator)] == [frozenset({3041})]
    assert PLAIN in operator.deployed.integration.asked


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"customer_name": ""},
        {"goods_owner": "x" * 2000},
        {"account": "304"},
        {"account": "٣٠٤١"},
        {"account": "3041; DROP"},
    ],
)
def test_a_form_that_no_page_of_ours_sent_says_nothing(operator: Browser, fields: dict[str, str]) -> None:
    """Nothing is agreed by it."""
    renamed(operator)
    pair = {**shown_pair(operator), **fields} if fields else dict[str, str]()
    page = operator.press("/customers", **{name: value for name, value in pair.items() if name != "csrf"})

    assert page.location.endswith("?notice=not_possible_now")
    assert agreements(operator) == []
    assert PLAIN not in operator.deployed.integration.asked


def test_a_code_that_fortnox_does_not_even_look_up_is_a_row_like_any_other(operator: Browser) -> None:
    """Somebody typed the name where the number belongs: the page says so, and does not fail."""
    warehouse = operator.deployed.ongoing.warehouse(WAREHOUSE)
    typed = [
        replace(one, financial_code="kund nr 5") if one.financial_code == "9999" else one
        for one in warehouse.goods_owners
    ]
    operator.deployed.ongoing.put_warehouse(replace(warehouse, goods_owners=tuple(typed)))
    page = operator.look("/customers")

    assert page.status == 200
    assert "kund nr 5" in page.text
    assert "Nystartad E-handel HB" in page.text
