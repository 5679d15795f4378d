"""Our record of an invoice is lost, and Fortnox has the invoice under its number: it is known by our reference."""

from decimal import Decimal

import pytest
from invoicing.domain.export import EventKind, ExportState
from invoicing.domain.issue import IssueCode

from local.fortnox.seed import TENANT_ID
from local.ongoing.seed import WAREHOUSE
from tests.books.books import NUMBER, Books, charge

OWN = "77001"  # the number that Ongoing gave it


@pytest.fixture
def books() -> Books:
    """In Fortnox under the number that it has in Ongoing."""
    books = Books()
    books.wms_invoice(number=OWN)
    books.sent()
    assert books.record.fortnox_number == OWN
    return books


def lose(books: Books) -> None:
    """The record is gone, as from a table that was restored to a moment before."""
    del books.world.exports._stored[WAREHOUSE, NUMBER]


def kinds(books: Books) -> list[EventKind]:
    """What happened, oldest first."""
    return [event.kind for event in books.record.history]


def test_it_is_taken_up_again_and_not_made_anew(books: Books) -> None:
    """Its number is refused, so the holder of the number is read: it is ours, and is set right."""
    lose(books)
    books.wms_invoice()
    books.run()

    assert len(books.documents) == 1
    assert books.marked
    assert kinds(books) == [
        *(EventKind.CLAIMED, EventKind.ADOPTED, EventKind.UPDATING, EventKind.UPDATED),
        EventKind.WRITTEN_BACK,
    ]
    assert (books.record.state, books.record.issue) == (ExportState.DONE, None)
    assert books.record.fingerprint
    assert books.record.fortnox_net == books.world.ongoing.invoice(WAREHOUSE, NUMBER).total


def test_it_is_made_equal_where_ongoing_has_changed(books: Books) -> None:
    """As when it is exported again: the sum is Ongoing's, on the same invoice."""
    lose(books)
    books.wms_invoice(charge(), charge(id=2, unit_price=Decimal("100.00")))
    books.run()

    assert len(books.documents) == 1
    assert EventKind.UPDATED in kinds(books)
    assert books.record.fortnox_net == books.world.ongoing.invoice(WAREHOUSE, NUMBER).total
    assert books.marked


def test_what_was_booked_meanwhile_is_not_changed(books: Books) -> None:
    """It is held, with a next step."""
    books.world.fortnox.change_entry(TENANT_ID, "invoices", OWN, {"Booked": True})
    lose(books)
    books.wms_invoice(charge(), charge(id=2, unit_price=Decimal("100.00")))
    books.run()

    assert books.record.issue is not None
    assert books.record.issue.code is IssueCode.INVOICE_BOOKED
    assert books.record.fortnox_number == OWN
    assert not books.marked


def test_it_is_not_sent_to_the_customer_a_second_time(books: Books) -> None:
    """Nobody knows what the lost record had said of it: it is left to people."""
    books.card(EmailInvoice="kund@kaffe.example")
    books.settings(send_invoices="email", send_after="two_hours")
    lose(books)
    books.wms_invoice()
    books.run()

    assert books.record.sending is None


def test_an_invoice_of_somebody_else_under_the_number_is_left_alone(books: Books) -> None:
    """Only the reference tells that it is ours."""
    books.world.fortnox.change_entry(TENANT_ID, "invoices", OWN, {"ExternalInvoiceReference1": "something else"})
    lose(books)
    books.wms_invoice()
    books.run()

    assert books.record.issue is not None
    assert books.record.issue.code is IssueCode.NUMBER_TAKEN
    assert books.record.fortnox_number == ""
    assert not books.marked


def test_what_the_customer_has_already_is_not_changed(books: Books) -> None:
    """Sent meanwhile: a person confirms that first."""
    books.person("externalprint")
    there = books.document
    lose(books)
    books.wms_invoice(charge(), charge(id=2, unit_price=Decimal("100.00")))
    books.run()

    assert books.record.issue is not None
    assert books.record.issue.code is IssueCode.INVOICE_SENT
    assert (books.document, books.marked) == (there, False)


def test_what_was_booked_and_is_right_is_marked_without_a_write(books: Books) -> None:
    """And the record knows again what it has."""
    fingerprint = books.record.fingerprint
    books.person("bookkeep")
    lose(books)
    books.wms_invoice()
    books.run()

    assert kinds(books) == [
        *(EventKind.CLAIMED, EventKind.ADOPTED, EventKind.UNCHANGED),
        EventKind.WRITTEN_BACK,
    ]
    assert (books.calls("PUT"), books.marked, books.record.fingerprint) == (0, True, fingerprint)


def test_a_sale_abroad_stays_on_the_articles_account_for_it() -> None:
    """What is set right again is right for this customer, and no article is made that is there."""
    books = Books().card(VATType="EUREVERSEDVAT", VATNumber="DK12345678").wms_invoice(number=OWN).sent()
    (before,) = books.document["InvoiceRows"]
    lose(books)
    books.wms_invoice()
    books.run()
    (row,) = books.document["InvoiceRows"]

    assert row["AccountNumber"] == before["AccountNumber"] != 3041
    assert (books.calls("POST", "articles", "units"), books.marked, books.issue) == (0, True, "")
