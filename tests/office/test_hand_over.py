"""Hand over: a mail to the right colleague, files after disconnecting, and a month that is told when all is well."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from html import unescape
from unittest import mock
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from invoicing.application.change_integration import save_settings
from invoicing.application.send_notice import send_notice
from invoicing.domain.decision import Way
from invoicing.domain.integration_settings import Language, MonthMail, settings_fingerprint
from invoicing.domain.notice import NoticeKind
from invoicing.runtime.links import LIVES, LinkKind

from local.ongoing import seed
from local.ongoing.seed import USERNAME, WAREHOUSE
from local.tour import HERE, Visitor
from tests.office.day import MORE, Day, words_of
from tests.office.situations import fifty_held, licence_gone, many_sent, troubled
from tests.support.fakes import SentMail

PAGES_OF_CAUSES = r'href="([^"]*/issues/hand-over[^"]*)"'


def mails_of(day: Day) -> Sequence[tuple[str, str]]:
    """Each ready mail: to whom the page says, and what the link fills in."""
    found = []
    for address in re.findall(PAGES_OF_CAUSES, day.see("/issues", query={"page": "all"}).body):
        there = urlsplit(unescape(address))
        page = day.office.get(there.path, {name: one[0] for name, one in parse_qs(there.query).items()}).body
        mailto = re.search(r'href="mailto:\?([^"]*)"', page)
        assert mailto is not None
        found.append((words_of(page), unquote(unescape(mailto[1]))))
    return found


def test_each_cause_has_a_ready_mail_with_what_it_stops_and_the_way_there() -> None:
    """To the one who can mend it: the price list's for an account, the goods owners' for a customer code."""
    day = fifty_held()
    mails = mails_of(day)
    accounts = [text for page, text in mails if "Whoever keeps the price list in Ongoing" in page]

    assert len(mails) == 8
    assert len(accounts) == 7
    assert sum("Whoever keeps the goods owners in Ongoing" in page for page, _ in mails) == 1
    for _page, text in mails:
        assert re.search(r"It stops \d+ invoices \(SEK", text)
        assert re.search(r"https://invoicing\.example/integrations/nordlager/issues\?cause=(\w+)#\1", text)
        assert "Stock" not in text


def test_what_stops_everything_is_handed_over_too() -> None:
    """To Fortnox's administrator, with what waits."""
    day = licence_gone()
    (page, text), *_ = mails_of(day)

    assert "Your Fortnox administrator" in page
    assert "66 invoices" in text.replace("\u00a0", " ")


def test_the_link_in_the_mail_leads_to_its_cause_also_by_way_of_the_sign_in() -> None:
    """On whatever page of the list it stands; and when it is mended, that is said."""
    day = fifty_held()
    text = mails_of(day)[-1][1]
    found = re.search(r"/issues\?cause=(\w+)", text)
    assert found is not None
    colleague = Visitor(day.tour)
    refused = colleague.get(f"{HERE}/issues", {"cause": found[1]})
    came = colleague.log_in()
    page = colleague.get(f"{HERE}/issues", {"cause": found[1]}).body
    gone = day.see("/issues", query={"cause": "0123456789ab"}).body

    assert refused.location.endswith("/")
    assert came.location.endswith(f"/issues?cause={found[1]}")
    assert f'id="{found[1]}"' in page
    assert "What the link leads to is mended" in gone
    assert "notice=cause_gone" in day.see("/issues/hand-over", query={"cause": "0123456789ab"}).location


def test_a_page_that_was_asked_for_is_reached_by_way_of_fortnox() -> None:
    """Whose keys are dead must approve first; then they are where the mail led them."""
    day = troubled()
    day.break_keys()
    visitor = Visitor(day.tour)
    visitor.get(f"{HERE}/invoices", {"month": "2026-02"})
    asked = visitor.log_in().query

    assert visitor.approve(asked, language=Language.ENGLISH).location.endswith(f"{HERE}/invoices?month=2026-02")


