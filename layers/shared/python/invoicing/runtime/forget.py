"""`invoicing forget ID`: docs/privacy.md."""

from invoicing.application.change_integration import disconnect
from invoicing.domain.integration import IntegrationStatus
from invoicing.runtime.operate_one import BY, Unhurried, integration_of
from invoicing.runtime.order import Order, RefusedError


def forget(order: Order) -> None:
    """Ends the connection, takes names and addresses away, and keeps the history that bookkeeping needs."""
    integration, now = integration_of(order), order.parts.clock()
    if integration.run_under_way(now):
        raise RefusedError(f"a run of {integration.id} is under way: pause it, and try again in a quarter of an hour")
    print(
        f"This ends the connection of {integration.id} with {integration.company.name}, and removes its settings, "
        "keys, users, mail addresses and mails. Records of what was sent stay, without names. It cannot be undone."
    )
    if input("Type its id to forget it: ").strip() != integration.id:
        raise RefusedError("that is not its id: nothing was changed")
    if integration.status is not IntegrationStatus.DISCONNECTED:
        order.parts.invoked(Unhurried())
        disconnect(order.parts.change_tools(), integration, by=BY)
    forgetting = order.parts.forgetting()
    records = forgetting.records(integration.id, now=now)
    mails = forgetting.mails(integration.id)
    answers = forgetting.sealed_answers(integration.id)
    forgetting.integration(integration.id)
    print(
        f"{integration.id} is forgotten: {records} records of invoices stay without names; {mails} notices and "
        f"{answers} objects of the journal are gone. Backups of the tables go after 35 days, logs after 90 and 365. "
        "What the company approved in Fortnox ends only there."
    )
