"""The digest before a month ends: beside issues, or alone."""

from datetime import UTC, date, datetime

import pytest
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.notice import Mail
from invoicing.rendering.mails import Mails
from invoicing.rendering.views import DigestMailView, IssueLine

LINK = "https://invoicing.example.com/integrations/nordhamn/issues"
CUSTOMERS = "https://invoicing.example.com/integrations/nordhamn/customers"
ISSUE = IssueLine(issue=Issue(code=IssueCode.NO_ROWS), since=datetime(2026, 3, 28, tzinfo=UTC), invoice_id=7)


def digest(language: Language, *issues: IssueLine, unanswered: int) -> Mail:
    """Of the 28th of March."""
    view = DigestMailView(
        company="Nordhamn Lager AB",
        system="nordhamn",
        link=LINK,
        day=date(2026, 3, 28),
        issues=issues,
        issue_count=len(issues),
        unanswered=unanswered,
        customers=CUSTOMERS,
    )
    return Mails().digest(view, language)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("count", [1, 3])
def test_without_issues_it_is_about_the_customers_alone(count: int, language: Language) -> None:
    """It leads to them, and speaks of no issue."""
    mail = digest(language, unanswered=count)
    words = {Language.ENGLISH: ("Before the month ends", "issue"), Language.SWEDISH: ("Innan månaden är slut", "punkt")}
    said, unsaid = words[language]

    assert said in mail.text
    assert f"{count} " in mail.text
    assert CUSTOMERS in mail.text
    assert unsaid not in mail.text + mail.subject


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("count", [0, 3])
def test_beside_issues_it_is_one_sentence_more(count: int, language: Language) -> None:
    """And none where nobody needs to answer."""
    mail = digest(language, ISSUE, unanswered=count)
    said = {Language.ENGLISH: "Before the month ends", Language.SWEDISH: "Innan månaden är slut"}[language]

    assert (said in " ".join(mail.text.split())) is bool(count)
    assert LINK in mail.text
