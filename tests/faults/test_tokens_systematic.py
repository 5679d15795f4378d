"""Every fault, and every pair of faults, at every call of the token engine: nothing that could be kept is lost.

The engine is the real one, Fortnox is the simulator, and each run is checked by `token_promises`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invoicing.application.ports import TokenStore
from invoicing.domain.tokens import Mode

from tests.faults.findings import Findings, result_of
from tests.faults.processes import counted
from tests.faults.share import Share
from tests.faults.token_faults import Fault, Plan, faults_at
from tests.faults.token_promises import INCURABLE, PromiseBrokenError
from tests.faults.token_story import Setup, Story

PERSONAL = Setup(name="personal: a worker renews", mode=Mode.PERSONAL)
STORE_FIRST = replace(PERSONAL, name="personal: a worker renews, the table is written first", store_first=True)
SERVICE = Setup(name="service: a worker renews", mode=Mode.SERVICE)
WEEK = timedelta(days=7)
SPARE = Setup(name="service: the spare is rotated", mode=Mode.SERVICE, begins_with="janitor", wait=WEEK)
LAPSED = Setup(name="service, consent revoked: a worker renews", mode=Mode.SERVICE, consent_lapsed=True)
HURRIED = Setup(name="personal, little time: a worker renews", mode=Mode.PERSONAL, life=timedelta(seconds=36))
DYING = Setup(name="every key is dead: a worker finds out", mode=Mode.PERSONAL, all_dead=True)
DYING_SPARE = Setup(
    name="every key is dead: the janitor finds out",
    mode=Mode.SERVICE,
    all_dead=True,
    begins_with="janitor",
    wait=WEEK,
)
RECONNECT = Setup(
    name="broken: an administrator approves again", mode=Mode.SERVICE, all_dead=True, begins_with="administrator"
)
SETUPS = (PERSONAL, STORE_FIRST, SERVICE, SPARE, LAPSED, HURRIED, DYING, DYING_SPARE, RECONNECT)
# A crash with the answer in hand, a lost answer, a late request; and a pause that is a crash for a short life.
_CAN_LOSE = {Fault.CRASH, Fault.ERROR_AFTER, Fault.GARBAGE, Fault.LATE, Fault.LAST_MOMENT, Fault.PAUSE}
_NAMES = [setup.name for setup in SETUPS]


def played(setup: Setup, plan: Plan, *, store: TokenStore | None = None) -> Story:
    """One story, told as a trace if it goes wrong."""
    story = Story(setup, plan, store=store)
    try:
        return story.play()
    except PromiseBrokenError as error:
        trace = "\n  ".join(story.happened)
        raise AssertionError(f"{setup.name}: {error}\n  {trace}") from error


def single_faults(setup: Setup) -> Iterator[tuple[Plan, Story]]:
    """Every fault at every call of the undisturbed story."""
    undisturbed = played(setup, {})
    for position, call in enumerate(undisturbed.calls):
        for fault in faults_at(call):
            plan = {position: fault}
            yield plan, played(setup, plan)


def pairs_after(first: Plan, *, setup: Setup, share: Share) -> Counter[str]:
    """After one fault, every other one at every later call, be it of the recovery; or a share of them."""
    story = played(setup, first)
    (begun,) = first
    plans = [
        {**first, position: fault}
        for position in range(begun + 1, len(story.calls))
        for fault in faults_at(story.calls[position])
        # A mistake that is repeated is believed, until the keys are tried again.
        if not (fault is Fault.REFUSED and fault in first.values())
    ]
    counts = Counter[str]()
    for plan in share.pick(plans, turned=begun):
        counts.update(result_of(played(setup, plan)))
    return counts


@pytest.mark.parametrize("family", [True, False], ids=["a reuse ends the family", "a reuse is only refused"])
@pytest.mark.parametrize("setup", SETUPS, ids=_NAMES)
def test_no_single_fault_loses_what_could_be_kept(setup: Setup, family: bool, findings: Findings) -> None:
    """A human is needed only in the incurable classes, and never while client credentials work."""
    setup = replace(setup, family_revocation=family)
    stories = [(next(iter(plan.values())), story) for plan, story in single_faults(setup)]
    for fault, story in stories:
        findings.count(setup.name, fault, story)

    assert all(story.promises.healed_by == [] for fault, story in stories if fault is Fault.REPEATED), (
        "a write that was repeated because its answer was lost must cost nothing"
    )
    needing = {fault for fault, story in stories if story.promises.outcome == "a human is needed"}
    if setup.heals_itself:
        assert needing == set()
    elif not setup.all_dead:
        lost = {fate for _, story in stories for fate in story.promises.lost}
        assert needing <= _CAN_LOSE
        assert lost <= INCURABLE


@pytest.mark.enumerated
@pytest.mark.parametrize("setup", SETUPS, ids=_NAMES)
def test_no_pair_of_faults_loses_what_could_be_kept(setup: Setup, share: Share, findings: Findings) -> None:
    """The second fault may hit the recovery from the first."""
    first_faults = [plan for plan, _ in single_faults(setup)]
    counts = counted(partial(pairs_after, setup=setup, share=share), first_faults)
    findings.pairs[setup.name] = counts

    assert counts["runs"] > 500 / share.of
    assert not (setup.heals_itself and counts["a human is needed"])


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    setup=st.sampled_from(SETUPS),
    family=st.booleans(),
    wanted=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20)), min_size=3, max_size=6),
)
def test_more_faults_lose_no_more(setup: Setup, family: bool, wanted: list[tuple[int, int]]) -> None:
    """Three to six faults anywhere in the story: every promise holds, and service mode still heals by itself."""
    plan: dict[int, Fault] = {}
    for position, choice in sorted(wanted):
        calls = played(replace(setup, family_revocation=family), plan).calls
        if position < len(calls):
            faults = faults_at(calls[position])
            plan[position] = faults[choice % len(faults)]

    story = played(replace(setup, family_revocation=family), plan)

    assert story.promises.outcome in {"no human needed", "a human is needed"}
