"""A way out of a held invoice: what it would do, the difference row by row where there is one, and the click."""

from invoicing.application.compare_invoice import Comparison, compare_invoice
from invoicing.application.decide_invoice import DecisionProblem, DecisionRefusedError, decide_invoice
from invoicing.domain.decision import NEEDS_NOTE, NEEDS_NUMBER, Way
from invoicing.domain.errors import IntegrationHeldError, ReconnectRequiredError, RetryLaterError
from invoicing.domain.export import Export
from invoicing.pages.browser import Answer
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import PAIRS_SHOWN, DecisionView, DecisionWrong, Feedback
from invoicing.rendering.views_of import invoice_line_of, pair_line_of

LONGEST = 500  # characters of a field that are shown again
_COMPARED = frozenset({Way.MAKE_EQUAL, Way.KEEP, Way.CORRECT})
_WRONG = {
    DecisionProblem.NUMBER_MISSING: DecisionWrong.NUMBER_MISSING,
    DecisionProblem.NUMBER_NOT_VALID: DecisionWrong.NUMBER_NOT_VALID,
    DecisionProblem.NOTE_MISSING: DecisionWrong.NOTE_MISSING,
}


def decision_form(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/invoices/{invoice_id}/decide?way=…"""
    record = visit.record
    way = _way(visit.request.query.get("way", ""), record)
    if record is None or way is None:
        return visit.not_found()
    return Answer(body=_page(visit, record, way))


def decide(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/invoices/{invoice_id}/decide"""
    form, record = visit.request.form(), visit.record
    if record is None:
        return visit.not_found()
    back = f"/invoices/{record.invoice_id}"
    way = _way(form.get("way", ""), record)
    if way is None:
        return visit.noted(Feedback.NOT_POSSIBLE_NOW, back)
    number, note = form.get("number", ""), form.get("note", "")
    try:
        decide_invoice(
            visit.parts.change_tools(),
            visit.integration,
            record.invoice_id,
            way,
            by=visit.by,
            number=number,
            note=note,
            seen=form.get("seen", ""),
        )
    except DecisionRefusedError as refused:
        wrong = _WRONG.get(refused.problem)
        if wrong is None:
            return visit.noted(Feedback.NOT_POSSIBLE_NOW, back)
        return Answer(status=400, body=_page(visit, record, way, wrong=wrong, number=number, note=note))
    return visit.noted(Feedback.DECIDED if visit.integration.runs else Feedback.NOT_RUNNING, back)


def _way(raw: str, record: Export | None) -> Way | None:
    return Way(raw) if record is not None and raw in record.ways_out else None


def _page(
    visit: SignedInVisit,
    record: Export,
    way: Way,
    *,
    wrong: DecisionWrong | None = None,
    number: str | None = None,
    note: str = "",
) -> str:
    compared = _compared(visit, record) if way in _COMPARED else None
    pairs = sorted(map(pair_line_of, compared.rows), key=lambda pair: not pair.differs) if compared else []
    known = record.fortnox_number if way is Way.BY_HAND else ""
    view = DecisionView(
        session=visit.session_view,
        line=invoice_line_of(record),
        seen=record.content,
        issue=record.issue,
        way=way,
        needs_number=way in NEEDS_NUMBER,
        needs_note=way in NEEDS_NOTE,
        number=(known if number is None else number)[:LONGEST],
        note=note[:LONGEST],
        wrong=wrong,
        compared=compared is not None,
        pairs=tuple(pairs[:PAIRS_SHOWN]),
        pair_count=len(pairs),
        fortnox_net=compared.there.net if compared and compared.there else None,
        ongoing_net=compared.draft.net if compared and compared.draft else None,
    )
    return visit.pages.decision(view, visit.language)


def _compared(visit: SignedInVisit, record: Export) -> Comparison | None:
    """None where Fortnox or Ongoing does not answer: the way out stays open, and the page says that it cannot show."""
    tools = visit.parts.rehearsal_tools(visit.integration)
    try:
        return compare_invoice(tools, visit.integration, record.invoice_id)
    except (RetryLaterError, ReconnectRequiredError, IntegrationHeldError):
        return None
