"""What each page and each mail shows: one value per page, filled by the caller.

Views carry facts (dates, amounts, domain values), never formatted text; the templates do the wording. All
times are aware. Nothing here is secret except `csrf` and the links, which belong to the reader.

They are named tuples, always made with the names: to make as many dataclasses takes a cold start a fifth longer.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from invoicing.domain.change import Change, ChangeKind
from invoicing.domain.decision import Way, is_decided
from invoicing.domain.hint import Hint
from invoicing.domain.issue import Fixer, Issue, IssueCode
from invoicing.domain.sending import Sending
from invoicing.domain.settlement import Progress, Settlement
from invoicing.domain.work import Work

if TYPE_CHECKING:
    from invoicing.domain.agreement import Agreed
    from invoicing.domain.export import EventKind
    from invoicing.domain.foresight import Foresight
    from invoicing.domain.month import MonthLine, MonthSums
    from invoicing.domain.outlook import Outlook, Trouble
    from invoicing.domain.proof import Proof
    from invoicing.domain.remedy import Act, CustomerDraft, DraftProblem, Entry, MendProblem, Remedy
    from invoicing.domain.standing import Situation, Standing
    from invoicing.domain.tokens import Mode
    from invoicing.domain.verdict import Intention
    from invoicing.rendering.month_plot import Plot

# Chosen so that no page, with its style sheet, exceeds 60 kB.
MONTH_OWNERS_PER_PAGE = 12
DIFFERING_SHOWN = 6
MONTHS_CHOSEN_FROM = 24
MONTHS_PLOTTED = 2  # currencies
INVOICES_PER_PAGE = 25
ROWS_PER_PAGE = 50
HISTORY_SHOWN = 50
CAUSES_PER_PAGE = 8
INVOICES_BELOW_CAUSE = 7
PAIRS_SHOWN = 30
CUSTOMERS_PER_PAGE = 12
TROUBLES_PER_PAGE = 15
OWNERS_SHOWN = 12


# Shared pieces


class SessionView(NamedTuple):
    """Who is signed in, and to which integration."""

    integration_id: str
    system: str  # the warehouse's name in its address
    csrf: str
    open_issues: int = 0
    wms_username: str = ""  # whose password is stored
    halted: "Situation | None" = None  # by somebody here, which every page says


class CurrencyTotal(NamedTuple):
    """A sum in one currency, without VAT."""

    currency: str
    amount: Decimal


class Pager(NamedTuple):
    """Which part of a long list is shown. Pages count from 1."""

    page: int = 1
    pages: int = 1


class Feedback(StrEnum):
    """What the click before this page did."""

    CREATED = "created"
    CREATED_TO_TRY = "created_to_try"
    SAVED = "saved"
    SAVED_WITHOUT_MAIL = "saved_without_mail"
    CONFIRMATION_SENT = "confirmation_sent"
    CONFIRMATION_NOT_SENT = "confirmation_not_sent"
    SYNC_STARTED = "sync_started"
    SYNC_ALREADY_RUNNING = "sync_already_running"
    SYNC_DONE = "sync_done"
    SYNC_STOPPED = "sync_stopped"
    NOT_RUNNING = "not_running"
    PAUSED = "paused"
    RESUMED = "resumed"
    RECONNECTED = "reconnected"
    ATTACHING = "attaching"
    RETRY_QUEUED = "retry_queued"
    EXPORT_QUEUED = "export_queued"
    TOO_MANY_ASKED = "too_many_asked"
    DECIDED = "decided"
    DECIDED_SOME = "decided_some"
    MENDED = "mended"
    WAS_MENDED = "was_mended"
    MENDED_NOT_RUNNING = "mended_not_running"
    NOW_IN_FORTNOX = "now_in_fortnox"
    STILL_STOPPED = "still_stopped"
    NOTHING_MORE = "nothing_more"
    AGREED = "agreed"
    NAME_SAVED = "name_saved"
    CAUSE_GONE = "cause_gone"
    NOT_POSSIBLE_NOW = "not_possible_now"
    LOOKED = "looked"
    SEND_STOPPED = "send_stopped"
    SEND_QUEUED = "send_queued"
    NOW_WITH_CUSTOMER = "now_with_customer"


# Connecting


class LandingProblem(StrEnum):
    """Why the sign-in form is shown again."""

    WRONG_LOGIN = "wrong_login"  # system, user or password: which of them is not told apart on purpose
    SYSTEM_NOT_UNDERSTOOD = "system_not_understood"
    FIELD_MISSING = "field_missing"
    TOO_MANY_TRIES = "too_many_tries"
    WMS_NOT_ANSWERING = "wms_not_answering"
    WMS_NOT_UNDERSTOOD = "wms_not_understood"
    SESSION_ENDED = "session_ended"


class PasswordProblem(StrEnum):
    """Why the password for Ongoing, asked for once more, is asked for again."""

    MISSING = "missing"
    WRONG = "wrong"
    TOO_MANY_TRIES = "too_many_tries"
    WMS_NOT_ANSWERING = "wms_not_answering"


class PasswordView(NamedTuple):
    """The field that asks for the password for Ongoing before something that cannot be undone."""

    username: str
    problem: PasswordProblem | None = None
    try_again_at: datetime | None = None  # for TOO_MANY_TRIES


class ReactivationView(NamedTuple):
    """The broken integration that a signed link points to."""

    token: str
    company: str
    waiting: int


class LandingView(NamedTuple):
    """The sign-in form.

    `carried` holds what was typed in another form when the session ended; it goes along as hidden fields,
    so that it can be shown again after signing in. Never put a password there.
    """

    system: str = ""
    username: str = ""
    problem: LandingProblem | None = None
    try_again_at: datetime | None = None  # for TOO_MANY_TRIES
    reactivation: ReactivationView | None = None
    personal: bool = False  # connect with the approver's own permissions, without a service account
    it_is_me: str = ""  # the token of a link that was sent to the confirmed address
    carried: Mapping[str, str] = {}

    @property
    def is_for_strangers(self) -> bool:
        """Whether its reader may not know yet what this is: nobody who is in the middle of something."""
        return not (self.problem or self.reactivation or self.personal or self.it_is_me or self.carried)


class ConsentOutcome(StrEnum):
    """How the visit at Fortnox ended, when it did not end well."""

    DENIED = "denied"
    LICENCE_MISSING = "licence_missing"
    APP_LICENCE_MISSING = "app_licence_missing"
    NOT_ADMINISTRATOR = "not_administrator"
    NOT_ADMINISTRATOR_BY_LINK = "not_administrator_by_link"
    CANCELLED = "cancelled"  # by the person who had approved, on our page
    CHANGED_MEANWHILE = "changed_meanwhile"
    WRONG_COMPANY = "wrong_company"
    OTHER_LEDGER = "other_ledger"
    NO_ANSWER = "no_answer"  # neither a code nor an error
    START_UNKNOWN = "start_unknown"
    START_USED = "start_used"  # or started again since, in another tab
    CODE_REFUSED = "code_refused"
    FORTNOX_NOT_ANSWERING = "fortnox_not_answering"
    SCOPE_REFUSED = "scope_refused"
    FILES_REFUSED = "files_refused"
    MORE_REFUSED = "more_refused"
    OTHER = "other"


class ConsentView(NamedTuple):
    """One failed consent. `try_again_path` is where the button leads, below the base path."""

    outcome: ConsentOutcome
    try_again_path: str = "/"
    administrator_link: str = ""  # for NOT_ADMINISTRATOR: an absolute link to send on
    personal_path: str = ""  # for NOT_ADMINISTRATOR: the way without a service account, below the base path
    expected_company: str = ""  # for WRONG_COMPANY and OTHER_LEDGER
    approved_company: str = ""  # for WRONG_COMPANY
    error_code: str = ""  # Fortnox's own, shown as it came


class InvitationView(NamedTuple):
    """What a Fortnox administrator reads who was sent a link. Opening it changes nothing."""

    token: str
    system: str
    username: str
    valid_until: datetime


class ApprovalView(NamedTuple):
    """What was approved in Fortnox, to be confirmed before its keys are used."""

    guard: str
    system: str
    username: str
    company: str
    organisation_number: str
    files: bool = False  # specifications are attached from then on


class LookView(NamedTuple):
    """What Ongoing shows just now, for a person to recognise."""

    since: date  # older invoices were not looked at
    seen: int
    unexported: int
    goods_owners: int
    with_customer_code: int
    is_more: bool = False  # there was no time to count them all
    unreadable: int = 0
    newest_owner: str = ""
    newest_number: str = ""
    newest_date: date | None = None
    newest_amount: Decimal | None = None
    currency: str = ""
    is_understood: bool = True  # no: somebody must say that there are no invoices


class LastRead(NamedTuple):
    """What of Ongoing was read last, and when."""

    at: datetime
    unexported: int
    counted: int | None = None  # invoices of the year before, when a person last looked
    counted_at: datetime | None = None


class SetupView(NamedTuple):
    """The set-up page of a system, shown when the consent has succeeded. Without a look, the issue says why."""

    session: SessionView
    company: str
    organisation_number: str
    mode: "Mode"
    look: LookView | None = None
    issue: Issue | None = None
    is_new: bool = True


class FieldProblem(StrEnum):
    """Why a field of the form was refused; the page says it in words."""

    MISSING = "missing"
    NOT_A_CHOICE = "not_a_choice"
    NOT_A_DATE = "not_a_date"
    NOT_AN_ADDRESS = "not_an_address"
    TOO_LONG = "too_long"
    NOT_A_UNIT = "not_a_unit"


class FieldKind(StrEnum):
    """How a setting is filled in."""

    ADDRESS = "address"
    DATE = "date"
    UNIT = "unit"
    LINE = "line"  # any text, which may be empty
    LINES = "lines"
    CHOICE = "choice"
    TICK = "tick"


class SettingChoice(NamedTuple):
    """One of the values that a setting can have. Texts are in the source language."""

    value: str
    title: str
    meaning: str


class SettingField(NamedTuple):
    """One setting and its sentence. Texts are in the source language."""

    name: str
    title: str
    sentence: str
    kind: FieldKind
    choices: tuple[SettingChoice, ...] = ()


class SettingSection(NamedTuple):
    """Settings that are shown together."""

    title: str
    fields: tuple[SettingField, ...]


class SettingsView(NamedTuple):
    """The settings form. `form` has the names of its fields; `problems` those that were refused."""

    session: SessionView
    sections: tuple[SettingSection, ...]
    form: Mapping[str, str]
    is_new: bool
    password: PasswordView  # asked for when the address is changed
    version: str = ""  # fingerprint of the settings that the form was filled from; hidden field `version`
    problems: Mapping[str, FieldProblem] = {}
    changed_elsewhere: bool = False
    not_confirmed: bool = False  # whether this is the reader's system, which has shown no list yet
    not_saved: bool = False  # typed before its reader was signed out, and shown again
    address_unconfirmed: bool = False
    foresight: "Foresight | None" = None  # of what `form` says; None: Ongoing does not say


# Every day


class RunProgress(NamedTuple):
    """A run that was asked for or is under way. `total` is None until the invoices have been read."""

    done: int = 0
    total: int | None = None


class LastRun(NamedTuple):
    """What the last finished run did."""

    at: datetime
    sent: int


class StatusView(NamedTuple):
    """The front page of an integration."""

    session: SessionView
    company: str
    organisation_number: str
    standing: "Standing"
    mode: "Mode"
    approved_by: str  # name or user, as Fortnox gave it; empty if it gave none
    approved_at: datetime
    reactivation_link: str = ""  # absolute; shown when Fortnox's approval has ended
    last_run: LastRun | None = None
    last_read: LastRead | None = None
    progress: RunProgress | None = None
    sent_this_month: int = 0
    totals_this_month: tuple[CurrencyTotal, ...] = ()
    fees_this_month: tuple[CurrencyTotal, ...] = ()  # what Fortnox added
    unconfirmed_address: str = ""
    foresight: "Foresight | None" = None  # before the first run
    outlook: "Outlook | None" = None  # of the coming 1st, where somebody has looked
    propose_guards: bool = False  # there are months enough to compare with, and no guard is on
    notice: Feedback | None = None
    changes: tuple[Change, ...] = ()  # what people did, newest first
    by: str = ""  # who the reader is in the history
    name: str | None = None  # that the reader gave; empty: none; None: nobody has asked this browser


class InvoiceState(StrEnum):
    """Where one invoice is on its way."""

    NOT_DUE = "not_due"
    WAITING = "waiting"
    SENDING = "sending"
    CHECKING = "checking"  # an answer is missing; looked up in Fortnox before anything is sent again
    SENT = "sent"
    HELD = "held"
    LEFT = "left"  # deleted in Ongoing, or marked as exported by a person, before it was sent


class InvoiceLine(NamedTuple):
    """One invoice in a list. Amounts are without VAT."""

    invoice_id: int
    number: str  # in Ongoing; may be empty
    goods_owner: str
    invoice_date: date
    amount: Decimal
    currency: str
    state: InvoiceState
    fortnox_number: str = ""
    fortnox_net: Decimal | None = None
    fortnox_fees: Decimal = Decimal(0)  # what Fortnox added to the net
    fortnox_vat: Decimal | None = None
    customer_number: str = ""
    title: str = ""
    period_start: date | None = None
    period_end: date | None = None
    settlement: Settlement | None = None  # what became of it in Fortnox; None: it is not followed
    progress: Progress | None = None  # as of today
    changed_net: Decimal | None = None  # what somebody made of it in Fortnox

    @property
    def progresses(self) -> tuple[Progress, ...]:
        """All that is to be said of it."""
        if self.progress is None:
            return ()
        return (self.progress,) if self.changed_net is None else (self.progress, Progress.CHANGED)

    @property
    def left(self) -> Decimal | None:
        """What is still expected for it, with VAT."""
        there = self.settlement
        return None if there is None or there.has_ended else there.left

    @property
    def period(self) -> str:
        """As it is searched for: `2026-10-01 2026-10-31`."""
        return " ".join(str(day) for day in (self.period_start, self.period_end) if day)


class OwnerLine(NamedTuple):
    """What is to be paid by one goods owner in one currency, with VAT."""

    goods_owner: str
    currency: str
    invoices: int
    left: Decimal
    overdue: Decimal


class InvoicesView(NamedTuple):
    """A page of the invoices that were looked for, newest first. Sums are of all that were found."""

    session: SessionView
    invoices: tuple[InvoiceLine, ...]
    found: int = 0
    first: int = 1  # the place of the first one that is shown
    ongoing: Work = Work()  # what they come to there
    fortnox: Work = Work()  # and those of them that are here
    months: tuple[str, ...] = ()  # in which there are any, newest first
    search: str = ""
    state: InvoiceState | None = None
    month: str = ""
    since: date | None = None
    until: date | None = None
    cause: str = ""
    query: str = ""  # all of this, as part of an address
    pager: Pager = Pager()
    everything: bool = False  # on one page, to be printed
    ongoing_answers: bool = True
    followed_at: datetime | None = None  # when Fortnox was asked last what became of them; None: it is not asked
    progress: Progress | None = None
    owners: tuple[OwnerLine, ...] = ()  # the first of those who have something to pay, the latest payers first
    owner_count: int = 0


class RowLine(NamedTuple):
    """One row as it is sent, or was."""

    article_number: str
    text: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    account: str = ""  # empty: the article's own
    cost_centre: str = ""


class HistoryEntry(NamedTuple):
    """One thing that happened. `by` is empty when the service did it by itself."""

    at: datetime
    event: "EventKind"
    by: str = ""
    fortnox_number: str = ""
    net: Decimal | None = None
    way: Way | None = None  # what was decided
    note: str = ""  # and why
    progress: Progress | None = None  # how far it had come in Fortnox
    remedy: "Remedy | None" = None  # what was done in Fortnox


class IssueLine(NamedTuple):
    """An open issue, and the invoice that it concerns, if it is about one. `ways` are what a person may decide."""

    issue: Issue
    since: datetime
    invoice_id: int | None = None
    invoice_number: str = ""
    goods_owner: str = ""
    amount: Decimal | None = None  # of the invoice in Ongoing
    currency: str = ""
    ways: tuple[Way, ...] = ()
    remedy: "Remedy | None" = None  # what a button does in Fortnox
    to_permit: "Remedy | None" = None  # what one would do with one more permission
    cause: str = ""  # id of the cause that it is a case of

    @property
    def ways_first(self) -> bool:
        """Whether they come before *Try again*: the likeliest right step stands first."""
        return is_decided(self.issue.code)


class EarlierLine(NamedTuple):
    """An invoice in Fortnox whose place another one took."""

    number: str
    credit_note: str = ""  # that we made of it


class DecidedLine(NamedTuple):
    """What a person decided and the next run carries out."""

    way: Way
    by: str
    at: datetime


class InvoiceView(NamedTuple):
    """One invoice with everything that is known of it."""

    session: SessionView
    line: InvoiceLine
    history: tuple[HistoryEntry, ...] = ()  # newest first
    older_history: bool = False  # there is more, which only the file has
    hints: tuple[Hint, ...] = ()
    issue: IssueLine | None = None
    unspecified: IssueLine | None = None  # why its specification is not attached
    earlier: tuple[EarlierLine, ...] = ()
    decided: DecidedLine | None = None
    asked: bool = False  # a person asked for it, and no run has answered yet
    notice: Feedback | None = None
    sending: Sending | None = None  # to the customer; None: it is left to people
    sends_agreed: bool = False  # a person has let invoices go by themselves


class CustomerMailView(NamedTuple):
    """The mail in which Fortnox sends an invoice. Empty texts: Fortnox does not say."""

    session: SessionView
    line: InvoiceLine
    sending: Sending
    to: str
    sender: str
    copies: tuple[str, ...]
    subject: str
    text: str
    has_specification: bool = False


class EarlyView(NamedTuple):
    """Asks before an invoice is sent whose period has not ended."""

    session: SessionView
    line: InvoiceLine
    period_end: date | None


class DecisionWrong(StrEnum):
    """Why a decision's form is shown again."""

    NUMBER_MISSING = "number_missing"
    NUMBER_NOT_VALID = "number_not_valid"
    NOTE_MISSING = "note_missing"


