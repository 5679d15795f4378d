"""The client of one Ongoing host: reads invoices, and writes number and exported mark back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from xml.etree.ElementTree import Element

from invoicing.adapters.ongoing.answers import read_result
from invoicing.adapters.ongoing.envelopes import (
    Envelope,
    InvoicesQuery,
    get_invoices,
    is_writable,
    update_invoice,
)
from invoicing.adapters.ongoing.invoices import ListedInvoice, read_invoices
from invoicing.application.http import HttpRequest, HttpTransport
from invoicing.application.ports import WmsPage
from invoicing.domain.errors import (
    NotSentError,
    RateLimitedError,
    RetryLaterError,
    UnknownOutcomeError,
    WmsLoginRefusedError,
)
from invoicing.domain.system import is_warehouse_name
from invoicing.domain.wms_invoice import UnreadableInvoice, WmsInvoice, WmsLogin

_PAGE = 50
_LARGE_PAGE = 500
_ROWS_AT_ONCE = 10_000  # charges that a larger page may have: some megabytes
_SMALL_PAGE = 5  # for systems where an ordinary page is too slow or too large
_FIRST_DATE = date(1900, 1, 1)  # Ongoing takes no earlier ones
_NO_INVOICE = 0  # an id that no invoice has

_LOGIN_SECONDS = 15.0  # a person waits
_READ_SECONDS = 100.0  # clients of the Automation interface report reads of more than a minute
_WRITE_SECONDS = 30.0
_LONGEST_ANSWER = 20_000_000


class OngoingClient:
    """Implements WmsInvoices. Calls of one system must come one after the other, as Ongoing asks for.

    `base_url` is the host: https://api.ongoingsystems.se, or another one for demo systems. Errors name the
    operation and the system, never a body or a password.
    """

    def __init__(self, transport: HttpTransport, *, base_url: str) -> None:
        self._transport = transport
        self._base_url = base_url.rstrip("/")

    def check_login(self, login: WmsLogin) -> None:
        """Raises WmsLoginRefusedError, RetryLaterError or UpstreamContractError."""
        # The call that every run makes, asking for an invoice that no system has.
        query = InvoicesQuery(with_charges=False, ids=(_NO_INVOICE,), is_exported=False, at_most=1)
        self._invoices(login, query, timeout=_LOGIN_SECONDS)

    def unexported(self, login: WmsLogin, *, since: date) -> Iterator[WmsPage]:
        """Invoices of live goods owners, not exported, dated `since` or later, with charges, by id; in pages.

        Each page is asked for when it is. All filters are applied here again, because a server may ignore them.
        Raises as check_login.
        """
        query = InvoicesQuery(
            with_charges=True,
            is_exported=False,
            # "Later than" may leave out the day itself, and a Swedish midnight lies on the day before in UTC.
            dated_after=since - timedelta(days=1) if since > _FIRST_DATE + timedelta(days=1) else None,
        )
        for page, more in self._pages(login, query):
            listed = [
                one
                for one in page
                if one.is_exported is not True
                and not one.is_training
                and (one.invoice_date is None or one.invoice_date >= since)
            ]
            # Those without a readable id come last.
            listed.sort(key=lambda one: (one.id is None, one.id or 0))
            yield WmsPage(invoices=[one.invoice for one in listed], more=more)

    def by_id(self, login: WmsLogin, invoice_id: int) -> WmsInvoice | UnreadableInvoice | None:
        """One invoice of a live goods owner, exported or not; None if there is none.

        Raises as check_login.
        """
        listed = self._invoices(login, InvoicesQuery(with_charges=True, ids=(invoice_id,)))
        found = next((one.invoice for one in listed if one.id == invoice_id and not one.is_training), None)
        if found is None and len(listed) == 1 and listed[0].id is None:
            return listed[0].invoice  # the only answer, and its id is what cannot be read
        return found

    def write_back(self, login: WmsLogin, invoice_id: int, *, number: str) -> None:
        """Sets number and exported mark in one call, sent once; repeating it is harmless.

        Raises UnknownOutcomeError when the answer is lost or unreadable, RetryLaterError when Ongoing refuses
        (with its message), else as check_login; ValueError for a number that XML cannot carry.
        """
        _check(login)
        self._call(login, update_invoice(login, invoice_id, number=number), timeout=_WRITE_SECONDS, is_write=True)

    def _pages(self, login: WmsLogin, query: InvoicesQuery) -> Iterator[tuple[list[ListedInvoice], bool]]:
        """Everything that a query gives, each invoice once: page by page, and whether another one comes.

        Ongoing pages by id, and its texts say both "larger than" and "or equal". So the next page is asked
        for from the last id, what is known already is dropped, and the end is a page with nothing new or of
        another size than was asked for: a shorter one is the last, and a longer one is everything. Where invoices
        have few rows, pages grow; where a page gets no answer, they shrink for good.
        """
        known: set[int] = set()
        nameless: list[ListedInvoice] = []
        last: int | None = None
        size, largest = _PAGE, _LARGE_PAGE
        while True:
            try:
                page = self._invoices(login, replace(query, id_from=last, at_most=size))
            except (NotSentError, RateLimitedError):
                raise
            except RetryLaterError:
                if size == _SMALL_PAGE:
                    raise
                size = largest = _PAGE if size > _PAGE else _SMALL_PAGE
                continue
            ids = [one.id for one in page if one.id is not None]
            pages_by_id = ids == sorted(ids) and (last is None or all(one >= last for one in ids))
            if not pages_by_id:  # only one answer with everything is sure to be complete
                page = self._invoices(login, query)
            fresh: list[ListedInvoice] = []
            for one in page:
                if one.id is None:
                    if one in nameless:
                        continue
                    nameless.append(one)
                elif one.id in known:
                    continue
                else:
                    known.add(one.id)
                fresh.append(one)
            more = pages_by_id and bool(fresh) and bool(ids) and len(page) == size
            yield fresh, more
            if not more:
                return
            last = ids[-1]
            rows = sum(len(one.invoice.charges) for one in page if isinstance(one.invoice, WmsInvoice))
            size = min(largest, max(_PAGE, _ROWS_AT_ONCE * len(page) // max(rows, 1)))

    def _invoices(
        self, login: WmsLogin, query: InvoicesQuery, *, timeout: float = _READ_SECONDS
    ) -> list[ListedInvoice]:
        _check(login)
        try:
            result = self._call(login, get_invoices(login, query), timeout=timeout, is_write=False)
            return read_invoices(result)
        except UnknownOutcomeError as error:
            # Nothing is in doubt after a lost answer to a question.
            raise RetryLaterError(f"no answer from {login.warehouse} in Ongoing: {error}") from error

    def _call(self, login: WmsLogin, envelope: Envelope, *, timeout: float, is_write: bool) -> Element:
        answer = self._transport.send(
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
        return read_result(answer, envelope.operation, login, is_write=is_write)


def _check(login: WmsLogin) -> None:
    """Refuses what cannot be a login, before it gets into an address or an envelope.

    Raises WmsLoginRefusedError.
    """
    if not is_warehouse_name(login.warehouse):
        raise WmsLoginRefusedError("not the name of a system")
    if not is_writable(login.username) or not is_writable(login.password):
        raise WmsLoginRefusedError(f"a login for {login.warehouse} with characters that XML cannot carry")
