"""What the use cases need from the outside, as small protocols.

What only annotations name is not imported when it runs: the first page of a sign-in would pay for all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from invoicing.domain.errors import InvoicingError

if TYPE_CHECKING:
    from invoicing.domain.agreement import Agreement
    from invoicing.domain.checkpoint import Anchor, Checkpoint, LastCheckpoint
    from invoicing.domain.customer_mail import CustomerMail, MailTexts
    from invoicing.domain.export import Export, ExportState, HistoryEvent
    from invoicing.domain.fortnox_invoice import ArticleDraft, Customer, FortnoxInvoice, InvoiceDraft, Register
    from invoicing.domain.head_texts import HeadTexts
    from invoicing.domain.integration import Company, Integration, RunSummary, RunUnderWay, UnreadableIntegration
    from invoicing.domain.integration_settings import PriceMeaning
    from invoicing.domain.month import MonthIndex, MonthLine, StoredMonth
    from invoicing.domain.notice import Notice
    from invoicing.domain.outlook import Outlook
    from invoicing.domain.price_list import PriceList
    from invoicing.domain.remedy import CustomerDraft, Entry, Thing
    from invoicing.domain.sending import SendBy
    from invoicing.domain.session import Invitation, PendingApproval, PendingConsent, Session, TryLimit
    from invoicing.domain.tokens import Intent, Mode, TokenItem, Tokens, TokenStatus
    from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice, WmsLogin
    from invoicing.domain.wms_knowledge import WmsKnowledge

type Clock = Callable[[], datetime]  # aware, UTC
type SecondsLeft = Callable[[], float]  # until this process is stopped
type Report = Callable[[str, Mapping[str, str | int]], None]  # one event: log line and metric; never a secret


class Side(Enum):
    """Whom a call to the outside goes to."""

    FORTNOX = "fortnox"
    ONGOING = "ongoing"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideCall:
    """One call, not made yet."""

    side: Side
    act: Callable[[], Any]


class OutsideCalls(Protocol):
    """Makes calls beside each other: several to Fortnox, those to Ongoing one after the other."""

    def start(self, call: OutsideCall) -> Future[Any]: ...

    def first(self, under_way: Collection[Future[Any]]) -> Future[Any]:
        """Waits until one of them is answered, and gives it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WmsPage:
    """A part of what Ongoing lists; without `more` it is the last one."""

    invoices: Sequence[WmsInvoice | UnreadableInvoice]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WmsLook:
    """What a system shows, for a person who is to recognise it. Goods owners of training are left out."""

    since: date  # older invoices were not looked at
    count: int
    is_more: bool  # there was no time to count them all
    unexported: int
    unreadable: int
    newest: WmsInvoice | None  # without its charges
    goods_owners: int  # with an invoice
    with_customer_code: int
    is_understood: bool  # no: there was no list at all, and nobody has said that this means an empty one


class WmsInvoices(Protocol):
    """Ongoing WMS. All calls of one system are made one after the other."""

    def check_login(self, login: WmsLogin) -> None:
        """Raises WmsLoginRefusedError, RetryLaterError or UpstreamContractError."""
        ...

    def look(self, login: WmsLogin, *, at: datetime, seconds: float) -> WmsLook:
        """Reads a good year of invoices without their charges, exported or not, while `seconds` last.

        What was counted is remembered with `at`. Raises as check_login.
        """
        ...

    def unexported(self, login: WmsLogin, *, since: date, after: int = 0) -> Iterator[WmsPage]:
        """Invoices of live goods owners, not marked as exported, dated `since` or later, with charges, by id.

        Only ids larger than `after`. In pages, each read when it is asked for.
        """
        ...

    def by_ids(self, login: WmsLogin, invoice_ids: Sequence[int]) -> Iterator[Sequence[WmsInvoice | UnreadableInvoice]]:
        """These invoices, exported or not, some dozens at once. Those that are gone lack."""
        ...

    def by_id(self, login: WmsLogin, invoice_id: int) -> WmsInvoice | UnreadableInvoice | None:
        """One invoice, exported or not; None if the system has none with that id."""
        ...

    def price_list(self, login: WmsLogin, goods_owner_id: int) -> PriceList:
        """What a goods owner's charges are made from. Raises as check_login; UpstreamContractError: it has none."""
        ...

    def write_back(self, login: WmsLogin, invoice_id: int, *, number: str) -> None:
        """Sets the number and the exported mark in one call. Setting the same again is harmless."""
        ...


