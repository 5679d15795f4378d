"""What a run does when all is exported: it sends to customers, follows what was sent, and looks before the 1st."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from invoicing.application.follow_invoices import FollowTools, follow_invoices
from invoicing.application.look_before import BeforeTools, is_night_look_due, look_before
from invoicing.application.ports import ChangedMeanwhileError, Fortnox, SyncRequest, WmsInvoices
from invoicing.application.send_invoices import SendQueue, SendTools, send_invoices
from invoicing.application.steer_run import SECONDS_TO_END, Course
from invoicing.application.sync_tools import SyncTools, reason_of, report_defect
from invoicing.application.tally_run import Tally
from invoicing.domain.errors import InvoicingError, RetryLaterError, UpstreamContractError, WmsLoginRefusedError
from invoicing.domain.integration import Integration, RunSummary
from invoicing.domain.integration_settings import IntegrationSettings
from invoicing.domain.settlement import Following

SECONDS_AFTERWARDS = 100.0  # three calls to Fortnox, and what ends a run


class AfterExports:
    """What is done so in one run, and what the next one has to know of it."""

    def __init__(
        self,
        tools: SyncTools,
        request: SyncRequest,
        integration: Integration,
        settings: IntegrationSettings,
        *,
        course: Course,
        tally: Tally,
        queue: SendQueue,
    ) -> None:
        self._tools = tools
        self._report = tools.reporter(integration)
        self._request = request
        self._integration = integration
        self._settings = settings
        self._course = course
        self._tally = tally
        self._queue = queue
        run = integration.last_run
        self._following: Following | None = run.following if run else None
        self._looked_before: datetime | None = run.looked_before if run else None

    def act(self, fortnox: Callable[[], Fortnox], wms: WmsInvoices) -> None:
        """One after the other. Raises InvoicingError as sending, following and looking do, and nothing else.

        What was exported is kept by this run's last write, whatever defect of ours comes after it.
        """
        for step in (self._send, self._follow, partial(self._look_before, wms=wms)):
            try:
                step(fortnox)
            except InvoicingError:
                raise
            except Exception as defect:
                report_defect(self._report, defect, invoice="")

    def note_in(self, run: RunSummary) -> RunSummary:
        """The summary with what is left of it."""
        return replace(
            run,
            following=self._followed(),
            to_send=frozenset(self._queue.waiting),
            send_problems=frozenset(self._queue.problems),
            send_at=self._queue.at if self._queue.waiting else None,
            looked_before=self._looked_before,
        )

    def _send(self, fortnox: Callable[[], Fortnox]) -> None:
        """To customers, what has waited for its hour."""
        now, by_person = self._tools.clock(), not self._request.by_itself
        is_due = self._queue.is_due(now) or (by_person and bool(self._queue.waiting))
        if not is_due or not self._may_act(SECONDS_AFTERWARDS):
            return
        tools = SendTools(
            integration_id=self._integration.id,
            exports=self._tools.exports,
            fortnox=fortnox(),
            send=self._settings.send_invoices,
            book=self._settings.book_when_sent,
            agreed=self._integration.sends_agreed,
            clock=self._tools.clock,
            seconds_left=self._tools.seconds_left,
            to_end=SECONDS_AFTERWARDS,
            report=self._tools.report,
        )
        send_invoices(tools, self._queue)

    def _follow(self, fortnox: Callable[[], Fortnox]) -> None:
        """What became of what was sent: nobody waits for it."""
        known = self._following
        if not self._settings.follow_payments:
            self._following = None
        elif self._may_act(SECONDS_AFTERWARDS) and (known is None or known.is_due(self._tools.clock())):
            tools = FollowTools(
                integration_id=self._integration.id,
                exports=self._tools.exports,
                fortnox=fortnox(),
                clock=self._tools.clock,
                seconds_left=self._tools.seconds_left,
                to_end=SECONDS_AFTERWARDS,
                report=self._tools.report,
            )
            try:
                self._following = follow_invoices(tools, known)
            except (RetryLaterError, UpstreamContractError, ChangedMeanwhileError) as error:
                self._report("payments_not_followed", reason=reason_of(error))  # the next run asks again

    def _followed(self) -> Following | None:
        """What is sent from now on is asked for, too: also if a run was cut off before it could count it.

        One that failed may have been sent and marked, so that nobody would look at it again.
        """
        known, tally = self._following, self._tally
        sent = tally.sent.count or tally.updated or tally.failed or self._integration.under_way is not None
        return replace(known, open=1) if known is not None and not known.open and sent else known

    def _look_before(self, fortnox: Callable[[], Fortnox], *, wms: WmsInvoices) -> None:
        """What will stop the invoices that gather: once a night, last of all, and not where nothing gathers."""
        by_itself, now = self._request.by_itself, self._tools.clock()
        if not by_itself or not self._tally.waiting or not self._may_act(SECONDS_TO_END):
            return
        if not is_night_look_due(self._integration, now):
            return
        self._looked_before = now  # also in vain: the next night is soon enough
        tools = BeforeTools(
            exports=self._tools.exports,
            sealer=self._tools.sealer,
            wms=wms,
            fortnox=fortnox(),
            clock=self._tools.clock,
            seconds_left=self._tools.seconds_left,
            to_end=SECONDS_TO_END,
            remembered=True,
            report=self._tools.report,
        )
        try:
            look_before(tools, self._integration)
        except (RetryLaterError, UpstreamContractError, WmsLoginRefusedError) as error:
            self._report("not_looked_before", reason=reason_of(error))

    def _may_act(self, seconds: float) -> bool:
        return self._tally.problem is None and self._course.has_time(seconds)
