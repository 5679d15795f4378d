"""The use cases wired to both simulators and to fakes, in one process and on one clock that tests move."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Unpack
from urllib.parse import parse_qs, urlsplit

from invoicing.application.change_integration import ChangeTools, save_settings
from invoicing.application.connect_company import Connected, ConnectTools, confirm_approval, receive_consent
from invoicing.application.ports import FortnoxOAuth, OutsideCalls, SyncRequest, WmsInvoices
from invoicing.application.sign_in import SignedIn, SignInTools, sign_in
from invoicing.application.start_consent import ConsentStarted, start_consent
from invoicing.application.sync_integration import sync_integration
from invoicing.application.sync_tools import SyncTools
from invoicing.application.token_engine import TokenEngine
from invoicing.domain.integration import Integration, RunSummary
from invoicing.domain.integration_settings import IntegrationSettings, settings_fingerprint
from invoicing.domain.session import PendingApproval, Proposal
from invoicing.domain.tokens import Mode
from invoicing.runtime.bootstrap import Bootstrap, Given
from invoicing.runtime.observability import TAKEN

from local.fortnox.oauth import Client
from local.fortnox.seed import CLIENT_ID, MOVED_TENANT_ID, OTHER_TENANT_ID, TENANT_ID, default_company, other_company
from local.fortnox.simulator import FortnoxSimulator
from local.ongoing.in_process import InProcessTransport
from local.ongoing.seed import CUSTOMER_ID, PASSWORD, USERNAME, WAREHOUSE, default_warehouse
from local.ongoing.simulator import OngoingSimulator
from tests.support.fakes import (
    FakeAnchors,
    FakeCheckpoints,
    FakeClock,
    FakeExports,
    FakeIntegrations,
    FakeMailer,
    FakeMonths,
    FakeNotices,
    FakeOutsideCalls,
    FakeSealer,
    FakeSessions,
    FakeSyncQueue,
    FakeTokenJournal,
    FakeTokenStore,
    FakeWmsMemory,
)
from tests.support.wiring import BASE_URL, SECRET, ByHost, FakeSecret, one_after_the_other, simulated_settings

ADMINISTRATORS = {
    TENANT_ID: "admin@nordlager.example",
    MOVED_TENANT_ID: "admin@nordlager.example",
    OTHER_TENANT_ID: "fel@foretag.example",
}


@dataclass
class World:
    """One system, one Fortnox company, and everything of ours between them, wired as it is deployed."""

    clock: FakeClock = field(default_factory=FakeClock)
    integrations: FakeIntegrations = field(default_factory=FakeIntegrations)
    exports: FakeExports = field(default_factory=FakeExports)
    months: FakeMonths = field(default_factory=FakeMonths)
    checkpoints: FakeCheckpoints = field(default_factory=FakeCheckpoints)
    anchors: FakeAnchors = field(default_factory=FakeAnchors)
    program: str = "7"
    tokens: FakeTokenStore = field(default_factory=FakeTokenStore)
    journal: FakeTokenJournal = field(default_factory=FakeTokenJournal)
    sealer: FakeSealer = field(default_factory=FakeSealer)
    sessions: FakeSessions = field(default_factory=FakeSessions)
    notices: FakeNotices = field(default_factory=FakeNotices)
    queue: FakeSyncQueue = field(default_factory=FakeSyncQueue)
    mailer: FakeMailer = field(default_factory=FakeMailer)
    reports: list[tuple[str, Mapping[str, str | int]]] = field(default_factory=list)
    wms_memory: FakeWmsMemory = field(default_factory=FakeWmsMemory)
    signing_secret: FakeSecret = field(default_factory=lambda: FakeSecret("the-signing-secret"))
    time_left: float = 300.0
    operator_address: str = "on-call@invoicing.example"
    base_url: str = BASE_URL

    def __post_init__(self) -> None:
        client = Client(client_id=CLIENT_ID, secret=SECRET, redirect_uris=(f"{self.base_url}/oauth/callback",))
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

    @property
    def parts(self) -> Bootstrap:
        """The wiring that is deployed, between both simulators and our fakes as they are now."""
        return self.bootstrap()

    def bootstrap(self, **instead: Unpack[Given]) -> Bootstrap:
        """The same wiring with some parts replaced."""
        given: Given = {
            "clock": self.clock,
            "sleep": self.clock.sleep,
            "monotonic": lambda: self.clock().timestamp(),
            "new_id": self.new_id,
            "new_secret": lambda: f"secret-{self.new_id()}",
            "chance": lambda: 1.0,  # filters are tried only where they were never tried
            "both": one_after_the_other,
            "report": self.report,
            "transport": ByHost(lambda host: self.to_ongoing if "ongoing" in host else self.to_fortnox),
            "outside": self.outside(),
            "integrations": self.integrations,
            "exports": self.exports,
            "months": self.months,
            "checkpoints": self.checkpoints,
            "anchors": self.anchors,
            "program": self.program,
            "sessions": self.sessions,
            "notices": self.notices,
            "tokens": self.tokens,
            "journal": self.journal,
            "sealer": self.sealer,
            "password_sealer": self.sealer,
            "queue": self.queue,
            "wms_memory": self.wms_memory,
            "mailer": self.mailer,
            "fortnox_secret": FakeSecret(SECRET),
            "signing_secret": self.signing_secret,
        }
        given.update(instead)
        parts = Bootstrap(simulated_settings(self.base_url, alarm_email=self.operator_address), **given)
        parts.invoked(SimpleNamespace(get_remaining_time_in_millis=lambda: self.time_left * 1000))
        return parts

    def new_id(self) -> str:
        """Ids that tests can tell apart."""
        return f"id-{next(self._ids)}"

    def report(self, event: str, fields: Mapping[str, str | int]) -> None:
        """Keeps what would be logged, under names that a log line takes."""
        assert not TAKEN & set(fields), f"{event}: {TAKEN & set(fields)}"
        self.reports.append((event, fields))

    def oauth(self) -> FortnoxOAuth:
        """The real client of Fortnox's authorization server."""
        return self.parts.oauth(self.base_url)

    def wms(self) -> WmsInvoices:
        """The real client of Ongoing."""
        return self.parts.wms

    def engine(self) -> TokenEngine:
        """The token engine."""
        return self.parts.engine(self.base_url)

    def follow_keys(self, integration_id: str) -> None:
        """Holds or releases an integration, as its keys are."""
        self.parts.follow_keys(integration_id)

    def sign_in_tools(self) -> SignInTools:
        """Tools of the landing page."""
        return self.parts.sign_in_tools(self.base_url)

    def connect_tools(self) -> ConnectTools:
        """Tools of the callback."""
        return self.parts.connect_tools(self.base_url)

    def change_tools(self) -> ChangeTools:
        """Tools of the portal's buttons."""
        return self.parts.change_tools()

    def outside(self) -> OutsideCalls:
        """Calls of a run beside each other, on the clock."""
        return FakeOutsideCalls(self.clock)

    def sync_tools(self) -> SyncTools:
        """Tools of a run."""
        return self.parts.sync_tools()

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
        """Approves in Fortnox, comes back and confirms."""
        return self.confirm(self.receive(started, tenant_id=tenant_id))

    def confirm(self, approval: PendingApproval) -> Connected:
        """Reads what the approval means, and wants it."""
        return confirm_approval(self.connect_tools(), browser=approval.browser, guard=approval.guard)

    def receive(self, started: ConsentStarted, *, tenant_id: str = TENANT_ID) -> PendingApproval:
        """Approves in Fortnox and comes back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(started.url).query).items()}
        code = self.fortnox.approve(
            client_id=CLIENT_ID,
            tenant_id=tenant_id,
            username=ADMINISTRATORS[tenant_id],
            scopes=query["scope"].split(),
            service=query.get("account_type") == "service",
        )
        return receive_consent(self.connect_tools(), state=query["state"], browser=started.browser, code=code, error="")

    def connect(self, mode: Mode = Mode.SERVICE) -> Integration:
        """From nothing to an active integration."""
        connected = self.approve(self.start(mode))
        settings = IntegrationSettings(from_date=self.today - timedelta(days=400), problem_address="a@b.example")
        return save_settings(
            self.change_tools(),
            connected.integration,
            settings,
            seen=settings_fingerprint(None),
            by=USERNAME,
        )

    def attach_specifications(self) -> Integration:
        """The setting is switched on, and Fortnox approves what it needs."""
        return self._approve_again(files=True)

    def approve_more(self, *permissions: str) -> Integration:
        """Fortnox approves more than at the first time."""
        return self._approve_again(also=permissions)

    def _approve_again(self, *, files: bool = False, also: tuple[str, ...] = ()) -> Integration:
        integration = self.integrations.get(WAREHOUSE)
        assert integration is not None
        proposal = Proposal(
            integration_id=integration.id,
            mode=Mode.SERVICE,
            wms_username=integration.wms_username,
            wms_password=integration.wms_password,
            wms_password_mark=integration.wms_password_mark,
            generation=integration.generation,
            by=USERNAME,
            files=files,
            also=also,
        )
        return self.approve(start_consent(self.parts.consent_tools(self.base_url), proposal)).integration

    def run(self, by: str = "schedule") -> RunSummary | None:
        """One run, as the queue brings it."""
        return sync_integration(self.sync_tools(), SyncRequest(integration_id=WAREHOUSE, by=by, slot=self.new_id()))

    def later(self, **time: float) -> None:
        """Lets time pass for everybody."""
        self.clock.advance(timedelta(**time))
