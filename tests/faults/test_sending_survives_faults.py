"""Every step of exporting, sending, booking and following fails in every way: no customer gets an invoice twice.

What was not sent is never lost in silence either: it is sent, or somebody is told.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from invoicing.application.decide_sending import send_now
from invoicing.domain.export import Export
from invoicing.domain.integration_settings import SendAfter, SendInvoices
from invoicing.domain.sending import SendStep
from invoicing.domain.settlement import Progress

from local.fortnox.seed import TENANT_ID
from local.ongoing.seed import WAREHOUSE
from tests.faults.exports import ONE, Fault, Plan, Script, Step, Story, invoice
from tests.faults.share import Share

RUNS = 10


class SendingStory(Story):
    """One invoice, which is to be sent two hours after it was made, and to be booked, and is followed then."""

    def __init__(self, send: SendInvoices = SendInvoices.EMAIL) -> None:
        super().__init__(invoice())
        self.fortnox.change_entry(TENANT_ID, "customers", "1001", {"EmailInvoice": "kund@kaffe.example"})
        found = self.integrations.get(WAREHOUSE)
        assert found is not None
        assert found.settings is not None
        settings = replace(
            found.settings,
            send_invoices=send,
            send_after=SendAfter.TWO_HOURS,
            book_when_sent=True,
            follow_payments=True,
        )
        self.integrations.put(replace(found, settings=settings, send_agreed=send, version=found.version + 1))

    def play(self, plan: Plan, *, deliveries: int = 1) -> "SendingStory":
        """It is made; its hour comes; an hour later it is followed. Each message comes so many times."""
        self.script = Script(plan)
        for hours in (0, 3, 2):
            self.later(hours=hours)
            for _ in range(deliveries):
                self.attempt()
            self.script.arrive()
        self.ended = len(self.script.steps)
        return self

    def heal(self) -> None:
        """Runs until there is nothing more to do, and what was on its way has arrived."""
        for _ in range(RUNS):
            self.script.arrive()
            self.later(minutes=70)
            self.attempt()

    @property
    def mails(self) -> int:
        """How often the customer got it."""
        return sum(len(self.fortnox.deliveries(TENANT_ID, str(one["DocumentNumber"]))) for one in self.in_fortnox())

    def complaints(self) -> list[str]:
        """What breaks a promise: of the invoice, of its sending, of what is known of it."""
        found = super().complaints()
        record = self.exports.get(WAREHOUSE, ONE)
        sending = record.sending if record is not None else None
        if self.mails > 1:
            found.append(f"sent {self.mails} times")
        if record is None or sending is None:
            return [*found, "nothing is known of its sending"]
        if sending.problem is None and (sending.step is not SendStep.BOOKED or self.mails != 1):
            found.append(f"{sending.step}, sent {self.mails} times, and nobody is told")
        if sending.problem is not None and (self.mails or not self._is_told(record)):
            found.append(f"{sending.problem.code}, though sent {self.mails} times; told: {self._is_told(record)}")
        known = record.settlement
        if sending.step is SendStep.BOOKED and (known is None or known.reached is not Progress.SENT):
            found.append(f"it is known as {known}")
        return found

    def _is_told(self, record: Export) -> bool:
        found = self.integrations.get(WAREHOUSE)
        return bool(found and found.last_run and record.invoice_id in found.last_run.send_problems)


def plans(deliveries: int) -> Iterator[dict[int, Fault]]:
    """Each fault at each step."""
    for place, step in enumerate(SendingStory().play({}, deliveries=deliveries).script.steps):
        for fault in step.faults:
            yield {place: fault}


def of_sending(step: Step) -> bool:
    """Whether a step has to do with what comes after the export."""
    return step.boundary != "ongoing"


def test_the_story_has_what_it_is_about() -> None:
    """Made, read, sent once, booked, followed."""
    calls = [step.call for step in SendingStory().play({}).script.steps if step.boundary == "fortnox"]

    assert [call for call in calls if "invoices" in call] == [
        "POST /3/invoices",
        "GET /3/invoices",
        "GET /3/invoices",
        "GET /3/invoices/1",
        "GET /3/invoices/1/email",
        "PUT /3/invoices/1/bookkeep",
        "GET /3/invoices",
        "GET /3/invoices",
    ]


@pytest.mark.parametrize("deliveries", [1, 2])
def test_no_single_fault_sends_twice_or_loses(deliveries: int) -> None:
    """Whatever is lost, late, garbled or killed, and if each message comes twice."""
    broken = {}
    for plan in plans(deliveries):
        story = SendingStory().play(plan, deliveries=deliveries)
        if story.mails > 1:
            broken[str(plan)] = ["sent twice at once"]
        story.heal()
        if complaints := story.complaints():
            broken[f"{plan} {story.script.steps[next(iter(plan))]}"] = complaints

    assert broken == {}


@pytest.mark.enumerated
def test_no_pair_of_faults_sends_twice_or_loses(share: Share) -> None:
    """The second one meets the same runs."""
    clean = SendingStory().play({})
    places = [place for place, step in enumerate(clean.script.steps) if of_sending(step)]
    pairs = [
        {first: fault, second: other}
        for first, second in product(places, places)
        if first < second
        for fault in clean.script.steps[first].telling_faults
        for other in clean.script.steps[second].telling_faults
    ]
    broken = {}
    for pair in share.pick(pairs):
        story = SendingStory().play(pair)
        story.heal()
        if complaints := story.complaints():
            broken[str(pair)] = complaints

    assert broken == {}


@pytest.mark.parametrize("fault", [Fault.LOST_REQUEST, Fault.KILLED_BEFORE, Fault.STATUS_500, Fault.GATEWAY])
def test_a_person_sends_what_was_not_sent(fault: Fault) -> None:
    """After a request that was lost: nothing but a person's click sends it once more, and once only."""
    clean = SendingStory().play({})
    place = next(place for place, step in enumerate(clean.script.steps) if step.call.endswith("/email"))
    story = SendingStory().play({place: fault})
    story.heal()
    assert story.mails == 0
    record, found = story.record(), story.integrations.get(WAREHOUSE)
    assert found is not None
    assert record.sending is not None
    assert send_now(story.change_tools(), found, ONE, turn=record.sending.turn, by="anna", later_too=False)
    story.run(by="anna")
    story.heal()

    assert story.mails == 1
    assert story.complaints() == []
