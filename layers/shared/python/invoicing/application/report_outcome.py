"""How a call of the token engine ended: one log line with one outcome, from which the objective is computed.

docs/runbooks/token-objective.md has the objective and its query. What happened on the way is in lines of its own.
"""

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

from invoicing.application.ports import ClientRefusedError
from invoicing.application.token_engine import TokenEngine
from invoicing.domain.errors import IntegrationHeldError, ReconnectRequiredError, RetryLaterError

_MILLISECOND = timedelta(milliseconds=1)


class Outcome(StrEnum):
    """Every end of the token engine is one of these."""

    SERVED_STORED = "served_stored"  # the stored access token lasts
    RENEWED = "renewed"  # by the key that was to be used
    HEALED = "healed"  # by the journal, client credentials or a probe, after a renewal had gone wrong
    NOTHING_TO_DO = "nothing_to_do"  # disconnected, or somebody else is at it
    RETRY_LATER = "retry_later"  # not now; nothing is lost, and a schedule tries again
    HELD = "held"  # the company has no licence at Fortnox
    NEEDS_HUMAN = "needs_human"  # an administrator must approve again
    CLIENT_REFUSED = "client_refused"  # Fortnox does not accept our own client id and secret
    OUR_FAULT = "our_fault"  # a defect, or this installation is set up wrongly


_OUTCOME_OF: tuple[tuple[type[Exception], Outcome], ...] = (
    (RetryLaterError, Outcome.RETRY_LATER),
    (IntegrationHeldError, Outcome.HELD),
    (ReconnectRequiredError, Outcome.NEEDS_HUMAN),
    (ClientRefusedError, Outcome.CLIENT_REFUSED),
    (Exception, Outcome.OUR_FAULT),
)


def reported[Result](
    engine: TokenEngine, call: str, integration_id: str, act: Callable[[], tuple[Result, Outcome]]
) -> Result:
    """Gives what `act` gives or raises, and logs how it ended. A process that is killed logs nothing."""
    began = engine.clock()

    def report(outcome: Outcome, reason: str) -> None:
        duration = (engine.clock() - began) // _MILLISECOND
        engine.report(
            call, {"integration": integration_id, "outcome": outcome, "reason": reason, "duration_ms": duration}
        )

    try:
        result, outcome = act()
    except Exception as error:
        report(
            next(found for kind, found in _OUTCOME_OF if isinstance(error, kind)), f"{type(error).__name__}: {error}"
        )
        raise
    report(outcome, "")
    return result
