"""What a log says of persons: hashes under a secret of this installation, equal for the same person."""

import hmac
from dataclasses import dataclass
from hashlib import sha256

from invoicing.domain.login_name import fold_user, network_of

_LENGTH = 16  # letters; enough to tell apart who is in the logs of three months


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """`secret` is the signing secret of this installation: when it is turned, old lines and new ones do not meet."""

    secret: str

    def user(self, username: str) -> str:
        """Somebody who signs in, however the name is written."""
        return self._hash("user", fold_user(username))

    def network(self, address: str) -> str:
        """Where somebody comes from, as tries are counted."""
        return self._hash("network", network_of(address))

    def _hash(self, kind: str, text: str) -> str:
        said = f"trace\0{kind}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.new(self.secret.encode(), said, sha256).hexdigest()[:_LENGTH]
