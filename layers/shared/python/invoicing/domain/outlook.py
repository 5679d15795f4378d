"""What will stop invoices when the month has ended, as the last look at what gathers found it.

One small value for each integration: it is replaced by the next look, and names only the first of many.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from invoicing.domain.cause import cause_id, cause_key
from invoicing.domain.issue import Issue
from invoicing.domain.work import Work, work_of

MOST_TROUBLES = 60
_MOST_OWNERS = 12  # named below a trouble
_LONGEST_WORD = 120  # characters of what an issue names


class Unseen(StrEnum):
    """What could not be looked at."""

    PRICE_LISTS = "price_lists"  # this system gives none, or not in a way that we understand
    SOME_PRICE_LISTS = "some_price_lists"  # no answer, or no time
    ACCOUNTS = "accounts"  # Fortnox shows accounts and financial years only with a permission that nobody is asked for
    LOCKED_PERIOD = "locked_period"
    FORTNOX = "fortnox"  # no answer, or no time
    SOME_INVOICES = "some_invoices"  # no time, or not readable


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One issue that will come. Without an invoice it comes with the next charge."""

    issue: Issue
    goods_owner: str
    invoice: tuple[int, str, Decimal] | None = None  # id, currency, net: one that gathers now


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing to mend, whose invoices it will stop, and what of them has gathered until now."""

    issue: Issue  # of the first of them
    owners: tuple[str, ...]  # the first of them
    owner_count: int
    work: Work = field(default_factory=Work)

    @property
    def will_stop(self) -> bool:
        """Whether it stops an invoice that gathers now, or all."""
        return not self.issue.stops_nothing and (self.work.count > 0 or not self.owners)

    @property
    def would_stop(self) -> bool:
        """Whether it stops none yet, and the next one that is charged by it."""
        return not self.issue.stops_nothing and not self.will_stop

    @property
    def id(self) -> str:
        """Names it for as long as it is the case; fit for an address."""
        return cause_id(self.issue)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What one look found: the largest sum first, then what only a further charge would bring."""

    at: datetime
    first: date  # the 1st that it is about
    gathering: Work = field(default_factory=Work)  # that was looked at
    goods_owners: int = 0
    price_lists: int = 0
    troubles: tuple[Trouble, ...] = ()  # the first of them
    trouble_count: int = 0  # of those that stop what gathers now
    later_count: int = 0  # of those that stop something with the next charge
    unseen: tuple[Unseen, ...] = ()
    told: tuple[str, ...] = ()  # ids of those that a mail about this 1st has told of

    def without(self, trouble_id: str) -> "Outlook":
        """What is left when one thing was mended."""
        gone = next((one for one in self.troubles if one.id == trouble_id), None)
        if gone is None:
            return self
        return replace(
            self,
            troubles=tuple(one for one in self.troubles if one is not gone),
            trouble_count=self.trouble_count - gone.will_stop,
            later_count=self.later_count - gone.would_stop,
        )


def first_after(today: date) -> date:
    """The 1st of the month after this day."""
    return (today.replace(day=1) + timedelta(days=31)).replace(day=1)


def troubles_of(sightings: Iterable[Sighting]) -> tuple[Trouble, ...]:
    """Sorted by what they stop; one that does not stop anything yet, by how many goods owners it is about."""
    groups: dict[tuple[str, ...], list[Sighting]] = {}
    for one in sightings:
        groups.setdefault(cause_key(one.issue), []).append(one)
    found = [_trouble(group) for group in groups.values()]
    return tuple(sorted(found, key=_weight))


def _trouble(group: list[Sighting]) -> Trouble:
    # What the text says is of an invoice, where there is one.
    group.sort(key=lambda one: one.invoice is None)
    invoices = dict.fromkeys(one.invoice for one in group if one.invoice is not None)
    owners = tuple(dict.fromkeys(one.goods_owner for one in group if one.goods_owner))
    issue = group[0].issue
    return Trouble(
        issue=Issue(code=issue.code, params={name: word[:_LONGEST_WORD] for name, word in issue.params.items()}),
        owners=owners[:_MOST_OWNERS],
        owner_count=len(owners),
        work=work_of((currency, net) for _, currency, net in invoices),
    )


def _weight(one: Trouble) -> tuple[bool, bool, Decimal, int, str]:
    # Sums of different currencies are only put in an order here, and never shown as one.
    largest = sum(one.work.sums.values(), Decimal(0))
    return not one.will_stop, not one.would_stop, -largest, -one.owner_count, one.id
