"""What its operator does to an integration: settings, pause, resume, disconnect, ask for an invoice."""

from dataclasses import dataclass, replace

from invoicing.application.ports import (
    ChangedMeanwhileError,
    Clock,
    Exports,
    Integrations,
    Notices,
    Report,
    SyncQueue,
    SyncRequest,
    WmsMemory,
)
from invoicing.application.token_engine import TokenEngine
from invoicing.domain.errors import InvoicingError
from invoicing.domain.export import EventKind, HistoryEvent
from invoicing.domain.integration import Integration, IntegrationStatus
from invoicing.domain.integration_settings import IntegrationSettings, settings_fingerprint
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind

_ROUNDS = 3  # of one write against others that change the integration at the same moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTools:
    """What changes work with."""

    integrations: Integrations
    exports: Exports
    notices: Notices
    queue: SyncQueue
    wms_memory: WmsMemory
    engine: TokenEngine
    clock: Clock
    report: Report


class SettingsChangedError(Exception):
    """Somebody else, or the same person in another tab, saved other settings since the form was filled."""


class NotConfirmedError(Exception):
    """Ongoing has not shown any list yet, and nobody has said that it really has no invoices."""


def save_settings(
    tools: ChangeTools, integration: Integration, settings: IntegrationSettings, *, seen: str, by: str
) -> Integration:
    """Stores the settings. A draft becomes active by it (*Create*). Raises SettingsChangedError, NotConfirmedError.

    `seen` is the fingerprint of the settings that the form was filled from. The same form sent twice is stored once.
    """
    if integration.status is IntegrationStatus.DRAFT and not tools.wms_memory.recall(integration.id).is_understood:
        raise NotConfirmedError
    for _ in range(_ROUNDS):
        if settings_fingerprint(integration.settings) != seen:
            if integration.settings == settings and integration.status is not IntegrationStatus.DRAFT:
                return integration
            raise SettingsChangedError
        try:
            return _save(tools, integration, settings, by)
        except ChangedMeanwhileError:
            # Perhaps these very settings by a second click, or something else: a confirmed address, a new password.
            integration = tools.integrations.get(integration.id) or integration
    raise SettingsChangedError


def _save(tools: ChangeTools, integration: Integration, settings: IntegrationSettings, by: str) -> Integration:
    same_address = integration.settings is not None and _same_address(integration.settings, settings)
    changed = replace(
        integration,
        settings=settings,
        status=IntegrationStatus.ACTIVE if integration.status is IntegrationStatus.DRAFT else integration.status,
        address_confirmed=integration.address_confirmed and same_address,
        version=integration.version + 1,
    )
    tools.integrations.put(changed)
    if not changed.address_confirmed:
        tools.notices.put_once(
            Notice(
                id=f"verify#{integration.id}#{changed.version}",
                integration_id=integration.id,
                kind=NoticeKind.VERIFY_ADDRESS,
                created_at=tools.clock(),
                due_at=tools.clock() + UNSENT_AFTER,
                params={"address": settings.problem_address},
            )
        )
    tools.report("settings_saved", {"integration": integration.id, "by": by})
    return changed


def sync_now(tools: ChangeTools, integration: Integration, *, by: str) -> bool:
    """Queues a run; False while one that was asked for has not ended, so that two clicks are one run."""
    now, before = tools.clock(), integration.sync_asked_at
    if integration.awaits_run(now):
        return False
    # Two clicks at the same moment saw the same integration: the queue takes their slot once.
    slot = f"asked-after-{before.isoformat() if before else 'nothing'}"
    tools.queue.send([SyncRequest(integration_id=integration.id, by=by, slot=slot)])
    return tools.integrations.ask_for_run(integration.id, at=now, before=before)


def export_again(tools: ChangeTools, integration: Integration, invoice_id: int, *, kind: EventKind, by: str) -> None:
    """Asks for one invoice (EXPORT_AGAIN or RETRY): the next run, which is queued, treats it as due."""
    record = tools.exports.get(integration.id, invoice_id)
    if record is not None:
        event = HistoryEvent(at=tools.clock(), kind=kind, by=by)
        try:
            tools.exports.save(replace(record, version=record.version + 1), event=event)
        except ChangedMeanwhileError:
            # A run is at it, or a second click: the wish below counts all the same.
            tools.report("wish_not_in_history", {"integration": integration.id, "invoice": str(invoice_id), "by": by})
    tools.integrations.ask_for(integration.id, frozenset({invoice_id}))
    slot = f"asked-{invoice_id}-{tools.clock():%Y%m%d%H%M%S}"
    tools.queue.send([SyncRequest(integration_id=integration.id, by=by, slot=slot)])


def pause(tools: ChangeTools, integration: Integration, *, paused: bool, by: str) -> Integration:
    """Stops the schedule for it, or lets it run again."""
    wanted = IntegrationStatus.PAUSED if paused else IntegrationStatus.ACTIVE
    if integration.status not in {IntegrationStatus.ACTIVE, IntegrationStatus.PAUSED} or integration.status is wanted:
        return integration
    changed = replace(integration, status=wanted, version=integration.version + 1)
    tools.integrations.put(changed)
    tools.report("integration_paused" if paused else "integration_resumed", {"integration": integration.id, "by": by})
    return changed


def sign_out_everywhere(tools: ChangeTools, integration: Integration, *, by: str) -> Integration:
    """Ends all sign-ins to the integration, in every browser."""
    changed = replace(integration, generation=integration.generation + 1, version=integration.version + 1)
    tools.integrations.put(changed)
    tools.report("signed_out_everywhere", {"integration": integration.id, "by": by})
    return changed


def disconnect(tools: ChangeTools, integration: Integration, *, by: str) -> Integration:
    """Ends the connection: revokes at Fortnox, forgets keys and password. The history stays."""
    changed = replace(
        integration,
        status=IntegrationStatus.DISCONNECTED,
        wms_password=b"",
        wms_password_mark="",
        generation=integration.generation + 1,
        broken_since=None,
        version=integration.version + 1,
    )
    tools.integrations.put(changed)
    keys = tools.engine.store.get(integration.id)
    if keys is not None:
        try:
            tools.engine.oauth.revoke(tools.engine.open_pair(keys).refresh_token)
        except (InvoicingError, LookupError) as error:
            # Forgotten all the same; what Fortnox still accepts dies unused in 45 days.
            tools.report("revoke_failed", {"integration": integration.id, "reason": type(error).__name__})
        tools.engine.store.forget(integration.id)
    tools.report("integration_disconnected", {"integration": integration.id, "by": by})
    return changed


def _same_address(old: IntegrationSettings, new: IntegrationSettings) -> bool:
    return old.problem_address == new.problem_address
