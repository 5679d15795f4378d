"""From the landing page to a connected company."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from invoicing.application.connect_company import ConsentFailedError, ConsentProblem, receive_consent
from invoicing.application.ports import WmsInvoices
from invoicing.application.prove_login import REFUSAL_STEP, SignInProblem, SignInRefusedError
from invoicing.application.sign_in import SignedIn, sign_in
from invoicing.domain.integration import IntegrationStatus
from invoicing.domain.tokens import Mode, TokenStatus
from invoicing.domain.wms_invoice import WmsLogin

from local.fortnox.seed import OTHER_TENANT_ID, TENANT_ID
from local.ongoing.faults import Effect, FaultRule
from local.ongoing.seed import CUSTOMER_ID, PASSWORD, USERNAME, WAREHOUSE
from tests.support.world import World


def problem_of(world: World, **query: str) -> ConsentProblem:
    """Why a callback came to nothing."""
    values = {"state": "", "browser": "", "code": "", "error": "", **query}
    with pytest.raises(ConsentFailedError) as failed:
        receive_consent(world.connect_tools(), **values)
    return failed.value.problem


def state_of(url: str) -> str:
    """The state in an address of Fortnox's login."""
    return next(part.removeprefix("state=") for part in url.split("?")[1].split("&") if part.startswith("state="))


def refused(world: World, **form: str) -> SignInProblem:
    """Why the landing page's form came back."""
    with pytest.raises(SignInRefusedError) as error:
        world.sign_in(**form)  # type: ignore[arg-type]
    return error.value.problem


def test_right_credentials_lead_to_fortnox_with_a_state_and_few_scopes() -> None:
    """No token and no password is in the address."""
    started = World().start()

    assert "account_type=service" in started.url
    assert "access_type=offline" in started.url
    assert "scope=invoice+article+customer+companyinformation+settings" in started.url
    assert PASSWORD not in started.url


def test_approval_connects_the_company_as_a_draft() -> None:
    """Nothing is sent before somebody pressed Create."""
    world = World()
    connected = world.approve(world.start())

    assert connected.integration.status is IntegrationStatus.DRAFT
    assert connected.integration.company.tenant_id == TENANT_ID
    assert connected.integration.company.name == "Nordlager 3PL AB"
    assert list(world.integrations.active_ids()) == []


def test_a_customer_id_is_looked_up_in_the_directory() -> None:
    """What the support info of Ongoing shows."""
    world = World()
    started = world.sign_in(system=CUSTOMER_ID)

    assert not isinstance(started, SignedIn)


def test_an_operator_of_a_connected_system_signs_in_without_fortnox() -> None:
    """Every day, after the first."""
    world = World()
    world.connect()
    result = world.sign_in()

    assert isinstance(result, SignedIn)
    assert result.session.integration_id == WAREHOUSE


@pytest.mark.parametrize(
    "form",
    [
        {"password": "wrong"},
        {"system": "unknown-warehouse.ongoingsystems.se"},
        {"system": "999999"},  # an unknown customer id
    ],
)
def test_wrong_system_user_and_password_get_the_same_answer_after_the_same_time(form: dict[str, str]) -> None:
    """The form must not tell which part was wrong."""
    world = World()
    before = world.clock()
    problem = refused(world, **form)

    assert problem is SignInProblem.REFUSED
    assert world.clock() - before == timedelta(seconds=REFUSAL_STEP)


@dataclass(frozen=True, slots=True)
class TakingTime:
    """Ongoing, of which each answer takes some seconds."""

    wms: WmsInvoices
    world: World
    seconds: float

    def check_login(self, login: WmsLogin) -> None:
        """As Ongoing would, later."""
        self.world.clock.sleep(self.seconds)
        self.wms.check_login(login)


@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.45])
def test_a_refusal_takes_no_longer_than_ongoing_does_and_tells_no_more(seconds: float) -> None:
    """A function that waits costs others their turn; a customer id that we do not know waits for Ongoing too."""
    took = set()
    for system in ("nordlager.ongoingsystems.se", "999999"):
        world = World()
        tools = replace(world.sign_in_tools(), wms=TakingTime(world.wms(), world, seconds))  # type: ignore[arg-type]
        before = world.clock()
        with pytest.raises(SignInRefusedError):
            sign_in(tools, system=system, username="anna", password="guess", address="192.0.2.1", mode=Mode.SERVICE)
        took.add((world.clock() - before, len(world.ongoing.calls)))

    assert took == {(timedelta(seconds=REFUSAL_STEP), 1)}


