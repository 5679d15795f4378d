"""Ours beside a plain script: the same simulators, the same invoices, the same lost answers.

Everything passes on the simulators' clock and repeats exactly. Stores of ours are in memory; requests to AWS are
counted elsewhere.
"""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from decimal import Decimal

from invoicing.application.http import HttpAnswer, HttpRequest
from invoicing.domain.errors import UnknownOutcomeError
from invoicing.domain.wms_invoice import WmsLogin

from local.bench import DidNotMeasureError
from local.bench.backlog import CALLS_PER_SECOND, Slow, waiting_invoices
from local.bench.plain_script import FortnoxClient, PlainScript, SignedOutError
from local.bench.targets import Verdict
from local.fortnox.seed import CLIENT_ID, TENANT_ID
from local.http import Handler
from local.ongoing import seed
from local.ongoing.in_process import InProcessTransport
from local.ongoing.warehouse import Charge, Invoice
from tests.support.wiring import BASE_URL, SECRET
from tests.support.world import ADMINISTRATORS, World

SHARE_CUT = 0.01  # of all calls before, and as many after they were carried out
HISTORIES = 4  # each with other lost answers
RUNS = 100  # of one history, a quarter of an hour apart
PER_RUN = 2  # new invoices before each run
RUNS_WITHOUT_CUTS = 8  # at the end of a history
ODD_PRICE_EVERY = 10  # invoices; it has three decimals, which Fortnox rounds
_QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """Somebody who sends invoices. `connect` gives what makes one run in a world that it connects."""

    name: str
    connect: Callable[[World], Callable[[], None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneInvoice:
    """Calls of a run with one new invoice, whose customer and articles are in Fortnox."""

    fortnox_calls: int
    ongoing_calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """A backlog sent in one run."""

    invoices: int
    call_seconds: float  # how long each call was made to take
    fortnox_calls: int
    seconds: float
    least_seconds: float  # one call per invoice, at the limit
    refused: int  # with 429


@dataclass(frozen=True, slots=True, kw_only=True)
class LostAnswers:
    """All histories together, after runs without trouble have had their chance to set it right.

    Nobody approves again in a history that was signed out; what comes after it stays where it is.
    """

    invoices: int
    duplicates: int  # more than one of an invoice in Fortnox, counting those too many
    missing: int  # not in Fortnox
    unmarked: int  # in Fortnox, and not marked as exported in Ongoing
    wrong: int  # with another net than Ongoing's amount
    signed_out: int  # histories in which a person has to approve again

    @property
    def verdicts(self) -> list[Verdict]:
        """Each once, right and marked."""
        counts = {
            "twice in Fortnox": self.duplicates,
            "not in Fortnox": self.missing,
            "not marked in Ongoing": self.unmarked,
            "with a wrong amount": self.wrong,
            "approvals asked for": self.signed_out,
        }
        return [
            Verdict.at_most(f"{2 * SHARE_CUT:.0%} of calls cut: {what}", 0, count) for what, count in counts.items()
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What was measured of one contender."""

    name: str
    one: OneInvoice
    backlog: Drained
    lost_answers: LostAnswers


class _Cut(InProcessTransport):
    """A line on which requests and answers are lost by chance."""

    def __init__(self, handler: Handler, chance: random.Random) -> None:
        super().__init__(handler)
        self._chance = chance
        self.share = SHARE_CUT

    def send(self, request: HttpRequest) -> HttpAnswer:
        drawn = self._chance.random()
        if drawn < self.share:
            raise UnknownOutcomeError("cut before")
        answer = super().send(request)
        if drawn < 2 * self.share:
            raise UnknownOutcomeError("cut after")
        return answer


def compare(backlog: int, call_seconds: float) -> list[Compared]:
    """Ours first. `call_seconds` is how long each call takes while the backlog drains."""
    return [
        Compared(
            name=contender.name,
            one=_one_invoice(contender),
            backlog=_drain(contender, backlog, call_seconds),
            lost_answers=_lose_answers(contender),
        )
        for contender in (
            Contender(name="ours", connect=_ours),
            Contender(name="script", connect=lambda world: plain_script(world, looks_first=True)),
            Contender(name="script that does not look", connect=lambda world: plain_script(world, looks_first=False)),
        )
    ]


def plain_script(world: World, *, looks_first: bool = True) -> Callable[[], None]:
    """Connects the script; what is given makes one run."""
    redirect_uri = f"{BASE_URL}/oauth/callback"
    client = FortnoxClient(
        transport=world.to_fortnox,
        clock=world.clock,
        sleep=world.clock.sleep,
        client_id=CLIENT_ID,
        secret=SECRET,
        redirect_uri=redirect_uri,
    )
    client.connect(
        world.fortnox.approve(
            client_id=CLIENT_ID,
            tenant_id=TENANT_ID,
            username=ADMINISTRATORS[TENANT_ID],
            scopes=["invoice", "article", "customer"],
            service=False,
        )
    )

    def run() -> None:
        client.transport = world.to_fortnox
        PlainScript(
            fortnox=client,
            wms=world.wms(),
            login=WmsLogin(warehouse=seed.WAREHOUSE, username=seed.USERNAME, password=seed.PASSWORD),
            since=world.today - timedelta(days=400),
            looks_first=looks_first,
        ).run()

    return run


def new_invoice(world: World, invoice_id: int) -> Invoice:
    """An invoice of last month with three charges on three articles."""
    plain = next(one for one in seed.default_warehouse(world.today).invoices if one.id == seed.PLAIN)
    labels = "0.125" if invoice_id % ODD_PRICE_EVERY == 0 else "0.50"
    charges = (
        _charge(1, "PALL", "Pallplats", "85.00", 12),
        _charge(2, "PLOCK", "Plock per rad", "4.50", 230),
        _charge(3, "ETIKETT", "Etikett", labels, 1000),
    )
    return replace(plain, id=invoice_id, charges=charges)


def outcome(world: World, *, signed_out: bool = False) -> LostAnswers:
    """What one world has come to."""
    invoices = {invoice.id: invoice for invoice in world.ongoing.warehouse(seed.WAREHOUSE).invoices}
    nets: dict[int, list[Decimal]] = defaultdict(list)
    for there in world.fortnox.state()["companies"][TENANT_ID]["invoices"].values():
        # Both references end in Ongoing's id; ours has a delimiter after it.
        invoice_id = int(there["ExternalInvoiceReference1"].rstrip("-").rpartition("-")[2])
        nets[invoice_id].append(Decimal(str(there["Net"])))
    return LostAnswers(
        invoices=len(invoices),
        duplicates=sum(len(copies) - 1 for copies in nets.values()),
        missing=len(invoices.keys() - nets.keys()),
        unmarked=sum(1 for invoice_id in nets if not invoices[invoice_id].is_exported),
        wrong=sum(1 for invoice_id, copies in nets.items() if copies[0] != invoices[invoice_id].total),
        signed_out=int(signed_out),
    )


def _ours(world: World) -> Callable[[], None]:
    world.connect()

    def run() -> None:
        world.run()
        integration = world.integrations.get(seed.WAREHOUSE)
        if integration is None or integration.broken_since is not None:
            raise SignedOutError

    return run


def _one_invoice(contender: Contender) -> OneInvoice:
    world, run = _connected(contender)
    _put(world, new_invoice(world, 1))
    run()
    world.clock.advance(_QUARTER)
    world.ongoing.put_invoice(seed.WAREHOUSE, new_invoice(world, 2))
    world.fortnox.clear_calls()
    world.ongoing.clear_calls()
    run()
    _expect_all_sent(world, contender)
    return OneInvoice(fortnox_calls=len(world.fortnox.calls()), ongoing_calls=len(world.ongoing.calls))


def _drain(contender: Contender, invoices: int, call_seconds: float) -> Drained:
    world, run = _connected(contender)
    _put(world, *waiting_invoices(world, invoices))
    world.to_fortnox = Slow(world.fortnox.handle, world.clock, call_seconds)
    world.to_ongoing = Slow(world.ongoing.handle, world.clock, call_seconds)
    world.fortnox.clear_calls()
    began = world.clock()
    run()
    seconds = (world.clock() - began) / timedelta(seconds=1)
    _expect_all_sent(world, contender)
    calls = world.fortnox.calls()
    return Drained(
        invoices=invoices,
        call_seconds=call_seconds,
        fortnox_calls=len(calls),
        seconds=round(seconds, 1),
        least_seconds=invoices / CALLS_PER_SECOND,
        refused=sum(1 for call in calls if call.status == 429),
    )


def _lose_answers(contender: Contender) -> LostAnswers:
    histories = [_history(contender, number) for number in range(1, HISTORIES + 1)]
    return LostAnswers(
        **{one.name: sum(getattr(history, one.name) for history in histories) for one in fields(LostAnswers)}
    )


def _history(contender: Contender, number: int) -> LostAnswers:
    world, run = _connected(contender)
    _put(world)
    chance = random.Random(number)  # not a secret: the same losses in every measurement
    lines = _Cut(world.fortnox.handle, chance), _Cut(world.ongoing.handle, chance)
    world.to_fortnox, world.to_ongoing = lines
    signed_out = False
    for turn in range(RUNS + RUNS_WITHOUT_CUTS):
        if turn < RUNS:
            for place in range(PER_RUN):
                world.ongoing.put_invoice(seed.WAREHOUSE, new_invoice(world, 1000 + turn * PER_RUN + place))
        else:
            for line in lines:
                line.share = 0.0
        try:
            if not signed_out:
                run()
        except SignedOutError:
            signed_out = True
        world.clock.advance(_QUARTER)
    return outcome(world, signed_out=signed_out)


def _connected(contender: Contender) -> tuple[World, Callable[[], None]]:
    world = World()
    return world, contender.connect(world)


def _put(world: World, *invoices: Invoice) -> None:
    world.ongoing.put_warehouse(replace(world.ongoing.warehouse(seed.WAREHOUSE), invoices=invoices))


def _expect_all_sent(world: World, contender: Contender) -> None:
    came_to = outcome(world)
    if (came_to.duplicates, came_to.missing, came_to.unmarked) != (0, 0, 0):
        raise DidNotMeasureError(f"{contender.name} was to send each invoice once, but: {came_to}")


def _charge(place: int, code: str, title: str, price: str, quantity: int) -> Charge:
    return Charge(
        id=place,
        code=code,
        title=title,
        account="3041",
        unit_price=Decimal(price),
        quantity=Decimal(quantity),
    )
