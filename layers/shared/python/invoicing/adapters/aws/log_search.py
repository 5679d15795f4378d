"""Asks the logs of a stack, by CloudWatch Logs Insights."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from invoicing.adapters.aws.errors import translated
from invoicing.domain.errors import RetryLaterError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

_LOOK_EVERY = 1.0  # seconds
_PATIENCE = 120  # looks
_NOT_FOR_PEOPLE = "@ptr"


class LogSearch:
    """One question at a time. A second in a log is paid for by what is read of it, so `since` matters."""

    def __init__(self, client: "CloudWatchLogsClient", *, sleep: Callable[[float], None]) -> None:
        self._client = client
        self._sleep = sleep

    def ask(
        self, groups: Sequence[str], query: str, *, since: datetime, until: datetime, limit: int
    ) -> list[Mapping[str, str]]:
        """Rows by field, in the query's order. Raises ConfigurationError, RetryLaterError."""
        with translated(f"CloudWatch Logs StartQuery of {', '.join(groups)}"):
            started = self._client.start_query(
                logGroupNames=[*groups],
                startTime=int(since.timestamp()),
                endTime=int(until.timestamp()),
                queryString=query,
                limit=limit,
            )
        for _ in range(_PATIENCE):
            with translated("CloudWatch Logs GetQueryResults"):
                answer = self._client.get_query_results(queryId=started["queryId"])
            if answer["status"] == "Complete":
                return [
                    {one["field"]: one["value"] for one in row if one["field"] != _NOT_FOR_PEOPLE}
                    for row in answer["results"]
                ]
            if answer["status"] not in {"Scheduled", "Running"}:
                break
            self._sleep(_LOOK_EVERY)
        raise RetryLaterError(f"the logs gave no answer ({answer['status']}): ask again, or for fewer hours")
