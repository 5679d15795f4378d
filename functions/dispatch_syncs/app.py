"""Every quarter of an hour: asks for one sync of each integration that runs."""

import os
from typing import Any

from invoicing.application.dispatch_syncs import dispatch_syncs
from invoicing.runtime.bootstrap import Bootstrap
from invoicing.runtime.messages import schedule_slot
from invoicing.runtime.observability import logger, report
from invoicing.runtime.settings import DispatchSyncsSettings

settings = DispatchSyncsSettings.read(os.environ)
parts = Bootstrap(settings)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """EventBridge, on a schedule."""
    parts.invoked(context)
    if since := parts.integrations.stopped_since():
        report("service_stopped", {"since": since.isoformat()})
        return {"dispatched": 0}
    dispatched = dispatch_syncs(parts.integrations, parts.queue, slot=schedule_slot(event))
    report("syncs_dispatched", {"count": str(dispatched)})
    return {"dispatched": dispatched}
