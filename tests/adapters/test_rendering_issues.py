"""The buttons under an issue: the likeliest right step stands first."""

import re
from copy import replace
from datetime import UTC, datetime
from html import unescape

import pytest
from invoicing.domain.cause import causes_of
from invoicing.domain.decision import ways_out
from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.standing import Situation, Standing
from invoicing.rendering import issue_texts
from invoicing.rendering.catalogue import translations
from invoicing.rendering.pages import Pages
from invoicing.rendering.views import IssuesView, SessionView
from invoicing.rendering.views_of import cause_view_of
from invoicing.rendering.way_texts import WAY_TEXTS

WHOLE = {
    IssueCode.CONNECTION_BROKEN,
    IssueCode.LICENCE_MISSING,
    IssueCode.SCOPE_MISSING,
    IssueCode.WMS_LOGIN_REFUSED,
}


def buttons_of(html: str) -> list[str]:
    """The words on what can be pressed under the only issue, in their order."""
    (actions,) = re.findall(r'<div class="actions">(.*?)</div>', html, re.DOTALL)
    return [unescape(words) for words in re.findall(r'<(?:button|a class="button")[^>]*>([^<]*)', actions)]


QUOTED = re.compile("[“”]([^“”%]+)[“”]")


@pytest.mark.parametrize("code", [code for code in IssueCode if code not in WHOLE])
def test_a_text_calls_the_buttons_by_their_names_in_swedish_too(code: IssueCode) -> None:
    """Whoever reads a name in quotation marks looks for it."""
    translate = translations(Language.SWEDISH).gettext
    fix = issue_texts.ISSUE_TEXTS[code].fix
    english, swedish = QUOTED.findall(fix), QUOTED.findall(translate(fix))
    names = {way.button: translate(way.button) for way in WAY_TEXTS.values()}

    assert [names[one] for one in english if one in names] == [one for one in swedish if one in names.values()]


@pytest.mark.parametrize("code", [code for code in IssueCode if Issue(code=code).is_of_sending])
def test_what_keeps_an_invoice_from_its_customer_leads_to_the_invoice(code: IssueCode) -> None:
    """There are its buttons; exporting it again would mend nothing, or undo what somebody changed in Fortnox."""
    assert buttons_of(page_of(code)) == ["To the invoice", "Hand over"]


@pytest.mark.parametrize(
    "code", [code for code in IssueCode if code not in WHOLE and not Issue(code=code).is_of_sending]
)
def test_the_step_that_the_text_names_first_is_the_first_button(code: IssueCode) -> None:
    """Where it names none, the cause is mended elsewhere, and *Try again* is the step that is left."""
    buttons, fix = buttons_of(page_of(code)), issue_texts.ISSUE_TEXTS[code].fix
    named = [words for words in buttons if words in fix]

    assert {*buttons} >= {"Try again", "Leave it"}
    assert buttons[0] == (min(named, key=fix.index) if named else "Try again")


def page_of(code: IssueCode) -> str:
    """The page of issues with this one."""
    issue = Issue(code=code)
    of_sending = issue.is_of_sending
    ways = () if of_sending else ways_out(issue, in_fortnox=False, in_doubt=False, by_hand=False)
    held = Export(
        integration_id="demo",
        invoice_id=1,
        state=ExportState.HELD,
        version=1,
        reference="",
        issue=issue,
        issue_since=datetime(2026, 3, 5, tzinfo=UTC),
    )
    (cause,) = causes_of([held])
    view = replace(
        cause_view_of(cause, whole=False), lines=(replace(cause_view_of(cause, whole=False).lines[0], ways=ways),)
    )
    session = SessionView(integration_id="demo", system="demo", csrf="secret-csrf")
    stands = Standing(situation=Situation.HELD)
    return Pages("").issues(IssuesView(session=session, standing=stands, causes=(view,)), Language.ENGLISH)


@pytest.mark.parametrize(("language", "said"), [(Language.SWEDISH, "9,75"), (Language.ENGLISH, "9.75")])
def test_prices_are_written_as_the_reader_writes_numbers(language: Language, said: str) -> None:
    """Several as well as one, and what is no number as it stands."""
    params = {"article_number": "100", "row": "Pallplats", "price": "9.75", "list_price": "10.5 / ?"}
    text = issue_texts.issue_text(Issue(code=IssueCode.PRICE_OFF_LIST, params=params), language)

    assert said in text.title
    assert f"10{said[1]}5 / ?" in text.title