def test_nobody_is_signed_in_for_a_customer_id_that_nobody_has() -> None:
    """Whatever Ongoing says about the system that is asked in its place."""
    world = World()

    class Agreeing:
        def check_login(self, _login: WmsLogin) -> None:
            """Takes everybody."""

    tools = replace(world.sign_in_tools(), wms=Agreeing())  # type: ignore[arg-type]
    with pytest.raises(SignInRefusedError) as error:
        sign_in(tools, system="999999", username="anna", password="guess", address="192.0.2.1", mode=Mode.SERVICE)

    assert error.value.problem is SignInProblem.REFUSED


def test_guessing_is_slowed_down_more_with_each_try() -> None:
    """Per user, system and address."""
    world = World()
    problems = [refused(world, password=f"guess {n}") for n in range(9)]

    assert problems[:4] == [SignInProblem.REFUSED] * 4
    assert problems[4:] == [SignInProblem.TOO_MANY_TRIES] * 5


def pause(world: World, **form: Any) -> timedelta:
    """How long a wrong sign-in must wait before it is tried at all; none if it was tried."""
    values: dict[str, Any] = {
        "system": "nordlager.ongoingsystems.se",
        "username": "anna",
        "address": "192.0.2.1",
        **form,
    }
    with pytest.raises(SignInRefusedError) as error:
        sign_in(world.sign_in_tools(), password="guess", mode=Mode.SERVICE, **values)
    return error.value.wait


def pauses(world: World, guesses: list[dict[str, str]]) -> list[timedelta]:
    """Guesses on, waiting as long as it is told to; gives how long that was each time."""
    waits = []
    for guess in guesses:
        wait = pause(world, **guess)
        world.clock.advance(wait)
        if wait:
            waits.append(wait)
    return waits


@pytest.mark.parametrize(
    ("tries", "guess", "somebody_else"),
    [
        (4, lambda n: {"username": "Anna" if n % 2 else "\uff41n\u200bna"}, {"username": "bo"}),
        (4, lambda n: {"username": "Anna" if n % 2 else "anna"}, {"address": "198.51.100.9"}),
        (
            20,
            lambda n: {"address": f"2001:db8:0:1::{n:x}", "username": f"user-{n}"},
            {"address": "2001:db8:0:2::1"},
        ),
        (
            20,
            lambda n: {"system": f"lager-{n}.ongoingsystems.se", "username": f"user-{n}"},
            {"address": "198.51.100.9", "username": "bo"},
        ),
    ],
    ids=["one user however written", "one user from one network", "one network of IPv6", "many systems"],
)
def test_a_pause_is_for_each_user_and_network_and_for_each_network(
    tries: int, guess: Callable[[int], dict[str, str]], somebody_else: dict[str, str]
) -> None:
    """Whatever the guesser changes; those who share none of it are not held up."""
    world = World()
    free = [pause(world, **guess(n)) for n in range(tries)]
    waits = pauses(world, [guess(n) for n in range(tries, tries + 12)])

    assert set(free) == {timedelta(0)}
    assert len(waits) >= 4
    assert all(longer > shorter for shorter, longer in pairwise(waits))
    assert pause(world, **somebody_else) == timedelta(0)


def test_no_pause_is_longer_than_a_quarter_of_an_hour() -> None:
    """Somebody who guesses on purpose must not lock the office out for the day."""
    assert max(pauses(World(), [{}] * 40)) <= timedelta(minutes=15)


def test_the_right_password_is_not_even_tried_while_guessing_is_slowed_down() -> None:
    """Otherwise the answer would tell."""
    world = World()
    for n in range(9):
        refused(world, password=f"guess {n}")
    calls = len(world.ongoing.calls)

    assert refused(world) is SignInProblem.TOO_MANY_TRIES
    assert len(world.ongoing.calls) == calls


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (FaultRule(effect=Effect.HTML, times=None), SignInProblem.WMS_NOT_ANSWERING),
        (FaultRule(effect=Effect.STATUS, status=500, times=None), SignInProblem.WMS_NOT_ANSWERING),
        (FaultRule(effect=Effect.HALF, times=None), SignInProblem.WMS_NOT_ANSWERING),
        (FaultRule(effect=Effect.BOMB, times=None), SignInProblem.WMS_NOT_UNDERSTOOD),
        (FaultRule(effect=Effect.DELAY, seconds=60, times=None), SignInProblem.WMS_NOT_ANSWERING),
        (FaultRule(effect=Effect.BEFORE, times=None), SignInProblem.WMS_NOT_ANSWERING),
    ],
)
def test_a_wms_that_does_not_answer_properly_is_no_wrong_password(rule: FaultRule, problem: SignInProblem) -> None:
    """It counts as a try all the same: what was not answered may have been a guess."""
    world = World()
    world.ongoing.add_fault(rule)

    assert refused(world) is problem


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        ("access_denied", ConsentProblem.DENIED),
        ("error_missing_license", ConsentProblem.MISSING_LICENCE),
        ("error_missing_app_license", ConsentProblem.MISSING_APP_LICENCE),
        ("error_missing_system_admin_right", ConsentProblem.NOT_ADMINISTRATOR),
        ("invalid_scope", ConsentProblem.SCOPE_REFUSED),
        ("temporarily_unavailable", ConsentProblem.FORTNOX_NOT_ANSWERING),
        ("something_new", ConsentProblem.OTHER),
    ],
)
def test_each_refusal_of_fortnox_has_its_own_page_and_leaves_nothing(error: str, problem: ConsentProblem) -> None:
    """Nothing half-made remains."""
    world = World()
    started = world.start()

    assert problem_of(world, state=state_of(started.url), browser=started.browser, error=error) is problem
    assert world.integrations.get(WAREHOUSE) is None
    assert world.tokens.get(WAREHOUSE) is None


