"""Hints: what a careful bookkeeper mentions and what stops nothing, before an invoice is sent and after."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from invoicing.application.rehearse import rehearse
from invoicing.domain.export import Export, ExportState
from invoicing.domain.hint import Hint, HintCode
from invoicing.domain.integration_settings import Language
from invoicing.domain.notice import NoticeKind
from invoicing.rendering.hint_texts import hint_text

from tests.books.books import Books, charge

FEES = {"InvoiceAdministrationFee": "45", "InvoiceFreight": "100"}
ABROAD = {"VATType": "EUREVERSEDVAT", "VATNumber": ""}


def late(books: Books, *, days: int = 75) -> Books:
    """The invoice is dated so long ago."""
    return books.wms_invoice(invoice_date=books.world.today - timedelta(days=days))


def codes(record: Export) -> set[HintCode]:
    """What is mentioned about it."""
    return {hint.code for hint in record.hints}


def rehearsed(books: Books) -> tuple[Hint, ...]:
    """What the dress rehearsal mentions about the one invoice that is due."""
    integration = books.integration
    (one,) = rehearse(books.world.parts.rehearsal_tools(integration), integration)
    return one.hints


CASES: dict[str, tuple[dict[str, Any], int, set[HintCode]]] = {
    "nothing": ({}, 0, set()),
    "due before it is sent": ({"TermsOfPayment": "30"}, 75, {HintCode.BORN_OVERDUE}),
    "due today": ({"TermsOfPayment": "30"}, 30, set()),
    "due yesterday": ({"TermsOfPayment": "30"}, 31, {HintCode.BORN_OVERDUE}),
    "an address without a country": (
        {"DeliveryAddress1": "Port 4", "DeliveryCountry": "", "DeliveryCountryCode": ""},
        0,
        {HintCode.DELIVERY_COUNTRY_MISSING},
    ),
    "no VAT number in the EU": (ABROAD, 0, {HintCode.VAT_NUMBER_MISSING}),
    "fees": (FEES, 0, {HintCode.FEES_ADDED}),
    "a fee of nothing": ({"InvoiceFreight": "0"}, 0, set()),
}


@pytest.mark.parametrize("case", CASES)
def test_an_invoice_that_was_sent_says_what_is_worth_knowing(case: str) -> None:
    """And was sent all the same."""
    card, days, expected = CASES[case]
    books = late(Books().card(**card), days=days).sent()

    assert books.record.state is ExportState.DONE
    assert codes(books.record) == expected


@pytest.mark.parametrize("case", CASES)
def test_the_rehearsal_says_it_beforehand(case: str) -> None:
    """The same things; of fees, it does not know yet what they come to."""
    card, days, expected = CASES[case]
    hints = rehearsed(late(Books().card(**card), days=days))

    assert {HintCode.FEES_ADDED if one.code is HintCode.FEES_EXPECTED else one.code for one in hints} == expected


def test_terms_that_the_card_does_not_say_are_known_afterwards() -> None:
    """They are the company's own; Fortnox's answer has the due date."""
    books = late(Books().card(TermsOfPayment=""))

    assert rehearsed(books) == ()
    assert codes(books.sent().record) == {HintCode.BORN_OVERDUE}


def test_a_due_date_that_counts_from_sending_is_never_past() -> None:
    """There is nothing to say, whether the card says the terms or Fortnox's answer does."""
    for terms in ("30", ""):
        books = late(Books().card(TermsOfPayment=terms).settings(due_date_from="sending"))

        assert rehearsed(books) == ()
        assert books.sent().record.hints == ()


def test_fees_that_are_sent_as_nothing_are_no_hint() -> None:
    """The setting *none*."""
    books = Books().card(**FEES).settings(fees="none")

    assert rehearsed(books) == ()
    assert books.sent().record.hints == ()


def test_a_hint_goes_when_its_cause_is_gone() -> None:
    """An update asks anew; that it was late when it was sent stays true until somebody moves the due date."""
    books = late(Books().card(TermsOfPayment="30", **FEES)).sent()
    first = codes(books.record)
    books.settings(fees="none").wms_invoice(charge(quantity=charge().quantity + 1)).run()
    second = codes(books.record)
    books.person_changes(DueDate=str(books.world.today + timedelta(days=30)))
    books.wms_invoice(charge(quantity=charge().quantity + 2)).run()

    assert first == {HintCode.BORN_OVERDUE, HintCode.FEES_ADDED}
    assert second == {HintCode.BORN_OVERDUE}
    assert codes(books.record) == set()


def test_an_update_after_the_due_date_is_not_born_overdue() -> None:
    """It was in time when it was sent."""
    books = Books().card(TermsOfPayment="30").sent()
    books.world.later(days=60)
    books.wms_invoice(charge(quantity=charge().quantity + 1)).run()

    assert (books.document["Net"], books.record.hints) == (1105, ())


def test_what_was_found_after_a_lost_answer_is_judged_as_well() -> None:
    """Adopted by its reference, and never read before."""
    books = late(Books().card(TermsOfPayment="30", **FEES))
    rule = {"match": {"method": "POST", "path_regex": "^/3/invoices"}, "times": 1, "effect": "after"}
    books.world.fortnox.add_faults([rule])
    books.run().run().run()

    assert books.record.state is ExportState.DONE
    assert codes(books.record) == {HintCode.BORN_OVERDUE, HintCode.FEES_ADDED}


def test_the_closing_mail_counts_them() -> None:
    """What waited while the keys were dead is what is born overdue."""
    books = late(Books().card(TermsOfPayment="30", **FEES))
    books.another(7001, invoice_date=books.world.today)
    books.world.integrations.mark_broken(books.integration.id, at=books.world.clock())
    books.world.later(hours=3)
    books.world.approve(books.world.start())
    books.run()
    (closing,) = [notice.closing for notice in books.world.notices.all if notice.kind is NoticeKind.REACTIVATED]

    assert closing is not None
    assert closing.sent.count == 2
    assert closing.sent.hints == {HintCode.BORN_OVERDUE: 1, HintCode.FEES_ADDED: 2}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", HintCode)
def test_every_hint_has_its_words(code: HintCode, language: Language) -> None:
    """All that it names is filled in."""
    params = {"due_date": str(date(2026, 1, 31)), "customer_number": "1001", "amount": "145", "currency": "SEK"}
    text = hint_text(Hint(code=code, params=params), language)

    assert text
    assert "%(" not in text


def test_what_was_sent_in_time_is_not_overdue_because_its_answer_was_lost() -> None:
    """It is found a day later, and was asked for on the day on which it was due."""
    books = late(Books().card(TermsOfPayment="30"), days=30)
    rule = {"match": {"method": "POST", "path_regex": "^/3/invoices"}, "times": 1, "effect": "after"}
    books.world.fortnox.add_faults([rule])
    books.run().run(after=timedelta(days=1))

    assert books.marked
    assert codes(books.record) == set()