class PairLine(NamedTuple):
    """One row on both sides; None where there is none."""

    fortnox: RowLine | None
    ongoing: RowLine | None
    differs: bool


class DecisionView(NamedTuple):
    """Asks before a way out is taken. `compared` is False where nothing could be compared."""

    session: SessionView
    line: InvoiceLine
    seen: str  # names what is decided about
    issue: Issue | None
    way: Way
    needs_number: bool
    needs_note: bool
    number: str
    note: str
    wrong: DecisionWrong | None
    compared: bool
    pairs: tuple[PairLine, ...]
    pair_count: int
    fortnox_net: Decimal | None
    ongoing_net: Decimal | None


class GuardedLine(NamedTuple):
    """An invoice that a guard holds, and what is unusual about it."""

    line: InvoiceLine
    issue: Issue


class ReleaseView(NamedTuple):
    """Asks before several invoices that one guard holds are let go."""

    session: SessionView
    guard: IssueCode
    lines: tuple[GuardedLine, ...]
    work: Work  # of these
    more: int  # that the guard holds, too, and that are not shown
    seen: str  # names what is decided about
    notice: Feedback | None


class MendView(NamedTuple):
    """What would be done in Fortnox, for whom it is asked. `act` None: there is nothing to do."""

    session: SessionView
    cause: str
    foreseen: bool  # on *Before the 1st*; no invoice waits for it yet
    invoice_id: int | None  # that it was come from
    issue: Issue
    work: Work
    remedy: "Remedy"
    act: "Act | None" = None
    there: "Entry | None" = None  # what Fortnox has
    customer: "CustomerDraft | None" = None  # to be created
    goods_owner: str = ""
    problems: Mapping[str, "DraftProblem"] = {}
    wrong: "MendProblem | None" = None
    message: str = ""  # Fortnox's own words


