"""How many calls runs make, counted exactly: nothing here depends on the machine or on luck.

Runs go through the real use cases and adapters in this process, between the simulators of Fortnox and Ongoing and
an emulated AWS. A call to Fortnox or Ongoing is one that its simulator was asked. A request to AWS is one that the SDK
was asked for by our adapters; BatchGetItem is one request, however many items it names. The worker is counted as
one that has just started and remembers no data key.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from invoicing.adapters.aws.exports import DynamoExports
from invoicing.adapters.aws.integrations import DynamoIntegrations
from invoicing.adapters.aws.journal import S3TokenJournal
from invoicing.adapters.aws.months import DynamoMonths
from invoicing.adapters.aws.notices import DynamoNotices
from invoicing.adapters.aws.sealing import KmsSealer
from invoicing.adapters.aws.sessions import DynamoSessions
from invoicing.adapters.aws.sync_queue import SqsSyncQueue
from invoicing.adapters.aws.token_store import DynamoTokenStore
from invoicing.domain.integration_settings import SendAfter, SendInvoices

from local.bench import DidNotMeasureError
from local.bench.targets import Verdict
from local.bench.units import Meter
from local.fortnox.seed import TENANT_ID
from local.ongoing import seed
from local.ongoing.warehouse import Charge, GoodsOwner, Invoice
from tests.support.aws import Aws, quick_aws
from tests.support.world import World

CUSTOMER = seed.KAFFE  # its customer is in Fortnox
KNOWN_ARTICLE = "100"  # in Fortnox from the start
IDLE_RUN = "idle: nothing unexported"
ONE_INVOICE = "1 new invoice, customer and article known"
FURTHER_INVOICE = "each further new invoice in a run"
FEW_LIST_CALLS = 5  # what the target "A and a few list calls" is taken for
_READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Calls of one run, by what they did; texts such as "POST /3/invoices"."""

    fortnox: Mapping[str, int]
    ongoing: Mapping[str, int]
    aws: Mapping[str, int]  # "dynamodb GetItem"
    read_units: float = 0.0
    write_units: float = 0.0

    @property
    def fortnox_calls(self) -> int:
        """To the API and for tokens."""
        return sum(self.fortnox.values())

    @property
    def fortnox_writes(self) -> int:
        """That may change something there."""
        return sum(count for call, count in self.fortnox.items() if call.startswith(("POST /3/", "PUT ", "DELETE ")))

    @property
    def ongoing_calls(self) -> int:
        return sum(self.ongoing.values())

    @property
    def dynamodb_reads(self) -> int:
        return self._dynamodb(reads=True)

    @property
    def dynamodb_writes(self) -> int:
        return self._dynamodb(reads=False)

    @property
    def other_aws(self) -> int:
        return sum(self.aws.values()) - self.dynamodb_reads - self.dynamodb_writes

    def _dynamodb(self, *, reads: bool) -> int:
        operations = ((name.partition(" "), count) for name, count in self.aws.items())
        return sum(
            count for (service, _, name), count in operations if service == "dynamodb" and (name in _READS) is reads
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """At most so many of one kind of calls; `kind` names a property of Calls."""

    kind: str
    at_most: int
    why: str = ""  # how the number follows from the scenario, where it is not the target itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What was counted, and what was wanted."""

    name: str
    calls: Calls
    targets: tuple[Target, ...] = ()

    @classmethod
    def of(cls, name: str, calls: Calls, *targets: Target) -> "Scenario":
        """The same, shorter."""
        return cls(name=name, calls=calls, targets=targets)

    @property
    def verdicts(self) -> list[Verdict]:
        """One per target."""
        return [
            Verdict.at_most(
                f"{self.name}: {target.kind.replace('_', ' ')}",
                target.at_most,
                getattr(self.calls, target.kind),
                why=target.why,
            )
            for target in self.targets
        ]


IDLE = (
    Target(kind="fortnox_calls", at_most=0),
    Target(kind="ongoing_calls", at_most=1),
    Target(kind="dynamodb_writes", at_most=0),
)
HELD = (*IDLE[:2], Target(kind="dynamodb_writes", at_most=1, why="what is held is tried anew by the last run's time"))


class Counted:
    """A connected integration with real adapters, whose calls are counted."""

    def __init__(self, world: World, aws: Aws, requests: "Counter[str]", meter: Meter) -> None:
        self.world = world
        self._aws = aws
        self._requests = requests
        self._meter = meter
        self._key = aws.key()

    def new_worker(self) -> None:
        """As after a cold start: no data key is remembered."""
        sealer: Any = KmsSealer(self._aws.kms, self._key, environment="bench")
        self.world.sealer = sealer

    def put(self, *invoices: Invoice) -> None:
        """Lets Ongoing have exactly these invoices."""
        warehouse = self.world.ongoing.warehouse(seed.WAREHOUSE)
        self.world.ongoing.put_warehouse(replace(warehouse, invoices=invoices))

    def add(self, *invoices: Invoice) -> None:
        """Lets Ongoing have these invoices too."""
        for invoice in invoices:
            self.world.ongoing.put_invoice(seed.WAREHOUSE, invoice)

    def invoice(self, invoice_id: int, *articles: str, customer: int = CUSTOMER) -> Invoice:
        """An invoice of last month with one charge per article, to the goods owner with that id."""
        plain = next(one for one in seed.default_warehouse(self.world.today).invoices if one.id == seed.PLAIN)
        charges = tuple(
            Charge(
                id=invoice_id * 100 + position,
                title=f"Tjänst {article}",
                code=article,
                account="3041",
                unit_price=Decimal("12.50"),
                quantity=Decimal(1 + position),
            )
            for position, article in enumerate(articles or (KNOWN_ARTICLE,))
        )
        return replace(plain, id=invoice_id, goods_owner_id=customer, charges=charges)

    def customers(self, count: int) -> Sequence[int]:
        """So many goods owners who have a customer of the same name in Fortnox; their ids."""
        warehouse = self.world.ongoing.warehouse(seed.WAREHOUSE)
        ids = range(101, 101 + count)
        owners = tuple(GoodsOwner(id=one, name=f"Kund {one} AB", financial_code=str(2000 + one)) for one in ids)
        self.world.ongoing.put_warehouse(replace(warehouse, goods_owners=(*warehouse.goods_owners, *owners)))
        for owner in owners:
            self.world.fortnox.add_customer(TENANT_ID, {"CustomerNumber": owner.financial_code, "Name": owner.name})
        return ids

    def change(self, *, agreed: bool = False, **settings: Any) -> None:
        """Other settings; `agreed`: and a person's word that invoices go to customers by themselves."""
        found = self.world.integrations.get(seed.WAREHOUSE)
        if found is None or found.settings is None:
            raise DidNotMeasureError("there is no integration whose settings could be changed")
        changed = replace(found.settings, **settings)
        word = changed.send_invoices if agreed else None
        self.world.integrations.put(replace(found, settings=changed, send_agreed=word, version=found.version + 1))

    def run(self, *, sent: int = 0, updated: int = 0) -> Calls:
        """The calls of one run of a new worker. Raises DidNotMeasureError if it did something else."""
        self.new_worker()
        before = self._so_far()
        reads, writes = self._meter.reads, self._meter.writes
        summary = self.world.run()
        after = self._so_far()
        if summary is None or (summary.sent, summary.updated, summary.failed) != (sent, updated, 0) or summary.problem:
            raise DidNotMeasureError(f"a run was to send {sent} and update {updated} invoices, but gave {summary}")
        fortnox, ongoing, aws = (dict(now - then) for now, then in zip(after, before, strict=True))
        return Calls(
            fortnox=fortnox,
            ongoing=ongoing,
            aws=aws,
            read_units=self._meter.reads - reads,
            write_units=self._meter.writes - writes,
        )

    def next_run(self, *, sent: int = 0, updated: int = 0, minutes: int = 15) -> Calls:
        """The same, when the schedule fires again."""
        self.world.later(minutes=minutes)
        return self.run(sent=sent, updated=updated)

    def _so_far(self) -> tuple["Counter[str]", "Counter[str]", "Counter[str]"]:
        fortnox = Counter(
            f"{call.method} {'/'.join(call.path.partition('?')[0].split('/')[:3])}"
            for call in self.world.fortnox.calls()
        )
        ongoing = Counter(call.operation for call in self.world.ongoing.calls)
        return fortnox, ongoing, Counter(self._requests)


@contextmanager
def connected() -> Iterator[Counted]:
    """An integration that was just created, with no invoice in Ongoing."""
    with quick_aws() as aws:
        requests: Counter[str] = Counter()

        def count(event_name: str, **_about: object) -> None:
            _, service, operation = event_name.split(".")
            requests[f"{service} {operation}"] += 1

        for client in (aws.dynamodb, aws.s3, aws.kms, aws.sqs):
            client.meta.events.register("before-call", count)
        records = aws.table("ExportsTable")
        stores: dict[str, Any] = {
            "integrations": DynamoIntegrations(aws.dynamodb, aws.table("IntegrationsTable")),
            "exports": DynamoExports(aws.dynamodb, records),
            "months": DynamoMonths(aws.dynamodb, records),
            "tokens": DynamoTokenStore(aws.dynamodb, aws.table("TokensTable")),
            "sessions": DynamoSessions(aws.dynamodb, aws.table("SessionsTable")),
            "notices": DynamoNotices(aws.dynamodb, aws.table("NoticesTable")),
            "journal": S3TokenJournal(aws.s3, aws.bucket()),
            "queue": SqsSyncQueue(aws.sqs, aws.queue()),
        }
        meter = Meter(Aws(tables=aws.tables).dynamodb)
        meter.attach(aws.dynamodb)
        counted = Counted(World(**stores), aws, requests, meter)
        counted.new_worker()
        counted.put()
        counted.world.connect()
        yield counted


def nothing_unexported() -> Scenario:
    """The run that is made most often."""
    with connected() as integration:
        integration.put(integration.invoice(1))
        integration.run(sent=1)
        integration.next_run()  # looks once more at what was marked, and is stored, so that the page shows it
        return Scenario.of(IDLE_RUN, integration.next_run(), *IDLE)


def looked_at_once_more() -> Scenario:
    """The run after one that marked something: nobody knows whether the mark locks an invoice."""
    with connected() as integration:
        integration.put(integration.invoice(1))
        integration.run(sent=1)
        return Scenario.of(
            "the run after one with work",
            integration.next_run(),
            Target(kind="fortnox_calls", at_most=0),
            Target(kind="ongoing_calls", at_most=2, why="1 to read, 1 for what was marked"),
        )


def nothing_due() -> Scenario:
    """As above, in a system where the month's invoices are growing and some are held for a person."""
    with connected() as integration:
        integration.put(*seed.default_warehouse(integration.world.today).invoices)
        integration.run(sent=6)
        integration.next_run()
        return Scenario.of("idle: 6 held, 1 still growing", integration.next_run(), *HELD)


def new_invoice() -> Scenario:
    """One invoice, nothing about it new."""
    with connected() as integration:
        integration.put(integration.invoice(1))
        integration.run(sent=1)
        integration.next_run()
        integration.add(integration.invoice(2))
        calls = integration.next_run(sent=1)
        return Scenario.of(
            ONE_INVOICE,
            calls,
            Target(kind="fortnox_calls", at_most=1),
            Target(kind="ongoing_calls", at_most=2, why="1 to read, 1 to write back"),
            Target(
                kind="dynamodb_writes",
                at_most=8,
                why="the mark, 3 steps of the record, the month and its sums, the history's checkpoint, the run",
            ),
        )


def new_invoice_with_specification() -> Scenario:
    """The same, where specifications are attached."""
    with connected() as integration:
        integration.put(integration.invoice(1))
        integration.run(sent=1)
        integration.world.attach_specifications()
        integration.next_run()
        integration.add(integration.invoice(2))
        calls = integration.next_run(sent=1)
        return Scenario.of(
            "one new invoice, its specification attached",
            calls,
            Target(kind="fortnox_calls", at_most=3, why="1, and 2 to store the file and to attach it"),
            Target(kind="ongoing_calls", at_most=2),
        )


def each_further_invoice() -> Scenario:
    """What one more invoice in a run costs: the difference of 11 and 1, by 10."""
    with connected() as integration:
        integration.put(integration.invoice(1))
        integration.run(sent=1)
        integration.add(integration.invoice(2))
        one = integration.next_run(sent=1)
        integration.add(*(integration.invoice(number) for number in range(3, 14)))
        eleven = integration.next_run(sent=11)
        return Scenario.of(
            FURTHER_INVOICE,
            _difference(eleven, one, by=10),
            Target(kind="fortnox_calls", at_most=1),
            Target(kind="ongoing_calls", at_most=1),
        )


def new_invoice_with_expired_token() -> Scenario:
    """As the first invoice after a quiet night."""
    with connected() as integration:
        integration.put(integration.invoice(1))
        integration.run(sent=1)
        integration.add(integration.invoice(2))
        calls = integration.next_run(sent=1, minutes=120)
        return Scenario.of(
            "1 new invoice, access token expired",
            calls,
            Target(kind="fortnox_calls", at_most=2, why="1, and 1 for the token"),
        )


def first_run(*, articles: int, customers: int, invoices: int) -> Scenario:
    """Unknown articles and customers, evenly on the invoices of a new integration."""
    per_invoice = articles // invoices
    with connected() as integration:
        owners = integration.customers(customers)
        integration.put(
            *(
                integration.invoice(
                    number + 1,
                    *(f"NY{number * per_invoice + n:04}" for n in range(per_invoice)),
                    customer=owners[number % customers],
                )
                for number in range(invoices)
            )
        )
        calls = integration.run(sent=invoices)
        besides = replace(
            calls, fortnox={call: count for call, count in calls.fortnox.items() if call != "POST /3/invoices"}
        )
        return Scenario.of(
            f"first run: {articles} articles, {customers} customers; without its {invoices} invoices",
            besides,
            Target(
                kind="fortnox_calls",
                at_most=articles + FEW_LIST_CALLS + customers,
                why=f"{articles} articles, {FEW_LIST_CALLS} lists, {customers} customers",
            ),
        )


def exported_again_unchanged() -> Scenario:
    """Somebody unmarks an invoice and changes nothing."""
    with connected() as integration:
        integration.put(integration.invoice(1))
        integration.run(sent=1)
        integration.world.ongoing.change_invoice(seed.WAREHOUSE, 1, is_exported=False)
        calls = integration.next_run(updated=1)
        return Scenario.of(
            "exported again, unchanged",
            calls,
            Target(kind="fortnox_calls", at_most=1, why="1 read"),
            Target(kind="fortnox_writes", at_most=0),
        )


def exported_again_changed() -> Scenario:
    """Somebody unmarks an invoice and adds a charge."""
    with connected() as integration:
        integration.put(integration.invoice(1))
        integration.run(sent=1)
        changed = integration.invoice(1, KNOWN_ARTICLE, KNOWN_ARTICLE)
        integration.world.ongoing.change_invoice(seed.WAREHOUSE, 1, is_exported=False, charges=changed.charges)
        return Scenario.of("exported again, one row more", integration.next_run(updated=1))


def followed() -> Scenario:
    """Once an hour while something that was sent is not paid."""
    with connected() as integration:
        integration.change(follow_payments=True)
        integration.put(integration.invoice(1))
        integration.run(sent=1)
        integration.next_run(minutes=61)
        integration.next_run(minutes=61)
        return Scenario.of(
            "followed: the run that asks, once an hour",
            integration.next_run(minutes=61),
            Target(kind="fortnox_calls", at_most=2, why="1, and 1 for the token"),
            Target(kind="ongoing_calls", at_most=1),
            Target(
                kind="dynamodb_writes", at_most=2, why="the token, and the run, which is stored once an hour anyway"
            ),
        )


def followed_between() -> Scenario:
    """The other runs of that hour."""
    with connected() as integration:
        integration.change(follow_payments=True)
        integration.put(integration.invoice(1))
        integration.run(sent=1)
        integration.next_run(minutes=61)
        return Scenario.of("followed: each other run", integration.next_run(), *IDLE)


def sent_to_the_customer() -> Scenario:
    """When the hour of one invoice has come."""
    with connected() as integration:
        integration.change(send_invoices=SendInvoices.EMAIL, send_after=SendAfter.TWO_HOURS, agreed=True)
        integration.world.fortnox.change_entry(TENANT_ID, "customers", "1001", {"EmailInvoice": "kund@kund.example"})
        integration.put(integration.invoice(1))
        integration.run(sent=1)
        return Scenario.of(
            "1 invoice to its customer",
            integration.next_run(minutes=121),
            Target(kind="fortnox_calls", at_most=3, why="1 read, 1 sent, and 1 for the token"),
            Target(
                kind="dynamodb_writes",
                at_most=8,
                why="the token, the mark, the claim, what came of it, the month and its sums, the checkpoint, the run",
            ),
        )


SCENARIOS: tuple[Callable[[], Scenario], ...] = (
    nothing_unexported,
    looked_at_once_more,
    nothing_due,
    new_invoice,
    each_further_invoice,
    new_invoice_with_expired_token,
    lambda: first_run(articles=20, customers=1, invoices=4),
    lambda: first_run(articles=20, customers=20, invoices=20),
    lambda: first_run(articles=40, customers=5, invoices=10),
    exported_again_unchanged,
    exported_again_changed,
    followed,
    followed_between,
    sent_to_the_customer,
    new_invoice_with_specification,
)


def count_all() -> list[Scenario]:
    """Every scenario, each in a world of its own."""
    return [scenario() for scenario in SCENARIOS]


def _difference(more: Calls, fewer: Calls, *, by: int) -> Calls:
    def between(mores: Mapping[str, int], fewers: Mapping[str, int]) -> dict[str, int]:
        counts = {name: (count - fewers.get(name, 0)) / by for name, count in mores.items()}
        if not all(count.is_integer() for count in counts.values()):
            raise DidNotMeasureError(f"further invoices do not all cost the same: {counts}")
        return {name: int(count) for name, count in counts.items() if count}

    return Calls(
        fortnox=between(more.fortnox, fewer.fortnox),
        ongoing=between(more.ongoing, fewer.ongoing),
        aws=between(more.aws, fewer.aws),
        read_units=(more.read_units - fewer.read_units) / by,
        write_units=(more.write_units - fewer.write_units) / by,
    )
