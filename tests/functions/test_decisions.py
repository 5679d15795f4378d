"""The ways out of a held invoice, as its operator takes them."""

from dataclasses import replace

import pytest
from invoicing.domain.decision import Decision, Way
from invoicing.domain.export import EventKind, Export, ExportState
from invoicing.domain.integration import RunSummary
from invoicing.domain.integration_settings import PriceMeaning
from invoicing.domain.issue import Issue, IssueCode

from local.ongoing.seed import USERNAME, WAREHOUSE
from tests.functions.deployed import Browser

INVOICE = 5001
HELD = Export(
    integration_id=WAREHOUSE,
    invoice_id=INVOICE,
    state=ExportState.HELD,
    version=1,
    reference=f"ONGOING-{WAREHOUSE}-{INVOICE}-",
    goods_owner="Kaffe & Kakao AB",
    currency="SEK",
    issue=Issue(code=IssueCode.INVOICE_CANCELLED, params={"fortnox_number": "17"}),
    fortnox_number="17",
)


def held(operator: Browser, record: Export = HELD) -> Export:
    """An invoice that waits for somebody."""
    kept = replace(record, updated_at=operator.deployed.clock(), issue_since=operator.deployed.clock())
    operator.deployed.exports.save(kept, event=None)
    now = operator.deployed.clock()
    run = RunSummary(started_at=now, finished_at=now, seen=1, waiting=0, sent=0, updated=0, held=1, failed=0)
    operator.deployed.integrations.save_run(
        WAREHOUSE, run, done=set(), unfinished={INVOICE}, detected=PriceMeaning.DETECT
    )
    operator.deployed.queued()
    return kept


def stored(operator: Browser) -> Export:
    """The record as it is now."""
    found = operator.deployed.exports.get(WAREHOUSE, INVOICE)
    assert found is not None
    return found


def test_each_way_out_is_offered_on_the_invoice_and_among_the_issues(operator: Browser) -> None:
    """And each leads to a page that says what it does, and asks."""
    record = held(operator)
    pages = [operator.look(f"/invoices/{INVOICE}"), operator.look("/issues")]
    ways = record.ways_out

    assert ways == (Way.MAKE_NEW, Way.BY_HAND, Way.LEAVE)
    for way in ways:
        assert all(f"/invoices/{INVOICE}/decide?way={way}" in page.body for page in pages)
        asked = operator.look(f"/invoices/{INVOICE}/decide", query={"way": way})
        assert asked.status == 200
        assert f'name="way" value="{way}"' in asked.body
    assert stored(operator).decision is None


def test_a_decision_is_kept_with_the_name_and_the_next_run_is_asked_for(operator: Browser) -> None:
    """Pressed twice, it is one decision."""
    held(operator)
    pages = [operator.press(f"/invoices/{INVOICE}/decide", way="leave", note="Avtalat per telefon") for _ in range(2)]
    record = stored(operator)
    shown = operator.look(f"/invoices/{INVOICE}", query={"notice": "decided"})

    assert [page.location.rpartition("=")[2] for page in pages] == ["decided", "decided"]
    assert record.decision == Decision(
        way=Way.LEAVE, by=USERNAME, at=operator.deployed.clock(), note="Avtalat per telefon"
    )
    assert [event.by for event in record.history if event.kind is EventKind.DECIDED] == [USERNAME]
    assert {queued["integration_id"] for queued in operator.deployed.queued()} == {WAREHOUSE}
    assert f"{USERNAME} decided: Leave it. ”Avtalat per telefon”" in shown.text
    assert "decide?way=" not in shown.body


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"way": "is_number", "number": ""}, "Fill in the number of the invoice in Fortnox."),
        ({"way": "is_number", "number": "F-17"}, "An invoice number in Fortnox has digits only."),
        ({"way": "is_number", "number": "٤٢"}, "An invoice number in Fortnox has digits only."),
        ({"way": "is_number", "number": "9" * 400}, "An invoice number in Fortnox has digits only."),
        ({"way": "leave", "note": "   "}, "Write the reason in a few words."),
    ],
)
def test_what_lacks_something_comes_back_with_a_sentence(
    operator: Browser, fields: dict[str, str], sentence: str
) -> None:
    """And nothing is decided."""
    gone = Issue(code=IssueCode.INVOICE_GONE, params={"fortnox_number": "17"})
    held(operator, replace(HELD, issue=gone))
    page = operator.press(f"/invoices/{INVOICE}/decide", **fields)

    assert page.status == 400
    assert sentence in page.text
    assert stored(operator).decision is None
    assert operator.deployed.queued() == []


@pytest.mark.parametrize("way", ["correct", "make_equal", "", "x" * 500, "<script>", "MAKE_NEW"])
def test_what_is_not_possible_now_does_nothing(operator: Browser, way: str) -> None:
    """A page that was open too long, or a form that nobody of ours made."""
    held(operator)
    page = operator.press(f"/invoices/{INVOICE}/decide", way=way)

    assert page.location.endswith("?notice=not_possible_now")
    assert operator.look(f"/invoices/{INVOICE}/decide", query={"way": way}).status == 404
    assert stored(operator).decision is None


def test_an_invoice_that_is_not_held_or_not_known_has_no_way_out(operator: Browser) -> None:
    """There is nothing to decide."""
    for path in ("/invoices/77/decide", "/invoices/x/decide"):
        assert operator.press(path, way="leave", note="x").status == 404
        assert operator.look(path, query={"way": "leave"}).status == 404


def test_rows_stand_beside_each_other_before_they_are_corrected(operator: Browser) -> None:
    """Also where Fortnox has no such invoice, or does not answer: the way stays open."""
    booked = Issue(code=IssueCode.INVOICE_BOOKED, params={"fortnox_number": "17", "reason": "booked"})
    held(operator, replace(HELD, issue=booked))
    missing = operator.look(f"/invoices/{INVOICE}/decide", query={"way": "correct"})
    operator.deployed.fortnox.add_faults([{"effect": "before", "times": None}])
    silent = operator.look(f"/invoices/{INVOICE}/decide", query={"way": "correct"})

    assert "No such row" in missing.text
    assert "Pallplats" in missing.text
    assert "does not answer just now, so the rows cannot be shown" in silent.text
    assert (missing.status, silent.status) == (200, 200)
