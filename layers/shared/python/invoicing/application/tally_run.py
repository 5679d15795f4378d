"""Counts what a run does with each invoice, and says what is new about it."""

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from datetime import datetime

from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration import RunSummary
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.work import Work


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a run did so far. `report` takes an event and its fields.

    `done` is what has been looked at to the end; `unfinished` is what the next run looks at, listed by Ongoing or not;
    `marked` is what it looks at once more, though it is right now.
    """

    report: Callable[..., None]
    unfinished: set[int]
    done: set[int] = field(default_factory=set)
    marked: set[int] = field(default_factory=set)
    seen: int = 0
    waiting: int = 0
    updated: int = 0
    held: int = 0
    failed: int = 0
    sent: Work = field(default_factory=Work)
    problem: Issue | None = None

    def take(self, invoice_id: int | None, before: Export | None, after: Export | None) -> None:
        """An invoice was taken as far as it goes now; without a record, it has not even an id."""
        if invoice_id is None or after is None:
            self.held += 1
            self.report("invoice_held", invoice="", issue=IssueCode.WMS_INVOICE_UNREADABLE, code="")
            return
        match after.state:
            case ExportState.DONE:
                self.done.add(invoice_id)
                self.unfinished.discard(invoice_id)
                self._count_done(before, after)
            case ExportState.HELD:
                self.held += 1
                self.done.add(invoice_id)
                self.unfinished.add(invoice_id)
                self._tell_new_issue(invoice_id, before, after)
            case _:
                self.fail(invoice_id)

    def fail(self, invoice_id: int | None) -> None:
        """It is tried again by the next run."""
        self.failed += 1
        self.keep(invoice_id)

    def keep(self, invoice_id: int | None) -> None:
        """The next run looks at it."""
        if invoice_id is not None:
            self.unfinished.add(invoice_id)

    def summary(self, *, started_at: datetime, finished_at: datetime, good_at: datetime) -> RunSummary:
        """What is stored and shown of the run. `good_at` is when the last one before it without a problem ended."""
        return RunSummary(
            started_at=started_at,
            finished_at=finished_at,
            seen=self.seen,
            waiting=self.waiting,
            sent=self.sent.count,
            updated=self.updated,
            held=self.held,
            failed=self.failed,
            problem=self.problem,
            good_at=good_at if self.problem else None,
        )

    def tell(self) -> None:
        """One line for the whole run."""
        self.report(
            "run_finished",
            seen=str(self.seen),
            waiting=str(self.waiting),
            sent=str(self.sent.count),
            updated=str(self.updated),
            held=str(self.held),
            failed=str(self.failed),
            problem=self.problem.code if self.problem else "",
        )

    def answered(self, asked: Set[int]) -> Set[int]:
        """What of all that was asked for needs no further run."""
        return self.done & asked

    def _count_done(self, before: Export | None, after: Export) -> None:
        if not after.fortnox_number:
            return  # it left Ongoing without us
        self.marked.add(after.invoice_id)
        if before is not None and before.fortnox_number == after.fortnox_number:
            self.updated += 1
            return
        net = after.fortnox_net if after.fortnox_net is not None else after.amount
        one = Work(count=1, sums={after.currency or "SEK": net})
        self.sent = self.sent.and_then(one)

    def _tell_new_issue(self, invoice_id: int, before: Export | None, after: Export) -> None:
        issue = after.issue
        if issue is None or (before is not None and before.issue == issue):
            return
        code = issue.params.get("code", "")
        self.report("invoice_held", invoice=str(invoice_id), issue=issue.code, code=code)
        if issue.code is IssueCode.OUR_DEFECT:
            self.report("our_defect", invoice=str(invoice_id), reason=f"Fortnox refused it with {code}")
