"""The button that mends something in Fortnox: what it shows before, and what a click does."""

import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from invoicing.domain.change import ChangeKind
from invoicing.domain.export import EventKind, Export, ExportState
from invoicing.domain.integration import RunSummary
from invoicing.domain.integration_settings import PriceMeaning
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.remedy import Remedy

from local.fortnox.seed import TENANT_ID
from local.ongoing.seed import USERNAME, WAREHOUSE
from tests.functions.deployed import Browser, Page

INVOICE = 5001
NEW = "2001"
UNKNOWN = Export(
    integration_id=WAREHOUSE,
    invoice_id=INVOICE,
    state=ExportState.HELD,
    version=1,
    reference=f"ONGOING-{WAREHOUSE}-{INVOICE}-",
    goods_owner='Te & Ting <"AB">',
    customer_number=NEW,
    currency="EUR",
    issue=Issue(code=IssueCode.CUSTOMER_UNKNOWN, params={"customer_number": NEW, "goods_owner": 'Te & Ting <"AB">'}),
)
INACTIVE = replace(
    UNKNOWN,
    goods_owner="Vilande Varor AB",
    customer_number="1008",
    issue=Issue(
        code=IssueCode.CUSTOMER_INACTIVE, params={"customer_number": "1008", "goods_owner": "Vilande Varor AB"}
    ),
)
CLOSED = replace(UNKNOWN, issue=Issue(code=IssueCode.ACCOUNT_UNKNOWN, params={"account": "3999", "row": "Frakt"}))
FORM = {
    "act": "create",
    "name": "Te & Ting AB",
    "currency": "eur",
    "vat_type": "EUREVERSEDVAT",
    "country_code": "dk",
    "vat_number": "dk 12345678",
    "organisation_number": "",
    "address1": "Havnegade 1",
    "address2": "",
    "zip_code": "8000",
    "city": "Aarhus",
    "email": "faktura@te.example",
}


def held(operator: Browser, *records: Export) -> str:
    """Invoices that wait; gives the id of the first one's cause."""
    deployed, now = operator.deployed, operator.deployed.clock()
    for record in records:
        deployed.exports.save(replace(record, updated_at=now, issue_since=now), event=None)
    run = RunSummary(started_at=now, finished_at=now, seen=1, waiting=0, sent=0, updated=0, held=1, failed=0)
    ids = {record.invoice_id for record in records}
    deployed.integrations.save_run(WAREHOUSE, run, done=set(), unfinished=ids, detected=PriceMeaning.DETECT)
    deployed.queued()
    deployed.fortnox.clear_calls()
    found = re.search(r'<article class="issue" id="([0-9a-f]+)"', operator.look("/issues").body)
    assert found is not None
    return found[1]


def press(operator: Browser, cause: str, **fields: str) -> Page:
    """Sends the form of the page."""
    return operator.press("/mend", cause=cause, **fields)


def written(operator: Browser) -> list[tuple[str, str]]:
    """What was written in Fortnox."""
    calls = operator.deployed.fortnox.calls()
    return [(one.method, one.path) for one in calls if one.method in {"POST", "PUT"} and one.path.startswith("/3/")]


def test_the_button_is_on_the_issue_and_on_the_invoice(operator: Browser) -> None:
    """And leads to the page that says what it does; nothing is done by looking."""
    cause = held(operator, UNKNOWN)
    issues, invoice = operator.look("/issues"), operator.look(f"/invoices/{INVOICE}")
    page = operator.look("/mend", query={"cause": cause})

    assert f"/mend?cause={cause}" in issues.body
    assert f"/mend?cause={cause}&amp;invoice={INVOICE}" in invoice.body
    assert page.status == 200
    assert f"Create customer {NEW} in Fortnox" in page.text
    assert "This is created in Fortnox" in page.text
    assert 'value="EUR"' in page.body
    assert '<"AB">' not in page.body
    assert written(operator) == []


