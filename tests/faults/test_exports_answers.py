"""Every answer of Fortnox that is documented or was reported leads to the right reaction, and no other one."""

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest
from invoicing.adapters.fortnox.answers import reaction_to, read_refusal
from invoicing.application.http import HttpAnswer
from invoicing.domain.errors import (
    AccessRefusedError,
    IntegrationHeldError,
    InvoiceHeldError,
    InvoicingError,
    RateLimitedError,
    UnknownOutcomeError,
)
from invoicing.domain.export import ExportState
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import IssueCode
from invoicing.rendering.issue_texts import issue_text

from tests.faults.exports import Story, charge, invoice

# Code, status, and the issue that it becomes. Fortnox's page on errors, recorded exchanges, integrators.
INVOICE: Mapping[tuple[int, int], IssueCode] = {
    (2000106, 400): IssueCode.FORTNOX_REFUSED,
    (2000107, 400): IssueCode.TEXT_REFUSED,
    (2000108, 400): IssueCode.OUR_DEFECT,
    (2000134, 400): IssueCode.OUR_DEFECT,
    (2000166, 400): IssueCode.ARTICLE_NUMBER_REFUSED,
    (2000359, 400): IssueCode.TEXT_REFUSED,
    (2000401, 400): IssueCode.PERIOD_LOCKED,
    (2002141, 400): IssueCode.PERIOD_LOCKED,
    (2000423, 404): IssueCode.ACCOUNT_UNKNOWN,
    (2000423, 400): IssueCode.ACCOUNT_UNKNOWN,
    (2000427, 404): IssueCode.CURRENCY_UNKNOWN,
    (2000428, 404): IssueCode.ARTICLE_UNKNOWN,
    (2000429, 404): IssueCode.FORTNOX_REFUSED,
    (2000430, 404): IssueCode.FORTNOX_REFUSED,
    (2000431, 404): IssueCode.FORTNOX_REFUSED,
    (2000432, 404): IssueCode.FORTNOX_REFUSED,
    (2000433, 404): IssueCode.CUSTOMER_UNKNOWN,
    (2000433, 400): IssueCode.CUSTOMER_UNKNOWN,
    (2000434, 404): IssueCode.FORTNOX_REFUSED,
    (2000435, 404): IssueCode.FORTNOX_REFUSED,
    (2000439, 404): IssueCode.FORTNOX_REFUSED,
    (2000513, 400): IssueCode.ARTICLE_UNKNOWN,
    (2000550, 400): IssueCode.ACCOUNT_UNKNOWN,
    (2000587, 400): IssueCode.OUR_DEFECT,
    (2000588, 400): IssueCode.OUR_DEFECT,
    (2000637, 400): IssueCode.FORTNOX_REFUSED,
    (2000729, 400): IssueCode.OUR_DEFECT,
    (2000861, 400): IssueCode.FORTNOX_REFUSED,
    (2000204, 400): IssueCode.CUSTOMER_UNKNOWN,
    (2000946, 400): IssueCode.COST_CENTRE_REQUIRED,
    (2001303, 400): IssueCode.ACCOUNT_UNKNOWN,
    (2001600, 400): IssueCode.TEXT_REFUSED,
    (2001896, 400): IssueCode.TEXT_REFUSED,
    (2004021, 400): IssueCode.ARTICLE_HOUSEWORK,
    (2004194, 400): IssueCode.VAT_NUMBER_REFUSED,
    (2999999, 403): IssueCode.PERMISSION_REFUSED,
    (0, 403): IssueCode.PERMISSION_REFUSED,
    (2001161, 404): IssueCode.FORTNOX_REFUSED,
    (2001265, 400): IssueCode.ACCOUNT_UNKNOWN,
    (2001302, 400): IssueCode.ARTICLE_UNKNOWN,
    (2001304, 400): IssueCode.ACCOUNT_UNKNOWN,
    (2001392, 400): IssueCode.OUR_DEFECT,
    (2001399, 400): IssueCode.OUR_DEFECT,
    (2001403, 404): IssueCode.ACCOUNT_UNKNOWN,
    (2001740, 400): IssueCode.OUR_DEFECT,
    (2002115, 400): IssueCode.OUR_DEFECT,
    (2002462, 400): IssueCode.ACCOUNT_UNKNOWN,
    (2003157, 400): IssueCode.FORTNOX_REFUSED,
    (2002980, 400): IssueCode.FORTNOX_REFUSED,
    (2003977, 400): IssueCode.FORTNOX_REFUSED,
    (2004167, 400): IssueCode.FORTNOX_REFUSED,
    (1000030, 400): IssueCode.OUR_DEFECT,
    (1000031, 400): IssueCode.OUR_DEFECT,
    (2999999, 400): IssueCode.FORTNOX_REFUSED,
}
INTEGRATION: Mapping[tuple[int, int], IssueCode] = {
    (2000663, 403): IssueCode.SCOPE_MISSING,
    (2000663, 400): IssueCode.SCOPE_MISSING,
    (2001101, 403): IssueCode.LICENCE_MISSING,
    (2001101, 400): IssueCode.LICENCE_MISSING,
    (2001101, 401): IssueCode.LICENCE_MISSING,
    (2001103, 403): IssueCode.LICENCE_MISSING,
    (2001103, 401): IssueCode.LICENCE_MISSING,
    (2001339, 403): IssueCode.SCOPE_MISSING,
    (2001393, 400): IssueCode.SCOPE_MISSING,
    (2000664, 403): IssueCode.SCOPE_MISSING,
}
KEYS = [(2000310, 401), (2000310, 403), (2000311, 401), (2000311, 400), (2004054, 401), (2004054, 400)]

