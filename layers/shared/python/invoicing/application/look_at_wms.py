"""What Ongoing shows, for a person to recognise before the first invoice is sent."""

from datetime import datetime

from invoicing.application.ports import Sealer, WmsInvoices, WmsLook
from invoicing.application.tell_not_understood import not_understood_issue
from invoicing.application.wms_login import login_of
from invoicing.domain.errors import RetryLaterError, UpstreamContractError, WmsNotUnderstoodError
from invoicing.domain.integration import Integration
from invoicing.domain.issue import Issue, IssueCode

SECONDS = 10.0  # somebody waits


def look_at_wms(integration: Integration, *, wms: WmsInvoices, sealer: Sealer, now: datetime) -> WmsLook | Issue:
    """Or the issue that says why nothing can be shown just now. Raises WmsLoginRefusedError, CannotOpenError."""
    login = login_of(integration, sealer)
    try:
        return wms.look(login, at=now, seconds=SECONDS)
    except WmsNotUnderstoodError as error:
        return not_understood_issue(integration.id, error)
    except (RetryLaterError, UpstreamContractError):
        return Issue(code=IssueCode.WMS_NOT_ANSWERING, params={"system": integration.id})