class PermitView(NamedTuple):
    """What one more permission is for."""

    session: SessionView
    company: str
    cause: str
    foreseen: bool  # on *Before the 1st*; no invoice waits for it yet
    remedy: "Remedy"
    password: PasswordView


class PreviewView(NamedTuple):
    """Exactly what would be sent. Empty fields are not sent."""

    session: SessionView
    invoice_id: int
    intention: "Intention"
    customer_number: str
    customer_name: str
    invoice_date: date
    currency: str
    document_number: str  # empty: Fortnox makes one
    your_reference: str
    your_order_number: str
    external_reference: str
    remarks: str
    rows: tuple[RowLine, ...]
    row_count: int
    net: Decimal
    wms_amount: Decimal
    pager: Pager = Pager()
    issue: IssueLine | None = None
    was_held: bool = False  # until now: it is tried again, not exported
    hints: tuple[Hint, ...] = ()


class RehearsedInvoice(NamedTuple):
    """What would happen to one invoice, and why it would be held."""

    line: InvoiceLine
    intention: "Intention"
    issue: Issue | None = None
    net: Decimal | None = None  # what Fortnox would have; None when it cannot be known
    hints: tuple[Hint, ...] = ()


class RehearsalView(NamedTuple):
    """The result of a dress rehearsal; `at` is None before the first one."""

    session: SessionView
    at: datetime | None = None
    counts: Mapping["Intention", int] = {}  # of all invoices, not only this page's
    invoices: tuple[RehearsedInvoice, ...] = ()
    pager: Pager = Pager()


