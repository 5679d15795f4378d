"""Every mail, from its view to subject, text and HTML.

A mail is composed once, as a letter of plain paragraphs, and then laid out twice, so that text and HTML
cannot say different things. Links lead to pages; opening one changes nothing, as mail scanners open links.
A subject names the system and never the company: anybody may call a company in Fortnox what they like, and have
a mail sent to anybody.
"""

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from invoicing.domain.hint import HintCode
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import Issue
from invoicing.domain.notice import Mail
from invoicing.domain.outlook import Trouble
from invoicing.rendering.catalogue import translations
from invoicing.rendering.change_texts import CHANGE_TEXTS
from invoicing.rendering.environment import environment_for
from invoicing.rendering.formats import format_amount, format_date, format_month, format_time
from invoicing.rendering.hint_texts import counted_hint_text
from invoicing.rendering.issue_texts import issue_text
from invoicing.rendering.labels import label_of
from invoicing.rendering.remedy_texts import remedy_does
from invoicing.rendering.standing_texts import sums_text, work_text
from invoicing.rendering.views import (
    BeforeMailView,
    BrokenMailView,
    CauseView,
    ChangedMailView,
    CurrencyTotal,
    DigestMailView,
    MonthMailView,
    NotUnderstoodMailView,
    ReactivatedMailView,
    ReminderMailView,
    VerifyMailView,
)

