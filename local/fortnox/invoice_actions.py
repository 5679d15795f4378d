"""What can be done to an invoice as a whole: book, cancel, credit, mark as sent, print, send."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from local.fortnox import refusals
from local.fortnox.call import Answer, Call
from local.fortnox.company import Entry
from local.fortnox.fields import Fields, copied
from local.fortnox.invoice_document import (
    invoice_entry,
    next_document_number,
    refuse_locked,
    require_year,
    settle,
)
from local.fortnox.invoice_fields import blank_invoice, reference_number, shown
from local.fortnox.refusals import Refusal

ACTIONS: Final = ("bookkeep", "cancel", "credit", "externalprint", "warehouseready")
"""What a PUT without a body does."""
SENDINGS: Final = ("einvoice", "email", "eprint", "preview", "print", "printreminder")
"""What a GET does, although it is one: all but the preview mark the invoice as sent, or send it."""


def act(call: Call, number: str, action: str) -> Answer:
    """Answer PUT /3/invoices/{number}/{action}. Raises Refusal."""
    if call.body is not None:
        raise Refusal(refusals.BODY_MISSING, "Anropet ska inte ha något innehåll.")
    entry = invoice_entry(call, number)
    invoice = entry.fields
    if invoice["Cancelled"] and action == "cancel":
        raise Refusal(refusals.CANCELLED_ALREADY, "Fakturan är redan makulerad.")
    if invoice["Cancelled"] or (action in ("bookkeep", "cancel") and invoice["Booked"]):
        raise Refusal(refusals.INVOICE_NOT_EDITABLE, "Fakturan kan inte ändras.")
    match action:
        case "bookkeep":
            _bookkeep(call, invoice)
        case "cancel":
            invoice.update(Cancelled=True, Balance=Decimal(0))
        case "externalprint":
            invoice["Sent"] = True
        case "credit":
            _credit(call, entry)
    entry.modified_at = call.now
    return Answer(value={"Invoice": shown(invoice, call.options)})


def send(call: Call, number: str, action: str) -> Answer:
    """Answer GET /3/invoices/{number}/{action}. Raises Refusal."""
    entry = invoice_entry(call, number)
    if action == "einvoice" and call.options.e_invoice_rules:
        _check_e_invoice(entry)
    if action != "preview":
        if not call.options.sending_licensed:
            raise Refusal(refusals.SENDING_NOT_LICENSED, "Licens saknas för att skicka fakturor.", status=403)
        if action == "email" and not entry.fields["EmailInformation"]["EmailAddressTo"]:
            raise Refusal(refusals.MAIL_ADDRESS_MISSING, "E-postadress saknas på fakturan.")
        entry.fields["Sent"] = True
        entry.unseen["Deliveries"] = (*entry.unseen.get("Deliveries", ()), action)
        entry.modified_at = call.now
    if action in ("einvoice", "email"):
        return Answer(value={"Invoice": shown(entry.fields, call.options)})
    return Answer(pdf=b"%PDF-1.4\n%%EOF\n")


def _check_e_invoice(entry: Entry) -> None:
    """Fortnox's rules since 30 June 2026 (its developer blog)."""
    invoice = entry.fields
    address = ("DeliveryAddress1", "DeliveryAddress2", "DeliveryCity", "DeliveryZipCode")
    if any(invoice[name] for name in address) and not invoice["DeliveryCountry"]:
        raise Refusal(refusals.DELIVERY_COUNTRY_MISSING, "Leveransland måste anges. (DeliveryCountry)")
    if entry.unseen.get("VATType") == "EUREVERSEDVAT" and not invoice["DeliveryDate"]:
        raise Refusal(refusals.DELIVERY_DATE_MISSING, "Leveransdatum måste anges. (DeliveryDate)")


def _bookkeep(call: Call, invoice: Fields) -> None:
    refuse_locked(call, invoice, code=refusals.POSTING_STOPPED)
    year_id = require_year(call, invoice)
    for row in invoice["InvoiceRows"]:
        if Decimal(row["DeliveredQuantity"]) > 0 and not (row["Description"] and row["ArticleNumber"]):
            raise Refusal(refusals.ROW_NOT_BOOKABLE, "Raden saknar benämning eller artikelnummer.")
    invoice.update(
        Booked=True,
        VoucherSeries="B",
        VoucherNumber=call.company.next_voucher_number,
        VoucherYear=year_id,
    )
    call.company.next_voucher_number += 1


def _credit(call: Call, entry: Entry) -> None:
    invoice = entry.fields
    if call.options.credit_needs_booking and not invoice["Booked"]:
        raise Refusal(refusals.NOT_BOOKED, "Fakturan är inte bokförd.")
    if call.options.second_credit == "is_refused" and invoice["CreditInvoiceReference"] != "0":
        raise Refusal(refusals.CREDITED_ALREADY, "Fakturan är redan krediterad.")
    number = next_document_number(call)
    note = unbooked_copy(invoice, number)
    note.update(Credit="true", CreditInvoiceReference=invoice["DocumentNumber"], InvoiceDate=call.today.isoformat())
    for row in note["InvoiceRows"]:
        row["DeliveredQuantity"] = str(-Decimal(row["DeliveredQuantity"]))
    for name in ("AdministrationFee", "Freight"):
        note[name] = -Decimal(note[name]) if note[name] else note[name]
    settle(call, note, str(entry.unseen["VATType"]))
    call.company.invoices[number] = Entry(
        fields=note, unseen=dict(entry.unseen), created_at=call.now, modified_at=call.now
    )
    call.company.next_document_number += 1
    invoice["CreditInvoiceReference"] = number
    if call.options.credit_lowers_balance:
        invoice["Balance"] = Decimal(invoice["Balance"]) + Decimal(note["Total"])
        note["Balance"] = Decimal(0)


def unbooked_copy(invoice: Fields, number: str) -> Fields:
    """A copy of an invoice under another number, with everything that people can see, references included."""
    return {
        **copied(invoice),
        **{name: value for name, value in blank_invoice(number).items() if name.startswith("@")},
        "DocumentNumber": number,
        "OCR": reference_number(number),
        **dict.fromkeys(("Booked", "Cancelled", "Sent"), False),
        **dict.fromkeys(("FinalPayDate", "VoucherNumber", "VoucherSeries", "VoucherYear")),
        "CreditInvoiceReference": "0",
    }
