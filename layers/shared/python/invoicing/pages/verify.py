"""The click that confirms a mail address."""

from invoicing.pages.browser import Answer
from invoicing.pages.serve import Visit
from invoicing.rendering.views import Message, VerifyView
from invoicing.runtime.links import LinkExpiredError, LinkForgedError, LinkKind


def verify(visit: Visit) -> Answer:
    """GET /verify/{token}: asks for the click that counts."""
    subject = _verified_subject(visit)
    if isinstance(subject, Answer):
        return subject
    view = VerifyView(token=visit.params["token"], address=subject["address"])
    return Answer(body=visit.pages.verify(view, visit.language))


def confirm(visit: Visit) -> Answer:
    """POST /verify/{token}"""
    subject = _verified_subject(visit)
    if isinstance(subject, Answer):
        return subject
    written = int(subject["set"]) if "set" in subject else None  # a link that older code sent has none
    if not visit.parts.integrations.confirm_address(subject["integration"], subject["address"], address_set=written):
        return visit.message(Message.ADDRESS_LINK_EXPIRED, status=410)
    return visit.message(Message.ADDRESS_VERIFIED)


def _verified_subject(visit: Visit) -> dict[str, str] | Answer:
    try:
        return visit.parts.links(visit.request.base_url).read(LinkKind.VERIFY_ADDRESS, visit.params["token"])
    except LinkExpiredError:
        return visit.message(Message.ADDRESS_LINK_EXPIRED, status=410)
    except LinkForgedError:
        return visit.message(Message.NOT_FOUND, status=404)
