"""Runs of one integration in which chosen steps fail: the real code, both simulators, and a plan of faults.

A step is one call across a boundary of a run: our tables, Fortnox's API, Ongoing. Steps are counted from the
start of a story. A plan says what happens at which step; a story with the same plan is always the same.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from unittest import mock
from urllib.parse import urlsplit

import pypdfium2
from invoicing.adapters.ongoing import client
from invoicing.application.change_integration import save_settings
from invoicing.application.decide_invoice import decide_invoice, release_invoices
from invoicing.application.http import HttpAnswer, HttpRequest, HttpTransport
from invoicing.application.ports import OutsideCalls
from invoicing.application.sync_tools import SyncTools
from invoicing.domain.attachment import file_name
from invoicing.domain.chain import link_of
from invoicing.domain.decision import Way
from invoicing.domain.errors import NotSentError, RetryLaterError, UnknownOutcomeError
from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration import RunSummary
from invoicing.domain.integration_settings import DueDateFrom, Language, settings_fingerprint
from invoicing.domain.issue import IssueCode
from invoicing.rendering.formats import format_number

from local.fortnox.oauth import Client
from local.fortnox.seed import CLIENT_ID, TENANT_ID, default_company
from local.fortnox.simulator import FortnoxSimulator
from local.ongoing import seed
from local.ongoing.faults import Effect, FaultRule
from local.ongoing.in_process import InProcessTransport
from local.ongoing.seed import WAREHOUSE
from local.ongoing.simulator import OngoingSimulator
from local.ongoing.warehouse import Charge, GoodsOwner, Invoice, PriceListItem, User, Warehouse
from tests.support.fakes import FakeOutsideCalls, interrupted
from tests.support.wiring import BASE_URL, SECRET, ByHost
from tests.support.world import World

ONE: Final = 7001
BETWEEN_RUNS: Final = timedelta(minutes=15)
RUNS_TO_HEAL: Final = 8


class Killed(BaseException):  # it is no error of the program
    """The process is gone, in the middle of what it did."""


class DefectError(Exception):
    """Something that nobody thought of."""


class Fault(StrEnum):
    """What can happen at a step."""

    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    LOST_REQUEST = "lost request"
    LOST_ANSWER = "lost answer"
    DEFECT = "defect of ours, after it was carried out"
    NOT_SENT = "not sent"
    LATE = "carried out after the run"
    TRUNCATED = "truncated"
    GATEWAY = "HTML instead"
    GATEWAY_AFTER = "HTML, and carried out"
    STATUS_500 = "status 500"
    STATUS_429 = "status 429"
    PARTIAL = "number set, not marked"


OF_TABLES: Final = (Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.LOST_REQUEST, Fault.LOST_ANSWER, Fault.DEFECT)
OF_FORTNOX: Final = (
    *OF_TABLES,
    Fault.NOT_SENT,
    Fault.LATE,
    Fault.TRUNCATED,
    Fault.GATEWAY,
    Fault.GATEWAY_AFTER,
    Fault.STATUS_500,
    Fault.STATUS_429,
)
OF_ONGOING: Final = (*OF_TABLES, Fault.NOT_SENT, Fault.LATE, Fault.TRUNCATED, Fault.GATEWAY, Fault.GATEWAY_AFTER)

# For pairs: those that leave different things behind. The rest is one of these in other clothes.
_TELLING: Final = frozenset({Fault.KILLED_AFTER, Fault.LOST_ANSWER, Fault.LATE, Fault.PARTIAL})


@dataclass(frozen=True, slots=True)
class Step:
    """One call across a boundary: of what, and what it was."""

    boundary: str
    call: str

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What can go wrong with it."""
        if self.boundary == "fortnox":
            return OF_FORTNOX
        if self.boundary == "ongoing":
            return (*OF_ONGOING, Fault.PARTIAL) if self.call == "UpdateInvoice" else OF_ONGOING
        return OF_TABLES

    @property
    def telling_faults(self) -> tuple[Fault, ...]:
        """Those that leave different things behind; of a question, only that it gets no answer."""
        if self.call.lower().startswith("get") or self.call == "register":
            return (Fault.LOST_ANSWER,)
        return tuple(fault for fault in self.faults if fault in _TELLING)


type Plan = Mapping[int, Fault]


