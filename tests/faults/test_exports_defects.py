"""A defect of ours: it stops one invoice, is told as ours, and heals when it is mended."""

import pytest
from invoicing.domain.export import ExportState
from invoicing.domain.issue import IssueCode

from local.fortnox.seed import TENANT_ID
from tests.faults.exports import ONE, Fault, Script, Story, invoice

OTHERS = (ONE + 1, ONE + 2)


def three() -> Story:
    """Three invoices of two customers."""
    return Story(invoice(), invoice(invoice_id=ONE + 1, owner=2), invoice(invoice_id=ONE + 2))


def places(call: str) -> list[int]:
    """Where a call stands among the steps of an ordinary run."""
    probe = three()
    probe.script = Script({})
    probe.attempt()
    return [place for place, step in enumerate(probe.script.steps) if step.call == call]


@pytest.mark.parametrize("call", ["POST /3/invoices", "UpdateInvoice", "save"])
def test_an_exception_that_nobody_thought_of_stops_only_its_invoice(call: str) -> None:
    """Whether it comes from Fortnox's side, Ongoing's, or our own tables."""
    story = three()
    story.script = Script({places(call)[0]: Fault.DEFECT})
    summary = story.attempt()

    assert summary is not None
    assert (summary.sent, summary.failed, summary.problem) == (2, 1, None)
    assert {story.record(invoice_id).state for invoice_id in OTHERS} == {ExportState.DONE}


@pytest.mark.parametrize("call", ["POST /3/invoices", "UpdateInvoice", "save"])
def test_what_a_defect_left_open_is_looked_up_and_done_when_it_is_mended(call: str) -> None:
    """Within an hour and a quarter, without a second invoice."""
    story = three()
    story.script = Script({places(call)[0]: Fault.DEFECT})
    story.attempt()
    for _ in range(5):
        story.rest()
        story.attempt()

    assert story.complaints() == []


def test_a_defect_is_told_as_ours_with_its_place_and_without_its_words() -> None:
    """An exception's message may quote what must not be logged; the operator reads that the fault is not theirs."""
    story = three()
    story.script = Script({places("POST /3/invoices")[0]: Fault.DEFECT})
    story.attempt()
    (told,) = [fields for event, fields in story.reports if event == "our_defect"]
    issue = story.record().issue

    assert (told["invoice"], told["reason"]) == (str(ONE), "DefectError")
    assert "create_invoice" in str(told["where"])
    assert "must not be logged" not in str(told)
    assert issue is not None
    assert issue.code is IssueCode.OUR_DEFECT


def test_a_request_that_fortnox_calls_wrongly_built_is_told_as_ours_once() -> None:
    """Fortnox has stopped to know a field; the operator can do nothing about it."""
    story = Story(invoice())
    rule = {
        "effect": "status",
        "status": 400,
        "body": {"ErrorInformation": {"error": 1, "message": "Ogiltigt fält.", "code": 2001399}},
        "match": {"method": "POST", "path_regex": "^/3/invoices"},
        "times": None,
    }
    story.fortnox.add_faults([rule])
    for _ in range(3):
        story.attempt()
        story.rest()
    told = [fields["reason"] for event, fields in story.reports if event == "our_defect"]
    story.fortnox.clear_faults()
    story.later(hours=1)
    story.attempt()

    assert told == ["Fortnox refused it with 2001399"]
    assert story.complaints() == []
    assert len(story.fortnox.state()["companies"][TENANT_ID]["invoices"]) == 1
