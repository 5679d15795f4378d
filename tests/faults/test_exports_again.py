"""An invoice that is exported again, in every state that its Fortnox invoice can be in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from invoicing.application.access_fortnox import access_token
from invoicing.domain.export import EventKind, Export, ExportState
from invoicing.domain.integration_settings import ExportWhen
from invoicing.domain.issue import Issue, IssueCode

from local.fortnox.seed import TENANT_ID
from local.http import Request
from local.ongoing.faults import Effect, FaultRule, Match
from local.ongoing.seed import WAREHOUSE
from local.ongoing.warehouse import Charge, GoodsOwner
from tests.faults.exports import ONE, Fault, Script, Story, charge, invoice

PALLETS = charge()
PICKS = charge("PLOCK", "4.50", "7", title="Plock per rad", account="3042")
FREIGHT = charge("FRAKT", "129.00", "1", title="Frakt", account="3041")


def exported(*charges: Charge, **more: Any) -> Story:
    """A story whose only invoice is in Fortnox and marked."""
    story = Story(invoice(*(charges or (PALLETS, PICKS)), **more))
    story.attempt()
    assert story.record().state is ExportState.DONE
    return story


def changed(story: Story, **changes: Any) -> None:
    """The invoice is corrected in Ongoing and unexported; the next run takes place."""
    story.ongoing.change_invoice(WAREHOUSE, ONE, is_exported=False, **changes)
    story.rest()
    story.attempt()


def in_fortnox(story: Story) -> dict[str, Any]:
    """Fortnox's invoice."""
    company = story.fortnox.state()["companies"][TENANT_ID]
    there: dict[str, Any] = company["invoices"][story.record().fortnox_number]
    return there


def set_in_fortnox(story: Story, **fields: object) -> None:
    """What a person does to the invoice in Fortnox."""
    story.fortnox.change_entry(TENANT_ID, "invoices", story.record().fortnox_number, fields)


def rows(story: Story) -> list[tuple[str, str, str]]:
    """Article, account and total of the rows that Fortnox has."""
    return [
        (row["ArticleNumber"], str(row["AccountNumber"]), f"{Decimal(str(row['Total'])):.2f}")
        for row in in_fortnox(story)["InvoiceRows"]
    ]


@pytest.mark.parametrize(
    ("charges", "expected"),
    [
        (
            (PALLETS, PICKS, FREIGHT),
            [("100", "3041", "1020.00"), ("PLOCK", "3042", "31.50"), ("FRAKT", "3041", "129.00")],
        ),
        ((PICKS,), [("PLOCK", "3042", "31.50")]),
        ((PICKS, PALLETS), [("PLOCK", "3042", "31.50"), ("100", "3041", "1020.00")]),
        ((replace(PALLETS, quantity=Decimal(1)), PICKS), [("100", "3041", "85.00"), ("PLOCK", "3042", "31.50")]),
    ],
    ids=["row added", "row removed", "rows moved", "row changed"],
)
def test_rows_become_those_of_ongoing_and_mix_with_no_old_ones(
    charges: tuple[Charge, ...], expected: list[tuple[str, str, str]]
) -> None:
    """A row in the place of another one inherits nothing from it."""
    story = exported()
    changed(story, charges=charges)

    assert rows(story) == expected
    assert story.complaints() == []


def test_fields_that_became_empty_are_cleared() -> None:
    """An empty text would keep what is there."""
    story = exported(title="Februari", your_order_number="PO-1", your_reference="Åsa")
    changed(story, title=None, period_start=None, period_end=None, your_order_number=None, your_reference=None)
    there = in_fortnox(story)

    assert (there["Remarks"], there["YourOrderNumber"], there["YourReference"]) == ("", "", "")


