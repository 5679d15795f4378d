"""Proves a history: reads all that is known of it, and tells whether it is whole, or where it breaks."""

from collections.abc import Callable

from invoicing.application.ports import Anchors, Checkpoints, Exports
from invoicing.domain.proof import Proof, Prover

_RECORDS = 200  # that are read at a time


def prove_history(
    integration_id: str,
    *,
    exports: Exports,
    checkpoints: Checkpoints,
    anchors: Anchors,
    after: int | None = None,
    goes_on: Callable[[], bool] = lambda: True,
) -> Proof:
    """Newest invoices first, from below the id `after`, as long as `goes_on` says; all checkpoints and anchors.

    May run beside whoever writes: what is named is read before what it names. Raises RetryLaterError, and
    UpstreamContractError for a record that cannot be read.
    """
    kept = anchors.all(integration_id)
    prover = Prover(integration_id)
    prover.take_checkpoints(checkpoints.all(integration_id))
    prover.take_anchors(kept)
    began_after = after
    while True:
        records, after = exports.histories(integration_id, limit=_RECORDS, after=after)
        for record in records:
            prover.take_record(record)
        if after is None or not goes_on():
            return prover.end(after=began_after, goes_on_after=after)
