"""Invoices: /3/invoices. There is no DELETE; an invoice can only be cancelled."""

from __future__ import annotations

import copy
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from local.fortnox import refusals
from local.fortnox.call import Answer, Call, only
from local.fortnox.company import Entry
from local.fortnox.fields import Cleared, Fields
from local.fortnox.invoice_fields import INVOICES, KINDS, blank_invoice, reference_number
from local.fortnox.invoice_rows import WITHOUT_VAT, RowRules
from local.fortnox.money import Fees, hundredths, price_row, total_invoice
from local.fortnox.refusals import Refusal, not_found

_ACTIONS: Final = ("bookkeep", "cancel", "credit", "externalprint")
_PRINTS: Final = ("preview", "print", "email")


def answer(call: Call) -> Answer:
    """Answer a call to /3/invoices. Raises Refusal."""
    match call.method, call.path:
        case "GET", ():
            return _list(call)
        case "POST", ():
            return _create(call)
        case "GET", (number,):
            return Answer(value={"Invoice": _invoice(call, number).fields})
        case "PUT", (number,):
            return _update(call, number)
        case "PUT", (number, action) if action in _ACTIONS:
            return _act(call, number, action)
        case "GET", (number, action) if action in _PRINTS:
            entry = _invoice(call, number)
            if action != "preview":
                entry.fields["Sent"] = True
                entry.modified_at = call.now
            if action == "email":
                return Answer(value={"Invoice": entry.fields})
            return Answer(pdf=b"%PDF-1.4\n%%EOF\n")
        case _, (() | (_,)):
            only(call, "GET", "POST", "PUT")
        case _, (_, action) if action in _ACTIONS:
            only(call, "PUT")
    raise not_found(refusals.NO_SUCH_ROUTE)


def _list(call: Call) -> Answer:
    visible_until = call.now - timedelta(seconds=call.options.search_delay)
    entries = [entry for entry in call.company.invoices.values() if entry.created_at <= visible_until]
    for name in ("accountnumberfrom", "accountnumberto"):
        if not call.query.get(name, "0").isdigit():
            raise Refusal(refusals.INVALID_PARAMETER, f"Ogiltig parameter i anropet. ({name})")
    entries.sort(key=lambda entry: int(entry.fields["DocumentNumber"]))
    return INVOICES.answer(call, {entry.fields["DocumentNumber"]: entry for entry in entries})


def _invoice(call: Call, number: str) -> Entry:
    entry = call.company.invoices.get(number)
    if entry is None:
        raise not_found(refusals.INVOICE_NOT_FOUND)
    return entry


def _create(call: Call) -> Answer:
    company = call.company
    sent = call.sent("Invoice", KINDS)
    customer = _customer(call, sent.get("CustomerNumber"))
    number = _document_number(call, sent.pop("DocumentNumber", None))
    invoice = blank_invoice(number)
    invoice["AccountingMethod"] = company.accounting_method
    invoice["InvoiceDate"] = call.today.isoformat()
    _copy_customer(invoice, customer, default_terms=company.terms_of_payment)
    _fill(invoice, sent)
    _check_head(call, invoice)
    invoice_date = date.fromisoformat(invoice["InvoiceDate"])
    if not isinstance(sent.get("OutboundDate"), str):
        invoice["OutboundDate"] = invoice["InvoiceDate"]
    if not isinstance(sent.get("DueDate"), str):
        invoice["DueDate"] = _due_date(invoice_date, invoice["TermsOfPayment"])
    if not isinstance(sent.get("OCR"), str):
        invoice["OCR"] = reference_number(number)
    _set_currency(call, invoice, sent)
    rules = _rules(call, invoice, customer)
    invoice["InvoiceRows"] = [rules.new_row(row) for row in _sent_rows(call, sent)]
    _settle(call, invoice, customer)
    company.invoices[number] = Entry(fields=invoice, created_at=call.now, modified_at=call.now)
    if number == str(company.next_document_number):
        company.next_document_number += 1
    return Answer(status=201, value={"Invoice": copy.deepcopy(invoice)}, location="invoices")


