"""What a run reads in Ongoing, and what it means for the run when no answer comes."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial

from invoicing.application.ports import OutsideCall, Side, SyncRequest, WmsInvoices, WmsPage
from invoicing.application.steer_run import Course
from invoicing.application.sync_tools import SyncTools, reason_of
from invoicing.application.tally_run import Tally
from invoicing.application.tell_not_understood import not_understood_issue, tell_if_new
from invoicing.domain.errors import InvoicingError, RetryLaterError, UpstreamContractError, WmsNotUnderstoodError
from invoicing.domain.integration import Integration
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice, WmsLogin

SLOW_SECONDS = 10.0  # a system that answers later than this goes into batches of its own
QUICK_SECONDS = 5.0  # and back, when it answers sooner than this


class WmsReader:
    """One system, as one run reads it: each call in its turn, while other invoices are under way.

    All of it raises WmsLoginRefusedError. Without any other answer the run is stopped, and None is given.
    """

    def __init__(
        self,
        tools: SyncTools,
        request: SyncRequest,
        integration: Integration,
        login: WmsLogin,
        *,
        course: Course,
        tally: Tally,
    ) -> None:
        self._tools = tools
        self._report = tools.reporter(integration)
        self._integration = integration
        self._login = login
        self._course = course
        self._tally = tally
        # A person's own run is the one that is answered for, however long it takes.
        hasty = tools.lanes.hasty if tools.lanes is not None and request.by_itself else None
        self._is_hasty = hasty is not None
        self.wms: WmsInvoices = hasty or tools.wms
        self._pages: Iterator[WmsPage] = iter(())

    def open_list(self, *, since: date, after: int) -> None:
        """Of what is not exported; its pages are read one by one."""
        self._pages = self.wms.unexported(self._login, since=since, after=after)

    def next_page(self, *, is_first: bool) -> WmsPage | None:
        """The next one of the list. Its first one says whether the system is slow."""
        asked_at, run = self._tools.clock(), self._integration.last_run
        page = self._answer(lambda: next(self._pages))
        if is_first and self._course.moves_on is None:
            seconds = (self._tools.clock() - asked_at).total_seconds()
            self._tally.slow = seconds >= (QUICK_SECONDS if run is not None and run.slow else SLOW_SECONDS)
        return page

    def page_beyond(self) -> WmsPage | None:
        """The next one, for a run that has stopped: None also without an answer, which changes nothing then."""
        try:
            page: WmsPage | None = self._ask(lambda: next(self._pages, None))
        except InvoicingError as error:
            self._report("look_ended", reason=reason_of(error))
            return None
        return page

    def by_id(self, invoice_id: int) -> WmsInvoice | UnreadableInvoice | None:
        """None also if Ongoing does not have it: then nothing has stopped the run."""
        return self._answer(partial(self.wms.by_id, self._login, invoice_id))

    def by_ids(self, ids: Sequence[int]) -> Iterator[Sequence[WmsInvoice | UnreadableInvoice]]:
        """Those of them that Ongoing has, some at a time; fewer without an answer."""
        pages = self.wms.by_ids(self._login, ids)
        while (page := self._answer(lambda: next(pages, None))) is not None:
            yield page

    def _ask[Answer](self, ask: Callable[[], Answer]) -> Answer:
        asked = self._tools.outside.start(OutsideCall(side=Side.ONGOING, act=ask))
        answer: Answer = self._tools.outside.first([asked]).result()
        return answer

    def _answer[Answer](self, ask: Callable[[], Answer]) -> Answer | None:
        """Without one, the run ends: a hasty run that has waited for nothing goes on where nobody waits."""
        asked_at, run = self._tools.clock(), self._integration.last_run
        try:
            return self._ask(ask)
        except WmsNotUnderstoodError as error:
            self._report("run_failed", reason=reason_of(error))
            problem = not_understood_issue(self._integration.id, error)
            self._course.stop(problem)
            tell_if_new(
                self._tools.notices,
                problem,
                before=run.problem if run else None,
                of_whom=self._integration.id,
                clock=self._tools.clock,
            )
        except (RetryLaterError, UpstreamContractError) as error:
            waited = (self._tools.clock() - asked_at).total_seconds()
            if self._is_hasty and isinstance(error, RetryLaterError) and waited >= QUICK_SECONDS:
                self._course.move_on()
            else:
                self._report("run_failed", reason=reason_of(error))
                self._course.stop(self._not_answering())
        return None

    def _not_answering(self) -> Issue:
        params = {
            "system": self._integration.id,
            "username": self._integration.wms_username,
            "company": self._integration.company.name,
        }
        return Issue(code=IssueCode.WMS_NOT_ANSWERING, params=params)
