"""What exporting again does to the invoice that Fortnox has. Judged alike by runs and by dress rehearsals."""

from collections.abc import Callable
from decimal import Decimal

from invoicing.domain.errors import InvoiceHeldError, invoice_held
from invoicing.domain.export import Export, ExportState
from invoicing.domain.fortnox_invoice import FortnoxInvoice, InvoiceDraft
from invoicing.domain.issue import Issue, IssueCode


def is_unchanged(record: Export, draft: InvoiceDraft) -> bool:
    """Whether Fortnox has exactly this, as far as we know: then it is not asked."""
    return record.fingerprint == draft.fingerprint and record.state in {ExportState.DONE, ExportState.SENT}


def to_change(
    record: Export,
    draft: InvoiceDraft,
    there: FortnoxInvoice | None,
    *,
    asked: bool,
    doubtful_vat: Callable[[FortnoxInvoice], Issue | None] = lambda _: None,
) -> FortnoxInvoice | None:
    """Fortnox's invoice, if it must become the draft; None if it is right already.

    Raises InvoiceHeldError if it must not be changed, or only when a person asks.
    """
    number = record.fortnox_number
    if there is None or there.reference != record.reference:
        raise invoice_held(IssueCode.INVOICE_LOCKED, fortnox_number=number, reason="gone")
    sent_before = record.fingerprint == draft.fingerprint
    differs = difference(
        there, draft.net, currency=draft.currency, customer_number=draft.customer_number
    ) or doubtful_vat(there)
    if sent_before and differs is None and not there.cancelled:
        return None
    if there.locked_because:
        raise invoice_held(IssueCode.INVOICE_LOCKED, fortnox_number=number, reason=there.locked_because)
    if sent_before and differs is not None and not asked:
        raise InvoiceHeldError(differs)  # the same again would change nothing, but undo what a person did there
    return there


def difference(there: FortnoxInvoice, amount: Decimal, *, currency: str, customer_number: str) -> Issue | None:
    """What makes Fortnox's invoice another one than Ongoing's: its currency (empty: Fortnox decides) or its total."""
    if currency and there.currency and currency != there.currency:
        params = {
            "customer_number": customer_number,
            "customer_currency": there.currency,
            "invoice_currency": currency,
        }
        return Issue(code=IssueCode.CURRENCY_DIFFERS, params=params)
    if there.net == amount:
        return None
    return Issue(
        code=IssueCode.TOTAL_DIFFERS,
        params={
            "invoice_amount": str(amount),
            "fortnox_net": str(there.net),
            "fortnox_number": there.number,
            "currency": currency or there.currency,
        },
    )
