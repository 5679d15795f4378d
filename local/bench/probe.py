"""Runs in a fresh interpreter and times what a cold start does there. Not imported: started by `starts`.

Arguments: what to import ("sdk", or the folder of a function), then the folders to import from.
"""

import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

LANDING_PAGE = {
    "httpMethod": "GET",
    "path": "/",
    "headers": {"Accept-Language": "sv", "Host": "invoicing.example"},
    "queryStringParameters": None,
    "body": None,
    "isBase64Encoded": False,
    "requestContext": {
        "domainName": "invoicing.example",
        "path": "/",
        "requestId": "bench",
        "identity": {"sourceIp": "192.0.2.1"},
    },
}


class Context:
    """What Lambda hands to a handler, as far as handlers look at it."""

    function_name = "bench"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-north-1:123456789012:function:bench"
    aws_request_id = "bench"

    def get_remaining_time_in_millis(self) -> int:
        return 20_000


def timed(step: str, act: Callable[[], Any]) -> Any:
    """Does it, and prints how many seconds it took: on the clock, and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    done = act()
    spent = time.perf_counter() - wall, time.process_time() - processor
    print("measured", step, *spent, flush=True)
    return done


def first_page(app: Any) -> None:
    """The landing page, which needs nothing of AWS."""
    answer = app.handler(LANDING_PAGE, Context())
    if answer["statusCode"] != 200:
        raise SystemExit(f"the landing page answered {answer['statusCode']}")


def main(what: str, folders: list[str]) -> None:
    """One cold start, in the order in which Lambda would have it."""
    sys.path[:0] = folders
    if what == "sdk":
        boto3 = timed("import", lambda: import_module("boto3"))
        timed("client", lambda: boto3.client("dynamodb"))
        return
    app = timed("import", lambda: import_module("app"))
    if what == "landing":
        timed("page", lambda: first_page(app))
    timed("client", lambda: app.parts.integrations)


main(sys.argv[1], sys.argv[2:])
