"""What exporting again does to the invoice that Fortnox has: Fortnox decides what is there. docs/decisions/0010."""

from decimal import Decimal

from invoicing.domain.errors import InvoiceHeldError, invoice_held
from invoicing.domain.export import Export
from invoicing.domain.fortnox_invoice import FortnoxInvoice, InvoiceDraft
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.money import round_to_ore


def over(record: Export, there: FortnoxInvoice | None) -> Issue | None:
    """Why the invoice that Fortnox has under our number is none that could be right or made right; None: it could.

    Whether one that is credited was credited in full, its credit note says.
    """
    number = record.fortnox_number
    if there is None:
        return Issue(code=IssueCode.INVOICE_GONE, params={"fortnox_number": number})
    if there.cancelled:
        return Issue(code=IssueCode.INVOICE_CANCELLED, params={"fortnox_number": number})
    if there.credit_of:
        params = {"fortnox_number": number, "credit_number": there.credit_of}
        return Issue(code=IssueCode.INVOICE_CREDITED, params=params)
    if record.by_hand:
        return None
    if there.reference != record.reference:
        return Issue(code=IssueCode.INVOICE_NOT_OURS, params={"fortnox_number": number})
    if there.from_order:
        return Issue(code=IssueCode.INVOICE_FROM_ORDER, params={"fortnox_number": number})
    return None


def is_to_change(
    record: Export,
    draft: InvoiceDraft,
    there: FortnoxInvoice,
    *,
    asked: bool,
    confirmed: bool,
    sent: InvoiceDraft | None = None,
    doubtful_vat: Issue | None = None,
) -> bool:
    """Whether an invoice that is not over must become the draft; False if it is right already.

    `asked`: a person wants it exported again, and with it a change undone that somebody made there. `confirmed`: also
    if the customer has it already. `sent` is the draft with the accounts that this customer gets, `doubtful_vat` what
    is wrong with the VAT of the invoice that is there. Raises InvoiceHeldError if it must not be changed.
    """
    same = record.fingerprint == draft.fingerprint
    print_ = there.fingerprint
    if same and record.kept_print == print_:
        return False
    customer_number = draft.customer_number
    differs = difference(there, draft.net, currency=draft.currency, customer_number=customer_number) or doubtful_vat
    shows = there.shows(sent or draft) and doubtful_vat is None
    as_we_left_it = record.fortnox_print in {"", print_}
    if same and as_we_left_it and differs is None:
        return False
    if record.by_hand or there.locked_because:
        if shows or (record.by_hand and differs is None):
            return False
        if record.by_hand:
            raise InvoiceHeldError(differs or _held(IssueCode.INVOICE_CHANGED, draft, there))
        raise InvoiceHeldError(
            doubtful_vat or _held(IssueCode.INVOICE_BOOKED, draft, there, reason=there.locked_because)
        )
    if confirmed:
        return True
    touched = not as_we_left_it or (same and differs is not None)
    if touched and not asked:
        if shows:
            return False
        raise InvoiceHeldError(differs or _held(IssueCode.INVOICE_CHANGED, draft, there))
    if there.sent and not shows:
        raise InvoiceHeldError(_held(IssueCode.INVOICE_SENT, draft, there))
    return True


def difference(there: FortnoxInvoice, amount: Decimal, *, currency: str, customer_number: str) -> Issue | None:
    """What makes Fortnox's invoice another one than Ongoing's: its currency (empty: Fortnox decides) or its total."""
    if currency and there.currency and currency != there.currency:
        params = {
            "customer_number": customer_number,
            "customer_currency": there.currency,
            "invoice_currency": currency,
            "fortnox_number": there.number,
        }
        return Issue(code=IssueCode.CURRENCY_DIFFERS, params=params)
    if there.net == amount:
        return None
    return Issue(
        code=IssueCode.TOTAL_DIFFERS,
        params={
            "invoice_amount": str(round_to_ore(amount)),
            "fortnox_net": str(there.net),
            "fortnox_number": there.number,
            "currency": currency or there.currency,
        },
    )


def _held(code: IssueCode, draft: InvoiceDraft, there: FortnoxInvoice, **more: str) -> Issue:
    amounts = {"invoice_amount": str(round_to_ore(draft.net)), "fortnox_net": str(there.net)}
    params = {"fortnox_number": there.number, **amounts, **more}
    return Issue(code=code, params=params)


def refuse_over(record: Export, there: FortnoxInvoice | None) -> FortnoxInvoice:
    """The invoice, if it is not over. Raises InvoiceHeldError."""
    issue = over(record, there)
    if issue is not None:
        raise InvoiceHeldError(issue)
    if there is None:
        raise invoice_held(IssueCode.INVOICE_GONE, fortnox_number=record.fortnox_number)
    return there
