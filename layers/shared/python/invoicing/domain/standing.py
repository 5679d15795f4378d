"""How an integration stands: one answer to *is everything all right?*, which all pages and mails share.

What waits is counted from what Ongoing was last seen to have, what is held or on its way from the records, and
never from what one run did.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from invoicing.domain.cause import Cause, causes_of
from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration import Integration, IntegrationStatus
from invoicing.domain.issue import Fixer, Issue, IssueCode
from invoicing.domain.tokens import TokenItem, TokenStatus
from invoicing.domain.work import Work, work_of

INTERVAL = timedelta(minutes=15)  # between two looks


class Situation(StrEnum):
    """What matters most, the gravest first."""

    APPROVAL_ENDED = "approval_ended"  # Fortnox accepts none of our keys
    STOPPED = "stopped"  # by a problem of the whole integration that somebody must mend
    TO_TRY = "to_try"  # created, and sends nothing until somebody has tried it
    PAUSED = "paused"
    LATE = "late"  # nobody has looked for longer than it should take
    NOT_ANSWERING = "not_answering"  # Ongoing or Fortnox; heals by itself
    CHECKING = "checking"  # an answer of Fortnox about the keys is missing
    HELD = "held"  # some invoices are stopped, all others go
    WORKS_AGAIN = "works_again"  # what stopped the last run is mended, and no run has looked since
    NOT_BEGUN = "not_begun"  # no run yet
    ON_THE_WAY = "on_the_way"  # invoices are due, or being sent
    ALL_SENT = "all_sent"


class Tone(StrEnum):
    """How it is meant: what colours and signs say."""

    BAD = "bad"  # nothing goes
    WARN = "warn"  # somebody is needed, or must know
    CALM = "calm"  # under way
    GOOD = "good"


_TONES = {
    Situation.APPROVAL_ENDED: Tone.BAD,
    Situation.STOPPED: Tone.BAD,
    Situation.TO_TRY: Tone.WARN,
    Situation.PAUSED: Tone.WARN,
    Situation.NOT_ANSWERING: Tone.BAD,
    Situation.LATE: Tone.BAD,
    Situation.CHECKING: Tone.WARN,
    Situation.HELD: Tone.WARN,
    Situation.WORKS_AGAIN: Tone.CALM,
    Situation.NOT_BEGUN: Tone.CALM,
    Situation.ON_THE_WAY: Tone.CALM,
    Situation.ALL_SENT: Tone.GOOD,
}
_UNDER_WAY = frozenset({ExportState.CLAIMED, ExportState.SENT, ExportState.UPDATING, ExportState.CREDITING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How it is, since when, and what that stops. Sums are without VAT."""

    situation: Situation
    since: datetime | None = None  # of what stops all
    by: str = ""  # who paused
    halted: Situation | None = None  # TO_TRY or PAUSED: by somebody here, whatever else stops it; every page says so
    problem: Issue | None = None  # what stops all, where it is told as an issue
    causes: tuple[Cause, ...] = ()  # the largest sum first
    held: Work = field(default_factory=Work)  # by those causes
    unspecified: tuple[Cause, ...] = ()  # of invoices in Fortnox that lack their specification there
    waiting: Work = field(default_factory=Work)  # due, or begun and not ended
    later: Work = field(default_factory=Work)  # not due yet
    unreadable: int = 0
    looked_at: datetime | None = None  # when Ongoing was seen so
    whole: bool = True  # not: there may be more in Ongoing than is counted
    next_look: datetime | None = None  # at the latest; None while there will be none, or it is overdue

    @property
    def tone(self) -> Tone:
        """What colours say."""
        return _TONES[self.situation]

    @property
    def things_to_do(self) -> int:
        """How many things somebody must mend; what heals by itself is none."""
        stopped = self.situation is Situation.APPROVAL_ENDED or (
            self.problem is not None and self.problem.fixer is not Fixer.NOBODY
        )
        unspecified = sum(cause.issue.fixer is not Fixer.NOBODY for cause in self.unspecified)
        return len(self.causes) + unspecified + (self.unreadable > 0) + stopped

    @property
    def everything_to_mend(self) -> tuple[Cause, ...]:
        """What stops invoices, and what keeps specifications off those that are in Fortnox."""
        return (*self.causes, *self.unspecified)

    @property
    def unsent(self) -> Work:
        """All that Fortnox does not have, as far as is known: what a break, or the end, leaves unsent."""
        return self.kept_back.and_then(self.waiting).and_then(self.later)

    @property
    def kept_back(self) -> Work:
        """Of what is held: what is not as it should be in Fortnox. The rest only lacks its way to customers."""
        kept = Work()
        for cause in self.causes:
            if not cause.issue.is_of_sending:
                kept = kept.and_then(cause.work)
        return kept


