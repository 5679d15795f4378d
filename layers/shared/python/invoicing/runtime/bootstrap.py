"""Chooses the implementations: the only module that names adapters.

Parts are made when they are first used, and their modules imported only then: every import on a Lambda's start
is paid for by somebody who waits. Tests hand over fakes by the names of parts (`Given`), so that they prove this
wiring.
"""

import os
import random
import secrets
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, Unpack

from invoicing.domain.errors import ConfigurationError
from invoicing.runtime.observability import report
from invoicing.runtime.settings import Settings

if TYPE_CHECKING:
    from boto3.session import Session

    from invoicing.adapters.aws.forgetting import Forgetting
    from invoicing.adapters.aws.log_search import LogSearch
    from invoicing.adapters.aws.restored_table import RestoredTable
    from invoicing.adapters.aws.stack_checks import StackChecks
    from invoicing.adapters.aws.sync_queue import SqsSyncQueue
    from invoicing.adapters.fortnox.api import FortnoxCompany
    from invoicing.adapters.fortnox.drift import Drift
    from invoicing.adapters.fortnox.first_contact import FirstContact
    from invoicing.application.change_integration import ChangeTools
    from invoicing.application.connect_company import ConnectTools
    from invoicing.application.http import HttpTransport
    from invoicing.application.know_register import KnownRegister
    from invoicing.application.look_before import BeforeTools
    from invoicing.application.mend_in_fortnox import MendTools
    from invoicing.application.ports import (
        Anchors,
        Checkpoints,
        Clock,
        DeadLetters,
        Exports,
        FortnoxOAuth,
        Integrations,
        Mailer,
        Marks,
        Months,
        Notices,
        OutsideCalls,
        Report,
        Sealer,
        SecondsLeft,
        Sessions,
        SyncQueue,
        SyncRequest,
        TokenJournal,
        TokenStore,
        WmsInvoices,
        WmsMemory,
    )
    from invoicing.application.prove_login import ProofTools
    from invoicing.application.rehearse import RehearsalTools
    from invoicing.application.send_notice import NoticeTools
    from invoicing.application.sign_in import SignInTools
    from invoicing.application.start_consent import ConsentTools
    from invoicing.application.sync_tools import SyncTools
    from invoicing.application.token_engine import Both, TokenEngine
    from invoicing.domain.examination import Examination
    from invoicing.domain.integration import Integration
    from invoicing.domain.integration_settings import IntegrationSettings
    from invoicing.domain.specification import Specification
    from invoicing.domain.wms_invoice import WmsLogin
    from invoicing.rendering.mails import Mails
    from invoicing.rendering.pages import Pages
    from invoicing.runtime.beside_each_other import QueueMessage
    from invoicing.runtime.known_browsers import KnownBrowsers
    from invoicing.runtime.links import Links
    from invoicing.runtime.traces import Traces


_PATIENCE_SECONDS = 6.0  # for one call to Fortnox, of a person who waits
_SECONDS_TO_SHOW = 2.0  # what a page needs to be made after the last call
_PAGE_BACK_OFF_SECONDS = (2.0,)


