"""What one run knows of Fortnox's registers: asks once, remembers for a day, creates what is missing."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from invoicing.application.ports import AlreadyExistsError, Clock, Exports, Fortnox
from invoicing.domain.draft import Draft
from invoicing.domain.errors import RetryLaterError, invoice_held
from invoicing.domain.fortnox_invoice import ArticleDraft, Customer, InvoiceDraft, Register
from invoicing.domain.integration_settings import CurrencyRule, IntegrationSettings
from invoicing.domain.issue import IssueCode
from invoicing.domain.wms_invoice import WmsInvoice

BELIEVED_FOR = timedelta(days=1)


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
        self._asked_for_one = False  # a second unknown article makes reading all of them the cheaper way
        self._customers: dict[str, tuple[str, str]] = {}
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

    def create_missing(self, draft: Draft) -> None:
        """Creates the articles of a checked draft that do not exist. Raises InvoiceHeldError, RetryLaterError, …"""
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
        self._listed, self._inactive = False, frozenset()
        self._changed = True

    def save(self) -> None:
        """Keeps what was learned, if anything was. Losing it only costs calls, so it stops nothing."""
        if self._changed:
            with suppress(RetryLaterError):
                self._exports.save_register(
                    self._integration_id,
                    Register(customers=self._customers, articles=self._articles, units=self._units),
                )
            self._changed = False

    def _load(self) -> None:
        if self._loaded:
            return
        stored = self._exports.register(self._integration_id)
        now = _text(self._clock())
        self._customers = {number: (cur, until) for number, (cur, until) in stored.customers.items() if until > now}
        self._articles = {number: until for number, until in stored.articles.items() if until > now}
        self._units = {code: until for code, until in stored.units.items() if until > now}
        self._loaded = True

    def _check_customer(self, draft: Draft, invoice: WmsInvoice) -> None:
        number = draft.invoice.customer_number
        currency, _ = self._customers.get(number, (None, ""))
        wanted = _wanted_currency(draft.invoice, self._settings)
        if currency is not None and not _differ(wanted, currency):
            return
        # What is remembered holds nothing back: it may have been mended.
        if number not in self._seen:
            if not self.may_ask():
                return
            self._seen[number] = self._fortnox.customer(number)
        customer = self._seen[number]
        if customer is not None and customer.active:
            self._customers[number] = (customer.currency, self._until())
            self._changed = True
        _refuse_customer(customer, draft.invoice, invoice, self._settings)

    def _check_articles(self, draft: Draft) -> None:
        unknown = self._unknown(draft)
        if not unknown or not self.may_ask():
            return
        if not self._listed and (len(unknown) > 1 or self._asked_for_one):
            self._know(self._fortnox.articles(active=True))
            self._inactive = self._fortnox.articles(active=False)
            self._listed = True
            unknown = self._unknown(draft)
        for number in unknown:
            if self._listed:
                active = False if number in self._inactive else None
            else:
                active = self._fortnox.article_is_active(number)
                self._asked_for_one = True
            if active is not None:
                self._use(number, draft, active=active)

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

    def _until(self) -> str:
        return _text(self._clock() + BELIEVED_FOR)


def _refuse_customer(
    customer: Customer | None, draft: InvoiceDraft, invoice: WmsInvoice, settings: IntegrationSettings
) -> None:
    """Raises InvoiceHeldError if Fortnox's customer cannot have this invoice. None: Fortnox has no such customer."""
    number, owner = draft.customer_number, invoice.goods_owner.name
    if customer is None:
        raise invoice_held(IssueCode.CUSTOMER_UNKNOWN, customer_number=number, goods_owner=owner)
    if not customer.active:
        raise invoice_held(IssueCode.CUSTOMER_INACTIVE, customer_number=number, goods_owner=owner)
    wanted = _wanted_currency(draft, settings)
    if _differ(wanted, customer.currency):
        raise invoice_held(
            IssueCode.CURRENCY_DIFFERS,
            customer_number=number,
            customer_currency=customer.currency,
            invoice_currency=wanted,
        )


def _wanted_currency(draft: InvoiceDraft, settings: IntegrationSettings) -> str:
    """The currency that the customer must have; empty if any will do."""
    return draft.currency if settings.currency_rule is CurrencyRule.MUST_MATCH else ""


def _differ(wanted: str, known: str) -> bool:
    return bool(wanted) and bool(known) and wanted != known


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
