"""What stops invoices, told once for all that it stops: pages and mails speak of causes, not of single invoices."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from invoicing.domain.export import Export, ExportState
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.work import Work, work_of

_CUSTOMER = ("customer_number",)
_ARTICLE = ("article_number",)
# What must be mended, where one act mends it for every invoice; the rest of an issue's words tell of the invoice.
_SUBJECTS: Mapping[IssueCode, tuple[str, ...]] = {
    IssueCode.CUSTOMER_CODE_MISSING: ("goods_owner",),
    IssueCode.CURRENCY_DIFFERS: ("customer_number", "customer_currency", "invoice_currency"),
    IssueCode.CURRENCY_NOT_SAID: ("customer_number", "goods_owner", "customer_currency"),
    IssueCode.CUSTOMER_NOT_AGREED: ("customer_number", "goods_owner"),
    IssueCode.ACCOUNT_ABROAD: ("customer_number", "goods_owner", "account"),
    IssueCode.CUSTOMER_UNKNOWN: _CUSTOMER,
    IssueCode.CUSTOMER_INACTIVE: _CUSTOMER,
    IssueCode.CUSTOMER_NUMBER_REFUSED: _CUSTOMER,
    IssueCode.ARTICLE_NUMBER_MISSING: ("row",),
    IssueCode.ARTICLE_NUMBER_REFUSED: _ARTICLE,
    IssueCode.ARTICLE_INACTIVE: _ARTICLE,
    IssueCode.ARTICLE_UNKNOWN: _ARTICLE,
    IssueCode.ARTICLE_HOUSEWORK: _ARTICLE,
    IssueCode.UNIT_REFUSED: ("unit",),
    IssueCode.ACCOUNT_MISSING: _ARTICLE,
    IssueCode.ACCOUNT_NOT_VALID: ("account", "article_number"),
    IssueCode.ACCOUNT_UNKNOWN: ("account",),
    IssueCode.VAT_NUMBER_REFUSED: _CUSTOMER,
    IssueCode.VAT_MISSING: ("customer_number", "account"),
    IssueCode.VAT_UNEXPECTED: ("customer_number", "account"),
    IssueCode.COST_CENTRE_REQUIRED: ("account",),
    IssueCode.COST_CENTRE_UNKNOWN: ("cost_centre",),
    IssueCode.CURRENCY_UNKNOWN: ("currency",),
    IssueCode.PERIOD_LOCKED: ("invoice_date",),
    IssueCode.FINANCIAL_YEAR_MISSING: ("invoice_date",),
    IssueCode.PERMISSION_REFUSED: (),
    IssueCode.SEND_NOT_AGREED: (),
    IssueCode.SEND_NOT_LICENSED: (),
    IssueCode.SEND_NO_ADDRESS: _CUSTOMER,
    IssueCode.SEND_NO_COUNTRY: _CUSTOMER,
    IssueCode.PRICE_OFF_LIST: ("article_number", "price", "list_price"),
    IssueCode.PRICE_MISSING: ("article_number", "row"),
    IssueCode.ACCOUNT_NOT_INCOME: ("account", "article_number"),
    IssueCode.FORTNOX_REFUSED: ("message",),
    IssueCode.OUR_DEFECT: (),
    IssueCode.WMS_INVOICE_UNREADABLE: ("detail",),
}
# Of a date, what is locked, or missing: a month, or a year.
_DATE_LENGTHS = {IssueCode.PERIOD_LOCKED: len("2026-10"), IssueCode.FINANCIAL_YEAR_MISSING: len("2026")}
_OF_THE_INVOICE = frozenset({"invoice_number", "code"})  # words that differ where the cause is one


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing to mend, and every invoice that it stops, the longest held first; none if it is only foreseen."""

    exports: tuple[Export, ...]
    issue: Issue  # of the first of them
    since: datetime
    work: Work

    @property
    def id(self) -> str:
        """Names it for as long as it is the case; fit for an address."""
        return cause_id(self.issue)

    @property
    def goods_owner(self) -> str:
        """Of the first invoice, or of which it is foreseen."""
        return self.exports[0].goods_owner if self.exports else self.issue.params.get("goods_owner", "")

    @property
    def currency(self) -> str:
        """Of the first invoice, or of the one sum that is foreseen; empty if that is not known."""
        return self.exports[0].currency if self.exports else "".join(self.work.sums) if len(self.work.sums) == 1 else ""


def cause_id(issue: Issue) -> str:
    """Names the cause that an issue is a case of; fit for an address."""
    return hashlib.sha256(repr(cause_key(issue)).encode()).hexdigest()[:12]


def cause_key(issue: Issue) -> tuple[str, ...]:
    """Equal for issues that one act mends."""
    names = _SUBJECTS.get(issue.code)
    if names is None:
        names = tuple(sorted(name for name in issue.params if name not in _OF_THE_INVOICE))
    words = [issue.params.get(name, "")[: _DATE_LENGTHS.get(issue.code)] for name in names]
    return issue.code, *(word for pair in zip(names, words, strict=True) for word in pair)


def causes_of(held: Iterable[Export]) -> tuple[Cause, ...]:
    """What stops these invoices, the largest sum first. Records without an issue are left out."""
    groups: dict[tuple[str, ...], list[tuple[datetime, Export, Issue]]] = {}
    for export in held:
        since = export.issue_since or export.updated_at
        if export.issue is not None and since is not None:
            groups.setdefault(cause_key(export.issue), []).append((since, export, export.issue))
    causes = []
    for group in groups.values():
        group.sort(key=lambda one: (one[0], one[1].invoice_id))
        causes.append(
            Cause(
                exports=tuple(export for _, export, _ in group),
                issue=group[0][2],
                since=group[0][0],
                work=work_of((export.currency, export.amount) for _, export, _ in group),
            )
        )
    # Sums of different currencies are only put in an order here, and never shown as one.
    return tuple(sorted(causes, key=lambda one: (-sum(one.work.sums.values(), Decimal(0)), one.exports[0].invoice_id)))


def with_send_problems(records: Iterable[Export]) -> list[Export]:
    """Invoices that are not sent because a person must do something, as others that are held: one list for all."""
    return [
        replace(
            one,
            state=ExportState.HELD,
            issue=one.sending.problem,
            issue_since=one.sending.problem_since,
            decision=None,
        )
        for one in records
        if one.state is ExportState.DONE and one.sending is not None and one.sending.problem is not None
    ]
