"""VAT and accounts: no domestic account abroad, and no VAT that cannot be right."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from invoicing.domain.export import ExportState
from invoicing.domain.issue import IssueCode

from local.fortnox.seed import TENANT_ID
from tests.books.books import CUSTOMER, Books, charge, names_all

ABROAD = {
    "SEREVERSEDVAT": (3231, 0),
    "EUREVERSEDVAT": (3308, 0),
    "EUVAT": (3307, 255),
    "EXPORT": (3305, 0),
}
"""The account that Fortnox chooses for a service, and the VAT on 1020."""


def abroad(books: Books, vat_type: str, **fields: Any) -> Books:
    """The customer is somewhere else."""
    return books.card(VATType=vat_type, VATNumber="DK12345678", **fields)


def test_a_swedish_customer_gets_ongoings_account() -> None:
    """With VAT, and the day of delivery."""
    books = Books().wms_invoice(charge(account="3042")).sent()
    (row,) = books.document["InvoiceRows"]

    assert (row["AccountNumber"], books.document["TotalVAT"]) == (3042, 255)
    assert books.document["DeliveryDate"] == "2026-02-28"


@pytest.mark.parametrize("vat_type", ABROAD)
@pytest.mark.parametrize("code", ["100", "NEW"])
def test_a_sale_abroad_stands_on_the_articles_account_for_it(vat_type: str, code: str) -> None:
    """Ongoing's domestic account is not sent; articles that we made behave alike."""
    account, vat = ABROAD[vat_type]
    books = abroad(Books().wms_invoice(charge(code=code)), vat_type).sent()
    (row,) = books.document["InvoiceRows"]

    assert (row["AccountNumber"], books.document["TotalVAT"], books.document["Net"]) == (account, vat, 1020)
    assert books.record.state is ExportState.DONE


@pytest.mark.parametrize("vat_type", ABROAD)
def test_a_sale_abroad_can_be_held_instead(vat_type: str) -> None:
    """The issue names customer, VAT type and account."""
    books = abroad(Books().settings(accounts_abroad="hold"), vat_type).run()

    assert (books.documents, books.record.state) == ({}, ExportState.HELD)
    assert names_all(books.issue, (CUSTOMER, vat_type, "3041"))


def test_ongoings_account_can_be_sent_all_the_same() -> None:
    """When a warehouse keeps price lists for customers abroad."""
    books = abroad(Books().settings(accounts_abroad="wms").wms_invoice(charge(account="3308")), "EUREVERSEDVAT").sent()
    (row,) = books.document["InvoiceRows"]

    assert row["AccountNumber"] == 3308


def test_a_sale_to_the_eu_is_told_to_skatteverket() -> None:
    """As services, since that is what a warehouse sells."""
    books = abroad(
        Books().wms_invoice(charge(), charge(id=2, code="NEW", title="Tull", account="3051")), "EUREVERSEDVAT"
    )
    books.sent()

    assert [(line["Goods"], line["Services"]) for line in books.ec_sales_list()] == [(0, 2040)]


@pytest.mark.parametrize("vat_type", ["SEVAT", "EUVAT"])
def test_no_vat_where_vat_is_due_is_an_issue(vat_type: str) -> None:
    """An account lost its VAT code: customer, VAT type and account are named, and nothing is marked."""
    number = {"SEVAT": 3041, "EUVAT": 3307}[vat_type]
    books = abroad(Books(), vat_type).account(number, VATCode="").run()

    assert names_all(books.issue, (CUSTOMER, vat_type, str(number)))
    assert not books.marked
    assert books.writes == 1  # its card says what it said, so nothing would be mended by writing it again


@pytest.mark.parametrize("code", ["MP2", "MP3"])
def test_a_lower_rate_is_right_too(code: str) -> None:
    """Whatever the account's VAT code says."""
    books = Books().account(3041, VATCode=code).sent()

    assert books.document["TotalVAT"] == {"MP2": Decimal("122.4"), "MP3": Decimal("61.2")}[code]


@pytest.mark.parametrize("vat_type", ["SEREVERSEDVAT", "EUREVERSEDVAT", "EXPORT"])
def test_vat_where_there_must_be_none_is_an_issue(vat_type: str) -> None:
    """Somebody at Fortnox put VAT on it: exported again it is not done in silence."""
    books = abroad(Books(), vat_type).sent().person_changes(InvoiceRows=[{"VAT": 25}])
    books.wms_invoice(charge(quantity=Decimal(13))).run()

    assert books.record.issue is not None or books.document["TotalVAT"] == 0


