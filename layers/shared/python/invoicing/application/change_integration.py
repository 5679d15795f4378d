"""What its operator does to an integration: settings, pause, resume, disconnect, ask for an invoice."""

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from invoicing.application.adopt_from_journal import adopt_from_journal
from invoicing.application.ask_for_run import AskTools, ask_for_invoices, ask_for_run
from invoicing.application.ports import (
    ChangedMeanwhileError,
    Clock,
    Exports,
    Integrations,
    Notices,
    Report,
    Sessions,
    WmsMemory,
)
from invoicing.application.tell_change import tell_change, with_change
from invoicing.application.token_engine import TokenEngine
from invoicing.domain.change import MAILED, ChangeKind
from invoicing.domain.errors import InvoicingError
from invoicing.domain.export import EventKind, HistoryEvent
from invoicing.domain.integration import Integration, IntegrationStatus
from invoicing.domain.integration_settings import IntegrationSettings, settings_fingerprint
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind
from invoicing.domain.session import TryLimit
from invoicing.domain.tokens import TokenItem

_DECIDE_NOTHING = (
    "problem_address",
    "language",
    "invoice_text",
    "row_text",
    "default_unit",
    "month_mail",
    "follow_payments",
)
_ROUNDS = 3  # of one write against others that change the integration at the same moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTools(AskTools):
    """What changes work with."""

    exports: Exports
    notices: Notices
    sessions: Sessions
    wms_memory: WmsMemory
    engine: TokenEngine
    report: Report


class PauseTools(Protocol):
    """What pausing works with."""

    @property
    def integrations(self) -> Integrations: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def report(self) -> Report: ...


class SettingsChangedError(Exception):
    """Somebody else, or the same person in another tab, saved other settings since the form was filled."""


class SavedWithoutMailError(Exception):
    """All is saved, but there were too many mails today to send another one to confirm the address."""


class NotConfirmedError(Exception):
    """Ongoing has not shown any list yet, and nobody has said that it really has no invoices."""


