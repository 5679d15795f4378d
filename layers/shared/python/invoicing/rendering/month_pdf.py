"""The reconciliation of a month as a PDF: what ties both systems, goods owner by goods owner, and each invoice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from invoicing.domain.integration_settings import Language
from invoicing.domain.month import UNDATED, MonthLine, MonthSums, by_owner, differing, largest_first, sums_of
from invoicing.rendering.catalogue import translatable, translations
from invoicing.rendering.formats import format_amount, format_date, format_month, format_time
from invoicing.rendering.labels import label_of
from invoicing.rendering.pdf_table import Column, Sheet, Table

LISTED = 3000  # invoices that are listed one by one; of more, the file for spreadsheets has each
_TERM_COLUMNS = (
    Column(heading=translatable("What"), width=391.28),
    Column(heading=translatable("Amount"), width=120, to_the_right=True),
)
_OWNER_COLUMNS = (
    Column(heading=translatable("Goods owner"), width=124.28),
    Column(heading=translatable("Customer number"), width=52),
    Column(heading=translatable("Invoices"), width=38, to_the_right=True),
    Column(heading=translatable("In Ongoing"), width=62, to_the_right=True),
    Column(heading=translatable("Not in Fortnox"), width=58, to_the_right=True),
    Column(heading=translatable("In Fortnox"), width=62, to_the_right=True),
    Column(heading=translatable("Difference"), width=55, to_the_right=True),
    Column(heading=translatable("Paid"), width=60, to_the_right=True),
)
_INVOICE_COLUMNS = (
    Column(heading=translatable("Date"), width=48),
    Column(heading=translatable("Number in Ongoing"), width=68),
    Column(heading=translatable("Fortnox no."), width=50),
    Column(heading=translatable("Goods owner"), width=105.28),
    Column(heading=translatable("State"), width=112),
    Column(heading=translatable("In Ongoing"), width=64, to_the_right=True),
    Column(heading=translatable("In Fortnox"), width=64, to_the_right=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What is drawn, as it was when it was asked for."""

    company: str
    organisation_number: str
    system: str
    month: str
    made_at: datetime
    counted_at: datetime | None  # the last run ended
    followed_at: datetime | None  # Fortnox was last asked what is paid; None: it is not asked
    lines: Sequence[MonthLine]
    ongoing_answers: bool = True
    is_whole: bool = True


def draw_month(reconciliation: Reconciliation, language: Language) -> bytes:
    """The file: the same bytes for the same reconciliation."""
    return _Drawing(reconciliation, language).draw()


