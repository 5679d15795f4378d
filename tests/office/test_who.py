"""Who did it: the name that somebody gave in a browser, beside the user that is proven, in sentences."""

import pytest
from invoicing.domain.change import ChangeKind
from invoicing.domain.integration_settings import Language
from invoicing.domain.person import LONGEST, clean_name

from local.ongoing import seed
from local.ongoing.seed import USERNAME, WAREHOUSE
from local.tour import HERE, Visitor
from tests.office.day import Day, words_of
from tests.office.situations import troubled

HELD = f"/invoices/{seed.UNKNOWN_CUSTOMER}"
SAID = f"Anna Öberg ({USERNAME})"


def named(day: Day, name: str) -> Day:
    """Somebody answers who they are."""
    day.office.press("/name", name=name)
    return day


def test_a_browser_is_asked_once_and_a_name_stands_beside_the_user_from_then_on() -> None:
    """In the invoice's history, among the changes, and in the sentence about a pause; another browser is asked anew."""
    day = troubled()
    asked = "Who are you?" in day.see().body
    named(day, "Anna Öberg")
    asked_again = "Who are you?" in day.see().body
    day.office.press(f"{HELD}/retry")
    day.office.press("/pause")
    other = Visitor(day.tour)
    other.log_in()
    record = day.world.exports.get(WAREHOUSE, seed.UNKNOWN_CUSTOMER)

    assert (asked, asked_again) == (True, False)
    assert "Who are you?" in other.get(HERE).body
    assert record is not None
    assert record.history[-1].by == SAID
    assert f"{SAID} pressed Try again." in words_of(day.see(HELD).body)
    assert f"{SAID} paused it." in words_of(day.see().body)
    assert f"by {SAID}: nothing is sent" in day.overview(Language.ENGLISH).what
    assert f"{SAID} tryckte på Försök igen." in words_of(day.see(HELD, Language.SWEDISH).body)


def test_who_gives_no_name_is_shown_as_the_user_and_not_asked_again() -> None:
    """No is an answer, too; it can be changed later."""
    day = troubled()
    day.office.press("/name", name="Anna", none="on")
    day.office.press("/pause")

    assert "Who are you?" not in day.see().body
    assert f"{USERNAME} paused it." in words_of(day.see().body)
    assert 'action="/integrations/nordlager/name"' in day.see().body


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Anna   Öberg ", "Anna Öberg"),
        ("Jean-Luc O'Neill", "Jean-Luc O'Neill"),
        ("http://evil.example/x", "http evil example x"),
        ("<b>=1+1</b>\r\nBcc: a@b", "b 1 1 b Bcc a b"),
        ("\u202eanna\u200b", "anna"),
        ("x" * 500, "x" * LONGEST),
        ("…", ""),
    ],
)
def test_of_a_name_only_letters_are_kept(typed: str, kept: str) -> None:
    """It stands in pages, files and mails, where a sign more would be an address, a formula or a line of its own."""
    day = named(troubled(), typed)

    assert clean_name(typed) == kept
    day.office.press("/pause")
    by = f"{kept} ({USERNAME})" if kept else USERNAME
    assert day.integration.changes[-1].by == by


def test_a_name_is_in_no_log() -> None:
    """Not a user's either: what was done is in the history."""
    day = named(troubled(), "Anna Öberg")
    day.office.press(f"{HELD}/retry")
    day.office.press("/pause")
    day.office.press("/resume")
    day.fill_in(rows="per_charge")
    logged = str(day.world.reports)

    assert "integration_paused" in logged
    assert "Anna" not in logged
    assert not any("by" in fields for _event, fields in day.world.reports)


def test_a_first_connection_is_not_called_anew() -> None:
    """And each later one is."""
    day = Day()
    kinds = [one.kind for one in day.integration.changes]
    day.office.approve(day.office.press("/connect").query, language=Language.ENGLISH)

    assert kinds == [ChangeKind.CONNECTED, ChangeKind.CREATED]
    assert day.integration.changes[-1].kind is ChangeKind.CONSENT
    assert f"{USERNAME} connected the system to Fortnox." in words_of(day.see().body)
