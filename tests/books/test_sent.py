"""Invoices on their way to customers: at their hour, once, and never behind anybody's back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from invoicing.application.change_integration import pause
from invoicing.application.decide_invoice import decide_invoice
from invoicing.application.decide_sending import send_now, stop_sending
from invoicing.domain.decision import Way
from invoicing.domain.export import EventKind
from invoicing.domain.hint import HintCode
from invoicing.domain.issue import IssueCode
from invoicing.domain.sending import Sending, SendStep

from local.fortnox.seed import TENANT_ID
from tests.books.books import NUMBER, Books

ROW = {"ArticleNumber": "100", "DeliveredQuantity": "12", "Price": 80, "AccountNumber": 3041}


class Sent(Books):
    """The one invoice, which is to be sent."""

    @classmethod
    def waiting(cls, *, agreed: bool = True, address: str = "kund@kaffe.example", **choices: str) -> Sent:
        """In Fortnox since a minute, and waiting for its hour; a person has let such invoices go, unless said."""
        books = cls()
        books.card(EmailInvoice=address, Email=address)
        books.settings(**{"send_invoices": "email", "send_after": "two_hours", **choices})
        if agreed:
            books.agree()
        books.sent()
        return books

    def agree(self) -> None:
        """As if an earlier invoice had been sent by a person."""
        integration, put = self.integration, self.world.integrations.put
        settings = integration.settings
        assert settings is not None
        put(replace(integration, send_agreed=settings.send_invoices, version=integration.version + 1))

    @property
    def sending(self) -> Sending:
        """What the record says."""
        found = self.record.sending
        assert found is not None
        return found

    @property
    def problem(self) -> IssueCode | None:
        """What keeps it from the customer."""
        return self.sending.problem.code if self.sending.problem else None

    @property
    def deliveries(self) -> tuple[str, ...]:
        """What the customer got."""
        return self.world.fortnox.deliveries(TENANT_ID, self.record.fortnox_number)

    def hour(self) -> Sent:
        """Its hour comes, and the schedule's run."""
        self.run(after=timedelta(hours=3))
        return self

    def presses(self, *, later_too: bool = False, turn: int | None = None, by: str = "anna") -> bool:
        """Somebody presses *Send now*."""
        seen = self.sending.turn if turn is None else turn
        return send_now(self.world.change_tools(), self.integration, NUMBER, turn=seen, by=by, later_too=later_too)

    def stops(self, *, turn: int | None = None, by: str = "bo") -> bool:
        """Somebody presses *Stop*."""
        seen = self.sending.turn if turn is None else turn
        return stop_sending(self.world.change_tools(), self.integration, NUMBER, turn=seen, by=by)

    def fault(self, effect: str, path: str = "/email", **more: Any) -> None:
        """The next such call to Fortnox fails."""
        self.world.fortnox.add_faults([{"effect": effect, "match": {"path_regex": path}, **more}])


def test_off_nothing_is_planned_and_nothing_is_asked() -> None:
    """The record knows nothing of it, and no run makes a call."""
    books = Sent()
    books.sent()
    books.run(after=timedelta(days=3))

    assert books.record.sending is None
    assert books.world.fortnox.calls() == []


@pytest.mark.parametrize(("choice", "delivered"), [("email", ("email",)), ("e_invoice", ("einvoice",)), ("print", ())])
def test_it_is_sent_at_its_hour_and_not_before(choice: str, delivered: tuple[str, ...]) -> None:
    """One read and one call; then no run asks anything more."""
    books = Sent.waiting(send_invoices=choice)
    books.run()
    assert not books.document["Sent"]
    books.hour()

    assert books.document["Sent"]
    assert books.deliveries == delivered
    assert books.calls("GET", "invoices") + books.calls("PUT", "invoices") == 2
    assert books.sending.step is SendStep.SENT
    books.run(after=timedelta(days=2))
    assert books.world.fortnox.calls() == []
    assert books.deliveries == delivered


def test_it_is_booked_where_that_is_wanted() -> None:
    """After it was sent."""
    books = Sent.waiting(book_when_sent="on").hour()

    assert (books.document["Sent"], books.document["Booked"]) == (True, True)
    assert books.sending.step is SendStep.BOOKED


MAIL = {"mail_subject": "Faktura {no} – lager & frakt", "mail_text": "Hej!\n\nHär är faktura {no}."}