@pytest.mark.parametrize(
    ("state", "code", "reason"),
    [
        ({"Booked": True}, IssueCode.INVOICE_BOOKED, "booked"),
        ({"Cancelled": True}, IssueCode.INVOICE_CANCELLED, None),
        ({"CreditInvoiceReference": "77"}, IssueCode.INVOICE_CREDITED, None),
        ({"AccountingMethod": "CASH", "Sent": True}, IssueCode.INVOICE_BOOKED, "sent"),
        ({"AccountingMethod": "CASH", "FinalPayDate": "2026-03-10"}, IssueCode.INVOICE_BOOKED, "paid"),
        ({"OrderReference": "12"}, IssueCode.INVOICE_FROM_ORDER, None),
        ({"Sent": True}, IssueCode.INVOICE_SENT, None),
    ],
)
def test_what_must_not_be_changed_is_not_touched_and_becomes_an_issue(
    state: dict[str, object], code: IssueCode, reason: str | None
) -> None:
    """Not one write; the issue names the reason."""
    story = exported()
    set_in_fortnox(story, **state)
    story.fortnox.clear_calls()
    changed(story, charges=(PALLETS,))
    issue = story.record().issue

    assert issue is not None
    assert (issue.code, issue.params.get("reason")) == (code, reason)
    assert [call.method for call in story.fortnox.calls() if call.method not in {"GET"}] == []


@pytest.mark.parametrize("state", [{}, {"AccountingMethod": "CASH", "Booked": True}])
def test_what_may_be_changed_is(state: dict[str, object]) -> None:
    """Unbooked; sent but not booked; booked by the cash method."""
    story = exported()
    set_in_fortnox(story, **state)
    changed(story, charges=(PALLETS,))

    assert story.complaints() == []
    assert rows(story) == [("100", "3041", "1020.00")]


def test_an_invoice_that_was_changed_back_closes_its_issue_without_a_write() -> None:
    """Fortnox has it right already."""
    story = exported()
    set_in_fortnox(story, Booked=True)
    changed(story, charges=(PALLETS,))
    story.fortnox.clear_calls()
    changed(story, charges=(PALLETS, PICKS))

    assert story.complaints() == []
    assert [call.method for call in story.fortnox.calls()] == ["GET"]


def test_a_cancelled_invoice_is_never_right_already() -> None:
    """Its total is; but nobody will pay it."""
    story = exported()
    set_in_fortnox(story, Cancelled=True)
    changed(story, charges=(PALLETS,))
    changed(story, charges=(PALLETS, PICKS))
    issue = story.record().issue

    assert issue is not None
    assert issue.code is IssueCode.INVOICE_CANCELLED


@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.LOST_ANSWER, Fault.LATE])
@pytest.mark.parametrize("which", [0, 1], ids=["clearing", "setting"])
def test_a_break_between_clearing_and_setting_rows_is_mended(which: int, fault: Fault) -> None:
    """Also when the invoice is changed back meanwhile, and its total is the one that an empty invoice has."""
    nothing = (charge(quantity="3"), charge(price="-255.00", quantity="1", title="Rabatt"))
    story = exported(*nothing)
    story.ongoing.change_invoice(WAREHOUSE, ONE, charges=(PALLETS,), is_exported=False)
    story.rest()
    probe = exported(*nothing)
    probe.script = Script({})
    changed(probe, charges=(PALLETS,))
    puts = [place for place, step in enumerate(probe.script.steps) if step.call.startswith("PUT")]
    story.script = Script({puts[which]: fault})
    story.attempt()
    story.ongoing.change_invoice(WAREHOUSE, ONE, charges=nothing)
    story.rest()
    story.heal()

    assert story.complaints() == []
    assert [row[2] for row in rows(story)] == ["255.00", "-255.00"]


def test_an_update_that_fortnox_refuses_after_the_rows_were_cleared_is_mended_when_it_is_changed_back() -> None:
    """An invoice without rows is never taken for right, not even if its total is zero."""
    nothing = (charge(quantity="3"), charge(price="-255.00", quantity="1", title="Rabatt"))
    story = exported(*nothing)
    changed(story, charges=(charge(account="3999"),))
    held = story.record()
    changed(story, charges=nothing)

    assert held.issue is not None
    assert held.issue.code is IssueCode.ACCOUNT_UNKNOWN
    assert [row[2] for row in rows(story)] == ["255.00", "-255.00"]
    assert story.complaints() == []