@dataclass
class Script:
    """Counts steps, and lets happen what is planned for them. `late` are requests that are still on their way."""

    plan: Plan
    steps: list[Step] = field(default_factory=list)
    late: list[Callable[[], object]] = field(default_factory=list)

    def next(self, boundary: str, call: str) -> Fault | None:
        """The fault of the next step, if any."""
        self.steps.append(Step(boundary, call))
        return self.plan.get(len(self.steps) - 1)

    def arrive(self) -> None:
        """What was on its way arrives."""
        while self.late:
            self.late.pop(0)()


class Line:
    """A transport on which the script's faults happen. Tokens are another story and pass."""

    def __init__(self, inner: HttpTransport, script: Script, boundary: str) -> None:
        self._inner = inner
        self._script = script
        self._boundary = boundary

    def send(self, request: HttpRequest) -> HttpAnswer:
        path = urlsplit(request.url).path
        if path.startswith("/oauth-v1/"):
            return self._inner.send(request)
        soap = request.headers.get("SOAPAction", "").rpartition("/")[2].strip('"')
        fault = self._script.next(self._boundary, soap or f"{request.method} {path}")
        answer = self._inner.send(request) if fault in _CARRIED_OUT else HttpAnswer(status=502, headers={}, body=_PAGE)
        match fault:
            case None:
                return answer
            case Fault.KILLED_BEFORE | Fault.KILLED_AFTER:
                raise Killed
            case Fault.DEFECT:
                raise DefectError(_SAID)
            case Fault.NOT_SENT:
                raise NotSentError("no connection")
            case Fault.LATE:
                self._script.late.append(lambda: self._inner.send(request))
                raise UnknownOutcomeError("no answer in time")
            case Fault.GATEWAY | Fault.GATEWAY_AFTER:
                return HttpAnswer(status=502, headers={}, body=_PAGE)
            case Fault.STATUS_500:
                return HttpAnswer(status=500, headers={}, body=b'{"ErrorInformation":{"error":1,"code":1000003}}')
            case Fault.STATUS_429:
                return HttpAnswer(status=429, headers={}, body=b'{"message":"Too Many Requests"}')
            case Fault.PARTIAL:
                return self._partial(request)
            case _:
                raise UnknownOutcomeError("the connection was reset")

    def _partial(self, request: HttpRequest) -> HttpAnswer:
        raise AssertionError(f"only a write-back can happen by half, not {request.method} {request.url}")


_CARRIED_OUT: Final = frozenset(
    {None, Fault.KILLED_AFTER, Fault.LOST_ANSWER, Fault.DEFECT, Fault.TRUNCATED, Fault.GATEWAY_AFTER}
)
_SAID: Final = "what must not be logged"
_PAGE: Final = b"<html><body>Bad Gateway</body></html>"


class OngoingLine(Line):
    """The line to Ongoing, whose write-back can happen by half."""

    def __init__(self, simulator: OngoingSimulator, script: Script) -> None:
        self._simulator = simulator
        self._transport = InProcessTransport(simulator.handle)
        super().__init__(self._transport, script, "ongoing")

    def _partial(self, request: HttpRequest) -> HttpAnswer:
        self._simulator.add_fault(FaultRule(effect=Effect.PARTIAL))
        return self._transport.send(request)


COMPANYS_TERMS: Final = timedelta(days=30)