class _Drawing(Sheet):
    def __init__(self, reconciliation: Reconciliation, language: Language) -> None:
        self._it = reconciliation
        self._sums: Mapping[str, MonthSums] = largest_first(sums_of(reconciliation.lines))
        _ = translations(language).gettext
        if reconciliation.month == UNDATED:
            self._title = _("Reconciliation of invoices without a date")
        else:
            first = date.fromisoformat(f"{reconciliation.month}-01")
            self._title = _("Reconciliation of %(month)s") % {"month": format_month(first, language)}
        super().__init__(self._title, language)

    def draw(self) -> bytes:
        it = self._it
        self.head(it.company, self._title)
        for name, value in self._facts():
            self.fact(name, value)
        self.take(2)
        if not it.ongoing_answers:
            self.paragraph(self._("Ongoing did not answer: what waits there is missing in this document."), bold=True)
        if not it.is_whole:
            self.paragraph(self._("This is not whole: there were too many records to be read in time."), bold=True)
        if not self._sums:
            self.paragraph(self._("There are no invoices of this month."))
        for currency, sums in self._sums.items():
            self._tie(currency, sums)
        for currency in self._sums:
            self._owners(currency)
        self._differences()
        self._invoices()
        self._explained()
        return self.finish(f"{it.company} · {self._title}")

    def _facts(self) -> Iterator[tuple[str, str]]:
        it = self._it
        yield self._("Organisation number"), it.organisation_number or "–"
        yield self._("Ongoing system"), it.system
        yield self._("Made"), format_time(it.made_at, self.language)
        if it.counted_at:
            yield self._("Last run"), format_time(it.counted_at, self.language)
        asked = it.followed_at and self._(
            "Fortnox was asked %(time)s.", time=format_time(it.followed_at, self.language)
        )
        yield self._("Payments"), asked or self._("are not followed")

    def _tie(self, currency: str, sums: MonthSums) -> None:
        verdict = self._("it ties to the öre") if sums.ties else self._("IT DOES NOT TIE")
        self.heading(f"{currency}: {verdict}")
        table = Table(self, _TERM_COLUMNS)
        table.line([self._("In Fortnox, without VAT"), self._price(sums.in_fortnox)])
        for why, amount in sums.terms:
            table.line([self._(label_of(why)), self._price(amount)])
        if sums.off:
            table.line([self._("without a reason"), self._price(sums.off)])
        table.sum(self._("In Ongoing, without VAT"), format_amount(sums.ongoing, currency, self.language))
        if not sums.ties:
            said = self._(
                "%(count)s invoices are not the same in both systems, and no reason is known: by %(amount)s in all.",
                count=str(sums.unexplained),
                amount=format_amount(sums.off, currency, self.language),
            )
            self.paragraph(said, bold=True)
        if sums.fees:
            said = self._(
                "Fortnox added fees of %(amount)s, which are beside these sums.",
                amount=format_amount(sums.fees, currency, self.language),
            )
            self.paragraph(said)

    def _owners(self, currency: str) -> None:
        self.heading(self._("Goods owners, %(currency)s", currency=currency))
        table = Table(self, _OWNER_COLUMNS)
        for (of_currency, owner, number), lines in by_owner(self._it.lines).items():
            if of_currency == currency:
                sums = sums_of(lines)[currency]
                table.line([owner or "–", number, str(sums.invoices), *self._figures(sums)])
        whole = self._sums[currency]
        table.line([self._("Sum"), "", str(whole.invoices), *self._figures(whole)])

    def _figures(self, sums: MonthSums) -> Sequence[str]:
        return [
            self._price(sums.ongoing),
            self._price(sums.not_in_fortnox + sums.left),
            self._price(sums.in_fortnox),
            self._price(sum(sums.apart.values(), Decimal(0))),
            self._price(sums.paid) if self._it.followed_at else "–",
        ]

    def _differences(self) -> None:
        found = differing(self._it.lines)
        if found:
            self.heading(self._("Invoices that differ"))
            self._listed(found[:LISTED])

    def _invoices(self) -> None:
        lines = sorted(self._it.lines, key=lambda one: (one.day or date.min, one.invoice_id))
        if not lines:
            return
        self.heading(self._("Each invoice"))
        if len(lines) > LISTED:
            said = self._(
                "There are %(count)s invoices. The file for spreadsheets (CSV) on the month's page has each of them.",
                count=self.number(Decimal(len(lines))),
            )
            self.paragraph(said)
            return
        self._listed(lines)

    def _listed(self, lines: Sequence[MonthLine]) -> None:
        table = Table(self, _INVOICE_COLUMNS)
        for line in lines:
            state = self._(label_of(line.stage))
            table.line(
                [
                    format_date(line.day, self.language) if line.day else "–",
                    line.number or f"id {line.invoice_id}",
                    line.fortnox_number,
                    line.goods_owner,
                    f"{state}, {self._(label_of(line.apart))}" if line.apart else state,
                    f"{self._price(line.amount)} {line.currency}",
                    "" if line.net is None else f"{self._price(line.net)} {line.currency}",
                ]
            )

    def _explained(self) -> None:
        self.heading(self._("How it was made"))
        self.paragraph(
            self._(
                "Amounts are without VAT. Ongoing's are those that it had when the invoice was last sent, or has now "
                "of what waits. Fortnox's are what its answers said; of what was cancelled or credited there, nothing. "
                "An invoice belongs to the month of its date in Ongoing. Invoices that were marked as exported in "
                "Ongoing without this service are in no sum. Each step of each invoice is in the event log (CSV)."
            )
        )

    def _price(self, amount: Decimal) -> str:
        return self.number(amount, decimals=2)
