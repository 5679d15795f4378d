"""The client of one Ongoing host: reads invoices, and writes number and exported mark back."""

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from xml.etree.ElementTree import Element

from invoicing.adapters.ongoing.answers import AddressNotFoundError, read_result, where_of
from invoicing.adapters.ongoing.envelopes import (
    Envelope,
    InvoicesQuery,
    get_invoices,
    get_price_list,
    is_writable,
    update_invoice,
)
from invoicing.adapters.ongoing.filters import hidden_behind, trial, useless_in
from invoicing.adapters.ongoing.invoices import ListedInvoice, Listing, read_listing
from invoicing.adapters.ongoing.knowledge import ProcessMemory, SystemKnowledge
from invoicing.adapters.ongoing.price_lists import read_price_list
from invoicing.application.http import HttpAnswer, HttpRequest, HttpTransport
from invoicing.application.ports import Report, WmsLook, WmsMemory, WmsPage
from invoicing.domain.errors import (
    NotSentError,
    RateLimitedError,
    RetryLaterError,
    UnknownOutcomeError,
    WmsLoginRefusedError,
    WmsNotUnderstoodError,
)
from invoicing.domain.price_list import PriceList
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
_MOST_OPEN = 500  # invoices of a history that are remembered as waiting
_LOOKED_BACK = timedelta(days=400)  # a year and the month that is invoiced


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
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._base_url = base_url.rstrip("/")
        self._memory = ProcessMemory() if memory is None else memory
        self._tries_filters = memory is not None
        self._report = report
        self._chance = chance
        self._patience = patience
        self._monotonic = monotonic

    def check_login(self, login: WmsLogin) -> None:
        """Raises WmsLoginRefusedError (also if there is no such system), RetryLaterError or WmsNotUnderstoodError."""
        _check(login)
        # The call that every run makes, asking for an invoice that no system has.
        query = InvoicesQuery(with_charges=False, ids=(_NO_INVOICE,), is_exported=False, at_most=1)
        system = self._system(login)
        self._listing(login, query, system, timeout=_LOGIN_SECONDS, is_new=True)
        system.keep()

    def look(self, login: WmsLogin, *, at: datetime, seconds: float) -> WmsLook:
        """A good year of invoices without their charges, while `seconds` last. Raises as check_login.

        A result without any list is no error here: it is what a person is to be asked about.
        """
        _check(login)
        system = self._system(login)
        since = at.date() - _LOOKED_BACK
        query = InvoicesQuery(with_charges=False, dated_after=since)
        pages = self._pages(login, query, system, page_size=_LARGE_PAGE, until=self._monotonic() + seconds, is_new=True)
        page, is_more = next(pages)
        found = list(page)
        try:
            for page, is_more in pages:  # noqa: B007 - whether more comes is wanted of the last one
                found += page
        except RetryLaterError:
            is_more = True
        found = [one for one in found if not one.is_training and (one.invoice_date or since) >= since]
        system.learn(counted=len(found), counted_at=at)
        system.keep()
        return _look_of(found, since, is_more=is_more, is_understood=system.known.is_understood)

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

        for page, more in system.keep_of_each(self._wanted(login, query, system, is_wanted, since=since)):
            # Those without a readable id come last.
            page.sort(key=lambda one: (one.id is None, one.id or 0))
            yield WmsPage(invoices=[one.invoice for one in page], more=more)

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
        for found, _, _ in system.keep_of_each(self._with_charges(login, list(invoice_ids), system)):
            yield [one.invoice for one in found if not one.is_training]

    def write_back(self, login: WmsLogin, invoice_id: int, *, number: str) -> None:
        """Sets number and exported mark in one call, sent once; repeating it is harmless.

        Raises UnknownOutcomeError when the answer is lost or unreadable, RetryLaterError when Ongoing refuses
        (with its message), else as check_login; ValueError for a number that XML cannot carry.
        """
        _check(login)
        with self._telling(login):
            self._call(login, update_invoice(login, invoice_id, number=number), timeout=_WRITE_SECONDS, is_write=True)

    def price_list(self, login: WmsLogin, goods_owner_id: int) -> PriceList:
        """What one goods owner's charges are made from.

        No invoice depends on it, so that what is wrong with it rings no alarm: names that are not known are reported as
        elsewhere, and the rest is the caller's to tell. Raises WmsNotUnderstoodError for a system that has no such call
        or answers otherwise, WmsLoginRefusedError for one that does not permit it, RetryLaterError.
        """
        _check(login)
        system, envelope = self._system(login), get_price_list(login, goods_owner_id)
        result = self._call(login, envelope, timeout=_WRITE_SECONDS, is_write=False)
        found, unknown = read_price_list(result, where_of(envelope.operation, login))
        system.find_unknown(unknown)
        system.keep()
        return found

    # ---- the list

    def _wanted(
        self,
        login: WmsLogin,
        query: InvoicesQuery,
        system: SystemKnowledge,
        is_wanted: Callable[[ListedInvoice], bool],
        *,
        since: date,
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
        yield from self._heads_first(login, query, system, is_wanted, since=since, done=done)

    def _heads_first(
        self,
        login: WmsLogin,
        query: InvoicesQuery,
        system: SystemKnowledge,
        is_wanted: Callable[[ListedInvoice], bool],
        *,
        since: date,
        done: Set[int],
    ) -> Iterator[tuple[list[ListedInvoice], bool]]:
        """What is wanted of a history, but for what is `done`.

        The history is read once, and then what is new and what waited. An old invoice that is opened again comes to
        light when the filters are tried again, which reads all of it.
        """
        known = system.known
        is_known = known.history_since is not None and known.history_since <= since
        begin, waited = (known.history_to, known.open) if is_known else (0, ())
        after = query.id_from or 0
        wanted: list[ListedInvoice] = []
        read, last = 0, begin
        heads = replace(query, with_charges=False, id_from=max(begin, after) or None)
        for page, _ in self._pages(login, heads, system, page_size=_LARGE_PAGE):
            read += len(page)
            last = max(last, _last_id(page))
            wanted += [one for one in page if is_wanted(one)]
        still = {one.id for one in wanted if one.id is not None} | {one for one in waited if one > after}
        asked = sorted(still - done)
        # What cannot be read without its charges cannot be read with them either.
        yield [one for one in wanted if one.id is None], bool(asked)
        useless = set(system.known.useless)
        if {WmsFilter.IDS, WmsFilter.ID_FROM} <= useless and read > _LARGE_PAGE:
            refused = WmsNotUnderstoodError(
                f"{where_of('GetInvoicesByQuery', login)} shows {read} invoices whatever is asked for: no filter has "
                "an effect, and a history of that length is not read with all its charges every quarter of an hour",
                kind=Misunderstanding.NO_FILTER,
                unknown=system.known.useless,
            )
            with self._telling(login):
                raise refused
        for found, answered, more in self._with_charges(login, asked, system):
            given = [one for one in found if is_wanted(one)]
            still -= answered - {one.id for one in given}
            yield given, more
        # Only what is given page by page can be read on from where it ended.
        if not after and WmsFilter.ID_FROM not in system.known.useless and all(one.id is not None for one in wanted):
            kept = tuple(sorted(still)[:_MOST_OPEN])
            end = kept[-1] if len(still) > _MOST_OPEN else last
            system.learn(history_to=end, history_since=since, open=kept)

    def _with_charges(
        self, login: WmsLogin, ids: list[int], system: SystemKnowledge
    ) -> Iterator[tuple[list[ListedInvoice], Set[int], bool]]:
        """These invoices, some dozens at once; the ids that are answered by it, and whether others follow."""
        while ids:
            if WmsFilter.IDS in system.known.useless:
                group = ids[:1]
                answer = self._one(login, group[0], system)
            else:
                group = ids[:_PAGE]
                answer = self._listing(login, InvoicesQuery(with_charges=True, ids=tuple(group)), system).invoices
            found = [one for one in answer if one.id in group]
            # A server may give fewer at once than were asked for; those of which it gives none are gone.
            answered = {one.id for one in found if one.id is not None} or set(group)
            ids = [one for one in ids if one not in answered]
            yield found, answered, bool(ids)

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
        listed = self._listing(login, InvoicesQuery(with_charges=with_charges), system).invoices
        if all(one.id != invoice_id for one in listed):
            self._check_whole(login, listed, system)
        return listed

    def _pages(
        self,
        login: WmsLogin,
        query: InvoicesQuery,
        system: SystemKnowledge,
        *,
        page_size: int | None = None,
        until: float = math.inf,
        is_new: bool = False,
    ) -> Iterator[tuple[list[ListedInvoice], bool]]:
        """Everything that a query gives, each invoice once: page by page, and whether another one comes.

        Ongoing pages by id, and its texts say both "larger than" and "or equal". So the next page is asked for from
        the last id, and what is known already is dropped. The end is a page with nothing new. A page that is shorter
        than was asked for is the end only where the server has given a longer one before, or where nothing came after
        this very page: otherwise the server may have cut it. Where invoices have few rows, pages grow; where a page
        gets no answer, they shrink for good. No answer is waited for longer than `until`, on the monotonic clock.
        """

        def ask(asked: InvoicesQuery) -> Sequence[ListedInvoice]:
            timeout = min(_READ_SECONDS, until - self._monotonic())
            if timeout <= 0:
                raise RetryLaterError(f"no time left for the list of {login.warehouse}")
            return self._listing(login, asked, system, timeout=timeout, is_new=is_new).invoices

        seen = _Seen()
        last = query.id_from
        smallest = page_size or _PAGE
        size, largest = smallest, _LARGE_PAGE
        count_before = 0
        before: Sequence[ListedInvoice] = ()
        is_order_unseen = False  # one invoice alone shows none
        while True:
            try:
                page = ask(replace(query, id_from=last, at_most=size))
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
                page = ask(query)
                self._check_whole(login, page, system)
            fresh = seen.fresh(page)
            if last is not None and not fresh and count_before:
                if is_order_unseen:
                    self._check_whole(login, before, system)
                system.learn(ended_count=count_before, ended_id=last)
            more = pages_by_id and bool(fresh) and bool(ids) and _may_be_cut(page, size, system)
            system.learn(largest_page=max(len(page), system.known.largest_page))
            yield fresh, more
            if not more:
                return
            is_order_unseen = len(page) == 1 and not before
            last, count_before, before = ids[-1], len(page), page
            rows = sum(len(one.invoice.charges) for one in page if isinstance(one.invoice, WmsInvoice))
            size = min(largest, max(smallest, _ROWS_AT_ONCE * len(page) // max(rows, 1)))

    def _check_whole(self, login: WmsLogin, listed: Sequence[ListedInvoice], system: SystemKnowledge) -> None:
        """Refuses an answer that the server has cut, where no other one can give the rest.

        Asked only for an answer that is as long as the longest of this system, and not for the same one again.
        Raises WmsNotUnderstoodError.
        """
        count, last = len(listed), _last_id(listed)
        known = system.known
        if count < known.largest_page or (count, last) == (known.ended_count, known.ended_id):
            return

        def heads(asked: InvoicesQuery) -> Sequence[ListedInvoice]:
            return self._listing(login, asked, system, timeout=_LOGIN_SECONDS).invoices

        if hidden := hidden_behind(listed, heads, known.useless):
            cut = WmsNotUnderstoodError(
                f"{where_of('GetInvoicesByQuery', login)} gave {count} invoices and has others, such as {hidden}, "
                "but gives no further page",
                kind=Misunderstanding.CUT,
                unknown=[WmsFilter.ID_FROM],
            )
            with self._telling(login):
                raise cut
        system.learn(ended_count=count, ended_id=last)

    # ---- what is not believed

    def _is_to_try(self, system: SystemKnowledge) -> bool:
        """At the first reading of a system, and now and then later: what was learned may have changed."""
        if not self._tries_filters or (system.known.filters_tried and self._chance() >= _TRIED_AGAIN):
            return False
        system.learn(filters_tried=False, useless=(), largest_page=0, ended_count=0, ended_id=0, history_to=0, open=())
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
        """One answer, and what it shows beside its invoices.

        `is_new`: a person may have mistyped the address, and is asked about a result without any list.
        """
        asked = query.without(system.known.useless)
        try:
            with self._telling(login, is_new=is_new):
                envelope = get_invoices(login, asked)
                where = where_of(envelope.operation, login)
                result = self._call(login, envelope, timeout=timeout, is_write=False)
                listing = read_listing(result, where, with_charges=query.with_charges)
                system.learn(has_shown_list=system.known.has_shown_list or listing.has_list)
                if not listing.has_list and not self._understood_as_empty(login, system, timeout) and not is_new:
                    raise WmsNotUnderstoodError(
                        f"{where} succeeded without any list, and this system has not shown yet that it means an "
                        f"empty one. `invoicing check wms {login.warehouse} --username USER` tells more, and lets a "
                        "person confirm it",
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


def _look_of(found: Sequence[ListedInvoice], since: date, *, is_more: bool, is_understood: bool) -> WmsLook:
    readable = [one.invoice for one in found if isinstance(one.invoice, WmsInvoice)]
    owners = {one.goods_owner.id: one.goods_owner for one in readable}
    return WmsLook(
        since=since,
        count=len(found),
        is_more=is_more,
        unexported=sum(one.is_exported is not True for one in found),
        unreadable=len(found) - len(readable),
        newest=max(readable, key=lambda one: (one.invoice_date or date.min, one.id), default=None),
        goods_owners=len(owners),
        with_customer_code=sum(bool(owner.customer_number) for owner in owners.values()),
        is_understood=is_understood,
    )


class _Seen:
    """What a reading has given already."""

    def __init__(self) -> None:
        self._ids: set[int] = set()
        self._nameless: set[ListedInvoice] = set()

    def fresh(self, page: Sequence[ListedInvoice]) -> list[ListedInvoice]:
        """Those of a page that were not seen before."""
        found = []
        for one in page:
            if one.id is None:
                if one in self._nameless:
                    continue
                self._nameless.add(one)
            elif one.id in self._ids:
                continue
            else:
                self._ids.add(one.id)
            found.append(one)
        return found


def _last_id(listed: Sequence[ListedInvoice]) -> int:
    return max((one.id for one in listed if one.id is not None), default=0)


def _may_be_cut(page: Sequence[ListedInvoice], size: int, system: SystemKnowledge) -> bool:
    """Whether the server may have ended a page before the list ended."""
    count, last = len(page), _last_id(page)
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
