"""Parts of records as older versions of this product wrote them, brought to today's form when they are read."""

from collections.abc import Mapping
from typing import Any

from invoicing.adapters.aws.items import Item
from invoicing.domain.export import EventKind
from invoicing.domain.issue import IssueCode

_NUMBER_AND_NET = frozenset({EventKind.CREATED, EventKind.ADOPTED, EventKind.UPDATED})
_SUM = "sum_"


def with_todays_history(item: Item) -> Item:
    """Events once had one text for all that was known of them."""
    events = item.get("history", {}).get("L", [])
    if not any("detail" in event.get("M", {}) for event in events):
        return item
    return {**item, "history": {"L": [{"M": _event(event["M"])} for event in events]}}


def with_todays_closing(item: Item) -> Item:
    """Notices of a reactivation once had what was sent among the texts of their mail."""
    params = item.get("params", {}).get("M", {})
    if "closing" in item or "sent" not in params:
        return item
    closing = {"sent": _sent(params), "held": {"N": params.get("held", {}).get("S", "0")}}
    return {**item, "closing": {"M": closing}}


def with_todays_last_run(item: Item) -> Item:
    """A run once had what no mail had told yet as texts."""
    run = item.get("last_run", {}).get("M", {})
    untold = run.get("untold", {}).get("M", {})
    if "not_told" in run or not untold:
        return item
    return {**item, "last_run": {"M": {**run, "not_told": _sent(untold)}}}


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in event.items() if name != "detail"}
    detail, kind = event.get("detail", {}).get("S", ""), event.get("kind", {}).get("S", "")
    if kind == EventKind.CLAIMED:
        return {**told, "reference": {"S": detail}}
    if detail in set(IssueCode):
        return {**told, "issue": {"S": detail}}
    number, _, net = detail.partition(" ")
    known = {"fortnox_number": {"S": number}} if number else {}
    if kind in _NUMBER_AND_NET and net not in {"", "None"}:
        known["net"] = {"N": net}
    return {**told, **known}


def _sent(texts: Mapping[str, Any]) -> Any:
    sums = {name.removeprefix(_SUM): {"N": text["S"]} for name, text in texts.items() if name.startswith(_SUM)}
    return {"M": {"count": {"N": texts.get("sent", {}).get("S", "0")}, "sums": {"M": sums}}}
