"""Every step of every invoice as a file, for the bookkeeper's archive."""

from collections.abc import Sequence

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
from invoicing.rendering.views_of import invoice_line_of
from invoicing.rendering.way_texts import WAY_TEXTS

_INVOICES = 200  # that are read at a time
_LARGEST = 3_000_000  # letters of one part: an answer of a function has six million bytes at most
_HEADINGS = (
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
)


def history(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/history.csv"""
    return history_file(visit, visit.integration, visit.request.path)


def history_file(visit: Visit, integration: Integration, path: str) -> Answer:
    """Every step of every invoice, newest first, and what people did to the integration.

    Read and made a page at a time. What no answer of a function can carry is cut into parts: each ends with the
    address of the next.
    """
    _ = translations(visit.language).gettext
    raw = visit.request.query.get("before", "")
    after = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 12 else None
    table: list[Sequence[object]] = [[_(heading) for heading in _HEADINGS]]
    size = 0
    while True:
        exports, after = visit.parts.exports.histories(integration.id, limit=_INVOICES, after=after)
        for export in exports:
            facts = _facts(export, visit.language)
            steps = [(*_step(event, visit.language), *facts) for event in export.history]
            size += sum(len(str(cell)) + 1 for step in steps for cell in step)
            table += steps
        if after is None or size > _LARGEST:
            break
    if after is not None:
        table.append((_("The older invoices are in the next part:"), f"{visit.url(path)}?before={after}"))
    else:
        for change in integration.changes:
            time = f"{change.at.astimezone(SWEDEN):%Y-%m-%d %H:%M:%S}"
            table.append((time, change_sentence(change, visit.language), change.by, *[""] * (len(_HEADINGS) - 3)))
    part = f"-before-{raw}" if raw else ""
    return as_file(table, f"{integration.id}-history{part}.csv", visit.language)


def _step(event: HistoryEvent, language: Language) -> Sequence[object]:
    _ = translations(language).gettext
    way = _(WAY_TEXTS[event.way].button) if event.way else ""
    net = "" if event.net is None else f"{event.net}"
    progress = _(label_of(event.progress)) if event.progress else ""
    more = (progress, way, event.note, event.reference, event.fortnox_number, net)
    return (
        f"{event.at.astimezone(SWEDEN):%Y-%m-%d %H:%M:%S}",
        _(label_of(event.kind)),
        _("by itself") if event.by == "schedule" else event.by,
        " · ".join(one for one in more if one),
    )


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
