"""What a button does in Fortnox: first the page that says what, then the click, then the invoices are tried again."""

from collections.abc import Mapping
from dataclasses import replace

from invoicing.application.mend_in_fortnox import NotMendedError, Plan, mend_in_fortnox, plan_remedy
from invoicing.domain.cause import Cause
from invoicing.domain.integration_settings import Language
from invoicing.domain.remedy import (
    VAT_TYPES,
    Act,
    CustomerDraft,
    MendProblem,
    Remedy,
    Thing,
    remedy_of,
    remedy_to_permit,
)
from invoicing.domain.texts import clean_text
from invoicing.pages.before import current_outlook
from invoicing.pages.browser import Answer
from invoicing.pages.connection import to_fortnox
from invoicing.pages.password import password_field, password_refused
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.remedy_texts import CUSTOMER_FIELDS
from invoicing.rendering.views import Feedback, MendView, PasswordView, PermitView

_STATUS = {
    MendProblem.INCOMPLETE: 400,
    MendProblem.REFUSED: 409,
    MendProblem.OTHERWISE: 409,
    MendProblem.NOT_ANSWERING: 503,
    MendProblem.UNCLEAR: 503,
}
_LONGEST = 1000  # characters of a field that are shown again
_CAPITALS = frozenset({"currency", "country_code", "vat_number"})