class WmsMemory(Protocol):
    """What the answers of each system have shown. Written when something new was seen, which is seldom."""

    def recall(self, warehouse: str) -> WmsKnowledge:
        """What is remembered; an empty knowledge for a system that was never met. Raises RetryLaterError."""
        ...

    def remember(self, warehouse: str, knowledge: WmsKnowledge) -> None:
        """Replaces it; the last writer wins. Raises RetryLaterError."""
        ...


class ChangedMeanwhileError(InvoicingError):
    """A conditional write found something else than was expected; nothing was written."""


class Integrations(Protocol):
    """The integrations, and the directory of customer ids that the service operator keeps."""

    def get(self, integration_id: str) -> Integration | None:
        """Read consistently."""
        ...

    def put(self, integration: Integration) -> None:
        """Writes everything but `asked`, `sync_asked_at`, `unfinished`, `marked`, `under_way` and `last_run`.

        Version 1 must not exist yet; a later version must follow the stored one. Else ChangedMeanwhileError.
        """
        ...

    def save_run(
        self,
        integration_id: str,
        run: RunSummary,
        *,
        done: Set[int],
        unfinished: Set[int],
        marked: Set[int] = frozenset(),
        detected: PriceMeaning,
    ) -> None:
        """One write after a run: summary, `asked` minus `done`, the two sets, price meaning; none is under way then."""
        ...

    def begin_run(self, integration_id: str, run: RunUnderWay, *, unfinished: Set[int]) -> None:
        """Sets `under_way`, and replaces `unfinished`: with what the run is about to touch, should it be killed."""
        ...

    def ask_for(self, integration_id: str, invoice_ids: Set[int]) -> None:
        """Adds to `asked`."""
        ...

    def ask_for_run(self, integration_id: str, *, at: datetime, before: datetime | None) -> bool:
        """Sets `sync_asked_at`; False if it is not `before` any more, because somebody else just asked."""
        ...

    def mark_broken(self, integration_id: str, *, at: datetime, version: int | None = None) -> bool:
        """Sets `broken_since` and the next version, so that no older copy undoes it.

        False if it was set already, or if the stored version is not `version` (None: any).
        """
        ...

    def confirm_address(self, integration_id: str, address: str, *, address_set: int | None = None) -> bool:
        """Marks the problem address as confirmed if it is still this one, and sets the next version.

        `address_set` is the version in which it was written (None: any): an old link confirms no later address.
        """
        ...

    def active_ids(self) -> Iterator[str]:
        """Ids of all integrations that run, from the sparse index (eventually consistent)."""
        ...

    def all(self) -> Iterator[Integration | UnreadableIntegration]:
        """Every integration; for the service operator."""
        ...

    def stopped_since(self) -> datetime | None:
        """Since when the whole service stands still, by its operator's word; None: it works. Read consistently."""
        ...

    def stop(self, *, at: datetime) -> None:
        """The whole service stands still until `go_on`: nothing is sent, and no key is renewed."""
        ...

    def go_on(self) -> None: ...

    def warehouse_of(self, customer_id: str) -> str | None:
        """The directory's answer for a customer id."""
        ...

    def set_customer_id(self, customer_id: str, warehouse: str) -> None:
        """Adds to or corrects the directory."""
        ...

    def remove_customer_id(self, customer_id: str) -> bool:
        """Says whether it was in the directory."""
        ...

    def customer_ids(self) -> Iterator[tuple[str, str]]:
        """The directory: customer id and warehouse."""
        ...


