"""The port OutsideCalls: what its fake and the threads both promise."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from invoicing.application.ports import OutsideCall, OutsideCalls, Side
from invoicing.runtime.outside_calls import FORTNOX_AT_ONCE, ThreadedCalls

from tests.support.fakes import FakeClock, FakeOutsideCalls

PATIENCE = 60.0  # seconds until a test that would hang fails


@pytest.fixture(params=["fake", "lazy fake", "fake, newest first", "threads"])
def calls(request: pytest.FixtureRequest) -> OutsideCalls:
    """Nothing is under way."""
    fakes: dict[str, Callable[[], OutsideCalls]] = {
        "fake": lambda: FakeOutsideCalls(FakeClock()),
        "lazy fake": lambda: FakeOutsideCalls(FakeClock(), lazy=True),
        "fake, newest first": lambda: FakeOutsideCalls(FakeClock(), newest_first=True),
        "threads": ThreadedCalls,
    }
    return fakes[request.param]()


def fail() -> None:
    """A call that gets no answer."""
    raise LookupError("no answer")


def test_each_call_gets_its_own_answer_or_error(calls: OutsideCalls) -> None:
    """However many are under way, and whoever is answered first."""
    under_way = {
        calls.start(OutsideCall(side=Side.FORTNOX, act=lambda: "created")): "created",
        calls.start(OutsideCall(side=Side.ONGOING, act=lambda: "marked")): "marked",
        calls.start(OutsideCall(side=Side.FORTNOX, act=fail)): "error",
    }
    answers = {}
    while under_way:
        first = calls.first(under_way)
        answers[under_way.pop(first)] = first.exception() or first.result()

    assert (answers["created"], answers["marked"]) == ("created", "marked")
    assert isinstance(answers["error"], LookupError)


def test_calls_to_ongoing_are_made_one_after_the_other(calls: OutsideCalls) -> None:
    """Ongoing asks for it; also in the order in which they were given."""
    made: list[str] = []

    def act(number: int) -> Callable[[], None]:
        def mark() -> None:
            made.append(f"begins {number}")
            made.append(f"ends {number}")

        return mark

    under_way = [calls.start(OutsideCall(side=Side.ONGOING, act=act(number))) for number in range(20)]
    while under_way:
        under_way.remove(calls.first(under_way))

    assert made == [text for number in range(20) for text in (f"begins {number}", f"ends {number}")]


def test_threads_make_several_calls_to_fortnox_at_once() -> None:
    """Each waits until all have begun."""
    calls = ThreadedCalls()
    all_begun = threading.Barrier(FORTNOX_AT_ONCE, timeout=PATIENCE)
    under_way = [
        calls.start(OutsideCall(side=Side.FORTNOX, act=lambda: all_begun.wait() >= 0)) for _ in range(FORTNOX_AT_ONCE)
    ]

    assert all(future.result(timeout=PATIENCE) for future in under_way)


@pytest.mark.parametrize(("side", "seconds"), [(Side.FORTNOX, 1), (Side.ONGOING, 3)])
@pytest.mark.parametrize("lazy", [False, True])
def test_the_fake_lets_time_pass_as_threads_would(side: Side, seconds: int, lazy: bool) -> None:
    """Three calls of a second each: beside each other, or one after the other."""
    clock = FakeClock()
    began = clock()
    calls = FakeOutsideCalls(clock, lazy=lazy)
    under_way = [calls.start(OutsideCall(side=side, act=lambda: clock.sleep(1))) for _ in range(3)]
    while under_way:
        under_way.remove(calls.first(under_way))

    assert clock() - began == timedelta(seconds=seconds)
