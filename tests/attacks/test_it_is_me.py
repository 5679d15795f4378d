"""*It is me*: a mail to the confirmed address is the way past strangers' guesses, and gives nobody anything else."""

import re
from datetime import timedelta
from unittest import mock

import pytest
from invoicing.application.send_notice import send_notice
from invoicing.domain.integration_settings import Language
from invoicing.domain.notice import NoticeKind
from invoicing.runtime.links import LIVES, LinkKind

from local.ongoing.seed import PASSWORD, USERNAME, WAREHOUSE
from local.tour import Seen, Tour, Visitor
from tests.office.day import Day, words_of
from tests.office.situations import troubled

PAUSE = "There were many tries in a short time"


def flooded() -> Day:
    """Somebody has confirmed the address, and strangers guess at the very user, from everywhere."""
    day = troubled()
    day.world.integrations.confirm_address(WAREHOUSE, "a@b.example")
    for n in range(130):
        Visitor(day.tour, address=f"203.0.{n}.7").log_in(password="guess")
        day.world.later(seconds=1)
    return day


def stranger(tour: Tour) -> Visitor:
    """A browser that has never been here, in a network that nobody has signed in from."""
    return Visitor(tour, address="198.51.100.9")


def mailed(day: Day) -> list[str]:
    """The links that were sent, below the base path."""
    for notice in day.world.notices.all:
        if notice.kind is NoticeKind.IT_IS_ME and not notice.sent:
            send_notice(day.world.parts.notice_tools(), notice.id)
    mails = [mail for mail in day.world.mailer.sent if mail.tags["kind"] == NoticeKind.IT_IS_ME]
    assert {mail.to for mail in mails} <= {"a@b.example"}
    return [link for mail in mails for link in re.findall(r"https://invoicing\.example(/it-is-me/\S+)", mail.text)]


def ask(browser: Visitor, system: str = WAREHOUSE) -> Seen:
    """The button below the refused form."""
    return browser.post("/it-is-me", {"system": system, "username": USERNAME, "password": ""})


def test_who_reads_the_mails_signs_in_while_strangers_guess() -> None:
    """Refused, the form offers the link; with it the same browser is in at once."""
    day = flooded()
    browser = stranger(day.tour)
    refused = browser.log_in()
    asked = ask(browser)
    (link,) = mailed(day)
    form = browser.get(link).body
    hidden = re.search(r'name="it_is_me" value="([^"]*)"', form)
    assert hidden is not None
    entered = browser.log_in(it_is_me=hidden[1])

    assert (refused.status, asked.status) == (429, 200)
    assert PAUSE in words_of(refused.body)
    assert 'formaction="/it-is-me"' in refused.body
    assert f'value="https://{WAREHOUSE}.ongoingsystems.se/{WAREHOUSE}/"' in form
    assert entered.location.endswith(f"/integrations/{WAREHOUSE}")


def test_the_link_opens_nothing_without_the_password_and_guesses_no_faster() -> None:
    """Eight tries, as of a known browser; then it waits by itself."""
    day = flooded()
    browser = stranger(day.tour)
    ask(browser)
    token = mailed(day)[0].rpartition("/")[2]
    answers = [browser.log_in(it_is_me=token, password="guess").status for _ in range(12)]

    assert answers == [400] * 8 + [429] * 4
    assert 'formaction="/it-is-me"' not in browser.log_in(it_is_me=token, password="guess").body


@pytest.mark.parametrize("system", ["sydlager", "no-such-system", "", "https://evil.example/", "1234567"])
def test_nobody_learns_which_systems_there_are(system: str) -> None:
    """The same page after the same time; no mail of a system that is not here, or whose address nobody confirmed."""
    day = flooded()
    browser = stranger(day.tour)
    began = day.world.clock()
    known = ask(browser)
    between = day.world.clock()
    unknown = ask(browser, system)

    assert (unknown.status, unknown.body) == (known.status, known.body)
    assert between - began == day.world.clock() - between == timedelta(seconds=1)
    assert len(mailed(day)) == 1


def test_an_address_that_nobody_has_confirmed_gets_no_link() -> None:
    """It may be anybody's."""
    day = troubled()
    ask(stranger(day.tour))

    assert mailed(day) == []


def test_a_mailbox_is_not_flooded_by_it() -> None:
    """Five a day for one network, ten for one system from all of them."""
    day = flooded()
    for n in range(40):
        ask(Visitor(day.tour, address=f"198.51.{n // 8}.{7}"))
        day.world.later(seconds=2)

    assert len(mailed(day)) == 10
    day.world.later(days=1, hours=1)
    ask(stranger(day.tour))
    assert len(mailed(day)) == 11


def test_the_link_is_for_one_system_and_for_an_hour() -> None:
    """Later it says so; of another kind it is none."""
    day = flooded()
    browser = stranger(day.tour)
    links = day.world.parts.links("")
    other = links.make(LinkKind.IT_IS_ME, {"integration": "sydlager"}).rpartition("/")[2]
    kind = links.make(LinkKind.TAKE_BACK, {"integration": WAREHOUSE}).rpartition("/")[2]
    own = links.make(LinkKind.IT_IS_ME, {"integration": WAREHOUSE})
    tried = [browser.log_in(it_is_me=token, password=PASSWORD).status for token in (other, kind)]
    with mock.patch.dict(LIVES, {LinkKind.IT_IS_ME: timedelta(seconds=-1)}):
        late = browser.get(own, language=Language.SWEDISH)

    assert tried == [429, 429]
    assert late.status == 410
    assert "Länken är för gammal" in late.body
