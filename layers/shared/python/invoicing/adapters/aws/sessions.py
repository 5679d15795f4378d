"""The table of sessions: consents under way, sign-ins and throttles. It keeps no secret, only SHA-256 of it.

`expires_at` is for DynamoDB's time to live, which may come days late: `valid_until` decides, on reading.
"""

import hashlib
from collections.abc import Mapping, Sequence
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
from invoicing.domain.session import PendingConsent, Session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_WINDOW = timedelta(hours=1)
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
        if item is None:
            return None
        expires_at = moment_of(item["valid_until"])
        consent = read(PendingConsent, item, state=state, browser=browser, expires_at=expires_at)
        return consent if now < consent.expires_at else None

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

    def failures(self, keys: Sequence[str], *, now: datetime) -> Mapping[str, tuple[int, datetime]]:
        """Keys without a failed try within their hour are left out. The hour begins with the first one."""
        found: dict[str, tuple[int, datetime]] = {}
        for key in dict.fromkeys(keys):
            item = self._table.get(_key("failures", key))
            if item is not None and now < moment_of(item["window_ends"]):
                found[key] = int(item["tries"]["N"]), moment_of(item["last_at"])
        return found

    def count_failure(self, keys: Sequence[str], *, now: datetime) -> None:
        """Each key is counted by itself, atomically."""
        for key in dict.fromkeys(keys):
            self._count(_key("failures", key), now)

    def clear_failures(self, keys: Sequence[str]) -> None:
        """Forgets the failed tries of these keys."""
        for key in dict.fromkeys(keys):
            self._table.delete(_key("failures", key))

    def _count(self, key: Item, now: datetime) -> None:
        last_at = {"last_at": attribute(now)}
        window = {
            "tries": attribute(1),
            "window_ends": epoch(now + _WINDOW),
            "expires_at": whole_epoch(now + _WINDOW),
        }
        for _ in range(_ROUNDS):
            try:
                self._table.update(
                    key,
                    put=last_at,
                    add={"tries": attribute(1)},
                    condition="#window_ends > :now",
                    values={"now": epoch(now)},
                )
            except ConditionFailedError:
                pass  # no window is open
            else:
                return
            try:
                self._table.update(
                    key,
                    put=last_at | window,
                    condition="attribute_not_exists(#window_ends) OR #window_ends <= :now",
                    values={"now": epoch(now)},
                )
            except ConditionFailedError:
                continue  # somebody else opened one between the two writes
            return
        raise RetryLaterError("counting a failed try: too many writers. It is tried again.")


def _key(kind: str, secret: str) -> Item:
    return {"session_id": {"S": f"{kind}#{_digest(secret)}"}}


def _hash(secret: str) -> Attribute:
    return {"S": _digest(secret)}


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _expiry(expires_at: datetime) -> dict[str, Attribute]:
    return {"expires_at": whole_epoch(expires_at), "valid_until": attribute(expires_at)}
