"""What an office sees of invoices on their way to customers, and its two buttons."""

import re

import pytest
from invoicing.domain.cause import with_send_problems
from invoicing.domain.integration_settings import Language
from invoicing.domain.standing import Standing, standing_of

from local.fortnox.seed import TENANT_ID
from local.ongoing.seed import PLAIN, WAREHOUSE
from local.tour import HERE, Seen
from tests.office.day import Day, words_of
from tests.office.situations import about_to_be_sent


@pytest.fixture
def day() -> Day:
    """The demo's month in Fortnox; its hour has not come, and nobody has sent one yet."""
    return about_to_be_sent()


def press(day: Day, do: str, turn: str | None = None) -> Seen:
    """A button of the card on the invoice's page."""
    body = day.see(f"/invoices/{PLAIN}").body
    fields = dict(re.findall(r'name="(csrf|turn)" value="([^"]*)"', body))
    assert f'value="{do}"' in body or turn is not None
    form = {**fields, "do": do, **({"turn": turn} if turn is not None else {})}
    return day.office.post(f"{HERE}/invoices/{PLAIN}/send", form)


def standing(day: Day) -> Standing:
    """As every page has it."""
    found, world = day.integration, day.world
    unsent = found.last_run.send_problems if found.last_run else frozenset[int]()
    records = world.exports.get_many(WAREHOUSE, sorted(found.unfinished | unsent)).values()
    sending = with_send_problems(one for one in records if one.invoice_id in unsent)
    unfinished = [one for one in records if one.invoice_id in found.unfinished]
    return standing_of(found, world.tokens.get(WAREHOUSE), [*unfinished, *sending], now=world.clock())


def a_day_later(day: Day) -> None:
    """The hour is past; somebody signs in again."""
    day.later(days=1, hours=2)
    day.office.log_in()


def deliveries(day: Day) -> int:
    """How often customers got something."""
    documents = day.world.fortnox.state()["companies"][TENANT_ID]["invoices"]
    return sum(len(day.world.fortnox.deliveries(TENANT_ID, number)) for number in documents)


@pytest.mark.parametrize("language", Language)
def test_the_page_says_when_and_how(day: Day, language: Language) -> None:
    """With its buttons, until it is sent."""
    shown = words_of(day.see(f"/invoices/{PLAIN}", language).body)

    assert {
        Language.ENGLISH: "To the customer By e-mail: waits until 3 Mar 2026, 08:00.",
        Language.SWEDISH: "Till kunden Med e-post: väntar till 2026-03-03 08:00.",
    }[language] in shown


def test_send_only_this_one(day: Day) -> None:
    """It leaves with the next run; the others still wait for a word."""
    assert press(day, "now").query == {"notice": "send_queued"}
    day.world.run(by="anna")

    assert deliveries(day) == 1
    assert "By e-mail: sent." in words_of(day.see(f"/invoices/{PLAIN}").body)
    assert 'value="stop"' not in day.see(f"/invoices/{PLAIN}").body


def test_the_page_tells_by_itself_when_it_was_sent(day: Day) -> None:
    """Until then it looks again every few seconds; what it promised is then said to be done."""
    promised = after_pressing_now(day)
    day.world.run(by="anna")
    kept = told(day)

    assert "data-running" in promised
    assert "data-running" not in kept
    assert "in a moment" not in words_of(kept)
    assert "It is sent to the customer." in words_of(kept)


def test_the_page_tells_that_it_is_still_stopped(day: Day) -> None:
    """Where Fortnox refuses."""
    day.world.fortnox.change_entry(TENANT_ID, "invoices", "1", {"EmailInformation": {"EmailAddressTo": ""}})
    after_pressing_now(day)
    day.world.run(by="anna")
    kept = told(day)

    assert "data-running" not in kept
    assert "is still stopped" in words_of(kept)


def test_a_pause_promises_nothing(day: Day) -> None:
    """Nobody waits before a page that says that it is sent in a moment."""
    day.office.press("/pause")
    assert press(day, "now").query == {"notice": "not_running"}

    assert "data-running" not in day.see(f"/invoices/{PLAIN}", query={"notice": "not_running"}).body


