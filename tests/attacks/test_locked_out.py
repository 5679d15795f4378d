"""A stranger keeps nobody out, and guesses no faster for it: who is refused, for how much of the time, and by whom."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import pytest
from invoicing.application.prove_login import SignInProblem, SignInRefusedError
from invoicing.application.sign_in import sign_in
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.tokens import Mode
from invoicing.domain.wms_invoice import WmsLogin

from local.ongoing.seed import PASSWORD, USERNAME, WAREHOUSE
from local.ongoing.warehouse import Warehouse
from tests.support.together import together
from tests.support.world import World

SYSTEM = f"{WAREHOUSE}.ongoingsystems.se"
HOURS = 6
KNOWN = "what this browser keeps"
LINK = "what stands in the mail"
OFFICE = "192.0.2.77"


@dataclass
class Guess:
    """One made-up login after another."""

    number: int
    username: str = ""
    address: str = ""

    def __post_init__(self) -> None:
        self.username = self.username or f"made-up-{self.number}"
        self.address = self.address or f"203.{self.number // 62500}.{self.number // 250 % 250}.{self.number % 250}"


@dataclass
class Probe:
    """The right password, tried each minute; it changes nothing of what is counted."""

    tried: int = 0
    refused: int = 0

    @property
    def share(self) -> float:
        """How much of the time it was refused."""
        return self.refused / self.tried


@dataclass(frozen=True)
class Attack:
    """So many guesses an hour at one system, for some hours."""

    per_hour: int
    guess: Callable[[int], Guess]


@dataclass(frozen=True)
class Measured:
    """What browsers met that are unknown, known, new in the office's network, or shown a link from a mail.

    `guesses` is how many of the strangers' were answered with anything but a pause.
    """

    unknown: Probe
    known: Probe
    in_office: Probe
    with_link: Probe
    guesses: int


# The first refused everybody's right password 98 % of the time, when a pause was for a system.
ATTACKS = {
    "31 made-up logins from one address": Attack(31, lambda n: Guess(n, address="203.0.113.7")),
    "31 made-up logins from everywhere": Attack(31, Guess),
    "300 made-up logins from everywhere": Attack(300, Guess),
    "31 guesses at the very user from everywhere": Attack(31, lambda n: Guess(n, username=USERNAME)),
    "90 guesses at the very user, written in many ways": Attack(
        90, lambda n: Guess(n, username=USERNAME.upper() if n % 2 else f"{USERNAME}\u200b")
    ),
}
FLOOD = Attack(1200, lambda n: Guess(n, username=USERNAME))


def tried(
    world: World, *, username: str = USERNAME, password: str, address: str, proof: str = ""
) -> SignInProblem | None:
    """What the start page's form is answered."""
    try:
        sign_in(
            world.sign_in_tools(),
            system=SYSTEM,
            username=username,
            password=password,
            address=address,
            mode=Mode.SERVICE,
            proof_of=lambda _system, _user: proof,
        )
    except SignInRefusedError as refused:
        return refused.problem
    return None


def probed(world: World, probe: Probe, *, address: str = "192.0.2.200", proof: str = "") -> None:
    """Tries the right password as from an address of its own, and forgets that it did."""
    before, stored = dict(world.sessions.tries), world.integrations.get(WAREHOUSE)
    problem = tried(world, password=PASSWORD, address=address, proof=proof)
    probe.tried += 1
    probe.refused += problem is SignInProblem.TOO_MANY_TRIES
    assert problem in {None, SignInProblem.TOO_MANY_TRIES}
    world.sessions.tries = before
    signed_in = world.integrations.get(WAREHOUSE)
    if stored is not None and signed_in is not None and signed_in != stored:
        world.integrations.put(replace(stored, version=signed_in.version + 1))


def attacked(world: World, attack: Attack) -> Measured:
    """The attack goes on for its hours."""
    unknown, known, in_office, with_link, guesses = Probe(), Probe(), Probe(), Probe(), 0
    assert tried(world, password=PASSWORD, address=OFFICE) is None  # a colleague, before it began
    numbers = count()
    started = world.clock()
    pause = timedelta(hours=1) / attack.per_hour
    next_guess, next_probe = started, started
    while (now := world.clock()) < started + timedelta(hours=HOURS):
        if next_guess <= next_probe:
            guess = attack.guess(next(numbers))
            problem = tried(world, username=guess.username, password="guess", address=guess.address)
            guesses += problem is not SignInProblem.TOO_MANY_TRIES
            next_guess += pause
        else:
            probed(world, unknown)
            probed(world, known, proof=KNOWN)
            probed(world, in_office, address=OFFICE)
            probed(world, with_link, proof=LINK)
            next_probe += timedelta(minutes=1)
        world.clock.advance(max(min(next_guess, next_probe) - now, timedelta(0)))
    return Measured(unknown, known, in_office, with_link, guesses)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_the_right_password_is_hardly_ever_refused_and_never_to_a_browser_that_is_known(attack: Attack) -> None:
    """For six hours, tried each minute: an unknown browser at most 5 % of the time, a known one never."""
    world = World()
    world.connect()
    measured = attacked(world, attack)

    assert measured.guesses >= HOURS * 25
    assert measured.unknown.tried == measured.known.tried == HOURS * 60
    assert measured.unknown.share <= 0.05
    assert measured.known.refused == measured.in_office.refused == measured.with_link.refused == 0


