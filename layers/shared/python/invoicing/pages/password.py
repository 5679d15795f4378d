"""The password for Ongoing, asked for once more before something that cannot be undone."""

from invoicing.application.prove_login import Attempt, SignInProblem, SignInRefusedError, prove_login
from invoicing.pages.serve import SignedInVisit
from invoicing.rendering.views import PasswordProblem, PasswordView

_PROBLEMS = {
    SignInProblem.PASSWORD_EMPTY: PasswordProblem.MISSING,
    SignInProblem.TOO_MANY_TRIES: PasswordProblem.TOO_MANY_TRIES,
    SignInProblem.WMS_NOT_ANSWERING: PasswordProblem.WMS_NOT_ANSWERING,
}


def password_field(visit: SignedInVisit) -> PasswordView:
    """The field, before anything was typed."""
    return PasswordView(username=visit.session.username)


def password_refused(visit: SignedInVisit) -> PasswordView | None:
    """None if the form carries the password of whoever is signed in; else the field, with what is wrong."""
    attempt = Attempt(
        system=visit.integration.id,
        warehouse=visit.integration.id,
        username=visit.session.username,
        password=visit.request.form().get("password", ""),
        address=visit.request.address,
        proof=f"session {visit.session.token}",
    )
    try:
        prove_login(visit.parts.proof_tools(), attempt)
    except SignInRefusedError as refused:
        return PasswordView(
            username=visit.session.username,
            problem=_PROBLEMS.get(refused.problem, PasswordProblem.WRONG),
            try_again_at=visit.now() + refused.wait if refused.wait else None,
        )
    return None