def save_settings(
    tools: ChangeTools,
    integration: Integration,
    settings: IntegrationSettings,
    *,
    seen: str,
    by: str,
    to_try: bool = False,
) -> Integration:
    """Stores the settings. A draft becomes active by it (*Create*), or paused `to_try`.

    Raises SettingsChangedError, NotConfirmedError, SavedWithoutMailError.

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
            return _save(tools, integration, settings, by, to_try=to_try)
        except ChangedMeanwhileError:
            # Perhaps these very settings by a second click, or something else: a confirmed address, a new password.
            integration = tools.integrations.get(integration.id) or integration
    raise SettingsChangedError


def _save(
    tools: ChangeTools, integration: Integration, settings: IntegrationSettings, by: str, *, to_try: bool
) -> Integration:
    before, now, version = integration.settings, tools.clock(), integration.version + 1
    same_address = before is not None and before.problem_address == settings.problem_address
    heard, is_new = integration.heard_address, integration.status is IntegrationStatus.DRAFT
    begins = IntegrationStatus.PAUSED if to_try else IntegrationStatus.ACTIVE
    changed = replace(
        integration,
        settings=settings,
        status=begins if is_new else integration.status,
        to_try=to_try if is_new else integration.to_try,
        status_since=now if is_new else integration.status_since,
        status_by=by if is_new else integration.status_by,
        address_confirmed=(integration.address_confirmed if same_address else heard == settings.problem_address),
        confirmed_address=heard,
        address_set=integration.address_set if same_address else version,
        version=version,
    )
    done = [
        kind
        for kind, was_done in (
            (ChangeKind.CREATED, is_new),
            (ChangeKind.ADDRESS, not same_address and before is not None),
            (ChangeKind.SETTINGS, before is not None and _decides_otherwise(before, settings)),
        )
        if was_done
    ]
    for kind in done:
        changed = with_change(changed, kind, at=now, by=by)
    tools.integrations.put(changed)
    for kind in [one for one in done if one in MAILED]:
        params = {"new_address": settings.problem_address} if kind is ChangeKind.ADDRESS else {}
        tell_change(tools.notices, integration, kind, at=now, by=by, params=params)
    tools.report("settings_saved", {"integration": integration.id})
    if not same_address and not changed.address_confirmed and not ask_to_confirm(tools, changed):
        raise SavedWithoutMailError
    return changed


def ask_to_confirm(tools: ChangeTools, integration: Integration) -> bool:
    """Sends the mail that confirms the address for problems; False if there were too many today.

    Whoever signs in may write any address there: so that nobody is flooded through us, an integration has such mails
    sent five times a day, and an address gets three, from however many integrations.
    """
    now, address = tools.clock(), integration.settings.problem_address if integration.settings else ""
    limits = [_a_day(f"confirm-from#{integration.id}", 5), _a_day(f"confirm-to#{address.casefold()}", 3)]
    for number, limit in enumerate(limits):
        if tools.sessions.count_try(limit, now=now):
            for counted in limits[:number]:
                tools.sessions.take_back_try(counted.key, now=now)
            tools.report("mail_limited", {"integration": integration.id})
            return False
    notice = Notice(
        id=f"verify#{integration.id}#{integration.version}",
        integration_id=integration.id,
        kind=NoticeKind.VERIFY_ADDRESS,
        created_at=now,
        due_at=now + UNSENT_AFTER,
        params={"address": address, "set": str(integration.address_set)},
    )
    if not tools.notices.put_once(notice):
        tools.notices.put_once(replace(notice, id=f"{notice.id}#{now:%Y-%m-%dT%H:%M:%SZ}"))
    tools.report("mail_to_confirm", {"integration": integration.id})
    return True


def sync_now(tools: ChangeTools, integration: Integration, *, by: str) -> bool:
    """Queues a run; False while one that was asked for has not ended, so that two clicks are one run."""
    return not integration.awaits_run(tools.clock()) and ask_for_run(tools, integration, by=by)


def export_again(tools: ChangeTools, integration: Integration, invoice_id: int, *, kind: EventKind, by: str) -> bool:
    """Asks for one invoice (EXPORT_AGAIN or RETRY): the next run treats it as due. False if too many are asked for."""
    return bool(export_all_again(tools, integration, frozenset({invoice_id}), kind=kind, by=by))


def export_all_again(
    tools: ChangeTools, integration: Integration, invoice_ids: Set[int], *, kind: EventKind, by: str
) -> frozenset[int]:
    """Asks for several, with one run for all; gives those that are asked for.

    Each wish stands once in the invoice's history, however often it is asked.
    """
    asked = ask_for_invoices(tools, integration, invoice_ids, by=by)
    for invoice_id in sorted(asked - integration.asked):
        record = tools.exports.get(integration.id, invoice_id)
        if record is None:
            continue
        event = HistoryEvent(at=tools.clock(), kind=kind, by=by)
        try:
            tools.exports.save(replace(record, version=record.version + 1), event=event)
        except ChangedMeanwhileError:
            # A run is at it, or a second click: the wish counts all the same.
            tools.report("wish_not_in_history", {"integration": integration.id, "invoice": str(invoice_id)})
    return asked


def pause(tools: PauseTools, integration: Integration, *, paused: bool, by: str) -> Integration:
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
    kind = ChangeKind.PAUSED if paused else ChangeKind.RESUMED
    changed = with_change(changed, kind, at=tools.clock(), by=by)
    tools.integrations.put(changed)
    tools.report("integration_paused" if paused else "integration_resumed", {"integration": integration.id})
    return changed


def sign_out_everywhere(tools: ChangeTools, integration: Integration, *, by: str) -> Integration:
    """Ends all sign-ins to the integration, in every browser."""
    changed = replace(integration, generation=integration.generation + 1, version=integration.version + 1)
    changed = with_change(changed, ChangeKind.SIGNED_OUT, at=tools.clock(), by=by)
    tools.integrations.put(changed)
    tools.report("signed_out_everywhere", {"integration": integration.id})
    return changed


def disconnect(tools: ChangeTools, integration: Integration, *, by: str) -> Integration:
    """Ends the connection: revokes at Fortnox, forgets keys, tenant id and password. The history stays.

    Fortnox's consent outlives the keys: with it, and the tenant id, our app could fetch new ones. Only the company can
    end it, in Fortnox; so the tenant id is forgotten, and the page says what is left to do.
    """
    changed = replace(
        integration,
        status=IntegrationStatus.DISCONNECTED,
        company=replace(integration.company, tenant_id=""),
        wms_password=b"",
        wms_password_mark="",
        networks=(),
        generation=integration.generation + 1,
        broken_since=None,
        version=integration.version + 1,
    )
    now = tools.clock()
    tools.integrations.put(with_change(changed, ChangeKind.DISCONNECTED, at=now, by=by))
    params = {"generation": str(changed.generation)}
    tell_change(tools.notices, integration, ChangeKind.DISCONNECTED, at=now, by=by, params=params)
    keys = tools.engine.store.get(integration.id)
    if keys is not None:
        try:
            _revoke(tools, keys)
        except (InvoicingError, LookupError) as error:
            # Forgotten all the same; what Fortnox still accepts dies unused in 45 days.
            tools.report("revoke_failed", {"integration": integration.id, "reason": type(error).__name__})
        tools.engine.store.forget(integration.id)
    tools.report("integration_disconnected", {"integration": integration.id})
    return changed


def _revoke(tools: ChangeTools, keys: TokenItem) -> None:
    """The newest pair that reached us: one that the table missed, and the journal has, outlives the table's."""
    newest = adopt_from_journal(tools.engine, keys) or keys
    tools.engine.oauth.revoke(tools.engine.open_pair(newest).refresh_token)


def _a_day(key: str, many: int) -> TryLimit:
    day = timedelta(days=1)
    return TryLimit(key=key, free=many, longest=day, shortest=day, window=day)


def _decides_otherwise(before: IntegrationSettings, after: IntegrationSettings) -> bool:
    """Whether other amounts, other customers or other invoices may come of it."""
    spared = {name: getattr(before, name) for name in _DECIDE_NOTHING}
    return replace(after, **spared) != before
