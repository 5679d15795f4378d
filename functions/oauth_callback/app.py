"""Where Fortnox sends the browser after login and consent."""

import os
from typing import Any

from invoicing.pages import consent
from invoicing.pages.serve import serve
from invoicing.runtime.bootstrap import Bootstrap
from invoicing.runtime.observability import logger, metrics
from invoicing.runtime.settings import OauthCallbackSettings

settings = OauthCallbackSettings.read(os.environ)
parts = Bootstrap(settings)

ROUTES = {
    ("GET", "/oauth/callback"): consent.callback,
    ("GET", "/oauth/approval"): consent.approval,
    ("POST", "/oauth/approval"): consent.decide_approval,
}


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """API Gateway, proxy integration."""
    return serve(event, context, parts=parts, routes=ROUTES, public_base_url=settings.public_base_url)
