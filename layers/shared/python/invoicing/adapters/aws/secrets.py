"""Secrets of this installation, in Secrets Manager."""

import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from invoicing.adapters.aws.errors import translated
from invoicing.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class Secret:
    """One secret text, fetched when it is first needed and then remembered by this process.

    A secret that somebody else refuses is forgotten then. One that only we know is refused by nobody: it is fetched
    anew after `remembered` seconds, so that a new one is believed by processes that live for hours.
    """

    def __init__(
        self,
        client: "SecretsManagerClient",
        secret_id: str,
        *,
        remembered: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._secret_id = secret_id
        self._remembered = remembered
        self._clock = clock
        self._value: str | None = None
        self._until = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """The secret. Raises RetryLaterError or ConfigurationError."""
        with self._lock:
            return self._fetch() if self._value is None or self._clock() >= self._until else self._value

    def forget(self) -> None:
        """It was refused: the next call fetches it anew."""
        with self._lock:
            self._value = None

    def _fetch(self) -> str:
        with translated(f"Secrets Manager GetSecretValue of {self._secret_id}"):
            answer = self._client.get_secret_value(SecretId=self._secret_id)
        value = answer.get("SecretString", "")
        if not value:
            raise ConfigurationError(
                f"secret {self._secret_id} has no text. The service operator stores one and waits a minute."
            )
        self._value, self._until = value, self._clock() + self._remembered
        return value
