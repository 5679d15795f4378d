"""What a run of an integration works with."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass

from invoicing.application.ports import (
    Anchors,
    Checkpoints,
    Clock,
    Exports,
    Fortnox,
    Integrations,
    Months,
    Notices,
    OutsideCalls,
    Report,
    Sealer,
    SecondsLeft,
    SyncQueue,
    WmsInvoices,
)
from invoicing.domain.integration import Integration
from invoicing.domain.specification import Specification


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """Slow systems have a queue of their own, so that nobody waits beside them.

    An integration is worked on only from the queue that its last run says, and only a run says so, as the last thing
    that it does. So the two queues never have a run of one integration at the same time.
    """

    slow: bool  # whether this run's message came from the queue of the slow ones
    other: SyncQueue
    hasty: WmsInvoices | None = None  # gives up after SLOW_SECONDS; of a run that others wait beside


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncTools:
    """What runs work with.

    `fortnox_of` gives the client of one integration's company. `follow_keys` is given the id of one whose keys are
    dead. `program` is the version of this function.
    """

    integrations: Integrations
    exports: Exports
    months: Months
    checkpoints: Checkpoints
    anchors: Callable[[], Anchors]
    program: str
    notices: Notices
    follow_keys: Callable[[str], None]
    queue: SyncQueue
    sealer: Sealer
    wms: WmsInvoices
    fortnox_of: Callable[[Integration], Fortnox]
    outside: OutsideCalls
    clock: Clock
    seconds_left: SecondsLeft
    new_id: Callable[[], str]
    report: Report
    draw: Callable[[Specification], bytes]
    lanes: Lanes | None = None

    def reporter(self, integration: Integration) -> Callable[..., None]:
        """Reports events of one integration: takes an event and its fields."""

        def report(event: str, **fields: str) -> None:
            self.report(event, {"integration": integration.id, **fields})

        return report


def report_defect(report: Callable[..., None], defect: Exception, *, invoice: str) -> None:
    """Ours: files, lines and source. Neither values nor the message, which may quote what must not be logged."""
    where = "".join(traceback.format_tb(defect.__traceback__))
    report("our_defect", invoice=invoice, reason=type(defect).__name__, where=where)


def reason_of(error: Exception) -> str:
    """What a log line says of it."""
    return f"{type(error).__name__}: {error}"
