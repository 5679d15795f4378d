"""What people ask for: invoices, and the run that looks at them. However often they click, one run waits."""

from collections.abc import Set
from dataclasses import dataclass

from invoicing.application.ports import Clock, Integrations, SyncQueue, SyncRequest
from invoicing.domain.integration import MOST_ASKED, Integration


@dataclass(frozen=True, slots=True, kw_only=True)
class AskTools:
    """What asking works with."""

    integrations: Integrations
    queue: SyncQueue
    clock: Clock


def ask_for_run(tools: AskTools, integration: Integration, *, by: str) -> bool:
    """Queues a run, unless one that has not begun waits already. False if somebody else just asked."""
    now, before = tools.clock(), integration.sync_asked_at
    if not integration.runs or integration.has_run_queued(now):
        return False
    # Two clicks at the same moment saw the same integration: the queue takes their slot once.
    slot = f"asked-after-{before.isoformat() if before else 'nothing'}"
    tools.queue.send([SyncRequest(integration_id=integration.id, by=by, slot=slot)])
    return tools.integrations.ask_for_run(integration.id, at=now, before=before)


def ask_for_invoices(tools: AskTools, integration: Integration, invoice_ids: Set[int], *, by: str) -> frozenset[int]:
    """Makes them due for the next run, which is queued. Gives those that are asked for then: not all, if too many."""
    new = sorted(invoice_ids - integration.asked)[: max(0, MOST_ASKED - len(integration.asked))]
    if new:
        tools.integrations.ask_for(integration.id, frozenset(new))
    ask_for_run(tools, integration, by=by)
    return frozenset(new) | (integration.asked & invoice_ids)
