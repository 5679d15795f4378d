"""The start page, the login with Ongoing, and what the links in our mails lead to."""

import os
from typing import Any

from invoicing.pages import help as guide
from invoicing.pages import invitation, plain, start, take_back, verify
from invoicing.pages.serve import serve
from invoicing.runtime.bootstrap import Bootstrap
from invoicing.runtime.observability import logger
from invoicing.runtime.settings import LandingSettings

settings = LandingSettings.read(os.environ)
parts = Bootstrap(settings)

ROUTES = {
    ("GET", "/"): start.start,
    ("POST", "/login"): start.login,
    ("GET", "/reactivate/{token}"): start.reactivate,
    ("GET", "/approve/{token}"): invitation.invitation,
    ("POST", "/approve/{token}"): invitation.accept,
    ("GET", "/verify/{token}"): verify.verify,
    ("POST", "/verify/{token}"): verify.confirm,
    ("GET", "/take-back/{token}"): take_back.take_back,
    ("POST", "/take-back/{token}"): take_back.take_back_now,
    ("POST", "/it-is-me"): start.ask_link,
    ("GET", "/it-is-me/{token}"): start.it_is_me,
    ("GET", "/help"): guide.contents,
    ("GET", "/help/{topic}"): guide.topic,
    ("GET", "/assets/{name}"): plain.asset,
    ("GET", "/health"): plain.health,
}


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """API Gateway, proxy integration."""
    return serve(
        event,
        context,
        parts=parts,
        routes=ROUTES,
        public_base_url=settings.public_base_url,
        fortnox=settings.fortnox_auth_base_url,
    )
