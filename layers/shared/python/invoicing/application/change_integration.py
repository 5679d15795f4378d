"""What its operator does to an integration: settings, pause, resume, disconnect, ask for an invoice."""

from collections.abc import Sequence
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
)
from invoicing.application.token_engine import TokenEngine
from invoicing.domain.errors import InvoicingError
from invoicing.domain.export import EventKind, Export, HistoryEvent
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
    engine: TokenEngine
    clock: Clock
    report: Report


class SettingsChangedError(Exception):
    """Somebody else, or the same person in another tab, saved other settings since the form was filled."""


def save_settings(
    tools: ChangeTools,
    integration: Integration,
    settings: IntegrationSettings,
    *,
    seen: str,
    by: str,
    to_try: bool = False,
) -> Integration:
    """Stores the settings. A draft becomes active by it (*Create*), or paused `to_try`. Raises SettingsChangedError.

    `seen` is the fingerprint of the settings that the form was filled from. The same form sent twice is stored once.
    """
    for _ in range(_ROUNDS):
        if settings_fingerprint(integration.settings) != seen:
            if integration.settings == settings and integration.status is not IntegrationStatus.DRAFT:
                return integration
            raise SettingsChangedError
        try:
            return _save(tools, integration, settings, by, to_try=to_try)
        except ChangedMeanwhileError:
            # Perhaps these very settings by a second click, or something else: a confirmed address, a new password.
            integration = tools.integrations.get(integration.id) or integration
    raise SettingsChangedError


def _save(
    tools: ChangeTools, integration: Integration, settings: IntegrationSettings, by: str, *, to_try: bool
) -> Integration:
    same_address = integration.settings is not None and _same_address(integration.settings, settings)
    is_new = integration.status is IntegrationStatus.DRAFT
    begins = IntegrationStatus.PAUSED if to_try else IntegrationStatus.ACTIVE
    changed = replace(
        integration,
        settings=settings,
        status=begins if is_new else integration.status,
        to_try=to_try if is_new else integration.to_try,
        status_since=tools.clock() if is_new else integration.status_since,
        status_by=by if is_new else integration.status_by,
        address_confirmed=integration.address_confirmed and same_address,
        version=integration.version + 1,
    )
    tools.integrations.put(changed)
    if not changed.address_confirmed and not same_address:
        _ask_to_confirm(tools, changed, f"verify#{integration.id}#{changed.version}")
    tools.report("settings_saved", {"integration": integration.id, "by": by})
    return changed


def ask_again_to_confirm(tools: ChangeTools, integration: Integration) -> bool:
    """Sends the link that confirms the address once more, once a day; says whether it did."""
    if integration.settings is None or integration.address_confirmed:
        return False
    return _ask_to_confirm(tools, integration, f"verify#{integration.id}#{tools.clock():%Y-%m-%d}")


def _ask_to_confirm(tools: ChangeTools, integration: Integration, notice_id: str) -> bool:
    now, settings = tools.clock(), integration.settings
    return settings is not None and tools.notices.put_once(
        Notice(
            id=notice_id,
            integration_id=integration.id,
            kind=NoticeKind.VERIFY_ADDRESS,
            created_at=now,
            due_at=now + UNSENT_AFTER,
            params={"address": settings.problem_address},
        )
    )


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
        _remember_wish(tools, record, kind, by)
    tools.integrations.ask_for(integration.id, frozenset({invoice_id}))
    slot = f"asked-{invoice_id}-{tools.clock():%Y%m%d%H%M%S}"
    tools.queue.send([SyncRequest(integration_id=integration.id, by=by, slot=slot)])


def retry_all(tools: ChangeTools, integration: Integration, records: Sequence[Export], *, by: str) -> None:
    """Asks for all of these once more, in one run."""
    for record in records:
        _remember_wish(tools, record, EventKind.RETRY, by)
    tools.integrations.ask_for(integration.id, frozenset(record.invoice_id for record in records))
    slot = f"asked-{min(record.invoice_id for record in records)}-and-more-{tools.clock():%Y%m%d%H%M%S}"
    tools.queue.send([SyncRequest(integration_id=integration.id, by=by, slot=slot)])


def pause(tools: ChangeTools, integration: Integration, *, paused: bool, by: str) -> Integration:
    """Stops the schedule for it, or lets it run again."""
    wanted = IntegrationStatus.PAUSED if paused else IntegrationStatus.ACTIVE
    if integration.status not in {IntegrationStatus.ACTIVE, IntegrationStatus.PAUSED} or integration.status is wanted:
        return integration
    changed = replace(
        integration,
        status=wanted,
        to_try=False,
        status_since=tools.clock(),
        status_by=by,
        version=integration.version + 1,
    )
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


def _remember_wish(tools: ChangeTools, record: Export, kind: EventKind, by: str) -> None:
    event = HistoryEvent(at=tools.clock(), kind=kind, by=by)
    try:
        tools.exports.save(replace(record, version=record.version + 1), event=event)
    except ChangedMeanwhileError:
        # A run is at it, or a second click: the wish itself counts all the same.
        names = {"integration": record.integration_id, "invoice": str(record.invoice_id), "by": by}
        tools.report("wish_not_in_history", names)


def _same_address(old: IntegrationSettings, new: IntegrationSettings) -> bool:
    return old.problem_address == new.problem_address