def test_a_click_creates_the_customer_and_asks_for_its_invoices(operator: Browser) -> None:
    """Every field as it was typed, in what Fortnox takes; then back to where the button was."""
    cause = held(operator, UNKNOWN)
    page = press(operator, cause, invoice=str(INVOICE), **FORM)
    made = operator.deployed.fortnox.state()["companies"][TENANT_ID]["customers"][NEW]
    record = operator.deployed.exports.get(WAREHOUSE, INVOICE)
    shown = operator.look(f"/invoices/{INVOICE}", query={"notice": "mended"})

    assert page.location.endswith(f"/invoices/{INVOICE}?notice=mended")
    assert {name: made[name] for name in ("Name", "Currency", "VATType", "VATNumber", "CountryCode", "City")} == {
        "Name": "Te & Ting AB",
        "Currency": "EUR",
        "VATType": "EUREVERSEDVAT",
        "VATNumber": "DK12345678",
        "CountryCode": "DK",
        "City": "Aarhus",
    }
    assert record is not None
    assert [one.by for one in record.history if one.kind is EventKind.MENDED] == [USERNAME]
    assert INVOICE in operator.deployed.integration.asked
    assert {queued["integration_id"] for queued in operator.deployed.queued()} == {WAREHOUSE}
    assert f"{USERNAME} let Fortnox create customer {NEW}" in shown.text
    assert "It is done in Fortnox." in shown.text


def test_a_double_click_creates_one(operator: Browser) -> None:
    """The second is told that it is there."""
    cause = held(operator, UNKNOWN)
    pages = [press(operator, cause, **FORM) for _ in range(2)]

    assert [page.location.rpartition("=")[2] for page in pages] == ["mended", "was_mended"]
    assert written(operator) == [("POST", "/3/customers")]


def test_a_paused_integration_says_that_it_is_done_and_what_waits_for_it(operator: Browser) -> None:
    """The write in Fortnox does not wait for the runs."""
    cause = held(operator, INACTIVE)
    operator.press("/pause")
    page = press(operator, cause, act="switch_on")

    assert page.location.endswith("notice=mended_not_running")
    assert written(operator) == [("PUT", "/3/customers/1008")]
    assert "as soon as the integration runs" in operator.look("/issues", query={"notice": "mended_not_running"}).text
    assert INVOICE in operator.deployed.integration.asked


def test_the_integration_s_history_and_file_say_who_asked_for_it(operator: Browser) -> None:
    """Also after the invoice is gone."""
    cause = held(operator, INACTIVE)
    press(operator, cause, act="switch_on")
    changes = [one for one in operator.deployed.integration.changes if one.kind is ChangeKind.MENDED]

    assert [(one.by, str(one.remedy)) for one in changes] == [(USERNAME, "switch_on customer 1008")]
    assert f"{USERNAME} asked Fortnox to make customer 1008 active." in operator.look("").text
    assert f"{USERNAME} asked Fortnox to make customer 1008 active." in operator.look("/history.csv").body


def test_an_inactive_customer_is_shown_by_its_name_and_made_active(operator: Browser) -> None:
    """Nothing else is asked."""
    cause = held(operator, INACTIVE)
    page = operator.look("/mend", query={"cause": cause})
    done = press(operator, cause, act="switch_on")

    assert "This is changed in Fortnox" in page.text
    assert "Vilande Varor AB" in page.text
    assert "<input id=" not in page.body
    assert done.location.endswith("/issues?notice=mended")
    assert operator.deployed.fortnox.state()["companies"][TENANT_ID]["customers"]["1008"]["Active"] is True


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "  "}, "Fill in this field."),
        ({"vat_type": ""}, "Choose one of the alternatives."),
        ({"vat_type": "<script>"}, "Choose one of the alternatives."),
        ({"currency": "kronor"}, "Write the currency in three letters, for example EUR."),
        ({"country_code": "Danmark"}, "Write the country in two letters, for example DK."),
        ({"address2": "x" * 201}, "This is too long."),
        ({"country_code": "NO"}, "This country does not go with the VAT that is chosen above."),
        ({"vat_number": "12"}, "Write the VAT number with the letters of its country first"),
        ({"email": "faktura"}, "Write a mail address"),
    ],
)
def test_what_lacks_something_comes_back_with_a_sentence(
    operator: Browser, fields: dict[str, str], sentence: str
) -> None:
    """With all that was typed, and nothing was sent to Fortnox."""
    cause = held(operator, UNKNOWN)
    page = press(operator, cause, **{**FORM, **fields})

    assert page.status == 400
    assert sentence in page.text
    assert "Havnegade 1" in page.body
    assert written(operator) == []
    assert INVOICE not in operator.deployed.integration.asked