class Exports(Protocol):
    """The records of WMS invoices, and the register of what is known to exist in Fortnox."""

    def get(self, integration_id: str, invoice_id: int) -> Export | None:
        """Read consistently, with its whole history."""
        ...

    def get_many(self, integration_id: str, invoice_ids: Sequence[int]) -> Mapping[int, Export]:
        """Read consistently; absent ones are left out. Histories are left out."""
        ...

    def save(self, export: Export, *, event: HistoryEvent | None) -> Export:
        """One conditional write: version 1 must not exist yet, a later one must follow the stored one.

        `event` is appended to the history; `export.history` itself is never written. Gives the record with its chain,
        from which its writer goes on. A repeat of a write whose answer was lost succeeds. Raises
        ChangedMeanwhileError.
        """
        ...

    def page(
        self, integration_id: str, *, limit: int, after: int | None = None, state: ExportState | None = None
    ) -> tuple[Sequence[Export], int | None]:
        """Newest invoice ids first; the second value continues, None at the end. Histories are left out."""
        ...

    def histories(
        self, integration_id: str, *, limit: int, after: int | None = None, oldest_first: bool = False
    ) -> tuple[Sequence[Export], int | None]:
        """As `page`, with whole histories: some reads for all of them, not one for each.

        By the ids of invoices, the newest first unless it is said otherwise.
        """
        ...

    def register(self, integration_id: str) -> Register:
        """What is remembered; empty if nothing."""
        ...

    def save_register(self, integration_id: str, register: Register) -> None:
        """Replaces it. Losing it only costs calls."""
        ...

    def open_invoices(self, integration_id: str) -> frozenset[int]:
        """Ids of those that are followed until they are paid. Read consistently."""
        ...

    def save_open_invoices(self, integration_id: str, ids: Set[int]) -> None:
        """Replaces them."""
        ...

    def outlook(self, integration_id: str) -> Outlook | None:
        """What the last look before the 1st found; None: nobody has looked."""
        ...

    def save_outlook(self, integration_id: str, outlook: Outlook) -> None:
        """Replaces it. Losing it costs another look."""
        ...

    def agreements(self, integration_id: str) -> Sequence[Agreement]:
        """Who is whom, as persons said. Read consistently."""
        ...

    def agree(self, integration_id: str, agreement: Agreement) -> None:
        """Replaces what was agreed for this goods owner and customer number."""
        ...


class Months(Protocol):
    """What months came to: lines made of the records, and what they add up to. Read consistently.

    Only who has read may write: a write that finds something newer raises ChangedMeanwhileError.
    """

    def index(self, integration_id: str) -> MonthIndex | None:
        """What each month came to; None if nothing was ever counted, not whole if it was counted in another way."""
        ...

    def save_index(self, integration_id: str, index: MonthIndex) -> MonthIndex:
        """Gives it as it is stored now."""
        ...

    def month(self, integration_id: str, month: str) -> StoredMonth:
        """The lines of one month; none if it has none."""
        ...

    def save_month(self, integration_id: str, before: StoredMonth, lines: Mapping[int, MonthLine]) -> None:
        """Replaces what was read by these lines: some writes, one for each sixteenth of the month that differs."""
        ...

    def holding(self, integration_id: str, invoice_ids: Set[int], months: Set[str]) -> Sequence[str]:
        """Which of these months have a line of one of these invoices."""
        ...

    def stored(self, integration_id: str) -> Sequence[str]:
        """Every month that has lines. Reads all of them."""


class Checkpoints(Protocol):
    """The checkpoints of integrations' histories, each written once: docs/decisions/0022."""

    def last(self, integration_id: str) -> LastCheckpoint | None:
        """None if there is none."""
        ...

    def add(self, integration_id: str, checkpoint: Checkpoint) -> bool:
        """False if there is another of this number. A repeat of a write whose answer was lost succeeds."""
        ...

    def all(self, integration_id: str) -> Iterator[Checkpoint]:
        """In the order of their numbers. Read consistently."""
        ...


