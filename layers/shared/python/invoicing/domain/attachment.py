"""The specification on its invoice in Fortnox: what of it is there, and what is to be done. docs/decisions/0019."""

from dataclasses import dataclass, replace
from datetime import datetime

from invoicing.domain.issue import Issue


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Part of an invoice's record. For a moment two are attached: the new one, and `old_id` until it is gone."""

    pending: bool  # something is to be done, by this run or the next
    fingerprint: str = ""  # of the specification whose file was uploaded last
    file_id: str = ""  # of that file, in Fortnox's archive
    id: str = ""  # of the attachment of that file; empty until it is known to be attached
    old_id: str = ""  # of the one before it
    removed: bool = False  # by a person in Fortnox: nothing is attached until somebody asks
    issue: Issue | None = None  # why it is not attached
    since: datetime | None = None  # of the issue

    def due(self, *, asked: bool) -> "Attachment":
        """The invoice was made, or made equal to Ongoing: what is attached is to be looked at.

        What a person removed comes back only when a person asks.
        """
        return replace(self, pending=True, removed=self.removed and not asked)


def file_name(reference: str, fingerprint: str) -> str:
    """Names its invoice by our reference, and its content."""
    return f"specification-{reference}{fingerprint[:12]}.pdf"
