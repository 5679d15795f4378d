"""The mark of a run that has begun to write: should it be killed, the next one looks at all that it touched."""

from collections.abc import Set

from invoicing.application.close_run import Touched
from invoicing.application.ports import Clock, Integrations
from invoicing.application.send_invoices import SendQueue
from invoicing.application.tally_run import Tally
from invoicing.domain.integration import Integration, RunUnderWay


class RunMark:
    """What a run has stored of itself. It begins when this is made."""

    def __init__(
        self,
        integrations: Integrations,
        integration: Integration,
        *,
        tally: Tally,
        queue: SendQueue,
        touched: Touched,
        clock: Clock,
    ) -> None:
        self._integrations = integrations
        self._integration = integration
        self._tally = tally
        self._queue = queue
        self._touched = touched
        self._marked: Set[int] = integration.unfinished  # of what the run touches, what is stored as unfinished
        self.started_at = clock()
        self.begun = False  # whether the run has begun to write

    def before_write(self) -> None:
        """Called before each write of a record: stores what this run is about to touch, once for each page.

        Should the run be killed, the next one looks at all of it: also at an invoice that is marked in Ongoing
        already, and therefore no longer listed, while its record does not know. And it sees that this one was never
        closed.
        """
        tally, before = self._tally, self._integration.last_run
        if self.begun and tally.open <= self._marked:
            return
        self.begun = True
        # What waits to be sent, and what this run was the first to find so, no other place names yet.
        to_send = self._queue.waiting - (before.to_send if before else frozenset())
        marked = tally.unfinished | tally.open | to_send
        begun = RunUnderWay(
            started_at=self.started_at,
            ended=tally.ended,
            invoices=frozenset(tally.open),
            saved=frozenset(self._touched.records),
        )
        self._integrations.begin_run(self._integration.id, begun, unfinished=marked)
        self._marked = marked
