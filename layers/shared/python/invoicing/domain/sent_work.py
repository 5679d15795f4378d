"""What was sent in a while, for the closing mail after a reactivation."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from invoicing.domain.work import added


@dataclass(frozen=True, slots=True, kw_only=True)
class SentWork:
    """How many invoices, their net in each currency, and of how many of them a hint tells."""

    count: int = 0
    sums: Mapping[str, Decimal] = field(default_factory=dict)
    hints: Mapping[str, int] = field(default_factory=dict)  # by the hint's code

    def and_then(self, later: "SentWork") -> "SentWork":
        """This and what was sent after it."""
        return SentWork(
            count=self.count + later.count,
            sums=added(self.sums, later.sums),
            hints=dict(Counter(self.hints) + Counter(later.hints)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What a closing mail tells."""

    sent: SentWork = field(default_factory=SentWork)
    held: int = 0  # invoices that wait for somebody
