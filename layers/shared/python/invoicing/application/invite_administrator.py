"""A link for the Fortnox administrator, who may be somebody without a login for Ongoing.

It opens a page, so that a mail scanner that opens it does nothing; it is for one system, lives a day, and is used up by
the approval that it led to.
"""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from invoicing.application.ports import Integrations
from invoicing.application.start_consent import ConsentStarted, ConsentTools, start_consent
from invoicing.domain.session import Invitation, Proposal

INVITATION_LIFE = timedelta(days=1)


def invite_administrator(tools: ConsentTools, proposal: Proposal) -> str:
    """Gives the secret of the link."""
    secret = tools.new_secret()
    invitation_id = _id(secret)
    for_link = replace(proposal, by="", invitation=invitation_id)
    tools.sessions.put_invitation(
        Invitation(id=invitation_id, proposal=for_link, expires_at=tools.clock() + INVITATION_LIFE)
    )
    return secret


def find_invitation(tools: ConsentTools, integrations: Integrations, secret: str) -> Invitation | None:
    """None if it never was, has expired, was used, or if the system was connected or changed hands since."""
    invitation = tools.sessions.invitation(_id(secret), now=tools.clock())
    if invitation is None:
        return None
    existing = integrations.get(invitation.proposal.integration_id)
    return invitation if (existing.generation if existing else 0) == invitation.proposal.generation else None


def accept_invitation(tools: ConsentTools, integrations: Integrations, secret: str) -> ConsentStarted | None:
    """Leads on to Fortnox; None as above. The link goes on working until an approval is confirmed."""
    invitation = find_invitation(tools, integrations, secret)
    return None if invitation is None else start_consent(tools, invitation.proposal)


def _id(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
