"""The table of sessions: consents under way, sign-ins and throttles. It keeps no secret, only SHA-256 of it.

`expires_at` is for DynamoDB's time to live, which may come days late: `valid_until` decides, on reading.
"""

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from invoicing.adapters.aws.items import (
    SCHEMA_ATTRIBUTE,
    Attribute,
    Item,
    attribute,
    attributes,
    epoch,
    moment_of,
    read,
    whole_epoch,
)
from invoicing.adapters.aws.table import ConditionFailedError, Table
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.session import Invitation, PendingApproval, PendingConsent, Session, TryLimit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ROUNDS = 5  # of counting against others that open a new window at the same moment


class DynamoSessions:
    """The port Sessions on DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._table = Table(client, table_name)

    def put_consent(self, consent: PendingConsent) -> None:
        """Stores hashes of `state` and `browser`."""
        kept = attributes(consent, without={"state", "browser", "expires_at"})
        self._table.put(
            {
                **_key("consent", consent.state),
                **kept,
                **_expiry(consent.expires_at),
                **SCHEMA_ATTRIBUTE,
                "browser_hash": _hash(consent.browser),
            }
        )

    def take_consent(self, state: str, *, browser: str, now: datetime) -> PendingConsent | None:
        """Removing it is what makes it work once: one conditional delete."""
        try:
            item = self._table.delete(
                _key("consent", state),
                condition="#browser_hash = :browser",
                values={"browser": _hash(browser)},
            )
        except ConditionFailedError:
            return None
        if item is None or "proposal" not in item:  # older code began it; it is begun again
            return None
        consent = read(PendingConsent, item, state=state, browser=browser, expires_at=moment_of(item["valid_until"]))
        return consent if now < consent.expires_at else None

    def put_approval(self, approval: PendingApproval) -> None:
        """Under a hash of `browser`. The guard is stored as it is: it does nothing without the browser's cookie."""
        kept = attributes(approval, without={"browser", "expires_at"})
        self._table.put(
            {**_key("approval", approval.browser), **kept, **_expiry(approval.expires_at), **SCHEMA_ATTRIBUTE}
        )

    def approval(self, browser: str, *, now: datetime) -> PendingApproval | None:
        """Read consistently."""
        item = self._table.get(_key("approval", browser))
        return None if item is None else _approval(item, browser, now)

    def take_approval(self, browser: str, *, guard: str, now: datetime) -> PendingApproval | None:
        """One conditional delete, as of a consent."""
        try:
            item = self._table.delete(
                _key("approval", browser), condition="#guard = :guard", values={"guard": attribute(guard)}
            )
        except ConditionFailedError:
            return None
        return None if item is None else _approval(item, browser, now)

    def put_invitation(self, invitation: Invitation) -> None:
        """Its id is made from the secret, and is hashed once more here."""
        kept = attributes(invitation, without={"id", "expires_at"})
        self._table.put(
            {**_key("invitation", invitation.id), **kept, **_expiry(invitation.expires_at), **SCHEMA_ATTRIBUTE}
        )

    def invitation(self, invitation_id: str, *, now: datetime) -> Invitation | None:
        """Read consistently."""
        item = self._table.get(_key("invitation", invitation_id))
        if item is None:
            return None
        invitation = read(Invitation, item, id=invitation_id, expires_at=moment_of(item["valid_until"]))
        return invitation if now < invitation.expires_at else None

    def take_invitation(self, invitation_id: str, *, now: datetime) -> bool:
        """Of two who have the link, one removes it."""
        item = self._table.delete(_key("invitation", invitation_id))
        return item is not None and now < moment_of(item["valid_until"])

    def put_session(self, session: Session) -> None:
        """Stores a hash of `token`. `csrf` is stored as it is: it opens nothing without the token."""
        kept = attributes(session, without={"token", "expires_at"})
        self._table.put(
            {
                **_key("session", session.token),
                **kept,
                **_expiry(session.expires_at),
                **SCHEMA_ATTRIBUTE,
            }
        )

    def session(self, token: str, *, now: datetime) -> Session | None:
        """Read consistently."""
        item = self._table.get(_key("session", token))
        if item is None:
            return None
        session = read(Session, item, token=token, expires_at=moment_of(item["valid_until"]))
        return session if now < session.expires_at else None

    def end_session(self, token: str) -> None:
        """Ending what has ended is harmless."""
        self._table.delete(_key("session", token))

    def count_try(self, limit: TryLimit, *, now: datetime) -> timedelta:
        """One conditional write decides. A second one says when the next may follow; until it has, none may."""
        key, moment = _key("tries", limit.key), epoch(now)
        for _ in range(_ROUNDS):
            try:
                item = self._table.update(
                    key,
                    put={"last_at": moment},
                    add={"tries": attribute(1)},
                    drop=["free_at"],
                    condition="#window_ends > :now AND (#tries < :free OR #free_at <= :now OR #last_at <= :long_ago)",
                    values={"now": moment, "free": attribute(limit.free), "long_ago": epoch(now - limit.longest)},
                )
            except ConditionFailedError as error:
                found = error.found
                if found is not None and now < moment_of(found["window_ends"]):
                    return _wait(found, limit, now)
            else:
                self._say_when_next(key, limit, int(item["tries"]["N"]), now)
                return timedelta(0)
            with suppress(ConditionFailedError):  # somebody else opened the window between the two writes
                self._table.update(
                    key,
                    put={
                        "tries": attribute(1),
                        "last_at": moment,
                        "window_ends": epoch(now + limit.window),
                        "expires_at": whole_epoch(now + limit.window),
                    },
                    drop=["free_at"],
                    condition="attribute_not_exists(#window_ends) OR #window_ends <= :now",
                    values={"now": moment},
                )
                self._say_when_next(key, limit, 1, now)
                return timedelta(0)
        raise RetryLaterError("counting a try: too many writers. It is tried again.")

    def take_back_try(self, key: str, *, now: datetime) -> None:
        """Nothing, if its hour is over."""
        with suppress(ConditionFailedError):
            self._table.update(
                _key("tries", key),
                add={"tries": attribute(-1)},
                condition="#window_ends > :now AND #tries > :none",
                values={"now": epoch(now), "none": attribute(0)},
            )

    def forget_tries(self, key: str) -> None:
        """Forgetting what was never counted is harmless."""
        self._table.delete(_key("tries", key))

    def _say_when_next(self, key: Item, limit: TryLimit, tries: int, now: datetime) -> None:
        wait = limit.wait_after(tries)
        if wait:
            with suppress(ConditionFailedError):  # another try was counted since, and says it
                self._table.update(
                    key,
                    put={"free_at": epoch(now + wait)},
                    condition="#tries = :tries",
                    values={"tries": attribute(tries)},
                )


def _wait(found: Item, limit: TryLimit, now: datetime) -> timedelta:
    """Until when a try must wait. It is never said that it need not: others are at it in this very moment."""
    free_at = moment_of(found["free_at"]) if "free_at" in found else now + limit.wait_after(int(found["tries"]["N"]))
    return max(free_at - now, timedelta(seconds=1))


def _approval(item: Item, browser: str, now: datetime) -> PendingApproval | None:
    approval = read(PendingApproval, item, browser=browser, expires_at=moment_of(item["valid_until"]))
    return approval if now < approval.expires_at else None


def _key(kind: str, secret: str) -> Item:
    return {"session_id": {"S": f"{kind}#{_digest(secret)}"}}


def _hash(secret: str) -> Attribute:
    return {"S": _digest(secret)}


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _expiry(expires_at: datetime) -> dict[str, Attribute]:
    return {"expires_at": whole_epoch(expires_at), "valid_until": attribute(expires_at)}
