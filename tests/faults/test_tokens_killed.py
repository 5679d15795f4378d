"""The deployed functions on the wire: processes killed and requests cut at every boundary of the token engine.

Everything is real but AWS, Fortnox and Ongoing themselves: the template, the roles, the built layers, a process per
function. After one strike the janitor's schedule is played until it is at rest. Then a new invoice must reach
Fortnox, or a person must have been told: in service mode never, in personal mode only when the one copy of a pair
was lost in one of the ways that nothing cures.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from invoicing.domain.tokens import Mode

from local.fortnox.seed import TENANT_ID
from tests.faults.deployed_connection import (
    SPARE_IS_DUE,
    TOKEN_IS_DEAD,
    TOKEN_IS_OLD,
    DeployedConnection,
)
from tests.faults.findings import Findings
from tests.faults.share import Share
from tests.faults.token_promises import Fate
from tests.faults.wires import Blow, Exchange, Strike

REFRESH = "Fortnox refresh_token"
JOURNAL = "s3 PUT journal"
SAVE = "TokensTable save rotation"
_ENGINE = re.compile(
    r"TokensTable|kms|s3|secretsmanager|Fortnox (refresh_token|client_credentials)"
    r"|IntegrationsTable mark broken|NoticesTable put"
)
_CHANGES = re.compile(r"TokensTable (?!GetItem|Query)|s3 PUT|Fortnox|IntegrationsTable|NoticesTable")
_ASKED_ONCE = re.compile(r"kms Decrypt|secretsmanager")  # by each process, which remembers the answer
_SIDE_BY_SIDE = {JOURNAL, SAVE}
_CAN_LOSE = {
    (REFRESH, Blow.KILLED_AFTER): Fate.CRASHED,
    (REFRESH, Blow.CUT_AFTER): Fate.REPLY_LOST,
    (JOURNAL, Blow.KILLED_BEFORE): Fate.CRASHED,
    (SAVE, Blow.KILLED_BEFORE): Fate.CRASHED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is going on when the strike falls.

    `before` is an earlier strike, which left something to clear up, and `passes` how often the janitor looked at it.
    """

    name: str
    mode: Mode
    runs: str  # the function that is struck
    wait: timedelta
    before: Strike | None = None
    passes: int = 0
    all_dead: bool = False
    only: str = ""  # calls, if other scenes have the rest
    thorough: bool = False


RENEWING = Scene(
    name="personal: a run renews",
    mode=Mode.PERSONAL,
    runs="sync_invoices",
    wait=TOKEN_IS_OLD,
    thorough=True,
)
SPARE = Scene(name="service: the janitor rotates the spare", mode=Mode.SERVICE, runs="keep_tokens", wait=SPARE_IS_DUE)
ASKING = Scene(name="service: a run asks for a token", mode=Mode.SERVICE, runs="sync_invoices", wait=TOKEN_IS_OLD)
ADOPTING = Scene(
    name="personal: the janitor finds a pair in the journal",
    mode=Mode.PERSONAL,
    runs="keep_tokens",
    wait=SPARE_IS_DUE,
    before=Strike(call=SAVE, nth=1, blow=Blow.MUTE_BEFORE),
)
WAITING = Scene(
    name="personal: the janitor waits out the quarantine",
    mode=Mode.PERSONAL,
    runs="keep_tokens",
    wait=SPARE_IS_DUE,
    before=Strike(call=REFRESH, nth=1, blow=Blow.KILLED_BEFORE),
    only="TokensTable mark",
)
PROBING = replace(
    WAITING, name="personal: the janitor tries the stored token again", passes=1, only="TokensTable release"
)
DYING = Scene(
    name="every key is dead: the janitor finds out",
    mode=Mode.SERVICE,
    runs="keep_tokens",
    wait=SPARE_IS_DUE,
    all_dead=True,
    passes=1,  # a refusal of every key is believed when it is repeated
    only="TokensTable (count|mark)|IntegrationsTable|NoticesTable|Fortnox client_credentials",
)
SCENES = (RENEWING, ADOPTING, WAITING, PROBING, SPARE, ASKING, DYING)


def blows_at(scene: Scene, call: str) -> Iterator[Blow]:
    """What can befall a call. A kill before one leaves what a kill after the one before it left, if they take turns."""
    if not _CHANGES.match(call):
        if scene.thorough or call.startswith("s3"):
            yield Blow.CUT_BEFORE
        return
    if scene.thorough or call in _SIDE_BY_SIDE:
        yield Blow.KILLED_BEFORE
    yield from (Blow.KILLED_AFTER, Blow.CUT_BEFORE, Blow.CUT_AFTER)
    if scene.thorough and not call.startswith("Fortnox"):
        yield from (Blow.MUTE_BEFORE, Blow.MUTE_AFTER)  # of the stores, one lost request is repeated


