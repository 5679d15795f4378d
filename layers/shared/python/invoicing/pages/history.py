"""Every step of every invoice as a file, for the bookkeeper's archive."""

from collections.abc import Sequence

from invoicing.domain.export import Export, HistoryEvent
from invoicing.domain.integration_settings import Language
from invoicing.domain.swedish_time import SWEDEN
from invoicing.pages.browser import Answer
from invoicing.pages.reconciliation import as_file
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.catalogue import translatable, translations
from invoicing.rendering.issue_texts import issue_text
from invoicing.rendering.labels import label_of
from invoicing.rendering.views_of import invoice_line_of
from invoicing.rendering.way_texts import WAY_TEXTS

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
    """GET /integrations/{id}/history.csv: every step of every invoice, for the bookkeeper's archive."""
    _ = translations(visit.language).gettext
    table: list[Sequence[object]] = [[_(heading) for heading in _HEADINGS]]
    for export in visit.all_exports(None):
        whole = visit.parts.exports.get(visit.integration.id, export.invoice_id) or export
        facts = _facts(whole, visit.language)
        table += [(*_step(event, visit.language), *facts) for event in whole.history]
    for change in visit.integration.changes:
        time = f"{change.at.astimezone(SWEDEN):%Y-%m-%d %H:%M:%S}"
        table.append((time, _(label_of(change.kind)), change.by, *[""] * (len(_HEADINGS) - 3)))
    return as_file(table, f"{visit.integration.id}-history.csv", visit.language)


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
