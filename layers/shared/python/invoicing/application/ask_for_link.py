"""*It is me*: whoever reads the mails of a system may sign in past the pause that strangers' guesses have caused.

While somebody guesses at one user from everywhere, nothing but trying it tells a guess from the right password of a
browser that nobody knows. Who can read a mail to the address that was confirmed shows something that a stranger cannot.
"""

from datetime import timedelta

from invoicing.application.prove_login import REFUSAL_STEP, ProofTools
from invoicing.domain.integration import IntegrationStatus
from invoicing.domain.login_name import network_of
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind
from invoicing.domain.session import TryLimit
from invoicing.domain.system import CustomerId, NotASystemError, parse_system

_DAY = timedelta(days=1)


def ask_for_link(tools: ProofTools, *, system: str, address: str) -> None:
    """Puts the mail, if there is such a system, somebody has confirmed its address, and it had few today.

    The answer, and its time, are the same whatever became of it. `address` is the network address of the browser.
    """
    started = tools.clock()
    _ask(tools, system, address)
    spent = (tools.clock() - started).total_seconds()
    tools.sleep(REFUSAL_STEP - spent % REFUSAL_STEP)


def _ask(tools: ProofTools, system: str, address: str) -> None:
    try:
        parsed = parse_system(system)
    except NotASystemError:
        return
    warehouse = tools.integrations.warehouse_of(parsed.value) if isinstance(parsed, CustomerId) else parsed.name
    integration = tools.integrations.get(warehouse) if warehouse else None
    if integration is None or integration.status is IntegrationStatus.DISCONNECTED or not integration.heard_address:
        return
    now = tools.clock()
    own = TryLimit(key=f"it-is-me-from#{network_of(address)}", free=5, longest=_DAY, shortest=_DAY, window=_DAY)
    shared = TryLimit(key=f"it-is-me#{integration.id}", free=10, longest=_DAY, shortest=_DAY, window=_DAY)
    if any(tools.sessions.count_try(limit, now=now) for limit in (own, shared)):
        return
    tools.notices.put_once(
        Notice(
            id=f"it-is-me#{integration.id}#{now:%Y-%m-%dT%H:%M:%S}",
            integration_id=integration.id,
            kind=NoticeKind.IT_IS_ME,
            created_at=now,
            due_at=now + UNSENT_AFTER,
            params={"address": integration.heard_address},
        )
    )
