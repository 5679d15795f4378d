"""The texts of issues, failed consents, messages and single values: complete, and filled."""

import inspect
import re
from collections.abc import Mapping
from enum import StrEnum

import pytest
from invoicing.domain import issue as issue_module
from invoicing.domain.export import EventKind
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import Issue, IssueCode
from invoicing.rendering.issue_texts import ISSUE_TEXTS, issue_text
from invoicing.rendering.labels import LABELS
from invoicing.rendering.page_texts import CONSENT_TEXTS, MESSAGE_TEXTS
from invoicing.rendering.views import ConsentOutcome, Message
from invoicing.rendering.views_of import UNTOLD


def documented_params() -> Mapping[str, set[str]]:
    """The parameters that the domain names in the comment beside each code."""
    lines = re.findall(r'^    [A-Z_]+ = "(\w+)"  # (.+)$', inspect.getsource(issue_module.IssueCode), re.MULTILINE)
    return {code: set(re.findall(r"\w+", re.sub(r"\(.*?\)", "", names))) for code, names in lines}


@pytest.mark.parametrize("code", IssueCode)
def test_every_issue_has_a_title_a_cause_and_a_fix(code: IssueCode) -> None:
    """An issue without words helps nobody."""
    text = ISSUE_TEXTS[code]

    assert text.title
    assert text.cause
    assert text.fix


@pytest.mark.parametrize("code", IssueCode)
def test_an_issues_text_asks_only_for_parameters_that_it_gets(code: IssueCode) -> None:
    """The domain documents the parameters of each code."""
    text = ISSUE_TEXTS[code]
    asked = set(re.findall(r"%\((\w+)\)s", text.title + text.cause + text.fix))

    assert asked <= documented_params()[code]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", IssueCode)
def test_an_issue_can_be_read_without_its_parameters(code: IssueCode, language: Language) -> None:
    """A record from an older version must never break a page."""
    text = issue_text(Issue(code=code), language)

    assert "%(" not in text.title + text.cause + text.fix


def test_amounts_in_an_issue_are_written_for_the_language() -> None:
    """With the invoice's own currency."""
    params = {"invoice_amount": "1234.5", "sum_per_unit": "1300", "sum_per_row": "nonsense", "currency": "SEK"}
    issue = Issue(code=IssueCode.AMOUNTS_DISAGREE, params=params)

    swedish, english = issue_text(issue, Language.SWEDISH), issue_text(issue, Language.ENGLISH)

    assert "1\u00a0234,50\u00a0kr" in swedish.cause
    assert "SEK\u00a01,300.00" in english.cause
    assert "nonsense" in english.cause


def test_dates_in_an_issue_are_written_for_the_language() -> None:
    """What is no date is shown as it came."""
    params = {"invoice_date": "2026-03-05", "message": "Perioden är låst."}
    issue = Issue(code=IssueCode.PERIOD_LOCKED, params=params)
    odd = Issue(code=IssueCode.PERIOD_LOCKED, params={"invoice_date": "soon"})

    assert "5 Mar 2026" in issue_text(issue, Language.ENGLISH).cause
    assert "soon" in issue_text(odd, Language.ENGLISH).cause


def test_the_reason_of_a_locked_invoice_is_in_the_readers_language() -> None:
    """The domain gives a code word, the page says it."""
    params = {"fortnox_number": "1001", "reason": "cancelled"}
    text = issue_text(Issue(code=IssueCode.INVOICE_LOCKED, params=params), Language.SWEDISH)

    assert "makulerad" in text.cause


def test_fortnoxs_own_words_are_quoted_without_a_double_full_stop() -> None:
    """Fortnox ends some messages with a full stop."""
    params = {"account": "3041", "message": "Kunde inte hitta konto."}
    text = issue_text(Issue(code=IssueCode.ACCOUNT_UNKNOWN, params=params), Language.ENGLISH)

    assert text.cause == "Fortnox refused the invoice: “Kunde inte hitta konto”."


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", [code for code, text in ISSUE_TEXTS.items() if "%(message)s" in text.cause])
def test_without_words_of_fortnox_none_are_quoted(code: IssueCode, language: Language) -> None:
    """It gave none, or was not asked at all; what is known is said all the same."""
    said, unsaid = (issue_text(Issue(code=code, params={"message": one}), language).cause for one in ("Nej.", ""))

    assert "Nej" in said
    assert unsaid.endswith(".")
    assert not set("“”") & set(unsaid)


@pytest.mark.parametrize("kind", LABELS)
def test_every_value_has_a_label(kind: type[StrEnum]) -> None:
    """A new state without a word would break the page that shows it."""
    untold = UNTOLD if kind is EventKind else set()

    assert set(LABELS[kind]) == set(kind) - untold


def test_every_outcome_and_message_has_its_page() -> None:
    """Each with a heading of its own within its kind of page, but for links, which expire alike."""
    titles = [text.title for text in CONSENT_TEXTS.values()]

    assert set(CONSENT_TEXTS) == set(ConsentOutcome)
    assert set(MESSAGE_TEXTS) == set(Message)
    assert len(set(titles)) == len(titles)
