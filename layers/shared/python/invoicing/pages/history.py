"""The history of an integration: whether it is whole, and every step of it as a file for the bookkeeper's archive.

In the order that Swedish law asks of a *behandlingshistorik* (bokföringslagen 5 kap. 11 §): as it happened, numbered,
what was done, when, by whom or by which version of the program, each step with the invoice that it belongs to.
"""

from collections.abc import Sequence

from invoicing.application.list_history import HistoryLine, HistoryPart, list_history
from invoicing.application.prove_history import prove_history
from invoicing.domain.change import Change
from invoicing.domain.export import Export, HistoryEvent
from invoicing.domain.integration import Integration
from invoicing.domain.integration_settings import Language
from invoicing.domain.swedish_time import SWEDEN
from invoicing.pages.browser import Answer
from invoicing.pages.reconciliation import as_file
from invoicing.pages.serve import SignedInVisit, Visit
from invoicing.rendering.catalogue import translatable, translations
from invoicing.rendering.change_texts import change_sentence
from invoicing.rendering.issue_texts import issue_text
from invoicing.rendering.labels import label_of
from invoicing.rendering.proof_texts import break_text
from invoicing.rendering.views import AcknowledgedBreaks, HistoryView
from invoicing.rendering.views_of import invoice_line_of
from invoicing.rendering.way_texts import WAY_TEXTS

MOST_IN_FILE = 6_000  # events of one part: an answer of a function has six million bytes at most
MOST_IN_PDF = 3_000
SECONDS_TO_SHOW = 12.0  # that are left when no further invoices are read
_SHOWN_BREAKS = 50
_HEADINGS = (
    translatable("No."),
    translatable("Time in Sweden"),
    translatable("What happened"),
    translatable("By"),
    translatable("More about it"),
    translatable("Id in Ongoing"),
    translatable("Number in Ongoing"),
    translatable("Title"),
    translatable("Goods owner"),
    translatable("Customer number"),
    translatable("Invoice date"),
    translatable("Amount in Ongoing"),
    translatable("Currency"),
    translatable("Number in Fortnox"),
    translatable("Net in Fortnox"),
    translatable("State"),
    translatable("Stopped by"),
    translatable("Event of the invoice"),
    translatable("Hash up to here"),
)


