"""A model of the token protocol, small enough to be gone through completely.

Every interleaving of a few workers with every choice of a few faults is visited, breadth first, so that the trace
of a loss is a shortest one. Time is left out: a lease ends when its holder is gone, and quarantine means that no
request with the token is on its way any more. Tokens are numbered; Fortnox accepts only the newest.

`BINDINGS` says which function of the real code each action stands for.

    python -m tests.faults.model
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from invoicing.application import adopt_from_journal, recover_tokens, rotate_refresh_token, use_client_credentials

BINDINGS: Mapping[str, object] = {
    "claims": rotate_refresh_token._claim,
    "sends the refresh": rotate_refresh_token._post,
    "journals the pair": rotate_refresh_token._save,
    "stores the pair": rotate_refresh_token._save,
    "gives the token back": rotate_refresh_token._release,
    "leaves it unknown": rotate_refresh_token._mark_uncertain,
    "adopts from the journal": adopt_from_journal.adopt_from_journal,
    "probes": recover_tokens._find_out,
    "takes client credentials": use_client_credentials.use_client_credentials,
    "declares it broken": recover_tokens.settle_dead_chain,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """Ours, or ours without one of its guards."""

    name: str
    lease_outlives_holder: bool = True
    compare_and_swap: bool = True
    journal: bool = True
    intent: bool = True
    quarantine: bool = True
    read_journal: bool = True  # R1
    client_credentials: bool = True


class Fault(StrEnum):
    """What may go wrong, once for each fault that is left."""

    CRASH_BEFORE_SENDING = "crash before sending"
    CRASH_BEFORE_DURABLE = "crash before any durable write"
    CRASH_BETWEEN_WRITES = "crash between the two writes"
    NOT_SENT = "not sent"
    REQUEST_LOST = "request lost"
    REPLY_LOST = "reply lost"
    LATE_REQUEST = "client gives up, request still travels"
    JOURNAL_DOWN = "journal refuses"
    STORE_DOWN = "store refuses"
    STORE_AMBIGUOUS = "store takes it, its answer is lost"
    LEASE_LAPSES = "lease lapses under a living holder"
    OTHER_WRITER = "somebody writes back the item read before"


INCURABLE = frozenset({Fault.CRASH_BEFORE_DURABLE, Fault.REPLY_LOST, Fault.LATE_REQUEST})


class Step(StrEnum):
    """Where a worker is."""

    IDLE = "idle"
    CLAIMED = "claimed"
    WAITING = "waiting"
    RECEIVED = "received"
    REFUSED = "refused"


class Keys(StrEnum):
    """What the integration works with."""

    CHAIN = "chain"
    CLIENT_CREDENTIALS = "client credentials"
    BROKEN = "broken"


class Worker(NamedTuple):
    """One process after another: its attempts are its wake-ups."""

    step: Step = Step.IDLE
    sends: int = -1
    received: int = -1
    journalled: bool | None = None  # None: not tried yet
    stored: bool | None = None
    attempts: int = 2


class State(NamedTuple):
    """Everything: Fortnox, the stores, what is under way, and who is where."""

    live: int = 0  # the token that Fortnox accepts
    family_alive: bool = True
    stored: int = 0  # newest token in the store
    journalled: int = -1
    lease: int | None = None
    intent: int | None = None  # the token whose refresh is or was under way
    keys: Keys = Keys.CHAIN
    requests: frozenset[tuple[int | None, int]] = frozenset()  # sender (None: gave up) and token
    answers: frozenset[tuple[int, int | None]] = frozenset()  # receiver and new token (None: refused)
    old_copy: int | None = None  # of a writer that writes whole items
    workers: tuple[Worker, ...] = (Worker(), Worker())
    faults_left: int = 1


type Steps = Iterator[tuple[str, State]]

_NEWEST = 3  # tokens, after which nobody refreshes any more: the model must end


class Model:
    """One protocol under one choice of faults."""

    def __init__(self, protocol: Protocol, faults: frozenset[Fault], *, family_revocation: bool) -> None:
        self._protocol = protocol
        self._faults = faults
        self._family_revocation = family_revocation

    def steps(self, state: State) -> Steps:
        """Everything that can happen next."""
        for number, worker in enumerate(state.workers):
            match worker.step:
                case Step.IDLE:
                    yield from self._wakes(state, number, worker)
                case Step.CLAIMED:
                    yield from self._sends(state, number, worker)
                case Step.WAITING:
                    yield from self._waits(state, number, worker)
                case Step.RECEIVED:
                    yield from self._saves(state, number, worker)
                case Step.REFUSED:
                    yield from self._is_refused(state, number, worker)
            if worker.step is not Step.IDLE and state.lease == number and not self._protocol.lease_outlives_holder:
                yield from self._fault(Fault.LEASE_LAPSES, state._replace(lease=None))
        if state.lease is not None and state.workers[state.lease].step is Step.IDLE:
            yield "a lease ends", state._replace(lease=None)
        if not self._protocol.compare_and_swap:
            if state.old_copy is None:
                yield from self._fault(Fault.OTHER_WRITER, state._replace(old_copy=state.stored))
            elif state.old_copy >= 0:
                yield "the old copy is written", state._replace(stored=state.old_copy, old_copy=-1)
        for request in state.requests:
            yield self._fortnox_answers(state, request)

    def _wakes(self, state: State, number: int, worker: Worker) -> Steps:
        if not worker.attempts or state.keys is not Keys.CHAIN or state.lease is not None or state.live >= _NEWEST:
            return
        next_one = worker._replace(step=Step.CLAIMED, sends=state.stored, attempts=worker.attempts - 1)
        claimed = _with(state, number, next_one)._replace(lease=number)
        if not self._protocol.intent:
            yield f"{number} claims", claimed
        elif state.intent is None:
            yield f"{number} claims", claimed._replace(intent=state.stored)
        elif self._protocol.read_journal and state.journalled > state.stored:
            yield f"{number} adopts from the journal", state._replace(stored=state.journalled, intent=None)
        elif not self._protocol.quarantine or all(token != state.stored for _, token in state.requests):
            yield f"{number} probes", claimed

    def _sends(self, state: State, number: int, worker: Worker) -> Steps:
        waiting = _with(state, number, worker._replace(step=Step.WAITING))
        yield f"{number} sends the refresh", waiting._replace(requests=state.requests | {(number, worker.sends)})
        yield from self._fault(Fault.CRASH_BEFORE_SENDING, _gone(state, number))
        given_back = _gone(state, number)._replace(lease=_freed(state, number), intent=None)
        yield from self._fault(Fault.NOT_SENT, given_back)

    def _waits(self, state: State, number: int, worker: Worker) -> Steps:
        request = (number, worker.sends)
        if request in state.requests:
            without = state._replace(requests=state.requests - {request})
            yield from self._fault(Fault.REQUEST_LOST, _gone(without, number))
            travelling = without._replace(requests=without.requests | {(None, worker.sends)})
            yield from self._fault(Fault.LATE_REQUEST, _gone(travelling, number))
        for answer in state.answers:
            if answer[0] != number:
                continue
            without = state._replace(answers=state.answers - {answer})
            if answer[1] is None:
                yield f"{number} is refused", _with(without, number, worker._replace(step=Step.REFUSED))
                continue
            received = worker._replace(step=Step.RECEIVED, received=answer[1])
            yield f"{number} receives a pair", _with(without, number, received)
            yield from self._fault(Fault.REPLY_LOST, _gone(without, number))

    def _saves(self, state: State, number: int, worker: Worker) -> Steps:
        if self._protocol.journal and worker.journalled is None:
            done = _with(state, number, worker._replace(journalled=True))
            yield f"{number} journals the pair", done._replace(journalled=max(state.journalled, worker.received))
            yield from self._fault(Fault.JOURNAL_DOWN, _with(state, number, worker._replace(journalled=False)))
        if worker.stored is None:
            fits = not self._protocol.compare_and_swap or state.stored == worker.sends
            written = state._replace(stored=worker.received, intent=None) if fits else state
            yield f"{number} stores the pair", _with(written, number, worker._replace(stored=True))
            failed = worker._replace(stored=False)
            yield from self._fault(Fault.STORE_DOWN, _with(state, number, failed))
            yield from self._fault(Fault.STORE_AMBIGUOUS, _with(written, number, failed))
        tried = worker.stored is not None and (worker.journalled is not None or not self._protocol.journal)
        if tried and (worker.stored or worker.journalled or not self._protocol.journal):
            yield f"{number} is done", _gone(state, number)._replace(lease=_freed(state, number))
        elif tried:
            # Neither took it: it tries again while it lives (_SAVE_ROUNDS), so that it takes another fault to lose it.
            again = worker._replace(journalled=None, stored=None)
            yield f"{number} saves once more", _with(state, number, again)
        if worker.journalled:
            yield from self._fault(Fault.CRASH_BETWEEN_WRITES, _gone(state, number))
        elif not worker.stored:
            yield from self._fault(Fault.CRASH_BEFORE_DURABLE, _gone(state, number))

    def _is_refused(self, state: State, number: int, worker: Worker) -> Steps:
        gone = _gone(state, number)._replace(lease=_freed(state, number))
        if self._protocol.compare_and_swap and state.stored > worker.sends:
            yield f"{number} finds a newer version", gone
        elif self._protocol.read_journal and state.journalled > worker.sends:
            yield f"{number} adopts from the journal", gone._replace(stored=state.journalled, intent=None)
        elif self._protocol.client_credentials:
            yield f"{number} takes client credentials", gone._replace(keys=Keys.CLIENT_CREDENTIALS, intent=None)
        else:
            yield f"{number} declares it broken", gone._replace(keys=Keys.BROKEN, intent=None)

    def _fortnox_answers(self, state: State, request: tuple[int | None, int]) -> tuple[str, State]:
        sender, token = request
        without = state._replace(requests=state.requests - {request})
        if token == state.live and state.family_alive:
            answers = state.answers if sender is None else state.answers | {(sender, token + 1)}
            return f"Fortnox rotates token {token}", without._replace(live=token + 1, answers=answers)
        answers = state.answers if sender is None else state.answers | {(sender, None)}
        dies = self._family_revocation and token < state.live
        alive = state.family_alive and not dies
        return f"Fortnox refuses token {token}", without._replace(answers=answers, family_alive=alive)

    def _fault(self, fault: Fault, then: State) -> Steps:
        if fault in self._faults and then.faults_left:
            yield f"FAULT {fault}", then._replace(faults_left=then.faults_left - 1)


def works(state: State) -> bool:
    """Whether the newest token that is kept is the one that Fortnox accepts."""
    return state.family_alive and max(state.stored, state.journalled) == state.live


def problem(protocol: Protocol, state: State) -> str:
    """What must never be; empty if all is well."""
    if state.keys is Keys.BROKEN and works(state):
        return "broken is declared although the kept token works"
    senders = [sender for sender, token in state.requests if token == state.stored]
    if protocol.intent and len(senders) > 1:
        return "one token is sent twice at the same time"
    at_rest = not state.requests and not state.answers and all(w.step is Step.IDLE for w in state.workers)
    if at_rest and (state.old_copy is None or state.old_copy < 0) and not works(state):
        recoverable = protocol.client_credentials and state.keys is not Keys.BROKEN
        if not recoverable:
            return "no kept key works"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """What going through everything gave. `trace` is empty if nothing is wrong."""

    states: int
    problem: str = ""
    trace: tuple[str, ...] = ()


def explore(
    protocol: Protocol, faults: frozenset[Fault], *, at_most: int, workers: int = 2, family_revocation: bool = True
) -> Explored:
    """Visits every state that `at_most` faults can lead to; stops at the first problem."""
    model = Model(protocol, faults, family_revocation=family_revocation)
    first = State(workers=(Worker(),) * workers, faults_left=at_most)
    came_from: dict[State, tuple[State, str] | None] = {first: None}
    queue = deque([first])
    while queue:
        state = queue.popleft()
        found = problem(protocol, state)
        if found:
            return Explored(states=len(came_from), problem=found, trace=tuple(_trace(came_from, state)))
        for label, then in model.steps(state):
            if then not in came_from:
                came_from[then] = (state, label)
                queue.append(then)
    return Explored(states=len(came_from))


def _trace(came_from: Mapping[State, tuple[State, str] | None], state: State) -> list[str]:
    labels: list[str] = []
    step = came_from[state]
    while step is not None:
        state, label = step
        labels.append(label)
        step = came_from[state]
    return labels[::-1]


def _with(state: State, number: int, worker: Worker) -> State:
    return state._replace(workers=(*state.workers[:number], worker, *state.workers[number + 1 :]))


def _gone(state: State, number: int) -> State:
    """The process is over; its worker may wake up again."""
    return _with(state, number, Worker(attempts=state.workers[number].attempts))


def _freed(state: State, number: int) -> int | None:
    return None if state.lease == number else state.lease


ALL = frozenset(Fault)
OURS = Protocol(name="ours, service mode")
PERSONAL = Protocol(name="ours, personal mode", client_credentials=False)
NANGO_LIKE = Protocol(
    name="lock with a time limit, whole item saved once (Nango-like)",
    lease_outlives_holder=False,
    compare_and_swap=False,
    journal=False,
    intent=False,
    quarantine=False,
    read_journal=False,
    client_credentials=False,
)


def main() -> None:
    """Prints what each protocol loses, with a shortest trace."""
    for protocol in (NANGO_LIKE, PERSONAL, OURS):
        print(protocol.name)
        for fault in Fault:
            found = explore(protocol, frozenset({fault}), at_most=1)
            print(f"  {fault:<42} {found.problem or 'nothing lost'}")
            if found.trace:
                print("      " + " > ".join(found.trace))


if __name__ == "__main__":
    main()