class HeldLine(NamedTuple):
    """An invoice below what stops it. `ways` are what a person may decide."""

    invoice_id: int
    number: str
    goods_owner: str
    invoice_date: date | None
    amount: Decimal
    currency: str
    ways: tuple[Way, ...] = ()


class CauseView(NamedTuple):
    """One thing to mend. `lines` may be the first of the invoices that it stops."""

    id: str
    issue: Issue
    since: datetime
    work: Work
    lines: tuple[HeldLine, ...]
    remedy: "Remedy | None" = None  # what a button does in Fortnox, for all of them
    to_permit: "Remedy | None" = None  # what one would do with one more permission
    guarded: int = 0  # invoices that the same guard holds, of this cause and others

    @property
    def ways_first(self) -> bool:
        """As of one issue."""
        return is_decided(self.issue.code)


class IssuesView(NamedTuple):
    """What stops everything, if something does, and what stops single invoices, the largest sum first."""

    session: SessionView
    standing: "Standing"
    problem: IssueLine | None = None
    causes: tuple[CauseView, ...] = ()
    unspecified: tuple[CauseView, ...] = ()  # invoices in Fortnox that lack their specification there
    pager: Pager = Pager()
    notice: Feedback | None = None
    notice_at: str = ""  # the cause whose button it answers