def _update(call: Call, number: str) -> Answer:
    entry = _invoice(call, number)
    _refuse_closed(entry.fields)
    sent = call.sent("Invoice", KINDS)
    if sent.pop("DocumentNumber", number) != number:
        raise Refusal(refusals.DOCUMENT_NUMBER_FIXED, "Fakturanumret kan inte ändras. (DocumentNumber)")
    _refuse_locked(call, entry.fields)
    invoice = copy.deepcopy(entry.fields)
    customer = _customer(call, sent.get("CustomerNumber", invoice["CustomerNumber"]))
    if customer["CustomerNumber"] != invoice["CustomerNumber"]:
        _copy_customer(invoice, customer, default_terms=call.company.terms_of_payment)
    _fill(invoice, sent)
    _check_head(call, invoice)
    if sent.get("DueDate") is Cleared.FIELD:
        invoice["DueDate"] = _due_date(date.fromisoformat(invoice["InvoiceDate"]), invoice["TermsOfPayment"])
    if "Currency" in sent:
        _set_currency(call, invoice, sent)
    if "InvoiceRows" in sent:
        if invoice["OrderReference"] != "0":
            raise Refusal(
                refusals.ROW_LINKED_TO_ORDER,
                "En eller flera rader har koppling till en order, det går därför inte att uppdatera raderna via API",
            )
        rules = _rules(call, invoice, customer)
        invoice["InvoiceRows"] = rules.merged(invoice["InvoiceRows"], _sent_rows(call, sent))
    _settle(call, invoice, customer)
    entry.fields = invoice
    entry.modified_at = call.now
    return Answer(value={"Invoice": copy.deepcopy(invoice)})


def _customer(call: Call, number: object) -> Fields:
    if not isinstance(number, str):
        raise Refusal(refusals.VALUE_REQUIRED, "Kundnummer måste anges. (CustomerNumber)")
    entry = call.company.customers.get(number)
    if entry is None:
        status = call.options.unknown_customer_status
        raise Refusal(refusals.CUSTOMER_NOT_FOUND, "Kan inte hitta kunden.", status=status)
    if call.options.inactive_customer_refused and not entry.fields["Active"]:
        raise Refusal(refusals.CUSTOMER_INACTIVE, "Kunden är inte aktiv. (CustomerNumber)")
    return entry.fields


def _document_number(call: Call, sent: object) -> str:
    company = call.company
    if not isinstance(sent, str):
        while str(company.next_document_number) in company.invoices:
            company.next_document_number += 1
        return str(company.next_document_number)
    if not (sent.isascii() and sent.isdigit() and int(sent) > 0):
        raise Refusal(refusals.NOT_NUMERIC, "Värdet måste vara numeriskt. (DocumentNumber)")
    number = str(int(sent))
    if number in company.invoices:
        raise Refusal(refusals.DOCUMENT_NUMBER_TAKEN, f"Fakturanummer {number} används redan.")
    return number


def _copy_customer(invoice: Fields, customer: Fields, *, default_terms: str) -> None:
    copied = (
        *("Address1", "Address2", "City", "Country", "CostCenter", "CustomerNumber", "DeliveryAddress1"),
        *("DeliveryAddress2", "DeliveryCity", "DeliveryCountry", "DeliveryName", "DeliveryZipCode"),
        *("OrganisationNumber", "OurReference", "Phone1", "Phone2", "Project", "TermsOfDelivery"),
        *("WayOfDelivery", "YourReference", "ZipCode"),
    )
    for name in copied:
        invoice[name] = customer[name] or ""
    invoice["CustomerName"] = customer["Name"]
    invoice["Currency"] = customer["Currency"]
    invoice["PriceList"] = customer["PriceList"]
    invoice["Remarks"] = customer["InvoiceRemark"] or ""
    invoice["TermsOfPayment"] = customer["TermsOfPayment"] or default_terms
    invoice["VATIncluded"] = customer["ShowPriceVATIncluded"]
    invoice["AdministrationFee"] = Decimal(customer["InvoiceAdministrationFee"] or 0)
    invoice["Freight"] = Decimal(customer["InvoiceFreight"] or 0)
    receiver = customer["EmailInvoice"] or customer["Email"] or ""
    invoice["EmailInformation"] = {**invoice["EmailInformation"], "EmailAddressTo": receiver}


