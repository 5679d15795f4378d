"""`invoicing verify [ID]`: docs/operate.md."""

import json
from collections.abc import Mapping
from typing import Any

from invoicing.application.prove_history import prove_history
from invoicing.domain.errors import UpstreamContractError
from invoicing.domain.integration_settings import Language
from invoicing.domain.proof import Proof
from invoicing.rendering.proof_texts import break_text
from invoicing.runtime.order import Order, RefusedError, fields_of, shown_time, table_of


def verify(order: Order) -> None:
    """Proves one history, or all of them. Raises RefusedError where one is not whole."""
    only = order.asked.integration_id
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
        "events": proof.events,
        "invoices": proof.invoices,
        "not yet in a checkpoint": proof.events_since,
        "from before chains": proof.unchained,
        "checkpoints": proof.checkpoints,
        "since": shown_time(proof.since) if proof.since else "",
        "until": shown_time(proof.until) if proof.until else "",
        "last anchor": str(proof.anchor.day) if proof.anchor else "",
    }
