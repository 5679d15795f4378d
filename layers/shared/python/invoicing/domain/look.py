"""What Ongoing was last seen to have that no record of ours tells of."""

from dataclasses import dataclass, field
from datetime import datetime

from invoicing.domain.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Invoices that are not exported and that we have not begun, as a run found and left them."""

    at: datetime  # when it read them
    due: Work = field(default_factory=Work)  # would have been sent, had nothing stopped the run
    later: Work = field(default_factory=Work)  # their period has not ended, or they are sent only when asked for
    unreadable: int = 0  # of which not even the id can be read: there is no record that could hold them
    whole: bool = True  # not: there may be more, which nobody looked at
