"""A story: the real token engine against the Fortnox simulator, while a plan makes calls go wrong.

Somebody needs a token; later others wake up on their schedules, until everything is at rest again. Then the
access token expires, and a worker asks once more: that says whether the integration works.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from invoicing.application.access_fortnox import access_token
from invoicing.application.connect_company import ConsentFailedError, confirm_approval, receive_consent
from invoicing.application.ports import ClientRefusedError, FortnoxOAuth, GrantRefusedError, TokenStore
from invoicing.application.recover_tokens import recover_tokens
from invoicing.application.start_consent import ConsentTools, start_consent
from invoicing.domain.errors import (
    IntegrationHeldError,
    InvoicingError,
    NotSentError,
    RateLimitedError,
    ReconnectRequiredError,
    RetryLaterError,
    UnknownOutcomeError,
)
from invoicing.domain.session import Proposal
from invoicing.domain.tokens import Mode, TokenStatus
from invoicing.runtime.bootstrap import Bootstrap

from local.fortnox.oauth import Client
from local.fortnox.options import Options
from local.fortnox.seed import CLIENT_ID, TENANT_ID, default_company
from local.fortnox.simulator import FortnoxSimulator
from local.ongoing.in_process import InProcessTransport
from tests.faults.token_faults import (
    Crashed,
    Fault,
    Interrupted,
    OutOfTime,
    Plan,
    Process,
    StoryClock,
    watched,
)
from tests.faults.token_promises import Promises, really_stored
from tests.support.fakes import (
    START,
    FakeIntegrations,
    FakeNotices,
    FakeSealer,
    FakeSessions,
    FakeSyncQueue,
    FakeTokenJournal,
    FakeTokenStore,
)
from tests.support.wiring import BASE_URL, SECRET, FakeSecret, simulated_settings

INTEGRATION = "lagret"
ADMINISTRATOR = "admin@nordlager.example"
JANITOR_EVERY = timedelta(minutes=5)
WORKER_EVERY = timedelta(minutes=15)
LIFE = timedelta(seconds=300)  # of an invocation

_COMPANY = {name: default_company()[name] for name in ("tenant_id", "name", "organisation_number", "users")}
_SLOW = timedelta(seconds=9)  # a store with its repeats
_SLOW_FORTNOX = timedelta(seconds=14)
_GIVEN_UP = timedelta(seconds=15)  # a request to Fortnox
_TRAVELS = timedelta(seconds=119)  # once it was given up or its sender is gone, at most (0005, quarantine)
_LATE_WRITE = timedelta(seconds=60)
_PAUSE = timedelta(seconds=140)
_BEFORE_THE_END = timedelta(seconds=10)
_TRIES = 3  # of an administrator
_TICKS = 24  # two hours of the janitor's schedule: longer than anything may stay unsettled
_TRAVELLING = frozenset({Fault.LATE, Fault.LAST_MOMENT})
_PAGE = b"<html><head><title>Bad Gateway</title></head><body>Bad Gateway</body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How a story begins."""

    name: str
    mode: Mode
    begins_with: str = "worker"  # worker | janitor | administrator
    wait: timedelta = timedelta(minutes=45)  # after connecting: the access token is to be renewed
    consent_lapsed: bool = False  # client credentials are refused from the start
    all_dead: bool = False  # Fortnox ended every key
    family_revocation: bool = True
    store_first: bool = False  # of the two saves side by side, the table's takes effect before the journal's
    life: timedelta = LIFE  # of the first process

    @property
    def heals_itself(self) -> bool:
        """Whether client credentials work, so that no fault of any kind may need a human."""
        return self.mode is Mode.SERVICE and not self.consent_lapsed and not self.all_dead


class _WatchedParts(Bootstrap):
    """The wiring that is deployed, with a watch on every call to Fortnox's authorization server."""

    watch: Callable[..., Any]

    def oauth(self, base_url: str = "") -> FortnoxOAuth:
        """The real client, watched."""
        return watched("oauth", super().oauth(base_url), self.watch)

    def consent_tools(self, base_url: str) -> ConsentTools:
        """Not watched: an address to send a browser to is made without a call."""
        return replace(super().consent_tools(base_url), oauth=super().oauth(base_url))