def strikes(scene: Scene, undisturbed: Sequence[Exchange]) -> Iterator[Strike]:
    """Every blow at every boundary of the engine that an undisturbed process came to.

    Where no key is dead, what a run tells is the digest of its day: it comes or not by what the scene before left.
    """
    counts = Counter[str]()
    for call in (exchange.call for exchange in undisturbed if _ENGINE.match(exchange.call)):
        if call.startswith("NoticesTable") and not scene.all_dead:
            continue
        counts[call] += 1
        if re.match(scene.only, call):
            yield from (Strike(call=call, nth=counts[call], blow=blow) for blow in blows_at(scene, call))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a scene ended. `lost` are pairs that Fortnox gave and that nobody stored."""

    struck: Sequence[Exchange]  # of the process that was struck
    lost: int
    needs_a_human: bool
    complaints: Sequence[str]


def play(connection: DeployedConnection, scene: Scene, strike: Strike | None) -> Ending:
    """One scene, with a strike or without, until everything is at rest and was tried out."""
    connection.connect(scene.mode)
    mails = connection.reactivation_mails()
    waiting = [connection.invoice()]
    if scene.all_dead:
        connection.fortnox.destroy_tokens(TENANT_ID)
    connection.pass_time(scene.wait)
    passed: list[Exchange] = []
    if scene.before is not None:
        passed += connection.invoke(scene.runs, scene.before)
        connection.until_due()
    for _ in range(scene.passes):
        passed += connection.invoke("keep_tokens")
        connection.until_due()
    if strike is None or _ASKED_ONCE.match(strike.call):
        connection.start_anew(scene.runs)
    struck = connection.invoke(scene.runs, strike)
    passed += [*struck, *connection.until_at_rest()]
    broken = connection.broken_since is not None
    lost = lost_pairs(passed)
    complaints = []
    if broken != (scene.all_dead or (scene.mode is Mode.PERSONAL and lost > 0)):
        complaints.append(f"{'a human is' if broken else 'no human is'} needed, and {lost} pairs are lost")
    if lost and (strike is None or (strike.call, strike.blow) not in _CAN_LOSE):
        complaints.append("a pair was lost that could have been kept")
    if broken:
        complaints += told_once(connection, mails)
    else:
        connection.pass_time(TOKEN_IS_DEAD)
        waiting.append(connection.invoice())
        if unsent := connection.until_sent(waiting):
            complaints.append(f"of {waiting}, {unsent} are not in Fortnox exactly once and marked; {connection.item}")
    return Ending(struck=struck, lost=lost, needs_a_human=broken, complaints=complaints)


def lost_pairs(passed: Sequence[Exchange]) -> int:
    """Pairs that Fortnox gave and of which neither journal nor table took one copy."""
    lost, at_large = 0, False
    for exchange in passed:
        if exchange.took_effect and exchange.call == REFRESH:
            lost += at_large
            at_large = True
        elif exchange.took_effect and exchange.call in {JOURNAL, SAVE}:
            at_large = False
    return lost + at_large


def told_once(connection: DeployedConnection, mails_before: int) -> list[str]:
    """What is wrong with how a person was told."""
    notice = connection.notice
    if notice is None or notice.closed:
        return ["broken, and no open notice says so"]
    mails = connection.reactivation_mails_in_the_end() - mails_before
    sent = connection.sent(notice)
    return [] if (sent, mails) == (1, 1) else [f"{mails} mails were sent, and {sent} recorded"]


@pytest.mark.enumerated
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_no_kill_and_no_cut_loses_what_could_be_kept(
    scene: Scene, connection: DeployedConnection, share: Share, findings: Findings
) -> None:
    """At rest the connection sends invoices, or a person got one mail; a person only for the incurable classes."""
    undisturbed = play(connection, scene, None)
    complaints = {"undisturbed": undisturbed.complaints} if undisturbed.complaints else {}
    planned = list(strikes(scene, undisturbed.struck))
    for strike in share.pick(planned):
        ending = play(connection, scene, strike)
        fate = _CAN_LOSE.get((strike.call, strike.blow)) if ending.lost else None
        findings.count_strike(scene.name, strike, needs_a_human=ending.needs_a_human, fate=fate)
        if ending.complaints:
            complaints[str(strike)] = ending.complaints

    assert complaints == {}
    assert planned
