"""What tests may do to the simulator of Ongoing, over a real socket."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from local.http import Delivery, Reply, Request, Server, serve
from local.ongoing import seed
from local.ongoing.client_control import OngoingControl
from local.ongoing.faults import Effect, FaultRule, Match
from local.ongoing.json_form import NotThatValueError, from_json, to_json
from local.ongoing.simulator import OngoingSimulator
from local.ongoing.soap import NAMESPACE
from local.ongoing.warehouse import Charge, GoodsOwner, Invoice, User, Warehouse

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def simulator() -> OngoingSimulator:
    return OngoingSimulator(clock=lambda: NOW)


@pytest.fixture
def server(simulator: OngoingSimulator) -> Iterator[Server]:
    with serve(simulator.handle) as server:
        yield server


@pytest.fixture
def control(server: Server) -> OngoingControl:
    """A client of a simulator that has the warehouse of the demo."""
    control = OngoingControl(server.url)
    control.put_warehouse(seed.default_warehouse(date(2026, 11, 22)))
    return control


def _ask(simulator: OngoingSimulator, *, warehouse: str = "nordlager", password: str = seed.PASSWORD) -> Reply:
    body = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<GetInvoicesByQuery xmlns="{NAMESPACE}"><UserName>{seed.USERNAME}</UserName><Password>{password}</Password>'
        "<Query/></GetInvoicesByQuery></s:Body></s:Envelope>"
    ).encode()
    headers = {
        "Content-Type": "text/xml",
        "Content-Length": str(len(body)),
        "SOAPAction": f'"{NAMESPACE}/GetInvoicesByQuery"',
    }
    return simulator.handle(Request.to("POST", f"/{warehouse}/Automation.asmx", headers=headers, body=body))


def test_a_warehouse_comes_through_json_unchanged() -> None:
    """Every value that the seed uses survives the way over the wire."""
    warehouse = seed.default_warehouse(date(2026, 11, 22))

    assert from_json(Warehouse, json.loads(json.dumps(to_json(warehouse, with_passwords=True)))) == warehouse


def test_a_warehouse_can_be_made_and_changed_over_the_wire(
    simulator: OngoingSimulator, control: OngoingControl
) -> None:
    """Invoices are added, grow, are exported again and vanish, and other systems are not touched."""
    control.put_warehouse(
        Warehouse(name="syd", users=(User(username="u", password="p"),), goods_owners=(GoodsOwner(id=1, name="A"),))
    )
    control.put_invoices("syd", Invoice(id=1, goods_owner_id=1, invoice_date=date(2026, 11, 1), is_exported=True))
    control.add_charges("syd", 1, Charge(id=1, title="Ö & <b>", unit_price=Decimal("0.125"), quantity=Decimal(1000)))
    control.change_invoice("syd", 1, is_exported=False, title="Igen")
    control.remove_invoice("nordlager", seed.PLAIN)
    state = control.state()["warehouses"]

    assert state["syd"]["invoices"][0]["charges"][0]["unit_price"] == "0.125"
    assert (state["syd"]["invoices"][0]["is_exported"], state["syd"]["invoices"][0]["title"]) == (
        False,
        "Igen",
    )
    assert simulator.invoice("syd", 1).total == 125
    assert len(state["nordlager"]["invoices"]) == 14
    assert control.invoice("nordlager", seed.CLAIM)["charges"][1]["unit_price"] == "-250.00"


def test_neither_state_nor_calls_show_a_password(simulator: OngoingSimulator, control: OngoingControl) -> None:
    """Not the stored one, and not one that somebody tried."""
    _ask(simulator)
    _ask(simulator, password="another-secret")
    shown = json.dumps([control.state(), control.calls()])

    assert seed.PASSWORD not in shown
    assert "another-secret" not in shown
    assert [call["status"] for call in control.calls()] == [200, 500]


def test_the_log_counts_only_the_calls_of_the_product(simulator: OngoingSimulator, control: OngoingControl) -> None:
    """Control calls are not in it, and it can be emptied."""
    _ask(simulator)
    before = control.calls()
    control.clear_calls()

    assert [(call["warehouse"], call["operation"]) for call in before] == [("nordlager", "GetInvoicesByQuery")]
    assert control.calls() == []


def test_a_fault_rule_meets_the_chosen_calls_and_ends(simulator: OngoingSimulator, control: OngoingControl) -> None:
    """Operation, system and the nth call are all conditions."""
    other = seed.default_warehouse(date(2026, 11, 22))
    simulator.put_warehouse(Warehouse(name="syd", users=other.users))
    match = Match(operation="GetInvoicesByQuery", warehouse="nordlager", nth=2)
    control.add_fault(FaultRule(effect=Effect.STATUS, status=503, match=match))
    control.add_fault(FaultRule(effect=Effect.STATUS, status=504, match=Match(operation="UpdateInvoice")))
    statuses = [_ask(simulator, warehouse=name).status for name in ("nordlager", "syd", "nordlager", "nordlager")]

    assert statuses == [200, 200, 503, 200]
    assert [rule["status"] for rule in control.state()["faults"]] == [504]


def test_a_fault_rule_can_last(simulator: OngoingSimulator, control: OngoingControl) -> None:
    """Twice, or until the faults are cleared."""
    control.add_fault(FaultRule(effect=Effect.SOAP_FAULT, times=2))
    twice = [_ask(simulator).status for _ in range(3)]
    control.add_fault(FaultRule(effect=Effect.SOAP_FAULT, times=None))
    always = [_ask(simulator).status for _ in range(3)]
    control.clear_faults()

    assert (twice, always) == ([500, 500, 200], [500, 500, 500])
    assert _ask(simulator).status == 200


@pytest.mark.parametrize(
    ("effect", "delivery"),
    [
        (Effect.BEFORE, Delivery.RESET),
        (Effect.AFTER, Delivery.RESET),
        (Effect.TRUNCATE, Delivery.TRUNCATED),
        (Effect.HALF, Delivery.WHOLE),
    ],
)
def test_a_fault_says_how_the_answer_travels(simulator: OngoingSimulator, effect: Effect, delivery: Delivery) -> None:
    """The server does what the reply says."""
    simulator.put_warehouse(seed.default_warehouse(date(2026, 11, 22)))
    simulator.add_fault(FaultRule(effect=effect))

    assert _ask(simulator).delivery is delivery


def test_the_clock_advances_and_reset_ends_everything(simulator: OngoingSimulator, control: OngoingControl) -> None:
    """Afterwards the simulator is as at its start."""
    control.set_options(layout="nested", ignore_max=True)
    control.add_fault(FaultRule(effect=Effect.BOMB))
    control.advance_clock(timedelta(days=1))
    advanced = simulator.now
    control.reset()
    state = control.state()

    assert advanced == NOW + timedelta(days=1)
    assert (state["warehouses"], state["faults"], state["now"]) == ({}, [], NOW.isoformat())
    assert (state["options"]["layout"], state["options"]["ignore_max"]) == ("flat", False)


@pytest.mark.parametrize(
    ("kind", "value", "complaint"),
    [
        (User, {"username": "u"}, "User needs password"),
        (User, {"username": "u", "password": "p", "colour": 1}, "User has no colour"),
        (User, ["u"], "User must be an object"),
        (Invoice, {"id": "1", "goods_owner_id": 1, "invoice_date": "2026-11-01"}, "Invoice.id cannot be '1'"),
        (
            Invoice,
            {"id": 1, "goods_owner_id": 1, "invoice_date": "soon"},
            "Invoice.invoice_date cannot be 'soon'",
        ),
        (FaultRule, {"effect": "magic"}, "FaultRule.effect cannot be 'magic'"),
        (Charge, {"id": 1, "title": "x", "unit_price": "1,5"}, "Charge.unit_price cannot be '1,5'"),
    ],
)
def test_a_wrong_value_is_refused_by_name(kind: type[object], value: object, complaint: str) -> None:
    """A mistake in a test is told, not swallowed."""
    with pytest.raises(NotThatValueError, match=f"^{complaint}"):
        from_json(kind, value)


def test_unknown_things_are_404_and_wrong_ones_400(control: OngoingControl) -> None:
    """The control paths speak HTTP too."""
    statuses = []
    calls: list[Callable[[], None]] = [
        lambda: control.change_invoice("nordlager", 1, title="x"),
        lambda: control.put_invoices("nowhere", Invoice(id=1, goods_owner_id=1, invoice_date=date(2026, 11, 1))),
        lambda: control.remove_invoice("nowhere", 1),
        lambda: control.set_options(colour="red"),
        lambda: control.change_invoice("nordlager", seed.PLAIN, total=1),
    ]
    for call in calls:
        try:
            call()
            statuses.append(200)
        except HTTPError as error:
            statuses.append(error.code)
            error.close()

    assert statuses == [404, 404, 404, 400, 400]


def test_it_runs_as_an_ordinary_process(tmp_path: Path) -> None:
    """The port file appears once it listens, and SIGTERM ends it well."""
    port_file = tmp_path / "port"
    process = subprocess.Popen(
        [sys.executable, "-m", "local.ongoing", "--port", "0", "--port-file", str(port_file), "--seed"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()  # written after the port file
        port = port_file.read_text().strip()
        with urlopen(f"http://127.0.0.1:{port}/_simulator/state", timeout=10) as answer:
            state = json.load(answer)
    finally:
        process.terminate()
        ended = process.wait(timeout=10)
        assert process.stdout is not None
        process.stdout.close()

    assert port in line
    assert list(state["warehouses"]) == [seed.WAREHOUSE]
    assert ended == 0
