"""The simulator behind a real socket: what travels unchanged, and many clients at once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

from local.http import Reply, Request, serve
from tests.simulators.fortnox_caller import connected


def echo(request: Request) -> Reply:
    return Reply.json(
        200,
        {
            "path": request.path,
            "raw_path": request.raw_path,
            "query": request.query,
            "header": request.header("X-Thing"),
            "body": request.body.decode(),
        },
    )


def test_a_request_arrives_as_it_was_sent() -> None:
    """An encoded slash stays encoded, queries keep order and empties, chunks are put together."""
    with serve(echo) as server:
        connection = HTTPConnection(server.host, server.port, timeout=10)
        connection.request(
            "POST",
            "/a%2Fb/%C3%B6?x=1&y=&x=2",
            body=iter([b"ab", b"cd"]),
            headers={"Transfer-Encoding": "chunked", "x-thing": "here"},
            encode_chunked=True,
        )
        first = json.load(connection.getresponse())
        connection.request("GET", "/again")
        second = connection.getresponse()
        second.read()
        connection.close()

    assert first == {
        "path": "/a/b/ö",
        "raw_path": "/a%2Fb/%C3%B6",
        "query": [["x", "1"], ["y", ""], ["x", "2"]],
        "header": "here",
        "body": "abcd",
    }
    assert second.status == 200


def test_many_clients_at_once_get_different_numbers() -> None:
    """No number is given twice, and none is skipped."""
    caller = connected(rate_limit=0)
    body = json.dumps({"Invoice": {"CustomerNumber": "1001"}})
    headers = {"Authorization": f"Bearer {caller.access_token}", "Content-Type": "application/json"}

    with serve(caller.simulator.handle) as server:

        def create(_: int) -> int:
            connection = HTTPConnection(server.host, server.port, timeout=30)
            connection.request("POST", "/3/invoices", body=body, headers=headers)
            invoice = json.load(connection.getresponse())["Invoice"]
            connection.close()
            return int(invoice["DocumentNumber"])

        with ThreadPoolExecutor(max_workers=8) as pool:
            numbers = list(pool.map(create, range(40)))

    assert sorted(numbers) == list(range(1, 41))