def standing_of(
    integration: Integration, keys: TokenItem | None, unfinished: Iterable[Export], *, now: datetime
) -> Standing:
    """`unfinished` are the records of the integration's unfinished invoices."""
    records = list(unfinished)
    # Of what somebody has decided, the next run carries out what is to be done.
    causes = causes_of(one for one in records if one.state is ExportState.HELD and one.decision is None)
    begun = [one for one in records if one.state in _UNDER_WAY or (one.state is ExportState.HELD and one.decision)]
    run = integration.last_run
    look = run.look if run else None
    waiting = work_of((one.currency, one.amount) for one in begun).and_then(look.due if look else Work())
    held = Work()
    for cause in causes:
        held = held.and_then(cause.work)
    unreadable = look.unreadable if look else 0
    lacking = causes_of(one for record in records if (one := unspecified(record)) is not None)
    halted = None
    if integration.status is IntegrationStatus.PAUSED:
        halted = Situation.TO_TRY if integration.to_try else Situation.PAUSED
    situation, since, problem = _situation(
        integration,
        keys,
        halted=halted,
        stops=bool(causes) or unreadable > 0 or any(one.issue.fixer is not Fixer.NOBODY for one in lacking),
        moves=waiting.count > 0,
        now=now,
    )
    from_then = run.started_at if run else integration.status_since
    next_look = from_then + INTERVAL if from_then else None
    return Standing(
        situation=situation,
        since=since,
        by=integration.status_by if situation is halted else "",
        halted=halted,
        problem=problem,
        causes=causes,
        held=held,
        unspecified=lacking,
        waiting=waiting,
        later=look.later if look else Work(),
        unreadable=unreadable,
        looked_at=look.at if look else None,
        whole=look.whole if look else True,
        next_look=next_look if integration.runs and next_look and next_look > now else None,
    )


def unspecified(record: Export) -> Export | None:
    """An invoice with what keeps its specification off it, as if that held it; None: nothing does."""
    there = record.attachment
    if there is None or there.issue is None or not record.awaits_specification:
        return None
    return replace(record, issue=there.issue, issue_since=there.since)


def _situation(
    integration: Integration,
    keys: TokenItem | None,
    *,
    halted: Situation | None,
    stops: bool,
    moves: bool,
    now: datetime,
) -> tuple[Situation, datetime | None, Issue | None]:
    """The gravest that is the case, since when, and the issue that tells of it."""
    run = integration.last_run
    problem = run.problem if run else None
    since = (run.problem_since or run.started_at) if run and problem else None
    if integration.broken_since is not None or keys is None or keys.status in {TokenStatus.BROKEN, TokenStatus.REVOKED}:
        params = {"company": integration.company.name}
        ended = integration.broken_since or since
        return Situation.APPROVAL_ENDED, ended, Issue(code=IssueCode.CONNECTION_BROKEN, params=params)
    # A run told of dead keys, or of a refused login, and they work again: the next one tells of something else.
    mended = problem is not None and (
        problem.code is IssueCode.CONNECTION_BROKEN
        or (problem.code is IssueCode.WMS_LOGIN_REFUSED and not integration.login_is_refused)
    )
    if mended:
        problem = since = None
    if problem is not None and problem.fixer is not Fixer.NOBODY:
        return Situation.STOPPED, since, problem
    if halted is not None:
        return halted, integration.status_since, None
    late_since = integration.late_since(now)
    if late_since is not None:
        return Situation.LATE, late_since, None
    if problem is not None:
        return Situation.NOT_ANSWERING, since, problem
    if keys.status is TokenStatus.UNCERTAIN:
        return Situation.CHECKING, None, None
    if stops:
        return Situation.HELD, None, None
    if mended:
        return Situation.WORKS_AGAIN, None, None
    if run is None:
        return Situation.NOT_BEGUN, None, None
    return (Situation.ON_THE_WAY if moves else Situation.ALL_SENT), None, None