def test_a_callback_with_neither_code_nor_error_is_its_own_case() -> None:
    """Fortnox does so for a locked account."""
    world = World()
    started = world.start()

    assert problem_of(world, state=state_of(started.url), browser=started.browser) is ConsentProblem.NO_CODE


def test_an_unknown_used_expired_or_foreign_state_connects_nothing() -> None:
    """A state is for one browser, once, for half an hour."""
    world = World()
    foreign, expired, used = world.start(), world.start(), world.start()
    problem_of(world, state=state_of(used.url), browser=used.browser, error="access_denied")
    problems = [
        problem_of(world, state="never-seen", browser="x", code="c"),
        problem_of(world, state=state_of(foreign.url), browser="another browser", code="c"),
        problem_of(world, state=state_of(used.url), browser=used.browser, code="c"),
    ]
    world.later(minutes=31)
    problems.append(problem_of(world, state=state_of(expired.url), browser=expired.browser, code="c"))

    assert problems == [ConsentProblem.UNKNOWN_START] * 4


def test_a_code_that_fortnox_refuses_is_told() -> None:
    """Expired, or used already."""
    world = World()
    started = world.start()
    query = {"state": state_of(started.url), "browser": started.browser, "code": "no-such-code"}

    assert problem_of(world, **query) is ConsentProblem.CODE_REFUSED


def test_fortnox_being_down_during_the_exchange_leaves_nothing_half_made() -> None:
    """The user starts again."""
    world = World()
    world.fortnox.add_faults(
        [{"match": {"path_regex": "/oauth-v1/token"}, "times": 1, "effect": "status", "status": 503}]
    )
    started = world.start()
    with pytest.raises(ConsentFailedError) as failed:
        world.approve(started)

    assert failed.value.problem is ConsentProblem.FORTNOX_NOT_ANSWERING
    assert world.integrations.get(WAREHOUSE) is None
    assert world.tokens.get(WAREHOUSE) is None


def test_approving_for_another_company_changes_nothing_and_names_both() -> None:
    """The wrong ledger must never get an invoice."""
    world = World()
    before = world.connect()
    keys = world.tokens.get(WAREHOUSE)
    world.integrations.mark_broken(WAREHOUSE, at=world.clock())
    with pytest.raises(ConsentFailedError) as failed:
        world.approve(world.start(), tenant_id=OTHER_TENANT_ID)

    assert failed.value.problem is ConsentProblem.WRONG_COMPANY
    assert failed.value.expected is not None
    assert failed.value.expected.name == before.company.name
    assert failed.value.approved is not None
    assert failed.value.approved.name == "Fel Företag AB"
    assert world.tokens.get(WAREHOUSE) == keys


def test_connecting_again_makes_a_broken_integration_work_and_asks_for_a_run() -> None:
    """What waited is sent at once."""
    world = World()
    world.connect()
    world.integrations.mark_broken(WAREHOUSE, at=world.clock())
    connected = world.approve(world.start())

    assert connected.integration.runs
    assert connected.integration.reactivated_at == world.clock()
    assert world.queue.requests[-1].by == USERNAME


def test_personal_approval_is_a_choice() -> None:
    """For companies where no administrator approves a service account."""
    world = World()
    world.connect(Mode.PERSONAL)
    keys = world.tokens.get(WAREHOUSE)

    assert keys is not None
    assert (keys.mode, keys.status) == (Mode.PERSONAL, TokenStatus.ACTIVE)
