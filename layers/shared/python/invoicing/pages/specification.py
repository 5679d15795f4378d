"""The specification of one invoice, to read and print, or for spreadsheets."""

import gzip
from collections.abc import Callable, Sequence
from dataclasses import replace

from invoicing.application.specify_invoice import specify_invoice
from invoicing.domain.integration_settings import Language
from invoicing.domain.specification import Specification, SpecificationError
from invoicing.pages.browser import Answer
from invoicing.pages.reconciliation import as_file
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.catalogue import translatable, translations
from invoicing.rendering.views import Message
from invoicing.runtime.observability import logger

_LARGE = 1_000_000  # characters; a Lambda function may answer with six million bytes
_HEADINGS = (
    translatable("Row"),
    translatable("Text"),
    translatable("Date"),
    translatable("Order"),
    translatable("Article number"),
    translatable("Article"),
    translatable("Quantity"),
    translatable("Price"),
    translatable("Amount"),
    translatable("Comment"),
    translatable("Profit centre"),
)


def pdf(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/invoices/{invoice_id}/specification.pdf: in the customer's language."""
    return _shown(visit, _as_pdf)


def csv(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/invoices/{invoice_id}/specification.csv: every charge, in the reader's language."""
    return _shown(visit, lambda specification: _as_csv(visit, specification))


def _shown(visit: SignedInVisit, show: Callable[[Specification], Answer]) -> Answer:
    """The specification in this form; what does not tie is refused, and said."""
    record = visit.record
    if record is None or not record.fortnox_number:
        return visit.not_found()
    back = f"/integrations/{visit.integration.id}/invoices/{record.invoice_id}"
    try:
        specification = specify_invoice(visit.parts.rehearsal_tools(visit.integration), visit.integration, record)
    except SpecificationError as error:
        logger.warning("specification_refused", extra={"invoice": record.invoice_id, "reason": str(error)})
        return visit.message(Message.SPECIFICATION_DIFFERS, status=409, continue_path=back)
    if specification is None:
        return visit.message(Message.SPECIFICATION_GONE, status=409, continue_path=back)
    return show(specification)


def _as_pdf(specification: Specification) -> Answer:
    from invoicing.rendering.specification_pdf import draw_specification  # the only page that draws one

    return Answer(
        content=draw_specification(specification),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{_name(specification, "pdf")}"'},
    )


def _as_csv(visit: SignedInVisit, specification: Specification) -> Answer:
    answer = as_file(_table(specification, visit.language), _name(specification, "csv"), visit.language)
    if len(answer.body) < _LARGE or "gzip" not in visit.request.headers.get("accept-encoding", ""):
        return answer
    packed = gzip.compress(answer.body.encode(), mtime=0)
    return replace(answer, body="", content=packed, headers={**answer.headers, "Content-Encoding": "gzip"})


def _name(specification: Specification, kind: str) -> str:
    number = "".join(char for char in specification.fortnox_number if char.isascii() and char.isalnum())
    return f"specification-{number}.{kind}"


def _table(specification: Specification, language: Language) -> Sequence[Sequence[object]]:
    _ = translations(language).gettext
    table: list[Sequence[object]] = [[_(heading) for heading in _HEADINGS]]
    for row in specification.rows:
        text = row.sent.description
        table += [
            (
                row.number,
                text,
                one.day,
                one.order_number,
                one.article_number,
                one.article_title,
                one.quantity,
                one.price,
                one.amount,
                one.comment,
                one.profit_centre,
            )
            for one in row.charges
        ]
        if row.rounding:
            rounding = _("Rounding to the öre")
            article = row.sent.article_number
            table.append((row.number, text, None, "", article, rounding, None, None, row.rounding, "", ""))
    table.append((_("Sum without VAT"), *[""] * 7, specification.net, specification.currency, ""))
    return table
