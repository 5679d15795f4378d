"""Customers: goods owners beside the customers in Fortnox that their codes say, and a person's word on them."""

from collections.abc import Collection

from invoicing.application.agree_customer import Pair, agree_account_without_vat, agree_customer
from invoicing.application.list_customers import CustomerLine, list_customers
from invoicing.domain.cause import cause_id
from invoicing.domain.export import ExportState
from invoicing.domain.issue import IssueCode
from invoicing.domain.remedy import remedy_of
from invoicing.pages.browser import Answer
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import CUSTOMERS_PER_PAGE, CustomerRow, CustomersView, Feedback

_LONGEST = 1100  # characters of a name; Fortnox takes 1024


def customers(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/customers: what needs somebody comes first."""
    parts, integration = visit.parts, visit.integration
    lines = (
        list_customers(
            integration,
            wms=parts.wms,
            sealer=parts.password_sealer,
            exports=parts.exports,
            register=parts.register_of(integration, integration.settings),
        )
        if integration.settings is not None
        else ()
    )
    without_vat, stopping = _accounts_without_vat(visit), frozenset(cause.id for cause in visit.standing.causes)
    shown, pager = visit.part(lines, CUSTOMERS_PER_PAGE)
    view = CustomersView(
        session=visit.session_view,
        customers=tuple(
            _row_of(line, without_vat.get((line.goods_owner, line.customer_number), ()), stopping) for line in shown
        ),
        waiting=sum(line.issue is not None for line in lines),
        pager=pager,
        notice=visit.once(visit.notice),
    )
    return Answer(body=visit.pages.customers(view, visit.language))


def agree(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/customers: *Yes, that is them*, or that an account rightly bears no VAT for them."""
    form = visit.request.form()
    names = ("goods_owner", "customer_number", "customer_name", "organisation_number")
    said = {name: form.get(name, "") for name in names}
    account = form.get("account", "")
    if not all(said[name] for name in names[:3]) or max(map(len, said.values())) > _LONGEST:
        return visit.noted(Feedback.NOT_POSSIBLE_NOW, "/customers")
    tools, pair, by = visit.parts.change_tools(), Pair(**said), visit.session.username
    if not account:
        agree_customer(tools, visit.integration, pair, by=by)
    elif account.isascii() and account.isdigit() and len(account) == 4:
        agree_account_without_vat(tools, visit.integration, pair, int(account), by=by)
    else:
        return visit.noted(Feedback.NOT_POSSIBLE_NOW, "/customers")
    return visit.noted(Feedback.AGREED, "/customers")


def _accounts_without_vat(visit: SignedInVisit) -> dict[tuple[str, str], tuple[str, ...]]:
    """Accounts that invoices wait for somebody's word about, by goods owner and customer number."""
    found: dict[tuple[str, str], set[str]] = {}
    for record in visit.all_exports(visit.integration, ExportState.HELD):
        if record.issue is not None and record.issue.code is IssueCode.VAT_MISSING:
            account = record.issue.params.get("account", "")
            if account.isdigit():
                found.setdefault((record.goods_owner, record.customer_number), set()).add(account)
    return {pair: tuple(sorted(accounts)) for pair, accounts in found.items()}


def _row_of(line: CustomerLine, without_vat: tuple[str, ...], stopping: Collection[str]) -> CustomerRow:
    there = line.customer
    cause = cause_id(line.issue) if line.issue else ""
    return CustomerRow(
        goods_owner=line.goods_owner,
        number=line.customer_number,
        name=there.name if there else "",
        organisation_number=there.organisation_number if there else "",
        vat_type=there.vat_type if there else "",
        currency=there.currency if there else "",
        active=there.active if there else None,
        agreed=line.agreed,
        agreed_by=line.agreed_by,
        issue=line.issue,
        without_vat=without_vat if there else (),
        cause=cause,
        remedy=remedy_of(line.issue, ()) if line.issue and cause in stopping else None,
    )
