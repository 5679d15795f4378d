"""The texts on an invoice's head: what Ongoing never had is never blanked or replaced."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from invoicing.domain.fortnox_invoice import FortnoxInvoice, InvoiceDraft
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.texts import REMARKS_LIMIT

_CUT = "..."


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadTexts:
    """Remarks, references. As filled by us: empty if we did not. As a change: None leaves it, empty clears it."""

    remarks: str | None = ""
    your_order_number: str | None = ""
    your_reference: str | None = ""


def filled_by(draft: InvoiceDraft) -> HeadTexts:
    """What a draft fills."""
    return HeadTexts(
        remarks=draft.remarks, your_order_number=draft.your_order_number, your_reference=draft.your_reference
    )


def remarks_after(customers: str, ours: str) -> str:
    """The customer's own text first, whole; ours after it as far as Fortnox's length goes. Empty: nothing of ours."""
    if not customers or not ours or ours in customers:
        return "" if ours and ours in customers else ours
    room = REMARKS_LIMIT - len(customers) - 1
    if len(ours) > room:
        ours = ours[: max(room - len(_CUT), 0)].rstrip() + _CUT if room > len(_CUT) else ""
    return f"{customers}\n{ours}" if ours else ""


def changed_texts(there: FortnoxInvoice, filled: HeadTexts, wanted: HeadTexts) -> HeadTexts:
    """What an update sets of `wanted`, where an earlier one `filled` the invoice that is `there` now."""
    return HeadTexts(
        remarks=_changed_remarks(there.remarks, filled.remarks or "", wanted.remarks or ""),
        your_order_number=_changed(there.your_order_number, filled.your_order_number, wanted.your_order_number),
        your_reference=_changed(there.your_reference, filled.your_reference, wanted.your_reference),
    )


def now_filled(filled: HeadTexts, changed: HeadTexts, left: Mapping[str, str]) -> HeadTexts:
    """What is ours after a change: also what was `left` though it was to be cleared."""
    after = {name: value for name, value in asdict(changed).items() if value is not None and name not in left}
    return replace(filled, **after)


def not_cleared(there: FortnoxInvoice, changed: HeadTexts) -> Mapping[str, str]:
    """The fields that were to be cleared and are not, with their texts."""
    cleared = [name for name, value in asdict(changed).items() if value == ""]
    return {name: getattr(there, name) for name in cleared if getattr(there, name)}


def still_filled(there: FortnoxInvoice, filled: HeadTexts, wanted: HeadTexts) -> Mapping[str, str]:
    """The fields that still have what we filled though Ongoing has it no more, with their texts."""
    ours, wished = asdict(filled), asdict(wanted)
    return {name: text for name, text in ours.items() if text and not wished[name] and getattr(there, name) == text}


def issue_of(left: Mapping[str, str], number: str) -> Issue | None:
    """What a person is told of the first of them; None if there is none."""
    for name, text in left.items():
        return Issue(code=IssueCode.TEXT_NOT_CLEARED, params={"fortnox_number": number, "field": name, "text": text})
    return None


def _changed(there: str, filled: str | None, wanted: str | None) -> str | None:
    if wanted == filled:
        return None
    if wanted:
        return wanted
    return "" if there in {filled, ""} else None


def _changed_remarks(there: str, filled: str, wanted: str) -> str | None:
    """A text that a person wrote around ours stays; one that replaced ours does, too."""
    if wanted == filled:
        return None
    if filled and filled in there:
        return there.replace(filled, wanted, 1)[:REMARKS_LIMIT].strip()
    return wanted if there in {"", wanted} else None
