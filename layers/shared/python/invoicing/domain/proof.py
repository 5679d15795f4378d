"""Whether a history is whole: what checkpoints, records and anchors say of each other. docs/decisions/0022."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from invoicing.domain.chain import chain
from invoicing.domain.checkpoint import Anchor, Checkpoint, Head, facts_of, first_hash
from invoicing.domain.export import Export
from invoicing.domain.flaw import Acknowledgement, Break, Flaw
from invoicing.domain.link import Link


@dataclass(slots=True, kw_only=True)
class Proof:
    """What was checked, and where it broke."""

    events: int = 0
    invoices: int = 0
    events_since: int = 0  # of these: saved since the last checkpoint, or before there were any
    unchained: int = 0  # invoices that an older program wrote last: nothing proves their last events
    checkpoints: int = 0
    since: datetime | None = None  # the first checkpoint
    until: datetime | None = None  # the last one
    # Of each version of the program, its first and last checkpoint.
    programs: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    forgotten_before: int | None = None  # the number of the first checkpoint, where those before were forgotten
    anchor: Anchor | None = None  # the last one
    breaks: list[Break] = field(default_factory=list)  # that nobody has acknowledged
    acknowledged: list[tuple[Checkpoint, Acknowledgement]] = field(default_factory=list)
    goes_on_after: int | None = None  # the checked invoice with the smallest id; None: all were looked at

    @property
    def is_whole(self) -> bool:
        """Nothing of what was looked at was changed or left out, but for what was acknowledged."""
        return not self.breaks


@dataclass(frozen=True, slots=True)
class _Named:
    checkpoint: int
    head: Head


class Prover:
    """Takes the checkpoints in their order, then the anchors, then records with whole histories, in any order."""

    def __init__(self, integration_id: str) -> None:
        self.proof = Proof()
        self._hash = first_hash(integration_id)
        self._number = 0
        self._hashes: dict[int, bytes] = {}
        self._claimed: set[date] = set()  # days that checkpoints say are anchored
        self._heads: dict[int, list[_Named]] = defaultdict(list)

    def take_checkpoints(self, checkpoints: Iterable[Checkpoint]) -> None:
        """All of them."""
        for checkpoint in checkpoints:
            self._take_checkpoint(checkpoint)

    def _take_checkpoint(self, checkpoint: Checkpoint) -> None:
        proof = self.proof
        if checkpoint.forgotten and not proof.checkpoints:
            proof.forgotten_before = checkpoint.number
            self._number, self._hash = checkpoint.number - 1, checkpoint.forgotten
            self._hashes[self._number] = self._hash
        if checkpoint.number != self._number + 1:
            proof.breaks.append(Break(flaw=Flaw.CHECKPOINT_MISSING, first=self._number + 1, last=checkpoint.number - 1))
        follows = checkpoint.number == self._number + 1 or checkpoint.acknowledged
        if follows and checkpoint.after(self._hash).hash != checkpoint.hash:
            proof.breaks.append(Break(flaw=Flaw.CHECKPOINT_CHANGED, first=max(self._number, 1), last=checkpoint.number))
        self._number, self._hash = checkpoint.number, checkpoint.hash
        self._hashes[checkpoint.number] = checkpoint.hash
        if checkpoint.anchored:
            self._claimed.add(checkpoint.anchored)
        if checkpoint.acknowledged:
            proof.acknowledged.append((checkpoint, checkpoint.acknowledged))
            for one in checkpoint.acknowledged.breaks:
                if one.invoice_id is not None:
                    self._heads.pop(one.invoice_id, None)
        for head in checkpoint.heads:
            self._heads[head.invoice_id].append(_Named(checkpoint.number, head))
        proof.checkpoints += 1
        proof.since, proof.until = proof.since or checkpoint.at, checkpoint.at
        began, _ = proof.programs.get(checkpoint.program, (checkpoint.at, checkpoint.at))
        proof.programs[checkpoint.program] = began, checkpoint.at

    def take_anchors(self, anchors: Sequence[Anchor]) -> None:
        """All of them, after the checkpoints."""
        proof = self.proof
        for anchor in sorted(anchors):
            proof.anchor = anchor
            if anchor.number > self._number:
                missing = Break(
                    flaw=Flaw.CHECKPOINTS_END_EARLY, first=self._number + 1, last=anchor.number, day=anchor.day
                )
                proof.breaks.append(missing)
            elif self._hashes.get(anchor.number, anchor.hash) != anchor.hash:
                proof.breaks.append(Break(flaw=Flaw.ANCHOR_DIFFERS, checkpoint=anchor.number, day=anchor.day))
        for day in sorted(self._claimed - {anchor.day for anchor in anchors}):
            proof.breaks.append(Break(flaw=Flaw.ANCHOR_MISSING, day=day))

    def take_record(self, record: Export) -> None:
        """After the checkpoints."""
        self.proof.invoices += 1
        self.proof.events += len(record.history)
        self.proof.breaks += self._flaws_of(record, self._heads.pop(record.invoice_id, []))

    def end(self, *, after: int | None = None, goes_on_after: int | None = None) -> Proof:
        """When all records were taken; or only those with ids below `after`, down to `goes_on_after`."""
        self.proof.goes_on_after = goes_on_after
        for invoice_id in sorted(self._heads):
            if (after is None or invoice_id < after) and (goes_on_after is None or invoice_id >= goes_on_after):
                checkpoint = self._heads[invoice_id][-1].checkpoint
                self.proof.breaks.append(Break(flaw=Flaw.RECORD_MISSING, invoice_id=invoice_id, checkpoint=checkpoint))
        known = {one for _, acknowledged in self.proof.acknowledged for one in acknowledged.breaks}
        days = {one.day for one in known} - {None}
        self.proof.breaks = [one for one in self.proof.breaks if one not in known and one.day not in days]
        return self.proof

    def _flaws_of(self, record: Export, named: Sequence[_Named]) -> Iterator[Break]:
        hashes = [*chain(record)]
        proven = 0
        for one in named:
            if one.head.version > record.version:
                yield Break(flaw=Flaw.RECORD_OLDER, invoice_id=record.invoice_id, checkpoint=one.checkpoint)
                return
            if not _fits(one.head, hashes):
                yield replace(_broken(record, hashes, proven=proven, told=one.head), checkpoint=one.checkpoint)
                return
            proven = one.head.count
        self.proof.events_since += len(record.history) - proven
        end = record.chain
        if end is None or end.version != record.version:
            self.proof.unchained += 1
        if end is not None:
            told = len(record.history) if end.version == record.version else end.count
            if end.count != told or not _fits(end, hashes):
                yield _broken(record, hashes, proven=proven, told=end)
                return
        if named and named[-1].head.version == record.version and named[-1].head.facts != facts_of(record):
            yield Break(flaw=Flaw.FACTS_CHANGED, invoice_id=record.invoice_id, checkpoint=named[-1].checkpoint)


def _fits(told: Head | Link, hashes: Sequence[bytes]) -> bool:
    return told.count < len(hashes) and hashes[told.count] == told.hash


def _broken(record: Export, hashes: Sequence[bytes], *, proven: int, told: Head | Link) -> Break:
    """Among the events after those that are proven, up to what was told: how many there are tells what was done."""
    count, hash_ = told.count, told.hash
    there = len(record.history)
    known = record.chain.count if record.chain is not None and record.chain.version == record.version else count
    flaw, last = Flaw.EVENT_CHANGED, count
    if hash_ in hashes[count + 1 :]:
        flaw, last = Flaw.EVENT_ADDED, hashes.index(hash_)
    elif there < max(known, count):
        flaw = Flaw.EVENT_MISSING
    elif there > known:
        flaw, last = Flaw.EVENT_ADDED, count + there - known
    return Break(flaw=flaw, invoice_id=record.invoice_id, first=min(proven + 1, last), last=last)
