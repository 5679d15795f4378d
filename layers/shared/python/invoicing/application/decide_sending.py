"""What a person says of an invoice that waits to be sent: *Stop*, or *Send now*."""

from dataclasses import replace

from invoicing.application.ask_for_run import ask_for_run
from invoicing.application.change_integration import ChangeTools
from invoicing.application.ports import ChangedMeanwhileError
from invoicing.domain.export import EventKind, Export, HistoryEvent
from invoicing.domain.integration import Integration
from invoicing.domain.sending import SendStep


def stop_sending(tools: ChangeTools, integration: Integration, invoice_id: int, *, turn: int, by: str) -> bool:
    """It is left to people. False if it is not as the page showed it: somebody else, or its hour, was faster."""
    return _decide(tools, integration, invoice_id, EventKind.SEND_STOPPED, turn=turn, by=by)


def send_now(
    tools: ChangeTools, integration: Integration, invoice_id: int, *, turn: int, by: str, later_too: bool
) -> bool:
    """The next run sends it, which is queued. False as above. `later_too`: others then go by themselves."""
    if not _decide(tools, integration, invoice_id, EventKind.SEND_ASKED, turn=turn, by=by):
        return False
    settings = integration.settings
    if later_too and settings is not None and integration.send_agreed != settings.send_invoices:
        tools.integrations.put(
            replace(integration, send_agreed=settings.send_invoices, version=integration.version + 1)
        )
    ask_for_run(tools, integration, by=by)
    return True


def _decide(
    tools: ChangeTools, integration: Integration, invoice_id: int, kind: EventKind, *, turn: int, by: str
) -> bool:
    record: Export | None = tools.exports.get(integration.id, invoice_id)
    sending = record.sending if record is not None else None
    if record is None or sending is None or sending.turn != turn or not sending.may_be_stopped:
        return False
    now, stops = tools.clock(), kind is EventKind.SEND_STOPPED
    changes = {"step": SendStep.STOPPED} if stops else {"asked": True, "at": min(sending.at, now)}
    after = replace(sending, turn=turn + 1, problem=None, problem_since=None, **changes)
    event = HistoryEvent(at=now, kind=kind, by=by, fortnox_number=record.fortnox_number)
    try:
        tools.exports.save(replace(record, version=record.version + 1, sending=after), event=event)
    except ChangedMeanwhileError:
        return False
    return True