class HandOverView(NamedTuple):
    """What a colleague is to mend; `link` is absolute. Without `lines` it stops everything."""

    session: SessionView
    issue: Issue
    work: Work
    link: str
    lines: tuple[HeldLine, ...] = ()


class FilesView(NamedTuple):
    """What can be taken home after disconnecting, by whoever has the link."""

    token: str
    system: str
    valid_until: datetime


class AcknowledgedBreaks(NamedTuple):
    """Where a history is broken and somebody has answered for it; `breaks` are the first of them, in words."""

    at: datetime
    by: str
    why: str
    breaks: tuple[str, ...]
    all_breaks: int


class HistoryView(NamedTuple):
    """What became of proving the history. `breaks` are told in words; `is_part`: not all invoices were looked at."""

    session: SessionView
    proof: "Proof"
    breaks: tuple[str, ...] = ()
    acknowledged: tuple[AcknowledgedBreaks, ...] = ()
    is_part: bool = False


class CustomerRow(NamedTuple):
    """A goods owner beside its customer in Fortnox. `issue` is what would hold an invoice for it."""

    goods_owner: str
    number: str  # the customer code; empty if Ongoing says none
    name: str
    organisation_number: str
    vat_type: str
    currency: str
    active: bool | None  # None: Fortnox has no such customer, or was not asked
    agreed: "Agreed"
    agreed_by: str
    issue: Issue | None
    without_vat: tuple[str, ...] = ()  # accounts that invoices wait for somebody's word about
    cause: str = ""  # of invoices that wait for it
    remedy: "Remedy | None" = None  # what a button does about that in Fortnox


