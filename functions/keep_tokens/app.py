"""The janitor of the keys: finds out what became of refreshes that nobody finished, and rotates idle chains."""

import os
from typing import Any

from invoicing.application.ports import ClientRefusedError
from invoicing.application.recover_tokens import recover_tokens
from invoicing.domain.errors import InvoicingError, RetryLaterError
from invoicing.runtime.bootstrap import Bootstrap
from invoicing.runtime.observability import logger, metrics, report
from invoicing.runtime.settings import KeepTokensSettings

settings = KeepTokensSettings.read(os.environ)
parts = Bootstrap(settings)
_SECONDS_FOR_ONE = 60.0


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
    """EventBridge, on a schedule. One integration's trouble stops no other's."""
    parts.invoked(context)
    if since := parts.integrations.stopped_since():
        report("service_stopped", {"since": since.isoformat()})
        return {"looked_at": 0}
    looked_at = 0
    engine = parts.engine()
    failures: list[Exception] = []
    for integration_id in parts.tokens.due(parts.clock()):
        if parts.time_left() < _SECONDS_FOR_ONE:
            break
        looked_at += 1
        try:
            recover_tokens(engine, integration_id, parts.follow_keys)
        except RetryLaterError:
            continue  # it stays due
        except ClientRefusedError:
            break  # our own secret is wrong: that says nothing about any integration's keys
        except InvoicingError as error:
            failures.append(error)
    report("tokens_kept", {"looked_at": looked_at})
    if failures:
        # No later try heals these: the function ends with an error, so that its alarm calls a person.
        raise failures[0]
    return {"looked_at": looked_at}
