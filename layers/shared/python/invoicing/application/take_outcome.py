"""What came of the jobs of a run: counted, and the run stopped if nothing would come of others either."""

from concurrent.futures import Future

from invoicing.application.export_invoice import unanswered
from invoicing.application.find_jobs import Job
from invoicing.application.ports import ChangedMeanwhileError
from invoicing.application.see_list import SeenList
from invoicing.application.send_invoices import SendQueue
from invoicing.application.steer_run import Course
from invoicing.application.sync_tools import SyncTools, report_defect
from invoicing.application.tally_run import Tally
from invoicing.application.tell_not_understood import tell_if_new
from invoicing.domain.errors import InvoicingError, RetryLaterError, UpstreamContractError
from invoicing.domain.export import Export
from invoicing.domain.integration import Integration
from invoicing.domain.issue import Issue, IssueCode

GIVE_UP_AFTER = 3  # failures in a row: the other side is down, and the next run tries again


class Outcomes:
    """Of the jobs of one run, as they end."""

    def __init__(
        self,
        tools: SyncTools,
        integration: Integration,
        *,
        seen: SeenList,
        course: Course,
        tally: Tally,
        queue: SendQueue,
    ) -> None:
        self._tools = tools
        self._report = tools.reporter(integration)
        self._integration = integration
        self._seen = seen
        self._course = course
        self._tally = tally
        self._queue = queue
        self._failures_in_a_row = 0

    def take(self, job: Job, outcome: Future[Export | None], *, is_specified: bool) -> None:
        """One job has ended; not `is_specified`: nobody answered what was asked for its specification.

        Raises RetryLaterError if our own tables do not answer.
        """
        self._tally.end(job.id)
        try:
            after = outcome.result()
        except (RetryLaterError, UpstreamContractError, ChangedMeanwhileError) as error:
            self._fail(job, error)
        except InvoicingError as error:
            self._tally.keep(job.id)
            self._course.stop_by(error)
        except Exception as defect:  # ours; it stops nothing but its invoice
            self._tally.fail(job.id)
            report_defect(self._report, defect, invoice=str(job.id))
        else:
            self._count(job, after, is_specified=is_specified)

    def _fail(self, job: Job, error: Exception) -> None:
        self._tally.fail(job.id)
        self._report("invoice_failed", invoice=str(job.id), reason=f"{type(error).__name__}: {error}")
        self._failures_in_a_row += 1
        issue = unanswered(self._integration.id, error)
        tell_if_new(
            self._tools.notices,
            issue,
            before=job.before.issue if job.before else None,
            of_whom=self._integration.id,
            clock=self._tools.clock,
        )
        if self._failures_in_a_row >= GIVE_UP_AFTER:
            self._course.stop(issue)

    def _count(self, job: Job, after: Export | None, *, is_specified: bool) -> None:
        self._queue.note(after)
        if job.is_done and after is not None:
            self._tally.take_specification(after)
        else:
            self._tally.take(job.id, job.before, after)
        # One that went well while its specification got no answer says that Fortnox may be down.
        self._failures_in_a_row = 0 if is_specified else self._failures_in_a_row + 1
        if self._failures_in_a_row >= GIVE_UP_AFTER:
            self._course.stop(Issue(code=IssueCode.FORTNOX_NOT_ANSWERING))
        if job.id is not None and after is not None:
            self._seen.has_begun(job.id)
        run = self._integration.last_run
        if self._tally.tried_in_vain and self._tally.stands_still(run.problem if run else None):
            self._course.stopping = True