# ---- files after disconnecting


def disconnected(day: Day) -> str:
    """The address of the files, below the base path, as the last page says it."""
    body = day.office.press("/disconnect", confirm="on").body
    found = re.search(r'href="https://invoicing\.example(/files/[^"]*)"', body)
    assert found is not None
    return found[1]


def test_both_files_can_be_had_after_disconnecting_by_whoever_has_the_link() -> None:
    """For thirty days, without a sign-in; they say what was in Fortnox then."""
    day = troubled()
    in_fortnox = day.truth().in_fortnox
    before = {name: day.see(f"/{name}").body for name in ("history.csv",)}
    path = disconnected(day)
    day.world.later(days=29)
    stranger = Visitor(day.tour)
    page = stranger.get(path)
    listed = stranger.get(f"{path}/reconciliation.csv").body
    history = stranger.get(f"{path}/history.csv").body

    assert page.status == 200
    assert f'href="{path}/history.csv"' in page.body
    assert f"{in_fortnox.sums['SEK']}" in listed
    assert history.splitlines()[:-1] == before["history.csv"].splitlines()
    assert "disconnected the system from Fortnox" in history.splitlines()[-1]


def test_the_closing_mail_has_the_link() -> None:
    """It goes to the address that somebody has confirmed."""
    day = troubled()
    day.world.integrations.confirm_address(WAREHOUSE, "a@b.example")
    path = disconnected(day)
    notice = next(one for one in day.world.notices.all if one.params.get("what") == "disconnected")
    send_notice(day.world.parts.notice_tools(), notice.id)
    link = re.search(r"https://invoicing\.example(/files/\S+)", day.world.mailer.sent[-1].text)

    assert link is not None
    assert Visitor(day.tour).get(link[1]).body == Visitor(day.tour).get(path).body


@pytest.mark.parametrize("name", ["", "/history.csv", "/reconciliation.csv"])
def test_the_link_ends_after_thirty_days_and_when_the_system_is_connected_again(name: str) -> None:
    """And is none for anybody else's system, before and after."""
    day = troubled()
    path = disconnected(day)
    stranger = Visitor(day.tour)
    with mock.patch.dict(LIVES, {LinkKind.FILES: timedelta(seconds=-1)}):
        late = stranger.get(f"{path}{name}").status
    forged = stranger.get(f"{path[:-2]}{'A' if path[-2] != 'A' else 'B'}{path[-1]}{name}").status
    good = stranger.get(f"{path}{name}").status
    day.world.approve(day.world.start())

    assert (late, forged, good) == (410, 404, 200)
    assert stranger.get(f"{path}{name}").status == 410


def test_a_log_that_no_answer_can_carry_comes_in_parts_and_loses_nothing() -> None:
    """Each part ends with the address of the next one; a page of records costs no read for each of them."""
    day = many_sent()
    whole = day.see("/history.csv").body.splitlines()
    seen, path, query = [], f"{HERE}/history.csv", dict[str, str]()
    reads = mock.Mock(wraps=day.world.exports.get)
    with (
        mock.patch("invoicing.pages.history.MOST_IN_FILE", 100),
        mock.patch("invoicing.application.list_history._INVOICES", 40),
        mock.patch.object(day.world.exports, "get", reads),
    ):
        parts = 0
        while True:
            lines = day.office.get(path, query).body.splitlines()
            parts += 1
            seen += lines[1:]
            more = re.search(r"after=(\d+)&number=(\d+)", lines[-1])
            if more is None:
                break
            query = {"after": more[1], "number": more[2]}
            seen.pop()

    assert parts > 3
    numbered = [re.split("[,;]", line, maxsplit=1) for line in seen]
    assert [number for number, _ in numbered] == [str(number) for number in range(1, len(seen) + 1)]
    assert sorted(rest for _, rest in numbered) == sorted(re.split("[,;]", line, maxsplit=1)[1] for line in whole[1:])
    assert reads.call_count == 0