def _fill(invoice: Fields, sent: Fields) -> None:
    blank = blank_invoice(invoice["DocumentNumber"])
    for name, value in sent.items():
        if name == "InvoiceRows":
            continue
        if value is Cleared.FIELD:
            invoice[name] = blank[name]
        elif isinstance(value, dict):
            given = {key: blank[name][key] if part is Cleared.FIELD else part for key, part in value.items()}
            invoice[name] = {**invoice[name], **given}
        elif name in ("AdministrationFee", "Freight"):
            invoice[name] = hundredths(value)
        else:
            invoice[name] = value


def _check_head(call: Call, invoice: Fields) -> None:
    company = call.company
    if invoice["Currency"] not in company.currencies:
        raise Refusal(refusals.CURRENCY_NOT_FOUND, "Kan inte hitta valutan. (Currency)")
    if invoice["TermsOfPayment"] not in company.payment_terms:
        raise Refusal(refusals.TERMS_OF_PAYMENT_NOT_FOUND, "Kan inte hitta betalningsvillkoret. (TermsOfPayment)")
    if invoice["WayOfDelivery"] and invoice["WayOfDelivery"] not in company.ways_of_delivery:
        raise Refusal(refusals.WAY_OF_DELIVERY_NOT_FOUND, "Kunde inte hitta leveranssätt. (WayOfDelivery)")
    if invoice["TermsOfDelivery"] and invoice["TermsOfDelivery"] not in company.terms_of_delivery:
        raise Refusal(refusals.TERMS_OF_DELIVERY_NOT_FOUND, "Kan inte hitta leveransvillkoret.")
    if invoice["CostCenter"] and invoice["CostCenter"] not in company.cost_centers:
        raise Refusal(refusals.COST_CENTER_NOT_FOUND, "Kan inte hitta kostnadsstället. (CostCenter)")
    if invoice["Project"]:
        raise Refusal(refusals.PROJECT_NOT_FOUND, "Kan inte hitta projektet. (Project)")
    for name in ("Country", "DeliveryCountry"):
        # Reported by users: countries are names, and Sweden's must be the Swedish one.
        if invoice[name] == "Sweden" or len(invoice[name]) == 2:
            raise Refusal(refusals.COUNTRY_INVALID, f"Ogiltigt land: {invoice[name]}")
    _refuse_locked(call, invoice)
    if call.options.missing_financial_year_refused:
        _require_year(call, invoice)


def _refuse_locked(call: Call, invoice: Fields, *, code: int = refusals.PERIOD_LOCKED) -> None:
    locked_until = call.company.locked_until
    if locked_until is not None and invoice["InvoiceDate"] <= locked_until.isoformat():
        raise Refusal(code, f"Perioden är låst till och med {locked_until.isoformat()}.")


def _require_year(call: Call, invoice: Fields) -> int:
    year = call.company.year_of(date.fromisoformat(invoice["InvoiceDate"]))
    if year is None:
        day = invoice["InvoiceDate"]
        raise Refusal(refusals.FINANCIAL_YEAR_MISSING, f"Räkenskapsår saknas för datumet {day}.")
    return year.id


def _refuse_closed(invoice: Fields) -> None:
    """Fortnox's rules for changes: never cancelled, booked (accrual), or sent or paid (cash method)."""
    if invoice["AccountingMethod"] == "CASH":
        closed = invoice["Sent"] or bool(invoice["FinalPayDate"])
    else:
        closed = invoice["Booked"]
    if closed or invoice["Cancelled"]:
        raise Refusal(refusals.INVOICE_NOT_EDITABLE, "Fakturan kan inte ändras.")


