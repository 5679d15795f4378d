"""The log of calls, so that tests can count: never tokens, codes, secrets or passwords."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from local.http import Request

# The rest of a consent request's query is a secret of the browser (state, code).
_OPEN_OAUTH_PARAMETERS: Final = frozenset(
    {"client_id", "redirect_uri", "response_type", "scope", "access_type", "account_type"}
)


@dataclass(slots=True, kw_only=True)
class CallRecord:
    """One call. `status` is None when the client got no answer; `body` is logged for the REST API only."""

    time: datetime
    method: str
    path: str
    query: list[tuple[str, str]]
    status: int | None = None
    tenant: str | None = None
    grant_type: str | None = None
    error_code: int | str | None = None
    fault: str | None = None
    body: Any = field(default=None)

    @classmethod
    def of(cls, request: Request, *, time: datetime) -> CallRecord:
        """The record of a request that was not answered yet."""
        query = request.query
        if not request.path.startswith("/3/"):
            query = [(name, value) for name, value in query if name in _OPEN_OAUTH_PARAMETERS]
        return cls(time=time, method=request.method, path=request.raw_path, query=query)

    def json(self) -> dict[str, Any]:
        """The record in JSON form."""
        return {
            "time": self.time.isoformat(),
            "method": self.method,
            "path": self.path,
            "query": [list(pair) for pair in self.query],
            "status": self.status,
            "tenant": self.tenant,
            "grant_type": self.grant_type,
            "error_code": self.error_code,
            "fault": self.fault,
            "body": self.body,
        }
