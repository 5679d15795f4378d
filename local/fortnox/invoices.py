"""Invoices: /3/invoices. There is no DELETE; an invoice can only be cancelled."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from local.fortnox import refusals
from local.fortnox.call import Answer, Call, only
from local.fortnox.company import Entry
from local.fortnox.fields import Cleared, Fields, copied
from local.fortnox.invoice_actions import ACTIONS, SENDINGS, act, send
from local.fortnox.invoice_document import (
    invoice_entry,
    next_document_number,
    refuse_locked,
    require_year,
    row_rules,
    settle,
)
from local.fortnox.invoice_fields import KINDS, blank_invoice, invoices_of, reference_number, shown
from local.fortnox.money import hundredths
from local.fortnox.options import Options
from local.fortnox.refusals import Refusal, not_found

# Two letters of a country and up to thirteen characters: what Fortnox makes of it is not published.
_VAT_NUMBER: Final = re.compile(r"[A-Z]{2}[A-Z0-9+*]{2,13}")


def answer(call: Call) -> Answer:
    """Answer a call to /3/invoices. Raises Refusal."""
    match call.method, call.path:
        case "GET", ():
            return _list(call)
        case "POST", ():
            return _create(call)
        case "GET", (number,):
            return Answer(value={"Invoice": shown(invoice_entry(call, number).fields, call.options)})
        case "PUT", (number,):
            return _update(call, number)
        case "PUT", (number, action) if action in ACTIONS:
            return act(call, number, action)
        case "GET", (number, action) if action in SENDINGS:
            return send(call, number, action)
        case _, (() | (_,)):
            only(call, "GET", "POST", "PUT")
        case _, (_, action) if action in ACTIONS:
            only(call, "PUT")
    raise not_found(refusals.NO_SUCH_ROUTE)


def _list(call: Call) -> Answer:
    visible_until = call.now - timedelta(seconds=call.options.search_delay)
    entries = [entry for entry in call.company.invoices.values() if entry.created_at <= visible_until]
    for name in ("accountnumberfrom", "accountnumberto"):
        if not call.query.get(name, "0").isdigit():
            raise Refusal(refusals.INVALID_PARAMETER, f"Ogiltig parameter i anropet. ({name})")
    entries.sort(key=lambda entry: int(entry.fields["DocumentNumber"]))
    return invoices_of(call.options).answer(call, {entry.fields["DocumentNumber"]: entry for entry in entries})


def _create(call: Call) -> Answer:
    company = call.company
    sent = call.sent("Invoice", KINDS)
    customer = _customer(call, sent.get("CustomerNumber"))
    language = call.company.customers[customer["CustomerNumber"]].unseen.get("Language", "SV")
    number = _document_number(call, sent.pop("DocumentNumber", None))
    invoice = blank_invoice(number)
    invoice["AccountingMethod"] = company.accounting_method
    invoice["InvoiceDate"] = call.today.isoformat()
    invoice["Language"] = language
    _copy_customer(invoice, customer, default_terms=company.terms_of_payment)
    _fill(invoice, sent, call.options)
    _check_head(call, invoice)
    _check_vat_number(customer)
    invoice_date = date.fromisoformat(invoice["InvoiceDate"])
    if not isinstance(sent.get("OutboundDate"), str):
        invoice["OutboundDate"] = invoice["InvoiceDate"]
    if not isinstance(sent.get("DueDate"), str):
        invoice["DueDate"] = _due_date(invoice_date, invoice["TermsOfPayment"])
    if not isinstance(sent.get("OCR"), str):
        invoice["OCR"] = reference_number(number)
    _set_currency(call, invoice, sent)
    unseen = _vat_of(customer)
    rules = row_rules(call, invoice, customer, unseen["VATType"])
    invoice["InvoiceRows"] = [rules.new_row(row) for row in _sent_rows(call, sent)]
    settle(call, invoice, unseen["VATType"])
    company.invoices[number] = Entry(fields=invoice, unseen=unseen, created_at=call.now, modified_at=call.now)
    if number == str(company.next_document_number):
        company.next_document_number += 1
    return Answer(status=201, value={"Invoice": shown(invoice, call.options)}, location="invoices")


def _update(call: Call, number: str) -> Answer:
    entry = invoice_entry(call, number)
    _refuse_closed(entry.fields)
    sent = call.sent("Invoice", KINDS)
    if sent.pop("DocumentNumber", number) != number:
        raise Refusal(refusals.DOCUMENT_NUMBER_FIXED, "Fakturanumret kan inte ändras. (DocumentNumber)")
    refuse_locked(call, entry.fields)
    invoice = copied(entry.fields)
    unseen = dict(entry.unseen)
    customer = _customer(call, sent.get("CustomerNumber", invoice["CustomerNumber"]))
    if customer["CustomerNumber"] != invoice["CustomerNumber"]:
        unseen = _vat_of(customer)
        _copy_customer(invoice, customer, default_terms=call.company.terms_of_payment)
    _fill(invoice, sent, call.options)
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
        rules = row_rules(call, invoice, customer, unseen["VATType"])
        invoice["InvoiceRows"] = rules.merged(invoice["InvoiceRows"], _sent_rows(call, sent))
    settle(call, invoice, unseen["VATType"])
    entry.fields = invoice
    entry.unseen = unseen
    entry.modified_at = call.now
    return Answer(value={"Invoice": shown(invoice, call.options)})


def _vat_of(customer: Fields) -> Fields:
    """What an invoice keeps of its customer's card, whatever becomes of the card (measured)."""
    return {"VATType": customer["VATType"], "VATNumber": customer["VATNumber"]}


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
    if not isinstance(sent, str):
        return next_document_number(call)
    if not (sent.isascii() and sent.isdigit() and int(sent) > 0):
        raise Refusal(refusals.NOT_NUMERIC, "Värdet måste vara numeriskt. (DocumentNumber)")
    number = str(int(sent))
    if number in call.company.invoices:
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


def _fill(invoice: Fields, sent: Fields, options: Options) -> None:
    blank = blank_invoice(invoice["DocumentNumber"])
    for name, value in sent.items():
        if name == "InvoiceRows" or (name == "EmailInformation" and options.mail_information == "is_ignored"):
            continue
        if name == "EmailInformation" and options.mail_information == "is_replaced":
            invoice[name] = dict.fromkeys(invoice[name], "")
        if value is Cleared.FIELD:
            invoice[name] = blank[name]
        elif isinstance(value, dict):
            given = {key: blank[name][key] if part is Cleared.FIELD else part for key, part in value.items()}
            invoice[name] = {**invoice[name], **given}
        elif name in ("AdministrationFee", "Freight"):
            invoice[name] = hundredths(value)
        else:
            invoice[name] = value


def _check_vat_number(customer: Fields) -> None:
    number = str(customer["VATNumber"]).replace(" ", "")
    if customer["VATType"] == "EUREVERSEDVAT" and number and not _VAT_NUMBER.fullmatch(number):
        raise Refusal(refusals.VAT_NUMBER_INVALID, "Kundens VAT-nummer är felaktigt. (VATNumber)")


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
    refuse_locked(call, invoice)
    if call.options.missing_financial_year_refused:
        require_year(call, invoice)


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


def _sent_rows(call: Call, sent: Fields) -> list[Fields]:
    rows = sent.get("InvoiceRows", [])
    if not isinstance(rows, list):
        return []
    if len(rows) > call.options.max_rows:
        raise Refusal(refusals.TOO_MANY_ROWS, f"Fakturan har för många rader, max {call.options.max_rows}.")
    return rows
