"""Marks of passwords: told apart with a secret of this installation, and of no use without it."""

import hmac
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedMarks:
    """The port PasswordMarks, by HMAC. A mark names the secret that it was made with, so that a new one is noticed."""

    secret: str

    def make(self, system: str, password: str) -> str:
        """A mark that tells nothing of the password without the secret."""
        digest = hmac.new(self.secret.encode(), f"wms-password\0{system}\0{password}".encode(), sha256).hexdigest()
        return f"{self._name}.{digest}"

    def is_another(self, mark: str, system: str, password: str) -> bool:
        """Compared in constant time."""
        same_secret = mark.partition(".")[0] == self._name
        return same_secret and not hmac.compare_digest(mark, self.make(system, password))

    @property
    def _name(self) -> str:
        return sha256(f"name\0{self.secret}".encode()).hexdigest()[:8]