class CustomersView(NamedTuple):
    """Goods owners beside customers, what needs somebody first. `waiting` counts those."""

    session: SessionView
    customers: tuple[CustomerRow, ...]
    waiting: int
    pager: Pager = Pager()
    notice: Feedback | None = None


class BeforeView(NamedTuple):
    """What will stop invoices when the month has ended. `troubles` are those of this page."""

    session: SessionView
    outlook: "Outlook | None"  # None: nobody has looked
    remedies: "Mapping[str, Remedy]"  # by id of a trouble: what a button does in Fortnox
    to_permit: frozenset[str]  # ids of those where one more permission would help
    troubles: "tuple[Trouble, ...]" = ()
    pager: Pager = Pager()
    notice: Feedback | None = None


class PauseView(NamedTuple):
    """Asks before pausing."""

    session: SessionView
    company: str
    standing: "Standing"


class DisconnectView(NamedTuple):
    """Asks before disconnecting."""

    session: SessionView
    company: str
    standing: "Standing"
    password: PasswordView
    not_confirmed: bool = False  # the form was sent without the tick


class ConnectView(NamedTuple):
    """Asks before going to Fortnox once more."""

    session: SessionView
    company: str
    password: PasswordView


class TakeBackView(NamedTuple):
    """Asks for the click that makes the old address the one for problems again."""

    token: str
    address: str
    new_address: str