def test_the_mail_says_what_the_settings_say() -> None:
    """With the invoice itself, so that it costs no call; the address stays the customer's."""
    books = Sent.waiting(mail_subject=MAIL["mail_subject"], mail_text=MAIL["mail_text"])
    made = books.document["EmailInformation"]
    books.hour()

    assert (made["EmailSubject"], made["EmailBody"]) == (MAIL["mail_subject"], MAIL["mail_text"])
    assert made["EmailAddressTo"] == "kund@kaffe.example"
    assert books.deliveries == ("email",)
    assert books.calls("GET", "invoices") + books.calls("PUT", "invoices") == 2


@pytest.mark.parametrize("choices", [{}, {**MAIL, "send_invoices": "e_invoice"}, {**MAIL, "send_invoices": "leave"}])
def test_where_nothing_is_said_or_nothing_is_mailed_fortnox_is_told_nothing(choices: dict[str, str]) -> None:
    """Its own subject and text stay."""
    books = Sent()
    books.card(EmailInvoice="kund@kaffe.example")
    books.settings(**{"send_invoices": "email", "send_after": "two_hours", **choices})
    books.sent()

    assert books.document["EmailInformation"]["EmailSubject"] == "Faktura {no} bifogas"


def test_a_subject_alone_leaves_fortnoxs_text() -> None:
    """And what Fortnox does not take is written otherwise, but for the place of the number."""
    books = Sent.waiting(mail_subject="{no}: < 3 dagar {x}")

    assert books.document["EmailInformation"]["EmailSubject"] == "{no}: under 3 dagar (x)"
    assert books.document["EmailInformation"]["EmailBody"] == " "


def test_a_mails_text_stops_no_invoice() -> None:
    """Fortnox refuses it: the invoice is made without, once, and says so from then on."""
    books = Sent()
    books.world.fortnox.change_options({"mail_number_allowed": False})
    books.card(EmailInvoice="kund@kaffe.example")
    books.settings(**{"send_invoices": "email", "send_after": "two_hours", **MAIL})
    books.sent()
    books.asked()

    assert books.document["EmailInformation"]["EmailSubject"] == "Faktura {no} bifogas"
    assert [one.code for one in books.record.hints] == [HintCode.MAIL_TEXTS_REFUSED]


def test_what_is_refused_for_something_else_is_held_for_that() -> None:
    """Texts of mails hide nothing."""
    books = Sent()
    books.card(EmailInvoice="kund@kaffe.example")
    books.settings(**{"send_invoices": "email", "send_after": "two_hours", **MAIL})
    body = {"ErrorInformation": {"error": 1, "message": "Nej.", "code": 2000204}}
    match = {"method": "POST", "path_regex": "/3/invoices$"}
    books.world.fortnox.add_faults([{"effect": "status", "status": 400, "body": body, "match": match, "times": None}])
    books.run()

    assert books.documents == {}
    assert books.record.issue is not None


@pytest.mark.parametrize(
    ("option", "delivered", "problem"),
    [("is_ignored", ("email",), None), ("is_replaced", (), IssueCode.SEND_NO_ADDRESS)],
)
def test_a_fortnox_that_takes_the_mail_otherwise_is_told(
    option: str, delivered: tuple[str, ...], problem: IssueCode | None
) -> None:
    """Nobody has published what a part of it does to the rest: nothing is sent in silence, or not sent in silence."""
    books = Sent()
    books.world.fortnox.change_options({"mail_information": option})
    books.card(EmailInvoice="kund@kaffe.example", Email="kund@kaffe.example")
    books.settings(**{"send_invoices": "email", "send_after": "two_hours", **MAIL})
    books.agree()
    books.sent()
    books.hour()

    assert books.deliveries == delivered
    assert books.problem is problem


@pytest.mark.parametrize(("card", "delivered"), [("EMAIL", ("email",)), ("ELECTRONICINVOICE", ("einvoice",))])
def test_as_the_card_says(card: str, delivered: tuple[str, ...]) -> None:
    """Read when the invoice was made."""
    books = Sent()
    books.card(EmailInvoice="kund@kaffe.example", DefaultDeliveryTypes={"Invoice": card})
    books.settings(send_invoices="as_on_customer", send_after="two_hours")
    books.agree()
    books.sent()
    books.hour()

    assert books.deliveries == delivered