def test_an_article_that_was_deleted_in_fortnox_is_created_again_when_an_update_met_it() -> None:
    """What was remembered of it is forgotten with the refusal."""
    story = exported()
    story.fortnox.remove_entry(TENANT_ID, "articles", "PLOCK")
    changed(story, charges=(PICKS,))
    held = story.record()
    story.later(hours=1)
    story.attempt()

    assert held.state is ExportState.HELD
    assert story.complaints() == []


def test_a_currency_that_changed_is_changed_in_fortnox_too() -> None:
    """The same digits in another currency are another amount."""
    story = exported()
    owners = tuple(
        replace(owner, currency="EUR") if owner.id == 1 else owner
        for owner in story.ongoing.warehouse(WAREHOUSE).goods_owners
    )
    story.ongoing.put_warehouse(replace(story.ongoing.warehouse(WAREHOUSE), goods_owners=owners))
    story.fortnox.change_entry(TENANT_ID, "customers", "1001", {"Currency": "EUR"})
    changed(story)
    there = in_fortnox(story)

    assert (there["Currency"], str(there["CurrencyRate"])) == ("EUR", "11.25")
    assert story.complaints() == []


def test_a_foreign_invoice_gets_the_rate_of_fortnox_register() -> None:
    """Without a word about it the rate would be 1, and the bookkeeping wrong."""
    story = Story(invoice(PALLETS, owner=3))
    story.attempt()
    there = in_fortnox(story)

    assert (there["Currency"], str(there["CurrencyRate"])) == ("EUR", "11.25")


def test_a_total_that_differs_is_not_written_again_by_itself() -> None:
    """The same again would change nothing, and undo what a person does there; *Try again* does it."""
    story = Story(invoice(PALLETS))
    story.fortnox.change_options({"net_includes_fees": True})
    story.fortnox.change_entry(TENANT_ID, "customers", "1001", {"InvoiceAdministrationFee": "45"})
    story.attempt()
    story.fortnox.clear_calls()
    for _ in range(10):
        story.rest()
        story.attempt()
    by_itself = [call.method for call in story.fortnox.calls() if call.path.startswith("/3/")]
    story.fortnox.change_options({"net_includes_fees": False})
    story.integrations.ask_for(WAREHOUSE, frozenset({ONE}))
    story.attempt()

    assert by_itself == ["GET", "GET"]
    assert story.complaints() == []


def changed_amount(story: Story) -> None:
    """A row more."""
    story.ongoing.change_invoice(WAREHOUSE, ONE, charges=(PALLETS, PICKS))


def changed_number(story: Story) -> None:
    """A number of its own."""
    story.ongoing.change_invoice(WAREHOUSE, ONE, number="770001")


def changed_owner(story: Story) -> None:
    """Another goods owner, so another customer."""
    story.ongoing.change_invoice(WAREHOUSE, ONE, goods_owner_id=2)


@pytest.mark.parametrize("change", [changed_amount, changed_number, changed_owner])
@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.LOST_REQUEST, Fault.LATE, Fault.KILLED_AFTER])
def test_an_invoice_that_changes_while_its_post_is_in_doubt_ends_as_it_is_now(
    fault: Fault, change: Callable[[Story], None]
) -> None:
    """Found in Fortnox as it was, then updated; or sent once as it is."""
    probe = Story(invoice(PALLETS))
    probe.attempt()
    post = next(place for place, step in enumerate(probe.script.steps) if step.call == "POST /3/invoices")
    story = Story(invoice(PALLETS))
    story.script = Script({post: fault})
    story.attempt()
    change(story)
    story.rest()
    story.heal()

    assert story.complaints() == []
    assert len(story.in_fortnox()) == 1


def in_doubt(fault: Fault = Fault.LOST_ANSWER) -> Story:
    """A story whose POST got no answer."""
    probe = Story(invoice(PALLETS))
    probe.attempt()
    post = next(place for place, step in enumerate(probe.script.steps) if step.call == "POST /3/invoices")
    story = Story(invoice(PALLETS))
    story.script = Script({post: fault})
    story.attempt()
    return story


def credit(story: Story, number: str) -> None:
    """A person credits an invoice in Fortnox; the note gets the next number."""
    token = access_token(story.engine(), WAREHOUSE)
    headers = {"Authorization": f"Bearer {token}"}
    reply = story.fortnox.handle(Request.to("PUT", f"/3/invoices/{number}/credit", headers=headers))
    assert reply.status == 200