def test_a_flood_at_one_user_is_slowed_and_a_known_browser_does_not_notice() -> None:
    """1,200 guesses an hour from as many networks: what strangers can do to each other is bounded, not undone."""
    world = World()
    world.connect()
    measured = attacked(world, FLOOD)

    assert measured.known.refused == measured.in_office.refused == measured.with_link.refused == 0
    assert measured.unknown.share < 1  # who has none of these asks for the link, which is one mail
    assert HOURS * 100 < measured.guesses <= HOURS * 160


def guesses_at_once(world: World, many: int) -> list[object]:
    """Guesses that are all under way before the first is answered."""
    return together([lambda: tried(world, password="guess", address="203.0.113.7")] * many)


def test_of_twenty_guesses_at_once_four_are_asked() -> None:
    """They are counted before the call: a try under way is a try."""
    world = World()
    problems = guesses_at_once(world, 20)

    assert problems.count(SignInProblem.REFUSED) == 4
    assert problems.count(SignInProblem.TOO_MANY_TRIES) == 16
    assert len(world.ongoing.calls) == 4


def test_what_ongoing_does_not_answer_is_a_try() -> None:
    """Otherwise whoever makes it slow guesses for nothing."""
    world = World()
    asked: list[WmsLogin] = []

    class Silent:
        def check_login(self, login: WmsLogin) -> None:
            asked.append(login)
            raise RetryLaterError("no answer")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(world.parts.wms), "check_login", lambda _self, login: Silent().check_login(login))
        problems = [tried(world, password="guess", address="203.0.113.7") for _ in range(10)]

    assert problems == [SignInProblem.WMS_NOT_ANSWERING] * 4 + [SignInProblem.TOO_MANY_TRIES] * 6
    assert len(asked) == 4


@pytest.mark.parametrize("written", ["ONGOING", "\uff4f\uff4e\uff47\uff4f\uff49\uff4e\uff47", "on\u200bgo\u00ading"])
def test_one_user_is_one_user_however_it_is_written(written: str) -> None:
    """Case, width and letters that nobody sees make no other user."""
    world = World()
    for _ in range(4):
        tried(world, username="ongoing", password="guess", address="203.0.113.7")

    assert tried(world, username=written, password="guess", address="203.0.113.7") is SignInProblem.TOO_MANY_TRIES


def test_a_network_of_ipv6_is_one_network() -> None:
    """Everybody has 2**64 addresses of it."""
    world = World()
    problems = [
        tried(world, username=f"user-{n}", password="guess", address=f"2001:db8:0:7::{n:x}") for n in range(1, 25)
    ]

    assert problems.count(SignInProblem.REFUSED) < 22
    assert tried(world, username="user", password="guess", address="2001:db8:0:8::1") is SignInProblem.REFUSED


def test_guesses_at_the_user_of_our_runs_never_reach_ongoing() -> None:
    """Ongoing may lock an account after some of them, and the invoices would stop."""
    world = World()
    world.connect()
    world.ongoing.clear_calls()
    for n in range(60):
        problem = tried(world, password=f"guess {n}", address=f"203.0.113.{n}")
        assert problem is SignInProblem.REFUSED
    users = {str(call.warehouse) for call in world.ongoing.calls}

    assert WAREHOUSE not in users
    assert world.run() is not None


def test_a_new_password_in_ongoing_works_here_after_the_next_run_and_at_once_in_a_known_browser() -> None:
    """What is not believed of strangers is believed as soon as our own login is refused."""
    world = World()
    world.connect()
    known = World()
    known.connect()
    for each in (world, known):
        each.ongoing.put_warehouse(with_password(each, "a new one"))

    assert tried(known, password="a new one", address="192.0.2.9", proof=KNOWN) is None
    assert tried(world, password="a new one", address="192.0.2.9") is SignInProblem.REFUSED
    world.later(minutes=15)
    world.run()
    assert tried(world, password="a new one", address="192.0.2.9") is None
    world.later(minutes=15)
    run = world.run()
    assert run is not None
    assert run.problem is None


def with_password(world: World, password: str) -> Warehouse:
    """The system, after somebody changed the password in Ongoing."""
    warehouse = world.ongoing.warehouse(WAREHOUSE)
    return replace(warehouse, users=tuple(replace(user, password=password) for user in warehouse.users))
