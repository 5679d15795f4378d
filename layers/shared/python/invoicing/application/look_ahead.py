"""Before a month ends, its invoices' customers are looked through, so that nothing is held on the 1st."""

from collections.abc import Iterable
from datetime import date, timedelta

from invoicing.application.know_register import KnownRegister
from invoicing.application.list_customers import line_of
from invoicing.application.ports import SecondsLeft
from invoicing.domain.errors import RetryLaterError, UpstreamContractError
from invoicing.domain.wms_invoice import GoodsOwner

DAYS_AHEAD = 5  # a weekend is among them, and still somebody has time to answer


def is_near_month_end(today: date) -> bool:
    """Whether today is one of the last days of its month."""
    return (today + timedelta(days=DAYS_AHEAD)).month != today.month


def not_answered_for(
    register: KnownRegister, owners: Iterable[GoodsOwner], seconds_left: SecondsLeft, *, to_end: float
) -> int | None:
    """How many of the goods owners could not be invoiced as things are now; None: that was not found out.

    Asks Fortnox for customers that are not remembered, as long as more than `to_end` seconds are left. Raises like the
    port Fortnox, except RetryLaterError and UpstreamContractError.
    """
    count = 0
    try:
        for owner in owners:
            if seconds_left() < to_end:
                return None
            count += line_of(register, owner).issue is not None
    except (RetryLaterError, UpstreamContractError):
        return None
    finally:
        register.save()
    return count
