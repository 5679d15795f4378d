"""What an issue is about, in the words of the invoice: Fortnox's refusals seldom name all of it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from invoicing.domain.fortnox_invoice import InvoiceDraft, InvoiceRow
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.wms_invoice import WmsInvoice

_CUSTOMER = ("customer_number", "goods_owner")
_ARTICLE = ("article_number", "row")
# What the text of an issue names and only the invoice knows. No more than that: issues that say the same are one.
_NAMED: Mapping[IssueCode, tuple[str, ...]] = {
    IssueCode.CUSTOMER_UNKNOWN: _CUSTOMER,
    IssueCode.CUSTOMER_NUMBER_REFUSED: _CUSTOMER,
    IssueCode.VAT_NUMBER_REFUSED: _CUSTOMER,
    IssueCode.ARTICLE_NUMBER_REFUSED: _ARTICLE,
    IssueCode.ARTICLE_UNKNOWN: _ARTICLE,
    IssueCode.ARTICLE_HOUSEWORK: _ARTICLE,
    IssueCode.UNIT_REFUSED: ("article_number",),
    IssueCode.ACCOUNT_UNKNOWN: ("account", *_ARTICLE),
    IssueCode.COST_CENTRE_REQUIRED: ("account", "row", "cost_centres"),
    IssueCode.COST_CENTRE_UNKNOWN: ("cost_centre", "row"),
    IssueCode.PERIOD_LOCKED: ("invoice_date",),
    IssueCode.FINANCIAL_YEAR_MISSING: ("invoice_date",),
    IssueCode.CURRENCY_UNKNOWN: ("currency",),
}
_ALL = 200  # characters at most, where all that it could be are named


def named(issue: Issue, invoice: WmsInvoice, draft: InvoiceDraft) -> Issue:
    """The issue with what its text names, as far as the invoice tells. What it says already stays."""
    facts = {
        "customer_number": draft.customer_number,
        "goods_owner": invoice.goods_owner.name,
        "invoice_date": draft.invoice_date.isoformat(),
        "currency": draft.currency,
        "cost_centres": "sent" if any(row.cost_centre for row in draft.rows) else "not_sent",
        **_rows_facts(issue, draft.rows),
    }
    names = _NAMED.get(issue.code, ())
    told = {name: value for name, value in issue.params.items() if value}
    params = {**dict(issue.params), **{name: facts[name] for name in names}, **told}
    return replace(issue, params=params) if names else issue


def _rows_facts(issue: Issue, rows: Sequence[InvoiceRow]) -> Mapping[str, str]:
    """Of the rows that it is about: those whose article, account or cost centre it names; all, if it names none."""
    message = issue.params.get("message", "")
    article, account = issue.params.get("article_number", ""), issue.params.get("account", "")
    words = set(re.findall(r"[\w/+-]+", message)) | ({article, account} - {""})
    about = [row for row in rows if {row.article_number, row.cost_centre, str(row.account)} & words]
    foreign = re.search(r"\b[1-9][0-9]{3}\b", message) if issue.code is IssueCode.ACCOUNT_UNKNOWN else None
    if not about and foreign:  # an article's own account, which no row names
        about = [row for row in rows if row.account is None]
    concerned = about or rows
    return {
        "article_number": _either(row.article_number for row in concerned),
        "account": foreign[0] if foreign else _either(str(row.account or "") for row in concerned),
        "cost_centre": _either(row.cost_centre for row in concerned),
        "row": _either(row.description for row in concerned),
    }


def _either(values: Iterable[str]) -> str:
    return " / ".join(dict.fromkeys(value for value in values if value))[:_ALL]