class Anchors(Protocol):
    """How far histories had come day by day: write-once, apart from the tables."""

    def keep(self, integration_id: str, anchor: Anchor) -> None:
        """Writing it again is success. Raises RetryLaterError."""
        ...

    def all(self, integration_id: str) -> Sequence[Anchor]:
        """In the order of their days. Raises RetryLaterError."""
        ...


class TokenStore(Protocol):
    """One token item per integration. Never read from an index, never without consistency."""

    def get(self, integration_id: str) -> TokenItem | None:
        """Read consistently."""
        ...

    def start_chain(self, item: TokenItem) -> None:
        """Replaces whatever is there by a new chain (a new consent); epoch continues from the stored one."""
        ...

    def claim(
        self,
        integration_id: str,
        *,
        chain_id: str,
        ver: int,
        intent: Intent,
        owner: str,
        lease_until: datetime,
        now: datetime,
    ) -> TokenItem:
        """Writes lease, epoch + 1, intent and due_at = lease_until conditionally; gives the item as it is now.

        Condition: this chain and version, no intent, no live lease, status not broken or revoked. A repeat
        of the same attempt whose answer was lost succeeds. Raises ChangedMeanwhileError.
        """
        ...

    def save_rotation(
        self,
        integration_id: str,
        *,
        chain_id: str,
        ver: int,
        attempt_id: str,
        blob: bytes,
        blob_at: datetime,
        due_at: datetime,
    ) -> TokenItem:
        """Stores a new pair as version `ver` + 1, removes intent and lease, status ACTIVE.

        Condition: this chain and version only, whoever holds the lease. A condition failure whose stored item
        was written by this very attempt is success. Raises ChangedMeanwhileError.
        """
        ...

    def save_client_credentials(self, integration_id: str, *, chain_id: str, blob: bytes, blob_at: datetime) -> None:
        """Stores an access token by client credentials; condition: this chain. Raises ChangedMeanwhileError."""
        ...

    def release(self, integration_id: str, *, owner: str, epoch: int, ver: int, due_at: datetime | None) -> None:
        """Removes intent and lease of an attempt that certainly did not happen. A loser changes nothing."""
        ...

    def mark(
        self,
        integration_id: str,
        status: TokenStatus,
        *,
        chain_id: str,
        ver: int,
        epoch: int,
        due_at: datetime | None,
        refused_at: datetime | None,
        drop_intent: bool = False,
    ) -> bool:
        """Sets status and `refused_at` if chain, version and epoch are still these; says whether it did."""
        ...

    def count_refused(self, integration_id: str, *, now: datetime) -> int:
        """Remembers that Fortnox refused every key of this integration; gives of how many it did so lately.

        Lately is this hour and the one before. An integration counts once in each.
        """
        ...

    def forget(self, integration_id: str) -> None:
        """Disconnect: removes every sealed token and the tenant id, which is half a credential, and sets REVOKED."""
        ...

    def due(self, now: datetime) -> Iterator[str]:
        """Ids of items whose `due_at` has come, oldest first (eventually consistent)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One sealed answer that was received for a version of a chain."""

    attempt_id: str
    blob: bytes = field(repr=False)
    received_at: datetime


class TokenJournal(Protocol):
    """Write-once store of sealed token answers, apart from the main table."""

    def record_intent(self, integration_id: str, chain_id: str, ver: int, attempt_id: str) -> None:
        """Proves before the POST that the journal takes writes. Raises RetryLaterError."""
        ...

    def record(self, integration_id: str, chain_id: str, ver: int, entry: JournalEntry) -> None:
        """Stores an answer that makes `ver`. Writing the same attempt again is success. Raises RetryLaterError."""
        ...

    def find(self, integration_id: str, chain_id: str, ver: int) -> Sequence[JournalEntry]:
        """All answers received for `ver`. Raises RetryLaterError."""
        ...


