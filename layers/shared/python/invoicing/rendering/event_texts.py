"""What happened to an invoice, as sentences: who did what, with which number and amount."""

from collections.abc import Mapping

from invoicing.domain.export import EventKind
from invoicing.domain.integration_settings import Language
from invoicing.domain.remedy import Remedy
from invoicing.rendering.catalogue import translatable, translations
from invoicing.rendering.formats import format_amount
from invoicing.rendering.labels import label_of
from invoicing.rendering.views import HistoryEntry
from invoicing.rendering.way_texts import WAY_TEXTS

# Where the number in Fortnox is known. Without it, and for all others, it is the event's own words.
_NUMBERED: Mapping[EventKind, str] = {
    EventKind.CREATED: translatable("Created in Fortnox as number %(number)s"),
    EventKind.ADOPTED: translatable("Found in Fortnox as number %(number)s after a missing answer; not sent again"),
    EventKind.UPDATED: translatable("Number %(number)s was updated in Fortnox"),
    EventKind.WRITTEN_BACK: translatable("Number %(number)s and the exported mark were saved in Ongoing"),
    EventKind.CREDITED: translatable("Credited in Fortnox by number %(number)s"),
    EventKind.KEPT: translatable("Number %(number)s in Fortnox stays as it is"),
}
# What matters of a run is done by it; who asked for the run is said there alone.
_ASKED_FOR = frozenset({*_NUMBERED, EventKind.UNCHANGED, EventKind.MADE_NEW}) - {EventKind.WRITTEN_BACK}
# What a person did, in the active voice.
_DONE_BY: Mapping[EventKind, str] = {
    EventKind.RETRY: translatable("%(who)s pressed Try again"),
    EventKind.EXPORT_AGAIN: translatable("%(who)s asked for it to be exported"),
    EventKind.DECIDED: translatable("%(who)s decided: %(way)s"),
    EventKind.MENDED: translatable("%(who)s let Fortnox %(what)s"),
    EventKind.SEND_ASKED: translatable("%(who)s let it be sent to the customer now"),
    EventKind.SEND_STOPPED: translatable("%(who)s stopped the sending to the customer"),
}


def _what(remedy: Remedy, language: Language) -> str:
    from invoicing.rendering.remedy_texts import remedy_does  # noqa: PLC0415 - the first page needs none of it

    return remedy_does(remedy, language)


def event_sentence(entry: HistoryEntry, currency: str, language: Language) -> str:
    """One line of an invoice's history."""
    _ = translations(language).gettext
    way = _(WAY_TEXTS[entry.way].button) if entry.way else ""
    if entry.by and entry.event in _DONE_BY:
        what = _what(entry.remedy, language) if entry.remedy else ""
        said = _(_DONE_BY[entry.event]) % {"who": entry.by, "way": way, "what": what}
    else:
        numbered = _NUMBERED.get(entry.event) if entry.fortnox_number else None
        said = _(numbered) % {"number": entry.fortnox_number} if numbered else _(label_of(entry.event))
        said += f": {way}" if way else ""
        said += f": {_(label_of(entry.progress))}" if entry.progress else ""
    if entry.fortnox_number and entry.fortnox_number not in said:
        said += " · " + _("Number %(number)s") % {"number": entry.fortnox_number}
    if entry.net is not None:
        said += f" ({format_amount(entry.net, currency, language)})"
    if entry.by and entry.event in _ASKED_FOR:
        said += ", " + _("in a run that %(who)s asked for") % {"who": entry.by}
    return f"{said}. \u201d{entry.note}\u201d" if entry.note else f"{said}."
