"""Envelope encryption: KMS makes and opens data keys, AES-GCM seals with them.

A sealed text is: format (1 byte), length of the encrypted data key (2 bytes), encrypted data key,
nonce (12 bytes), ciphertext with its tag. The context goes to KMS and into the tag, and the environment's
name is always part of it: a copy of the data in another environment cannot be opened there.
"""

import json
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from invoicing.adapters.aws.errors import code_of, translate, translated
from invoicing.application.ports import CannotOpenError

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

_FORMAT = 1
_NONCE_BYTES = 12
_REMEMBERED_KEYS = 64
# KMS's ways to say that this was sealed with another context or key, or damaged.
NEVER_OPENS = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


class KmsSealer:
    """The port Sealer on KMS. Data keys are remembered by this process only, the last 64."""

    def __init__(self, client: "KMSClient", key_id: str, *, environment: str) -> None:
        self._client = client
        self._key_id = key_id
        self._environment = environment
        self._remembered: OrderedDict[tuple[bytes, bytes], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def prepare(self, context: Mapping[str, str]) -> "DataKeySeal":
        """Fetches a data key that is good for sealing under this context without the network."""
        full = self._full(context)
        with translated(f"KMS GenerateDataKey with {self._key_id}"):
            answer = self._client.generate_data_key(KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=full)
        encrypted, plain = answer["CiphertextBlob"], answer["Plaintext"]
        self._remember(encrypted, _canonical(full), plain)
        return DataKeySeal(plain=plain, encrypted=encrypted, context=_canonical(full))

    def open(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """Asks KMS only for data keys that this process does not remember."""
        encrypted, nonce, ciphertext = _parts(sealed)
        full = self._full(context)
        key = self._data_key(encrypted, full)
        try:
            return AESGCM(key).decrypt(nonce, ciphertext, _canonical(full))
        except (InvalidTag, ValueError):  # ValueError: what KMS opened is no data key
            raise CannotOpenError("sealed under another context, or damaged") from None

    def _data_key(self, encrypted: bytes, full: dict[str, str]) -> bytes:
        with self._lock:
            known = self._remembered.get((encrypted, _canonical(full)))
        if known is not None:
            return known
        try:
            answer = self._client.decrypt(CiphertextBlob=encrypted, KeyId=self._key_id, EncryptionContext=full)
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and code_of(error) in NEVER_OPENS:
                raise CannotOpenError("sealed under another context or key, or damaged") from None
            raise translate(error, f"KMS Decrypt with {self._key_id}") from None
        self._remember(encrypted, _canonical(full), answer["Plaintext"])
        return answer["Plaintext"]

    def _remember(self, encrypted: bytes, context: bytes, plain: bytes) -> None:
        with self._lock:
            self._remembered[encrypted, context] = plain
            while len(self._remembered) > _REMEMBERED_KEYS:
                self._remembered.popitem(last=False)

    def _full(self, context: Mapping[str, str]) -> dict[str, str]:
        return {**context, "environment": self._environment}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKeySeal:
    """The port Seal: a data key and the context that it was fetched for."""

    plain: bytes = field(repr=False)
    encrypted: bytes = field(repr=False)
    context: bytes

    def __call__(self, plaintext: bytes) -> bytes:
        """Seals without the network."""
        nonce = os.urandom(_NONCE_BYTES)
        header = bytes([_FORMAT]) + len(self.encrypted).to_bytes(2)
        return header + self.encrypted + nonce + AESGCM(self.plain).encrypt(nonce, plaintext, self.context)


def _parts(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    """Encrypted data key, nonce and ciphertext. Raises CannotOpenError."""
    key_end = 3 + int.from_bytes(sealed[1:3])
    nonce_end = key_end + _NONCE_BYTES
    if sealed[:1] != bytes([_FORMAT]) or key_end == 3 or len(sealed) <= nonce_end:
        raise CannotOpenError("not in a sealed format that this code knows")
    return sealed[3:key_end], sealed[key_end:nonce_end], sealed[nonce_end:]


def _canonical(context: Mapping[str, str]) -> bytes:
    return json.dumps(context, sort_keys=True, separators=(",", ":")).encode()
