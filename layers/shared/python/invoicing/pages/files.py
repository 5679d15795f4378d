"""What can be taken home for thirty days after disconnecting, by a signed link: nobody can sign in any more."""

from datetime import datetime

from invoicing.domain.integration import Integration, IntegrationStatus
from invoicing.pages.browser import Answer
from invoicing.pages.find import find_recorded
from invoicing.pages.history import history_file
from invoicing.pages.reconciliation import reconciliation_file
from invoicing.pages.serve import Visit
from invoicing.rendering.views import FilesView, Message
from invoicing.runtime.links import LIVES, LinkExpiredError, LinkForgedError, LinkKind


def files_link(visit: Visit, integration: Integration) -> str:
    """To the files of an integration that was just disconnected; void when it is connected again."""
    return visit.parts.links(visit.request.base_url).make(LinkKind.FILES, subject_of(integration, visit.now()))


def subject_of(integration: Integration, at: datetime) -> dict[str, str]:
    """What the link is for: this disconnect, and none before or after."""
    return {"integration": integration.id, "generation": str(integration.generation), "at": at.isoformat()}


def files(visit: Visit) -> Answer:
    """GET /files/{token}"""
    found = _found(visit)
    if isinstance(found, Answer):
        return found
    integration, at = found
    view = FilesView(token=visit.params["token"], system=integration.id, valid_until=at + LIVES[LinkKind.FILES])
    return Answer(body=visit.pages.files(view, visit.language))


def history(visit: Visit) -> Answer:
    """GET /files/{token}/history.csv"""
    found = _found(visit)
    return found if isinstance(found, Answer) else history_file(visit, found[0], visit.request.path)


def reconciliation(visit: Visit) -> Answer:
    """GET /files/{token}/reconciliation.csv"""
    found = _found(visit)
    if isinstance(found, Answer):
        return found
    integration, _ = found
    return reconciliation_file(integration, find_recorded(visit, integration), "", visit.language)


def _found(visit: Visit) -> tuple[Integration, datetime] | Answer:
    try:
        subject = visit.parts.links(visit.request.base_url).read(LinkKind.FILES, visit.params["token"])
    except LinkExpiredError:
        return visit.message(Message.FILES_LINK_EXPIRED, status=410)
    except LinkForgedError:
        return visit.message(Message.NOT_FOUND, status=404)
    integration = visit.parts.integrations.get(subject.get("integration", ""))
    if integration is None:
        return visit.message(Message.NOT_FOUND, status=404)
    disconnected = integration.status is IntegrationStatus.DISCONNECTED
    if not disconnected or str(integration.generation) != subject.get("generation"):
        return visit.message(Message.FILES_LINK_EXPIRED, status=410)
    return integration, datetime.fromisoformat(subject["at"])
