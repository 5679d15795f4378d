"""The body of a message of the sync queue. Beside the queue itself, which pages fill and nobody there reads."""

from typing import Annotated

from pydantic import Field

from invoicing.application.ports import SyncRequest
from invoicing.domain.errors import UpstreamContractError
from invoicing.wire import Key, Message, NotJsonError, Text, parse_json, read

_WHAT = "a message of the sync queue is not a sync request"


class _SyncRequest(Message):
    integration_id: Key
    by: Text
    slot: Text
    after: Annotated[int, Field(ge=0)] = 0
    hops: Annotated[int, Field(ge=0)] = 0


def read_sync_request(body: str) -> SyncRequest:
    """Raises UpstreamContractError for one that is not ours."""
    try:
        got = read(_SyncRequest, parse_json(body), what=_WHAT)
    except NotJsonError as error:
        raise UpstreamContractError(f"{_WHAT}: {error}") from None
    return SyncRequest(integration_id=got.integration_id, by=got.by, slot=got.slot, after=got.after, hops=got.hops)
