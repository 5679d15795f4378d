"""The sheets of our PDFs: a head, headings, and tables that go on over pages. docs/decisions/0016."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from gettext import NullTranslations

from invoicing.domain.integration_settings import Language
from invoicing.rendering.catalogue import translatable, translations
from invoicing.rendering.formats import format_number
from invoicing.rendering.pdf import HEIGHT, WIDTH, Document, Tag
from invoicing.rendering.pdf_letters import BOLD, REGULAR, encoded, wrapped

LEFT, RIGHT = 42.0, WIDTH - 42.0
_TOP, _BOTTOM = 48.0, HEIGHT - 44.0
_SIZE, _LEADING, _PADDING = 7.5, 9.5, 2.0
_MOST_LINES = 12  # of one cell; a longer text is cut, and is whole in the CSV


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its heading is a text of the catalogue, its width in points."""

    heading: str
    width: float
    to_the_right: bool = False


class Sheet:
    """What is drawn on, from above to below. `title` and `values` are a text of the catalogue, and what it names."""

    def __init__(self, language: Language, title: str, **values: str) -> None:
        self._language = language
        self._words: NullTranslations = translations(language)
        self._title = self._(title, **values)
        self._document = Document(self._title, language)
        self._y = _TOP
        self._document.begin_page()

    def _head(self, company: str, facts: Iterable[tuple[str, str]]) -> None:
        document = self._document
        with document.within(document.tag("P")):
            document.text(LEFT, self._y, encoded(company), size=9, grey=0.35)
        self._y += 24
        for part in wrapped(encoded(self._title), BOLD, 17, RIGHT - LEFT):
            with document.within(document.tag("H1")):
                document.text(LEFT, self._y, part, font=BOLD, size=17)
            self._y += 20
        for name, value in facts:
            if value:
                self._fact(name, value)
        self._y += 6

    def _fact(self, name: str, value: str) -> None:
        document = self._document
        tag = document.tag("P")
        lines = wrapped(encoded(value), REGULAR, 9, RIGHT - LEFT - 100)
        with document.within(tag):
            document.text(LEFT, self._y, encoded(name), size=9, grey=0.35)
            for line in lines[:3]:
                document.text(LEFT + 100, self._y, line, size=9)
                self._y += 12.5

    def _paragraph(self, words: str) -> None:
        for line in wrapped(encoded(words), REGULAR, 9, RIGHT - LEFT):
            self._keep(12.5)
            with self._document.within(self._document.tag("P")):
                self._document.text(LEFT, self._y, line, size=9, grey=0.35)
            self._y += 12.5

    def _heading(self, words: str) -> None:
        self._keep(60)
        self._y += 18
        with self._document.within(self._document.tag("H2")):
            self._document.text(LEFT, self._y, encoded(words), font=BOLD, size=12)
        self._y += 8

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


class Table:
    """A table that goes on over pages; its headings are repeated on each, and read out once."""

    def __init__(self, sheet: "Sheet", columns: Sequence[Column]) -> None:
        self._sheet, self._columns = sheet, columns
        self._document = sheet.document
        self._tag = self._document.tag("Table")
        self._group: tuple[str, str] | None = None
        edges = [LEFT]
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
        self._sheet.take(height)
        with self._document.artifact():
            self._document.rule(LEFT, self._sheet.y, RIGHT, thickness=0.25, grey=0.85)

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
        self._sheet.take(2)

    def sum(self, words: str, amount: str) -> None:
        """The last row."""
        self._group = None
        self._make_room(_LEADING + 8)
        with self._document.artifact():
            self._document.rule(LEFT, self._sheet.y, RIGHT, thickness=0.8, grey=0)
        self._sheet.take(3)
        self._two_cells(words, amount, BOLD, self._document.tag("TR", self._tag), size=9)
        self._sheet.take(6)

    def _make_room(self, height: float) -> None:
        if self._sheet.fits(height):
            return
        self._sheet.turn()
        self._headings(None)
        if self._group is not None:
            words, amount = self._group
            self._band(f"{words} ({self._sheet.words(translatable('continued'))})", amount, None)

    def _headings(self, row: Tag | None) -> None:
        base = self._sheet.y + _LEADING
        for place, column in enumerate(self._columns):
            words = encoded(self._sheet.words(column.heading))
            if row is None:
                with self._document.artifact():
                    self._put(place, base, words, BOLD)
            else:
                with self._document.within(self._document.tag("TH", row, "/A<</O/Table/Scope/Column>>")):
                    self._put(place, base, words, BOLD)
        self._sheet.take(_LEADING + 4)
        with self._document.artifact():
            self._document.rule(LEFT, self._sheet.y, RIGHT, thickness=0.8, grey=0)

    def _band(self, words: str, amount: str, row: Tag | None) -> None:
        room = RIGHT - LEFT - 90
        lines = wrapped(encoded(words), BOLD, _SIZE, room)[:3]
        with self._document.artifact():
            self._document.band(LEFT, self._sheet.y, RIGHT, _LEADING * len(lines) + 3)
        if row is None:
            with self._document.artifact():
                self._lines(lines, BOLD)
        else:
            span = f"/A<</O/Table/Scope/Row/ColSpan {len(self._columns) - 1}>>"
            with self._document.within(self._document.tag("TH", row, span)):
                self._lines(lines, BOLD)
            with self._document.within(self._document.tag("TD", row)):
                self._document.text_to(
                    RIGHT - _PADDING, self._sheet.y + _LEADING, encoded(amount), font=BOLD, size=_SIZE
                )
        self._sheet.take(_LEADING * len(lines) + 3)

    def _lines(self, lines: Sequence[bytes], font: str) -> None:
        for count, line in enumerate(lines, start=1):
            self._document.text(LEFT + _PADDING, self._sheet.y + count * _LEADING, line, font=font, size=_SIZE)

    def _two_cells(self, words: str, amount: str, font: str, row: Tag, size: float = _SIZE) -> None:
        base = self._sheet.y + _LEADING
        span = f"/A<</O/Table/Scope/Row/ColSpan {len(self._columns) - 1}>>"
        with self._document.within(self._document.tag("TH", row, span)):
            self._document.text(LEFT + _PADDING, base, encoded(words), font=font, size=size)
        with self._document.within(self._document.tag("TD", row)):
            self._document.text_to(RIGHT - _PADDING, base, encoded(amount), font=font, size=size)
        self._sheet.take(_LEADING)

    def _cell(self, tag: Tag, place: int, lines: Sequence[bytes]) -> None:
        if len(lines) > _MOST_LINES:
            lines = [*lines[: _MOST_LINES - 1], b"\x85"]
        if lines == [b""]:
            return
        with self._document.within(tag):
            for count, line in enumerate(lines, start=1):
                self._put(place, self._sheet.y + count * _LEADING - 1, line, REGULAR)

    def _put(self, place: int, base: float, line: bytes, font: str) -> None:
        if self._columns[place].to_the_right:
            self._document.text_to(self._edges[place + 1] - _PADDING, base, line, font=font, size=_SIZE)
        else:
            self._document.text(self._edges[place] + _PADDING, base, line, font=font, size=_SIZE)
