"""The front door of the local stack forwards what it gets, byte for byte where it matters."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from local.front_door import FrontDoor
from local.http import Reply, Request, serve


@contextmanager
def door_to(reply: Reply) -> Iterator[tuple[FrontDoor, list[Request]]]:
    """A door to an API that always gives `reply`, and what that API was asked."""
    asked: list[Request] = []

    def answer(request: Request) -> Reply:
        asked.append(request)
        return reply

    door = FrontDoor()
    with serve(answer) as api:
        door.lead_to(f"{api.url}/stage")
        try:
            yield door, asked
        finally:
            door.stop()


def send(door: FrontDoor, method: str, target: str, body: bytes = b"", **headers: str) -> http.client.HTTPResponse:
    """One request to the door; redirects are not followed."""
    connection = http.client.HTTPConnection(urlsplit(door.url).netloc, timeout=10)
    connection.request(method, target, body=body, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_path_query_body_and_cookies_arrive_as_they_were_sent() -> None:
    """An encoded slash or a repeated field that is lost here would hide a defect of the pages."""
    with door_to(Reply(status=200)) as (door, asked):
        send(door, "POST", "/reactivate/a%2Fb?x=1&x=%C3%A5+%26&empty=", b"password=%26", Cookie="a=1; b=2")

    request = asked[0]
    assert (request.method, request.raw_path) == ("POST", "/stage/reactivate/a%2Fb")
    assert request.query == [("x", "1"), ("x", "å &"), ("empty", "")]
    assert request.body == b"password=%26"
    assert request.header("cookie") == "a=1; b=2"


def test_status_redirect_and_every_cookie_come_back() -> None:
    """Signing in answers with a redirect and more than one cookie."""
    headers = (("Location", "/integrations/a"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
    with door_to(Reply(status=303, headers=headers)) as (door, _):
        answer = send(door, "GET", "/")

    assert answer.status == 303
    assert answer.getheader("Location") == "/integrations/a"
    assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]


def test_the_pages_learn_the_address_that_the_browser_used() -> None:
    """Behind a custom domain, the function sees it in a header too."""
    with door_to(Reply(status=200)) as (door, asked):
        send(door, "GET", "/")

    assert f"http://{asked[0].header('x-forwarded-host')}" == door.url


def test_a_closed_door_says_so() -> None:
    """Before the deployment there is nothing behind it."""
    door = FrontDoor()
    try:
        answer = send(door, "GET", "/")
    finally:
        door.stop()

    assert answer.status == 503


def test_an_api_that_hangs_up_is_a_bad_gateway() -> None:
    """A browser should see that it was the API, and not the door."""
    door = FrontDoor()
    with serve(lambda _: Reply(status=200)) as gone:
        door.lead_to(gone.url)
    try:
        answer = send(door, "GET", "/")
    finally:
        door.stop()

    assert answer.status == 502