def test_a_credit_note_with_the_same_reference_is_not_taken_for_the_invoice() -> None:
    """Fortnox may copy the reference onto it. The invoice is found, and that nobody is to pay it is said."""
    story = in_doubt()
    credit(story, "1")
    story.rest()
    story.attempt()
    record = story.record()

    assert record.issue is not None
    assert (record.fortnox_number, record.issue.code) == ("1", IssueCode.INVOICE_CREDITED)
    assert len(story.in_fortnox()) == 2


def test_two_invoices_with_our_reference_are_held_and_never_become_three() -> None:
    """However long nobody does anything; when one of them is cancelled, the other one is taken."""
    story = in_doubt()
    credit(story, "1")
    story.fortnox.change_entry(TENANT_ID, "invoices", "2", {"Credit": "false", "CreditInvoiceReference": "0"})
    story.fortnox.change_entry(TENANT_ID, "invoices", "1", {"CreditInvoiceReference": "0"})
    for _ in range(10):
        story.rest()
        story.attempt()
    held, count = story.record(), len(story.in_fortnox())
    story.fortnox.change_entry(TENANT_ID, "invoices", "2", {"Cancelled": True})
    story.later(hours=1)
    story.attempt()

    assert held.issue is not None
    assert held.issue.code is IssueCode.FOUND_TWICE
    assert count == 2
    assert story.complaints() == []


def test_an_invoice_that_was_cancelled_while_its_post_was_in_doubt_is_not_marked() -> None:
    """A person wanted it gone: that is an issue, not a second invoice."""
    story = in_doubt()
    story.fortnox.change_entry(TENANT_ID, "invoices", "1", {"Cancelled": True})
    story.rest()
    story.heal()
    record = story.record()

    assert record.issue is not None
    assert record.issue.code is IssueCode.INVOICE_CANCELLED
    assert len(story.in_fortnox()) == 1
    assert not story.ongoing.invoice(WAREHOUSE, ONE).is_exported


def test_an_issue_ends_when_its_invoice_is_deleted_in_ongoing() -> None:
    """Nobody needs to fix what is gone."""
    story = Story(invoice(charge(account="1")), invoice(charge(account="2"), invoice_id=ONE + 1))
    story.attempt()
    story.ongoing.remove_invoice(WAREHOUSE, ONE)
    story.rest()
    summary = story.attempt()

    assert (story.record().issue, story.record(ONE + 1).state) == (None, ExportState.HELD)
    assert summary is not None
    integration = story.integrations.get(WAREHOUSE)
    assert integration is not None
    assert (summary.held, summary.sent, integration.unfinished) == (1, 0, frozenset({ONE + 1}))


def test_an_issue_ends_when_a_person_marks_the_invoice_as_exported() -> None:
    """They have typed it into Fortnox themselves; it is not sent."""
    story = Story(invoice(charge(account="1")))
    story.attempt()
    story.ongoing.change_invoice(WAREHOUSE, ONE, is_exported=True)
    story.rest()
    story.attempt()
    history = story.record().history

    assert (story.record().state, story.record().issue) == (ExportState.DONE, None)
    assert history[-1].kind is EventKind.LEFT
    assert story.in_fortnox() == []


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.LOST_REQUEST])
def test_an_invoice_marked_by_hand_while_its_post_is_in_doubt_is_looked_up_and_not_sent_again(fault: Fault) -> None:
    """If Fortnox has it, its number is written; if not, the person has dealt with it."""
    story = in_doubt(fault)
    story.ongoing.change_invoice(WAREHOUSE, ONE, is_exported=True)
    story.rest()
    story.heal()

    created = 1 if fault is Fault.LOST_ANSWER else 0
    assert len(story.in_fortnox()) == created
    assert story.record().state is ExportState.DONE
    assert bool(story.ongoing.invoice(WAREHOUSE, ONE).number) == bool(created)


def deleted(story: Story) -> Export:
    """The record after the invoice was deleted in Ongoing, and all has settled."""
    story.ongoing.remove_invoice(WAREHOUSE, ONE)
    story.rest()
    story.heal()
    return story.record()


