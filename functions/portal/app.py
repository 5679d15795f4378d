"""The pages of one integration, for those who are signed in, and their buttons."""

import os
from typing import Any

from invoicing.pages.portal import ROUTES
from invoicing.pages.serve import serve
from invoicing.runtime.bootstrap import Bootstrap
from invoicing.runtime.observability import logger, metrics
from invoicing.runtime.settings import PortalSettings

settings = PortalSettings.read(os.environ)
parts = Bootstrap(settings)


@metrics.log_metrics
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
