"""Whether a run goes on, and where another one goes on for it."""

from invoicing.application.ports import SyncRequest
from invoicing.application.sync_tools import SyncTools
from invoicing.application.tally_run import Tally
from invoicing.domain.integration import Integration
from invoicing.domain.issue import Issue

# With less left, the rest is continued in a new invocation: what is under way must end, and those marks are set one
# after the other.
SECONDS_TO_END = 180.0
HOPS = 8  # runs that continue each other; then the schedule goes on. AWS stops loops of functions after some 16


class Course:
    """From where a run goes how far, and what stops it: a problem, an error, or that its time runs low."""

    def __init__(self, tools: SyncTools, request: SyncRequest, integration: Integration, tally: Tally) -> None:
        self._tools = tools
        self._report = tools.reporter(integration)
        self._request = request
        self._integration = integration
        self._tally = tally
        self.after = request.after or self._left_off()
        self.reached = self.after  # every invoice up to this id was looked at
        self.stopping = False  # no further invoice is begun
        self.stopped_by: Exception | None = None
        self.continues = False  # in another run
        self.moves_on: SyncRequest | None = None  # to the queue of the slow ones

    def _left_off(self) -> int:
        """Where the schedule goes on. What a person asks for begins at the beginning."""
        before = self._integration.last_run
        return before.goes_on_after if before is not None and self._request.scheduled_at is not None else 0

    def has_time(self, seconds: float) -> bool:
        """Whether nothing stopped the run and so much time is left."""
        return not self.stopping and self._tools.seconds_left() >= seconds

    def may_go_on(self) -> bool:
        """Whether nothing stopped the run and time is left; else the rest is continued later."""
        if self._tools.seconds_left() < SECONDS_TO_END:
            self.stop_for_now()
        return not self.stopping

    def stop(self, problem: Issue) -> None:
        """Nothing would come of other invoices either."""
        self._tally.problem = problem
        self.stopping = True

    def stop_by(self, error: Exception) -> None:
        """It is raised when what is under way has ended; of several, the first."""
        self.stopped_by = self.stopped_by or error
        self.stopping = True

    def stop_for_now(self) -> None:
        """Its time runs low: it goes on in another run; if nothing came of this one, the schedule does."""
        if self.stopping:
            return
        self.stopping = self.continues = True
        moved, hops = self.reached > self.after or self._tally.ended > 0, self._request.hops
        left = str(len(self._tally.open))
        if not moved or hops >= HOPS:
            self._tally.goes_on_after = self.reached if moved else 0
            self._report("run_stops", left=left, hops=str(hops))
            return
        self._report("run_continues", left=left)
        self._tools.queue.send([self._continuation()])

    def move_on(self) -> None:
        """A slow system: this run learned nothing, and goes on where nobody waits beside it."""
        before = self._integration.last_run
        self.stopping = self.continues = self._tally.slow = True
        self._tally.problem = before.problem if before else None
        self.moves_on = self._continuation()

    def _continuation(self) -> SyncRequest:
        """What asks for another run that begins where this one has come to."""
        return SyncRequest(
            integration_id=self._integration.id,
            by=self._request.by,
            slot=f"continue-{self._tools.new_id()}",
            after=self.reached,
            hops=self._request.hops + 1,
        )
