"""Every mail in both languages: what holds for all, and what each must say."""

from copy import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from email.message import EmailMessage
from html import unescape

import pytest
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.notice import Mail
from invoicing.domain.work import Work
from invoicing.rendering.mails import Mails
from invoicing.rendering.views import (
    BrokenMailView,
    CauseView,
    CurrencyTotal,
    DigestMailView,
    HeldLine,
    ReactivatedMailView,
    ReminderMailView,
)

from local.tour import MAILS, toured

LINK = "https://invoicing.example.com/reactivate/token"
NOW = datetime(2026, 3, 5, 13, 32, tzinfo=UTC)
BROKEN = BrokenMailView(company="Nordhamn Lager AB", system="nordhamn", link=LINK, broken_since=NOW, waiting=7)


SAMPLES = [(name, language) for name in MAILS for language in Language]


def compose(sample: tuple[str, Language]) -> Mail:
    """One of them."""
    return toured().mails[sample]


every_mail = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample[0]}-{sample[1]}")


@every_mail
def test_a_text_mail_fits_a_narrow_window(sample: tuple[str, Language]) -> None:
    """Only a link, which cannot be broken, may be longer."""
    long = [line for line in compose(sample).text.splitlines() if len(line) > 72 and not line.startswith("https://")]

    assert long == []


@every_mail
def test_text_and_html_say_the_same(sample: tuple[str, Language]) -> None:
    """Each sentence of the text is in the HTML too."""
    mail = compose(sample)
    body = mail.text.partition("\n-- \n")[0]
    paragraphs = [" ".join(part.split()) for part in body.split("\n\n") if not part.startswith("* ")]
    html = " ".join(unescape(mail.html).split())

    assert [part for part in paragraphs if part.partition(": https://")[0] not in html] == []


@every_mail
def test_a_mail_loads_nothing_and_runs_nothing(sample: tuple[str, Language]) -> None:
    """A mail that phones home is not calm."""
    html = compose(sample).html

    assert "<img" not in html
    assert "<script" not in html
    assert "url(" not in html


@every_mail
def test_a_mail_says_what_happens_if_nothing_is_done(sample: tuple[str, Language]) -> None:
    """Or, where all is well, that nothing needs to be done."""
    text = " ".join(compose(sample).text.split())
    said = ("If nothing is done", "last reminder", "do not need to do anything")
    sagt = ("Om inget görs", "sista påminnelsen", "behöver inte göra något")

    assert any(words in text for words in (said if sample[1] is Language.ENGLISH else sagt))


def test_a_broken_connection_is_told_with_company_what_waits_and_the_way_back() -> None:
    """Nothing is lost, and when reminders come."""
    mail = Mails().broken(BROKEN, Language.ENGLISH)

    assert mail.subject == "nordhamn: the connection to Fortnox has stopped"
    assert "Nordhamn Lager AB" in " ".join(mail.text.split())
    assert "Nothing is lost. 7 invoices wait" in mail.text
    assert LINK in mail.text
    assert f'href="{LINK}"' in mail.html
    assert "after 1, 3 and 7 days" in " ".join(mail.text.split())


def test_one_waiting_invoice_is_told_in_the_singular() -> None:
    """And none as none."""
    one = Mails().broken(replace(BROKEN, waiting=1), Language.SWEDISH)
    none = Mails().broken(replace(BROKEN, waiting=0), Language.SWEDISH)

    assert "1 faktura väntar" in one.text
    assert "Ingen faktura väntar just nu." in none.text


@pytest.mark.parametrize(("day", "last"), [(1, False), (3, False), (7, True)])
def test_only_the_last_reminder_says_that_it_is_the_last(day: int, last: bool) -> None:
    """Reminders come after 1, 3 and 7 days."""
    view = ReminderMailView(company="Nordhamn", system="nordhamn", link=LINK, broken_since=NOW, waiting=7, day=day)
    mail = Mails().reminder(view, Language.ENGLISH)

    assert ("This is the last reminder." in mail.text) is last
    assert f"for {day} day" in mail.subject