def test_accounts_of_mixed_vat_are_judged_row_by_row() -> None:
    """One row bears VAT and one does not: what bears none is named."""
    books = Books().account(3042, VATCode="")
    books.wms_invoice(charge(), charge(id=2, code="NEW", title="Plock", account="3042")).run()

    assert names_all(books.issue, (CUSTOMER, "3042"))


@pytest.mark.parametrize("code", ["MF", ""])
def test_a_company_without_vat_is_asked_nothing(code: str) -> None:
    """0 everywhere is right there."""
    books = Books().account(3041, VATCode=code)
    books.world.fortnox.change_company(TENANT_ID, {"vat_registered": False})
    books.sent()

    assert (books.document["TotalVAT"], books.issue) == (0, "")


@pytest.mark.parametrize("fees", [{"InvoiceFreight": "100"}, {"InvoiceAdministrationFee": "45"}])
@pytest.mark.parametrize("vat_type", ["SEVAT", *ABROAD])
def test_the_vat_of_fees_is_no_difference(vat_type: str, fees: dict[str, str]) -> None:
    """It is taken off before the rows are judged."""
    books = abroad(Books(), vat_type, **fees).sent()

    assert (books.record.state, books.issue) == (ExportState.DONE, "")


def test_vat_of_fees_does_not_hide_that_the_rows_have_none() -> None:
    """Only the fee bears VAT: that is not enough."""
    books = Books().card(InvoiceFreight="100").account(3041, VATCode="").run()

    assert "3041" in books.issue


@pytest.mark.parametrize("vat_type", ["SEREVERSEDVAT", "EUREVERSEDVAT", "EXPORT"])
def test_a_customer_that_changes_between_check_and_send_is_seen_in_the_answer(vat_type: str) -> None:
    """We remember SEVAT: the sale abroad leaves the domestic account before it is marked."""
    books = Books().sent()
    abroad(books, vat_type).another(7001).run()
    record = books.record_of(7001)

    assert record is not None
    assert (record.state, record.issue, record.vat_type) == (ExportState.DONE, None, vat_type)
    (row,) = books.documents[record.fortnox_number]["InvoiceRows"]
    assert row["AccountNumber"] == ABROAD[vat_type][0]


def test_a_customer_that_is_swedish_again_gets_ongoings_account() -> None:
    """We remember EXPORT, and the row has VAT that an export cannot have."""
    books = abroad(Books(), "EXPORT").sent().card(VATType="SEVAT")
    books.another(7001, charge(account="3042")).run()
    record = books.record_of(7001)

    assert record is not None
    assert (record.state, record.issue, record.vat_type) == (ExportState.DONE, None, "SEVAT")
    assert books.documents[record.fortnox_number]["InvoiceRows"][0]["AccountNumber"] == 3042


@pytest.mark.parametrize("vat_type", ["SEREVERSEDVAT", "EUREVERSEDVAT", "EXPORT"])
def test_a_customer_that_changes_between_check_and_send_is_held_where_that_is_the_setting(vat_type: str) -> None:
    """By the VAT type that the card has, in this run and in those after it."""
    books = Books().settings(accounts_abroad="hold").sent()
    abroad(books, vat_type).another(7001).run()
    first = books.record_of(7001)
    books.run(after=timedelta(hours=1))
    second = books.record_of(7001)

    assert first is not None
    assert second is not None
    assert first.issue == second.issue
    assert first.issue is not None
    assert (first.issue.code, first.issue.params["vat_type"]) == (IssueCode.ACCOUNT_ABROAD, vat_type)


@pytest.mark.parametrize("vat_type", ["SEVAT", *ABROAD])
def test_an_e_invoice_can_be_sent(vat_type: str) -> None:
    """The day of delivery is there, as the rules since June 2026 ask."""
    books = abroad(Books(), vat_type).sent()
    assert books.document["DeliveryDate"]
    books.world.fortnox.person_sends_e_invoice(TENANT_ID, books.record.fortnox_number)

    assert books.document["Sent"] is True


def test_an_invoice_keeps_the_vat_type_that_its_customer_had_when_it_was_made() -> None:
    """The card says another one since: what is changed on it, now and later, is judged by the one that it keeps."""
    books = Books().sent().card(VATType="EXPORT").wms_invoice(charge(quantity=Decimal(13))).asked()
    later = books.wms_invoice(charge(quantity=Decimal(14))).run()
    (row,) = later.document["InvoiceRows"]

    assert (later.issue, later.marked, later.record.vat_type) == ("", True, "SEVAT")
    assert (row["AccountNumber"], row["VAT"], later.document["Net"]) == (3041, 25, 1190)
