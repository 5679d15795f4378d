"""The specification of an invoice as a PDF: its rows with their sums, and then the charges behind each row."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from invoicing.domain.specification import Specification, SpecifiedCharge, SpecifiedRow, by_day
from invoicing.rendering.catalogue import translatable
from invoicing.rendering.formats import format_amount, format_date
from invoicing.rendering.pdf_letters import encoded
from invoicing.rendering.pdf_sheet import LEFT, Column, Sheet, Table

LISTED = 3000  # charges that are listed one by one; more are summed per row and day


_ROW_COLUMNS = (
    Column(heading=translatable("Row"), width=28, to_the_right=True),
    Column(heading=translatable("Article"), width=76),
    Column(heading=translatable("Text"), width=213.28),
    Column(heading=translatable("Quantity"), width=58, to_the_right=True),
    Column(heading=translatable("Price"), width=62, to_the_right=True),
    Column(heading=translatable("Amount"), width=74, to_the_right=True),
)
_CHARGE_COLUMNS = (
    Column(heading=translatable("Date"), width=54),
    Column(heading=translatable("Order"), width=80),
    Column(heading=translatable("Comment"), width=141.28),
    Column(heading=translatable("Profit centre"), width=54),
    Column(heading=translatable("Quantity"), width=56, to_the_right=True),
    Column(heading=translatable("Price"), width=58, to_the_right=True),
    Column(heading=translatable("Amount"), width=68, to_the_right=True),
)
_DAY_COLUMNS = (
    Column(heading=translatable("Date"), width=120),
    Column(heading=translatable("Charges"), width=120, to_the_right=True),
    Column(heading=translatable("Quantity"), width=130, to_the_right=True),
    Column(heading=translatable("Amount"), width=141.28, to_the_right=True),
)


def draw_specification(specification: Specification) -> bytes:
    """The file, in the specification's own language: the same bytes for the same specification."""
    return _Drawing(specification).draw()


class _Drawing(Sheet):
    def __init__(self, specification: Specification) -> None:
        title = translatable("Specification of invoice %(number)s")
        super().__init__(specification.language, title, number=specification.fortnox_number)
        self._it = specification

    def draw(self) -> bytes:
        self._head(self._it.company, self._facts())
        self._heading(self._("Rows of the invoice"))
        table = Table(self, _ROW_COLUMNS)
        for row in self._it.rows:
            sent = row.sent
            table.line(
                [
                    str(row.number),
                    sent.article_number,
                    sent.description,
                    self.number(sent.quantity),
                    self.number(sent.price, decimals=2),
                    self.number(row.amount, decimals=2),
                ]
            )
        table.sum(self._("Sum without VAT"), format_amount(self._it.net, self._it.currency, self._language))
        self._charges()
        foot = f"{self._it.company} · {self._title}"
        return self._document.finish(foot, self._("Page %(page)d of %(pages)d"), margin=LEFT)

    # ---- what stands above the tables

    def _facts(self) -> Iterator[tuple[str, str]]:
        it = self._it
        days = (it.period_start, it.period_end)
        yield self._("Customer"), " · ".join(part for part in (it.goods_owner, it.customer_number) if part)
        yield self._("Invoice date"), format_date(it.invoice_date, self._language)
        yield self._("Period"), " – ".join(format_date(day, self._language) for day in days if day)
        yield self._("Concerns"), it.title
        yield self._("Your reference"), it.your_reference
        yield self._("Your order number"), it.your_order_number
        yield self._("Charges"), self.number(Decimal(it.charge_count))
        yield self._("Our reference"), it.reference

    # ---- the charges

    def _charges(self) -> None:
        listed = self._it.charge_count <= LISTED
        if listed:
            self._heading(self._("The charges behind each row"))
        else:
            self._heading(self._("The charges behind each row, summed by day"))
            said = self._(
                "There are %(count)s charges. Ask us for the file for spreadsheets (CSV), which has each of them.",
                count=self.number(Decimal(self._it.charge_count)),
            )
            self._y += 8
            with self._document.within(self._document.tag("P")):
                self._document.text(LEFT, self._y, encoded(said), size=9, grey=0.35)
            self._y += 4
        table = Table(self, _CHARGE_COLUMNS if listed else _DAY_COLUMNS)
        for row in self._it.rows:
            sent = row.sent
            named = self._("Row %(number)s", number=str(row.number))
            table.group(f"{named} · {sent.article_number} · {sent.description}", self.number(row.amount, decimals=2))
            for cells in self._listed(row.charges) if listed else self._summed(row):
                table.line(cells)
            if row.rounding:
                table.note(self._("Rounding to the öre"), self.number(row.rounding, decimals=2))
        table.sum(self._("Sum without VAT"), format_amount(self._it.net, self._it.currency, self._language))

    def _listed(self, charges: Sequence[SpecifiedCharge]) -> Iterator[Sequence[str]]:
        for one in charges:
            yield [
                format_date(one.day, self._language) if one.day else "",
                one.order_number,
                one.comment,
                one.profit_centre,
                self.number(one.quantity),
                "" if one.price is None else self.number(one.price, decimals=2),
                self.number(one.amount, decimals=2),
            ]

    def _summed(self, row: SpecifiedRow) -> Iterator[Sequence[str]]:
        for one in by_day(row.charges):
            yield [
                format_date(one.day, self._language) if one.day else self._("No date"),
                self.number(Decimal(one.count)),
                self.number(one.quantity),
                self.number(one.amount, decimals=2),
            ]