class Story:
    """One run. `promises` has seen everything that happened."""

    def __init__(
        self,
        setup: Setup,
        plan: Plan,
        *,
        store: TokenStore | None = None,
        journal: FakeTokenJournal | None = None,
        integrations: FakeIntegrations | None = None,
    ) -> None:
        self.setup = setup
        self.plan = plan
        self.clock = StoryClock(START)
        self.store: TokenStore = store or FakeTokenStore()
        self.journal = journal or FakeTokenJournal()
        self.sealer = FakeSealer()
        self.integrations = integrations or FakeIntegrations()
        self.notices = FakeNotices()
        self.sessions = FakeSessions()
        self.calls: list[str] = []
        self.happened: list[str] = []
        self._processes: list[Process] = []
        self._playing = False
        self._side_by_side = False  # a pause ends it: it holds up both
        self._ids = 0
        self._given: bool | None = None  # whether the last worker got a token
        options = Options(revoke_family_on_reuse=setup.family_revocation)
        client = Client(client_id=CLIENT_ID, secret=SECRET, redirect_uris=(f"{BASE_URL}/oauth/callback",))
        self.fortnox = FortnoxSimulator(clock=self.clock, clients=[client], companies=[_COMPANY], options=options)
        self.promises = Promises(self.fortnox, self.store, self.journal, self.clock)
        self.parts = _WatchedParts(
            simulated_settings(),
            clock=self.clock,
            sleep=lambda _seconds: None,
            monotonic=self._monotonic,
            new_id=self._new_id,
            new_secret=self._new_id,
            both=self._both,
            report=self._report,
            transport=InProcessTransport(self.fortnox.handle),
            tokens=watched("store", self.store, self._call),
            journal=watched("journal", self.journal, self._call),
            sealer=watched("sealer", self.sealer, self._call),
            sessions=self.sessions,
            integrations=watched("integrations", self.integrations, self._call),
            notices=watched("notices", self.notices, self._call),
            queue=FakeSyncQueue(),
            fortnox_secret=FakeSecret(SECRET),
        )
        self.parts.watch = self._call
        self.parts.invoked(SimpleNamespace(get_remaining_time_in_millis=lambda: self._seconds_left() * 1000))
        self.engine = self.parts.engine(BASE_URL)

    # ---- the plot

    def play(self) -> "Story":
        """Plays to the end and checks every promise."""
        self._connect_first()
        self._playing = True
        self._begin()
        self._until_at_rest()
        self._playing = False
        if not self._until_at_rest():
            held = self._is_broken()
            how = "the integration is held as broken while its keys are not" if held else "the keys are unsettled"
            self.promises.broken("I7", f"two hours after the last fault {how}")
        self.clock.advance(timedelta(minutes=61))
        self.worker()
        self._until_at_rest()
        self.promises.check_the_end(INTEGRATION, self.integrations, self.notices, given=self._given, setup=self.setup)
        return self

    def _connect_first(self) -> None:
        self.administrator()
        self.clock.advance(self.setup.wait)
        if self.setup.consent_lapsed:
            self.fortnox.revoke_consent(TENANT_ID)
        if self.setup.all_dead:
            self.fortnox.destroy_tokens(TENANT_ID)
        if self.setup.begins_with == "administrator":
            self._until_at_rest(start_with_worker=True)

    def _begin(self) -> None:
        match self.setup.begins_with:
            case "worker":
                self.worker(life=self.setup.life)
            case "janitor":
                self.janitor(life=self.setup.life)
            case _:
                self.administrator()

    def _until_at_rest(self, *, start_with_worker: bool = False) -> bool:
        """The schedules, until nothing is unsettled. Says whether that was reached."""
        worker_at = self.clock.now + (timedelta() if start_with_worker else WORKER_EVERY)
        if not start_with_worker and self._at_rest():
            return True
        for _ in range(_TICKS):
            if self.clock.now >= worker_at:
                self.worker()
                worker_at += WORKER_EVERY
            if self._at_rest():
                return True
            due_at = self._due_at()
            tick = self.clock.now + JANITOR_EVERY
            self.clock.move_to(min(tick, due_at) if due_at is not None and due_at > self.clock.now else tick)
            self.janitor()
            if self.setup.begins_with == "administrator" and self._is_broken():
                self.administrator()  # whose first try failed
        return self._at_rest()

    def _at_rest(self) -> bool:
        item = really_stored(self.store, INTEGRATION)
        if item is None or item.intent is not None or self.clock.something_travels or self._given is None:
            return False
        due_soon = item.due_at is not None and item.due_at <= self.clock.now + timedelta(hours=1)
        if item.status is TokenStatus.BROKEN:
            waits = self.setup.begins_with == "administrator" and self._playing
            return not due_soon and not waits
        return self._given and item.status is not TokenStatus.UNCERTAIN and not due_soon

    def _due_at(self) -> datetime | None:
        item = really_stored(self.store, INTEGRATION)
        return item.due_at if item is not None else None

    def _is_broken(self) -> bool:
        integration = self.integrations.get(INTEGRATION)
        return integration is not None and integration.broken_since is not None

    # ---- who wakes up

    def worker(self, *, life: timedelta = LIFE) -> None:
        """A run of the integration that needs Fortnox."""
        integration = self.integrations.get(INTEGRATION)
        if integration is None or integration.broken_since is not None:
            self._given = False
            return

        def need_a_token() -> None:
            self._given = False
            try:
                token = access_token(self.engine, INTEGRATION)
            except ReconnectRequiredError:
                self._tell_or_leave_it_to_the_janitor()
            except (RetryLaterError, ClientRefusedError, IntegrationHeldError):
                pass
            else:
                self._given = True
                self.promises.token_is_used(token)

        self._run("worker", need_a_token, life)

    def janitor(self, *, life: timedelta = LIFE) -> None:
        """The schedule that looks after whatever is due."""

        def look() -> None:
            for integration_id in self.store.due(self.clock.now):
                try:
                    recover_tokens(self.engine, integration_id, lambda _item: self.parts.follow_keys(INTEGRATION))
                except (RetryLaterError, ClientRefusedError, IntegrationHeldError):
                    continue

        self._run("janitor", look, life)

    def administrator(self) -> None:
        """Somebody approves in Fortnox (again) and comes back to us; after a page with an error, once more."""
        for _ in range(_TRIES):
            self._approve()
            if self._given is not False:
                return

    def _approve(self) -> None:
        self._given = False

        def approve() -> None:
            tools = self.parts.connect_tools(BASE_URL)
            stored = self.integrations.get(INTEGRATION)  # as the sign-in before it found it
            started = start_consent(
                tools.consent,
                Proposal(
                    integration_id=INTEGRATION,
                    wms_username="anna",
                    wms_password=b"sealed",
                    mode=self.setup.mode,
                    generation=stored.generation if stored else 0,
                    by="anna",
                ),
            )
            state = started.url.partition("state=")[2].partition("&")[0]
            code = self.fortnox.approve(
                client_id=CLIENT_ID,
                tenant_id=TENANT_ID,
                username=ADMINISTRATOR,
                scopes=["companyinformation", "invoice"],
                service=self.setup.mode is Mode.SERVICE,
            )
            try:
                approval = receive_consent(tools, state=state, browser=started.browser, code=code, error="")
                confirm_approval(tools, browser=approval.browser, guard=approval.guard)
            except ConsentFailedError:
                self._given = False
            else:
                self._given = None

        self._run("administrator", approve, LIFE)

    def _tell_or_leave_it_to_the_janitor(self) -> None:
        with suppress(RetryLaterError):
            self.parts.follow_keys(INTEGRATION)

    def _run(self, name: str, act: Callable[[], None], life: timedelta) -> None:
        process = Process(name=name, ends_at=self.clock.now + life)
        self._processes.append(process)
        try:
            act()
        except Interrupted as end:
            self.promises.process_died(process, crashed=isinstance(end, Crashed))
            if name == "worker":
                self._given = False
        except InvoicingError as error:
            self.promises.broken("no surprise", f"{name} ended with {type(error).__name__}: {error}")
        else:
            self.promises.process_ended(process)
        finally:
            self._processes.pop()
        self.promises.check_that_somebody_will_look(INTEGRATION)

    # ---- what calls meet

    @property
    def _process(self) -> Process:
        return self._processes[-1]

    def _call(self, name: str, act: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        process = self._process
        fault: Fault | None = None
        if self._playing:
            fault = self._fault_at(name)
            self.calls.append(name)
            if fault is not None:
                self.happened.append(f"{len(self.calls) - 1} {process.name} {name}: {fault}")
        if fault in {Fault.ANOTHER_WORKER, Fault.JANITOR, Fault.CONSENT, Fault.PAUSE, Fault.LONG_PAUSE}:
            self._others(fault, process)
            fault = None
        if fault is Fault.SLOW and not name.startswith("oauth."):
            self.clock.advance(_SLOW)
        self._still_alive(process)

        def effect() -> Any:
            result = act(*args, **kwargs)
            if name == "sealer.prepare":
                return self.promises.watched_seal(result)
            self.promises.took_effect(name, args, result, late=fault in _TRAVELLING)
            return result

        if name != "oauth.refresh":
            return self._with_fault(fault, name, effect, process)
        attempt = self.promises.is_sent(args[0])

        def arrives() -> Any:
            attempt.alive = False
            return effect()

        try:
            return self._with_fault(fault, name, arrives, process)
        finally:
            attempt.alive = attempt.alive and fault in _TRAVELLING

    def _fault_at(self, call: str) -> Fault | None:  # noqa: ARG002 - stories that draw faults need it
        return self.plan.get(len(self.calls))

    def _with_fault(self, fault: Fault | None, name: str, effect: Callable[[], Any], process: Process) -> Any:
        asks_fortnox = name.startswith("oauth.")
        lost: type[RetryLaterError] = UnknownOutcomeError if asks_fortnox else RetryLaterError
        match fault:
            case Fault.CRASH:
                self.promises.is_received(self._quietly(effect), process)
                raise Crashed
            case Fault.ERROR_BEFORE:
                raise lost(f"{name}: no answer")
            case Fault.ERROR_AFTER:
                self._quietly(effect)
                raise lost(f"{name}: no answer")
            case Fault.REPEATED:
                self._quietly(effect)
            case Fault.LATE:
                wait = _GIVEN_UP + _TRAVELS if asks_fortnox else _LATE_WRITE
                self.clock.later(wait, lambda: self._quietly(effect))
                if asks_fortnox:
                    self.clock.advance(_GIVEN_UP)
                    self._still_alive(process)
                raise lost(f"{name}: no answer in time")
            case Fault.LAST_MOMENT:
                last_second = timedelta(seconds=1)
                self.clock.move_to(process.ends_at - last_second)
                self.clock.later(last_second + _TRAVELS, lambda: self._quietly(effect))
                raise Crashed
            case Fault.NOT_SENT:
                raise NotSentError("no connection")
            case Fault.TOO_MANY:
                raise RateLimitedError("too many calls")
            case Fault.GARBAGE:
                effect()
                return _PAGE
            case Fault.WRONG_SECRET:
                raise ClientRefusedError("invalid_client")
            case Fault.REFUSED:
                raise GrantRefusedError("invalid_grant")
            case _:
                pass
        result = effect()
        self.promises.is_received(result, process)
        if fault is Fault.SLOW and asks_fortnox:
            self.clock.advance(_SLOW_FORTNOX)  # Fortnox did it at once; only its answer is slow
        self._still_alive(process)
        return result

    def _quietly(self, effect: Callable[[], Any]) -> Any:
        """For an effect whose answer nobody gets, be it a refusal."""
        try:
            return effect()
        except InvoicingError:
            return None

    def _others(self, fault: Fault, process: Process) -> None:
        begun = self.clock.now
        match fault:
            case Fault.ANOTHER_WORKER:
                self.worker()
            case Fault.JANITOR:
                self.janitor()
            case Fault.CONSENT:
                self.administrator()
            case _:
                end = process.ends_at - _BEFORE_THE_END
                self.clock.move_to(self.clock.now + _PAUSE if fault is Fault.PAUSE else end)
                self.janitor()
                self.worker()
        if self.clock.now > begun:
            self._side_by_side = False
        if self.clock.now >= process.ends_at:
            raise Crashed  # it was stopped while it was held up

    def _still_alive(self, process: Process) -> None:
        if self.clock.now >= process.ends_at:
            raise OutOfTime

    def _both(
        self, first: Callable[[], object], second: Callable[[], object]
    ) -> tuple[Exception | None, Exception | None]:
        """Side by side: the slower one says how long both took, and one that is stopped stops not the other."""
        begun = self.clock.now
        errors: dict[Callable[[], object], Exception | None] = {first: None, second: None}
        stopped: OutOfTime | None = None
        end = begun
        self._side_by_side = True
        for act in (second, first) if self.setup.store_first else (first, second):
            if self._side_by_side:
                self.clock.turn_back(begun)
            try:
                act()
            except OutOfTime as out:
                stopped = out
            except Exception as error:
                errors[act] = error
            end = max(end, self.clock.now)
        self.clock.move_to(end)
        if stopped is not None:
            raise stopped
        return errors[first], errors[second]

    def _seconds_left(self) -> float:
        if not self._processes:
            return 0.0  # nothing has begun
        return (self._process.ends_at - self.clock.now).total_seconds()

    def _monotonic(self) -> float:
        return self.clock.now.timestamp()

    def _new_id(self) -> str:
        self._ids += 1
        return f"id-{self._ids}"

    def _report(self, event: str, fields: Mapping[str, str | int]) -> None:
        self.promises.is_reported(event, fields, self._process)
