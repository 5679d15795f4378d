"""What is left of an invoice's record when its warehouse is forgotten: what the law on bookkeeping asks, and no name.

Numbers, amounts, dates and what was done with them stay, because they belong to the history of what was booked (in
Sweden seven years, bokföringslagen 7 kap. 2 §). Names of people and companies, and texts that people wrote, go.
"""

from dataclasses import replace

from invoicing.domain.export import Export, HistoryEvent
from invoicing.domain.head_texts import HeadTexts
from invoicing.domain.issue import Issue

A_PERSON = "a person"
_NOBODY = frozenset({"", "schedule", "service operator", A_PERSON})


def without_names(export: Export) -> Export:
    """Safe to repeat."""
    sending, attachment = export.sending, export.attachment
    return replace(
        export,
        goods_owner="",
        title="",
        customer_name="",
        filled=HeadTexts(),
        hints=(),
        decision=None,
        left="",
        right="",
        issue=_code_of(export.issue),
        sending=sending and replace(sending, problem=_code_of(sending.problem)),
        attachment=attachment and replace(attachment, issue=_code_of(attachment.issue)),
        history=tuple(map(event_without_names, export.history)),
        chain=None,  # of the history as it was: whoever writes to it again chains what is left
    )


def _code_of(issue: Issue | None) -> Issue | None:
    """Its words may quote anybody."""
    return None if issue is None else Issue(code=issue.code)


def event_without_names(event: HistoryEvent) -> HistoryEvent:
    """That somebody did it stays, and when."""
    return replace(event, by=event.by if event.by in _NOBODY else A_PERSON, note="")
