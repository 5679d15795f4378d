"""One word on all invoices that one guard holds: what is unusual about each, and the click that lets them go."""

import re
from collections.abc import Mapping, Sequence

from invoicing.application.decide_invoice import release_invoices
from invoicing.domain.decision import Way
from invoicing.domain.export import Export
from invoicing.domain.integration import MOST_ASKED
from invoicing.domain.work import work_of
from invoicing.pages.browser import Answer
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import Feedback, GuardedLine, ReleaseView
from invoicing.rendering.views_of import invoice_line_of

MOST_RELEASED = 100  # at a time: each is read by a person, and written while the person waits
_SEEN = re.compile(r"(\d{1,18})\.(\w{1,64})", re.ASCII)  # an invoice and its content, one after the other


def release_form(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/issues/release?guard=…"""
    held = _held(visit, visit.request.query.get("guard", ""))
    if not held:
        return visit.noted(Feedback.CAUSE_GONE, "/issues")
    shown = held[: _room(visit)]
    if not shown:
        return visit.noted(Feedback.TOO_MANY_ASKED, "/issues")
    issues = [one.issue for one in shown if one.issue is not None]
    lines = map(invoice_line_of, shown)
    view = ReleaseView(
        session=visit.session_view,
        guard=issues[0].code,
        lines=tuple(GuardedLine(line=line, issue=issue) for line, issue in zip(lines, issues, strict=True)),
        work=work_of((one.currency, one.amount) for one in shown),
        more=len(held) - len(shown),
        seen=" ".join(f"{one.invoice_id}.{one.content}" for one in shown),
        notice=visit.once(visit.notice),
    )
    return Answer(body=visit.pages.release(view, visit.language))


def release(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/issues/release: those that are still as the person saw them."""
    form = visit.request.form()
    guard, seen = form.get("guard", ""), _seen(form.get("seen", ""))
    if not seen or len(seen.keys() - visit.integration.asked) > _room(visit):
        return visit.noted(Feedback.TOO_MANY_ASKED if seen else Feedback.NOT_POSSIBLE_NOW, "/issues")
    kept = release_invoices(visit.parts.change_tools(), visit.integration, seen, guard=guard, by=visit.by)
    if len(kept) == len(seen):
        return visit.noted(Feedback.DECIDED if visit.integration.runs else Feedback.NOT_RUNNING, "/issues")
    left = any(one.invoice_id in seen for one in _held(visit, guard))
    notice = Feedback.DECIDED_SOME if kept else Feedback.NOT_POSSIBLE_NOW
    return visit.noted_at(f"/issues/release?guard={guard}&notice={notice}" if left else f"/issues?notice={notice}")


def _held(visit: SignedInVisit, guard: str) -> Sequence[Export]:
    """What this guard holds and nobody has decided about."""
    causes = [one for one in visit.standing.causes if one.issue.is_of_guard and one.issue.code == guard]
    return [one for cause in causes for one in cause.exports if Way.RIGHT in one.ways_out]


def _room(visit: SignedInVisit) -> int:
    """How many fit on a page, and may still be asked for: each that is decided about is looked at by the next run."""
    return max(0, min(MOST_RELEASED, MOST_ASKED - len(visit.integration.asked)))


def _seen(raw: str) -> Mapping[int, str]:
    found = [_SEEN.fullmatch(one) for one in raw.split()]
    return {int(one[1]): one[2] for one in found if one is not None}
