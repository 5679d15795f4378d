"""Calls of several threads to one Fortnox company: one pace, and one access token."""

from functools import partial

import pytest
from invoicing.adapters.fortnox.api import FortnoxCompany
from invoicing.adapters.fortnox.pace import SECONDS_BETWEEN_CALLS, Pace
from invoicing.application.http import HttpAnswer, HttpRequest

from tests.support.fakes import FakeHttpTransport
from tests.support.together import together

CALLS = 12


def test_calls_at_the_same_moment_wait_each_for_a_turn_of_its_own() -> None:
    """Nobody shares a turn, and none is left out."""
    slept: list[float] = []
    pace = Pace(monotonic=lambda: 100.0, sleep=slept.append)
    together([pace.wait] * CALLS)

    assert sorted(slept) == pytest.approx([SECONDS_BETWEEN_CALLS * turn for turn in range(1, CALLS)])


def test_after_a_refusal_for_its_pace_nobody_gets_a_turn_for_a_while() -> None:
    """A call beside it would only be refused too."""
    slept: list[float] = []
    pace = Pace(monotonic=lambda: 100.0, sleep=slept.append)
    pace.wait()
    pace.back_off(2.0)
    together([pace.wait] * 2)

    assert sorted(slept) == pytest.approx([2.0, 2.0 + SECONDS_BETWEEN_CALLS])


def test_an_access_token_that_many_calls_are_refused_with_is_renewed_once() -> None:
    """In personal mode each renewal uses up a refresh token."""
    asked: list[str] = []

    def access(refused: str) -> str:
        asked.append(refused)
        return f"token-{len(asked)}"

    def answer(request: HttpRequest) -> HttpAnswer:
        if request.headers["Authorization"] == "Bearer token-1":
            return HttpAnswer(status=401, headers={}, body=b'{"message":"unauthorized"}')
        return HttpAnswer(status=200, headers={}, body=b'{"Unit":{"Code":"st"}}')

    company = FortnoxCompany(
        base_url="https://api.fortnox.example",
        access=access,
        transport=FakeHttpTransport(answer),
        pace=Pace(monotonic=lambda: 0.0, sleep=lambda _seconds: None),
    )
    found = together([partial(company.unit_exists, "st")] * CALLS)

    assert found == [True] * CALLS
    assert asked == ["", "token-1"]
