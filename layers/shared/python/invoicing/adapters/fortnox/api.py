"""Fortnox's API for one company: registers and invoices."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from invoicing.adapters.fortnox.answers import reaction_to, read_refusal
from invoicing.adapters.fortnox.files import (
    INVOICE_ENTITY,
    Form,
    attachment_body,
    pdf_form,
    read_attachment_id,
    read_attachments,
    read_file_id,
)
from invoicing.adapters.fortnox.pace import Pace
from invoicing.adapters.fortnox.wire import (
    BLANK,
    article_body,
    cleared_fields,
    customer_body,
    invoice_body,
    read_article,
    read_company,
    read_customer,
    read_customer_mail,
    read_entry,
    read_invoice,
    read_is_taxed,
    read_list,
    read_locked_until,
    read_year_id,
    rows_body,
    text_body,
    update_body,
)
from invoicing.application.http import HttpAnswer, HttpRequest, HttpTransport
from invoicing.application.ports import AlreadyExistsError
from invoicing.domain.customer_mail import CustomerMail, MailTexts
from invoicing.domain.errors import (
    AccessRefusedError,
    InvoiceHeldError,
    NotSentError,
    RateLimitedError,
    UnknownOutcomeError,
    UpstreamContractError,
)
from invoicing.domain.fortnox_invoice import ArticleDraft, Customer, FortnoxInvoice, InvoiceDraft
from invoicing.domain.head_texts import HeadTexts
from invoicing.domain.integration import Company
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.remedy import CustomerDraft, Entry, Thing
from invoicing.domain.sending import SendBy
from invoicing.wire import NotJsonError, parse_json

_ATTACHMENTS = "/api/fileattachments/attachments-v1"
_ARCHIVE_FOLDER = "inbox_kf"  # of files to customer invoices
PAGE = 500  # the largest page that Fortnox gives
_TIMEOUT_SECONDS = 30.0
_BACK_OFF_SECONDS = (2.0, 5.0, 10.0)  # after a 429, which carries no hint how long
_SENDINGS = {
    SendBy.EMAIL: ("GET", "email"),
    SendBy.E_INVOICE: ("GET", "einvoice"),
    SendBy.PRINT: ("PUT", "externalprint"),
}
_ARTICLE_EXISTS = frozenset({2000013})
# Where the entries of a register are, and what one of them is called in bodies.
_REGISTERS: Mapping[Thing, tuple[str, str]] = {
    Thing.CUSTOMER: ("/3/customers", "Customer"),
    Thing.ARTICLE: ("/3/articles", "Article"),
    Thing.ACCOUNT: ("/3/accounts", "Account"),
    Thing.COST_CENTRE: ("/3/costcenters", "CostCenter"),
    Thing.CURRENCY: ("/3/currencies", "Currency"),
}


type Body = Mapping[str, Any] | Sequence[Any] | Form
"""A JSON value, or a form with a file."""


type Look = Callable[[str, Mapping[str, Any]], None]
"""Takes the name of a thing, such as Invoice, and what Fortnox sent."""


def _look_at_nothing(_thing: str, _answer: Mapping[str, Any]) -> None:
    """Where nobody asked."""


@dataclass(slots=True, kw_only=True)
class FortnoxCompany:
    """`access` gives an access token; called with one that Fortnox has refused, it gives another one.

    Safe to share between threads.
    """

    base_url: str
    access: Callable[[str], str] = field(repr=False)
    transport: HttpTransport
    pace: Pace
    look: Look = _look_at_nothing  # told of every thing that Fortnox sends
    patience: Callable[[], float] = lambda: _TIMEOUT_SECONDS  # how long the next call may take
    back_off: Sequence[float] = _BACK_OFF_SECONDS
    _token: str = field(default="", repr=False)
    _renewing: threading.Lock = field(default_factory=threading.Lock)

    def company(self) -> Company:
        """The company behind the token."""
        return read_company(self._entity(self._call("GET", "/3/companyinformation"), "CompanyInformation"))

    def customer(self, number: str) -> Customer | None:
        """None if Fortnox has no customer with this number."""
        answer = self._look_up(f"/3/customers/{_segment(number)}", IssueCode.CUSTOMER_NUMBER_REFUSED)
        return None if answer is None else read_customer(self._entity(answer, "Customer"))

    def articles(self, *, active: bool) -> frozenset[str]:
        """Numbers of all articles that are active, or of all others; one call per 500."""
        items = self._all("/3/articles", "Articles", {"filter": "active" if active else "inactive"})
        return frozenset(number for number, _ in map(read_article, items) if number)

    def article_is_active(self, number: str) -> bool | None:
        """None if there is no such article."""
        answer = self._look_up(
            f"/3/articles/{_segment(number)}", IssueCode.ARTICLE_NUMBER_REFUSED, article_number=number
        )
        return None if answer is None else read_article(self._entity(answer, "Article"))[1]

    def create_article(self, draft: ArticleDraft) -> None:
        """Raises AlreadyExistsError if the number is taken."""
        self._call(
            "POST",
            "/3/articles",
            {"Article": article_body(draft)},
            exists_codes=_ARTICLE_EXISTS,
            params={
                "article_number": draft.number,
                "row": draft.description,
                "account": str(draft.sales_account or ""),
            },
        )

    def entry(self, thing: Thing, key: str, *, on: date | None = None) -> Entry | None:
        """What a register has under a number or code; None if nothing."""
        path, envelope = _REGISTERS[thing]
        answer = self._call(
            "GET", f"{path}/{_segment(key)}", query=self._year(thing, on), missing_is_none=True, about_invoice=True
        )
        return None if answer is None else read_entry(self._entity(answer, envelope))

    def switch_on(self, thing: Thing, key: str, *, on: date | None = None) -> None:
        """One PUT that leaves all else as it is."""
        path, envelope = _REGISTERS[thing]
        body = {envelope: {"Active": True}}
        self._call("PUT", f"{path}/{_segment(key)}", body, query=self._year(thing, on), about_invoice=True)

    def create_customer(self, draft: CustomerDraft) -> None:
        """One POST. Fortnox refuses a number that is taken."""
        self._call("POST", "/3/customers", {"Customer": customer_body(draft)}, about_invoice=True)

    def create_code(self, thing: Thing, code: str) -> None:
        """One POST. The code is the name, too: whoever likes another one changes it in Fortnox."""
        path, envelope = _REGISTERS[thing]
        self._call("POST", path, {envelope: {"Code": code, "Description": code}}, about_invoice=True)

    def _year(self, thing: Thing, on: date | None) -> Mapping[str, str] | None:
        """The financial year of a day, for accounts: each year has a chart of its own."""
        if thing is not Thing.ACCOUNT or on is None:
            return None
        answer = self._call("GET", "/3/financialyears", query={"Date": on.isoformat()}, about_invoice=True)
        years, _ = read_list(self._body(answer), "FinancialYears")
        return {"financialyear": read_year_id(years[0])} if years else None

    def is_vat_registered(self) -> bool:
        """Whether the company has VAT at all, by its settings."""
        return read_is_taxed(self._entity(self._call("GET", "/3/settings/company"), "CompanySettings"))

    def locked_until(self) -> date | None:
        """The last day of the locked period, by the company's settings; None if there is none."""
        return read_locked_until(self._body(self._call("GET", "/3/settings/lockedperiod")))

    def unit_exists(self, code: str) -> bool:
        """Whether the register of units has this code."""
        return self._look_up(f"/3/units/{_segment(code)}", IssueCode.UNIT_REFUSED, unit=code) is not None

    def create_unit(self, code: str) -> None:
        """Raises AlreadyExistsError if somebody else was faster."""
        try:
            self._call("POST", "/3/units", {"Unit": {"Code": code, "Description": code}})
        except InvoiceHeldError:
            if self.unit_exists(code):
                raise AlreadyExistsError(code) from None
            raise

    def create_invoice(self, draft: InvoiceDraft, mail: MailTexts | None = None) -> FortnoxInvoice:
        """One POST. Without a clear answer UnknownOutcomeError, and never a second POST."""
        answer = self._call("POST", "/3/invoices", {"Invoice": invoice_body(draft, mail)}, about_invoice=True)
        return self._written(answer)

    def find_invoices(self, reference: str) -> Sequence[FortnoxInvoice]:
        """Those with exactly this reference: Fortnox's search is a substring match in any case."""
        try:
            items = self._all("/3/invoices", "Invoices", {"externalinvoicereference1": reference})
        except InvoiceHeldError as refused:
            raise _not_looked_up(refused) from None
        found = [read_invoice(item) for item in items]
        return [invoice for invoice in found if invoice.reference == reference]

    def changed_invoices(self, beginning: str, *, since: datetime) -> Sequence[FortnoxInvoice]:
        """Of those whose reference begins so, what was modified since; one call per 500 of all that were.

        Nobody has published on which clock Fortnox reads the moment. Written as UTC it is never later than meant, and
        on a Swedish clock up to two hours earlier.
        """
        return self._listed(beginning, {"lastmodified": f"{since.astimezone(UTC):%Y-%m-%d %H:%M}"})

    def open_invoices(self, beginning: str) -> Sequence[FortnoxInvoice]:
        """Of those whose reference begins so, what is neither cancelled nor paid, or not booked yet."""
        found = [*self._listed(beginning, {"filter": "unpaid"}), *self._listed(beginning, {"filter": "unbooked"})]
        return list({invoice.number: invoice for invoice in found}.values())

    def _listed(self, beginning: str, query: Mapping[str, str]) -> Sequence[FortnoxInvoice]:
        """What is not ours is not even read: whatever it holds, it stops nothing."""
        try:
            items = self._all("/3/invoices", "Invoices", query)
        except InvoiceHeldError as refused:
            raise _not_looked_up(refused) from None
        return [
            read_invoice(item)
            for item in items
            if isinstance(item, dict) and str(item.get("ExternalInvoiceReference1")).startswith(beginning)
        ]

    def invoice(self, number: str) -> FortnoxInvoice | None:
        """None if there is no such invoice."""
        try:
            answer = self._call("GET", f"/3/invoices/{_segment(number)}", missing_is_none=True)
        except InvoiceHeldError as refused:
            raise _not_looked_up(refused) from None
        return None if answer is None else read_invoice(self._entity(answer, "Invoice"))

    def customer_mail(self, number: str) -> CustomerMail | None:
        """None if there is no such invoice."""
        answer = self._call("GET", f"/3/invoices/{_segment(number)}", missing_is_none=True)
        return None if answer is None else read_customer_mail(self._entity(answer, "Invoice"))

    def set_due_date(self, number: str, due_date: date) -> None:
        """Nothing else is changed."""
        body = {"Invoice": {"DueDate": due_date.isoformat()}}
        self._call("PUT", f"/3/invoices/{_segment(number)}", body, about_invoice=True)

    def update_invoice(self, there: FortnoxInvoice, draft: InvoiceDraft, texts: HeadTexts) -> FortnoxInvoice:
        """Clears the rows and then sets all: rows without an id would inherit what the old ones had.

        If Fortnox refuses the new rows, the old ones are put back. A crash between the steps leaves an invoice without
        rows, which repeating this makes right. Texts that could not be cleared are in the answer.
        """
        path = f"/3/invoices/{_segment(there.number)}"
        self._clear(path, cleared_fields(texts))
        if there.row_ids:
            self._call("PUT", path, {"Invoice": {"InvoiceRows": []}}, about_invoice=True)
        try:
            answer = self._call("PUT", path, {"Invoice": update_body(there, draft, texts)}, about_invoice=True)
        except InvoiceHeldError as refused:
            raise self._put_back(there, refused) from refused
        return self._written(answer)

    def _put_back(self, there: FortnoxInvoice, refused: InvoiceHeldError) -> InvoiceHeldError:
        """The rows that an invoice had. Gives the error that says what is there now."""
        if not there.rows:
            return refused
        try:
            self._call(
                "PUT", f"/3/invoices/{_segment(there.number)}", {"Invoice": rows_body(there)}, about_invoice=True
            )
        except InvoiceHeldError:
            rows = "gone"
        else:
            rows = "put_back"
        params = {**refused.issue.params, "fortnox_number": there.number, "rows": rows}
        return InvoiceHeldError(Issue(code=refused.issue.code, params=params))

    def send_invoice(self, number: str, by: SendBy) -> FortnoxInvoice:
        """Fortnox's sending calls are GETs with an effect: made once, on a connection of its own, and never again."""
        method, action = _SENDINGS[by]
        return self._written(self._once(method, f"/3/invoices/{_segment(number)}/{action}"))

    def book_invoice(self, number: str) -> None:
        """One PUT."""
        self._once("PUT", f"/3/invoices/{_segment(number)}/bookkeep")

    def _once(self, method: str, path: str) -> HttpAnswer:
        """One request and no other: not even where a refusal says that this one was not carried out."""
        answer = self._send(self._token or self._renew(""), method, path, None, None, fresh_connection=True)
        if 200 <= answer.status < 300:
            return answer
        raise reaction_to(read_refusal(answer), params=dict, about_invoice=True)

    def credit_invoice(self, number: str) -> None:
        """One PUT. Without a clear answer UnknownOutcomeError."""
        self._call("PUT", f"/3/invoices/{_segment(number)}/credit", about_invoice=True)

    def upload(self, name: str, content: bytes) -> str:
        """Into the folder of customer invoices. The other id of the answer is not the one that attaching wants."""
        form = pdf_form(name, content)
        answer = self._call("POST", "/3/archive", form, query={"folderid": _ARCHIVE_FOLDER}, about_invoice=True)
        return self._said(lambda: read_file_id(self._entity(answer, "File")))

    def attach(self, number: str, file_id: str) -> str:
        """One POST. Without a clear answer UnknownOutcomeError."""
        body = attachment_body(number, file_id)
        answer = self._call("POST", _ATTACHMENTS, body, about_invoice=True)
        return self._said(lambda: read_attachment_id(self._json(answer)))

    def attachments(self, number: str) -> Mapping[str, str]:
        """Those of one invoice."""
        query = {"entityid": number, "entitytype": INVOICE_ENTITY}
        return read_attachments(self._json(self._call("GET", _ATTACHMENTS, query=query, about_invoice=True)))

    def detach(self, attachment_id: str) -> None:
        """What is gone already is as good as detached."""
        try:
            self._call("DELETE", f"{_ATTACHMENTS}/{_segment(attachment_id)}", about_invoice=True)
        except InvoiceHeldError as refused:
            if refused.issue.params.get("code") != "404":
                raise

    def _said(self, read: Callable[[], str]) -> str:
        """What a 2xx says of what was made; if it cannot be read, that stays open."""
        try:
            return read()
        except UpstreamContractError as error:
            raise UnknownOutcomeError(str(error)) from None

    def _clear(self, path: str, fields: Sequence[str]) -> None:
        """Empties fields in one of two ways, as neither is documented; what resists both keeps what it had."""
        there = read_invoice(self._entity(self._call("GET", path), "Invoice")) if fields else None
        for name in fields:
            text = getattr(there, name)
            if text and not any(self._set(path, name, nothing) for nothing in (BLANK, None)):
                self._set(path, name, text)

    def _set(self, path: str, name: str, value: str | None) -> bool:
        """Whether the field is empty afterwards."""
        try:
            answer = self._call("PUT", path, {"Invoice": text_body(name, value)}, about_invoice=True)
        except InvoiceHeldError:
            return False
        return not getattr(read_invoice(self._entity(answer, "Invoice")), name)

    def _written(self, answer: HttpAnswer | None) -> FortnoxInvoice:
        """A 2xx whose body cannot be read leaves open what Fortnox made of the invoice."""
        try:
            invoice = read_invoice(self._entity(answer, "Invoice"))
        except UpstreamContractError as error:
            raise UnknownOutcomeError(str(error)) from None
        if invoice.net is None:
            raise UnknownOutcomeError("Fortnox's answer lacks Net")
        return invoice

    def _look_up(self, path: str, refused_as: IssueCode, **params: str) -> HttpAnswer | None:
        """One entry of a register; None if there is none. A key that Fortnox does not even look up is an issue."""
        try:
            return self._call("GET", path, missing_is_none=True)
        except InvoiceHeldError as refused:
            raise InvoiceHeldError(Issue(code=refused_as, params={**refused.issue.params, **params})) from None

    def _all(self, path: str, key: str, query: Mapping[str, str]) -> list[Any]:
        items: list[Any] = []
        page = 1
        while True:
            answer = self._call("GET", path, query={**query, "limit": str(PAGE), "page": str(page)})
            found, pages = read_list(self._body(answer), key)
            items.extend(found)
            if not found or page >= pages:
                return items
            page += 1

    def _call(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        query: Mapping[str, str] | None = None,
        missing_is_none: bool = False,
        exists_codes: frozenset[int] = frozenset(),
        params: Mapping[str, str] | None = None,
        about_invoice: bool = False,
    ) -> HttpAnswer | None:
        """One call, carried out at most once: only what Fortnox certainly refused unread is sent again."""
        renewed = False
        back_off = iter(self.back_off)
        while True:
            token = self._token or self._renew("")
            answer = self._send(token, method, path, body, query)
            if 200 <= answer.status < 300:
                return answer
            refusal = read_refusal(answer)
            if answer.status == 404 and missing_is_none and refusal.code:
                return None
            if refusal.code in exists_codes:
                raise AlreadyExistsError(path)
            error = reaction_to(refusal, params=lambda: dict(params or {}), about_invoice=about_invoice)
            if isinstance(error, AccessRefusedError) and not renewed:
                self._renew(token)
                renewed = True
                continue
            if isinstance(error, RateLimitedError):
                pause = next(back_off, None)
                if pause is not None:
                    self.pace.back_off(pause)
                    continue
            raise error

    def _send(
        self,
        token: str,
        method: str,
        path: str,
        body: Body | None,
        query: Mapping[str, str] | None,
        *,
        fresh_connection: bool = False,
    ) -> HttpAnswer:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        content: bytes | None = None
        if isinstance(body, Form):
            headers["Content-Type"], content = body.content_type, body.content
        elif body is not None:
            headers["Content-Type"], content = "application/json", _json(body)
        url = f"{self.base_url}{path}" + (f"?{urlencode(query)}" if query else "")
        timeout = self.patience()
        if timeout <= 0:
            raise NotSentError("no time was left to ask Fortnox")
        request = HttpRequest(
            method=method,
            url=url,
            headers=headers,
            body=content,
            timeout=timeout,
            fresh_connection=fresh_connection,
        )
        with self.pace.turn():
            return self.transport.send(request)

    def _renew(self, refused: str) -> str:
        """Another access token, asked for once however many calls were refused with the old one.

        Whatever goes wrong with it, the call that needs it was not carried out.
        """
        with self._renewing:
            if self._token == refused:
                try:
                    self._token = self.access(refused)
                except UnknownOutcomeError as error:
                    raise NotSentError(f"no access token could be had: {error}") from error
            return self._token

    def _entity(self, answer: HttpAnswer | None, key: str) -> Mapping[str, Any]:
        entity = self._body(answer).get(key)
        if entity is None:
            raise UpstreamContractError(f"Fortnox's answer lacks {key}")
        if not isinstance(entity, dict):
            raise UpstreamContractError(f"Fortnox's {key} is no object")
        self.look(key, entity)
        return entity

    def _json(self, answer: HttpAnswer | None) -> Any:
        try:
            return parse_json(answer.body) if answer is not None else None
        except NotJsonError as error:
            raise UpstreamContractError(f"Fortnox's answer cannot be read: {error}") from None

    def _body(self, answer: HttpAnswer | None) -> Mapping[str, Any]:
        body = self._json(answer)
        if not isinstance(body, dict):
            raise UpstreamContractError("Fortnox's answer is not a JSON object")
        return body


def _segment(value: str) -> str:
    """A value as one segment of a path: a slash in an article number must reach Fortnox as %2F."""
    return quote(value, safe="")


def _not_looked_up(refused: InvoiceHeldError) -> UpstreamContractError:
    """A refused question says nothing about the invoice: whether it is there stays open."""
    return UpstreamContractError(f"Fortnox refused to look up an invoice, code {refused.issue.params.get('code')}")


def _json(body: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """JSON with decimals written as exact numbers."""
    return json.dumps(body, ensure_ascii=False, default=_plain).encode()


def _plain(value: object) -> float | int | str:
    if isinstance(value, Decimal):
        whole = value.to_integral_value()
        return int(whole) if whole == value else float(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"cannot write {type(value).__name__} as JSON")
