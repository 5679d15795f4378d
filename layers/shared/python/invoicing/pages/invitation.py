"""The link that a Fortnox administrator was sent: who asks for what, and on to Fortnox."""

from invoicing.application.invite_administrator import accept_invitation, find_invitation
from invoicing.domain.system import address_of
from invoicing.pages.browser import CONSENT_COOKIE, Answer, cookie, redirect
from invoicing.pages.serve import Visit
from invoicing.rendering.views import InvitationView, Message


def invitation(visit: Visit) -> Answer:
    """GET /approve/{token}: a page, so that a mail scanner that opens the link changes nothing."""
    token = visit.params["token"]
    found = find_invitation(visit.parts.consent_tools(visit.request.base_url), visit.parts.integrations, token)
    if found is None:
        return visit.message(Message.INVITATION_OVER, status=410)
    view = InvitationView(
        token=token,
        system=address_of(found.proposal.integration_id),
        username=found.proposal.wms_username,
        valid_until=found.expires_at,
    )
    return Answer(body=visit.pages.invitation(view, visit.language))


def accept(visit: Visit) -> Answer:
    """POST /approve/{token}"""
    if not visit.request.same_origin:
        return visit.message(Message.FORM_EXPIRED, status=403)
    tools = visit.parts.consent_tools(visit.request.base_url)
    started = accept_invitation(tools, visit.parts.integrations, visit.params["token"])
    if started is None:
        return visit.message(Message.INVITATION_OVER, status=410)
    seconds = int(started.life.total_seconds())
    return redirect(started.url, cookies=[cookie(CONSENT_COOKIE, started.browser, seconds=seconds)])
