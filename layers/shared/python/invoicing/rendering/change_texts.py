"""What people did: the sentence of the history, and what a mail says of it, and of what to do if it was not wanted."""

from collections.abc import Mapping
from dataclasses import dataclass

from invoicing.domain.change import Change, ChangeKind
from invoicing.domain.integration_settings import Language
from invoicing.domain.remedy import Remedy
from invoicing.rendering.catalogue import translatable, translations


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeText:
    """A mail. `what` may name user, system, time, new_address, and what Fortnox did (`done`)."""

    heading: str
    what: str
    after: str
    button: str


_NOT_WANTED = translatable(
    "If nothing is done, it stays so. If you did not want it: find out who did it. A password that somebody else knows "
    "is changed in Ongoing, which signs everybody out here."
)
_OVERVIEW = translatable("To the overview")

CHANGE_TEXTS: Mapping[ChangeKind, ChangeText] = {
    ChangeKind.NEW_USER: ChangeText(
        heading=translatable("Somebody new has signed in"),
        what=translatable("%(user)s signed in for %(system)s for the first time, %(time)s."),
        after=_NOT_WANTED,
        button=_OVERVIEW,
    ),
    ChangeKind.ADDRESS: ChangeText(
        heading=translatable("The address for problems was changed"),
        what=translatable(
            "%(user)s changed it to %(new_address)s for %(system)s, %(time)s. Until that is confirmed, mails go to "
            "both."
        ),
        after=translatable(
            "If nothing is done, only the new address counts once it is confirmed. If you did not want it, the link "
            "takes it back, for seven days."
        ),
        button=translatable("Take it back"),
    ),
    ChangeKind.ADDRESS_TAKEN_BACK: ChangeText(
        heading=translatable("The address for problems was taken back"),
        what=translatable("The change for %(system)s was taken back, %(time)s."),
        after=_NOT_WANTED,
        button=_OVERVIEW,
    ),
    ChangeKind.SETTINGS: ChangeText(
        heading=translatable("Settings were changed"),
        what=translatable(
            "%(user)s changed settings for %(system)s that decide which invoices are created, for whom or with what "
            "amounts, %(time)s."
        ),
        after=_NOT_WANTED,
        button=_OVERVIEW,
    ),
    ChangeKind.LOGIN: ChangeText(
        heading=translatable("The login for Ongoing was changed"),
        what=translatable(
            "%(user)s signed in for %(system)s with a new password, %(time)s. It is used from now on, and everybody "
            "else was signed out."
        ),
        after=_NOT_WANTED,
        button=_OVERVIEW,
    ),
    ChangeKind.CONSENT: ChangeText(
        heading=translatable("The connection to Fortnox was approved anew"),
        what=translatable("%(user)s had it approved for %(system)s, %(time)s. Everybody else was signed out."),
        after=_NOT_WANTED,
        button=_OVERVIEW,
    ),
    ChangeKind.DISCONNECTED: ChangeText(
        heading=translatable("Disconnected from Fortnox"),
        what=translatable(
            "%(user)s disconnected %(system)s, %(time)s. The keys and the password for Ongoing are deleted; settings "
            "and history are kept."
        ),
        after=translatable(
            "If nothing is done, no more invoices are sent. To go on, connect again: no invoice is sent twice. That "
            "takes the password for Ongoing and a Fortnox administrator."
        ),
        button=translatable("Connect again"),
    ),
    ChangeKind.MENDED: ChangeText(
        heading=translatable("Something was changed in Fortnox"),
        what=translatable("%(user)s let Fortnox %(done)s for %(system)s, so that invoices can be sent, %(time)s."),
        after=translatable(
            "If nothing is done, it stays so. If you did not want it: change it back in Fortnox, and find out who did "
            "it. A password that somebody else knows is changed in Ongoing, which signs everybody out here."
        ),
        button=_OVERVIEW,
    ),
}

# Of the history, which says the time beside it.
_SENTENCES: Mapping[ChangeKind, str] = {
    ChangeKind.CONNECTED: translatable("%(user)s connected the system to Fortnox."),
    ChangeKind.CREATED: translatable("%(user)s created the integration."),
    ChangeKind.PAUSED: translatable("%(user)s paused it."),
    ChangeKind.RESUMED: translatable("%(user)s let it run again."),
    ChangeKind.SIGNED_OUT: translatable("%(user)s signed everybody out."),
    ChangeKind.NEW_USER: translatable("%(user)s signed in for the first time."),
    ChangeKind.ADDRESS: translatable("%(user)s changed the address for problems."),
    ChangeKind.ADDRESS_TAKEN_BACK: translatable("The address for problems was taken back by the link in the mail."),
    ChangeKind.SETTINGS: translatable("%(user)s changed settings that decide what is sent."),
    ChangeKind.LOGIN: translatable("%(user)s signed in with a new password for Ongoing, which is used from now on."),
    ChangeKind.CONSENT: translatable("%(user)s had the connection to Fortnox approved anew."),
    ChangeKind.DISCONNECTED: translatable("%(user)s disconnected the system from Fortnox."),
    ChangeKind.MENDED: translatable("%(user)s asked Fortnox to %(done)s."),
    ChangeKind.NOT_MENDED: translatable("Fortnox could not %(done)s."),
}


def _done(remedy: Remedy, language: Language) -> str:
    from invoicing.rendering.remedy_texts import remedy_does  # noqa: PLC0415 - the first page needs none of it

    return remedy_does(remedy, language)


def change_sentence(change: Change, language: Language) -> str:
    """Who did what."""
    _ = translations(language).gettext
    done = _done(change.remedy, language) if change.remedy else ""
    return _(_SENTENCES[change.kind]) % {"user": change.by or _("A Fortnox administrator"), "done": done}