def test_the_first_one_waits_for_a_persons_word() -> None:
    """Its hour comes and goes; it is an issue until somebody has looked, and then later ones go by themselves."""
    books = Sent.waiting(agreed=False).hour()
    assert not books.deliveries
    assert books.problem is IssueCode.SEND_NOT_AGREED

    assert books.presses(later_too=True)
    books.run(by="anna")

    assert books.deliveries == ("email",)
    assert books.integration.sends_agreed


def test_a_word_for_one_is_no_word_for_all() -> None:
    """*Send only this one now*."""
    books = Sent.waiting(agreed=False)
    books.presses()
    books.run(by="anna")

    assert books.deliveries == ("email",)
    assert not books.integration.sends_agreed


def test_those_that_waited_for_the_word_are_sent_with_it() -> None:
    """Also if their hours are long past."""
    books = Sent.waiting(agreed=False)
    books.another(7002)
    books.run()
    books.hour()
    books.presses(later_too=True)
    books.run(by="anna")

    other = books.record_of(7002)
    assert other is not None
    assert books.world.fortnox.deliveries(TENANT_ID, other.fortnox_number) == ("email",)


def test_it_holds_for_invoices_from_then_on() -> None:
    """One that was made before is left as it is, also when it is exported again."""
    books = Sent()
    books.card(EmailInvoice="kund@kaffe.example")
    books.sent()
    books.settings(send_invoices="email", send_after="two_hours")
    books.agree()
    books.wms_invoice()
    books.run()
    books.hour()

    assert books.record.sending is None
    assert not books.deliveries


def test_taken_back_nothing_more_is_sent() -> None:
    """What waits is stopped, also if it is switched on again later."""
    books = Sent.waiting()
    books.settings(send_invoices="leave")
    books.hour()
    books.settings(send_invoices="email")
    books.hour()

    assert books.sending.step is SendStep.STOPPED
    assert not books.deliveries


def test_after_a_long_pause_nothing_leaves_at_once() -> None:
    """Whoever resumes has another chance to stop what waits."""
    books = Sent.waiting()
    pause(books.world.change_tools(), books.integration, paused=True, by="anna")
    books.world.later(days=7)
    pause(books.world.change_tools(), books.integration, paused=False, by="anna")
    books.run()
    assert not books.deliveries

    books.run(after=timedelta(days=1))
    assert books.deliveries == ("email",)


def test_a_person_stops_it() -> None:
    """Until its hour."""
    books = Sent.waiting()
    assert books.stops()
    books.hour()

    assert not books.deliveries
    assert [event.by for event in books.record.history if event.kind is EventKind.SEND_STOPPED] == ["bo"]


def test_two_people_press_both_buttons() -> None:
    """The first one counts, and the other one is told that things have changed."""
    for stop_first in (True, False):
        books = Sent.waiting()
        turn = books.sending.turn
        first, second = (books.stops, books.presses) if stop_first else (books.presses, books.stops)

        assert first(turn=turn)
        assert not second(turn=turn)
        books.run(by="anna")
        assert books.deliveries == (() if stop_first else ("email",))


def test_a_button_that_is_pressed_too_late_does_nothing() -> None:
    """It was sent while the page was open."""
    books = Sent.waiting()
    turn = books.sending.turn
    books.hour()

    assert not books.stops(turn=turn)
    assert not books.presses(turn=turn)
    assert books.deliveries == ("email",)


def test_sent_by_a_person_in_fortnox_it_is_not_sent_again() -> None:
    """Before its hour."""
    books = Sent.waiting()
    books.person("externalprint")
    books.hour()

    assert not books.deliveries
    assert books.record.history[-1].kind is EventKind.SENT_BY_PERSON


@pytest.mark.parametrize("changed", ["rows", "cancelled", "credited", "gone"])
def test_what_is_not_as_we_left_it_is_not_sent(changed: str) -> None:
    """Somebody looks first."""
    books = Sent.waiting()
    number = books.record.fortnox_number
    match changed:
        case "rows":
            books.person_changes(InvoiceRows=[ROW])
        case "cancelled":
            books.person("cancel")
        case "credited":
            books.person("credit")
        case "gone":
            books.world.fortnox.remove_entry(TENANT_ID, "invoices", number)
    books.hour()

    assert books.problem is IssueCode.SEND_CHANGED
    assert changed == "gone" or books.deliveries == ()


def test_a_person_who_has_looked_sends_it_all_the_same() -> None:
    """Another price may be right; a cancelled invoice never is."""
    books = Sent.waiting()
    books.person_changes(InvoiceRows=[ROW])
    books.hour()
    books.presses()
    books.run(by="anna")
    assert books.deliveries == ("email",)

    books = Sent.waiting()
    books.person("cancel")
    books.hour()
    books.presses()
    books.run(by="anna")
    assert not books.deliveries