class Seal(Protocol):
    """A data key fetched beforehand, so that sealing later needs no network."""

    def __call__(self, plaintext: bytes) -> bytes: ...


class Sealer(Protocol):
    """Envelope encryption, bound to this environment; the context must be the same to open."""

    def prepare(self, context: Mapping[str, str]) -> Seal:
        """Fetches a data key. Raises RetryLaterError."""
        ...

    def open(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """Raises RetryLaterError if the key service does not answer, CannotOpenError if it never will."""
        ...


class CannotOpenError(InvoicingError):
    """Sealed for another environment, integration, chain or version, or damaged."""


class Sessions(Protocol):
    """Sign-ins, consents under way, and throttles. Secrets are stored as SHA-256 only; expiry is checked on read."""

    def put_consent(self, consent: PendingConsent) -> None: ...

    def take_consent(self, state: str, *, browser: str, now: datetime) -> PendingConsent | None:
        """Gives a consent once, to the browser that started it; None for unknown, used, expired or foreign ones.

        A try from another browser does not use it up.
        """
        ...

    def put_approval(self, approval: PendingApproval) -> None:
        """Replaces what this browser had before."""
        ...

    def approval(self, browser: str, *, now: datetime) -> PendingApproval | None:
        """What this browser is asked about."""
        ...

    def take_approval(self, browser: str, *, guard: str, now: datetime) -> PendingApproval | None:
        """Gives it once; None for an unknown, used or expired one, or if the guard is another."""
        ...

    def put_invitation(self, invitation: Invitation) -> None: ...

    def invitation(self, invitation_id: str, *, now: datetime) -> Invitation | None: ...

    def take_invitation(self, invitation_id: str, *, now: datetime) -> bool:
        """Says whether it was there and unused: it works once."""
        ...

    def put_session(self, session: Session) -> None: ...

    def session(self, token: str, *, now: datetime) -> Session | None: ...

    def end_session(self, token: str) -> None: ...

    def count_try(self, limit: TryLimit, *, now: datetime) -> timedelta:
        """Counts one try, so that of many at the same moment no more pass than may; none means that it may be made.

        Else nothing is counted, and it says how long to wait. The window of a key begins with its first try.
        """
        ...

    def take_back_try(self, key: str, *, now: datetime) -> None:
        """A try that was counted within this hour was none."""
        ...

    def forget_tries(self, key: str) -> None: ...


class Marks(Protocol):
    """Tells passwords and networks apart without keeping them.

    A mark is made with a secret of this installation: who only reads the table can try no password against it.
    """

    def make(self, system: str, password: str) -> str: ...

    def fits(self, mark: str, system: str, password: str) -> bool | None:
        """Whether the mark is of this password; None if that is unknown: no mark, or one by a secret now gone."""
        ...

    def network(self, system: str, username: str, address: str) -> str:
        """Of one user of one system in one network; another one after the secret was turned."""
        ...


class Notices(Protocol):
    """The outbox: putting a notice leads to its mail."""

    def put_once(self, notice: Notice) -> bool:
        """Says whether it was new."""
        ...

    def get(self, notice_id: str) -> Notice | None: ...

    def record_sent(self, notice: Notice, *, at: datetime, due_at: datetime | None) -> None:
        """Adds `at` to `sent`; condition: as many were sent as the caller saw. Raises ChangedMeanwhileError."""
        ...

    def close(self, notice_id: str) -> bool:
        """No more reminders; says whether it was open."""
        ...

    def due(self, now: datetime) -> Iterator[str]:
        """Ids of open notices whose reminder is due (eventually consistent)."""
        ...

    def of(self, integration_id: str) -> Iterator[str]:
        """Ids of the notices of one integration, the newest first (eventually consistent)."""
        ...


class Mailer(Protocol):
    """Sends one mail."""

    def send(self, *, to: str, subject: str, text: str, html: str, tags: Mapping[str, str]) -> None:
        """Raises RetryLaterError."""
        ...


BY_ITSELF = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRequest:
    """Ask a worker to sync one integration. `by` is a user name, or BY_ITSELF."""

    integration_id: str
    by: str
    slot: str  # the same slot is queued only once; of the schedule, the moment when it fired
    after: int = 0  # of a continuation: the id of the last invoice that the run before it looked at
    hops: int = 0  # how many runs this one continues

    @property
    def by_itself(self) -> bool:
        """Whether nobody asked for it."""
        return self.by == BY_ITSELF

    @property
    def scheduled_at(self) -> datetime | None:
        """When the schedule fired; None for what a person asked for, or an earlier run."""
        if not self.by_itself:
            return None
        try:
            moment = datetime.fromisoformat(self.slot)
        except ValueError:
            return None
        return moment if moment.tzinfo else None


class SyncQueue(Protocol):
    """FIFO per integration: never two runs of one integration at once."""

    def send(self, requests: Iterable[SyncRequest]) -> int:
        """Queues all, in batches; gives how many. Raises RetryLaterError if some were refused."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that could not be worked off. `group` is that of a FIFO queue, else empty."""

    id: str
    body: str
    group: str
    sent_at: datetime


class DeadLetters(Protocol):
    """One dead-letter queue, for the service operator."""

    def count(self) -> int:
        """About how many there are."""
        ...

    def show(self, *, limit: int) -> Sequence[DeadLetter]:
        """Some of them, at most `limit`; they stay where they are."""
        ...

    def redrive(self, *, limit: int) -> int:
        """Gives up to `limit` back to where they failed; says how many. Nothing is lost if it is interrupted."""
        ...


class GrantRefusedError(InvoicingError):
    """The token endpoint said a definite no. `error` is its code, for example invalid_grant."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class ClientRefusedError(InvoicingError):
    """The token endpoint does not accept our client id and secret: touches no tenant, stops all."""


class FortnoxOAuth(Protocol):
    """Fortnox's authorization server. Each call that gives tokens gives the raw body of a 200, read when it is safe.

    Raises GrantRefusedError, ClientRefusedError, NotSentError, RateLimitedError, UnknownOutcomeError.
    """

    def authorize_url(self, *, state: str, mode: Mode, files: bool = False, also: Sequence[str] = ()) -> str:
        """`files`: also for storing files and attaching them; `also`: more. Not every licence has those."""
        ...

    def exchange_code(self, code: str) -> bytes: ...

    def refresh(self, refresh_token: str) -> bytes: ...

    def client_credentials(self, tenant_id: str) -> bytes: ...

    def read_tokens(self, raw: bytes, *, received_at: datetime, needs_refresh_token: bool) -> Tokens:
        """What such a body holds. Calls nobody. Raises UnreadableTokensError."""
        ...

    def revoke(self, refresh_token: str) -> None: ...


class AlreadyExistsError(InvoicingError):
    """Fortnox has one with that number already."""


class Fortnox(Protocol):
    """One Fortnox company's registers and invoices.

    Every method may raise RetryLaterError (RateLimitedError, NotSentError), ReconnectRequiredError,
    IntegrationHeldError (licence, scope), InvoiceHeldError (what Fortnox refuses), UpstreamContractError;
    methods that write may raise UnknownOutcomeError.
    """

    def company(self) -> Company: ...

    def customer(self, number: str) -> Customer | None: ...

    def articles(self, *, active: bool) -> frozenset[str]:
        """Numbers of all articles that are active, or of all others (one call per 500)."""
        ...

    def article_is_active(self, number: str) -> bool | None:
        """None if there is none."""
        ...

    def is_vat_registered(self) -> bool:
        """Whether the company has VAT at all."""
        ...

    def locked_until(self) -> date | None:
        """The last day on which nothing more can be booked; None if no period is locked."""
        ...

    def create_article(self, draft: ArticleDraft) -> None:
        """Raises AlreadyExistsError."""
        ...

    def unit_exists(self, code: str) -> bool: ...

    def create_unit(self, code: str) -> None:
        """Raises AlreadyExistsError."""
        ...

    def entry(self, thing: Thing, key: str, *, on: date | None = None) -> Entry | None:
        """What a register has under a number or code; None if nothing. `on`: accounts belong to a financial year."""
        ...

    def switch_on(self, thing: Thing, key: str, *, on: date | None = None) -> None:
        """Makes an entry active. Safe to repeat."""
        ...

    def create_customer(self, draft: CustomerDraft) -> None:
        """One call. A number that is taken is refused, so that doing it again makes no second one."""
        ...

    def create_code(self, thing: Thing, code: str) -> None:
        """A cost centre or a currency that is called as its code. A code that is taken is refused."""
        ...

    def create_invoice(self, draft: InvoiceDraft, mail: MailTexts | None = None) -> FortnoxInvoice:
        """`mail`: what the mail that it may be sent with says; None: what Fortnox says of itself."""
        ...

    def customer_mail(self, number: str) -> CustomerMail | None:
        """The mail that it would be sent with."""
        ...

    def find_invoices(self, reference: str) -> Sequence[FortnoxInvoice]:
        """Those with exactly this reference (Fortnox's own search is a substring match)."""
        ...

    def changed_invoices(self, beginning: str, *, since: datetime) -> Sequence[FortnoxInvoice]:
        """As lists have them: whose reference begins so and that were modified since, and perhaps somewhat before."""
        ...

    def open_invoices(self, beginning: str) -> Sequence[FortnoxInvoice]:
        """As lists have them: whose reference begins so and that are not paid, or not booked."""
        ...

    def invoice(self, number: str) -> FortnoxInvoice | None: ...

    def set_due_date(self, number: str, due_date: date) -> None: ...

    def update_invoice(self, there: FortnoxInvoice, draft: InvoiceDraft, texts: HeadTexts) -> FortnoxInvoice:
        """Makes an invoice that was just read equal to the draft. Safe to repeat after another read.

        Refused, its old rows are put back; `rows` of the issue says `put_back`, or `gone` if Fortnox refused those too.
        """
        ...

    def send_invoice(self, number: str, by: SendBy) -> FortnoxInvoice:
        """Sends it to the customer. One call, never made again by itself, whatever comes of it."""
        ...

    def book_invoice(self, number: str) -> None:
        """One call. Booking what is booked is refused."""
        ...

    def credit_invoice(self, number: str) -> None:
        """Makes a credit note for the whole of it. The invoice names its number afterwards."""
        ...

    def upload(self, name: str, content: bytes) -> str:
        """Puts a PDF into the archive; gives its id there. Doing it again makes another file, which harms nothing."""
        ...

    def attach(self, number: str, file_id: str) -> str:
        """A file of the archive goes out with the invoice; gives the attachment's id. Doing it again attaches twice."""
        ...

    def attachments(self, number: str) -> Mapping[str, str]:
        """What is attached to an invoice: id → file id."""
        ...

    def detach(self, attachment_id: str) -> None:
        """Safe to repeat."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """Numbers of items: brought back, and left alone because something newer is there."""

    copied: int = 0
    kept: int = 0

    def __add__(self, other: Copied) -> Copied:
        return Copied(copied=self.copied + other.copied, kept=self.kept + other.kept)


class RestoredTable(Protocol):
    """A table made of a backup, beside the one that the service uses."""

    def copy_missing(self, *, only: str = "", told: Callable[[Copied], None]) -> Copied:
        """Puts each item that the table in use lacks; never touches one that is there.

        So it can be broken off and run again, and run while others write. `only` is one partition key. `told` hears
        of each page.
        """
        ...
