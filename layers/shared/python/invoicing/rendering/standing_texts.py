"""The sentence that says how an integration stands, and what to do: for the top of pages, and for mails."""

from dataclasses import dataclass
from datetime import datetime

from invoicing.domain.integration_settings import Language
from invoicing.domain.standing import Situation, Standing
from invoicing.domain.work import Work
from invoicing.rendering.catalogue import translations
from invoicing.rendering.formats import format_amount, format_time
from invoicing.rendering.issue_texts import issue_text
from invoicing.rendering.labels import label_of

_SUMS_NAMED = 3  # currencies; a sentence with fifty is not read


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingText:
    """How it is, and what to do. Plain text: escape it before it becomes HTML."""

    what: str
    todo: str


def work_text(work: Work, language: Language) -> str:
    """How many invoices, and their sum: `2 invoices (SEK 84.50)`."""
    invoices = translations(language).ngettext("%(number)s invoice", "%(number)s invoices", work.count)
    counted = invoices % {"number": work.count}
    return f"{counted} ({sums_text(work, language)})" if work.sums else counted


def sums_text(work: Work, language: Language, *, named: int = _SUMS_NAMED) -> str:
    """The sum in each currency, of more than `named` only the first."""
    # One sum per currency: adding kronor to euro would be a number that exists nowhere.
    sums = [format_amount(amount, currency, language) for currency, amount in work.sums.items()]
    more = len(sums) - named
    if more > 0:
        others = translations(language).ngettext("%(number)s more currency", "%(number)s more currencies", more)
        sums[named:] = [others % {"number": more}]
    return " + ".join(sums)


def standing_text(standing: Standing, language: Language) -> StandingText:
    """The one sentence on top, and the next."""
    _ = translations(language).gettext
    who = _("Who can fix this: %(who)s.") % {"who": _(label_of(standing.problem.fixer))} if standing.problem else ""
    match standing.situation:
        case Situation.APPROVAL_ENDED | Situation.STOPPED:
            return StandingText(what=_joined(_stopped(standing, language), _waits(standing, language)), todo=who)
        case Situation.NOT_ANSWERING:
            return StandingText(
                what=_joined(_stopped(standing, language), _waits(standing, language)),
                todo=_joined(_("You need do nothing."), _next(standing, language)),
            )
        case Situation.TO_TRY:
            return StandingText(
                what=_("Created, and nothing is sent until you have tried it."),
                todo=_("Make a test run, look at what would be sent, and then press Start sending."),
            )
        case Situation.PAUSED:
            return StandingText(
                what=_joined(_paused(standing, language), _waits(standing, language)),
                todo=_("Press Resume, and everything that waits is sent."),
            )
        case Situation.LATE:
            since = {"time": _when(standing.since, language)}
            return StandingText(
                what=_joined(
                    _("Nobody has looked in Ongoing since %(time)s, which should happen every 15 minutes.") % since,
                    _waits(standing, language),
                ),
                todo=_("The fault is in this service, and those who run it have an alarm. Nothing is lost."),
            )
        case Situation.CHECKING:
            return StandingText(
                what=_joined(
                    _("An answer from Fortnox about the approval is missing, and is being looked for."),
                    _waits(standing, language),
                ),
                todo=_("You need do nothing: it is found out by itself, and nothing is lost."),
            )
        case Situation.HELD:
            return _held(standing, language)
        case Situation.WORKS_AGAIN:
            return StandingText(
                what=_joined(_("What stopped it is mended."), _waits(standing, language), _next(standing, language)),
                todo=_("You need do nothing: what waits is sent then."),
            )
        case Situation.NOT_BEGUN:
            return StandingText(
                what=_("Nothing has been sent yet: the first look in Ongoing is made within 15 minutes."),
                todo=_("A test run shows beforehand what will be sent, and changes nothing."),
            )
        case Situation.ON_THE_WAY:
            return StandingText(
                what=_joined(
                    _("%(work)s on the way to Fortnox.") % {"work": work_text(standing.waiting, language)},
                    _later(standing, language),
                    _next(standing, language),
                ),
                todo=_("You need do nothing."),
            )
        case Situation.ALL_SENT:
            return StandingText(
                what=_joined(_("All that was due is sent."), _later(standing, language), _next(standing, language)),
                todo=_("You need do nothing."),
            )


def _held(standing: Standing, language: Language) -> StandingText:
    catalogue = translations(language)
    _ = catalogue.gettext
    told = []
    if standing.causes:
        number = len(standing.causes)
        stop = catalogue.ngettext("%(number)s thing stops %(work)s.", "%(number)s things stop %(work)s.", number)
        told.append(stop % {"number": number, "work": work_text(standing.held, language)})
    if standing.unreadable:
        cannot = catalogue.ngettext(
            "%(number)s invoice in Ongoing cannot be read.",
            "%(number)s invoices in Ongoing cannot be read.",
            standing.unreadable,
        )
        told.append(cannot % {"number": standing.unreadable})
    if standing.waiting.count:
        told.append(_("%(work)s on the way to Fortnox.") % {"work": work_text(standing.waiting, language)})
    if standing.unspecified:
        number = sum(cause.work.count for cause in standing.unspecified)
        lack = catalogue.ngettext(
            "%(number)s invoice is in Fortnox without its specification.",
            "%(number)s invoices are in Fortnox without their specification.",
            number,
        )
        told.append(lack % {"number": number})
    first = next((cause.issue for cause in (*standing.causes, *standing.unspecified)), None)
    begin = (
        _("Begin with: %(title)s.") % {"title": issue_text(first, language).title}
        if first
        else _("Those who run this service have been told.")
    )
    return StandingText(what=_joined(*told), todo=begin)


def _stopped(standing: Standing, language: Language) -> str:
    _ = translations(language).gettext
    title = issue_text(standing.problem, language).title if standing.problem else ""
    if standing.since is None:
        return _("Stopped: %(title)s.") % {"title": title}
    return _("Stopped since %(time)s: %(title)s.") % {"time": _when(standing.since, language), "title": title}


def _paused(standing: Standing, language: Language) -> str:
    _ = translations(language).gettext
    if standing.since is None:
        return _("Paused: nothing is sent.")
    names = {"time": _when(standing.since, language), "who": standing.by}
    if not standing.by:
        return _("Paused since %(time)s: nothing is sent.") % names
    return _("Paused since %(time)s by %(who)s: nothing is sent.") % names


def _waits(standing: Standing, language: Language) -> str:
    """What the stop leaves unsent."""
    _ = translations(language).gettext
    work = standing.kept_back.and_then(standing.waiting)
    if not work.count:
        return _("No invoice waits, as far as is known.")
    return _("%(work)s not sent; nothing is lost.") % {"work": work_text(work, language)}


def _later(standing: Standing, language: Language) -> str:
    _ = translations(language).gettext
    if not standing.later.count:
        return ""
    return _("%(work)s not due yet.") % {"work": work_text(standing.later, language)}


def _next(standing: Standing, language: Language) -> str:
    _ = translations(language).gettext
    if standing.next_look is None:
        return _("Next look in Ongoing within 15 minutes.")
    return _("Next look in Ongoing %(time)s at the latest.") % {"time": _when(standing.next_look, language)}


def _when(moment: datetime | None, language: Language) -> str:
    return format_time(moment, language) if moment else "–"


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