_LINE_WIDTH = 72  # characters; what a text mail is read at without wrapping
_MOST_ENTRIES = 20  # issues named in a digest; the page has them all
_MOST_OWNERS = 3  # goods owners named beside a sum
_SUBJECT_LENGTH = 180  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One issue in a digest: where, what, and what to do."""

    about: str
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """The content of a mail, in the order in which it is read."""

    subject: str
    heading: str
    before: tuple[str, ...]
    entries: tuple[Entry, ...] = ()
    more: str = ""  # what of the entries is not shown
    button: str = ""
    link: str = ""
    second: tuple[str, str] | None = None  # another link, and what it leads to
    after: tuple[str, ...]


class Mails:
    """Composes mails. `support_address` and `help_link`, if given, stand at the end of each."""

    def __init__(self, *, support_address: str = "", help_link: str = "") -> None:
        self._ends = {"support_address": support_address, "help_link": help_link}

    def broken(self, view: BrokenMailView, language: Language) -> Mail:
        """The keys to Fortnox are dead: the first and only mail about it, before reminders."""
        _ = translations(language).gettext
        return self._laid_out(
            Letter(
                subject=_("%(system)s: the connection to Fortnox has stopped") % {"system": view.system},
                heading=_("The connection to Fortnox has stopped"),
                before=(
                    _("Since %(time)s Fortnox no longer accepts the keys for %(company)s (%(system)s).")
                    % {
                        "time": format_time(view.broken_since, language),
                        "company": view.company,
                        "system": view.system,
                    },
                    _("Nothing is lost.") + " " + _waiting(view.waiting, language),
                    _(
                        "Open the page below and sign in with your password for Ongoing. A Fortnox "
                        "administrator then approves, which takes about two minutes."
                    ),
                ),
                button=_("Connect again"),
                link=view.link,
                after=(
                    _(
                        "If you are not a Fortnox administrator: forward this mail to the one who is, and be "
                        "there to type in your password for Ongoing."
                    ),
                    _(
                        "If nothing is done, the invoices keep waiting here, and no invoice reaches Fortnox. "
                        "You get a reminder after 1, 3 and 7 days."
                    ),
                ),
            ),
            language,
        )

    def reminder(self, view: ReminderMailView, language: Language) -> Mail:
        """The keys are still dead, 1, 3 or 7 days later."""
        catalogue = translations(language)
        _ = catalogue.gettext
        names = {"company": view.company, "system": view.system, "days": view.day}
        last = view.day >= 7
        return self._laid_out(
            Letter(
                subject=catalogue.ngettext(
                    "%(system)s: no invoices to Fortnox for %(days)s day",
                    "%(system)s: no invoices to Fortnox for %(days)s days",
                    view.day,
                )
                % names,
                heading=_("The connection to Fortnox is still down"),
                before=(
                    _("Since %(time)s Fortnox no longer accepts the keys for %(company)s (%(system)s).")
                    % (names | {"time": format_time(view.broken_since, language)}),
                    _("Nothing is lost.") + " " + _waiting(view.waiting, language),
                ),
                button=_("Connect again"),
                link=view.link,
                after=(
                    _(
                        "This is the last reminder. The invoices keep waiting until somebody connects again "
                        "or disconnects the integration."
                    )
                    if last
                    else _("If nothing is done, the invoices keep waiting, and you get another reminder."),
                ),
            ),
            language,
        )

    def reactivated(self, view: ReactivatedMailView, language: Language) -> Mail:
        """Connected again, and what waited has been sent: how many, and what sum in each currency."""
        catalogue = translations(language)
        _ = catalogue.gettext
        names = {"company": view.company, "system": view.system}
        sent = (
            catalogue.ngettext(
                "%(number)s invoice that waited has been sent: %(sum)s without VAT.",
                "%(number)s invoices that waited have been sent: %(sum)s without VAT.",
                view.invoices,
            )
            % {"number": view.invoices, "sum": _sum(view.totals, language)}
            if view.invoices
            else _("No invoice had to wait.")
        )
        hints = tuple(counted_hint_text(code, view.hints[code], language) for code in HintCode if view.hints.get(code))
        held = (
            (
                catalogue.ngettext(
                    "%(number)s invoice is held, because a person must fix something first.",
                    "%(number)s invoices are held, because a person must fix something first.",
                    view.held,
                )
                % {"number": view.held},
            )
            if view.held
            else ()
        )
        return self._laid_out(
            Letter(
                subject=_("%(system)s: connected to Fortnox again") % names,
                heading=_("Connected to Fortnox again"),
                before=(
                    _("%(company)s (%(system)s) was connected again %(time)s.")
                    % (names | {"time": format_time(view.reactivated_at, language)}),
                    sent,
                    *hints,
                    *held,
                ),
                button=_("See the invoices"),
                link=view.link,
                after=(
                    _(
                        "If nothing is done, what is held stays in Ongoing. Under Issues it says what to do. "
                        "All other invoices are sent every 15 minutes, as before."
                    )
                    if view.held
                    else _("You do not need to do anything. The invoices are sent every 15 minutes, as before."),
                ),
            ),
            language,
        )

    def digest(self, view: DigestMailView, language: Language) -> Mail:
        """What a person must fix or answer; at most one a day, and none when there is nothing."""
        catalogue = translations(language)
        _ = catalogue.gettext
        names = {
            "company": view.company,
            "system": view.system,
            "day": format_date(view.day, language),
            "number": view.issue_count,
        }
        named = view.causes[:_MOST_ENTRIES]
        hidden = view.issue_count - sum(cause.work.count for cause in named) - (view.problem is not None)
        more = (
            catalogue.ngettext("And %(number)s more, on the page.", "And %(number)s more, on the page.", hidden)
            % {"number": hidden}
            if hidden > 0
            else ""
        )
        return self._laid_out(
            Letter(
                subject=catalogue.ngettext(
                    "%(system)s: %(number)s issue on the way to Fortnox",
                    "%(system)s: %(number)s issues on the way to Fortnox",
                    view.issue_count,
                )
                % names,
                heading=catalogue.ngettext(
                    "%(number)s issue needs a person", "%(number)s issues need a person", view.issue_count
                )
                % names,
                before=(_("%(day)s, %(company)s (%(system)s).") % names,),
                entries=(
                    *((_entry(view.problem, language),) if view.problem else ()),
                    *(_entry(cause.issue, language, about=_stopped_by(cause, language)) for cause in named),
                ),
                more=more,
                button=_("See the issues"),
                link=view.link,
                after=(
                    _(
                        "If nothing is done, these invoices wait; all others are sent as usual. An issue goes "
                        "away by itself when its cause is gone. This mail comes at most once a day."
                    ),
                ),
            ),
            language,
        )

    def before(self, view: BeforeMailView, language: Language) -> Mail:
        """What will stop invoices on the 1st: some days before it, once, and again only if something new came."""
        catalogue = translations(language)
        _ = catalogue.gettext
        names = {
            "company": view.company,
            "system": view.system,
            "number": view.trouble_count,
            "day": format_date(view.first, language),
            "time": format_time(view.at, language),
        }
        named = view.troubles[:_MOST_ENTRIES]
        hidden = view.trouble_count - len(named)
        more = catalogue.ngettext("And %(number)s more, on the page.", "And %(number)s more, on the page.", hidden)
        new = catalogue.ngettext(
            "%(number)s of them is new since the last mail.",
            "%(number)s of them are new since the last mail.",
            view.new,
        )
        later = catalogue.ngettext(
            "%(number)s more thing stops an invoice as soon as something is charged by it; the page has it.",
            "%(number)s more things stop an invoice as soon as something is charged by them; the page has them.",
            view.later_count,
        )
        return self._laid_out(
            Letter(
                subject=catalogue.ngettext(
                    "%(system)s: %(number)s thing will stop invoices on %(day)s",
                    "%(system)s: %(number)s things will stop invoices on %(day)s",
                    view.trouble_count,
                )
                % names,
                heading=catalogue.ngettext(
                    "%(number)s thing will stop invoices on %(day)s",
                    "%(number)s things will stop invoices on %(day)s",
                    view.trouble_count,
                )
                % names,
                before=(
                    _(
                        "%(company)s (%(system)s): what gathers in Ongoing was looked through %(time)s, as it will be "
                        "when the month has ended."
                    )
                    % names,
                    *((new % {"number": view.new},) if view.new else ()),
                ),
                entries=tuple(_entry(one.issue, language, about=_will_stop(one, language)) for one in named),
                more=more % {"number": hidden} if hidden > 0 else "",
                button=_("See them, and look again"),
                link=view.link,
                after=(
                    *((later % {"number": view.later_count},) if view.later_count else ()),
                    _(
                        "If nothing is done, these invoices wait on the 1st, and all others are sent as usual. This "
                        "mail comes once, from the 25th on, and again only if something new is found."
                    ),
                ),
            ),
            language,
        )

    def month(self, view: MonthMailView, language: Language) -> Mail:
        """All of a month is in Fortnox: once, when nothing of it is left, so that silence has one meaning."""
        catalogue = translations(language)
        _ = catalogue.gettext
        names = {
            "company": view.company,
            "system": view.system,
            "month": format_month(view.month, language),
            "number": view.sent.count,
            "sum": sums_text(view.sent, language),
            "day": format_date(view.since, language) if view.since else "",
        }
        to_the_ore = not view.difference.count
        told = [
            _("%(company)s (%(system)s), without VAT.") % names,
            _("Only invoices dated %(day)s or later are sent by themselves.") % names if view.since else "",
            _("Each was compared: Fortnox has the amount that Ongoing has, to the öre.") if to_the_ore else "",
            catalogue.ngettext(
                "%(number)s invoice differs from Ongoing, because somebody decided so: by %(sum)s.",
                "%(number)s invoices differ from Ongoing, because somebody decided so: by %(sum)s in all.",
                view.difference.count,
            )
            % {"number": view.difference.count, "sum": sums_text(view.difference, language)}
            if not to_the_ore
            else "",
            catalogue.ngettext(
                "%(number)s invoice was left out: deleted in Ongoing, or left by somebody who decided so.",
                "%(number)s invoices were left out: deleted in Ongoing, or left by somebody who decided so.",
                view.left,
            )
            % {"number": view.left}
            if view.left
            else "",
            catalogue.ngettext(
                "%(number)s invoice of the month is not due yet, or is sent only when somebody asks for it.",
                "%(number)s invoices of the month are not due yet, or are sent only when somebody asks for them.",
                view.later,
            )
            % {"number": view.later}
            if view.later
            else "",
            catalogue.ngettext(
                "%(number)s invoice has changed since, and is being looked at.",
                "%(number)s invoices have changed since, and are being looked at.",
                view.unfinished,
            )
            % {"number": view.unfinished}
            if view.unfinished
            else "",
        ]
        if view.sent.count:
            subject = _("%(system)s: the invoices of %(month)s are in Fortnox") % names
            all_of_it = {
                (True, True): _("All invoices of %(month)s are in Fortnox, to the öre: %(number)s, %(sum)s"),
                (True, False): _("All invoices of %(month)s are in Fortnox: %(number)s, %(sum)s"),
                (False, True): _(
                    "All invoices of %(month)s that were due are in Fortnox, to the öre: %(number)s, %(sum)s"
                ),
                (False, False): _("All invoices of %(month)s that were due are in Fortnox: %(number)s, %(sum)s"),
            }[not view.later, to_the_ore]
            some = _("Of the invoices of %(month)s are in Fortnox: %(number)s, %(sum)s")
            heading = (some if view.unfinished else all_of_it) % names
        else:
            subject = _("%(system)s: no invoices of %(month)s") % names
            heading = _("Ongoing had no invoice of %(month)s to send") % names
            told = [told[0], *told[1:2], *told[4:]]
        return self._laid_out(
            Letter(
                subject=subject,
                heading=heading,
                before=tuple(one for one in told if one),
                button=_("See the invoices, and the reconciliation list"),
                link=view.link,
                after=(
                    _(
                        "You do not need to do anything. This mail comes once a month, when all is well. It is "
                        "switched off under Settings."
                    ),
                ),
            ),
            language,
        )

    def changed(self, view: ChangedMailView, language: Language) -> Mail:
        """Tells who did what."""
        _ = translations(language).gettext
        text = CHANGE_TEXTS[view.kind]
        words = {
            "user": view.by or _("A Fortnox administrator"),
            "system": view.system,
            "time": format_time(view.at, language),
            "new_address": view.new_address,
            "done": remedy_does(view.remedy, language) if view.remedy else "",
        }
        return self._laid_out(
            Letter(
                subject=f"{view.system}: {_(text.heading)}",
                heading=_(text.heading),
                before=(_(text.what) % words,),
                button=_(text.button),
                link=view.link,
                second=(_("History and reconciliation list, for 30 days"), view.files) if view.files else None,
                after=(_(text.after),),
            ),
            language,
        )

    def verify(self, view: VerifyMailView, language: Language) -> Mail:
        """Asks the reader to confirm the address for problems."""
        _ = translations(language).gettext
        return self._laid_out(
            Letter(
                subject=_("Confirm the address for %(system)s") % {"system": view.system},
                heading=_("Is this the right address?"),
                before=(
                    _(
                        "This address was given for mails about problems with the invoices from the Ongoing system "
                        "%(system)s to Fortnox."
                    )
                    % {"system": view.system},
                ),
                button=_("Confirm the address"),
                link=view.link,
                after=(
                    _("The link can be used until %(time)s.") % {"time": format_time(view.valid_until, language)},
                    _(
                        "If nothing is done, mails about problems come here all the same. If you know nothing "
                        "of this, tell us, or ask the person who set it up to change the address."
                    ),
                ),
            ),
            language,
        )

    def it_is_me(self, view: VerifyMailView, language: Language) -> Mail:
        """The way past the pause that strangers have caused; without the password it leads nowhere."""
        _ = translations(language).gettext
        return self._laid_out(
            Letter(
                subject=_("%(system)s: sign in past the pause") % {"system": view.system},
                heading=_("Do you want to sign in?"),
                before=(
                    _(
                        "Somebody at the start page wanted to sign in for %(system)s and had to wait, because there "
                        "were many tries with wrong passwords. If that is you, open the link and sign in there: with "
                        "your user and password for Ongoing, as always."
                    )
                    % {"system": view.system},
                ),
                button=_("It is me"),
                link=view.link,
                after=(
                    _("The link can be used until %(time)s.") % {"time": format_time(view.valid_until, language)},
                    _(
                        "If nothing is done, nothing happens: nobody gets in without the password. Do not send the "
                        "link on to anybody who should not sign in."
                    ),
                ),
            ),
            language,
        )

    def not_understood(self, view: NotUnderstoodMailView, language: Language) -> Mail:
        """Tells whoever runs this service what only they can mend."""
        _ = translations(language).gettext
        names = {"system": view.system, "company": view.company, "time": format_time(view.since, language)}
        return self._laid_out(
            Letter(
                subject=_("%(system)s: Ongoing's answer is not understood") % names,
                heading=_("An answer of Ongoing is not understood"),
                before=(
                    (_("Since %(time)s, at the runs of %(company)s (%(system)s):") % names)
                    if view.company
                    else (_("At %(time)s, when somebody wanted to sign in with %(system)s:") % names),
                ),
                entries=(_entry(view.issue, language),),
                after=(
                    _(
                        "Look at it with this command, which only reads and ends with the lines to add: invoicing "
                        "check wms %(system)s --username USER. The names that are believed are all in "
                        "adapters/ongoing/beliefs.py; docs/runbooks/wms-not-understood.md says it step by step."
                    )
                    % names,
                    _(
                        "If nothing is done, no invoice of this system moves. Nothing is lost, and nothing is sent "
                        "twice. The alarm rings until it is mended; this mail comes at most once a day."
                    ),
                ),
            ),
            language,
        )

    def _laid_out(self, letter: Letter, language: Language) -> Mail:
        environment = environment_for(language)
        words = {"letter": letter, "wrapped": _wrapped, **self._ends}
        return Mail(
            subject=_one_line(letter.subject),
            text=environment.get_template("mail.txt").render(words).strip() + "\n",
            html=environment.get_template("mail.html").render(words),
        )


def _waiting(count: int, language: Language) -> str:
    catalogue = translations(language)
    if not count:
        return catalogue.gettext("No invoice waits just now.")
    return catalogue.ngettext(
        "%(number)s invoice waits and is sent as soon as you are connected again.",
        "%(number)s invoices wait and are sent as soon as you are connected again.",
        count,
    ) % {"number": count}


def _sum(totals: Sequence[CurrencyTotal], language: Language) -> str:
    # One sum per currency: adding kronor to euro would be a number that exists nowhere.
    return " + ".join(format_amount(total.amount, total.currency, language) for total in totals)


def _entry(issue: Issue, language: Language, *, about: str = "") -> Entry:
    _ = translations(language).gettext
    text = issue_text(issue, language)
    return Entry(
        about=about,
        title=text.title,
        lines=(text.cause, text.fix, f"{_('Who can')}: {_(label_of(issue.fixer))}"),
    )


def _will_stop(trouble: Trouble, language: Language) -> str:
    """Whose invoices, and what they have come to until now."""
    work = work_text(trouble.work, language) if trouble.work.count else translations(language).gettext("All invoices")
    shown = ", ".join(trouble.owners[:_MOST_OWNERS])
    return " · ".join(part for part in (work, f"{shown} …" if trouble.owner_count > _MOST_OWNERS else shown) if part)


def _stopped_by(cause: CauseView, language: Language) -> str:
    """How many invoices wait for it, or the only one, and what they come to."""
    _ = translations(language).gettext
    sums = sums_text(cause.work, language)
    if cause.work.count > 1:
        count = translations(language).ngettext("%(number)s invoice", "%(number)s invoices", cause.work.count)
        return f"{count % {'number': cause.work.count}} · {sums}"
    (line,) = cause.lines
    number = (
        _("Invoice %(number)s") % {"number": line.number}
        if line.number
        else _("Invoice without number (id %(id)s)") % {"id": line.invoice_id}
    )
    return " · ".join(part for part in (number, line.goods_owner, sums) if part)


def _one_line(subject: str) -> str:
    """A subject must not carry line breaks or control characters: they could forge headers."""
    visible = "".join(" " if unicodedata.category(sign) in {"Cc", "Zl", "Zp"} else sign for sign in subject)
    line = " ".join(visible.split())
    return line if len(line) <= _SUBJECT_LENGTH else line[: _SUBJECT_LENGTH - 1] + "…"


def _wrapped(paragraph: str, first: str = "", rest: str = "") -> str:
    return textwrap.fill(
        paragraph,
        _LINE_WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
