"""Secrets of this installation, in Secrets Manager."""

import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from invoicing.adapters.aws.errors import translated
from invoicing.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


_NEWEST, _BEFORE = "AWSCURRENT", "AWSPREVIOUS"  # the labels that Secrets Manager moves when a new one is put
BELIEVED = 300.0  # seconds after which every process knows of a new one
_AGAIN = 10.0  # seconds between two looks because of what no known secret has signed: anybody may send such things


class Secret:
    """One secret text, fetched when it is first needed and then remembered by this process.

    It is one that somebody else refuses when it was changed, and is forgotten then.
    """

    def __init__(self, client: "SecretsManagerClient", secret_id: str) -> None:
        self._client = client
        self._secret_id = secret_id
        self._value: str | None = None
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """The secret. Raises RetryLaterError or ConfigurationError."""
        with self._lock:
            if self._value is None:
                self._value = _fetched(self._client, self._secret_id)
            return self._value

    def forget(self) -> None:
        """It was refused: the next call fetches it anew."""
        with self._lock:
            self._value = None


class TurningSecret:
    """A secret that only we know, which nobody refuses: it is looked at anew after some minutes.

    While it is turned, processes know of it at different moments. So what the known one has not signed is held against
    the newest and the one before, which Secrets Manager keeps.
    """

    def __init__(
        self, client: "SecretsManagerClient", secret_id: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._secret_id = secret_id
        self._clock = clock
        self._newest = ""
        self._others: Sequence[str] = ()
        self._until = self._looked_until = -math.inf
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """The newest. Raises RetryLaterError or ConfigurationError."""
        with self._lock:
            if self._clock() >= self._until:
                self._look()
            return self._newest

    def others(self) -> Sequence[str]:
        """The newest of this very moment, nearly, and the one before. Raises RetryLaterError or ConfigurationError."""
        with self._lock:
            if self._clock() >= self._looked_until:
                self._look()
                before = _fetched(self._client, self._secret_id, _BEFORE)
                self._others = [secret for secret in (self._newest, before) if secret]
                self._looked_until = self._clock() + _AGAIN
            return self._others

    def _look(self) -> None:
        self._newest = _fetched(self._client, self._secret_id)
        self._until = self._clock() + BELIEVED


def _fetched(client: "SecretsManagerClient", secret_id: str, stage: str = _NEWEST) -> str:
    """Empty only of a secret that never was another one."""
    with translated(f"Secrets Manager GetSecretValue of {secret_id}"):
        try:
            answer = client.get_secret_value(SecretId=secret_id, VersionStage=stage)
        except ClientError as error:
            if stage == _BEFORE and error.response["Error"]["Code"] == "ResourceNotFoundException":
                return ""
            raise
    value = answer.get("SecretString", "")
    if not value:
        raise ConfigurationError(f"secret {secret_id} has no text. The service operator stores one and waits a minute.")
    return value
