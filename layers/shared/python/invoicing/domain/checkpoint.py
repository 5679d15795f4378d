"""The history of an integration as a chain of checkpoints. docs/decisions/0022.

Each names the ends of some invoices' chains.

A run that saved something closes with one; what pages saved is in that of the next run which touches the invoice.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import batched
from typing import TYPE_CHECKING

from invoicing.domain.flaw import Acknowledgement
from invoicing.domain.link import NOTHING, linked, written
from invoicing.domain.swedish_time import SWEDEN

if TYPE_CHECKING:
    from invoicing.domain.export import Export

MOST_HEADS = 2_000  # of one checkpoint: an item of 400 kB is the most that is stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How far the history of one invoice had come: `count` events, the hash of them, and that of the record's facts."""

    invoice_id: int
    version: int
    count: int
    hash: bytes
    facts: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCheckpoint:
    """What the next checkpoint goes on from; kept with the run, so that it need not be read."""

    number: int  # 0: there is none, as far as is known
    hash: bytes
    at: datetime
    anchored: date | None = None  # the last day whose anchor is known to be written
    pending: frozenset[int] = frozenset()  # invoices that the next checkpoint must name

    @property
    def day(self) -> date:
        """In Sweden, when it was made."""
        return self.at.astimezone(SWEDEN).date()

    @property
    def is_to_anchor(self) -> bool:
        """Whether its day has no anchor yet."""
        return self.number > 0 and (self.anchored is None or self.anchored < self.day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One link of an integration's chain."""

    number: int  # from 1
    at: datetime
    program: str  # the version of the function that made it
    anchored: date | None = None  # the last day whose anchor was known to be written
    forgotten: bytes = NOTHING  # the hash of the checkpoint before it, where all those before were forgotten
    heads: tuple[Head, ...]
    acknowledged: Acknowledgement | None = None  # its heads are then where the proof begins anew
    hash: bytes = NOTHING

    def after(self, before: bytes) -> "Checkpoint":
        """The same, bound to the one before it."""
        return replace(self, hash=linked(before, replace(self, hash=NOTHING)))

    def forgotten_at(self, now: datetime) -> "Checkpoint":
        """What stands in the place of this one and of all before it, when the integration is forgotten."""
        stands = Checkpoint(
            number=self.number + 1, at=now, program="", anchored=self.anchored, forgotten=self.hash, heads=()
        )
        return stands.after(self.hash)

    @property
    def mark(self) -> LastCheckpoint:
        """For the next one."""
        return LastCheckpoint(number=self.number, hash=self.hash, at=self.at, anchored=self.anchored)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Anchor:
    """How far an integration's chain had come at the end of a day: kept where nothing is changed."""

    day: date
    number: int
    hash: bytes


def first_hash(integration_id: str) -> bytes:
    """Before the first checkpoint: so that none fits another integration."""
    return linked(NOTHING, integration_id)


def head_of(record: "Export") -> Head | None:
    """None for a record whose chain was not written with it: an older program wrote it."""
    chain = record.chain
    if chain is None or chain.version != record.version:
        return None
    return Head(
        invoice_id=record.invoice_id,
        version=record.version,
        count=chain.count,
        hash=chain.hash,
        facts=facts_of(record),
    )


def facts_of(record: "Export") -> bytes:
    """What a bookkeeper reads beside the history, in a hash."""
    facts = (
        *(record.wms_number, record.title, record.goods_owner, record.customer_number),
        *(record.invoice_date, record.amount, record.currency, record.reference),
        *(record.fortnox_number, record.fortnox_net, record.fortnox_vat, record.fortnox_fees),
    )
    return hashlib.sha256(written(facts)).digest()[:16]


def checkpoints_after(
    before: LastCheckpoint, heads: Iterable[Head], *, at: datetime, program: str
) -> Iterator[Checkpoint]:
    """The next checkpoints, for all of these."""
    number, hash_ = before.number, before.hash
    for some in batched(heads, MOST_HEADS, strict=False):
        number += 1
        checkpoint = Checkpoint(number=number, at=at, program=program, anchored=before.anchored, heads=some).after(
            hash_
        )
        hash_ = checkpoint.hash
        yield checkpoint
