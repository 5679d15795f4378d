"""Marks of passwords and networks: told apart with a secret of this installation, and of no use without it."""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from invoicing.domain.login_name import fold_user, network_of
from invoicing.runtime.turning import secrets_of


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedMarks:
    """The port Marks, by HMAC. A mark names the secret that it was made with, so that a new one is noticed.

    `others`: see Links.
    """

    secret: str
    others: Callable[[], Sequence[str]] = tuple

    def make(self, system: str, password: str) -> str:
        """A mark that tells nothing of the password without the secret."""
        return _made(self.secret, system, password)

    def fits(self, mark: str, system: str, password: str) -> bool | None:
        """Compared in constant time."""
        name = mark.partition(".")[0]
        for secret in secrets_of(self.secret, self.others) if mark else ():
            if _name(secret) == name:
                return hmac.compare_digest(mark, _made(secret, system, password))
        return None

    def network(self, system: str, username: str, address: str) -> str:
        """Equal for one user of one system from one network."""
        said = f"network\0{system}\0{fold_user(username)}\0{network_of(address)}"
        return hmac.new(self.secret.encode(), said.encode("utf-8", "surrogatepass"), sha256).hexdigest()[:16]


def _made(secret: str, system: str, password: str) -> str:
    said = f"wms-password\0{system}\0{password}"
    return f"{_name(secret)}.{hmac.new(secret.encode(), said.encode(), sha256).hexdigest()}"


def _name(secret: str) -> str:
    return sha256(f"name\0{secret}".encode()).hexdigest()[:8]
