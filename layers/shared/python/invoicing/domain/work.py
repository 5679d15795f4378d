"""An amount of work: how many invoices, and what they come to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from invoicing.domain.money import round_to_ore


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How many invoices, and their net in each currency."""

    count: int = 0
    sums: Mapping[str, Decimal] = field(default_factory=dict)

    def and_then(self, later: "Work") -> "Work":
        """Both together."""
        return Work(count=self.count + later.count, sums=added(self.sums, later.sums))


def added(sums: Mapping[str, Decimal], others: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    """Both together, currency by currency."""
    zero = Decimal(0)
    return {one: sums.get(one, zero) + others.get(one, zero) for one in sorted({*sums, *others})}


def work_of(invoices: Iterable[tuple[str, Decimal]]) -> Work:
    """What invoices come to, each given by its currency (none: kronor) and its net, which counts to the öre."""
    count, sums = 0, dict[str, Decimal]()
    for currency, net in invoices:
        count += 1
        sums[currency or "SEK"] = sums.get(currency or "SEK", Decimal(0)) + round_to_ore(net)
    return Work(count=count, sums=dict(sorted(sums.items())))
