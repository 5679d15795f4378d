"""What would happen to an invoice, were it sent now."""

from dataclasses import dataclass
from enum import StrEnum

from invoicing.domain.draft import Draft
from invoicing.domain.fortnox_invoice import FortnoxInvoice
from invoicing.domain.hint import Hint
from invoicing.domain.issue import Issue


class Intention(StrEnum):
    """What is done with an invoice."""

    CREATE = "create"
    UPDATE = "update"
    NOTHING = "nothing"  # Fortnox already has exactly this
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Decided once, for runs, dress rehearsals and previews alike."""

    intention: Intention
    draft: Draft | None = None  # None: it cannot be drawn up
    issue: Issue | None = None  # what it is held for
    there: FortnoxInvoice | None = None  # Fortnox's invoice, where it was asked
    hints: tuple[Hint, ...] = ()  # about what would be sent