def proof(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/history: proves it, the newest invoices first, as many as there is time for."""
    parts = visit.parts
    found = prove_history(
        visit.integration.id,
        exports=parts.exports,
        checkpoints=parts.checkpoints,
        anchors=parts.anchors,
        after=_number_in(visit, "below"),
        goes_on=lambda: parts.time_left() > SECONDS_TO_SHOW,
    )
    view = HistoryView(
        session=visit.session_view,
        proof=found,
        breaks=tuple(break_text(one, visit.language) for one in found.breaks[:_SHOWN_BREAKS]),
        acknowledged=tuple(
            AcknowledgedBreaks(
                at=made.at,
                by=known.by,
                why=known.why,
                breaks=tuple(break_text(one, visit.language) for one in known.breaks[:_SHOWN_BREAKS]),
                all_breaks=len(known.breaks),
            )
            for made, known in found.acknowledged
        ),
        is_part=_number_in(visit, "below") is not None or found.goes_on_after is not None,
    )
    return Answer(body=visit.pages.history(view, visit.language))


def history(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/history.csv"""
    return history_file(visit, visit.integration, visit.request.path)


def pdf(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/history.pdf"""
    from invoicing.rendering.history_pdf import PrintedHistory, PrintedLine, draw_history  # nothing else draws it

    integration, language = visit.integration, visit.language
    part, began = _part(visit, integration, most=MOST_IN_PDF)
    lines = tuple(
        PrintedLine(
            number=number,
            at=f"{line.at.astimezone(SWEDEN):%Y-%m-%d %H:%M:%S}",
            invoice=str(line.record.invoice_id) if line.record else "",
            fortnox_number=line.record.fortnox_number if line.record else "",
            what=" · ".join(one for one in (_what(line, language), _more(line, language)) if one),
            by=_by(line, language),
            hash=line.hash.hex()[:16],
        )
        for number, line in enumerate(part.lines, start=began)
    )
    printed = PrintedHistory(
        company=integration.company.name,
        system=integration.id,
        at=visit.now(),
        programs=tuple(_programs(visit)),
        lines=lines,
        goes_on=_next_part(visit, visit.request.path, part, began),
    )
    named = f"-from-{began}" if began > 1 else ""
    return Answer(
        content=draw_history(printed, language),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{integration.id}-history{named}.pdf"'},
    )


def _programs(visit: SignedInVisit) -> Sequence[str]:
    """Which version of the program worked until when, as checkpoints say."""
    last: dict[str, str] = {}
    for one in visit.parts.checkpoints.all(visit.integration.id):
        if one.program:
            day = f"{one.at.astimezone(SWEDEN):%Y-%m-%d}"
            first = last.get(one.program, day).partition(" – ")[0]
            last[one.program] = day if first == day else f"{first} – {day}"
    return [f"{program} ({days})" for program, days in last.items()]


def history_file(visit: Visit, integration: Integration, path: str) -> Answer:
    """Every step of every invoice, oldest first, and what people did to the integration.

    What no answer of a function can carry is cut into parts, by the ids of invoices: each ends with the address of
    the next.
    """
    _ = translations(visit.language).gettext
    part, began = _part(visit, integration, most=MOST_IN_FILE)
    facts: dict[int, Sequence[object]] = {}
    table: list[Sequence[object]] = [[_(heading) for heading in _HEADINGS]]
    for number, line in enumerate(part.lines, start=began):
        if line.record is not None and line.record.invoice_id not in facts:
            facts[line.record.invoice_id] = _facts(line.record, visit.language)
        of_record = facts[line.record.invoice_id] if line.record else [""] * 12
        table.append(
            (
                number,
                f"{line.at.astimezone(SWEDEN):%Y-%m-%d %H:%M:%S}",
                _what(line, visit.language),
                _by(line, visit.language),
                _more(line, visit.language),
                *of_record,
                line.place or "",
                line.hash.hex(),
            )
        )
    if goes_on := _next_part(visit, path, part, began):
        table.append((_("The later invoices are in the next part:"), goes_on))
    named = f"-from-{began}" if began > 1 else ""
    return as_file(table, f"{integration.id}-history{named}.csv", visit.language)


def _part(visit: Visit, integration: Integration, *, most: int) -> tuple[HistoryPart, int]:
    """With the number of its first line."""
    after = _number_in(visit, "after")
    return list_history(visit.parts.exports, integration, after=after, most=most), _number_in(visit, "number") or 1


def _next_part(visit: Visit, path: str, part: HistoryPart, began: int) -> str:
    """Its address; empty at the end."""
    if part.goes_on_after is None:
        return ""
    return f"{visit.url(path)}?after={part.goes_on_after}&number={began + len(part.lines)}"


def _number_in(visit: Visit, name: str) -> int | None:
    raw = visit.request.query.get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 12 else None


def _what(line: HistoryLine, language: Language) -> str:
    if isinstance(line.event, Change):
        return change_sentence(line.event, language)
    return translations(language).gettext(label_of(line.event.kind))


def _by(line: HistoryLine, language: Language) -> str:
    by_itself = isinstance(line.event, HistoryEvent) and line.event.by == "schedule"
    return translations(language).gettext("by itself") if by_itself else line.event.by


def _more(line: HistoryLine, language: Language) -> str:
    event = line.event
    if isinstance(event, Change):
        return ""
    _ = translations(language).gettext
    way = _(WAY_TEXTS[event.way].button) if event.way else ""
    net = "" if event.net is None else f"{event.net:.2f}"
    progress = _(label_of(event.progress)) if event.progress else ""
    more = (progress, way, event.note, event.reference, event.fortnox_number, net)
    return " · ".join(one for one in more if one)


def _facts(export: Export, language: Language) -> Sequence[object]:
    line = invoice_line_of(export)
    return (
        export.invoice_id,
        export.wms_number,
        export.title,
        export.goods_owner,
        export.customer_number,
        export.invoice_date,
        export.amount,
        export.currency,
        export.fortnox_number,
        export.fortnox_net,
        translations(language).gettext(label_of(line.state)),
        issue_text(export.issue, language).title if export.issue else "",
    )
