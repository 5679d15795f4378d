"""One run of one integration: reads what is unexported in Ongoing, and exports what is due.

Here is the order of a run. What each part of it does is in the module that it comes from.
"""

from collections.abc import Iterator
from dataclasses import replace

from invoicing.application.after_exports import AfterExports
from invoicing.application.close_run import Touched, WatchedExports
from invoicing.application.export_job import JobExporter
from invoicing.application.find_jobs import Job, JobFinder
from invoicing.application.finish_run import close_records, found_nothing_new, problem_since, put_notices
from invoicing.application.interleave import Steps, interleave
from invoicing.application.mark_run import RunMark
from invoicing.application.ports import CannotOpenError, ClientRefusedError, SyncRequest
from invoicing.application.read_wms import WmsReader
from invoicing.application.see_list import SeenList
from invoicing.application.send_invoices import SendQueue
from invoicing.application.steer_run import Course
from invoicing.application.sync_tools import SyncTools, reason_of
from invoicing.application.take_outcome import Outcomes
from invoicing.application.tally_run import Tally
from invoicing.application.wms_login import login_of
from invoicing.domain.errors import (
    ConfigurationError,
    IntegrationHeldError,
    ReconnectRequiredError,
    UnreadableTokensError,
    WmsLoginRefusedError,
)
from invoicing.domain.export import Export
from invoicing.domain.integration import Integration, RunSummary
from invoicing.domain.integration_settings import IntegrationSettings
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.wms_invoice import WmsLogin

AT_ONCE = 4  # invoices under way: one waits for its turn, one or two are sent, one is marked in Ongoing
# Problems that let nobody look.
_OF_ONGOING = frozenset({IssueCode.WMS_NOT_ANSWERING, IssueCode.WMS_NOT_UNDERSTOOD, IssueCode.WMS_LOGIN_REFUSED})


def sync_integration(tools: SyncTools, request: SyncRequest) -> RunSummary | None:
    """Runs once; None if the integration does not run (paused, broken, disconnected, unknown), or ran since.

    What goes wrong ends in the summary, in issues and in records. Only when our own tables do not answer is
    RetryLaterError raised, and the queue brings the request again.
    """
    integration = tools.integrations.get(request.integration_id)
    if integration is None or not integration.runs or integration.settings is None or _is_past(request, integration):
        return None
    was_slow = integration.last_run is not None and integration.last_run.slow
    if tools.lanes is not None and tools.lanes.slow is not was_slow:
        # Under a new name where a person asked, because SQS drops a name that it has seen within five minutes.
        slot = request.slot if request.scheduled_at else f"{request.slot}-{tools.new_id()}"
        tools.lanes.other.send([replace(request, slot=slot)])
        return None
    return _Run(tools, request, integration, integration.settings).execute()


