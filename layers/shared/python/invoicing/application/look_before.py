"""Before the 1st: what will stop the invoices that gather now, found by the judgement that the run will make.

Reads and compares; writes nothing but what it found. What cannot be looked at is said, and is no error.
docs/decisions/0023.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zlib import crc32

from invoicing.application.interleave import take_alone
from invoicing.application.judge_invoice import JudgeTools, judge_invoice
from invoicing.application.know_register import KnownRegister
from invoicing.application.list_customers import line_of
from invoicing.application.ports import Clock, Exports, Fortnox, Report, Sealer, SecondsLeft, WmsInvoices
from invoicing.application.wms_login import login_of
from invoicing.domain.draft import checked_account, checked_article_number
from invoicing.domain.due import Due, due_of
from invoicing.domain.errors import (
    HeldError,
    InvoiceHeldError,
    RetryLaterError,
    UpstreamContractError,
    WmsLoginRefusedError,
)
from invoicing.domain.export import Export
from invoicing.domain.integration import Integration
from invoicing.domain.integration_settings import AccountSource, IntegrationSettings
from invoicing.domain.issue import Fixer, Issue, IssueCode
from invoicing.domain.keys import clean_key
from invoicing.domain.outlook import MOST_TROUBLES, Outlook, Sighting, Unseen, first_after, troubles_of
from invoicing.domain.price_list import PricedArticle
from invoicing.domain.sending import lacking_on_card
from invoicing.domain.swedish_time import SWEDEN
from invoicing.domain.wms_invoice import GoodsOwner, UnreadableInvoice, WmsInvoice, sharing_a_number
from invoicing.domain.work import Work, work_of

_NIGHT = time(1)  # in Sweden: warehouses are closed, and whoever is early finds it done
_SLOTS, _SLOT = 12, timedelta(minutes=15)  # over which all integrations are spread
_LOOKED_BACK = 500  # of the newest records: who was invoiced of late
_LATE_IN_MONTH = 20  # a day on which who is invoiced each month has something
_GIVE_UP_AFTER = 2  # price lists in a row without an answer
_INCOME = range(3000, 4000)  # of the BAS chart, which nearly all follow


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeTools:
    """What a look works with. `remembered`: what runs learned within a day is believed, which saves calls.

    With less than `to_end` seconds left, nobody is asked any more.
    """

    exports: Exports
    sealer: Sealer
    wms: WmsInvoices
    fortnox: Fortnox
    clock: Clock
    seconds_left: SecondsLeft
    to_end: float
    remembered: bool
    report: Report


def is_night_look_due(integration: Integration, now: datetime) -> bool:
    """Whether a run that nobody asked for looks now: once a night, each integration in its own quarter of an hour."""
    local = now.astimezone(SWEDEN)
    slot = crc32(integration.id.encode()) % _SLOTS
    begins = datetime.combine(local.date(), _NIGHT, SWEDEN) + slot * _SLOT
    ends = datetime.combine(local.date(), _NIGHT, SWEDEN) + _SLOTS * _SLOT
    looked = integration.last_run.looked_before if integration.last_run else None
    return begins <= now < ends and (looked is None or looked < begins)


def look_before(tools: BeforeTools, integration: Integration) -> Outlook | None:
    """Looks, and keeps what was found; None without settings.

    Raises like the ports of the WMS and of Fortnox, but goes on without Fortnox where that does not answer.
    """
    settings = integration.settings
    if settings is None:
        return None
    look = _Look(tools, integration, settings)
    look.at_everything()
    outlook = look.outlook(before=tools.exports.outlook(integration.id))
    tools.exports.save_outlook(integration.id, outlook)
    troubles, lists = outlook.trouble_count, outlook.price_lists
    tools.report("looked_before", {"integration": integration.id, "troubles": troubles, "price_lists": lists})
    return outlook


class _Look:
    """One look, while it goes on."""

    def __init__(self, tools: BeforeTools, integration: Integration, settings: IntegrationSettings) -> None:
        self._tools = tools
        self._integration = integration
        self._settings = settings
        self._login = login_of(integration, tools.sealer)
        self._today = tools.clock().astimezone(SWEDEN).date()
        self._silent = False  # Fortnox did not answer: it is not asked any more
        self._sightings: list[Sighting] = []
        self._unseen: set[Unseen] = {Unseen.ACCOUNTS}
        self._gathering = Work()
        self._owners: dict[tuple[str, str], GoodsOwner] = {}
        self._charged: dict[int, GoodsOwner] = {}  # by Ongoing's id, which two of one name and code do not share
        self._busy: set[str] = set()  # goods owners of whom Ongoing lists an invoice, due or not
        self._sums: dict[int, Decimal] = {}  # of goods owners, to read the price lists of the largest first
        self._price_lists = 0
        self._articles: dict[str, list[tuple[str, str]]] = {}  # number → goods owners and rows, of price lists
        self._register = KnownRegister(
            integration_id=integration.id,
            settings=settings,
            exports=tools.exports,
            fortnox=tools.fortnox,
            clock=tools.clock,
            remembered=tools.remembered,
            may_ask=self._may_ask,
        )
        self._judging = JudgeTools(
            integration_id=integration.id,
            settings=settings,
            fortnox=tools.fortnox,
            register=self._register,
            clock=tools.clock,
            last_run_at=None,
            remembered_meaning=integration.detected_price_meaning,
        )

    def at_everything(self) -> None:
        """What gathers, who was invoiced of late, and the price lists."""
        self._at_integration()
        locked_until = self._locked_until()
        for invoice, record, shares_with in self._gathered():
            self._at_invoice(invoice, record, shares_with, locked_until)
        for owner, months in self._of_late():
            self._at_owner(owner, None)
            has_nothing = months > 1 and owner.name not in self._busy
            if has_nothing and self._today.day >= _LATE_IN_MONTH:
                self._see(Issue(code=IssueCode.NOTHING_GATHERS, params={"goods_owner": owner.name}), owner.name)
        self._at_price_lists(list(self._charged.values()))
        if self._tools.remembered:
            self._register.save()

    def outlook(self, *, before: Outlook | None) -> Outlook:
        """All that was found."""
        first = first_after(self._today)
        troubles = troubles_of(self._sightings)
        return Outlook(
            at=self._tools.clock(),
            first=first,
            gathering=self._gathering,
            goods_owners=len(self._owners),
            price_lists=self._price_lists,
            troubles=troubles[:MOST_TROUBLES],
            trouble_count=sum(one.will_stop for one in troubles),
            later_count=sum(one.would_stop for one in troubles),
            unseen=tuple(one for one in Unseen if one in self._unseen),
            told=before.told if before is not None and before.first == first else (),
        )

    # ---- asking

    def _may_ask(self) -> bool:
        return not self._silent and self._tools.seconds_left() > self._tools.to_end

    def _of_fortnox[Answer](self, ask: Callable[[], Answer]) -> Answer | None:
        """Its answer; None if it gives none, which is said once."""
        if self._may_ask():
            try:
                return ask()
            except (RetryLaterError, UpstreamContractError):
                self._silent = True
        self._unseen.add(Unseen.FORTNOX)
        return None

    def _locked_until(self) -> date | None:
        try:
            return self._of_fortnox(self._tools.fortnox.locked_until)
        except HeldError:  # a company that has not approved it; nothing else depends on it
            self._unseen.add(Unseen.LOCKED_PERIOD)
            return None

    def _gathered(self) -> Iterator[tuple[WmsInvoice, Export | None, int | None]]:
        """Invoices that are not due yet, page by page, with their records and others of the same number."""
        now = self._tools.clock()
        for page in self._tools.wms.unexported(self._login, since=self._settings.from_date):
            ids = [one.id for one in page.invoices if one.id is not None]
            records = self._tools.exports.get_many(self._integration.id, ids)
            sharing = sharing_a_number(page.invoices)
            for invoice in page.invoices:
                if isinstance(invoice, UnreadableInvoice):
                    self._unseen.add(Unseen.SOME_INVOICES)
                    continue
                self._busy.add(invoice.goods_owner.name)
                record = records.get(invoice.id)
                if due_of(self._integration, invoice, record, now=now) in {Due.LATER, Due.WHEN_ASKED}:
                    yield invoice, record, sharing.get(invoice.id)
            if page.more and self._tools.seconds_left() <= self._tools.to_end:
                self._unseen.add(Unseen.SOME_INVOICES)
                return

    def _of_late(self) -> Sequence[tuple[GoodsOwner, int]]:
        """Who was invoiced for one of the last two months or both, and has nothing that gathers."""
        records, _ = self._tools.exports.page(self._integration.id, limit=_LOOKED_BACK)
        last = self._today.replace(day=1) - timedelta(days=1)
        months = {f"{last:%Y-%m}", f"{last.replace(day=1) - timedelta(days=1):%Y-%m}"}
        found: dict[tuple[str, str], tuple[GoodsOwner, set[str]]] = {}
        for one in records:
            month = f"{one.period_end or one.invoice_date or date.min:%Y-%m}"
            if month > max(months):
                self._busy.add(one.goods_owner)  # this month's is in Fortnox already
            if not one.fortnox_number or month not in months:
                continue
            owner = GoodsOwner(id=0, name=one.goods_owner, customer_code=one.customer_number, currency=one.currency)
            found.setdefault((one.goods_owner, one.customer_number), (owner, set()))[1].add(month)
        return [(owner, len(seen)) for key, (owner, seen) in found.items() if key not in self._owners]

    # ---- looking

    def _see(self, issue: Issue, owner: str, invoice: WmsInvoice | None = None) -> None:
        about = None if invoice is None else (invoice.id, invoice.goods_owner.currency, invoice.amount)
        self._sightings.append(Sighting(issue=issue, goods_owner=owner, invoice=about))

    def _at_integration(self) -> None:
        """What stopped the last run stops the 1st, too, until somebody mends it."""
        run = self._integration.last_run
        if run is not None and run.problem is not None and run.problem.fixer is not Fixer.NOBODY:
            self._see(run.problem, "")

    def _at_owner(self, owner: GoodsOwner, invoice: WmsInvoice | None) -> None:
        """Its customer in Fortnox: there, in use, agreed on, in its currency, and with what sending needs."""
        key = owner.name, owner.customer_number
        self._owners.setdefault(key, owner)
        if not owner.customer_number:
            line = line_of(self._register, owner)
        elif (asked := self._of_fortnox(lambda: line_of(self._register, owner))) is not None:
            line = asked
        else:
            return
        if line.issue is not None:
            self._see(line.issue, owner.name, invoice)
        elif line.customer is not None:
            lacking = lacking_on_card(self._settings.send_invoices, line.customer, goods_owner=owner.name)
            if lacking is not None:
                self._see(lacking, owner.name, invoice)

    def _at_invoice(
        self, invoice: WmsInvoice, record: Export | None, shares_with: int | None, locked_until: date | None
    ) -> None:
        """All that would stop it, and not only what would do so first."""
        owner = invoice.goods_owner
        self._gathering = self._gathering.and_then(work_of([(owner.currency, invoice.amount)]))
        self._sums[owner.id] = self._sums.get(owner.id, Decimal(0)) + invoice.amount
        self._charged.setdefault(owner.id, owner)
        self._at_owner(owner, invoice)
        dated = replace(invoice, invoice_date=invoice.invoice_date or invoice.period_end or self._last_day)
        for charge in invoice.charges:
            row = charge.article_title or charge.comment or f"#{charge.id}"
            for issue in self._wrong_with(charge.article_number, charge.account, row):
                self._see(issue, owner.name, invoice)
        verdict = None if invoice.is_empty else self._verdict_on(dated, record, shares_with)
        if verdict is not None:
            self._see(verdict, owner.name, invoice)
        if locked_until is not None and dated.invoice_date is not None and dated.invoice_date <= locked_until:
            params = {"invoice_date": dated.invoice_date.isoformat()}
            self._see(Issue(code=IssueCode.PERIOD_LOCKED, params=params), owner.name, invoice)

    def _verdict_on(self, invoice: WmsInvoice, record: Export | None, shares_with: int | None) -> Issue | None:
        def judge() -> Issue | None:
            steps = judge_invoice(self._judging, invoice, record, asked=False, shares_with=shares_with)
            return take_alone(steps).issue

        if self._may_ask():
            try:
                return judge()
            except (RetryLaterError, UpstreamContractError):
                self._silent = True
        self._unseen.add(Unseen.FORTNOX)
        return judge()  # by what Ongoing has alone

    def _wrong_with(self, number: str | None, account: str | None, row: str) -> Iterator[Issue]:
        """What an invoice is held for that has such a row. None is not known, and not judged."""
        if number is not None:
            try:
                checked_article_number(number, row=row)
            except InvoiceHeldError as held:
                yield held.issue
        if account is not None and self._settings.account_source is AccountSource.WMS:
            try:
                checked_account(account, article_number=clean_key(number or ""), row=row)
            except InvoiceHeldError as held:
                yield held.issue

    def _at_price_lists(self, owners: Sequence[GoodsOwner]) -> None:
        """Of those with the largest sums first. A system that gives none is told of once, and not asked again."""
        in_vain = 0
        for owner in sorted(owners, key=lambda one: -self._sums.get(one.id, Decimal(0))):
            if in_vain == _GIVE_UP_AFTER or self._tools.seconds_left() <= self._tools.to_end:
                self._unseen.add(Unseen.SOME_PRICE_LISTS)
                break
            try:
                articles = self._tools.wms.price_list(self._login, owner.id).articles
            except (UpstreamContractError, WmsLoginRefusedError):
                self._unseen.add(Unseen.PRICE_LISTS)
                break
            except RetryLaterError:
                self._unseen.add(Unseen.SOME_PRICE_LISTS)
                in_vain += 1
                continue
            in_vain = 0
            self._price_lists += 1
            for article in articles:
                self._at_entry(article, owner)
        self._at_articles()

    def _at_entry(self, article: PricedArticle, owner: GoodsOwner) -> None:
        row = article.title or article.number or "–"
        found = list(self._wrong_with(article.number, article.account, row))
        for issue in found or self._doubts_about(article, row):
            self._see(issue, owner.name)
        if article.number and not found:
            number = checked_article_number(article.number, row=row)
            self._articles.setdefault(number, []).append((owner.name, row))

    def _doubts_about(self, article: PricedArticle, row: str) -> Iterator[Issue]:
        """What no invoice is held for, and money is lost by."""
        params = {"article_number": article.number or "", "row": row}
        if article.price == 0:
            yield Issue(code=IssueCode.PRICE_MISSING, params=params)
        if article.account is not None and self._settings.account_source is AccountSource.WMS:
            account = checked_account(article.account, article_number=params["article_number"], row=row)
            if account not in _INCOME:
                yield Issue(code=IssueCode.ACCOUNT_NOT_INCOME, params={**params, "account": str(account)})

    def _at_articles(self) -> None:
        """Which of the price lists' articles are switched off in Fortnox."""
        if not self._articles:
            return
        inactive = self._of_fortnox(lambda: self._register.inactive(self._articles)) or frozenset()
        for number in sorted(inactive):
            for owner, row in self._articles[number]:
                params = {"article_number": number, "row": row}
                self._see(Issue(code=IssueCode.ARTICLE_INACTIVE, params=params), owner)

    @property
    def _last_day(self) -> date:
        """Of this month: an open invoice without a date gets one like it."""
        return first_after(self._today) - timedelta(days=1)