class Story(World):
    """A connected system with a few invoices, whose runs follow a plan.

    `lazy` and `newest_first` choose how its calls go on beside each other; `page` is how many invoices Ongoing is first
    asked for.
    """

    def __init__(
        self, *invoices: Invoice, lazy: bool = False, newest_first: bool = False, page: int | None = None
    ) -> None:
        self.script = Script({})
        self.ended = 0  # steps of the first run
        self.attaching = False  # specifications
        self.sent_from: date | None = None  # where due dates count from the day of sending: when that begins
        self._lazy = lazy
        self._newest_first = newest_first
        self._page = page
        self._invoices = invoices
        super().__init__()
        self.connect()

    def __post_init__(self) -> None:
        ours = Client(client_id=CLIENT_ID, secret=SECRET, redirect_uris=(f"{BASE_URL}/oauth/callback",))
        self.fortnox = FortnoxSimulator(clock=self.clock, clients=[ours], companies=[small_company()])
        self.ongoing = OngoingSimulator(clock=self.clock, warehouses=[small_warehouse(*self._invoices)])
        self.to_fortnox = InProcessTransport(self.fortnox.handle)
        self.to_ongoing = InProcessTransport(self.ongoing.handle)
        self._ids = iter(range(1, 1_000_000))

    def outside(self) -> OutsideCalls:
        """Calls beside each other, in the order of this story."""
        return FakeOutsideCalls(self.clock, lazy=self._lazy, newest_first=self._newest_first)

    def sync_tools(self) -> SyncTools:
        """The tools of a run, with the script on every boundary."""
        api: Any = Line(self.to_fortnox, self.script, "fortnox")
        ongoing: Any = OngoingLine(self.ongoing, self.script)
        plain = self.to_fortnox  # keys are not what these stories are about
        watched = self.bootstrap(
            transport=ByHost(lambda host: ongoing if "ongoing" in host else api if host.startswith("api.") else plain),
            integrations=self._watched(self.integrations, "integrations"),
            exports=self._watched(self.exports, "exports"),
        )
        return replace(watched.sync_tools(), follow_keys=self.parts.follow_keys)

    def _watched[Port](self, port: Port, name: str) -> Port:
        pending: list[Fault | None] = []

        def before(method: str) -> None:
            fault = self.script.next(name, method)
            pending.append(fault)
            if fault is Fault.KILLED_BEFORE:
                raise Killed
            if fault is Fault.LOST_REQUEST:
                raise RetryLaterError("the table does not answer")

        def after(method: str) -> None:
            match pending[-1]:
                case Fault.KILLED_AFTER:
                    raise Killed
                case Fault.LOST_ANSWER:
                    raise RetryLaterError("the table does not answer")
                case Fault.DEFECT:
                    raise DefectError(_SAID)

        return interrupted(port, before=before, after=after)

    def attempt(self) -> RunSummary | None:
        """One delivery of a message. None: it was killed, our tables did not answer, or the function failed."""
        try:
            with mock.patch.object(client, "_PAGE", self._page or client._PAGE):
                return self.run()
        except (Killed, RetryLaterError, DefectError):
            return None

    def rest(self) -> None:
        """A quarter of an hour passes, and what was on its way arrives."""
        self.script.arrive()
        self.later(seconds=BETWEEN_RUNS.total_seconds())

    def heal(self) -> None:
        """Runs until all is settled, and once more: what is settled must stay as it is."""
        for _ in range(RUNS_TO_HEAL):
            self.attempt()
            self.rest()
            if self.is_settled():
                break
        self.attempt()

    def is_settled(self) -> bool:
        """Whether every record is done, or has an open issue; one of ours ends by itself within the hour."""
        return all(
            (record.state is ExportState.DONE and not record.awaits_specification)
            or (record.state is ExportState.HELD and record.issue and record.issue.code is not IssueCode.OUR_DEFECT)
            for record in self.records()
        )

    def records(self) -> Sequence[Export]:
        """All records of the integration."""
        return self.exports.page(WAREHOUSE, limit=1000)[0]

    def record(self, invoice_id: int = ONE) -> Export:
        """The record of an invoice that must have one."""
        found = self.exports.get(WAREHOUSE, invoice_id)
        assert found is not None
        return found

    def decided(self, way: Way) -> "Story":
        """A person decides about the held invoice."""
        integration = self.integrations.get(WAREHOUSE)
        assert integration is not None
        decide_invoice(self.change_tools(), integration, ONE, way, by="anna")
        return self

    def guards_prices(self, listed: str) -> None:
        """From now on a charge for pallets waits unless it has this price."""
        item = PriceListItem(
            id=301, goods_owner_id=1, title="Pallplats", unit_price=Decimal(listed), code="100", account="3041"
        )
        self.ongoing.put_warehouse(replace(self.ongoing.warehouse(WAREHOUSE), price_list=(item,)))
        integration = self.integrations.get(WAREHOUSE)
        assert integration is not None
        assert integration.settings is not None
        settings = replace(integration.settings, guard_prices=True)
        self.integrations.put(replace(integration, settings=settings, version=integration.version + 1))

    def released(self) -> "Story":
        """A person says of all that guards hold that it is right as it is."""
        integration = self.integrations.get(WAREHOUSE)
        assert integration is not None
        tools = replace(
            self.change_tools(),
            integrations=self._watched(self.integrations, "integrations"),
            exports=self._watched(self.exports, "exports"),
        )
        seen = {one.invoice_id: one.content for one in self.records() if Way.RIGHT in one.ways_out}
        assert release_invoices(tools, integration, seen, guard="price_off_list", by="anna") == set(seen)
        return self

    def in_fortnox(self) -> list[dict[str, Any]]:
        """Fortnox's invoices."""
        company = self.fortnox.state()["companies"][TENANT_ID]
        return list(company["invoices"].values())

    def complaints(self) -> list[str]:
        """What breaks the promise: each invoice once in Fortnox, right, and marked with its number in Ongoing."""
        found: list[str] = []
        by_reference: dict[str, list[dict[str, Any]]] = {}
        credited = [str(one["CreditInvoiceReference"]) for one in self.in_fortnox() if one["Credit"] == "true"]
        found += [f"{number}: credited twice" for number in {*credited} - {"0"} if credited.count(number) > 1]
        for there in self.in_fortnox():
            # An invoice with a negative sum is marked as a credit too; a credit of an invoice names that invoice.
            credits_another = there["Credit"] == "true" and there["CreditInvoiceReference"] != "0"
            if not there["Cancelled"] and not credits_another:
                by_reference.setdefault(str(there["ExternalInvoiceReference1"]), []).append(there)
        found += [f"{name}: {len(same)} times in Fortnox" for name, same in by_reference.items() if len(same) > 1]
        for invoice in self.ongoing.warehouse(WAREHOUSE).invoices:
            record = self.exports.get(WAREHOUSE, invoice.id)
            if record is None:
                found.append(f"{invoice.id}: no record")
            elif record.chain != link_of(record):
                found.append(f"{invoice.id}: its chain is not that of its history")
            elif record.state is ExportState.HELD and record.issue is not None:
                found.append(f"{invoice.id}: held, {record.issue.code}")
            elif record.state is not ExportState.DONE or record.issue is not None:
                found.append(f"{invoice.id}: ends as {record.state} with issue {record.issue}")
            else:
                found += self._complaints_about(invoice, by_reference.get(record.reference, []))
                found += self._complaints_about_files(record) if self.attaching else ()
        found += [f"{one['DocumentNumber']}: due {one['DueDate']}" for one in self.in_fortnox() if self._is_due(one)]
        return found

    def attaches(self) -> "Story":
        """From now on the specification goes onto each invoice."""
        self.attach_specifications()
        self.attaching = True
        return self

    def _complaints_about_files(self, record: Export) -> Iterator[str]:
        """Each invoice that is done has its own specification, once, and none of an earlier content."""
        files = self.fortnox.attached_files(TENANT_ID, record.fortnox_number)
        there = record.attachment
        if there is None or there.pending or there.issue or there.old_id:
            yield f"{record.invoice_id}: its specification ends as {there}"
        elif [one.name for one in files] != [file_name(record.reference, there.fingerprint)]:
            yield f"{record.invoice_id}: attached are {[one.name for one in files]}"
        elif record.fortnox_net is None or not specifies(files[0].content, record.fortnox_net):
            yield f"{record.invoice_id}: its specification does not come to {record.fortnox_net}"

    def counts_from_sending(self) -> "Story":
        """From now on due dates count from the day of sending; the customers' cards say nothing of terms."""
        integration = self.integrations.get(WAREHOUSE)
        assert integration is not None
        assert integration.settings is not None
        settings = replace(integration.settings, due_date_from=DueDateFrom.SENDING)
        seen = settings_fingerprint(integration.settings)
        save_settings(self.change_tools(), integration, settings, seen=seen, by="anna")
        self.sent_from = self.today
        return self

    def _is_due(self, there: dict[str, Any]) -> bool:
        """Whether it is due before the company's terms are over, though they count from the day of sending."""
        return self.sent_from is not None and str(there["DueDate"]) < str(self.sent_from + COMPANYS_TERMS)

    @staticmethod
    def _complaints_about(invoice: Invoice, there: list[dict[str, Any]]) -> Iterator[str]:
        if len(there) != 1:
            yield f"{invoice.id}: done, and {len(there)} times in Fortnox"
            return
        (one,) = there
        if Decimal(str(one["Net"])) != invoice.total:
            yield f"{invoice.id}: {one['Net']} instead of {invoice.total}"
        if not invoice.is_exported or invoice.number != one["DocumentNumber"]:
            yield f"{invoice.id}: marked {invoice.is_exported} with number {invoice.number}"

    def memory(self) -> object:
        """All that later runs depend on, without names and times: two stories with the same one go on alike."""
        integration = self.integrations.get(WAREHOUSE)
        assert integration is not None
        names: dict[str, int] = {}

        def name(of: str) -> int:
            return names.setdefault(of, len(names)) if of else -1

        company = self.fortnox.state()["companies"][TENANT_ID]
        register = self.exports.register(WAREHOUSE)
        return (
            tuple(
                (
                    record.invoice_id,
                    record.state,
                    record.fortnox_number,
                    record.fortnox_net,
                    record.fingerprint,
                    record.tried,
                    name(record.attempt_id),
                    record.issue and record.issue.code,
                    (record.reference, record.earlier, record.decision and record.decision.way),
                    (
                        bool(record.fortnox_print),
                        bool(record.kept_print),
                        bool(record.left),
                        bool(record.right),
                        record.by_hand,
                    ),
                    (record.due_from, record.due_date, record.was_marked, record.waits),
                    _attachment(record),
                )
                for record in self.records()
            ),
            tuple(
                (
                    number,
                    str(there["Net"]),
                    there["DueDate"],
                    tuple((row["ArticleNumber"], str(row["Total"])) for row in there["InvoiceRows"]),
                )
                for number, there in company["invoices"].items()
            ),
            (tuple(company["articles"]), tuple(company["units"])),
            tuple(
                tuple(file.name for file in self.fortnox.attached_files(TENANT_ID, number))
                for number in company["invoices"]
            ),
            (tuple(register.customers), tuple(register.articles), tuple(register.units)),
            tuple(
                (one.id, one.number, one.is_exported, one.total) for one in self.ongoing.warehouse(WAREHOUSE).invoices
            ),
            (integration.asked, integration.unfinished, integration.marked, len(self.script.late)),
        )