def test_an_invoice_deleted_before_it_reached_fortnox_is_closed() -> None:
    """It was looked for, and was never created."""
    record = deleted(in_doubt(Fault.LOST_REQUEST))

    assert (record.state, record.fortnox_number, record.issue) == (ExportState.DONE, "", None)


def not_marked() -> Story:
    """Fortnox has the invoice, and Ongoing did not take its mark."""
    story = Story(invoice(PALLETS))
    story.ongoing.add_fault(FaultRule(effect=Effect.SUCCESS_FALSE, match=Match(operation="UpdateInvoice")))
    story.attempt()
    return story


@pytest.mark.parametrize("begin", [in_doubt, not_marked])
@pytest.mark.parametrize("end", [{"Cancelled": True}, {"CreditInvoiceReference": "77"}])
def test_an_invoice_that_fortnox_has_and_ongoing_deleted_is_an_issue_until_it_is_cancelled_or_credited(
    begin: Callable[[], Story], end: dict[str, object]
) -> None:
    """Somebody might pay it; the issue names its number, and ends by itself."""
    story = begin()
    held = deleted(story)
    set_in_fortnox(story, **end)
    story.later(hours=1)
    story.attempt()

    assert held.issue == Issue(code=IssueCode.DELETED_IN_WMS, params={"fortnox_number": "1"})
    assert (story.record().state, story.record().issue) == (ExportState.DONE, None)


def test_an_invoice_deleted_in_ongoing_is_left_in_fortnox_when_a_person_says_so() -> None:
    """*Try again* means: it is right as it is."""
    story = in_doubt()
    deleted(story)
    story.integrations.ask_for(WAREHOUSE, frozenset({ONE}))
    story.attempt()
    integration = story.integrations.get(WAREHOUSE)

    assert (story.record().state, story.record().fortnox_number) == (ExportState.DONE, "1")
    assert integration is not None
    assert (integration.asked, integration.unfinished) == (frozenset(), frozenset())


def test_an_invoice_deleted_in_ongoing_costs_one_question_an_hour() -> None:
    """And no write."""
    story = in_doubt()
    held = deleted(story)
    story.fortnox.clear_calls()
    for _ in range(12):
        story.rest()
        story.attempt()

    assert story.record() == held
    assert [call.path for call in story.fortnox.calls() if call.path.startswith("/3/")] == ["/3/invoices/1"] * 3


def test_an_invoice_that_comes_back_after_it_was_deleted_is_marked() -> None:
    """It is in Fortnox already."""
    story = in_doubt()
    deleted(story)
    story.ongoing.put_invoice(WAREHOUSE, invoice(PALLETS))
    story.rest()
    story.attempt()

    assert story.complaints() == []
    assert len(story.in_fortnox()) == 1


@pytest.mark.parametrize("changes", [{"export_when": ExportWhen.WHEN_ASKED}, {"from_date": date(2026, 3, 1)}])
def test_an_invoice_that_a_person_asked_for_is_tried_again_by_itself_when_it_was_held(
    changes: dict[str, Any],
) -> None:
    """One wish is enough, also where nothing is sent unasked."""
    story = Story(invoice(charge(account="1")), invoice(invoice_id=ONE + 1))
    integration = story.integrations.get(WAREHOUSE)
    assert integration is not None
    assert integration.settings is not None
    settings = replace(integration.settings, **changes)
    story.integrations.put(replace(integration, settings=settings, version=integration.version + 1))
    story.integrations.ask_for(WAREHOUSE, frozenset({ONE}))
    story.attempt()
    held = story.record().issue
    story.ongoing.change_invoice(WAREHOUSE, ONE, charges=(PALLETS,))
    story.rest()
    story.attempt()

    assert held is not None
    assert held.code is IssueCode.ACCOUNT_NOT_VALID
    assert (story.record().state, story.record().issue) == (ExportState.DONE, None)
    assert len(story.in_fortnox()) == 1


