"""Counts what a run does with each invoice, and says what is new about it."""

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from datetime import datetime

from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration import Integration, RunSummary
from invoicing.domain.issue import Fixer, Issue, IssueCode
from invoicing.domain.sent_work import SentWork
from invoicing.domain.standing import unspecified

_PERMISSIONS = frozenset({IssueCode.SCOPE_MISSING, IssueCode.LICENCE_MISSING})
_ALL_LACK_IT = 2  # invoices that Fortnox refused for a permission, and none in between that passed


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a run did so far. `report` takes an event and its fields.

    `open` is what it looks at and has not ended, `done` what has been looked at to the end; `unfinished` is what the
    next run looks at, listed by Ongoing or not; `marked` is what it looks at once more, though it is right now.
    """

    report: Callable[..., None]
    unfinished: set[int]
    open: set[int] = field(default_factory=set)
    ended: int = 0
    done: set[int] = field(default_factory=set)
    marked: set[int] = field(default_factory=set)
    marked_before: set[int] = field(default_factory=set)  # by the run before, and not looked at once more yet
    unspecified: set[int] = field(default_factory=set)  # in Fortnox without their specification, for somebody to mend
    seen: int = 0
    listed: int | None = None
    listed_at: datetime | None = None
    waiting: int = 0
    updated: int = 0
    held: int = 0
    failed: int = 0
    sent: SentWork = field(default_factory=SentWork)
    problem: Issue | None = None
    slow: bool = False
    goes_on_after: int = 0
    # Since one passed: what Fortnox says of a permission that invoices lack, and whether one of them was tried now.
    no_permission: list[str] = field(default_factory=list)
    tried_in_vain: bool = False
    passed: bool = False

    @classmethod
    def of_run(cls, integration: Integration, *, report: Callable[..., None]) -> "Tally":
        """What a run that begins knows from the one before it."""
        tally = cls(
            report=report,
            unfinished=set(integration.unfinished),
            open=set(integration.asked | integration.unfinished),
            marked_before=set(integration.marked),
        )
        if before := integration.last_run:
            tally.slow, tally.goes_on_after = before.slow, before.goes_on_after
            tally.listed, tally.listed_at = before.listed, before.listed_at or before.finished_at
        return tally

    def end(self, invoice_id: int | None) -> None:
        """One of those that it looked at is not under way any more."""
        if invoice_id is not None:
            self.open.discard(invoice_id)
        self.ended += 1

    def leave(self, invoice_id: int) -> None:
        """Nothing is to be done about it."""
        self.open.discard(invoice_id)
        self.unfinished.discard(invoice_id)

    def take(self, invoice_id: int | None, before: Export | None, after: Export | None) -> None:
        """An invoice was taken as far as it goes now; without a record, it has not even an id."""
        if invoice_id is None or after is None:
            self.held += 1
            self.report("invoice_held", invoice="", issue=IssueCode.WMS_INVOICE_UNREADABLE, code="")
            return
        self._note_permission(before, after)
        match after.state:
            case ExportState.DONE:
                self.done.add(invoice_id)
                self._note_specification(after)
                self._count_done(before, after)
            case ExportState.HELD:
                self.held += 1
                self.done.add(invoice_id)
                self.unfinished.add(invoice_id)
                self._tell_new_issue(invoice_id, before, after)
            case _:
                self.fail(invoice_id)

    def take_specification(self, after: Export) -> None:
        """An invoice that was done before: nothing is counted but what is left to do."""
        self.done.add(after.invoice_id)
        self._note_specification(after)

    def _note_specification(self, after: Export) -> None:
        """The next run looks at what its specification still needs."""
        if after.awaits_specification:
            self.unfinished.add(after.invoice_id)
            if (lacking := unspecified(after)) and lacking.issue and lacking.issue.fixer is not Fixer.NOBODY:
                self.unspecified.add(after.invoice_id)
        else:
            self.unfinished.discard(after.invoice_id)

    def lacks_permission(self, before: Issue | None) -> Issue | None:
        """One refused invoice may lack a permission of its own, two in a row lack one that all need.

        That stays said until one passes, also by runs that have nothing to try; `before` is what the run before said.
        """
        said_before = before is not None and before.code in _PERMISSIONS and not self.passed
        if len(self.no_permission) < _ALL_LACK_IT or not (self.tried_in_vain or said_before):
            return None
        message = self.no_permission[-1]
        code = IssueCode.LICENCE_MISSING if "licens" in message.lower() else IssueCode.SCOPE_MISSING
        return Issue(code=code, params={"message": message})

    def stands_still(self, before: Issue | None) -> bool:
        """Whether all invoices lack a permission, so that none needs to be tried; then it is the run's problem."""
        self.problem = self.problem or self.lacks_permission(before)
        return self.problem is not None

    def _note_permission(self, before: Export | None, after: Export) -> None:
        issue = after.issue
        if after.state is ExportState.DONE and after.fortnox_number:
            self.no_permission, self.tried_in_vain, self.passed = [], False, True
        elif issue is not None and issue.code is IssueCode.PERMISSION_REFUSED:
            self.no_permission.append(issue.params.get("message", ""))
            self.tried_in_vain |= before is None or before.version != after.version

    def fail(self, invoice_id: int | None) -> None:
        """It is tried again by the next run."""
        self.failed += 1
        self.keep(invoice_id)

    def keep(self, invoice_id: int | None) -> None:
        """The next run looks at it."""
        if invoice_id is not None:
            self.unfinished.add(invoice_id)

    def summary(self, *, started_at: datetime, finished_at: datetime, good_at: datetime) -> RunSummary:
        """What is stored and shown of the run. `good_at` is when the last good one before it ended."""
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
            good_at=good_at if self.problem or self.failed else None,
            slow=self.slow,
            goes_on_after=self.goes_on_after,
            listed=self.listed,
            listed_at=self.listed_at,
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

    @property
    def once_more(self) -> Set[int]:
        """What the next run looks at once more, though it is right."""
        return self.marked | self.marked_before

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
        hints = dict.fromkeys((str(hint.code) for hint in after.hints), 1)
        one = SentWork(count=1, sums={after.currency or "SEK": net}, hints=hints)
        self.sent = self.sent.and_then(one)

    def _tell_new_issue(self, invoice_id: int, before: Export | None, after: Export) -> None:
        issue = after.issue
        if issue is None or (before is not None and before.issue == issue):
            return
        code = issue.params.get("code", "")
        self.report("invoice_held", invoice=str(invoice_id), issue=issue.code, code=code)
        if issue.code is IssueCode.OUR_DEFECT:
            self.report("our_defect", invoice=str(invoice_id), reason=f"Fortnox refused it with {code}")
