"""An integration follows its keys: held and told of when they are dead, released when they work again."""

from dataclasses import replace

from invoicing.application.ports import ChangedMeanwhileError, Clock, Integrations, Notices, Report, TokenStore
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.integration import Integration
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind, broken_notice_id
from invoicing.domain.tokens import TokenStatus


def follow_keys(
    integrations: Integrations,
    tokens: TokenStore,
    notices: Notices,
    clock: Clock,
    report: Report,
    *,
    integration_id: str,
) -> None:
    """Holds the integration and puts one notice, or releases it. Safe to repeat, and to be overtaken.

    A new consent stores its keys before it changes the integration. So the integration is read before the
    keys, and changed only if it is still that version: no consent can have come between. Raises RetryLaterError.
    """
    integration = integrations.get(integration_id)
    keys = tokens.get(integration_id)
    if integration is None:
        return
    if keys is None or keys.status is TokenStatus.BROKEN:
        _hold(integrations, notices, clock, report, integration)
    elif keys.status in {TokenStatus.ACTIVE, TokenStatus.CC_ONLY} and integration.broken_since is not None:
        _release(integrations, notices, report, integration)


def _hold(integrations: Integrations, notices: Notices, clock: Clock, report: Report, integration: Integration) -> None:
    since = integration.broken_since
    if since is None:
        since = clock()
        if not integrations.mark_broken(integration.id, at=since, version=integration.version):
            raise RetryLaterError("the integration was changed while it was being marked as broken")
        report("token_broken", {"integration": integration.id})
    notices.put_once(
        Notice(
            id=broken_notice_id(integration.id, since),
            integration_id=integration.id,
            kind=NoticeKind.BROKEN,
            created_at=since,
            due_at=since + UNSENT_AFTER,
        )
    )


def _release(integrations: Integrations, notices: Notices, report: Report, integration: Integration) -> None:
    if integration.broken_since is not None:
        notices.close(broken_notice_id(integration.id, integration.broken_since))
    released = replace(integration, broken_since=None, closing_notice_due=True, version=integration.version + 1)
    try:
        integrations.put(released)
    except ChangedMeanwhileError:
        raise RetryLaterError("the integration was changed while it was being released") from None
    report("token_works_again", {"integration": integration.id})