def test_a_reactivation_is_closed_with_how_many_invoices_and_the_sum_in_each_currency() -> None:
    """Sums in different currencies are never added."""
    view = ReactivatedMailView(
        company="Nordhamn",
        system="nordhamn",
        link=LINK,
        reactivated_at=NOW,
        invoices=7,
        totals=(
            CurrencyTotal(currency="SEK", amount=Decimal("184220.75")),
            CurrencyTotal(currency="EUR", amount=Decimal("2410")),
        ),
        held=2,
    )
    text = " ".join(Mails().reactivated(view, Language.ENGLISH).text.split(" "))

    assert "7 invoices that waited have been sent" in text
    assert "SEK\u00a0184,220.75 + EUR\u00a02,410.00" in text
    assert "2 invoices are held" in text


def cause(issue: Issue, invoice_id: int, *, number: str = "", goods_owner: str = "") -> CauseView:
    """It stops one invoice of ten kronor."""
    line = HeldLine(
        invoice_id=invoice_id,
        number=number,
        goods_owner=goods_owner,
        invoice_date=None,
        amount=Decimal(10),
        currency="SEK",
    )
    return CauseView(id="c", issue=issue, since=NOW, work=Work(count=1, sums={"SEK": Decimal(10)}), lines=(line,))


def test_a_digest_names_each_issue_its_invoice_its_fix_and_who_can() -> None:
    """So that it can be forwarded as it is."""
    issue = Issue(code=IssueCode.CUSTOMER_UNKNOWN, params={"customer_number": "1044", "goods_owner": "Kaffe HB"})
    view = DigestMailView(
        company="Nordhamn",
        system="nordhamn",
        link=LINK,
        day=date(2026, 3, 5),
        causes=(cause(issue, 7, number="20258", goods_owner="Kaffe HB"),),
        issue_count=3,
    )
    mail = Mails().digest(view, Language.ENGLISH)

    assert mail.subject == "nordhamn: 3 issues on the way to Fortnox"
    assert "* Invoice 20258 · Kaffe HB · SEK\u00a010.00: Customer" in mail.text
    assert "Customer 1044 does not exist in Fortnox" in " ".join(mail.text.split())
    assert "create customer 1044 in Fortnox" in " ".join(mail.text.split())
    assert "Who can: Somebody who works in Ongoing or in Fortnox" in mail.text
    assert "And 2 more, on the page." in mail.text


def test_a_digest_of_very_many_issues_names_the_first_and_counts_the_rest() -> None:
    """A mail of a thousand issues would be cut off or thrown away."""
    causes = tuple(
        cause(Issue(code=IssueCode.CUSTOMER_UNKNOWN, params={"customer_number": str(number)}), number)
        for number in range(1000)
    )
    view = DigestMailView(company="N", system="n", link=LINK, day=date(2026, 3, 5), causes=causes, issue_count=1000)
    mail = Mails().digest(view, Language.ENGLISH)

    assert "And 980 more, on the page." in mail.text
    assert len(mail.html) < 60_000


def test_no_name_can_forge_headers() -> None:
    """Line breaks, control characters and great length stay out of the subject."""
    name = "Evil\r\nBcc: victim@example.com\u2028\x00" + 2000 * "x"
    mail = Mails().broken(replace(BROKEN, system=name), Language.ENGLISH)
    message = EmailMessage()
    message["Subject"] = mail.subject

    assert mail.subject.startswith("Evil Bcc: victim@example.com xxx")
    assert len(mail.subject) <= 180
    assert mail.subject.isprintable()
    assert message.keys() == ["Subject"]


def test_a_company_name_cannot_add_markup() -> None:
    """It is escaped in HTML, and left as it is in text."""
    mail = Mails().broken(replace(BROKEN, company="<b>Lager & Co</b>"), Language.ENGLISH)

    assert "<b>" not in mail.html
    assert "&lt;b&gt;Lager &amp; Co&lt;/b&gt;" in mail.html
    assert "<b>Lager & Co</b>" in " ".join(mail.text.split())
