"""What one run knows of Fortnox's registers: asks once, remembers for a day, creates what is missing."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta

from invoicing.application.ports import AlreadyExistsError, Clock, Exports, Fortnox
from invoicing.domain.agreement import Agreed, Agreement, plainly_the_same
from invoicing.domain.draft import Draft
from invoicing.domain.due_date import days_of, due_date
from invoicing.domain.errors import InvoiceHeldError, RetryLaterError, invoice_held
from invoicing.domain.fortnox_invoice import ArticleDraft, Customer, FortnoxInvoice, InvoiceDraft, Register
from invoicing.domain.head_texts import remarks_after
from invoicing.domain.hint import Hint, hints_after, hints_before
from invoicing.domain.integration_settings import CurrencyRule, DueDateFrom, IntegrationSettings
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.swedish_time import SWEDEN
from invoicing.domain.vat import doubtful_vat, with_accounts_for
from invoicing.domain.wms_invoice import GoodsOwner, WmsInvoice

BELIEVED_FOR = timedelta(days=1)
HOME_CURRENCY = "SEK"  # of an invoice in Ongoing that names none
_PAGE = 500  # records that are read at once, for what was sent to a customer before
_LOOKED_BACK = 20_000  # of the newest records; who got none of these is asked about


class KnownRegister:
    """Customers, articles and units of one company. Loaded when first needed, saved by `save`.

    `may_ask` says whether there is time to ask Fortnox. Without `remembered`, what earlier runs learned is not
    believed: whoever wants to know how things stand looks at them.
    """

    def __init__(
        self,
        *,
        integration_id: str,
        settings: IntegrationSettings,
        exports: Exports,
        fortnox: Fortnox,
        clock: Clock,
        remembered: bool = True,
        may_ask: Callable[[], bool] = lambda: True,
    ) -> None:
        self._integration_id = integration_id
        self._settings = settings
        self._exports = exports
        self._fortnox = fortnox
        self._clock = clock
        self.may_ask = may_ask
        self._loaded = not remembered
        self._changed = False
        self._listed = False  # all active articles were read in this run
        self._doubts_unit = False
        self._asked_for_one = False  # a second unknown article makes reading all of them the cheaper way
        self._customers: dict[str, tuple[Customer, str]] = {}
        self._without_vat_until = ""
        self._agreements: Sequence[Agreement] | None = None  # read when names differ
        self._sent_to: dict[tuple[str, str], str] | None = None  # names when the last invoice was made; if looked at
        self._by_history: set[tuple[str, str]] = set()  # who is right because it was so before, and is not written down
        self._seen: dict[str, Customer | None] = {}  # those that were asked for just now
        self._articles: dict[str, str] = {}
        self._inactive: frozenset[str] = frozenset()  # articles; known when they were listed
        self._units: dict[str, str] = {}

    def check(self, draft: Draft, invoice: WmsInvoice) -> None:
        """Whether customer and articles of a draft can be used; articles may be missing. Writes nothing in Fortnox.

        Raises InvoiceHeldError, RetryLaterError, …
        """
        self._load()
        self._check_customer(draft, invoice)
        self._check_articles(draft)

    def customer(self, number: str) -> Customer | None:
        """What is known of a customer that was checked; None if nothing."""
        known, _ = self._customers.get(number, (None, ""))
        return known or self._seen.get(number)

    def look_up(self, number: str) -> Customer | None:
        """A customer of Fortnox, asked for if nothing is remembered; None if there is none, or no time to ask."""
        self._load()
        known, _ = self._customers.get(number, (None, ""))
        if known is None and number not in self._seen and self.may_ask():
            self._remember(number, self._fortnox.customer(number))
        return self.customer(number)

    def _remember(self, number: str, customer: Customer | None) -> Customer | None:
        self._seen[number] = customer
        if customer is not None and customer.active:
            self._customers[number] = (customer, self._until())
            self._changed = True
        return customer

    def completed(self, draft: Draft, invoice: WmsInvoice, *, vat_type: str = "") -> InvoiceDraft:
        """What is sent of a checked draft: with accounts, text and due date that are right for its customer.

        `vat_type` is that of the invoice that is there, which keeps it; empty: the customer's. Raises InvoiceHeldError.
        """
        customer = self.customer(draft.invoice.customer_number)
        if customer is None:
            return draft.invoice
        customer = replace(customer, vat_type=vat_type or customer.vat_type)
        owner, settings, today = invoice.goods_owner.name, self._settings, self._today()
        days = days_of(customer.terms_of_payment)
        late = settings.due_date_from is DueDateFrom.SENDING and today > draft.invoice.invoice_date
        return replace(
            with_accounts_for(draft.invoice, customer, settings.accounts_abroad, goods_owner=owner),
            remarks=remarks_after(customer.invoice_remark, draft.invoice.remarks),
            due_date=due_date(draft.invoice.invoice_date, days, settings.due_date_from, today=today) if late else None,
        )

    def doubtful_vat(self, there: FortnoxInvoice, invoice: WmsInvoice, vat_type: str) -> Issue | None:
        """VAT of Fortnox's invoice that cannot be right; `vat_type` is the customer's when it was made."""
        owner = invoice.goods_owner

        def doubtful(without_vat: frozenset[int]) -> Issue | None:
            return doubtful_vat(
                there,
                vat_type,
                customer_number=owner.customer_number,
                goods_owner=owner.name,
                without_vat=without_vat,
            )

        issue = doubtful(frozenset())
        if issue is None or issue.code is not IssueCode.VAT_MISSING:
            return issue
        if not self._is_vat_registered():
            return None
        customer = self.look_up(owner.customer_number)
        agreed = [one for one in self._agreed() if customer is not None and one.holds_for(customer)]
        return doubtful(frozenset(account for one in agreed for account in one.without_vat))

    def hints_before(self, draft: Draft, invoice: WmsInvoice) -> tuple[Hint, ...]:
        """What is to be mentioned about a checked draft, were it sent now. Raises InvoiceHeldError."""
        customer, today = self.customer(draft.invoice.customer_number), self._today()
        completed = self.completed(draft, invoice)
        days = days_of(customer.terms_of_payment) if customer else None
        by_terms = due_date(completed.invoice_date, days, DueDateFrom.INVOICE_DATE, today=today)
        return hints_before(
            customer, due=completed.due_date or by_terms, today=today, without_fees=completed.without_fees
        )

    def hints_after(
        self, there: FortnoxInvoice, *, dated_on: date | None, before: tuple[Hint, ...]
    ) -> tuple[Hint, ...]:
        """What is to be mentioned about an invoice that is in Fortnox; see the domain's function of this name."""
        self._load()
        return hints_after(self.customer(there.customer_number), there, dated_on=dated_on, before=before)

    def create_missing(self, draft: Draft, invoice: WmsInvoice) -> None:
        """Creates the articles of a checked draft that do not exist. Raises InvoiceHeldError, RetryLaterError, …"""
        self._keep_agreement(draft, invoice)
        if self._doubts_unit:
            self._check_unit(self._settings.default_unit)  # an article that is there may need it
            self._doubts_unit = False
        for number in self._unknown(draft):
            active = self._create(number, draft)
            if active is None:
                raise invoice_held(IssueCode.ARTICLE_UNKNOWN, article_number=number, message="")
            self._use(number, draft, active=active)

    def forget(self, draft: Draft) -> None:
        """What we believed of all that a draft needs may be wrong: Fortnox refused it, or a person asks for it anew."""
        self._load()
        for number in {row.article_number for row in draft.invoice.rows}:
            self._articles.pop(number, None)
        self._customers.pop(draft.invoice.customer_number, None)
        self._seen.pop(draft.invoice.customer_number, None)
        self._units.pop(self._settings.default_unit, None)
        self._doubts_unit = True
        self._listed, self._inactive = False, frozenset()
        self._changed = True

    def save(self) -> None:
        """Keeps what was learned, if anything was. Losing it only costs calls, so it stops nothing."""
        if self._changed:
            with suppress(RetryLaterError):
                self._exports.save_register(
                    self._integration_id,
                    Register(
                        customers=self._customers,
                        articles=self._articles,
                        units=self._units,
                        without_vat_until=self._without_vat_until,
                    ),
                )
            self._changed = False

    def _load(self) -> None:
        if self._loaded:
            return
        stored = self._exports.register(self._integration_id)
        now = _text(self._clock())
        self._customers = {number: (one, until) for number, (one, until) in stored.customers.items() if until > now}
        self._without_vat_until = stored.without_vat_until if stored.without_vat_until > now else ""
        self._articles = {number: until for number, until in stored.articles.items() if until > now}
        self._units = {code: until for code, until in stored.units.items() if until > now}
        self._loaded = True

    def _check_customer(self, draft: Draft, invoice: WmsInvoice) -> None:
        number = draft.invoice.customer_number
        known, _ = self._customers.get(number, (None, ""))
        # What is remembered holds nothing back: it may have been mended.
        if known is None or self.objection(invoice.goods_owner, known):
            if number not in self._seen:
                if not self.may_ask():
                    return
                self._remember(number, self._fortnox.customer(number))
            known = self._seen[number]
        if issue := self.objection(invoice.goods_owner, known):
            raise InvoiceHeldError(issue)
        self.completed(draft, invoice)

    def objection(self, owner: GoodsOwner, customer: Customer | None) -> Issue | None:
        """Why Fortnox's customer cannot have invoices of a goods owner. None as customer: Fortnox has no such one."""
        issue = objection_to(customer, owner, self._settings)
        if issue is not None or customer is None or self.agreed(owner.name, customer)[0] is not Agreed.NOT_YET:
            return issue
        params = {
            "customer_number": customer.number,
            "goods_owner": owner.name,
            "customer_name": customer.name,
            "organisation_number": customer.organisation_number,
        }
        return Issue(code=IssueCode.CUSTOMER_NOT_AGREED, params=params)

    def look_again(self, number: str) -> Customer | None:
        """A customer as Fortnox has it now, whatever is remembered; None if there is none, or no time to ask."""
        self._load()
        self._customers.pop(number, None)
        self._seen.pop(number, None)
        return self.look_up(number)

    def objection_after(self, there: FortnoxInvoice, invoice: WmsInvoice, *, checked: str) -> Issue | None:
        """Why a new invoice is perhaps somebody else's: it names another customer than the one that was `checked`."""
        if not checked or there.customer_name in {"", checked}:
            return None
        return self.objection(invoice.goods_owner, self.look_again(there.customer_number))

    def agreed(self, goods_owner: str, customer: Customer) -> tuple[Agreed, str]:
        """Why they are the same company, and the user who said so, if somebody did."""
        if plainly_the_same(goods_owner, customer.name):
            return Agreed.BY_NAME, ""
        for one in self._agreed():
            if one.goods_owner == goods_owner and one.holds_for(customer):
                return (Agreed.BY_PERSON, one.by) if one.by else (Agreed.BY_HISTORY, "")
        return (Agreed.BY_HISTORY if self._was_sent_before(goods_owner, customer) else Agreed.NOT_YET), ""

    def _was_sent_before(self, goods_owner: str, customer: Customer) -> bool:
        """Whether invoices went to this customer before names were compared, or under the name that it has now."""
        sent, pair = self._sent_to_all() if self._sent_to is None else self._sent_to, (goods_owner, customer.number)
        if sent.get(pair) not in {"", customer.name}:
            return False
        self._by_history.add(pair)
        return True

    def _sent_to_all(self) -> dict[tuple[str, str], str]:
        """What every customer was called at its newest invoice. Read once, and only while some names differ."""
        self._sent_to, after, seen = {}, None, 0
        while seen < _LOOKED_BACK:
            sent, after = self._exports.page(self._integration_id, limit=_PAGE, after=after)
            seen += len(sent)
            for one in sent:
                if one.fortnox_number:
                    self._sent_to.setdefault((one.goods_owner, one.customer_number), one.customer_name)
            if after is None:
                break
        return self._sent_to

    def _agreed(self) -> Sequence[Agreement]:
        if self._agreements is None:
            self._agreements = self._exports.agreements(self._integration_id)
        return self._agreements

    def _keep_agreement(self, draft: Draft, invoice: WmsInvoice) -> None:
        """What is right because it was so before anybody was asked is written down, so that it is looked for once."""
        owner, customer = invoice.goods_owner.name, self.customer(draft.invoice.customer_number)
        if customer is None or (owner, customer.number) not in self._by_history:
            return
        agreement = Agreement(
            goods_owner=owner,
            customer_number=customer.number,
            customer_name=customer.name,
            organisation_number=customer.organisation_number,
            by="",
            at=self._clock(),
        )
        self._exports.agree(self._integration_id, agreement)
        self._agreements = [*self._agreed(), agreement]
        self._by_history.discard((owner, customer.number))

    def _is_vat_registered(self) -> bool:
        """Asked only where an invoice has no VAT; that there is none to pay is remembered."""
        if self._without_vat_until:
            return False
        registered = self._fortnox.is_vat_registered()
        if not registered:
            self._without_vat_until = self._until()
            self._changed = True
        return registered

    def _check_articles(self, draft: Draft) -> None:
        unknown = self._unknown(draft)
        if not unknown or not self.may_ask():
            return
        if not self._listed and (len(unknown) > 1 or self._asked_for_one):
            self._list_articles()
            unknown = self._unknown(draft)
        for number in unknown:
            if self._listed:
                active = False if number in self._inactive else None
            else:
                active = self._fortnox.article_is_active(number)
                self._asked_for_one = True
            if active is not None:
                self._use(number, draft, active=active)

    def inactive(self, article_numbers: Iterable[str]) -> frozenset[str]:
        """Those of some articles that are switched off in Fortnox; all are listed where one of them is not known."""
        self._load()
        unknown = {number for number in article_numbers if number not in self._articles}
        if unknown and not self._listed and self.may_ask():
            self._list_articles()
        return self._inactive & unknown

    def _list_articles(self) -> None:
        self._know(self._fortnox.articles(active=True))
        self._inactive = self._fortnox.articles(active=False)
        self._listed = True

    def _use(self, number: str, draft: Draft, *, active: bool) -> None:
        if not active:
            row = draft.article_titles.get(number, number)
            raise invoice_held(IssueCode.ARTICLE_INACTIVE, article_number=number, row=row)
        self._know([number])

    def _create(self, number: str, draft: Draft) -> bool | None:
        """Creates an article; says whether it is active, which one that existed all the same may not be.

        None: Fortnox says both that it exists and that it does not.
        """
        self._check_unit(self._settings.default_unit)
        article = ArticleDraft(
            number=number,
            description=draft.article_titles[number][:200],
            sales_account=draft.article_accounts[number],
            unit=self._settings.default_unit,
        )
        try:
            self._fortnox.create_article(article)
        except AlreadyExistsError:
            return self._fortnox.article_is_active(number)
        except InvoiceHeldError:
            self.forget(draft)
            raise
        return True

    def _check_unit(self, code: str) -> None:
        if code in self._units:
            return
        if not self._fortnox.unit_exists(code):
            with suppress(AlreadyExistsError):  # somebody else was faster: it exists, which is what we want
                self._fortnox.create_unit(code)
        self._units[code] = self._until()
        self._changed = True

    def _unknown(self, draft: Draft) -> list[str]:
        numbers = dict.fromkeys(row.article_number for row in draft.invoice.rows)
        return [number for number in numbers if number not in self._articles]

    def _know(self, numbers: Iterable[str]) -> None:
        until = self._until()
        self._articles.update((number, until) for number in numbers)
        self._changed = True

    def _today(self) -> date:
        return self._clock().astimezone(SWEDEN).date()

    def _until(self) -> str:
        return _text(self._clock() + BELIEVED_FOR)


def objection_to(customer: Customer | None, owner: GoodsOwner, settings: IntegrationSettings) -> Issue | None:
    """Why Fortnox's customer cannot have this goods owner's invoices, whoever it is."""
    about = {"customer_number": owner.customer_number, "goods_owner": owner.name}
    if customer is None:
        return Issue(code=IssueCode.CUSTOMER_UNKNOWN, params=about)
    if not customer.active:
        return Issue(code=IssueCode.CUSTOMER_INACTIVE, params=about)
    if settings.currency_rule is CurrencyRule.FROM_FORTNOX:
        return None
    if not owner.currency and customer.currency not in {"", HOME_CURRENCY}:
        return Issue(code=IssueCode.CURRENCY_NOT_SAID, params={**about, "customer_currency": customer.currency})
    if settings.currency_rule is CurrencyRule.MUST_MATCH and _differ(owner.currency, customer.currency):
        params = {
            "customer_number": owner.customer_number,
            "customer_currency": customer.currency,
            "invoice_currency": owner.currency,
        }
        return Issue(code=IssueCode.CURRENCY_DIFFERS, params=params)
    return None


def _differ(wanted: str, known: str) -> bool:
    return bool(wanted) and bool(known) and wanted != known


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
