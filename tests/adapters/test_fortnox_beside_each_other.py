"""Calls of several threads to one Fortnox company: one pace, and one access token."""

from functools import partial

import pytest
from invoicing.adapters.fortnox.api import FortnoxCompany
from invoicing.adapters.fortnox.pace import SECONDS_AT_FIRST, SECONDS_BETWEEN_CALLS, Pace
from invoicing.application.http import HttpAnswer, HttpRequest

from local.bench.pacing import keep_pace
from tests.support.fakes import FakeHttpTransport
from tests.support.together import together

CALLS = 12


def take_turn(pace: Pace) -> None:
    """A call that is answered at once."""
    with pace.turn():
        pass


def test_calls_at_the_same_moment_wait_each_for_a_turn_of_its_own() -> None:
    """Nobody shares a turn, and none is left out."""
    slept: list[float] = []
    pace = Pace(monotonic=lambda: 100.0, sleep=slept.append)
    together([partial(take_turn, pace)] * CALLS)

    assert sorted(slept) == pytest.approx([SECONDS_AT_FIRST * turn for turn in range(1, CALLS)])


def test_after_a_refusal_for_its_pace_nobody_gets_a_turn_for_a_while() -> None:
    """A call beside it would only be refused too."""
    slept: list[float] = []
    pace = Pace(monotonic=lambda: 100.0, sleep=slept.append)
    take_turn(pace)
    pace.back_off(2.0)
    together([partial(take_turn, pace)] * 2)

    assert sorted(slept) == pytest.approx([2.0, 2.0 + SECONDS_BETWEEN_CALLS])


@pytest.mark.parametrize("jitter", [0.0, 0.1, 0.2, 0.3])
@pytest.mark.parametrize("call_seconds", [0.0, 0.1, 0.6])
def test_the_limit_is_kept_and_used_where_calls_are_late(call_seconds: float, jitter: float) -> None:
    """Each by something else, up to 0.3 s: no call is one too many, and 95 % of the limit are used."""
    paced = keep_pace(2_000, jitter=jitter, call_seconds=call_seconds)

    assert (paced.refused, paced.share >= 0.95) == (0, True)


def test_a_thread_that_wakes_up_late_gives_the_next_one_no_earlier_turn() -> None:
    """What counts is when a call began, not when it was to begin."""
    now, woke = 100.0, []

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds + 0.3  # a busy machine

    pace = Pace(monotonic=lambda: now, sleep=sleep)
    for _ in range(200):
        with pace.turn():
            woke.append(now)

    assert all(later - earlier > 5.0 for earlier, later in zip(woke, woke[25:], strict=False))


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
