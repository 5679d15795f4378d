"""The record of one WMS invoice: what we did with it, step by step.

    (none) ──claim──▶ CLAIMED ──201──▶ SENT ──written back──▶ DONE ──exported again──▶ UPDATING ──▶ SENT
                         │  ▲                                                              │
                 refused │  │ fixed                                                        │ cannot be changed
                         ▼  │                                                              ▼
                         HELD ◀────────────────────────────────────────────────────────── HELD

    HELD ──*Correct*──▶ CREDITING ──credited──▶ CLAIMED (of the next generation) ◀──*Make a new invoice*── HELD

CLAIMED means that a POST may be under way or that its answer was lost: nothing is posted again before
Fortnox was searched, as long as `attempt_id` is set. docs/decisions/0006.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from invoicing.domain.attachment import Attachment
from invoicing.domain.decision import Decision, Way, ways_out
from invoicing.domain.head_texts import HeadTexts
from invoicing.domain.hint import Hint
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.link import Link
from invoicing.domain.remedy import Remedy
from invoicing.domain.sending import Sending
from invoicing.domain.settlement import Progress, Settlement


class ExportState(StrEnum):
    """Where an export stands."""

    CLAIMED = "claimed"
    SENT = "sent"  # in Fortnox with a known number; not yet written back to Ongoing
    DONE = "done"  # without a Fortnox number: it left Ongoing before it was sent
    UPDATING = "updating"  # rows are being replaced in Fortnox
    CREDITING = "crediting"  # Fortnox's invoice is being credited, because a person decided that
    HELD = "held"  # an issue stops it


class EventKind(StrEnum):
    """What happened to an invoice; one line of its history."""

    CLAIMED = "claimed"
    CREATED = "created"
    ADOPTED = "adopted"  # found in Fortnox after a lost answer
    NOT_FOUND = "not_found"  # searched after a lost answer; was never created
    UPDATING = "updating"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    WRITTEN_BACK = "written_back"
    HELD = "held"
    LEFT = "left"  # deleted in Ongoing, or marked there by a person: nothing more to do
    NOT_DUE = "not_due"  # what it was held for does not matter any more: it waits like any other
    RETRY = "retry"  # asked for by a person
    EXPORT_AGAIN = "export_again"  # asked for by a person
    MENDED = "mended"  # what stopped it, in Fortnox, because a person said so
    DECIDED = "decided"  # by a person, about a held invoice
    CREDITING = "crediting"
    CREDITED = "credited"
    MADE_NEW = "made_new"  # another invoice takes the place of the one before
    KEPT = "kept"  # Fortnox's invoice is right as it is, a person said
    SENT_BY_EMAIL = "sent_by_email"
    SENT_BY_E_INVOICE = "sent_by_e_invoice"
    SENT_BY_PRINT = "sent_by_print"  # marked as sent; people print it
    SENT_BY_PERSON = "sent_by_person"  # in Fortnox, before its hour had come
    SEND_HELD = "send_held"
    SEND_ASKED = "send_asked"
    SEND_STOPPED = "send_stopped"
    BOOKED_THERE = "booked_there"
    PROGRESSED = "progressed"  # booked, sent, paid, credited, cancelled in Fortnox
    CHANGED_THERE = "changed_there"  # another amount, by a person in Fortnox
    SPECIFICATION_ATTACHED = "specification_attached"
    SPECIFICATION_DETACHED = "specification_detached"  # by us: it belongs to the invoice as it was before
    SPECIFICATION_REMOVED = "specification_removed"  # by a person in Fortnox, which is left so


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEvent:
    """One line of an invoice's history. `by` is a user name, or "schedule". What does not apply is empty."""

    at: datetime
    kind: EventKind
    by: str
    reference: str = ""  # of the invoice that was to be created
    fortnox_number: str = ""
    net: Decimal | None = None  # what Fortnox had then
    issue: IssueCode | None = None
    way: Way | None = None  # what was decided
    note: str = ""  # and why
    progress: Progress | None = None  # how far it had come in Fortnox
    remedy: Remedy | None = None  # what was done in Fortnox

    @property
    def detail(self) -> str:
        """All that is known besides, in one text, for archives."""
        known = (self.reference, self.fortnox_number, self.net, self.issue, self.way, self.note, self.progress)
        facts = (*known, self.remedy)
        return " ".join(str(fact) for fact in facts if fact not in {"", None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """An invoice in Fortnox that another one took the place of."""

    number: str  # empty if none was ever known
    reference: str
    credit_note: str = ""  # its number, if we credited it


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The record of one WMS invoice. `version` grows by one with each change and guards the next."""

    integration_id: str
    invoice_id: int
    state: ExportState
    version: int
    reference: str  # ExternalInvoiceReference1 in Fortnox
    wanted: bool = False  # a person asked for it: it is due whatever the settings say
    wms_number: str = ""
    goods_owner: str = ""
    customer_number: str = ""
    title: str = ""
    period_start: date | None = None
    period_end: date | None = None
    invoice_date: date | None = None
    amount: Decimal = Decimal(0)  # Ongoing's total
    currency: str = ""
    content: str = ""  # of the invoice in Ongoing when this was written
    was_marked: bool = False  # as exported, when this was written
    fingerprint: str = ""  # of what Fortnox has; empty while nothing is known to be there
    tried: str = ""  # fingerprint of what was last sent or refused, until Fortnox is known to have it
    attempt_id: str = ""  # the POST that was claimed last; empty if it certainly was not carried out
    fortnox_number: str = ""
    fortnox_net: Decimal | None = None
    fortnox_print: str = ""  # of the invoice as we left it in Fortnox; empty while that is not known
    kept_print: str = ""  # of the invoice that a person said is right as it is in Fortnox
    by_hand: bool = False  # a person made it in Fortnox: it is never changed by us
    waits: bool = False  # it was held and is not due any more; nothing of it is in Fortnox
    right: str = ""  # content of the invoice in Ongoing that a person said is right, though a guard asked
    left: str = ""  # of what Ongoing had when a person said that nothing more is to be done
    generation: int = 1
    earlier: tuple[Earlier, ...] = ()
    decision: Decision | None = None  # what a person decided and is not carried out yet
    fortnox_fees: Decimal | None = None  # freight and administration fee, which the net does not hold
    fortnox_vat: Decimal | None = None
    customer_name: str = ""  # in Fortnox, when the invoice was made
    vat_type: str = ""  # the customer's then; a document keeps it
    filled: HeadTexts = field(default_factory=HeadTexts)  # what we filled of the invoice's head
    hints: tuple[Hint, ...] = ()
    due_from: date | None = None  # the day of sending, where only Fortnox's answer tells the terms that count from it
    due_date: date | None = None  # what it said then: to be set in Fortnox before the invoice is marked
    sending: Sending | None = None  # to the customer; None: it is left to people
    settled: Settlement | None = None  # what Fortnox said of it afterwards; None: it was not followed
    attachment: Attachment | None = None  # of its specification; None: none was ever wanted
    issue: Issue | None = None
    issue_since: datetime | None = None
    updated_at: datetime | None = None
    history: tuple[HistoryEvent, ...] = ()
    # How its history is proved, and no part of what the record says; written by the store alone (domain/chain.py).
    chain: Link | None = field(default=None, compare=False)

    @property
    def settlement(self) -> Settlement | None:
        """What Fortnox said of the invoice that there is now; of one before it, nothing is meant."""
        known = self.settled
        return known if known is not None and known.number == self.fortnox_number else None

    @property
    def expected_total(self) -> Decimal | None:
        """With VAT and fees, as we left it in Fortnox; None where its answer did not say."""
        if self.fortnox_net is None or self.fortnox_vat is None:
            return None
        return self.fortnox_net + (self.fortnox_fees or Decimal(0)) + self.fortnox_vat

    @property
    def changed_net(self) -> Decimal | None:
        """The net that somebody gave it in Fortnox; None where it is ours, as far as is known."""
        there = self.settlement.net if self.settlement else None
        return there if there is not None and self.fortnox_net not in {None, there} else None

    @property
    def awaits_specification(self) -> bool:
        """Whether it is done, and something is still to be done about its specification."""
        return self.state is ExportState.DONE and self.attachment is not None and self.attachment.pending

    @property
    def ways_out(self) -> tuple[Way, ...]:
        """What a person may decide about it now."""
        held = self.issue if self.state is ExportState.HELD else None
        if held is not None and held.is_of_sending:
            return ()
        return ways_out(
            held, in_fortnox=bool(self.fortnox_number), in_doubt=bool(self.attempt_id), by_hand=self.by_hand
        )


def external_reference(integration_id: str, invoice_id: int, generation: int = 1) -> str:
    """Our key on the Fortnox invoice. Ends in a delimiter, because Fortnox searches for substrings.

    The first generation's is found by a search for any later one's beginning, so searches are compared exactly. The
    capital letter makes a later one unlike that of a system which is called as this one and its invoice: names of
    systems have none.
    """
    first = f"ONGOING-{integration_id}-{invoice_id}-"
    return first if generation == 1 else f"{first}G{generation}-"


def invoice_id_in(reference: str, integration_id: str) -> int | None:
    """The invoice that a reference of this system is for, of whatever generation; None if it is none of ours."""
    rest = reference.removeprefix(f"ONGOING-{integration_id}-")
    number = rest.partition("-")[0]
    is_ours = rest != reference and number.isascii() and number.isdigit() and len(number) < 12
    return int(number) if is_ours else None
