"""Links in mails: signed, expiring, and leading to pages, because mail scanners open links."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from invoicing.runtime.turning import secrets_of


class LinkKind(StrEnum):
    """What a link is for; one kind is never accepted as another."""

    REACTIVATE = "reactivate"
    VERIFY_ADDRESS = "verify"
    TAKE_BACK = "take-back"
    FILES = "files"
    IT_IS_ME = "it-is-me"


LIVES: dict[LinkKind, timedelta] = {
    LinkKind.REACTIVATE: timedelta(days=14),  # the last reminder is sent after 7
    LinkKind.VERIFY_ADDRESS: timedelta(days=7),
    LinkKind.TAKE_BACK: timedelta(days=7),
    LinkKind.FILES: timedelta(days=30),
    LinkKind.IT_IS_ME: timedelta(hours=1),
}


class LinkExpiredError(Exception):
    """Ours, but too old. `subject` may be used to offer a new start, never to grant anything."""

    def __init__(self, subject: dict[str, str]) -> None:
        super().__init__("the link has expired")
        self.subject = subject


class LinkForgedError(Exception):
    """Not signed by us, damaged, or of another kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Makes and reads links. `secret` is the signing secret of this installation.

    `others` gives what may have signed a link besides; it is asked only for one that `secret` did not sign.
    """

    secret: str
    base_url: str
    others: Callable[[], Sequence[str]] = tuple

    def make(self, kind: LinkKind, subject: dict[str, str]) -> str:
        """The whole address of a page."""
        return f"{self.base_url}/{kind}/{_serializer(kind, self.secret).dumps(subject)}"

    def read(self, kind: LinkKind, token: str) -> dict[str, str]:
        """What the link was made for. Raises LinkExpiredError, LinkForgedError."""
        if len(token) > 2000 or not token.isascii():
            raise LinkForgedError
        for secret in secrets_of(self.secret, self.others):
            serializer = _serializer(kind, secret)
            try:
                return _subject(serializer.loads(token, max_age=int(LIVES[kind].total_seconds())))
            except SignatureExpired:
                raise LinkExpiredError(_subject(serializer.loads(token))) from None
            except BadSignature:
                continue
        raise LinkForgedError


def _serializer(kind: LinkKind, secret: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt=f"link:{kind}")


def _subject(payload: object) -> dict[str, str]:
    if not isinstance(payload, dict):
        raise LinkForgedError
    return {str(name): str(value) for name, value in payload.items()}
