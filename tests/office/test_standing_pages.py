"""The overview's sentence, pill and numbers, in every situation and both languages, beside what both sides have."""

from collections.abc import Callable

import pytest
from invoicing.domain.integration_settings import Language
from invoicing.domain.standing import standing_of
from invoicing.rendering.standing_texts import standing_text

from local.fortnox.seed import TENANT_ID
from local.ongoing.faults import Effect, FaultRule
from local.ongoing.seed import WAREHOUSE
from tests.office.day import Day, less
from tests.office.situations import (
    SITUATIONS,
    fifty_held,
    licence_gone,
    many_sent,
    ongoing_down,
    paused,
    troubled,
)

WAITING, HELD, SENT = range(3)  # tiles


@pytest.mark.parametrize("name", SITUATIONS)
def test_sentence_pill_and_numbers_agree_with_each_other_and_with_both_sides(name: str) -> None:
    """In both languages; what Fortnox lacks is told to the öre, whatever stops it."""
    makes, situation, tone = SITUATIONS[name]
    day = makes()
    truth = day.truth()
    records = day.world.exports.get_many(WAREHOUSE, sorted(day.integration.unfinished)).values()
    standing = standing_of(day.integration, day.world.tokens.get(WAREHOUSE), records, now=day.world.clock())

    assert standing.situation is situation
    assert standing.looked_at is None or (standing.unsent, standing.later) == (truth.unsent, truth.growing)
    for language in Language:
        seen = day.overview(language)
        text = standing_text(standing, language)
        assert (seen.what, seen.todo) == (text.what, text.todo)
        assert seen.tones == {tone}
        assert seen.badge == standing.things_to_do
        assert seen.looked
        assert bool(seen.foreseen) is (seen.tiles == ()) is (standing.looked_at is None)
        if standing.looked_at is not None:
            assert seen.has(WAITING, standing.waiting)
            assert seen.has(HELD, less(truth.unsent, standing.waiting, standing.later))
            assert seen.has(SENT, truth.in_fortnox)


@pytest.mark.parametrize(
    ("makes", "swedish", "english"),
    [
        (
            fifty_held,
            ("8 saker stoppar 50 fakturor (107 720,00 kr).", "Börja med: "),
            ("8 things stop 50 invoices (SEK 107,720.00).", "Begin with: "),
        ),
        (
            licence_gone,
            ("En licens saknas i Fortnox. 66 fakturor (", "Vem kan rätta: Er Fortnox-administratör."),
            ("A licence is missing in Fortnox. 66 invoices (", "Who can fix this: Your Fortnox administrator."),
        ),
        (
            ongoing_down,
            ("Ongoing svarar inte. 6 fakturor (", "Du behöver inte göra något. Ongoing läses nästa gång senast "),
            ("Ongoing does not answer. 6 invoices (", "You need do nothing. Next look in Ongoing "),
        ),
        (
            many_sent,
            ("Allt som skulle skickas är skickat. Ongoing läses nästa gång senast ", "Du behöver inte göra något."),
            ("All that was due is sent. Next look in Ongoing ", "You need do nothing."),
        ),
        (
            paused,
            (" av anna: inget skickas. 6 fakturor (", "Tryck på Återuppta, så skickas allt som väntar."),
            (" by anna: nothing is sent. 6 invoices (", "Press Resume, and everything that waits is sent."),
        ),
    ],
    ids=["held", "licence", "down", "sent", "paused"],
)
def test_the_sentence_says_how_it_is_and_what_to_do(
    makes: Callable[[], Day], swedish: tuple[str, str], english: tuple[str, str]
) -> None:
    """Read as a person reads it."""
    day = makes()
    for language, (what, todo) in {Language.SWEDISH: swedish, Language.ENGLISH: english}.items():
        seen = day.overview(language)

        assert what in seen.what.replace("\u00a0", " ")
        assert todo in seen.todo


def test_what_is_held_stays_counted_when_a_run_looks_at_nothing() -> None:
    """Fifty-six became one, because only the last run was counted."""
    day = troubled()
    before = day.overview(Language.ENGLISH).tiles[HELD]
    day.world.ongoing.add_fault(FaultRule(effect=Effect.BEFORE, times=None))
    day.later()

    assert day.overview(Language.ENGLISH).tiles[HELD] == before
    assert before[0] == 6


def test_pausing_and_disconnecting_say_what_will_not_be_sent() -> None:
    """With the sums, by why it is not sent yet, before the button is pressed."""
    day = troubled()
    day.add(2)
    day.world.fortnox.change_company(TENANT_ID, {"licences": []})
    day.later()
    for path in ("/pause", "/disconnect"):
        page = day.see(path).body.replace("\u00a0", " ")

        assert "2 invoices (SEK 2,040.00), due now" in page
        assert "1 invoice (SEK 510.00), not due yet" in page
        assert "6 invoices (SEK " in page


def test_after_disconnecting_no_page_says_that_it_works() -> None:
    """It says that it is disconnected, and nothing else."""
    day = troubled()
    pages = [day.office.press("/disconnect", confirm="on").body]

    assert all("disconnected" in page and 'class="pill' not in page for page in pages)