def describe_stack(stack_name: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Outputs and parameters of a deployed stack. Raises ConfigurationError, RetryLaterError."""
    from invoicing.adapters.aws import stack_outputs
    from invoicing.adapters.aws.client_config import STANDARD
    from invoicing.adapters.aws.errors import translated

    with translated("CloudFormation"):
        client = sdk_session().client("cloudformation", config=STANDARD)
    return stack_outputs.describe_stack(client, stack_name)


def sdk_session() -> "Session":
    """The AWS SDK, in this function's region; imported when the first client is needed."""
    from boto3.session import Session

    return Session(region_name=os.environ.get("AWS_REGION"))


def draw_specification(specification: "Specification") -> bytes:
    """The file; what draws is imported with the first one."""
    from invoicing.rendering import specification_pdf

    return specification_pdf.draw_specification(specification)


def utc_now() -> datetime:
    """The clock of everything."""
    return datetime.now(UTC)


def new_id() -> str:
    """An id that sorts by nothing and collides with nothing."""
    return uuid.uuid4().hex


def new_secret() -> str:
    """256 random bits for cookies, states and form guards."""
    return secrets.token_urlsafe(32)


def side_by_side(
    first: Callable[[], object], second: Callable[[], object]
) -> tuple[Exception | None, Exception | None]:
    """Runs both at once; gives what each raised."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        jobs = [pool.submit(first), pool.submit(second)]
    errors = [job.exception() for job in jobs]
    for error in errors:
        if error is not None and not isinstance(error, Exception):
            raise error
    return errors[0], errors[1]  # type: ignore[return-value] # anything but Exception was raised above


class Secret(Protocol):
    """A secret of this installation, remembered once it was fetched."""

    def __call__(self) -> str: ...

    def forget(self) -> None:
        """It was refused: the next call fetches it anew."""
        ...


class TurningSecret(Protocol):
    """A secret that only we know: the newest signs, and others are believed while it is turned."""

    def __call__(self) -> str:
        """The newest, as far as this process knows."""
        ...

    def others(self) -> Sequence[str]:
        """What may have signed besides: a newer one that this process had not seen, and the one before."""
        ...


class Given(TypedDict, total=False):
    """Parts that may be handed over instead of being made; each is the part of `Bootstrap` of that name."""

    clock: "Clock"
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]
    new_id: Callable[[], str]
    new_secret: Callable[[], str]
    chance: Callable[[], float]
    both: "Both"
    report: "Report"
    sdk: Any
    transport: "HttpTransport"
    outside: "OutsideCalls"
    integrations: "Integrations"
    exports: "Exports"
    months: "Months"
    checkpoints: "Checkpoints"
    anchors: "Anchors"
    program: str
    sessions: "Sessions"
    notices: "Notices"
    tokens: "TokenStore"
    journal: "TokenJournal"
    sealer: "Sealer"
    password_sealer: "Sealer"
    slow_queue: "SyncQueue"
    queue: "SyncQueue"
    wms_memory: "WmsMemory"
    mailer: "Mailer"
    fortnox_secret: Secret
    signing_secret: TurningSecret


_API_GATEWAY_WAITS = 29.0  # seconds


class Bootstrap:
    """The parts of one function, made from its settings and kept for the life of the process."""

    def __init__(self, settings: Settings, **given: Unpack[Given]) -> None:
        self._settings = settings
        self._invocation: Any = None
        self._time_given = 0.0
        self.__dict__.update(given)  # where a cached property looks first

    def invoked(self, context: Any) -> None:
        """Takes the context of this invocation, which knows the time left."""
        self._invocation = context
        self._time_given = self.time_left()

    def time_left(self) -> float:
        """Seconds until this invocation is stopped."""
        return float(self._invocation.get_remaining_time_in_millis()) / 1000 if self._invocation else 0.0

    def time_to_answer(self) -> float:
        """Seconds until a browser gets no answer any more. What must be kept is kept also after that."""
        left = self.time_left()
        return min(left, _API_GATEWAY_WAITS - (self._time_given - left))

    def is_stopped(self) -> bool:
        """Whether the service operator has paused all work, which is said in the log."""
        since = self.integrations.stopped_since()
        if since is not None:
            self.report("service_stopped", {"since": since.isoformat()})
        return since is not None

    # ---- time, chance and log

    @cached_property
    def clock(self) -> "Clock":
        return utc_now

    @cached_property
    def sleep(self) -> Callable[[float], None]:
        return time.sleep

    @cached_property
    def monotonic(self) -> Callable[[], float]:
        return time.monotonic

    @cached_property
    def new_id(self) -> Callable[[], str]:
        return new_id

    @cached_property
    def new_secret(self) -> Callable[[], str]:
        return new_secret

    @cached_property
    def chance(self) -> Callable[[], float]:
        """Evenly from 0 to 1: what is done now and then is done by it."""
        return random.random

    @cached_property
    def both(self) -> "Both":
        return side_by_side

    @cached_property
    def report(self) -> "Report":
        return report

    # ---- stores

    @cached_property
    def integrations(self) -> "Integrations":
        from invoicing.adapters.aws.integrations import DynamoIntegrations

        return DynamoIntegrations(self._client("dynamodb"), self._setting("integrations_table"))

    @cached_property
    def exports(self) -> "Exports":
        from invoicing.adapters.aws.exports import DynamoExports

        return DynamoExports(self._client("dynamodb"), self._setting("exports_table"))

    @cached_property
    def months(self) -> "Months":
        from invoicing.adapters.aws.months import DynamoMonths

        return DynamoMonths(self._client("dynamodb"), self._setting("exports_table"))

    @cached_property
    def checkpoints(self) -> "Checkpoints":
        from invoicing.adapters.aws.checkpoints import DynamoCheckpoints

        return DynamoCheckpoints(self._client("dynamodb"), self._setting("exports_table"))

    @cached_property
    def anchors(self) -> "Anchors":
        from invoicing.adapters.aws.anchors import S3Anchors

        return S3Anchors(self._client("s3"), self._setting("journal_bucket"))

    @cached_property
    def program(self) -> str:
        """The version that runs: code, layers and settings of one deployment."""
        return os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "")

    @cached_property
    def sessions(self) -> "Sessions":
        from invoicing.adapters.aws.sessions import DynamoSessions

        return DynamoSessions(self._client("dynamodb"), self._setting("sessions_table"))

    @cached_property
    def notices(self) -> "Notices":
        from invoicing.adapters.aws.notices import DynamoNotices

        return DynamoNotices(self._client("dynamodb"), self._setting("notices_table"))

    @cached_property
    def tokens(self) -> "TokenStore":
        from invoicing.adapters.aws.token_store import DynamoTokenStore

        client = self._client("dynamodb", "TOKEN_STORES")
        return DynamoTokenStore(client, self._setting("tokens_table"), report=self.report)

    @cached_property
    def journal(self) -> "TokenJournal":
        from invoicing.adapters.aws.journal import S3TokenJournal

        return S3TokenJournal(self._client("s3", "TOKEN_STORES"), self._setting("journal_bucket"))

    @cached_property
    def sealer(self) -> "Sealer":
        from invoicing.adapters.aws.sealing import KmsSealer

        return KmsSealer(self._client("kms"), self._setting("kms_key_id"), environment=self._settings.stage_name)

    @cached_property
    def password_sealer(self) -> "Sealer":
        """For passwords of systems, which every run opens."""
        from invoicing.adapters.aws.branch_keys import BranchKeySealer

        return BranchKeySealer(
            self._client("kms"),
            self._setting("kms_key_id"),
            self._client("dynamodb"),
            self._setting("integrations_table"),
            environment=self._settings.stage_name,
        )

    @cached_property
    def queue(self) -> "SqsSyncQueue":
        from invoicing.adapters.aws.sync_queue import SqsSyncQueue

        return SqsSyncQueue(self._client("sqs"), self._setting("sync_queue_url"))

    @cached_property
    def slow_queue(self) -> "SqsSyncQueue":
        from invoicing.adapters.aws.sync_queue import SqsSyncQueue

        return SqsSyncQueue(self._client("sqs"), self._setting("slow_sync_queue_url"))

    def queue_named(self, name: str) -> "SqsSyncQueue":
        """That of the slow systems, or the ordinary one."""
        return self.slow_queue if self._setting("slow_sync_queue_url").endswith(f"/{name}") else self.queue

    @cached_property
    def mailer(self) -> "Mailer":
        from invoicing.adapters.aws.mailer import SesMailer

        return SesMailer(
            self._client("sesv2", "MAIL"),
            sender=self._setting("sender_address"),
            configuration_set=self._setting("mail_configuration_set"),
        )

    @cached_property
    def fortnox_secret(self) -> Secret:
        from invoicing.adapters.aws import secrets as stored

        return stored.Secret(self._client("secretsmanager"), self._setting("fortnox_secret_arn"))

    @cached_property
    def signing_secret(self) -> TurningSecret:
        from invoicing.adapters.aws import secrets as stored

        return stored.TurningSecret(self._client("secretsmanager"), self._setting("signing_secret_arn"))

    # ---- for the service operator

    def sync_dead_letters(self) -> "DeadLetters":
        """Runs that failed five times; redriving queues them again."""
        from invoicing.adapters.aws.dead_letters import SqsDeadLetters, back_to_queue

        client = self._client("sqs")
        return SqsDeadLetters(
            client,
            self._setting("sync_dead_letters_url"),
            give_back=back_to_queue(client, self._setting("sync_queue_url")),
        )

    def notice_dead_letters(self) -> "DeadLetters":
        """Notices that could not be sent; redriving lets notify_operators try again."""
        from invoicing.adapters.aws.dead_letters import SqsDeadLetters, back_to_function

        give_back = back_to_function(self._client("lambda"), self._setting("notify_operators_function"))
        return SqsDeadLetters(self._client("sqs"), self._setting("notice_dead_letters_url"), give_back=give_back)

    def restored_table(self, restored: str, target: str) -> "RestoredTable":
        """A table made of a backup of `target`."""
        from invoicing.adapters.aws.restored_table import RestoredTable

        return RestoredTable(self._client("dynamodb"), restored, target, now=self.clock())

    def forgetting(self) -> "Forgetting":
        """Takes one integration out of all tables."""
        from invoicing.adapters.aws.forgetting import Forgetting

        return Forgetting(
            dynamodb=self._client("dynamodb"),
            s3=self._client("s3"),
            integrations=self._setting("integrations_table"),
            tokens=self._setting("tokens_table"),
            exports=self._setting("exports_table"),
            notices=self._setting("notices_table"),
            journal=self._setting("journal_bucket"),
        )

    def log_search(self) -> "LogSearch":
        """Questions to the stack's logs."""
        from invoicing.adapters.aws.log_search import LogSearch

        return LogSearch(self._client("logs"), sleep=self.sleep)

    def invoke_function(self, name: str) -> str:
        """Invokes what a schedule invokes, waits for its end, and gives its answer. Raises like `translated`."""
        from invoicing.adapters.aws.invocation import invoke

        return invoke(self._client("lambda", "INVOCATION"), name, now=self.clock())

    def stack_checks(self, stack_name: str, outputs: Mapping[str, str], parameters: Mapping[str, str]) -> "StackChecks":
        """Asks AWS what is true of the stack before the first customer."""
        from invoicing.adapters.aws.stack_checks import StackChecks

        return StackChecks(self._client, stack_name, outputs, parameters)

    # ---- the two systems

    @cached_property
    def transport(self) -> "HttpTransport":
        from invoicing.adapters.http.transport import PooledTransport

        return PooledTransport()

    @cached_property
    def wms(self) -> "WmsInvoices":
        return self._wms()

    @cached_property
    def hasty_wms(self) -> "WmsInvoices":
        """Gives up where others would wait."""
        from invoicing.application.read_wms import SLOW_SECONDS

        return self._wms(patience=SLOW_SECONDS)

    def _wms(self, patience: float | None = None) -> "WmsInvoices":
        from invoicing.adapters.ongoing.client import OngoingClient

        return OngoingClient(
            self.transport,
            base_url=self._setting("ongoing_api_base_url"),
            memory=self.wms_memory,
            report=self.report,
            chance=self.chance,
            patience=patience,
            monotonic=self.monotonic,
        )

    def examine_wms(self, login: "WmsLogin", *, write: int | None, may_be_empty: bool) -> "Examination":
        """The first half hour with a system. Raises like the WMS port."""
        from invoicing.adapters.ongoing.client import OngoingClient
        from invoicing.adapters.ongoing.examine import OngoingExaminer

        client = OngoingClient(self.transport, base_url=self._setting("ongoing_api_base_url"))
        return OngoingExaminer(client, may_be_empty=may_be_empty).examine(login, write=write)

    def wms_confirm_empty(self, login: "WmsLogin") -> None:
        """A person says that a result without any list is an empty one in this system."""
        from invoicing.adapters.ongoing.knowledge import confirm_empty

        confirm_empty(login.warehouse, self.wms_memory)

    @cached_property
    def wms_memory(self) -> "WmsMemory":
        from invoicing.adapters.aws.wms_memory import DynamoWmsMemory

        return DynamoWmsMemory(self._client("dynamodb"), self._setting("integrations_table"))

    def oauth(self, base_url: str = "") -> "FortnoxOAuth":
        """`base_url` is the address of our pages; only consents need it."""
        from invoicing.adapters.fortnox.oauth import FortnoxAuthorization

        return FortnoxAuthorization(
            base_url=self._setting("fortnox_auth_base_url"),
            client_id=self._setting("fortnox_client_id"),
            client_secret=self._client_secret,
            forget_secret=self._forget_client_secret,
            redirect_uri=f"{base_url}/oauth/callback",
            transport=self.transport,
        )

    def fortnox_of(self, integration: "Integration") -> "FortnoxCompany":
        """The client of one integration's company, whose tokens the engine gives."""
        from invoicing.application.access_fortnox import access_token

        engine = self.engine()
        company = self._fortnox(lambda refused: access_token(engine, integration.id, refused=refused))
        company.look = self._drift_of(integration.id).look
        return company

    def fortnox_with(self, token: str) -> "FortnoxCompany":
        """A client with one given token."""
        return self._fortnox(lambda _refused: token)

    def _fortnox(self, access: Callable[[str], str]) -> "FortnoxCompany":
        from invoicing.adapters.fortnox.api import FortnoxCompany
        from invoicing.adapters.fortnox.pace import Pace

        return FortnoxCompany(
            base_url=self._setting("fortnox_api_base_url"),
            access=access,
            transport=self.transport,
            pace=Pace(monotonic=self.monotonic, sleep=self.sleep),
        )

    def _drift_of(self, integration_id: str) -> "Drift":
        """One for the life of the process, so that what is strange is told once."""
        from invoicing.adapters.fortnox.drift import Drift

        return self._drifts.setdefault(integration_id, Drift(report=self.report, integration_id=integration_id))

    @cached_property
    def _drifts(self) -> "dict[str, Drift]":
        return {}

    def first_contact(self, integration: "Integration") -> "FirstContact":
        """Asks one integration's company what nobody has published."""
        from invoicing.adapters.fortnox.first_contact import FirstContact

        company = self.fortnox_of(integration)
        return FirstContact(company=company, tenant_id=integration.company.tenant_id, sleep=self.sleep)

    @cached_property
    def outside(self) -> "OutsideCalls":
        from invoicing.runtime.outside_calls import ThreadedCalls

        return ThreadedCalls()

    # ---- tools of the use cases

    def engine(self, base_url: str = "") -> "TokenEngine":
        from invoicing.application.token_engine import TokenEngine

        return TokenEngine(
            store=self.tokens,
            journal=self.journal,
            sealer=self.sealer,
            oauth=self.oauth(base_url),
            clock=self.clock,
            seconds_left=self.time_left,
            new_id=self.new_id,
            both=self.both,
            report=self.report,
        )

    def follow_keys(self, integration_id: str) -> None:
        """Holds or releases the integration, as its keys are."""
        from invoicing.application.follow_keys import FollowTools, follow_keys

        tools = FollowTools(
            integrations=self.integrations,
            tokens=self.tokens,
            notices=self.notices,
            clock=self.clock,
            report=self.report,
        )
        follow_keys(tools, integration_id)

    def consent_tools(self, base_url: str) -> "ConsentTools":
        from invoicing.application.start_consent import ConsentTools

        return ConsentTools(
            sessions=self.sessions, oauth=self.oauth(base_url), clock=self.clock, new_secret=self.new_secret
        )

    def proof_tools(self) -> "ProofTools":
        from invoicing.application.prove_login import ProofTools

        return ProofTools(
            integrations=self.integrations,
            notices=self.notices,
            sessions=self.sessions,
            wms=self.wms,
            marks=self.marks,
            clock=self.clock,
            sleep=self.sleep,
        )

    def sign_in_tools(self, base_url: str) -> "SignInTools":
        from invoicing.application.sign_in import SignInTools

        return SignInTools(
            integrations=self.integrations,
            notices=self.notices,
            sessions=self.sessions,
            wms=self.wms,
            marks=self.marks,
            clock=self.clock,
            sleep=self.sleep,
            consent=self.consent_tools(base_url),
            sealer=self.password_sealer,
            new_secret=self.new_secret,
        )

    def connect_tools(self, base_url: str) -> "ConnectTools":
        from invoicing.application.connect_company import ConnectTools

        return ConnectTools(
            consent=self.consent_tools(base_url),
            engine=self.engine(base_url),
            integrations=self.integrations,
            notices=self.notices,
            queue=self.queue,
            fortnox_with=self.fortnox_with,
            report=self.report,
        )

    def change_tools(self) -> "ChangeTools":
        from invoicing.application.change_integration import ChangeTools

        return ChangeTools(
            integrations=self.integrations,
            exports=self.exports,
            notices=self.notices,
            sessions=self.sessions,
            queue=self.queue,
            wms_memory=self.wms_memory,
            engine=self.engine(),
            clock=self.clock,
            report=self.report,
        )

    def mend_tools(self, integration: "Integration") -> "MendTools":
        """With a client of Fortnox that is done while somebody still waits for the page."""
        from invoicing.application.mend_in_fortnox import MendTools

        fortnox = self.fortnox_of(integration)
        fortnox.patience = lambda: min(_PATIENCE_SECONDS, self.time_to_answer() - _SECONDS_TO_SHOW)
        fortnox.back_off = _PAGE_BACK_OFF_SECONDS
        return MendTools(change=self.change_tools(), fortnox=fortnox, seconds_left=self.time_to_answer)

    def warm_up(self) -> None:
        """Makes what several threads would otherwise make at the same moment: clients of AWS must not be."""
        _ = (self.integrations, self.exports, self.notices, self.tokens, self.journal, self.sealer)
        _ = (self.password_sealer, self.queue, self.slow_queue, self.transport, self.fortnox_secret)
        _ = (self.wms, self.hasty_wms)

    def sync_tools(
        self,
        message: "QueueMessage | None" = None,
        *,
        outside: "OutsideCalls | None" = None,
        seconds_left: "SecondsLeft | None" = None,
        report: "Report | None" = None,
        shared: bool = False,
    ) -> "SyncTools":
        """Tools of one run, which that message asked for, and which is alone in its invocation unless that is `shared`.

        Its calls have threads of their own (`outside`), so that no system waits for another.
        """
        from invoicing.application.sync_tools import Lanes, SyncTools

        lanes = None
        if message is not None:
            is_slow = self.queue_named(message.queue) is self.slow_queue
            lanes = Lanes(
                slow=is_slow,
                other=self.queue if is_slow else self.slow_queue,
                hasty=self.hasty_wms if shared and not is_slow else None,
            )
        return SyncTools(
            integrations=self.integrations,
            exports=self.exports,
            months=self.months,
            checkpoints=self.checkpoints,
            anchors=lambda: self.anchors,
            program=self.program,
            notices=self.notices,
            follow_keys=self.follow_keys,
            queue=self.queue,
            sealer=self.password_sealer,
            wms=self.wms,
            fortnox_of=self.fortnox_of,
            outside=outside or self.outside,
            clock=self.clock,
            seconds_left=seconds_left or self.time_left,
            new_id=self.new_id,
            report=report or self.report,
            draw=draw_specification,
            lanes=lanes,
        )

    def rehearsal_tools(self, integration: "Integration") -> "RehearsalTools":
        from invoicing.application.rehearse import RehearsalTools

        return RehearsalTools(
            exports=self.exports,
            sealer=self.password_sealer,
            wms=self.wms,
            fortnox=self.fortnox_of(integration),
            clock=self.clock,
            seconds_left=self.time_to_answer,
        )

    def before_tools(self, integration: "Integration") -> "BeforeTools":
        """Tools of a look that somebody waits for: nothing is believed without looking."""
        from invoicing.application.look_before import BeforeTools
        from invoicing.application.rehearse import SECONDS_TO_ANSWER

        return BeforeTools(
            exports=self.exports,
            sealer=self.password_sealer,
            wms=self.wms,
            fortnox=self.fortnox_of(integration),
            clock=self.clock,
            seconds_left=self.time_left,
            to_end=SECONDS_TO_ANSWER,
            remembered=False,
            report=self.report,
        )

    def register_of(self, integration: "Integration", settings: "IntegrationSettings") -> "KnownRegister":
        """What is remembered of a company's registers; the rest is asked for while somebody still waits."""
        from invoicing.application.know_register import KnownRegister
        from invoicing.application.rehearse import SECONDS_TO_ANSWER

        return KnownRegister(
            integration_id=integration.id,
            settings=settings,
            exports=self.exports,
            fortnox=self.fortnox_of(integration),
            clock=self.clock,
            may_ask=lambda: self.time_to_answer() > SECONDS_TO_ANSWER,
        )

    def notice_tools(self) -> "NoticeTools":
        from invoicing.application.send_notice import NoticeTools
        from invoicing.runtime.letters import LinkedLetters

        return NoticeTools(
            notices=self.notices,
            integrations=self.integrations,
            exports=self.exports,
            mailer=self.mailer,
            letters=LinkedLetters(mails=self.mails, links=self.links(self._setting("public_base_url"))),
            operator_address=self._setting("alarm_email"),
            clock=self.clock,
            report=self.report,
        )

    def sync_request(self, body: str) -> "SyncRequest":
        """Reads a message of the sync queue. Raises UpstreamContractError."""
        from invoicing.adapters.aws.sync_message import read_sync_request

        return read_sync_request(body)

    # ---- pages and mails

    def pages(self, base_path: str, query: str) -> "Pages":
        from invoicing.rendering.pages import Pages

        return Pages(base_path, support_address=self._setting("support_address"), query=query)

    @cached_property
    def mails(self) -> "Mails":
        from invoicing.rendering.mails import Mails

        return Mails(
            support_address=self._setting("support_address"), help_link=f"{self._setting('public_base_url')}/help"
        )

    def links(self, base_url: str) -> "Links":
        from invoicing.runtime.links import Links

        return Links(secret=self.signing_secret(), base_url=base_url, others=self.signing_secret.others)

    @property
    def marks(self) -> "Marks":
        from invoicing.runtime.password_marks import KeyedMarks

        return KeyedMarks(secret=self.signing_secret(), others=self.signing_secret.others)

    def traces(self) -> "Traces":
        from invoicing.runtime.traces import Traces

        return Traces(secret=self.signing_secret())

    def known_browsers(self) -> "KnownBrowsers":
        from invoicing.runtime.known_browsers import KnownBrowsers

        return KnownBrowsers(secret=self.signing_secret(), others=self.signing_secret.others)

    # ---- how they are made

    def _client_secret(self) -> str:
        return self.fortnox_secret()

    def _forget_client_secret(self) -> None:
        self.fortnox_secret.forget()

    def _setting(self, name: str) -> str:
        value: str | None = getattr(self._settings, name, None)
        if value is None:
            raise ConfigurationError(f"{type(self._settings).__name__} has no {name}")
        return value

    def _client(self, service: Any, config: str = "STANDARD") -> Any:
        from invoicing.adapters.aws import client_config

        key = (service, config)
        if key not in self._clients:
            self._clients[key] = self.sdk.client(service, config=getattr(client_config, config))
        return self._clients[key]

    @cached_property
    def _clients(self) -> dict[tuple[str, str], Any]:
        return {}

    @cached_property
    def sdk(self) -> Any:
        return sdk_session()
