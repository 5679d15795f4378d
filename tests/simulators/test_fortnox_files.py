"""The archive and the files of invoices, as Fortnox's OpenAPI file and its page on them say."""

from __future__ import annotations

from typing import Any

import pytest

from local.fortnox.seed import TENANT_ID, default_company
from local.http import Reply
from tests.simulators.fortnox_caller import SCOPES, Caller, refusal_of, value_of

FILES = ("archive", "connectfile")
ATTACHMENTS = "/api/fileattachments/attachments-v1"
ROW = {"ArticleNumber": "100", "DeliveredQuantity": "1", "Price": 10}


def allowed(*scopes: str, licences: list[str] | None = None) -> Caller:
    """A caller with an invoice, whose approval covers these scopes besides."""
    company = default_company()
    caller = Caller(companies=[{**company, "licences": licences or company["licences"]}])
    caller.connect(scopes=(*SCOPES, *scopes))
    caller.invoice(ROW)
    return caller


def upload(caller: Caller, content: bytes = b"%PDF-1.7 x", *, name: str = "a.pdf", folder: str = "inbox_kf") -> Reply:
    body = (
        b'--mark\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n'
        b"Content-Type: application/pdf\r\n\r\n%s\r\n--mark--\r\n" % (name.encode(), content)
    )
    headers = {
        "Authorization": f"Bearer {caller.access_token}",
        "Content-Type": "multipart/form-data; boundary=mark",
        "Accept": "application/json",
    }
    return caller.send("POST", f"/3/archive?folderid={folder}", headers=headers, body=body)


def file_of(caller: Caller, content: bytes = b"%PDF-1.7 x") -> str:
    return str(value_of(upload(caller, content))["File"]["ArchiveFileId"])


def attach(caller: Caller, file_id: str, number: int = 1, **more: Any) -> Reply:
    sent = {"entityId": number, "entityType": "F", "fileId": file_id, "includeOnSend": True, **more}
    return caller.api("POST", ATTACHMENTS, [sent])


def attached(caller: Caller, number: int = 1) -> list[dict[str, Any]]:
    return list(value_of(caller.api("GET", f"{ATTACHMENTS}?entityid={number}&entitytype=F")))


def test_a_file_is_uploaded_attached_listed_and_detached() -> None:
    """By the archive's id of the file, which is not the first one in the answer."""
    caller = allowed(*FILES)
    uploaded = upload(caller)
    file = value_of(uploaded)["File"]
    made = attach(caller, file["ArchiveFileId"])

    assert (uploaded.status, made.status) == (201, 201)
    assert file["Id"] != file["ArchiveFileId"]
    assert attach(caller, file["Id"]).status == 404
    assert attached(caller) == value_of(made)
    assert attached(caller, 2) == []
    assert [
        (one.name, one.content, one.include_on_send) for one in caller.simulator.attached_files(TENANT_ID, "1")
    ] == [("a.pdf", b"%PDF-1.7 x", True)]
    address = f"{ATTACHMENTS}/{attached(caller)[0]['id']}"
    assert [caller.api("DELETE", address).status, caller.api("DELETE", address).status] == [204, 404]
    assert attached(caller) == []


def test_what_is_attached_twice_is_there_twice() -> None:
    """Nothing of Fortnox's keeps a client from it."""
    caller = allowed(*FILES)
    file_id = file_of(caller)
    attach(caller, file_id)
    attach(caller, file_id)

    assert [one["fileId"] for one in attached(caller)] == [file_id, file_id]


@pytest.mark.parametrize("content", [b"PK\x03\x04 no pdf", b"%PDF-" + b"x" * 5_000_000])
def test_only_a_pdf_of_five_megabytes_goes_out_with_an_invoice(content: bytes) -> None:
    """In this API's own shape of an error."""
    caller = allowed(*FILES)
    refused = attach(caller, file_of(caller, content))

    assert refused.status == 400
    assert set(value_of(refused)) == {"id", "error", "message"}
    assert attach(caller, file_of(caller, content), includeOnSend=False).status == 201


def test_five_files_go_out_with_an_invoice_at_most() -> None:
    """Others may hang on it beside them."""
    caller = allowed(*FILES)
    answers = [attach(caller, file_of(caller)).status for _ in range(6)]

    assert answers == [201] * 5 + [400]
    assert attach(caller, file_of(caller), includeOnSend=False).status == 201


def test_without_its_scope_or_licence_nothing_is_stored_and_nothing_attached() -> None:
    """Each of the two has a scope of its own."""
    no_archive, no_files = allowed("connectfile"), allowed("archive")
    unlicensed = allowed(*FILES, licences=["article", "bookkeeping", "customer", "invoice"])

    assert refusal_of(upload(no_archive)) == (403, 2000663)
    assert attach(no_files, file_of(no_files)).status == 403
    assert upload(unlicensed).status == 403
    assert unlicensed.api("GET", f"{ATTACHMENTS}?entityid=1&entitytype=F").status == 403


@pytest.mark.parametrize(
    ("number", "file_id", "more"),
    [(99, None, {}), (1, "nothing", {}), (1, None, {"entityType": "X"}), (1, None, {"entityId": "1"})],
)
def test_what_is_not_there_is_refused(number: int, file_id: str | None, more: dict[str, Any]) -> None:
    """An invoice, a file, a kind of thing, a number that is a text."""
    caller = allowed(*FILES)

    assert attach(caller, file_id or file_of(caller), number, **more).status in {400, 404}
    assert attached(caller) == []


def test_a_form_that_is_none_is_refused() -> None:
    """And so is a folder that nobody has."""
    caller = allowed(*FILES)
    headers = {"Authorization": f"Bearer {caller.access_token}", "Content-Type": "application/json"}

    assert upload(caller, folder="elsewhere").status == 400
    assert caller.send("POST", "/3/archive?folderid=inbox_kf", headers=headers, body=b"{}").status == 400
