"""The mail in which Fortnox will send one invoice, before it does."""

from invoicing.domain.sending import SendBy
from invoicing.pages.browser import Answer
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import CustomerMailView
from invoicing.rendering.views_of import invoice_line_of


def customer_mail(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/invoices/{invoice_id}/mail: as Fortnox has it. One call, which changes nothing."""
    record = visit.record
    sending = record.sending if record else None
    if record is None or sending is None or sending.by is not SendBy.EMAIL or not record.fortnox_number:
        return visit.not_found()
    mail = visit.parts.rehearsal_tools(visit.integration).fortnox.customer_mail(record.fortnox_number)
    if mail is None:
        return visit.not_found()
    subject, text = mail.with_number(record.fortnox_number)
    view = CustomerMailView(
        session=visit.session_view,
        line=invoice_line_of(record),
        sending=sending,
        to=mail.to,
        sender=mail.sender,
        copies=mail.copies,
        subject=subject,
        text=text,
        has_specification=bool(record.attachment and record.attachment.id),
    )
    return Answer(body=visit.pages.customer_mail(view, visit.language))
