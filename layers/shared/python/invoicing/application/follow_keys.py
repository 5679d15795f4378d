"""An integration follows its keys: held and told of when they are dead, released when they work again."""

from dataclasses import dataclass, replace
from datetime import datetime

from invoicing.application.ports import ChangedMeanwhileError, Clock, Integrations, Notices, Report, TokenStore
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.integration import Integration
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind, broken_notice_id
from invoicing.domain.tokens import TokenStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowTools:
    """What integrations follow their keys with."""

    integrations: Integrations
    tokens: TokenStore
    notices: Notices
    clock: Clock
    report: Report


def follow_keys(tools: FollowTools, integration_id: str) -> None:
    """Holds the integration and puts one notice, or releases it. Safe to repeat, and to be overtaken.

    A new consent stores its keys before it changes the integration. So the integration is read before the
    keys, and changed only if it is still that version: no consent can have come between. Raises RetryLaterError.
    """
    integration = tools.integrations.get(integration_id)
    keys = tools.tokens.get(integration_id)
    if integration is None:
        return
    if keys is None or keys.status is TokenStatus.BROKEN:
        _hold(tools, integration)
    elif keys.status in {TokenStatus.ACTIVE, TokenStatus.CC_ONLY} and integration.broken_since is not None:
        _release(tools, integration, integration.broken_since)


def _hold(tools: FollowTools, integration: Integration) -> None:
    since = integration.broken_since
    if since is None:
        since = tools.clock()
        if not tools.integrations.mark_broken(integration.id, at=since, version=integration.version):
            raise RetryLaterError("the integration was changed while it was being marked as broken")
        tools.report("token_broken", {"integration": integration.id})
    tools.notices.put_once(
        Notice(
            id=broken_notice_id(integration.id, since),
            integration_id=integration.id,
            kind=NoticeKind.BROKEN,
            created_at=since,
            due_at=since + UNSENT_AFTER,
        )
    )


def _release(tools: FollowTools, integration: Integration, since: datetime) -> None:
    tools.notices.close(broken_notice_id(integration.id, since))
    released = replace(integration, broken_since=None, reactivated_at=tools.clock(), version=integration.version + 1)
    try:
        tools.integrations.put(released)
    except ChangedMeanwhileError:
        raise RetryLaterError("the integration was changed while it was being released") from None
    tools.report("token_works_again", {"integration": integration.id})
