"""Invokes a function as its schedule does."""

import json
from datetime import datetime
from typing import TYPE_CHECKING

from invoicing.adapters.aws.errors import translated
from invoicing.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


def invoke(client: "LambdaClient", name: str, *, now: datetime) -> str:
    """Waits for its end; gives its answer. Raises ConfigurationError if it ended with an error."""
    tick = {"source": "invoicing", "detail-type": "Started by hand", "time": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    with translated(f"Lambda Invoke of {name}"):
        # The published version, as everybody else.
        answer = client.invoke(FunctionName=name, Qualifier="live", Payload=json.dumps(tick).encode())
        said = answer["Payload"].read().decode(errors="replace")
    if "FunctionError" in answer:
        raise ConfigurationError(f"{name} ended with an error: {said}. docs/runbooks/function-errors.md")
    return said
