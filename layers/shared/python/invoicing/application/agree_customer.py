"""A person's word on a customer: that it is the goods owner, or that an account rightly bears no VAT for it."""

from collections.abc import Iterator
from dataclasses import dataclass

from invoicing.application.change_integration import ChangeTools, export_all_again
from invoicing.domain.agreement import Agreement
from invoicing.domain.export import EventKind, Export, ExportState
from invoicing.domain.integration import Integration
from invoicing.domain.issue import IssueCode

_PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A goods owner and a customer, as the person saw them."""

    goods_owner: str
    customer_number: str
    customer_name: str
    organisation_number: str


def agree_customer(tools: ChangeTools, integration: Integration, pair: Pair, *, by: str) -> int:
    """*Yes, that is them*: invoices that waited for it are sent; gives how many.

    If Fortnox calls the customer something else by now, it is asked again.
    """
    kept = _agreed(tools, integration.id, pair)
    tools.exports.agree(integration.id, _of(pair, by, tools, without_vat=kept.without_vat if kept else frozenset()))
    return _try_again(tools, integration, pair, IssueCode.CUSTOMER_NOT_AGREED, by=by)


def agree_account_without_vat(
    tools: ChangeTools, integration: Integration, pair: Pair, account: int, *, by: str
) -> int:
    """*No VAT on this account is right for this customer*: invoices that waited for it go on; gives how many."""
    kept = _agreed(tools, integration.id, pair)
    without_vat = (kept.without_vat if kept else frozenset()) | {account}
    tools.exports.agree(integration.id, _of(pair, by, tools, without_vat=without_vat))
    return _try_again(tools, integration, pair, IssueCode.VAT_MISSING, by=by)


def _agreed(tools: ChangeTools, integration_id: str, pair: Pair) -> Agreement | None:
    wanted = (pair.goods_owner, pair.customer_number)
    agreed = tools.exports.agreements(integration_id)
    return next((one for one in agreed if (one.goods_owner, one.customer_number) == wanted), None)


def _of(pair: Pair, by: str, tools: ChangeTools, *, without_vat: frozenset[int]) -> Agreement:
    return Agreement(
        goods_owner=pair.goods_owner,
        customer_number=pair.customer_number,
        customer_name=pair.customer_name,
        organisation_number=pair.organisation_number,
        by=by,
        at=tools.clock(),
        without_vat=without_vat,
    )


def _try_again(tools: ChangeTools, integration: Integration, pair: Pair, code: IssueCode, *, by: str) -> int:
    waiting = [
        record.invoice_id
        for record in _held(tools, integration.id)
        if record.issue is not None
        and record.issue.code is code
        and (record.goods_owner, record.customer_number) == (pair.goods_owner, pair.customer_number)
    ]
    return len(export_all_again(tools, integration, frozenset(waiting), kind=EventKind.RETRY, by=by))


def _held(tools: ChangeTools, integration_id: str) -> Iterator[Export]:
    after: int | None = None
    while True:
        page, after = tools.exports.page(integration_id, limit=_PAGE, after=after, state=ExportState.HELD)
        yield from page
        if after is None:
            return