class _Run:
    """One run, while it goes on."""

    def __init__(
        self, tools: SyncTools, request: SyncRequest, integration: Integration, settings: IntegrationSettings
    ) -> None:
        self._touched = Touched()
        self._report = tools.reporter(integration)
        self._tally = Tally.of_run(integration, report=self._report)
        self._queue = SendQueue.left_by(integration.last_run)
        self._mark = RunMark(
            tools.integrations,
            integration,
            tally=self._tally,
            queue=self._queue,
            touched=self._touched,
            clock=tools.clock,
        )
        self._tools = replace(
            tools, exports=WatchedExports(tools.exports, self._touched, before=self._mark.before_write)
        )
        self._course = Course(self._tools, request, integration, self._tally)
        self._request = request
        self._integration = integration
        self._settings = settings
        self._meaning = integration.detected_price_meaning
        self._after = AfterExports(
            self._tools, request, integration, settings, course=self._course, tally=self._tally, queue=self._queue
        )
        self._seen = SeenList(integration, self._tools.exports, tools.clock, self._tally)

    def execute(self) -> RunSummary:
        try:
            login = login_of(self._integration, self._tools.sealer)
        except CannotOpenError:
            self._ours("the password for Ongoing cannot be opened")
            return self._finish()
        except ConfigurationError as error:
            self._ours(reason_of(error))
            return self._finish()
        try:
            self._export(login)
        except WmsLoginRefusedError:
            self._problem(
                IssueCode.WMS_LOGIN_REFUSED, system=self._integration.id, username=self._integration.wms_username
            )
        except (CannotOpenError, UnreadableTokensError):
            self._ours("the keys to Fortnox cannot be opened")
        except ConfigurationError as error:
            self._ours(reason_of(error))
        except ClientRefusedError:
            self._problem(IssueCode.NOT_OPENING)  # the token engine has told of it
        except IntegrationHeldError as held:
            self._tally.problem = held.issue
        except ReconnectRequiredError:
            self._problem(IssueCode.CONNECTION_BROKEN, company=self._integration.company.name)
            self._tools.follow_keys(self._integration.id)
        return self._finish()

    def _export(self, login: WmsLogin) -> None:
        """Ends what was begun whatever happens, and only then raises what stopped the run."""
        tools, integration, course, tally = self._tools, self._integration, self._course, self._tally
        reader = WmsReader(tools, self._request, integration, login, course=course, tally=tally)
        finder = JobFinder(
            tools,
            self._request,
            integration,
            reader=reader,
            seen=self._seen,
            course=course,
            tally=tally,
            queue=self._queue,
        )
        exporter = JobExporter(tools, self._request, integration, self._settings, login=login, wms=reader.wms)
        outcomes = Outcomes(tools, integration, seen=self._seen, course=course, tally=tally, queue=self._queue)
        for job, outcome in interleave(self._jobs(finder, exporter), tools.outside, at_most=AT_ONCE):
            outcomes.take(job, outcome, is_specified=job.id not in exporter.unanswered_specifications)
        self._meaning = exporter.meaning
        exporter.save_register()
        is_of_ongoing = tally.problem is not None and tally.problem.code in _OF_ONGOING
        if course.stopping and not course.continues and not is_of_ongoing:
            finder.look_on()
        if course.stopped_by is not None:
            raise course.stopped_by
        self._after.act(exporter.fortnox, reader.wms)

    def _jobs(self, finder: JobFinder, exporter: JobExporter) -> Iterator[tuple[Job, Steps[Export | None]]]:
        """The work, one by one, until something stops the run or its time runs low."""
        try:
            for job in finder.jobs(since=self._settings.from_date):
                yield job, exporter.steps(job)
        except Exception as error:  # raised when those under way have ended
            self._course.stop_by(error)

    def _finish(self) -> RunSummary:
        """Closes what the run saved, tells whom it concerns, and stores the run as its last write."""
        tools, integration, tally, before = self._tools, self._integration, self._tally, self._integration.last_run
        now = tools.clock()
        tally.stands_still(before.problem if before else None)
        run = tally.summary(started_at=self._mark.started_at, finished_at=now, good_at=integration.good_at)
        run = close_records(tools, integration, self._touched, self._after.note_in(run))
        run = replace(run, problem_since=problem_since(integration, run), look=self._seen.look(self._course))
        run = put_notices(tools, integration, run, tally=tally, seen=self._seen, continues=self._course.continues)
        if found_nothing_new(
            self._request, integration, run, tally=tally, begun=self._mark.begun, meaning=self._meaning
        ):
            self._report("run_idle")
            return run
        # Only what was asked for when this run began is answered by it.
        tools.integrations.save_run(
            integration.id,
            run,
            done=tally.answered(integration.asked),
            unfinished=tally.unfinished,
            marked=tally.once_more,
            detected=self._meaning,
        )
        if self._course.moves_on is not None and tools.lanes is not None:
            tools.lanes.other.send([self._course.moves_on])  # after the mark, which says whose it is
        tally.tell()
        return run

    def _problem(self, code: IssueCode, **params: str) -> None:
        self._tally.problem = Issue(code=code, params=params)

    def _ours(self, reason: str) -> None:
        """A key, a right, a stage's name or a record of ours is wrong: nobody's password is, and only we can mend it.

        The run ends all the same, so that its message locks no queue; the next schedule tries again.
        """
        self._report("our_defect", reason=reason)
        self._problem(IssueCode.NOT_OPENING)


def _is_past(request: SyncRequest, integration: Integration) -> bool:
    """Whether a run has begun since the schedule asked for this one: a later message stands behind it."""
    asked_at, run = request.scheduled_at, integration.last_run
    return asked_at is not None and run is not None and asked_at < run.started_at
