"""The specification of an invoice as a PDF: its rows with their sums, and then the charges behind each row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from gettext import NullTranslations

from invoicing.domain.specification import Specification, SpecifiedCharge, SpecifiedRow, by_day
from invoicing.rendering.catalogue import translatable, translations
from invoicing.rendering.formats import format_amount, format_date, format_number
from invoicing.rendering.pdf import HEIGHT, WIDTH, Document, Tag
from invoicing.rendering.pdf_letters import BOLD, REGULAR, encoded, wrapped

LISTED = 3000  # charges that are listed one by one; more are summed per row and day
_LEFT, _RIGHT, _TOP, _BOTTOM = 42.0, WIDTH - 42.0, 48.0, HEIGHT - 44.0
_SIZE, _LEADING, _PADDING = 7.5, 9.5, 2.0
_MOST_LINES = 12  # of one cell; a longer text is cut, and is whole in the CSV


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    heading: str
    width: float
    to_the_right: bool = False


_ROW_COLUMNS = (
    _Column(heading=translatable("Row"), width=28, to_the_right=True),
    _Column(heading=translatable("Article"), width=76),
    _Column(heading=translatable("Text"), width=213.28),
    _Column(heading=translatable("Quantity"), width=58, to_the_right=True),
    _Column(heading=translatable("Price"), width=62, to_the_right=True),
    _Column(heading=translatable("Amount"), width=74, to_the_right=True),
)
_CHARGE_COLUMNS = (
    _Column(heading=translatable("Date"), width=54),
    _Column(heading=translatable("Order"), width=80),
    _Column(heading=translatable("Comment"), width=141.28),
    _Column(heading=translatable("Profit centre"), width=54),
    _Column(heading=translatable("Quantity"), width=56, to_the_right=True),
    _Column(heading=translatable("Price"), width=58, to_the_right=True),
    _Column(heading=translatable("Amount"), width=68, to_the_right=True),
)
_DAY_COLUMNS = (
    _Column(heading=translatable("Date"), width=120),
    _Column(heading=translatable("Charges"), width=120, to_the_right=True),
    _Column(heading=translatable("Quantity"), width=130, to_the_right=True),
    _Column(heading=translatable("Amount"), width=141.28, to_the_right=True),
)


def draw_specification(specification: Specification) -> bytes:
    """The file, in the specification's own language: the same bytes for the same specification."""
    return _Drawing(specification).draw()


class _Drawing:
    def __init__(self, specification: Specification) -> None:
        self._it = specification
        self._language = specification.language
        self._words: NullTranslations = translations(specification.language)
        self._title = self._("Specification of invoice %(number)s", number=specification.fortnox_number)
        self._document = Document(self._title, specification.language)
        self._y = _TOP

    def draw(self) -> bytes:
        self._document.begin_page()
        self._head()
        self._heading(self._("Rows of the invoice"))
        table = _Table(self, _ROW_COLUMNS)
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
        return self._document.finish(foot, self._("Page %(page)d of %(pages)d"), margin=_LEFT)

    # ---- what stands above the tables

    def _head(self) -> None:
        document, it = self._document, self._it
        with document.within(document.tag("P")):
            document.text(_LEFT, self._y, encoded(it.company), size=9, grey=0.35)
        self._y += 24
        for part in wrapped(encoded(self._title), BOLD, 17, _RIGHT - _LEFT):
            with document.within(document.tag("H1")):
                document.text(_LEFT, self._y, part, font=BOLD, size=17)
            self._y += 20
        for name, value in self._facts():
            if value:
                self._fact(name, value)
        self._y += 6

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

    def _fact(self, name: str, value: str) -> None:
        document = self._document
        tag = document.tag("P")
        lines = wrapped(encoded(value), REGULAR, 9, _RIGHT - _LEFT - 100)
        with document.within(tag):
            document.text(_LEFT, self._y, encoded(name), size=9, grey=0.35)
            for line in lines[:3]:
                document.text(_LEFT + 100, self._y, line, size=9)
                self._y += 12.5

    def _heading(self, words: str) -> None:
        self._keep(60)
        self._y += 18
        with self._document.within(self._document.tag("H2")):
            self._document.text(_LEFT, self._y, encoded(words), font=BOLD, size=12)
        self._y += 8

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
                self._document.text(_LEFT, self._y, encoded(said), size=9, grey=0.35)
            self._y += 4
        table = _Table(self, _CHARGE_COLUMNS if listed else _DAY_COLUMNS)
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

    # ---- for tables too

    @property
    def document(self) -> Document:
        return self._document

    @property
    def y(self) -> float:
        """The upper edge of what is drawn next."""
        return self._y

    def take(self, height: float) -> None:
        """What was drawn is so high."""
        self._y += height

    def fits(self, height: float) -> bool:
        """Whether so much more has room on this page."""
        return self._y + height <= _BOTTOM

    def turn(self) -> None:
        """On to the next page."""
        self._document.begin_page()
        self._y = _TOP

    def words(self, message: str) -> str:
        """A text of the catalogue."""
        return self._words.gettext(message)

    def number(self, value: Decimal, *, decimals: int = 0) -> str:
        """As the customer's country writes it, and whole."""
        return format_number(value, self._language, decimals=decimals)

    def _keep(self, height: float) -> None:
        if not self.fits(height):
            self.turn()

    def _(self, message: str, **values: str) -> str:
        said = self._words.gettext(message)
        return said % values if values else said


