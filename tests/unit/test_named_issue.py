"""Issues name what they are about."""

import pytest
from invoicing.domain.draft import draft_invoice
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.named_issue import named

from tests.unit.test_draft import SETTINGS, charge, invoice

WMS = invoice(
    charge(),
    charge(article_number="PLOCK", article_title="Plock", account="3042"),
)


@pytest.mark.parametrize(
    ("issue", "expected"),
    [
        (
            Issue(code=IssueCode.ACCOUNT_UNKNOWN, params={"message": "Kunde inte hitta konto 3042"}),
            {"account": "3042", "article_number": "PLOCK", "row": "Plock"},
        ),
        (
            Issue(code=IssueCode.ACCOUNT_UNKNOWN, params={"message": "Kunde inte hitta konto 3001"}),
            {"account": "3001", "article_number": "PALL / PLOCK", "row": "Pallplats / Plock"},
        ),
        (
            Issue(code=IssueCode.ACCOUNT_UNKNOWN, params={"message": "Kunde inte hitta kontot."}),
            {"account": "3041 / 3042", "article_number": "PALL / PLOCK"},
        ),
        (
            Issue(code=IssueCode.ARTICLE_NUMBER_REFUSED, params={"article_number": "PLOCK", "message": "Nej."}),
            {"article_number": "PLOCK", "row": "Plock"},
        ),
        (
            Issue(code=IssueCode.CUSTOMER_UNKNOWN, params={"message": "Kan inte hitta kunden."}),
            {"customer_number": "1001", "goods_owner": "Kaffe & Kakao AB"},
        ),
        (
            Issue(code=IssueCode.COST_CENTRE_REQUIRED, params={"message": "Konto 3041 kräver kostnadsställe."}),
            {"account": "3041", "row": "Pallplats", "cost_centres": "not_sent"},
        ),
    ],
)
def test_a_refusal_is_told_with_the_row_and_the_number_that_it_is_about(issue: Issue, expected: dict[str, str]) -> None:
    """Fortnox names one of them at most."""
    draft = draft_invoice("nordlager", WMS, SETTINGS).invoice
    params = named(issue, WMS, draft).params

    assert {name: params[name] for name in expected} == expected
    assert params["message"] == issue.params["message"]


def test_an_issue_is_told_nothing_that_its_text_does_not_say() -> None:
    """Issues of several invoices with the same cause are one."""
    issue = Issue(code=IssueCode.PERMISSION_REFUSED, params={"message": "Nej."})

    assert named(issue, WMS, draft_invoice("nordlager", WMS, SETTINGS).invoice) == issue
