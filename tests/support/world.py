"""The use cases wired to both simulators and to fakes, in one process and on one clock that tests move."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

from invoicing.adapters.fortnox.api import FortnoxCompany
from invoicing.adapters.fortnox.oauth import FortnoxAuthorization
from invoicing.adapters.fortnox.pace import Pace
from invoicing.adapters.ongoing.client import OngoingClient
from invoicing.application.access_fortnox import access_token
from invoicing.application.change_integration import ChangeTools, save_settings
from invoicing.application.connect_company import Connected, ConnectTools, connect_company
from invoicing.application.follow_keys import FollowTools, follow_keys
from invoicing.application.ports import OutsideCalls, SyncRequest
from invoicing.application.sign_in import SignedIn, SignInTools, sign_in
from invoicing.application.start_consent import ConsentStarted, ConsentTools
from invoicing.application.sync_integration import SyncTools, sync_integration
from invoicing.application.token_engine import TokenEngine
from invoicing.domain.integration import Integration, RunSummary
from invoicing.domain.integration_settings import IntegrationSettings, settings_fingerprint, settings_to_form
from invoicing.domain.tokens import Mode

from local.fortnox.oauth import Client
from local.fortnox.seed import CLIENT_ID, OTHER_TENANT_ID, TENANT_ID, default_company, other_company
from local.fortnox.simulator import FortnoxSimulator
from local.ongoing.in_process import InProcessTransport
from local.ongoing.seed import CUSTOMER_ID, PASSWORD, USERNAME, WAREHOUSE, default_warehouse
from local.ongoing.simulator import OngoingSimulator
from tests.support.fakes import (
    FakeClock,
    FakeExports,
    FakeIntegrations,
    FakeNotices,
    FakeOutsideCalls,
    FakeSealer,
    FakeSessions,
    FakeSyncQueue,
    FakeTokenJournal,
    FakeTokenStore,
    FakeWmsMemory,
)

BASE_URL = "https://invoicing.example"
SECRET = "the-client-secret"
ADMINISTRATORS = {TENANT_ID: "admin@nordlager.example", OTHER_TENANT_ID: "fel@foretag.example"}


@dataclass
class World:
    """One system, one Fortnox company, and everything of ours between them."""

    clock: FakeClock = field(default_factory=FakeClock)
    integrations: FakeIntegrations = field(default_factory=FakeIntegrations)
    exports: FakeExports = field(default_factory=FakeExports)
    tokens: FakeTokenStore = field(default_factory=FakeTokenStore)
    journal: FakeTokenJournal = field(default_factory=FakeTokenJournal)
    sealer: FakeSealer = field(default_factory=FakeSealer)
    sessions: FakeSessions = field(default_factory=FakeSessions)
    notices: FakeNotices = field(default_factory=FakeNotices)
    queue: FakeSyncQueue = field(default_factory=FakeSyncQueue)
    reports: list[tuple[str, Mapping[str, str | int]]] = field(default_factory=list)
    wms_memory: FakeWmsMemory = field(default_factory=FakeWmsMemory)
    time_left: float = 300.0

    def __post_init__(self) -> None:
        client = Client(client_id=CLIENT_ID, secret=SECRET, redirect_uris=(f"{BASE_URL}/oauth/callback",))
        self.fortnox = FortnoxSimulator(
            clock=self.clock, clients=[client], companies=[default_company(), other_company()]
        )
        self.ongoing = OngoingSimulator(clock=self.clock, warehouses=[default_warehouse(self.today)])
        self.to_fortnox = InProcessTransport(self.fortnox.handle)
        self.to_ongoing = InProcessTransport(self.ongoing.handle)
        self.integrations.set_customer_id(CUSTOMER_ID, WAREHOUSE)
        self._ids = iter(range(1, 1_000_000))

    @property
    def today(self) -> date:
        """The date in Sweden, where the clock never is near midnight."""
        return self.clock().date()

    # ---- what the bootstrap makes

    def new_id(self) -> str:
        """Ids that tests can tell apart."""
        return f"id-{next(self._ids)}"

    def report(self, event: str, fields: Mapping[str, str | int]) -> None:
        """Keeps what would be logged."""
        self.reports.append((event, fields))

    def oauth(self) -> FortnoxAuthorization:
        """The real client of Fortnox's authorization server."""
        return FortnoxAuthorization(
            base_url="https://apps.fortnox.example",
            client_id=CLIENT_ID,
            client_secret=lambda: SECRET,
            forget_secret=lambda: None,
            redirect_uri=f"{BASE_URL}/oauth/callback",
            transport=self.to_fortnox,
        )

    def company(self, access: Callable[[str], str]) -> FortnoxCompany:
        """The real client of Fortnox's API; waiting for its turn moves the clock."""
        return FortnoxCompany(
            base_url="https://api.fortnox.example",
            access=access,
            transport=self.to_fortnox,
            pace=Pace(monotonic=lambda: self.clock().timestamp(), sleep=self.clock.sleep),
        )

    def wms(self) -> OngoingClient:
        """The real client of Ongoing, which tries filters only where they were never tried."""
        return OngoingClient(
            self.to_ongoing,
            base_url="https://api.ongoing.example",
            memory=self.wms_memory,
            report=self.report,
            chance=lambda: 1.0,
        )

    def engine(self) -> TokenEngine:
        """The token engine; both saves are made one after the other, so that tests repeat."""

        def both(
            first: Callable[[], object], second: Callable[[], object]
        ) -> tuple[Exception | None, Exception | None]:
            return _attempt(first), _attempt(second)

        return TokenEngine(
            store=self.tokens,
            journal=self.journal,
            sealer=self.sealer,
            oauth=self.oauth(),
            clock=self.clock,
            seconds_left=lambda: self.time_left,
            new_id=self.new_id,
            both=both,
            report=self.report,
        )

    def follow_keys(self, integration_id: str) -> None:
        """Holds or releases an integration, as its keys are."""
        tools = FollowTools(
            integrations=self.integrations,
            tokens=self.tokens,
            notices=self.notices,
            clock=self.clock,
            report=self.report,
        )
        follow_keys(tools, integration_id)

    def consent_tools(self) -> ConsentTools:
        """Tools of consents."""
        return ConsentTools(
            sessions=self.sessions, oauth=self.oauth(), clock=self.clock, new_secret=lambda: f"secret-{self.new_id()}"
        )

    def sign_in_tools(self) -> SignInTools:
        """Tools of the landing page."""
        return SignInTools(
            consent=self.consent_tools(),
            integrations=self.integrations,
            sessions=self.sessions,
            sealer=self.sealer,
            wms=self.wms(),
            clock=self.clock,
            sleep=self.clock.sleep,
            new_secret=lambda: f"secret-{self.new_id()}",
        )

    def connect_tools(self) -> ConnectTools:
        """Tools of the callback."""
        return ConnectTools(
            consent=self.consent_tools(),
            engine=self.engine(),
            integrations=self.integrations,
            notices=self.notices,
            queue=self.queue,
            fortnox_with=lambda token: self.company(lambda _refused: token),
            report=self.report,
        )

    def change_tools(self) -> ChangeTools:
        """Tools of the portal's buttons."""
        return ChangeTools(
            integrations=self.integrations,
            exports=self.exports,
            notices=self.notices,
            queue=self.queue,
            engine=self.engine(),
            clock=self.clock,
            report=self.report,
        )

    def outside(self) -> OutsideCalls:
        """Calls of a run beside each other, on the clock."""
        return FakeOutsideCalls(self.clock)

    def sync_tools(self) -> SyncTools:
        """Tools of a run."""

        def fortnox_of(integration: Integration) -> FortnoxCompany:
            engine = self.engine()
            return self.company(lambda refused: access_token(engine, integration.id, refused=refused))

        return SyncTools(
            integrations=self.integrations,
            exports=self.exports,
            notices=self.notices,
            follow_keys=self.follow_keys,
            queue=self.queue,
            sealer=self.sealer,
            wms=self.wms(),
            fortnox_of=fortnox_of,
            outside=self.outside(),
            clock=self.clock,
            seconds_left=lambda: self.time_left,
            new_id=self.new_id,
            report=self.report,
        )

    # ---- what people and schedules do

    def sign_in(
        self, *, system: str = f"{WAREHOUSE}.ongoingsystems.se", password: str = PASSWORD, mode: Mode = Mode.SERVICE
    ) -> SignedIn | ConsentStarted:
        """The landing page's form."""
        return sign_in(
            self.sign_in_tools(),
            system=system,
            username=USERNAME,
            password=password,
            address="192.0.2.1",
            mode=mode,
        )

    def start(self, mode: Mode = Mode.SERVICE) -> ConsentStarted:
        """Signs in with a system that must be connected."""
        started = self.sign_in(mode=mode)
        assert isinstance(started, ConsentStarted)
        return started

    def approve(self, started: ConsentStarted, *, tenant_id: str = TENANT_ID) -> Connected:
        """Approves in Fortnox and comes back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(started.url).query).items()}
        code = self.fortnox.approve(
            client_id=CLIENT_ID,
            tenant_id=tenant_id,
            username=ADMINISTRATORS[tenant_id],
            scopes=query["scope"].split(),
            service=query.get("account_type") == "service",
        )
        return connect_company(self.connect_tools(), state=query["state"], browser=started.browser, code=code, error="")

    def connect(self, mode: Mode = Mode.SERVICE) -> Integration:
        """From nothing to an active integration."""
        connected = self.approve(self.start(mode))
        form = settings_to_form(
            IntegrationSettings(from_date=self.today - timedelta(days=400), problem_address="a@b.example")
        )
        return save_settings(
            self.change_tools(),
            connected.integration,
            form,
            seen=settings_fingerprint(None),
            by=USERNAME,
        )

    def run(self, by: str = "schedule") -> RunSummary | None:
        """One run, as the queue brings it."""
        return sync_integration(self.sync_tools(), SyncRequest(integration_id=WAREHOUSE, by=by, slot=self.new_id()))

    def later(self, **time: float) -> None:
        """Lets time pass for everybody."""
        self.clock.advance(timedelta(**time))


def _attempt(act: Callable[[], object]) -> Exception | None:
    try:
        act()
    except Exception as error:
        return error
    return None
