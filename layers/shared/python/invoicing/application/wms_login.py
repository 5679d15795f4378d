"""The login of one system, whose password is stored sealed because Ongoing's API needs it at each call."""

from collections.abc import Mapping

from invoicing.application.ports import Sealer
from invoicing.domain.integration import Integration
from invoicing.domain.wms_invoice import WmsLogin


def wms_password_context(integration_id: str) -> Mapping[str, str]:
    """What a system's password is sealed for."""
    return {"integration": integration_id, "secret": "wms-password"}


def login_of(integration: Integration, sealer: Sealer) -> WmsLogin:
    """Opens the stored password. Raises CannotOpenError, RetryLaterError."""
    password = sealer.open(integration.wms_password, wms_password_context(integration.id)).decode()
    return WmsLogin(warehouse=integration.id, username=integration.wms_username, password=password)