def _set_currency(call: Call, invoice: Fields, sent: Fields) -> None:
    register = call.company.currencies[invoice["Currency"]].fields
    asked_for_register = sent.get("CurrencyUnit") is Cleared.FIELD
    if "CurrencyRate" not in sent:
        own_rate = invoice["Currency"] != "SEK" and call.options.foreign_rate_is_one and not asked_for_register
        invoice["CurrencyRate"] = Decimal(1) if own_rate else Decimal(str(register.get("SellRate") or 1))
    if not isinstance(sent.get("CurrencyUnit"), int):
        invoice["CurrencyUnit"] = int(register.get("Unit") or 1)


def _due_date(invoice_date: date, terms: str) -> str:
    return (invoice_date + timedelta(days=int(terms) if terms.isdigit() else 0)).isoformat()


def _rules(call: Call, invoice: Fields, customer: Fields) -> RowRules:
    return RowRules(
        company=call.company,
        options=call.options,
        customer=customer,
        invoice_date=date.fromisoformat(invoice["InvoiceDate"]),
        cost_center=invoice["CostCenter"],
        vat_included=invoice["VATIncluded"],
    )


def _sent_rows(call: Call, sent: Fields) -> list[Fields]:
    rows = sent.get("InvoiceRows", [])
    if not isinstance(rows, list):
        return []
    if len(rows) > call.options.max_rows:
        raise Refusal(refusals.TOO_MANY_ROWS, f"Fakturan har för många rader, max {call.options.max_rows}.")
    return rows


def _settle(call: Call, invoice: Fields, customer: Fields) -> None:
    """Compute the amounts and give every row a new id, as Fortnox does at every update."""
    for row in invoice["InvoiceRows"]:
        row["RowId"] = call.company.next_row_id
        call.company.next_row_id += 1
        price_row(row, vat_included=invoice["VATIncluded"])
    fees = Fees(
        freight=Decimal(invoice["Freight"]),
        administration=Decimal(invoice["AdministrationFee"]),
        vat_rate=0 if customer["VATType"] in WITHOUT_VAT else max(call.company.vat_rates, default=0),
    )
    total_invoice(
        invoice,
        fees,
        rounded=call.options.total_rounded and invoice["Currency"] == "SEK",
        net_includes_fees=call.options.net_includes_fees,
    )


def _act(call: Call, number: str, action: str) -> Answer:
    if call.body is not None:
        raise Refusal(refusals.BODY_MISSING, "Anropet ska inte ha något innehåll.")
    entry = _invoice(call, number)
    invoice = entry.fields
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
            _credit(call, invoice)
    entry.modified_at = call.now
    return Answer(value={"Invoice": copy.deepcopy(invoice)})


def _bookkeep(call: Call, invoice: Fields) -> None:
    _refuse_locked(call, invoice, code=refusals.POSTING_STOPPED)
    year_id = _require_year(call, invoice)
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


def _credit(call: Call, invoice: Fields) -> None:
    number = _document_number(call, None)
    note = copy.deepcopy(invoice)
    note.update(
        {name: value for name, value in blank_invoice(number).items() if name.startswith("@")},
        DocumentNumber=number,
        OCR=reference_number(number),
        Credit="true",
        CreditInvoiceReference=invoice["DocumentNumber"],
        InvoiceDate=call.today.isoformat(),
        Booked=False,
        Sent=False,
        FinalPayDate=None,
        VoucherNumber=None,
        VoucherSeries=None,
        VoucherYear=None,
    )
    for row in note["InvoiceRows"]:
        row["DeliveredQuantity"] = str(-Decimal(row["DeliveredQuantity"]))
    _settle(call, note, call.company.customers[invoice["CustomerNumber"]].fields)
    call.company.invoices[number] = Entry(fields=note, created_at=call.now, modified_at=call.now)
    call.company.next_document_number += 1
    invoice["CreditInvoiceReference"] = number
