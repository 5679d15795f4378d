"""The end of a run: what is closed, whom it tells, and whether it is worth to be stored."""

from dataclasses import replace
from datetime import datetime, timedelta

from invoicing.application.close_history import HistoryTools, close_history
from invoicing.application.close_reactivation import close_reactivation
from invoicing.application.close_run import CloseTools, Touched, close_run
from invoicing.application.ports import SyncRequest
from invoicing.application.put_before_mail import put_before_mail
from invoicing.application.put_digest import put_digest
from invoicing.application.put_month_mail import put_month_mail
from invoicing.application.see_list import SeenList
from invoicing.application.sync_tools import SyncTools
from invoicing.application.tally_run import Tally
from invoicing.domain.checkpoint import LastCheckpoint
from invoicing.domain.integration import Integration, RunSummary
from invoicing.domain.integration_settings import PriceMeaning

SHOWN_FOR = timedelta(hours=1)  # a run that found nothing new is stored only after so long, and none is in between
LATE = timedelta(minutes=5)  # a run that begins so long after its slot is stored: others may wait behind it


def close_records(tools: SyncTools, integration: Integration, touched: Touched, run: RunSummary) -> RunSummary:
    """Closes the histories of what the run saved, then what is kept beside the records; the summary says how far."""
    checkpoint = _close_history(tools, integration, touched)
    return replace(run, checkpoint=checkpoint, behind=_close(tools, integration, touched))


def _close_history(tools: SyncTools, integration: Integration, touched: Touched) -> LastCheckpoint | None:
    """Names what this run saved, and a run that left its mark."""
    before, cut_off = integration.last_run, integration.under_way
    history = HistoryTools(
        integration_id=integration.id,
        exports=tools.exports,
        checkpoints=tools.checkpoints,
        anchors=tools.anchors,
        program=tools.program,
        clock=tools.clock,
        seconds_left=tools.seconds_left,
        report=tools.report,
    )
    unnamed = cut_off.invoices | cut_off.saved if cut_off else frozenset[int]()
    return close_history(history, touched, before.checkpoint if before else None, cut_off=unnamed)


def _close(tools: SyncTools, integration: Integration, touched: Touched) -> datetime | None:
    """Since when it is behind; a run that left its mark has closed nothing."""
    before, cut_off = integration.last_run, integration.under_way
    since = (before.behind if before else None, cut_off.started_at if cut_off else None)
    closing = CloseTools(
        integration_id=integration.id,
        exports=tools.exports,
        months=tools.months,
        clock=tools.clock,
        seconds_left=tools.seconds_left,
        report=tools.report,
    )
    return close_run(closing, touched, behind=max((one for one in since if one is not None), default=None))


def problem_since(integration: Integration, run: RunSummary) -> datetime | None:
    """Since when runs have met the problem of this one."""
    before = integration.last_run
    if run.problem is None:
        return None
    if before is not None and before.problem is not None and before.problem.code is run.problem.code:
        return before.problem_since or before.started_at
    return run.started_at


def put_notices(
    tools: SyncTools, integration: Integration, run: RunSummary, *, tally: Tally, seen: SeenList, continues: bool
) -> RunSummary:
    """Mails that a run may cause; the summary says which were. `continues`: another run goes on where it stopped."""
    notices, now = tools.notices, run.finished_at
    at_its_end = not continues and run.problem is None
    run = close_reactivation(notices, integration, run, tally.sent, at_its_end=at_its_end, now=now)
    put_digest(notices, integration, run, unspecified=len(tally.unspecified), now=now)
    put_before_mail(notices, tools.exports, integration, now)
    month_told = put_month_mail(
        notices,
        integration,
        run,
        unfinished=lambda: tools.exports.get_many(integration.id, sorted(tally.unfinished)).values(),
        later=seen.not_due_between,
        now=now,
    )
    return replace(run, month_told=month_told)


def found_nothing_new(
    request: SyncRequest, integration: Integration, run: RunSummary, *, tally: Tally, begun: bool, meaning: PriceMeaning
) -> bool:
    """Whether storing it would change nothing but its times, which nobody asked for. `begun`: it has left its mark."""
    before = integration.last_run
    if before is None:
        return False
    look = replace(before.look, at=run.look.at) if before.look and run.look else before.look
    same = replace(before, started_at=run.started_at, finished_at=run.finished_at, look=look)
    return (
        request.by_itself
        and not _is_late(request, run)
        and run.finished_at < before.finished_at + SHOWN_FOR
        and run == same
        and not (run.sent or run.updated or run.failed)
        and not run.held  # what is held is tried anew by the time of the last run
        and not tally.answered(integration.asked)
        and tally.unfinished == integration.unfinished
        and tally.once_more == integration.marked
        and integration.under_way is None
        and not begun
        and meaning == integration.detected_price_meaning
    )


def _is_late(request: SyncRequest, run: RunSummary) -> bool:
    asked_at = request.scheduled_at
    return asked_at is not None and run.started_at >= asked_at + LATE
