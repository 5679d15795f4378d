"""The control paths: JSON under /_simulator/, for tests and the local stack only."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from local.http import Reply, Request
from local.ongoing.faults import FaultRule
from local.ongoing.json_form import NotThatValueError, from_json, members, to_json
from local.ongoing.options import Options
from local.ongoing.warehouse import Charge, Invoice, Warehouse

if TYPE_CHECKING:
    from local.ongoing.simulator import OngoingSimulator

PREFIX = "/_simulator/"


def handle(simulator: "OngoingSimulator", request: Request) -> Reply:
    """Answers one control request: 404 for an unknown thing, 400 with a reason for a wrong body."""
    path = request.path.removeprefix(PREFIX).split("/")
    # Every second part of a longer path is a name: warehouses/{name}/invoices/{id}/charges.
    route = "/".join("*" if place % 2 else part for place, part in enumerate(path))
    act = _ROUTES.get((request.method, route))
    if act is None:
        return Reply.json(404, {"error": f"unknown: {request.method} {request.path}"})
    try:
        body = json.loads(request.body, parse_float=Decimal) if request.body else None
        result = act(simulator, path[1::2], body)
    except KeyError as error:
        return Reply.json(404, {"error": f"unknown: {error}"})
    except ValueError as error:  # also what json and the values raise
        return Reply.json(400, {"error": str(error)})
    return Reply.json(200, {} if result is None else result)


type _Act = Callable[["OngoingSimulator", list[str], Any], Any]


def _state(simulator: "OngoingSimulator", _names: list[str], _body: Any) -> Any:
    return {
        "now": to_json(simulator.now),
        "options": to_json(simulator.options),
        "faults": to_json(simulator.faults),
        "warehouses": {one.name: to_json(one) for one in simulator.warehouses()},
    }


def _add_faults(simulator: "OngoingSimulator", _names: list[str], body: Any) -> None:
    for rule in [from_json(FaultRule, item) for item in _listed(body)]:
        simulator.add_fault(rule)


def _advance_clock(simulator: "OngoingSimulator", _names: list[str], body: Any) -> None:
    seconds = body.get("advance_seconds") if isinstance(body, dict) else None
    if not isinstance(seconds, int | Decimal):
        raise NotThatValueError("advance_seconds must be a number")
    simulator.advance_clock(timedelta(seconds=float(seconds)))


def _put_invoices(simulator: "OngoingSimulator", names: list[str], body: Any) -> None:
    for invoice in [from_json(Invoice, item) for item in _listed(body)]:
        simulator.put_invoice(names[0], invoice)


def _change_invoice(simulator: "OngoingSimulator", names: list[str], body: Any) -> None:
    simulator.change_invoice(names[0], int(names[1]), **members(Invoice, body))


def _add_charges(simulator: "OngoingSimulator", names: list[str], body: Any) -> None:
    charges = [from_json(Charge, item) for item in _listed(body)]
    simulator.add_charges(names[0], int(names[1]), *charges)


_ROUTES: Mapping[tuple[str, str], _Act] = {
    ("GET", "state"): _state,
    ("GET", "calls"): lambda simulator, _names, _body: {"calls": to_json(simulator.calls)},
    ("DELETE", "calls"): lambda simulator, _names, _body: simulator.clear_calls(),
    ("POST", "reset"): lambda simulator, _names, _body: simulator.reset(),
    ("POST", "options"): lambda simulator, _names, body: simulator.set_options(**members(Options, body)),
    ("POST", "faults"): _add_faults,
    ("DELETE", "faults"): lambda simulator, _names, _body: simulator.clear_faults(),
    ("POST", "clock"): _advance_clock,
    ("POST", "warehouses"): lambda simulator, _names, body: simulator.put_warehouse(from_json(Warehouse, body)),
    ("POST", "warehouses/*/invoices"): _put_invoices,
    ("POST", "warehouses/*/invoices/*"): _change_invoice,
    ("DELETE", "warehouses/*/invoices/*"): lambda simulator, names, _body: simulator.remove_invoice(
        names[0], int(names[1])
    ),
    ("POST", "warehouses/*/invoices/*/charges"): _add_charges,
}


def _listed(body: Any) -> list[Any]:
    return body if isinstance(body, list) else [body]