def after_pressing_now(day: Day) -> str:
    """The page that it leads to."""
    press(day, "now")
    return told(day)


def told(day: Day) -> str:
    """That page, when it is loaded."""
    return day.see(f"/invoices/{PLAIN}", query={"notice": "send_queued"}).body


def test_stop(day: Day) -> None:
    """It never leaves by itself."""
    assert press(day, "stop").query == {"notice": "send_stopped"}
    day.world.later(days=3)
    day.world.run()

    assert not day.world.fortnox.deliveries(TENANT_ID, "1")


def test_an_old_page_is_told_that_things_have_changed(day: Day) -> None:
    """A colleague pressed the other button."""
    press(day, "stop")

    assert press(day, "now", turn="0").query == {"notice": "not_possible_now"}
    day.world.run(by="anna")
    assert deliveries(day) == 0


@pytest.mark.parametrize("turn", ["", "x", "-1", "1" * 30, "²"])
def test_a_garbled_button_does_nothing(day: Day, turn: str) -> None:
    """It is like a page that is not there."""
    assert press(day, "now", turn=turn).status == 404


@pytest.mark.parametrize("language", Language)
def test_the_first_ones_become_one_thing_to_do(day: Day, language: Language) -> None:
    """On the page of issues, in the menu and in the mail of the day; not with a button that exports again."""
    a_day_later(day)
    issues = day.see("/issues", language).body
    title = {Language.ENGLISH: "wait for your first word", Language.SWEDISH: "väntar på ditt första ja"}[language]

    assert len(re.findall(f"<h2>[^<]*{title}", issues)) == 1
    article = issues.partition(title)[2].partition("</article>")[0]
    assert "/issues/retry" not in article
    assert day.integration.last_run is not None
    assert len(day.integration.last_run.send_problems) == 6


def test_all_go_with_one_word(day: Day) -> None:
    """Also those whose hour has passed."""
    a_day_later(day)
    press(day, "always")
    day.world.run(by="anna")

    assert deliveries(day) == 6
    assert "wait for your first word" not in words_of(day.see("/issues").body)


def test_what_is_in_fortnox_is_not_told_as_unsent(day: Day) -> None:
    """It waits on its way to customers; a break leaves it neither unsent nor uncounted among what needs somebody."""
    before = standing(day).unsent
    a_day_later(day)

    assert standing(day).unsent == before
    assert standing(day).held.count == standing(day).kept_back.count + 6


def test_the_history_says_who_pressed(day: Day) -> None:
    """In the active voice."""
    press(day, "stop")

    assert "fortnox-api stopped the sending to the customer." in words_of(day.see(f"/invoices/{PLAIN}").body)


@pytest.mark.parametrize("language", Language)
def test_the_mail_can_be_read_before_it_is_sent(day: Day, language: Language) -> None:
    """As Fortnox has it, one call that changes nothing; what only Fortnox knows is said to be so."""
    assert f"{PLAIN}/mail" in day.see(f"/invoices/{PLAIN}", language).body
    own = words_of(day.see(f"/invoices/{PLAIN}/mail", language).body)
    said = {"EmailSubject": "Faktura {no}", "EmailBody": "Hej <kund>!", "EmailAddressCC": "chef@kund.example"}
    day.world.fortnox.change_entry(TENANT_ID, "invoices", "1", {"EmailInformation": said})
    day.world.fortnox.clear_calls()
    changed = words_of(day.see(f"/invoices/{PLAIN}/mail", language).body)

    assert [(call.method, call.path) for call in day.world.fortnox.calls() if "/3/" in call.path] == [
        ("GET", "/3/invoices/1")
    ]
    assert "Faktura 1 bifogas" in own
    assert {Language.ENGLISH: "The text that is set in Fortnox", Language.SWEDISH: "Den text som är inställd"}[
        language
    ] in own
    assert "Hej <kund>!" in changed
    assert "chef@kund.example" in changed
    assert deliveries(day) == 0


@pytest.mark.parametrize("path", [f"/invoices/{PLAIN + 999_999}/mail", "/invoices/x/mail"])
def test_there_is_no_mail_of_what_is_not_mailed(day: Day, path: str) -> None:
    """A page that says so."""
    assert day.see(path).status == 404
