"""Signing out."""

from invoicing.pages.browser import SESSION_COOKIE, Answer, no_cookie
from invoicing.pages.serve import Visit, guarded, session_of
from invoicing.rendering.views import Message


def sign_out(visit: Visit) -> Answer:
    """POST /logout"""
    session = session_of(visit)
    if session is not None and not guarded(visit, session):
        return visit.message(Message.FORM_EXPIRED, status=403)
    if session is not None:
        visit.parts.sessions.end_session(session.token)
    return visit.message(Message.SIGNED_OUT, cookies=[no_cookie(SESSION_COOKIE)])