class VerifyView(NamedTuple):
    """Asks for a click: mail scanners open links, so that opening one proves nothing."""

    token: str
    address: str


class Message(StrEnum):
    """Pages that only say something."""

    SESSION_ENDED = "session_ended"
    SIGNED_OUT = "signed_out"
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
    NOT_FOUND = "not_found"  # also for what the reader may not see: the two must look the same
    FORM_EXPIRED = "form_expired"
    BAD_REQUEST = "bad_request"
    ERROR = "error"
    UNAVAILABLE = "unavailable"
    ADDRESS_VERIFIED = "address_verified"
    ADDRESS_LINK_EXPIRED = "address_link_expired"
    REACTIVATION_LINK_EXPIRED = "reactivation_link_expired"
    REACTIVATION_NOT_NEEDED = "reactivation_not_needed"
    DISCONNECTED = "disconnected"
    FILES_LINK_EXPIRED = "files_link_expired"
    ADDRESS_TAKEN_BACK = "address_taken_back"
    LINK_ASKED = "link_asked"
    IT_IS_ME_EXPIRED = "it_is_me_expired"
    INVITATION_OVER = "invitation_over"
    APPROVED = "approved"
    SPECIFICATION_DIFFERS = "specification_differs"
    SPECIFICATION_GONE = "specification_gone"


class MessageView(NamedTuple):
    """One message. `reference` is the id under which the log knows what went wrong."""

    message: Message
    continue_path: str = "/"  # where the button leads, below the base path
    reference: str = ""
    link: str = ""  # of DISCONNECTED: absolute, to the files
    session: SessionView | None = None  # of a reader who is signed in: the menu stays


# Mails


class BrokenMailView(NamedTuple):
    """The keys to Fortnox are dead. `link` opens a page; opening it changes nothing."""

    company: str
    system: str
    link: str
    broken_since: datetime
    waiting: int


class ReminderMailView(NamedTuple):
    """The keys are still dead. `day` is 1, 3 or 7; after 7 no more reminders come."""

    company: str
    system: str
    link: str
    broken_since: datetime
    waiting: int
    day: int


class ReactivatedMailView(NamedTuple):
    """Connected again, and what waited has been sent."""

    company: str
    system: str
    link: str
    reactivated_at: datetime
    invoices: int
    totals: tuple[CurrencyTotal, ...]
    held: int = 0
    hints: Mapping[str, int] = {}  # code → how many of the invoices it is about


class DigestMailView(NamedTuple):
    """Open issues of one integration: what stops everything, and what stops invoices, the largest sum first.

    `causes` may leave out some of the `issue_count`.
    """

    company: str
    system: str
    link: str
    day: date
    causes: tuple[CauseView, ...]
    issue_count: int
    problem: Issue | None = None


