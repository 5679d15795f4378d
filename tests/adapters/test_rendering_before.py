"""The mail before the 1st: what will stop invoices, the largest sum first."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.notice import Mail
from invoicing.domain.outlook import Sighting, troubles_of
from invoicing.rendering.mails import Mails
from invoicing.rendering.views import BeforeMailView

LINK = "https://invoicing.example.com/integrations/nordhamn/before"


def sighting(number: int, amount: str, owner: str = "Kaffe & Kakao AB", currency: str = "SEK") -> Sighting:
    """A customer of its own that Fortnox does not have."""
    issue = Issue(code=IssueCode.CUSTOMER_UNKNOWN, params={"customer_number": f"{number}", "goods_owner": owner})
    return Sighting(issue=issue, goods_owner=owner, invoice=(number, currency, Decimal(amount)))


def mail(language: Language, *sightings: Sighting, later: int = 0, new: int = 0) -> Mail:
    """Of the 25th of March."""
    troubles = tuple(one for one in troubles_of(sightings) if one.will_stop)
    view = BeforeMailView(
        company="Nordhamn Lager AB",
        system="nordhamn",
        link=LINK,
        first=date(2026, 4, 1),
        at=datetime(2026, 3, 25, 1, tzinfo=UTC),
        troubles=troubles,
        trouble_count=len(troubles),
        later_count=later,
        new=new,
    )
    return Mails().before(view, language)


def words(letter: Mail) -> str:
    """The text without its line breaks."""
    return " ".join(letter.text.split())


def test_the_largest_sum_comes_first_and_each_has_cause_fix_and_who() -> None:
    """With the goods owner and what has gathered until now."""
    said = words(
        mail(Language.ENGLISH, sighting(1, "10.00"), sighting(2, "9000.00", "Möbler AB"), sighting(3, "70.00"))
    )

    assert said.index("1 invoice (SEK 9,000.00) · Möbler AB") < said.index("SEK 70.00") < said.index("SEK 10.00")
    assert said.count("Who can") == 3
    assert "Customer 2 does not exist in Fortnox" in said
    assert LINK in said


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        (Language.ENGLISH, "nordhamn: 2 things will stop invoices on 1 Apr 2026"),
        (Language.SWEDISH, "nordhamn: 2 saker kommer att stoppa fakturor 2026-04-01"),
    ],
)
def test_the_subject_says_how_many_and_when(language: Language, subject: str) -> None:
    """In the language of the settings."""
    assert mail(language, sighting(1, "1.00"), sighting(2, "2.00")).subject == subject


@pytest.mark.parametrize("language", Language)
def test_what_is_new_and_what_would_stop_with_the_next_charge_is_counted(language: Language) -> None:
    """And not spoken of where there is none."""
    without, with_both = mail(language, sighting(1, "1.00")), mail(language, sighting(1, "1.00"), later=2, new=1)
    said = {
        Language.ENGLISH: ("1 of them is new", "2 more things stop"),
        Language.SWEDISH: ("1 av dem är ny", "2 saker till stoppar"),
    }[language]

    assert all(one in words(with_both) for one in said)
    assert not any(one in words(without) for one in said)


def test_many_goods_owners_are_the_first_three_and_many_things_the_first_twenty() -> None:
    """The page has them all."""
    account = Issue(code=IssueCode.ACCOUNT_NOT_VALID, params={"account": "1", "article_number": "A", "row": "R"})
    shared = [
        Sighting(issue=account, goods_owner=f"Ägare {number}", invoice=(number, "SEK", Decimal(900)))
        for number in range(5)
    ]
    said = words(mail(Language.ENGLISH, *shared, *(sighting(number, "1.00") for number in range(100, 125))))

    assert "5 invoices (SEK 4,500.00) · Ägare 0, Ägare 1, Ägare 2 …" in said
    assert "And 6 more, on the page." in said