# Fortnox's words where no code is known, or codes differ.
WORDS: Mapping[str, IssueCode] = {
    "Räkenskapsår saknas för datumet 2019-01-31.": IssueCode.FINANCIAL_YEAR_MISSING,
    "Kunde inte hitta kostnadsställe LAGER2": IssueCode.COST_CENTRE_UNKNOWN,
    "Kunde inte hämta valuta EUR": IssueCode.CURRENCY_UNKNOWN,
    "Perioden är låst till och med 2026-01-31.": IssueCode.PERIOD_LOCKED,
    "Kunde inte hitta konto 3041": IssueCode.ACCOUNT_UNKNOWN,
    "Kunde inte hitta artikel PLOCK": IssueCode.ARTICLE_UNKNOWN,
    "Kunde inte hämta moms": IssueCode.FORTNOX_REFUSED,
    "Kunde inte hitta leveranssätt": IssueCode.FORTNOX_REFUSED,
    "Fakturan måste vara klarmarkerad": IssueCode.FORTNOX_REFUSED,
    "OCR-numret används redan": IssueCode.FORTNOX_REFUSED,
    "Kunden är inte aktiv.": IssueCode.FORTNOX_REFUSED,
    "Kan inte hitta kunden.": IssueCode.CUSTOMER_UNKNOWN,
    "Kunde inte hitta kund 1001": IssueCode.CUSTOMER_UNKNOWN,
    "Kan inte hitta kundens leveranssätt.": IssueCode.FORTNOX_REFUSED,
    "Kan inte hitta kundkategorin.": IssueCode.FORTNOX_REFUSED,
    "Kan inte hitta artikeln.": IssueCode.ARTICLE_UNKNOWN,
    "Kan inte hitta artikelns enhet.": IssueCode.FORTNOX_REFUSED,
    "Kan inte hitta artikelgruppen.": IssueCode.FORTNOX_REFUSED,
    "Kan inte hitta kontot.": IssueCode.ACCOUNT_UNKNOWN,
    "Kunde inte hitta konto. (SalesAccount)": IssueCode.ACCOUNT_UNKNOWN,
    "Kan inte hitta kontoplanen.": IssueCode.FORTNOX_REFUSED,
    "Kan inte hitta kontots momskod.": IssueCode.FORTNOX_REFUSED,
    "Fakturan är periodiserad och kan inte ändras.": IssueCode.FORTNOX_REFUSED,
    "Fakturaperioden måste anges.": IssueCode.FORTNOX_REFUSED,
    "Bokföringen är låst till och med 2026-01-31.": IssueCode.PERIOD_LOCKED,
    "Fakturan är låst av en annan användare.": IssueCode.FORTNOX_REFUSED,
    "Kan inte hitta räkenskapsåret.": IssueCode.FINANCIAL_YEAR_MISSING,
    "Räkenskapsåret är låst.": IssueCode.PERIOD_LOCKED,
    "Räkenskapsårets första dag är 2026-01-01.": IssueCode.FORTNOX_REFUSED,
    "Kontot 3041 kräver kostnadsställe.": IssueCode.COST_CENTRE_REQUIRED,
    "Kostnadsställe saknas på konto 3041.": IssueCode.COST_CENTRE_REQUIRED,
    "Kostnadsstället LAGER finns inte.": IssueCode.COST_CENTRE_UNKNOWN,
    "Du kan inte använda kostnadsställe på den här fakturan.": IssueCode.FORTNOX_REFUSED,
    "Valutakursen måste vara större än 0.": IssueCode.FORTNOX_REFUSED,
    "Kan inte hitta valutan. (Currency)": IssueCode.CURRENCY_UNKNOWN,
}


