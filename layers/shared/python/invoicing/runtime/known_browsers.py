"""What a browser keeps of having signed in: it opens nothing, and is why strangers' guesses never refuse it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from itsdangerous import BadSignature, URLSafeTimedSerializer

from invoicing.domain.login_name import fold_user
from invoicing.runtime.turning import secrets_of

LIFE = timedelta(days=400)  # browsers keep no cookie longer
_KEPT = 5  # systems and users of one browser
_JOINT = "~"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBrowsers:
    """Makes and reads the cookie. `secret` is the signing secret of this installation; `others`: see Links."""

    secret: str
    others: Callable[[], Sequence[str]] = tuple

    def remember(self, cookie: str, system: str, username: str) -> str:
        """The cookie, with this user of this system as the newest."""
        others = [one for one in _tokens(cookie) if not self._is_of(one, system, username)]
        return _JOINT.join([_serializer(self.secret).dumps(_who(system, username)), *others][:_KEPT])

    def proof(self, cookie: str, system: str, username: str) -> str:
        """What the cookie has of this user of this system; empty if nothing."""
        return next((one for one in _tokens(cookie) if self._is_of(one, system, username)), "")

    def _is_of(self, token: str, system: str, username: str) -> bool:
        for secret in secrets_of(self.secret, self.others):
            try:
                said = _serializer(secret).loads(token, max_age=int(LIFE.total_seconds()))
            except BadSignature:
                continue
            return bool(said == _who(system, username))
        return False


def _serializer(secret: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt="known-browser")


def _tokens(cookie: str) -> list[str]:
    return cookie[:2000].split(_JOINT)[:_KEPT] if cookie and cookie.isascii() else []


def _who(system: str, username: str) -> str:
    return sha256(json.dumps([system, fold_user(username)]).encode()).hexdigest()[:32]
