"""Whose invoice it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoicing.domain.agreement import Agreement, plainly_the_same
from invoicing.domain.fortnox_invoice import Customer

from tests.support.fakes import START


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kaffe & Kakao AB", "KAFFE OCH KAKAO AKTIEBOLAG"),
        ("Kaffe & Kakao AB", "Kaffé + Kakao"),
        ("Kaffe & Kakao AB (publ)", "AB Kaffe and Kakao."),
        ("Nordic Gear A/S", "Nordic Gear AS"),
        ("Bygg-Kompaniet HB", "Bygg Kompaniet Handelsbolag"),
        ("Café <Ångström> & Söner", "Cafe Angstrom och Soner"),
        ("H. M. Handel", "HM Handel"),
        ("Kvarnen 1:2 AB", "AB Kvarnen 1.2"),
        ("3M AB", "3 M"),
    ],
)
def test_names_that_only_differ_in_how_they_are_written_are_the_same(one: str, other: str) -> None:
    """Nobody is asked."""
    assert plainly_the_same(one, other)
    assert plainly_the_same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kaffe & Kakao AB", "Kaffe AB"),
        ("Kaffe & Kakao AB", "Kaffe & Kakao i Göteborg AB"),
        ("Kaffe & Kakao AB", "Kaffe & Kakao HB"),
        ("Kaffe & Kakao AB", "AB"),
        ("AB", "AB"),
        ("", ""),
        ("Lager 1", "Lager 11"),
        ("Kvarnen 1:2 AB", "Kvarnen 12 AB"),
        ("Kvarnen 1/2 AB", "Kvarnen 12 AB"),
        ("Kvarnen 1.2 AB", "Kvarnen 12 AB"),
        ("Butik 2-3", "Butik 23"),
        ("½ AB", "12 AB"),
    ],
)
def test_names_that_could_be_two_companies_are_not(one: str, other: str) -> None:
    """Better one click too many than somebody else's invoice."""
    assert not plainly_the_same(one, other)
    assert not plainly_the_same(other, one)


@given(st.text(max_size=40), st.text(max_size=40))
def test_it_does_not_matter_which_name_is_whose(one: str, other: str) -> None:
    """And a name is its own, however many blanks are in it."""
    assert plainly_the_same(one, other) is plainly_the_same(other, one)
    assert plainly_the_same(f"Kund {one}", f" kund  {one} ")


def test_an_agreement_ends_when_the_customer_is_called_something_else() -> None:
    """Numbers of deleted customers are given to new ones."""
    customer = Customer(
        number="1001", active=True, currency="SEK", name="KK Import AB", organisation_number="556111-1111"
    )
    agreed = Agreement(
        goods_owner="Kaffe & Kakao",
        customer_number="1001",
        customer_name="KK Import AB",
        organisation_number="556111-1111",
        by="anna",
        at=START,
    )
    others = [
        Customer(number="1001", active=True, currency="SEK", name="Bilar AB", organisation_number="556111-1111"),
        Customer(number="1001", active=True, currency="SEK", name="KK Import AB", organisation_number="556999-9999"),
        Customer(number="1002", active=True, currency="SEK", name="KK Import AB", organisation_number="556111-1111"),
    ]

    assert agreed.holds_for(customer)
    assert not any(agreed.holds_for(other) for other in others)
