"""The digest of the day: causes with what they stop, the largest sum first."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from invoicing.domain.cause import causes_of
from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.notice import Mail
from invoicing.rendering.mails import Mails
from invoicing.rendering.views import DigestMailView
from invoicing.rendering.views_of import cause_view_of

LINK = "https://invoicing.example.com/integrations/nordhamn/issues"


def held(number: int, code: IssueCode, amount: str, currency: str = "SEK", **params: str) -> Export:
    """One invoice that waits."""
    return replace(
        Export(integration_id="nordhamn", invoice_id=number, state=ExportState.HELD, reference="r", version=1),
        issue=Issue(code=code, params=params),
        issue_since=datetime(2026, 3, 28, tzinfo=UTC),
        wms_number=str(number),
        goods_owner="Kaffe & Kakao AB",
        amount=Decimal(amount),
        currency=currency,
    )


def digest(language: Language, *issues: Export, problem: Issue | None = None) -> Mail:
    """Of the 28th of March."""
    view = DigestMailView(
        company="Nordhamn Lager AB",
        system="nordhamn",
        link=LINK,
        day=date(2026, 3, 28),
        causes=tuple(cause_view_of(cause, whole=False) for cause in causes_of(issues)),
        issue_count=len(issues) + (problem is not None),
        problem=problem,
    )
    return Mails().digest(view, language)


def test_issues_of_one_cause_are_one_with_a_count_and_the_largest_sum_comes_first() -> None:
    """Whoever reads only the first lines reads what matters most; what stops everything comes before all."""
    small = [held(number, IssueCode.CUSTOMER_UNKNOWN, "10.00", customer_number="77") for number in range(1, 13)]
    large = held(20, IssueCode.NO_ROWS, "9000.00")
    euros = [held(number, IssueCode.ACCOUNT_MISSING, "700.00", currency, row="Frakt") for number, currency in EACH]
    everything = Issue(code=IssueCode.SCOPE_MISSING, params={"message": "Nej."})
    text = digest(Language.ENGLISH, *small, *euros, large, problem=everything).text
    flat = " ".join(text.split())
    order = [
        flat.index("A permission is missing in Fortnox"),
        flat.index("Invoice 20 · Kaffe & Kakao AB · SEK 9,000.00"),
        flat.index("2 invoices · EUR 700.00 + SEK 700.00"),
        flat.index("12 invoices · SEK 120.00"),
    ]

    assert order == sorted(order)
    assert flat.count("Customer 77 does not exist in Fortnox") == 1


EACH = [(30, "SEK"), (31, "EUR")]


def test_what_is_not_named_is_counted_in_invoices() -> None:
    """Many causes: the first twenty are named, of however many invoices each."""
    lines = [
        held(number, IssueCode.CUSTOMER_UNKNOWN, str(1000 - number), customer_number=str(number // 2))
        for number in range(60)
    ]
    text = digest(Language.ENGLISH, *lines).text

    assert text.count("2 invoices") == 20
    assert "And 20 more" in text