def test_a_refusal_shows_fortnox_s_words_and_what_was_typed(operator: Browser) -> None:
    """The person mends it there, or presses again."""
    cause = held(operator, UNKNOWN)
    page = press(operator, cause, **{**FORM, "currency": "DKK"})

    assert page.status == 409
    assert "Fortnox refuses it." in page.text
    assert "Kan inte hitta valutan. (Currency)" in page.text
    assert "Havnegade 1" in page.body
    assert INVOICE not in operator.deployed.integration.asked


def test_fortnox_that_does_not_answer_is_said_and_can_be_asked_again(operator: Browser) -> None:
    """While the page is opened, and when the button is pressed."""
    cause = held(operator, UNKNOWN)
    fault = {"match": {"path_regex": "^/3/customers"}, "effect": "before"}
    operator.deployed.fortnox.add_faults([{**fault, "times": 1}])
    opened = operator.look("/mend", query={"cause": cause})
    operator.deployed.fortnox.add_faults([{**fault, "times": 1}])
    pressed = press(operator, cause, **FORM)

    assert opened.status == 200
    assert "Fortnox does not answer just now. Nothing was changed there." in opened.text
    assert "Look again" in opened.text
    assert pressed.status == 503
    assert "Havnegade 1" in pressed.body
    assert press(operator, cause, **FORM).location.endswith("notice=mended")


def test_a_lost_answer_says_that_nobody_knows(operator: Browser) -> None:
    """And pressing again finds it."""
    cause = held(operator, UNKNOWN)
    operator.deployed.fortnox.add_faults(
        [
            {"match": {"method": "POST", "path_regex": "^/3/customers"}, "effect": "after", "times": 1},
            {"match": {"method": "GET", "path_regex": "^/3/customers", "nth": 2}, "effect": "before", "times": 1},
        ]
    )
    page = press(operator, cause, **FORM)
    again = press(operator, cause, **FORM)

    assert page.status == 503
    assert "nobody knows yet whether it was done" in page.text
    assert again.location.endswith("notice=mended")
    assert written(operator) == [("POST", "/3/customers")]


@pytest.mark.parametrize("cause", ["", "0" * 12, "<script>", "x" * 600])
def test_a_cause_that_is_none_leads_back_to_the_issues(operator: Browser, cause: str) -> None:
    """It was mended, or the link is old."""
    held(operator, UNKNOWN)

    assert operator.look("/mend", query={"cause": cause}).location.endswith("/issues?notice=cause_gone")
    assert press(operator, cause, **FORM).location.endswith("/issues?notice=cause_gone")
    assert written(operator) == []


def test_without_the_permission_there_is_no_button_and_no_page(operator: Browser) -> None:
    """The issue says what to do by hand."""
    cause = held(operator, CLOSED)
    page = operator.look("/issues")

    assert "/mend?" not in page.body
    assert operator.look("/mend", query={"cause": cause}).location.endswith("notice=cause_gone")
    assert press(operator, cause, act="switch_on").location.endswith("notice=cause_gone")
    assert written(operator) == []


def test_a_form_that_no_page_of_ours_sent_does_nothing(operator: Browser) -> None:
    """Without the session's guard."""
    cause = held(operator, UNKNOWN)
    page = press(operator, cause, **FORM, csrf="guessed")

    assert page.status == 403
    assert written(operator) == []


def test_an_act_that_is_none_of_ours_is_not_done(operator: Browser) -> None:
    """A page that was changed by hand gets the real one back."""
    cause = held(operator, UNKNOWN)
    pages = [press(operator, cause, act=act) for act in ("delete", "", "switch_on", "create")]

    assert {page.status for page in pages} == {409}
    assert all("Fortnox has something else now" in page.text for page in pages)
    assert written(operator) == []