@pytest.mark.parametrize("fault", [None, Fault.LOST_ANSWER, Fault.LOST_REQUEST, Fault.LATE])
def test_a_date_that_changed_moves_the_due_date_by_as_many_days(fault: Fault | None) -> None:
    """Also when the answer is lost and the update made again."""
    story = exported()
    before = in_fortnox(story)["DueDate"]
    probe = exported()
    probe.script = Script({})
    changed(probe, invoice_date=date(2026, 3, 1))
    puts = [place for place, step in enumerate(probe.script.steps) if step.call.startswith("PUT")]
    story.script = Script({puts[-1]: fault} if fault else {})
    changed(story, invoice_date=date(2026, 3, 1))
    story.rest()
    story.heal()
    there = in_fortnox(story)

    assert (before, there["InvoiceDate"], there["DueDate"]) == ("2026-03-30", "2026-03-01", "2026-03-31")
    assert story.complaints() == []


def test_a_term_that_a_person_gave_in_fortnox_is_kept_when_the_date_changes() -> None:
    """Ten days are ten days."""
    story = exported()
    set_in_fortnox(story, DueDate="2026-03-10")
    changed(story, invoice_date=date(2026, 3, 1))

    assert in_fortnox(story)["DueDate"] == "2026-03-11"


def test_a_due_date_is_left_alone_when_the_date_stays() -> None:
    """Only rows have changed."""
    story = exported()
    set_in_fortnox(story, DueDate="2026-06-30")
    changed(story, charges=(PALLETS,))

    assert in_fortnox(story)["DueDate"] == "2026-06-30"


def test_an_invoice_that_left_and_comes_back_is_sent() -> None:
    """A list with a hole in it is no end of an invoice."""
    story = Story(invoice(charge(account="1")))
    story.attempt()
    story.ongoing.remove_invoice(WAREHOUSE, ONE)
    story.rest()
    story.attempt()
    story.ongoing.put_invoice(WAREHOUSE, invoice(PALLETS))
    story.rest()
    story.attempt()

    assert story.complaints() == []


def test_what_a_person_asks_for_during_a_run_is_not_forgotten_by_its_end() -> None:
    """A run answers only what was asked for when it began."""
    story = exported()
    story.ongoing.change_invoice(WAREHOUSE, ONE, is_exported=False)

    class Pressed(Script):
        def next(self, boundary: str, call: str) -> Fault | None:
            if call == "UpdateInvoice":
                story.integrations.ask_for(WAREHOUSE, frozenset({ONE}))
            return super().next(boundary, call)

    story.rest()
    story.script = Pressed({})
    story.attempt()
    integration = story.integrations.get(WAREHOUSE)

    assert integration is not None
    assert integration.asked == frozenset({ONE})


def test_a_held_invoice_costs_no_write_while_it_waits() -> None:
    """Its customer is asked for each hour; nothing is written until there is something new."""
    story = Story(invoice(PALLETS, owner=4))
    warehouse = story.ongoing.warehouse(WAREHOUSE)
    unknown = GoodsOwner(id=4, name="Ny AB", financial_code="9999")
    story.ongoing.put_warehouse(replace(warehouse, goods_owners=(*warehouse.goods_owners, unknown)))
    story.attempt()
    held = story.record()
    story.fortnox.clear_calls()
    for _ in range(12):
        story.rest()
        story.attempt()

    assert story.record() == held
    assert [call.path for call in story.fortnox.calls() if call.path.startswith("/3/")] == ["/3/customers/9999"] * 3


def test_a_currency_that_was_mended_in_fortnox_is_seen_at_once() -> None:
    """What is remembered of a customer never holds an invoice back."""
    story = exported()
    story.ongoing.put_invoice(WAREHOUSE, invoice(PALLETS, invoice_id=ONE + 1, owner=3))
    story.fortnox.change_entry(TENANT_ID, "customers", "1003", {"Currency": "SEK"})
    story.rest()
    story.attempt()
    held = story.record(ONE + 1)
    story.fortnox.change_entry(TENANT_ID, "customers", "1003", {"Currency": "EUR"})
    story.integrations.ask_for(WAREHOUSE, frozenset({ONE + 1}))
    story.rest()
    story.attempt()

    assert held.issue is not None
    assert held.issue.code is IssueCode.CURRENCY_DIFFERS
    assert story.complaints() == []