def answer(status: int, code: int, message: str, *, capital: bool = False, as_text: bool = False) -> HttpAnswer:
    """A refusal in Fortnox's envelope, in one of its casings."""
    names = ("Error", "Message", "Code") if capital else ("error", "message", "code")
    values = (1, message, str(code) if as_text else code)
    body = json.dumps({"ErrorInformation": dict(zip(names, values, strict=True))})
    return HttpAnswer(status=status, headers={"content-type": "text/html"}, body=body.encode())


def reaction(got: HttpAnswer) -> InvoicingError:
    """What an answer asks for."""
    return reaction_to(read_refusal(got), params=lambda: {"account": "3041", "article_number": "100"})


@pytest.mark.parametrize(("code", "status"), INVOICE)
@pytest.mark.parametrize("form", [{}, {"capital": True}, {"as_text": True}])
def test_what_is_wrong_with_an_invoice_becomes_its_issue(code: int, status: int, form: dict[str, bool]) -> None:
    """Whatever the casing; Fortnox's own words and code are kept, and the issue can be told in both languages."""
    error = reaction(answer(status, code, "Fortnox säger nej.", **form))

    assert isinstance(error, InvoiceHeldError)
    assert error.issue.code is INVOICE[code, status]
    assert (error.issue.params["code"], error.issue.params["message"]) == (str(code or status), "Fortnox säger nej.")
    assert all(issue_text(error.issue, language).fix for language in Language)


@pytest.mark.parametrize("message", WORDS)
@pytest.mark.parametrize("code", [2999999, 0])
def test_a_code_that_nobody_knows_is_told_by_its_words_and_never_lost(message: str, code: int) -> None:
    """The nearest issue that we have a text for, or Fortnox's own words."""
    error = reaction(answer(400, code, message))

    assert isinstance(error, InvoiceHeldError)
    assert error.issue.code is WORDS[message]
    assert error.issue.params["message"] == message


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_refused_search_never_leads_to_a_second_invoice(status: int) -> None:
    """That nothing could be looked up does not mean that nothing is there."""
    story = Story(invoice(charge()))
    lost = {"effect": "after", "match": {"method": "POST", "path_regex": "^/3/invoices"}}
    body = {"ErrorInformation": {"error": 1, "message": "Nej.", "code": 2999999}}
    refused = {"effect": "status", "status": status, "body": body, "times": 3}
    story.fortnox.add_faults([lost, {**refused, "match": {"method": "GET", "path_regex": "^/3/invoices$"}}])
    for _ in range(4):
        story.attempt()
        story.clock.advance(timedelta(hours=1))
    story.heal()

    assert story.complaints() == []
    assert len(story.in_fortnox()) == 1


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "^/3/articles/", IssueCode.ARTICLE_NUMBER_REFUSED),
        ("GET", "^/3/customers/", IssueCode.CUSTOMER_NUMBER_REFUSED),
        ("GET", "^/3/units/", IssueCode.UNIT_REFUSED),
    ],
)
def test_a_number_that_fortnox_does_not_even_look_up_is_named(method: str, path: str, code: IssueCode) -> None:
    """With its row, or its goods owner."""
    story = Story(invoice(charge("NY", title="Nyhet")))
    body = {"ErrorInformation": {"error": 1, "message": "Ogiltiga tecken.", "code": 2000166}}
    refused = {"effect": "status", "status": 400, "body": body}
    story.fortnox.add_faults([{**refused, "match": {"method": method, "path_regex": path}}])
    story.attempt()
    held = story.record().issue
    assert held is not None
    told = issue_text(held, Language.SWEDISH)

    assert held.code is code
    assert "–" not in told.title.replace(" – ", "")
    assert "Rad –" not in told.cause


