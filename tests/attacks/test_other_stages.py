"""What one stage gives a browser is worth nothing at another, and however many are signed in, each is one look."""

from collections import Counter
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from invoicing.domain.session import Session
from invoicing.runtime.links import LinkKind

from local.ongoing.seed import WAREHOUSE
from local.tour import HERE, Visitor
from tests.office.day import Day
from tests.office.situations import troubled
from tests.support.fakes import FakeSessions
from tests.support.wiring import FakeSecret

MANY = 100_000


@pytest.fixture
def staging() -> Day:
    """Another installation for the same system, with a secret and tables of its own."""
    day = troubled()
    day.world.signing_secret = FakeSecret("the secret of staging")
    day.office = Visitor(day.tour)
    day.office.log_in()
    return day


def test_a_sign_in_of_another_stage_is_none_here(staging: Day) -> None:
    """Its cookies come along where both have one host: they lead to the start page, and press nothing."""
    production = troubled()
    visitor = Visitor(production.tour, cookies=dict(staging.office.cookies))
    looked = visitor.get(HERE)
    visitor = Visitor(production.tour, cookies=dict(staging.office.cookies))
    pressed = visitor.post(f"{HERE}/pause", {"csrf": staging.see("/pause").guard["csrf"]})

    assert (looked.status, looked.location.endswith("/")) == (303, True)
    assert pressed.status == 401
    assert production.integration.runs


def test_a_browser_that_another_stage_knows_is_unknown_here(staging: Day) -> None:
    """So that whoever has a stage of their own is known nowhere else."""
    production = troubled()
    for n in range(130):
        Visitor(production.tour, address=f"203.0.{n}.7").log_in(password="guess")
    known = {"__Host-known": staging.office.cookies["__Host-known"]}
    visitor = Visitor(production.tour, cookies=known, address="198.51.100.9")

    assert visitor.log_in().status == 429


@pytest.mark.parametrize("kind", LinkKind)
def test_a_link_of_another_stage_is_none_here(staging: Day, kind: LinkKind) -> None:
    """Whatever it is for."""
    production = troubled()
    subject = {"integration": WAREHOUSE, "address": "a@b.example", "generation": "1", "at": "2026-03-02T08:00:00+00:00"}
    path = staging.world.parts.links("").make(kind, subject)

    assert Visitor(production.tour).get(path).status == 404


def test_a_hundred_thousand_sign_ins_cost_each_page_one_look_and_end_at_once() -> None:
    """None is listed or counted: a page reads its own, and one number in the integration ends all."""
    day = troubled()
    now = day.world.clock()
    for number in range(MANY):
        day.world.sessions.put_session(
            Session(
                token=f"token-{number}",
                integration_id=WAREHOUSE,
                username=f"user-{number}",
                csrf="guard",
                expires_at=now + timedelta(hours=8),
                generation=day.integration.generation,
                signed_in_at=now,
            )
        )
    calls: Counter[str] = Counter()

    def counting(name: str) -> Any:
        real = getattr(FakeSessions, name)

        def called(self: FakeSessions, *given: object, **named: object) -> object:
            calls[name] += 1
            return real(self, *given, **named)

        return mock.patch.object(FakeSessions, name, called)

    one = Visitor(day.tour, cookies={"__Host-session": f"token-{MANY - 1}"})
    with counting("session"), counting("end_session"), counting("put_session"):
        seen = one.get(HERE).status
        day.office.press("/sign-out-everywhere")
        after = [Visitor(day.tour, cookies={"__Host-session": f"token-{n}"}).get(HERE).status for n in (0, 7, MANY - 1)]

    assert seen == 200
    assert after == [303] * 3
    assert calls == {"session": 6}  # of the six requests, one of which fetched the guard
