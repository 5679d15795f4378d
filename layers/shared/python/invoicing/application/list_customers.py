"""Goods owners beside the customers in Fortnox that their codes say, for the page Customers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from invoicing.application.know_register import KnownRegister
from invoicing.application.ports import Exports, Sealer, WmsInvoices
from invoicing.application.wms_login import login_of
from invoicing.domain.agreement import Agreed
from invoicing.domain.errors import InvoiceHeldError
from invoicing.domain.fortnox_invoice import Customer
from invoicing.domain.integration import Integration
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.wms_invoice import GoodsOwner, WmsInvoice

_LOOKED_BACK = 500  # of the newest records


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerLine:
    """A goods owner with an invoice that waits or was sent. Without `customer`, Fortnox has none or was not asked.

    `issue` is what would hold an invoice for it.
    """

    goods_owner: str
    customer_number: str  # empty: Ongoing says none
    customer: Customer | None
    agreed: Agreed
    agreed_by: str  # a user name, if a person said it
    issue: Issue | None


def list_customers(
    integration: Integration, *, wms: WmsInvoices, sealer: Sealer, exports: Exports, register: KnownRegister
) -> Sequence[CustomerLine]:
    """One line for each goods owner and code, what needs somebody first. Raises like the WMS and Fortnox."""
    if integration.settings is None:
        return []
    owners = {
        (one.name, one.customer_number): one
        for one in (*_sent(integration, exports), *_in_ongoing(integration, wms, sealer))
    }
    lines = [line_of(register, owner) for owner in owners.values()]
    register.save()
    return sorted(lines, key=lambda line: (line.issue is None, line.goods_owner.casefold(), line.customer_number))


def _in_ongoing(integration: Integration, wms: WmsInvoices, sealer: Sealer) -> Iterator[GoodsOwner]:
    assert integration.settings is not None  # noqa: S101 - the caller asked
    for page in wms.unexported(login_of(integration, sealer), since=integration.settings.from_date):
        for invoice in page.invoices:
            if isinstance(invoice, WmsInvoice):
                yield invoice.goods_owner


def _sent(integration: Integration, exports: Exports) -> Iterator[GoodsOwner]:
    records, _ = exports.page(integration.id, limit=_LOOKED_BACK)
    for one in records:
        if one.fortnox_number:
            yield GoodsOwner(id=0, name=one.goods_owner, customer_code=one.customer_number, currency=one.currency)


def line_of(register: KnownRegister, owner: GoodsOwner) -> CustomerLine:
    """What is known of one of them, asked for where nothing is remembered. Raises like Fortnox."""
    number = owner.customer_number
    customer: Customer | None = None
    agreed, by = Agreed.NOT_YET, ""
    if not number:
        issue: Issue | None = Issue(code=IssueCode.CUSTOMER_CODE_MISSING, params={"goods_owner": owner.name})
    else:
        try:
            customer = register.look_up(number)
        except InvoiceHeldError as held:  # a code that Fortnox does not even look up
            about = {"customer_number": number, "goods_owner": owner.name}
            issue = replace(held.issue, params={**held.issue.params, **about})
        else:
            agreed, by = register.agreed(owner.name, customer) if customer else (agreed, by)
            issue = register.objection(owner, customer)
    return CustomerLine(
        goods_owner=owner.name,
        customer_number=number,
        customer=customer,
        agreed=agreed,
        agreed_by=by,
        issue=issue,
    )