@pytest.mark.parametrize(("code", "status"), INTEGRATION)
def test_what_an_administrator_must_order_or_approve_stops_the_integration(code: int, status: int) -> None:
    """A licence is never mistaken for a dead key, whatever the status: reconnecting would not help."""
    error = reaction(answer(status, code, "Ingen aktiv licens."))

    assert isinstance(error, IntegrationHeldError)
    assert error.issue.code is INTEGRATION[code, status]


@pytest.mark.parametrize(("code", "status"), KEYS)
def test_a_refused_key_asks_for_another_one(code: int, status: int) -> None:
    """Whatever the status."""
    assert isinstance(reaction(answer(status, code, "Ogiltig inloggning")), AccessRefusedError)


@pytest.mark.parametrize(
    ("got", "kind"),
    [
        (HttpAnswer(status=401, headers={}, body=b'{"message":"unauthorized"}'), AccessRefusedError),
        (HttpAnswer(status=429, headers={}, body=b""), RateLimitedError),
        (HttpAnswer(status=429, headers={}, body=b'{"message":"Too Many Requests"}'), RateLimitedError),
        (HttpAnswer(status=500, headers={}, body=b"<html>"), UnknownOutcomeError),
        (HttpAnswer(status=502, headers={}, body=b""), UnknownOutcomeError),
        (HttpAnswer(status=408, headers={}, body=b""), UnknownOutcomeError),
        (answer(500, 1000003, "System exception"), UnknownOutcomeError),
        (answer(400, 1000003, "System exception"), UnknownOutcomeError),
        (HttpAnswer(status=403, headers={}, body=b"<html>Forbidden</html>"), UnknownOutcomeError),
        (HttpAnswer(status=404, headers={}, body=b"<html>Not Found</html>"), UnknownOutcomeError),
        (HttpAnswer(status=400, headers={}, body=b""), UnknownOutcomeError),
        (HttpAnswer(status=400, headers={}, body=b'{"ErrorInformation":null}'), UnknownOutcomeError),
        (HttpAnswer(status=400, headers={}, body=b"\xff\xfe"), UnknownOutcomeError),
    ],
)
def test_an_answer_that_is_not_fortnox_word_leaves_open_what_was_done(
    got: HttpAnswer, kind: type[InvoicingError]
) -> None:
    """A page of a gateway is no refusal: after it, Fortnox is searched before anything is posted again."""
    assert type(reaction(got)) is kind


@pytest.mark.parametrize("status", [400, 403, 404, 413, 500, 503])
def test_a_post_that_a_gateway_answers_never_makes_a_second_invoice(status: int) -> None:
    """Carried out or not: it is searched for."""
    story = Story(invoice(charge()))
    rule = {"effect": "html", "status": status, "commit": True}
    story.fortnox.add_faults([{**rule, "match": {"method": "POST", "path_regex": "^/3/invoices"}}])
    story.attempt()
    story.rest()
    story.heal()

    assert story.complaints() == []
    assert len(story.in_fortnox()) == 1


@pytest.mark.parametrize("path", ["^/3/customers", "^/3/articles", "^/3/units", "^/3/invoices"])
def test_what_never_gets_an_answer_becomes_an_issue_and_is_tried_at_every_run(path: str) -> None:
    """A person sees it; it ends by itself."""
    story = Story(invoice(charge("PLOCK")))
    story.fortnox.add_faults([{"effect": "status", "status": 500, "match": {"path_regex": path}, "times": None}])
    for _ in range(3):
        story.attempt()
        story.rest()
    held = story.record()
    story.fortnox.clear_faults()
    story.attempt()
    story.rest()
    story.attempt()

    assert held.state is ExportState.HELD
    assert held.issue is not None
    assert held.issue.code is IssueCode.FORTNOX_NOT_ANSWERING
    assert story.complaints() == []


def test_a_post_that_fortnox_answers_with_429_is_no_doubt_and_no_issue() -> None:
    """It was not carried out: no search, and after a while it goes through."""
    story = Story(invoice(charge()))
    rule = {"effect": "status", "status": 429, "match": {"method": "POST", "path_regex": "^/3/invoices"}, "times": 6}
    story.fortnox.add_faults([rule])
    story.attempt()
    story.rest()
    story.fortnox.clear_calls()
    story.attempt()
    searches = [call for call in story.fortnox.calls() if (call.method, call.path) == ("GET", "/3/invoices")]

    assert story.complaints() == []
    assert searches == []
