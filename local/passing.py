"""Time that passes without anybody waiting: everything that our tables store becomes older, but what is proven."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from invoicing.adapters.aws.checkpoints import CHECKPOINT
from invoicing.adapters.aws.items import Attribute, attribute, epoch, moment_of

from local.stack import Stack

_AGING = ("TokensTable", "ExportsTable", "IntegrationsTable")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
_MOMENTS_AS_NUMBERS = frozenset({"due_at", "lease_until"})
_KEPT = frozenset({"broken_since", "history", "changes"})  # part of a notice's id; what happened, hashed or beside it


def let_pass(stack: Stack, elapsed: timedelta) -> None:
    """Makes every moment in the tables earlier; the deployed functions see no difference to a real wait."""
    database = stack.client("dynamodb")
    for output in _AGING:
        table = stack.outputs[output]
        for item in database.scan(TableName=table, ConsistentRead=True)["Items"]:
            older = item if _is_checkpoint(item) else _older({"M": item}, elapsed)["M"]
            if older != item:
                database.put_item(TableName=table, Item=older)


def _is_checkpoint(item: Mapping[str, Any]) -> bool:
    return str(item.get("record", {}).get("S", "")).startswith(CHECKPOINT)


def _older(stored: Attribute, elapsed: timedelta) -> Any:
    match stored:
        case {"S": text} if _MOMENT.fullmatch(text):
            return attribute(moment_of(stored) - elapsed)
        case {"L": members}:
            return {"L": [_older(member, elapsed) for member in members]}
        case {"M": members}:
            return {"M": {name: _older_member(name, member, elapsed) for name, member in members.items()}}
    return stored


def _older_member(name: str, member: Attribute, elapsed: timedelta) -> Any:
    if name in _KEPT:
        return member
    return epoch(moment_of(member) - elapsed) if name in _MOMENTS_AS_NUMBERS else _older(member, elapsed)
