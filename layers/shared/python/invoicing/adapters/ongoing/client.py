"""The client of one Ongoing host: reads invoices, and writes number and exported mark back."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from xml.etree.ElementTree import Element

from invoicing.adapters.ongoing.answers import AddressNotFoundError, read_result, where_of
from invoicing.adapters.ongoing.envelopes import (
    Envelope,
    InvoicesQuery,
    get_invoices,
    is_writable,
    update_invoice,
)
from invoicing.adapters.ongoing.filters import trial, useless_in
from invoicing.adapters.ongoing.invoices import ListedInvoice, Listing, read_listing
from invoicing.adapters.ongoing.knowledge import ProcessMemory, SystemKnowledge
from invoicing.application.http import HttpAnswer, HttpRequest, HttpTransport
from invoicing.application.ports import Report, WmsMemory, WmsPage
from invoicing.domain.errors import (
    NotSentError,
    RateLimitedError,
    RetryLaterError,
    UnknownOutcomeError,
    WmsLoginRefusedError,
    WmsNotUnderstoodError,
)
from invoicing.domain.system import is_warehouse_name
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice, WmsLogin
from invoicing.domain.wms_knowledge import Misunderstanding, WmsFilter

_PAGE = 50
_LARGE_PAGE = 500
_ROWS_AT_ONCE = 10_000  # charges that a larger page may have: some megabytes
_SMALL_PAGE = 5  # for systems where an ordinary page is too slow or too large
_FIRST_DATE = date(1900, 1, 1)  # Ongoing takes no earlier ones
_NO_INVOICE = 0  # an id that no invoice has
_TRIED_AGAIN = 0.01  # how often filters that were tried are tried once more

_LOGIN_SECONDS = 15.0  # a person waits; also for one invoice without its charges
_READ_SECONDS = 100.0  # clients of the Automation interface report reads of more than a minute
_WRITE_SECONDS = 30.0
_LONGEST_ANSWER = 20_000_000


class OngoingClient:
    """Implements WmsInvoices. Calls of one system must come one after the other, as Ongoing asks for.

    `base_url` is the host: https://api.ongoingsystems.se, or another one for demo systems. Errors name the
    operation and the system, never a body or a password. With a `memory`, filters are tried at the first reading of a
    system and, by `chance`, now and then later; without one the client knows what it sees itself. With a `patience`, in
    seconds, no answer is awaited for longer, and none is asked for in smaller pages either: somebody else waits.
    """

    def __init__(
        self,
        transport: HttpTransport,
        *,
        base_url: str,
        memory: WmsMemory | None = None,
        report: Report = lambda _event, _fields: None,
        chance: Callable[[], float] = random.random,
        patience: float | None = None,
    ) -> None:
        self._transport = transport
        self._base_url = base_url.rstrip("/")
        self._memory = ProcessMemory() if memory is None else memory
        self._tries_filters = memory is not None
        self._report = report
        self._chance = chance
        self._patience = patience

    def check_login(self, login: WmsLogin) -> None:
        """Raises WmsLoginRefusedError (also if there is no such system), RetryLaterError or WmsNotUnderstoodError."""
        _check(login)
        # The call that every run makes, asking for an invoice that no system has.
        query = InvoicesQuery(with_charges=False, ids=(_NO_INVOICE,), is_exported=False, at_most=1)
        system = self._system(login)
        self._listing(login, query, system, timeout=_LOGIN_SECONDS, is_new=True)
        system.keep()

    def unexported(self, login: WmsLogin, *, since: date, after: int = 0) -> Iterator[WmsPage]:
        """Invoices of live goods owners, not exported, dated `since` or later, with charges, by id; in pages.

        Only those whose id is larger than `after`.

        Each page is asked for when it is. All filters are applied here again, because a server may ignore them.
        Raises as check_login.
        """
        _check(login)
        system = self._system(login)
        query = InvoicesQuery(
            with_charges=True,
            is_exported=False,
            id_from=after or None,
            # "Later than" may leave out the day itself, and a Swedish midnight lies on the day before in UTC.
            dated_after=since - timedelta(days=1) if since > _FIRST_DATE + timedelta(days=1) else None,
        )

        def is_wanted(one: ListedInvoice) -> bool:
            return (
                one.is_exported is not True
                and not one.is_training
                and (one.id is None or one.id > after)
                and (one.invoice_date is None or one.invoice_date >= since)
            )

        try:
            for page, more in self._wanted(login, query, system, is_wanted):
                # Those without a readable id come last.
                page.sort(key=lambda one: (one.id is None, one.id or 0))
                yield WmsPage(invoices=[one.invoice for one in page], more=more)
        finally:
            system.keep()

    def by_id(self, login: WmsLogin, invoice_id: int) -> WmsInvoice | UnreadableInvoice | None:
        """One invoice of a live goods owner, exported or not; None if there is none.

        Raises as check_login.
        """
        _check(login)
        system = self._system(login)
        listed = self._one(login, invoice_id, system)
        system.keep()
        found = next((one.invoice for one in listed if one.id == invoice_id and not one.is_training), None)
        if found is None and len(listed) == 1 and listed[0].id is None:
            return listed[0].invoice  # the only answer, and its id is what cannot be read
        return found

    def by_ids(self, login: WmsLogin, invoice_ids: Sequence[int]) -> Iterator[Sequence[WmsInvoice | UnreadableInvoice]]:
        """Invoices of live goods owners, exported or not, with charges; some dozens at once, each when it is asked for.

        Raises as check_login.
        """
        _check(login)
        system = self._system(login)
        try:
            for found, _ in self._with_charges(login, list(invoice_ids), system):
                yield [one.invoice for one in found if not one.is_training]
        finally:
            system.keep()

    def write_back(self, login: WmsLogin, invoice_id: int, *, number: str) -> None:
        """Sets number and exported mark in one call, sent once; repeating it is harmless.

        Raises UnknownOutcomeError when the answer is lost or unreadable, RetryLaterError when Ongoing refuses
        (with its message), else as check_login; ValueError for a number that XML cannot carry.
        """
        _check(login)
        with self._telling(login):
            self._call(login, update_invoice(login, invoice_id, number=number), timeout=_WRITE_SECONDS, is_write=True)

    # ---- the list

    def _wanted(
        self,
        login: WmsLogin,
        query: InvoicesQuery,
        system: SystemKnowledge,
        is_wanted: Callable[[ListedInvoice], bool],
    ) -> Iterator[tuple[list[ListedInvoice], bool]]:
        """What is wanted of what a query gives, with charges, page by page; and whether another page comes.

        Where the server does not keep the history away, that history is read without its charges, and only the
        charges of what is wanted are asked for, by id.
        """
        done: set[int] = set()
        is_to_try = self._is_to_try(system)
        if not _shows_history(system):
            for page, more in self._pages(login, query, system):
                if is_to_try:
                    is_to_try = False
                    self._try_filters(login, system, page)
                done.update(one.id for one in page if one.id is not None)
                history = _shows_history(system)  # by now
                yield [one for one in page if is_wanted(one)], more or history
                if history:
                    break
                if not more:
                    return
        yield from self._heads_first(login, query, system, lambda one: is_wanted(one) and one.id not in done)

    def _heads_first(
        self,
        login: WmsLogin,
        query: InvoicesQuery,
        system: SystemKnowledge,
        is_wanted: Callable[[ListedInvoice], bool],
    ) -> Iterator[tuple[list[ListedInvoice], bool]]:
        wanted: list[ListedInvoice] = []
        read = 0
        heads = replace(query, with_charges=False)
        for page, _ in self._pages(login, heads, system, page_size=_LARGE_PAGE):
            read += len(page)
            wanted += [one for one in page if is_wanted(one)]
        ids = [one.id for one in wanted if one.id is not None]
        # What cannot be read without its charges cannot be read with them either.
        yield [one for one in wanted if one.id is None], bool(ids)
        if {WmsFilter.IDS, WmsFilter.ID_FROM} <= set(system.known.useless) and read > _LARGE_PAGE:
            refused = WmsNotUnderstoodError(
                f"{where_of('GetInvoicesByQuery', login)} shows {read} invoices whatever is asked for: no filter has "
                "an effect, and a history of that length is not read with all its charges every quarter of an hour",
                kind=Misunderstanding.NO_FILTER,
                unknown=system.known.useless,
            )
            with self._telling(login):
                raise refused
        for found, more in self._with_charges(login, ids, system):
            yield [one for one in found if is_wanted(one)], more

    def _with_charges(
        self, login: WmsLogin, ids: list[int], system: SystemKnowledge
    ) -> Iterator[tuple[list[ListedInvoice], bool]]:
        """These invoices, some dozens at once, and whether others follow."""
        while ids:
            if WmsFilter.IDS in system.known.useless:
                group = ids[:1]
                answer = self._one(login, group[0], system)
            else:
                group = ids[:_PAGE]
                answer = self._listing(login, InvoicesQuery(with_charges=True, ids=tuple(group)), system).invoices
            found = [one for one in answer if one.id in group]
            # A server may give fewer at once than were asked for; those of which it gives none are gone.
            answered = {one.id for one in found} or set(group)
            ids = [one for one in ids if one not in answered]
            yield found, bool(ids)

    def _one(
        self, login: WmsLogin, invoice_id: int, system: SystemKnowledge, *, with_charges: bool = True
    ) -> list[ListedInvoice]:
        """An answer that holds one invoice if the system has it: by the first filter that is sure to show it."""
        if WmsFilter.IDS not in system.known.useless:
            listed = self._listing(login, InvoicesQuery(with_charges=with_charges, ids=(invoice_id,)), system).invoices
            if WmsFilter.IDS not in system.known.useless or any(one.id == invoice_id for one in listed):
                return listed
        if WmsFilter.ID_FROM not in system.known.useless:
            # "From" an id may leave that id out, so it is the one before.
            query = InvoicesQuery(with_charges=with_charges, id_from=invoice_id - 1, at_most=2)
            listed = self._listing(login, query, system).invoices
            ids = [one.id for one in listed if one.id is not None]
            is_absent = ids == sorted(ids) and all(one > invoice_id for one in ids)
            if invoice_id in ids or (is_absent and WmsFilter.ID_FROM not in system.known.useless):
                return listed
        return self._listing(login, InvoicesQuery(with_charges=with_charges), system).invoices

    def _pages(
        self, login: WmsLogin, query: InvoicesQuery, system: SystemKnowledge, *, page_size: int | None = None
    ) -> Iterator[tuple[list[ListedInvoice], bool]]:
        """Everything that a query gives, each invoice once: page by page, and whether another one comes.

        Ongoing pages by id, and its texts say both "larger than" and "or equal". So the next page is asked for from
        the last id, and what is known already is dropped. The end is a page with nothing new. A page that is shorter
        than was asked for is the end only where the server has given a longer one before, or where nothing came after
        this very page: otherwise the server may have cut it. Where invoices have few rows, pages grow; where a page
        gets no answer, they shrink for good.
        """
        seen = _Seen()
        last = query.id_from
        smallest = page_size or _PAGE
        size, largest = smallest, _LARGE_PAGE
        count_before = 0
        while True:
            try:
                page = self._listing(login, replace(query, id_from=last, at_most=size), system).invoices
            except (NotSentError, RateLimitedError):
                raise
            except RetryLaterError:
                if size == _SMALL_PAGE or self._patience:
                    raise
                size = largest = _PAGE if size > _PAGE else _SMALL_PAGE
                continue
            ids = [one.id for one in page if one.id is not None]
            pages_by_id = (
                ids == sorted(ids)
                and (last is None or all(one >= last for one in ids))
                and WmsFilter.ID_FROM not in system.known.useless
            )
            if not pages_by_id:  # only one answer with everything is sure to be complete
                page = self._listing(login, query, system).invoices
            fresh = seen.fresh(page)
            if last is not None and not fresh:
                system.learn(ended_count=count_before, ended_id=last)
            more = pages_by_id and bool(fresh) and bool(ids) and _may_be_cut(page, size, system)
            system.learn(largest_page=max(len(page), system.known.largest_page))
            yield fresh, more
            if not more:
                return
            last, count_before = ids[-1], len(page)
            rows = sum(len(one.invoice.charges) for one in page if isinstance(one.invoice, WmsInvoice))
            size = min(largest, max(smallest, _ROWS_AT_ONCE * len(page) // max(rows, 1)))

    # ---- what is not believed

    def _is_to_try(self, system: SystemKnowledge) -> bool:
        """At the first reading of a system, and now and then later: what was learned may have changed."""
        if not self._tries_filters or (system.known.filters_tried and self._chance() >= _TRIED_AGAIN):
            return False
        system.learn(filters_tried=False, useless=(), largest_page=0, ended_count=0, ended_id=0)
        return True

    def _try_filters(self, login: WmsLogin, system: SystemKnowledge, page: Sequence[ListedInvoice]) -> None:
        """Finds out whether each filter has its effect, and how many invoices the server gives at once.

        Costs a few calls without charges. Any invoice at all is asked for, because a filter that hides everything looks
        just like a system without unexported invoices.
        """

        def ask(one: InvoicesQuery) -> Listing:
            return self._listing(login, one, system, timeout=_LOGIN_SECONDS)

        try:
            any_at_all = ask(InvoicesQuery(with_charges=False, at_most=_PAGE)).invoices
            system.learn(largest_page=max(system.known.largest_page, len(any_at_all)))
            with_id = [one for one in (*page, *any_at_all) if one.id is not None]
            if with_id:
                system.find_useless(*trial(with_id[0], ask))
            system.learn(filters_tried=True)
        except RetryLaterError as error:  # it is tried at the next reading
            self._report("wms_filters_not_tried", {"integration": login.warehouse, "reason": type(error).__name__})

    def _understood_as_empty(self, login: WmsLogin, system: SystemKnowledge, timeout: float) -> bool:
        """Whether a result without any list is an empty one here: where another answer shows that lists are named."""
        if not system.known.empty_without_list:
            query = InvoicesQuery(with_charges=False, at_most=1)
            envelope = get_invoices(login, query)
            result = self._call(login, envelope, timeout=timeout, is_write=False)
            beside = read_listing(result, where_of(envelope.operation, login), with_charges=False)
            system.learn(empty_without_list=bool(beside.invoices))
        return system.known.empty_without_list

    def _system(self, login: WmsLogin) -> SystemKnowledge:
        return SystemKnowledge(login.warehouse, self._memory, self._report)

    # ---- calls

    def _listing(
        self,
        login: WmsLogin,
        query: InvoicesQuery,
        system: SystemKnowledge,
        *,
        timeout: float = _READ_SECONDS,
        is_new: bool = False,
    ) -> Listing:
        """One answer, and what it shows beside its invoices. `is_new`: a person may have mistyped the address."""
        asked = query.without(system.known.useless)
        try:
            with self._telling(login, is_new=is_new):
                envelope = get_invoices(login, asked)
                where = where_of(envelope.operation, login)
                result = self._call(login, envelope, timeout=timeout, is_write=False)
                listing = read_listing(result, where, with_charges=query.with_charges)
                if not listing.has_list and not self._understood_as_empty(login, system, timeout):
                    raise WmsNotUnderstoodError(
                        f"{where} succeeded without any list, and this system has not shown yet that it means an "
                        "empty one. `invoicing check wms` tells more, and lets a person confirm it",
                        kind=Misunderstanding.NO_LIST,
                    )
        except UnknownOutcomeError as error:
            # Nothing is in doubt after a lost answer to a question.
            raise RetryLaterError(f"no answer from {login.warehouse} in Ongoing: {error}") from error
        system.find_unknown(listing.unknown)
        system.find_useless(*useless_in(listing.invoices, asked))
        return listing

    @contextmanager
    def _telling(self, login: WmsLogin, *, is_new: bool = False) -> Iterator[None]:
        """Reports what is not understood. A system that answered before and is not found any more is that, too."""
        try:
            yield
        except AddressNotFoundError as error:
            if is_new:
                raise
            moved = WmsNotUnderstoodError(str(error), kind=Misunderstanding.ADDRESS, unknown=["HTTP 404"])
            self._report_not_understood(login, moved)
            raise moved from error
        except WmsNotUnderstoodError as error:
            self._report_not_understood(login, error)
            raise

    def _report_not_understood(self, login: WmsLogin, error: WmsNotUnderstoodError) -> None:
        self._report("wms_not_understood", {"integration": login.warehouse, "reason": str(error)})

    def _call(self, login: WmsLogin, envelope: Envelope, *, timeout: float, is_write: bool) -> Element:
        return read_result(self.send(login, envelope, timeout=timeout), envelope.operation, login, is_write=is_write)

    def send(self, login: WmsLogin, envelope: Envelope, *, timeout: float) -> HttpAnswer:
        """One call as it is, sent once. Raises like the transport, and WmsLoginRefusedError."""
        _check(login)
        if self._patience:
            timeout = min(timeout, self._patience)
        return self._transport.send(
            HttpRequest(
                method="POST",
                url=f"{self._base_url}/{login.warehouse}/Automation.asmx",
                headers={
                    "Content-Type": "text/xml; charset=utf-8",
                    # A body in chunks is answered with a 500, clients of Ongoing report.
                    "Content-Length": str(len(envelope.body)),
                    "SOAPAction": envelope.soap_action,
                },
                body=envelope.body,
                timeout=timeout,
                max_answer_bytes=_LONGEST_ANSWER,
            )
        )


class _Seen:
    """What a reading has given already."""

    def __init__(self) -> None:
        self._ids: set[int] = set()
        self._nameless: list[ListedInvoice] = []

    def fresh(self, page: Sequence[ListedInvoice]) -> list[ListedInvoice]:
        """Those of a page that were not seen before."""
        found = []
        for one in page:
            if one.id is None:
                if one in self._nameless:
                    continue
                self._nameless.append(one)
            elif one.id in self._ids:
                continue
            else:
                self._ids.add(one.id)
            found.append(one)
        return found


def _may_be_cut(page: Sequence[ListedInvoice], size: int, system: SystemKnowledge) -> bool:
    """Whether the server may have ended a page before the list ended."""
    count, last = len(page), max((one.id for one in page if one.id is not None), default=0)
    has_ended_here = (count, last) == (system.known.ended_count, system.known.ended_id)
    return count >= size or (count >= system.known.largest_page and not has_ended_here)


def _shows_history(system: SystemKnowledge) -> bool:
    return bool({WmsFilter.IS_EXPORTED, WmsFilter.DATED_AFTER} & set(system.known.useless))


def _check(login: WmsLogin) -> None:
    """Refuses what cannot be a login, before it gets into an address or an envelope.

    Raises WmsLoginRefusedError.
    """
    if not is_warehouse_name(login.warehouse):
        raise WmsLoginRefusedError("not the name of a system")
    if not is_writable(login.username) or not is_writable(login.password):
        raise WmsLoginRefusedError(f"a login for {login.warehouse} with characters that XML cannot carry")