def specifies(content: bytes, net: Decimal) -> bool:
    """Whether a PDF says this sum, as a Swedish reader writes it."""
    document: Any = pypdfium2.PdfDocument(content)
    text = " ".join(page.get_textpage().get_text_range() for page in document)
    return format_number(net, Language.SWEDISH, decimals=2).replace("\u00a0", " ") in text


def _attachment(record: Export) -> object:
    """What later runs depend on of it; ids of files differ from story to story."""
    there = record.attachment
    if there is None:
        return None
    issue = there.issue and there.issue.code
    return there.pending, there.fingerprint, bool(there.file_id), bool(there.id), bool(there.old_id), issue


def charge(
    code: str = "100", price: str = "85.00", quantity: str = "12", *, title: str = "Pallplats", account: str = "3041"
) -> Charge:
    """One row of an invoice."""
    return Charge(
        id=sum(ord(letter) for letter in f"{code}{price}{quantity}{title}"),
        code=code,
        title=title,
        account=account,
        unit_price=Decimal(price),
        quantity=Decimal(quantity),
    )


def invoice(*charges: Charge, invoice_id: int = ONE, owner: int = 1, **more: Any) -> Invoice:
    """An invoice of February 2026, which is over."""
    return Invoice(
        id=invoice_id,
        goods_owner_id=owner,
        charges=charges or (charge(),),
        **{
            "title": "Lager och hantering 2026-02",
            "invoice_date": date(2026, 2, 28),
            "period_start": date(2026, 2, 1),
            "period_end": date(2026, 2, 28),
            **more,
        },
    )


def small_company() -> dict[str, Any]:
    """The company of the demo with one year and few accounts, because stories are many."""
    company = default_company()
    used = {3001, 3041, 3042, 3105, 3106, 3108, 3308, 3591, 3999, 4000}
    return {
        **company,
        "accounts": [account for account in company["accounts"] if account["Number"] in used],
        "financial_years": [{"Id": 1, "FromDate": "2026-01-01", "ToDate": "2026-12-31"}],
    }


def small_warehouse(*invoices: Invoice) -> Warehouse:
    """A system with three goods owners and these invoices."""
    return Warehouse(
        name=WAREHOUSE,
        customer_id=seed.CUSTOMER_ID,
        users=(User(username=seed.USERNAME, password=seed.PASSWORD),),
        goods_owners=(
            GoodsOwner(id=1, name="Kaffe & Kakao AB", financial_code="1001"),
            GoodsOwner(id=2, name="Möbelhuset i Malmö AB", financial_code="1002"),
            GoodsOwner(id=3, name="Nordic Gear AS", financial_code="1003", currency="EUR"),
        ),
        invoices=invoices,
    )
