"""The settings form: shown, saved, and shown again when it could not be saved."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from invoicing.application.change_integration import (
    NotConfirmedError,
    SavedWithoutMailError,
    SettingsChangedError,
    ask_to_confirm,
    save_settings,
)
from invoicing.domain.foresight import Foresight
from invoicing.domain.integration import IntegrationStatus
from invoicing.domain.integration_settings import (
    FIELDS,
    ExportWhen,
    IntegrationSettings,
    settings_fingerprint,
)
from invoicing.domain.system import address_of, is_warehouse_name
from invoicing.pages.browser import Answer
from invoicing.pages.carried import LONGEST, carried_from, seen_in
from invoicing.pages.password import password_field, password_refused
from invoicing.pages.serve import SignedInVisit, Visit, signed_in, signed_out, unguarded
from invoicing.rendering.views import (
    Feedback,
    FieldProblem,
    LandingProblem,
    LandingView,
    PasswordView,
    SettingsView,
)


def settings_form(visit: SignedInVisit) -> Answer:
    """GET /integrations/{id}/settings"""
    from invoicing.pages.settings_form import form_of

    careful = IntegrationSettings(from_date=visit.now().date(), language=visit.language)
    return Answer(body=settings_page(visit, form_of(visit.integration.settings or careful)))


def save(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/settings: *Create* and *Save*."""
    from invoicing.pages.settings_form import FormRefusedError, read_settings

    form = visit.request.form()
    if "count_from" in form:  # nothing is saved: only counted anew, from the date that was typed, or an earlier one
        counted = {**form, "from_date": form["count_from"] or form.get("from_date", "")}
        return Answer(body=settings_page(visit, counted, seen=seen_in(form)))
    to_try = form.get("start") == "to_try"
    was_draft = visit.integration.status is IntegrationStatus.DRAFT
    seen, by = seen_in(form), visit.by
    try:
        wanted = read_settings(form)
        # Attaching is switched on by the approval that it needs: until then nothing of it is stored.
        lacks_approval = wanted.attach_specification and not visit.integration.may_attach
        settings = replace(wanted, attach_specification=False) if lacks_approval else wanted
        if _moves_the_address(visit, settings, seen):
            password = password_refused(visit)
            if password is not None:
                return Answer(status=400, body=settings_page(visit, form, seen=seen, password=password))
        save_settings(visit.parts.change_tools(), visit.integration, settings, seen=seen, by=by, to_try=to_try)
    except FormRefusedError as refused:
        return Answer(status=400, body=settings_page(visit, form, seen=seen, problems=refused.problems))
    except SavedWithoutMailError:
        return visit.noted(Feedback.SAVED_WITHOUT_MAIL)
    except NotConfirmedError:
        return Answer(status=409, body=settings_page(visit, form, seen=seen, not_confirmed=True))
    except SettingsChangedError:
        return Answer(status=409, body=settings_page(_as_it_is_now(visit), form, changed_elsewhere=True))
    if lacks_approval:
        return visit.noted_at("/attach")
    created = Feedback.CREATED_TO_TRY if to_try else Feedback.CREATED
    return visit.noted(created if was_draft else Feedback.SAVED)


def send_confirmation(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/confirm-address: the mail with the link once more."""
    integration = visit.integration
    if integration.address_confirmed or integration.settings is None:
        return visit.noted(Feedback.NOT_POSSIBLE_NOW)
    sent = ask_to_confirm(visit.parts.change_tools(), integration)
    return visit.noted(Feedback.CONFIRMATION_SENT if sent else Feedback.CONFIRMATION_NOT_SENT)


def _moves_the_address(visit: SignedInVisit, settings: IntegrationSettings, seen: str) -> bool:
    """Whether mails would go elsewhere; a form that is too old to be saved asks for nothing."""
    before = visit.integration.settings
    return (
        before is not None
        and visit.integration.status is not IntegrationStatus.DRAFT
        and settings.problem_address != before.problem_address
        and settings_fingerprint(before) == seen
    )


def keep_through_sign_in(visit: Visit) -> Answer:
    """POST /integrations/{id}/settings of somebody who was signed out: what was typed goes along to the sign-in."""
    integration_id = visit.params["id"]
    if not visit.request.own_form or not is_warehouse_name(integration_id):
        return signed_out(visit)
    view = LandingView(
        system=address_of(integration_id),
        problem=LandingProblem.SESSION_ENDED,
        carried=carried_from(integration_id, visit.request.form()),
    )
    return Answer(status=401, body=visit.pages.landing(view, visit.language))


def show_again(visit: SignedInVisit) -> Answer:
    """POST /integrations/{id}/settings of an older sign-in: what was typed is shown in a form of this one."""
    if not visit.request.own_form:
        return unguarded(visit)
    form = visit.request.form()
    return Answer(status=403, body=settings_page(visit, form, seen=seen_in(form), not_saved=True))


def _as_it_is_now(visit: SignedInVisit) -> SignedInVisit:
    return visit.signed_in(visit.session, visit.parts.integrations.get(visit.integration.id) or visit.integration)


def settings_page(
    visit: SignedInVisit,
    form: Mapping[str, str],
    *,
    seen: str | None = None,
    problems: Mapping[str, FieldProblem] | None = None,
    password: PasswordView | None = None,
    changed_elsewhere: bool = False,
    not_confirmed: bool = False,
    not_saved: bool = False,
) -> str:
    """The form, filled with `form`; `seen` is None if that is what is stored now."""
    from invoicing.pages.settings_form import sections

    integration = visit.integration
    view = SettingsView(
        # Shown again after a sign-in, the form comes from the start page.
        session=visit.session_view_alone if not_saved else visit.session_view,
        sections=sections(),
        form={name: form.get(name, "")[:LONGEST] for name in FIELDS},
        is_new=integration.status is IntegrationStatus.DRAFT,
        password=password or password_field(visit),
        version=settings_fingerprint(integration.settings) if seen is None else seen[:LONGEST],
        problems=problems or {},
        changed_elsewhere=changed_elsewhere,
        not_confirmed=not_confirmed,
        not_saved=not_saved,
        foresight=None if not_saved else _foresight(visit, form),
        address_unconfirmed=integration.settings is not None and not integration.address_confirmed,
    )
    return visit.pages.settings(view, visit.language)


def _foresight(visit: SignedInVisit, form: Mapping[str, str]) -> Foresight | None:
    """With what the form says of dates; what it says wrongly is as a careful bookkeeper would choose."""
    from invoicing.application.foresee import foresee

    careful = IntegrationSettings(from_date=visit.now().date())
    try:
        careful = replace(careful, from_date=date.fromisoformat(form.get("from_date", "")))
    except ValueError:
        return None
    if form.get("export_when") in set(ExportWhen):
        careful = replace(careful, export_when=ExportWhen(form["export_when"]))
    return foresee(visit.parts.rehearsal_tools(visit.integration), visit.integration, careful)


# What was typed is not lost with a sign-in.
SAVE = signed_in(save, signed_out=keep_through_sign_in, unguarded=show_again)