def test_the_history_keeps_what_was_done_for_whoever_looks_later(operator: Browser) -> None:
    """Stored and read back."""
    cause = held(operator, INACTIVE)
    press(operator, cause, act="switch_on")
    record = operator.deployed.exports.get(WAREHOUSE, INVOICE)

    assert record is not None
    (told,) = [one for one in record.history if one.kind is EventKind.MENDED]
    assert isinstance(told.remedy, Remedy)
    assert "switch_on customer 1008" in told.detail


def test_the_customers_page_has_the_button_where_invoices_wait_for_it(operator: Browser) -> None:
    """Nobody has to look for the issue."""
    before = operator.look("/customers").body
    number = re.search(r"Customer (\d+) does not exist in Fortnox", before)
    assert number is not None
    params = {"customer_number": number[1], "goods_owner": "Nystartad E-handel HB"}
    cause = held(operator, replace(UNKNOWN, issue=Issue(code=IssueCode.CUSTOMER_UNKNOWN, params=params)))

    assert "/mend?" not in before
    assert f"/mend?cause={cause}" in operator.look("/customers").body


# ---- one more permission


def asked_for(page: Page) -> list[str]:
    """The permissions that Fortnox is asked for, by the address that the browser is led to."""
    return parse_qs(urlsplit(page.location).query)["scope"][0].split()


def test_one_more_permission_is_offered_where_it_would_help(operator: Browser) -> None:
    """The page says what it covers, and nothing is asked for before somebody goes on."""
    cause = held(operator, CLOSED)
    issues, invoice = operator.look("/issues"), operator.look(f"/invoices/{INVOICE}")
    page = operator.look("/permit", query={"cause": cause})

    assert f"/permit?cause={cause}" in issues.body
    assert f"/permit?cause={cause}" in invoice.body
    assert "the service needs one more permission from Nordlager 3PL AB: Bookkeeping." in page.text
    assert page.status == 200


def test_with_the_permission_the_button_is_there_and_works(operator: Browser) -> None:
    """Asked for with all that is used already; kept; and the account is opened."""
    cause = held(operator, CLOSED)
    asked = operator.press("/permit", cause=cause)
    scopes = asked_for(asked)
    query = {name: values[0] for name, values in parse_qs(urlsplit(asked.location).query).items()}
    operator.approve(query)
    page = operator.look("/mend", query={"cause": cause})
    done = press(operator, cause, act="switch_on")
    again = asked_for(operator.press("/connect"))

    assert {"invoice", "article", "customer", "bookkeeping"} <= set(scopes)
    assert "bookkeeping" in operator.deployed.integration.permissions
    assert "Open account 3999 in Fortnox" in page.text
    assert done.location.endswith("notice=mended")
    assert written(operator) == [("PUT", "/3/accounts/3999")]
    assert set(again) == set(scopes)


def test_a_no_of_fortnox_changes_nothing(operator: Browser) -> None:
    """The keys of before work on, and the page leads back to the issue."""
    cause = held(operator, CLOSED)
    before = operator.deployed.integration
    asked = operator.press("/permit", cause=cause)
    state = parse_qs(urlsplit(asked.location).query)["state"][0]
    page = operator.come_back("oauth_callback__denied", state=state, error="invalid_scope")

    assert "Fortnox does not allow that permission" in page.text
    assert f"/integrations/{WAREHOUSE}/issues" in page.body
    assert operator.deployed.integration == before


def test_one_more_permission_takes_the_password(operator: Browser) -> None:
    """As everything that leads to a new approval."""
    cause = held(operator, CLOSED)
    page = operator.press("/permit", cause=cause, password="guess")

    assert page.status == 400
    assert "Location" not in page.headers


def test_what_needs_no_more_permission_asks_for_none(operator: Browser) -> None:
    """Customers and articles are covered from the beginning."""
    cause = held(operator, UNKNOWN)

    assert "/permit?" not in operator.look("/issues").body
    assert operator.look("/permit", query={"cause": cause}).location.endswith("notice=cause_gone")
    assert operator.press("/permit", cause=cause).location.endswith("notice=cause_gone")
