"""A connection is broken: hold its work, and put one notice. Safe to repeat, and to be overtaken by a new consent."""

from invoicing.application.ports import Clock, Integrations, Notices, TokenStore
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind, broken_notice_id
from invoicing.domain.tokens import TokenStatus


def report_broken(
    integrations: Integrations, tokens: TokenStore, notices: Notices, clock: Clock, *, integration_id: str
) -> None:
    """Marks the integration, so that nothing runs until it is reactivated, and puts the notice of its chain.

    A new consent stores its keys before it changes the integration. So the integration is read before the
    keys, and marked only if it is still that version: no consent can have come between. Raises RetryLaterError.
    """
    integration = integrations.get(integration_id)
    keys = tokens.get(integration_id)
    if integration is None or (keys is not None and keys.status is not TokenStatus.BROKEN):
        return  # connected again, or disconnected on purpose
    now = clock()
    if integration.broken_since is None and not integrations.mark_broken(
        integration_id, at=now, version=integration.version
    ):
        raise RetryLaterError("the integration was changed while it was being marked as broken")
    notices.put_once(
        Notice(
            id=broken_notice_id(integration_id, keys.chain_id if keys is not None else ""),
            integration_id=integration_id,
            kind=NoticeKind.BROKEN,
            created_at=now,
            due_at=now + UNSENT_AFTER,
        )
    )
