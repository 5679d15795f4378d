"""The control of the simulator over HTTP, under /_simulator/: for tests and the local stack only."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from local.fortnox.rest import json_reply
from local.http import Reply, Request

if TYPE_CHECKING:
    from local.fortnox.simulator import FortnoxSimulator


def answer_control(simulator: FortnoxSimulator, request: Request) -> Reply:
    """Answer a control request; what is wrong with it is said in `error` with status 400 or 404."""
    path = tuple(unquote(part) for part in request.raw_path.removeprefix("/_simulator/").split("/"))
    try:
        body = json.loads(request.body, parse_float=Decimal) if request.body else None
        result = _run(simulator, request.method, path, body)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        return json_reply(400, {"error": f"{type(error).__name__}: {error}"})
    if result is None:
        return json_reply(404, {"error": f"there is no control {request.method} /{'/'.join(path)}"})
    return json_reply(200, result)


def _run(  # noqa: PLR0912  # one branch per control
    simulator: FortnoxSimulator, method: str, path: tuple[str, ...], body: Any
) -> Any:
    match method, path:
        case "GET", ("state",):
            return simulator.state()
        case "GET", ("calls",):
            return [call.json() for call in simulator.calls()]
        case "DELETE", ("calls",):
            simulator.clear_calls()
        case "DELETE", ("faults",):
            simulator.clear_faults()
        case "DELETE", ("companies", tenant_id, register, key):
            simulator.remove_entry(tenant_id, register, key)
        case "POST", ("reset",):
            simulator.reset()
        case "POST", ("companies",):
            simulator.replace_company(body)
        case "POST", ("companies", tenant_id):
            simulator.change_company(tenant_id, body)
        case "POST", ("companies", tenant_id, register, key):
            simulator.change_entry(tenant_id, register, key, body)
        case "POST", ("faults",):
            simulator.add_faults(_with_seconds(body))
        case "POST", ("options",):
            simulator.change_options(_plain_numbers(body))
        case "POST", ("clock",):
            simulator.advance_clock(float(body["advance_seconds"]))
        case "POST", ("redirect-uris",):
            simulator.register_redirect_uri(body["client_id"], body["redirect_uri"])
        case "POST", ("tokens", "destroy"):
            simulator.destroy_tokens(body["tenant_id"])
        case "POST", ("tokens", "expire_access"):
            simulator.expire_access_tokens(body["tenant_id"])
        case "POST", ("tokens", "revoke_consent"):
            simulator.revoke_consent(body["tenant_id"])
        case "POST", ("companies", tenant_id, "customers"):
            simulator.add_customer(tenant_id, body)
        case "POST", ("companies", tenant_id, "articles"):
            simulator.add_article(tenant_id, body)
        case "POST", ("companies", tenant_id, "person", *act):
            return {"result": _person(simulator, tenant_id, tuple(act), body or {})}
        case "GET", ("companies", tenant_id, "ec-sales-list", from_date, to_date):
            return simulator.ec_sales_list(tenant_id, date.fromisoformat(from_date), date.fromisoformat(to_date))
        case _:
            return None
    return {"done": True}


def _person(simulator: FortnoxSimulator, tenant_id: str, act: tuple[str, ...], body: dict[str, Any]) -> str | None:
    match act:
        case ("changes", number):
            simulator.person_changes_invoice(tenant_id, number, body)
        case ("pays", number):
            simulator.person_pays(tenant_id, number, body.get("amount"), currency=body.get("currency", ""))
        case ("copies", number):
            return simulator.person_copies_invoice(tenant_id, number)
        case ("renumbers", register):
            simulator.person_renumbers(tenant_id, register, body["old"], body["new"])
        case ("deletes-customer", number):
            simulator.person_deletes_customer(tenant_id, number)
        case ("creates-customer",):
            simulator.person_creates_customer(tenant_id, body)
        case ("acts", number, action):
            simulator.person_acts(tenant_id, number, action)
        case _:
            raise KeyError(f"no person does {'/'.join(act)}")
    return None


def _with_seconds(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**rule, "seconds": float(rule["seconds"])} if "seconds" in rule else rule for rule in rules]


def _plain_numbers(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in changes.items()}