def test_an_invoice_that_is_held_waits() -> None:
    """Totals and VAT are checked before anything leaves."""
    books = Sent()
    books.card(EmailInvoice="kund@kaffe.example")
    books.settings(send_invoices="email", send_after="two_hours")
    books.agree()
    books.account(3041, VATCode="")
    books.run()
    books.hour()

    assert books.record.issue is not None
    assert not books.deliveries


def test_without_an_address_a_person_is_told_what_to_do() -> None:
    """And sends it when the address is there."""
    books = Sent.waiting(address="").hour()
    assert books.problem is IssueCode.SEND_NO_ADDRESS
    books.run(after=timedelta(days=1))
    assert not books.deliveries
    books.person_changes(EmailInformation={"EmailAddressTo": "kund@kaffe.example"})
    books.presses()
    books.run(by="anna")

    assert books.deliveries == ("email",)


def test_without_the_licence_exports_go_on_and_sending_is_tried_again() -> None:
    """It is an issue of its own; when the licence is there, it is sent by itself."""
    books = Sent.waiting()
    books.options(sending_licensed=False)
    books.hour()
    assert books.problem is IssueCode.SEND_NOT_LICENSED
    books.another(7002)
    books.run()
    other = books.record_of(7002)
    assert other is not None
    assert other.fortnox_number
    books.options(sending_licensed=True)
    books.run(after=timedelta(minutes=70))

    assert books.deliveries == ("email",)


@pytest.mark.parametrize(
    ("effect", "more"),
    [("after", {}), ("truncate", {}), ("html", {"commit": True}), ("body", {"body": {"Invoice": {}}})],
)
def test_a_lost_answer_after_it_was_sent_is_found_out(effect: str, more: dict[str, Any]) -> None:
    """`Sent` is read, and nothing is sent again."""
    books = Sent.waiting()
    books.fault(effect, **more)
    books.hour()
    books.run()

    assert books.deliveries == ("email",)
    assert books.sending.step is SendStep.SENT


@pytest.mark.parametrize(("effect", "more"), [("before", {}), ("status", {"status": 500})])
def test_a_lost_request_is_sent_again_only_by_a_person(effect: str, more: dict[str, Any]) -> None:
    """However long it waits."""
    books = Sent.waiting()
    books.fault(effect, **more)
    books.hour()
    for _ in range(5):
        books.run(after=timedelta(hours=5))

    assert not books.deliveries
    assert books.problem is IssueCode.SEND_UNCLEAR
    books.presses()
    books.run(by="anna")
    assert books.deliveries == ("email",)


def test_too_many_calls_is_no_sending() -> None:
    """It was certainly not carried out: the next run sends it."""
    books = Sent.waiting()
    books.fault("status", status=429)
    books.hour()
    books.run()

    assert books.deliveries == ("email",)


def test_a_new_invoice_in_its_place_is_planned_anew() -> None:
    """Cancelled before it was sent, and made new: the new one has its own hour."""
    books = Sent.waiting().hour()
    assert books.sending.step is SendStep.SENT
    first = books.record.fortnox_number
    books.person("credit")
    books.wms_invoice()
    books.run()
    decide_invoice(books.world.change_tools(), books.integration, NUMBER, Way.MAKE_NEW, by="anna")
    books.run(by="anna")
    assert books.record.fortnox_number != first
    assert not books.deliveries
    books.hour()

    assert books.deliveries == ("email",)
    assert books.world.fortnox.deliveries(TENANT_ID, first) == ("email",)


def test_it_waits_for_its_specification_which_goes_out_with_it() -> None:
    """A customer cannot get the same invoice again; a person may send it all the same."""
    books = Sent()
    books.card(EmailInvoice="kund@kaffe.example", Email="kund@kaffe.example")
    books.settings(send_invoices="email", send_after="two_hours")
    books.world.attach_specifications()
    books.agree()
    books.world.fortnox.add_faults(
        [{"effect": "status", "status": 500, "times": 3, "match": {"path_regex": "archive"}}]
    )
    books.sent()
    books.hour()
    waited = books.deliveries
    books.hour()
    books.hour()
    books.hour()

    assert waited == ()
    assert books.record.attachment is not None
    assert books.record.attachment.id
    assert books.deliveries == ("email",)
