"""Envelopes under a branch key: one call of KMS per process and hour, however many systems' passwords are opened.

The way of AWS's hierarchical keyring. One branch key, itself sealed by KMS, lies in the table of integrations. Each
envelope has a key of its own, derived (HKDF-SHA256) from the branch key, a random salt and the whole context, and the
context is in the tag too. So an envelope opens under its own context only, as with a data key of KMS; what is given up
is that CloudTrail names the integration of each opening. Tokens keep data keys of their own.

A sealed text is: format (1 byte), length of the sealed branch key (2 bytes), sealed branch key, salt (32 bytes), nonce
(12 bytes), ciphertext with its tag.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from invoicing.adapters.aws.errors import translate, translated
from invoicing.adapters.aws.sealing import NEVER_OPENS, KmsSealer
from invoicing.adapters.aws.table import ConditionFailedError, Table
from invoicing.application.ports import CannotOpenError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

REMEMBERED_SECONDS = 3600.0
_FORMAT = 2
_SALT_BYTES, _NONCE_BYTES = 32, 12
_ITEM = "branch-key#wms-passwords"  # "#" is in no warehouse name, so it meets no integration
_CONTEXT = {"secret": "branch-key"}


class BranchKeySealer:
    """The port Sealer for what is opened at every run. What KmsSealer sealed before, it opens too."""

    def __init__(
        self,
        kms: "KMSClient",
        key_id: str,
        dynamodb: "DynamoDBClient",
        table_name: str,
        *,
        environment: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kms = kms
        self._key_id = key_id
        self._table = Table(dynamodb, table_name)
        self._environment = environment
        self._clock = clock
        self._older = KmsSealer(kms, key_id, environment=environment)
        self._remembered: dict[bytes, tuple[bytes, float]] = {}  # sealed branch key → opened, and until when
        self._current = b""
        self._lock = threading.Lock()  # so that ten runs beside each other ask once

    def prepare(self, context: Mapping[str, str]) -> "DerivedKeySeal":
        """Fetches the branch key, and makes it before the very first password is sealed."""
        with self._lock:
            if not self._current:
                self._current = self._stored() or self._made()
            branch = self._opened(self._current)
        return DerivedKeySeal(branch=branch, sealed_branch=self._current, context=self._canonical(context))

    def open(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """Asks KMS only for a branch key that this process has not seen for an hour."""
        if sealed[:1] != bytes([_FORMAT]):
            return self._older.open(sealed, context)
        salt_at = 3 + int.from_bytes(sealed[1:3])
        nonce_at = salt_at + _SALT_BYTES
        text_at = nonce_at + _NONCE_BYTES
        if salt_at == 3 or len(sealed) <= text_at:
            raise CannotOpenError("not in a sealed format that this code knows")
        with self._lock:
            branch = self._opened(sealed[3:salt_at])
        bound_to = self._canonical(context)
        key = _derived(branch, sealed[salt_at:nonce_at], bound_to)
        try:
            return AESGCM(key).decrypt(sealed[nonce_at:text_at], sealed[text_at:], bound_to)
        except InvalidTag:
            raise CannotOpenError("sealed under another context, or damaged") from None

    def _opened(self, sealed_branch: bytes) -> bytes:
        known = self._remembered.get(sealed_branch)
        if known is not None and self._clock() < known[1]:
            return known[0]
        try:
            answer = self._kms.decrypt(
                CiphertextBlob=sealed_branch, KeyId=self._key_id, EncryptionContext=self._full(_CONTEXT)
            )
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] in NEVER_OPENS:
                raise CannotOpenError("sealed in another environment or under another key, or damaged") from None
            raise translate(error, f"KMS Decrypt with {self._key_id}") from None
        self._remembered[sealed_branch] = answer["Plaintext"], self._clock() + REMEMBERED_SECONDS
        return answer["Plaintext"]

    def _stored(self) -> bytes:
        item = self._table.get({"integration_id": {"S": _ITEM}})
        return b"" if item is None else bytes(item["sealed"]["B"])

    def _made(self) -> bytes:
        with translated(f"KMS GenerateDataKey with {self._key_id}"):
            made = self._kms.generate_data_key(
                KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=self._full(_CONTEXT)
            )["CiphertextBlob"]
        try:
            self._table.update(
                {"integration_id": {"S": _ITEM}},
                put={"sealed": {"B": made}},
                condition="attribute_not_exists(#sealed)",
            )
        except ConditionFailedError:
            return self._stored()  # another process was first
        return made

    def _full(self, context: Mapping[str, str]) -> dict[str, str]:
        return {**context, "environment": self._environment}

    def _canonical(self, context: Mapping[str, str]) -> bytes:
        return json.dumps(self._full(context), sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedKeySeal:
    """The port Seal: a branch key, and the context that each key is derived for."""

    branch: bytes = field(repr=False)
    sealed_branch: bytes = field(repr=False)
    context: bytes

    def __call__(self, plaintext: bytes) -> bytes:
        """Seals without the network."""
        salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
        header = bytes([_FORMAT]) + len(self.sealed_branch).to_bytes(2) + self.sealed_branch
        key = _derived(self.branch, salt, self.context)
        return header + salt + nonce + AESGCM(key).encrypt(nonce, plaintext, self.context)


def _derived(branch: bytes, salt: bytes, context: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=context).derive(branch)
