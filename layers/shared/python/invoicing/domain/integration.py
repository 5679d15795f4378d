"""An integration: one system connected to one Fortnox company, with settings.

Its id is the warehouse name of the system, so one system can never have two integrations that send the
same invoices twice (docs/decisions/0002).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from invoicing.domain.change import Change
from invoicing.domain.checkpoint import LastCheckpoint
from invoicing.domain.integration_settings import IntegrationSettings, PriceMeaning, SendInvoices
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.look import Look
from invoicing.domain.remedy import EVERYBODY_HAS, PERMISSIONS
from invoicing.domain.sent_work import SentWork
from invoicing.domain.settlement import Following
from invoicing.domain.work import Work

LATE_AFTER = timedelta(hours=3)  # without a run that ended; one that finds nothing new is stored once an hour
MOST_ASKED = 500  # invoices that are asked for at a time: the record must stay small enough to be written
RUN_LIFE = timedelta(minutes=15)  # no run takes longer, and by then the schedule has brought another one


class IntegrationStatus(StrEnum):
    """What the scheduler does with it."""

    DRAFT = "draft"  # connected; settings not yet created
    ACTIVE = "active"
    PAUSED = "paused"  # by its operator
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """One Fortnox company: one ledger."""

    tenant_id: str
    name: str
    organisation_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunUnderWay:
    """A run that has begun to write."""

    started_at: datetime
    invoices: frozenset[int]  # ids of those that it looks at; a long list is looked at page by page
    saved: frozenset[int] = frozenset()  # ids of those that it has written
    ended: int = 0  # how many it had ended before it looked at these


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What the last run did."""

    started_at: datetime
    finished_at: datetime
    seen: int  # unexported invoices that Ongoing showed
    waiting: int  # of these, not due yet
    sent: int  # created in Fortnox
    updated: int
    held: int  # stopped by an issue
    failed: int  # to be tried again by itself
    problem: Issue | None = None  # of the whole integration
    # With a problem, or invoices that failed: when the last run without either ended, or the connection was made.
    good_at: datetime | None = None
    problem_since: datetime | None = None  # of the first of the runs, without one between, that it stopped
    look: Look | None = None  # of this run, or of the last one that could look
    slow: bool = False  # its system took so long to answer that others must not wait beside it
    # Of a list that is too long for one chain of runs: the next schedule begins after this id of an invoice.
    goes_on_after: int = 0
    listed: int | None = None  # how many Ongoing listed as not exported when that list was last read to its end
    listed_at: datetime | None = None  # when that was; None: in this run
    to_send: frozenset[int] = frozenset()  # invoices that wait to be sent to customers
    send_problems: frozenset[int] = frozenset()  # of these, what waits for a person
    send_at: datetime | None = None  # when they are to be looked at again
    following: Following | None = None  # of what was sent; None: it is not followed
    behind: datetime | None = None  # since when what is kept beside the records is not what they say
    checkpoint: LastCheckpoint | None = None  # up to where histories are closed
    closed: datetime | None = None  # the reactivation that a closing mail was written about
    looked_before: datetime | None = None  # when what gathers was last looked through by night
    month_told: str = ""  # the last month of which a mail said that all is well: 2026-10
    not_told: SentWork = field(default_factory=SentWork)  # sent since a reactivation, before its mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """`wms_password` is sealed; `version` grows with each change made by a person."""

    id: str
    status: IntegrationStatus
    company: Company
    wms_username: str
    wms_password: bytes = field(repr=False)
    wms_password_mark: str = field(default="", repr=False)  # tells another password from this one, and no more
    login_at: datetime | None = None  # when a person last proved that login
    settings: IntegrationSettings | None  # None while it is a draft
    connected_at: datetime
    approved_by: str = ""  # the Fortnox user who approved, where Fortnox says it
    may_attach: bool = False  # the approval covers files
    permissions: tuple[str, ...] = ()  # what the approval covers, in Fortnox's words; empty: as every first one
    address_confirmed: bool = False
    confirmed_address: str = ""  # the last one that somebody confirmed; hears of changes until another one is confirmed
    address_set: int = 0  # the version in which the address was written; a link to confirm is for one of them
    users: tuple[str, ...] = ()  # who has signed in, as they are compared
    networks: tuple[str, ...] = ()  # marks of those from which a user has signed in, the newest last
    changes: tuple[Change, ...] = ()  # what people did, oldest first
    detected_price_meaning: PriceMeaning = PriceMeaning.DETECT
    last_run: RunSummary | None = None
    version: int = 1
    status_since: datetime | None = None  # when it was created, paused or resumed last
    status_by: str = ""  # and by whom
    to_try: bool = False  # paused from the beginning, until somebody has tried it
    generation: int = 0  # grows when all sign-ins end
    broken_since: datetime | None = None  # the keys to Fortnox are dead since then; its work waits
    reactivated_at: datetime | None = None  # its keys work again since then; a closing mail says what was sent
    send_agreed: SendInvoices | None = None  # a person has let invoices go by themselves, this way
    asked: frozenset[int] = frozenset()  # invoices that a person asked for: due whatever the settings say
    sync_asked_at: datetime | None = None  # when a person last asked for a run
    # Invoices that are not finished, or were not when a run broke off: looked at even if Ongoing no longer lists them.
    unfinished: frozenset[int] = frozenset()
    marked: frozenset[int] = frozenset()  # by the last run; looked at once more, because the mark may lock nothing
    under_way: RunUnderWay | None = None  # the run after `last_run`; stays where one was cut off

    @property
    def runs(self) -> bool:
        """Whether the schedule and its workers touch it."""
        return self.status is IntegrationStatus.ACTIVE and self.broken_since is None

    @property
    def attaches(self) -> bool:
        """Whether specifications are attached, as its approval and its settings say."""
        return self.may_attach and self.settings is not None and self.settings.attach_specification

    @property
    def also_permitted(self) -> tuple[str, ...]:
        """Permissions beyond the first ones that remedies have got: asked for again at every new approval."""
        return tuple(sorted((set(PERMISSIONS.values()) - EVERYBODY_HAS) & set(self.permissions)))

    @property
    def sends_agreed(self) -> bool:
        """Whether a person has let invoices go by themselves, as the settings say now."""
        return self.settings is not None and self.send_agreed is self.settings.send_invoices

    @property
    def login_is_refused(self) -> bool:
        """Whether Ongoing refused the stored login in the last run, and nobody has proven it since."""
        run = self.last_run
        refused = run is not None and run.problem is not None and run.problem.code is IssueCode.WMS_LOGIN_REFUSED
        proven_since = run is not None and self.login_at is not None and self.login_at > run.started_at
        return refused and not proven_since

    @property
    def heard_address(self) -> str:
        """The address that is told what happens: confirmed by a click, and not yet replaced by another such one."""
        if self.confirmed_address or not self.address_confirmed or self.settings is None:
            return self.confirmed_address
        return self.settings.problem_address  # confirmed before it was kept apart

    @property
    def answered(self) -> bool:
        """Whether a run that began after a person asked for one has ended."""
        run = self.last_run
        return self.sync_asked_at is not None and run is not None and run.started_at >= self.sync_asked_at

    @property
    def good_at(self) -> datetime:
        """When its last run without a problem, in which nothing failed, ended; without any, when it was connected."""
        run = self.last_run
        if run is None:
            return self.connected_at
        return run.good_at or run.finished_at

    def late_since(self, now: datetime) -> datetime | None:
        """Since when it waits for a run, if it should have had one long ago: not from before a pause."""
        known = (self.last_run.finished_at if self.last_run else None, self.status_since, self.reactivated_at)
        last = max((moment for moment in known if moment is not None), default=self.connected_at)
        return last if self.runs and now - last > LATE_AFTER else None

    def run_under_way(self, now: datetime) -> RunUnderWay | None:
        """The run that works just now; one that was cut off is not taken for it for ever."""
        begun = self.under_way
        return begun if begun and now < begun.started_at + RUN_LIFE else None

    def behind_since(self, now: datetime) -> datetime | None:
        """Since when what is kept beside its records is not what they say: a run was cut off, or could not close."""
        if self.under_way is not None and self.run_under_way(now) is None:
            return self.under_way.started_at
        return self.last_run.behind if self.last_run else None

    def awaits_run(self, now: datetime) -> bool:
        """Whether a person asked for a run that has not ended yet."""
        return self.sync_asked_at is not None and not self.answered and now < self.sync_asked_at + RUN_LIFE

    def has_run_queued(self, now: datetime) -> bool:
        """Whether a run that a person asked for has not even begun: it will see what is asked for until then."""
        begun = self.run_under_way(now)
        return self.awaits_run(now) and not (begun and self.sync_asked_at and begun.started_at >= self.sync_asked_at)

    @property
    def held_up(self) -> Work:
        """What the last look found due and nobody has begun: it is sent as soon as nothing stops it."""
        look = self.last_run.look if self.last_run else None
        return look.due if look else Work()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableIntegration:
    """A stored integration that lacks or garbles what cannot be done without. `why` names the attribute, no value."""

    id: str
    why: str
