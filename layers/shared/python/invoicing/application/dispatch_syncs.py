"""Queues one sync for each integration that runs."""

from invoicing.application.ports import BY_ITSELF, Integrations, SyncQueue, SyncRequest


def dispatch_syncs(integrations: Integrations, queue: SyncQueue, *, slot: str) -> int:
    """Gives how many were queued. The same `slot` (the time of the schedule) twice queues nothing twice."""
    return queue.send(SyncRequest(integration_id=id_, by=BY_ITSELF, slot=slot) for id_ in integrations.active_ids())