# ---- a month


def month_mails(day: Day) -> Sequence[SentMail]:
    """Sends what waits; the mails about a month."""
    for notice in day.world.notices.all:
        if notice.kind is NoticeKind.MONTH and not notice.sent:
            send_notice(day.world.parts.notice_tools(), notice.id)
    return [mail for mail in day.world.mailer.sent if mail.tags["kind"] == NoticeKind.MONTH]


def on_the_fourth(day: Day) -> None:
    """The day's runs, two days later."""
    for _ in range(2):
        day.later(days=1)
        day.later(hours=2)


def test_a_month_is_told_once_when_all_of_it_is_in_fortnox() -> None:
    """With the number and the sum that Fortnox has; it is the 2nd of March to begin with."""
    day = many_sent()
    early = month_mails(day)
    on_the_fourth(day)
    (mail,) = month_mails(day)
    day.later(days=1)
    there = day.truth().in_fortnox

    assert early == []
    assert len(month_mails(day)) == 1
    assert there.count == 300
    assert "Alla fakturor för februari 2026 finns i Fortnox, på öret: 300 st, 306 000,00 kr" in " ".join(
        mail.text.split()
    ).replace("\u00a0", " ")
    assert there.sums["SEK"] == 306_000
    assert f"{HERE}/invoices?month=2026-02" in mail.text
    assert not any(one.kind is NoticeKind.DIGEST for one in day.world.notices.all)


def test_nothing_is_told_while_something_of_the_month_is_held_and_all_is_told_when_it_is_mended() -> None:
    """Until then the daily mail tells of it."""
    day = many_sent()
    day.add(1, like=seed.UNKNOWN_CUSTOMER, first=MORE + 400)
    on_the_fourth(day)
    before = month_mails(day)
    day.office.log_in()
    day.office.press(f"/invoices/{MORE + 400}/decide", way=Way.LEAVE, note="Dubblett")
    day.later()
    (mail,) = month_mails(day)

    assert before == []
    assert "1 faktura lämnades utanför" in " ".join(mail.text.split())


def test_what_is_not_due_is_counted_and_not_claimed() -> None:
    """An invoice of the month whose period goes on is no part of all that is there."""
    day = many_sent()
    last = day.world.today.replace(day=1) - timedelta(days=1)
    day.add(1, first=MORE + 400, invoice_date=last, period_end=day.world.today + timedelta(days=20))
    on_the_fourth(day)
    (mail,) = month_mails(day)
    text = " ".join(mail.text.split())

    assert "Alla fakturor för februari 2026 som skulle skickas finns i Fortnox, på öret" in text
    assert "1 faktura för månaden ska inte skickas än" in text


def test_a_month_without_any_invoice_is_told_as_that() -> None:
    """Silence never means two things."""
    day = Day()
    day.only()
    day.later()
    on_the_fourth(day)
    (mail,) = month_mails(day)

    assert "Ongoing hade ingen faktura för februari 2026 att skicka" in mail.text
    assert mail.subject == "nordlager: inga fakturor för februari 2026"


def test_who_wants_no_mail_gets_none() -> None:
    """It is a setting, on by default, which may be changed without the address being told."""
    day = many_sent()
    settings = day.integration.settings
    assert settings is not None
    assert settings.month_mail is MonthMail.SEND
    save_settings(
        day.world.change_tools(),
        day.integration,
        replace(settings, month_mail=MonthMail.NONE),
        seen=settings_fingerprint(settings),
        by=USERNAME,
    )
    on_the_fourth(day)

    assert month_mails(day) == []


def test_a_system_that_begins_later_is_not_told_of_the_month_before() -> None:
    """What is older than the first day is not sent, so nothing is said of it."""
    day = Day(created=False)
    day.fill_in()
    day.later()
    on_the_fourth(day)

    assert month_mails(day) == []