class BeforeMailView(NamedTuple):
    """What will stop invoices on the 1st, the largest sum first. `troubles` may be the first of them."""

    company: str
    system: str
    link: str
    first: date
    at: datetime  # when it was found
    troubles: "tuple[Trouble, ...]"
    trouble_count: int
    later_count: int = 0  # of what stops an invoice with the next charge
    new: int = 0  # since the mail before; 0: this is the first


class MonthMailView(NamedTuple):
    """What a month came to in Fortnox, when nothing of it is left to be sent."""

    company: str
    system: str
    link: str
    month: date  # its first day
    sent: Work
    difference: Work  # what Fortnox has more than Ongoing, by how many invoices; none: to the öre
    since: date | None = None  # the first day that is sent by itself, if that is later
    left: int = 0  # that a person said are not to be sent, or that left Ongoing
    unfinished: int = 0  # by now
    later: int = 0  # not due, or sent only when asked for


class NotUnderstoodMailView(NamedTuple):
    """To whoever runs this service. `issue` holds names of elements only; no `company`: somebody tried to sign in."""

    system: str
    company: str
    issue: Issue
    since: datetime


class ChangedMailView(NamedTuple):
    """Somebody did something that others must hear of. `by` is empty for an administrator of Fortnox."""

    system: str
    kind: ChangeKind
    by: str
    at: datetime
    link: str
    new_address: str = ""  # of ADDRESS
    remedy: "Remedy | None" = None  # of MENDED
    files: str = ""  # of DISCONNECTED: the link to the files


class VerifyMailView(NamedTuple):
    """Asks the reader of an address, who may be anybody, to confirm it: so nothing that somebody wrote stands in it."""

    system: str
    link: str
    valid_until: datetime


# Help


class DrawnField(NamedTuple):
    """A field of somebody else's form; `note` says what is to stand there, and is empty where that does not matter."""

    name: str
    example: str
    note: str = ""


class HelpPicture(NamedTuple):
    """A form of Ongoing as a drawing of ours: where it is, and its fields. In the source language."""

    title: str
    place: str
    fields: tuple[DrawnField, ...]


class HelpPart(NamedTuple):
    """A heading (empty: none), what there is to know, and what to do one after the other. In the source language."""

    heading: str = ""
    text: str = ""
    steps: tuple[str, ...] = ()
    picture: HelpPicture | None = None


class HelpText(NamedTuple):
    """One page of the help, in the source language."""

    title: str
    parts: tuple[HelpPart, ...]


class IssueMeaning(NamedTuple):
    """What any issue of a kind says, in the reader's language."""

    code: IssueCode
    title: str
    cause: str
    fix: str
    fixer: Fixer
    has_button: bool = False  # that does it in Fortnox


class HelpView(NamedTuple):
    """The contents of the help, or what was found in it: topics by their names in addresses, issues by fixers."""

    topics: Mapping[str, HelpText]
    issues: Mapping[Fixer, tuple[IssueMeaning, ...]]
    query: str = ""


class HelpTopicView(NamedTuple):
    """One page of the help: a topic, or what an issue means. `sections` are those of the settings' form."""

    text: HelpText | None = None
    issue: IssueMeaning | None = None
    sections: tuple[SettingSection, ...] = ()


class MonthOwner(NamedTuple):
    """What one goods owner's invoices of a month come to, in one currency."""

    goods_owner: str
    customer_number: str
    sums: "MonthSums"


class MonthCurrency(NamedTuple):
    """A month in one currency; `owners` are those of this page, sums are of all."""

    currency: str
    sums: "MonthSums"
    owner_count: int
    owners: tuple[MonthOwner, ...]
    differing: "tuple[MonthLine, ...]"  # the first of them


class MonthView(NamedTuple):
    """What a month came to."""

    session: SessionView
    month: str  # 2026-10, or UNDATED
    months: tuple[str, ...]  # that can be chosen, the newest first
    before: str  # the month before among them; empty: none
    after: str
    is_over: bool
    undated: int  # invoices without a date
    currencies: tuple[MonthCurrency, ...]
    plots: "tuple[Plot, ...]"
    pager: Pager
    printable: bool  # not: too many goods owners for one page
    ongoing_answers: bool
    is_whole: bool
    counted_at: datetime | None
    followed: bool  # whether Fortnox is asked what became of them