def mend_form(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/mend?cause=…: looks in Fortnox, and changes nothing."""
    found = _found(visit, visit.request.query.get("cause", ""))
    if found is None:
        return visit.noted(Feedback.CAUSE_GONE, "/issues")
    cause, remedy = found
    invoice_id = _invoice_id(visit.request.query.get("invoice", ""), cause)
    try:
        plan = plan_remedy(visit.parts.mend_tools(visit.integration), visit.integration, cause, remedy)
    except NotMendedError as problem:
        unknown = Plan(remedy=remedy, there=None, act=None)
        return _page(visit, cause, unknown, invoice_id, problem.problem, message=problem.message)
    return _page(visit, cause, plan, invoice_id)


def mend(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/mend"""
    form = visit.request.form()
    found = _found(visit, form.get("cause", ""))
    if found is None:
        return visit.noted(Feedback.CAUSE_GONE, "/issues")
    cause, remedy = found
    invoice_id = _invoice_id(form.get("invoice", ""), cause)
    wanted = Act.CREATE if form.get("act") == Act.CREATE else Act.SWITCH_ON
    is_new_customer = remedy.thing is Thing.CUSTOMER and wanted is Act.CREATE and "name" in form
    typed = _typed(visit, form, remedy) if is_new_customer else None
    asked = Plan(remedy=replace(remedy, act=wanted) if typed else remedy, there=None, act=wanted, customer=typed)
    if typed is not None and typed.problems:
        return _page(visit, cause, asked, invoice_id, MendProblem.INCOMPLETE)
    tools = visit.parts.mend_tools(visit.integration)
    try:
        done = mend_in_fortnox(tools, visit.integration, cause, remedy, wanted=wanted, by=visit.by, customer=typed)
    except NotMendedError as problem:
        plan = problem.plan or replace(asked, act=wanted if typed else None)
        if plan.customer is not None and typed is not None:
            plan = replace(plan, customer=typed)
        return _page(visit, cause, plan, invoice_id, problem.problem, message=problem.message)
    _is_foreseen_no_more(visit, cause)
    notice = Feedback.MENDED if done else Feedback.WAS_MENDED
    if not visit.integration.runs:
        notice = Feedback.MENDED_NOT_RUNNING
    if not cause.exports:
        return visit.noted(notice, "/before")
    return visit.noted(notice, "/issues" if invoice_id is None else f"/invoices/{invoice_id}")


def _found(visit: SignedInVisit, cause_id: str) -> tuple[Cause, Remedy] | None:
    """The cause, while it is one, and what can be done about it."""
    cause = _cause(visit, cause_id)
    remedy = remedy_of(cause.issue, visit.integration.permissions) if cause else None
    return (cause, remedy) if cause and remedy else None


def _cause(visit: SignedInVisit, cause_id: str) -> Cause | None:
    """What stops invoices now, or would on the 1st."""
    now = next((one for one in visit.standing.causes if one.id == cause_id), None)
    outlook = current_outlook(visit) if now is None else None
    foreseen = next((one for one in outlook.troubles if one.id == cause_id), None) if outlook else None
    if outlook is None or foreseen is None:
        return now
    return Cause(exports=(), issue=foreseen.issue, since=outlook.at, work=foreseen.work)


def _is_foreseen_no_more(visit: SignedInVisit, cause: Cause) -> None:
    """It is mended: *Before the 1st* says so without waiting for the next look."""
    outlook = current_outlook(visit)
    if outlook is not None and (left := outlook.without(cause.id)) is not outlook:
        visit.parts.exports.save_outlook(visit.integration.id, left)


def _invoice_id(raw: str, cause: Cause) -> int | None:
    """The invoice that the page was come from, if it is one of the cause's."""
    return next((one.invoice_id for one in cause.exports if str(one.invoice_id) == raw), None)


def _typed(visit: SignedInVisit, form: Mapping[str, str], remedy: Remedy) -> CustomerDraft:
    """In signs that Fortnox takes; the number is not for the person to choose."""
    settings = visit.integration.settings
    language = settings.language if settings else Language.SWEDISH
    texts = {one.name: clean_text(form.get(one.name, ""), _LONGEST, language) for one in CUSTOMER_FIELDS}
    texts = {name: text.upper() if name in _CAPITALS else text for name, text in texts.items()}
    texts["vat_number"] = texts["vat_number"].replace(" ", "")
    vat_type = form.get("vat_type", "")
    return CustomerDraft(number=remedy.key, vat_type=vat_type if vat_type in VAT_TYPES else "", **texts)


def _page(
    visit: SignedInVisit,
    cause: Cause,
    plan: Plan,
    invoice_id: int | None,
    wrong: MendProblem | None = None,
    *,
    message: str = "",
) -> Answer:
    view = MendView(
        session=visit.session_view,
        cause=cause.id,
        invoice_id=invoice_id,
        issue=cause.issue,
        work=cause.work,
        remedy=plan.remedy,
        act=plan.act,
        there=plan.there,
        customer=plan.customer,
        foreseen=not cause.exports,
        goods_owner=cause.goods_owner,
        problems=plan.customer.problems if plan.customer and wrong is MendProblem.INCOMPLETE else {},
        wrong=wrong,
        message=message,
    )
    status = _STATUS.get(wrong, 200) if wrong and visit.request.method == "POST" else 200
    return Answer(status=status, body=visit.pages.mend(view, visit.language))


def permit_form(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/permit?cause=…: what one more permission is for."""
    found = _to_permit(visit, visit.request.query.get("cause", ""))
    if found is None:
        return visit.noted(Feedback.CAUSE_GONE, "/issues")
    return _permit_page(visit, *found, password_field(visit))


def permit(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/permit: to Fortnox, for an approval that covers it. Until then all goes on."""
    found = _to_permit(visit, visit.request.form().get("cause", ""))
    if found is None:
        return visit.noted(Feedback.CAUSE_GONE, "/issues")
    refused = password_refused(visit)
    if refused is not None:
        return _permit_page(visit, *found, refused)
    return to_fortnox(visit, files=visit.integration.attaches, also=(found[1].permission,))


def _to_permit(visit: SignedInVisit, cause_id: str) -> tuple[Cause, Remedy] | None:
    cause = _cause(visit, cause_id)
    remedy = remedy_to_permit(cause.issue, visit.integration.permissions) if cause else None
    return (cause, remedy) if cause and remedy else None


def _permit_page(visit: SignedInVisit, cause: Cause, remedy: Remedy, password: PasswordView) -> Answer:
    view = PermitView(
        session=visit.session_view,
        company=visit.integration.company.name,
        cause=cause.id,
        foreseen=not cause.exports,
        remedy=remedy,
        password=password,
    )
    return Answer(status=400 if password.problem else 200, body=visit.pages.permit(view, visit.language))
