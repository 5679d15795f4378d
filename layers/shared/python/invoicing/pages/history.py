"""Every step of every invoice as a file, for the bookkeeper's archive."""

import csv
import io
from unicodedata import normalize

from invoicing.pages.browser import Answer
from invoicing.pages.serve import SignedInVisit

_ABOUT_INVOICE = (
    "wms_invoice_id",
    "wms_number",
    "goods_owner",
    "customer_number",
    "invoice_date",
    "amount",
    "currency",
    "fortnox_number",
    "fortnox_net",
    "state",
    "issue",
)
_ABOUT_STEP = ("at", "event", "by", "detail")
_BEGINS_A_FORMULA = frozenset("=+-@\t\r\n")


def history(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/history.csv: every step of every invoice, for the bookkeeper's archive."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow([*_ABOUT_INVOICE, *_ABOUT_STEP])
    for export in visit.all_exports(None):
        whole = visit.parts.exports.get(visit.integration.id, export.invoice_id) or export
        facts = [
            whole.invoice_id,
            _cell(whole.wms_number),
            _cell(whole.goods_owner),
            _cell(whole.customer_number),
            whole.invoice_date or "",
            whole.amount,
            _cell(whole.currency),
            _cell(whole.fortnox_number),
            whole.fortnox_net if whole.fortnox_net is not None else "",
            whole.state,
            whole.issue.code if whole.issue else "",
        ]
        for event in whole.history:
            writer.writerow([*facts, event.at.isoformat(), event.kind, _cell(event.by), _cell(event.detail)])
    for change in visit.integration.changes:
        writer.writerow([*[""] * len(_ABOUT_INVOICE), change.at.isoformat(), change.kind, _cell(change.by), ""])
    return Answer(
        body="\ufeff" + text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{visit.integration.id}-history.csv"'},
    )


def _cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula, however wide its signs are and whatever stands before them."""
    seen = normalize("NFKC", text).lstrip(" \u200b\ufeff")
    return f"'{text}" if seen[:1] in _BEGINS_A_FORMULA and seen else text
