"""The set-up page of a system, where the invoicing module is chosen."""

from invoicing.pages.browser import Answer
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import ConsentMode, SetupView


def setup(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/setup"""
    keys = visit.parts.tokens.get(visit.integration.id)
    view = SetupView(
        session=visit.session_view,
        company=visit.integration.company.name,
        organisation_number=visit.integration.company.organisation_number,
        mode=ConsentMode(keys.mode) if keys else ConsentMode.SERVICE,
    )
    return Answer(body=visit.pages.setup(view, visit.language))
