"""`invoicing verify [ID]`: docs/operate.md."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from invoicing.application.acknowledge_breaks import acknowledge_breaks
from invoicing.application.ports import ChangedMeanwhileError
from invoicing.application.prove_history import prove_history
from invoicing.domain.errors import UpstreamContractError
from invoicing.domain.integration_settings import Language
from invoicing.domain.proof import Proof
from invoicing.rendering.proof_texts import break_text
from invoicing.runtime.operate_one import BY, integration_of
from invoicing.runtime.order import Order, RefusedError, fields_of, printable, shown_time, table_of

_MOST_WHY = 500  # characters


def verify(order: Order) -> None:
    """Proves one history, or all of them. Raises RefusedError where one is not whole."""
    only = order.asked.integration_id
    if order.asked.acknowledge is not None:
        _acknowledge(order)
    ids = [only] if only else sorted(one.id for one in order.parts.integrations.all())
    proofs = {one: _proof_of(order, one) for one in ids}
    if only and not proofs[only].invoices and not proofs[only].checkpoints and proofs[only].is_whole:
        raise RefusedError(f"{only} has no history: nothing was ever saved of its invoices. `invoicing integrations`")
    if order.asked.json:
        print(json.dumps([_facts(one, proof) for one, proof in proofs.items()], indent=2))
    elif only:
        print(fields_of(_facts(only, proofs[only])))
    else:
        print(table_of([_facts(one, proof) for one, proof in proofs.items()]))
    broken = [f"{one}: {break_text(flaw, Language.ENGLISH)}" for one, proof in proofs.items() for flaw in proof.breaks]
    if broken:
        raise RefusedError("\n".join([*broken, "not whole: docs/runbooks/history-not-whole.md"]))


def _acknowledge(order: Order) -> None:
    """Writes down who answers for what is broken, and why. Raises RefusedError."""
    why, parts = printable(order.asked.acknowledge).strip(), order.parts
    if not order.asked.integration_id or not 0 < len(why) <= _MOST_WHY:
        raise RefusedError(
            "what is acknowledged is the history of one integration, with a reason for its people and their auditor of "
            f"at most {_MOST_WHY} characters: nothing was written"
        )
    integration = integration_of(order)
    try:
        breaks = acknowledge_breaks(
            integration.id,
            exports=parts.exports,
            checkpoints=parts.checkpoints,
            anchors=parts.anchors,
            known=integration.last_run.checkpoint if integration.last_run else None,
            by=BY,
            why=why,
            at=parts.clock(),
        )
    except ChangedMeanwhileError as error:
        raise RefusedError(f"{error}: pause it, and type it again when its run has ended") from None
    if not breaks:
        raise RefusedError(f"the history of {integration.id} is whole: there is nothing to acknowledge")
    for one in breaks:
        print(f"acknowledged: {break_text(one, Language.ENGLISH)}", file=sys.stderr)


def _proof_of(order: Order, integration_id: str) -> Proof:
    parts = order.parts
    try:
        return prove_history(
            integration_id, exports=parts.exports, checkpoints=parts.checkpoints, anchors=parts.anchors
        )
    except UpstreamContractError as error:
        raise RefusedError(f"{integration_id}: {error}") from None


def _facts(integration_id: str, proof: Proof) -> Mapping[str, Any]:
    return {
        "id": integration_id,
        "history": "whole" if proof.is_whole else f"NOT WHOLE: {len(proof.breaks)}",
        "broken and acknowledged": sum(len(known.breaks) for _, known in proof.acknowledged),
        "events": proof.events,
        "invoices": proof.invoices,
        "not yet in a checkpoint": proof.events_since,
        "from before chains": proof.unchained,
        "checkpoints": proof.checkpoints,
        "forgotten before": f"checkpoint {proof.forgotten_before}" if proof.forgotten_before else "",
        "since": shown_time(proof.since) if proof.since else "",
        "until": shown_time(proof.until) if proof.until else "",
        "last anchor": str(proof.anchor.day) if proof.anchor else "",
    }
