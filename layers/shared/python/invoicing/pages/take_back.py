"""The link in the mail about a changed address, which takes it back."""

from invoicing.application.take_back_address import can_be_taken_back, take_back_address
from invoicing.domain.integration import Integration
from invoicing.pages.browser import Answer
from invoicing.pages.serve import Visit
from invoicing.rendering.views import Message, TakeBackView
from invoicing.runtime.links import LinkExpiredError, LinkForgedError, LinkKind


def take_back(visit: Visit) -> Answer:
    """GET /take-back/{token}: asks for the click that counts."""
    found = _found(visit)
    if isinstance(found, Answer):
        return found
    integration, address = found
    new_address = integration.settings.problem_address if integration.settings else ""
    view = TakeBackView(token=visit.params["token"], address=address, new_address=new_address)
    return Answer(body=visit.pages.take_back(view, visit.language))


def take_back_now(visit: Visit) -> Answer:
    """POST /take-back/{token}"""
    found = _found(visit)
    if isinstance(found, Answer):
        return found
    integration, address = found
    take_back_address(visit.parts.integrations, visit.parts.clock, integration, address)
    return visit.message(Message.ADDRESS_TAKEN_BACK)


def _found(visit: Visit) -> tuple[Integration, str] | Answer:
    try:
        subject = visit.parts.links(visit.request.base_url).read(LinkKind.TAKE_BACK, visit.params["token"])
    except LinkExpiredError:
        return visit.message(Message.ADDRESS_LINK_EXPIRED, status=410)
    except LinkForgedError:
        return visit.message(Message.NOT_FOUND, status=404)
    integration, address = visit.parts.integrations.get(subject["integration"]), subject["address"]
    if integration is None:
        return visit.message(Message.NOT_FOUND, status=404)
    if not can_be_taken_back(integration, address):
        return visit.message(Message.ADDRESS_TAKEN_BACK)
    return integration, address
