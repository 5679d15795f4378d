"""What a person decides about a held invoice, kept in its record until the run that is queued carries it out."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum

from invoicing.application.ask_for_run import ask_for_invoices
from invoicing.application.change_integration import ChangeTools
from invoicing.application.ports import ChangedMeanwhileError
from invoicing.domain.decision import NEEDS_NOTE, NEEDS_NUMBER, Decision, Way
from invoicing.domain.export import EventKind, Export, HistoryEvent
from invoicing.domain.integration import Integration

_NOTE_LIMIT = 500


class DecisionProblem(StrEnum):
    """Why a decision was not taken; the page says it in a sentence."""

    NOT_POSSIBLE = "not_possible"  # the invoice is not held, or not for something that this would end
    NUMBER_MISSING = "number_missing"
    NUMBER_NOT_VALID = "number_not_valid"  # an invoice number in Fortnox has digits only
    NOTE_MISSING = "note_missing"
    CHANGED_MEANWHILE = "changed_meanwhile"  # a run or somebody else was faster: look again


class DecisionRefusedError(Exception):
    """The form goes back to the person."""

    def __init__(self, problem: DecisionProblem) -> None:
        super().__init__(problem)
        self.problem = problem


def decide_invoice(
    tools: ChangeTools,
    integration: Integration,
    invoice_id: int,
    way: Way,
    *,
    by: str,
    number: str = "",
    note: str = "",
    seen: str = "",
) -> Export:
    """Keeps the decision, with who took it, in record and history, and queues the run that carries it out.

    `seen` is the content that the person was shown, of which alone RIGHT says anything.

    `number` is that in Fortnox (IS_NUMBER, BY_HAND; without it, BY_HAND means the number that is known). The same
    decision twice is one; another one waits until that is carried out. Raises DecisionRefusedError.
    """
    record = _keep(tools, integration, invoice_id, way, by=by, number=number, note=note, seen=seen)
    ask_for_invoices(tools, integration, frozenset({invoice_id}), by=by)
    return record


def release_invoices(
    tools: ChangeTools, integration: Integration, seen: Mapping[int, str], *, guard: str, by: str
) -> frozenset[int]:
    """One word (RIGHT) on several invoices that one guard holds, as they were shown, and one run for all.

    `seen` is the content of each. Gives those that it was kept for; the others have changed meanwhile, or somebody else
    has decided otherwise.
    """
    kept = set()
    for invoice_id, content in seen.items():
        with suppress(DecisionRefusedError):
            _keep(tools, integration, invoice_id, Way.RIGHT, by=by, number="", note="", seen=content, guard=guard)
            kept.add(invoice_id)
    if kept:
        ask_for_invoices(tools, integration, kept, by=by)
    return frozenset(kept)


def _keep(
    tools: ChangeTools,
    integration: Integration,
    invoice_id: int,
    way: Way,
    *,
    by: str,
    number: str,
    note: str,
    seen: str,
    guard: str = "",
) -> Export:
    record = tools.exports.get(integration.id, invoice_id)
    if record is None:
        raise DecisionRefusedError(DecisionProblem.NOT_POSSIBLE)
    other_guard = guard and (record.issue is None or record.issue.code != guard)  # whose question nobody has read
    if way is Way.RIGHT and way in record.ways_out and (other_guard or seen != record.content):
        raise DecisionRefusedError(DecisionProblem.CHANGED_MEANWHILE)
    number, note = number.strip(), note.strip()[:_NOTE_LIMIT]
    _check(record, way, number=number, note=note)
    now = tools.clock()
    decision = Decision(way=way, by=by, at=now, number=number, note=note)
    if record.decision is not None and not _is_taken(record, decision):
        raise DecisionRefusedError(DecisionProblem.CHANGED_MEANWHILE)  # somebody else was faster
    if record.decision is None:
        decided = replace(record, version=record.version + 1, decision=decision)
        event = HistoryEvent(at=now, kind=EventKind.DECIDED, by=by, way=way, fortnox_number=number, note=note)
        try:
            record = tools.exports.save(decided, event=event)
        except ChangedMeanwhileError:
            raise DecisionRefusedError(DecisionProblem.CHANGED_MEANWHILE) from None
    tools.report("invoice_decided", {"integration": integration.id, "invoice": str(invoice_id), "way": way})
    return record


def _check(record: Export, way: Way, *, number: str, note: str) -> None:
    if way not in record.ways_out:
        raise DecisionRefusedError(DecisionProblem.NOT_POSSIBLE)
    known = record.fortnox_number if way is Way.BY_HAND else ""
    if way in NEEDS_NUMBER and not (number or known):
        raise DecisionRefusedError(DecisionProblem.NUMBER_MISSING)
    if number and not (number.isascii() and number.isdigit() and len(number) < 19):
        raise DecisionRefusedError(DecisionProblem.NUMBER_NOT_VALID)
    if way in NEEDS_NOTE and not note:
        raise DecisionRefusedError(DecisionProblem.NOTE_MISSING)


def _is_taken(record: Export, decision: Decision) -> bool:
    before = record.decision
    return before is not None and (before.way, before.number) == (decision.way, decision.number)
