"""What Fortnox's answers have that nobody has seen: told once each, never with a value. And what we rely on."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from invoicing.adapters.fortnox import wire
from invoicing.adapters.fortnox.beliefs import KNOWN, MEMBERS, RELIED_ON
from invoicing.adapters.fortnox.drift import Drift, Strange, strange_in
from invoicing.wire import Thing

from tests.simulators.fortnox_specification import specification
from tests.support.world import World

SCHEMAS = {
    "Invoice": "fortnox_Invoice",
    "InvoiceRow": "fortnox_Invoice_InvoiceRow",
    "Customer": "fortnox_Customer",
    "Article": "fortnox_Article",
    "CompanyInformation": "fortnox_CompanyInfo",
}
THINGS = {"Invoices": "Invoice", "Customers": "Customer", "Articles": "Article"}
FOLDER = os.environ.get("FORTNOX_RECORDINGS")


def invoice(**fields: Any) -> dict[str, Any]:
    """An answer as believed, with changes."""
    return {**dict.fromkeys(KNOWN["Invoice"], ""), "InvoiceRows": [dict.fromkeys(KNOWN["InvoiceRow"])], **fields}


def told(*answers: Mapping[str, Any]) -> list[Mapping[str, str | int]]:
    """What is reported of invoices that come one after the other."""
    found: list[Mapping[str, str | int]] = []
    drift = Drift(report=lambda _event, fields: found.append(fields), integration_id="nordlager")
    for answer in answers:
        drift.look("Invoice", answer)
    return found


def test_an_answer_as_believed_is_not_strange() -> None:
    """Nothing is told."""
    assert told(invoice(), invoice(Credit="true", AccountingMethod="CASH")) == []


def test_a_new_field_a_new_word_and_a_missing_field_are_each_told_once() -> None:
    """By name, and by the company's system."""
    changed = invoice(PeppolStatus="DELIVERED", AccountingMethod="HYBRID")
    del changed["Net"]
    found = told(changed, changed, invoice(PeppolStatus="FAILED"))

    assert [(one["kind"], one["thing"], one["element"]) for one in found] == [
        ("field", "Invoice", "PeppolStatus"),
        ("missing", "Invoice", "Net"),
        ("word", "Invoice", "AccountingMethod=HYBRID"),
    ]
    assert {one["integration"] for one in found} == {"nordlager"}


@pytest.mark.parametrize("name", ["CreditInvoiceReference", "Booked", "Cancelled", "Sent", "FinalPayDate"])
def test_a_field_that_is_renamed_in_case_is_new_and_missing(name: str) -> None:
    """JSON's names are exact."""
    changed = invoice()
    changed[name.lower()] = changed.pop(name)

    assert strange_in("Invoice", changed) == {
        Strange("field", "Invoice", name.lower()),
        Strange("missing", "Invoice", name),
    }


def test_rows_are_looked_at_too() -> None:
    """Without RowId no update clears old rows."""
    row = {**dict.fromkeys(KNOWN["InvoiceRow"]), "Preis": 1}
    del row["RowId"]

    assert strange_in("Invoice", invoice(InvoiceRows=[row])) == {
        Strange("field", "InvoiceRow", "Preis"),
        Strange("missing", "InvoiceRow", "RowId"),
    }


def test_no_value_is_ever_told() -> None:
    """Not in a word that is no word, nor in a name that is no name."""
    strange = strange_in("Invoice", invoice(AccountingMethod="Anna Åberg 070-123", **{"Anna Åberg": 1}))

    assert strange == {
        Strange("word", "Invoice", "AccountingMethod=(no word)"),
        Strange("field", "Invoice", "(no name)"),
    }


def test_an_interface_that_changed_altogether_is_told_and_not_listed() -> None:
    """Fifty names say it."""
    assert len(told({f"New{n}": n for n in range(1000)})) == 50


def test_a_run_tells_what_is_strange() -> None:
    """Wherever Fortnox's answers are read."""
    world = World()
    company = world.parts.fortnox_of(world.connect())
    seen: list[str] = []
    company.look = lambda thing, _answer: seen.append(thing)
    company.company()
    company.customer("1001")
    company.article_is_active("100")

    assert seen == ["CompanyInformation", "Customer", "Article"]


# What we rely on.


def _read_by_wire() -> set[str]:
    """Names of fields that the adapter's models read."""
    models = [one for one in vars(wire).values() if isinstance(one, type) and issubclass(one, Thing)]
    return {field.alias or "" for model in models for field in model.model_fields.values()}


def test_every_field_that_is_read_is_listed_with_its_certainty() -> None:
    """One place tells what we rely on."""
    listed = {name for fields in RELIED_ON.values() for name in fields}
    read = {name for name in _read_by_wire() if any(name in known for known in KNOWN.values())}

    assert len(read) > 15
    assert read <= listed


def test_what_we_rely_on_is_known() -> None:
    """And says what breaks without it."""
    for thing, fields in RELIED_ON.items():
        assert fields.keys() <= KNOWN[thing]
        assert all(belief.without for belief in fields.values())
    assert all(name in KNOWN[thing] for thing, name in MEMBERS)


def test_the_published_specification_has_what_we_rely_on_and_no_name_that_we_do_not_know() -> None:
    """A newer file shows what is new before a customer does."""
    spec = specification()
    for thing, schema in SCHEMAS.items():
        published = spec.property_names(schema)

        assert published <= KNOWN[thing], thing
        assert RELIED_ON.get(thing, {}).keys() <= published, thing


def test_the_published_words_are_those_that_we_know() -> None:
    """Enumerations of the specification."""
    spec = specification()
    for (thing, name), words in MEMBERS.items():
        published = spec.enumeration(SCHEMAS[thing], name)

        assert published is None or published == words, (thing, name)


@pytest.mark.skipif(not FOLDER, reason="FORTNOX_RECORDINGS names no folder of recordings")
def test_recorded_answers_are_not_strange() -> None:
    """What others saw is what we believe."""
    looked_at = 0
    found: set[Strange] = set()
    for path in Path(FOLDER or "").glob("*/*.yml"):
        body = yaml.safe_load(path.read_text())["http_interactions"][0]["response"]["body"]["string"]
        try:
            value = json.loads(body)
        except ValueError:
            continue
        for name, content in value.items():
            for one in content if isinstance(content, list) else [content]:
                thing = THINGS.get(name, name)
                if isinstance(one, dict) and thing in KNOWN:
                    looked_at += 1
                    found |= strange_in(thing, one, whole=not isinstance(content, list))

    assert looked_at > 50
    assert found == set()
