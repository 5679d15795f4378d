"""VAT, as a bookkeeper checks it: the right account for each kind of customer, and VAT that can be right.

Fortnox decides VAT by the VAT type on the customer's card, the row's account and the article. An account that is sent
wins over its own choice, so that of a price list for Swedish customers is exactly what others must not get. What rate
each row got is read in the answer: reading the chart of accounts would need a permission that nothing else needs.
"""

from collections.abc import Set
from dataclasses import replace
from enum import StrEnum

from invoicing.domain.errors import invoice_held
from invoicing.domain.fortnox_invoice import Customer, FortnoxInvoice, InvoiceDraft
from invoicing.domain.integration_settings import AccountsAbroad
from invoicing.domain.issue import Issue, IssueCode


class VatType(StrEnum):
    """What Fortnox calls VATType on a customer."""

    DOMESTIC = "SEVAT"
    DOMESTIC_REVERSED = "SEREVERSEDVAT"
    EU_REVERSED = "EUREVERSEDVAT"
    EU = "EUVAT"  # with Swedish VAT
    EXPORT = "EXPORT"


_BEARS_NONE = frozenset({VatType.DOMESTIC_REVERSED, VatType.EU_REVERSED, VatType.EXPORT})
_BEARS_VAT = frozenset({VatType.DOMESTIC, VatType.EU})


def with_accounts_for(
    draft: InvoiceDraft, customer: Customer, setting: AccountsAbroad, *, goods_owner: str
) -> InvoiceDraft:
    """The draft with the accounts that this customer may have.

    Raises InvoiceHeldError if such an invoice is to be held.
    """
    ongoings = [row for row in draft.rows if row.account is not None]
    if customer.vat_type in {VatType.DOMESTIC, ""} or setting is AccountsAbroad.WMS or not ongoings:
        return draft
    if setting is AccountsAbroad.HOLD:
        raise invoice_held(
            IssueCode.ACCOUNT_ABROAD,
            customer_number=customer.number,
            goods_owner=goods_owner,
            vat_type=customer.vat_type,
            account=" / ".join(dict.fromkeys(str(row.account) for row in ongoings)),
        )
    return without_accounts_abroad(draft, customer.vat_type, setting)


def without_accounts_abroad(draft: InvoiceDraft, vat_type: str, setting: AccountsAbroad) -> InvoiceDraft:
    """The draft as it was or is sent to a customer with this VAT type."""
    if vat_type in {VatType.DOMESTIC, ""} or setting is AccountsAbroad.WMS:
        return draft
    return replace(draft, rows=tuple(replace(row, account=None) for row in draft.rows))


def doubtful_vat(
    invoice: FortnoxInvoice, vat_type: str, *, customer_number: str, goods_owner: str, without_vat: Set[int]
) -> Issue | None:
    """VAT that cannot be right for the customer's VAT type: the first account that has it.

    `without_vat` are accounts of which a person said that they bear none for this customer. The VAT of fees is no part
    of it.
    """
    if vat_type not in _BEARS_VAT | _BEARS_NONE:
        return None
    told = {"customer_number": customer_number, "goods_owner": goods_owner, "vat_type": vat_type}
    code = IssueCode.VAT_MISSING if vat_type in _BEARS_VAT else IssueCode.VAT_UNEXPECTED
    for row in invoice.rows:
        bears = bool(row.vat_rate)
        if not row.net or row.vat_rate is None or bears is (vat_type in _BEARS_VAT):
            continue
        if bears or row.account not in without_vat:
            return Issue(code=code, params={**told, "account": str(row.account), "rate": f"{row.vat_rate:f}"})
    if vat_type in _BEARS_NONE and invoice.rows_vat:  # whatever the rows say
        accounts = " / ".join(dict.fromkeys(str(row.account) for row in invoice.rows))
        return Issue(code=code, params={**told, "account": accounts, "rate": ""})
    return None
