"""What a bookkeeper takes home: one line for each invoice of a view, with sums that tie, as a file."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from unicodedata import normalize

from invoicing.domain.integration import Integration
from invoicing.domain.integration_settings import Language
from invoicing.pages.browser import Answer
from invoicing.pages.find import Found, find, wanted
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.catalogue import translatable, translations
from invoicing.rendering.labels import label_of
from invoicing.rendering.views import InvoiceLine

_BEGINS_A_FORMULA = frozenset("=+-@\t\r\n")
_HEADINGS = (
    translatable("Invoice date"),
    translatable("Goods owner"),
    translatable("Customer number"),
    translatable("Title"),
    translatable("Period from"),
    translatable("Period to"),
    translatable("Number in Ongoing"),
    translatable("Id in Ongoing"),
    translatable("Amount in Ongoing"),
    translatable("Currency"),
    translatable("Number in Fortnox"),
    translatable("Net in Fortnox"),
    translatable("VAT in Fortnox"),
    translatable("Fees in Fortnox"),
    translatable("Difference"),
    translatable("State"),
    translatable("Payment"),
    translatable("Total in Fortnox with VAT"),
    translatable("Left to pay"),
    translatable("Due date"),
)


def reconciliation(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/reconciliation.csv: of a month, of dates, or of whatever the list is filtered by."""
    what = wanted(visit)
    named = what.month or "-".join(str(day) for day in (what.since, what.until) if day)
    return reconciliation_file(visit.integration, find(visit, what), named, visit.language)


def reconciliation_file(integration: Integration, found: Found, named: str, language: Language) -> Answer:
    """What was found, and its sums; `named` is the month or the dates, for the name of the file."""
    rows = [_row(line, language) for line in sorted(found.lines, key=lambda one: (one.invoice_date, one.invoice_id))]
    name = f"{integration.id}-reconciliation{f'-{named}' if named else ''}.csv"
    _ = translations(language).gettext
    table = [[_(heading) for heading in _HEADINGS], *rows, *_sums(found.lines, language)]
    if not found.ongoing_answers:
        table.append([_("Ongoing does not answer: what waits there is missing in this list.")])
    return as_file(table, name, language)


def as_file(table: Sequence[Sequence[object]], name: str, language: Language) -> Answer:
    """A table that Excel reads at a double click, in the reader's country."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if language is Language.SWEDISH else ",")
    writer.writerows([[_cell(value, language) for value in row] for row in table])
    return Answer(
        body="\ufeff" + text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _row(line: InvoiceLine, language: Language) -> Sequence[object]:
    there, _ = line.fortnox_net, translations(language).gettext
    return (
        line.invoice_date if line.invoice_date != date.min else None,
        line.goods_owner,
        line.customer_number,
        line.title,
        line.period_start,
        line.period_end,
        line.number,
        line.invoice_id,
        line.amount,
        line.currency,
        line.fortnox_number,
        there,
        line.fortnox_vat,
        line.fortnox_fees if there is not None else None,
        there - line.amount if there is not None else None,
        _(label_of(line.state)),
        ", ".join(_(label_of(one)) for one in line.progresses),
        line.settlement.total if line.settlement else None,
        line.left,
        line.settlement.due_date if line.settlement else None,
    )


def _sums(lines: Sequence[InvoiceLine], language: Language) -> list[Sequence[object]]:
    """For each currency: everything, then what is in Fortnox and what is not, which make it up."""
    _ = translations(language).gettext
    sums: list[Sequence[object]] = []
    for currency in sorted({line.currency for line in lines}):
        of_currency = [line for line in lines if line.currency == currency]
        sent = [line for line in of_currency if line.fortnox_net is not None]
        unsent = [line for line in of_currency if line.fortnox_net is None]
        for words, some in (
            (_("Sum, in Fortnox"), sent),
            (_("Sum, not in Fortnox"), unsent),
            (_("Sum"), of_currency),
        ):
            sums.append(_sum(words, currency, some))
    return sums


def _sum(words: str, currency: str, lines: Sequence[InvoiceLine]) -> Sequence[object]:
    zero = Decimal(0)
    amount = sum((line.amount for line in lines), zero)
    there = [line for line in lines if line.fortnox_net is not None]
    net = sum((line.fortnox_net or zero for line in there), zero)
    vat = sum((line.fortnox_vat or zero for line in there), zero)
    fees = sum((line.fortnox_fees for line in there), zero)
    difference = net - sum((line.amount for line in there), zero)
    settled = [line.settlement for line in lines if line.settlement is not None]
    total = sum((one.total for one in settled), zero) if settled else None
    left = sum((line.left or zero for line in lines), zero) if settled else None
    payment = ("", "", total, left, "")
    return (words, len(lines), *[""] * 6, amount, currency, "", net, vat, fees, difference, *payment)


def _cell(value: object, language: Language) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            text = f"{value:.2f}" if value == value.quantize(Decimal("0.01")) else f"{value:f}"
            return text.replace(".", ",") if language is Language.SWEDISH else text
        case str():
            return _no_formula(value)
        case _:
            return str(value)


def _no_formula(text: str) -> str:
    """A text that no spreadsheet takes for a formula, however wide its signs are and whatever stands before them."""
    seen = normalize("NFKC", text).lstrip(" \u200b\ufeff")
    return f"'{text}" if seen[:1] in _BEGINS_A_FORMULA and seen else text
