"""Files of the archive, and their attachments to invoices, as they travel. Facts: Fortnox's OpenAPI file; its page on
files of invoices: PDF only, at most five that are sent with an invoice, five megabytes each.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from invoicing.domain.errors import UpstreamContractError
from invoicing.wire import Thing, read

INVOICE_ENTITY = "F"  # a customer invoice, among the kinds of things that files are attached to


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A multipart body."""

    content_type: str
    content: bytes = field(repr=False)


def pdf_form(name: str, content: bytes) -> Form:
    """One file. `name` is ASCII, without quotation marks."""
    boundary = f"file-{hashlib.sha256(content).hexdigest()[:32]}"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    )
    body = head.encode("ascii") + content + f"\r\n--{boundary}--\r\n".encode()
    return Form(content_type=f"multipart/form-data; boundary={boundary}", content=body)


def attachment_body(number: str, file_id: str) -> list[Mapping[str, Any]]:
    """The file goes out with the invoice, however that is sent."""
    return [{"entityId": int(number), "entityType": INVOICE_ENTITY, "fileId": file_id, "includeOnSend": True}]


def _text(value: object) -> str:
    if not isinstance(value, str | int) or value == "":
        raise ValueError("is no id")
    return str(value)


class _File(Thing):
    archive_file_id: Annotated[str, BeforeValidator(_text)] = Field(alias="ArchiveFileId")


class _Attachment(Thing):
    id: Annotated[str, BeforeValidator(_text)] = Field(alias="id")
    file_id: Annotated[str, BeforeValidator(_text)] = Field(alias="fileId")


def read_file_id(answer: Any) -> str:
    """Of a file that was uploaded. Raises UpstreamContractError."""
    return read(_File, answer, what="Fortnox's file").archive_file_id


def read_attachments(answer: Any) -> Mapping[str, str]:
    """Attachment id → file id; one alone may come without a list around it. Raises UpstreamContractError."""
    items = [answer] if isinstance(answer, dict) else answer
    if not isinstance(items, list):
        raise UpstreamContractError("Fortnox's answer is no list of attachments")
    read_ones = [read(_Attachment, item, what="Fortnox's attachment") for item in items]
    return {one.id: one.file_id for one in read_ones}


def read_attachment_id(answer: Any) -> str:
    """Of the one that was made. Raises UpstreamContractError."""
    made = list(read_attachments(answer))
    if len(made) != 1:
        raise UpstreamContractError(f"Fortnox made {len(made)} attachments of one")
    return made[0]