class _Table:
    """A table that goes on over pages; its headings are repeated on each, and read out once."""

    def __init__(self, drawing: _Drawing, columns: Sequence[_Column]) -> None:
        self._drawing, self._columns = drawing, columns
        self._document = drawing.document
        self._tag = self._document.tag("Table")
        self._group: tuple[str, str] | None = None
        edges = [_LEFT]
        for column in columns:
            edges.append(edges[-1] + column.width)
        self._edges = edges
        self._headings(self._document.tag("TR", self._tag))

    def line(self, cells: Sequence[str]) -> None:
        """One row of it."""
        parts = [
            wrapped(encoded(cell), REGULAR, _SIZE, column.width - 2 * _PADDING)
            for cell, column in zip(cells, self._columns, strict=True)
        ]
        height = _LEADING * min(_MOST_LINES, max(map(len, parts))) + 2
        self._make_room(height)
        row = self._document.tag("TR", self._tag)
        for place, lines in enumerate(parts):
            self._cell(self._document.tag("TD", row), place, lines)
        self._drawing.take(height)
        with self._document.artifact():
            self._document.rule(_LEFT, self._drawing.y, _RIGHT, thickness=0.25, grey=0.85)

    def group(self, words: str, amount: str) -> None:
        """A heading for the rows that follow, with what they come to."""
        self._group = None
        self._make_room(3 * _LEADING + 10)
        self._group = (words, amount)
        row = self._document.tag("TR", self._tag)
        self._band(words, amount, row)

    def note(self, words: str, amount: str) -> None:
        """A row of two cells, below those that it belongs to."""
        self._make_room(_LEADING + 2)
        self._two_cells(words, amount, REGULAR, self._document.tag("TR", self._tag))
        self._drawing.take(2)

    def sum(self, words: str, amount: str) -> None:
        """The last row."""
        self._group = None
        self._make_room(_LEADING + 8)
        with self._document.artifact():
            self._document.rule(_LEFT, self._drawing.y, _RIGHT, thickness=0.8, grey=0)
        self._drawing.take(3)
        self._two_cells(words, amount, BOLD, self._document.tag("TR", self._tag), size=9)
        self._drawing.take(6)

    def _make_room(self, height: float) -> None:
        if self._drawing.fits(height):
            return
        self._drawing.turn()
        self._headings(None)
        if self._group is not None:
            words, amount = self._group
            self._band(f"{words} ({self._drawing.words(translatable('continued'))})", amount, None)

    def _headings(self, row: Tag | None) -> None:
        base = self._drawing.y + _LEADING
        for place, column in enumerate(self._columns):
            words = encoded(self._drawing.words(column.heading))
            if row is None:
                with self._document.artifact():
                    self._put(place, base, words, BOLD)
            else:
                with self._document.within(self._document.tag("TH", row, "/A<</O/Table/Scope/Column>>")):
                    self._put(place, base, words, BOLD)
        self._drawing.take(_LEADING + 4)
        with self._document.artifact():
            self._document.rule(_LEFT, self._drawing.y, _RIGHT, thickness=0.8, grey=0)

    def _band(self, words: str, amount: str, row: Tag | None) -> None:
        room = _RIGHT - _LEFT - 90
        lines = wrapped(encoded(words), BOLD, _SIZE, room)[:3]
        with self._document.artifact():
            self._document.band(_LEFT, self._drawing.y, _RIGHT, _LEADING * len(lines) + 3)
        if row is None:
            with self._document.artifact():
                self._lines(lines, BOLD)
        else:
            span = f"/A<</O/Table/Scope/Row/ColSpan {len(self._columns) - 1}>>"
            with self._document.within(self._document.tag("TH", row, span)):
                self._lines(lines, BOLD)
            with self._document.within(self._document.tag("TD", row)):
                self._document.text_to(
                    _RIGHT - _PADDING, self._drawing.y + _LEADING, encoded(amount), font=BOLD, size=_SIZE
                )
        self._drawing.take(_LEADING * len(lines) + 3)

    def _lines(self, lines: Sequence[bytes], font: str) -> None:
        for count, line in enumerate(lines, start=1):
            self._document.text(_LEFT + _PADDING, self._drawing.y + count * _LEADING, line, font=font, size=_SIZE)

    def _two_cells(self, words: str, amount: str, font: str, row: Tag, size: float = _SIZE) -> None:
        base = self._drawing.y + _LEADING
        span = f"/A<</O/Table/Scope/Row/ColSpan {len(self._columns) - 1}>>"
        with self._document.within(self._document.tag("TH", row, span)):
            self._document.text(_LEFT + _PADDING, base, encoded(words), font=font, size=size)
        with self._document.within(self._document.tag("TD", row)):
            self._document.text_to(_RIGHT - _PADDING, base, encoded(amount), font=font, size=size)
        self._drawing.take(_LEADING)

    def _cell(self, tag: Tag, place: int, lines: Sequence[bytes]) -> None:
        if len(lines) > _MOST_LINES:
            lines = [*lines[: _MOST_LINES - 1], b"\x85"]
        if lines == [b""]:
            return
        with self._document.within(tag):
            for count, line in enumerate(lines, start=1):
                self._put(place, self._drawing.y + count * _LEADING - 1, line, REGULAR)

    def _put(self, place: int, base: float, line: bytes, font: str) -> None:
        if self._columns[place].to_the_right:
            self._document.text_to(self._edges[place + 1] - _PADDING, base, line, font=font, size=_SIZE)
        else:
            self._document.text(self._edges[place] + _PADDING, base, line, font=font, size=_SIZE)
