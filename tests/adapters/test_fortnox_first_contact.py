"""The first half hour with a company's Fortnox: what is found out, what it leaves behind, and what it never tells."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from invoicing.adapters.fortnox.first_contact import FirstContact
from invoicing.application.http import HttpAnswer, HttpRequest
from invoicing.domain.finding import Learned
from invoicing.runtime.check_fortnox import rows_of, write_shape

from local.fortnox.seed import TENANT_ID
from tests.support.world import World


class Meeting:
    """A connected company, with a month of invoices in it."""

    def __init__(self, **options: Any) -> None:
        self.world = World()
        self.world.connect()
        self.world.fortnox.change_options(options)
        self.world.run()
        self.world.fortnox.clear_calls()

    def contact(self) -> FirstContact:
        """With a token of its own."""
        integration = self.world.integrations.get("nordlager")
        assert integration is not None
        return self.world.parts.first_contact(integration)

    def change(self, register: str, key: str, **fields: Any) -> None:
        """In Fortnox."""
        self.world.fortnox.change_entry(TENANT_ID, register, key, fields)

    def learn(self, *, write: bool = False) -> dict[str, Learned]:
        """By question."""
        found = self.contact().learn(write=write, today=self.world.today.isoformat())
        return {one.question: one for one in found}


def understood(found: Mapping[str, Learned]) -> bool:
    return not any(one.stops for one in found.values())


def seen(found: Mapping[str, Learned], words: str) -> str:
    """What was seen for the one question with these words."""
    (one,) = [learned for question, learned in found.items() if words in question]
    return one.seen


def test_a_company_as_believed_is_understood_and_only_read() -> None:
    """Every answer is sure where there is something to look at."""
    meeting = Meeting()
    found = meeting.learn()
    methods = {call.method for call in meeting.world.fortnox.calls() if call.path.startswith("/3/")}

    assert understood(found)
    assert methods == {"GET"}
    assert seen(found, "never seen") == "no"
    assert seen(found, "VAT types") == "EUREVERSEDVAT: 1, SEVAT: 6 (of 7 looked at)"
    assert [question for question, one in found.items() if not one.certain] == [
        "Which VAT codes do sales accounts have?",
        "Does Net hold the rows only?",
    ]


def test_nothing_is_written_into_a_company_with_no_invoices() -> None:
    """What cannot be known is said to be so."""
    world = World()
    world.connect()
    meeting = Meeting.__new__(Meeting)
    meeting.world = world
    found = meeting.learn()

    assert understood(found)
    assert {question for question, one in found.items() if not one.certain} >= {
        "What does a search by reference match?",
        "How are flags written?",
    }


@pytest.mark.parametrize(
    ("options", "words", "expected"),
    [
        ({"reference_search": "parts"}, "search", "the whole, the start, the middle, the end, another case"),
        ({"reference_search": "starts"}, "search", "the whole, the start, another case"),
        ({"reference_search": "exact"}, "search", "the whole, another case"),
        ({"flags_as_text": True}, "flags", "str: 18"),
        ({"unknown_customer_code": 2000433}, "an unknown customer", "404 2000433"),
    ],
)
def test_what_nobody_has_published_is_found_out(options: dict[str, Any], words: str, expected: str) -> None:
    """By reading alone."""
    assert seen(Meeting(**options).learn(), words) == expected


def test_what_must_be_done_before_the_first_invoice_is_counted() -> None:
    """Fees, discounts, delivery countries, VAT numbers, VAT registration."""
    meeting = Meeting()
    meeting.change("customers", "1001", DeliveryCity="Malmö")
    meeting.change("customers", "1003", VATNumber="")
    meeting.world.fortnox.change_company(TENANT_ID, {"vat_registered": False})
    found = meeting.learn()

    assert seen(found, "fees?") == "1 of 7 looked at"
    assert seen(found, "discounts") == "1 of 7 looked at"
    assert seen(found, "without a country") == "1 of 7 looked at"
    assert seen(found, "without a VAT number") == "1 of 7 looked at"
    assert seen(found, "registered for VAT") == "no"


def test_a_vat_type_that_nobody_has_seen_is_not_understood() -> None:
    """It decides accounts and VAT."""
    meeting = Meeting()
    meeting.change("customers", "1003", VATType="OSSVAT")
    found = meeting.learn()

    assert not understood(found)
    assert seen(found, "never seen") == "word Customer.VATType=OSSVAT"


def test_another_company_than_the_one_that_approved_stops() -> None:
    """The keys lead elsewhere."""
    meeting = Meeting()
    contact = meeting.contact()
    contact.tenant_id = "9999999"
    found = list(contact.read())

    assert [one.stops for one in found][:2] == [True, False]


def test_lists_that_do_not_say_how_long_they_are_are_not_understood() -> None:
    """A first page would be taken for the whole."""
    meeting = Meeting()
    body: dict[str, Any] = {"Invoices": []}
    rule = {"match": {"path_regex": "^/3/invoices$"}, "times": None, "effect": "body", "body": body}
    meeting.world.fortnox.add_faults([rule])

    assert not understood(meeting.learn())


# Writing, in a test company.


def test_what_only_a_write_can_tell_is_found_out_and_cancelled_again() -> None:
    """No invoice that was made is left open."""
    meeting = Meeting()
    before = set(meeting.world.fortnox.state()["companies"][TENANT_ID]["invoices"])
    found = meeting.learn(write=True)
    invoices = meeting.world.fortnox.state()["companies"][TENANT_ID]["invoices"]
    made = [invoices[number] for number in invoices.keys() - before]

    assert understood(found)
    assert seen(found, "without the customer's fees") == "Net 200 for rows of 200"
    assert seen(found, "no account named") == "account 3308, VAT 0"
    assert seen(found, "account 3001 named") == "account 3001, VAT 0"
    assert (seen(found, "Does API_BLANK"), seen(found, "Does null")) == ("yes", "no")
    assert seen(found, "Which rate") == "without CurrencyUnit 1, with it cleared 11.25"
    assert len(made) > 8
    assert all(one["Cancelled"] for one in made)
    assert seen(found, "cancelled?") == f"{len(made)} of {len(made)}"


@pytest.mark.parametrize(
    ("options", "words", "expected", "good"),
    [
        ({"net_includes_fees": True}, "without the customer's fees", "Net 345 for rows of 200", False),
        ({"zero_discount_honoured": False}, "Discount: 0", "Net 180 for rows of 200, a customer with 10 %", False),
        ({"api_blank": "keeps"}, "Does API_BLANK", "no", False),
        ({"null": "clears"}, "Does null", "yes", True),
        ({"search_delay": 3.0}, "How soon", "after 3 s", True),
        ({"search_delay": 60.0}, "How soon", "not within 10 s", False),
        ({"service_accounts_for_services": False}, "no account named", "account 3108, VAT 0", True),
        ({"foreign_rate_is_one": False}, "Which rate", "without CurrencyUnit 11.25, with it cleared 11.25", True),
    ],
    ids=str,
)
def test_each_unknown_is_found_out_whatever_it_is(
    options: dict[str, Any], words: str, expected: str, good: bool
) -> None:
    """And what would hold invoices is not taken for understood."""
    meeting = Meeting()
    meeting.world.fortnox.change_options(options)
    found = meeting.learn(write=True)

    assert seen(found, words) == expected
    assert understood(found) is good


@pytest.mark.parametrize("effect", ["before", "after"])
def test_what_was_made_is_cancelled_although_a_question_broke_off(effect: str) -> None:
    """A lost answer ends the questions; only an invoice whose number nobody was told can be left."""
    meeting = Meeting()
    rule = {"match": {"method": "POST", "path_regex": "^/3/invoices", "nth": 4}, "times": 1, "effect": effect}
    meeting.world.fortnox.add_faults([rule])
    before = set(meeting.world.fortnox.state()["companies"][TENANT_ID]["invoices"])
    with pytest.raises(Exception, match="connection"):
        meeting.learn(write=True)
    invoices = meeting.world.fortnox.state()["companies"][TENANT_ID]["invoices"]
    left = [number for number in invoices.keys() - before if not invoices[number]["Cancelled"]]

    assert len(left) == (effect == "after")


# The shape report.


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str) and len(value) > 3:
        yield value


def test_the_shape_report_has_names_types_counts_and_lengths_and_no_value(tmp_path: Path) -> None:
    """Safe to send to anybody."""
    meeting = Meeting()
    contact = meeting.contact()
    contact.learn(write=True, today=meeting.world.today.isoformat())
    write_shape(contact.shape.report(), tmp_path / "shape.json")
    written = (tmp_path / "shape.json").read_text()
    report = json.loads(written)
    own_words = {"text", "null", "true", "false", "text: date", "object"}
    values = set(_texts(meeting.world.fortnox.state()["companies"][TENANT_ID]))
    told = {value for value in values - own_words if value in written} - {
        name for place in report for name in place.replace("[]", "").split(".")
    }

    assert report["Invoice.Credit"]["types"].keys() == {"text: true or false"}
    assert report["Invoice.InvoiceRows[].DeliveredQuantity"]["types"].keys() == {"text: number"}
    assert report["Invoice.CustomerName"]["lengths"][1] >= len("Möbelhuset i Malmö AB")
    assert told == set()


def test_the_table_has_a_line_for_each_question() -> None:
    """Question, certain or not, what was seen, what it means."""
    found = list(Meeting().learn().values())
    rows = rows_of(found)

    assert len(rows) == len(found)
    assert set(rows[0]) == {"question", "certain", "seen", "means"}


FIELDS = ("DocumentNumber", "CustomerNumber", "VATType", "InvoiceRows", "Net", "Freight", "Booked", "Number", "VATCode")
LISTS = ("Invoices", "Customers", "Accounts", "FinancialYears")
SINGLE = ("Invoice", "Customer", "Article", "CompanyInformation", "CompanySettings", "LockedPeriod", "MetaInformation")


@pytest.mark.parametrize("status", [200, 201, 400])
@pytest.mark.parametrize("value", [None, 7, "x", True, [], [[1]], [{}], {"a": {"b": 1}}], ids=str)
def test_an_answer_of_any_shape_is_a_line_of_the_table_and_no_crash(value: object, status: int) -> None:
    """Of whole things, of what lists hold, and of each field; a crash would leave what was made for the check."""
    fields = dict.fromkeys(FIELDS, value)
    for thing, item in ((value, value), ({}, value), (fields, fields)):
        body = json.dumps({**dict.fromkeys(SINGLE, thing), **{name: [item, item] for name in LISTS}}).encode()
        meeting = Meeting()
        contact = meeting.contact()
        contact.company.transport = Says(body, status)
        found = contact.learn(write=True, today=meeting.world.today.isoformat())

        assert any(one.stops for one in found)


class Says:
    """Answers every call with this."""

    def __init__(self, body: bytes, status: int) -> None:
        self._answer = HttpAnswer(status=status, headers={}, body=body)

    def send(self, _request: HttpRequest) -> HttpAnswer:
        """Whatever is asked."""
        return self._answer
