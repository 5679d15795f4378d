"""The history of an integration as a PDF: as it happened, numbered, for an auditor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from invoicing.domain.integration_settings import Language
from invoicing.rendering.catalogue import translatable, translations
from invoicing.rendering.formats import format_time
from invoicing.rendering.pdf_table import Column, Sheet, Table

_COLUMNS = (
    Column(heading=translatable("No."), width=30, to_the_right=True),
    Column(heading=translatable("Time in Sweden"), width=78),
    Column(heading=translatable("Id in Ongoing"), width=58),
    Column(heading=translatable("In Fortnox"), width=52),
    Column(heading=translatable("What happened"), width=161.28),
    Column(heading=translatable("By"), width=60),
    Column(heading=translatable("Hash up to here"), width=72),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedLine:
    """One step, in words. Without an invoice, it is what people did to the integration."""

    number: int
    at: str
    invoice: str  # Ongoing's id
    fortnox_number: str  # what it has now
    what: str
    by: str
    hash: str  # the beginning of it


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedHistory:
    """What is printed. `programs` are versions and their days; `goes_on` is the address of the next part, if any."""

    company: str
    system: str
    at: datetime
    programs: Sequence[str]
    lines: Sequence[PrintedLine]
    goes_on: str = ""


def draw_history(history: PrintedHistory, language: Language) -> bytes:
    """The file: the same bytes for the same history."""
    return _Drawing(history, language).draw()


class _Drawing(Sheet):
    def __init__(self, history: PrintedHistory, language: Language) -> None:
        self._it = history
        _ = translations(language).gettext
        self._title = _("Event log of %(system)s") % {"system": history.system}
        super().__init__(self._title, language)

    def draw(self) -> bytes:
        it = self._it
        self.head(it.company, self._title)
        self.fact(self._("Printed"), format_time(it.at, self.language))
        self.fact(self._("Version of the program"), ", ".join(it.programs))
        self.take(2)
        self.paragraph(
            self._(
                "Each event is bound to all that stand before it for the same invoice by the hash beside it, whose "
                "first letters are printed; the file for spreadsheets (CSV) has it whole."
            )
        )
        self.take(12)
        table = Table(self, _COLUMNS)
        for line in it.lines:
            table.line([str(line.number), line.at, line.invoice, line.fortnox_number, line.what, line.by, line.hash])
        if it.goes_on:
            self.take(10)
            self.paragraph(self._("The later invoices are in the next part:"))
            self.paragraph(it.goes_on)
        return self.finish(f"{it.company} · {self._title}")
