"""Whether every integration gets its runs: the one question whose answer rings for most of what else fails unseen.

Ongoing or Fortnox down, a table that throttles, an index that lost an entry, a queue that nobody reads: whatever it is,
integrations have no good run any more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from invoicing.application.ports import Integrations, Report
from invoicing.domain.integration import Integration, UnreadableIntegration
from invoicing.domain.issue import Fixer

SILENT_AFTER = timedelta(hours=6)  # a night's maintenance of a system is shorter
LEFT_AFTER = timedelta(days=7)  # of telling a warehouse what only it can mend
_NAMED = 20  # in the log; `invoicing status` names all
_NOT_OF_THE_WAREHOUSE = frozenset({Fixer.NOBODY, Fixer.SERVICE_OPERATOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Without:
    """An integration that has been without a good run for too long. `told`: its warehouse was, and can mend it."""

    integration_id: str
    since: datetime
    told: bool
    problem: str


def watch_service(integrations: Integrations, *, now: datetime, report: Report) -> None:
    """Tells how many have no good run, and for how long at worst; alarms count what it tells. Reads the whole table."""
    looked_at, unreadable = 0, 0
    silent: list[Without] = []
    left: list[Without] = []
    for one in integrations.all():
        looked_at += 1
        if isinstance(one, UnreadableIntegration):
            unreadable += 1
            report("integration_unreadable", {"integration": one.id, "reason": one.why})
            continue
        for found in _without(one, now):
            (left if found.told else silent).append(found)
    for found in sorted([*silent, *left], key=lambda one: one.since)[:_NAMED]:
        report(
            "integration_without_run",
            {
                "integration": found.integration_id,
                "since": found.since.isoformat(timespec="seconds"),
                "problem": found.problem,
            },
        )
    report(
        "service_watched",
        {
            "looked_at": looked_at,
            "silent": len(silent) + unreadable,
            "silent_hours": _hours(silent, now),
            "left": len(left),
            "left_hours": _hours(left, now),
        },
    )


def _without(one: Integration, now: datetime) -> Iterator[Without]:
    if one.broken_since is not None:
        if now - one.broken_since > LEFT_AFTER:
            yield Without(integration_id=one.id, since=one.broken_since, told=True, problem="connection_broken")
        return
    if not one.runs:
        return
    problem = one.last_run.problem if one.last_run else None
    # A warehouse hears of its problem only from a run: without one for hours, nobody was told.
    told = problem is not None and problem.fixer not in _NOT_OF_THE_WAREHOUSE and one.late_since(now) is None
    if now - one.good_at > (LEFT_AFTER if told else SILENT_AFTER):
        yield Without(integration_id=one.id, since=one.good_at, told=told, problem=problem.code if problem else "")


def _hours(found: list[Without], now: datetime) -> int:
    return max((int((now - one.since) / timedelta(hours=1)) for one in found), default=0)
