"""The archive (/3/archive) and the files that are attached to invoices (/api/fileattachments/attachments-v1).

As Fortnox's OpenAPI file and its page on files of invoices have it: PDF only, at most five that are sent with an
invoice, five megabytes each. An attachment of the same file is made again if it is asked for again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from local.fortnox import refusals
from local.fortnox.call import Answer, Call, only
from local.fortnox.company import Company
from local.fortnox.refusals import Refusal

ATTACHMENTS: Final = "/api/fileattachments/attachments-v1"
_FOLDERS: Final = frozenset({"inbox_kf", "inbox_lf", "inbox_v", "inbox_s"})
_MOST_SENT: Final = 5
_LARGEST: Final = 5_000_000
_PART: Final = re.compile(
    rb'--(?P<mark>[^\r\n]+)\r\n(?:[^\r\n]+: [^\r\n]*\r\n)*?Content-Disposition: form-data; name="file"; '
    rb'filename="(?P<name>[^"\r\n]+)"\r\n(?:[^\r\n]+: [^\r\n]*\r\n)*\r\n(?P<content>.*)\r\n--(?P=mark)--\r\n',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file as it was sent."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A file that goes out with an invoice."""

    name: str
    content: bytes = field(repr=False)
    include_on_send: bool


class AttachmentRefusedError(Exception):
    """What this API says in its own shape."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status, self.error, self.message = status, error, message


def uploaded(content_type: str, body: bytes) -> Upload:
    """The one file of a form. Raises Refusal."""
    found = _PART.fullmatch(body)
    if found is None or content_type != f"multipart/form-data; boundary={found['mark'].decode('latin-1')}":
        raise Refusal(refusals.BODY_MISSING, "Anropet saknar innehåll eller har fel innehåll.")
    return Upload(name=found["name"].decode(), content=found["content"])


def archive(call: Call) -> Answer:
    """Answer a call to /3/archive. Raises Refusal."""
    only(call, "POST")
    if call.path or call.query.get("folderid") not in _FOLDERS or not isinstance(call.body, Upload):
        raise Refusal(refusals.INVALID_PARAMETER, "Ogiltig parameter i anropet. (folderid)")
    file_id = call.company.store_file(call.body.name, call.body.content)
    return Answer(
        status=201,
        value={
            "File": {
                "@url": f"https://api.fortnox.se/3/archive/{file_id}-row",
                "Id": f"{file_id}-row",  # not the one that attaching wants
                "ArchiveFileId": file_id,
                "Name": call.body.name,
                "Path": "Inbox_KF",
                "Size": len(call.body.content),
                "Comments": None,
            }
        },
    )


def attachments(company: Company, method: str, path: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
    """Status and value of a call. Raises AttachmentRefusedError."""
    match method, path:
        case "GET", "":
            if query.get("entitytype") != "F":
                raise AttachmentRefusedError(400, "badrequest", "entitytype")
            number = _number(query.get("entityid"))
            return 200, [dict(one) for one in company.attachments.values() if one["entityId"] == number]
        case "POST", "":
            return 201, [_attached(company, one) for one in body if _is_possible(company, one)]
        case "DELETE", id_ if id_:
            if company.attachments.pop(id_, None) is None:
                raise AttachmentRefusedError(404, "notfound", "Attachment not found")
            return 204, None
    raise AttachmentRefusedError(404, "notfound", "Not found")


def attached_files(company: Company, number: str) -> list[AttachedFile]:
    """What is attached to an invoice. Raises KeyError for an unknown one."""
    company.invoices[number]
    return [
        AttachedFile(
            name=company.files[one["fileId"]].name,
            content=company.files[one["fileId"]].content,
            include_on_send=one["includeOnSend"],
        )
        for one in company.attachments.values()
        if one["entityId"] == int(number)
    ]


def _number(value: object) -> int:
    if not str(value).isdigit():
        raise AttachmentRefusedError(400, "badrequest", "entityid")
    return int(str(value))


def _is_possible(company: Company, wanted: Any) -> bool:
    if not isinstance(wanted, dict) or wanted.get("entityType") != "F" or not isinstance(wanted.get("entityId"), int):
        raise AttachmentRefusedError(400, "badrequest", "Invalid attachment")
    stored = company.files.get(str(wanted.get("fileId")))
    if stored is None or str(wanted["entityId"]) not in company.invoices:
        raise AttachmentRefusedError(404, "notfound", "No such file or entity")
    if not wanted.get("includeOnSend"):
        return True
    if not stored.content.startswith(b"%PDF-"):
        raise AttachmentRefusedError(400, "badrequest", "Only PDF files can be included on send")
    if len(stored.content) > _LARGEST:
        raise AttachmentRefusedError(400, "badrequest", "The file is too large to be included on send")
    sent = [
        one for one in company.attachments.values() if one["entityId"] == wanted["entityId"] and one["includeOnSend"]
    ]
    if len(sent) >= _MOST_SENT:
        raise AttachmentRefusedError(400, "badrequest", "At most 5 files can be included on send")
    return True


def _attached(company: Company, wanted: Mapping[str, Any]) -> dict[str, Any]:
    return company.attach_file(wanted["entityId"], str(wanted["fileId"]), include=bool(wanted.get("includeOnSend")))
