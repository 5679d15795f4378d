"""VAT that can be right."""

from dataclasses import replace
from decimal import Decimal

import pytest
from invoicing.domain.draft import draft_invoice
from invoicing.domain.errors import InvoiceHeldError
from invoicing.domain.fortnox_invoice import Customer, FortnoxInvoice, FortnoxRow
from invoicing.domain.integration_settings import AccountsAbroad
from invoicing.domain.issue import IssueCode
from invoicing.domain.vat import VatType, doubtful_vat, with_accounts_for

from tests.unit.test_draft import SETTINGS, charge, invoice

DRAFT = draft_invoice("nordlager", invoice(charge(), charge(account="3051", price="90.00")), SETTINGS).invoice
ABROAD = [one for one in VatType if one is not VatType.DOMESTIC]


def customer(vat_type: str) -> Customer:
    """Somebody with this VAT type."""
    return Customer(number="1001", active=True, currency="SEK", name="Kaffe & Kakao AB", vat_type=vat_type)


def made(*rates: str, net: str = "100.00", fees_vat: str = "0", vat: str | None = None) -> FortnoxInvoice:
    """An invoice with a row for each rate, on accounts 3001, 3002, …"""
    rows = tuple(
        FortnoxRow(
            article_number="PALL",
            description="Pallplats",
            quantity=Decimal(1),
            price=Decimal(net),
            account=3001 + place,
            vat_rate=Decimal(rate),
            net=Decimal(net),
        )
        for place, rate in enumerate(rates)
    )
    total = sum((Decimal(net) * Decimal(rate) / 100 for rate in rates), Decimal(fees_vat))
    return FortnoxInvoice(
        number="1",
        reference="",
        net=Decimal(net) * len(rates),
        rows=rows,
        vat=total if vat is None else Decimal(vat),
        fees_vat=Decimal(fees_vat),
    )


def verdict(there: FortnoxInvoice, vat_type: str, *, without_vat: frozenset[int] = frozenset()) -> str:
    """The issue and the account that it names; empty if nothing is wrong."""
    issue = doubtful_vat(there, vat_type, customer_number="1001", goods_owner="Kaffe", without_vat=without_vat)
    return f"{issue.code} {issue.params['account']}" if issue else ""


def test_a_swedish_customer_gets_ongoings_accounts() -> None:
    """They are for sales in Sweden."""
    for setting in AccountsAbroad:
        assert with_accounts_for(DRAFT, customer("SEVAT"), setting, goods_owner="Kaffe") == DRAFT


@pytest.mark.parametrize("vat_type", ABROAD)
def test_nobody_else_does_unless_it_is_chosen(vat_type: VatType) -> None:
    """Fortnox takes the article's account for that kind of sale."""
    left_out = with_accounts_for(DRAFT, customer(vat_type), AccountsAbroad.FORTNOX, goods_owner="Kaffe")

    assert [row.account for row in left_out.rows] == [None, None]
    assert with_accounts_for(DRAFT, customer(vat_type), AccountsAbroad.WMS, goods_owner="Kaffe") == DRAFT


@pytest.mark.parametrize("vat_type", ABROAD)
def test_such_an_invoice_can_be_held_with_all_that_a_person_must_know(vat_type: VatType) -> None:
    """Customer, VAT type, accounts."""
    with pytest.raises(InvoiceHeldError) as held:
        with_accounts_for(DRAFT, customer(vat_type), AccountsAbroad.HOLD, goods_owner="Kaffe")

    assert held.value.issue.code is IssueCode.ACCOUNT_ABROAD
    assert held.value.issue.params == {
        "customer_number": "1001",
        "goods_owner": "Kaffe",
        "vat_type": str(vat_type),
        "account": "3041 / 3051",
    }


def test_accounts_of_the_articles_own_are_never_held() -> None:
    """Ongoing says none."""
    without = replace(DRAFT, rows=tuple(replace(row, account=None) for row in DRAFT.rows))

    assert with_accounts_for(without, customer("EXPORT"), AccountsAbroad.HOLD, goods_owner="Kaffe") == without


@pytest.mark.parametrize(
    ("there", "vat_type", "expected"),
    [
        (made("25", "12", "6"), "SEVAT", ""),
        (made("25", "0"), "SEVAT", "vat_missing 3002"),
        (made("0"), "EUVAT", "vat_missing 3001"),
        (made("0", net="0.00"), "SEVAT", ""),
        (made("-0", net="-100.00"), "SEVAT", "vat_missing 3001"),
        (made("0", fees_vat="25.00"), "SEVAT", "vat_missing 3001"),
        (made("0", "0"), "SEREVERSEDVAT", ""),
        (made("0"), "EUREVERSEDVAT", ""),
        (made("0"), "EXPORT", ""),
        (made("0", fees_vat="25.00"), "EXPORT", ""),
        (made("0", "25"), "EUREVERSEDVAT", "vat_unexpected 3002"),
        (made("25", net="-100.00"), "EXPORT", "vat_unexpected 3001"),
        (made("0", "0", vat="25.00"), "EXPORT", "vat_unexpected 3001 / 3002"),
        (made("0"), "", ""),
        (made("25"), "SOMETHING NEW", ""),
    ],
)
def test_vat_is_compared_with_what_the_customers_vat_type_allows(
    there: FortnoxInvoice, vat_type: str, expected: str
) -> None:
    """Row by row, positive and negative, without that of the fees."""
    assert verdict(there, vat_type) == expected


def test_an_account_that_rightly_bears_none_is_not_asked_about_again() -> None:
    """A person said so, for that account."""
    there = made("0", "0")

    assert verdict(there, "SEVAT", without_vat=frozenset({3001})) == "vat_missing 3002"
    assert verdict(there, "SEVAT", without_vat=frozenset({3001, 3002})) == ""
    assert verdict(made("25"), "EXPORT", without_vat=frozenset({3001})) == "vat_unexpected 3001"
