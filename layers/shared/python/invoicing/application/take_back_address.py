"""The old address for problems counts again: whoever reads it did not want the change."""

from dataclasses import replace

from invoicing.application.ports import Clock, Integrations
from invoicing.application.tell_change import with_change
from invoicing.domain.change import ChangeKind
from invoicing.domain.integration import Integration


def can_be_taken_back(integration: Integration, address: str) -> bool:
    """Whether the address is another one now."""
    return integration.settings is not None and integration.settings.problem_address != address


def take_back_address(integrations: Integrations, clock: Clock, integration: Integration, address: str) -> None:
    """Ends all sign-ins too: one of them made the change. Raises ChangedMeanwhileError."""
    if integration.settings is None:
        return
    changed = replace(
        integration,
        settings=replace(integration.settings, problem_address=address),
        address_confirmed=True,
        confirmed_address=address,
        address_set=integration.version + 1,
        generation=integration.generation + 1,
        version=integration.version + 1,
    )
    integrations.put(with_change(changed, ChangeKind.ADDRESS_TAKEN_BACK, at=clock(), by=""))
